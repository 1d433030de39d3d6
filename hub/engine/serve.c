/* What goes back out: confirms with their range proofs, deliveries with the sender's proof,
 * inclusion proofs. Everything is read from the journal and verified on the way. */
#include "engine/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/date.h>


static enum rh_err make_room(struct hub_engine *engine, unsigned which, size_t wanted)
{
    if (wanted == 0)
        return RH_ERR_CORRUPT;
    if (engine->read_capacity[which] >= wanted)
        return RH_OK;
    uint8_t *larger = realloc(engine->read_bytes[which], wanted);
    if (larger == NULL)
        return RH_ERR_NOMEM;
    engine->read_bytes[which] = larger;
    engine->read_capacity[which] = wanted;
    return RH_OK;
}

/* A row of the views that fails its check is made anew; a record that does cannot be. */
static enum rh_err met(struct hub_engine *engine, enum rh_err err)
{
    if (err == RH_ERR_CORRUPT)
        hub_engine_hurt(engine);
    return err;
}

enum rh_err hub_engine_read(struct hub_engine *engine, unsigned which, uint64_t index,
                            struct rh_bytes *core, struct rh_bytes *rest,
                            struct rh_bytes *content, struct hub_record **out)
{
    rh_assert(which < 2);
    struct hub_location place;
    enum rh_err err = met(engine, hub_views_location(engine->views.map, index, &place));
    if (err != RH_OK)
        return err;
    struct hub_journal_location at = {
        .index = index,
        .segment = place.segment,
        .offset = (uint32_t)place.offset,
        .bytes = place.bytes,
    };
    err = make_room(engine, which, hub_journal_read_bytes(&at));
    if (err != RH_OK)
        return err;
    struct hub_journal_record row;
    enum hub_journal_content state;
    err = hub_journal_read(engine->journal, &at, engine->read_bytes[which],
                           engine->read_capacity[which], &row, &state);
    if (err != RH_OK)
        return err;
    *core = row.core;
    *rest = row.rest;
    *content = row.content;
    engine->read_slot[which] = row.content_slot;
    *out = engine->read_record[which];
    return hub_record_decode(row.core, row.rest, *out);
}

enum rh_err hub_engine_record(struct hub_engine *engine, uint64_t index, struct rh_bytes *core,
                              struct rh_bytes *rest)
{
    struct rh_bytes content;
    struct hub_record *record;
    return hub_engine_read(engine, 0, index, core, rest, &content, &record);
}

/* Core and hash of the rest of one record, from this turn's memory or from the journal. */
static enum rh_err fetch_core(struct hub_engine *engine, uint64_t index, uint8_t *out,
                              struct rh_confirmed *confirmed)
{
    const struct hub_recent *recent = engine->recent;
    if (index >= recent->first_index && index - recent->first_index < recent->count) {
        size_t i = (size_t)(index - recent->first_index);
        memcpy(out, recent->arena + recent->at[i], recent->core_bytes[i]);
        confirmed->core = (struct rh_bytes){ out, recent->core_bytes[i] };
        confirmed->rest_hash = recent->rest_hash[i];
        return RH_OK;
    }
    struct rh_bytes core, rest, content;
    struct hub_record *record;
    enum rh_err err = hub_engine_read(engine, 0, index, &core, &rest, &content, &record);
    if (err != RH_OK)
        return err;
    if (core.bytes > RH_CORE_BYTES_MAX)
        return RH_ERR_CORRUPT;
    memcpy(out, core.data, core.bytes);
    confirmed->core = (struct rh_bytes){ out, core.bytes };
    rh_hash(rest.data, rest.bytes, &confirmed->rest_hash);
    return RH_OK;
}

