/* Sessions and intake, with the test in place of the door.
 *
 * What would break for an agency: a receipt shown before it is durable could vanish in a
 * power cut; a session of a revoked key would go on; answers that are lost would leave it
 * waiting for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway_kit.h"

#include "support/rht.h"

#include <string.h>

enum { SMALL_RING = HUB_RING_CAPACITY_MIN };

static struct kit kit;

static int set_up(void **state)
{
    (void)state;
    kit_open(&kit, SMALL_RING);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_close(&kit);
    return 0;
}

static void expect_confirm(const struct kit_agency *agency, uint64_t first_n, uint32_t count)
{
    static struct rh_frame_confirm confirm;
    struct rh_bytes frame = kit_expect(&kit, agency, RH_FRAME_CONFIRM);
    assert_int_equal(rh_frame_confirm_decode(frame, &confirm), RH_OK);
    assert_int_equal(confirm.first_n, first_n);
    assert_int_equal(confirm.record_count, count);
}

static void test_session_welcome_waits_until_the_epoch_is_durable(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    struct rh_frame_challenge challenge;
    kit_send_open(&kit, court);
    kit_turn(&kit);
    struct rh_bytes frame = kit_expect(&kit, court, RH_FRAME_CHALLENGE);
    assert_int_equal(rh_frame_challenge_decode(frame, &challenge), RH_OK);
    assert_true(challenge.test);
    kit_send_hello(&kit, court, &challenge, 10, 1 << 20);
    kit_turn(&kit);
    assert_int_equal(kit.engine.pending, 1);
    /* Not finished: a release sends nothing. */
    assert_int_equal(hub_gateway_release(kit.gateway), RH_OK);
    kit_expect_nothing(&kit);
    kit_finish(&kit);
    kit_expect(&kit, court, RH_FRAME_WELCOME);
}

static void test_session_confirms_leave_after_finish_in_order(void **state)
{
    (void)state;
    struct kit_agency *one = kit_agency(&kit, "court.620001");
    struct kit_agency *two = kit_agency(&kit, "police.620002");
    kit_connect(&kit, one, 10, 1 << 20);
    kit_connect(&kit, two, 10, 1 << 20);
    for (uint64_t round = 0; round < 40; round++) {
        kit_send_bundle(&kit, one, 1 + round * 3, 3);
        kit_send_bundle(&kit, two, 1 + round, 1);
    }
    kit_turn(&kit);
    kit_expect_nothing(&kit);
    assert_int_equal(kit.engine.offer_count, 80);
    uint64_t rounds_one = 0, rounds_two = 0;
    for (uint32_t i = 0; i < 80; i++) {
        uint64_t expected =
            kit.engine.offer_agency[i] == one->no ? 1 + rounds_one++ * 3 : 1 + rounds_two++;
        assert_int_equal(kit.engine.offer_first[i], expected);
    }
    assert_int_equal(rounds_one, 40);
    kit_finish(&kit);
    rounds_one = rounds_two = 0;
    for (uint32_t i = 0; i < 80; i++) {
        if (kit.engine.offer_agency[i] == one->no)
            expect_confirm(one, 1 + rounds_one++ * 3, 3);
        else
            expect_confirm(two, 1 + rounds_two++, 1);
    }
    kit_expect_nothing(&kit);
}

/* Otherwise nothing more would be delivered to a receiver while others send: what it has
 * acknowledged would not be known. */
static void test_session_a_small_bundle_passes_the_loads_of_eight(void **state)
{
    (void)state;
    enum { SENDERS = 8, LOADS = 20, ITEMS = 100, WAITED_MAX = 40 };
    struct kit_agency *senders[SENDERS];
    char name[] = "police.62000x";
    for (unsigned i = 0; i < SENDERS; i++) {
        name[12] = (char)('0' + i);
        senders[i] = kit_agency(&kit, name);
        kit_connect(&kit, senders[i], 10, 1 << 20);
    }
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    for (uint64_t load = 0; load < LOADS; load++)
        for (unsigned i = 0; i < SENDERS; i++)
            kit_send_bundle(&kit, senders[i], 1 + load * ITEMS, ITEMS);
    kit_send_bundle(&kit, court, 1, 1);
    kit_turn(&kit);
    uint32_t place = 0;
    while (place < kit.engine.offer_count && kit.engine.offer_agency[place] != court->no)
        place++;
    assert_true(place < kit.engine.offer_count && place <= WAITED_MAX);
    while (hub_workers_count(kit.gateway->workers) > 0)
        kit_loop(&kit);
    assert_int_equal(kit.engine.offer_count, SENDERS * LOADS + 1);
}

