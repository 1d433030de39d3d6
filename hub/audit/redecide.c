/* Decide once, apply for ever; and decide again, to see whether the hub decided by its rules.
 *
 * Only for records of this decide version: a later program may decide otherwise without
 * contradicting a receipt. What was refused before deciding (a public part that cannot be
 * read, a commitment that did not open) is not decided again: the content is sealed. */
#include "audit/state.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <rh/refusal.h>

#include "core/monthly.h"

/* A step about a referral is decided by the event of its kind of job; beginning, counting and
 * ending decide nothing. */
static bool make_job_event(const struct hub_record *record, struct hub_event *event)
{
    struct hub_job_row job;
    if (record->outcome.bytes == 0 || hub_job_decode(record->job_row, &job) != RH_OK)
        return false;
    switch (job.kind) {
    case HUB_JOB_RECOMPUTE:
        event->type = HUB_EVENT_RECOMPUTE;
        return true;
    case HUB_JOB_SUCCESSOR:
        event->type = HUB_EVENT_SUCCEED;
        event->agency = job.from;
        event->successor = job.to;
        return record->queued_row.bytes == 0 ||
               hub_queued_decode(record->queued_row, &event->queued) == RH_OK;
    }
    return false;
}

/* The event as the engine made it; false when this record was not decided. */
static bool make_event(struct hub_state *state, const struct hub_record *record,
                       struct hub_event *event)
{
    memset(event, 0, sizeof *event);
    event->now_ms = record->core.stored_ms;
    event->index = record->core.index;
    event->down_ms = record->down_ms;
    event->rno = record->rno;
    switch (record->core.type) {
    case RH_RECORD_ITEM:
        event->type = HUB_EVENT_ITEM;
        event->agency = record->agency;
        event->item = state->public_part;
        event->item_bytes = record->item_bytes;
        event->lost_ms = record->lost_ms;
        event->lost_generation = record->lost_generation;
        event->next_rno = record->next_rno;
        event->next_number = record->next_number;
        event->free_slot = record->free_slot;
        memcpy(event->random, record->random, sizeof event->random);
        return rh_public_decode(record->public_part, state->public_part, NULL) == RH_OK;
    case RH_RECORD_TIMER:
        event->type = HUB_EVENT_WAKE;
        if (record->rno == 0) {
            event->type = HUB_EVENT_MONTHLY;
            (void)hub_monthly_due(state->world.rules, &state->views.monthly, event->now_ms,
                                  &event->monthly);
        }
        return true;
    case RH_RECORD_JOB:
        return make_job_event(record, event);
    case RH_RECORD_COMMAND:
        break;
    case RH_RECORD_GENESIS:
    case RH_RECORD_GENERATION:
    case RH_RECORD_BUNDLE:
    case RH_RECORD_RULES:
    case RH_RECORD_STREAM:
    case RH_RECORD_DIGEST:
    case RH_RECORD_CUT:
    case RH_RECORD_CLOCK:
    case RH_RECORD_ERASE:
    case RH_RECORD_CARRY:
    default:
        return false;
    }
    size_t bytes = strcspn(record->reason, " ");
    if (bytes > RH_CODE_BYTES_MAX)
        bytes = RH_CODE_BYTES_MAX;
    memcpy(event->reason, record->reason, bytes);
    if (record->command == HUB_COMMAND_ATTENTION) {
        event->type = HUB_EVENT_URGED;
        event->action = record->action;
        return true;
    }
    event->type = record->command == HUB_COMMAND_DEAD_RETRY ? HUB_EVENT_DEAD_RETRY
                                                            : HUB_EVENT_DEAD_RETURN;
    return (record->command == HUB_COMMAND_DEAD_RETRY ||
            record->command == HUB_COMMAND_DEAD_RETURN) &&
           hub_dead_decode(record->dead_row, &event->dead) == RH_OK;
}

/* Refused by the engine before it decided. */
static bool was_unread(const struct hub_record *record)
{
    return record->core.type == RH_RECORD_ITEM &&
           (record->core.outcome == RH_REFUSE_MALFORMED ||
            record->core.outcome == RH_REFUSE_TOO_LARGE);
}

