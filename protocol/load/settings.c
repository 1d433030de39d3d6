#include "load/settings.h"

#include <string.h>

#include "load/limit.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

enum { GRACE_HOURS_MAX = 720, REMIND_DAYS_MAX = 366, ARCHIVE_DAYS_MAX = 3660 };

static const char *const keys[] = { "grace", "roles", "supervisors", "watchdog",
                                    "overdue", "local",    "bulletin", "archive" };
static const char *const local_keys[] = { "procedure", "limit", "area", "span", "roll",
                                          "verification", "basis" };
static const char *const bulletin_keys[] = { "hour", "to", "areas" };
static const char *const edition_keys[] = { "area", "to" };
static const char *const overdue_keys[] = { "ladder", "remind", "remind_max" };

static bool load_grace(struct rh_yaml *yaml, struct fy_node *node, uint32_t *out)
{
    struct rh_span span;

    if (!rh_load_span(yaml, node, "grace", 1, &span))
        return false;
    if (span.unit != RH_UNIT_HOUR || span.n > GRACE_HOURS_MAX) {
        rh_yaml_problem(yaml, node, "grace must be in hours, at most '%d hour'",
                        GRACE_HOURS_MAX);
        return false;
    }
    *out = span.n;
    return true;
}

static bool load_roles(struct rh_yaml *yaml, struct fy_node *list, struct rh_load_roles *roles)
{
    const struct rh_load_roles any = { .any = true };
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_yaml_sequence(yaml, list, "roles"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char role[RH_ROLE_BYTES_MAX + 1];
        if (!rh_load_role(yaml, node, "roles", &any, false, role)) {
            good = false;
        } else if (rh_load_roles_have(roles, role)) {
            rh_yaml_problem(yaml, node, "the role '%s' is known already; remove it", role);
            good = false;
        } else if (roles->count == RH_LOAD_ROLES_MAX) {
            rh_yaml_problem(yaml, node, "a hub knows at most %d roles", RH_LOAD_ROLES_MAX);
            return false;
        } else {
            memcpy(roles->names[roles->count++], role, sizeof role);
        }
    }
    return good;
}

static bool load_supervisors(struct rh_yaml *yaml, struct fy_node *list,
                             const struct rh_load_roles *roles, struct rh_settings *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;
    uint32_t count = 0;

    if (!rh_yaml_sequence(yaml, list, "supervisors"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        char role[RH_ROLE_BYTES_MAX + 1];
        bool twice = false;
        if (!rh_load_role(yaml, node, "supervisors", roles, false, role)) {
            good = false;
            continue;
        }
        for (uint32_t i = 0; i < count; i++)
            twice = twice || strcmp(out->supervisor_roles[i], role) == 0;
        if (twice || count == COUNT(out->supervisor_roles)) {
            rh_yaml_problem(yaml, node,
                            twice ? "'%s' is in this list already"
                                  : "'%s' is one too many; at most four roles supervise",
                            role);
            good = false;
            continue;
        }
        memcpy(out->supervisor_roles[count++], role, sizeof role);
    }
    return good;
}

static bool load_watchdog(struct rh_yaml *yaml, struct fy_node *mapping,
                          struct rh_settings *out)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    bool good = true;

    if (!fy_node_is_mapping(mapping)) {
        rh_yaml_problem(yaml, mapping,
                        "watchdog must be states with spans, such as 'signed: 15 "
                        "calendar_day'");
        return false;
    }
    while ((pair = fy_node_mapping_iterate(mapping, &iterator)) != NULL) {
        enum rh_state state;
        struct fy_node *key = fy_node_pair_key(pair);
        struct fy_node *value = fy_node_pair_value(pair);
        if (key == NULL || value == NULL) {
            rh_yaml_problem(yaml, key != NULL ? key : mapping,
                            "a watchdog needs a state and a span, such as 'signed: 15 "
                            "calendar_day'");
            good = false;
        } else if (!rh_load_state(yaml, key, "state", &state) ||
                   !rh_load_span(yaml, value, N_("a watchdog"), 1, &out->watchdog[state])) {
            good = false;
        }
    }
    return good;
}

