/* Requests in, answers out. One thread serves all connections, one request after another. */
#include "operator/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

enum rh_err hub_ask_row(struct hub_ask *ask, json_t *row)
{
    json_t *line = json_pack("{s:o}", "row", row);
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    enum rh_err err = RH_ERR_NOMEM;
    if (text != NULL)
        err = rh_local_write(ask->reply, text, strlen(text));
    if (err == RH_OK)
        ask->rows++;
    free(text);
    json_decref(line);
    return err;
}

static void copy_text(char *out, size_t capacity, const char *text)
{
    size_t bytes = text == NULL ? 0 : strlen(text);
    if (bytes >= capacity)
        bytes = capacity - 1;
    while (bytes > 0 && text[bytes] != '\0' && ((unsigned char)text[bytes] & 0xC0) == 0x80)
        bytes--; /* never half a character */
    if (bytes > 0)
        memcpy(out, text, bytes);
    out[bytes] = '\0';
}

enum rh_err hub_ask_refuse(struct hub_ask *ask, uint32_t refusal, const char *pointer,
                           const char *detail, const char *value)
{
    rh_assert(refusal != 0);
    ask->refusal = refusal;
    ask->detail = detail;
    copy_text(ask->pointer, sizeof ask->pointer, pointer);
    copy_text(ask->value, sizeof ask->value, value);
    return RH_ERR_USAGE;
}

enum rh_err hub_ask_refuse_file(struct hub_ask *ask, uint32_t refusal, const char *pointer,
                                const char *detail, const char *problems)
{
    char value[sizeof ask->value];
    rh_problem_lines(problems, false, value, sizeof value);
    copy_text(ask->problems, sizeof ask->problems, problems);
    return hub_ask_refuse(ask, refusal, pointer, detail, value);
}

/* Where the read that failed its check was; may be empty. */
static const char *fault_of(const struct hub_ask *ask)
{
    const struct hub_operator_options *options = &ask->op->options;
    return options->fault == NULL ? "" : options->fault(options->reader);
}

enum rh_err hub_ask_damaged(struct hub_ask *ask, uint64_t number)
{
    char id[24];
    json_t *row = hub_json_row("damaged");
    hub_engine_hurt(ask->op->options.engine);
    snprintf(id, sizeof id, "#%llu", (unsigned long long)number);
    hub_json_text(row, "id", id);
    hub_json_code(row, "code", RH_REFUSE_RECORD_CORRUPT);
    hub_json_text(row, "detail", fault_of(ask));
    return hub_ask_row(ask, row);
}

enum rh_err hub_ask_engine(struct hub_ask *ask, hub_mail_fn *run, void *context, bool durable)
{
    struct hub_mail mail = { .run = run, .context = context, .durable = durable };
    rh_assert(ask->map == NULL); /* a snapshot is never held while waiting */
    enum rh_err err = hub_mailbox_ask(&ask->op->mailbox, &mail, HUB_ASK_WAIT_MS);
    if (err == RH_ERR_TIMEOUT)
        return hub_ask_refuse(ask, RH_REFUSE_BUSY_HELD, NULL,
                              N_("the hub is too busy to answer"), NULL);
    if (err == RH_ERR_CLOSED)
        return hub_ask_refuse(ask, RH_REFUSE_STOPPING, NULL, NULL, NULL);
    return err;
}

enum rh_err hub_ask_done(struct hub_ask *ask, const char *id, uint64_t index)
{
    json_t *row = hub_json_row("done");
    hub_json_text(row, "verb", ask->verb->name);
    hub_json_text(row, "id", id);
    hub_json_uint(row, "log_index", index);
    hub_json_at(row, "at", ask->now_ms);
    hub_json_text(row, "operator", ask->who);
    return hub_ask_row(ask, row);
}

/* What a failure of our own is called on the wire. */
static uint32_t refusal_of(enum rh_err err)
{
    switch (err) {
    case RH_ERR_CORRUPT:
    case RH_ERR_INVALID:
        return RH_REFUSE_RECORD_CORRUPT;
    case RH_ERR_NOSPACE:
        return RH_REFUSE_DISK_FULL;
    case RH_ERR_IO:
        return RH_REFUSE_SYNC_FAILED;
    case RH_ERR_DENIED:
        return RH_REFUSE_OPERATOR_DENIED;
    case RH_ERR_CLOSED:
        return RH_REFUSE_STOPPING;
    case RH_OK:
    case RH_ERR_FULL:
    case RH_ERR_NOTFOUND:
    case RH_ERR_EXISTS:
    case RH_ERR_CRYPTO:
    case RH_ERR_AGAIN:
    case RH_ERR_TIMEOUT:
    case RH_ERR_NOMEM:
    case RH_ERR_CONFIG:
    case RH_ERR_USAGE:
        break;
    }
    return RH_REFUSE_BUSY_HELD;
}

