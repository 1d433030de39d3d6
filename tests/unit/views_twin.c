/* The comparison of kit and views: every answer against a search through all of an array. */
#include "views_kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above first */
#include <setjmp.h>

#include <cmocka.h>

static void compare_entry(const struct kit *kit, struct hub_map *map,
                          const struct hub_queued *entry)
{
    struct hub_queued found;
    assert_int_equal(hub_views_queued(map, entry->to, entry->from, entry->lane,
                                      entry->pair_seq, &found),
                     RH_OK);
    assert_int_equal(found.index, entry->index);
    assert_int_equal(found.rno, entry->rno);
    assert_int_equal(found.kind, entry->kind);
    assert_int_equal(found.tombstone, entry->tombstone);
    assert_int_equal(found.bytes, entry->bytes);

    bool wanted = false;
    bool blocked = false;
    const struct hub_queued *first = entry;
    for (uint32_t i = 0; i < kit->queue_count; i++) {
        const struct hub_queued *other = &kit->queue[i];
        if (entry->rno == 0 || other->to != entry->to || other->rno != entry->rno)
            continue;
        wanted = wanted || other->index < entry->index;
        if (other->index < first->index ||
            (other->index == first->index && other->lane > first->lane))
            first = other;
    }
    assert_int_equal(hub_views_queue_blocked(map, entry, &blocked), RH_OK);
    assert_int_equal(blocked, wanted);
    if (entry->rno != 0) {
        enum rh_lane lane = RH_LANE_NORMAL;
        assert_int_equal(hub_views_queued_lane(map, entry->to, entry->rno, &lane), RH_OK);
        assert_int_equal(lane, first->lane);
    }
}

/* As a dispatcher walks: lanes by urgency, senders, then their entries in order. */
static uint32_t walk_queue(struct hub_map *map, uint32_t to)
{
    uint32_t count = 0;
    for (int lane = RH_LANE_URGENT; lane >= RH_LANE_NORMAL; lane--) {
        uint32_t from = 0;
        while (hub_views_queue_sender(map, to, (enum rh_lane)lane, &from) == RH_OK) {
            struct hub_queued entry;
            uint64_t at_least = 0;
            while (hub_views_queue_head(map, to, (enum rh_lane)lane, from, at_least, &entry) ==
                   RH_OK) {
                assert_int_equal(entry.to, to);
                assert_int_equal(entry.from, from);
                assert_true(entry.pair_seq >= at_least);
                at_least = entry.pair_seq + 1;
                count++;
            }
            assert_true(at_least > 0);
        }
    }
    return count;
}

static void compare_queues(const struct kit *kit, struct hub_map *map)
{
    uint32_t walked = 0;
    for (uint32_t i = 0; i < kit->queue_count; i++)
        compare_entry(kit, map, &kit->queue[i]);
    for (uint32_t to = 0; to < KIT_AGENCY_END; to++) {
        walked += walk_queue(map, to);
        for (uint32_t from = 0; from < KIT_AGENCY_END; from++)
            for (uint32_t lane = 0; lane < RH_LANE_COUNT; lane++) {
                uint64_t next, acked;
                assert_int_equal(
                    hub_views_pair(map, to, from, (enum rh_lane)lane, &next, &acked), RH_OK);
                assert_int_equal(next, kit->pair_next[to][from][lane]);
                assert_int_equal(acked, kit->pair_acked[to][from][lane]);
            }
    }
    assert_int_equal(walked, kit->queue_count);
    for (uint32_t i = 0; i < kit->dead_count; i++) {
        struct hub_dead dead;
        const struct hub_dead *wanted = &kit->dead[i];
        assert_int_equal(hub_views_dead(map, wanted->index, wanted->to, &dead), RH_OK);
        assert_int_equal(dead.from, wanted->from);
        assert_int_equal(dead.kind, wanted->kind);
        assert_int_equal(dead.settled, wanted->settled);
        assert_int_equal(dead.settled_index, wanted->settled_index);
    }
}

