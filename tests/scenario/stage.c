/* The hub and the agencies around it: everything real but sockets. Agencies number, sign and
 * send bundles as their spools would, check every receipt and every delivery, and acknowledge
 * what they took. The hub's clock is steered, from timer to timer. */
#include "scenario/scenario.h"

#include "support/rht.h"

#include <rh/private.h>
#include <rh/proof.h>

#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------ */

struct rht_agency *rht_stage_agency(struct rht_play *play, const char *name)
{
    for (uint32_t i = 0; i < play->agency_count; i++) {
        if (strcmp(play->agencies[i].name, name) == 0)
            return &play->agencies[i];
    }
    rht_stop(play, "nobody is called %s", name);
}

const struct rht_agency *rht_stage_by_number(const struct rht_play *play, uint32_t no)
{
    for (uint32_t i = 0; i < play->agency_count; i++) {
        if (play->agencies[i].row.no == no)
            return &play->agencies[i];
    }
    return NULL;
}

const char *rht_stage_name(const struct rht_play *play, uint32_t no)
{
    if (no == HUB_AGENCY_NONE)
        return "none";
    if (no == HUB_AGENCY_HUB)
        return "hub";
    const struct rht_agency *agency = rht_stage_by_number(play, no);
    return agency != NULL ? agency->name : "?";
}

static uint32_t slot_of(const struct rht_play *play, const void *key, size_t bytes)
{
    return (uint32_t)rh_checksum(key, bytes) & (play->index.capacity - 1);
}

static uint32_t find(const struct rht_play *play, const uint32_t *table, const void *key,
                     size_t bytes, bool by_name)
{
    if (play->index.capacity == 0)
        return 0;
    for (uint32_t at = slot_of(play, key, bytes);; at = (at + 1) & (play->index.capacity - 1)) {
        if (table[at] == 0)
            return 0;
        const struct rht_matter *matter = &play->matters[table[at] - 1];
        if (by_name ? strcmp(matter->name, key) == 0
                    : memcmp(&matter->id, key, sizeof matter->id) == 0)
            return table[at];
    }
}

uint32_t rht_stage_matter_named(const struct rht_play *play, const char *name)
{
    return find(play, play->index.by_name, name, strlen(name), true);
}

uint32_t rht_stage_matter_with(const struct rht_play *play, const struct rh_referral_id *id)
{
    return find(play, play->index.by_id, id, sizeof *id, false);
}

static void put(struct rht_play *play, uint32_t *table, const void *key, size_t bytes,
                uint32_t place)
{
    uint32_t at = slot_of(play, key, bytes);
    while (table[at] != 0)
        at = (at + 1) & (play->index.capacity - 1);
    table[at] = place;
}

static void index_one(struct rht_play *play, uint32_t place)
{
    const struct rht_matter *matter = &play->matters[place - 1];
    put(play, play->index.by_name, matter->name, strlen(matter->name), place);
    put(play, play->index.by_id, &matter->id, sizeof matter->id, place);
}

static void grow(struct rht_play *play)
{
    if (play->matter_count < play->matter_capacity)
        return;
    play->matter_capacity = play->matter_capacity == 0 ? 256 : play->matter_capacity * 2;
    play->matters =
        realloc(play->matters, play->matter_capacity * sizeof *play->matters);
    free(play->index.by_name);
    free(play->index.by_id);
    play->index.capacity = play->matter_capacity * 2;
    play->index.by_name = calloc(play->index.capacity, sizeof *play->index.by_name);
    play->index.by_id = calloc(play->index.capacity, sizeof *play->index.by_id);
    if (play->matters == NULL || play->index.by_name == NULL || play->index.by_id == NULL)
        rht_stop(play, "out of memory");
    for (uint32_t place = 1; place <= play->matter_count; place++)
        index_one(play, place);
}

static struct rht_matter *add_matter(struct rht_play *play, const char *name,
                                     const struct rh_referral_id *id)
{
    if (strlen(name) >= RHT_NAME_BYTES)
        rht_stop(play, "%s is too long a name", name);
    grow(play);
    struct rht_matter *matter = &play->matters[play->matter_count++];
    snprintf(matter->name, sizeof matter->name, "%s", name);
    matter->id = *id;
    matter->many = play->quiet;
    index_one(play, play->matter_count);
    return matter;
}

