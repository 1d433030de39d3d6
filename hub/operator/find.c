/* Whatever an operator names: referrals, agencies, dead letters, windows of time. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/date.h>
#include <rh/item.h>
#include <rh/text.h>

static void place(char *out, size_t capacity, const char *name)
{
    snprintf(out, capacity, "/args/%.50s", name);
}

/* "system=number": the hub knows only keyed hashes of other systems' numbers. */
static enum rh_err find_external(struct hub_ask *ask, const char *text, const char *equals,
                                 struct hub_referral *out)
{
    struct rh_external external = { 0 };
    size_t bytes = (size_t)(equals - text);
    struct rh_bytes number = { (const uint8_t *)equals + 1, strlen(equals + 1) };
    if (bytes == 0 || bytes > RH_SYSTEM_BYTES_MAX || number.bytes == 0 ||
        number.bytes > RH_EXTERNAL_NUMBER_BYTES_MAX)
        return RH_ERR_NOTFOUND;
    memcpy(external.system, text, bytes);
    rh_external_hash(ask->op->external_key, external.system, number, &external.hash);
    uint64_t rno;
    enum rh_err err = hub_views_external(ask->map, &external, &rno);
    return err == RH_OK ? hub_views_referral(ask->map, rno, out) : err;
}

enum rh_err hub_find_referral(struct hub_ask *ask, const char *name, struct hub_referral *out)
{
    const char *text = hub_args_text(ask, name);
    rh_assert(text != NULL);
    const char *equals = strchr(text, '=');
    enum rh_err err = hub_views_referral_find(ask->map, text, out);
    if (err == RH_ERR_NOTFOUND && equals != NULL)
        err = find_external(ask, text, equals, out);
    if (err != RH_ERR_NOTFOUND && err != RH_ERR_INVALID)
        return err;
    char pointer[64];
    place(pointer, sizeof pointer, name);
    return hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_REFERRAL, pointer, NULL, text);
}

enum rh_err hub_find_agency(struct hub_ask *ask, const char *name, uint32_t *no)
{
    const char *text = hub_args_text(ask, name);
    *no = HUB_AGENCY_NONE;
    if (text == NULL)
        return RH_OK;
    enum rh_err err = hub_views_agency_find(ask->map, text, ask->op->agency);
    if (err == RH_OK) {
        *no = ask->op->agency->no;
        return RH_OK;
    }
    if (err != RH_ERR_NOTFOUND)
        return err;
    char pointer[64];
    place(pointer, sizeof pointer, name);
    return hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_AGENCY, pointer, NULL, text);
}

enum rh_err hub_find_heir(struct hub_ask *ask, const char *name, uint32_t *no)
{
    enum { STEPS_MAX = 8 };
    struct hub_agency *agency = ask->op->agency;
    enum rh_err err = hub_find_agency(ask, name, no);
    for (int i = 0; i < STEPS_MAX && err == RH_OK && *no != HUB_AGENCY_NONE; i++) {
        const struct hub_successor *next = hub_agency_successor(agency, NULL);
        if (next == NULL || !next->done)
            return RH_OK;
        *no = next->to;
        err = hub_views_agency(ask->map, *no, agency);
    }
    return err;
}

/* Decimal digits up to RH_NUMBER_MAX; NULL when there are none. */
static const char *read_digits(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value <= RH_NUMBER_MAX / 10; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *out = value;
    return at == text ? NULL : at;
}

enum rh_err hub_find_each_agency(struct hub_ask *ask, char walk, hub_find_agency_fn *show)
{
    uint8_t place[4];
    size_t bytes;
    uint32_t no = 0;
    uint32_t limit = hub_args_limit(ask);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_token_read(ask, walk, place, sizeof place, &bytes);
    for (size_t i = 0; err == RH_OK && i < bytes; i++)
        no = no << 8 | place[i];
    while (err == RH_OK) {
        uint32_t last = no;
        err = hub_views_agency_next(ask->map, &no, ask->op->agency);
        if (err == RH_OK && ask->rows == limit) {
            for (unsigned i = 0; i < 4; i++)
                place[i] = (uint8_t)(last >> (24 - 8 * i));
            hub_token_write(ask, walk, place, sizeof place);
            return RH_OK;
        }
        if (err == RH_OK)
            err = show(ask, no);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_find_dead(struct hub_ask *ask, struct hub_dead *out)
{
    const char *text = hub_args_text(ask, "id");
    uint64_t index;
    rh_assert(text != NULL);
    const char *at = read_digits(text, &index);
    if (at == NULL || *at != ':')
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/id",
                              N_("a dead letter is named INDEX:AGENCY, as the list shows it"),
                              text);
    enum rh_err err = hub_views_agency_find(ask->map, at + 1, ask->op->agency);
    if (err == RH_OK)
        err = hub_views_dead(ask->map, index, ask->op->agency->no, out);
    if (err == RH_ERR_NOTFOUND)
        return hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_REFERRAL, "/args/id",
                              N_("there is no such dead letter"), text);
    return err;
}

/* ---- time ------------------------------------------------------------------------------ */

