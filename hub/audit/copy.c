#include "audit/copy.h"

#include "views/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rh_err from_errno(int code)
{
    if (code == ENOENT || code == ENOTDIR)
        return RH_ERR_NOTFOUND;
    if (code == EACCES || code == EPERM)
        return RH_ERR_DENIED;
    return code == ENOMEM ? RH_ERR_NOMEM : RH_ERR_IO;
}

static bool join(char out[HUB_COPY_PATH_BYTES], const char *dir, const char *name)
{
    int bytes = snprintf(out, HUB_COPY_PATH_BYTES, "%s/%s", dir, name);
    return bytes > 0 && bytes < HUB_COPY_PATH_BYTES;
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* ---- files ----------------------------------------------------------------------------- */

static enum rh_err read_all(int fd, size_t bytes_max, char **out, size_t *bytes)
{
    size_t capacity = 4096;
    char *data = malloc(capacity + 1);
    *bytes = 0;
    while (data != NULL) {
        ssize_t got = read(fd, data + *bytes, capacity - *bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int code = errno;
            free(data);
            return from_errno(code);
        }
        *bytes += (size_t)got;
        if (got == 0)
            break;
        if (*bytes > bytes_max) {
            free(data);
            return RH_ERR_FULL;
        }
        if (*bytes == capacity) {
            char *grown = realloc(data, capacity * 2 + 1);
            if (grown == NULL)
                free(data);
            data = grown;
            capacity *= 2;
        }
    }
    if (data == NULL)
        return RH_ERR_NOMEM;
    data[*bytes] = '\0';
    *out = data;
    return RH_OK;
}

enum rh_err hub_copy_read_file(const char *path, size_t bytes_max, char **out, size_t *bytes)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return from_errno(errno);
    enum rh_err err = read_all(fd, bytes_max, out, bytes);
    close(fd);
    return err;
}

/* ---- opening --------------------------------------------------------------------------- */

static enum rh_err find_parts(struct hub_copy *copy, const char *path)
{
    char journal[HUB_COPY_PATH_BYTES], log[HUB_COPY_PATH_BYTES];
    if (!is_directory(path))
        return from_errno(errno == 0 ? ENOTDIR : errno);
    if (!join(journal, path, "journal") || !join(log, path, "log"))
        return RH_ERR_INVALID;
    if (!is_directory(journal)) {
        /* A journal alone, or the journal inside a data directory. */
        snprintf(copy->journal_dir, sizeof copy->journal_dir, "%s", path);
        if (!join(log, path, "../log"))
            return RH_ERR_INVALID;
    } else {
        memcpy(copy->journal_dir, journal, sizeof journal);
    }
    if (is_directory(log))
        memcpy(copy->log_dir, log, sizeof log);
    return RH_OK;
}

/* What the segments are called is the journal's business; their sizes only feed a bar. */
static void measure(struct hub_copy *copy)
{
    struct hub_journal_state state;
    hub_journal_state(copy->journal, &state);
    copy->first_index = state.first_index;
    copy->segment_count = state.segment_count;
    DIR *dir = opendir(copy->journal_dir);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        struct stat about;
        if (strncmp(entry->d_name, "segment-", 8) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &about, 0) == 0)
            copy->bytes += (uint64_t)about.st_size;
    }
    closedir(dir);
}

static void take_card(struct hub_copy *copy, const struct rh_card *card)
{
    struct rh_hub_id id;
    if (!card->present[RH_KEY_SIGN] ||
        rh_hub_id_parse(card->owner, strlen(card->owner), &id) != RH_OK)
        return;
    rh_hub_id_with_generation(&id, 1, &copy->hub);
    memcpy(copy->hub_key.bytes, card->keys[RH_KEY_SIGN], sizeof copy->hub_key.bytes);
    rh_card_fingerprint(card, copy->fingerprint);
    copy->keyed = true;
}

static enum rh_err see_first(void *arg, const struct hub_journal_record *record,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    (void)content;
    (void)location;
    (void)frame;
    struct hub_record decoded;
    struct rh_card card;
    if (record->index == 0 &&
        hub_record_decode(record->core, record->rest, &decoded) == RH_OK &&
        decoded.core.type == RH_RECORD_GENESIS &&
        rh_card_parse((const char *)decoded.card.data, decoded.card.bytes, &card) == RH_OK)
        take_card(arg, &card);
    return RH_ERR_CLOSED; /* one is enough */
}

static enum rh_err pass_damage(void *arg, const struct hub_journal_damage *damage)
{
    (void)arg;
    (void)damage;
    return RH_OK;
}

/* The card in the journal is the hub's own word: better than nothing, and said so. */
static void learn_key(struct hub_copy *copy)
{
    const struct hub_journal_visitor visitor = {
        .record = see_first, .damage = pass_damage, .arg = copy
    };
    if (copy->first_index == 0)
        (void)hub_journal_scan(copy->journal, 0, &visitor);
}

