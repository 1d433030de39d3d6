/* rhub: assembly. The one place of the command line that knows the calculus of the core. */
#include "cli/cli.h"
#include "core/deadline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rh/text.h>

/* Where this program lies; "" when the system does not say. */
static void find_self(char *out, size_t capacity)
{
    ssize_t bytes = readlink("/proc/self/exe", out, capacity - 1);
    out[bytes > 0 ? bytes : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash != NULL)
        *slash = '\0';
}

static uint64_t wall_ms(void)
{
    struct timespec now;
    rh_assert(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

int main(int argc, char **argv)
{
    static struct hub_cli cli;
    static char program_dir[4096];
    find_self(program_dir, sizeof program_dir);
    const struct hub_cli_parts parts = {
        .compute = hub_deadline_plain,
        .version = RH_VERSION,
        .program_dir = program_dir,
    };
    (void)rh_text_init(NULL); /* without a catalogue texts stay English */
    cli.parts = &parts;
    cli.in = stdin;
    cli.out = stdout;
    cli.err = stderr;
    cli.in_tty = isatty(STDIN_FILENO) != 0;
    cli.out_tty = isatty(STDOUT_FILENO) != 0;
    cli.err_tty = isatty(STDERR_FILENO) != 0;
    cli.now_ms = wall_ms();
    return (int)hub_cli_run(&cli, argc, argv);
}
