/* The engine alone, sockets left out: registrations and forwards per second through decide,
 * apply, journal, tree, signature and views, by how many wait in one turn; next to what the
 * disk gives for a sync of the same size. Prints a table and ratios; never a verdict.
 *
 *     bench_engine DIR RULES [SECONDS]
 *     bench_engine DIR RULES items N   N items in turns of 256 and no table: for counting the
 *                                      instructions of each (README.md)
 */
#include "assembly/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Programs that count instructions have no room for the ordinary map. */
#define COUNTED_MAP (UINT64_C(2) << 30)

struct sender {
    uint32_t no;
    struct rh_agency_id id;
    struct rh_epoch epoch;
    struct rh_sign_secret key;
    uint64_t next_n;
};

static struct hub_assembly assembly;
static struct rh_frame_bundle bundle;
static struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
static struct rh_frame_confirm confirm;
static uint8_t frame[RH_FRAME_BYTES_MAX];

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(enum rh_err err, const char *what)
{
    if (err == RH_OK)
        return;
    fprintf(stderr, "bench_engine: %s: %s %s\n", what, rh_err_text(err), assembly.report);
    exit(1);
}

static struct sender enrol(const char *id, const char *role)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY, .operator_name = "bench(0)",
                                   .reason = "bench" };
    struct sender sender = { .next_n = 1 };
    must(rh_agency_id_parse(id, strlen(id), &command.agency.id), "id");
    sender.id = command.agency.id;
    snprintf(command.agency.role, sizeof command.agency.role, "%s", role);
    snprintf(command.agency.area, sizeof command.agency.area, "620423");
    snprintf(command.agency.name_zh, sizeof command.agency.name_zh, "%s", id);
    snprintf(command.agency.card.owner, sizeof command.agency.card.owner, "%s", id);
    command.agency.state = HUB_AGENCY_ACTIVE;
    for (int use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        rh_secret_generate((enum rh_key_use)use, id, &secret);
        command.agency.card.present[use] = true;
        memcpy(command.agency.card.keys[use], secret.public_key, 32);
        if (use == RH_KEY_SIGN)
            memcpy(sender.key.bytes, secret.secret, sizeof sender.key.bytes);
    }
    struct hub_command_result result;
    must(hub_engine_command(assembly.engine, &command, &result), "enrol");
    sender.no = result.agency;
    rh_random(&sender.epoch, sizeof sender.epoch);
    struct rh_hello hello = { .suite = RH_SUITE_ED25519, .agency = sender.id,
                              .hub = *hub_engine_hub(assembly.engine), .epoch = sender.epoch };
    uint8_t bytes[2048];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    must(rh_hello_encode(&hello, &writer), "hello");
    struct rh_signature none = { { 0 } };
    struct hub_offer_result taken;
    must(hub_engine_hello(assembly.engine, sender.no, &hello,
                          (struct rh_bytes){ bytes, writer.bytes }, &none, &taken),
         "hello");
    must(hub_engine_finish(assembly.engine), "finish");
    return sender;
}

/* `count` items: a registration, then its forward, and so on; bodies of `body_bytes`. */
static void make_bundle(uint32_t count, size_t body_bytes)
{
    static uint8_t body[64 * 1024];
    static const uint8_t no_keys[] = { 0x90 };
    struct rh_referral_id referral = { { 0 } };
    size_t used = 0;
    uint64_t now_ms = hub_engine_now(assembly.engine);
    for (uint32_t i = 0; i < count; i++) {
        struct rh_public part = { .kind = i % 2 == 0 ? RH_KIND_REGISTER : RH_KIND_FORWARD };
        uint8_t random[20];
        rh_random(random, sizeof random);
        rh_id_make(part.message_id.bytes, now_ms, random);
        if (i % 2 == 0)
            rh_id_make(referral.bytes, now_ms, random + 10);
        part.referral_id = referral;
        if (i % 2 == 0) {
            snprintf(part.procedure, sizeof part.procedure, "p12309");
            snprintf(part.category, sizeof part.category, "judicial.procuratorial");
            snprintf(part.area, sizeof part.area, "620423");
            snprintf(part.source, sizeof part.source, "visit");
        } else {
            must(rh_agency_id_parse("procuratorate.620423", 20, &part.to), "to");
        }
        struct rh_writer writer;
        rh_writer_init(&writer, frame + used, sizeof frame - used);
        must(rh_public_encode(&part, &writer), "public");
        struct rh_item *item = &bundle.items[i];
        memset(item, 0, sizeof *item);
        item->public_part = (struct rh_bytes){ writer.data, writer.bytes };
        used += writer.bytes;
        item->keys = (struct rh_bytes){ no_keys, sizeof no_keys };
        rh_random(item->salt, sizeof item->salt);
        item->body = (struct rh_bytes){ body, body_bytes };
        rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
        rh_item_digest(item, &digests[i]);
    }
    bundle.count = count;
}