static bool load_days(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                      uint32_t most, uint32_t *out)
{
    struct rh_span span;

    if (!rh_load_span(yaml, node, what, 1, &span))
        return false;
    if (span.unit != RH_UNIT_CALENDAR_DAY || span.n > most) {
        rh_yaml_problem(yaml, node, "%s must be in calendar days, at most '%d calendar_day'",
                        what, (int)most);
        return false;
    }
    *out = span.n;
    return true;
}

/* What happens to a missed clock that no rule describes, and to any above its last rung. */
static bool load_overdue(struct rh_yaml *yaml, struct fy_node *node, struct rh_settings *out)
{
    if (!rh_yaml_keys(yaml, node, "overdue", overdue_keys, COUNT(overdue_keys)))
        return false;
    struct fy_node *ladder = rh_yaml_need(yaml, node, "ladder", "overdue");
    struct fy_node *remind = rh_yaml_need(yaml, node, "remind", "overdue");
    struct fy_node *most = rh_yaml_need(yaml, node, "remind_max", "overdue");
    bool good = ladder != NULL &&
                rh_load_ladder(yaml, ladder, out->ladder, &out->ladder_count) &&
                rh_load_ladder_check(yaml, ladder, out->ladder);
    good = remind != NULL && load_days(yaml, remind, "remind", REMIND_DAYS_MAX,
                                       &out->remind_days) && good;
    good = most != NULL && load_days(yaml, most, "remind_max", REMIND_DAYS_MAX,
                                     &out->remind_days_max) && good;
    if (good && out->remind_days_max < out->remind_days) {
        rh_yaml_problem(yaml, most, "the longest time between two reminders is shorter than "
                                    "the first; make 'remind_max' at least 'remind'");
        good = false;
    }
    return good;
}

static bool load_area(struct rh_yaml *yaml, struct fy_node *node, char *out, size_t capacity)
{
    if (!rh_yaml_text(yaml, node, "area", out, capacity))
        return false;
    const size_t bytes = strlen(out);
    if (bytes >= 2 && bytes <= 12 && strspn(out, "0123456789") == bytes)
        return true;
    rh_yaml_problem(yaml, node,
                    "'%s' is no division code; write 2 to 12 digits, such as \"35\"", out);
    return false;
}

static bool load_local_terms(struct rh_yaml *yaml, struct fy_node *node, struct rh_local *out)
{
    struct fy_node *span = rh_yaml_need(yaml, node, "span", N_("the entry"));
    struct fy_node *roll = rh_yaml_need(yaml, node, "roll", N_("the entry"));
    struct fy_node *verification = rh_yaml_need(yaml, node, "verification", N_("the entry"));
    struct fy_node *basis = rh_yaml_need(yaml, node, "basis", N_("the entry"));
    bool good = span != NULL && rh_load_span(yaml, span, "span", 1, &out->span);
    good = roll != NULL && rh_load_roll(yaml, roll, &out->roll) && good;
    good = verification != NULL &&
           rh_load_verification(yaml, verification, &out->verification) && good;
    good = basis != NULL && rh_load_line(yaml, basis, "basis", out->basis, sizeof out->basis) &&
           good;
    if (good && (out->span.unit == RH_UNIT_HOUR || out->span.unit == RH_UNIT_WORKING_DAY) &&
        out->roll != RH_ROLL_NONE) {
        rh_yaml_problem(yaml, roll, "hours and working days never end on a day off; write "
                                    "'roll: none'");
        good = false;
    }
    return good;
}

