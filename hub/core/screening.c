/* Screening 筛查: what a new registration repeats, what it adds to the hot-spot map, and the
 * code its petitioner asks by.
 *
 * Screening marks and tells; it never refuses, drops or merges. Persons and matters are known
 * as keyed hashes only. Two walls hold whatever the rules say. A sealed matter has no marks, so
 * nothing finds it, and counts in no hot spot. And an earlier matter that accuses a unit is
 * found only by one that accuses the same: then whoever must not learn of the earlier one must
 * not learn of the new one either, and no mark on the new one can give the earlier away.
 * Source: 信访工作条例 art. 30, 46; protocol/spec/lifecycle.md, "Screening". */
#include "core/step.h"

#include <string.h>

/* How many earlier referrals one rule looks at for one mark: reads stay bounded however often
 * somebody has come. */
enum { LOOK_MAX = 8, TOWN_DIGITS = 9, VILLAGE_DIGITS = 12 };

/* ---- marks ----------------------------------------------------------------------------- */

static void place_mark(const struct hub_referral *row, uint32_t digits, struct hub_mark *out)
{
    memset(out, 0, sizeof(*out));
    out->what = HUB_MARK_PLACE;
    memcpy(out->category, row->category, sizeof(out->category));
    memcpy(out->area, row->area, digits);
}

static void hash_mark(enum hub_mark_what what, const struct rh_hash *a, const struct rh_hash *b,
                      struct hub_mark *out)
{
    memset(out, 0, sizeof(*out));
    out->what = what;
    out->a = *a;
    if (b != NULL)
        out->b = *b;
}

uint32_t hub_referral_marks(const struct hub_referral *row, struct hub_mark *out)
{
    uint32_t count = 0;
    if (row->sealed || row->born != RH_KIND_REGISTER)
        return 0;
    rh_assert(row->person_count <= RH_PERSON_HASHES_MAX);
    bool matter = !rh_hash_is_zero(&row->matter);
    for (uint32_t i = 0; i < row->person_count; i++) {
        hash_mark(HUB_MARK_PERSON, &row->persons[i], NULL, &out[count++]);
        if (matter)
            hash_mark(HUB_MARK_PERSON_MATTER, &row->persons[i], &row->matter, &out[count++]);
    }
    if (matter)
        hash_mark(HUB_MARK_MATTER, &row->matter, NULL, &out[count++]);
    size_t digits = strlen(row->area);
    if (digits >= TOWN_DIGITS)
        place_mark(row, TOWN_DIGITS, &out[count++]);
    if (digits >= VILLAGE_DIGITS)
        place_mark(row, VILLAGE_DIGITS, &out[count++]);
    rh_assert(count <= HUB_MARKS_MAX);
    return count;
}

/* ---- repeats --------------------------------------------------------------------------- */

/* Every unit the earlier one accuses is accused by the new one too. */
static bool accuses_all(const struct hub_referral *row, const struct hub_referral *earlier)
{
    for (uint32_t i = 0; i < earlier->accused_count; i++) {
        bool same = false;
        for (uint32_t k = 0; k < row->accused_count; k++)
            same = same || rh_hash_equal(&row->accused[k], &earlier->accused[i]);
        if (!same)
            return false;
    }
    return true;
}

static bool counts(const struct hub_step *step, const struct rh_repeat *rule,
                   const struct hub_referral *earlier)
{
    uint64_t age_ms = step->event->now_ms - earlier->registered_ms;
    return !earlier->sealed && accuses_all(step->row, earlier) &&
           memcmp(&earlier->root, &step->row->root, sizeof(earlier->root)) != 0 &&
           (rule->window_days == 0 || age_ms <= (uint64_t)rule->window_days * RH_DAY_MS);
}

static bool is_hit(const struct hub_referral *row, uint64_t rno)
{
    for (uint32_t i = 0; i < row->hit_count; i++) {
        if (row->hits[i].rno == rno)
            return true;
    }
    return false;
}

