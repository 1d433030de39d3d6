#include "audit/pass.h"

#include "audit/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening --------------------------------------------------------------------------- */

static enum rh_err open_parts(struct hub_pass *pass, char *problem, size_t problem_bytes)
{
    struct hub_findings *findings = &pass->findings;
    enum rh_err err = hub_copy_read_checkpoints(&pass->copy, &pass->options.copy, findings);
    if (err != RH_OK) {
        snprintf(problem, problem_bytes, "checkpoints: %s", rh_err_text(err));
        return err;
    }
    err = hub_ledger_init(&pass->ledger, &pass->copy, findings);
    if (err == RH_OK && pass->options.agencies_dir != NULL)
        err = hub_roster_read_cards(&pass->roster, pass->options.agencies_dir, problem,
                                    problem_bytes);
    if (err == RH_OK && pass->options.replay)
        err = hub_state_init(&pass->state, findings);
    pass->state.redecide = pass->options.redecide;
    pass->record = calloc(1, sizeof *pass->record);
    pass->outcome = calloc(1, sizeof *pass->outcome);
    if (err == RH_OK && (pass->record == NULL || pass->outcome == NULL))
        err = RH_ERR_NOMEM;
    return err;
}

enum rh_err hub_pass_open(struct hub_pass *pass, const struct hub_pass_options *options,
                          char *problem, size_t problem_bytes)
{
    memset(pass, 0, sizeof *pass);
    rh_assert(problem_bytes > 0);
    problem[0] = '\0';
    pass->options = *options;
    hub_findings_init(&pass->findings, options->first);
    hub_roster_init(&pass->roster, &pass->findings);
    hub_claims_init(&pass->claims, &pass->roster, &pass->findings);
    pass->claims.from = options->from;
    pass->claims.to = options->to;
    enum rh_err err = hub_copy_open(&pass->copy, &options->copy, problem, problem_bytes);
    if (err == RH_OK)
        err = open_parts(pass, problem, problem_bytes);
    pass->claims.hub_key = pass->copy.hub_key;
    pass->claims.hub_key_known = pass->copy.keyed;
    if (err != RH_OK) {
        if (problem[0] == '\0')
            snprintf(problem, problem_bytes, "%s", rh_err_text(err));
        hub_pass_close(pass);
    }
    return err;
}

void hub_pass_close(struct hub_pass *pass)
{
    hub_state_fini(&pass->state);
    hub_ledger_fini(&pass->ledger);
    hub_roster_fini(&pass->roster);
    hub_copy_close(&pass->copy);
    hub_findings_fini(&pass->findings);
    free(pass->blanked);
    free(pass->erased_slots);
    free(pass->record);
    free(pass->outcome);
    memset(pass, 0, sizeof *pass);
}

uint64_t hub_pass_proven(const struct hub_pass *pass)
{
    return pass->ledger.last_good - pass->ledger.harmed;
}

/* ---- what a core says of its place ------------------------------------------------------- */

static void check_first(struct hub_pass *pass, const struct hub_record *record)
{
    struct rh_card card;
    struct rh_hub_id id;
    const struct rh_receipt *core = &record->core;
    if (core->type != RH_RECORD_GENESIS) {
        hub_findings_say(&pass->findings, HUB_FINDING_CORE, core->index,
                         N_("record 0 is no genesis"));
        return;
    }
    if (!pass->copy.keyed)
        return;
    if (rh_card_parse((const char *)record->card.data, record->card.bytes, &card) != RH_OK ||
        rh_hub_id_parse(card.owner, strlen(card.owner), &id) != RH_OK ||
        strcmp(id.text, pass->copy.hub.text) != 0 || !card.present[RH_KEY_SIGN] ||
        memcmp(card.keys[RH_KEY_SIGN], pass->copy.hub_key.bytes,
               sizeof pass->copy.hub_key.bytes) != 0)
        hub_findings_say(&pass->findings, HUB_FINDING_HUB_KEY, core->index,
                         N_("the genesis card is not that of %s, fingerprint %s"),
                         pass->copy.hub.text, pass->copy.fingerprint);
}

