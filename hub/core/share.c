/* Who hears of an event by a subscription, and how much of it.
 *
 *     row after the event     labour.wage-arrears in 620423101
 *     topics it lies in       620423101|620423|6204|62|"" x labour.wage-arrears|labour|""
 *     per topic, subscriber   in force, wants the event, is no party, not told already
 *     masks                   620423101 -> 620423, 2026-08-17 -> 2026-08, court.620423 -> court
 *
 * The topics are looked up from the narrowest to the widest, so that what an event costs does
 * not grow with the number of subscriptions, and so that of two of one agency the narrower
 * decides how much it is told. One record gives a subscriber at most one notice. */
#include "core/step.h"

#include <string.h>

enum { PROVINCE = 2, CITY = 4, COUNTY = 6, TOWN = 9, VILLAGE = 12 };

#define BIT(mask) (1u << (unsigned)HUB_MASK_##mask)
#define TIMES (BIT(FULL) | BIT(DAY) | BIT(MONTH))
#define PLAIN (BIT(ABSENT) | BIT(FULL))

static const uint32_t masks_of[HUB_SHARE_FIELDS] = {
    [HUB_SHARE_REFERENCE] = PLAIN | BIT(CODE),
    [HUB_SHARE_PROCEDURE] = PLAIN,
    [HUB_SHARE_CATEGORY] = PLAIN | BIT(TOP),
    [HUB_SHARE_AREA] = PLAIN | BIT(PROVINCE) | BIT(CITY) | BIT(COUNTY),
    [HUB_SHARE_SOURCE] = PLAIN,
    [HUB_SHARE_DATE] = TIMES,
    [HUB_SHARE_STATE] = PLAIN,
    [HUB_SHARE_HOLDER] = PLAIN | BIT(ROLE),
    [HUB_SHARE_DUE] = TIMES | BIT(ABSENT),
    [HUB_SHARE_OUTCOME] = PLAIN,
};

bool hub_mask_fits(enum hub_share_field field, enum hub_mask mask)
{
    return field < HUB_SHARE_FIELDS && mask < HUB_MASK_END &&
           (masks_of[field] >> (unsigned)mask & 1u) != 0;
}

bool hub_share_is_event(enum rh_kind kind)
{
    bool step = kind == RH_KIND_REGISTER || kind == RH_KIND_RELEASE ||
                kind == RH_KIND_LEADER || (kind >= RH_KIND_SIGN && kind <= RH_KIND_ARCHIVE);
    return step || rh_kind_is_dispatch(kind) || rh_kind_is_attention(kind) ||
           kind == RH_KIND_DUE_SOON || kind == RH_KIND_OVERDUE;
}

bool hub_share_is_area(const char *area)
{
    size_t digits = strspn(area, "0123456789");
    return area[digits] == '\0' &&
           (digits == 0 || digits == PROVINCE || digits == CITY || digits == COUNTY ||
            digits == TOWN || digits == VILLAGE);
}

bool hub_subscription_runs(const struct hub_subscription *row, uint64_t now_ms)
{
    return row->ended_ms == 0 && row->from_ms <= now_ms && now_ms < row->until_ms;
}

/* ---- masking ----------------------------------------------------------------------------- */

/* As much of a code as the mask lets through: `keep` bytes, or all that there is. */
static void put_code(char out[RH_CODE_BYTES_MAX + 1], const char *code, size_t keep)
{
    size_t bytes = strlen(code);
    rh_assert(bytes <= RH_CODE_BYTES_MAX);
    if (keep < bytes)
        bytes = keep;
    memcpy(out, code, bytes);
    out[bytes] = '\0';
}

static void put_area(const char *area, enum hub_mask mask, struct hub_share_out *out)
{
    size_t keep = mask == HUB_MASK_FULL       ? RH_CODE_BYTES_MAX
                  : mask == HUB_MASK_COUNTY   ? COUNTY
                  : mask == HUB_MASK_CITY     ? CITY
                  : mask == HUB_MASK_PROVINCE ? PROVINCE
                                              : 0;
    put_code(out->area, area, keep);
}

static void put_category(const char *category, enum hub_mask mask, struct hub_share_out *out)
{
    size_t keep = mask == HUB_MASK_FULL  ? RH_CODE_BYTES_MAX
                  : mask == HUB_MASK_TOP ? strcspn(category, ".")
                                         : 0;
    put_code(out->category, category, keep);
}

/* The first instant of the day or month that `instant_ms` lies in, in China. */
static uint64_t cut_instant(uint64_t instant_ms, enum hub_mask mask)
{
    struct rh_date date = rh_date_of_instant(instant_ms);
    if (mask == HUB_MASK_FULL)
        return instant_ms;
    if (mask == HUB_MASK_MONTH)
        date.days -= rh_date_to_civil(date).day - 1;
    return rh_date_start_ms(date);
}