enum rh_err hub_engine_confirm(struct hub_engine *engine, uint64_t first_n,
                               uint64_t first_index, uint32_t count,
                               struct rh_frame_confirm *out)
{
    rh_assert(engine->staged == 0);
    rh_assert(count >= 1 && count <= RH_BUNDLE_ITEMS_MAX);
    out->first_n = first_n;
    out->size = engine->batch.size;
    out->root = engine->batch.root;
    out->signature = engine->batch.signature;
    out->first_index = first_index;
    out->record_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *place = engine->confirm_cores + (size_t)i * RH_CORE_BYTES_MAX;
        enum rh_err err = fetch_core(engine, first_index + i, place, &out->records[i]);
        if (err != RH_OK)
            return err;
    }
    size_t hashes = 0;
    enum rh_err err = hub_tree_prove_range(engine->tree, first_index, first_index + count,
                                           out->size, out->proof, &hashes);
    out->proof_count = (uint32_t)hashes;
    return err;
}

enum rh_err hub_engine_confirm_again(struct hub_engine *engine, uint32_t agency,
                                     const struct rh_epoch *epoch, uint64_t first_n,
                                     uint32_t count, struct rh_frame_confirm *out)
{
    uint64_t first_index = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < count && i < RH_BUNDLE_ITEMS_MAX; i++) {
        uint64_t index;
        struct rh_hash digest;
        enum rh_err err = met(engine, hub_views_number(engine->views.map, agency, epoch,
                                                       first_n + i, &index, &digest));
        if (err == RH_ERR_NOTFOUND && i > 0)
            break;
        if (err != RH_OK)
            return err;
        if (i == 0)
            first_index = index;
        else if (index != first_index + i)
            break;
        run = i + 1;
    }
    if (run == 0 || first_index + run > engine->batch.size)
        return RH_ERR_NOTFOUND;
    return hub_engine_confirm(engine, first_n, first_index, run, out);
}

/* salt, private part and body out of the content, into plain_bytes. */
static enum rh_err open_item(struct hub_engine *engine, uint64_t slot,
                             const struct rh_hash *digest, struct rh_bytes content,
                             struct rh_item *item)
{
    if (content.bytes < RH_SEAL_OVERHEAD_BYTES + RH_SALT_BYTES + 4 ||
        content.bytes > HUB_CONTENT_BYTES_MAX)
        return RH_ERR_CORRUPT;
    struct rh_content_key key;
    enum rh_err err = engine->options.content_key(engine->options.keytable, slot, &key);
    if (err != RH_OK)
        return err;
    uint8_t *plain = engine->plain_bytes;
    err = rh_open_content(&key, (struct rh_bytes){ digest->bytes, sizeof digest->bytes },
                          content.data, content.bytes, plain);
    rh_wipe(&key, sizeof key);
    if (err != RH_OK)
        return err;
    size_t bytes = content.bytes - RH_SEAL_OVERHEAD_BYTES;
    memcpy(item->salt, plain, RH_SALT_BYTES);
    size_t private_bytes = 0;
    for (unsigned i = 0; i < 4; i++)
        private_bytes = private_bytes << 8 | plain[RH_SALT_BYTES + i];
    size_t head = RH_SALT_BYTES + 4;
    if (private_bytes > bytes - head)
        return RH_ERR_CORRUPT;
    item->private_part = (struct rh_bytes){ plain + head, private_bytes };
    item->body =
        (struct rh_bytes){ plain + head + private_bytes, bytes - head - private_bytes };
    return RH_OK;
}

static enum rh_err remember_bundle(struct hub_engine *engine, uint64_t index,
                                   struct hub_bundle_memo *out)
{
    struct rh_bytes core, rest, content;
    struct hub_record *bundle;
    enum rh_err err = hub_engine_read(engine, 1, index, &core, &rest, &content, &bundle);
    if (err != RH_OK)
        return err;
    size_t count = bundle->digests.bytes / RH_HASH_BYTES;
    if (count == 0 || count > RH_BUNDLE_ITEMS_MAX || bundle->header.bytes > sizeof out->header)
        return RH_ERR_CORRUPT;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    memcpy(digests, bundle->digests.data, count * sizeof digests[0]);
    rh_bundle_tree_build(digests, (uint32_t)count, &out->tree);
    memcpy(out->header, bundle->header.data, bundle->header.bytes);
    out->header_bytes = bundle->header.bytes;
    out->signature = bundle->signature;
    out->index_plus_one = index + 1;
    return RH_OK;
}

