/* scenario_run: play one story and say whether it came out as written.
 *
 *     scenario_run SCRIPT                    quiet; complaints with file and line
 *     scenario_run --show [--lang zh|en] SCRIPT   told to a person
 *
 * Exit 0 when every expectation held, 1 when not, 2 when the script cannot be played. */
#include "scenario/scenario.h"

#include <rh/text.h>

#include <stdlib.h>
#include <string.h>

static _Noreturn void usage(void)
{
    fputs("usage: scenario_run [--show] [--lang zh|en] SCRIPT\n", stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct rht_play play; /* large */
    struct rht_script script;
    const char *language = NULL, *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--show") == 0)
            play.show = true;
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            language = argv[++i];
        else if (argv[i][0] == '-' || path != NULL)
            usage();
        else
            path = argv[i];
    }
    if (path == NULL || rh_text_init(language) == RH_ERR_USAGE)
        usage();
    play.zh = strcmp(rh_text_language(), "zh") == 0;
    rht_parse_file(path, &script);
    uint32_t failures = rht_play_script(&play, &script);
    rht_parse_free(&script);
    if (failures > 0)
        fprintf(stderr, "%s: %u of %u expectations did not hold\n", path, failures,
                play.checks);
    return failures == 0 ? 0 : 1;
}