static void add_hit(struct hub_step *step, const struct rh_repeat *rule,
                    const struct hub_referral *earlier)
{
    struct hub_referral *row = step->row;
    struct hub_hit *hit = &row->hits[row->hit_count++];
    memset(hit, 0, sizeof(*hit));
    memcpy(hit->rule, rule->id, sizeof(hit->rule));
    hit->rule_version = rule->version;
    hit->relation = rh_repeat_relation(rule);
    hit->rno = earlier->rno;
    hit->id = earlier->id;
    hit->told = hub_actor_sees(step, earlier, step->agency);
    if (hit->relation != RH_RELATION_REPEAT)
        return;
    row->repeat = true;
    if (rh_id_is_zero(row->repeat_of.bytes))
        row->repeat_of = earlier->id;
}

/* The newest earlier referral with this mark that counts, if any. */
static bool look(struct hub_step *step, const struct rh_repeat *rule,
                 const struct hub_mark *mark)
{
    uint64_t rno = step->row->rno;
    for (int i = 0; i < LOOK_MAX && step->row->hit_count < HUB_HITS_MAX; i++) {
        bool found;
        enum rh_err err = step->world->marked(step->world->context, mark, &rno);
        if (err == RH_ERR_NOTFOUND)
            return true;
        if (err != RH_OK)
            return hub_step_fail(step, err);
        const struct hub_referral *earlier = hub_step_peek_rno(step, rno, &found);
        if (step->err != RH_OK)
            return false;
        if (!found || !counts(step, rule, earlier) || is_hit(step->row, rno))
            continue;
        add_hit(step, rule, earlier);
        return step->err == RH_OK;
    }
    return true;
}

static bool wants(const struct rh_repeat *rule, const struct hub_mark *mark)
{
    switch (mark->what) {
    case HUB_MARK_PERSON:
        return rule->match == RH_MATCH_PERSON;
    case HUB_MARK_MATTER:
        return rule->match == RH_MATCH_MATTER;
    case HUB_MARK_PERSON_MATTER:
        return rule->match == (RH_MATCH_PERSON | RH_MATCH_MATTER);
    case HUB_MARK_PLACE:
        return rule->match == RH_MATCH_PLACE && strlen(mark->area) == rule->area_digits;
    }
    return false;
}

/* The strongest relation first, so that a repeat proper is never crowded out. */
static bool find_repeats(struct hub_step *step)
{
    const struct rh_rules *rules = step->world->rules;
    struct hub_mark marks[HUB_MARKS_MAX];
    uint32_t count = hub_referral_marks(step->row, marks);
    for (int relation = 1; relation < RH_RELATION_COUNT; relation++) {
        for (uint32_t r = 0; r < rules->repeat_count; r++) {
            const struct rh_repeat *rule = &rules->repeats[r];
            if ((int)rh_repeat_relation(rule) != relation)
                continue;
            for (uint32_t m = 0; m < count; m++) {
                if (wants(rule, &marks[m]) && !look(step, rule, &marks[m]))
                    return false;
            }
        }
    }
    return true;
}

/* ---- query code ------------------------------------------------------------------------ */

/* Eleven characters of 5 bits and one that tells most slips of the pen: 55 bits nobody can
 * guess. The alphabet has no I, L, O and U. */
static void spell_code(const struct rh_hash *hash, char out[HUB_QUERY_CODE_BYTES])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    enum { CHARACTERS = 12, GROUP = 4, CHECK_MODULUS = 31 };
    uint32_t check = 0;
    uint64_t bits = 0;
    char *at = out;
    for (unsigned i = 0; i < 8; i++)
        bits = bits << 8 | hash->bytes[i];
    for (uint32_t i = 0; i < CHARACTERS; i++) {
        uint32_t value = i + 1 < CHARACTERS ? (uint32_t)(bits & 31) : check % CHECK_MODULUS;
        bits >>= 5;
        check += (i + 2) * value;
        if (i > 0 && i % GROUP == 0)
            *at++ = '-';
        *at++ = letters[value];
    }
    *at = 0;
    rh_assert(at == out + HUB_QUERY_CODE_BYTES - 1);
}