static enum rh_err find_bundle(struct hub_engine *engine, uint64_t index,
                               const struct hub_bundle_memo **out)
{
    for (uint32_t i = 0; i < HUB_BUNDLES_REMEMBERED; i++) {
        if (engine->bundles[i].index_plus_one == index + 1) {
            *out = &engine->bundles[i];
            return RH_OK;
        }
    }
    struct hub_bundle_memo *memo =
        &engine->bundles[engine->next_bundle++ % HUB_BUNDLES_REMEMBERED];
    memo->index_plus_one = 0;
    *out = memo;
    return remember_bundle(engine, index, memo);
}

/* The sender's own proof: signed header, place in the bundle, path to its root. */
static enum rh_err add_sender_proof(struct hub_engine *engine, const struct hub_record *record,
                                    struct rh_delivery *out)
{
    const struct hub_bundle_memo *bundle;
    enum rh_err err = find_bundle(engine, record->bundle_index, &bundle);
    if (err != RH_OK)
        return err;
    if (record->position >= bundle->tree.count)
        return RH_ERR_CORRUPT;
    out->header = (struct rh_bytes){ bundle->header, bundle->header_bytes };
    out->signature = bundle->signature;
    out->position = record->position;
    out->path_count = rh_bundle_tree_path(&bundle->tree, record->position, out->path);
    return RH_OK;
}

static enum rh_err fill_item(struct hub_engine *engine, const struct hub_record *record,
                             struct rh_bytes content, struct rh_delivery *out)
{
    out->item.public_part = record->public_part;
    out->item.commitment = record->commitment;
    out->item.keys = record->keys;
    enum rh_err err =
        open_item(engine, engine->read_slot[0], &record->core.digest, content, &out->item);
    if (err == RH_ERR_DENIED) { /* erased: its place stays, its content is gone */
        out->form = RH_DELIVERY_TOMBSTONE;
        return RH_OK;
    }
    return err == RH_OK ? add_sender_proof(engine, record, out) : err;
}

/* The delivery that a queue entry was made as. It may wait at a successor's by now, next to
 * what the same record said to the successor itself; what it says is what it said to `to`
 * there. */
static const struct hub_delivery_out *made_as(const struct hub_outcome *outcome,
                                              const struct hub_queued *queued)
{
    if (queued->place >= outcome->delivery_count)
        return NULL;
    const struct hub_delivery_out *made = &outcome->deliveries[queued->place];
    return made->kind == queued->kind && made->index == queued->index ? made : NULL;
}

/* One record can make several words of a kind to one agency (two clocks missed at one instant;
 * an agency's own notice and the hub's of the date it moves): which of them this is. */
static uint32_t rank_of(const struct hub_outcome *outcome, const struct hub_delivery_out *made)
{
    uint32_t rank = 0;
    for (const struct hub_delivery_out *other = outcome->deliveries; other < made; other++)
        rank += other->to == made->to && other->kind == made->kind &&
                        other->from == made->from
                    ? 1
                    : 0;
    return rank;
}

static void put_u32(uint8_t out[4], uint32_t number)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* The same words get the same id whenever they are said again and wherever they were moved,
 * different ones never: two that a successor gets from one record are not one another's
 * copy. */
static void name_notice(const struct hub_record *record, const struct hub_delivery_out *made,
                        uint32_t place, uint64_t at_ms, struct rh_message_id *out)
{
    uint8_t said[9] = { (uint8_t)made->kind };
    put_u32(said + 1, made->to);
    put_u32(said + 5, place);
    const struct rh_bytes parts[] = { { record->random, sizeof record->random },
                                      { said, sizeof said } };
    struct rh_hash mixed;
    rh_hash_tagged("rhub/notice/1", parts, 2, &mixed);
    rh_id_make(out->bytes, at_ms, mixed.bytes);
}

static bool is_moved(const struct hub_note_out *note)
{
    return note->was_ms != note->now_ms && note->was_ms != 0 && note->now_ms != 0;
}

/* The rank-th note of a kind among those about `agency`, or, where none is, among all. A date
 * that moved goes before what else was noted by that word: it is what the agency is told of. */