/* The first id counts; a generation adds one to it, and nothing else changes it. */
static void check_hub(struct hub_pass *pass, const struct rh_receipt *core)
{
    struct rh_hub_id wanted = pass->hub;
    if (pass->hub.text[0] == '\0')
        wanted = pass->copy.keyed ? pass->copy.hub : core->hub;
    if (core->type == RH_RECORD_GENERATION)
        rh_hub_id_with_generation(&wanted, rh_hub_id_generation(&wanted) + 1, &wanted);
    bool follows = strcmp(wanted.text, core->hub.text) == 0;
    /* Behind missing records a generation may have passed unseen. */
    if (!follows && pass->missing > 0) {
        struct rh_hub_id newer;
        rh_hub_id_with_generation(&wanted, rh_hub_id_generation(&core->hub), &newer);
        follows = strcmp(newer.text, core->hub.text) == 0 &&
                  rh_hub_id_generation(&core->hub) >= rh_hub_id_generation(&wanted);
    }
    if (!follows)
        hub_findings_say(&pass->findings, HUB_FINDING_CORE, core->index,
                         N_("it is a record of %s, expected %s"), core->hub.text, wanted.text);
    pass->hub = follows ? core->hub : wanted;
}

/* Hub time never runs backwards: not from record to record, nor a frame behind what it
 * holds. */
static void check_time(struct hub_pass *pass, const struct rh_receipt *core,
                       const struct hub_journal_frame *frame)
{
    bool same_frame = pass->framed && frame->number == pass->frame_number;
    uint64_t floor = frame->time_ms > pass->last_ms ? frame->time_ms : pass->last_ms;
    if (core->stored_ms < floor || (!same_frame && frame->time_ms < pass->last_ms)) {
        char now[RH_INSTANT_TEXT_BYTES], before[RH_INSTANT_TEXT_BYTES];
        uint64_t at = core->stored_ms < frame->time_ms ? core->stored_ms : frame->time_ms;
        rh_instant_format_utc(at, now);
        rh_instant_format_utc(floor, before);
        if (floor - at > pass->backwards_ms)
            pass->backwards_ms = floor - at;
        hub_findings_say(&pass->findings, HUB_FINDING_TIME, core->index,
                         N_("%s, after something of %s"), now, before);
    }
    if (core->stored_ms > pass->last_ms)
        pass->last_ms = core->stored_ms;
    if (pass->records == 0)
        pass->first_ms = core->stored_ms;
    pass->framed = true;
    pass->frame_number = frame->number;
}

static void check_core(struct hub_pass *pass, const struct hub_record *record,
                       const struct hub_journal_record *row,
                       const struct hub_journal_frame *frame)
{
    const struct rh_receipt *core = &record->core;
    if (core->index != row->index || (uint16_t)core->type != row->type)
        hub_findings_say(&pass->findings, HUB_FINDING_CORE, row->index,
                         N_("it says it is record %" PRIu64 " of type %d, the journal %u"),
                         core->index, (int)core->type, (unsigned)row->type);
    if (row->index == 0)
        check_first(pass, record);
    else if (core->type == RH_RECORD_GENESIS)
        hub_findings_say(&pass->findings, HUB_FINDING_CORE, row->index,
                         N_("a genesis in the middle of the log"));
    check_hub(pass, core);
    check_time(pass, core, frame);
}

/* ---- types that concern the log itself --------------------------------------------------- */

static enum rh_err push(uint64_t **list, size_t *count, size_t *capacity, uint64_t value)
{
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
        uint64_t *grown = realloc(*list, wanted * sizeof **list);
        if (grown == NULL)
            return RH_ERR_NOMEM;
        *list = grown;
        *capacity = wanted;
    }
    (*list)[(*count)++] = value;
    return RH_OK;
}

static void check_generation(struct hub_pass *pass, const struct hub_record *record)
{
    struct rh_hash root;
    uint64_t index = record->core.index;
    pass->generations++;
    hub_ledger_seal(&pass->ledger, rh_hub_id_generation(&record->core.hub));
    bool rooted = hub_ledger_root(&pass->ledger, &root);
    if (record->old_size == index && (!rooted || rh_hash_equal(&root, &record->old_root)))
        return;
    struct hub_finding finding =
        hub_finding_make(HUB_FINDING_GENERATION, index, N_("it seals the log at size %" PRIu64),
                         record->old_size);
    finding.hashed = rooted;
    finding.expected = record->old_root;
    finding.actual = root;
    hub_findings_add(&pass->findings, &finding);
}

static enum rh_err take_agency(struct hub_pass *pass, const struct hub_record *record)
{
    struct hub_agency row;
    if (hub_agency_decode(record->agency_row, &row) == RH_OK)
        return hub_roster_change(&pass->roster, record->core.index, &row);
    hub_findings_say(&pass->findings, HUB_FINDING_FORM, record->core.index,
                     N_("its agency row cannot be decoded"));
    return RH_OK;
}

