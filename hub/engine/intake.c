/* Intake: hellos and bundles. Everything a peer can get wrong is answered here, either for
 * the whole bundle (nothing consumed) or for one item (its number consumed, on record). */
#include "engine/inside.h"

#include <string.h>

static enum rh_err answer(struct hub_offer_result *out, enum hub_answer what, uint32_t refusal)
{
    out->answer = what;
    out->refusal = refusal;
    return RH_OK;
}

static enum rh_err busy(struct hub_offer_result *out, uint32_t refusal)
{
    out->retry_ms = 1000;
    return answer(out, HUB_ANSWER_BUSY, refusal);
}

/* The agency shows more than this journal holds: a store restored from an old copy, or a
 * second hub under the same name. Intake and delivery stop until `recover`. */
static void hold_for_rollback(struct hub_engine *engine, uint32_t agency, const char *what)
{
    if (engine->held_refusal == RH_REFUSE_ROLLBACK)
        return;
    engine->held_refusal = RH_REFUSE_ROLLBACK;
    struct rh_agency_id id = hub_engine_agency_text(engine, agency);
    static const char text[] = "this journal is behind: ";
    size_t at = sizeof text - 1;
    memcpy(engine->held_text, text, at);
    const char *const parts[] = { id.text, " holds ", what, "; run rhubd recover" };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t bytes = strlen(parts[i]);
        if (at + bytes >= sizeof engine->held_text)
            break;
        memcpy(engine->held_text + at, parts[i], bytes);
        at += bytes;
    }
    engine->held_text[at] = '\0';
}

/* Does a log of `size` leaves with `root`, vouched for by this hub's own signature, lie before
 * ours? A longer one, or another root, means that this journal lost what it had confirmed. */
static bool lies_on_our_log(struct hub_engine *engine, uint64_t size,
                            const struct rh_hash *root)
{
    struct rh_hash ours;
    return size <= hub_tree_size(engine->tree) &&
           hub_tree_root(engine->tree, size, &ours) == RH_OK && rh_hash_equal(&ours, root);
}

/* What the agency holds must lie on this log. Only what bears the hub's own signature counts:
 * a bare number would let one agency stop the hub. *what names what is ahead of us. */
static uint32_t compare_holdings(struct hub_engine *engine, const struct rh_hello *hello,
                                 const char **what)
{
    *what = NULL;
    if (hello->highest_receipt_size > 0) {
        const struct rh_batch batch = {
            .hub = hello->hub,
            .size = hello->highest_receipt_size,
            .root = hello->receipt_root,
            .signature = hello->receipt_signature,
        };
        if (rh_batch_verify(&batch, &engine->sign_public) != RH_OK)
            return RH_REFUSE_HELLO_REFUSED;
        if (!lies_on_our_log(engine, batch.size, &batch.root))
            *what = "a receipt that is not on this log";
    }
    if (hello->checkpoint_size > 0) {
        struct rh_checkpoint held;
        if (rh_checkpoint_verify(hello->note, &hello->hub, &engine->sign_public, &held) !=
                RH_OK ||
            held.size != hello->checkpoint_size ||
            !rh_hash_equal(&held.root, &hello->checkpoint_root))
            return RH_REFUSE_HELLO_REFUSED;
        if (!lies_on_our_log(engine, held.size, &held.root))
            *what = "a checkpoint that is not on this log";
    }
    return 0;
}

static enum rh_err register_stream(struct hub_engine *engine, uint32_t agency,
                                   const struct rh_hello *hello, struct rh_bytes signed_bytes,
                                   const struct rh_signature *signature)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_STREAM);
    record->agency = agency;
    record->header = signed_bytes;
    record->signature = *signature;
    record->core.agency = hello->agency;
    record->core.epoch = hello->epoch;
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

