/* rh-fill: make a large store through the hub's own core, for measurements and for trying the
 * auditor's tool.
 *
 *     rh-fill --out DIR --rules DIR [--referrals N] [--seed S] [--segment-bytes N]
 *             [--map-bytes N] [--publish-every ROUNDS] [--receipts N] [--endpoint ADDR]
 *             [--generation] [--real-clock] */
#include "support/fill.h"
#include "support/rht.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show(uint64_t referrals)
{
    static uint64_t shown;
    if (referrals - shown < 5000)
        return;
    shown = referrals;
    fprintf(stderr, "%llu referrals\n", (unsigned long long)referrals);
}

static int usage(void)
{
    fputs("usage: rh-fill --out DIR --rules DIR [--referrals N] [--seed S] [--segment-bytes N]\n"
          "               [--map-bytes N] [--publish-every ROUNDS] [--receipts N]\n"
          "               [--endpoint ADDR] [--generation] [--real-clock]\n",
          stderr);
    return 64;
}

static bool take(struct rht_fill_options *options, int letter, const char *value)
{
    char *end = NULL;
    uint64_t number = value != NULL ? strtoull(value, &end, 0) : 0;
    if (letter == 'o' || letter == 'r' || letter == 'e') {
        *(letter == 'o'   ? &options->dir
          : letter == 'r' ? &options->rules_dir
                          : &options->endpoint) = value;
        return true;
    }
    if (letter == 'g' || letter == 'R') {
        *(letter == 'g' ? &options->generation : &options->real_clock) = true;
        return true;
    }
    if (end == value || end == NULL || *end != '\0')
        return false;
    switch (letter) {
    case 'n': options->referrals = number; return true;
    case 's': options->seed = number; return true;
    case 'b': options->segment_bytes = number; return true;
    case 'm': options->map_bytes = number; return true;
    case 'p': options->publish_every = (uint32_t)number; return true;
    case 'c': options->receipts = (uint32_t)number; return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        { "out", required_argument, NULL, 'o' }, { "rules", required_argument, NULL, 'r' },
        { "referrals", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
        { "segment-bytes", required_argument, NULL, 'b' },
        { "map-bytes", required_argument, NULL, 'm' },
        { "publish-every", required_argument, NULL, 'p' },
        { "receipts", required_argument, NULL, 'c' },
        { "endpoint", required_argument, NULL, 'e' },
        { "generation", no_argument, NULL, 'g' },
        { "real-clock", no_argument, NULL, 'R' }, { NULL, 0, NULL, 0 },
    };
    struct rht_fill_options options = {
        .referrals = 1000, .seed = 1, .publish_every = 8, .receipts = 16, .progress = show
    };
    struct rht_fill_result result;
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (letter == '?' || !take(&options, letter, optarg))
            return usage();
    }
    if (options.dir == NULL || options.rules_dir == NULL || optind != argc)
        return usage();
    uint64_t started = rht_now_ms();
    rht_fill(&options, &result);
    uint64_t took = rht_now_ms() - started;
    printf("%llu records, %llu referrals, %llu items in %llu bundles (%llu refused), %llu timers, "
           "%llu ms\n%s %s\n",
           (unsigned long long)result.records, (unsigned long long)result.referrals,
           (unsigned long long)result.items, (unsigned long long)result.bundles,
           (unsigned long long)result.refused, (unsigned long long)result.fired,
           (unsigned long long)took, result.number, result.id);
    return 0;
}
