/* The agency's spool: numbers dense, one effect for each message, nothing lost that was said to
 * be on disk, also when the process is killed anywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "spool_traffic.h"

static struct rht_random randomness;

/* ---- plain ------------------------------------------------------------------------------ */

static void test_spool_gives_dense_numbers_and_keeps_them(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent, again;
    struct rh_epoch epoch = *agent_spool_epoch(spool);
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(send_one(spool, RH_KIND_FORWARD, i, i, 0, 0, &sent), RH_OK);
        assert_int_equal(sent.n, i);
    }
    assert_int_equal(agent_spool_committed_n(spool), 0);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    assert_int_equal(agent_spool_committed_n(spool), 100);
    /* The same message id is the same message. */
    assert_int_equal(send_one(spool, RH_KIND_FORWARD, 7, 7, 0, 0, &sent), RH_ERR_EXISTS);
    assert_int_equal(sent.n, 7);
    /* What was not committed was never numbered. */
    assert_int_equal(send_one(spool, RH_KIND_FORWARD, 500, 1, 0, 0, &sent), RH_OK);
    agent_spool_abort(spool);
    assert_int_equal(agent_spool_last_n(spool), 100);
    agent_spool_close(&spool);

    spool = must_open(dir);
    assert_memory_equal(agent_spool_epoch(spool)->bytes, epoch.bytes, sizeof epoch.bytes);
    assert_int_equal(agent_spool_last_n(spool), 100);
    assert_int_equal(agent_spool_sent(spool, 42, &again), RH_OK);
    assert_int_equal(again.state, AGENT_WAITING);
    assert_int_equal(again.n, 42);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_settles_receipts_once(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct agent_receipt receipt;
    struct agent_held held;
    struct agent_counts counts;
    for (uint64_t i = 1; i <= 10; i++)
        send_one(spool, RH_KIND_FORWARD, i, 10, 0, 0, &sent);
    assert_int_equal(confirm_some(spool, 1, 1, 4, 0), RH_OK);
    assert_int_equal(confirm_some(spool, 1, 6, 2, RH_REFUSE_WRONG_STATE), RH_OK);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    assert_int_equal(agent_spool_held(spool, &held), RH_OK);
    assert_int_equal(held.first_open_n, 5);
    assert_int_equal(held.highest_n, 7);
    assert_int_equal(agent_spool_counts(spool, &counts), RH_OK);
    assert_int_equal(counts.waiting, 4);
    assert_int_equal(counts.refused, 2);
    assert_int_equal(confirm_some(spool, 1, 1, 4, 0), RH_OK); /* again: nothing changes */
    assert_int_equal(confirm_some(spool, 1, 5, 1, 0), RH_OK);
    assert_int_equal(agent_spool_held(spool, &held), RH_OK);
    assert_int_equal(held.first_open_n, 8);
    assert_int_equal(agent_spool_receipt(spool, 3, &receipt), RH_OK);
    assert_int_equal(receipt.generation, 1);
    assert_string_equal((const char *)receipt.confirm.data, "confirm");
    assert_int_equal(agent_spool_receipt(spool, 9, &receipt), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    /* Another core for a number that has one is a lie. */
    assert_int_equal(confirm_some(spool, 1, 3, 1, RH_REFUSE_WRONG_STATE), RH_ERR_EXISTS);
    agent_spool_abort(spool);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_takes_each_message_once(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_got got;
    enum agent_turn turn;
    uint64_t expected;
    struct rh_bytes frame = { (const uint8_t *)"frame", 5 };

    fill_got(&got, 1, 0, 2, 2);
    assert_int_equal(agent_spool_judge(spool, &got, &turn, &expected), RH_OK);
    assert_int_equal(turn, AGENT_AHEAD);
    assert_int_equal(expected, 1);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        fill_got(&got, 1, 0, seq, seq);
        assert_int_equal(agent_spool_judge(spool, &got, &turn, &expected), RH_OK);
        assert_int_equal(turn, AGENT_NEXT);
        assert_int_equal(agent_spool_deliver(spool, &got, frame, true), RH_OK);
    }
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    fill_got(&got, 1, 0, 2, 2);
    agent_spool_judge(spool, &got, &turn, &expected);
    assert_int_equal(turn, AGENT_REPEATED);
    /* The next generation counts from 1 and brings the same message. */
    fill_got(&got, 2, 0, 1, 3);
    agent_spool_judge(spool, &got, &turn, &expected);
    assert_int_equal(turn, AGENT_KNOWN);
    assert_int_equal(agent_spool_pass(spool, &got), RH_OK);
    fill_got(&got, 2, 0, 2, 2);
    got.digest.bytes[0] ^= 1;
    agent_spool_judge(spool, &got, &turn, &expected);
    assert_int_equal(turn, AGENT_REUSED);
    /* The same id of another sender is another message. */
    fill_got(&got, 2, 1, 1, 4);
    id_of(10, 3, got.message_id.bytes);
    agent_spool_judge(spool, &got, &turn, &expected);
    assert_int_equal(turn, AGENT_NEXT);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_places_and_takes(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_got got;
    struct agent_counts counts;
    enum agent_placing step;
    uint64_t arrival = 0;
    struct rh_bytes frame = { (const uint8_t *)"frame", 5 };
    for (uint64_t seq = 1; seq <= 3; seq++) {
        fill_got(&got, 1, 0, seq, seq);
        agent_spool_deliver(spool, &got, frame, true);
    }
    assert_int_equal(agent_spool_placing_next(spool, &arrival, &step), RH_OK);
    assert_int_equal(arrival, 1);
    assert_int_equal(step, AGENT_PLACING_WAITS);
    assert_int_equal(agent_spool_staged(spool, 1, "a.json"), RH_OK);
    assert_int_equal(agent_spool_placing_next(spool, &arrival, &step), RH_OK);
    assert_int_equal(step, AGENT_PLACING_STAGED);
    assert_int_equal(agent_spool_placed(spool, 1), RH_OK);
    assert_int_equal(agent_spool_placing_next(spool, &arrival, &step), RH_OK);
    assert_int_equal(arrival, 2);
    assert_int_equal(agent_spool_arrival_of_name(spool, "a.json", &arrival), RH_OK);
    assert_int_equal(arrival, 1);
    assert_int_equal(agent_spool_arrival_of_name(spool, "b.json", &arrival), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_taken(spool, 1, 1000), RH_OK);
    assert_int_equal(agent_spool_taken(spool, 1, 2000), RH_OK); /* again: nothing */
    assert_int_equal(agent_spool_got(spool, 1, &got), RH_OK);
    assert_int_equal(got.taken_ms, 1000);
    agent_spool_counts(spool, &counts);
    assert_int_equal(counts.not_taken, 2);
    assert_int_equal(counts.not_placed, 2);
    agent_spool_close(&spool);
    free(dir);
}

/* If an old ack went out again in a new generation, it would settle messages nobody has. */
static void test_spool_voids_acks_of_another_generation(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct rh_hub_id next;
    struct rh_bytes bytes;
    struct rh_item item;
    struct rh_public value;
    struct agent_held held;
    struct agent_counts counts;
    for (uint64_t i = 1; i <= 6; i++)
        send_one(spool, i % 2 == 0 ? RH_KIND_ACK : RH_KIND_FORWARD, i, 0, 0, i, &sent);
    assert_int_equal(confirm_some(spool, 1, 1, 6, 0), RH_OK);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    rh_hub_id_parse("hub.620423/2", 12, &next);
    assert_int_equal(agent_spool_repin(spool, &next, 3), RH_OK);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    agent_spool_held(spool, &held);
    assert_int_equal(held.first_open_n, 3);
    assert_int_equal(held.highest_n, 0);
    agent_spool_counts(spool, &counts);
    assert_int_equal(counts.waiting, 2);

    for (uint64_t n = 1; n <= 6; n++) {
        assert_int_equal(agent_spool_item(spool, n, 2, &bytes), RH_OK);
        assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
        assert_int_equal(rh_item_check(&item), RH_OK);
        assert_int_equal(rh_public_decode(item.public_part, &value, NULL), RH_OK);
        if (n % 2 == 0)
            assert_true(value.kind == RH_KIND_ACK && value.pair_seq == 0);
        else
            assert_int_equal(value.kind, RH_KIND_FORWARD);
        /* In its own generation an ack is what it was. */
        assert_int_equal(agent_spool_item(spool, n, 1, &bytes), RH_OK);
        assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
        assert_int_equal(rh_public_decode(item.public_part, &value, NULL), RH_OK);
        assert_int_equal(value.pair_seq, n);
    }
    /* Receipts of both generations are kept; the newer one is shown. */
    struct agent_receipt receipt;
    assert_int_equal(confirm_some(spool, 2, 3, 2, 0), RH_OK);
    assert_int_equal(agent_spool_receipt(spool, 4, &receipt), RH_OK);
    assert_int_equal(receipt.generation, 2);
    assert_int_equal(agent_spool_receipt(spool, 6, &receipt), RH_OK);
    assert_int_equal(receipt.generation, 1);
    agent_spool_close(&spool);

    /* The card still says generation 1: the spool knows better. */
    spool = must_open(dir);
    assert_string_equal(agent_spool_hub(spool)->text, "hub.620423/2");
    agent_spool_close(&spool);
    free(dir);
}

/* What was stored before a recovery goes out again with the receipt of its first storing, also
 * under another number; what was refused, an ack and what nobody keeps any more goes
 * without. */
static void test_spool_hands_out_lost_receipts(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct rh_hub_id next;
    struct rh_lost lost;
    uint32_t dropped;
    for (uint64_t i = 1; i <= 4; i++)
        send_one(spool, i == 4 ? RH_KIND_ACK : RH_KIND_SIGN, i, 20, 0, 0, &sent);
    confirm_some(spool, 1, 1, 2, 0);
    confirm_some(spool, 1, 3, 1, RH_REFUSE_WRONG_STATE);
    confirm_some(spool, 1, 4, 1, 0);
    assert_int_equal(agent_spool_lost(spool, 1, 1, &lost), RH_ERR_NOTFOUND);
    rh_hub_id_parse("hub.620423/2", 12, &next);
    agent_spool_repin(spool, &next, 1);
    confirm_some(spool, 2, 1, 1, RH_REFUSE_UNKNOWN_REFERRAL);
    assert_int_equal(agent_spool_send_again(spool, 1, 2, 9000), RH_OK);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    static const uint64_t with[] = { 1, 2, 5 }, without[] = { 3, 4, 6 };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(agent_spool_lost(spool, with[i], 2, &lost), RH_OK);
        assert_string_equal(lost.hub.text, "hub.620423");
        assert_int_equal(lost.confirm.bytes, sizeof "confirm");
        assert_memory_equal(lost.confirm.data, "confirm", sizeof "confirm");
        assert_int_equal(agent_spool_lost(spool, without[i], 2, &lost), RH_ERR_NOTFOUND);
    }
    /* Stored by the second as well, and lost again: the first storing counts. */
    confirm_some(spool, 2, 2, 1, 0);
    assert_int_equal(agent_spool_lost(spool, 2, 3, &lost), RH_OK);
    assert_string_equal(lost.hub.text, "hub.620423");
    /* A body that is no longer kept goes as a void item, and nothing with it. */
    assert_int_equal(agent_spool_clean(spool, 1000 + 31 * UINT64_C(86400000), 1, &dropped),
                     RH_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(agent_spool_lost(spool, 1, 3, &lost), RH_ERR_NOTFOUND);
    agent_spool_close(&spool);
    free(dir);
}

/* In a new generation an answer can come back before what it answers; it must not be lost. */
static void test_spool_says_again_what_came_too_early(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent, row;
    struct rh_referral_id id;
    struct rh_hub_id next;
    struct rh_bytes first, second;
    uint64_t n = 0;
    for (uint64_t i = 1; i <= 4; i++)
        send_one(spool, RH_KIND_SIGN, i, 20, 0, 0, &sent);
    confirm_some(spool, 1, 1, 2, 0);                     /* stored */
    confirm_some(spool, 1, 3, 2, RH_REFUSE_WRONG_STATE); /* refused then: not ours to insist */
    agent_spool_commit(spool);
    rh_hub_id_parse("hub.620423/2", 12, &next);
    agent_spool_repin(spool, &next, 1);
    confirm_some(spool, 2, 1, 1, RH_REFUSE_UNKNOWN_REFERRAL);
    confirm_some(spool, 2, 2, 1, RH_REFUSE_FIELD_INVALID); /* no better later */
    confirm_some(spool, 2, 3, 2, RH_REFUSE_WRONG_STATE);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    for (uint64_t i = 1; i <= 4; i++) {
        id_of(2, i, id.bytes);
        n = 0;
        assert_int_equal(agent_spool_again_next(spool, &id, &n),
                         i == 1 ? RH_OK : RH_ERR_NOTFOUND);
    }
    id_of(2, 1, id.bytes);
    n = 0;
    assert_int_equal(agent_spool_again_next(spool, &id, &n), RH_OK);
    assert_int_equal(n, 1);
    assert_int_equal(agent_spool_send_again(spool, 1, 2, 9000), RH_OK);
    assert_int_equal(agent_spool_again_next(spool, &id, &n), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_last_n(spool), 5);
    /* Refused once more: once more its turn will come, and again the same message. */
    confirm_some(spool, 2, 5, 1, RH_REFUSE_WRONG_STATE);
    n = 0;
    assert_int_equal(agent_spool_again_next(spool, &id, &n), RH_OK);
    assert_int_equal(n, 1);
    assert_int_equal(agent_spool_send_again(spool, 1, 2, 9000), RH_OK);
    confirm_some(spool, 2, 6, 1, 0);
    n = 0;
    assert_int_equal(agent_spool_again_next(spool, &id, &n), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_sent_by_id(spool, &sent.message_id, &row), RH_OK);
    assert_int_equal(agent_spool_sent(spool, 1, &sent), RH_OK);
    assert_int_equal(agent_spool_sent_by_id(spool, &sent.message_id, &row), RH_OK);
    assert_int_equal(row.n, 6);
    assert_int_equal(row.state, AGENT_STORED);
    uint8_t kept[1000];
    assert_int_equal(agent_spool_original(spool, 1, &first), RH_OK);
    size_t bytes = first.bytes;
    memcpy(kept, first.data, bytes);
    assert_int_equal(agent_spool_original(spool, 6, &second), RH_OK);
    assert_int_equal(second.bytes, bytes);
    assert_memory_equal(second.data, kept, bytes);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_keeps_bodies_for_thirty_days(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct agent_got got;
    struct rh_bytes bytes;
    uint32_t dropped;
    const uint64_t day = 86400000;
    for (uint64_t i = 1; i <= 3; i++)
        send_one(spool, RH_KIND_FORWARD, i, 10, 0, 0, &sent);
    confirm_some(spool, 1, 1, 2, 0); /* stored at 1000 ms of the hub's time */
    fill_got(&got, 1, 0, 1, 1);
    agent_spool_deliver(spool, &got, (struct rh_bytes){ (const uint8_t *)"x", 1 }, false);
    agent_spool_taken(spool, 1, 1000);
    assert_int_equal(agent_spool_clean(spool, 1000 + 30 * day - 1, 100, &dropped), RH_OK);
    assert_int_equal(dropped, 0);
    assert_int_equal(agent_spool_clean(spool, 1000 + 30 * day, 1, &dropped), RH_OK);
    assert_int_equal(dropped, 2); /* one of each */
    assert_int_equal(agent_spool_clean(spool, 1000 + 30 * day, 100, &dropped), RH_OK);
    assert_int_equal(dropped, 1);
    assert_int_equal(agent_spool_original(spool, 2, &bytes), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_original(spool, 3, &bytes), RH_OK); /* no receipt: kept */
    assert_int_equal(agent_spool_item(spool, 2, 1, &bytes), RH_OK);  /* a void one */
    assert_int_equal(agent_spool_delivery(spool, 1, &bytes), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_sent(spool, 2, &sent), RH_OK); /* the row stays */
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_lists_cases_by_date(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_case one;
    struct rh_referral_id id;
    uint64_t due;
    for (uint64_t i = 1; i <= 20; i++) {
        memset(&one, 0, sizeof one);
        id_of(3, i, one.id.bytes);
        one.state = RH_STATE_SIGNED;
        one.due_ms = i % 5 == 0 ? 0 : 1000 * (21 - i);
        assert_int_equal(agent_spool_put_case(spool, &one), RH_OK);
        one.due_ms = one.due_ms == 0 ? 0 : one.due_ms + 7; /* moved: one entry, not two */
        if (i % 7 == 0)
            one.state = RH_STATE_CLOSED;
        assert_int_equal(agent_spool_put_case(spool, &one), RH_OK);
    }
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    memset(&id, 0, sizeof id);
    uint64_t last = 0, count = 0;
    for (due = 0; agent_spool_due_next(spool, &due, &id) == RH_OK; count++) {
        assert_true(due > last);
        last = due++;
    }
    assert_int_equal(count, 14); /* 20, without 4 dateless and 7, 14 closed */

    assert_int_equal(agent_spool_name_case(spool, "R-26K4-0001", &one.id), RH_OK);
    assert_int_equal(agent_spool_find_case(spool, "R-26K4-0001", &id), RH_OK);
    assert_memory_equal(id.bytes, one.id.bytes, sizeof id.bytes);
    assert_int_equal(agent_spool_find_case(spool, "R-26K4-0002", &id), RH_ERR_NOTFOUND);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(agent_spool_history_add(spool, &one.id, i % 2 == 0, 100 + i), RH_OK);
    uint64_t at = 0, number, entries = 0;
    bool sent;
    for (; agent_spool_history_next(spool, &one.id, &at, &sent, &number) == RH_OK; at++) {
        assert_int_equal(number, 100 + entries);
        assert_int_equal(sent, entries % 2 == 0);
        entries++;
    }
    assert_int_equal(entries, 5);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_answers_files_once(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct agent_file file;
    struct rh_hash hash;
    struct rh_bytes original = { (const uint8_t *)"{}", 2 }, kept;
    uint64_t no;
    rh_hash("{}", 2, &hash);
    assert_int_equal(agent_spool_file(spool, "a.json", &hash, &file), RH_ERR_NOTFOUND);
    uint64_t next = agent_spool_file_next_no(spool);
    send_one(spool, RH_KIND_REGISTER, 1, 0, next, 0, &sent);
    send_one(spool, RH_KIND_FORWARD, 2, 0, next, 0, &sent);
    assert_int_equal(agent_spool_file_add(spool, "a.json", &hash, 1, 2, original, &no), RH_OK);
    assert_int_equal(no, next);
    confirm_some(spool, 1, 1, 1, 0);
    no = 0;
    assert_int_equal(agent_spool_file_answered(spool, &no, &file), RH_ERR_NOTFOUND);
    confirm_some(spool, 1, 2, 1, RH_REFUSE_NO_ROUTE);
    assert_int_equal(agent_spool_file_answered(spool, &no, &file), RH_OK);
    assert_true(file.refused);
    assert_int_equal(agent_spool_file_original(spool, no, &kept), RH_OK);
    assert_memory_equal(kept.data, "{}", 2);
    assert_int_equal(agent_spool_file_done(spool, no), RH_OK);
    assert_int_equal(agent_spool_file_answered(spool, &no, &file), RH_ERR_NOTFOUND);
    assert_int_equal(agent_spool_file(spool, "a.json", &hash, &file), RH_OK);
    assert_int_equal(file.state, AGENT_FILE_DONE);
    assert_int_equal(agent_spool_file_again(spool, file.no, original), RH_OK);
    no = 0;
    assert_int_equal(agent_spool_file_answered(spool, &no, &file), RH_OK);
    agent_spool_close(&spool);
    free(dir);
}

/* ---- the world's mistakes --------------------------------------------------------------- */

static void test_spool_full_map_loses_only_what_did_not_fit(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = NULL;
    struct agent_sent sent;
    struct rh_bytes bytes;
    uint32_t permille = 0;
    assert_int_equal(open_in(dir, 3 << 20, &spool), RH_OK);
    enum rh_err err = RH_OK;
    uint64_t id = 0;
    while (err == RH_OK) {
        send_one(spool, RH_KIND_FORWARD, ++id, 20000, 0, 0, &sent);
        err = agent_spool_commit(spool);
        assert_true(id < 1000);
    }
    assert_int_equal(err, RH_ERR_FULL);
    assert_int_equal(agent_spool_last_n(spool), id - 1);
    assert_int_equal(agent_spool_usage(spool, &permille), RH_OK);
    assert_true(permille > 700 && permille <= 1000);
    for (uint64_t n = 1; n < id; n++)
        assert_int_equal(agent_spool_original(spool, n, &bytes), RH_OK);
    agent_spool_close(&spool);
    free(dir);
}

static void test_spool_second_process_is_refused(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct agent_spool *spool = must_open(dir);
    pid_t child = fork();
    if (child == 0) {
        struct agent_spool *second = NULL;
        _exit(open_in(dir, 1 << 20, &second) == RH_ERR_EXISTS ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    agent_spool_close(&spool);

    struct agent_spool_options options = { .dir = dir };
    snprintf(options.agency.text, sizeof options.agency.text, "court.620423");
    snprintf(options.hub.text, sizeof options.hub.text, "hub.620423");
    assert_int_equal(agent_spool_open(&options, &spool, NULL, 0), RH_ERR_CONFIG);
    free(dir);
}

/* LMDB hands out a flipped bit as data; the spool must not. */
static void test_spool_notices_flipped_bits(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    char path[512];
    struct agent_spool *spool = must_open(dir);
    struct agent_sent sent;
    struct rh_bytes item;
    uint8_t mark[64];
    send_one(spool, RH_KIND_FORWARD, 1, 500, 0, 0, &sent);
    assert_int_equal(agent_spool_commit(spool), RH_OK);
    assert_int_equal(agent_spool_original(spool, 1, &item), RH_OK);
    memcpy(mark, item.data, sizeof mark);
    agent_spool_close(&spool);

    snprintf(path, sizeof path, "%s/spool/data.mdb", dir);
    size_t bytes, at = 0;
    char *data = rht_read_file(path, &bytes);
    while (at + sizeof mark < bytes && memcmp(data + at, mark, sizeof mark) != 0)
        at++;
    assert_true(at + sizeof mark < bytes);
    data[at + 40] ^= 4;
    rht_write_file(path, data, bytes);
    spool = must_open(dir);
    assert_int_equal(agent_spool_original(spool, 1, &item), RH_ERR_CORRUPT);
    assert_int_equal(agent_spool_sent(spool, 1, &sent), RH_OK); /* the rest stays readable */
    agent_spool_close(&spool);
    /* Cut short: an error, not a dead process. */
    rht_write_file(path, data, 3 * 4096);
    assert_int_equal(open_in(dir, 1 << 28, &spool), RH_ERR_CORRUPT);
    free(data);
    free(dir);
}

int main(void)
{
    rht_random_init(&randomness);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spool_gives_dense_numbers_and_keeps_them),
        cmocka_unit_test(test_spool_settles_receipts_once),
        cmocka_unit_test(test_spool_takes_each_message_once),
        cmocka_unit_test(test_spool_places_and_takes),
        cmocka_unit_test(test_spool_voids_acks_of_another_generation),
        cmocka_unit_test(test_spool_says_again_what_came_too_early),
        cmocka_unit_test(test_spool_hands_out_lost_receipts),
        cmocka_unit_test(test_spool_keeps_bodies_for_thirty_days),
        cmocka_unit_test(test_spool_lists_cases_by_date),
        cmocka_unit_test(test_spool_answers_files_once),
        cmocka_unit_test(test_spool_full_map_loses_only_what_did_not_fit),
        cmocka_unit_test(test_spool_second_process_is_refused),
        cmocka_unit_test(test_spool_notices_flipped_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
