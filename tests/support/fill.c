#include "support/fill.h"

#include "assembly/assembly.h"
#include "engine/inside.h" /* for checkpoints when the filling wants them, not every 5 s */
#include "support/rht.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sodium.h>

enum {
    AGENCIES = 4,
    ALIVE = 192,     /* referrals that are still moved on */
    NEW_A_ROUND = 24, /* registered in one round */
    SPAN_DAYS = 90,
    BODY_BYTES = 400,
    BUNDLE_BYTES = 512 * 1024
};

/* Two offices that register, two that handle. */
static const struct {
    const char *id, *role, *zh, *en;
} cast[AGENCIES] = {
    { "petitions.620423", "petitions", "景泰县信访局", "Jingtai petitions office" },
    { "petitions.620402", "petitions", "白银区信访局", "Baiyin petitions office" },
    { "procuratorate.620423", "procuratorate", "景泰县人民检察院", "Jingtai procuratorate" },
    { "procuratorate.620402", "procuratorate", "白银区人民检察院", "Baiyin procuratorate" },
};

struct sender {
    uint32_t no;
    struct rh_agency_id id;
    struct rh_secret keys[RH_KEY_USES];
    struct rh_epoch epoch;
    uint64_t next_n;
    /* the bundle being built */
    struct rh_frame_bundle bundle;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    uint8_t header[RH_BUNDLE_HEADER_BYTES_MAX];
    uint8_t bytes[BUNDLE_BYTES];
    size_t used;
};

struct fill {
    const struct rht_fill_options *options;
    struct rht_fill_result *result;
    struct rht_random random;
    char data[RHT_FILL_PATH_BYTES], keys[RHT_FILL_PATH_BYTES];
    struct hub_options hub;
    struct hub_assembly assembly;
    struct hub_engine *engine;
    struct sender senders[AGENCIES];
    struct rh_referral_id alive[ALIVE];
    uint64_t round;
    struct rh_frame_confirm confirm;
    struct hub_referral row;
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "rht_fill: %s\n", what);
    exit(1);
}

static void must(enum rh_err err, const char *what)
{
    if (err != RH_OK)
        fprintf(stderr, "rht_fill: %s: %s\n", what, rh_err_text(err));
    check(err == RH_OK, what);
}

static void make_dir(const char *path)
{
    check(mkdir(path, 0700) == 0, path);
}

/* ---- the hub --------------------------------------------------------------------------- */

static void open_hub(struct fill *fill)
{
    enum rh_err err = hub_assembly_open(&fill->assembly, &fill->hub);
    if (err != RH_OK)
        fprintf(stderr, "rht_fill: %s\n", fill->assembly.report);
    must(err, "the hub cannot be opened");
    fill->engine = fill->assembly.engine;
}

static void prepare_hub(struct fill *fill)
{
    char report[512];
    const struct rht_fill_options *options = fill->options;
    make_dir(options->dir);
    snprintf(fill->data, sizeof fill->data, "%s/data", options->dir);
    snprintf(fill->keys, sizeof fill->keys, "%s/keys", options->dir);
    fill->hub = (struct hub_options){
        .data_dir = fill->data,
        .keys_dir = fill->keys,
        .rules_dir = options->rules_dir,
        .hub_id = options->real_clock ? "hub.620423" : "test.fill",
        .endpoint = options->endpoint != NULL ? options->endpoint : "tcp://127.0.0.1:5550",
        .test_clock = !options->real_clock,
        .test_start_ms = options->start_ms,
        .map_bytes = options->map_bytes != 0 ? options->map_bytes : UINT64_C(1) << 30,
        .segment_bytes = options->segment_bytes,
    };
    must(hub_assembly_init(&fill->hub, report, sizeof report), report);
    open_hub(fill);
}

static void finish(struct fill *fill)
{
    must(hub_engine_finish(fill->engine), "a frame");
    must(hub_engine_settle(fill->engine), "settling");
    must(hub_assembly_idle(&fill->assembly), "content keys");
}

