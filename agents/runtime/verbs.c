/* The local socket: one line asks, lines answer; protocol/spec/local.md, "Verbs of an agent" */
#include "runtime/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/date.h>
#include <rh/refusal.h>

#include "runtime/import.h"
#include "runtime/receipt.h"
#include "runtime/verbs.h"
#include "runtime/words.h"

enum { WAIT_S_DEFAULT = 10, WAIT_S_MAX = 60 };

/* ---- answers ---------------------------------------------------------------------------- */

static enum rh_err write_line(struct agent_ask *ask, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = rh_local_write(ask->reply, text, strlen(text));
    free(text);
    return err;
}

enum rh_err agent_ask_row(struct agent_ask *ask, json_t *row)
{
    json_t *line = json_object();
    json_object_set_new(line, "row", row);
    ask->rows++;
    return write_line(ask, line);
}

enum rh_err agent_ask_refuse(struct agent_ask *ask, uint32_t refusal, const char *pointer)
{
    ask->refusal = refusal;
    snprintf(ask->pointer, sizeof ask->pointer, "%s", pointer);
    return RH_OK;
}

enum rh_err agent_ask_explain(struct agent_ask *ask, uint32_t refusal, const char *pointer,
                              const char *detail, const char *detail_zh)
{
    ask->detail = detail;
    ask->detail_zh = detail_zh;
    return agent_ask_refuse(ask, refusal, pointer);
}

/* What is wrong with a message says its first problem; detail is about the request. */
static json_t *error_json(const struct agent_ask *ask, const struct agent_texts *texts)
{
    const struct rh_refusal_info *info = rh_refusal_find(ask->refusal);
    const struct agent_problem *first =
        ask->problems.count > 0 ? &ask->problems.list[0] : NULL;
    const char *detail = first != NULL ? first->expected : ask->detail;
    const char *detail_zh = first != NULL ? first->expected_zh : ask->detail_zh;
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(ask->refusal, code);
    json_t *error = json_object(), *line = json_object();
    json_object_set_new(error, "code", json_string(code));
    json_object_set_new(error, "title",
                        json_string(agent_texts_title(texts, ask->refusal, false)));
    agent_json_text(error, "title_zh", agent_texts_title(texts, ask->refusal, true));
    json_object_set_new(error, "detail",
                        detail != NULL && detail[0] != '\0' ? json_string(detail)
                                                            : json_null());
    agent_json_text(error, "detail_zh", detail_zh);
    json_object_set_new(error, "pointer", json_string(ask->pointer));
    json_object_set_new(error, "retriable", json_boolean(info != NULL && info->retriable));
    json_object_set_new(error, "exit",
                        json_integer(info != NULL ? (int)info->exit : RH_EXIT_INTERNAL));
    if (first != NULL) {
        json_t *whole = agent_problems_json(&ask->problems, texts, NULL);
        json_object_set(error, "errors", json_object_get(whole, "errors"));
        json_decref(whole);
    }
    json_object_set_new(line, "error", error);
    return line;
}

static enum rh_err write_error(struct agent_ask *ask)
{
    return write_line(ask, error_json(ask, ask->agent->texts));
}

static enum rh_err write_end(struct agent_ask *ask)
{
    json_t *end = json_object(), *line = json_object();
    json_object_set_new(end, "count", json_integer(ask->rows));
    agent_json_text(end, "cursor", ask->cursor);
    json_object_set_new(line, "end", end);
    return write_line(ask, line);
}

/* ---- arguments -------------------------------------------------------------------------- */

const char *agent_ask_text(struct agent_ask *ask, const char *name)
{
    const json_t *value = json_object_get(ask->args, name);
    if (value == NULL)
        return NULL;
    if (json_is_string(value) && json_string_length(value) <= 4096)
        return json_string_value(value);
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/args/%s", name);
    agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, pointer, "a text of at most 4096 bytes",
                      "应为文本, 不超过 4096 字节");
    return NULL;
}

uint64_t agent_ask_number(struct agent_ask *ask, const char *name, uint64_t missing,
                          uint64_t max)
{
    const json_t *value = json_object_get(ask->args, name);
    json_int_t number = json_integer_value(value);
    if (value == NULL)
        return missing;
    if (json_is_integer(value) && number >= 0)
        return (uint64_t)number > max ? max : (uint64_t)number;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/args/%s", name);
    agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, pointer, "a whole number, 0 or more",
                      "应为不小于 0 的整数");
    return missing;
}

/* ---- waiting ---------------------------------------------------------------------------- */

