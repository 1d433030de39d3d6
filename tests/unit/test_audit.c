/* The auditor's tool on honest logs, and on logs that met an accident or a clumsy hand: bits
 * flipped, files lost, frames moved. */
#include "unit/audit_kit.h"

#include "audit/receipt_file.h"

#include <dirent.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLIPS = 30, SEGMENTS_MAX = 32, BLOCK = 4096 };

static struct rht_log small, large, real;

static int set_up(void **state)
{
    (void)state;
    rht_audit_make(&small, "small", 240, RHT_LOG_RENEWED);
    rht_audit_make(&real, "real", 300, RHT_LOG_REAL);
    rht_audit_make(&large, "large", 1700, RHT_LOG_PLAIN);
    return 0;
}

/* ---- files ------------------------------------------------------------------------------ */

struct segments {
    size_t count;
    char paths[SEGMENTS_MAX][RHT_AUDIT_PATH_BYTES];
    char *data;   /* of the one read last */
    size_t bytes; /* in use: zeros behind */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list_segments(const char *data, struct segments *out)
{
    char dir_path[RHT_AUDIT_PATH_BYTES];
    memset(out, 0, sizeof *out);
    snprintf(dir_path, sizeof dir_path, "%s/journal", data);
    DIR *dir = opendir(dir_path);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strncmp(entry->d_name, "segment-", 8) != 0)
            continue;
        assert_in_range(out->count, 0, SEGMENTS_MAX - 1);
        int bytes = snprintf(out->paths[out->count++], RHT_AUDIT_PATH_BYTES, "%s/%s", dir_path,
                             entry->d_name);
        assert_in_range(bytes, 1, RHT_AUDIT_PATH_BYTES - 1);
    }
    closedir(dir);
    qsort(out->paths, out->count, sizeof out->paths[0], by_name);
}

static void read_segment(struct segments *segments, size_t which)
{
    free(segments->data);
    segments->data = rht_read_file(segments->paths[which], &segments->bytes);
}

static size_t used_bytes(const struct segments *segments)
{
    size_t used = segments->bytes;
    while (used > 0 && segments->data[used - 1] == '\0')
        used--;
    return used;
}

/* ---- honest logs ------------------------------------------------------------------------- */

static void test_audit_accepts_an_honest_log(void **state)
{
    (void)state;
    json_t *printed;
    assert_int_equal(rht_audit_verify(&small, small.data, &printed), RH_EXIT_OK);
    assert_true(json_is_true(json_object_get(printed, "ok")));
    assert_int_equal(rht_number(printed, "records"), small.made.records);
    assert_int_equal(rht_number(printed, "proven_records"), small.made.records);
    assert_int_equal(rht_number(printed, "unproven_records"), 0);
    assert_int_equal(rht_number(printed, "generations"), 2);
    assert_int_equal(rht_number(printed, "items"), small.made.items);
    assert_int_equal(rht_number(printed, "bundles"), small.made.bundles);
    /* every bundle and every first hello (a known epoch is not recorded again) */
    assert_int_equal(rht_number(printed, "signatures"), small.made.bundles + 4);
    assert_int_equal(json_array_size(json_object_get(printed, "findings")), 0);
    json_decref(printed);
}

/* The journal alone, with no key but its own: consistent, and said to be no more than that. */
static void drop_card(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.copy.hub_card = NULL;
}

static void test_audit_says_what_it_cannot_know(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES], journal[RHT_AUDIT_PATH_BYTES], log[RHT_AUDIT_PATH_BYTES];
    char aside[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    rht_audit_copy(&small, "alone", copy);
    assert_in_range(snprintf(journal, sizeof journal, "%s/journal", copy), 1, 599);
    assert_in_range(snprintf(log, sizeof log, "%s/log", copy), 1, 599);
    assert_in_range(snprintf(aside, sizeof aside, "%s/elsewhere", copy), 1, 599);
    assert_int_equal(rename(log, aside), 0);
    assert_int_equal(rht_audit_run(hub_verb_verify, &small, journal, drop_card, NULL, &printed),
                     RH_EXIT_OK);
    assert_non_null(rht_finding(printed, "no_card"));
    assert_non_null(rht_finding(printed, "no_checkpoint"));
    assert_int_equal(rht_number(printed, "proven_records"), 0);
    assert_string_equal(json_string_value(json_object_get(printed, "hub_key_from")), "journal");
    json_decref(printed);
}

