/* Computations of ends per second and core: short and long periods, rolls, pauses, extensions,
 * a mix of all of them, and with their explanation. Time is the processor's own (this
 * thread's), so that a busy machine does not lower the figure; the wall's stands beside it. No
 * test: it prints, people compare. The bar is 1,000,000 per second and core. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/deadline.h"
#include "load/calendar.h"
#include "support/rht.h"

enum { INPUTS = 4096, RUN_MS = 500, BAR = 1000000 };

static struct rh_calendar calendar;
static struct hub_deadline_input inputs[INPUTS];
static struct hub_pause pauses[INPUTS][3];
static struct hub_deadline_day days[4096];

static const struct rh_span extensions[] = { { RH_UNIT_CALENDAR_DAY, 30 },
                                             { RH_UNIT_WORKING_DAY, 5 } };

static double slowest; /* of the rows without an explanation */

static void fill_one(struct rht_random *random, uint32_t i, enum rh_unit unit, uint32_t n_max,
                     uint32_t pause_count, uint32_t extension_count)
{
    inputs[i] = (struct hub_deadline_input){
        .start_ms =
            rht_random_between(random, UINT64_C(1200000000000), UINT64_C(1790000000000)),
        .terms = { .span = { unit, (uint32_t)rht_random_between(random, 1, n_max) },
                   .roll = RH_ROLL_NEXT_WORKING_DAY },
        .pauses = pauses[i],
        .pause_count = pause_count,
        .extensions = extensions,
        .extension_count = extension_count,
    };
    for (uint32_t p = 0; p < pause_count; p++) {
        pauses[i][p].from_ms = inputs[i].start_ms + (p + 1) * 5 * RH_DAY_MS;
        pauses[i][p].to_ms = pauses[i][p].from_ms + 3 * RH_DAY_MS;
    }
}

static void fill(struct rht_random *random, enum rh_unit unit, uint32_t n_max,
                 uint32_t pause_count, uint32_t extension_count)
{
    for (uint32_t i = 0; i < INPUTS; i++)
        fill_one(random, i, unit, n_max, pause_count, extension_count);
}

/* What a hub computes in a day: every unit, some clocks stopped, some extended. */
static void fill_mixed(struct rht_random *random)
{
    static const struct {
        enum rh_unit unit;
        uint32_t n_max;
    } units[] = { { RH_UNIT_WORKING_DAY, 30 }, { RH_UNIT_CALENDAR_DAY, 60 },
                  { RH_UNIT_MONTH_CIVIL, 6 },  { RH_UNIT_MONTH_CRIMINAL, 3 },
                  { RH_UNIT_HOUR, 96 } };
    for (uint32_t i = 0; i < INPUTS; i++) {
        const uint32_t unit = i % (sizeof units / sizeof units[0]);
        const uint32_t stops = (uint32_t)rht_random_below(random, 4);
        const uint32_t more = units[unit].unit == RH_UNIT_HOUR
                                  ? 0
                                  : (uint32_t)rht_random_below(random, 3);
        fill_one(random, i, units[unit].unit, units[unit].n_max, stops, more);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(const char *name, bool explain)
{
    const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    double spent = 0;
    uint64_t done = 0;
    uint64_t sum = 0;

    while (spent * 1e3 < RUN_MS) {
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
        spent = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
    const double rate = (double)done / spent;
    printf("%-44s %12.0f %12.0f   (sum %" PRIx64 ")\n", name, rate,
           (double)done / (seconds(CLOCK_MONOTONIC) - wall), sum);
    if (!explain && (slowest <= 0 || rate < slowest))
        slowest = rate;
}

int main(void)
{
    static char complaints[4096];
    struct rh_load_report report;
    struct rht_random random;

    rh_load_report_init(&report, complaints, sizeof complaints);
    if (rh_load_calendar(RHT_SOURCE_DIR "/protocol/rules/calendars/cn-2007-2026.yaml",
                         &calendar, &report) != RH_OK) {
        fputs(complaints, stderr);
        return 1;
    }
    rht_random_init(&random);
    printf("%-44s %12s %12s\n", "per second of", "processor", "wall");
    fill(&random, RH_UNIT_HOUR, 96, 0, 0);
    measure("hours, n to 96", false);
    fill(&random, RH_UNIT_CALENDAR_DAY, 60, 0, 0);
    measure("calendar days, n to 60", false);
    fill(&random, RH_UNIT_WORKING_DAY, 30, 0, 0);
    measure("working days, n to 30", false);
    fill(&random, RH_UNIT_WORKING_DAY, 2000, 0, 0);
    measure("working days, n to 2000", false);
    fill(&random, RH_UNIT_MONTH_CIVIL, 12, 0, 0);
    measure("months, n to 12", false);
    fill(&random, RH_UNIT_WORKING_DAY, 30, 3, 0);
    measure("working days, n to 30, three pauses", false);
    fill(&random, RH_UNIT_WORKING_DAY, 30, 3, 2);
    measure("the same, extended twice", false);
    fill_mixed(&random);
    measure("every unit, 0-3 pauses, 0-2 extensions", false);
    measure("the same, explained day by day", true);
    printf("slowest without explanation: %.2f times the bar of %d per second and core\n",
           slowest / BAR, BAR);
    return 0;
}
