/* Subscriptions: who hears of which matters that are not its own, and how much of them. */
#include "operator/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/text.h>

enum { DATE_BYTES = 10 };

/* ---- shown ------------------------------------------------------------------------------ */

static const char *state_of(const struct hub_subscription *row, uint64_t now_ms)
{
    if (row->ended_ms != 0)
        return "ended";
    if (row->until_ms <= now_ms)
        return "run_out";
    return row->from_ms <= now_ms ? "running" : "to_come";
}

static json_t *list_events(const struct rh_kind_set *events)
{
    json_t *list = json_array();
    bool whole = hub_share_has_dispatch(events);
    for (unsigned i = 1; i < RH_KIND_END; i++) {
        enum rh_kind kind = (enum rh_kind)i;
        if (rh_kind_in(events, kind) && !(whole && rh_kind_is_dispatch(kind)))
            json_array_append_new(list, json_string(rh_kind_name(kind)));
        if (whole && kind == RH_KIND_FORWARD)
            json_array_append_new(list, json_string("dispatch"));
    }
    return list;
}

/* Who has the whole of a subscriber by now, itself or whoever came after it; uses op->agency. */
static uint32_t heir_of(struct hub_ask *ask, uint32_t no)
{
    enum { DEPTH_MAX = 8 }; /* as in hub/core/actor.c */
    for (int i = 0; i < DEPTH_MAX; i++) {
        if (hub_views_agency(ask->map, no, ask->op->agency) != RH_OK)
            break;
        const struct hub_successor *next = hub_agency_successor(ask->op->agency, NULL);
        if (next == NULL || !next->done)
            break;
        no = next->to;
    }
    return no;
}

static json_t *show(struct hub_ask *ask, const struct hub_subscription *row)
{
    uint32_t heir = heir_of(ask, row->agency);
    json_t *out = hub_json_row("subscription");
    json_t *given = json_object();
    json_object_set_new(out, "id", json_integer(row->number));
    hub_json_agency(ask, out, "agency", row->agency);
    hub_json_agency(ask, out, "passed_to", heir == row->agency ? HUB_AGENCY_NONE : heir);
    hub_json_text(out, "area", row->area[0] == '\0' ? "*" : row->area);
    hub_json_text(out, "category", row->category[0] == '\0' ? "*" : row->category);
    json_object_set_new(out, "events", list_events(&row->events));
    for (unsigned i = 0; i < HUB_SHARE_FIELDS; i++)
        hub_json_text(given, hub_share_field_name(i), hub_mask_name(row->masks[i]));
    json_object_set_new(out, "given", given);
    hub_json_text(out, "state", state_of(row, ask->now_ms));
    hub_json_at(out, "from_at", row->from_ms);
    hub_json_at(out, "until_at", row->until_ms);
    hub_json_at(out, "given_at", row->given_ms);
    hub_json_at(out, "ended_at", row->ended_ms);
    hub_json_text(out, "basis", row->basis);
    hub_json_uint(out, "told", hub_find_count_of(ask, "shared", row->number));
    return out;
}

static enum rh_err show_number(struct hub_ask *ask, uint32_t number)
{
    struct hub_subscription row;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_views_subscription(ask->map, number, &row);
    return err == RH_OK ? hub_ask_row(ask, show(ask, &row)) : err;
}

/* Of one agency or of all, in order of topics; those that are over only when asked for. */
enum rh_err hub_verb_subscription_list(struct hub_ask *ask)
{
    struct hub_cursor cursor;
    struct hub_subscription row;
    uint32_t agency, limit = hub_args_limit(ask);
    bool all = hub_args_switch(ask, "all");
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "agency", &agency);
    if (err == RH_OK)
        err = hub_token_read(ask, 'b', cursor.key, sizeof cursor.key, &cursor.bytes);
    for (uint32_t seen = 0; err == RH_OK && ask->rows < limit && seen < HUB_ASK_EXAMINED_MAX;
         seen++) {
        err = hub_views_subscription_next(ask->map, &cursor, &row);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        bool over = row.ended_ms != 0 || row.until_ms <= ask->now_ms;
        if (err == RH_OK && (all || !over) &&
            (agency == HUB_AGENCY_NONE || agency == row.agency ||
             agency == heir_of(ask, row.agency)))
            err = hub_ask_row(ask, show(ask, &row));
    }
    if (err == RH_OK)
        hub_token_write(ask, 'b', cursor.key, cursor.bytes);
    return err;
}

static enum rh_err read_number(struct hub_ask *ask, uint32_t *out)
{
    const char *text = hub_args_text(ask, "id");
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || number > UINT32_MAX || number == 0)
        return hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_SUBSCRIPTION, "/args/id", NULL, text);
    *out = (uint32_t)number;
    return RH_OK;
}

