/* A calendar amended over many open clocks: how long the job that derives them again takes with
 * nothing else to do, frames synced and views committed as in the running hub, and how long the
 * longest turn kept intake waiting. No test: it prints, people compare.
 *
 *     bench_recompute DIR RULES [REFERRALS] */
#include "assembly/assembly.h"
#include "support/fill.h"

#include <rh/err.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REFERRALS = 20000, FILE_BYTES_MAX = 64 * 1024 };

static char text[FILE_BYTES_MAX];

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_recompute: %s\n", what);
    exit(1);
}

/* The calendar of the rules with the three weeks off in which the clocks end. */
static void make_calendar(const char *rules)
{
    char path[400];
    static const char mark[] = "version: \"2026.1\"";
    snprintf(path, sizeof path, "%s/calendars/cn-2007-2026.yaml", rules);
    FILE *file = fopen(path, "rb");
    must(file != NULL, "no calendar");
    size_t bytes = fread(text, 1, sizeof text - 4096, file);
    fclose(file);
    text[bytes] = '\0';
    char *at = strstr(text, mark);
    must(at != NULL, "a calendar of another version");
    at[sizeof mark - 3] = '9';
    int more = snprintf(text + bytes, sizeof text - bytes,
                        "      - name: made up for a measurement\n        off: [");
    for (int day = 1; day <= 18; day++)
        more += snprintf(text + bytes + more, sizeof text - bytes - (size_t)more,
                         "%s2026-%02d-%02d", day == 1 ? "" : ", ", 6, day);
    snprintf(text + bytes + more, sizeof text - bytes - (size_t)more, "]\n");
}

static void import(struct hub_engine *engine)
{
    struct hub_import_result result;
    const struct hub_import wish = { .name = "bench.yaml", .text = text, .bytes = strlen(text),
                                     .operator_name = "bench", .reason = "measured" };
    enum rh_err err = hub_engine_import_calendar(engine, &wish, &result);
    must(err == RH_OK && result.job != 0, result.report);
}

static void run(struct hub_engine *engine)
{
    struct hub_job_row job;
    double longest = 0, began = now_s();
    uint64_t turns = 0;
    do {
        double turn = now_s();
        must(hub_engine_work(engine, HUB_WORK_LOOKS) == RH_OK, "a piece");
        must(hub_engine_finish(engine) == RH_OK, "a frame");
        must(hub_engine_settle(engine) == RH_OK, "settling");
        if (now_s() - turn > longest)
            longest = now_s() - turn;
        turns++;
        must(hub_views_job(hub_engine_views(engine)->map, 1, &job) == RH_OK, "the job");
    } while (job.state == HUB_JOB_RUNNING);
    double took = now_s() - began;
    printf("%-28s %10s %10s %10s %10s %12s %12s\n", "recompute", "open", "changed", "dates",
           "seconds", "open/s", "longest, ms");
    printf("%-28s %10llu %10llu %10llu %10.2f %12.0f %12.1f\n", "calendar over open clocks",
           (unsigned long long)job.done, (unsigned long long)job.changed,
           (unsigned long long)job.moved, took, (double)job.done / took, longest * 1000);
}

int main(int argc, char **argv)
{
    static struct hub_assembly assembly;
    char data[400], keys[400];
    struct rht_fill_result made;
    must(argc == 3 || argc == 4, "usage: bench_recompute DIR RULES [REFERRALS]");
    const struct rht_fill_options fill = {
        .dir = argv[1],
        .rules_dir = argv[2],
        .referrals = argc == 4 ? strtoull(argv[3], NULL, 10) : REFERRALS,
        .seed = 7,
        .map_bytes = UINT64_C(16) << 30,
        .start_ms = UINT64_C(1779674400000), /* 2026-05-25 10:00 +08:00 */
        .still = true,
    };
    rht_fill(&fill, &made);
    snprintf(data, sizeof data, "%s/data", argv[1]);
    snprintf(keys, sizeof keys, "%s/keys", argv[1]);
    const struct hub_options options = {
        .data_dir = data, .keys_dir = keys, .rules_dir = argv[2], .hub_id = "test.fill",
        .endpoint = "tcp://127.0.0.1:5550", .test_clock = true,
        .map_bytes = UINT64_C(16) << 30,
    };
    must(hub_assembly_open(&assembly, &options) == RH_OK, assembly.report);
    make_calendar(argv[2]);
    import(assembly.engine);
    must(hub_engine_finish(assembly.engine) == RH_OK, "the import");
    run(assembly.engine);
    hub_assembly_close(&assembly);
    return 0;
}