static void compare_names(struct hub_map *map, const struct hub_referral *wanted,
                          struct hub_referral *row)
{
    char text[128];
    assert_int_equal(hub_views_referral(map, wanted->rno, row), RH_OK);
    assert_memory_equal(row, wanted, sizeof *row);
    assert_int_equal(hub_views_referral_find(map, wanted->number, row), RH_OK);
    assert_int_equal(row->rno, wanted->rno);
    rh_id_format(wanted->id.bytes, text);
    assert_int_equal(hub_views_referral_find(map, text, row), RH_OK);
    assert_int_equal(row->rno, wanted->rno);
    if (wanted->external_count > 0) {
        int bytes = snprintf(text, sizeof text, "%s=", wanted->externals[0].system);
        for (int i = 0; i < RH_HASH_BYTES; i++)
            snprintf(text + bytes + 2 * i, 3, "%02x", wanted->externals[0].hash.bytes[i]);
        assert_int_equal(hub_views_referral_find(map, text, row), RH_OK);
        assert_int_equal(row->rno, wanted->rno);
    }
}

static void compare_clocks(const struct kit *kit, struct hub_map *map)
{
    uint32_t due = 0;
    uint64_t wake_ms = 0;
    for (uint32_t i = 0; i < kit->row_count; i++) {
        const struct hub_referral *row = &kit->rows[i];
        uint64_t at_ms = hub_referral_wake(row);
        if (at_ms != 0 && (wake_ms == 0 || at_ms < wake_ms))
            wake_ms = at_ms;
        for (uint32_t j = 0; j < row->deadline_count; j++)
            due += hub_deadline_is_due(&row->deadlines[j]) ? 1 : 0;
    }
    uint64_t at_ms = 0;
    uint64_t rno = 0;
    enum rh_err err = hub_views_wake_first(map, &at_ms, &rno);
    assert_int_equal(err, wake_ms == 0 ? RH_ERR_NOTFOUND : RH_OK);
    assert_int_equal(at_ms, wake_ms);

    struct hub_cursor cursor = { .bytes = 0 };
    uint64_t end_ms, last_ms = 0;
    uint32_t serial, owed_by, walked = 0;
    while (hub_views_due_next(map, &cursor, &end_ms, &rno, &serial, &owed_by) == RH_OK) {
        assert_true(end_ms >= last_ms);
        assert_in_range(rno, 1, kit->row_count);
        last_ms = end_ms;
        walked++;
    }
    assert_int_equal(walked, due);
}

static void compare_agency(const struct kit *kit, struct hub_map *map, uint32_t no)
{
    uint32_t held = 0, touched = 0;
    for (uint32_t i = 0; i < kit->row_count; i++) {
        held += kit->rows[i].holder == no ? 1 : 0;
        for (uint32_t j = 0; j < kit->rows[i].party_count; j++)
            touched += kit->rows[i].parties[j] == no ? 1 : 0;
    }
    struct hub_cursor cursor = { .bytes = 0 };
    enum rh_state state;
    uint64_t rno;
    for (; hub_views_holder_next(map, no, &cursor, &state, &rno) == RH_OK; held--) {
        assert_int_equal(kit->rows[rno - 1].holder, no);
        assert_int_equal(kit->rows[rno - 1].state, state);
    }
    assert_int_equal(held, 0);
    for (cursor.bytes = 0; hub_views_party_next(map, no, &cursor, &rno) == RH_OK;)
        touched--;
    assert_int_equal(touched, 0);

    struct hub_stream stream;
    assert_int_equal(hub_views_stream_open(map, no, &stream), RH_OK);
    assert_memory_equal(&stream.epoch, &kit->epoch[no], sizeof stream.epoch);
    assert_int_equal(stream.next_n, kit->next_n[no]);
    assert_false(stream.closed);
}