static void enrol(struct fill *fill, unsigned who)
{
    struct sender *sender = &fill->senders[who];
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "fill",
                                   .reason = "enrolled" };
    char path[RHT_FILL_PATH_BYTES];
    must(rh_agency_id_parse(cast[who].id, strlen(cast[who].id), &sender->id), cast[who].id);
    command.agency.id = sender->id;
    snprintf(command.agency.role, sizeof command.agency.role, "%s", cast[who].role);
    snprintf(command.agency.area, sizeof command.agency.area, "%s",
             strchr(cast[who].id, '.') + 1);
    snprintf(command.agency.name_zh, sizeof command.agency.name_zh, "%s", cast[who].zh);
    snprintf(command.agency.name_en, sizeof command.agency.name_en, "%s", cast[who].en);
    command.agency.state = HUB_AGENCY_ACTIVE;
    snprintf(command.agency.card.owner, sizeof command.agency.card.owner, "%s", cast[who].id);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        rh_secret_generate((enum rh_key_use)use, cast[who].id, &sender->keys[use]);
        command.agency.card.present[use] = true;
        memcpy(command.agency.card.keys[use], sender->keys[use].public_key, 32);
        snprintf(path, sizeof path, "%s/agents/%s.%s.key", fill->options->dir, cast[who].id,
                 rh_key_use_name((enum rh_key_use)use));
        must(rh_secret_save(path, &sender->keys[use]), path);
    }
    snprintf(path, sizeof path, "%s/cards/%s.pub", fill->options->dir, cast[who].id);
    must(rh_card_save(path, &command.agency.card), path);
    struct hub_command_result result;
    must(hub_engine_command(fill->engine, &command, &result), "enrolling");
    check(result.refusal == 0, "an agency was refused");
    sender->no = result.agency;
    rht_random_fill(&fill->random, sender->epoch.bytes, sizeof sender->epoch.bytes);
}

static void sign(const struct sender *sender, const char *tag, const uint8_t *message,
                 size_t bytes, struct rh_signature *out)
{
    struct rh_sign_secret secret;
    memcpy(secret.bytes, sender->keys[RH_KEY_SIGN].secret, sizeof secret.bytes);
    rh_sign(tag, message, bytes, &secret, out);
}

static void say_hello(struct fill *fill, struct sender *sender)
{
    struct rh_hello hello = { .suite = RH_SUITE_ED25519, .agency = sender->id,
                              .hub = *hub_engine_hub(fill->engine), .epoch = sender->epoch };
    uint8_t bytes[1024];
    struct rh_writer writer;
    struct rh_signature signature;
    struct hub_offer_result result;
    rh_writer_init(&writer, bytes, sizeof bytes);
    must(rh_hello_encode(&hello, &writer), "a hello");
    sign(sender, "rhub/hello/1", bytes, writer.bytes, &signature);
    must(hub_engine_hello(fill->engine, sender->no, &hello,
                          (struct rh_bytes){ bytes, writer.bytes }, &signature, &result),
         "a hello");
    check(result.answer == HUB_ANSWER_TAKEN, "a hello was not taken");
    sender->next_n = result.expected_n;
}

/* ---- receipts -------------------------------------------------------------------------- */

/* The forms of hub/audit/receipt_file.h, each as an agency may keep it. */
enum form { FORM_CONFIRM, FORM_RANGE, FORM_INCLUSION, FORM_FOLLOWED, FORM_PUBLISHED, FORMS };

static void put_text(FILE *out, const uint8_t *data, size_t bytes)
{
    size_t capacity = sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(capacity);
    check(text != NULL, "memory");
    sodium_bin2base64(text, capacity, data, bytes, sodium_base64_VARIANT_ORIGINAL);
    fprintf(out, "\"%s\"", text);
    free(text);
}

static void put_base64(FILE *out, const char *name, const uint8_t *data, size_t bytes)
{
    fprintf(out, ",\n  \"%s\": ", name);
    put_text(out, data, bytes);
}

static void put_hashes(FILE *out, const char *name, const struct rh_hash *hashes, size_t count)
{
    fprintf(out, ",\n  \"%s\": [", name);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", out);
        put_text(out, hashes[i].bytes, sizeof hashes[i].bytes);
    }
    fputs("]", out);
}

static void put_frame(struct fill *fill, FILE *out)
{
    static uint8_t frame[RH_FRAME_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, frame, sizeof frame);
    must(rh_frame_confirm_encode(&fill->confirm, &writer), "a confirm");
    put_base64(out, "confirm", frame, writer.bytes);
}

static void put_batch(struct fill *fill, FILE *out)
{
    const struct rh_frame_confirm *confirm = &fill->confirm;
    fprintf(out, ",\n  \"checkpoint\": { \"size\": %llu, \"root\": ",
            (unsigned long long)confirm->size);
    put_text(out, confirm->root.bytes, sizeof confirm->root.bytes);
    fputs(", \"signature\": ", out);
    put_text(out, confirm->signature.bytes, sizeof confirm->signature.bytes);
    fputs(" }", out);
}