const struct rh_calendar *hub_find_calendar(const struct hub_ask *ask, const char *area)
{
    if (ask->calendars != NULL)
        return rh_rules_calendar(ask->calendars, area);
    return ask->op->rules_known ? rh_rules_calendar(ask->op->rules, area) : NULL;
}

const struct rh_calendar *hub_find_calendar_of(struct hub_ask *ask,
                                               const struct hub_referral *row)
{
    uint32_t no = row->addressee != HUB_AGENCY_NONE ? row->addressee : row->sender;
    if (row->area[0] == '\0' && no >= HUB_AGENCY_FIRST &&
        hub_views_agency(ask->map, no, ask->op->agency) == RH_OK)
        return hub_find_calendar(ask, ask->op->agency->area);
    return hub_find_calendar(ask, row->area);
}

/* Last day of a window of `n` days or working days after today. */
static bool days_ahead(const struct hub_ask *ask, struct rh_date today, uint64_t n,
                       bool working, struct rh_date *out)
{
    const struct rh_calendar *calendar = hub_find_calendar(ask, "");
    if (n > 3660)
        return false;
    if (working && calendar != NULL)
        return rh_calendar_select(calendar, rh_calendar_count(calendar, today) + n, out) ==
               RH_OK;
    out->days = today.days + (int32_t)n;
    return rh_date_is_valid(*out);
}

enum rh_err hub_find_window(struct hub_ask *ask, const char *due, uint64_t *from_ms,
                            uint64_t *to_ms)
{
    struct rh_date today = rh_date_of_instant(ask->now_ms);
    struct rh_date last = today;
    uint64_t n;
    *from_ms = ask->now_ms + 1;
    if (strcmp(due, "overdue") == 0) {
        *from_ms = 0;
        *to_ms = ask->now_ms + 1;
        return RH_OK;
    }
    const char *unit = read_digits(due, &n);
    bool good = true;
    if (strcmp(due, "week") == 0)
        last.days += 7 - (int32_t)rh_date_weekday(today);
    else if (unit != NULL && strcmp(unit, "wd") == 0)
        good = days_ahead(ask, today, n, true, &last);
    else if (unit != NULL && strcmp(unit, "d") == 0)
        good = days_ahead(ask, today, n, false, &last);
    else
        good = strcmp(due, "today") == 0;
    if (!good || !rh_date_is_valid(last))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/due",
                              N_("overdue, today, week, Nd or Nwd is wanted"), due);
    *to_ms = rh_date_end_ms(last) + 1; /* an end at 24:00 of the last day belongs to it */
    return RH_OK;
}

/* ---- clocks ---------------------------------------------------------------------------- */

static bool more_urgent(const struct hub_deadline *a, const struct hub_deadline *b)
{
    /* A clock that stands still has no end; a mere right presses nobody. */
    bool a_ends = a->status != HUB_DEADLINE_PAUSED;
    bool b_ends = b->status != HUB_DEADLINE_PAUSED;
    if (a->right_only != b->right_only)
        return !a->right_only;
    if (a_ends != b_ends)
        return a_ends;
    return a->end_ms < b->end_ms;
}

const struct hub_deadline *hub_find_urgent(const struct hub_referral *row)
{
    const struct hub_deadline *found = NULL;
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (hub_deadline_is_owed(deadline) && (found == NULL || more_urgent(deadline, found)))
            found = deadline;
    }
    return found;
}

const struct hub_deadline *hub_find_clock(const struct hub_referral *row, uint32_t serial)
{
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        if (row->deadlines[i].serial == serial)
            return &row->deadlines[i];
    }
    return NULL;
}

const struct rh_limit *hub_find_limit(const struct hub_ask *ask, const struct hub_referral *row,
                                      const struct hub_deadline *deadline)
{
    if (!ask->op->rules_known)
        return NULL;
    const struct rh_procedure *procedure = rh_rules_procedure(
        ask->procedures != NULL ? ask->procedures : ask->op->rules, row->procedure);
    return procedure == NULL ? NULL : rh_procedure_limit(procedure, deadline->limit);
}

/* ---- the rest -------------------------------------------------------------------------- */

bool hub_find_session(struct hub_ask *ask, uint32_t no, struct hub_session_view *out)
{
    struct hub_operator *op = ask->op;
    *out = (struct hub_session_view){ .agency = no };
    if (!ask->sessions_known && op->options.gateway != NULL)
        ask->session_count =
            hub_gateway_sessions(op->options.gateway, op->sessions, HUB_SESSIONS_MAX);
    ask->sessions_known = true;
    for (uint32_t i = 0; i < ask->session_count; i++) {
        if (op->sessions[i].agency == no) {
            *out = op->sessions[i];
            return out->online;
        }
    }
    return false;
}

uint64_t hub_find_count(struct hub_ask *ask, const char *name)
{
    uint64_t value = 0;
    return hub_views_count(ask->map, name, &value) == RH_OK ? value : 0;
}

uint64_t hub_find_count_of(struct hub_ask *ask, const char *name, uint32_t no)
{
    char whole[48];
    snprintf(whole, sizeof whole, "%s/%lu", name, (unsigned long)no);
    return hub_find_count(ask, whole);
}
