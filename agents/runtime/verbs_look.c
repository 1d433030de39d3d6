/* Verbs that look: status, lists, one case, one receipt; and `taken`, which only notes. */
#include "runtime/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "runtime/bulletin.h"
#include "runtime/receipt.h"
#include "runtime/words.h"

enum { ROWS_DEFAULT = 100, ROWS_MAX = 1000, EXAMINED_MAX = 20000 };

/* ---- status ----------------------------------------------------------------------------- */

static void add_trouble(const struct agent *agent, json_t *row)
{
    if (agent->last_detail[0] == '\0')
        return;
    char text[240], code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(agent->last_refusal, code);
    if (agent->last_refusal != 0)
        snprintf(text, sizeof text, "%s %s", code, agent->last_detail);
    else
        snprintf(text, sizeof text, "%s", agent->last_detail);
    agent_json_text(row, "last_error", text);
    agent_json_instant(row, "last_error_at", agent->last_trouble_ms);
}

enum rh_err agent_verb_status(struct agent_ask *ask)
{
    struct agent *agent = ask->agent;
    struct agent_counts counts;
    uint32_t permille = 0;
    enum rh_err err = agent_spool_counts(agent->spool, &counts);
    if (err == RH_OK)
        err = agent_spool_usage(agent->spool, &permille);
    if (err != RH_OK)
        return err;
    json_t *row = agent_json_row("agent"), *spool = json_object();
    char *epoch = agent_hex(agent_spool_epoch(agent->spool)->bytes, RH_EPOCH_BYTES);
    agent_json_text(row, "agency", agent->options.agency.text);
    agent_json_text(row, "hub", rh_client_hub(agent->client)->text);
    json_object_set_new(row, "online", json_boolean(rh_client_is_online(agent->client)));
    agent_json_instant(row, "online_since_at", agent->online_since_ms);
    agent_json_number(row, "outbox", counts.waiting);
    agent_json_number(row, "inbox", counts.not_taken);
    agent_json_instant(row, "hub_time_at", agent_now_ms(agent));
    agent_json_text(row, "profile", agent->options.profile_name);
    agent_json_text(row, "epoch", epoch);
    agent_json_number(row, "pid", (uint64_t)getpid());
    agent_json_instant(row, "started_at", agent->started_ms);
    agent_json_number(spool, "sent", counts.sent);
    agent_json_number(spool, "waiting", counts.waiting);
    agent_json_number(spool, "refused", counts.refused);
    agent_json_number(spool, "received", counts.got);
    agent_json_number(spool, "not_placed", counts.not_placed);
    agent_json_number(spool, "not_taken", counts.not_taken);
    agent_json_number(spool, "cases", counts.cases);
    agent_json_number(spool, "used_permille", permille);
    agent_json_number(spool, "in_flight", rh_client_in_flight(agent->client));
    json_object_set_new(row, "spool", spool);
    json_object_set_new(row, "stopped", json_boolean(agent->alarm != RH_ALARM_NONE));
    add_trouble(agent, row);
    free(epoch);
    return agent_ask_row(ask, row);
}

/* ---- lists ------------------------------------------------------------------------------ */

/* Where a page begins: a number, 1 at the start. */
uint64_t agent_ask_cursor(struct agent_ask *ask)
{
    const char *text = agent_ask_text(ask, "cursor");
    char *end;
    if (text == NULL)
        return 1;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || value == 0 || value > RH_NUMBER_MAX)
        agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/args/cursor",
                          "a cursor of an earlier answer", "应为先前应答给出的游标");
    return value;
}

static void set_cursor(struct agent_ask *ask, uint64_t next)
{
    snprintf(ask->cursor, sizeof ask->cursor, "%llu", (unsigned long long)next);
}

/* Index of the state asked for in `names` (ended by NULL); -1 for any; a refusal otherwise. */
static int read_state(struct agent_ask *ask, const char *const *names)
{
    const char *text = agent_ask_text(ask, "state");
    if (text == NULL || strcmp(text, "all") == 0)
        return -1;
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/args/state",
                      "all, or a state of this list", "应为 all 或该列表的某一状态");
    return -1;
}

static const char *const got_states[] = { "", "delivered", "placed", "taken", NULL };
static const char *const sent_states[] = { "", "waiting", "stored", "refused", NULL };

