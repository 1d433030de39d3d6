/* Loading, making, delivering, ending: the small change of every decision. */
#include "core/step.h"

#include <string.h>

bool hub_step_refuse(struct hub_step *step, enum rh_refusal refusal, unsigned field)
{
    rh_assert(refusal != RH_REFUSE_NONE);
    if (step->out->refusal == 0) {
        step->out->refusal = (uint32_t)refusal;
        step->out->field = field;
    }
    return false;
}

bool hub_step_fail(struct hub_step *step, enum rh_err err)
{
    rh_assert(err != RH_OK);
    if (step->err == RH_OK)
        step->err = err;
    return false;
}

uint64_t hub_step_instant(const struct hub_event *event)
{
    bool lost = event->lost_ms != 0 && event->lost_ms < event->now_ms;
    return lost ? event->lost_ms : event->now_ms;
}

static void not_before(struct hub_step *step, uint64_t instant_ms)
{
    if (step->at_ms < instant_ms)
        step->at_ms = instant_ms;
}

void hub_step_follow(struct hub_step *step, const struct hub_referral *row)
{
    if (step->event->lost_ms == 0)
        return;
    const uint64_t seen[] = { row->registered_ms, row->dispatched_ms, row->signed_ms,
                              row->accepted_ms,   row->suspended_ms,  row->concluded_ms,
                              row->reported_ms,   row->replied_ms,    row->closed_ms };
    for (unsigned i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        not_before(step, seen[i]);
    if (row->completed_ms != row->arrived_ms)
        not_before(step, row->completed_ms);
    if (step->agency != row->addressee)
        not_before(step, row->arrived_ms);
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        for (uint32_t j = 0; j < deadline->pause_count; j++) {
            not_before(step, deadline->pauses[j].from_ms);
            not_before(step, deadline->pauses[j].to_ms);
        }
    }
    if (step->at_ms > step->event->now_ms)
        step->at_ms = step->event->now_ms;
}

const struct rh_procedure *hub_step_procedure(const struct hub_step *step,
                                              const struct hub_referral *row)
{
    static const struct rh_procedure unknown; /* forbids everything it could allow */
    if (step->procedure != NULL && strcmp(step->procedure->id, row->procedure) == 0)
        return step->procedure; /* nearly always: spares walking the list for every clock */
    const struct hub_world *world = step->world;
    const struct rh_procedure *found = NULL;
    if (world->procedure != NULL && row->rules_index != world->rules_index)
        found = world->procedure(world->context, row->rules_index, row->procedure);
    if (found == NULL)
        found = rh_rules_procedure(world->rules, row->procedure);
    return found != NULL ? found : &unknown;
}

/* Where the matter is; where nobody said, the division of who must act on it. */
static bool find_area(const struct hub_world *world, const struct hub_referral *row,
                      struct hub_agency *agency)
{
    uint32_t no = row->addressee != HUB_AGENCY_NONE ? row->addressee : row->sender;
    return no >= HUB_AGENCY_FIRST && world->agency(world->context, no, agency) == RH_OK;
}

const struct rh_calendar *hub_decide_calendar(const struct hub_world *world,
                                              const struct hub_referral *row)
{
    const struct rh_rules *rules = world->rules;
    const char *area = row != NULL ? row->area : "";
    struct hub_agency agency;
    if (rules->calendar_count > 1 && row != NULL && area[0] == '\0' &&
        find_area(world, row, &agency))
        area = agency.area;
    const struct rh_calendar *calendar = rh_rules_calendar(rules, area);
    return calendar != NULL ? calendar : &rules->calendars[0];
}

const struct rh_calendar *hub_step_calendar(const struct hub_step *step,
                                            const struct hub_referral *row)
{
    return hub_decide_calendar(step->world, row);
}

static struct hub_referral *spare(struct hub_step *step)
{
    if (step->out->row_count == HUB_ROWS_OUT_MAX) {
        (void)hub_step_fail(step, RH_ERR_FULL);
        return NULL;
    }
    return &step->out->rows[step->out->row_count];
}

/* What the store answered about a row read into the spare place. */
static struct hub_referral *keep(struct hub_step *step, struct hub_referral *row,
                                 enum rh_err err, bool *found)
{
    *found = err == RH_OK;
    if (err == RH_OK)
        step->out->row_count++;
    else if (err != RH_ERR_NOTFOUND)
        (void)hub_step_fail(step, err);
    return err == RH_OK ? row : NULL;
}

