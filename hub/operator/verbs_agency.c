/* Agencies: listed, enrolled by their public card, revoked, suspended, resumed. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/hash.h>
#include <rh/text.h>

static void put_keys(json_t *row, const struct hub_agency *agency)
{
    char fingerprint[RH_FINGERPRINT_BYTES] = "";
    json_t *uses = json_array();
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (agency->card.present[use])
            json_array_append_new(uses, json_string(rh_key_use_name((enum rh_key_use)use)));
    }
    if (json_array_size(uses) > 0)
        rh_card_fingerprint(&agency->card, fingerprint);
    hub_json_text(row, "fingerprint", fingerprint);
    json_object_set_new(row, "keys", uses);
}

static void put_session(struct hub_ask *ask, json_t *row, uint32_t no)
{
    struct hub_session_view session;
    bool online = hub_find_session(ask, no, &session);
    hub_json_bool(row, "online", online);
    hub_json_at(row, "online_since_at", online ? session.since_ms : 0);
    hub_json_at(row, "last_seen_at", session.last_ms);
    json_object_set_new(row, "skew_ms", json_null());
    if (session.last_ms != 0)
        hub_json_int(row, "skew_ms", session.skew_ms);
    hub_json_bool(row, "skew_warning",
                  session.last_ms != 0 && hub_skew_warns(ask, session.skew_ms));
    hub_json_text(row, "software", session.software);
    hub_json_uint(row, "in_flight", session.in_flight);
}

static void put_stream(struct hub_ask *ask, json_t *row, uint32_t no)
{
    struct hub_stream stream;
    char epoch[2 * RH_EPOCH_BYTES + 1] = "";
    bool known = hub_views_stream_open(ask->map, no, &stream) == RH_OK;
    for (unsigned i = 0; known && i < RH_EPOCH_BYTES; i++)
        snprintf(epoch + (size_t)2 * i, 3, "%02x", stream.epoch.bytes[i]);
    hub_json_text(row, "epoch", epoch);
    hub_json_uint(row, "next_n", known ? stream.next_n : 0);
    hub_json_at(row, "last_sent_at", known ? stream.last_ms : 0);
}

const char *hub_json_agency_state(enum hub_agency_state state)
{
    switch (state) {
    case HUB_AGENCY_ACTIVE:
        return "active";
    case HUB_AGENCY_REVOKED:
        return "revoked";
    case HUB_AGENCY_SUSPENDED:
        return "suspended";
    case HUB_AGENCY_SUCCEEDED:
        return "succeeded";
    }
    return "?";
}

static json_t *show(struct hub_ask *ask, const struct hub_agency *agency)
{
    json_t *row = hub_json_row("agency");
    hub_json_text(row, "id", agency->id.text);
    hub_json_text(row, "name_zh", agency->name_zh);
    hub_json_text(row, "name_en", agency->name_en);
    hub_json_text(row, "role", agency->role);
    hub_json_text(row, "area", agency->area);
    json_object_set_new(row, "superior", hub_json_agency_id(ask, agency->superior));
    hub_json_text(row, "state", hub_json_agency_state(agency->state));
    put_session(ask, row, agency->no);
    hub_json_uint(row, "queue", hub_find_count_of(ask, "queue", agency->no));
    hub_json_uint(row, "open", hub_find_count_of(ask, "open", agency->no));
    hub_json_uint(row, "overdue", hub_find_count_of(ask, "overdue", agency->no));
    hub_json_uint(row, "dead", hub_find_count_of(ask, "dead", agency->no));
    put_keys(row, agency);
    put_stream(ask, row, agency->no);
    hub_json_successors(ask, row, agency);
    hub_json_grants(ask, row, agency);
    hub_json_at(row, "enrolled_at", agency->enrolled_ms);
    hub_json_at(row, "changed_at", agency->changed_ms);
    return row;
}

static enum rh_err show_row(struct hub_ask *ask, uint32_t no)
{
    (void)no; /* the row of the walk is in hand */
    return hub_ask_row(ask, show(ask, ask->op->agency));
}

enum rh_err hub_verb_agency_list(struct hub_ask *ask)
{
    return hub_find_each_agency(ask, 'a', show_row);
}

static enum rh_err show_named(struct hub_ask *ask)
{
    uint32_t no;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &no);
    return err == RH_OK ? hub_ask_row(ask, show(ask, ask->op->agency)) : err;
}

enum rh_err hub_verb_agency_show(struct hub_ask *ask)
{
    return show_named(ask);
}

/* ---- enrolling ------------------------------------------------------------------------- */

/* An optional text into a field of the row. */
static enum rh_err take_text(struct hub_ask *ask, const char *name, char *out, size_t capacity)
{
    const char *text = hub_args_text(ask, name);
    if (text == NULL)
        return RH_OK;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/args/%s", name);
    if (strlen(text) >= capacity)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, pointer, NULL, NULL);
    memcpy(out, text, strlen(text) + 1);
    return RH_OK;
}