static void put_range(struct fill *fill, FILE *out)
{
    static struct rh_hash leaves[RH_CONFIRM_RECORDS_MAX];
    const struct rh_frame_confirm *confirm = &fill->confirm;
    for (uint32_t i = 0; i < confirm->record_count; i++)
        rh_leaf_hash(confirm->records[i].core, &confirm->records[i].rest_hash, &leaves[i]);
    fprintf(out, ",\n  \"range\": { \"first_index\": %llu",
            (unsigned long long)confirm->first_index);
    put_hashes(out, "leaves", leaves, confirm->record_count);
    put_hashes(out, "proof", confirm->proof, confirm->proof_count);
    fputs(" }", out);
}

static void put_inclusion(struct fill *fill, FILE *out, uint64_t index, uint64_t size)
{
    struct rh_hash path[RH_PROOF_PATH_MAX];
    size_t count;
    must(hub_tree_prove_inclusion(fill->engine->tree, index, size, path, &count), "a proof");
    put_hashes(out, "proof", path, count);
}

/* The newest published checkpoint, its newlines written as JSON wants them. */
static void put_note(struct fill *fill, FILE *out)
{
    struct rh_bytes note = hub_engine_note(fill->engine);
    fputs(",\n  \"published\": \"", out);
    for (size_t i = 0; i < note.bytes; i++) {
        if (note.data[i] == '\n')
            fputs("\\n", out);
        else
            fputc(note.data[i], out);
    }
    fputs("\"", out);
}

static void put_consistency(struct fill *fill, FILE *out, uint64_t old_size, uint64_t size)
{
    struct rh_hash proof[RH_PROOF_CONSISTENCY_MAX];
    size_t count;
    must(hub_tree_prove_consistency(fill->engine->tree, old_size, size, proof, &count),
         "a proof");
    put_hashes(out, "consistency", proof, count);
}

static void write_receipt(struct fill *fill, enum form form, uint32_t which)
{
    char path[RHT_FILL_PATH_BYTES];
    const struct rh_confirmed *record = &fill->confirm.records[which];
    uint64_t index = fill->confirm.first_index + which;
    snprintf(path, sizeof path, "%s/receipts/%llu-%d.receipt.json", fill->options->dir,
             (unsigned long long)index, (int)form);
    FILE *out = fopen(path, "w");
    check(out != NULL, path);
    fprintf(out, "{\n  \"object\": \"receipt\", \"v\": 1, \"hub\": \"%s\", \"index\": %llu",
            hub_engine_hub(fill->engine)->text, (unsigned long long)index);
    put_base64(out, "core", record->core.data, record->core.bytes);
    put_base64(out, "rest_hash", record->rest_hash.bytes, sizeof record->rest_hash.bytes);
    if (form == FORM_CONFIRM)
        put_frame(fill, out);
    else if (form != FORM_PUBLISHED)
        put_batch(fill, out);
    if (form == FORM_RANGE)
        put_range(fill, out);
    if (form == FORM_INCLUSION || form == FORM_FOLLOWED)
        put_inclusion(fill, out, index, fill->confirm.size);
    if (form == FORM_PUBLISHED)
        put_inclusion(fill, out, index, fill->engine->published_size);
    if (form == FORM_PUBLISHED || form == FORM_FOLLOWED)
        put_note(fill, out);
    if (form == FORM_FOLLOWED)
        put_consistency(fill, out, fill->confirm.size, fill->engine->published_size);
    fputs("\n}\n", out);
    check(fclose(out) == 0, path);
    fill->result->receipts++;
}

static void take_confirm(struct fill *fill, const struct hub_offer_result *offer,
                         uint32_t count)
{
    must(hub_engine_confirm(fill->engine, offer->expected_n, offer->first_index, count,
                            &fill->confirm),
         "a confirm");
    for (uint32_t i = 0; i < fill->confirm.record_count; i++) {
        struct rh_receipt core;
        must(rh_receipt_decode(fill->confirm.records[i].core, &core), "a core");
        fill->result->refused += core.outcome != 0 ? 1 : 0;
    }
    if (fill->result->receipts < fill->options->receipts) {
        uint32_t one = (uint32_t)rht_random_below(&fill->random, fill->confirm.record_count);
        write_receipt(fill, (enum form)(fill->result->receipts % (FORM_INCLUSION + 1)), one);
    }
}

/* ---- bundles --------------------------------------------------------------------------- */