enum rh_err hub_engine_hello(struct hub_engine *engine, uint32_t agency,
                             const struct rh_hello *hello, struct rh_bytes signed_bytes,
                             const struct rh_signature *signature,
                             struct hub_offer_result *out)
{
    *out = (struct hub_offer_result){ 0 };
    struct hub_stream stream;
    enum rh_err err = hub_views_stream(engine->views.map, agency, &hello->epoch, &stream);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    bool known = err == RH_OK;
    if (known && stream.closed)
        return answer(out, HUB_ANSWER_REFUSED, RH_REFUSE_EPOCH_CLOSED);

    const char *what;
    uint32_t refusal = compare_holdings(engine, hello, &what);
    if (refusal != 0)
        return answer(out, HUB_ANSWER_REFUSED, refusal);
    if (what != NULL)
        hold_for_rollback(engine, agency, what);
    if (engine->held_refusal == RH_REFUSE_ROLLBACK)
        return answer(out, HUB_ANSWER_REFUSED, RH_REFUSE_ROLLBACK);

    err = hub_engine_clock_hear(engine, agency, hello->agency_ms);
    if (err != RH_OK)
        return err == RH_ERR_NOSPACE ? busy(out, RH_REFUSE_DISK_FULL) : err;
    out->expected_n = known ? stream.next_n : 1;
    if (known)
        return answer(out, HUB_ANSWER_TAKEN, 0);
    err = register_stream(engine, agency, hello, signed_bytes, signature);
    if (err == RH_ERR_NOSPACE)
        return busy(out, RH_REFUSE_DISK_FULL);
    return err == RH_OK ? answer(out, HUB_ANSWER_TAKEN, 0) : err;
}

/* Why no bundle can be taken now: 0 when it can. Acknowledgements pass a full map, because
 * they are what empties it. */
static uint32_t held_because(struct hub_engine *engine, const struct rh_frame_bundle *bundle)
{
    if (engine->held_refusal != 0)
        return engine->held_refusal;
    if (hub_journal_ready(engine->journal) == RH_ERR_NOSPACE)
        return RH_REFUSE_DISK_FULL;
    if (engine->map_permille < HUB_MAP_HELD_PERMILLE)
        return 0;
    for (uint32_t i = 0; i < bundle->count; i++) {
        if (rh_public_decode(bundle->items[i].public_part, engine->public_part, NULL) != RH_OK)
            return RH_REFUSE_MAP_FULL;
        enum rh_kind kind = engine->public_part->kind;
        if (kind != RH_KIND_ACK && kind != RH_KIND_NACK)
            return RH_REFUSE_MAP_FULL;
    }
    return 0;
}

/* Content keys for the largest bundle exist already, so that intake never writes that file. */
static bool keys_are_ahead(struct hub_engine *engine)
{
    uint64_t rno, number, slot;
    return hub_views_next(&engine->views, hub_engine_now(engine), &rno, &number, &slot) ==
               RH_OK &&
           engine->options.content_ahead(engine->options.keytable, slot) == RH_OK;
}

/* How many leading items are known already, with the same digests. RH_ERR_EXISTS at the
 * first number that is known with another digest. */
static enum rh_err count_known(struct hub_engine *engine, uint32_t agency,
                               const struct rh_bundle_header *header, uint64_t next_n,
                               const struct rh_hash *digests, uint32_t *known)
{
    *known = 0;
    for (uint32_t i = 0; i < header->count && header->first_n + i < next_n; i++) {
        uint64_t index;
        struct rh_hash digest;
        enum rh_err err = hub_views_number(engine->views.map, agency, &header->epoch,
                                           header->first_n + i, &index, &digest);
        if (err != RH_OK)
            return err;
        if (!rh_hash_equal(&digest, &digests[i]))
            return RH_ERR_EXISTS;
        *known = i + 1;
    }
    return RH_OK;
}

/* Whether what is shown as lost is: our log must not have it, and it cannot have been stored
 * later than now. Source: protocol/spec/wire.md, section 11. */