static void test_session_known_numbers_are_confirmed_again(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    kit_send_bundle(&kit, court, 1, 4);
    kit_loop(&kit);
    expect_confirm(court, 1, 4);
    kit_send_bundle(&kit, court, 3, 4); /* 3, 4 known; 5, 6 new */
    kit_loop(&kit);
    expect_confirm(court, 3, 2);
    expect_confirm(court, 5, 2);
    kit_send_bundle(&kit, court, 1, 6); /* all known, in two runs of the log */
    kit_loop(&kit);
    expect_confirm(court, 1, 4);
    expect_confirm(court, 5, 2);
    kit_send_bundle(&kit, court, 9, 1);
    kit_loop(&kit);
    kit_expect(&kit, court, RH_FRAME_GAP);
    kit_expect_nothing(&kit);
}

static void test_session_busy_and_refusals_name_the_first_number(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    struct rh_frame_busy busy;
    struct rh_frame_error error;
    kit_connect(&kit, court, 10, 1 << 20);
    kit.engine.answer = HUB_ANSWER_BUSY;
    kit.engine.refusal = RH_REFUSE_DISK_FULL;
    kit_send_bundle(&kit, court, 7, 1);
    kit_loop(&kit);
    struct rh_bytes frame = kit_expect(&kit, court, RH_FRAME_BUSY);
    assert_int_equal(rh_frame_busy_decode(frame, &busy), RH_OK);
    assert_int_equal(busy.refusal, RH_REFUSE_DISK_FULL);
    assert_int_equal(busy.retry_ms, 77);
    assert_int_equal(busy.first_n, 7);
    kit.engine.answer = HUB_ANSWER_REFUSED;
    kit.engine.refusal = RH_REFUSE_EPOCH_CLOSED;
    kit_send_bundle(&kit, court, 8, 2);
    kit_loop(&kit);
    frame = kit_expect(&kit, court, RH_FRAME_ERROR);
    assert_int_equal(rh_frame_error_decode(frame, &error), RH_OK);
    assert_int_equal(error.refusal, RH_REFUSE_EPOCH_CLOSED);
    assert_int_equal(error.first_n, 8);
}

/* Revoked while its bundle is on its way: nothing of it is taken, nothing is shown. */
static void test_session_of_a_revoked_agency_ends_at_once(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    kit_send_bundle(&kit, court, 1, 2);
    kit_turn(&kit);
    assert_int_equal(kit.engine.offer_count, 1);
    kit_set_state(&kit, court, HUB_AGENCY_REVOKED);
    kit_finish(&kit);
    kit_expect_error(&kit, court, RH_REFUSE_KEY_REVOKED);
    kit_expect_nothing(&kit); /* not even the confirm */
    kit_send_bundle(&kit, court, 3, 1);
    kit_loop(&kit);
    kit_expect_error(&kit, court, RH_REFUSE_KEY_REVOKED);
    assert_int_equal(kit.engine.offer_count, 1);
    kit_set_state(&kit, court, HUB_AGENCY_ACTIVE);
    kit_connect(&kit, court, 10, 1 << 20);
    assert_int_equal(court->next_n, 3);
}

/* A takeover while the older session's bundles are on their way: what was taken stays taken and
 * is told by WELCOME, what was not is dropped, and no answer goes to the wrong session. */