static void ask_redecide(struct hub_verb_options *options, void *arg)
{
    (void)arg;
    options->pass.redecide = true;
}

/* The hub decided by its rules, event for event, and its recorded digest is the replayed
 * one. */
static void test_audit_decides_again_to_the_same(void **state)
{
    (void)state;
    json_t *printed;
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &large, large.data, ask_redecide, NULL, &printed),
        RH_EXIT_OK);
    const json_t *about = json_object_get(printed, "state");
    assert_true(json_is_true(json_object_get(about, "complete")));
    assert_in_range(rht_number(about, "digests_equal"), 1, 10);
    assert_in_range(rht_number(about, "redecided"), large.made.items, large.made.records);
    assert_int_equal(rht_number(about, "redecided_differently"), 0);
    assert_in_range(rht_number(about, "deadlines_derived"), large.made.referrals, UINT32_MAX);
    json_decref(printed);
}

/* The same on a clock that ticks between decision and record. */
static void test_audit_decides_again_on_a_real_clock(void **state)
{
    (void)state;
    json_t *printed;
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &real, real.data, ask_redecide, NULL, &printed),
        RH_EXIT_OK);
    const json_t *about = json_object_get(printed, "state");
    assert_in_range(rht_number(about, "redecided"), 600, real.made.records);
    assert_int_equal(rht_number(about, "redecided_differently"), 0);
    assert_string_equal(json_string_value(json_object_get(printed, "hub")), "hub.620423");
    json_decref(printed);
}

struct range {
    uint64_t from, to;
};

static void set_range(struct hub_verb_options *options, void *arg)
{
    const struct range *range = arg;
    options->pass.from = range->from;
    options->pass.to = range->to;
}

static void test_audit_checks_a_range(void **state)
{
    (void)state;
    json_t *printed;
    struct range range = { .from = 100, .to = 299 };
    assert_int_equal(
        rht_audit_run(hub_verb_verify, &small, small.data, set_range, &range, &printed),
        RH_EXIT_OK);
    assert_int_equal(rht_number(printed, "records"), 300);
    assert_in_range(rht_number(printed, "signatures"), 1, 60);
    assert_true(json_is_true(json_object_get(printed, "ended_early")));
    json_decref(printed);
}

/* ---- accidents -------------------------------------------------------------------------- */

/* One wrong bit anywhere in the records must be found, with its segment, and never cost the
 * proof of more than the record it stands in. */
static void test_audit_names_every_flipped_bit(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    static struct segments segments;
    struct rht_random random;
    rht_random_init(&random);
    rht_audit_copy(&small, "flipped", copy);
    list_segments(copy, &segments);
    for (int i = 0; i < FLIPS; i++) {
        json_t *printed;
        size_t which = (size_t)rht_random_below(&random, segments.count);
        read_segment(&segments, which);
        size_t at = (size_t)rht_random_below(&random, used_bytes(&segments));
        char bit = (char)(1 << rht_random_below(&random, 7));
        segments.data[at] = (char)(segments.data[at] ^ bit);
        rht_write_file(segments.paths[which], segments.data, segments.bytes);
        int code = rht_audit_verify(&small, copy, &printed);
        segments.data[at] = (char)(segments.data[at] ^ bit);
        rht_write_file(segments.paths[which], segments.data, segments.bytes);
        if (code != RH_EXIT_NO)
            fail_msg("flip %d at %zu of segment %zu went unnoticed", i, at, which);
        const json_t *first = json_array_get(json_object_get(printed, "findings"), 0);
        assert_non_null(json_object_get(first, "segment"));
        assert_non_null(json_object_get(first, "index"));
        assert_in_range(rht_number(printed, "unproven_records"), 0, 200);
        json_decref(printed);
    }
    free(segments.data);
    assert_int_equal(rht_audit_verify(&small, copy, NULL), RH_EXIT_OK);
}