/* One matter has one code for one subscription: who has it can count matters, not find them.
 * Ids of referrals are random and known to parties alone. */
static void put_reference(const struct hub_subscription *by, const struct hub_referral *row,
                          struct hub_share_out *out)
{
    static const char digits[] = "0123456789abcdef";
    enum { CODE_BYTES = 8 };
    if (by->masks[HUB_SHARE_REFERENCE] == HUB_MASK_FULL)
        memcpy(out->reference, row->number, sizeof row->number);
    if (by->masks[HUB_SHARE_REFERENCE] != HUB_MASK_CODE)
        return;
    const uint8_t number[] = { (uint8_t)(by->number >> 24), (uint8_t)(by->number >> 16),
                               (uint8_t)(by->number >> 8), (uint8_t)by->number };
    const struct rh_bytes parts[] = { { number, sizeof number },
                                      { row->id.bytes, sizeof row->id.bytes } };
    struct rh_hash hash;
    rh_hash_tagged("rhub/share-reference/1", parts, 2, &hash);
    for (unsigned i = 0; i < CODE_BYTES; i++) {
        out->reference[2 * i] = digits[hash.bytes[i] >> 4];
        out->reference[2 * i + 1] = digits[hash.bytes[i] & 15];
    }
}

static bool put_holder(struct hub_step *step, enum hub_mask mask,
                       const struct hub_referral *row, struct hub_share_out *out)
{
    struct hub_agency holder;
    bool found;
    if (mask == HUB_MASK_ABSENT || row->holder < HUB_AGENCY_FIRST)
        return true;
    if (!hub_step_agency(step, row->holder, &holder, &found))
        return false;
    if (found)
        put_code(out->holder, mask == HUB_MASK_FULL ? holder.id.text : holder.role,
                 RH_CODE_BYTES_MAX);
    return true;
}

static void put_due(enum hub_mask mask, const struct hub_referral *row,
                    struct hub_share_out *out)
{
    uint64_t due_ms = hub_referral_due(row, row->holder);
    if (mask == HUB_MASK_ABSENT || due_ms == 0)
        return;
    out->due_mask = mask;
    out->due_ms = mask == HUB_MASK_FULL ? due_ms : cut_instant(due_ms - 1, mask);
}

/* Everything a notice can say passes here, and what its mask does not let through stays out. */
static bool mask_all(struct hub_step *step, const struct hub_subscription *by,
                     const struct hub_referral *row, struct hub_share_out *out)
{
    const uint8_t *masks = by->masks;
    put_reference(by, row, out);
    if (masks[HUB_SHARE_PROCEDURE] == HUB_MASK_FULL)
        put_code(out->procedure, row->procedure, RH_CODE_BYTES_MAX);
    put_category(row->category, (enum hub_mask)masks[HUB_SHARE_CATEGORY], out);
    put_area(row->area, (enum hub_mask)masks[HUB_SHARE_AREA], out);
    if (masks[HUB_SHARE_SOURCE] == HUB_MASK_FULL)
        put_code(out->source, row->source, RH_CODE_BYTES_MAX);
    out->date_mask = masks[HUB_SHARE_DATE];
    out->date_ms = cut_instant(step->event->now_ms, (enum hub_mask)masks[HUB_SHARE_DATE]);
    if (masks[HUB_SHARE_STATE] == HUB_MASK_FULL)
        out->state = row->state;
    put_due((enum hub_mask)masks[HUB_SHARE_DUE], row, out);
    if (masks[HUB_SHARE_OUTCOME] == HUB_MASK_FULL)
        put_code(out->outcome, row->outcome, RH_CODE_BYTES_MAX);
    return put_holder(step, (enum hub_mask)masks[HUB_SHARE_HOLDER], row, out);
}

/* ---- what happened ---------------------------------------------------------------------- */

/* The item's kind and what the hub noted: a warning, a miss (the rungs after it raise
 * attention, or repeat the miss), a level raised, a closing. */
static bool gather(const struct hub_step *step, struct rh_kind_set *events)
{
    const struct hub_outcome *out = step->out;
    bool any = false;
    *events = (struct rh_kind_set){ { 0, 0 } };
    if (step->item != NULL && hub_share_is_event(step->item->kind)) {
        rh_kind_add(events, step->item->kind);
        any = true;
    }
    for (uint32_t i = 0; i < out->note_count; i++) {
        const struct hub_note_out *note = &out->notes[i];
        if (note->rno != step->row->rno || !hub_share_is_event(note->kind) ||
            (note->kind == RH_KIND_OVERDUE && note->level > 0))
            continue;
        rh_kind_add(events, note->kind);
        any = true;
    }
    return any;
}