/* How people name a case: its number when known, else its id. */
static void add_case_name(struct agent *agent, json_t *row, const struct rh_referral_id *id,
                          const char *number)
{
    struct agent_case known;
    if (number[0] != '\0') {
        agent_json_text(row, "referral", number);
    } else if (agent_spool_case(agent->spool, id, &known) == RH_OK && known.number[0] != '\0') {
        agent_json_text(row, "referral", known.number);
    } else {
        agent_json_id(row, "referral", id->bytes);
    }
    agent_json_id(row, "referral_id", id->bytes);
}

/* Who of the house reads a matter today (the duty roster of the profile); NULL: anybody. */
static const struct rh_profile_department *on_duty(struct agent *agent,
                                                   const struct agent_case *known)
{
    const struct rh_profile *profile = agent->options.profile;
    return profile == NULL ? NULL
                           : rh_profile_on_duty(profile, known->procedure, known->category,
                                                rh_date_of_instant(agent_now_ms(agent)));
}

static void add_department(json_t *row, const struct rh_profile_department *department)
{
    if (department == NULL)
        return;
    agent_json_text(row, "department", department->id);
    agent_json_text(row, "department_zh", department->title_zh);
    agent_json_text(row, "department_en", department->title_en);
}

/* Whether a row is for the department that is asked for, if one is. */
static bool is_asked_for(const char *wanted, const struct rh_profile_department *department)
{
    return wanted == NULL || (department != NULL && strcmp(wanted, department->id) == 0);
}

static const struct rh_profile_department *reader_of(struct agent *agent,
                                                     const struct rh_referral_id *id)
{
    struct agent_case known;
    return agent->options.profile != NULL && agent_spool_case(agent->spool, id, &known) == RH_OK
               ? on_duty(agent, &known)
               : NULL;
}

static json_t *got_row(struct agent *agent, const struct agent_got *got)
{
    json_t *row = agent_json_row("message");
    json_object_set_new(row, "direction", json_string("in"));
    agent_json_number(row, "arrival", got->arrival);
    agent_json_id(row, "id", got->message_id.bytes);
    add_case_name(agent, row, &got->referral_id, got->number);
    if (got->kind != RH_KIND_NONE)
        agent_json_text(row, "kind", rh_kind_name(got->kind));
    agent_json_text(row, "from", got->sender.text);
    agent_json_text(row, "to", agent->options.agency.text);
    agent_json_text(row, "lane", rh_lane_name(got->lane));
    agent_json_text(row, "state", got_states[got->state]);
    agent_json_number(row, "log_index", got->index);
    agent_json_instant(row, "stored_at", got->stored_ms);
    agent_json_instant(row, "received_at", got->received_ms);
    agent_json_instant(row, "taken_at", got->taken_ms);
    agent_json_text(row, "file", got->name);
    add_department(row, reader_of(agent, &got->referral_id));
    return row;
}

static json_t *sent_row(struct agent *agent, const struct agent_sent *sent)
{
    struct agent_case known;
    json_t *row = agent_json_row("message");
    json_object_set_new(row, "direction", json_string("out"));
    agent_json_number(row, "n", sent->n);
    agent_json_id(row, "id", sent->message_id.bytes);
    add_case_name(agent, row, &sent->referral_id, "");
    agent_json_text(row, "kind", rh_kind_name(sent->kind));
    agent_json_text(row, "from", agent->options.agency.text);
    agent_json_text(row, "to", sent->to.text);
    agent_json_text(row, "state", sent_states[sent->state]);
    if (sent->state == AGENT_REFUSED) {
        char code[RH_REFUSAL_TEXT_BYTES];
        rh_refusal_format(sent->refusal, code);
        agent_json_text(row, "refusal", code);
    }
    if (sent->settled_ms != 0)
        agent_json_number(row, "log_index", sent->index);
    agent_json_instant(row, "stored_at", sent->stored_ms);
    agent_json_text(row, "holder", sent->holder.text);
    agent_json_instant(row, "due_at", sent->due_ms);
    if (agent_spool_case(agent->spool, &sent->referral_id, &known) != RH_OK)
        known.procedure[0] = '\0';
    agent_json_due(row, known.procedure, sent->due_limit, sent->due_basis);
    agent_json_instant(row, "added_at", sent->added_ms);
    return row;
}

/* Why a message came back, and what to do. */
static void say_dead(struct agent *agent, json_t *row, uint32_t refusal)
{
    char code[RH_REFUSAL_TEXT_BYTES], text[512];
    rh_refusal_format(refusal, code);
    agent_json_text(row, "refusal", code);
    snprintf(text, sizeof text, "%s. %s", agent_texts_title(agent->texts, refusal, false),
             agent_texts_action(agent->texts, refusal, false));
    agent_json_text(row, "says", text);
    snprintf(text, sizeof text, "%s。%s", agent_texts_title(agent->texts, refusal, true),
             agent_texts_action(agent->texts, refusal, true));
    agent_json_text(row, "says_zh", text);
}