static const struct hub_note_out *find_note(const struct hub_outcome *outcome,
                                            enum rh_kind kind, uint32_t agency, uint32_t rank)
{
    const struct hub_note_out *own = NULL, *any = NULL;
    uint32_t own_rank = rank, any_rank = rank;
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->kind != kind)
            continue;
        if (note->agency == agency && is_moved(note))
            return note;
        if (any == NULL || any_rank > 0) {
            any_rank -= any != NULL;
            any = note;
        }
        if (note->agency == agency && (own == NULL || own_rank > 0)) {
            own_rank -= own != NULL;
            own = note;
        }
    }
    return own != NULL ? own : any;
}

static void add_number(struct rh_public *notice, const char *key, uint32_t serial,
                       int64_t number)
{
    if (notice->fact_count == RH_FACTS_MAX)
        return;
    struct rh_fact *fact = &notice->facts[notice->fact_count++];
    snprintf(fact->key, sizeof fact->key, serial == 0 ? "%s" : "%s_%u", key, serial);
    fact->is_number = true;
    fact->number = number;
}

/* 20270217: the last day of an exclusive end, as facts write days. */
static int64_t day_number(uint64_t end_ms)
{
    struct rh_civil civil = rh_date_to_civil(rh_date_of_instant(end_ms - 1));
    return ((int64_t)civil.year * 100 + civil.month) * 100 + civil.day;
}

/* Dates that moved: the old and the new last day of each clock this reader owes, the first as
 * `was` and `now`, the others with the clock's serial behind. */
static void describe_moved(const struct hub_outcome *outcome,
                           const struct hub_delivery_out *made, struct rh_public *notice)
{
    bool first = true;
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->agency != made->to || !is_moved(note))
            continue;
        uint32_t serial = first ? 0 : note->deadline;
        add_number(notice, "was", serial, day_number(note->was_ms));
        add_number(notice, "now", serial, day_number(note->now_ms));
        first = false;
    }
}

static void add_code(struct rh_public *notice, const char *key, const char *code)
{
    struct rh_fact *fact = &notice->facts[notice->fact_count++];
    memcpy(fact->key, key, strlen(key) + 1);
    memcpy(fact->code, code, strlen(code) + 1);
}

/* Which clock, until when, at which level. */
static const struct hub_deadline *describe_note(const struct hub_outcome *outcome,
                                                const struct hub_referral *row,
                                                const struct hub_delivery_out *made,
                                                uint32_t rank, struct rh_public *notice)
{
    const struct hub_note_out *note = find_note(outcome, made->kind, made->to, rank);
    const struct hub_deadline *told = hub_referral_owes(row, row->holder);
    notice->due_ms = told == NULL ? 0 : told->end_ms;
    if (note == NULL)
        return told;
    for (uint32_t d = 0; d < row->deadline_count; d++) {
        if (row->deadlines[d].serial == note->deadline) {
            told = &row->deadlines[d];
            memcpy(notice->code, row->deadlines[d].limit, sizeof row->deadlines[d].limit);
            notice->due_ms = note->now_ms != 0 ? note->now_ms : row->deadlines[d].end_ms;
        }
    }
    describe_moved(outcome, made, notice);
    if (note->level > 0)
        add_number(notice, "level", 0, note->level);
    /* Escalation reaches the leader in charge: the notice names that person's office. */
    for (uint32_t f = 0; f < row->fact_count && note->level > 0; f++) {
        if (strcmp(row->facts[f].key, "leader_office") == 0)
            notice->facts[notice->fact_count++] = row->facts[f];
    }
    return told;
}

/* To whoever registered: the petitioner's code, and the earlier matter it repeats, as far as it
 * may know of that one still. */
static enum rh_err describe_registration(struct hub_engine *engine,
                                         const struct hub_referral *row,
                                         struct rh_public *notice)
{
    memcpy(notice->code, "registered", sizeof "registered");
    add_code(notice, "query_code", row->query_code);
    for (uint32_t i = 0; i < row->hit_count; i++) {
        const struct hub_hit *hit = &row->hits[i];
        struct hub_referral *earlier = &engine->outcome->rows[0]; /* read to the end by now */
        if (!hit->told)
            continue;
        enum rh_err err = hub_views_referral(engine->views.map, hit->rno, earlier);
        if (err != RH_OK)
            return err;
        if (earlier->sealed)
            continue;
        notice->other_id = hit->id;
        add_code(notice, "repeat_relation", rh_relation_name(hit->relation));
        add_code(notice, "repeat_rule", hit->rule);
        add_number(notice, "repeat_rule_version", 0, hit->rule_version);
        return RH_OK;
    }
    return RH_OK;
}