struct hub_referral *hub_step_load(struct hub_step *step, const struct rh_referral_id *id,
                                   bool *found)
{
    *found = false;
    for (uint32_t i = 0; i < step->out->row_count; i++) {
        if (memcmp(&step->out->rows[i].id, id, sizeof(*id)) == 0) {
            *found = true;
            return &step->out->rows[i];
        }
    }
    struct hub_referral *row = spare(step);
    if (row == NULL)
        return NULL;
    return keep(step, row, step->world->referral(step->world->context, id, row), found);
}

struct hub_referral *hub_step_load_rno(struct hub_step *step, uint64_t rno, bool *found)
{
    *found = false;
    for (uint32_t i = 0; i < step->out->row_count; i++) {
        if (step->out->rows[i].rno == rno) {
            *found = true;
            return &step->out->rows[i];
        }
    }
    struct hub_referral *row = spare(step);
    if (row == NULL)
        return NULL;
    return keep(step, row, step->world->referral_by_rno(step->world->context, rno, row), found);
}

const struct hub_referral *hub_step_peek(struct hub_step *step, const struct rh_referral_id *id,
                                         bool *found)
{
    uint32_t count = step->out->row_count;
    const struct hub_referral *row = hub_step_load(step, id, found);
    step->out->row_count = count;
    return row;
}

const struct hub_referral *hub_step_peek_rno(struct hub_step *step, uint64_t rno, bool *found)
{
    uint32_t count = step->out->row_count;
    const struct hub_referral *row = hub_step_load_rno(step, rno, found);
    step->out->row_count = count;
    return row;
}

/* "R-2026-000042": the year in China, the ordinal within it. */
static void format_number(uint64_t now_ms, uint64_t ordinal, char out[HUB_NUMBER_BYTES])
{
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + (int)(ordinal % 10));
        ordinal /= 10;
    } while (ordinal != 0 && count < 15);
    while (count < 6)
        digits[count++] = '0';

    uint32_t year = (uint32_t)rh_date_to_civil(rh_date_of_instant(now_ms)).year;
    out[0] = 'R';
    out[1] = '-';
    for (int i = 5; i >= 2; i--, year /= 10)
        out[i] = (char)('0' + (int)(year % 10));
    out[6] = '-';
    for (uint32_t i = 0; i < count; i++)
        out[7 + i] = digits[count - 1 - i];
    out[7 + count] = 0;
}

struct hub_referral *hub_step_make(struct hub_step *step, const struct rh_referral_id *id)
{
    struct hub_referral *row = spare(step);
    if (row == NULL)
        return NULL;
    step->out->row_count++;
    memset(row, 0, sizeof(*row));
    row->rno = step->event->next_rno + step->rows_made;
    row->id = *id;
    row->root = *id;
    format_number(step->event->now_ms, step->event->next_number + step->rows_made, row->number);
    row->key_slot = step->event->free_slot + step->rows_made;
    row->rules_index = step->world->rules_index;
    row->registered_ms = step->at_ms;
    row->last_index = step->event->index;
    step->rows_made++;
    return row;
}

bool hub_step_agency(struct hub_step *step, uint32_t no, struct hub_agency *out, bool *found)
{
    enum rh_err err = step->world->agency(step->world->context, no, out);
    *found = err == RH_OK;
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return hub_step_fail(step, err);
    return true;
}

bool hub_step_agency_id(struct hub_step *step, const struct rh_agency_id *id,
                        struct hub_agency *out, bool *found)
{
    enum rh_err err = step->world->agency_by_id(step->world->context, id, out);
    *found = err == RH_OK;
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return hub_step_fail(step, err);
    return true;
}

bool hub_row_is_party(const struct hub_referral *row, uint32_t agency)
{
    for (uint32_t i = 0; i < row->party_count; i++) {
        if (row->parties[i] == agency)
            return true;
    }
    return false;
}

bool hub_step_party(struct hub_referral *row, uint32_t agency)
{
    rh_assert(row->party_count <= HUB_PARTIES_MAX);
    if (agency < HUB_AGENCY_FIRST || hub_row_is_party(row, agency))
        return true;
    if (row->party_count == HUB_PARTIES_MAX)
        return false;
    uint32_t at = row->party_count++;
    for (; at > 0 && row->parties[at - 1] > agency; at--)
        row->parties[at] = row->parties[at - 1];
    row->parties[at] = agency;
    return true;
}

