/* Looking at the whole: counting rows, replaying the journal, looking for what must not be
 * there. Counts are made here from the rows, not asked of the hub's own figures. */
#include "scenario/scenario.h"

#include "support/merkle_twin.h"
#include "support/rht.h"
#include "views/memory_map.h"

#include <rh/note.h>
#include <rh/proof.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- counting --------------------------------------------------------------------------- */

enum { PAIRS_MAX = 8 };

struct filter {
    uint32_t count;
    const char *keys[PAIRS_MAX], *values[PAIRS_MAX];
};

static bool fact_is(const struct hub_referral *row, const char *value)
{
    size_t bytes = strcspn(value, "=");
    for (uint32_t i = 0; i < row->fact_count; i++) {
        const struct rh_fact *fact = &row->facts[i];
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)fact->number);
        if (strncmp(fact->key, value, bytes) == 0 && fact->key[bytes] == '\0' &&
            strcmp(fact->is_number ? number : fact->code, value + bytes + 1) == 0)
            return true;
    }
    return false;
}

static bool area_is(const char *area, const char *prefix)
{
    return strncmp(area, prefix, strlen(prefix)) == 0;
}

static bool matter_fits(struct rht_play *play, const struct hub_referral *row, const char *key,
                        const char *value)
{
    if (strcmp(key, "state") == 0)
        return strcmp(rh_state_name(row->state), value) == 0;
    if (strcmp(key, "procedure") == 0)
        return strcmp(row->procedure, value) == 0;
    if (strcmp(key, "category") == 0)
        return strcmp(row->category, value) == 0;
    if (strcmp(key, "source") == 0)
        return strcmp(row->source, value) == 0;
    if (strcmp(key, "area") == 0)
        return area_is(row->area, value);
    if (strcmp(key, "outcome") == 0)
        return strcmp(row->outcome, value) == 0;
    if (strcmp(key, "lane") == 0)
        return strcmp(rh_lane_name(row->lane), value) == 0;
    if (strcmp(key, "addressee") == 0)
        return strcmp(rht_stage_name(play, row->addressee), value) == 0;
    if (strcmp(key, "holder") == 0)
        return strcmp(rht_stage_name(play, row->holder), value) == 0;
    if (strcmp(key, "origin") == 0)
        return strcmp(rht_stage_name(play, row->origin), value) == 0;
    if (strcmp(key, "fact") == 0)
        return fact_is(row, value);
    if (strcmp(key, "concluded") == 0)
        return (row->concluded_ms != 0) == (strcmp(value, "yes") == 0);
    if (strcmp(key, "bounced") == 0)
        return (row->bounce_count > 0) == (strcmp(value, "yes") == 0);
    if (strcmp(key, "sent") == 0)
        return (row->dispatched_ms != 0) == (strcmp(value, "yes") == 0);
    if (strcmp(key, "root-of") == 0)
        return strcmp(rht_stage_matter_name(play, &row->root), value) == 0;
    rht_stop(play, "nothing can be counted by %s", key);
}

static bool is_of_clock(const char *key)
{
    return strcmp(key, "limit") == 0 || strcmp(key, "status") == 0 ||
           strcmp(key, "month") == 0;
}

static bool clock_fits(const struct hub_deadline *deadline, const char *key, const char *value)
{
    static const char *const names[] = { "none", "running", "paused", "met",
                                         "late", "missed", "cancelled", "lapsed" };
    char end[RH_INSTANT_TEXT_BYTES];
    if (strcmp(key, "limit") == 0)
        return strcmp(deadline->limit, value) == 0;
    if (strcmp(key, "status") == 0)
        return strcmp(names[deadline->status], value) == 0;
    rh_instant_format_end(deadline->end_ms, end); /* month: the last day lies in it */
    return strncmp(end, value, strlen(value)) == 0;
}

static bool fits(struct rht_play *play, const struct filter *filter,
                 const struct hub_referral *row, const struct hub_deadline *deadline)
{
    for (uint32_t i = 0; i < filter->count; i++) {
        const char *key = filter->keys[i], *value = filter->values[i];
        if (is_of_clock(key) ? deadline == NULL || !clock_fits(deadline, key, value)
                             : !matter_fits(play, row, key, value))
            return false;
    }
    return true;
}

