/* What the next due item costs by how many deadlines are open.
 *
 * A hub is filled through its own core (rht_fill) and its store is then given more and more
 * entries in the two tables that hold clocks, wake and due, with instants far ahead, committed
 * as always. At each size four things are timed, each by itself:
 *
 *     next due   hub_views_wake_first: what the engine asks in every turn
 *     overdue    hub_views_due_next from the front: what an operator's board begins with
 *     moved      one clock at a random place of the index put off to another random instant:
 *                two keys taken out, two put in
 *     fired      hub_engine_fire of one real timer: decided, recorded, applied, armed again;
 *                without the sync that a whole turn shares
 *
 * All four descend a tree: they may grow with its depth, not with its size.
 *
 *     bench_due DIR RULES [DEADLINES_MAX]     default 1000000; 10000000 wants about 2 GB */
#include "assembly/assembly.h"
#include "support/fill.h"
#include "support/rht.h"
#include "views/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 2000, ASKED = 32, FIRED = 400, COMMIT_EVERY = 20000 };

static const uint64_t FAR_MS = UINT64_C(4102444800000); /* 2100-01-01: nothing real lies there */
static const uint64_t FIRST_RNO = UINT64_C(1) << 40;    /* numbers no referral of this hub has */
enum { STEP_MS = 4096 };

static struct hub_assembly assembly;
static struct rht_random source;
static double took[SAMPLES];

static void must(enum rh_err err, const char *what)
{
    if (err == RH_OK)
        return;
    fprintf(stderr, "bench_due: %s: %s %s\n", what, rh_err_text(err), assembly.report);
    exit(1);
}

static double now_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(uint32_t count)
{
    qsort(took, count, sizeof took[0], by_value);
    return count == 0 ? 0 : took[count / 2];
}

static struct hub_map *map(void)
{
    return hub_engine_views(assembly.engine)->map;
}

/* ---- the index ------------------------------------------------------------------------- */

static struct rh_bytes owed_by(void)
{
    static const uint8_t agency[4] = { 0, 0, 0, 3 };
    return (struct rh_bytes){ agency, sizeof agency };
}

static void put_clock(uint64_t at_ms, uint64_t rno)
{
    const struct hub_key wake = hub_key_u64_u64(at_ms, rno);
    const struct hub_key due = hub_key_due(at_ms, rno, 1);
    must(hub_map_put(map(), HUB_TABLE_WAKE, hub_key_view(&wake), (struct rh_bytes){ 0 }),
         "wake");
    must(hub_map_put(map(), HUB_TABLE_DUE, hub_key_view(&due), owed_by()), "due");
}

static void take_clock(uint64_t at_ms, uint64_t rno)
{
    const struct hub_key wake = hub_key_u64_u64(at_ms, rno);
    const struct hub_key due = hub_key_due(at_ms, rno, 1);
    must(hub_map_del(map(), HUB_TABLE_WAKE, hub_key_view(&wake)), "wake");
    must(hub_map_del(map(), HUB_TABLE_DUE, hub_key_view(&due)), "due");
}

/* Clock i stands at FAR_MS + i * STEP_MS. Table by table, so that keys come in order. */
static void grow(uint64_t from, uint64_t to)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint64_t i = from; i < to; i++) {
            const uint64_t at_ms = FAR_MS + i * STEP_MS;
            const struct hub_key key = pass == 0 ? hub_key_u64_u64(at_ms, FIRST_RNO + i)
                                                 : hub_key_due(at_ms, FIRST_RNO + i, 1);
            must(hub_map_append(map(), pass == 0 ? HUB_TABLE_WAKE : HUB_TABLE_DUE,
                                hub_key_view(&key),
                                pass == 0 ? (struct rh_bytes){ 0 } : owed_by()),
                 "filling");
            if (i % COMMIT_EVERY == 0)
                must(hub_store_commit(assembly.store), "commit");
        }
    }
    must(hub_store_commit(assembly.store), "commit");
}

/* ---- what is timed --------------------------------------------------------------------- */

/* Too short for the clock alone: a sample is the mean of ASKED of them. */
static double time_next(void)
{
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t at_ms, rno;
        const double start = now_us();
        for (uint32_t a = 0; a < ASKED; a++)
            must(hub_views_wake_first(map(), &at_ms, &rno), "the next due");
        took[i] = (now_us() - start) / ASKED;
    }
    return median(SAMPLES);
}