static enum rh_err take_type(struct hub_pass *pass, const struct hub_record *record)
{
    switch (record->core.type) {
    case RH_RECORD_GENERATION:
        check_generation(pass, record);
        return RH_OK;
    case RH_RECORD_JOB:
        if (record->agency_row.bytes == 0)
            return RH_OK;
        return take_agency(pass, record);
    case RH_RECORD_COMMAND:
        if (record->command != HUB_COMMAND_AGENCY)
            return RH_OK;
        return take_agency(pass, record);
    case RH_RECORD_CLOCK:
        if (record->clock == HUB_CLOCK_STEERED && !rh_hub_id_is_test(&record->core.hub))
            hub_findings_say(&pass->findings, HUB_FINDING_CLOCK, record->core.index,
                             N_("by %s"), record->operator_name);
        return RH_OK;
    case RH_RECORD_CUT:
        pass->cuts++;
        return RH_OK;
    case RH_RECORD_ERASE:
        pass->erased++;
        return push(&pass->erased_slots, &pass->erased_count, &pass->erased_capacity,
                    record->key_slot);
    case RH_RECORD_GENESIS:
    case RH_RECORD_BUNDLE:
    case RH_RECORD_ITEM:
    case RH_RECORD_TIMER:
    case RH_RECORD_RULES:
    case RH_RECORD_STREAM:
    case RH_RECORD_DIGEST:
    case RH_RECORD_CARRY:
    default:
        return RH_OK;
    }
}