/* A new signing key: what the old one opened ends, and only the new one opens again. */
static void test_session_ends_when_its_key_is_replaced(void **state)
{
    (void)state;
    struct rh_frame_challenge challenge;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    struct kit_agency old = *court;
    rh_sign_keypair(&court->sign_public, &court->sign_secret);
    kit_set_state(&kit, court, HUB_AGENCY_ACTIVE);
    kit_loop(&kit);
    kit_expect_error(&kit, court, RH_REFUSE_KEY_REVOKED);
    kit_send_open(&kit, court);
    kit_loop(&kit);
    struct rh_bytes frame = kit_expect(&kit, court, RH_FRAME_CHALLENGE);
    assert_int_equal(rh_frame_challenge_decode(frame, &challenge), RH_OK);
    kit_send_hello(&kit, &old, &challenge, 10, 1 << 20);
    kit_loop(&kit);
    kit_expect_error(&kit, court, RH_REFUSE_SIGNATURE_BAD);
    kit_connect(&kit, court, 10, 1 << 20);
}

static void test_session_takeover_gets_no_answers_of_the_older_one(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    struct rh_frame_challenge challenge;
    struct rh_frame_welcome welcome;
    kit_connect(&kit, court, 10, 1 << 20);
    struct kit_agency old = *court;
    memset(court->routing, 0x77, sizeof court->routing);
    kit_send_open(&kit, court);
    kit_loop(&kit);
    struct rh_bytes frame = kit_expect(&kit, court, RH_FRAME_CHALLENGE);
    assert_int_equal(rh_frame_challenge_decode(frame, &challenge), RH_OK);

    kit_send_bundle(&kit, &old, 1, 2);
    court->lease++;
    kit_send_hello(&kit, court, &challenge, 10, 1 << 20);
    kit_send_bundle(&kit, &old, 3, 2);
    kit_turn(&kit);
    assert_int_equal(kit.engine.offer_count, 1);
    kit_finish(&kit);
    kit_expect_error(&kit, &old, RH_REFUSE_SECOND_SESSION);
    frame = kit_expect(&kit, court, RH_FRAME_WELCOME);
    assert_int_equal(rh_frame_welcome_decode(frame, &welcome), RH_OK);
    assert_int_equal(welcome.next_n, 3);
    kit_expect_nothing(&kit);
}

static void test_session_ends_with_its_connection(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    struct kit_agency *other = kit_agency(&kit, "police.620002");
    kit_connect(&kit, court, 10, 1 << 20);
    struct hub_ring_record gone = { .type = HUB_DOOR_GONE, .agency = court->no };
    memcpy(gone.routing, other->routing, sizeof gone.routing);
    assert_int_equal(hub_ring_push(&kit.to, &gone, NULL), RH_OK);
    kit_loop(&kit);
    assert_int_equal(kit.gateway->session_count, 1); /* another connection's end */
    memcpy(gone.routing, court->routing, sizeof gone.routing);
    assert_int_equal(hub_ring_push(&kit.to, &gone, NULL), RH_OK);
    kit_loop(&kit);
    assert_int_equal(kit.gateway->session_count, 0);
}

/* One agency may not fill the workers: what is too much is answered at once, with the number,
 * and takes nothing from others. */
static void expect_time(const struct kit_agency *agency, uint64_t hub_ms, uint32_t rate)
{
    struct rh_frame_time time;
    struct rh_bytes frame = kit_expect(&kit, agency, RH_FRAME_TIME);
    assert_int_equal(rh_frame_time_decode(frame, &time), RH_OK);
    assert_int_equal(time.hub_ms, hub_ms);
    assert_int_equal(time.rate, rate);
}

/* Otherwise what an agency shows as due would be wrong until its next receipt. */
static void test_session_hears_at_once_when_hub_time_is_moved(void **state)
{
    (void)state;
    const uint64_t days_ms = 8 * UINT64_C(86400000);
    struct kit_agency *one = kit_agency(&kit, "court.620001");
    struct kit_agency *two = kit_agency(&kit, "police.620002");
    kit_connect(&kit, one, 10, 1 << 20);
    kit_finish(&kit);
    kit_expect_nothing(&kit); /* a clock that goes on by itself is not told of */
    kit.engine.rate = 0;
    kit.engine.now_ms += days_ms;
    kit_finish(&kit);
    expect_time(one, kit.engine.now_ms, 0);
    kit_finish(&kit);
    kit_expect_nothing(&kit);
    kit_connect(&kit, two, 10, 1 << 20);
    kit_finish(&kit);
    expect_time(two, kit.engine.now_ms, 0); /* came while it stood */
    kit_expect_nothing(&kit);
    kit.engine.now_ms += days_ms;
    kit_finish(&kit);
    expect_time(one, kit.engine.now_ms, 0);
    expect_time(two, kit.engine.now_ms, 0);
}