static void compare_items(const struct kit *kit, struct hub_map *map)
{
    for (uint32_t i = 0; i < kit->item_count; i++) {
        const struct kit_item *item = &kit->items[i];
        uint64_t index;
        uint32_t refusal;
        struct rh_hash digest;
        struct hub_location location;
        struct hub_message message;
        assert_int_equal(
            hub_views_number(map, item->agency, &item->epoch, item->n, &index, &digest), RH_OK);
        assert_int_equal(index, item->index);
        assert_int_equal(hub_views_location(map, index, &location), RH_OK);
        assert_int_equal(location.bytes, index);
        if (!item->has_id)
            continue;
        assert_int_equal(hub_views_message(map, &item->id, &message),
                         item->refusal == 0 ? RH_OK : RH_ERR_NOTFOUND);
        assert_int_equal(hub_views_message_any(map, &item->id, &message, &refusal), RH_OK);
        assert_int_equal(refusal, item->refusal);
        assert_int_equal(message.index, item->index);
        assert_int_equal(message.agency, item->agency);
        assert_int_equal(message.rno, item->rno);
        assert_int_equal(message.kind, item->kind);
    }
}

static void compare_lines(const struct kit *kit, struct hub_map *map)
{
    uint32_t walked = 0;
    for (uint32_t i = 0; i < kit->row_count; i++) {
        uint64_t rno = kit->rows[i].rno;
        uint64_t index = 0;
        enum rh_kind kind;
        while (hub_views_timeline_next(map, rno, &index, &kind) == RH_OK)
            walked++;
    }
    assert_int_equal(walked, kit->line_count);
    for (uint32_t i = 0; i < kit->line_count; i++) {
        uint64_t index = kit->lines[i].index - 1;
        enum rh_kind kind;
        assert_int_equal(hub_views_timeline_next(map, kit->lines[i].rno, &index, &kind), RH_OK);
        assert_int_equal(index, kit->lines[i].index);
        assert_int_equal(kind, kit->lines[i].kind);
    }
}

/* The subscribers of every topic, in the order of their numbers, and nobody else's. */
static void compare_topic(const struct kit *kit, struct hub_map *map, const char *area,
                          const char *category)
{
    struct hub_subscription row;
    uint32_t after = HUB_AGENCY_NONE;
    for (uint32_t no = HUB_AGENCY_FIRST; no < KIT_AGENCY_END; no++) {
        for (uint32_t i = 0; i < kit->subscription_count; i++) {
            const struct hub_subscription *wanted = &kit->subscriptions[i];
            if (wanted->agency != no || strcmp(wanted->area, area) != 0 ||
                strcmp(wanted->category, category) != 0)
                continue;
            assert_int_equal(hub_views_subscribed(map, area, category, after, &row), RH_OK);
            assert_memory_equal(&row, wanted, sizeof row);
            assert_int_equal(hub_views_subscription(map, wanted->number, &row), RH_OK);
            assert_memory_equal(&row, wanted, sizeof row);
            after = no;
        }
    }
    assert_int_equal(hub_views_subscribed(map, area, category, after, &row), RH_ERR_NOTFOUND);
}

static void compare_figure(struct hub_map *map, const char *name, uint64_t wanted)
{
    uint64_t value;
    assert_int_equal(hub_views_count(map, name, &value), RH_OK);
    if (value != wanted)
        print_error("figure %s\n", name);
    assert_int_equal(value, wanted);
}

void kit_compare(const struct kit *kit, struct hub_map *map)
{
    struct hub_referral *row = malloc(sizeof *row);
    uint64_t index = 0;
    assert_non_null(row);
    for (uint32_t i = 0; i < kit->row_count; i++)
        compare_names(map, &kit->rows[i], row);
    free(row);
    compare_queues(kit, map);
    compare_clocks(kit, map);
    compare_items(kit, map);
    compare_lines(kit, map);
    for (uint32_t no = HUB_AGENCY_FIRST; no < KIT_AGENCY_END; no++)
        compare_agency(kit, map, no);
    for (size_t i = 0; i < 12; i++)
        compare_topic(kit, map, kit_areas[i % 4], kit_categories[i / 4]);
    compare_figure(map, "stored", kit->stored);
    compare_figure(map, "refused", kit->refused);
    compare_figure(map, "refused/4301", kit->refused);
    compare_figure(map, "referrals", kit->row_count);
    compare_figure(map, "queue", kit->queue_count);
    compare_figure(map, "agencies", KIT_AGENCIES);
    enum rh_err err = hub_views_rules_newest(map, &index);
    assert_int_equal(err, kit->rules_index == 0 ? RH_ERR_NOTFOUND : RH_OK);
    assert_int_equal(index, kit->rules_index);
}