void rht_ledger_count(struct rht_play *play, struct rht_words *words, bool clocks)
{
    struct filter filter = { 0 };
    while (!rht_words_pass(words, "is")) {
        if (filter.count == PAIRS_MAX)
            rht_stop(play, "too many pairs");
        filter.keys[filter.count] = rht_play_word(play, words, "what to count by, or `is`");
        filter.values[filter.count++] = rht_play_word(play, words, "its value");
    }
    uint64_t wanted = strtoull(rht_play_word(play, words, "a number"), NULL, 10);
    uint64_t rno = 0, count = 0;
    struct hub_map *map = hub_engine_views(play->engine)->map;
    while (hub_views_referral_next(map, &rno, &play->row) == RH_OK) {
        if (!clocks)
            count += fits(play, &filter, &play->row, NULL) ? 1 : 0;
        for (uint32_t i = 0; clocks && i < play->row.deadline_count; i++)
            count += fits(play, &filter, &play->row, &play->row.deadlines[i]) ? 1 : 0;
    }
    if (count != wanted)
        rht_fail(play, "count: expected %llu, is %llu", (unsigned long long)wanted,
                 (unsigned long long)count);
}

/* ---- replay ----------------------------------------------------------------------------- */

struct rht_past {
    struct hub_memory_map *map;
    struct hub_views views;
};

static uint64_t log_size(struct rht_play *play)
{
    struct hub_engine_health health;
    hub_engine_health(play->engine, &health);
    return health.records;
}

struct rht_past *rht_ledger_replay(struct rht_play *play, uint64_t until_ms)
{
    struct rht_past *past = calloc(1, sizeof *past);
    if (past == NULL)
        rht_stop(play, "out of memory");
    rht_must(play, hub_memory_map_new(&past->map, NULL), "a map in memory");
    rht_must(play, hub_views_open(&past->views, hub_memory_map_map(past->map)), "views");
    uint64_t size = log_size(play);
    for (uint64_t index = 0; index < size; index++) {
        struct rh_bytes core, rest;
        struct rh_receipt receipt;
        rht_must(play, hub_engine_record(play->engine, index, &core, &rest), "a record");
        rht_must(play, rh_receipt_decode(core, &receipt), "a core");
        if (receipt.stored_ms > until_ms)
            break;
        rht_must(play, hub_views_apply(&past->views, index, core, rest, NULL), "a record");
    }
    rht_must(play, hub_views_save(&past->views), "figures");
    return past;
}

struct hub_map *rht_ledger_map(struct rht_past *past)
{
    return hub_memory_map_map(past->map);
}

void rht_ledger_forget(struct rht_past **past)
{
    if (*past == NULL)
        return;
    hub_views_close(&(*past)->views);
    hub_memory_map_destroy(&(*past)->map);
    free(*past);
    *past = NULL;
}