/* A file that went missing is a gap of so many records; what stands behind is still proven. */
static void test_audit_reports_a_lost_segment(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    static struct segments segments;
    json_t *printed;
    rht_audit_copy(&large, "lost", copy);
    list_segments(copy, &segments);
    assert_in_range(segments.count, 4, SEGMENTS_MAX);
    uint64_t from = strtoull(strstr(segments.paths[1], "segment-") + 8, NULL, 16);
    uint64_t to = strtoull(strstr(segments.paths[2], "segment-") + 8, NULL, 16);
    assert_int_equal(unlink(segments.paths[1]), 0);
    assert_int_equal(rht_audit_verify(&large, copy, &printed), RH_EXIT_NO);
    rht_assert_found(printed, "gap", from);
    assert_int_equal(rht_number(rht_finding(printed, "gap"), "records"), to - from);
    assert_int_equal(rht_number(printed, "records"), large.made.records - (to - from));
    assert_int_equal(rht_number(printed, "unproven_records"), to - from);
    assert_null(rht_finding(printed, "root"));
    assert_null(rht_finding(printed, "number"));
    assert_null(rht_finding(printed, "bundle_signature"));
    json_decref(printed);

    /* the first one too */
    assert_int_equal(unlink(segments.paths[0]), 0);
    assert_int_equal(rht_audit_verify(&large, copy, &printed), RH_EXIT_NO);
    rht_assert_found(printed, "begin", 0);
    assert_int_equal(rht_number(printed, "unproven_records"), to);
    json_decref(printed);
}

/* Start and length of the frames of a segment. */
static size_t find_frames(const struct segments *segments, size_t at[], size_t length[],
                          size_t max)
{
    size_t count = 0;
    for (size_t offset = BLOCK; offset + BLOCK <= segments->bytes && count < max;) {
        const unsigned char *head = (const unsigned char *)segments->data + offset;
        if (memcmp(head, "RHJF", 4) != 0)
            break;
        at[count] = offset;
        length[count] = (size_t)head[16] | (size_t)head[17] << 8 | (size_t)head[18] << 16;
        offset += length[count++];
    }
    return count;
}

static void test_audit_reports_swapped_frames(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    static struct segments segments;
    static size_t at[4096], length[4096];
    static char frame[1024 * 1024];
    json_t *printed;
    rht_audit_copy(&small, "swapped", copy);
    list_segments(copy, &segments);
    read_segment(&segments, 1);
    size_t count = find_frames(&segments, at, length, 4096), i = 2;
    while (i + 1 < count && length[i] != length[i + 1])
        i++;
    assert_true(i + 1 < count);
    memcpy(frame, segments.data + at[i], length[i]);
    memmove(segments.data + at[i], segments.data + at[i + 1], length[i]);
    memcpy(segments.data + at[i + 1], frame, length[i]);
    rht_write_file(segments.paths[1], segments.data, segments.bytes);
    free(segments.data);
    assert_int_equal(rht_audit_verify(&small, copy, &printed), RH_EXIT_NO);
    const json_t *first = json_array_get(json_object_get(printed, "findings"), 0);
    assert_non_null(json_object_get(first, "index"));
    assert_in_range(rht_number(first, "offset"), at[i], at[i + 1]);
    json_decref(printed);
}

/* The end cut off behind a published checkpoint looks like an older copy, but for the
 * checkpoint. */
static void test_audit_misses_a_cut_tail(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    static struct segments segments;
    static size_t at[4096], length[4096];
    json_t *printed;
    rht_audit_copy(&small, "cut", copy);
    list_segments(copy, &segments);
    read_segment(&segments, segments.count - 1);
    size_t count = find_frames(&segments, at, length, 4096);
    assert_in_range(count, 2, 4095);
    memset(segments.data + at[count - 1], 0, segments.bytes - at[count - 1]);
    rht_write_file(segments.paths[segments.count - 1], segments.data, segments.bytes);
    free(segments.data);
    assert_int_equal(rht_audit_verify(&small, copy, &printed), RH_EXIT_NO);
    const json_t *finding = rht_finding(printed, "short");
    assert_non_null(finding);
    assert_int_equal(rht_number(finding, "index") + rht_number(finding, "records"),
                     small.made.records);
    json_decref(printed);
}