static void send_line(struct hub_ask *ask, json_t *line)
{
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    if (text != NULL)
        (void)rh_local_write(ask->reply, text, strlen(text));
    free(text);
    json_decref(line);
}

static void send_error(struct hub_ask *ask)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(ask->refusal, code);
    const struct rh_refusal_info *info = rh_refusal_find(ask->refusal);
    json_t *error = json_object();
    hub_json_text(error, "code", code);
    hub_json_text(error, "title", info != NULL ? info->title : "");
    hub_json_text(error, "detail", ask->detail);
    hub_json_text(error, "pointer", ask->pointer);
    hub_json_text(error, "value", ask->value);
    if (ask->problems[0] != '\0')
        json_object_set_new(error, "problems", hub_json_problems(ask->problems));
    hub_json_bool(error, "retriable", info != NULL && info->retriable);
    hub_json_uint(error, "exit", (uint64_t)(info != NULL ? info->exit : RH_EXIT_INTERNAL));
    send_line(ask, json_pack("{s:o}", "error", error));
}

/* For whom no place is left. */
static void set_manners(struct rh_local_server *server)
{
    const struct rh_refusal_info *info = rh_refusal_find(RH_REFUSE_SOCKET_BUSY);
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(RH_REFUSE_SOCKET_BUSY, code);
    json_t *line = json_pack("{s:{s:s, s:s, s:n, s:n, s:b, s:i}}", "error", "code", code,
                             "title", info->title, "detail", "pointer", "retriable", 1, "exit",
                             (int)info->exit);
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    struct rh_local_manners manners = { .busy_line = text };
    rh_local_server_manners(server, &manners);
    free(text);
    json_decref(line);
}

static void send_end(struct hub_ask *ask)
{
    json_t *end = json_object();
    hub_json_uint(end, "count", ask->rows);
    if (ask->cursor[0] != '\0')
        hub_json_text(end, "cursor", ask->cursor);
    hub_json_uint(end, "seq", ask->seq);
    send_line(ask, json_pack("{s:o}", "end", end));
}

/* "zhang(1000)": the name is claimed, the number is the kernel's. */
static enum rh_err name_operator(struct hub_ask *ask, const json_t *name,
                                 const struct rh_local_peer *peer)
{
    const char *text = name == NULL ? "uid" : json_string_value(name);
    size_t bytes = text == NULL ? 0 : strlen(text);
    if (bytes == 0 || bytes > HUB_ASK_NAME_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/operator",
                              N_("a name of 1 to 24 bytes is wanted"), NULL);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/operator",
                                  N_("control characters are not allowed"), NULL);
    }
    int written = snprintf(ask->who, sizeof ask->who, "%s(%lu)", text,
                           (unsigned long)peer->uid);
    rh_assert(written > 0 && (size_t)written < sizeof ask->who);
    return RH_OK;
}

/* Members of the request besides the known ones are mistakes too. */
static enum rh_err check_members(struct hub_ask *ask, json_t *request)
{
    static const char *const known[] = { "v", "verb", "args", "operator" };
    const char *key;
    json_t *value;
    json_object_foreach(request, key, value) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || strcmp(key, known[i]) == 0;
        if (!found)
            return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/",
                                  N_("the request has an unknown member"), key);
    }
    if (json_integer_value(json_object_get(request, "v")) != 1)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/v",
                              N_("this hub speaks version 1"), NULL);
    return RH_OK;
}

static enum rh_err read_request(struct hub_ask *ask, json_t *request,
                                const struct rh_local_peer *peer)
{
    if (!json_is_object(request))
        return hub_ask_refuse(ask, RH_REFUSE_MALFORMED, NULL,
                              N_("a request is one JSON object on one line"), NULL);
    enum rh_err err = check_members(ask, request);
    if (err == RH_OK)
        err = name_operator(ask, json_object_get(request, "operator"), peer);
    if (err != RH_OK)
        return err;
    const char *verb = json_string_value(json_object_get(request, "verb"));
    ask->verb = verb == NULL ? NULL : hub_verb_find(verb);
    if (ask->verb == NULL)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/verb",
                              N_("the hub knows no such verb"), verb);
    ask->args = json_object_get(request, "args");
    return hub_args_check(ask);
}