void hub_row_leave(struct hub_referral *row, uint32_t agency)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < row->party_count; i++) {
        if (row->parties[i] != agency)
            row->parties[kept++] = row->parties[i];
    }
    row->party_count = kept;
}

/* A message waits behind an earlier undelivered one of its referral, so it must wait in the
 * same lane: else it would either overtake or block for ever. */
static bool pick_lane(struct hub_step *step, const struct hub_referral *row, uint32_t to,
                      enum rh_lane *lane)
{
    *lane = step->item != NULL ? step->item->lane : step->lane;
    if (row == NULL)
        return true;
    if (row->lane > *lane)
        *lane = row->lane;
    for (uint32_t i = 0; i < step->out->delivery_count; i++) {
        const struct hub_delivery_out *other = &step->out->deliveries[i];
        if (other->to == to && other->rno == row->rno) {
            *lane = other->lane;
            return true;
        }
    }
    enum rh_lane earlier;
    enum rh_err err = step->world->queued_lane(step->world->context, to, row->rno, &earlier);
    if (err == RH_OK)
        *lane = earlier;
    else if (err != RH_ERR_NOTFOUND)
        return hub_step_fail(step, err);
    return true;
}

/* Dense over the stored numbers and those this very outcome gives. */
static bool pick_seq(struct hub_step *step, struct hub_delivery_out *delivery)
{
    enum rh_err err = step->world->pair_next(step->world->context, delivery->from, delivery->to,
                                             delivery->lane, &delivery->pair_seq);
    if (err != RH_OK)
        return hub_step_fail(step, err);
    for (uint32_t i = 0; i < step->out->delivery_count; i++) {
        const struct hub_delivery_out *other = &step->out->deliveries[i];
        if (other->to == delivery->to && other->from == delivery->from &&
            other->lane == delivery->lane)
            delivery->pair_seq++;
    }
    return true;
}

struct hub_delivery_out *hub_step_deliver_record(struct hub_step *step,
                                                 struct hub_referral *row, uint32_t to,
                                                 uint32_t from, enum rh_kind kind,
                                                 uint64_t index)
{
    rh_assert(from != HUB_AGENCY_NONE);
    rh_assert(kind != RH_KIND_NONE);
    to = hub_actor_heir(step, row, to);
    if (to < HUB_AGENCY_FIRST || (row != NULL && hub_actor_is_accused(step, row, to)))
        return NULL;
    struct hub_outcome *out = step->out;
    uint64_t rno = row != NULL ? row->rno : 0;
    for (uint32_t i = 0; i < out->delivery_count; i++) {
        const struct hub_delivery_out *other = &out->deliveries[i];
        if (other->to == to && other->rno == rno && other->index == index &&
            other->kind == kind && other->from == from)
            return NULL;
    }
    if (row != NULL && !hub_step_party(row, to)) {
        if (step->item != NULL)
            (void)hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 7);
        return NULL;
    }
    if (out->delivery_count == HUB_DELIVERIES_OUT_MAX) {
        (void)hub_step_fail(step, RH_ERR_FULL);
        return NULL;
    }
    struct hub_delivery_out delivery = {
        .to = to, .from = from, .index = index, .rno = rno, .kind = kind,
        .place = out->delivery_count,
    };
    if (!pick_lane(step, row, to, &delivery.lane) || !pick_seq(step, &delivery))
        return NULL;
    out->deliveries[out->delivery_count] = delivery;
    return &out->deliveries[out->delivery_count++];
}

struct hub_delivery_out *hub_step_deliver(struct hub_step *step, struct hub_referral *row,
                                          uint32_t to, enum rh_kind kind)
{
    if (hub_actor_heir(step, row, to) == step->agency)
        return NULL;
    return hub_step_deliver_record(step, row, to, step->agency, kind, step->event->index);
}

bool hub_step_deliver_share(struct hub_step *step, uint32_t to)
{
    struct hub_outcome *out = step->out;
    rh_assert(out->delivery_count < HUB_DELIVERIES_OUT_MAX + HUB_SHARES_OUT_MAX);
    struct hub_delivery_out delivery = {
        .to = to, .from = HUB_AGENCY_HUB, .lane = RH_LANE_NORMAL,
        .index = step->event->index, .kind = RH_KIND_SHARED, .place = out->delivery_count,
    };
    if (!pick_seq(step, &delivery))
        return false;
    out->deliveries[out->delivery_count++] = delivery;
    return true;
}

static bool ended(const struct hub_step *step)
{
    return step->out->refusal != 0 || step->err != RH_OK;
}