/* Overwrite the content of a record with 0xFF in its file, as an erasure does. */
struct blanking {
    uint64_t index;
    uint64_t segment;
    size_t offset; /* of the record in the file */
    size_t before, content; /* payload bytes: in front of the content, and of it */
};

static enum rh_err find_content(void *arg, const struct hub_journal_record *row,
                                enum hub_journal_content content,
                                const struct hub_journal_location *location,
                                const struct hub_journal_frame *frame)
{
    (void)frame;
    struct blanking *out = arg;
    if (content != HUB_JOURNAL_CONTENT_INTACT || row->content.bytes == 0 || row->index < 500)
        return RH_OK;
    out->index = row->index;
    out->segment = location->segment;
    out->offset = location->offset;
    out->before = HUB_JOURNAL_RECORD_HEAD_BYTES + row->core.bytes + row->rest.bytes;
    out->content = row->content.bytes;
    return RH_ERR_CLOSED;
}

static void blank(const char *data, struct blanking *out)
{
    char path[RHT_AUDIT_PATH_BYTES];
    struct hub_journal *journal;
    struct hub_journal_report report;
    assert_in_range(snprintf(path, sizeof path, "%s/journal", data), 1, 599);
    const struct hub_journal_options options = { .directory = path, .read_only = true };
    assert_int_equal(hub_journal_open(&options, &journal, &report), RH_OK);
    const struct hub_journal_visitor visitor = { .record = find_content, .arg = out };
    assert_int_equal(hub_journal_scan(journal, 0, &visitor), RH_ERR_CLOSED);
    hub_journal_close(&journal);

    size_t bytes, seen = 0;
    assert_in_range(snprintf(path, sizeof path, "%s/journal/segment-%016llx.rhj", data,
                             (unsigned long long)out->segment),
                    1, 599);
    char *file = rht_read_file(path, &bytes);
    for (size_t at = out->offset; seen < out->before + out->content; at++) {
        assert_in_range(at, 0, bytes - 1);
        if (at % 512 == 511)
            continue; /* a guard byte is nobody's */
        if (seen++ >= out->before)
            file[at] = (char)0xFF;
    }
    rht_write_file(path, file, bytes);
    free(file);
}

/* Erasing without saying so is destroying evidence. */
static void test_audit_wants_erasures_on_record(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    struct blanking blanking;
    json_t *printed;
    rht_audit_copy(&small, "blanked", copy);
    blank(copy, &blanking);
    assert_int_equal(rht_audit_verify(&small, copy, &printed), RH_EXIT_NO);
    rht_assert_found(printed, "erased", blanking.index);
    assert_int_equal(rht_number(printed, "breaks"), 1);
    assert_int_equal(rht_number(printed, "unproven_records"), 0);
    json_decref(printed);
}

/* ---- witnesses -------------------------------------------------------------------------- */

static size_t cosign(const char *path, char *note, size_t capacity)
{
    char key_path[RHT_AUDIT_PATH_BYTES];
    struct rh_secret secret;
    struct rh_sign_secret key;
    size_t bytes, text_bytes;
    assert_in_range(snprintf(key_path, sizeof key_path,
                             "%s/agents/procuratorate.620423.witness.key", small.dir),
                    1, 599);
    assert_int_equal(rh_secret_load(key_path, RH_KEY_WITNESS, &secret), RH_OK);
    memcpy(key.bytes, secret.secret, sizeof key.bytes);
    char *old = rht_read_file(path, &bytes);
    assert_in_range(bytes, 1, capacity);
    memcpy(note, old, bytes);
    free(old);
    struct rh_note parsed;
    assert_int_equal(rh_note_parse((struct rh_bytes){ (const uint8_t *)note, bytes }, &parsed),
                     RH_OK);
    text_bytes = parsed.text.bytes;
    assert_int_equal(rh_note_sign(note, capacity, &bytes, text_bytes, "procuratorate.620423",
                                  &key),
                     RH_OK);
    return bytes;
}

