/* `rhub check`: one line for each thing, exit 0 when all is well. Made from `status`. */
#include "cli/command.h"

#include <string.h>

#include <rh/text.h>

enum grade { GOOD, WARN, BAD, UNKNOWN };

static const char *const grades[] = { "OK", "WARN", "FAIL", "UNKNOWN" };

struct finding {
    enum grade grade;
    char value[120];
    const char *hint; /* message id, NULL: none */
};

static long long number(const json_t *row, const char *path)
{
    return (long long)json_integer_value(hub_cli_path(row, path));
}

static bool is_set(const json_t *row, const char *key)
{
    return json_is_true(json_object_get(row, key));
}

static void check_ping(const json_t *status, struct finding *out)
{
    const char *hub = json_string_value(json_object_get(status, "hub"));
    snprintf(out->value, sizeof out->value, "%.100s", hub == NULL ? "?" : hub);
}

static void check_running(const json_t *status, struct finding *out)
{
    const char *code = json_string_value(json_object_get(status, "held_code"));
    if (!is_set(status, "intake_held"))
        return;
    out->grade = BAD;
    out->hint = N_("intake is held; rhub status says why");
    snprintf(out->value, sizeof out->value, "%.20s", code == NULL ? "?" : code);
}

static void check_store(const json_t *status, struct finding *out)
{
    long long map = number(status, "disk.map_percent");
    long long disk = number(status, "disk.used_percent");
    long long most = map > disk ? map : disk;
    snprintf(out->value, sizeof out->value, "disk %lld %%, store %lld %%", disk, map);
    if (map >= 80 || disk >= 97)
        out->grade = BAD;
    else if (most >= 70)
        out->grade = disk >= 85 || map >= 70 ? WARN : GOOD;
    if (out->grade != GOOD)
        out->hint = N_("free space, or raise the size of the store");
    long long mended = number(status, "views.mended");
    bool damaged = json_is_true(hub_cli_path(status, "views.damaged"));
    if (!damaged && mended == 0)
        return;
    size_t used = strlen(out->value);
    snprintf(out->value + used, sizeof out->value - used, ", rows mended %lld%s", mended,
             damaged ? ", damaged" : "");
    if (damaged) {
        out->grade = BAD;
        out->hint = N_("a row of the views is damaged; the hub makes it anew from the journal, "
                       "its log says how far it came");
    } else if (out->grade == GOOD) {
        out->grade = WARN;
        out->hint = N_("rows of the views were damaged and made anew; examine the disk");
    }
}

static void check_chain(const json_t *status, struct finding *out)
{
    long long records = number(status, "log.records");
    long long published = number(status, "log.published");
    snprintf(out->value, sizeof out->value, "#%lld, published #%lld", records, published);
    if (published > records) {
        out->grade = BAD;
        out->hint = N_("more was published than is here: do not delete anything");
    }
}

static void check_clock(const json_t *status, struct finding *out)
{
    long long skew = number(status, "clock_skew_ms");
    bool test = is_set(status, "test");
    snprintf(out->value, sizeof out->value, "%+lld ms", skew);
    if (is_set(status, "firing_held")) {
        out->grade = BAD;
        out->hint = N_("timers are held; compare the clock, then rhub clock confirm");
    } else if (!test && (skew > 5000 || skew < -5000)) {
        out->grade = WARN;
        out->hint = N_("the wall clock walks away from the hub's time");
    }
}

static void check_deadlines(const json_t *status, struct finding *out)
{
    long long overdue = number(status, "overdue.count");
    snprintf(out->value, sizeof out->value, "%lld overdue, %lld today", overdue,
             number(status, "due_today"));
    if (overdue > 0) {
        out->grade = WARN;
        out->hint = N_("rhub deadline board --due overdue");
    }
}

static void check_agents(const json_t *status, struct finding *out)
{
    long long online = number(status, "agencies.online");
    long long total = number(status, "agencies.total");
    snprintf(out->value, sizeof out->value, "%lld/%lld online", online, total);
    if (online < total) {
        out->grade = WARN;
        out->hint = N_("rhub agency list shows who is away");
    }
}

static const struct {
    const char *name;
    void (*check)(const json_t *status, struct finding *out);
} checks[] = {
    { "ping", check_ping },           { "running", check_running },
    { "store", check_store },         { "agents", check_agents },
    { "chain", check_chain },         { "clock", check_clock },
    { "deadlines", check_deadlines },
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

static json_t *row_of(const char *name, const struct finding *finding)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?}", "object", "check", "v", 1, "id", name,
                     "result", grades[finding->grade], "value", finding->value, "hint",
                     finding->hint);
}

/* Warnings are an answer of "no" only to a monitor. */
static enum rh_exit exit_of(struct hub_cli *cli, enum grade worst)
{
    if (hub_cli_flag(cli, "nagios")->count > 0)
        return (enum rh_exit)worst; /* 0, 1, 2, 3 as plug-ins have it */
    return worst == BAD ? RH_EXIT_NO : RH_EXIT_OK;
}

enum rh_exit hub_cli_body_check(struct hub_cli *cli)
{
    const char *wanted = cli->word_count > 0 ? cli->words[0] : "all";
    const char *names[CHECKS + 1];
    json_t *status = NULL;
    json_t *rows = json_array();
    enum grade worst = GOOD;
    bool found = strcmp(wanted, "all") == 0;
    for (size_t i = 0; i < CHECKS; i++) {
        names[i] = checks[i].name;
        found = found || strcmp(wanted, checks[i].name) == 0;
    }
    names[CHECKS] = "all";
    enum rh_exit code =
        found ? hub_cli_collect(cli, "status", NULL, &status)
              : hub_cli_usage(cli, _("there is no such check"), wanted,
                              hub_cli_nearest(wanted, names, CHECKS + 1));
    for (size_t i = 0; i < CHECKS && code == RH_EXIT_OK; i++) {
        struct finding finding = { .grade = GOOD };
        if (strcmp(wanted, "all") != 0 && strcmp(wanted, checks[i].name) != 0)
            continue;
        checks[i].check(json_array_get(status, 0), &finding);
        if (finding.grade > worst)
            worst = finding.grade;
        json_array_append_new(rows, row_of(checks[i].name, &finding));
    }
    if (code == RH_EXIT_OK) {
        code = hub_cli_show(cli, rows);
        code = code == RH_EXIT_OK ? exit_of(cli, worst) : code;
    } else if (hub_cli_flag(cli, "nagios")->count > 0) {
        code = (enum rh_exit)(found ? BAD : UNKNOWN);
    }
    json_decref(rows);
    json_decref(status);
    return code;
}