enum rh_err hub_copy_open(struct hub_copy *copy, const struct hub_copy_options *options,
                          char *problem, size_t problem_bytes)
{
    memset(copy, 0, sizeof *copy);
    enum rh_err err = find_parts(copy, options->path);
    if (err != RH_OK) {
        snprintf(problem, problem_bytes, "%s: %s", options->path, rh_err_text(err));
        return err;
    }
    const struct hub_journal_options wanted = { .directory = copy->journal_dir,
                                                .read_only = true };
    struct hub_journal_report report;
    err = hub_journal_open(&wanted, &copy->journal, &report);
    if (err != RH_OK) {
        snprintf(problem, problem_bytes, "%s: %s", copy->journal_dir, report.text);
        return err;
    }
    measure(copy);
    if (options->hub_card != NULL) {
        struct rh_card card;
        err = rh_card_load(options->hub_card, &card);
        if (err == RH_OK)
            take_card(copy, &card);
        copy->carded = copy->keyed;
        if (err == RH_OK && !copy->keyed)
            err = RH_ERR_INVALID;
        if (err != RH_OK)
            snprintf(problem, problem_bytes, "%s: no hub's card: %s", options->hub_card,
                     rh_err_text(err));
    } else {
        learn_key(copy);
    }
    if (err != RH_OK)
        hub_copy_close(copy);
    return err;
}

void hub_copy_close(struct hub_copy *copy)
{
    hub_journal_close(&copy->journal);
    free(copy->checkpoints);
    free(copy->newest_note);
    memset(copy, 0, sizeof *copy);
}

/* ---- checkpoints ----------------------------------------------------------------------- */

static enum rh_err keep(struct hub_copy *copy, const struct hub_copy_checkpoint *checkpoint)
{
    if (copy->checkpoint_count == HUB_COPY_CHECKPOINTS_MAX)
        return RH_ERR_FULL;
    if (copy->checkpoint_count == copy->checkpoint_capacity) {
        size_t capacity = copy->checkpoint_capacity == 0 ? 64 : copy->checkpoint_capacity * 2;
        struct hub_copy_checkpoint *grown =
            realloc(copy->checkpoints, capacity * sizeof *grown);
        if (grown == NULL)
            return RH_ERR_NOMEM;
        copy->checkpoints = grown;
        copy->checkpoint_capacity = capacity;
    }
    copy->checkpoints[copy->checkpoint_count++] = *checkpoint;
    return RH_OK;
}

static enum rh_err keep_newest(struct hub_copy *copy, const struct rh_checkpoint *checkpoint,
                               uint32_t generation, const char *note, size_t bytes)
{
    bool newer = copy->newest_note == NULL || generation > copy->newest_generation ||
                 (generation == copy->newest_generation &&
                  (checkpoint->size > copy->newest_size ||
                   /* the same one with more signatures */
                   (checkpoint->size == copy->newest_size && bytes > copy->newest_note_bytes)));
    if (!newer)
        return RH_OK;
    char *own = malloc(bytes + 1);
    if (own == NULL)
        return RH_ERR_NOMEM;
    memcpy(own, note, bytes);
    own[bytes] = '\0';
    free(copy->newest_note);
    copy->newest_note = own;
    copy->newest_note_bytes = bytes;
    copy->newest_size = checkpoint->size;
    copy->newest_generation = generation;
    return RH_OK;
}

/* Whose note it claims to be: its first line. */
static bool origin_of(const struct hub_copy *copy, const char *note, size_t bytes,
                      struct rh_hub_id *origin)
{
    const char *end = memchr(note, '\n', bytes);
    struct rh_hub_id first;
    if (end == NULL || rh_hub_id_parse(note, (size_t)(end - note), origin) != RH_OK)
        return false;
    rh_hub_id_with_generation(origin, 1, &first);
    return strcmp(first.text, copy->hub.text) == 0;
}

static enum rh_err take_note(struct hub_copy *copy, const char *name, const char *note,
                             size_t bytes, bool given, uint64_t named_size,
                             struct hub_findings *findings)
{
    struct rh_hub_id origin;
    struct rh_checkpoint checkpoint;
    copy->notes++;
    if (!origin_of(copy, note, bytes, &origin)) {
        hub_findings_say(findings, HUB_FINDING_NOTE, HUB_FINDING_NOWHERE,
                         N_("%s: its first line is not %s"), name, copy->hub.text);
        return RH_OK;
    }
    struct rh_bytes view = { (const uint8_t *)note, bytes };
    enum rh_err err = rh_checkpoint_verify(view, &origin, &copy->hub_key, &checkpoint);
    if (err == RH_ERR_CRYPTO || err == RH_ERR_NOTFOUND) {
        hub_findings_say(findings, HUB_FINDING_NOTE_SIGNATURE, HUB_FINDING_NOWHERE, "%s: %s",
                         name, rh_text(rh_err_text(err)));
        return RH_OK;
    }
    if (err != RH_OK) {
        hub_findings_say(findings, HUB_FINDING_NOTE, HUB_FINDING_NOWHERE, "%s: %s", name,
                         rh_text(rh_err_text(err)));
        return RH_OK;
    }
    if (named_size != UINT64_MAX && named_size != checkpoint.size)
        hub_findings_say(findings, HUB_FINDING_NOTE, HUB_FINDING_NOWHERE,
                         N_("%s: it is the checkpoint of size %" PRIu64), name,
                         checkpoint.size);
    uint32_t generation = rh_hub_id_generation(&origin);
    const struct hub_copy_checkpoint kept = {
        .size = checkpoint.size, .root = checkpoint.root, .generation = generation,
        .given = given
    };
    err = keep(copy, &kept);
    return err == RH_OK ? keep_newest(copy, &checkpoint, generation, note, bytes) : err;
}