/* Who cosigned the newest checkpoint is counted; a cosignature that fails is a break. */
static void test_audit_checks_witnesses(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES], path[RHT_AUDIT_PATH_BYTES], note[4096];
    json_t *printed;
    rht_audit_copy(&small, "witnessed", copy);
    assert_in_range(snprintf(path, sizeof path, "%s/log/checkpoint", copy), 1, 599);
    size_t bytes = cosign(path, note, sizeof note);
    rht_write_file(path, note, bytes);
    assert_int_equal(rht_audit_verify(&small, copy, &printed), RH_EXIT_OK);
    assert_int_equal(rht_number(json_object_get(printed, "checkpoints"), "witnesses"), 1);
    json_decref(printed);

    char *letter = note + bytes - 12;
    *letter = *letter == 'A' ? 'B' : 'A';
    rht_write_file(path, note, bytes);
    assert_int_equal(rht_audit_verify(&small, copy, &printed), RH_EXIT_NO);
    assert_non_null(rht_finding(printed, "witness"));
    json_decref(printed);
}

/* ---- replay ----------------------------------------------------------------------------- */

static void to_stdout(struct hub_verb_options *options, void *arg)
{
    const uint64_t *size = arg;
    options->out_file = "-";
    options->pass.to = *size - 1;
}

static void hex_of(const struct rh_hash *hash, char out[65])
{
    for (size_t i = 0; i < sizeof hash->bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", hash->bytes[i]);
}

/* The state after the last record is the live hub's, digest for digest. */
static void test_audit_replays_to_the_live_state(void **state)
{
    (void)state;
    const struct rht_log *const logs[] = { &small, &large };
    for (size_t i = 0; i < 2; i++) {
        json_t *printed;
        char hex[65];
        uint64_t size = logs[i]->made.records;
        assert_int_equal(
            rht_audit_run(hub_verb_replay, logs[i], logs[i]->data, to_stdout, &size, &printed),
            RH_EXIT_OK);
        hex_of(&logs[i]->made.digest, hex);
        assert_string_equal(json_string_value(json_object_get(printed, "state_digest")), hex);
        assert_int_equal(rht_number(printed, "size"), size);
        assert_int_equal(json_array_size(json_object_get(printed, "referrals")),
                         logs[i]->made.referrals);
        json_decref(printed);
    }
}

/* Find the first DIGEST record and its rows. */
struct digest_record {
    uint64_t index;
    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    size_t bytes;
};

static enum rh_err find_digest(void *arg, const struct hub_journal_record *row,
                               enum hub_journal_content content,
                               const struct hub_journal_location *location,
                               const struct hub_journal_frame *frame)
{
    (void)content;
    (void)location;
    (void)frame;
    struct digest_record *out = arg;
    struct hub_record record;
    if (row->type != RH_RECORD_DIGEST)
        return RH_OK;
    assert_int_equal(hub_record_decode(row->core, row->rest, &record), RH_OK);
    assert_in_range(record.digest_rows.bytes, 1, sizeof out->rows);
    out->index = row->index;
    out->bytes = record.digest_rows.bytes;
    memcpy(out->rows, record.digest_rows.data, out->bytes);
    return RH_ERR_CLOSED;
}

/* Replayed to N elsewhere, the digests are those the hub put on record at N. */
static void test_audit_replays_to_the_recorded_digest(void **state)
{
    (void)state;
    char path[RHT_AUDIT_PATH_BYTES], hex[65];
    static struct digest_record found;
    struct hub_journal *journal;
    struct hub_journal_report report;
    struct rh_hash hash;
    json_t *printed;
    assert_in_range(snprintf(path, sizeof path, "%s/journal", large.data), 1, 599);
    const struct hub_journal_options options = { .directory = path, .read_only = true };
    assert_int_equal(hub_journal_open(&options, &journal, &report), RH_OK);
    const struct hub_journal_visitor visitor = { .record = find_digest, .arg = &found };
    assert_int_equal(hub_journal_scan(journal, 0, &visitor), RH_ERR_CLOSED);
    hub_journal_close(&journal);
    assert_in_range(found.index, 10000, large.made.records);

    assert_int_equal(rht_audit_run(hub_verb_replay, &large, large.data, to_stdout, &found.index,
                                   &printed),
                     RH_EXIT_OK);
    rh_hash(found.rows, found.bytes, &hash);
    hex_of(&hash, hex);
    assert_string_equal(json_string_value(json_object_get(printed, "state_digest")), hex);
    json_decref(printed);
}

/* ---- timeline --------------------------------------------------------------------------- */

static void set_case(struct hub_verb_options *options, void *arg)
{
    options->argument = arg;
}

static void test_audit_tells_the_story_of_a_case(void **state)
{
    (void)state;
    json_t *by_number, *by_id;
    char number[24], id[37];
    memcpy(number, small.made.number, sizeof number);
    memcpy(id, small.made.id, sizeof id);
    assert_int_equal(
        rht_audit_run(hub_verb_timeline, &small, small.data, set_case, number, &by_number),
        RH_EXIT_OK);
    assert_int_equal(rht_audit_run(hub_verb_timeline, &small, small.data, set_case, id, &by_id),
                     RH_EXIT_OK);
    assert_true(json_equal(by_number, by_id));
    const json_t *events = json_object_get(by_number, "events");
    assert_in_range(json_array_size(events), 5, 1000);
    const json_t *first = json_array_get(events, 0);
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "register");
    assert_string_equal(json_string_value(json_object_get(first, "state")), "registered");
    uint64_t last = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        assert_in_range(rht_number(event, "index"), last + 1, small.made.records);
        last = rht_number(event, "index");
        assert_string_equal(json_string_value(json_object_get(event, "proof")), "covered");
    }
    assert_string_equal(json_string_value(json_object_get(by_number, "state")),
                        json_string_value(json_object_get(
                            json_array_get(events, json_array_size(events) - 1), "state")));
    json_decref(by_number);
    json_decref(by_id);
    char nobody[] = "R-2026-999999";
    assert_int_equal(
        rht_audit_run(hub_verb_timeline, &small, small.data, set_case, nobody, NULL),
        RH_EXIT_NO);
}