static bool load_local(struct rh_yaml *yaml, struct fy_node *node, struct rh_settings *settings,
                       struct rh_local *out)
{
    if (!rh_yaml_keys(yaml, node, "an entry of 'local'", local_keys, COUNT(local_keys)))
        return false;
    struct fy_node *procedure = rh_yaml_need(yaml, node, "procedure", N_("the entry"));
    struct fy_node *limit = rh_yaml_need(yaml, node, "limit", N_("the entry"));
    struct fy_node *area = rh_yaml_need(yaml, node, "area", N_("the entry"));
    bool good = procedure != NULL && rh_load_code(yaml, procedure, "procedure", out->procedure,
                                                  sizeof out->procedure);
    good = limit != NULL && rh_load_code(yaml, limit, "limit", out->limit, sizeof out->limit) &&
           good;
    good = area != NULL && load_area(yaml, area, out->area, sizeof out->area) && good;
    good = load_local_terms(yaml, node, out) && good;
    for (uint32_t i = 0; good && &settings->locals[i] != out; i++) {
        const struct rh_local *other = &settings->locals[i];
        if (strcmp(other->procedure, out->procedure) == 0 &&
            strcmp(other->limit, out->limit) == 0 && strcmp(other->area, out->area) == 0) {
            rh_yaml_problem(yaml, node, "this limit and area stand in the list already");
            good = false;
        }
    }
    return good;
}

static bool load_locals(struct rh_yaml *yaml, struct fy_node *list, struct rh_settings *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_yaml_sequence(yaml, list, "local"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->local_count == RH_LOCAL_MAX) {
            rh_yaml_problem(yaml, node, "at most %d spans differ by area", RH_LOCAL_MAX);
            return false;
        }
        good = load_local(yaml, node, out, &out->locals[out->local_count]) && good;
        out->local_count++;
    }
    return good;
}

/* `to: all`, or a list of roles. */
static bool load_readers(struct rh_yaml *yaml, struct fy_node *node,
                         const struct rh_load_roles *roles, struct rh_readers *out)
{
    char word[RH_ROLE_BYTES_MAX + 1];
    void *iterator = NULL;
    struct fy_node *item;
    bool good = true;

    if (fy_node_is_scalar(node)) {
        if (!rh_yaml_text(yaml, node, "to", word, sizeof word))
            return false;
        if (strcmp(word, "all") == 0)
            return true;
        rh_yaml_problem(yaml, node, "'%s' must be 'all' or a list of roles", word);
        return false;
    }
    if (!rh_yaml_sequence(yaml, node, "to"))
        return false;
    while ((item = fy_node_sequence_iterate(node, &iterator)) != NULL) {
        bool twice = false;
        if (!rh_load_role(yaml, item, "to", roles, false, word)) {
            good = false;
            continue;
        }
        for (uint32_t i = 0; i < out->role_count; i++)
            twice = twice || strcmp(out->roles[i], word) == 0;
        if (twice || out->role_count == RH_BULLETIN_ROLES_MAX) {
            rh_yaml_problem(yaml, item, twice ? "'%s' is in this list already"
                                              : "'%s' is one too many; write 'to: all'",
                            word);
            good = false;
            continue;
        }
        memcpy(out->roles[out->role_count++], word, sizeof word);
    }
    if (good && out->role_count == 0) {
        rh_yaml_problem(yaml, node, "a bulletin needs readers; write 'all' or a list of roles");
        good = false;
    }
    return good;
}

static bool load_edition(struct rh_yaml *yaml, struct fy_node *node,
                         const struct rh_load_roles *roles, struct rh_monthly *bulletin)
{
    struct rh_readers *out = &bulletin->editions[bulletin->edition_count];
    if (!rh_yaml_keys(yaml, node, "an entry of 'areas'", edition_keys, COUNT(edition_keys)))
        return false;
    struct fy_node *area = rh_yaml_need(yaml, node, "area", "the entry");
    struct fy_node *to = rh_yaml_need(yaml, node, "to", "the entry");
    bool good = area != NULL && load_area(yaml, area, out->area, sizeof out->area);
    for (uint32_t i = 0; good && i < bulletin->edition_count; i++) {
        if (strcmp(bulletin->editions[i].area, out->area) == 0) {
            rh_yaml_problem(yaml, area, "'%s' is in this list already", out->area);
            good = false;
        }
    }
    return to != NULL && load_readers(yaml, to, roles, out) && good;
}

static bool load_editions(struct rh_yaml *yaml, struct fy_node *list,
                          const struct rh_load_roles *roles, struct rh_monthly *out)
{
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (!rh_yaml_sequence(yaml, list, "areas"))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (out->edition_count == RH_BULLETIN_EDITIONS_MAX) {
            rh_yaml_problem(yaml, node, "at most %d areas have a bulletin of their own",
                            RH_BULLETIN_EDITIONS_MAX - 1);
            return false;
        }
        good = load_edition(yaml, node, roles, out) && good;
        out->edition_count++;
    }
    return good;
}

