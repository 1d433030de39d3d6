/* LMDB behind the map: what happens when the world misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "support/rht.h"

enum { TABLES = 4 };

static const char *const names[TABLES] = { "referral", "queue", NULL, "deadline" };

static struct rh_bytes number_key(uint8_t out[8], uint64_t number)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)number;
        number >>= 8;
    }
    return (struct rh_bytes){ out, 8 };
}

static enum rh_err try_open(const char *path, uint64_t map_bytes, struct hub_store **out,
                            struct hub_store_report *report)
{
    struct hub_store_options options = { .path = path,
                                         .map_bytes = map_bytes,
                                         .tables = TABLES,
                                         .table_names = names,
                                         .create = true };
    report->text[0] = 0;
    return hub_store_open(out, &options, report);
}

static struct hub_store *must_open(const char *path, uint64_t map_bytes)
{
    struct hub_store *store = NULL;
    struct hub_store_report report;
    enum rh_err err = try_open(path, map_bytes, &store, &report);
    if (err != RH_OK)
        print_error("%s\n", report.text);
    assert_int_equal(err, RH_OK);
    return store;
}

static enum rh_err put(struct hub_store *store, unsigned table, uint64_t number,
                       const void *value, size_t bytes)
{
    uint8_t key[8];
    return hub_map_put(hub_store_map(store), table, number_key(key, number),
                       (struct rh_bytes){ value, bytes });
}

static enum rh_err get(struct hub_map *map, unsigned table, uint64_t number,
                       struct rh_bytes *value)
{
    uint8_t key[8];
    return hub_map_get(map, table, number_key(key, number), value);
}

static char *data_file(const char *path)
{
    char name[64];
    const char *last = strrchr(path, '/');
    (void)snprintf(name, sizeof name, "%.40s/data.mdb", last + 1);
    return rht_tmp_path(name);
}

/* A full map must cost the batch, not the store: the hub sheds load and goes on. */
static void test_store_full_map_is_full_and_abort_restores(void **state)
{
    (void)state;
    static const uint8_t value[2000] = { 1 };
    char *path = rht_tmp_path("full");
    struct hub_store *store = must_open(path, 1 << 20);
    assert_int_equal(put(store, 0, 1, "before", 6), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);

    uint64_t count = 0;
    enum rh_err err = RH_OK;
    while ((err = put(store, 1, count, value, sizeof value)) == RH_OK && count < 100000)
        count++;
    assert_int_equal(err, RH_ERR_FULL);
    assert_true(count > 100);
    struct rh_bytes found;
    assert_int_equal(get(hub_store_map(store), 0, 1, &found), RH_ERR_FULL);
    assert_int_equal(hub_store_commit(store), RH_ERR_FULL);
    assert_non_null(strstr(hub_store_report(store)->text, "MDB_MAP_FULL"));

    hub_store_abort(store);
    assert_int_equal(get(hub_store_map(store), 0, 1, &found), RH_OK);
    assert_memory_equal(found.data, "before", 6);
    uint64_t entries = 99;
    assert_int_equal(hub_store_entries(store, 1, &entries), RH_OK);
    assert_int_equal(entries, 0);
    assert_int_equal(put(store, 0, 2, "after", 5), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    hub_store_close(&store);
    free(path);
}

static void test_store_uncommitted_is_gone_after_reopen(void **state)
{
    (void)state;
    char *path = rht_tmp_path("reopen");
    struct hub_store *store = must_open(path, 1 << 20);
    assert_int_equal(put(store, 0, 1, "kept", 4), RH_OK);
    assert_int_equal(hub_store_pending(store), 1);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(hub_store_pending(store), 0);
    assert_int_equal(put(store, 0, 2, "lost", 4), RH_OK);
    hub_store_close(&store);
    hub_store_close(&store);

    store = must_open(path, 1 << 20);
    struct rh_bytes value;
    assert_int_equal(get(hub_store_map(store), 0, 1, &value), RH_OK);
    assert_int_equal(get(hub_store_map(store), 0, 2, &value), RH_ERR_NOTFOUND);
    hub_store_close(&store);
    free(path);
}

/* Flip one bit of every place where `needle` stands in a file; returns how many. */
static unsigned flip(const char *file, const char *needle)
{
    size_t bytes;
    char *data = rht_read_file(file, &bytes);
    size_t wanted = strlen(needle);
    unsigned found = 0;
    for (size_t i = 0; i + wanted <= bytes; i++) {
        if (memcmp(data + i, needle, wanted) == 0) {
            data[i + wanted / 2] ^= 4;
            found++;
        }
    }
    int fd = open(file, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, bytes, 0), (ssize_t)bytes);
    close(fd);
    free(data);
    return found;
}