/* ---- receipts --------------------------------------------------------------------------- */

static void for_each_receipt(void (*look)(const char *path))
{
    char dir_path[RHT_AUDIT_PATH_BYTES], path[RHT_AUDIT_PATH_BYTES];
    snprintf(dir_path, sizeof dir_path, "%s/receipts", small.dir);
    DIR *dir = opendir(dir_path);
    assert_non_null(dir);
    unsigned count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        assert_in_range(snprintf(path, sizeof path, "%s/%s", dir_path, entry->d_name), 1, 599);
        look(path);
        count++;
    }
    closedir(dir);
    assert_in_range(count, 5, 16);
}

static int check_receipt(const char *path)
{
    char own[RHT_AUDIT_PATH_BYTES];
    snprintf(own, sizeof own, "%s", path);
    return rht_audit_run(hub_verb_receipt, &small, NULL, set_case, own, NULL);
}

static void holds(const char *path)
{
    assert_int_equal(check_receipt(path), RH_EXIT_OK);
}

/* Change one letter of every text in turn, however deep, and look at each. */
static void change_texts(json_t *root, json_t *value, const char *path)
{
    const char *key;
    json_t *member;
    size_t i;
    json_object_foreach(value, key, member)
    {
        if (strcmp(key, "object") != 0 && strcmp(key, "hub") != 0)
            change_texts(root, member, path);
    }
    json_array_foreach(value, i, member)
        change_texts(root, member, path);
    if (!json_is_string(value))
        return;
    char *text = strdup(json_string_value(value));
    assert_non_null(text);
    char *own = strdup(text);
    assert_non_null(own);
    size_t middle = strlen(text) / 2;
    text[middle] = text[middle] == 'A' ? 'B' : 'A';
    json_string_set(value, text);
    assert_int_equal(json_dump_file(root, path, 0), 0);
    int code = check_receipt(path);
    if (code != RH_EXIT_NO && code != RH_EXIT_DATA)
        fail_msg("changed text accepted: %.60s", text);
    json_string_set(value, own);
    free(text);
    free(own);
}