/* A hot spot: which rule, where, how many in which window. */
static void describe_hot_spot(const struct hub_outcome *outcome, uint32_t to, uint64_t now_ms,
                              struct rh_public *notice)
{
    for (uint32_t i = 0; i < outcome->hot_count; i++) {
        const struct hub_hot *hot = &outcome->hots[i];
        if (hot->warned_ms != now_ms || (hot->to != to && hot->superior != to) ||
            notice->fact_count > 0)
            continue;
        memcpy(notice->code, "hot_spot", sizeof "hot_spot");
        memcpy(notice->area, hot->area, sizeof notice->area);
        add_code(notice, "rule", hot->rule);
        add_number(notice, "rule_version", 0, hot->rule_version);
        add_number(notice, "count", 0, hot->warned_count);
        add_number(notice, "threshold", 0, hot->warned_threshold);
        add_number(notice, "window_days", 0, hot->warned_days);
    }
}

/* An agency's part in a matter is another's now: who it is that acts. Said by the job that
 * moves a matter, and to whoever dispatches one to an address that is no more. */
static void describe_succession(const struct hub_engine *engine,
                                const struct hub_record *record, const struct hub_referral *row,
                                struct rh_public *notice)
{
    const struct hub_outcome *outcome = engine->outcome;
    if (record->core.type != RH_RECORD_JOB &&
        !(record->core.type == RH_RECORD_ITEM &&
          rh_kind_is_dispatch(hub_record_kind(record->public_part))))
        return;
    for (uint32_t i = 0; i < outcome->note_count; i++) {
        const struct hub_note_out *note = &outcome->notes[i];
        if (note->kind != RH_KIND_NOTICE || note->deadline != 0)
            continue;
        memcpy(notice->code, "succeeded", sizeof "succeeded");
        memcpy(notice->procedure, row->procedure, sizeof notice->procedure);
        memcpy(notice->category, row->category, sizeof notice->category);
        notice->proper = hub_engine_agency_text(engine, note->agency);
    }
}

/* Which clock the date is of and on what that rests, as the rules in force have it. */
static void describe_due(const struct hub_engine *engine, const struct hub_referral *row,
                         const struct hub_deadline *deadline, struct rh_public *notice)
{
    const struct rh_procedure *procedure =
        rh_rules_procedure(hub_engine_rules(engine), row->procedure);
    const struct rh_limit *limit =
        procedure == NULL ? NULL : rh_procedure_limit(procedure, deadline->limit);
    enum rh_due_basis basis = hub_deadline_basis(deadline, limit);
    if (notice->fact_count + 2 > RH_FACTS_MAX)
        return;
    add_code(notice, "due_limit", deadline->limit);
    if (basis != RH_DUE_NONE)
        add_code(notice, "due_basis", rh_due_verification_name(basis));
}

/* The month's figures, as they stand in the record: whoever is told later, or again, is told
 * the same. Each column goes, so that every rate can be made of both its parts
 * (rh/bulletin.h). */
static void describe_month(const struct hub_outcome *outcome, const struct hub_record *record,
                           struct rh_public *notice)
{
    notice->message_id = record->core.message_id;
    notice->due_ms = 0;
    memcpy(notice->code, "monthly", sizeof "monthly");
    memcpy(notice->area, outcome->month_area, sizeof notice->area);
    add_number(notice, "month", 0, outcome->month);
    for (unsigned i = 0; i < RH_COLUMNS_TOLD; i++)
        add_number(notice, rh_column_name((enum rh_column)i), 0,
                   (int64_t)outcome->month_sums[i].n);
}

