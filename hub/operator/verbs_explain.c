/* deadline.explain: how each date was derived, day by day.
 *
 * The calculus is run again over the calendar in force, as the core does it: a clock of round r
 * is r + 1 times its span from the same start. `agrees` says whether that gives the end on
 * record; it does not only while a new calendar has not reached this clock yet. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/date.h>

#include "core/deadline.h"

enum { DAYS_MAX = 4000 }; /* eleven years; longer periods are shown by their dates alone */

static json_t *list_pauses(const struct hub_deadline *deadline)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < deadline->pause_count; i++) {
        json_t *pause = json_object();
        hub_json_at(pause, "from_at", deadline->pauses[i].from_ms);
        hub_json_at(pause, "to_at", deadline->pauses[i].to_ms);
        json_array_append_new(list, pause);
    }
    return list;
}

static json_t *list_extensions(const struct hub_deadline *deadline)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < deadline->extension_count; i++) {
        json_t *extension = json_object();
        hub_json_span(extension, "unit", "n", deadline->extensions[i].unit,
                      deadline->extensions[i].n);
        json_array_append_new(list, extension);
    }
    return list;
}

static const char *verification_name(enum rh_verification verification)
{
    switch (verification) {
    case RH_VERIFIED_V1:
        return "V1";
    case RH_VERIFIED_V2:
        return "V2";
    case RH_VERIFIED_M:
        return "M";
    case RH_VERIFIED_POLICY:
        return "policy";
    }
    return "?";
}

/* The fact by which its end stays on a day off, though its rule moves others on; "": none
 * does. */
static const char *kept_by(const struct rh_limit *limit, const struct hub_deadline *deadline)
{
    bool kept = limit != NULL && limit->no_roll_fact[0] != '\0' && !deadline->sender_set &&
                deadline->roll == RH_ROLL_NONE;
    return kept ? limit->no_roll_fact : "";
}

/* The choice of the place that this clock was started by; NULL: the rule's own span. */
static const struct rh_local *local_of(const struct hub_ask *ask, const struct hub_referral *of,
                                       const struct hub_deadline *deadline)
{
    if (!ask->op->rules_known || deadline->sender_set)
        return NULL;
    const struct rh_local *local =
        rh_rules_local(ask->op->rules, of->procedure, deadline->limit, of->area);
    bool kept = kept_by(hub_find_limit(ask, of, deadline), deadline)[0] != '\0';
    bool used = local != NULL && local->span.unit == deadline->unit &&
                local->span.n == deadline->n && (kept || local->roll == deadline->roll);
    return used ? local : NULL;
}

static void put_rule(const struct hub_ask *ask, json_t *row, const struct hub_referral *of,
                     const struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_find_limit(ask, of, deadline);
    const struct rh_procedure *now =
        ask->op->rules_known ? rh_rules_procedure(ask->op->rules, of->procedure) : NULL;
    hub_json_text(row, "procedure", of->procedure);
    hub_json_uint(row, "procedure_version", of->procedure_version);
    hub_json_uint(row, "rules_version_now", now == NULL ? 0 : now->version);
    const struct rh_local *local = local_of(ask, of, deadline);
    hub_json_text(row, "instrument",
                  local != NULL ? local->basis : limit == NULL ? "" : limit->basis);
    hub_json_text(row, "verification",
                  local != NULL   ? verification_name(local->verification)
                  : limit == NULL ? ""
                                  : verification_name(limit->verification));
    hub_json_text(row, "local_area", local == NULL ? "" : local->area);
    hub_json_text(row, "roll",
                  deadline->roll == RH_ROLL_NEXT_WORKING_DAY ? "next_working_day" : "none");
    hub_json_text(row, "no_roll_fact", kept_by(limit, deadline));
    hub_json_bool(row, "sender_set", deadline->sender_set);
    hub_json_uint(row, "started_by", deadline->start_index);
    json_object_set_new(row, "pauses", list_pauses(deadline));
    json_object_set_new(row, "extensions", list_extensions(deadline));
}

static void put_ladder(struct hub_ask *ask, json_t *row, const struct hub_referral *of,
                       const struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_find_limit(ask, of, deadline);
    const struct rh_calendar *calendar = hub_find_calendar_of(ask, of);
    json_t *list = json_array();
    for (uint32_t i = 0; limit != NULL && calendar != NULL && i < limit->ladder_count; i++) {
        const struct rh_rung *rung = &limit->ladder[i];
        uint64_t at_ms = 0;
        json_t *entry = json_object();
        if (deadline->end_ms != 0 &&
            hub_deadline_after(calendar, deadline->end_ms, &rung->after, &at_ms) != RH_OK)
            at_ms = 0;
        hub_json_uint(entry, "level", rung->level);
        hub_json_text(entry, "action", rh_kind_name(rung->action));
        hub_json_text(entry, "to", rh_actor_name(rung->to));
        hub_json_at(entry, "at", at_ms);
        hub_json_bool(entry, "fired", deadline->step > i);
        json_array_append_new(list, entry);
    }
    json_object_set_new(row, "ladder", list);
}

