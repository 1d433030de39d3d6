#include "audit/progress.h"

#include "audit/pass.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_MS = 1000, TERMINAL_MS = 200, LOG_MS = 10000, LOOK_EVERY = 256 };

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

void hub_progress_begin(struct hub_pass *pass)
{
    pass->started_ms = monotonic_ms();
    pass->shown_ms = 0;
}

/* Segments have one size, but for an odd one; the last is only partly in use. */
static uint64_t done_permille(const struct hub_pass *pass)
{
    uint64_t count = pass->copy.segment_count;
    if (count == 0 || pass->copy.bytes == 0)
        return 0;
    uint64_t done = pass->segments_done * (pass->copy.bytes / count) + pass->offset;
    uint64_t permille = done * 1000 / pass->copy.bytes;
    return permille > 999 ? 999 : permille;
}

void hub_progress_show(struct hub_pass *pass, bool last)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    if (last) {
        if (terminal && pass->shown_ms != 0)
            fputs("\r\033[K", stderr);
        return;
    }
    if (pass->next % LOOK_EVERY != 0)
        return;
    uint64_t now = monotonic_ms();
    uint64_t since = now - pass->started_ms;
    uint64_t pause = terminal ? TERMINAL_MS : LOG_MS;
    if (since < FIRST_MS || (pass->shown_ms != 0 && now - pass->shown_ms < pause) ||
        (!terminal && since < LOG_MS))
        return;
    pass->shown_ms = now;
    uint64_t permille = done_permille(pass);
    uint64_t left = permille == 0 ? 0 : since * (1000 - permille) / permille / 1000;
    if (terminal)
        fputs("\r\033[K", stderr);
    fprintf(stderr, _("records: %llu, %llu %%, %llu/s, %llu s elapsed, about %llu s left"),
            (unsigned long long)pass->next, (unsigned long long)(permille / 10),
            (unsigned long long)(pass->next * 1000 / since), (unsigned long long)(since / 1000),
            (unsigned long long)left);
    if (!terminal)
        fputc('\n', stderr);
    fflush(stderr);
}
