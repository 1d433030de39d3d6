/* A spool whose process is killed anywhere: what it said is on disk is there, once. */
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

enum { KILL_ROUNDS = 40 };

static struct rht_random randomness;

/* What the child says it has on disk, through a pipe, after each commit. */
struct said {
    uint64_t last_n, lease;
    uint64_t expected[SENDERS];
    uint32_t generation;
};

/* What of one message the child does in one transaction: as the agent does. */
static void child_receives(struct agent_spool *spool, uint32_t generation, unsigned sender)
{
    struct agent_got got;
    struct agent_sent sent;
    enum agent_turn turn;
    uint64_t expected;
    fill_got(&got, generation, sender, 1, 1);
    agent_spool_judge(spool, &got, &turn, &expected);
    /* Sometimes an older one comes again; in generation g number s carries message s. */
    uint64_t seq = expected;
    if (seq > 1 && rht_random_once_in(&randomness, 4))
        seq -= rht_random_between(&randomness, 1, seq - 1);
    fill_got(&got, generation, sender, seq, seq);
    agent_spool_judge(spool, &got, &turn, &expected);
    if (turn == AGENT_NEXT)
        agent_spool_deliver(spool, &got, (struct rh_bytes){ (const uint8_t *)"f", 1 }, true);
    else if (turn == AGENT_KNOWN)
        agent_spool_pass(spool, &got);
    if (turn == AGENT_NEXT || turn == AGENT_KNOWN)
        send_one(spool, RH_KIND_ACK, (rht_random_u64(&randomness) | 1) << 20, 0, 0, seq, &sent);
}

static void child_sends(struct agent_spool *spool)
{
    struct agent_sent sent;
    uint64_t no = agent_spool_file_next_no(spool), first = agent_spool_last_n(spool) + 1;
    uint32_t count = (uint32_t)rht_random_between(&randomness, 1, 3);
    char name[32];
    struct rh_hash hash;
    for (uint32_t i = 0; i < count; i++)
        send_one(spool, RH_KIND_FORWARD, first + i, rht_random_below(&randomness, 9000), no, 0,
                 &sent);
    snprintf(name, sizeof name, "f%llu.json", (unsigned long long)no);
    rh_hash(name, strlen(name), &hash);
    agent_spool_file_add(spool, name, &hash, first, count,
                         (struct rh_bytes){ (const uint8_t *)"o", 1 }, &no);
}

static void child_confirms(struct agent_spool *spool, uint32_t generation)
{
    struct agent_held held;
    agent_spool_held(spool, &held);
    uint64_t open = agent_spool_last_n(spool) + 1 - held.first_open_n;
    if (open > 0)
        confirm_some(spool, generation, held.first_open_n,
                     (uint32_t)rht_random_between(&randomness, 1, open > 20 ? 20 : open), 0);
}

static void child_places(struct agent_spool *spool)
{
    uint64_t arrival = 0;
    enum agent_placing step;
    char name[32];
    if (agent_spool_placing_next(spool, &arrival, &step) != RH_OK)
        return;
    snprintf(name, sizeof name, "in%llu.json", (unsigned long long)arrival);
    if (step == AGENT_PLACING_WAITS)
        agent_spool_staged(spool, arrival, name);
    else
        agent_spool_placed(spool, arrival);
}

static uint32_t generation_of(const struct agent_spool *spool)
{
    return rh_hub_id_generation(agent_spool_hub(spool));
}

static void child_repins(struct agent_spool *spool)
{
    struct rh_hub_id next;
    uint64_t last = agent_spool_last_n(spool);
    rh_hub_id_with_generation(agent_spool_hub(spool), generation_of(spool) + 1, &next);
    agent_spool_repin(spool, &next, last > 30 ? last - 30 : 1);
}

static void child_main(const char *dir, int pipe_fd, uint64_t seed)
{
    struct agent_spool *spool = NULL;
    rht_random_seed(&randomness, seed);
    if (open_in(dir, UINT64_C(256) << 20, &spool) != RH_OK)
        _exit(2);
    for (;;) {
        struct said said = { .last_n = 0 };
        uint64_t steps = rht_random_between(&randomness, 1, 12);
        for (uint64_t i = 0; i < steps; i++) {
            uint64_t what = rht_random_below(&randomness, 12);
            unsigned sender = (unsigned)rht_random_below(&randomness, SENDERS);
            if (what < 5)
                child_receives(spool, generation_of(spool), sender);
            else if (what < 8)
                child_sends(spool);
            else if (what < 10)
                child_confirms(spool, generation_of(spool));
            else
                child_places(spool);
        }
        if (rht_random_once_in(&randomness, 60))
            child_repins(spool);
        agent_spool_raise_lease(spool, &said.lease);
        if (agent_spool_commit(spool) != RH_OK)
            _exit(3);
        said.last_n = agent_spool_last_n(spool);
        said.generation = generation_of(spool);
        for (unsigned sender = 0; sender < SENDERS; sender++) {
            struct agent_got got;
            enum agent_turn turn;
            fill_got(&got, said.generation, sender, 1, 1);
            agent_spool_judge(spool, &got, &turn, &said.expected[sender]);
        }
        if (write(pipe_fd, &said, sizeof said) != (ssize_t)sizeof said)
            _exit(4);
    }
}