/* Who acts in a matter from now on. */
static void say_successor(json_t *row, const struct rh_agency_id *by)
{
    char text[RH_AGENCY_BYTES_MAX + 40];
    snprintf(text, sizeof text, "taken over by %s", by->text);
    agent_json_text(row, "says", text);
    snprintf(text, sizeof text, "已由 %s 承接", by->text);
    agent_json_text(row, "says_zh", text);
}

/* Words of the hub's own say in the list what they are about; an agency's message is read. */
static void add_words(struct agent *agent, json_t *row, const struct agent_got *got)
{
    static struct rh_delivery delivery;
    static struct rh_public item;
    struct rh_bytes frame;
    if (got->form != RH_DELIVERY_NOTICE ||
        agent_spool_delivery(agent->spool, got->arrival, &frame) != RH_OK ||
        rh_delivery_decode(frame, &delivery) != RH_OK ||
        rh_public_decode(delivery.item.public_part, &item, NULL) != RH_OK)
        return;
    if (agent_bulletin_is(&item))
        agent_bulletin_say(row, &item);
    else if (item.kind == RH_KIND_DEAD_LETTER && item.refusal != 0)
        say_dead(agent, row, item.refusal);
    else if (item.kind == RH_KIND_NOTICE && strcmp(item.code, "succeeded") == 0)
        say_successor(row, &item.proper);
}

static enum rh_err give_got(struct agent_ask *ask, const struct agent_got *got)
{
    json_t *row = got_row(ask->agent, got);
    add_words(ask->agent, row, got);
    return agent_ask_row(ask, row);
}

enum rh_err agent_verb_inbox(struct agent_ask *ask)
{
    struct agent_got got;
    uint64_t arrival = agent_ask_cursor(ask);
    uint64_t limit = agent_ask_number(ask, "limit", ROWS_DEFAULT, ROWS_MAX);
    int state = read_state(ask, got_states);
    const char *department = agent_ask_text(ask, "department");
    enum rh_err err = RH_OK;
    if (ask->refusal != 0)
        return RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < EXAMINED_MAX && ask->rows < limit;
         i++, arrival++) {
        err = agent_spool_got_next(ask->agent->spool, &arrival, &got);
        if (err == RH_OK && (state < 0 || (int)got.state == state) &&
            is_asked_for(department, reader_of(ask->agent, &got.referral_id)))
            err = give_got(ask, &got);
    }
    if (err == RH_OK)
        set_cursor(ask, arrival);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

enum rh_err agent_verb_outbox(struct agent_ask *ask)
{
    struct agent_sent sent;
    uint64_t n = agent_ask_cursor(ask);
    uint64_t limit = agent_ask_number(ask, "limit", ROWS_DEFAULT, ROWS_MAX);
    int state = read_state(ask, sent_states);
    enum rh_err err = RH_OK;
    if (ask->refusal != 0)
        return RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < EXAMINED_MAX && ask->rows < limit; i++, n++) {
        err = agent_spool_sent_next(ask->agent->spool, &n, &sent);
        bool transport = sent.kind == RH_KIND_ACK || sent.kind == RH_KIND_NACK;
        if (err == RH_OK && !transport && (state < 0 || (int)sent.state == state))
            err = agent_ask_row(ask, sent_row(ask->agent, &sent));
    }
    if (err == RH_OK)
        set_cursor(ask, n);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static json_t *due_row(struct agent *agent, const struct agent_case *known)
{
    json_t *row = agent_json_row("owed");
    add_case_name(agent, row, &known->id, known->number);
    json_object_set(row, "id", json_object_get(row, "referral")); /* what -o ids prints */
    agent_json_text(row, "owed_by", known->holder.text);
    agent_json_text(row, "procedure", known->procedure);
    if (known->state != RH_STATE_NONE)
        agent_json_text(row, "state", rh_state_name(known->state));
    if (known->last_kind != RH_KIND_NONE)
        agent_json_text(row, "last_kind", rh_kind_name(known->last_kind));
    uint64_t now_ms = agent_now_ms(agent);
    bool dated = known->due_ms != 0;
    if (dated)
        agent_json_text(row, "status",
                        known->overdue || known->due_ms <= now_ms ? "missed" : "running");
    json_object_set_new(row, "mine", json_boolean(strcmp(known->holder.text,
                                                         agent->options.agency.text) == 0));
    agent_json_instant(row, "end_at", known->due_ms);
    if (dated)
        agent_json_due(row, known->procedure, known->due_limit, known->due_basis);
    if (dated && known->due_ms > now_ms)
        agent_json_number(row, "left_s", (known->due_ms - now_ms) / 1000);
    else if (dated)
        agent_json_number(row, "overdue_s", (now_ms - known->due_ms) / 1000);
    agent_json_text(row, "from", known->from.text);
    agent_json_text(row, "to", known->to.text);
    add_department(row, on_duty(agent, known));
    return row;
}