enum wait_for { WAIT_NOTHING, WAIT_STORED, WAIT_DELIVERED, WAIT_SIGNED, WAIT_ACCEPTED };

static enum wait_for read_wait(struct agent_ask *ask)
{
    static const char *const names[] = { "nothing", "stored", "delivered", "signed",
                                         "accepted" };
    const char *text = agent_ask_text(ask, "wait");
    if (text == NULL)
        return WAIT_STORED;
    for (int i = 0; i < 5; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum wait_for)i;
    agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/args/wait",
                      "nothing, stored, delivered, signed or accepted",
                      "应为 nothing, stored, delivered, signed 或 accepted");
    return WAIT_NOTHING;
}

/* How far a matter is, as far as this agency has heard. Delivery is heard of only through what
 * follows it (arrived, signed), or by a turn that has passed to the addressee. */
static bool has_come_to(struct agent *agent, const struct agent_submission *sent,
                        enum wait_for wanted)
{
    struct agent_sent row;
    struct agent_case known;
    for (uint32_t i = 0; i < sent->count; i++) {
        if (agent_spool_sent(agent->spool, sent->first_n + i, &row) != RH_OK)
            return true;
        if (row.state == AGENT_WAITING)
            return false;
        if (row.state == AGENT_REFUSED)
            return true;
    }
    if (wanted == WAIT_STORED ||
        agent_spool_case(agent->spool, &sent->referral, &known) != RH_OK)
        return wanted == WAIT_STORED;
    bool signed_for = known.state != RH_STATE_DISPATCHED && known.state != RH_STATE_REGISTERED;
    bool accepted = signed_for && known.state != RH_STATE_SIGNED;
    if (wanted == WAIT_DELIVERED)
        return signed_for || known.last_kind == RH_KIND_ARRIVED;
    return wanted == WAIT_SIGNED ? signed_for : accepted;
}

/* ---- send and act ----------------------------------------------------------------------- */

static enum rh_err answer_receipts(struct agent_ask *ask, const struct agent_submission *sent)
{
    uint64_t last = sent->first_n + sent->count - 1;
    json_t *row = NULL;
    enum rh_err err = agent_receipt_json(ask->agent->spool, last, false, &row);
    if (err != RH_OK)
        return err;
    struct agent_sent first;
    if (sent->count == 2 &&
        agent_spool_sent(ask->agent->spool, sent->first_n, &first) == RH_OK) {
        agent_json_number(row, "register_n", first.n);
        /* When the registration is refused, so is what rests on it, and for a lesser reason. */
        if (first.state == AGENT_REFUSED) {
            char code[RH_REFUSAL_TEXT_BYTES];
            rh_refusal_format(first.refusal, code);
            json_object_set_new(row, "refusal", json_string(code));
        }
    }
    return agent_ask_row(ask, row);
}

/* What is waited for after a message went into the spool. */
struct waiting {
    struct agent_submission sent;
    enum wait_for wanted;
    uint64_t until_ms; /* monotonic */
};

static enum rh_err go_on_waiting(struct agent_ask *ask, bool *done)
{
    const struct waiting *waiting = ask->work;
    *done = ask->agent->stopping || agent_monotonic_ms() >= waiting->until_ms ||
            has_come_to(ask->agent, &waiting->sent, waiting->wanted);
    return *done ? answer_receipts(ask, &waiting->sent) : RH_OK;
}

static void stop_waiting(struct agent_ask *ask)
{
    free(ask->work);
}

/* Answer when it has come to what is wanted, or the time is over. */
static enum rh_err answer_later(struct agent_ask *ask, const struct agent_submission *sent,
                                enum wait_for wanted, uint64_t wait_s)
{
    if (wanted == WAIT_NOTHING || wait_s == 0 || !agent_ask_may_wait(ask))
        return answer_receipts(ask, sent);
    struct waiting *waiting = malloc(sizeof *waiting);
    rh_assert(waiting != NULL);
    *waiting = (struct waiting){ .sent = *sent, .wanted = wanted,
                                 .until_ms = agent_monotonic_ms() + wait_s * 1000 };
    ask->work = waiting;
    ask->step = go_on_waiting;
    ask->release = stop_waiting;
    ask->wake_at = waiting->until_ms;
    return RH_OK;
}