static enum rh_err check_lost(struct hub_engine *engine, const struct rh_first *lost,
                              uint32_t count, uint32_t *refusal)
{
    uint64_t now_ms = hub_engine_now(engine);
    *refusal = 0;
    for (uint32_t i = 0; i < count && *refusal == 0; i++) {
        struct rh_hash ours;
        if (lost[i].stored_ms == 0)
            continue;
        if (lost[i].stored_ms > now_ms)
            *refusal = RH_REFUSE_LOST_TIME;
        if (lost[i].index >= hub_tree_size(engine->tree))
            continue;
        enum rh_err err = hub_tree_leaf(engine->tree, lost[i].index, &ours);
        if (err != RH_OK)
            return err;
        if (rh_hash_equal(&ours, &lost[i].leaf))
            *refusal = RH_REFUSE_LOST_KEPT;
    }
    return RH_OK;
}

static enum rh_err stage_bundle(struct hub_engine *engine, uint32_t agency,
                                const struct rh_bundle_header *header,
                                const struct rh_frame_bundle *bundle,
                                const struct rh_hash *digests, bool with_lost)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_BUNDLE);
    record->agency = agency;
    record->header = bundle->header;
    record->signature = bundle->signature;
    record->digests = (struct rh_bytes){ digests[0].bytes, header->count * sizeof digests[0] };
    record->core.agency = header->sender;
    record->core.epoch = header->epoch;
    record->core.n = header->first_n;
    record->core.digest = header->root;
    if (with_lost)
        record->lost = bundle->lost;
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

/* salt || u32be private bytes || private || body under the referral's content key. */
static enum rh_err seal_item(struct hub_engine *engine, const struct rh_item *item,
                             const struct rh_hash *digest, uint64_t slot, struct rh_bytes *out)
{
    uint8_t *plain = engine->plain_bytes;
    size_t bytes = RH_SALT_BYTES + 4 + item->private_part.bytes + item->body.bytes;
    if (bytes + RH_SEAL_OVERHEAD_BYTES > HUB_CONTENT_BYTES_MAX)
        return RH_ERR_FULL;
    struct rh_content_key key;
    enum rh_err err = engine->options.content_key(engine->options.keytable, slot, &key);
    if (err != RH_OK)
        return err;
    memcpy(plain, item->salt, RH_SALT_BYTES);
    size_t n = item->private_part.bytes;
    for (unsigned i = 0; i < 4; i++)
        plain[RH_SALT_BYTES + i] = (uint8_t)(n >> (24 - 8 * i));
    if (n > 0)
        memcpy(plain + RH_SALT_BYTES + 4, item->private_part.data, n);
    if (item->body.bytes > 0)
        memcpy(plain + RH_SALT_BYTES + 4 + n, item->body.data, item->body.bytes);
    rh_seal_content(&key, (struct rh_bytes){ digest->bytes, sizeof digest->bytes }, plain,
                    bytes, engine->content_bytes);
    rh_wipe(&key, sizeof key);
    rh_wipe(plain, bytes);
    *out = (struct rh_bytes){ engine->content_bytes, bytes + RH_SEAL_OVERHEAD_BYTES };
    return RH_OK;
}

/* What to call an item whose public part cannot be read (field 0: its form) or whose
 * commitment does not open. */
static uint32_t name_undecodable(const struct rh_item *item, enum rh_err why, unsigned field)
{
    enum { KIND = 2 };
    if (why == RH_ERR_FULL)
        return RH_REFUSE_TOO_LARGE;
    if (field != 0)
        return field == KIND ? RH_REFUSE_UNKNOWN_KIND : RH_REFUSE_FIELD_INVALID;
    return rh_codec_check(item->public_part.data, item->public_part.bytes, RH_PUBLIC_BYTES_MAX,
                          NULL) == RH_OK
               ? RH_REFUSE_MALFORMED
               : RH_REFUSE_NOT_CANONICAL;
}