struct findings {
    unsigned count;
    unsigned table;
    uint8_t key[8];
    char text[HUB_STORE_REPORT_BYTES];
};

static void note_finding(void *context, unsigned table, struct rh_bytes key,
                         const struct hub_store_report *report)
{
    struct findings *findings = context;
    findings->count++;
    findings->table = table;
    assert_int_equal(key.bytes, 8);
    memcpy(findings->key, key.data, 8);
    memcpy(findings->text, report->text, sizeof findings->text);
}

/* entries 0: however many a damaged page lets through. */
static struct findings scrub(struct hub_store *store, unsigned step, uint64_t entries)
{
    struct hub_store_reader *reader;
    struct hub_store_scrub walk = { 0 };
    struct findings findings = { 0 };
    assert_int_equal(hub_store_reader_open(store, &reader), RH_OK);
    unsigned steps = 0;
    while (!walk.done && steps++ < 100000)
        assert_int_equal(hub_store_scrub_step(reader, &walk, step, note_finding, &findings),
                         RH_OK);
    assert_true(walk.done);
    if (entries > 0)
        assert_int_equal(walk.entries, entries);
    assert_int_equal(walk.bad, findings.count);
    hub_store_reader_close(&reader);
    return findings;
}

/* LMDB itself would hand out the altered row: a referral with another holder, say. */
static void test_store_names_a_flipped_value_and_goes_on(void **state)
{
    (void)state;
    char *path = rht_tmp_path("flip");
    char *file = data_file(path);
    struct hub_store *store = must_open(path, 1 << 20);
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(put(store, 3, i, i == 300 ? "holder: court of A" : "other row", 9 +
                             (i == 300 ? 9 : 0)), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(scrub(store, 7, 500).count, 0);
    hub_store_close(&store);
    assert_true(flip(file, "holder: court of A") > 0);

    store = must_open(path, 1 << 20);
    struct rh_bytes value;
    assert_int_equal(get(hub_store_map(store), 3, 300, &value), RH_ERR_CORRUPT);
    const char *text = hub_store_report(store)->text;
    assert_non_null(strstr(text, "table 3 (deadline)"));
    assert_non_null(strstr(text, "000000000000012c"));

    /* The rest stays readable, the walk goes on behind it, the batch is not lost. */
    uint8_t key[8];
    struct rh_bytes at;
    assert_int_equal(hub_map_next(hub_store_map(store), 3, number_key(key, 300), &at, &value),
                     RH_ERR_CORRUPT);
    assert_int_equal(at.bytes, 8);
    assert_int_equal(get(hub_store_map(store), 3, 301, &value), RH_OK);
    struct findings findings = scrub(store, 7, 500);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.table, 3);
    assert_memory_equal(findings.key, number_key(key, 300).data, 8);
    assert_non_null(strstr(findings.text, "table 3 (deadline)"));
    assert_int_equal(put(store, 3, 300, "repaired", 8), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(scrub(store, 1, 500).count, 0);
    hub_store_close(&store);
    free(file);
    free(path);
}

/* A flipped key is not found under its old name; only the scrub can tell. */
static void test_store_scrub_finds_a_flipped_key(void **state)
{
    (void)state;
    char *path = rht_tmp_path("key");
    char *file = data_file(path);
    struct hub_store *store = must_open(path, 1 << 20);
    static const char *const keys[] = { "aaaa0001", "aaaa0002", "QQQQ0003", "aaaa0004" };
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(hub_map_put(hub_store_map(store), 0,
                                     (struct rh_bytes){ (const uint8_t *)keys[i], 8 },
                                     (struct rh_bytes){ (const uint8_t *)"row", 3 }),
                         RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    hub_store_close(&store);
    assert_true(flip(file, "aaaa0002") > 0);

    store = must_open(path, 1 << 20);
    struct findings findings = scrub(store, 1, 0);
    assert_true(findings.count >= 1);
    hub_store_close(&store);
    free(file);
    free(path);
}

static void fill(struct hub_store *store, uint64_t from, uint64_t to)
{
    static const uint8_t value[900] = { 9 };
    uint8_t key[8];
    for (uint64_t i = from; i < to; i++)
        assert_int_equal(hub_map_append(hub_store_map(store), 0, number_key(key, i),
                                        (struct rh_bytes){ value, sizeof value }),
                         RH_OK);
}

/* LMDB would map it and die of SIGBUS at some later read. */
static void test_store_refuses_a_truncated_file(void **state)
{
    (void)state;
    char *path = rht_tmp_path("short");
    char *file = data_file(path);
    struct hub_store *store = must_open(path, 16 << 20);
    fill(store, 0, 2000);
    assert_int_equal(hub_store_commit(store), RH_OK);
    hub_store_close(&store);

    struct stat status;
    assert_int_equal(stat(file, &status), 0);
    static const off_t cuts[] = { 1, 4096, 100 * 4096 };
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(truncate(file, status.st_size - cuts[i]), 0);
        struct hub_store_report report;
        assert_int_equal(try_open(path, 16 << 20, &store, &report), RH_ERR_CORRUPT);
        assert_non_null(strstr(report.text, "truncated"));
    }
    assert_int_equal(truncate(file, 5000), 0);
    struct hub_store_report report;
    assert_int_equal(try_open(path, 16 << 20, &store, &report), RH_ERR_CORRUPT);
    assert_non_null(strstr(report.text, "truncated"));
    free(file);
    free(path);
}

/* Pages taken and given back in one transaction are never written, so that a sound file can be
 * shorter than its meta page says. Refusing it would keep a healthy hub from starting. */
static void test_store_accepts_a_short_but_sound_file(void **state)
{
    (void)state;
    char *path = rht_tmp_path("sound");
    char *file = data_file(path);
    struct hub_store *store = must_open(path, 16 << 20);
    fill(store, 0, 10);
    /* The later rounds grow with old free pages at hand, where the free list itself fits. */
    for (uint64_t round = 1; round <= 4; round++) {
        fill(store, 10, round * 300);
        uint8_t key[8];
        for (uint64_t i = round * 300; i-- > 10;)
            assert_int_equal(hub_map_del(hub_store_map(store), 0, number_key(key, i)), RH_OK);
        assert_int_equal(hub_store_commit(store), RH_OK);
    }
    struct hub_store_usage usage;
    assert_int_equal(hub_store_usage(store, &usage), RH_OK);
    struct stat status;
    assert_int_equal(stat(file, &status), 0);
    assert_true((uint64_t)status.st_size < usage.high_bytes); /* or this test shows nothing */
    hub_store_close(&store);

    /* Cut further, a page at a time: refused as soon as one page in use is gone, and as long
     * as it is accepted every row must be readable. */
    size_t bytes;
    char *data = rht_read_file(file, &bytes);
    unsigned refused = 0;
    for (size_t cut = 4096; cut < bytes; cut += 4096) {
        struct hub_store_report report;
        assert_int_equal(truncate(file, (off_t)(bytes - cut)), 0);
        if (try_open(path, 16 << 20, &store, &report) == RH_OK) {
            assert_int_equal(refused, 0);
            assert_int_equal(scrub(store, 100, 10).count, 0);
            hub_store_close(&store);
        } else {
            assert_non_null(strstr(report.text, "truncated"));
            refused++;
        }
    }
    assert_true(refused > 0);
    rht_write_file(file, data, bytes);
    free(data);

    store = must_open(path, 16 << 20);
    assert_int_equal(scrub(store, 100, 10).count, 0);
    fill(store, 10, 500);
    assert_int_equal(hub_store_commit(store), RH_OK);
    hub_store_close(&store);
    free(file);
    free(path);
}

static void test_store_refuses_what_is_not_a_store(void **state)
{
    (void)state;
    char *path = rht_tmp_path("garbage");
    char *file = data_file(path);
    assert_int_equal(mkdir(path, 0700), 0);
    static char garbage[20000];
    memset(garbage, 'x', sizeof garbage);
    rht_write_file(file, garbage, sizeof garbage);
    struct hub_store *store = NULL;
    struct hub_store_report report;
    assert_int_equal(try_open(path, 1 << 20, &store, &report), RH_ERR_CORRUPT);
    assert_non_null(strstr(report.text, "meta page"));
    assert_null(store);

    struct hub_store_options options = { .path = "/nowhere/at/all", .tables = TABLES };
    assert_int_equal(hub_store_open(&store, &options, &report), RH_ERR_NOTFOUND);
    free(file);
    free(path);
}

/* Two writers, or one process with the file open twice, would corrupt it in silence. */
static void test_store_refuses_a_second_open(void **state)
{
    (void)state;
    char *path = rht_tmp_path("twice");
    struct hub_store *store = must_open(path, 1 << 20);
    struct hub_store *second = NULL;
    struct hub_store_report report;
    assert_int_equal(try_open(path, 1 << 20, &second, &report), RH_ERR_DENIED);
    assert_non_null(strstr(report.text, "already open"));

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(try_open(path, 1 << 20, &second, &report) == RH_ERR_DENIED ? 0 : 1);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    hub_store_close(&store);
    store = must_open(path, 1 << 20);
    hub_store_close(&store);
    free(path);
}

/* An operator's page must show one moment, whatever the engine does meanwhile. */
static void test_store_reader_keeps_its_snapshot(void **state)
{
    (void)state;
    char *path = rht_tmp_path("reader");
    struct hub_store *store = must_open(path, 4 << 20);
    struct hub_store_reader *reader;
    struct rh_bytes value;
    uint64_t entries;
    assert_int_equal(put(store, 0, 1, "old", 3), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(hub_store_reader_open(store, &reader), RH_OK);
    struct hub_map *map = hub_store_reader_map(reader);

    assert_int_equal(hub_store_reader_refresh(reader), RH_OK);
    assert_int_equal(put(store, 0, 1, "new", 3), RH_OK);
    assert_int_equal(put(store, 0, 2, "new", 3), RH_OK);
    assert_int_equal(get(map, 0, 1, &value), RH_OK); /* not committed */
    assert_memory_equal(value.data, "old", 3);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(get(map, 0, 1, &value), RH_OK); /* committed later */
    assert_memory_equal(value.data, "old", 3);
    assert_int_equal(get(map, 0, 2, &value), RH_ERR_NOTFOUND);
    assert_int_equal(hub_store_reader_entries(reader, 0, &entries), RH_OK);
    assert_int_equal(entries, 1);
    struct hub_store_usage usage;
    assert_int_equal(hub_store_usage(store, &usage), RH_OK);
    assert_int_equal(usage.reader_lag, 1);
    assert_int_equal(usage.readers, 1);

    assert_int_equal(hub_store_reader_refresh(reader), RH_OK);
    assert_int_equal(get(map, 0, 1, &value), RH_OK);
    assert_memory_equal(value.data, "new", 3);
    assert_int_equal(hub_map_put(map, 0, (struct rh_bytes){ (const uint8_t *)"k", 1 }, value),
                     RH_ERR_DENIED);
    assert_int_equal(hub_map_del(map, 0, (struct rh_bytes){ (const uint8_t *)"k", 1 }),
                     RH_ERR_DENIED);
    hub_store_reader_release(reader);
    assert_int_equal(hub_store_usage(store, &usage), RH_OK);
    assert_int_equal(usage.reader_lag, 0);
    hub_store_reader_close(&reader);
    hub_store_reader_close(&reader);
    hub_store_close(&store);
    free(path);
}

static void test_store_has_room_for_64_readers(void **state)
{
    (void)state;
    char *path = rht_tmp_path("many");
    struct hub_store *store = must_open(path, 1 << 20);
    struct hub_store_reader *readers[HUB_STORE_READERS_MAX];
    struct hub_store_reader *one_more = NULL;
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX; i++) {
        assert_int_equal(hub_store_reader_open(store, &readers[i]), RH_OK);
        assert_int_equal(hub_store_reader_refresh(readers[i]), RH_OK);
    }
    assert_int_equal(hub_store_reader_open(store, &one_more), RH_ERR_FULL);
    struct hub_store_usage usage;
    assert_int_equal(hub_store_usage(store, &usage), RH_OK);
    for (unsigned i = 0; i < HUB_STORE_READERS_MAX; i++)
        hub_store_reader_close(&readers[i]);
    assert_int_equal(hub_store_reader_open(store, &one_more), RH_OK);
    hub_store_reader_close(&one_more);
    hub_store_close(&store);
    free(path);
}

struct reading {
    struct hub_store *store;
    unsigned seen; /* snapshots looked at */
    bool uneven;   /* two rows of one commit differed */
    uint64_t last;
};

static void *read_on(void *context)
{
    struct reading *reading = context;
    struct hub_store_reader *reader;
    if (hub_store_reader_open(reading->store, &reader) != RH_OK)
        return NULL;
    while (reading->last < 300) {
        struct rh_bytes a;
        struct rh_bytes b;
        if (hub_store_reader_refresh(reader) != RH_OK)
            break;
        if (get(hub_store_reader_map(reader), 0, 1, &a) == RH_OK &&
            get(hub_store_reader_map(reader), 1, 1, &b) == RH_OK) {
            uint64_t first;
            uint64_t second;
            memcpy(&first, a.data, 8);
            memcpy(&second, b.data, 8);
            reading->uneven = reading->uneven || first != second || first + 1 < reading->last;
            if (first > reading->last)
                reading->last = first;
            reading->seen++;
        }
        hub_store_reader_release(reader);
    }
    hub_store_reader_close(&reader);
    return NULL;
}

/* Readers in other threads see whole commits, never half of one, and never go back further
 * than the one commit that store.h speaks of. */
static void test_store_readers_see_whole_commits(void **state)
{
    (void)state;
    char *path = rht_tmp_path("threads");
    /* Room for every commit: a reader that is not scheduled for long keeps pages from reuse. */
    struct hub_store *store = must_open(path, 64 << 20);
    struct reading readings[2] = { { .store = store }, { .store = store } };
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readings[i]), 0);
    for (uint64_t i = 1; i <= 300; i++) {
        assert_int_equal(put(store, 0, 1, &i, 8), RH_OK);
        assert_int_equal(put(store, 1, 1, &i, 8), RH_OK);
        assert_int_equal(hub_store_commit(store), RH_OK);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(readings[i].uneven);
        assert_int_equal(readings[i].last, 300);
    }
    hub_store_close(&store);
    free(path);
}