static enum rh_err submit_message(struct agent_ask *ask, struct agent_message *message)
{
    struct agent *agent = ask->agent;
    struct agent_desk desk;
    struct agent_submission sent;
    enum wait_for wanted = read_wait(ask);
    uint64_t wait_s = agent_ask_number(ask, "wait_s", WAIT_S_DEFAULT, WAIT_S_MAX);
    if (ask->refusal != 0)
        return RH_OK;
    if (agent->full)
        return agent_ask_explain(ask, RH_REFUSE_SPOOL_FULL, "",
                                 "nothing new is taken in until the hub has taken more",
                                 "在枢纽收走积压之前不再接收新报文");
    agent_fill_desk(agent, &desk);
    enum rh_err err = agent_desk_submit(&desk, message, 0, &ask->problems, &sent);
    if (err == RH_ERR_INVALID)
        return agent_ask_refuse(ask, ask->problems.list[0].refusal,
                                ask->problems.list[0].pointer);
    if (err == RH_ERR_AGAIN)
        return agent_ask_explain(ask, RH_REFUSE_HUB_UNREACHABLE, "/args/message/external",
                                 "the key for such numbers comes with the first connection",
                                 "外部编号所需密钥须在首次连接枢纽后取得");
    if (err == RH_OK)
        err = agent_spool_commit(agent->spool);
    else if (err == RH_ERR_EXISTS)
        err = RH_OK;
    if (err == RH_ERR_FULL)
        return agent_ask_refuse(ask, RH_REFUSE_SPOOL_FULL, "");
    if (err != RH_OK)
        return err;
    rh_client_offer(agent->client, agent_spool_committed_n(agent->spool));
    return answer_later(ask, &sent, wanted, wait_s);
}

static enum rh_err read_and_submit(struct agent_ask *ask, json_t *json)
{
    struct agent_message message;
    enum rh_err err = agent_message_read(json, RH_KIND_NONE, NULL, &message, &ask->problems);
    if (err == RH_OK && message.body_file[0] != '\0') {
        agent_problem_add(&ask->problems, RH_REFUSE_FIELD_INVALID, "/body/file",
                          "text or base64; files belong to the folder", "应为 text 或 base64");
        err = RH_ERR_INVALID;
    }
    if (err != RH_OK)
        err = agent_ask_refuse(ask, ask->problems.list[0].refusal,
                               ask->problems.list[0].pointer);
    else
        err = submit_message(ask, &message);
    agent_message_release(&message);
    return err;
}

static enum rh_err serve_send(struct agent_ask *ask)
{
    json_t *message = json_object_get(ask->args, "message");
    if (message == NULL)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/message",
                                 "the message to be sent", "须给出要发送的报文");
    return read_and_submit(ask, message);
}