static void test_session_many_bundles_of_one_agency_get_busy(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    struct hub_peer *peer = hub_peer_find(kit.gateway, court->no);
    peer->jobs = HUB_PEER_JOBS_MAX; /* as if so many were being verified */
    kit_send_bundle(&kit, court, 5, 1);
    kit_loop(&kit);
    struct rh_frame_busy busy;
    struct rh_bytes frame = kit_expect(&kit, court, RH_FRAME_BUSY);
    assert_int_equal(rh_frame_busy_decode(frame, &busy), RH_OK);
    assert_int_equal(busy.first_n, 5);
    peer->jobs = 0;
    kit_send_bundle(&kit, court, 1, 1);
    kit_loop(&kit);
    expect_confirm(court, 1, 1);
}

/* More frames than the workers have places for: the rest stays in the ring, nothing is lost. */
static void test_session_flood_keeps_order_and_loses_nothing(void **state)
{
    (void)state;
    struct kit_agency *agencies[8];
    uint64_t confirmed[8] = { 0 };
    char name[] = "court.62000x";
    for (unsigned i = 0; i < 8; i++) {
        name[11] = (char)('0' + i);
        agencies[i] = kit_agency(&kit, name);
        kit_connect(&kit, agencies[i], 10, 1 << 20);
    }
    for (uint64_t n = 1; n <= 50; n++)
        for (unsigned i = 0; i < 8; i++)
            kit_send_bundle(&kit, agencies[i], n, 1);
    uint64_t end_ms = rht_now_ms() + 20000;
    for (uint32_t seen = 0; seen < 400;) {
        struct hub_ring_record record;
        struct rh_bytes frame;
        assert_true(rht_now_ms() < end_ms);
        kit_loop(&kit);
        while (kit_next(&kit, &record, &frame)) {
            static struct rh_frame_confirm confirm;
            assert_int_equal(rh_frame_confirm_decode(frame, &confirm), RH_OK);
            uint64_t *last = &confirmed[record.agency - HUB_AGENCY_FIRST];
            assert_int_equal(confirm.first_n, ++*last);
            seen++;
        }
    }
}

/* The door does not read: answers wait in bounded memory, and when that is full sessions end,
 * so that their agencies come back and ask. */
static void test_session_ends_when_answers_cannot_be_kept(void **state)
{
    (void)state;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    uint64_t end_ms = rht_now_ms() + 20000;
    for (uint64_t n = 1; kit.gateway->session_count > 0; n += 250) {
        assert_true(rht_now_ms() < end_ms);
        kit_send_bundle(&kit, court, n, 250);
        kit_loop(&kit);
    }
    assert_true(kit.gateway->link.overflow_end <= HUB_OVERFLOW_BYTES);
    assert_int_equal(kit.gateway->counters.lost_sessions, 1);
    /* The door reads again: everything kept comes out in order. */
    struct hub_ring_record record;
    struct rh_bytes frame;
    uint64_t next_n = 1;
    for (int idle = 0; idle < 3;) {
        if (!kit_next(&kit, &record, &frame)) {
            kit_send_open(&kit, court);
            kit_loop(&kit);
            idle++;
            continue;
        }
        static struct rh_frame_confirm confirm;
        if (rh_frame_type_of(frame) != RH_FRAME_CONFIRM)
            continue;
        assert_int_equal(rh_frame_confirm_decode(frame, &confirm), RH_OK);
        assert_int_equal(confirm.first_n, next_n);
        next_n += 250;
    }
    assert_true(next_n > 250 * 20);
}

