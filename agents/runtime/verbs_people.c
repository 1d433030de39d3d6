/* Verbs about third parties: who takes part in a matter, what each may be shown of it, and
 * what each was shown. Every showing, and every refusal of one, is on record before it is
 * answered. */
#include "runtime/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>

#include "runtime/people.h"
#include "runtime/view.h"
#include "runtime/words.h"

enum { ROWS_DEFAULT = 100, ROWS_MAX = 1000, SHOWN_MESSAGES_MAX = 1000,
       SHOWN_BYTES_MAX = 4 * 1024 * 1024 };

static struct rh_date today_of(struct agent *agent)
{
    return rh_date_of_instant(agent_now_ms(agent));
}

static void name_case(json_t *row, const struct agent_case *known)
{
    if (known->number[0] != '\0')
        agent_json_text(row, "referral", known->number);
    else
        agent_json_id(row, "referral", known->id.bytes);
    agent_json_id(row, "referral_id", known->id.bytes);
}

/* ---- who takes part --------------------------------------------------------------------- */

static json_t *person_row(struct agent *agent, const struct agent_case *known,
                          const struct agent_person *person)
{
    const struct agent_participant *now = &person->now;
    json_t *row = agent_json_row("participant");
    agent_json_text(row, "id", now->id);
    name_case(row, known);
    agent_json_text(row, "named_by", now->agency.text);
    agent_json_text(row, "name", now->name);
    agent_json_text(row, "role", now->role);
    agent_json_text(row, "unit", now->unit);
    json_object_set_new(row, "scope", agent_scopes_json(now->scope));
    agent_json_text(row, "from", now->from);
    agent_json_text(row, "until", now->until);
    agent_json_text(row, "basis", now->basis);
    agent_json_text(row, "ended", now->ended);
    agent_json_text(row, "presence",
                    agent_presence_name(
                        agent_people_presence(person, known->state, today_of(agent))));
    agent_json_instant(row, "since_at", person->since_ms);
    agent_json_instant(row, "changed_at", person->changed_ms);
    json_object_set_new(row, "waiting", json_boolean(person->waiting));
    return row;
}