static enum rh_err write_notice(struct hub_engine *engine, struct rh_delivery *out)
{
    struct rh_writer writer;
    rh_writer_init(&writer, engine->notice, sizeof engine->notice);
    enum rh_err err = rh_public_encode(engine->public_part, &writer);
    out->form = RH_DELIVERY_NOTICE;
    out->item.public_part = (struct rh_bytes){ engine->notice, writer.bytes };
    return err;
}

/* What was shared with a subscriber, as far as it still may be: the instants that go around it,
 * of storing and in the id, say no more than the date in it. */
static enum rh_err fill_shared(struct hub_engine *engine, const struct hub_queued *queued,
                               const struct hub_record *record, struct rh_delivery *out)
{
    struct rh_public *notice = engine->public_part;
    enum rh_err err = hub_outcome_decode(record->outcome, engine->outcome);
    if (err != RH_OK)
        return err;
    const struct hub_delivery_out *made = made_as(engine->outcome, queued);
    const struct hub_share_out *share = hub_engine_share(engine->outcome, queued->place);
    if (made == NULL || share == NULL)
        return RH_ERR_CORRUPT;
    bool is_void;
    out->stored_ms = share->date_ms;
    err = met(engine, hub_engine_share_is_void(engine, engine->outcome->rno, &is_void));
    if (err == RH_OK && is_void)
        out->form = RH_DELIVERY_TOMBSTONE;
    if (err != RH_OK || is_void)
        return err;
    memset(notice, 0, sizeof *notice);
    name_notice(record, made, queued->place, share->date_ms, &notice->message_id);
    notice->kind = RH_KIND_SHARED;
    hub_engine_describe_share(share, notice);
    return write_notice(engine, out);
}

/* Of a dead letter: which message nobody could take, so that its sender can amend it. */
static enum rh_err describe_dead(struct hub_engine *engine, struct rh_public *notice)
{
    const struct hub_outcome *outcome = engine->outcome;
    for (uint32_t i = 0; i < outcome->queue_count; i++) {
        struct rh_bytes core, rest, content;
        struct hub_record *dead;
        if (outcome->queue[i].what != HUB_QUEUE_DEAD)
            continue;
        enum rh_err err = hub_engine_read(engine, 1, outcome->queue[i].index, &core, &rest,
                                          &content, &dead);
        if (err == RH_OK)
            notice->refers_to = dead->core.message_id;
        return err;
    }
    return RH_OK;
}

/* The hub's own word to an agency, in the form of a public part. */
static enum rh_err fill_notice(struct hub_engine *engine, const struct hub_queued *queued,
                               const struct hub_record *record, const struct hub_referral *row,
                               struct rh_delivery *out)
{
    struct rh_public *notice = engine->public_part;
    uint32_t cause = 0;
    if (queued->kind == RH_KIND_DEAD_LETTER && record->core.type == RH_RECORD_ITEM &&
        rh_public_decode(record->public_part, notice, NULL) == RH_OK)
        cause = notice->refusal; /* why the receiver cannot take it */
    enum rh_err err = hub_outcome_decode(record->outcome, engine->outcome);
    if (err != RH_OK)
        return err;
    const struct hub_delivery_out *made = made_as(engine->outcome, queued);
    if (made == NULL)
        return RH_ERR_CORRUPT;
    uint32_t rank = rank_of(engine->outcome, made);
    memset(notice, 0, sizeof *notice);
    notice->refusal = cause;
    name_notice(record, made, queued->place, record->core.stored_ms, &notice->message_id);
    notice->kind = queued->kind;
    notice->referral_id = row->id;
    notice->root_id = row->root;
    memcpy(notice->procedure, row->procedure, sizeof notice->procedure);
    notice->occurred_ms = record->core.stored_ms;
    const struct hub_deadline *told =
        describe_note(engine->outcome, row, made, rank, notice);
    if (queued->kind == RH_KIND_NOTICE)
        describe_succession(engine, record, row, notice);
    if (queued->kind == RH_KIND_WARNING && queued->rno == 0) {
        describe_hot_spot(engine->outcome, made->to, record->core.stored_ms, notice);
        notice->due_ms = 0;
    }
    if (told != NULL && notice->due_ms != 0)
        describe_due(engine, row, told, notice);
    if (queued->kind == RH_KIND_NOTICE && record->core.type == RH_RECORD_ITEM &&
        hub_record_kind(record->public_part) == RH_KIND_REGISTER)
        err = describe_registration(engine, row, notice);
    if (queued->kind == RH_KIND_DEAD_LETTER)
        err = describe_dead(engine, notice);
    if (queued->kind == RH_KIND_BULLETIN && engine->outcome->month != 0)
        describe_month(engine->outcome, record, notice);
    return err == RH_OK ? write_notice(engine, out) : err;
}