/* From the record's own randomness, so that an auditor finds the same. */
static bool give_code(struct hub_step *step)
{
    enum { TRIES = 8 };
    for (uint8_t i = 0; i < TRIES; i++) {
        struct rh_hash hash;
        uint64_t rno;
        const struct rh_bytes parts[] = {
            { step->event->random, sizeof(step->event->random) }, { &i, 1 }
        };
        rh_hash_tagged("rhub/query-code/1", parts, 2, &hash);
        spell_code(&hash, step->row->query_code);
        enum rh_err err =
            step->world->query_code(step->world->context, step->row->query_code, &rno);
        if (err == RH_ERR_NOTFOUND)
            return true;
        if (err != RH_OK)
            return hub_step_fail(step, err);
    }
    return hub_step_fail(step, RH_ERR_FULL); /* eight times in a row: never by chance */
}

/* ---- hot spots ------------------------------------------------------------------------- */

/* The agency a rule's `to` means for an area: the lowest level that is enrolled. */
static bool find_responsible(struct hub_step *step, const char *to, const char *area,
                             struct hub_agency *out, bool *found)
{
    static const size_t levels[] = { 12, 9, 6, 4, 2 };
    struct rh_agency_id id = { "" };
    size_t role = strlen(to);
    *found = false;
    memcpy(id.text, to, role + 1);
    if (to[role - 1] != '.')
        return hub_step_agency_id(step, &id, out, found);
    size_t digits = strlen(area);
    for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]) && !*found; i++) {
        if (levels[i] > digits || role + levels[i] > RH_AGENCY_BYTES_MAX)
            continue;
        memcpy(id.text + role, area, levels[i]);
        id.text[role + levels[i]] = 0;
        if (!hub_step_agency_id(step, &id, out, found))
            return false;
    }
    return true;
}

static bool same_window(const struct hub_hot *hot, const struct rh_hotspot *rule, int32_t day)
{
    return hot->warned_day != 0 && day - hot->warned_day < (int32_t)rule->window_days;
}

/* Once per window: to the department responsible, copy to its superior. */
static bool warn(struct hub_step *step, const struct rh_hotspot *rule, struct hub_hot *hot,
                 int32_t day)
{
    struct hub_agency unit;
    bool found;
    uint32_t total = hub_hot_total(hot, day, rule->window_days);
    if (total < rule->threshold || same_window(hot, rule, day))
        return true;
    if (!find_responsible(step, rule->to, hot->area, &unit, &found))
        return false;
    if (!found || unit.state != HUB_AGENCY_ACTIVE)
        return true; /* nobody to warn yet: the map shows it, the next registration tries */
    uint64_t index = step->event->index;
    if (hub_step_deliver_record(step, NULL, unit.no, HUB_AGENCY_HUB, RH_KIND_WARNING, index) ==
        NULL)
        return step->err == RH_OK;
    if (unit.superior != unit.no)
        (void)hub_step_deliver_record(step, NULL, unit.superior, HUB_AGENCY_HUB,
                                      RH_KIND_WARNING, index);
    hot->to = unit.no;
    hot->superior = unit.superior;
    hot->warned_day = day;
    hot->warned_count = total;
    hot->warned_threshold = rule->threshold;
    hot->warned_days = rule->window_days;
    hot->warned_ms = step->event->now_ms;
    return step->err == RH_OK;
}

/* Makes room for `day`; what lies before the longest window is dropped. */
static void advance(struct hub_hot *hot, int32_t day)
{
    if (hot->day_count == 0 || day < hot->first_day ||
        day - hot->first_day >= 2 * RH_HOTSPOT_DAYS_MAX) {
        memset(hot->counts, 0, sizeof(hot->counts));
        hot->first_day = day;
        hot->day_count = 1;
        return;
    }
    int32_t gone = day - hot->first_day - (RH_HOTSPOT_DAYS_MAX - 1);
    if (gone > 0) {
        uint32_t kept = hot->day_count > (uint32_t)gone ? hot->day_count - (uint32_t)gone : 0;
        memmove(hot->counts, hot->counts + gone, kept * sizeof(hot->counts[0]));
        memset(hot->counts + kept, 0, (RH_HOTSPOT_DAYS_MAX - kept) * sizeof(hot->counts[0]));
        hot->first_day += gone;
    }
    hot->day_count = (uint32_t)(day - hot->first_day) + 1;
}