static enum rh_err take_content(struct hub_pass *pass, const struct hub_journal_record *row,
                                enum hub_journal_content content)
{
    if (content != HUB_JOURNAL_CONTENT_BLANKED)
        return RH_OK;
    enum rh_err err = push(&pass->blanked, &pass->blanked_count, &pass->blanked_capacity,
                           row->content_slot);
    return err == RH_OK ? push(&pass->blanked, &pass->blanked_count, &pass->blanked_capacity,
                               row->index)
                        : err;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* An erasure is on record before its content is blanked. */
static void check_blanked(struct hub_pass *pass)
{
    if (pass->erased_count > 0)
        qsort(pass->erased_slots, pass->erased_count, sizeof *pass->erased_slots, by_value);
    for (size_t i = 0; i + 1 < pass->blanked_count; i += 2) {
        uint64_t slot = pass->blanked[i];
        if (pass->erased_count > 0 &&
            bsearch(&slot, pass->erased_slots, pass->erased_count, sizeof slot, by_value))
            continue;
        struct hub_finding finding = hub_finding_make(
            HUB_FINDING_ERASED, pass->blanked[i + 1], N_("content key slot %" PRIu64), slot);
        finding.count = 1;
        hub_findings_add(&pass->findings, &finding);
    }
}

/* ---- a record -------------------------------------------------------------------------- */

/* Records before `index` are not here. */
static enum rh_err pass_over(struct hub_pass *pass, uint64_t index)
{
    uint64_t count = index - pass->next;
    if (!pass->gap_named) {
        struct hub_finding finding = hub_finding_make(HUB_FINDING_GAP, pass->next,
                                                      N_("up to record %" PRIu64), index - 1);
        finding.count = count;
        hub_findings_add(&pass->findings, &finding);
    }
    pass->missing += count;
    hub_claims_miss(&pass->claims);
    if (pass->options.replay)
        hub_state_stop(&pass->state, pass->next, N_("records are missing"));
    pass->next = index;
    return hub_ledger_miss(&pass->ledger, count);
}

static bool decode_outcome(struct hub_pass *pass, uint64_t index)
{
    if (pass->record->outcome.bytes == 0)
        return false;
    if (hub_outcome_decode(pass->record->outcome, pass->outcome) == RH_OK)
        return true;
    hub_findings_say(&pass->findings, HUB_FINDING_FORM, index, N_("its outcome"));
    return false;
}

/* The slot beside the content is outside the leaf. It must be that of the referral, which
 * the outcome says; or the content could be blanked under a slot that was erased for another
 * one. */
static void check_slot(struct hub_pass *pass, const struct hub_journal_record *row,
                       const struct hub_outcome *outcome)
{
    if (pass->record->core.type != RH_RECORD_ITEM || row->content.bytes == 0 || outcome == NULL)
        return;
    uint64_t slot =
        outcome->row_count > 0 ? outcome->rows[0].key_slot : pass->record->free_slot;
    if (row->content_slot != slot)
        hub_findings_say(&pass->findings, HUB_FINDING_CONTENT_SLOT, row->index,
                         N_("slot %" PRIu32 ", expected %" PRIu64), row->content_slot, slot);
}

static enum rh_err take_state(struct hub_pass *pass, const struct hub_journal_record *row,
                              const struct hub_pass_record *sight)
{
    if (!pass->options.replay)
        return RH_OK;
    if (sight->altered) {
        hub_state_stop(&pass->state, row->index, N_("a record was altered"));
        return RH_OK;
    }
    const struct hub_state_record record = {
        .record = sight->record,
        .outcome = sight->outcome,
        .core = row->core,
        .rest = row->rest,
        .schema_version = sight->frame->schema_version,
        .decide_version = sight->frame->decide_version,
    };
    return hub_state_take(&pass->state, &record);
}

static enum rh_err take_decoded(struct hub_pass *pass, const struct hub_journal_record *row,
                                const struct hub_journal_frame *frame,
                                const struct rh_hash *leaf, bool altered)
{
    check_core(pass, pass->record, row, frame);
    const struct hub_pass_record sight = {
        .record = pass->record,
        .outcome = decode_outcome(pass, row->index) ? pass->outcome : NULL,
        .frame = frame,
        .leaf = leaf,
        .altered = altered,
    };
    check_slot(pass, row, sight.outcome);
    enum rh_err err = take_type(pass, pass->record);
    if (err == RH_OK)
        err = hub_claims_take(&pass->claims, pass->record);
    if (err == RH_OK && pass->look != NULL)
        err = pass->look(pass->arg, pass, &sight);
    if (err == RH_OK)
        err = take_state(pass, row, &sight);
    pass->records++;
    return err;
}

/* A generation seals the tree before its own leaf, so the record is looked at first. */
static enum rh_err take_record(struct hub_pass *pass, const struct hub_journal_record *row,
                               const struct hub_journal_frame *frame)
{
    struct rh_hash rest_hash, leaf;
    bool altered = false;
    hub_record_leaf(row->core, row->rest, &rest_hash, &leaf);
    bool decoded = hub_record_decode(row->core, row->rest, pass->record) == RH_OK;
    bool seals = decoded && pass->record->core.type == RH_RECORD_GENERATION;
    enum rh_err err = RH_OK;
    if (!seals)
        err = hub_ledger_take(&pass->ledger, &leaf, &altered);
    if (err == RH_OK && decoded)
        err = take_decoded(pass, row, frame, &leaf, altered);
    if (!decoded) {
        hub_findings_say(&pass->findings, HUB_FINDING_FORM, row->index,
                         N_("type %u, core of %zu bytes, rest of %zu"), (unsigned)row->type,
                         row->core.bytes, row->rest.bytes);
        hub_claims_miss(&pass->claims);
        if (pass->options.replay)
            hub_state_stop(&pass->state, row->index, N_("a record cannot be decoded"));
    }
    if (err == RH_OK && seals)
        err = hub_ledger_take(&pass->ledger, &leaf, &altered);
    return err;
}

static bool is_over(struct hub_pass *pass, const struct hub_journal_record *row)
{
    struct rh_receipt core;
    bool over = pass->findings.over || row->index > pass->options.to;
    if (!over && pass->options.until_ms != UINT64_MAX &&
        rh_receipt_decode(row->core, &core) == RH_OK)
        over = core.stored_ms > pass->options.until_ms;
    pass->ended_early = pass->ended_early || over;
    return over;
}

static enum rh_err on_record(void *arg, const struct hub_journal_record *row,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    struct hub_pass *pass = arg;
    if (is_over(pass, row))
        return RH_ERR_CLOSED;
    if (row->index < pass->next) {
        hub_findings_say(&pass->findings, HUB_FINDING_ORDER, row->index,
                         N_("record %" PRIu64 " was expected"), pass->next);
        return RH_OK;
    }
    enum rh_err err = row->index > pass->next ? pass_over(pass, row->index) : RH_OK;
    pass->gap_named = false;
    if (err == RH_OK)
        err = take_content(pass, row, content);
    if (err == RH_OK)
        err = take_record(pass, row, frame);
    pass->next = row->index + 1;
    if (pass->segment != location->segment) {
        pass->segment = location->segment;
        pass->segments_done++;
    }
    pass->offset = location->offset;
    if (pass->options.progress)
        hub_progress_show(pass, false);
    return err;
}

/* ---- damage ---------------------------------------------------------------------------- */

static enum hub_finding_code code_of(enum hub_journal_damage_kind kind)
{
    switch (kind) {
    case HUB_JOURNAL_DAMAGE_UNFINISHED:
        return HUB_FINDING_UNFINISHED;
    case HUB_JOURNAL_DAMAGE_CONTENT:
        return HUB_FINDING_CONTENT;
    case HUB_JOURNAL_DAMAGE_RECORD:
        return HUB_FINDING_RECORD;
    case HUB_JOURNAL_DAMAGE_SEGMENT:
        return HUB_FINDING_SEGMENT;
    case HUB_JOURNAL_DAMAGE_GAP:
        return HUB_FINDING_GAP;
    case HUB_JOURNAL_DAMAGE_FRAME:
    default:
        return HUB_FINDING_FRAME;
    }
}

static enum rh_err on_damage(void *arg, const struct hub_journal_damage *damage)
{
    struct hub_pass *pass = arg;
    if (pass->findings.over || damage->index > pass->options.to) {
        pass->ended_early = true;
        return RH_ERR_CLOSED;
    }
    struct hub_finding finding =
        hub_finding_make(code_of(damage->kind), damage->index, "%s", damage->text);
    finding.count = damage->count;
    finding.placed = true;
    finding.segment = damage->segment;
    finding.offset = damage->offset;
    finding.frame = damage->frame;
    hub_findings_add(&pass->findings, &finding);
    pass->gap_named = true;
    return RH_OK;
}

/* ---- the whole ------------------------------------------------------------------------- */

static void say_what_is_missing(struct hub_pass *pass)
{
    if (!pass->copy.carded && pass->copy.keyed)
        hub_findings_say(&pass->findings, HUB_FINDING_NO_CARD, HUB_FINDING_NOWHERE,
                         N_("%s, fingerprint %s: compare it with what the hub publishes"),
                         pass->copy.hub.text, pass->copy.fingerprint);
    if (!pass->copy.keyed)
        hub_findings_say(&pass->findings, HUB_FINDING_NO_CHECKPOINT, 0,
                         N_("no card of the hub: its checkpoints cannot be checked"));
    else if (pass->copy.checkpoint_count == 0)
        hub_findings_say(&pass->findings, HUB_FINDING_NO_CHECKPOINT, 0, N_("none was found"));
}

/* Witnesses are agencies; their keys are known only when the records have been read. */
static void check_witnesses(struct hub_pass *pass)
{
    static struct rh_note note; /* large */
    struct rh_bytes view = { (const uint8_t *)pass->copy.newest_note,
                             pass->copy.newest_note_bytes };
    if (pass->copy.newest_note == NULL || rh_note_parse(view, &note) != RH_OK)
        return;
    for (uint32_t no = 0; no < pass->roster.agency_count; no++) {
        const struct hub_roster_agency *agency = hub_roster_agency(&pass->roster, no);
        struct rh_sign_public key;
        if (agency == NULL || !agency->card.present[RH_KEY_WITNESS])
            continue;
        memcpy(key.bytes, agency->card.keys[RH_KEY_WITNESS], sizeof key.bytes);
        enum rh_err err = rh_note_verify(&note, agency->id.text, &key);
        if (err == RH_OK)
            pass->witnesses++;
        if (err == RH_ERR_CRYPTO)
            hub_findings_say(&pass->findings, HUB_FINDING_WITNESS, HUB_FINDING_NOWHERE,
                             N_("%s, checkpoint of size %" PRIu64), agency->id.text,
                             pass->copy.newest_size);
    }
}

static enum rh_err finish(struct hub_pass *pass)
{
    if (!pass->ended_early) {
        hub_claims_end(&pass->claims, pass->next);
        hub_ledger_end(&pass->ledger);
        check_blanked(pass);
    }
    check_witnesses(pass);
    return pass->options.replay ? hub_state_end(&pass->state) : RH_OK;
}

enum rh_err hub_pass_run(struct hub_pass *pass, hub_pass_fn *look, void *arg)
{
    pass->look = look;
    pass->arg = arg;
    say_what_is_missing(pass);
    const struct hub_journal_visitor visitor = {
        .record = on_record, .damage = on_damage, .arg = pass
    };
    enum rh_err err = RH_OK;
    if (pass->copy.first_index > 0) {
        struct hub_finding finding =
            hub_finding_make(HUB_FINDING_BEGIN, 0, N_("the first here is record %" PRIu64),
                             pass->copy.first_index);
        finding.count = pass->copy.first_index;
        hub_findings_add(&pass->findings, &finding);
        pass->gap_named = true;
    }
    hub_progress_begin(pass);
    if (!pass->findings.over)
        err = hub_journal_scan(pass->copy.journal, pass->copy.first_index, &visitor);
    /* CORRUPT: all was read and the damage told; CLOSED: ended on purpose. */
    if (err == RH_ERR_CORRUPT || err == RH_ERR_CLOSED)
        err = RH_OK;
    if (err == RH_OK)
        err = finish(pass);
    if (pass->options.progress)
        hub_progress_show(pass, true);
    return err;
}