static const char *media_type_of(const char *path)
{
    static const char *const types[][2] = {
        { ".txt", "text/plain" },       { ".json", "application/json" },
        { ".pdf", "application/pdf" },  { ".md", "text/markdown" },
        { ".csv", "text/csv" },         { ".xml", "application/xml" },
        { ".html", "text/html" },       { ".jpg", "image/jpeg" },
        { ".png", "image/png" },        { ".ofd", "application/ofd" },
    };
    const char *end = strrchr(path, '.');
    for (size_t i = 0; end != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(end, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* The file of an act, as the body of its message. */
static bool add_file(struct agent_ask *ask, const char *path, json_t *message)
{
    struct stat about;
    uint8_t *data = malloc(AGENT_BODY_BYTES_MAX + 1);
    rh_assert(data != NULL);
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        got = read(fd, data, AGENT_BODY_BYTES_MAX + 1);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        agent_ask_explain(ask, RH_REFUSE_FILE_UNREADABLE, "/args/file",
                          "a plain file the agent may read", "应为代理程序可读的普通文件");
    else if (got > AGENT_BODY_BYTES_MAX)
        agent_ask_explain(ask, RH_REFUSE_TOO_LARGE, "/args/file", "a file of at most 180 KiB",
                          "文件不超过 180 KiB");
    if (ask->refusal == 0) {
        json_t *body = json_object();
        char *text = agent_base64((struct rh_bytes){ data, (size_t)got });
        json_object_set_new(body, "media_type", json_string(media_type_of(path)));
        json_object_set_new(body, "base64", json_string(text));
        json_object_set_new(message, "body", body);
        free(text);
    }
    free(data);
    return ask->refusal == 0;
}

/* Who comes and no first day is said: today, by this agency's clock (a test hub's is its own). */
static void add_first_days(struct agent_ask *ask, json_t *participants)
{
    char today[RH_DATE_TEXT_BYTES];
    json_t *one;
    size_t i;
    rh_date_format(rh_date_of_instant(agent_now_ms(ask->agent)), today);
    json_array_foreach(participants, i, one) {
        if (json_is_object(one) && json_object_get(one, "ended") == NULL &&
            json_object_get(one, "from") == NULL)
            json_object_set_new(one, "from", json_string(today));
    }
}

/* An act is a message about a referral that exists, said in short. */
static enum rh_err serve_act(struct agent_ask *ask)
{
    static const char *const same[] = { "kind",     "to",     "code",     "note",
                                        "basis",    "proper", "extend_n", "facts",
                                        "children", "copies", NULL };
    const char *id = agent_ask_text(ask, "id");
    const char *file = agent_ask_text(ask, "file");
    const char *leader = agent_ask_text(ask, "leader");
    json_t *participants = json_object_get(ask->args, "participants");
    if (ask->refusal != 0)
        return RH_OK;
    if (id == NULL)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/id",
                                 "which referral it belongs to", "须写明所属事项");
    json_t *message = json_object();
    json_object_set_new(message, "referral", json_string(id));
    for (size_t i = 0; same[i] != NULL; i++) {
        json_t *value = json_object_get(ask->args, same[i]);
        if (value != NULL)
            json_object_set(message, same[i], value);
    }
    if (leader != NULL || participants != NULL) { /* names: with the rest of what is personal */
        json_t *content = json_object();
        if (leader != NULL)
            json_object_set_new(content, "leader", json_string(leader));
        add_first_days(ask, participants);
        if (participants != NULL)
            json_object_set(content, "participants", participants);
        json_object_set_new(message, "private", content);
    }
    enum rh_err err = RH_OK;
    if (file == NULL || add_file(ask, file, message))
        err = read_and_submit(ask, message);
    json_decref(message);
    return err;
}

/* ---- the table -------------------------------------------------------------------------- */

static enum rh_err serve_stop(struct agent_ask *ask)
{
    json_t *row = agent_json_row("done");
    ask->agent->stopping = true;
    json_object_set_new(row, "id", json_string(ask->agent->options.agency.text));
    agent_json_instant(row, "at", agent_now_ms(ask->agent));
    return agent_ask_row(ask, row);
}

static const struct agent_verb verbs[] = {
    { "status", agent_verb_status, { NULL } },
    { "send", serve_send, { "message", "wait", "wait_s", NULL } },
    { "act", serve_act,
      { "kind", "id", "to", "code", "note", "basis", "proper", "extend_n", "facts", "file",
        "children", "copies", "leader", "participants", "wait", "wait_s", NULL } },
    { "inbox", agent_verb_inbox, { "limit", "cursor", "state", "department", NULL } },
    { "outbox", agent_verb_outbox, { "limit", "cursor", "state", NULL } },
    { "due", agent_verb_due, { "limit", "cursor", "state", "department", NULL } },
    { "shared", agent_verb_shared, { "limit", "cursor", NULL } },
    { "show", agent_verb_show, { "id", NULL } },
    { "participant.list", agent_verb_participants, { "id", NULL } },
    { "participant.show", agent_verb_show_participant, { "id", "for", "reason", NULL } },
    { "participant.views", agent_verb_views, { "id", "limit", "cursor", NULL } },
    { "receipt", agent_verb_receipt, { "id", NULL } },
    { "import", agent_verb_import, { "map", "file", "dry_run", "progress", NULL } },
    { "imports", agent_verb_imports, { NULL } },
    { "taken", agent_verb_taken, { "id", NULL } },
    { "stop", serve_stop, { NULL } },
};

static const struct agent_verb *find_verb(const struct agent *agent, const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    for (uint32_t i = 0; name != NULL && i < agent->options.verb_count; i++)
        if (strcmp(agent->options.verbs[i].name, name) == 0)
            return &agent->options.verbs[i];
    return NULL;
}

static void check_arguments(struct agent_ask *ask, const struct agent_verb *verb, json_t *args)
{
    const char *name;
    json_t *value;
    if (args != NULL && !json_is_object(args)) {
        agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/args", "an object", "应为对象");
        return;
    }
    json_object_foreach(args, name, value) {
        bool known = false;
        for (size_t i = 0; verb->args[i] != NULL && !known; i++)
            known = strcmp(verb->args[i], name) == 0;
        if (!known) {
            char pointer[96];
            snprintf(pointer, sizeof pointer, "/args/%.80s", name);
            agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, pointer,
                              "the verb has no argument of this name", "该请求没有这个参数");
            return;
        }
    }
}

static enum rh_err serve_request(struct agent_ask *ask, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "verb"));
    json_t *args = json_object_get(request, "args");
    const struct agent_verb *verb = find_verb(ask->agent, name);
    if (request == NULL)
        return agent_ask_explain(ask, RH_REFUSE_MALFORMED, "", "one line of JSON",
                                 "应为一行 JSON");
    if (json_integer_value(json_object_get(request, "v")) != 1)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/v", "the number 1",
                                 "应为数字 1");
    if (verb == NULL)
        return agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, "/verb",
                                 "a verb of an agent's socket", "应为代理程序套接字的请求名");
    check_arguments(ask, verb, args);
    ask->args = args;
    return ask->refusal == 0 ? verb->serve(ask) : RH_OK;
}