enum rh_err agent_verb_participants(struct agent_ask *ask)
{
    struct agent_case known;
    enum rh_err err = agent_ask_case(ask, &known);
    if (err != RH_OK)
        return ask->refusal != 0 ? RH_OK : err;
    struct agent_person *person = calloc(1, sizeof *person);
    rh_assert(person != NULL);
    while ((err = agent_people_next(ask->agent->spool, &known.id, person)) == RH_OK) {
        err = agent_ask_row(ask, person_row(ask->agent, &known, person));
        if (err != RH_OK)
            break;
    }
    free(person);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- what each was shown ---------------------------------------------------------------- */

static json_t *shown_row(const struct agent_shown *shown, bool sound)
{
    json_t *row = agent_json_row("view");
    char *chain = agent_hex(shown->chain.bytes, sizeof shown->chain.bytes);
    char no[24];
    snprintf(no, sizeof no, "%llu", (unsigned long long)shown->no);
    agent_json_text(row, "id", no); /* what -o ids prints */
    agent_json_number(row, "no", shown->no);
    agent_json_instant(row, "at", shown->at_ms);
    agent_json_text(row, "by", shown->by);
    agent_json_number(row, "uid", shown->uid);
    if (shown->number[0] != '\0')
        agent_json_text(row, "referral", shown->number);
    else
        agent_json_id(row, "referral", shown->referral.bytes);
    agent_json_id(row, "referral_id", shown->referral.bytes);
    agent_json_text(row, "for", shown->participant);
    agent_json_text(row, "named_by", shown->agency.text);
    agent_json_text(row, "role", shown->role);
    agent_json_text(row, "reason", shown->reason);
    agent_json_text(row, "result", shown->refusal == 0 ? "shown" : "refused");
    if (shown->refusal != 0) {
        char code[RH_REFUSAL_TEXT_BYTES];
        rh_refusal_format(shown->refusal, code);
        agent_json_text(row, "refusal", code);
    }
    json_object_set_new(row, "scope", agent_scopes_json(shown->scope));
    agent_json_number(row, "messages", shown->messages);
    agent_json_text(row, "chain", chain);
    json_object_set_new(row, "sound", json_boolean(sound));
    free(chain);
    return row;
}

enum rh_err agent_verb_views(struct agent_ask *ask)
{
    struct agent_case known;
    struct agent_shown shown;
    bool sound, one = json_object_get(ask->args, "id") != NULL;
    uint64_t no = agent_ask_cursor(ask);
    uint64_t limit = agent_ask_number(ask, "limit", ROWS_DEFAULT, ROWS_MAX);
    enum rh_err err = one && ask->refusal == 0 ? agent_ask_case(ask, &known) : RH_OK;
    if (ask->refusal != 0)
        return RH_OK;
    for (; err == RH_OK && ask->rows < limit; no++) {
        err = agent_spool_shown_next(ask->agent->spool, &no, &shown, &sound);
        if (err == RH_OK &&
            (!one || memcmp(known.id.bytes, shown.referral.bytes, sizeof known.id) == 0))
            err = agent_ask_row(ask, shown_row(&shown, sound));
    }
    if (err == RH_OK)
        snprintf(ask->cursor, sizeof ask->cursor, "%llu", (unsigned long long)no);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- going through a matter ------------------------------------------------------------- */

/* One message at a time; `opened` and what it points into live until the next. */
struct walk {
    struct agent *agent;
    const struct rh_referral_id *id;
    uint64_t at;
    struct agent_opened opened;
    struct agent_view_message message;
};

static void open_content(struct walk *walk, struct rh_bytes bytes, enum rh_err found, bool sent)
{
    struct agent_view_message *message = &walk->message;
    if (found != RH_OK) {
        message->missing = AGENT_VIEW_GONE;
        return;
    }
    uint32_t refusal = sent ? agent_open_sent(walk->agent, bytes, &walk->opened)
                            : agent_open_delivery(walk->agent, bytes, &walk->opened);
    message->item = walk->opened.has_item ? &walk->opened.item : NULL;
    message->missing = refusal != 0 ? AGENT_VIEW_UNREADABLE : AGENT_VIEW_WHOLE;
    message->content = refusal == 0 ? &walk->opened.content : NULL;
    if (refusal == 0)
        message->body = walk->opened.body;
}

static enum rh_err open_sent(struct walk *walk, uint64_t n, bool *counts)
{
    struct agent_sent sent;
    struct rh_bytes bytes;
    enum rh_err err = agent_spool_sent(walk->agent->spool, n, &sent);
    *counts = err == RH_OK && sent.state == AGENT_STORED;
    if (!*counts)
        return err;
    walk->message.kind = sent.kind;
    walk->message.from = walk->agent->options.agency.text;
    walk->message.own = true;
    walk->message.stored_ms = sent.stored_ms;
    err = agent_spool_original(walk->agent->spool, n, &bytes);
    open_content(walk, bytes, err, true);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err open_got(struct walk *walk, uint64_t arrival, struct agent_got *got,
                            bool *counts)
{
    struct rh_bytes frame;
    enum rh_err err = agent_spool_got(walk->agent->spool, arrival, got);
    *counts = err == RH_OK && got->form != RH_DELIVERY_TOMBSTONE;
    if (!*counts)
        return err;
    walk->message.kind = got->kind;
    walk->message.from = got->sender.text;
    walk->message.notice = got->form != RH_DELIVERY_ITEM;
    walk->message.stored_ms = got->stored_ms;
    err = agent_spool_delivery(walk->agent->spool, arrival, &frame);
    open_content(walk, frame, err, false);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* The next message that counts: what the hub refused, or has not stored, is none.
 * RH_ERR_NOTFOUND past the last. */
static enum rh_err walk_next(struct walk *walk, struct agent_got *got)
{
    bool sent, counts = false;
    uint64_t number;
    enum rh_err err = RH_OK;
    while (err == RH_OK && !counts) {
        agent_opened_release(&walk->opened);
        memset(&walk->opened, 0, sizeof walk->opened);
        memset(&walk->message, 0, sizeof walk->message);
        err = agent_spool_history_next(walk->agent->spool, walk->id, &walk->at, &sent, &number);
        if (err == RH_OK)
            err = sent ? open_sent(walk, number, &counts)
                       : open_got(walk, number, got, &counts);
        walk->at++;
    }
    return err;
}

static struct walk *walk_begin(struct agent *agent, const struct rh_referral_id *id)
{
    struct walk *walk = calloc(1, sizeof *walk);
    rh_assert(walk != NULL);
    walk->agent = agent;
    walk->id = id;
    return walk;
}

static void walk_end(struct walk *walk)
{
    agent_opened_release(&walk->opened);
    free(walk);
}

/* ---- one participant's view ------------------------------------------------------------- */

struct showing {
    struct agent_ask *ask;
    const struct agent_case *known;
    struct agent_person person;
    struct agent_shown shown;
    struct agent_view *view;
    bool sealed;              /* a sealing is in force */
    enum agent_presence presence;
};

/* "law-1", or "petitions.620423/law-1" where two agencies use one id. */
static enum rh_err find_person(struct showing *showing, const char *who)
{
    struct agent_ask *ask = showing->ask;
    struct rh_agency_id agency;
    const char *slash = strchr(who, '/'), *id = slash != NULL ? slash + 1 : who;
    bool named = slash != NULL;
    enum rh_err err = RH_ERR_NOTFOUND;
    bool good = rh_participant_id_is_valid(id, strlen(id)) &&
                (!named || rh_agency_id_parse(who, (size_t)(slash - who), &agency) == RH_OK);
    if (good)
        err = agent_people_find(ask->agent->spool, &showing->known->id,
                                named ? &agency : NULL, id, &showing->person);
    if (good)
        snprintf(showing->shown.participant, sizeof showing->shown.participant, "%s", id);
    if (err == RH_ERR_NOTFOUND)
        agent_ask_refuse(ask, RH_REFUSE_PARTICIPANT_UNKNOWN, "/args/for");
    if (err == RH_ERR_EXISTS)
        agent_ask_explain(ask, RH_REFUSE_PARTICIPANT_UNKNOWN, "/args/for",
                          "two agencies use this id: write AGENCY/ID",
                          "两家单位使用了同一代号, 请写作 单位/代号");
    return err == RH_ERR_NOTFOUND || err == RH_ERR_EXISTS ? RH_OK : err;
}

/* A query about a sealed juvenile record is about nothing but that record. */
static bool is_sealed_procedure(const char *procedure)
{
    return strcmp(procedure, "sealing-query") == 0;
}

static enum rh_err learn(struct showing *showing)
{
    const struct agent_case *known = showing->known;
    struct walk *walk = walk_begin(showing->ask->agent, &known->id);
    struct agent_got got;
    enum rh_err err = RH_OK;
    showing->sealed = is_sealed_procedure(known->procedure);
    while (err == RH_OK) {
        err = walk_next(walk, &got);
        if (err != RH_OK)
            break;
        if (walk->message.kind == RH_KIND_SEAL || walk->message.kind == RH_KIND_UNSEAL)
            showing->sealed = walk->message.kind == RH_KIND_SEAL;
        err = agent_view_learn(showing->view, known->procedure, known->category,
                               walk->message.item, walk->message.content);
    }
    walk_end(walk);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* Whether he may be shown anything at all. */
static void judge(struct showing *showing)
{
    static const char *const why[][2] = {
        [AGENT_NOT_YET] = { "the first day is to come", "起始日期未到" },
        [AGENT_OVER] = { "the last day is past", "截止日期已过" },
        [AGENT_ENDED] = { "the participation was ended", "已退出" },
        [AGENT_RESTS] = { "the matter is at rest and no last day was given",
                          "事项已了结, 且未写明截止日期" },
        [AGENT_NOT_STORED] = { "the hub has not stored the message that names this participant",
                               "列明该参与人的报文尚未入库" },
    };
    showing->presence = agent_people_presence(&showing->person, showing->known->state,
                                              today_of(showing->ask->agent));
    if (showing->sealed)
        agent_ask_explain(showing->ask, RH_REFUSE_RECORD_SEALED, "/args/id",
                          "Criminal Procedure Law, article 286", "刑事诉讼法第二百八十六条");
    else if (showing->presence != AGENT_PRESENT)
        agent_ask_explain(showing->ask, RH_REFUSE_PARTICIPANT_NOT_NOW, "/args/for",
                          why[showing->presence][0], why[showing->presence][1]);
}

static enum rh_err add_messages(struct showing *showing, json_t *row)
{
    struct walk *walk = walk_begin(showing->ask->agent, &showing->known->id);
    struct agent_got got;
    json_t *list = json_array();
    uint64_t left_out = 0;
    size_t bytes = 0;
    enum rh_err err = RH_OK;
    while (err == RH_OK) {
        err = walk_next(walk, &got);
        if (err != RH_OK)
            break;
        bool room = json_array_size(list) + left_out < SHOWN_MESSAGES_MAX &&
                    bytes < SHOWN_BYTES_MAX;
        json_t *one = room ? agent_view_message(showing->view, &walk->message) : NULL;
        if (one != NULL && walk->message.content != NULL)
            bytes += walk->message.body.content.bytes + walk->message.content->summary.bytes;
        if (one != NULL)
            json_array_append_new(list, one);
        else
            left_out++;
    }
    walk_end(walk);
    showing->shown.messages = (uint32_t)json_array_size(list);
    json_object_set_new(row, "messages", list);
    agent_json_number(row, "messages_withheld", left_out);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static json_t *view_row(struct showing *showing)
{
    const struct agent_case *known = showing->known;
    const struct agent_participant *now = &showing->person.now;
    uint32_t scope = agent_view_scope(showing->view);
    json_t *row = agent_json_row("participant_view");
    name_case(row, known);
    agent_json_text(row, "id", now->id);
    agent_json_text(row, "for", now->id);
    if (now->sent || agent_view_names_others(showing->view))
        agent_json_text(row, "named_by", now->agency.text);
    agent_json_text(row, "role", now->role);
    json_object_set_new(row, "scope", agent_scopes_json(scope));
    agent_json_text(row, "until", now->until);
    if ((scope & RH_SCOPE_FACTS) != 0) {
        agent_json_text(row, "procedure", known->procedure);
        agent_json_text(row, "category", known->category);
    }
    if ((scope & RH_SCOPE_OUTCOME) != 0 && known->state != RH_STATE_NONE)
        agent_json_text(row, "state", rh_state_name(known->state));
    if ((scope & RH_SCOPE_DATES) != 0)
        agent_json_instant(row, "due_at", known->due_ms);
    json_object_set_new(row, "withheld", agent_view_withheld(showing->view));
    return row;
}

/* Who asked goes on record whatever came of it; nothing is answered that is not on disk. */
static enum rh_err record(struct showing *showing)
{
    struct agent_shown *shown = &showing->shown;
    const struct agent_participant *now = &showing->person.now;
    char id[RH_ID_TEXT_BYTES], no[24], code[RH_REFUSAL_TEXT_BYTES] = "";
    shown->at_ms = agent_now_ms(showing->ask->agent);
    shown->uid = showing->ask->uid;
    shown->referral = showing->known->id;
    memcpy(shown->number, showing->known->number, sizeof shown->number);
    shown->agency = now->agency;
    memcpy(shown->role, now->role, sizeof shown->role);
    shown->refusal = showing->ask->refusal;
    shown->scope = shown->refusal == 0 ? agent_view_scope(showing->view) : 0;
    enum rh_err err = agent_spool_shown_add(showing->ask->agent->spool, shown);
    if (err == RH_OK)
        err = agent_spool_commit(showing->ask->agent->spool);
    if (err != RH_OK)
        return err;
    char *chain = agent_hex(shown->chain.bytes, sizeof shown->chain.bytes);
    rh_id_format(shown->referral.bytes, id);
    snprintf(no, sizeof no, "%llu", (unsigned long long)shown->no);
    if (shown->refusal != 0)
        rh_refusal_format(shown->refusal, code);
    agent_log(AGENT_INFO, "participant_view", "no", no, "referral", id, "for",
              shown->participant[0] != '\0' ? shown->participant : "-", "result",
              shown->refusal == 0 ? "shown" : "refused", "chain", chain,
              shown->refusal != 0 ? "code" : NULL, code, NULL);
    free(chain);
    return RH_OK;
}

/* Who asks and why; a refusal when he does not say why. */
static void read_asker(struct showing *showing)
{
    const char *by = json_string_value(json_object_get(showing->ask->request, "operator"));
    const char *reason = agent_ask_text(showing->ask, "reason");
    struct agent_shown *shown = &showing->shown;
    if (showing->ask->refusal != 0)
        return;
    if (reason == NULL || reason[0] == '\0' || strlen(reason) >= sizeof shown->reason) {
        agent_ask_explain(showing->ask, RH_REFUSE_REASONS_MISSING, "/args/reason",
                          "why this is shown, 1 to 300 bytes; it goes on record",
                          "须写明出示理由 (1 至 300 字节), 将记录在案");
        return;
    }
    memcpy(shown->reason, reason, strlen(reason) + 1);
    if (by != NULL && strlen(by) < sizeof shown->by)
        memcpy(shown->by, by, strlen(by) + 1);
}

static enum rh_err show_to(struct showing *showing, const char *who, json_t **row)
{
    enum rh_err err = find_person(showing, who);
    if (err != RH_OK || showing->ask->refusal != 0)
        return err;
    showing->view = agent_view_new(showing->person.now.scope,
                                   today_of(showing->ask->agent));
    err = learn(showing);
    if (err == RH_ERR_FULL) {
        agent_ask_explain(showing->ask, RH_REFUSE_TOO_LARGE, "/args/id",
                          "more persons than can be masked with certainty",
                          "人员过多, 无法确保全部隐名");
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    agent_view_ready(showing->view);
    judge(showing);
    if (showing->ask->refusal != 0)
        return RH_OK;
    *row = view_row(showing);
    return add_messages(showing, *row);
}

enum rh_err agent_verb_show_participant(struct agent_ask *ask)
{
    struct agent_case known;
    enum rh_err found = agent_ask_case(ask, &known);
    if (found != RH_OK)
        return ask->refusal != 0 ? RH_OK : found;
    struct showing *showing = calloc(1, sizeof *showing);
    json_t *row = NULL;
    rh_assert(showing != NULL);
    showing->ask = ask;
    showing->known = &known;
    const char *who = agent_ask_text(ask, "for");
    if (who == NULL && ask->refusal == 0)
        agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/for", "which participant",
                          "须写明是哪一位参与人");
    read_asker(showing);
    bool full = ask->agent->full;
    if (ask->refusal == 0 && full)
        agent_ask_refuse(ask, RH_REFUSE_SPOOL_FULL, "");
    bool asked = ask->refusal == 0;
    enum rh_err err = asked ? show_to(showing, who, &row) : RH_OK;
    if (err == RH_OK && asked)
        err = record(showing);
    if (err == RH_OK && asked && ask->refusal == 0) {
        agent_json_number(row, "view_no", showing->shown.no);
        err = agent_ask_row(ask, row);
        row = NULL;
    }
    json_decref(row);
    agent_view_destroy(&showing->view);
    rh_wipe(showing, sizeof *showing);
    free(showing);
    return err;
}