/* The cursor is "due:referral", where the next page begins. */
static void read_due_cursor(struct agent_ask *ask, uint64_t *due, struct rh_referral_id *id)
{
    const char *text = agent_ask_text(ask, "cursor");
    char *end;
    memset(id, 0, sizeof *id);
    *due = 0;
    if (text == NULL)
        return;
    *due = strtoull(text, &end, 10);
    if (*end != ':' || rh_id_parse(end + 1, id->bytes) != RH_OK)
        agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/args/cursor",
                          "a cursor of an earlier answer", "应为先前应答给出的游标");
}

/* The next key in memory order. */
static void step(uint64_t *due, struct rh_referral_id *id)
{
    for (size_t i = sizeof id->bytes; i-- > 0;)
        if (++id->bytes[i] != 0)
            return;
    (*due)++;
}

enum rh_err agent_verb_due(struct agent_ask *ask)
{
    static const char *const states[] = { "mine", "overdue", NULL };
    struct agent *agent = ask->agent;
    struct rh_referral_id id;
    struct agent_case known;
    uint64_t due, limit = agent_ask_number(ask, "limit", ROWS_DEFAULT, ROWS_MAX);
    int state = read_state(ask, states);
    const char *department = agent_ask_text(ask, "department");
    enum rh_err err = RH_OK;
    read_due_cursor(ask, &due, &id);
    if (ask->refusal != 0)
        return RH_OK;
    for (uint32_t i = 0; err == RH_OK && i < EXAMINED_MAX && ask->rows < limit; i++) {
        err = agent_spool_due_next(agent->spool, &due, &id);
        if (err == RH_OK)
            err = agent_spool_case(agent->spool, &id, &known);
        if (err != RH_OK)
            break;
        bool mine = strcmp(known.holder.text, agent->options.agency.text) == 0;
        bool over = known.overdue ||
                    (known.due_ms != 0 && known.due_ms <= agent_now_ms(agent));
        if ((state < 0 || (state == 0 && mine) || (state == 1 && over)) &&
            is_asked_for(department, on_duty(agent, &known)))
            err = agent_ask_row(ask, due_row(agent, &known));
        step(&due, &id);
    }
    if (err == RH_OK) {
        char text[RH_ID_TEXT_BYTES];
        rh_id_format(id.bytes, text);
        snprintf(ask->cursor, sizeof ask->cursor, "%llu:%s", (unsigned long long)due, text);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- one thing -------------------------------------------------------------------------- */

enum rh_err agent_ask_case(struct agent_ask *ask, struct agent_case *out)
{
    struct rh_referral_id id;
    const char *text = agent_ask_text(ask, "id");
    if (ask->refusal != 0)
        return RH_ERR_NOTFOUND;
    enum rh_err err = RH_ERR_NOTFOUND;
    if (text == NULL)
        agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/id", "which one",
                          "须写明是哪一件");
    else if (rh_id_parse(text, id.bytes) == RH_OK)
        err = RH_OK;
    else
        err = agent_spool_find_case(ask->agent->spool, text, &id);
    if (err == RH_OK)
        err = agent_spool_case(ask->agent->spool, &id, out);
    if (err == RH_ERR_NOTFOUND && ask->refusal == 0)
        agent_ask_explain(ask, RH_REFUSE_UNKNOWN_REFERRAL, "/args/id",
                          "an id, a human number or system=number this agency knows",
                          "应为本单位已知的事项标识、编号或 系统=编号");
    return err;
}

static json_t *messages_of(struct agent *agent, const struct rh_referral_id *id)
{
    json_t *list = json_array();
    uint64_t at = 0, number;
    bool sent;
    while (agent_spool_history_next(agent->spool, id, &at, &sent, &number) == RH_OK &&
           json_array_size(list) < ROWS_MAX) {
        struct agent_sent out;
        struct agent_got in;
        if (sent && agent_spool_sent(agent->spool, number, &out) == RH_OK)
            json_array_append_new(list, sent_row(agent, &out));
        if (!sent && agent_spool_got(agent->spool, number, &in) == RH_OK)
            json_array_append_new(list, got_row(agent, &in));
        at++;
    }
    return list;
}

enum rh_err agent_verb_show(struct agent_ask *ask)
{
    struct agent_case known;
    enum rh_err err = agent_ask_case(ask, &known);
    if (err != RH_OK)
        return ask->refusal != 0 ? RH_OK : err;
    json_t *row = agent_json_row("case");
    if (known.number[0] != '\0')
        agent_json_text(row, "id", known.number);
    else
        agent_json_id(row, "id", known.id.bytes);
    agent_json_id(row, "referral_id", known.id.bytes);
    if (known.state != RH_STATE_NONE)
        agent_json_text(row, "state", rh_state_name(known.state));
    agent_json_text(row, "procedure", known.procedure);
    agent_json_text(row, "category", known.category);
    agent_json_text(row, "origin", known.origin.text);
    agent_json_text(row, "from", known.from.text);
    agent_json_text(row, "to", known.to.text);
    agent_json_text(row, "holder", known.holder.text);
    agent_json_instant(row, "due_at", known.due_ms);
    if (known.due_ms != 0)
        agent_json_due(row, known.procedure, known.due_limit, known.due_basis);
    json_object_set_new(row, "overdue", json_boolean(known.overdue));
    agent_json_instant(row, "updated_at", known.updated_ms);
    json_object_set_new(row, "messages", messages_of(ask->agent, &known.id));
    return agent_ask_row(ask, row);
}

enum rh_err agent_verb_receipt(struct agent_ask *ask)
{
    struct rh_message_id id;
    struct agent_sent sent;
    const char *text = agent_ask_text(ask, "id");
    const json_t *value = json_object_get(ask->args, "id");
    json_t *row = NULL;
    char *end = NULL;
    enum rh_err err = RH_ERR_NOTFOUND;
    if (value == NULL)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/id", "which one",
                                 "须写明是哪一件");
    if (json_is_integer(value) && json_integer_value(value) > 0) {
        ask->refusal = 0; /* a number may come as a number */
        sent.n = (uint64_t)json_integer_value(value);
        err = RH_OK;
    } else if (text != NULL && rh_id_parse(text, id.bytes) == RH_OK) {
        err = agent_spool_sent_by_id(ask->agent->spool, &id, &sent);
    } else if (text != NULL) {
        sent.n = strtoull(text, &end, 10);
        err = end != text && *end == '\0' ? RH_OK : RH_ERR_NOTFOUND;
    }
    if (ask->refusal != 0)
        return RH_OK;
    if (err == RH_OK)
        err = agent_receipt_json(ask->agent->spool, sent.n, true, &row);
    if (err == RH_ERR_NOTFOUND)
        return agent_ask_refuse(ask, RH_REFUSE_UNKNOWN_REFERRAL, "/args/id");
    return err == RH_OK ? agent_ask_row(ask, row) : err;
}