static enum rh_err serve(struct hub_ask *ask, json_t *request, const struct rh_local_peer *peer)
{
    enum rh_err err = read_request(ask, request, peer);
    if (err == RH_OK)
        err = hub_snapshot_look(ask);
    if (err == RH_OK)
        err = ask->verb->serve(ask);
    hub_snapshot_end(ask);
    return err;
}

static void answer(void *context, const struct rh_local_peer *peer, char *line, size_t bytes,
                   struct rh_local_reply *reply)
{
    struct hub_operator *op = context;
    struct hub_ask *ask = &op->ask;
    json_t *request = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
    memset(ask, 0, sizeof *ask);
    ask->op = op;
    ask->reply = reply;
    ask->seq = op->changed_seq;
    enum rh_err err = serve(ask, request, peer);
    if (err != RH_OK && ask->refusal == 0) {
        ask->refusal = refusal_of(err);
        ask->detail = rh_err_text(err);
        if (err == RH_ERR_CORRUPT)
            hub_engine_hurt(op->options.engine);
        if (err == RH_ERR_CORRUPT)
            copy_text(ask->value, sizeof ask->value, fault_of(ask));
    }
    if (err == RH_OK)
        send_end(ask);
    else
        send_error(ask);
    json_decref(request);
}

static enum rh_err carve(struct hub_operator *op)
{
    op->rules = calloc(1, sizeof *op->rules);
    op->referral = calloc(1, sizeof *op->referral);
    op->other = calloc(1, sizeof *op->other);
    op->agency = calloc(1, sizeof *op->agency);
    op->named = calloc(1, sizeof *op->named);
    op->outcome = calloc(1, sizeof *op->outcome);
    op->record = calloc(1, sizeof *op->record);
    op->sessions = calloc(HUB_SESSIONS_MAX, sizeof op->sessions[0]);
    return op->rules == NULL || op->referral == NULL || op->other == NULL ||
                   op->agency == NULL || op->named == NULL || op->outcome == NULL ||
                   op->record == NULL || op->sessions == NULL
               ? RH_ERR_NOMEM
               : RH_OK;
}

enum rh_err hub_operator_open(const struct hub_operator_options *options,
                              struct hub_operator **out)
{
    rh_assert(options->refresh != NULL);
    rh_assert(options->release != NULL);
    struct hub_operator *op = calloc(1, sizeof *op);
    if (op == NULL)
        return RH_ERR_NOMEM;
    op->options = *options;
    op->hub = *hub_engine_hub(options->engine);
    op->started_ms = hub_engine_now(options->engine);
    hub_engine_external_key(options->engine, op->external_key);
    enum rh_err err = hub_mailbox_init(&op->mailbox);
    if (err != RH_OK) {
        free(op);
        return err;
    }
    err = carve(op);
    if (err == RH_OK)
        err = rh_local_server_open(options->path, answer, op, &op->server);
    if (err == RH_OK) {
        set_manners(op->server);
        err = rh_local_server_thread(op->server);
    }
    if (err != RH_OK) {
        hub_operator_close(&op);
        return err;
    }
    *out = op;
    return RH_OK;
}

void hub_operator_close(struct hub_operator **pointer)
{
    struct hub_operator *op = *pointer;
    if (op == NULL)
        return;
    *pointer = NULL;
    atomic_store(&op->closing, true);
    hub_mailbox_close(&op->mailbox);
    rh_local_server_close(&op->server);
    hub_mailbox_fini(&op->mailbox);
    free(op->rules);
    free(op->referral);
    free(op->other);
    free(op->agency);
    free(op->named);
    free(op->outcome);
    free(op->record);
    free(op->sessions);
    free(op);
}

int hub_operator_fd(const struct hub_operator *op)
{
    return op->mailbox.fd;
}

enum rh_err hub_operator_turn(struct hub_operator *op, struct hub_engine *engine,
                              struct hub_gateway *gateway)
{
    return hub_mailbox_turn(&op->mailbox, engine, gateway);
}

enum rh_err hub_operator_release(struct hub_operator *op)
{
    hub_mailbox_release(&op->mailbox);
    op->stop_released = op->stop_asked;
    return RH_OK;
}

bool hub_operator_wants_stop(const struct hub_operator *op)
{
    return op->stop_released;
}