/* The end of a matter, a clock missed, attention and its level, a step, a warning: a hub that
 * comes back late has several in one record, and the gravest is told. */
static unsigned gravity(enum rh_kind kind)
{
    if (kind == RH_KIND_CLOSE)
        return 200;
    if (kind == RH_KIND_OVERDUE)
        return 199;
    if (rh_kind_is_attention(kind))
        return 100 + ((unsigned)kind - (unsigned)RH_KIND_URGE);
    return kind == RH_KIND_DUE_SOON ? 1 : 50;
}

static enum rh_kind gravest(const struct rh_kind_set *happened,
                            const struct rh_kind_set *wanted)
{
    enum rh_kind found = RH_KIND_NONE;
    for (unsigned i = 1; i < RH_KIND_END; i++) {
        enum rh_kind kind = (enum rh_kind)i;
        if (rh_kind_in(happened, kind) && rh_kind_in(wanted, kind) &&
            (found == RH_KIND_NONE || gravity(kind) > gravity(found)))
            found = kind;
    }
    return found;
}

/* ---- who is told ------------------------------------------------------------------------- */

static bool is_told(const struct hub_outcome *out, uint32_t agency)
{
    for (uint32_t i = 0; i < out->share_count; i++) {
        if (out->deliveries[out->shares[i].place].to == agency)
            return true;
    }
    return false;
}

static bool share_with(struct hub_step *step, const struct hub_subscription *by, uint32_t to,
                       enum rh_kind event)
{
    struct hub_outcome *out = step->out;
    if (out->share_count == HUB_SHARES_OUT_MAX)
        return hub_step_fail(step, RH_ERR_FULL); /* the engine takes no such subscription */
    struct hub_share_out *share = &out->shares[out->share_count];
    memset(share, 0, sizeof *share);
    share->subscription = by->number;
    share->event = event;
    share->place = out->delivery_count;
    if (!mask_all(step, by, step->row, share) || !hub_step_deliver_share(step, to))
        return false;
    out->share_count++;
    return true;
}

static bool consider(struct hub_step *step, const struct hub_subscription *by,
                     const struct rh_kind_set *happened)
{
    struct hub_agency subscriber;
    bool found;
    enum rh_kind event = gravest(happened, &by->events);
    if (event == RH_KIND_NONE || !hub_subscription_runs(by, step->event->now_ms))
        return true;
    uint32_t to = hub_actor_heir(step, NULL, by->agency);
    if (to < HUB_AGENCY_FIRST || to == step->agency || hub_row_is_party(step->row, to) ||
        is_told(step->out, to))
        return step->err == RH_OK;
    if (!hub_step_agency(step, to, &subscriber, &found))
        return false;
    return !found || subscriber.state != HUB_AGENCY_ACTIVE ||
           share_with(step, by, to, event);
}

static bool consider_topic(struct hub_step *step, const char *area, const char *category,
                           const struct rh_kind_set *happened)
{
    const struct hub_world *world = step->world;
    struct hub_subscription row;
    uint32_t after = HUB_AGENCY_NONE;
    for (;;) {
        enum rh_err err = world->subscribed(world->context, area, category, after, &row);
        if (err == RH_ERR_NOTFOUND)
            return true;
        if (err != RH_OK)
            return hub_step_fail(step, err);
        after = row.agency;
        if (!consider(step, &row, happened))
            return false;
    }
}

/* A category, then those above it, then any. */
static bool consider_area(struct hub_step *step, const char *area,
                          const struct rh_kind_set *happened)
{
    char category[RH_CODE_BYTES_MAX + 1];
    put_code(category, step->row->category, RH_CODE_BYTES_MAX);
    for (;;) {
        if (!consider_topic(step, area, category, happened))
            return false;
        if (category[0] == '\0')
            return true;
        char *dot = strrchr(category, '.');
        *(dot != NULL ? dot : category) = '\0';
    }
}

bool hub_share_event(struct hub_step *step)
{
    static const size_t levels[] = { VILLAGE, TOWN, COUNTY, CITY, PROVINCE, 0 };
    const struct hub_referral *row = step->row;
    struct rh_kind_set happened;
    rh_assert(step->out->share_count == 0);
    if (row == NULL || step->idle || row->sealed || row->accused_count > 0 ||
        step->world->subscribed == NULL || !gather(step, &happened))
        return true;
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        char area[RH_CODE_BYTES_MAX + 1];
        put_code(area, row->area, levels[i]);
        if (strlen(area) == levels[i] && !consider_area(step, area, &happened))
            return false;
    }
    return true;
}