/* By arrival number, message id or the name of the file. */
static enum rh_err find_got(struct agent_ask *ask, const char *text, uint64_t *arrival)
{
    struct rh_message_id id;
    struct agent_got got;
    char *end;
    if (rh_id_parse(text, id.bytes) == RH_OK) {
        enum rh_err err = agent_spool_got_by_message(ask->agent->spool, &id, &got);
        *arrival = err == RH_OK ? got.arrival : 0;
        return err;
    }
    *arrival = strtoull(text, &end, 10);
    if (end != text && *end == '\0')
        return RH_OK;
    return agent_spool_arrival_of_name(ask->agent->spool, text, arrival);
}

enum rh_err agent_verb_taken(struct agent_ask *ask)
{
    const char *text = agent_ask_text(ask, "id");
    uint64_t arrival = 0, now = agent_now_ms(ask->agent);
    if (ask->refusal != 0)
        return RH_OK;
    if (text == NULL)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/id", "which one",
                                 "须写明是哪一件");
    enum rh_err err = find_got(ask, text, &arrival);
    if (err == RH_OK)
        err = agent_spool_taken(ask->agent->spool, arrival, now);
    if (err == RH_ERR_NOTFOUND)
        return agent_ask_refuse(ask, RH_REFUSE_UNKNOWN_REFERRAL, "/args/id");
    if (err == RH_OK)
        err = agent_spool_commit(ask->agent->spool);
    if (err != RH_OK)
        return err;
    json_t *row = agent_json_row("done");
    json_object_set_new(row, "id", json_string(text));
    agent_json_instant(row, "at", now);
    return agent_ask_row(ask, row);
}