enum rh_err hub_verb_subscription_show(struct hub_ask *ask)
{
    uint32_t number;
    enum rh_err err = read_number(ask, &number);
    if (err == RH_OK)
        err = show_number(ask, number);
    return err != RH_ERR_NOTFOUND
               ? err
               : hub_ask_refuse(ask, RH_REFUSE_UNKNOWN_SUBSCRIPTION, "/args/id", NULL,
                                hub_args_text(ask, "id"));
}

/* ---- given ------------------------------------------------------------------------------ */

static enum rh_err take_events(struct hub_ask *ask, struct hub_subscription *row)
{
    char bad[HUB_SHARE_WORD_BYTES];
    return hub_share_read_events(hub_args_text(ask, "events"), &row->events, bad)
               ? RH_OK
               : hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/events",
                                N_("no event one can subscribe to; such are register, dispatch "
                                   "(of any kind), accept, conclude, close, overdue"),
                                bad);
}

static enum rh_err take_masks(struct hub_ask *ask, struct hub_subscription *row)
{
    const char *list = hub_args_text(ask, "give");
    char bad[HUB_SHARE_WORD_BYTES];
    return hub_share_read_masks(list == NULL ? "" : list, row->masks, bad)
               ? RH_OK
               : hub_ask_refuse(
                     ask, RH_REFUSE_FIELD_INVALID, "/args/give",
                     N_("reference (full, code), procedure, category (full, top), area (full, "
                        "county, city, province), source, date (full, day, month), state, "
                        "holder (full, role), due (full, day, month), outcome; without = in "
                        "full, not named not at all"),
                     bad);
}

/* "*" and nothing is any. */
static enum rh_err take_topic(struct hub_ask *ask, struct hub_subscription *row)
{
    const char *area = hub_args_text(ask, "area");
    const char *category = hub_args_text(ask, "category");
    if (area == NULL && category == NULL)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/category",
                              N_("an area, a category or both; * is any"), NULL);
    if (area != NULL && strcmp(area, "*") != 0) {
        if (strlen(area) > RH_CODE_BYTES_MAX || !hub_share_is_area(area))
            return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/area",
                                  N_("a division code of 2, 4, 6, 9 or 12 digits"), area);
        memcpy(row->area, area, strlen(area) + 1);
    }
    if (category != NULL && strcmp(category, "*") != 0) {
        if (strlen(category) > RH_CODE_BYTES_MAX)
            return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "/args/category", NULL, NULL);
        memcpy(row->category, category, strlen(category) + 1);
    }
    return RH_OK;
}

/* A day is its first instant to begin with, and its end to end with, in China. */
static enum rh_err take_times(struct hub_ask *ask, struct hub_subscription *row)
{
    const char *until = hub_args_text(ask, "until");
    row->from_ms = hub_args_instant(ask, "from", 0);
    row->until_ms = hub_args_instant(ask, "until", 0);
    if (strlen(until) == DATE_BYTES)
        row->until_ms += RH_DAY_MS;
    uint64_t first_ms = row->from_ms != 0 ? row->from_ms : ask->now_ms;
    return row->until_ms > ask->now_ms && row->until_ms > first_ms
               ? RH_OK
               : hub_ask_refuse(ask, RH_REFUSE_DUE_DATE, "/args/until",
                                N_("a subscription ends in the future, after it begins"),
                                until);
}

static enum rh_err take_basis(struct hub_ask *ask, struct hub_subscription *row)
{
    const char *basis = hub_args_text(ask, "basis");
    if (strlen(basis) > HUB_BASIS_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "/args/basis",
                              N_("a basis has at most 200 bytes"), NULL);
    memcpy(row->basis, basis, strlen(basis) + 1);
    return RH_OK;
}

static enum rh_err take_wish(struct hub_ask *ask, struct hub_subscription *row)
{
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &row->agency);
    hub_snapshot_end(ask);
    if (err == RH_OK)
        err = take_topic(ask, row);
    if (err == RH_OK)
        err = take_events(ask, row);
    if (err == RH_OK)
        err = take_masks(ask, row);
    if (err == RH_OK)
        err = take_times(ask, row);
    return err == RH_OK ? take_basis(ask, row) : err;
}

static enum rh_err order(struct hub_ask *ask, struct hub_command *command)
{
    struct hub_command_result result;
    enum rh_err err = hub_command_ask(ask, command, hub_args_text(ask, "id"), &result);
    return err == RH_OK ? show_number(ask, result.subscription) : err;
}

enum rh_err hub_verb_subscription_add(struct hub_ask *ask)
{
    struct hub_command command = { .type = HUB_COMMAND_SUBSCRIPTION };
    enum rh_err err = take_wish(ask, &command.subscription);
    return err == RH_OK ? order(ask, &command) : err;
}

enum rh_err hub_verb_subscription_end(struct hub_ask *ask)
{
    struct hub_command command = { .type = HUB_COMMAND_SUBSCRIPTION };
    enum rh_err err = read_number(ask, &command.subscription.number);
    return err == RH_OK ? order(ask, &command) : err;
}