/* A sealed matter reaches nobody new by way of information. */
static bool tell_copies(struct hub_step *step)
{
    for (uint32_t i = 0; i < step->item->copy_count; i++) {
        struct hub_agency to;
        if (!hub_dispatch_target(step, step->row, &step->item->copies[i], &to))
            return false;
        if (step->row->sealed && !hub_row_is_party(step->row, to.no))
            return hub_step_refuse(step, RH_REFUSE_NO_ROUTE, 24);
        (void)hub_step_deliver(step, step->row, to.no, step->item->kind);
    }
    return true;
}

void hub_step_tell_waiting(struct hub_step *step, struct hub_referral *row, enum rh_kind kind)
{
    for (uint32_t i = 0; i < row->waiting_count; i++)
        (void)hub_step_deliver(step, row, row->waiting[i], kind);
}

bool hub_step_tell(struct hub_step *step, unsigned whom)
{
    rh_assert(step->item != NULL);
    struct hub_referral *row = step->row;
    const uint32_t agencies[] = { row->origin, row->sender, row->addressee, row->assigner,
                                  row->holder };
    for (unsigned i = 0; i < sizeof(agencies) / sizeof(agencies[0]); i++) {
        if ((whom >> i & 1u) != 0)
            (void)hub_step_deliver(step, row, agencies[i], step->item->kind);
    }
    if ((whom & HUB_TELL_WAITING) != 0)
        hub_step_tell_waiting(step, row, step->item->kind);
    return tell_copies(step) && !ended(step);
}

void hub_step_note(struct hub_step *step, enum rh_kind kind, const struct hub_referral *row,
                   const struct hub_deadline *deadline, uint8_t level, uint32_t agency)
{
    struct hub_outcome *out = step->out;
    if (out->note_count == HUB_NOTES_OUT_MAX) {
        (void)hub_step_fail(step, RH_ERR_FULL);
        return;
    }
    out->notes[out->note_count++] = (struct hub_note_out){
        .kind = kind,
        .rno = row->rno,
        .deadline = deadline != NULL ? deadline->serial : 0,
        .status = deadline != NULL ? (uint8_t)deadline->status : 0,
        .level = level,
        .agency = agency,
    };
}

void hub_step_queue(struct hub_step *step, const struct hub_queue_out *entry)
{
    struct hub_outcome *out = step->out;
    if (out->queue_count == HUB_DELIVERIES_OUT_MAX) {
        (void)hub_step_fail(step, RH_ERR_FULL);
        return;
    }
    out->queue[out->queue_count++] = *entry;
}

void hub_step_move(struct hub_step *step, enum rh_kind kind, enum rh_state to, uint32_t holder)
{
    struct hub_referral *row = step->row;
    rh_assert(hub_lifecycle_leads(row->state, kind, step->actors, to));
    rh_assert((holder == HUB_AGENCY_NONE) == rh_state_is_resting(to));
    if (holder == HUB_AGENCY_NONE && row->holder != HUB_AGENCY_NONE)
        row->last_holder = row->holder;
    row->state = to;
    row->holder = holder;
    if (to != RH_STATE_DISPATCHED)
        row->arrival_due_ms = 0;
    if (to != RH_STATE_IN_PROGRESS)
        row->extend_pending = false;
    if (to != RH_STATE_SIGNED && to != RH_STATE_ACCEPTED && to != RH_STATE_IN_PROGRESS &&
        to != RH_STATE_SUSPENDED)
        row->hearing = false;
}

void hub_step_seal(struct hub_referral *row, const struct rh_procedure *procedure)
{
    if (!procedure->sealed || row->sealed)
        return;
    row->sealed = true;
    row->sealed_by = HUB_AGENCY_HUB;
}

/* Facts open and close gates, so somebody who merely got a copy cannot set them. */
static bool may_state_facts(const struct hub_step *step, const struct hub_referral *row)
{
    const uint32_t trusted =
        HUB_ACTOR_BIT(RH_ACTOR_SUPERIOR) | HUB_ACTOR_BIT(RH_ACTOR_COMMON_SUPERIOR);
    return step->agency == row->origin || step->agency == row->sender ||
           step->agency == row->addressee || step->agency == row->holder ||
           (step->actors & trusted) != 0;
}