static void test_session_door_that_breaks_the_form_is_killed(void **state)
{
    (void)state;
    static const struct hub_ring_record odd[] = { { .type = 0 },
                                                  { .type = HUB_DOOR_SEND },
                                                  { .type = 99 },
                                                  { .type = HUB_DOOR_COUNTERS, .bytes = 3 },
                                                  { .type = HUB_DOOR_READY, .bytes = 4 },
                                                  { .type = HUB_DOOR_FAILED, .bytes = 5 } };
    struct hub_link *link = &kit.gateway->link;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        link->killed = false;
        assert_int_equal(hub_ring_push(&kit.to, &odd[i], "\x01\x02\x03\x04\x05"), RH_OK);
        kit_turn(&kit);
        assert_true(link->killed);
        assert_int_equal(link->violations, i + 1);
    }
}

/* Agencies that do not exist, frames that are none: the ring's content is the door's word. */
static void test_session_survives_any_frame_of_the_door(void **state)
{
    (void)state;
    struct rht_random random;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    static uint8_t bytes[600];
    rht_random_init(&random);
    kit_connect(&kit, court, 10, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        struct hub_ring_record record = { .type = HUB_DOOR_FRAME, .agency = court->no };
        if (rht_random_once_in(&random, 4))
            record.agency = (uint32_t)rht_random_u64(&random);
        record.bytes = (uint32_t)rht_random_below(&random, sizeof bytes);
        rht_random_fill(&random, bytes, record.bytes);
        if (rht_random_once_in(&random, 2) && record.bytes > 2) {
            bytes[0] = (uint8_t)(0x90 + rht_random_below(&random, 6));
            bytes[1] = (uint8_t)rht_random_between(&random, 1, 9);
        }
        memcpy(record.routing, court->routing, sizeof record.routing);
        assert_int_equal(hub_ring_push(&kit.to, &record, bytes), RH_OK);
        struct hub_ring_record answer;
        struct rh_bytes frame;
        if (i % 50 == 49)
            kit_loop(&kit);
        while (i % 50 == 49 && kit_next(&kit, &answer, &frame))
            assert_int_equal(rh_frame_type_of(frame), RH_FRAME_ERROR);
    }
    assert_int_equal(kit.engine.offer_count, 0);
    assert_int_equal(kit.gateway->session_count, 1);
}

static void test_session_snapshot_tells_who_is_there(void **state)
{
    (void)state;
    struct hub_session_view views[4];
    struct hub_gateway_counters counters;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    kit.gateway->snapshot_at_ms = 0;
    kit_loop(&kit);
    assert_int_equal(hub_gateway_sessions(kit.gateway, views, 4), 1);
    assert_int_equal(views[0].agency, court->no);
    assert_true(views[0].online);
    hub_gateway_counters(kit.gateway, &counters);
    assert_int_equal(counters.sessions, 1);
    assert_true(counters.door_up);
    hub_session_end(kit.gateway, hub_peer_find(kit.gateway, court->no)->session, 0);
    kit.gateway->snapshot_at_ms = 0;
    kit_loop(&kit);
    assert_int_equal(hub_gateway_sessions(kit.gateway, views, 4), 1);
    assert_false(views[0].online);
    assert_true(views[0].last_ms > 0);
}

/* A captured door writes what it likes into the shared memory. Whatever it is, the engine's
 * side goes on or kills it. */
static void test_session_survives_a_door_that_scribbles(void **state)
{
    (void)state;
    struct rht_random random;
    struct hub_link *link = &kit.gateway->link;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    size_t one = hub_ring_bytes(link->ring_capacity);
    uint64_t kills = 0;
    rht_random_init(&random);
    kit_connect(&kit, court, 10, 1 << 20);
    for (int round = 0; round < 2000; round++) {
        size_t ring = rht_random_once_in(&random, 2) ? one : 0;
        size_t span = rht_random_once_in(&random, 2) ? 256 : 8192;
        for (int i = 0; i < 3; i++)
            kit.memory[ring + rht_random_below(&random, span)] =
                (uint8_t)rht_random_u64(&random);
        kit_turn(&kit);
        kit_finish(&kit);
        if (!link->killed)
            continue;
        kills++;
        memset(kit.memory, 0, 2 * one); /* another door */
        hub_ring_attach(&link->out, kit.memory, link->ring_capacity);
        hub_ring_attach(&link->in, kit.memory + one, link->ring_capacity);
        link->killed = false;
    }
    assert_true(kills > 20);
    assert_int_equal(kit.engine.offer_count, 0);
}