static void does_not_hold_changed(const char *path)
{
    char changed[RHT_AUDIT_PATH_BYTES];
    snprintf(changed, sizeof changed, "%s/changed.json", rht_tmpdir());
    json_t *receipt = json_load_file(path, 0, NULL);
    assert_non_null(receipt);
    change_texts(receipt, receipt, changed);
    json_decref(receipt);
}

static void use_other_card(struct hub_verb_options *options, void *arg)
{
    options->argument = arg;
    options->pass.copy.hub_card = large.card;
}

static void is_refused_for_another_hub(const char *path)
{
    char own[RHT_AUDIT_PATH_BYTES];
    snprintf(own, sizeof own, "%s", path);
    assert_int_equal(rht_audit_run(hub_verb_receipt, &small, NULL, use_other_card, own, NULL),
                     RH_EXIT_NO);
}

/* A published checkpoint that the file or the auditor brings is linked to the batch. */
static void is_published(const char *path)
{
    char own[RHT_AUDIT_PATH_BYTES];
    json_t *printed;
    snprintf(own, sizeof own, "%s", path);
    assert_int_equal(rht_audit_run(hub_verb_receipt, &small, NULL, set_case, own, &printed),
                     RH_EXIT_OK);
    bool expected = strstr(path, "-3.") != NULL || strstr(path, "-4.") != NULL;
    assert_int_equal(json_is_true(json_object_get(printed, "published")), expected);
    json_decref(printed);
}

/* A receipt holds with the hub switched off, and nothing in it can be changed. */
static void test_audit_checks_receipts(void **state)
{
    (void)state;
    char path[RHT_AUDIT_PATH_BYTES];
    for_each_receipt(holds);
    for_each_receipt(is_published);
    for_each_receipt(does_not_hold_changed);
    for_each_receipt(is_refused_for_another_hub);
    snprintf(path, sizeof path, "%s/nothing.json", rht_tmpdir());
    assert_int_equal(check_receipt(path), RH_EXIT_NOINPUT);
    rht_write_file(path, "{\"object\": 1}", 13);
    assert_int_equal(check_receipt(path), RH_EXIT_DATA);
    rht_write_file(path, "not JSON", 8);
    assert_int_equal(check_receipt(path), RH_EXIT_DATA);
}

static void test_audit_reads_base64_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int bytes; /* -1: refused */
    } cases[] = {
        { "", 0 },      { "AA==", 1 },  { "AAA=", 2 },   { "AAAA", 3 },  { "/+8=", 2 },
        { "AB==", -1 }, { "AAB=", -1 }, { "A===", -1 },  { "====", -1 }, { "AA=A", -1 },
        { "AAA", -1 },  { "AA=", -1 },  { "AA==AA==", -1 }, { "A A=", -1 }, { "AAAAA", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[8];
        size_t bytes;
        bool good = hub_base64_decode(cases[i].text, strlen(cases[i].text), out, sizeof out,
                                      &bytes);
        assert_int_equal(good ? (int)bytes : -1, cases[i].bytes);
    }
}

/* ---- diff ------------------------------------------------------------------------------- */

static void test_audit_finds_the_first_difference(void **state)
{
    (void)state;
    char copy[RHT_AUDIT_PATH_BYTES];
    static struct segments segments;
    json_t *printed;
    rht_audit_copy(&small, "differs", copy);
    assert_int_equal(
        rht_audit_run(hub_verb_diff, &small, small.data, set_case, copy, &printed), RH_EXIT_OK);
    assert_true(json_is_true(json_object_get(printed, "equal")));
    json_decref(printed);

    list_segments(copy, &segments);
    uint64_t from = strtoull(
        strstr(segments.paths[segments.count - 1], "segment-") + 8, NULL, 16);
    assert_int_equal(unlink(segments.paths[segments.count - 1]), 0);
    assert_int_equal(
        rht_audit_run(hub_verb_diff, &small, small.data, set_case, copy, &printed), RH_EXIT_NO);
    assert_int_equal(rht_number(printed, "common"), from);
    assert_null(json_object_get(printed, "first_difference"));
    json_decref(printed);

    /* two hubs: not even the first record is the same */
    assert_int_equal(rht_audit_run(hub_verb_diff, &small, small.data, set_case, large.data,
                                   &printed),
                     RH_EXIT_NO);
    assert_int_equal(rht_number(printed, "first_difference"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(printed, "a"), "type")), "genesis");
    json_decref(printed);
}

