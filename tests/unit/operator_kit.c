#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "operator_kit.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <rh/local.h>

#include "assembly/assembly.h"
#include "support/rht.h"

static struct {
    char data[300], keys[300], socket[100];
    struct hub_options options;
    struct hub_assembly assembly;
    struct hub_store_reader *reader;
    struct hub_operator *op;
    struct hub_mailbox jobs; /* of the test, beside the operator's own */
    pthread_t thread;
    atomic_bool ready, stop, stopped;
    struct rh_frame_bundle bundle;
} hub;

/* Nobody is connected: the gateway is not part of this hub. */
uint32_t hub_gateway_sessions(struct hub_gateway *gateway, struct hub_session_view *out,
                              uint32_t max)
{
    (void)gateway;
    (void)out;
    (void)max;
    return 0;
}

static enum rh_err refresh(void *reader, struct hub_map **map)
{
    enum rh_err err = hub_store_reader_refresh(reader);
    *map = err == RH_OK ? hub_store_reader_map(reader) : NULL;
    return err;
}

static void release(void *reader)
{
    hub_store_reader_release(reader);
}

static void open_hub(void)
{
    char report[512];
    rh_assert(hub_assembly_init(&hub.options, report, sizeof report) == RH_OK);
    rh_assert(hub_assembly_open(&hub.assembly, &hub.options) == RH_OK);
    rh_assert(hub_store_reader_open(hub.assembly.store, &hub.reader) == RH_OK);
    const struct hub_operator_options options = {
        .path = hub.socket,
        .engine = hub.assembly.engine,
        .endpoint = "tcp://127.0.0.1:5550",
        .data_dir = hub.data,
        .version = "0.1.0",
        .reader = hub.reader,
        .refresh = refresh,
        .release = release,
    };
    rh_assert(hub_operator_open(&options, &hub.op) == RH_OK);
}

static void turn(void)
{
    struct hub_engine *engine = hub.assembly.engine;
    uint32_t fired;
    rh_assert(hub_mailbox_turn(&hub.jobs, engine, NULL) == RH_OK);
    rh_assert(hub_operator_turn(hub.op, engine, NULL) == RH_OK);
    rh_assert(hub_engine_fire(engine, 256, &fired) == RH_OK);
    rh_assert(hub_engine_finish(engine) == RH_OK);
    hub_mailbox_release(&hub.jobs);
    rh_assert(hub_operator_release(hub.op) == RH_OK);
    rh_assert(hub_engine_settle(engine) == RH_OK);
    if (hub_operator_wants_stop(hub.op))
        atomic_store(&hub.stop, true);
}

static void *pump(void *argument)
{
    (void)argument;
    open_hub();
    atomic_store(&hub.ready, true);
    while (!atomic_load(&hub.stop)) {
        struct pollfd fds[2] = {
            { .fd = hub_operator_fd(hub.op), .events = POLLIN },
            { .fd = hub.jobs.fd, .events = POLLIN },
        };
        uint32_t wait = hub_engine_wait_ms(hub.assembly.engine);
        (void)poll(fds, 2, wait > 20 ? 20 : (int)wait);
        turn();
    }
    hub_mailbox_close(&hub.jobs);
    hub_operator_close(&hub.op);
    hub_store_reader_close(&hub.reader);
    hub_assembly_close(&hub.assembly);
    atomic_store(&hub.stopped, true);
    return NULL;
}

static bool is_set(void *flag)
{
    return atomic_load((atomic_bool *)flag);
}

void rht_hub_start(void)
{
    static int serial;
    serial++;
    memset(&hub, 0, sizeof hub);
    snprintf(hub.data, sizeof hub.data, "%s/data-%d", rht_tmpdir(), serial);
    snprintf(hub.keys, sizeof hub.keys, "%s/keys-%d", rht_tmpdir(), serial);
    snprintf(hub.socket, sizeof hub.socket, "%s/%d.sock", rht_tmpdir(), serial);
    hub.options = (struct hub_options){
        .data_dir = hub.data,
        .keys_dir = hub.keys,
        .rules_dir = RHT_SOURCE_DIR "/protocol/rules",
        .hub_id = "test.demo",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .map_bytes = UINT64_C(1) << 28,
        .segment_bytes = 8u * 1024 * 1024,
    };
    rh_assert(hub_mailbox_init(&hub.jobs) == RH_OK);
    rh_assert(pthread_create(&hub.thread, NULL, pump, NULL) == 0);
    assert_true(rht_wait_until(is_set, &hub.ready, 20000));
}