static void check_outbox(struct agent_spool *spool, uint64_t promised)
{
    struct agent_sent sent, same;
    struct rh_bytes bytes;
    struct rh_item item;
    uint64_t last = agent_spool_last_n(spool);
    assert_true(last >= promised);
    for (uint64_t n = 1; n <= last; n++) {
        assert_int_equal(agent_spool_sent(spool, n, &sent), RH_OK);
        assert_int_equal(agent_spool_original(spool, n, &bytes), RH_OK);
        assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
        assert_int_equal(rh_item_check(&item), RH_OK);
        assert_int_equal(agent_spool_sent_by_id(spool, &sent.message_id, &same), RH_OK);
        assert_int_equal(same.n, n);
    }
    assert_int_equal(agent_spool_sent(spool, last + 1, &sent), RH_ERR_NOTFOUND);
}

static void check_files(struct agent_spool *spool)
{
    for (uint64_t no = 1; no < agent_spool_file_next_no(spool); no++) {
        char name[32];
        struct rh_hash hash;
        struct agent_file file;
        struct agent_sent sent;
        uint32_t unsettled = 0;
        snprintf(name, sizeof name, "f%llu.json", (unsigned long long)no);
        rh_hash(name, strlen(name), &hash);
        assert_int_equal(agent_spool_file(spool, name, &hash, &file), RH_OK);
        for (uint32_t i = 0; i < file.count; i++) {
            assert_int_equal(agent_spool_sent(spool, file.first_n + i, &sent), RH_OK);
            assert_int_equal(sent.file_no, no);
            unsettled += sent.settled_ms == 0 ? 1 : 0;
        }
        assert_int_equal(file.open, unsettled);
        uint64_t answered = no;
        bool listed = agent_spool_file_answered(spool, &answered, &file) == RH_OK &&
                      answered == no;
        assert_int_equal(listed, unsettled == 0);
    }
}

/* Every message at most once in the inbox, and none missing below the expected number. */
static void check_inbox(struct agent_spool *spool, const struct said *said)
{
    static uint8_t seen[SENDERS][65536];
    struct agent_got got;
    uint64_t arrival = 1;
    memset(seen, 0, sizeof seen);
    for (; agent_spool_got_next(spool, &arrival, &got) == RH_OK; arrival++) {
        unsigned sender = 0;
        while (strcmp(spool_senders[sender], got.sender.text) != 0)
            sender++;
        assert_true(got.pair_seq < sizeof seen[0]);
        assert_int_equal(seen[sender][got.pair_seq], 0);
        seen[sender][got.pair_seq] = 1;
    }
    for (unsigned sender = 0; sender < SENDERS; sender++) {
        enum agent_turn turn;
        uint64_t expected;
        fill_got(&got, generation_of(spool), sender, 1, 1);
        assert_int_equal(agent_spool_judge(spool, &got, &turn, &expected), RH_OK);
        if (said->generation == generation_of(spool))
            assert_true(expected >= said->expected[sender]);
        for (uint64_t seq = 1; seq < expected; seq++)
            assert_int_equal(seen[sender][seq], 1);
    }
}

static void test_spool_survives_kill_anywhere(void **state)
{
    (void)state;
    char *dir = fresh_dir();
    struct said said = { .generation = 1 };
    for (int round = 0; round < KILL_ROUNDS; round++) {
        int fds[2];
        uint64_t seed = rht_random_u64(&randomness);
        uint64_t commits = rht_random_below(&randomness, 25);
        struct timespec moment = { .tv_nsec = (long)rht_random_below(&randomness, 3000000) };
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            close(fds[0]);
            child_main(dir, fds[1], seed);
        }
        close(fds[1]);
        struct said next;
        for (uint64_t i = 0; i < commits; i++)
            if (read(fds[0], &next, sizeof next) == (ssize_t)sizeof next)
                said = next;
        nanosleep(&moment, NULL);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(fds[0], &next, sizeof next) == (ssize_t)sizeof next)
            said = next;
        close(fds[0]);

        struct agent_spool *spool = must_open(dir);
        uint64_t lease;
        check_outbox(spool, said.last_n);
        check_files(spool);
        check_inbox(spool, &said);
        agent_spool_raise_lease(spool, &lease);
        assert_true(lease > said.lease);
        agent_spool_close(&spool);
    }
    assert_true(said.last_n > 100);
    free(dir);
}

int main(void)
{
    rht_random_init(&randomness);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spool_survives_kill_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