void rht_stage_fresh_id(struct rht_play *play, uint8_t id[RH_ID_BYTES])
{
    uint8_t random[10];
    rh_random(random, sizeof random);
    rh_id_make(id, hub_engine_now(play->engine), random);
}

struct rht_matter *rht_stage_matter(struct rht_play *play, const char *name)
{
    uint32_t place = rht_stage_matter_named(play, name);
    if (place != 0)
        return &play->matters[place - 1];
    struct rh_referral_id id;
    rht_stage_fresh_id(play, id.bytes);
    return add_matter(play, name, &id);
}

const char *rht_stage_matter_name(struct rht_play *play, const struct rh_referral_id *id)
{
    uint32_t place = rht_stage_matter_with(play, id);
    return place != 0 ? play->matters[place - 1].name : "?";
}

/* ---- the hub ---------------------------------------------------------------------------- */

static void open_assembly(struct rht_play *play)
{
    if (hub_assembly_open(&play->assembly, &play->options) != RH_OK)
        rht_stop(play, "the hub does not open: %s", play->assembly.report);
    play->engine = play->assembly.engine;
    hub_engine_external_key(play->engine, play->external_key);
}

static void finish(struct rht_play *play)
{
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_must(play, hub_engine_settle(play->engine), "settling");
    rht_must(play, hub_assembly_idle(&play->assembly), "content keys");
}

static void enrol(struct rht_play *play, struct rht_agency *agency)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "scenario",
                                   .reason = "enrolled", .agency = agency->row };
    struct hub_agency *row = &command.agency;
    if (agency->superior[0] != '\0')
        row->superior = rht_stage_agency(play, agency->superior)->row.no;
    row->state = HUB_AGENCY_ACTIVE;
    rh_hash_keyed(play->external_key, row->id.text, strlen(row->id.text), &row->unit_hash);
    snprintf(row->card.owner, sizeof row->card.owner, "%s", row->id.text);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        rh_secret_generate((enum rh_key_use)use, row->id.text, &agency->keys[use]);
        row->card.present[use] = true;
        memcpy(row->card.keys[use], agency->keys[use].public_key, 32);
    }
    struct hub_command_result result;
    rht_must(play, hub_engine_command(play->engine, &command, &result), "enrolling");
    if (result.refusal != 0)
        rht_stop(play, "%s was refused with %u", agency->name, result.refusal);
    row->no = result.agency;
    agency->row = *row;
    rh_random(agency->epoch.bytes, sizeof agency->epoch.bytes);
}

static void sign(const struct rht_agency *agency, const char *tag, struct rh_bytes message,
                 struct rh_signature *out)
{
    struct rh_sign_secret secret;
    memcpy(secret.bytes, agency->keys[RH_KEY_SIGN].secret, sizeof secret.bytes);
    rh_sign(tag, message.data, message.bytes, &secret, out);
    rh_wipe(&secret, sizeof secret);
}

static void say_hello(struct rht_play *play, struct rht_agency *agency)
{
    struct rh_hello hello = { .suite = RH_SUITE_ED25519, .agency = agency->row.id,
                              .hub = *hub_engine_hub(play->engine), .epoch = agency->epoch };
    uint8_t bytes[1024];
    struct rh_writer writer;
    struct rh_signature signature;
    struct hub_offer_result result;
    rh_writer_init(&writer, bytes, sizeof bytes);
    rht_must(play, rh_hello_encode(&hello, &writer), "a hello");
    struct rh_bytes encoded = { bytes, writer.bytes };
    sign(agency, "rhub/hello/1", encoded, &signature);
    rht_must(play,
             hub_engine_hello(play->engine, agency->row.no, &hello, encoded, &signature,
                              &result),
             "a hello");
    if (result.answer != HUB_ANSWER_TAKEN)
        rht_stop(play, "the hello of %s was not taken (%u)", agency->name, result.refusal);
    agency->next_n = result.expected_n;
}

static void greet_all(struct rht_play *play)
{
    for (uint32_t i = 0; i < play->agency_count; i++)
        say_hello(play, &play->agencies[i]);
    finish(play);
    rht_show_records(play);
}