/* ---- the program ------------------------------------------------------------------------ */

static int run_program(const char *const arguments[])
{
    extern char **environ;
    char *argv[12] = { NULL };
    size_t count = 0;
    int status = 0;
    pid_t child;
    posix_spawn_file_actions_t quiet;
    argv[count++] = strdup(RHT_AUDIT_PROGRAM);
    while (arguments[count - 1] != NULL) {
        argv[count] = strdup(arguments[count - 1]);
        count++;
    }
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
    assert_int_equal(posix_spawn(&child, RHT_AUDIT_PROGRAM, &quiet, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    posix_spawn_file_actions_destroy(&quiet);
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_audit_program_answers_by_exit_code(void **state)
{
    (void)state;
    const struct {
        const char *arguments[8];
        int code;
    } cases[] = {
        { { "verify", small.data, "--hub-card", small.card, "--agencies", small.cards },
          RH_EXIT_OK },
        { { "verify", small.data, "--hub-card", large.card }, RH_EXIT_NO },
        { { "verify", "/nonexistent" }, RH_EXIT_NOINPUT },
        { { "verify", small.cards }, RH_EXIT_NOINPUT },
        { { "verify", small.data, "--hub-card", "/nonexistent" }, RH_EXIT_NOINPUT },
        { { "verify" }, RH_EXIT_USAGE },
        { { "verfy", small.data }, RH_EXIT_USAGE },
        { { "replay", small.data, "--at", "2026-11-18" }, RH_EXIT_USAGE },
        { { "replay", small.data, "--at", "yesterday", "--out", "-" }, RH_EXIT_USAGE },
        { { "replay", small.data, "--at", "2199-01-01T08:00+08:00", "--out", "-" },
          RH_EXIT_OK },
        { { "replay", small.data, "--index", "99999999", "--out", "-" }, RH_EXIT_DATA },
        { { "diff", small.data, small.data, "--redecide" }, RH_EXIT_USAGE },
        { { "timeline", small.data, "R-2026-000001", "--lang", "zh" }, RH_EXIT_OK },
        { { "--help" }, RH_EXIT_OK },
        { { "--version" }, RH_EXIT_OK },
        { { NULL }, RH_EXIT_USAGE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int code = run_program(cases[i].arguments);
        if (code != cases[i].code)
            fail_msg("case %zu answered %d", i, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit_accepts_an_honest_log),
        cmocka_unit_test(test_audit_says_what_it_cannot_know),
        cmocka_unit_test(test_audit_decides_again_to_the_same),
        cmocka_unit_test(test_audit_decides_again_on_a_real_clock),
        cmocka_unit_test(test_audit_checks_a_range),
        cmocka_unit_test(test_audit_names_every_flipped_bit),
        cmocka_unit_test(test_audit_reports_a_lost_segment),
        cmocka_unit_test(test_audit_reports_swapped_frames),
        cmocka_unit_test(test_audit_misses_a_cut_tail),
        cmocka_unit_test(test_audit_wants_erasures_on_record),
        cmocka_unit_test(test_audit_checks_witnesses),
        cmocka_unit_test(test_audit_replays_to_the_live_state),
        cmocka_unit_test(test_audit_replays_to_the_recorded_digest),
        cmocka_unit_test(test_audit_tells_the_story_of_a_case),
        cmocka_unit_test(test_audit_checks_receipts),
        cmocka_unit_test(test_audit_reads_base64_strictly),
        cmocka_unit_test(test_audit_finds_the_first_difference),
        cmocka_unit_test(test_audit_program_answers_by_exit_code),
    };
    return cmocka_run_group_tests_name("audit", tests, set_up, NULL);
}