static void test_session_door_that_hangs_is_killed(void **state)
{
    (void)state;
    struct hub_link *link = &kit.gateway->link;
    uint64_t now_ms = 1000000;
    hub_link_service(link, now_ms);
    link->heard_ms = now_ms;
    for (uint64_t passed = 0; passed <= HUB_LINK_SILENT_MS; passed += HUB_LINK_LOOK_MS)
        hub_link_service(link, now_ms + passed);
    assert_false(link->killed);
    /* We were away, not it. */
    now_ms += 10 * HUB_LINK_SILENT_MS;
    hub_link_service(link, now_ms);
    assert_false(link->killed);
    for (uint64_t passed = 0; passed <= HUB_LINK_SILENT_MS + HUB_LINK_LOOK_MS;
         passed += HUB_LINK_LOOK_MS)
        hub_link_service(link, now_ms + passed);
    assert_true(link->killed);
}

/* ---- lost receipts ---------------------------------------------------------------------- */

/* Digest of item n as kit_send_bundle makes it. */
static struct rh_hash digest_of(uint64_t n)
{
    static const uint8_t public_part[4] = { 0x81, 0x01, 0x02, 0x03 };
    struct rh_item item = { .public_part = { public_part, sizeof public_part } };
    struct rh_hash digest;
    item.salt[0] = (uint8_t)n;
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    rh_item_digest(&item, &digest);
    return digest;
}

/* The confirm of item n that `hub` gave at 5000, as the one record of its log. */
static struct rh_bytes lost_of(const struct kit_agency *agency, const char *hub, uint64_t n,
                               const struct rh_sign_secret *key)
{
    static uint8_t memory[2][4096];
    uint8_t core_bytes[RH_CORE_BYTES_MAX];
    struct rh_frame_confirm confirm = { .first_n = 70, .size = 1, .record_count = 1 };
    struct rh_receipt core = { .type = RH_RECORD_ITEM, .n = 70, .stored_ms = 5000,
                               .agency = agency->id, .epoch = agency->epoch,
                               .digest = digest_of(n) };
    struct rh_lost lost;
    struct rh_writer writer;
    assert_int_equal(rh_hub_id_parse(hub, strlen(hub), &core.hub), RH_OK);
    memset(core.message_id.bytes, 1, sizeof core.message_id.bytes);
    rh_writer_init(&writer, core_bytes, sizeof core_bytes);
    assert_int_equal(rh_receipt_encode(&core, &writer), RH_OK);
    confirm.records[0].core = (struct rh_bytes){ core_bytes, writer.bytes };
    rh_leaf_hash(confirm.records[0].core, &confirm.records[0].rest_hash, &confirm.root);
    struct rh_batch batch = { .hub = core.hub, .size = 1, .root = confirm.root };
    rh_batch_sign(&batch, key);
    confirm.signature = batch.signature;
    rh_writer_init(&writer, memory[0], sizeof memory[0]);
    assert_int_equal(rh_frame_confirm_encode(&confirm, &writer), RH_OK);
    lost.hub = core.hub;
    lost.confirm = (struct rh_bytes){ writer.data, writer.bytes };
    rh_writer_init(&writer, memory[1], sizeof memory[1]);
    assert_int_equal(rh_lost_begin(1, &writer), RH_OK);
    assert_int_equal(rh_lost_add(&lost, &writer), RH_OK);
    return (struct rh_bytes){ writer.data, writer.bytes };
}