static void fresh_id(struct fill *fill, uint8_t id[16])
{
    uint8_t random[10];
    rht_random_fill(&fill->random, random, sizeof random);
    rh_id_make(id, hub_engine_now(fill->engine), random);
}

static void send_bundle(struct fill *fill, struct sender *sender)
{
    struct rh_frame_bundle *bundle = &sender->bundle;
    if (bundle->count == 0)
        return;
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519, .sender = sender->id,
                                       .hub = *hub_engine_hub(fill->engine),
                                       .epoch = sender->epoch, .first_n = sender->next_n,
                                       .count = bundle->count,
                                       .claimed_ms = hub_engine_now(fill->engine) };
    struct rh_writer writer;
    struct hub_offer_result result;
    rh_bundle_root(sender->digests, bundle->count, &header.root);
    rh_writer_init(&writer, sender->header, sizeof sender->header);
    must(rh_bundle_header_encode(&header, &writer), "a header");
    bundle->header = (struct rh_bytes){ sender->header, writer.bytes };
    sign(sender, "rhub/bundle/1", sender->header, writer.bytes, &bundle->signature);
    must(hub_engine_offer(fill->engine, sender->no, &header, bundle, sender->digests, NULL,
                          &result),
         "a bundle");
    check(result.answer == HUB_ANSWER_TAKEN, "a bundle was not taken");
    finish(fill);
    take_confirm(fill, &result, bundle->count);
    sender->next_n += bundle->count;
    fill->result->bundles++;
    fill->result->items += bundle->count;
    bundle->count = 0;
    sender->used = 0;
}

static void add_item(struct fill *fill, struct sender *sender, const struct rh_public *part)
{
    struct rh_frame_bundle *bundle = &sender->bundle;
    if (bundle->count == RH_BUNDLE_ITEMS_MAX ||
        sender->used + RH_PUBLIC_BYTES_MAX + BODY_BYTES > sizeof sender->bytes)
        send_bundle(fill, sender);
    static const uint8_t no_keys[] = { 0x90 };
    struct rh_item *item = &bundle->items[bundle->count];
    struct rh_writer writer;
    memset(item, 0, sizeof *item);
    rh_writer_init(&writer, sender->bytes + sender->used, sizeof sender->bytes - sender->used);
    must(rh_public_encode(part, &writer), "a public part");
    item->public_part = (struct rh_bytes){ writer.data, writer.bytes };
    sender->used += writer.bytes;
    bool content = part->kind != RH_KIND_ACK;
    size_t body = content ? rht_random_between(&fill->random, 1, BODY_BYTES) : 0;
    rht_random_fill(&fill->random, sender->bytes + sender->used, body);
    item->body = (struct rh_bytes){ sender->bytes + sender->used, body };
    sender->used += body;
    item->keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    rh_random(item->salt, sizeof item->salt);
    rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
    rh_item_digest(item, &sender->digests[bundle->count++]);
}

static struct rh_public message(struct fill *fill, enum rh_kind kind,
                                const struct rh_referral_id *referral, const char *code)
{
    struct rh_public part = { .kind = kind, .referral_id = *referral };
    fresh_id(fill, part.message_id.bytes);
    snprintf(part.code, sizeof part.code, "%s", code);
    if (strcmp(code, "not-competent") == 0)
        part.proper = fill->senders[0].id;
    return part;
}

/* ---- what agencies do ------------------------------------------------------------------ */

static void forward(struct fill *fill, struct sender *sender,
                    const struct rh_referral_id *referral)
{
    struct rh_public part = message(fill, RH_KIND_FORWARD, referral, "");
    part.to = fill->senders[2 + rht_random_below(&fill->random, 2)].id;
    add_item(fill, sender, &part);
}

static void register_one(struct fill *fill, struct rh_referral_id *referral)
{
    struct sender *sender = &fill->senders[rht_random_below(&fill->random, 2)];
    fresh_id(fill, referral->bytes);
    struct rh_public part = message(fill, RH_KIND_REGISTER, referral, "");
    snprintf(part.procedure, sizeof part.procedure, "p12309");
    snprintf(part.category, sizeof part.category, "judicial.procuratorial");
    snprintf(part.area, sizeof part.area, "%s", strchr(sender->id.text, '.') + 1);
    snprintf(part.source, sizeof part.source, "visit");
    part.reply_owed = true;
    add_item(fill, sender, &part);
    forward(fill, sender, referral);
    fill->result->referrals++;
}