/* Whether the matter accuses the receiver, or whom it succeeded, by now: what still waits for
 * it is then a tombstone without a number, until a job has moved it. */
static enum rh_err is_denied(struct hub_engine *engine, uint32_t to,
                             const struct hub_referral *row, bool *denied)
{
    *denied = false;
    if (row->accused_count == 0)
        return RH_OK;
    enum rh_err err = hub_views_agency(engine->views.map, to, &engine->agency);
    *denied = err == RH_OK && hub_agency_is_accused(&engine->agency, row);
    return met(engine, err);
}

enum rh_err hub_engine_delivery(struct hub_engine *engine, const struct hub_queued *queued,
                                struct rh_delivery *out)
{
    memset(out, 0, sizeof *out);
    struct rh_bytes core, rest, content;
    struct hub_record *record;
    enum rh_err err =
        hub_engine_read(engine, 0, queued->index, &core, &rest, &content, &record);
    if (err != RH_OK)
        return err;
    out->sender = hub_engine_agency_text(engine, queued->from);
    out->lane = queued->lane;
    out->pair_seq = queued->pair_seq;
    out->index = queued->index;
    out->stored_ms = record->core.stored_ms;
    out->form = RH_DELIVERY_ITEM;

    struct hub_referral *row = engine->views.before;
    bool denied = false;
    if (queued->rno != 0) {
        err = met(engine, hub_views_referral(engine->views.map, queued->rno, row));
        if (err != RH_OK)
            return err;
        err = is_denied(engine, queued->to, row, &denied);
        if (err != RH_OK)
            return err;
        if (!denied)
            out->number =
                (struct rh_bytes){ (const uint8_t *)row->number, strlen(row->number) };
    } else {
        memset(row, 0, sizeof *row);
    }
    if (queued->tombstone || denied) {
        out->form = RH_DELIVERY_TOMBSTONE;
        return RH_OK;
    }
    /* An item can be the cause of a word of the hub's own: a nack makes a dead letter. */
    if (record->core.type == RH_RECORD_ITEM && queued->from != HUB_AGENCY_HUB)
        return fill_item(engine, record, content, out);
    if (queued->kind == RH_KIND_SHARED)
        return fill_shared(engine, queued, record, out);
    return fill_notice(engine, queued, record, row, out);
}

enum rh_err hub_engine_proof(struct hub_engine *engine, uint64_t index,
                             struct rh_frame_proof *out)
{
    if (index >= engine->published_size)
        return RH_ERR_NOTFOUND;
    struct rh_confirmed confirmed;
    enum rh_err err = fetch_core(engine, index, engine->confirm_cores, &confirmed);
    if (err != RH_OK)
        return err;
    out->index = index;
    out->note = hub_engine_note(engine);
    out->core = confirmed.core;
    out->rest_hash = confirmed.rest_hash;
    size_t count = 0;
    err = hub_tree_prove_inclusion(engine->tree, index, engine->published_size, out->proof,
                                   &count);
    out->proof_count = (uint32_t)count;
    return err;
}

enum rh_err hub_engine_consistency(struct hub_engine *engine, uint64_t old_size,
                                   struct rh_frame_consistency *out)
{
    if (engine->published_size == 0 || old_size > engine->published_size)
        return RH_ERR_NOTFOUND;
    out->old_size = old_size;
    out->note = hub_engine_note(engine);
    size_t count = 0;
    enum rh_err err = hub_tree_prove_consistency(engine->tree, old_size, engine->published_size,
                                                 out->proof, &count);
    out->proof_count = (uint32_t)count;
    return err;
}