static void describe(const struct hub_outcome *outcome, char *out, size_t capacity)
{
    char refusal[RH_REFUSAL_TEXT_BYTES];
    if (outcome->refusal != 0) {
        rh_refusal_format(outcome->refusal, refusal);
        snprintf(out, capacity, _("%s field %" PRIu32), refusal, outcome->field);
        return;
    }
    const char *name =
        outcome->row_count > 0 ? rh_state_name(outcome->rows[0].state) : _("no row");
    snprintf(out, capacity,
             _("%s, holder %" PRIu32 ", due %" PRIu64 ", %" PRIu32 " rows, %" PRIu32
               " deliveries, %" PRIu32 " queue changes, %" PRIu32 " notes"),
             name != NULL ? name : "?", outcome->holder, outcome->due_ms, outcome->row_count,
             outcome->delivery_count, outcome->queue_count, outcome->note_count);
}

static void report(struct hub_state *state, const struct hub_state_record *record)
{
    char recorded[140], decided[140];
    state->differing++;
    describe(record->outcome, recorded, sizeof recorded);
    describe(state->again, decided, sizeof decided);
    struct hub_finding finding =
        hub_finding_make(HUB_FINDING_REDECIDE, record->record->core.index,
                         N_("recorded: %s; decided: %s"), recorded, decided);
    finding.count = 1;
    hub_findings_add(state->findings, &finding);
}

/* The core's assertions are for mistakes of the hub's own program, whose rows are always sound.
 * A log forged with the hub's keys holds whatever the forger wished, so here a broken condition
 * is a finding. The core is pure: it holds nothing that leaving it midway could lose. */
static jmp_buf broken;
static char broken_condition[160];

static void take_broken(const char *file, int line, const char *condition)
{
    const char *name = strrchr(file, '/');
    snprintf(broken_condition, sizeof broken_condition, "%.100s (%.40s:%d)", condition,
             name == NULL ? file : name + 1, line);
    longjmp(broken, 1);
}

/* RH_ERR_CORRUPT: no outcome, the finding was made. */
static enum rh_err decide_again(struct hub_state *state, const struct hub_event *event)
{
    if (setjmp(broken) == 0) {
        rh_panic_catch(take_broken);
        enum rh_err err = hub_decide(&state->world, event, state->again);
        rh_panic_catch(NULL);
        return err;
    }
    rh_panic_catch(NULL);
    state->differing++;
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_REDECIDE, event->index,
        N_("deciding again breaks a promise of the hub: %s"), broken_condition);
    finding.count = 1;
    hub_findings_add(state->findings, &finding);
    return RH_ERR_CORRUPT;
}

enum rh_err hub_state_redecide(struct hub_state *state, const struct hub_state_record *record)
{
    struct hub_event event;
    const struct hub_record *one = record->record;
    if (!make_event(state, one, &event) || was_unread(one)) {
        state->undecided += one->core.type == RH_RECORD_ITEM ? 1 : 0;
        return RH_OK;
    }
    if (record->decide_version != HUB_DECIDE_VERSION) {
        if (state->undecided++ == 0)
            hub_findings_say(state->findings, HUB_FINDING_VERSION, one->core.index,
                             N_("decide version %u, this program has %d"),
                             (unsigned)record->decide_version, HUB_DECIDE_VERSION);
        return RH_OK;
    }
    state->redecided++;
    uint64_t breaks = state->findings->breaks;
    enum rh_err err = decide_again(state, &event);
    if (err == RH_ERR_FULL) {
        state->undecided++;
        return RH_OK; /* the engine answers this with a refusal of its own */
    }
    if (err != RH_OK)
        return state->findings->breaks > breaks ? RH_OK : err;
    struct rh_writer writer;
    rh_writer_init(&writer, state->bytes, HUB_REST_BYTES_MAX);
    err = hub_outcome_encode(state->again, &writer);
    if (err == RH_OK && (writer.bytes != one->outcome.bytes ||
                         memcmp(writer.data, one->outcome.data, writer.bytes) != 0))
        report(state, record);
    return err;
}