void rht_stage_open(struct rht_play *play, uint64_t start_ms)
{
    char path[RHT_PATH_BYTES + 16], report[512];
    struct rh_card card;
    snprintf(play->data, sizeof play->data, "%s/data", rht_tmpdir());
    snprintf(play->keys, sizeof play->keys, "%s/keys", rht_tmpdir());
    play->options = (struct hub_options){
        .data_dir = play->data,
        .keys_dir = play->keys,
        .rules_dir = play->rules,
        .hub_id = "test.scenario",
        .endpoint = "tcp://127.0.0.1:5550",
        .test_clock = true,
        .test_start_ms = start_ms,
        .map_bytes = UINT64_C(4) << 30,
        .segment_bytes = 16u * 1024 * 1024,
    };
    if (hub_assembly_init(&play->options, report, sizeof report) != RH_OK)
        rht_stop(play, "%s", report);
    snprintf(path, sizeof path, "%s/hub.card", play->keys);
    rht_must(play, rh_card_load(path, &card), path);
    memcpy(play->hub_key.bytes, card.keys[RH_KEY_SIGN], sizeof play->hub_key.bytes);
    open_assembly(play);
    for (uint32_t i = 0; i < play->agency_count; i++)
        enrol(play, &play->agencies[i]);
    finish(play);
    greet_all(play);
}

void rht_stage_restart(struct rht_play *play)
{
    hub_assembly_close(&play->assembly);
    open_assembly(play);
    greet_all(play);
}

void rht_stage_close(struct rht_play *play)
{
    if (play->engine != NULL)
        hub_assembly_close(&play->assembly);
    play->engine = NULL;
}

/* ---- time ------------------------------------------------------------------------------- */

static void steer(struct rht_play *play, uint64_t to_ms)
{
    if (hub_engine_now(play->engine) < to_ms)
        rht_must(play, hub_engine_steer(play->engine, to_ms, 0, "scenario"), "the clock");
}

static void fire(struct rht_play *play)
{
    uint32_t fired = 1;
    while (fired > 0) {
        rht_must(play, hub_engine_fire(play->engine, 256, &fired), "timers");
        finish(play);
        rht_show_records(play);
    }
}

void rht_stage_until(struct rht_play *play, uint64_t to_ms)
{
    fire(play);
    for (;;) {
        uint64_t at_ms, rno;
        struct hub_monthly owed;
        uint64_t month_ms =
            hub_engine_monthly_at(play->engine, hub_engine_now(play->engine), &owed);
        if (hub_views_wake_first(hub_engine_views(play->engine)->map, &at_ms, &rno) != RH_OK ||
            month_ms < at_ms)
            at_ms = month_ms;
        if (at_ms > to_ms)
            break;
        steer(play, at_ms);
        fire(play);
    }
    steer(play, to_ms);
    finish(play);
}

/* ---- sending ---------------------------------------------------------------------------- */

void rht_stage_add(struct rht_play *play, struct rht_agency *agency,
                   const struct rh_public *part, struct rh_bytes private_part,
                   struct rh_bytes body)
{
    size_t wanted = RH_PUBLIC_BYTES_MAX + private_part.bytes + body.bytes;
    struct rh_frame_bundle *bundle = &play->bundle;
    if (play->author != agency || bundle->count == RH_BUNDLE_ITEMS_MAX ||
        play->used + wanted > RH_FRAME_BYTES_MAX)
        rht_stage_send(play, RHT_CUT_NOWHERE);
    play->author = agency;
    struct rh_item *item = &bundle->items[bundle->count];
    struct rh_writer writer;
    static const uint8_t no_keys[] = { 0x90 };
    memset(item, 0, sizeof *item);
    rh_writer_init(&writer, play->bytes + play->used, RH_PUBLIC_BYTES_MAX);
    rht_must(play, rh_public_encode(part, &writer), "a public part");
    item->public_part = (struct rh_bytes){ writer.data, writer.bytes };
    play->used += writer.bytes;
    struct rh_bytes *const parts[] = { &private_part, &body };
    struct rh_bytes *const places[] = { &item->private_part, &item->body };
    for (int i = 0; i < 2; i++) {
        if (parts[i]->bytes == 0)
            continue;
        memcpy(play->bytes + play->used, parts[i]->data, parts[i]->bytes);
        *places[i] = (struct rh_bytes){ play->bytes + play->used, parts[i]->bytes };
        play->used += parts[i]->bytes;
    }
    item->keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    rh_random(item->salt, sizeof item->salt);
    rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
    rh_item_digest(item, &play->digests[bundle->count++]);
}