/* Every agency confirms what waits for it, lane by lane. */
static void acknowledge(struct fill *fill)
{
    struct hub_map *map = hub_engine_views(fill->engine)->map;
    for (unsigned to = 0; to < AGENCIES; to++) {
        for (unsigned from = 0; from < AGENCIES; from++) {
            uint64_t next = 1, acked = 0;
            enum rh_err err = hub_views_pair(map, fill->senders[to].no, fill->senders[from].no,
                                             RH_LANE_NORMAL, &next, &acked);
            check(err == RH_OK || err == RH_ERR_NOTFOUND, "a pair");
            if (err != RH_OK || next - 1 <= acked)
                continue;
            struct rh_public part = { .kind = RH_KIND_ACK, .lane = RH_LANE_NORMAL,
                                      .from = fill->senders[from].id, .pair_seq = next - 1 };
            fresh_id(fill, part.message_id.bytes);
            add_item(fill, &fill->senders[to], &part);
        }
    }
}

static struct sender *sender_of(struct fill *fill, uint32_t no)
{
    for (unsigned who = 0; who < AGENCIES; who++) {
        if (fill->senders[who].no == no)
            return &fill->senders[who];
    }
    return NULL;
}

/* One step by whoever's turn it is; now and then one that the rules refuse. */
static void act(struct fill *fill, const struct rh_referral_id *referral)
{
    struct hub_referral *row = &fill->row;
    if (hub_views_referral_by_id(hub_engine_views(fill->engine)->map, referral, row) != RH_OK)
        return;
    struct sender *by = sender_of(fill, row->addressee), *back = sender_of(fill, row->sender);
    uint64_t dice = rht_random_below(&fill->random, 10);
    struct rh_public part = message(fill, RH_KIND_SIGN, referral, "");
    if (by == NULL || back == NULL)
        return;
    if (rht_random_once_in(&fill->random, 25)) {
        part = message(fill, RH_KIND_CONCLUDE, referral, "no-such-outcome");
        add_item(fill, by, &part);
    } else if (row->state == RH_STATE_DISPATCHED) {
        if (dice == 0)
            part = message(fill, RH_KIND_OBJECT, referral, "not-competent");
        add_item(fill, by, &part);
    } else if (row->state == RH_STATE_SIGNED) {
        part = dice < 7    ? message(fill, RH_KIND_ACCEPT, referral, "")
               : dice == 7 ? message(fill, RH_KIND_RETURN, referral, "not-competent")
                           : message(fill, RH_KIND_SUPPLEMENT_REQUEST, referral, "");
        add_item(fill, by, &part);
    } else if (row->state == RH_STATE_OBJECTED) {
        part = dice < 5 ? message(fill, RH_KIND_UPHOLD, referral, "")
                        : message(fill, RH_KIND_OVERRULE, referral, "competent");
        add_item(fill, back, &part);
    } else if (row->state == RH_STATE_RETURNED) {
        forward(fill, back, referral);
    } else if (row->state == RH_STATE_SUPPLEMENTING) {
        part = message(fill, RH_KIND_SUPPLEMENT, referral, "");
        add_item(fill, back, &part);
    } else if (row->state == RH_STATE_IN_PROGRESS) {
        part = dice < 6    ? message(fill, RH_KIND_CONCLUDE, referral, "explained")
               : dice == 6 ? message(fill, RH_KIND_SUSPEND, referral, "expert-report")
                           : message(fill, RH_KIND_PROGRESS, referral, "");
        add_item(fill, by, &part);
    } else if (row->state == RH_STATE_SUSPENDED || row->state == RH_STATE_CONCLUDED) {
        part = message(fill, row->state == RH_STATE_SUSPENDED ? RH_KIND_RESUME : RH_KIND_REPLY,
                       referral, "");
        add_item(fill, by, &part);
    }
}

static void send_all(struct fill *fill)
{
    for (unsigned who = 0; who < AGENCIES; who++)
        send_bundle(fill, &fill->senders[who]);
}

/* Up to forty hours pass, less in a large store, so that the whole takes about SPAN_DAYS;
 * whatever was due fires. */