static void refuse_undecodable(struct hub_engine *engine, uint32_t refusal, unsigned field)
{
    struct hub_outcome *outcome = engine->outcome;
    outcome->refusal = refusal;
    outcome->field = field;
    outcome->rno = 0;
    outcome->row_count = outcome->delivery_count = outcome->queue_count = 0;
    outcome->note_count = outcome->hot_count = outcome->share_count = 0;
    outcome->month = 0; /* the event before may have been a bulletin's */
    outcome->month_area[0] = '\0';
    memset(outcome->month_sums, 0, sizeof outcome->month_sums);
    memset(&outcome->monthly, 0, sizeof outcome->monthly);
    outcome->holder = 0;
    outcome->due_ms = 0;
    memset(outcome->due_limit, 0, sizeof outcome->due_limit);
    outcome->due_basis = RH_DUE_NONE;
    memset(&engine->public_part->message_id, 0, sizeof engine->public_part->message_id);
}

/* Decide one item into engine->outcome. */
static enum rh_err decide_item(struct hub_engine *engine, uint32_t agency,
                               const struct rh_item *item, struct hub_record *record)
{
    struct hub_event *event = &engine->event;
    memset(event, 0, sizeof *event);
    event->type = HUB_EVENT_ITEM;
    event->now_ms = hub_engine_now(engine);
    event->index = engine->next_index;
    event->agency = agency;
    event->item = engine->public_part;
    event->item_bytes = record->item_bytes;
    event->down_ms = engine->down_ms;
    event->lost_ms = record->lost_ms;
    event->lost_generation = record->lost_generation;
    static_assert(sizeof event->random == sizeof record->random, "all of it is on record");
    memcpy(event->random, record->random, sizeof event->random);
    enum rh_err err = hub_views_next(&engine->views, event->now_ms, &event->next_rno,
                                     &event->next_number, &event->free_slot);
    if (err != RH_OK)
        return err;
    record->next_rno = event->next_rno;
    record->next_number = event->next_number;
    record->free_slot = event->free_slot;
    record->down_ms = event->down_ms;

    unsigned field = 0;
    err = rh_public_decode(item->public_part, engine->public_part, &field);
    if (err == RH_OK)
        err = rh_item_check(item);
    if (err != RH_OK) {
        refuse_undecodable(engine, name_undecodable(item, err, field), field);
        return RH_OK;
    }
    err = hub_engine_decide(engine);
    if (err == RH_ERR_FULL) {
        refuse_undecodable(engine, RH_REFUSE_TOO_LARGE, 0);
        return RH_OK;
    }
    return err;
}

static enum rh_err stage_item(struct hub_engine *engine, uint32_t agency,
                              const struct rh_bundle_header *header,
                              const struct rh_item *item, const struct rh_hash *digest,
                              const struct rh_first *lost, uint64_t bundle_index,
                              uint32_t position)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_ITEM);
    if (lost != NULL && lost->stored_ms != 0) {
        record->lost_ms = lost->stored_ms;
        record->lost_generation = lost->generation;
    }
    record->agency = agency;
    record->public_part = item->public_part;
    record->commitment = item->commitment;
    record->keys = item->keys;
    record->bundle_index = bundle_index;
    record->position = position;
    record->item_bytes = (uint32_t)(item->public_part.bytes + item->keys.bytes +
                                    item->private_part.bytes + item->body.bytes);
    enum rh_err err = decide_item(engine, agency, item, record);
    if (err == RH_OK)
        err = hub_stage_outcome(engine, record);
    if (err != RH_OK)
        return err;
    record->core.agency = header->sender;
    record->core.epoch = header->epoch;
    record->core.n = header->first_n + position;
    record->core.message_id = engine->public_part->message_id;
    record->core.digest = *digest;

    const struct hub_outcome *outcome = engine->outcome;
    struct rh_bytes content = { 0 };
    uint64_t slot = 0;
    enum rh_kind kind = engine->public_part->kind;
    if (outcome->refusal == 0 && kind != RH_KIND_ACK && kind != RH_KIND_NACK) {
        /* A bulletin of no referral, and what acknowledges it, has a key of its own; apply
         * counts it as used. */
        slot = outcome->row_count > 0 ? outcome->rows[0].key_slot : engine->event.free_slot;
        err = seal_item(engine, item, digest, slot, &content);
    }
    if (err == RH_OK)
        err = hub_stage(engine, record, content, (uint32_t)slot);
    for (uint32_t i = 0; err == RH_OK && i < outcome->delivery_count; i++)
        hub_stir(engine, outcome->deliveries[i].to);
    return err;
}