static void put_calendar(json_t *row, const struct rh_calendar *calendar)
{
    char date[RH_DATE_TEXT_BYTES];
    json_t *about = json_object();
    hub_json_text(about, "id", calendar->id);
    hub_json_text(about, "version", calendar->version);
    hub_json_text(about, "area", calendar->area);
    rh_date_format(rh_calendar_firm_day(calendar), date);
    hub_json_text(about, "valid_through", date);
    json_object_set_new(row, "calendar", about);
}

/* The derivation: dates, counts and each day. */
static void put_result(json_t *row, const struct hub_deadline *deadline,
                       const struct hub_deadline_result *result)
{
    bool hours = deadline->unit == RH_UNIT_HOUR;
    hub_json_date(row, "start_date", result->start.days);
    hub_json_date(row, "nominal_date", result->nominal.days);
    hub_json_date(row, "extended_date", result->extended.days);
    hub_json_date(row, "last_date", result->last.days);
    hub_json_bool(row, "stopped", result->stopped);
    hub_json_uint(row, "counted", result->counted);
    hub_json_uint(row, "skipped", result->skipped);
    hub_json_uint(row, "paused", result->paused);
    hub_json_uint(row, "rolled", result->rolled);
    hub_json_uint(row, "paused_s", hours ? result->paused_ms / 1000 : 0);
    hub_json_uint(row, "remaining", hours ? result->remaining / 1000 : result->remaining);
    hub_json_bool(row, "agrees", result->stopped || result->end_ms == deadline->end_ms);
}

static json_t *list_days(const struct hub_deadline_day *days, uint32_t count)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *day = json_object();
        hub_json_date(day, "date", days[i].date.days);
        hub_json_text(day, "role", hub_day_role_name(days[i].role));
        json_object_set_new(day, "number", json_null());
        if (days[i].number != 0)
            hub_json_uint(day, "number", days[i].number);
        hub_json_uint(day, "part", days[i].part);
        hub_json_bool(day, "last", days[i].last);
        hub_json_text(day, "kind", rh_day_kind_name(days[i].day.kind));
        hub_json_text(day, "name", days[i].day.name);
        hub_json_text(day, "notice", days[i].day.notice);
        hub_json_bool(day, "beyond", days[i].day.beyond);
        json_array_append_new(list, day);
    }
    return list;
}

static enum rh_err put_derivation(struct hub_ask *ask, json_t *row,
                                  const struct hub_referral *of,
                                  const struct hub_deadline *deadline)
{
    const struct rh_calendar *calendar = hub_find_calendar_of(ask, of);
    struct hub_deadline_input input = hub_deadline_input_of(deadline);
    struct hub_deadline_result result;
    uint32_t count = 0;
    json_object_set_new(row, "calendar", json_null());
    json_object_set_new(row, "days", json_array());
    if (calendar == NULL || deadline->sender_set)
        return RH_OK;
    put_calendar(row, calendar);
    if (hub_deadline_recur(calendar, &input, deadline->round + 1, &result) != RH_OK)
        return RH_OK;
    put_result(row, deadline, &result);
    struct hub_deadline_day *days = calloc(DAYS_MAX, sizeof days[0]);
    if (days == NULL)
        return RH_ERR_NOMEM;
    input.terms.span.n *= deadline->round + 1;
    if (hub_deadline_explain(calendar, &input, days, DAYS_MAX, &count) == RH_OK)
        json_object_set_new(row, "days", list_days(days, count));
    free(days);
    return RH_OK;
}

static enum rh_err explain_clock(struct hub_ask *ask, const struct hub_referral *of,
                                 const struct hub_deadline *deadline,
                                 const struct hub_known *known)
{
    json_t *row = hub_json_deadline(ask, of, deadline);
    hub_json_text(row, "object", "explanation");
    hub_json_at(row, "now_at", ask->now_ms);
    put_rule(ask, row, of, deadline);
    put_ladder(ask, row, of, deadline);
    hub_known_put(ask, row, deadline, known);
    enum rh_err err = put_derivation(ask, row, of, deadline);
    if (err != RH_OK) {
        json_decref(row);
        return err;
    }
    return hub_ask_row(ask, row);
}

/* What presses first: clocks that are owed, then those that ended. */
static enum rh_err explain_all(struct hub_ask *ask, const struct hub_known *known)
{
    const struct hub_referral *of = ask->op->referral;
    enum rh_err err = hub_snapshot_begin(ask);
    for (int ended = 0; ended < 2; ended++) {
        for (uint32_t i = 0; i < of->deadline_count && err == RH_OK; i++) {
            if (hub_deadline_is_owed(&of->deadlines[i]) == (ended == 0))
                err = explain_clock(ask, of, &of->deadlines[i], known);
        }
    }
    return err;
}

enum rh_err hub_verb_deadline_explain(struct hub_ask *ask)
{
    struct hub_known known;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_referral(ask, "id", ask->op->referral);
    if (err == RH_OK)
        err = hub_known_open(ask, &known);
    if (err != RH_OK)
        return err;
    err = explain_all(ask, &known);
    hub_snapshot_end(ask);
    hub_known_close(ask, &known);
    return err;
}
