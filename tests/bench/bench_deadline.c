/* Computations of ends per second and core: short and long periods, with pauses, with their
 * explanation. No test: it prints, people compare. */
#include <inttypes.h>
#include <stdio.h>

#include "core/deadline.h"
#include "load/calendar.h"
#include "support/rht.h"

enum { INPUTS = 4096, RUN_MS = 500 };

static struct rh_calendar calendar;
static struct hub_deadline_input inputs[INPUTS];
static struct hub_pause pauses[INPUTS][3];
static struct hub_deadline_day days[4096];

static void fill(struct rht_random *random, enum rh_unit unit, uint32_t n_max,
                 uint32_t pause_count)
{
    for (uint32_t i = 0; i < INPUTS; i++) {
        inputs[i] = (struct hub_deadline_input){
            .start_ms = rht_random_between(random, UINT64_C(1200000000000),
                                           UINT64_C(1790000000000)),
            .terms = { .span = { unit, (uint32_t)rht_random_between(random, 1, n_max) },
                       .roll = RH_ROLL_NEXT_WORKING_DAY },
            .pauses = pauses[i],
            .pause_count = pause_count,
        };
        for (uint32_t p = 0; p < pause_count; p++) {
            pauses[i][p].from_ms = inputs[i].start_ms + (p + 1) * 5 * RH_DAY_MS;
            pauses[i][p].to_ms = pauses[i][p].from_ms + 3 * RH_DAY_MS;
        }
    }
}

static void measure(const char *name, bool explain)
{
    const uint64_t start = rht_now_ms();
    uint64_t spent = 0;
    uint64_t done = 0;
    uint64_t sum = 0;

    while (spent < RUN_MS) {
        for (uint32_t i = 0; i < INPUTS; i++) {
            struct hub_deadline_result result;
            uint32_t count = 0;
            if (explain)
                (void)hub_deadline_explain(&calendar, &inputs[i], days, 4096, &count);
            else if (hub_deadline_compute(&calendar, &inputs[i], &result) == RH_OK)
                sum += result.end_ms;
            sum += count;
        }
        done += INPUTS;
        spent = rht_now_ms() - start;
    }
    printf("%-40s %12" PRIu64 " per second   (sum %" PRIx64 ")\n", name, done * 1000 / spent,
           sum);
}

int main(void)
{
    static char complaints[4096];
    struct rh_load_report report;
    struct rht_random random;

    rh_load_report_init(&report, complaints, sizeof complaints);
    if (rh_load_calendar(RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml", &calendar,
                         &report) != RH_OK) {
        fputs(complaints, stderr);
        return 1;
    }
    rht_random_init(&random);
    fill(&random, RH_UNIT_CALENDAR_DAY, 60, 0);
    measure("calendar days, n to 60", false);
    fill(&random, RH_UNIT_WORKING_DAY, 30, 0);
    measure("working days, n to 30", false);
    fill(&random, RH_UNIT_WORKING_DAY, 2000, 0);
    measure("working days, n to 2000", false);
    fill(&random, RH_UNIT_MONTH_CIVIL, 12, 0);
    measure("months, n to 12", false);
    fill(&random, RH_UNIT_WORKING_DAY, 30, 3);
    measure("working days, n to 30, three pauses", false);
    measure("the same, explained day by day", true);
    return 0;
}