/* Intake stops at a watermark of the use, so use must fall again when rows go. */
static void test_store_usage_rises_and_falls(void **state)
{
    (void)state;
    char *path = rht_tmp_path("usage");
    struct hub_store *store = must_open(path, 8 << 20);
    struct hub_store_usage empty;
    struct hub_store_usage full;
    struct hub_store_usage drained;
    assert_int_equal(hub_store_usage(store, &empty), RH_OK);
    assert_int_equal(empty.map_bytes, 8 << 20);
    assert_true(empty.disk_bytes > 0);
    fill(store, 0, 4000);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(hub_store_usage(store, &full), RH_OK);
    assert_true(full.used_percent > 40 && full.used_percent <= 100);
    uint8_t key[8];
    for (uint64_t i = 0; i < 4000; i++)
        assert_int_equal(hub_map_del(hub_store_map(store), 0, number_key(key, i)), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    assert_int_equal(hub_store_usage(store, &drained), RH_OK);
    assert_true(drained.used_percent < 10);
    assert_true(drained.high_bytes >= full.high_bytes);
    hub_store_close(&store);
    free(path);
}

/* A backup taken while the engine holds its transaction open is the last commit, whole. */
static void test_store_copy_is_the_last_commit(void **state)
{
    (void)state;
    char *path = rht_tmp_path("origin");
    char *copy = rht_tmp_path("copy");
    struct hub_store_report report = { "" };
    struct hub_store *store = must_open(path, 8 << 20);
    fill(store, 0, 1000);
    assert_int_equal(hub_store_commit(store), RH_OK);
    fill(store, 1000, 1100);
    assert_int_equal(hub_store_copy(store, copy, &report), RH_OK);
    assert_int_equal(hub_store_copy(store, copy, &report), RH_ERR_EXISTS);
    assert_int_equal(hub_store_commit(store), RH_OK);
    struct hub_store *other = must_open(copy, 8 << 20);
    assert_int_equal(scrub(other, 300, 1000).count, 0);
    hub_store_close(&other);
    hub_store_close(&store);
    free(copy);
    free(path);
}

/* A device that stops writing: the commit fails, nothing works after it, and what was
 * committed before is there after a restart. A limit on the file's size stands in for the full
 * disk; in a child, so that the limit stays there. */
static int commit_on_a_full_disk(const char *path)
{
    struct hub_store *store = NULL;
    struct hub_store_report report;
    struct rh_bytes value;
    if (try_open(path, 16 << 20, &store, &report) != RH_OK)
        return 1;
    struct rlimit limit = { 200 * 4096, 200 * 4096 };
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    static const uint8_t big[3000] = { 5 };
    for (uint64_t i = 0; i < 500; i++)
        if (put(store, 1, i, big, sizeof big) != RH_OK)
            return 3;
    if (hub_store_commit(store) != RH_ERR_IO)
        return 4;
    hub_store_abort(store);
    if (put(store, 0, 2, "x", 1) != RH_ERR_IO || hub_store_commit(store) != RH_ERR_IO ||
        get(hub_store_map(store), 0, 1, &value) != RH_ERR_IO)
        return 5;
    hub_store_close(&store);
    return 0;
}

static void test_store_failed_write_is_final(void **state)
{
    (void)state;
    char *path = rht_tmp_path("device");
    struct hub_store *store = must_open(path, 16 << 20);
    assert_int_equal(put(store, 0, 1, "before", 6), RH_OK);
    assert_int_equal(hub_store_commit(store), RH_OK);
    hub_store_close(&store);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(commit_on_a_full_disk(path));
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);

    store = must_open(path, 16 << 20);
    struct rh_bytes value;
    assert_int_equal(get(hub_store_map(store), 0, 1, &value), RH_OK);
    assert_int_equal(scrub(store, 100, 1).count, 0);
    hub_store_close(&store);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_full_map_is_full_and_abort_restores),
        cmocka_unit_test(test_store_uncommitted_is_gone_after_reopen),
        cmocka_unit_test(test_store_names_a_flipped_value_and_goes_on),
        cmocka_unit_test(test_store_scrub_finds_a_flipped_key),
        cmocka_unit_test(test_store_refuses_a_truncated_file),
        cmocka_unit_test(test_store_accepts_a_short_but_sound_file),
        cmocka_unit_test(test_store_refuses_what_is_not_a_store),
        cmocka_unit_test(test_store_refuses_a_second_open),
        cmocka_unit_test(test_store_reader_keeps_its_snapshot),
        cmocka_unit_test(test_store_has_room_for_64_readers),
        cmocka_unit_test(test_store_readers_see_whole_commits),
        cmocka_unit_test(test_store_usage_rises_and_falls),
        cmocka_unit_test(test_store_copy_is_the_last_commit),
        cmocka_unit_test(test_store_failed_write_is_final),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
