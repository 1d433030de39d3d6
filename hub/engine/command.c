/* What operators do: each that changes something is a record with a name and a reason. */
#include "engine/inside.h"

#include <string.h>

#include <rh/text.h>

static struct hub_record *begin(struct hub_engine *engine, const struct hub_command *command)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_COMMAND);
    record->command = command->type;
    memcpy(record->operator_name, command->operator_name, sizeof record->operator_name);
    memcpy(record->reason, command->reason, sizeof record->reason);
    record->down_ms = engine->down_ms;
    return record;
}

/* A key belongs to one agency only: identity is the authenticated key. */
static enum rh_err check_keys(struct hub_engine *engine, const struct hub_agency *wanted,
                              uint32_t *refusal)
{
    uint32_t no = 0;
    struct hub_agency *other = &engine->agency;
    enum rh_err err;
    while ((err = hub_views_agency_next(engine->views.map, &no, other)) == RH_OK) {
        if (other->no == wanted->no)
            continue;
        for (unsigned use = 0; use < RH_KEY_USES; use++) {
            if (wanted->card.present[use] && other->card.present[use] &&
                memcmp(wanted->card.keys[use], other->card.keys[use], 32) == 0) {
                *refusal = RH_REFUSE_REFERRAL_EXISTS;
                return RH_OK;
            }
        }
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static enum rh_err place_agency(struct hub_engine *engine, struct hub_agency *row,
                                uint32_t *refusal)
{
    struct hub_agency *found = &engine->agency;
    enum rh_err err = hub_views_agency_find(engine->views.map, row->id.text, found);
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    bool exists = err == RH_OK;
    if (row->no == HUB_AGENCY_NONE && exists) {
        *refusal = RH_REFUSE_REFERRAL_EXISTS;
        return RH_OK;
    }
    if (row->no != HUB_AGENCY_NONE && (!exists || found->no != row->no)) {
        *refusal = RH_REFUSE_UNKNOWN_AGENCY;
        return RH_OK;
    }
    uint64_t now_ms = hub_engine_now(engine);
    if (row->no == HUB_AGENCY_NONE) {
        if (engine->agency_count >= HUB_AGENCIES_MAX) {
            *refusal = RH_REFUSE_MAP_FULL;
            return RH_OK;
        }
        row->no = engine->agency_count < HUB_AGENCY_FIRST ? HUB_AGENCY_FIRST
                                                          : engine->agency_count;
        row->enrolled_ms = now_ms;
    } else {
        row->enrolled_ms = found->enrolled_ms;
        row->former_count = found->former_count; /* no card of an agency takes down its walls */
        memcpy(row->former, found->former, sizeof row->former);
    }
    row->changed_ms = now_ms;
    return check_keys(engine, row, refusal);
}

static enum rh_err change_agency(struct hub_engine *engine, const struct hub_command *command,
                                 struct hub_command_result *out)
{
    struct hub_agency row = command->agency;
    enum rh_err err = place_agency(engine, &row, &out->refusal);
    if (err != RH_OK || out->refusal != 0)
        return err;
    uint8_t bytes[HUB_AGENCY_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    err = hub_agency_encode(&row, &writer);
    if (err != RH_OK)
        return err;
    struct hub_record *record = begin(engine, command);
    record->agency_row = (struct rh_bytes){ bytes, writer.bytes };
    err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    if (err != RH_OK)
        return err;
    engine->agencies[row.no] = row.id;
    if (row.no >= engine->agency_count)
        engine->agency_count = row.no + 1;
    engine->agencies_changed = true;
    out->agency = row.no;
    return RH_OK;
}

static bool has_whole_successor(const struct hub_agency *agency)
{
    bool found = false;
    for (uint32_t i = 0; i < agency->successor_count; i++)
        found = found || (agency->successors[i].area[0] == '\0' &&
                          agency->successors[i].category[0] == '\0');
    return found;
}

/* Whether what `first` has given away may have come to `last`, in however many steps: then the
 * two would pass the same matters to each other for ever. Too many to follow counts as yes. */
static bool leads_to(struct hub_engine *engine, uint32_t first, uint32_t last)
{
    enum { FOLLOWED_MAX = 64 };
    uint32_t reached[FOLLOWED_MAX] = { first }, count = 1;
    struct hub_agency *at = &engine->agency;
    for (uint32_t i = 0; i < count; i++) {
        if (hub_views_agency(engine->views.map, reached[i], at) != RH_OK)
            return true;
        for (uint32_t k = 0; k < at->successor_count; k++) {
            uint32_t to = at->successors[k].to, known = 0;
            while (known < count && reached[known] != to)
                known++;
            if (to == last || (known == count && count == FOLLOWED_MAX))
                return true;
            if (known == count)
                reached[count++] = to;
        }
    }
    return false;
}

static uint32_t judge_succession(struct hub_engine *engine, const struct hub_agency *old,
                                 const struct hub_successor *next)
{
    struct hub_agency *new = &engine->agency;
    if (next->to == old->no || hub_views_agency(engine->views.map, next->to, new) != RH_OK ||
        new->state != HUB_AGENCY_ACTIVE)
        return RH_REFUSE_UNKNOWN_AGENCY;
    if (has_whole_successor(old) || has_whole_successor(new))
        return RH_REFUSE_AGENCY_SUCCEEDED;
    if (old->successor_count == HUB_SUCCESSORS_MAX || !hub_agency_inherit(new, old))
        return RH_REFUSE_TOO_MANY_ITEMS;
    if (leads_to(engine, next->to, old->no))
        return RH_REFUSE_AGENCY_SUCCEEDED;
    return engine->job_count == HUB_JOBS_RUNNING_MAX ? RH_REFUSE_BUSY_QUOTA : 0;
}

/* The order is the agency's row with its successor; the job after it does the work. */
static enum rh_err succeed(struct hub_engine *engine, const struct hub_command *command,
                           struct hub_command_result *out)
{
    struct hub_agency old;
    enum rh_err err = hub_views_agency(engine->views.map, command->agency.no, &old);
    if (err == RH_ERR_NOTFOUND) {
        out->refusal = RH_REFUSE_UNKNOWN_AGENCY;
        return RH_OK;
    }
    if (err == RH_OK)
        out->refusal = judge_succession(engine, &old, &command->successor);
    if (err != RH_OK || out->refusal != 0)
        return err;
    struct hub_successor *next = &old.successors[old.successor_count++];
    *next = command->successor;
    next->since_ms = old.changed_ms = hub_engine_now(engine);
    next->done = false;
    struct rh_writer writer;
    rh_writer_init(&writer, engine->agency_bytes, sizeof engine->agency_bytes);
    err = hub_agency_encode(&old, &writer);
    if (err != RH_OK)
        return err;
    struct hub_job_row wish = { .kind = HUB_JOB_SUCCESSOR,
                                .subject = engine->next_index,
                                .from = old.no,
                                .to = next->to };
    struct hub_record *record = begin(engine, command);
    record->agency_row = (struct rh_bytes){ engine->agency_bytes, writer.bytes };
    err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    engine->agencies_changed = true;
    out->agency = old.no;
    return err == RH_OK ? hub_job_begin(engine, &wish, &out->job) : err;
}

/* What has run out makes room for the new one. */
static void drop_grants(struct hub_agency *row, const struct hub_grant *like, uint64_t now_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < row->grant_count; i++) {
        const struct hub_grant *grant = &row->grants[i];
        bool same = memcmp(&grant->referral, &like->referral, sizeof like->referral) == 0 &&
                    strcmp(grant->area, like->area) == 0 &&
                    strcmp(grant->category, like->category) == 0;
        if (!same && grant->until_ms > now_ms)
            row->grants[kept++] = *grant;
    }
    row->grant_count = kept;
}

static enum rh_err change_grant(struct hub_engine *engine, const struct hub_command *command,
                                struct hub_command_result *out)
{
    struct hub_agency row;
    uint64_t now_ms = hub_engine_now(engine);
    enum rh_err err = hub_views_agency(engine->views.map, command->agency.no, &row);
    if (err == RH_ERR_NOTFOUND || (err == RH_OK && row.state != HUB_AGENCY_ACTIVE)) {
        out->refusal = RH_REFUSE_UNKNOWN_AGENCY;
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    const struct hub_grant *wish = &command->grant;
    uint32_t before = row.grant_count;
    drop_grants(&row, wish, now_ms);
    if (wish->until_ms == 0 && row.grant_count == before)
        out->refusal = RH_REFUSE_FIELD_INVALID; /* it has none like that */
    else if (wish->until_ms != 0 && wish->until_ms <= now_ms)
        out->refusal = RH_REFUSE_DUE_DATE;
    else if (wish->until_ms != 0 && row.grant_count == HUB_GRANTS_MAX)
        out->refusal = RH_REFUSE_TOO_MANY_ITEMS;
    if (out->refusal != 0)
        return RH_OK;
    if (wish->until_ms != 0) {
        row.grants[row.grant_count] = *wish;
        row.grants[row.grant_count++].since_ms = now_ms;
    }
    row.changed_ms = now_ms;
    struct rh_writer writer;
    rh_writer_init(&writer, engine->agency_bytes, sizeof engine->agency_bytes);
    err = hub_agency_encode(&row, &writer);
    if (err != RH_OK)
        return err;
    struct hub_record *record = begin(engine, command);
    record->agency_row = (struct rh_bytes){ engine->agency_bytes, writer.bytes };
    out->agency = row.no;
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

static void copy_reason_code(const struct hub_command *command, struct hub_event *event)
{
    size_t bytes = strcspn(command->reason, " ");
    if (bytes > RH_CODE_BYTES_MAX)
        bytes = RH_CODE_BYTES_MAX;
    memcpy(event->reason, command->reason, bytes);
    event->reason[bytes] = '\0';
}

static struct hub_event *begin_event(struct hub_engine *engine,
                                     const struct hub_command *command,
                                     enum hub_event_type type)
{
    struct hub_event *event = &engine->event;
    memset(event, 0, sizeof *event);
    event->type = type;
    event->now_ms = hub_engine_now(engine);
    event->index = engine->next_index;
    event->down_ms = engine->down_ms;
    copy_reason_code(command, event);
    return event;
}

static enum rh_err decide_and_stage(struct hub_engine *engine, struct hub_record *record,
                                    struct hub_command_result *out)
{
    enum rh_err err = hub_engine_decide(engine);
    if (err != RH_OK)
        return err;
    out->refusal = engine->outcome->refusal;
    if (out->refusal != 0)
        return RH_OK; /* an operator's mistake had no effect and needs no record */
    err = hub_stage_outcome(engine, record);
    if (err == RH_OK)
        err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    for (uint32_t i = 0; err == RH_OK && i < engine->outcome->delivery_count; i++)
        hub_stir(engine, engine->outcome->deliveries[i].to);
    return err;
}

static enum rh_err raise_attention(struct hub_engine *engine, const struct hub_command *command,
                                   struct hub_command_result *out)
{
    struct hub_event *event = begin_event(engine, command, HUB_EVENT_URGED);
    event->rno = command->rno;
    event->action = command->action;
    struct hub_record *record = begin(engine, command);
    record->rno = command->rno;
    record->action = command->action;
    return decide_and_stage(engine, record, out);
}

static enum rh_err settle_dead(struct hub_engine *engine, const struct hub_command *command,
                               struct hub_command_result *out)
{
    bool retry = command->type == HUB_COMMAND_DEAD_RETRY;
    struct hub_event *event = begin_event(
        engine, command, retry ? HUB_EVENT_DEAD_RETRY : HUB_EVENT_DEAD_RETURN);
    enum rh_err err = engine->world.dead(engine->world.context, command->dead_index,
                                         command->dead_to, &event->dead);
    if (err == RH_ERR_NOTFOUND) {
        out->refusal = RH_REFUSE_UNKNOWN_REFERRAL;
        return RH_OK;
    }
    uint8_t bytes[512];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    if (err == RH_OK)
        err = hub_dead_encode(&event->dead, &writer);
    if (err != RH_OK)
        return err;
    event->rno = event->dead.rno;
    struct hub_record *record = begin(engine, command);
    record->rno = event->dead.rno;
    record->dead_row = (struct rh_bytes){ bytes, writer.bytes };
    return decide_and_stage(engine, record, out);
}

enum rh_err hub_engine_command(struct hub_engine *engine, const struct hub_command *command,
                               struct hub_command_result *out)
{
    *out = (struct hub_command_result){ .index = engine->next_index };
    if (hub_journal_ready(engine->journal) == RH_ERR_NOSPACE) {
        out->refusal = RH_REFUSE_DISK_FULL;
        return RH_OK;
    }
    switch (command->type) {
    case HUB_COMMAND_AGENCY:
        if (command->grant.since_ms != 0)
            return change_grant(engine, command, out);
        return command->successor.to != HUB_AGENCY_NONE ? succeed(engine, command, out)
                                                        : change_agency(engine, command, out);
    case HUB_COMMAND_ATTENTION:
        return raise_attention(engine, command, out);
    case HUB_COMMAND_DEAD_RETRY:
    case HUB_COMMAND_DEAD_RETURN:
        return settle_dead(engine, command, out);
    case HUB_COMMAND_SUBSCRIPTION:
        return hub_command_subscription(engine, begin(engine, command), &command->subscription,
                                        out);
    case HUB_COMMAND_NOTE:
        return hub_stage(engine, begin(engine, command), (struct rh_bytes){ 0 }, 0);
    }
    return RH_ERR_USAGE;
}

/* Copy as much of a text as fits; what operators type is bounded by the socket already. */
static void copy_text(char *out, size_t capacity, const char *text)
{
    size_t bytes = strlen(text);
    if (bytes >= capacity)
        bytes = capacity - 1;
    memcpy(out, text, bytes);
    out[bytes] = '\0';
}

static enum rh_err stage_clock(struct hub_engine *engine, enum hub_clock_type type,
                               int64_t shift_ms, const char *operator_name, const char *reason)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_CLOCK);
    record->clock = type;
    record->down_ms = engine->down_ms;
    record->wall_ms = engine->time.wall();
    record->shift_ms = shift_ms;
    copy_text(record->operator_name, sizeof record->operator_name, operator_name);
    copy_text(record->reason, sizeof record->reason, reason);
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

enum rh_err hub_engine_steer(struct hub_engine *engine, uint64_t to_ms, uint32_t rate,
                             const char *operator_name)
{
    if (!engine->time.steered)
        return RH_ERR_DENIED;
    uint64_t now_ms = hub_engine_now(engine);
    if (to_ms < now_ms)
        return RH_ERR_INVALID;
    if (!hub_time_set(&engine->time, to_ms, rate))
        return RH_ERR_INVALID;
    return stage_clock(engine, HUB_CLOCK_STEERED, (int64_t)(to_ms - now_ms), operator_name, "");
}

enum rh_err hub_engine_clock_confirm(struct hub_engine *engine, const char *operator_name,
                                     const char *reason)
{
    if (engine->time.steered)
        return RH_ERR_DENIED;
    int64_t skew = hub_time_skew(&engine->time);
    /* Behind the journal the wall clock cannot be followed: hub time never runs backwards. */
    if (skew > 0 && !hub_time_set(&engine->time, engine->time.wall(), 1))
        return RH_ERR_INVALID;
    if (skew > 0)
        engine->down_ms += (uint64_t)skew; /* time that passed without the hub, to its clock */
    engine->firing_held = false;
    engine->held_text[0] = '\0';
    engine->listen_until_ms = engine->start_gap_ms = 0; /* no clock is asked any more */
    engine->time.reported_skew = skew > 0 ? 0 : skew;
    return stage_clock(engine, HUB_CLOCK_CONFIRMED, skew, operator_name, reason);
}

enum rh_err hub_engine_clock_look(struct hub_engine *engine)
{
    if (engine->time.steered)
        return RH_OK;
    int64_t skew = hub_time_skew(&engine->time);
    int64_t moved = skew - engine->time.reported_skew;
    if (moved < HUB_TIME_JUMP_MS && moved > -HUB_TIME_JUMP_MS)
        return RH_OK;
    engine->time.reported_skew = skew;
    return stage_clock(engine, HUB_CLOCK_JUMP, skew, "",
                       N_("the wall clock was set while the hub ran; ignored"));
}

enum rh_err hub_engine_clock_started(struct hub_engine *engine, uint64_t down_ms)
{
    engine->down_ms += down_ms;
    return stage_clock(engine, HUB_CLOCK_STARTED, (int64_t)down_ms, "",
                       N_("the hub started"));
}

static enum rh_err hold(struct hub_engine *engine, const char *why)
{
    copy_text(engine->held_text, sizeof engine->held_text, why);
    engine->firing_held = true;
    engine->listen_until_ms = 0;
    engine->time.reported_skew = hub_time_skew(&engine->time);
    return stage_clock(engine, HUB_CLOCK_HELD, engine->time.reported_skew, "",
                       engine->held_text);
}

/* Held before and not released since, however often the hub has started. */
static enum rh_err was_held(struct hub_engine *engine, bool *held)
{
    enum hub_clock_type type;
    enum rh_err err;
    *held = false;
    for (uint64_t index = 0;; index++) {
        err = hub_views_clock_next(engine->views.map, &index, &type);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_OK : err;
        if (type == HUB_CLOCK_HELD || type == HUB_CLOCK_CONFIRMED)
            *held = type == HUB_CLOCK_HELD;
    }
}

enum rh_err hub_engine_clock_begin(struct hub_engine *engine, bool believed)
{
    bool held = false;
    if (engine->time.steered)
        return RH_OK;
    if (!believed)
        return hold(engine, N_("the wall clock is too far from the newest record; timers are "
                               "held until rhub clock confirm"));
    enum rh_err err = was_held(engine, &held);
    if (err == RH_OK && held) {
        engine->firing_held = true;
        copy_text(engine->held_text, sizeof engine->held_text,
                  N_("the clock was not believed before this start either; timers are held "
                     "until rhub clock confirm"));
    } else if (engine->start_gap_ms >= HUB_TIME_ASK_MS) {
        engine->listen_until_ms = engine->time.monotonic() + HUB_TIME_LISTEN_MS;
    }
    return err;
}

/* A gap at start is believed unless two agencies' clocks contradict it: then intake goes on,
 * but nothing fires until an operator has looked (DESIGN, "Time"). */
enum rh_err hub_engine_clock_hear(struct hub_engine *engine, uint32_t agency,
                                  uint64_t agency_ms)
{
    if (engine->time.steered || engine->firing_held ||
        engine->start_gap_ms < HUB_TIME_ASK_MS || agency_ms == 0)
        return RH_OK;
    bool agrees = agency_ms >= hub_engine_now(engine) - engine->start_gap_ms / 2;
    uint32_t *first = agrees ? &engine->witness : &engine->doubter;
    if (*first == 0 || *first == agency) {
        *first = agency;
        return RH_OK;
    }
    if (agrees) {
        engine->listen_until_ms = 0;
        return RH_OK;
    }
    return hold(engine, N_("two agencies' clocks contradict the hub's; timers are held until "
                           "rhub clock confirm"));
}

bool hub_engine_clock_listens(struct hub_engine *engine)
{
    if (engine->listen_until_ms == 0)
        return false;
    if (engine->time.monotonic() < engine->listen_until_ms)
        return true;
    engine->listen_until_ms = 0;
    return false;
}

enum rh_err hub_engine_new_generation(struct hub_engine *engine, const char *operator_name,
                                      const char *reason)
{
    rh_assert(engine->staged == 0);
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_GENERATION);
    record->old_size = hub_tree_size(engine->tree);
    enum rh_err err = hub_tree_root(engine->tree, record->old_size, &record->old_root);
    if (err != RH_OK)
        return err;
    copy_text(record->operator_name, sizeof record->operator_name, operator_name);
    copy_text(record->reason, sizeof record->reason, reason);
    struct rh_hub_id next;
    rh_hub_id_with_generation(&engine->hub, rh_hub_id_generation(&engine->hub) + 1, &next);
    engine->hub = next;
    err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    if (err == RH_OK)
        err = hub_engine_finish(engine);
    if (err == RH_OK)
        err = hub_engine_publish(engine);
    return err == RH_OK ? hub_engine_commit(engine) : err;
}