static void pass_time(struct fill *fill)
{
    uint32_t fired = 1;
    uint64_t rounds = fill->options->referrals / NEW_A_ROUND + 1;
    uint64_t most = UINT64_C(2) * SPAN_DAYS * 24 * 3600 * 1000 / rounds;
    if (most > 40 * 3600 * 1000)
        most = 40 * 3600 * 1000;
    uint64_t step = rht_random_below(&fill->random, most + 1);
    if (!fill->options->real_clock && !fill->options->still)
        must(hub_engine_steer(fill->engine, hub_engine_now(fill->engine) + step, 0, "fill"),
             "steering");
    while (fired > 0) {
        must(hub_engine_fire(fill->engine, 256, &fired), "timers");
        fill->result->fired += fired;
        finish(fill);
    }
}

static void play_round(struct fill *fill)
{
    const struct rht_fill_options *options = fill->options;
    for (unsigned i = 0; i < NEW_A_ROUND && fill->result->referrals < options->referrals; i++)
        register_one(fill, &fill->alive[fill->result->referrals % ALIVE]);
    send_all(fill);
    acknowledge(fill);
    send_all(fill);
    uint64_t known = fill->result->referrals < ALIVE ? fill->result->referrals : ALIVE;
    for (uint64_t i = 0; i < known; i++) {
        if (rht_random_once_in(&fill->random, 2))
            act(fill, &fill->alive[i]);
    }
    send_all(fill);
    pass_time(fill);
    fill->round++;
    if (options->publish_every != 0 && fill->round % options->publish_every == 0)
        must(hub_engine_publish(fill->engine), "a checkpoint");
    if (options->progress != NULL)
        options->progress(fill->result->referrals);
}

/* A restore from a backup was noticed and the hub recovered: everybody greets it again. */
static void renew(struct fill *fill)
{
    finish(fill);
    must(hub_engine_new_generation(fill->engine, "fill", "recovered"), "a generation");
    hub_assembly_close(&fill->assembly);
    open_hub(fill);
    for (unsigned who = 0; who < AGENCIES; who++)
        say_hello(fill, &fill->senders[who]);
    finish(fill);
}

static void describe_one(struct fill *fill)
{
    struct hub_map *map = hub_engine_views(fill->engine)->map;
    uint64_t rno = 0, index, longest = 0;
    while (hub_views_referral_next(map, &rno, &fill->row) == RH_OK) {
        uint64_t events = 0;
        enum rh_kind kind;
        for (index = 0; hub_views_timeline_next(map, rno, &index, &kind) == RH_OK;)
            events++;
        if (events <= longest)
            continue;
        longest = events;
        snprintf(fill->result->number, sizeof fill->result->number, "%s", fill->row.number);
        rh_id_format(fill->row.id.bytes, fill->result->id);
        if (rno >= 2000)
            break; /* long enough a look */
    }
}

static void close_hub(struct fill *fill)
{
    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    struct hub_engine_health health;
    finish(fill);
    must(hub_engine_commit(fill->engine), "the views");
    must(hub_engine_publish(fill->engine), "a checkpoint");
    if (fill->confirm.record_count > 0 && fill->options->receipts > 0) {
        write_receipt(fill, FORM_FOLLOWED, 0);
        write_receipt(fill, FORM_PUBLISHED, 0);
    }
    rh_writer_init(&writer, rows, sizeof rows);
    must(hub_views_digest_encode(hub_engine_views(fill->engine), &writer), "the digest");
    rh_hash(rows, writer.bytes, &fill->result->digest);
    hub_engine_health(fill->engine, &health);
    fill->result->records = health.records;
    describe_one(fill);
    hub_assembly_close(&fill->assembly);
}

void rht_fill(const struct rht_fill_options *options, struct rht_fill_result *result)
{
    static struct fill fill; /* large */
    char path[RHT_FILL_PATH_BYTES];
    memset(&fill, 0, sizeof fill);
    memset(result, 0, sizeof *result);
    fill.options = options;
    fill.result = result;
    rht_random_seed(&fill.random, options->seed);
    prepare_hub(&fill);
    snprintf(path, sizeof path, "%s/cards", options->dir);
    make_dir(path);
    snprintf(path, sizeof path, "%s/agents", options->dir);
    make_dir(path);
    snprintf(path, sizeof path, "%s/receipts", options->dir);
    make_dir(path);
    for (unsigned who = 0; who < AGENCIES; who++)
        enrol(&fill, who);
    for (unsigned who = 0; who < AGENCIES; who++)
        say_hello(&fill, &fill.senders[who]);
    finish(&fill);
    bool renewed = !options->generation;
    while (result->referrals < options->referrals) {
        play_round(&fill);
        if (!renewed && result->referrals >= options->referrals / 2) {
            renew(&fill);
            renewed = true;
        }
    }
    close_hub(&fill);
}