void rht_ledger_same(struct rht_play *play)
{
    uint8_t rows[2][HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writers[2];
    struct rht_past *past = rht_ledger_replay(play, UINT64_MAX);
    struct hub_views *const views[] = { hub_engine_views(play->engine), &past->views };
    for (int i = 0; i < 2; i++) {
        rh_writer_init(&writers[i], rows[i], sizeof rows[i]);
        rht_must(play, hub_views_digest_encode(views[i], &writers[i]), "a digest");
    }
    if (writers[0].bytes != writers[1].bytes ||
        memcmp(rows[0], rows[1], writers[0].bytes) != 0)
        rht_fail(play, "replaying the journal leads to another state");
    rht_ledger_forget(&past);
}

/* ---- tampering -------------------------------------------------------------------------- */

/* The published root, made again from the records; and what one changed byte does to it. */
static void check_root(struct rht_play *play)
{
    struct rh_bytes note = hub_engine_note(play->engine);
    struct rh_checkpoint checkpoint;
    rht_must(play,
             rh_checkpoint_verify(note, hub_engine_hub(play->engine), &play->hub_key,
                                  &checkpoint),
             "the published checkpoint");
    struct rh_hash *leaves = calloc(checkpoint.size, sizeof *leaves);
    struct rh_hash root;
    if (leaves == NULL)
        rht_stop(play, "out of memory");
    uint64_t forged = checkpoint.size / 2;
    struct rh_hash changed;
    for (uint64_t index = 0; index < checkpoint.size; index++) {
        struct rh_bytes core, rest;
        struct rh_hash rest_hash;
        rht_must(play, hub_engine_record(play->engine, index, &core, &rest), "a record");
        hub_record_leaf(core, rest, &rest_hash, &leaves[index]);
        if (index != forged)
            continue;
        uint8_t *copy = malloc(rest.bytes);
        if (copy == NULL)
            rht_stop(play, "out of memory");
        memcpy(copy, rest.data, rest.bytes);
        copy[rest.bytes - 1] ^= 1;
        hub_record_leaf(core, (struct rh_bytes){ copy, rest.bytes }, &rest_hash, &changed);
        free(copy);
    }
    rht_merkle_root(leaves, checkpoint.size, &root);
    if (!rh_hash_equal(&root, &checkpoint.root))
        rht_fail(play, "the records do not lead to the published root");
    leaves[forged] = changed;
    rht_merkle_root(leaves, checkpoint.size, &root);
    if (rh_hash_equal(&root, &checkpoint.root))
        rht_fail(play, "a changed record leads to the published root");
    free(leaves);
}

static void flip(struct rht_play *play, const char *path, uint64_t offset)
{
    FILE *file = fopen(path, "r+b");
    if (file == NULL || fseek(file, (long)offset, SEEK_SET) != 0)
        rht_stop(play, "%s cannot be opened", path);
    int byte = fgetc(file);
    if (byte == EOF || fseek(file, (long)offset, SEEK_SET) != 0 || fputc(byte ^ 1, file) == EOF)
        rht_stop(play, "%s cannot be changed", path);
    if (fclose(file) != 0)
        rht_stop(play, "%s cannot be written", path);
}

/* A byte of a record in the middle of the journal, changed on disk and changed back. */
static void check_disk(struct rht_play *play)
{
    struct hub_location place;
    struct rh_bytes core, rest;
    uint64_t index = log_size(play) / 2;
    char path[RHT_PATH_BYTES + 64];
    rht_must(play, hub_views_location(hub_engine_views(play->engine)->map, index, &place),
             "a place in the journal");
    snprintf(path, sizeof path, "%s/journal/segment-%016llx.rhj", play->data,
             (unsigned long long)place.segment);
    uint64_t offset = place.offset + place.bytes / 2;
    flip(play, path, offset);
    if (hub_engine_record(play->engine, index, &core, &rest) != RH_ERR_CORRUPT)
        rht_fail(play, "a changed byte on disk was not noticed");
    flip(play, path, offset);
    rht_must(play, hub_engine_record(play->engine, index, &core, &rest), "a record");
}

void rht_ledger_tamper(struct rht_play *play)
{
    check_root(play);
    check_disk(play);
}

/* ---- what must not be there ------------------------------------------------------------- */

static bool holds(const char *data, size_t bytes, const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at + length <= bytes; at++) {
        const char *found = memchr(data + at, text[0], bytes - at - length + 1);
        if (found == NULL)
            return false;
        at = (size_t)(found - data);
        if (memcmp(found, text, length) == 0)
            return true;
    }
    return false;
}

/* A walk over a living store: the journal renames the segment it has prepared as it pleases. */
struct walk {
    struct rht_play *play;
    const char *text;
    unsigned moved; /* names that were listed and gone when they were to be read */
};

static bool file_holds(struct walk *walk, const char *path)
{
    enum { CHUNK = 1 << 20, OVERLAP = 256 };
    static char buffer[CHUNK + OVERLAP];
    const char *text = walk->text;
    FILE *file = fopen(path, "rb");
    bool found = false;
    size_t kept = 0, got;
    if (file == NULL && errno == ENOENT) {
        walk->moved++;
        return false;
    }
    if (file == NULL || strlen(text) >= OVERLAP)
        rht_stop(walk->play, "%s cannot be searched", path);
    while (!found && (got = fread(buffer + kept, 1, CHUNK, file)) > 0) {
        found = holds(buffer, kept + got, text);
        size_t all = kept + got;
        kept = all < OVERLAP ? all : OVERLAP;
        memmove(buffer, buffer + all - kept, kept);
    }
    fclose(file);
    return found;
}

static void search(struct walk *walk, const char *dir)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;
    if (folder == NULL)
        rht_stop(walk->play, "%s cannot be read", dir);
    while ((entry = readdir(folder)) != NULL) {
        char path[RHT_PATH_BYTES + 300];
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (lstat(path, &about) != 0) {
            if (errno != ENOENT)
                rht_stop(walk->play, "%s cannot be read", path);
            walk->moved++;
        } else if (S_ISDIR(about.st_mode)) {
            search(walk, path);
        } else if (S_ISREG(about.st_mode) && file_holds(walk, path)) {
            rht_fail(walk->play, "%s holds it", path + strlen(walk->play->data) + 1);
        }
    }
    closedir(folder);
}

void rht_ledger_absent(struct rht_play *play, const char *text)
{
    enum { WALKS = 50 };
    struct walk walk = { .play = play, .text = text, .moved = 1 };
    rht_must(play, hub_engine_settle(play->engine), "settling");
    for (int walks = 0; walk.moved > 0; walks++) {
        if (walks == WALKS)
            rht_stop(play, "%s changes while it is searched", play->data);
        walk.moved = 0;
        search(&walk, play->data);
    }
    if (strstr(play->trace, text) != NULL)
        rht_fail(play, "the trace holds it");
}