static bool load_bulletin(struct rh_yaml *yaml, struct fy_node *node,
                          const struct rh_load_roles *roles, struct rh_monthly *out)
{
    uint64_t hour = 0;
    if (!rh_yaml_keys(yaml, node, "bulletin", bulletin_keys, COUNT(bulletin_keys)))
        return false;
    struct fy_node *at = rh_yaml_need(yaml, node, "hour", "bulletin");
    struct fy_node *areas = rh_yaml_get(node, "areas");
    struct fy_node *to = areas == NULL ? rh_yaml_need(yaml, node, "to", "bulletin")
                                       : rh_yaml_get(node, "to");
    bool good = at != NULL && rh_yaml_uint(yaml, at, "hour", 0, 23, &hour) &&
                (to != NULL || areas != NULL);
    if (to != NULL)
        good = load_readers(yaml, to, roles, &out->editions[out->edition_count++]) && good;
    if (areas != NULL)
        good = load_editions(yaml, areas, roles, out) && good;
    out->hour = (uint32_t)hour;
    return good;
}

static bool load(struct rh_yaml *yaml, struct rh_settings *out, struct rh_load_roles *roles)
{
    bool good = rh_yaml_keys(yaml, yaml->root, N_("the file"), keys, COUNT(keys));

    struct fy_node *grace = rh_yaml_need(yaml, yaml->root, "grace", N_("the file"));
    struct fy_node *more = rh_yaml_get(yaml->root, "roles");
    struct fy_node *supervisors = rh_yaml_need(yaml, yaml->root, "supervisors", N_("the file"));
    struct fy_node *watchdog = rh_yaml_need(yaml, yaml->root, "watchdog", N_("the file"));

    good = grace != NULL && load_grace(yaml, grace, &out->grace_hours) && good;
    if (more != NULL && !load_roles(yaml, more, roles))
        good = false;
    good = supervisors != NULL && load_supervisors(yaml, supervisors, roles, out) && good;
    struct fy_node *overdue = rh_yaml_get(yaml->root, "overdue");
    if (overdue != NULL && !load_overdue(yaml, overdue, out))
        good = false;
    struct fy_node *archive = rh_yaml_get(yaml->root, "archive");
    if (archive != NULL &&
        !load_days(yaml, archive, "archive", ARCHIVE_DAYS_MAX, &out->archive_days))
        good = false;
    struct fy_node *locals = rh_yaml_get(yaml->root, "local");
    if (locals != NULL && !load_locals(yaml, locals, out))
        good = false;
    struct fy_node *bulletin = rh_yaml_get(yaml->root, "bulletin");
    if (bulletin != NULL && !load_bulletin(yaml, bulletin, roles, &out->bulletin))
        good = false;
    return watchdog != NULL && load_watchdog(yaml, watchdog, out) && good;
}

/* As if everything were said: what depends on it is judged in the next run. */
static void assume_all(struct rh_settings *out, struct rh_load_roles *roles)
{
    static const struct rh_span day = { RH_UNIT_CALENDAR_DAY, 1 };
    roles->any = true;
    for (unsigned i = 0; i < RH_STATE_COUNT; i++)
        out->watchdog[i] = day;
    memcpy(out->supervisor_roles[0], roles->names[0], sizeof roles->names[0]);
}

enum rh_err rh_load_settings(const char *name, const char *text, size_t bytes,
                             struct rh_settings *out, struct rh_load_roles *roles,
                             struct rh_load_report *report)
{
    struct rh_yaml yaml;

    memset(out, 0, sizeof *out);
    rh_load_roles_init(roles);
    enum rh_err err = rh_yaml_open_text(&yaml, name, text, bytes, report);
    if (err == RH_OK && !load(&yaml, out, roles))
        err = RH_ERR_CONFIG;
    rh_yaml_close(&yaml);
    if (err != RH_OK)
        assume_all(out, roles);
    return err;
}