void rht_hub_stop(void)
{
    atomic_store(&hub.stop, true);
    pthread_join(hub.thread, NULL);
    hub_mailbox_fini(&hub.jobs);
}

const char *rht_hub_socket(void)
{
    return hub.socket;
}

bool rht_hub_has_stopped(void)
{
    return rht_wait_until(is_set, &hub.stopped, 5000);
}

/* ---- asking ---------------------------------------------------------------------------- */

json_t *rht_ask_line(const char *line)
{
    struct rh_local_client *client = NULL;
    json_t *answer = json_pack("{s:[]}", "rows");
    char *text;
    size_t bytes;
    assert_int_equal(rh_local_client_open(hub.socket, 5000, &client), RH_OK);
    assert_int_equal(rh_local_client_send(client, line, strlen(line)), RH_OK);
    for (;;) {
        assert_int_equal(rh_local_client_receive(client, 15000, &text, &bytes), RH_OK);
        json_t *part = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(part);
        json_t *row = json_object_get(part, "row");
        if (row != NULL) {
            json_array_append(json_object_get(answer, "rows"), row);
            json_decref(part);
            continue;
        }
        json_object_update(answer, part);
        json_decref(part);
        break;
    }
    rh_local_client_close(&client);
    return answer;
}

json_t *rht_ask(const char *verb, const char *args)
{
    char *line = malloc(16384);
    assert_non_null(line);
    int bytes = snprintf(line, 16384,
                         "{\"v\":1,\"verb\":\"%s\",\"args\":%s,\"operator\":\"zhang\"}", verb,
                         args == NULL ? "{}" : args);
    assert_true(bytes > 0 && bytes < 16384);
    json_t *answer = rht_ask_line(line);
    free(line);
    return answer;
}

size_t rht_rows(json_t *answer)
{
    if (json_object_get(answer, "error") != NULL)
        print_error("%s\n", rht_code(answer));
    assert_null(json_object_get(answer, "error"));
    return json_array_size(json_object_get(answer, "rows"));
}

json_t *rht_row(json_t *answer, size_t index)
{
    assert_true(index < rht_rows(answer));
    return json_array_get(json_object_get(answer, "rows"), index);
}

const char *rht_text(json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (value == NULL)
        print_error("no key %s\n", key);
    assert_non_null(value);
    return json_is_string(value) ? json_string_value(value) : "";
}

const char *rht_code(json_t *answer)
{
    json_t *error = json_object_get(answer, "error");
    return error == NULL ? "" : rht_text(error, "code");
}

void rht_assert_refused(const char *verb, const char *args, const char *code)
{
    json_t *answer = rht_ask(verb, args);
    assert_string_equal(rht_code(answer), code);
    json_decref(answer);
}

/* ---- agencies -------------------------------------------------------------------------- */

void rht_fresh_id(uint8_t id[RH_ID_BYTES])
{
    static uint64_t ms = UINT64_C(1770000000000);
    uint8_t random[10];
    rh_random(random, sizeof random);
    rh_id_make(id, ms++, random);
}

void rht_agency_make(struct rht_agency *agency, const char *id)
{
    memset(agency, 0, sizeof *agency);
    agency->id = id;
    for (int use = 0; use < RH_KEY_USES; use++)
        rh_secret_generate((enum rh_key_use)use, id, &agency->keys[use]);
    rh_random(agency->epoch.bytes, sizeof agency->epoch.bytes);
}

json_t *rht_agency_enrol(const struct rht_agency *agency, const char *name_zh)
{
    struct rh_card card = { .endpoint = "" };
    char *path = rht_tmp_path("card.pub");
    snprintf(card.owner, sizeof card.owner, "%s", agency->id);
    for (int use = 0; use < RH_KEY_USES; use++) {
        card.present[use] = true;
        memcpy(card.keys[use], agency->keys[use].public_key, 32);
    }
    assert_int_equal(rh_card_save(path, &card), RH_OK);
    char *text = rht_read_file(path, NULL);
    json_t *args = json_pack("{s:s,s:s,s:s,s:s}", "id", agency->id, "card", text, "name_zh",
                             name_zh, "reason", "new");
    char *dump = json_dumps(args, JSON_COMPACT);
    json_t *answer = rht_ask("agency.enrol", dump);
    free(dump);
    json_decref(args);
    free(text);
    free(path);
    return answer;
}