static uint64_t submit(struct sender *sender, uint32_t count)
{
    struct rh_bundle_header header = { .suite = RH_SUITE_ED25519, .sender = sender->id,
                                       .hub = *hub_engine_hub(assembly.engine),
                                       .epoch = sender->epoch, .first_n = sender->next_n,
                                       .count = count };
    rh_bundle_root(digests, count, &header.root);
    uint8_t bytes[512];
    struct rh_writer writer;
    rh_writer_init(&writer, bytes, sizeof bytes);
    must(rh_bundle_header_encode(&header, &writer), "header");
    bundle.header = (struct rh_bytes){ bytes, writer.bytes };
    rh_sign("rhub/bundle/1", bytes, writer.bytes, &sender->key, &bundle.signature);
    struct hub_offer_result result;
    must(hub_engine_offer(assembly.engine, sender->no, &header, &bundle, digests, NULL,
                          &result),
         "offer");
    if (result.answer != HUB_ANSWER_TAKEN) {
        fprintf(stderr, "bench_engine: not taken: %d RH-%u\n", (int)result.answer,
                result.refusal);
        exit(1);
    }
    sender->next_n += count;
    return result.first_index;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

struct figures {
    double per_second, p50_ms, p99_ms, cpu_us;
};

static double cpu_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void one_turn(struct sender *sender, uint32_t count)
{
    uint64_t first = submit(sender, count);
    must(hub_engine_finish(assembly.engine), "finish");
    must(hub_engine_confirm(assembly.engine, sender->next_n - count, first, count, &confirm),
         "confirm");
}

static struct figures run(struct sender *sender, uint32_t count, double seconds)
{
    enum { TURNS_MAX = 100000 };
    static double turns[TURNS_MAX];
    uint32_t turn = 0;
    double busy = 0, cpu = 0, end = now_s() + seconds;
    uint64_t items = 0;
    while (now_s() < end && turn < TURNS_MAX) {
        make_bundle(count, 1024);
        double start = now_s(), start_cpu = cpu_s();
        one_turn(sender, count);
        turns[turn] = now_s() - start;
        must(hub_engine_settle(assembly.engine), "settle");
        busy += now_s() - start;
        cpu += cpu_s() - start_cpu;
        turn++;
        items += count;
        must(hub_assembly_idle(&assembly), "idle");
    }
    qsort(turns, turn, sizeof turns[0], by_value);
    return (struct figures){ (double)items / busy, turns[turn / 2] * 1e3,
                             turns[turn * 99 / 100] * 1e3, cpu / (double)items * 1e6 };
}

/* Median of one 4 KiB write and fdatasync into a file written ahead. */
static double disk_ms(const char *dir)
{
    char path[4096];
    static uint8_t block[4096];
    double times[400];
    snprintf(path, sizeof path, "%s/disk", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < 400 && pwrite(fd, block, sizeof block, i * 4096) > 0; i++)
        continue;
    fsync(fd);
    memset(block, 1, sizeof block);
    for (int i = 0; i < 400; i++) {
        double start = now_s();
        if (pwrite(fd, block, sizeof block, i * 4096) < 0 || fdatasync(fd) != 0)
            exit(1);
        times[i] = now_s() - start;
    }
    close(fd);
    unlink(path);
    qsort(times, 400, sizeof times[0], by_value);
    return times[200] * 1e3;
}

static void table(struct sender *sender, const char *dir, double seconds)
{
    static const uint32_t counts[] = { 2, 64, 256 };
    printf("%8s %10s %10s %10s %10s %12s\n", "in turn", "items/s", "p50 ms", "p99 ms", "cpu us",
           "p50 / sync");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        double sync = disk_ms(dir);
        struct figures got = run(sender, counts[i], seconds);
        printf("%8u %10.0f %10.2f %10.2f %10.1f %12.1f\n", counts[i], got.per_second,
               got.p50_ms, got.p99_ms, got.cpu_us, got.p50_ms / sync);
    }
}

int main(int argc, char **argv)
{
    enum { COUNTED_TURN = 256 };
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: bench_engine DIR RULES [SECONDS | items N]\n");
        return 64;
    }
    uint64_t items = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 2;
    char data[4096], keys[4096], report[512];
    snprintf(data, sizeof data, "%s/data", argv[1]);
    snprintf(keys, sizeof keys, "%s/keys", argv[1]);
    if (mkdir(argv[1], 0700) != 0 && errno != EEXIST)
        return 73;
    const struct hub_options options = { .data_dir = data, .keys_dir = keys,
                                         .rules_dir = argv[2], .hub_id = "test.bench",
                                         .endpoint = "tcp://127.0.0.1:1",
                                         .map_bytes = items > 0 ? COUNTED_MAP : 0 };
    must(hub_assembly_init(&options, report, sizeof report), "init");
    must(hub_assembly_open(&assembly, &options), "open");
    struct sender sender = enrol("petitions.620423", "petitions");
    enrol("procuratorate.620423", "procuratorate");
    for (uint64_t done = 0; done < items; done += COUNTED_TURN) {
        make_bundle(COUNTED_TURN, 1024);
        one_turn(&sender, COUNTED_TURN);
        must(hub_engine_settle(assembly.engine), "settle");
    }
    if (items == 0)
        table(&sender, argv[1], seconds);
    hub_assembly_close(&assembly);
    return 0;
}