static enum rh_err take_card(struct hub_ask *ask, struct hub_agency *row)
{
    const char *card = hub_args_text(ask, "card");
    if (rh_card_parse(card, strlen(card), &row->card) != RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/card",
                              N_("this is no public card; see 'rhub key show'"), NULL);
    if (strcmp(row->card.owner, row->id.text) != 0)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/card",
                              N_("the card belongs to another agency"), row->card.owner);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        if (!row->card.present[use])
            return hub_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/card",
                                  N_("the card lacks a key"),
                                  rh_key_use_name((enum rh_key_use)use));
    }
    return RH_OK;
}

/* Role and area are those of the id unless said otherwise. */
static enum rh_err take_place(struct hub_ask *ask, struct hub_agency *row)
{
    const char *division = strchr(row->id.text, '.');
    rh_assert(division != NULL);
    rh_agency_role(&row->id, row->role);
    memcpy(row->area, division + 1, strlen(division + 1) + 1);
    enum rh_err err = take_text(ask, "role", row->role, sizeof row->role);
    if (err == RH_OK)
        err = take_text(ask, "area", row->area, sizeof row->area);
    if (err == RH_OK)
        err = take_text(ask, "name_zh", row->name_zh, sizeof row->name_zh);
    if (err == RH_OK)
        err = take_text(ask, "name_en", row->name_en, sizeof row->name_en);
    if (err == RH_OK)
        err = hub_find_agency(ask, "superior", &row->superior);
    return err;
}

static enum rh_err fill_row(struct hub_ask *ask, struct hub_agency *row)
{
    const char *id = hub_args_text(ask, "id");
    if (rh_agency_id_parse(id, strlen(id), &row->id) != RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/id",
                              N_("an agency id looks like court.510603"), id);
    if (hub_views_agency_find(ask->map, id, ask->op->agency) == RH_OK)
        return hub_ask_refuse(ask, RH_REFUSE_AGENCY_EXISTS, "/args/id", NULL, id);
    row->state = HUB_AGENCY_ACTIVE;
    rh_hash_keyed(ask->op->external_key, (const uint8_t *)id, strlen(id), &row->unit_hash);
    enum rh_err err = take_card(ask, row);
    return err == RH_OK ? take_place(ask, row) : err;
}

enum rh_err hub_verb_agency_enrol(struct hub_ask *ask)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY };
    struct hub_command_result result;
    const char *id = hub_args_text(ask, "id");
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = fill_row(ask, &command.agency);
    hub_snapshot_end(ask);
    if (err == RH_OK)
        err = hub_command_ask(ask, &command, id, &result);
    /* The engine's word for "there already" is about referrals; here it is about keys. */
    if (err != RH_OK && ask->refusal == RH_REFUSE_REFERRAL_EXISTS)
        return hub_ask_refuse(ask, RH_REFUSE_AGENCY_EXISTS, "/args/card", NULL, id);
    return err == RH_OK ? show_named(ask) : err;
}

/* ---- changing -------------------------------------------------------------------------- */

static enum rh_err change_state(struct hub_ask *ask, enum hub_agency_state state)
{
    uint32_t no;
    struct hub_command command = { .type = HUB_COMMAND_AGENCY };
    struct hub_command_result result;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &no);
    hub_snapshot_end(ask);
    if (err != RH_OK)
        return err;
    if (ask->op->agency->state == HUB_AGENCY_SUCCEEDED && state != HUB_AGENCY_REVOKED)
        return hub_ask_refuse(ask, RH_REFUSE_AGENCY_SUCCEEDED, "/args/id", NULL,
                              ask->op->agency->id.text);
    if (ask->op->agency->state == HUB_AGENCY_REVOKED && state != HUB_AGENCY_REVOKED)
        return hub_ask_refuse(ask, RH_REFUSE_KEY_REVOKED, "/args/id",
                              N_("a revoked agency does not come back"),
                              ask->op->agency->id.text);
    if (ask->op->agency->state == state)
        return show_named(ask); /* nothing to do, nothing to record */
    command.agency = *ask->op->agency;
    command.agency.state = state;
    err = hub_command_ask(ask, &command, command.agency.id.text, &result);
    return err == RH_OK ? show_named(ask) : err;
}

enum rh_err hub_verb_agency_revoke(struct hub_ask *ask)
{
    return change_state(ask, HUB_AGENCY_REVOKED);
}

enum rh_err hub_verb_agency_suspend(struct hub_ask *ask)
{
    return change_state(ask, HUB_AGENCY_SUSPENDED);
}

enum rh_err hub_verb_agency_resume(struct hub_ask *ask)
{
    return change_state(ask, HUB_AGENCY_ACTIVE);
}