struct job {
    struct rht_agency *agency;
    struct rh_public *part;
    uint32_t outcome;
};

static uint32_t number_of(struct hub_engine *engine, const char *id)
{
    struct hub_agency *row = malloc(sizeof *row);
    rh_assert(row != NULL);
    rh_assert(hub_views_agency_find(hub_engine_views(engine)->map, id, row) == RH_OK);
    uint32_t no = row->no;
    free(row);
    return no;
}

static enum rh_err run_hello(void *context, struct hub_engine *engine,
                             struct hub_gateway *gateway)
{
    struct job *job = context;
    struct rh_hello hello = { .suite = RH_SUITE_ED25519, .hub = *hub_engine_hub(engine),
                              .epoch = job->agency->epoch };
    uint8_t bytes[1024];
    struct rh_writer writer;
    struct rh_signature signature = { { 0 } };
    struct hub_offer_result result;
    (void)gateway;
    rh_assert(rh_agency_id_parse(job->agency->id, strlen(job->agency->id), &hello.agency) ==
              RH_OK);
    rh_writer_init(&writer, bytes, sizeof bytes);
    rh_assert(rh_hello_encode(&hello, &writer) == RH_OK);
    rh_assert(hub_engine_hello(engine, number_of(engine, job->agency->id), &hello,
                               (struct rh_bytes){ bytes, writer.bytes }, &signature,
                               &result) == RH_OK);
    rh_assert(result.answer == HUB_ANSWER_TAKEN);
    job->agency->next_n = result.expected_n;
    return RH_OK;
}

static void in_hub(hub_mail_fn *run, struct job *job)
{
    struct hub_mail mail = { .run = run, .context = job, .durable = true };
    assert_int_equal(hub_mailbox_ask(&hub.jobs, &mail, 5000), RH_OK);
}

void rht_agency_hello(struct rht_agency *agency)
{
    struct job job = { .agency = agency };
    in_hub(run_hello, &job);
}

static enum rh_err run_send(void *context, struct hub_engine *engine,
                            struct hub_gateway *gateway)
{
    struct job *job = context;
    static const uint8_t no_keys[] = { 0x90 };
    static uint8_t public_bytes[RH_PUBLIC_BYTES_MAX], header_bytes[512];
    struct rh_item *item = &hub.bundle.items[0];
    struct rh_hash digest;
    struct rh_writer writer;
    struct hub_offer_result result;
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519, .count = 1,
                                       .hub = *hub_engine_hub(engine),
                                       .epoch = job->agency->epoch,
                                       .first_n = job->agency->next_n };
    (void)gateway;
    memset(item, 0, sizeof *item);
    rh_writer_init(&writer, public_bytes, sizeof public_bytes);
    rh_assert(rh_public_encode(job->part, &writer) == RH_OK);
    item->public_part = (struct rh_bytes){ public_bytes, writer.bytes };
    item->keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
    rh_item_digest(item, &digest);
    rh_bundle_root(&digest, 1, &header.root);
    rh_assert(rh_agency_id_parse(job->agency->id, strlen(job->agency->id), &header.sender) ==
              RH_OK);
    rh_writer_init(&writer, header_bytes, sizeof header_bytes);
    rh_assert(rh_bundle_header_encode(&header, &writer) == RH_OK);
    hub.bundle.count = 1;
    hub.bundle.header = (struct rh_bytes){ header_bytes, writer.bytes };
    rh_assert(hub_engine_offer(engine, number_of(engine, job->agency->id), &header, &hub.bundle,
                               &digest, NULL, &result) == RH_OK);
    rh_assert(result.answer == HUB_ANSWER_TAKEN);
    job->agency->next_n++;
    job->outcome = (uint32_t)result.first_index; /* the record, until the core is read */
    return RH_OK;
}

static enum rh_err read_outcome(void *context, struct hub_engine *engine,
                                struct hub_gateway *gateway)
{
    struct job *job = context;
    struct rh_bytes core, rest;
    struct rh_receipt receipt;
    (void)gateway;
    rh_assert(hub_engine_record(engine, job->outcome, &core, &rest) == RH_OK);
    rh_assert(rh_receipt_decode(core, &receipt) == RH_OK);
    job->outcome = receipt.outcome;
    return RH_OK;
}

uint32_t rht_agency_send(struct rht_agency *agency, struct rh_public *part)
{
    struct job job = { .agency = agency, .part = part };
    in_hub(run_send, &job);
    in_hub(read_outcome, &job);
    return job.outcome;
}