static struct hub_offer_result offer(struct rht_play *play)
{
    struct rht_agency *author = play->author;
    struct rh_frame_bundle *bundle = &play->bundle;
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519, .sender = author->row.id,
                                       .hub = *hub_engine_hub(play->engine),
                                       .epoch = author->epoch, .first_n = author->next_n,
                                       .count = bundle->count,
                                       .claimed_ms = hub_engine_now(play->engine) };
    struct rh_writer writer;
    struct hub_offer_result result;
    rh_bundle_root(play->digests, bundle->count, &header.root);
    rh_writer_init(&writer, play->header, sizeof play->header);
    rht_must(play, rh_bundle_header_encode(&header, &writer), "a header");
    bundle->header = (struct rh_bytes){ play->header, writer.bytes };
    sign(author, "rhub/bundle/1", bundle->header, &bundle->signature);
    rht_must(play,
             hub_engine_offer(play->engine, author->row.no, &header, bundle, play->digests,
                              NULL, &result),
             "a bundle");
    return result;
}

/* One item's outcome against what the script wants. */
static void judge(struct rht_play *play, uint32_t outcome)
{
    if (!play->block) {
        play->refused = outcome;
        return;
    }
    if (outcome != play->wanted_refusal)
        rht_fail(play, "an item of the block: expected %u, answered %u", play->wanted_refusal,
                 outcome);
}

/* The receipt as the agency checks it: the hub's signature, the way to the root, the cores. */
static void check_confirm(struct rht_play *play)
{
    const struct rh_frame_confirm *confirm = &play->confirm;
    struct rh_batch batch = { .hub = *hub_engine_hub(play->engine), .size = confirm->size,
                              .root = confirm->root, .signature = confirm->signature };
    rht_must(play, rh_batch_verify(&batch, &play->hub_key), "a receipt's signature");
    static struct rh_hash leaves[RH_BUNDLE_ITEMS_MAX];
    for (uint32_t i = 0; i < confirm->record_count; i++) {
        const struct rh_confirmed *record = &confirm->records[i];
        struct rh_receipt core;
        rh_leaf_hash(record->core, &record->rest_hash, &leaves[i]);
        rht_must(play, rh_receipt_decode(record->core, &core), "a receipt");
        if (core.n != confirm->first_n + i || core.index != confirm->first_index + i)
            rht_stop(play, "a receipt is about another number");
        judge(play, core.outcome);
    }
    rht_must(play,
             rh_proof_range_verify(confirm->first_index, leaves, confirm->record_count,
                                   confirm->size, confirm->proof, confirm->proof_count,
                                   &confirm->root),
             "a receipt's proof");
}

static void expect_answer(const struct rht_play *play, const struct hub_offer_result *result,
                          enum hub_answer wanted)
{
    if (result->answer != wanted)
        rht_stop(play, "the bundle was answered %d (%u)", (int)result->answer, result->refusal);
}

/* Killed before anything was on disk: the same bundle with the same numbers is new to it. */
static void cut_before_sync(struct rht_play *play)
{
    struct hub_offer_result result = offer(play);
    uint64_t n = play->author->next_n;
    expect_answer(play, &result, HUB_ANSWER_TAKEN);
    rht_stage_restart(play);
    if (play->author->next_n != n)
        rht_fail(play, "a number was consumed by what was never synced");
}

/* Killed after the sync, before the receipt left: asking again gives the identical one. */
static void cut_before_confirm(struct rht_play *play)
{
    struct rht_agency *author = play->author;
    uint32_t count = play->bundle.count;
    uint64_t n = author->next_n;
    struct hub_offer_result result = offer(play);
    static uint8_t cores[RH_BUNDLE_ITEMS_MAX][RH_CORE_BYTES_MAX];
    static size_t bytes[RH_BUNDLE_ITEMS_MAX];
    expect_answer(play, &result, HUB_ANSWER_TAKEN);
    rht_must(play, hub_engine_finish(play->engine), "a frame");
    rht_must(play,
             hub_engine_confirm(play->engine, n, result.first_index, count, &play->confirm),
             "a confirm");
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = play->confirm.records[i].core.bytes;
        memcpy(cores[i], play->confirm.records[i].core.data, bytes[i]);
    }
    rht_stage_restart(play);
    author->next_n = n; /* the agent knows of no receipt yet */
    result = offer(play);
    expect_answer(play, &result, HUB_ANSWER_AGAIN);
    rht_must(play,
             hub_engine_confirm_again(play->engine, author->row.no, &author->epoch, n, count,
                                      &play->confirm),
             "a confirm");
    for (uint32_t i = 0; i < play->confirm.record_count; i++) {
        struct rh_bytes core = play->confirm.records[i].core;
        if (core.bytes != bytes[i] || memcmp(core.data, cores[i], bytes[i]) != 0)
            rht_fail(play, "asked again, the hub gave another receipt");
    }
    check_confirm(play);
}