static enum rh_err take_file(struct hub_copy *copy, const char *path, const char *name,
                             bool given, uint64_t named_size, struct hub_findings *findings)
{
    char *note;
    size_t bytes;
    enum rh_err err = hub_copy_read_file(path, RH_NOTE_BYTES_MAX, &note, &bytes);
    if (err == RH_ERR_FULL) {
        hub_findings_say(findings, HUB_FINDING_NOTE, HUB_FINDING_NOWHERE,
                         N_("%s: larger than any checkpoint"), name);
        return RH_OK;
    }
    if (err == RH_OK)
        err = take_note(copy, name, note, bytes, given, named_size, findings);
    free(note);
    return err;
}

/* Plain decimal without leading zeros, as hub/log names them. */
static bool is_size(const char *name, uint64_t *size)
{
    size_t digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 19 || name[digits] != '\0' || (digits > 1 && name[0] == '0'))
        return false;
    *size = strtoull(name, NULL, 10);
    return true;
}

static enum rh_err take_kept(struct hub_copy *copy, struct hub_findings *findings)
{
    char dir_path[HUB_COPY_PATH_BYTES], path[HUB_COPY_PATH_BYTES];
    char name[64];
    if (!join(dir_path, copy->log_dir, "checkpoints"))
        return RH_ERR_INVALID;
    DIR *dir = opendir(dir_path);
    if (dir == NULL)
        return errno == ENOENT ? RH_OK : from_errno(errno);
    enum rh_err err = RH_OK;
    for (struct dirent *entry = readdir(dir); entry != NULL && err == RH_OK;
         entry = readdir(dir)) {
        uint64_t size;
        if (!is_size(entry->d_name, &size))
            continue;
        snprintf(name, sizeof name, "checkpoints/%" PRIu64, size);
        err = join(path, copy->log_dir, name)
                  ? take_file(copy, path, name, false, size, findings)
                  : RH_ERR_INVALID;
    }
    closedir(dir);
    return err;
}

static int by_size(const void *a, const void *b)
{
    const struct hub_copy_checkpoint *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    int order = memcmp(x->root.bytes, y->root.bytes, sizeof x->root.bytes);
    if (order != 0)
        return order;
    if (x->generation != y->generation)
        return x->generation < y->generation ? -1 : 1;
    return (int)y->given - (int)x->given;
}

static void sort(struct hub_copy *copy)
{
    size_t kept = 0;
    if (copy->checkpoint_count > 0)
        qsort(copy->checkpoints, copy->checkpoint_count, sizeof *copy->checkpoints, by_size);
    for (size_t i = 0; i < copy->checkpoint_count; i++) {
        const struct hub_copy_checkpoint *one = &copy->checkpoints[i];
        const struct hub_copy_checkpoint *last = kept > 0 ? &copy->checkpoints[kept - 1] : NULL;
        if (last == NULL || last->size != one->size || last->generation != one->generation ||
            !rh_hash_equal(&last->root, &one->root))
            copy->checkpoints[kept++] = *one;
    }
    copy->checkpoint_count = kept;
}

enum rh_err hub_copy_read_checkpoints(struct hub_copy *copy,
                                      const struct hub_copy_options *options,
                                      struct hub_findings *findings)
{
    if (!copy->keyed)
        return RH_OK; /* nobody's signature could be checked; the caller says so */
    char path[HUB_COPY_PATH_BYTES];
    enum rh_err err = RH_OK;
    if (copy->log_dir[0] != '\0') {
        err = take_kept(copy, findings);
        if (err == RH_OK && !join(path, copy->log_dir, "checkpoint"))
            err = RH_ERR_INVALID;
        if (err == RH_OK)
            err = take_file(copy, path, "checkpoint", false, UINT64_MAX, findings);
        if (err == RH_ERR_NOTFOUND)
            err = RH_OK;
    }
    for (size_t i = 0; err == RH_OK && i < options->checkpoint_count; i++)
        err = take_file(copy, options->checkpoints[i], options->checkpoints[i], true,
                        UINT64_MAX, findings);
    sort(copy);
    return err;
}