/* The last line of the answer, and its end. */
static void end_ask(struct agent_ask *ask, enum rh_err err)
{
    if (err == RH_ERR_CLOSED) {
        /* nobody listens any more */
    } else if (err != RH_OK) {
        agent_trouble(ask->agent, "verb_failed", RH_REFUSE_RECORD_CORRUPT, rh_err_text(err));
        agent_ask_explain(ask, RH_REFUSE_RECORD_CORRUPT, "",
                          "the spool or a file failed; the agent's log says how",
                          "本地存储或文件出错, 详见代理程序日志");
        write_error(ask);
    } else if (ask->refusal != 0) {
        write_error(ask);
    } else {
        write_end(ask);
    }
    if (ask->release != NULL)
        ask->release(ask);
    json_decref(ask->request);
    free(ask);
}

void agent_serve(void *context, const struct rh_local_peer *peer, char *line, size_t bytes,
                 struct rh_local_reply *reply)
{
    struct agent *agent = context;
    struct agent_ask *ask = calloc(1, sizeof *ask);
    rh_assert(ask != NULL);
    ask->agent = agent;
    ask->uid = peer->uid; /* goes on record; whether he may ask says the socket's mode */
    ask->reply = reply;
    ask->request = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
    enum rh_err err = serve_request(ask, ask->request);
    if (err != RH_OK || ask->refusal != 0 || ask->step == NULL) {
        end_ask(ask, err);
        return;
    }
    rh_assert(agent->ask_count < RH_LOCAL_LATER_MAX);
    err = rh_local_later(reply);
    rh_assert(err == RH_OK); /* as many places as asks */
    agent->asks[agent->ask_count++] = ask;
}

/* ---- answers that come later ------------------------------------------------------------ */

bool agent_ask_may_wait(const struct agent_ask *ask)
{
    return ask->agent->ask_count < RH_LOCAL_LATER_MAX;
}

uint32_t agent_asks_wait_ms(const struct agent *agent)
{
    uint64_t now = agent_monotonic_ms(), least = UINT32_MAX;
    for (uint32_t i = 0; i < agent->ask_count; i++) {
        uint64_t at = agent->asks[i]->wake_at;
        uint64_t left = at > now ? at - now : 0;
        least = left < least ? left : least;
    }
    return (uint32_t)least;
}

/* Whether this one's answer is over. */
static bool go_on(struct agent_ask *ask)
{
    bool done = false;
    enum rh_err err = rh_local_gone(ask->reply) ? RH_ERR_CLOSED : ask->step(ask, &done);
    if (err == RH_OK && !done && ask->refusal == 0)
        return false;
    struct rh_local_reply *reply = ask->reply;
    end_ask(ask, err);
    rh_local_finish(&reply);
    return true;
}

void agent_asks_go_on(struct agent *agent)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < agent->ask_count; i++)
        if (!go_on(agent->asks[i]))
            agent->asks[left++] = agent->asks[i];
    agent->ask_count = left;
}

void agent_asks_give_up(struct agent *agent)
{
    for (uint32_t i = 0; i < agent->ask_count; i++) {
        struct agent_ask *ask = agent->asks[i];
        struct rh_local_reply *reply = ask->reply;
        agent_ask_explain(ask, RH_REFUSE_STOPPING, "", "the agent is stopping",
                          "代理程序正在停止");
        end_ask(ask, RH_OK);
        rh_local_finish(&reply);
    }
    agent->ask_count = 0;
}

void agent_set_manners(struct rh_local_server *server, const struct agent_texts *texts)
{
    struct agent_ask *ask = calloc(1, sizeof *ask);
    rh_assert(ask != NULL);
    ask->refusal = RH_REFUSE_SOCKET_BUSY;
    json_t *line = error_json(ask, texts);
    char *text = json_dumps(line, JSON_COMPACT);
    struct rh_local_manners manners = { .busy_line = text };
    rh_assert(text != NULL);
    rh_local_server_manners(server, &manners);
    free(ask);
    free(text);
    json_decref(line);
}