static bool absorb_facts(struct hub_step *step, struct hub_referral *row)
{
    if (step->item->fact_count > 0 && !may_state_facts(step, row))
        return hub_step_refuse(step, RH_REFUSE_WRONG_ACTOR, 26);
    for (uint32_t i = 0; i < step->item->fact_count; i++) {
        const struct rh_fact *fact = &step->item->facts[i];
        uint32_t at = 0;
        while (at < row->fact_count && strcmp(row->facts[at].key, fact->key) < 0)
            at++;
        if (at == row->fact_count || strcmp(row->facts[at].key, fact->key) != 0) {
            if (row->fact_count == RH_FACTS_MAX)
                return hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 26);
            memmove(&row->facts[at + 1], &row->facts[at],
                    (row->fact_count - at) * sizeof(row->facts[0]));
            row->fact_count++;
        }
        row->facts[at] = *fact;
    }
    return true;
}

/* Must the author not learn that the referral of this number exists? */
static bool is_hidden(struct hub_step *step, uint64_t rno)
{
    bool found;
    const struct hub_referral *other = hub_step_peek_rno(step, rno, &found);
    return found && (hub_actor_is_accused(step, other, step->agency) ||
                     (other->sealed && !hub_actor_sees(step, other, step->agency)));
}

/* The number as the author alone has it: beside a hidden one of the same number, and found again
 * when it comes a second time, so that the answers are those of a number that was free. */
static void make_own(struct rh_external *external, uint32_t agency)
{
    const uint8_t of[] = { (uint8_t)(agency >> 24), (uint8_t)(agency >> 16),
                           (uint8_t)(agency >> 8), (uint8_t)agency };
    const struct rh_hash number = external->hash;
    const struct rh_bytes parts[] = { { number.bytes, sizeof(number.bytes) },
                                      { of, sizeof(of) } };
    rh_hash_tagged("rhub/own-number/1", parts, 2, &external->hash);
}

/* A (system, number) belongs to one referral: importing twice creates nothing. */
static bool absorb_external(struct hub_step *step, struct hub_referral *row,
                            struct rh_external external)
{
    uint64_t rno;
    enum rh_err err = step->world->external(step->world->context, &external, &rno);
    if (err == RH_OK && rno != row->rno && is_hidden(step, rno)) {
        make_own(&external, step->agency);
        err = step->world->external(step->world->context, &external, &rno);
    }
    if (step->err != RH_OK)
        return false;
    if (err == RH_OK)
        return rno == row->rno || hub_step_refuse(step, RH_REFUSE_REFERRAL_EXISTS, 23);
    if (err != RH_ERR_NOTFOUND)
        return hub_step_fail(step, err);
    if (row->external_count == RH_EXTERNALS_MAX)
        return hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 23);
    row->externals[row->external_count++] = external;
    return true;
}

static bool absorb_externals(struct hub_step *step, struct hub_referral *row)
{
    for (uint32_t i = 0; i < step->item->external_count; i++) {
        if (!absorb_external(step, row, step->item->externals[i]))
            return false;
    }
    return true;
}

static bool add_accused(struct hub_step *step, struct hub_referral *row,
                        const struct rh_hash *hashes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const struct rh_hash *hash = &hashes[i];
        uint32_t at = 0;
        while (at < row->accused_count && memcmp(&row->accused[at], hash, sizeof(*hash)) < 0)
            at++;
        if (at < row->accused_count && memcmp(&row->accused[at], hash, sizeof(*hash)) == 0)
            continue;
        if (row->accused_count == HUB_ACCUSED_MAX)
            return hub_step_refuse(step, RH_REFUSE_TOO_MANY_ITEMS, 31);
        memmove(&row->accused[at + 1], &row->accused[at],
                (row->accused_count - at) * sizeof(row->accused[0]));
        row->accused[at] = *hash;
        row->accused_count++;
    }
    return true;
}

static bool absorb_accused(struct hub_step *step, struct hub_referral *row)
{
    return add_accused(step, row, step->item->accused, step->item->accused_count);
}

bool hub_step_wall(struct hub_step *step, struct hub_referral *row,
                   const struct hub_referral *other)
{
    if (other->sealed && !row->sealed) {
        row->sealed = true;
        row->sealed_by = other->sealed_by;
    }
    return add_accused(step, row, other->accused, other->accused_count);
}

bool hub_step_absorb(struct hub_step *step, struct hub_referral *row)
{
    rh_assert(step->item != NULL);
    return absorb_accused(step, row) && absorb_facts(step, row) && absorb_externals(step, row);
}

bool hub_code_listed(const struct rh_code_list *list, const char *code)
{
    if (list->count == 0)
        return true;
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->codes[i], code) == 0)
            return true;
    }
    return false;
}