void rht_stage_send(struct rht_play *play, enum rht_cut cut)
{
    struct rht_agency *author = play->author;
    uint32_t count = play->bundle.count;
    if (author == NULL)
        return;
    if (cut == RHT_CUT_BEFORE_CONFIRM) {
        cut_before_confirm(play);
    } else {
        if (cut == RHT_CUT_BEFORE_SYNC)
            cut_before_sync(play);
        struct hub_offer_result result = offer(play);
        expect_answer(play, &result, HUB_ANSWER_TAKEN);
        finish(play);
        rht_must(play,
                 hub_engine_confirm(play->engine, author->next_n, result.first_index, count,
                                    &play->confirm),
                 "a confirm");
        check_confirm(play);
    }
    author->next_n += count;
    play->author = NULL;
    play->bundle.count = 0;
    play->used = 0;
    rht_show_records(play);
}

/* ---- receiving -------------------------------------------------------------------------- */

static void keep(struct rht_play *play, struct rht_agency *agency,
                 const struct hub_queued *queued, const struct rh_delivery *delivery)
{
    if (agency->taken_count == agency->taken_capacity) {
        agency->taken_capacity = agency->taken_capacity == 0 ? 64 : agency->taken_capacity * 2;
        agency->taken = realloc(agency->taken, agency->taken_capacity * sizeof *agency->taken);
        if (agency->taken == NULL)
            rht_stop(play, "out of memory");
    }
    struct rht_taken *taken = &agency->taken[agency->taken_count++];
    *taken = (struct rht_taken){ .from = queued->from, .kind = queued->kind,
                                 .tombstone = delivery->form == RH_DELIVERY_TOMBSTONE };
    if (queued->rno != 0) {
        rht_must(play,
                 hub_views_referral(hub_engine_views(play->engine)->map, queued->rno,
                                    &play->row),
                 "a referral");
        taken->matter = rht_stage_matter_with(play, &play->row.id);
    }
    if (delivery->form == RH_DELIVERY_NOTICE) {
        rht_must(play, rh_public_decode(delivery->item.public_part, &play->part, NULL),
                 "a notice");
        taken->message = play->part.message_id;
        agency->fact_count = play->part.fact_count;
        memcpy(agency->facts, play->part.facts,
               play->part.fact_count * sizeof play->part.facts[0]);
        if (play->part.kind == RH_KIND_SHARED)
            rht_shared_text(&play->part, agency->shared, sizeof agency->shared);
    }
    if (delivery->form != RH_DELIVERY_ITEM)
        return;
    struct rh_body body;
    rht_must(play, rh_public_decode(delivery->item.public_part, &play->part, NULL),
             "a delivery's public part");
    taken->message = play->part.message_id;
    rht_must(play, rh_body_decode(delivery->item.body, &body), "a delivery's body");
    if (body.content.bytes > 0)
        taken->body = strndup((const char *)body.content.data, body.content.bytes);
}

/* What the receiver's client does before it says that it has a message. */
static void receive(struct rht_play *play, struct rht_agency *agency,
                    const struct hub_queued *queued)
{
    static struct rh_delivery delivery; /* large */
    rht_must(play, hub_engine_delivery(play->engine, queued, &delivery), "a delivery");
    if (delivery.form == RH_DELIVERY_ITEM) {
        const struct rht_agency *sender = rht_stage_by_number(play, queued->from);
        if (sender == NULL)
            rht_stop(play, "a delivery from nobody");
        struct rh_sign_public key;
        memcpy(key.bytes, sender->keys[RH_KEY_SIGN].public_key, sizeof key.bytes);
        rht_must(play, rh_delivery_check(&delivery, &key), "a delivery's proof");
    }
    keep(play, agency, queued, &delivery);
}