static double time_board(void)
{
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint64_t end_ms, rno;
        uint32_t serial, owed;
        const double start = now_us();
        for (uint32_t a = 0; a < ASKED; a++) {
            struct hub_cursor cursor = { .bytes = 0 };
            must(hub_views_due_next(map(), &cursor, &end_ms, &rno, &serial, &owed),
                 "the board");
        }
        took[i] = (now_us() - start) / ASKED;
    }
    return median(SAMPLES);
}

/* A moved clock goes back to its place afterwards, so that every size finds the same index. */
static double time_move(uint64_t count)
{
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const uint64_t which = rht_random_below(&source, count);
        const uint64_t to = FAR_MS + rht_random_below(&source, count) * STEP_MS + 1;
        const uint64_t at_ms = FAR_MS + which * STEP_MS;
        const double start = now_us();
        take_clock(at_ms, FIRST_RNO + which);
        put_clock(to, FIRST_RNO + which);
        took[i] = now_us() - start;
        take_clock(to, FIRST_RNO + which);
        put_clock(at_ms, FIRST_RNO + which);
    }
    must(hub_store_commit(assembly.store), "commit");
    return median(SAMPLES);
}

/* The clock is put to the instant of the next timer, again and again. */
static double time_fire(uint32_t *count)
{
    for (*count = 0; *count < FIRED;) {
        uint64_t at_ms, rno;
        uint32_t fired = 0;
        must(hub_views_wake_first(map(), &at_ms, &rno), "the next timer");
        if (at_ms >= FAR_MS)
            break;
        if (at_ms > hub_engine_now(assembly.engine))
            must(hub_engine_steer(assembly.engine, at_ms, 0, "bench(0)"), "steering");
        must(hub_engine_finish(assembly.engine), "finish");
        const double start = now_us();
        must(hub_engine_fire(assembly.engine, 1, &fired), "firing");
        took[*count] = now_us() - start;
        *count += fired;
        must(hub_engine_finish(assembly.engine), "finish");
        must(hub_engine_settle(assembly.engine), "settle");
        must(hub_assembly_idle(&assembly), "idle");
    }
    return median(*count);
}

static void measure(uint64_t count)
{
    struct hub_store_usage usage;
    uint32_t fired = 0;
    const double next = time_next(), board = time_board(), move = time_move(count),
                 fire = time_fire(&fired);
    must(hub_store_usage(assembly.store, &usage), "usage");
    printf("%12llu %12.2f %12.2f %12.2f %12.1f %10.0f", (unsigned long long)count, next, board,
           move, fire, (double)usage.used_bytes / 1048576);
    printf(fired < FIRED ? "   (%u timers)\n" : "\n", fired);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: bench_due DIR RULES [DEADLINES_MAX]\n", stderr);
        return 64;
    }
    const uint64_t most = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000000;
    char data[RHT_FILL_PATH_BYTES], keys[RHT_FILL_PATH_BYTES];
    snprintf(data, sizeof data, "%s/data", argv[1]);
    snprintf(keys, sizeof keys, "%s/keys", argv[1]);
    const struct rht_fill_options fill = { .dir = argv[1], .rules_dir = argv[2],
                                           .referrals = 4000, .seed = 1,
                                           .map_bytes = UINT64_C(16) << 30 };
    static struct rht_fill_result filled;
    rht_random_init(&source);
    rht_fill(&fill, &filled);
    const struct hub_options options = { .data_dir = data, .keys_dir = keys,
                                         .rules_dir = argv[2], .hub_id = "test.fill",
                                         .endpoint = "tcp://127.0.0.1:5550", .test_clock = true,
                                         .map_bytes = UINT64_C(16) << 30 };
    must(hub_assembly_open(&assembly, &options), "open");
    puts("the next due item, medians in microseconds");
    printf("%12s %12s %12s %12s %12s %10s\n", "open", "next due", "overdue", "moved", "fired",
           "store MB");
    uint64_t have = 0;
    for (uint64_t count = 10000; count <= most; count *= 10) {
        grow(have, count);
        have = count;
        measure(count);
    }
    hub_assembly_close(&assembly);
    return 0;
}
