/* Dead letters: stored messages that their receivers cannot take. Their senders hold them. */
#include "operator/inside.h"

#include <stdio.h>

#include <rh/text.h>

static json_t *show(struct hub_ask *ask, const struct hub_dead *dead)
{
    char id[RH_AGENCY_BYTES_MAX + 24];
    json_t *row = hub_json_row("dead");
    snprintf(id, sizeof id, "%llu:%s", (unsigned long long)dead->index,
             hub_json_name(ask, dead->to)->id.text);
    hub_json_text(row, "id", id);
    hub_json_uint(row, "log_index", dead->index);
    hub_json_code(row, "cause", dead->refusal);
    hub_json_agency(ask, row, "from", dead->from);
    hub_json_agency(ask, row, "to", dead->to);
    hub_json_text(row, "kind", rh_kind_name(dead->kind));
    hub_json_text(row, "lane", rh_lane_name(dead->lane));
    hub_json_uint(row, "pair_seq", dead->pair_seq);
    hub_json_text(row, "referral", NULL);
    if (dead->rno != 0 && hub_views_referral(ask->map, dead->rno, ask->op->other) == RH_OK)
        hub_json_text(row, "referral", ask->op->other->number);
    hub_json_at(row, "dead_at", dead->dead_ms);
    hub_json_uint(row, "age_s",
                  ask->now_ms > dead->dead_ms ? (ask->now_ms - dead->dead_ms) / 1000 : 0);
    hub_json_bool(row, "settled", dead->settled);
    json_object_set_new(row, "settled_by", json_null());
    if (dead->settled)
        hub_json_uint(row, "settled_by", dead->settled_index);
    return row;
}

enum rh_err hub_verb_dead_list(struct hub_ask *ask)
{
    struct hub_cursor cursor = { .bytes = 0 };
    struct hub_dead dead;
    enum rh_refusal cause = RH_REFUSE_NONE;
    const char *text = hub_args_text(ask, "cause");
    uint32_t limit = hub_args_limit(ask);
    if (text != NULL && rh_refusal_parse(text, &cause) != RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/cause",
                              N_("a code like RH-4221 is wanted"), text);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_token_read(ask, 'x', cursor.key, sizeof cursor.key, &cursor.bytes);
    for (uint32_t seen = 0; err == RH_OK; seen++) {
        if (ask->rows == limit || seen == HUB_ASK_EXAMINED_MAX) {
            hub_token_write(ask, 'x', cursor.key, cursor.bytes);
            return RH_OK;
        }
        err = hub_views_dead_next(ask->map, &cursor, &dead);
        if (err == RH_OK && !dead.settled &&
            (cause == RH_REFUSE_NONE || dead.refusal == (uint32_t)cause))
            err = hub_ask_row(ask, show(ask, &dead));
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err hub_verb_dead_show(struct hub_ask *ask)
{
    struct hub_dead dead;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_dead(ask, &dead);
    return err == RH_OK ? hub_ask_row(ask, show(ask, &dead)) : err;
}

static enum rh_err settle(struct hub_ask *ask, enum hub_command_type type)
{
    struct hub_dead dead;
    struct hub_command command = { .type = type };
    struct hub_command_result result;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_dead(ask, &dead);
    hub_snapshot_end(ask);
    if (err != RH_OK)
        return err;
    command.dead_index = dead.index;
    command.dead_to = dead.to;
    err = hub_command_ask(ask, &command, hub_args_text(ask, "id"), &result);
    if (err != RH_OK)
        return err;
    err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_dead(ask, &dead);
    return err == RH_OK ? hub_ask_row(ask, show(ask, &dead)) : err;
}

enum rh_err hub_verb_dead_retry(struct hub_ask *ask)
{
    return settle(ask, HUB_COMMAND_DEAD_RETRY);
}

enum rh_err hub_verb_dead_return(struct hub_ask *ask)
{
    return settle(ask, HUB_COMMAND_DEAD_RETURN);
}