static struct rh_agency_id id_of(struct rht_play *play, uint32_t no)
{
    struct rh_agency_id id = { "" };
    const struct rht_agency *agency = rht_stage_by_number(play, no);
    if (agency != NULL)
        return agency->row.id;
    const char *hub = hub_engine_hub(play->engine)->text;
    rht_must(play, rh_agency_id_parse(hub, strlen(hub), &id), "the hub's id");
    return id;
}

static void send_ack(struct rht_play *play, struct rht_agency *agency,
                     const struct hub_queued *last, uint32_t refusal)
{
    struct rh_public part = { .kind = refusal == 0 ? RH_KIND_ACK : RH_KIND_NACK,
                              .from = id_of(play, last->from), .lane = last->lane,
                              .pair_seq = last->pair_seq, .refusal = refusal };
    rht_stage_fresh_id(play, part.message_id.bytes);
    rht_stage_add(play, agency, &part, (struct rh_bytes){ 0 }, (struct rh_bytes){ 0 });
}

enum { RUN_MAX = 32 }; /* messages an ack brings to arrival at once */

/* One pair's messages in their order, until one must wait for another sender's. */
static uint32_t take_pair(struct rht_play *play, struct rht_agency *agency, enum rh_lane lane,
                          uint32_t from, uint32_t max)
{
    struct hub_map *map = hub_engine_views(play->engine)->map;
    struct hub_queued queued, last = { 0 };
    uint32_t count = 0;
    bool blocked = false;
    uint64_t at = 0;
    while (count < max && count < RUN_MAX &&
           hub_views_queue_head(map, agency->row.no, lane, from, at, &queued) == RH_OK) {
        rht_must(play, hub_views_queue_blocked(map, &queued, &blocked), "a queue");
        if (blocked)
            break;
        receive(play, agency, &queued);
        at = queued.pair_seq + 1;
        last = queued;
        count++;
    }
    if (count == 0)
        return 0;
    send_ack(play, agency, &last, 0);
    rht_stage_send(play, RHT_CUT_NOWHERE);
    return count;
}

static bool first_of(struct rht_play *play, const struct rht_agency *agency,
                     struct hub_queued *out)
{
    static const enum rh_lane lanes[] = { RH_LANE_URGENT, RH_LANE_GREEN, RH_LANE_NORMAL };
    struct hub_map *map = hub_engine_views(play->engine)->map;
    for (int i = 0; i < RH_LANE_COUNT; i++) {
        uint32_t from = 0;
        while (hub_views_queue_sender(map, agency->row.no, lanes[i], &from) == RH_OK) {
            bool blocked = true;
            if (hub_views_queue_head(map, agency->row.no, lanes[i], from, 0, out) != RH_OK)
                continue;
            rht_must(play, hub_views_queue_blocked(map, out, &blocked), "a queue");
            if (!blocked)
                return true;
        }
    }
    return false;
}

/* A session delivers lane by lane; fairness between senders of one lane is the gateway's. */
void rht_stage_take(struct rht_play *play, struct rht_agency *agency, uint32_t max)
{
    struct hub_queued first;
    bool block = play->block;
    agency->taken_before = agency->taken_count;
    play->block = false;
    while (max > 0 && first_of(play, agency, &first)) {
        uint32_t count = take_pair(play, agency, first.lane, first.from, max);
        if (count == 0 || play->refused != 0)
            rht_stop(play, "an acknowledgement was refused (%u)", play->refused);
        max -= count;
    }
    play->block = block;
    rht_show_taken(play, agency);
}

void rht_stage_lose(struct rht_play *play, struct rht_agency *agency)
{
    struct hub_queued first;
    static struct rh_delivery delivery; /* large */
    if (!first_of(play, agency, &first))
        rht_stop(play, "nothing waits for %s", agency->name);
    rht_must(play, hub_engine_delivery(play->engine, &first, &delivery), "a delivery");
    rht_stage_restart(play);
}

void rht_stage_nack(struct rht_play *play, struct rht_agency *agency, uint32_t refusal)
{
    struct hub_queued first;
    if (!first_of(play, agency, &first))
        rht_stop(play, "nothing waits for %s", agency->name);
    send_ack(play, agency, &first, refusal);
    rht_stage_send(play, RHT_CUT_NOWHERE);
}
