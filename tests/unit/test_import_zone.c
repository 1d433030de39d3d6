/* Times on somebody's wall, in the columns of an imported table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "runtime/import_zone.h"

static uint64_t at(const char *zone_name, const char *text)
{
    struct agent_zone *zone = NULL;
    uint64_t ms = 0;
    assert_int_equal(agent_zone_open(zone_name, &zone), RH_OK);
    enum rh_err err = agent_zone_parse(zone, text, false, &ms);
    agent_zone_close(&zone);
    return err == RH_OK ? ms / 1000 : 0;
}

/* If a time on somebody's wall were read on another wall, every date would be hours off. */
static void test_zone_reads_walls(void **state)
{
    const char *before = getenv("TZ");
    char kept[64];
    (void)state;
    snprintf(kept, sizeof kept, "%s", before != NULL ? before : "(none)");
    assert_int_equal(at("Asia/Shanghai", "2020-01-07 21:31:53"), 1578403913);
    assert_int_equal(at("Asia/Shanghai", "2020/1/7 21:31"), 1578403860);
    assert_int_equal(at("Asia/Shanghai", "2020-01-07"), 1578326400);
    assert_int_equal(at("+08:00", "2020-01-07 21:31:53"), 1578403913);
    assert_int_equal(at("-05:30", "2020-01-07T00:00:00.500"), 1578375000);
    assert_int_equal(at("Asia/Shanghai", "2020-01-07T21:31:53+00:00"), 1578432713);
    /* Summer time in China, 1988. */
    assert_int_equal(at("Asia/Shanghai", "1988-07-01 12:00:00"), 583729200);
    /* New York: winter, summer, and far beyond the last change in any table. */
    assert_int_equal(at("America/New_York", "2011-01-15 12:00:00"), 1295110800);
    assert_int_equal(at("America/New_York", "2011-07-01 06:44:50"), 1309517090);
    assert_int_equal(at("America/New_York", "2150-07-01 00:00:00"), 5695934400);
    /* The hour that comes twice is the first, the one that is left out runs on. */
    assert_int_equal(at("America/New_York", "2011-11-06 00:30:00"), 1320553800);
    assert_int_equal(at("America/New_York", "2011-11-06 01:30:00"), 1320557400);
    assert_int_equal(at("America/New_York", "2011-11-06 02:30:00"), 1320564600);
    assert_int_equal(at("America/New_York", "2011-03-13 02:30:00"), 1300001400);
    before = getenv("TZ");
    assert_string_equal(kept, before != NULL ? before : "(none)");
}

static void test_zone_refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {
        "", "yesterday", "2020-02-30", "2020-01-07 24:00", "2020-01-07 21:60", "2020-13-01",
        "43837.5", "2020-01-07 21:31:53 x", "2020-01/07", "1969-12-31", "2020-01-07 21:31.",
        "99999-01-01", "2020-01-07T", "2020-01-07 21"
    };
    struct agent_zone *zone = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (at("Asia/Shanghai", bad[i]) != 0)
            print_error("'%s' was taken for a time\n", bad[i]);
        assert_int_equal(at("Asia/Shanghai", bad[i]), 0);
    }
    assert_int_equal(agent_zone_open("Mars/Olympus", &zone), RH_ERR_NOTFOUND);
    assert_int_equal(agent_zone_open("../../../etc/passwd", &zone), RH_ERR_NOTFOUND);
    assert_int_equal(agent_zone_open("", &zone), RH_ERR_NOTFOUND);
    assert_int_equal(agent_zone_open("Asia", &zone), RH_ERR_NOTFOUND);
    assert_int_equal(agent_zone_open("+8:00", &zone), RH_ERR_NOTFOUND);
}

/* A day as an end is its whole. */
static void test_zone_day_as_an_end(void **state)
{
    struct agent_zone *zone = NULL;
    uint64_t ms;
    (void)state;
    assert_int_equal(agent_zone_open("Asia/Shanghai", &zone), RH_OK);
    assert_int_equal(agent_zone_parse(zone, "2026-04-01", true, &ms), RH_OK);
    assert_int_equal(ms, UINT64_C(1775059200000));
    assert_int_equal(agent_zone_parse(zone, "2026-04-01 00:00", true, &ms), RH_OK);
    assert_int_equal(ms, UINT64_C(1774972800000));
    agent_zone_close(&zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_reads_walls),
        cmocka_unit_test(test_zone_refuses_what_is_no_time),
        cmocka_unit_test(test_zone_day_as_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