/* A number shown with two digests: a cloned spool. On record, so that somebody looks. */
static enum rh_err record_conflict(struct hub_engine *engine,
                                   const struct rh_bundle_header *header)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_COMMAND);
    record->command = HUB_COMMAND_NOTE;
    static const char text[] = "RH-4120: a number shown with other content, a cloned spool? ";
    memcpy(record->text, text, sizeof text - 1);
    size_t bytes = strlen(header->sender.text);
    rh_assert(sizeof text + bytes <= sizeof record->text);
    memcpy(record->text + sizeof text - 1, header->sender.text, bytes + 1);
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

/* Header against stream and hub; 0 or the refusal of the whole bundle. */
static uint32_t check_header(struct hub_engine *engine, uint32_t agency,
                             const struct rh_bundle_header *header,
                             const struct rh_frame_bundle *bundle)
{
    struct rh_agency_id id = hub_engine_agency_text(engine, agency);
    if (strcmp(header->hub.text, engine->hub.text) != 0)
        return RH_REFUSE_OTHER_HUB;
    if (id.text[0] == '\0' || strcmp(header->sender.text, id.text) != 0)
        return RH_REFUSE_WRONG_SENDER;
    if (header->count != bundle->count || header->count == 0 || header->first_n == 0)
        return RH_REFUSE_MALFORMED;
    return 0;
}

enum rh_err hub_engine_offer(struct hub_engine *engine, uint32_t agency,
                             const struct rh_bundle_header *header,
                             const struct rh_frame_bundle *bundle,
                             const struct rh_hash *digests, const struct rh_first *lost,
                             struct hub_offer_result *out)
{
    *out = (struct hub_offer_result){ 0 };
    uint32_t refusal = check_header(engine, agency, header, bundle);
    if (refusal != 0)
        return answer(out, HUB_ANSWER_REFUSED, refusal);

    struct hub_stream stream;
    enum rh_err err = hub_views_stream(engine->views.map, agency, &header->epoch, &stream);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && stream.closed))
        return answer(out, HUB_ANSWER_REFUSED, RH_REFUSE_EPOCH_CLOSED);
    if (err != RH_OK)
        return err;
    out->expected_n = stream.next_n;
    if (header->first_n > stream.next_n)
        return answer(out, HUB_ANSWER_GAP, 0);

    uint32_t known = 0;
    err = count_known(engine, agency, header, stream.next_n, digests, &known);
    if (err == RH_ERR_EXISTS) {
        err = record_conflict(engine, header);
        return err == RH_OK || err == RH_ERR_NOSPACE
                   ? answer(out, HUB_ANSWER_REFUSED, RH_REFUSE_CONFLICT)
                   : err;
    }
    if (err != RH_OK)
        return err;
    if (known == header->count)
        return answer(out, HUB_ANSWER_AGAIN, 0);

    refusal = held_because(engine, bundle);
    if (refusal == 0 && !keys_are_ahead(engine))
        refusal = RH_REFUSE_DISK_FULL;
    if (refusal != 0)
        return busy(out, refusal);
    if (lost != NULL) {
        err = check_lost(engine, lost + known, header->count - known, &refusal);
        if (err != RH_OK)
            return err;
        if (refusal != 0)
            return answer(out, HUB_ANSWER_REFUSED, refusal);
    }

    uint64_t bundle_index = engine->next_index;
    err = stage_bundle(engine, agency, header, bundle, digests, lost != NULL);
    if (err == RH_ERR_NOSPACE)
        return busy(out, RH_REFUSE_DISK_FULL);
    for (uint32_t i = known; err == RH_OK && i < header->count; i++)
        err = stage_item(engine, agency, header, &bundle->items[i], &digests[i],
                         lost != NULL ? &lost[i] : NULL, bundle_index, i);
    if (err != RH_OK)
        return err;
    out->first_index = bundle_index + 1;
    return answer(out, HUB_ANSWER_TAKEN, 0);
}