static void expect_lost_refused(struct kit_agency *agency, struct rh_bytes lost,
                                uint32_t refusal)
{
    struct rh_frame_error error;
    uint32_t before = kit.engine.offer_count;
    kit_attach_lost(&kit, lost);
    kit_send_bundle(&kit, agency, 1, 2);
    kit_loop(&kit);
    struct rh_bytes frame = kit_expect(&kit, agency, RH_FRAME_ERROR);
    assert_int_equal(rh_frame_error_decode(frame, &error), RH_OK);
    assert_int_equal(error.refusal, refusal);
    assert_int_equal(error.first_n, 1);
    assert_int_equal(kit.engine.offer_count, before);
}

/* Only the hub's own word of an earlier generation, for this stream and these items, reaches
 * the engine; who brings anything else uses no number, and the same items pass without it. */
static void test_session_believes_only_its_own_lost_receipts(void **state)
{
    (void)state;
    struct rh_sign_secret own, liar;
    struct rh_sign_public nobody;
    static const char now[] = "test.demo/3";
    rh_sign_keypair(&kit.engine.sign_public, &own);
    rh_sign_keypair(&nobody, &liar);
    assert_int_equal(rh_hub_id_parse(now, sizeof now - 1, &kit.engine.hub), RH_OK);
    kit.gateway->hub = kit.engine.hub;
    struct kit_agency *court = kit_agency(&kit, "court.620423");
    struct kit_agency *police = kit_agency(&kit, "police.620423");
    kit_connect(&kit, court, 10, 1 << 20);
    kit_connect(&kit, police, 10, 1 << 20);
    expect_lost_refused(court, lost_of(court, "test.demo", 1, &liar), RH_REFUSE_LOST_FORGED);
    expect_lost_refused(court, lost_of(court, "test.other", 1, &own), RH_REFUSE_LOST_FORGED);
    expect_lost_refused(court, lost_of(court, now, 1, &own), RH_REFUSE_LOST_FORGED);
    expect_lost_refused(court, lost_of(court, "test.demo/4", 1, &own), RH_REFUSE_LOST_FORGED);
    expect_lost_refused(court, lost_of(police, "test.demo", 1, &own), RH_REFUSE_LOST_FORGED);
    expect_lost_refused(court, lost_of(court, "test.demo", 9, &own), RH_REFUSE_LOST_UNRELATED);
    kit_attach_lost(&kit, lost_of(court, "test.demo/2", 2, &own));
    kit_send_bundle(&kit, court, 1, 2);
    kit_loop(&kit);
    expect_confirm(court, 1, 2);
    assert_int_equal(kit.engine.lost[0].stored_ms, 0);
    assert_int_equal(kit.engine.lost[1].stored_ms, 5000);
    assert_int_equal(kit.engine.lost[1].generation, 2);
    assert_int_equal(kit.engine.lost[1].index, 0);
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SESSION_TEST(test_session_welcome_waits_until_the_epoch_is_durable),
        SESSION_TEST(test_session_confirms_leave_after_finish_in_order),
        SESSION_TEST(test_session_a_small_bundle_passes_the_loads_of_eight),
        SESSION_TEST(test_session_known_numbers_are_confirmed_again),
        SESSION_TEST(test_session_busy_and_refusals_name_the_first_number),
        SESSION_TEST(test_session_of_a_revoked_agency_ends_at_once),
        SESSION_TEST(test_session_ends_when_its_key_is_replaced),
        SESSION_TEST(test_session_takeover_gets_no_answers_of_the_older_one),
        SESSION_TEST(test_session_ends_with_its_connection),
        SESSION_TEST(test_session_hears_at_once_when_hub_time_is_moved),
        SESSION_TEST(test_session_many_bundles_of_one_agency_get_busy),
        SESSION_TEST(test_session_flood_keeps_order_and_loses_nothing),
        SESSION_TEST(test_session_ends_when_answers_cannot_be_kept),
        SESSION_TEST(test_session_door_that_breaks_the_form_is_killed),
        SESSION_TEST(test_session_survives_any_frame_of_the_door),
        SESSION_TEST(test_session_snapshot_tells_who_is_there),
        SESSION_TEST(test_session_survives_a_door_that_scribbles),
        SESSION_TEST(test_session_door_that_hangs_is_killed),
        SESSION_TEST(test_session_believes_only_its_own_lost_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
