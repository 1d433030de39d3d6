/* Rule files as text, each input read as every kind of file.
 *
 * A reader accepts or says why not; what it accepts can be compiled, and the compiled form
 * read back. */
#include <stdlib.h>
#include <string.h>

#include "load/calendar.h"
#include "load/procedure.h"
#include "load/routing.h"
#include "load/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct rh_rules rules;
static struct rh_rules again;

static void expect_verdict(enum rh_err err, const struct rh_load_report *report)
{
    rh_assert(err == RH_OK || err == RH_ERR_CONFIG);
    rh_assert((err == RH_OK) == (report->problems == 0));
    rh_assert(strlen(report->text) == report->bytes && report->bytes < report->capacity);
    char lines[512];
    rh_problem_lines(report->text, true, lines, sizeof lines);
    rh_assert((lines[0] == '\0') == (report->problems == 0));
}

static void expect_compiles(void)
{
    static uint8_t compiled[RH_RULES_BYTES_MAX];
    struct rh_writer writer;

    rh_writer_init(&writer, compiled, sizeof compiled);
    rh_assert(rh_rules_encode(&rules, &writer) == RH_OK);
    rh_assert(rh_rules_decode((struct rh_bytes){ compiled, writer.bytes }, &again) == RH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char said[8192];
    const char *text = (const char *)data;
    struct rh_load_report report;
    struct rh_load_roles roles;
    enum rh_err err;

    memset(&rules, 0, sizeof rules);
    rh_load_report_init(&report, said, sizeof said);
    err = rh_load_settings("settings", text, bytes, &rules.settings, &roles, &report);
    expect_verdict(err, &report);

    rh_load_report_init(&report, said, sizeof said);
    err = rh_load_procedure("procedure", text, bytes, &roles, &rules.settings,
                            &rules.procedures[0], &report);
    expect_verdict(err, &report);
    rules.procedure_count = err == RH_OK;

    rh_load_report_init(&report, said, sizeof said);
    err = rh_load_calendar_text("calendar", text, bytes, &rules.calendars[0], &report);
    expect_verdict(err, &report);
    rules.calendar_count = err == RH_OK;

    rh_load_report_init(&report, said, sizeof said);
    err = rh_load_routing("routing", text, bytes, &roles, false, &rules, &report);
    expect_verdict(err, &report);
    expect_compiles();
    return 0;
}