static bool load_hot(struct hub_step *step, const struct rh_hotspot *rule,
                     struct hub_hot **out)
{
    struct hub_outcome *outcome = step->out;
    char area[RH_CODE_BYTES_MAX + 1] = "";
    *out = NULL;
    if (strlen(step->row->area) < rule->area_digits ||
        !rh_category_matches(rule->category, step->row->category) ||
        outcome->hot_count == HUB_HOTS_OUT_MAX)
        return true;
    memcpy(area, step->row->area, rule->area_digits);
    struct hub_hot *hot = &outcome->hots[outcome->hot_count];
    enum rh_err err = step->world->hot(step->world->context, rule->id, area, hot);
    if (err == RH_ERR_NOTFOUND) {
        memset(hot, 0, sizeof(*hot));
        memcpy(hot->rule, rule->id, sizeof(hot->rule));
        memcpy(hot->area, area, sizeof(hot->area));
    } else if (err != RH_OK) {
        return hub_step_fail(step, err);
    }
    hot->rule_version = rule->version;
    *out = hot;
    return true;
}

/* An accusation counts nowhere: a warning would tell the accused unit of it. Nor does what is
 * sealed from the first event. */
static bool count_hot_spots(struct hub_step *step)
{
    const struct rh_rules *rules = step->world->rules;
    int32_t day = rh_date_of_instant(step->event->now_ms).days;
    if (step->row->accused_count > 0 || step->row->sealed)
        return true;
    for (uint32_t i = 0; i < rules->hotspot_count; i++) {
        struct hub_hot *hot;
        if (!load_hot(step, &rules->hotspots[i], &hot))
            return false;
        if (hot == NULL)
            continue;
        advance(hot, day);
        hot->counts[day - hot->first_day]++;
        if (!warn(step, &rules->hotspots[i], hot, day))
            return false;
        step->out->hot_count++;
    }
    return true;
}

bool hub_screening_sealed(struct hub_step *step)
{
    const struct rh_rules *rules = step->world->rules;
    int32_t day = rh_date_of_instant(step->row->registered_ms).days;
    if (step->row->accused_count > 0 || step->row->born != RH_KIND_REGISTER)
        return true;
    for (uint32_t i = 0; i < rules->hotspot_count; i++) {
        struct hub_hot *hot;
        if (!load_hot(step, &rules->hotspots[i], &hot))
            return false;
        if (hot == NULL || day < hot->first_day ||
            day - hot->first_day >= (int32_t)hot->day_count ||
            hot->counts[day - hot->first_day] == 0)
            continue;
        hot->counts[day - hot->first_day]--;
        step->out->hot_count++;
    }
    return true;
}

/* ---- together -------------------------------------------------------------------------- */

/* Told are the code, to whoever has a petitioner waiting, and what it repeats, as far as it may
 * know of that. */
static bool has_news(const struct hub_step *step)
{
    const struct hub_referral *row = step->row;
    bool told = step->item->reply_owed;
    for (uint32_t i = 0; i < row->hit_count; i++)
        told = told || row->hits[i].told;
    return told;
}

bool hub_screening_registered(struct hub_step *step)
{
    rh_assert(step->row->born == RH_KIND_REGISTER);
    if (!give_code(step) || !find_repeats(step) || !count_hot_spots(step))
        return false;
    if (has_news(step))
        (void)hub_step_deliver_record(step, step->row, step->agency, HUB_AGENCY_HUB,
                                      RH_KIND_NOTICE, step->event->index);
    return step->err == RH_OK && step->out->refusal == 0;
}
