#include "unit/audit_kit.h"

#include "log/checkpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void rht_audit_dir(const char *name, char out[RHT_FILL_PATH_BYTES])
{
    snprintf(out, RHT_FILL_PATH_BYTES, "%s/%s", rht_tmpdir(), name);
}

void rht_audit_make(struct rht_log *log, const char *name, uint64_t referrals,
                    enum rht_log_form form)
{
    rht_audit_dir(name, log->dir);
    const struct rht_fill_options options = {
        .dir = log->dir,
        .rules_dir = RHT_SOURCE_DIR "/protocol/rules",
        .referrals = referrals,
        .seed = 20261121,
        .segment_bytes = 1024 * 1024,
        .map_bytes = UINT64_C(64) * 1024 * 1024,
        .publish_every = 3,
        .receipts = 8,
        .generation = form == RHT_LOG_RENEWED,
        .real_clock = form == RHT_LOG_REAL,
    };
    rht_fill(&options, &log->made);
    snprintf(log->data, sizeof log->data, "%s/data", log->dir);
    snprintf(log->card, sizeof log->card, "%s/keys/hub.card", log->dir);
    snprintf(log->cards, sizeof log->cards, "%s/cards", log->dir);
}

static void copy_tree(const char *from, const char *to)
{
    assert_int_equal(mkdir(to, 0700), 0);
    DIR *dir = opendir(from);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char source[RHT_AUDIT_PATH_BYTES], target[RHT_AUDIT_PATH_BYTES];
        struct stat about;
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "next.rhj") == 0)
            continue;
        assert_in_range(snprintf(source, sizeof source, "%s/%s", from, entry->d_name), 1,
                        sizeof source - 1);
        assert_in_range(snprintf(target, sizeof target, "%s/%s", to, entry->d_name), 1,
                        sizeof target - 1);
        assert_int_equal(stat(source, &about), 0);
        if (S_ISDIR(about.st_mode)) {
            copy_tree(source, target);
            continue;
        }
        size_t bytes;
        char *data = rht_read_file(source, &bytes);
        rht_write_file(target, data, bytes);
        free(data);
    }
    closedir(dir);
}

static void join(char out[RHT_AUDIT_PATH_BYTES], const char *dir, const char *name)
{
    assert_in_range(snprintf(out, RHT_AUDIT_PATH_BYTES, "%s/%s", dir, name), 1,
                    RHT_AUDIT_PATH_BYTES - 1);
}

void rht_audit_copy(const struct rht_log *log, const char *name,
                    char out[RHT_AUDIT_PATH_BYTES])
{
    char dir[RHT_FILL_PATH_BYTES], from[RHT_AUDIT_PATH_BYTES], to[RHT_AUDIT_PATH_BYTES];
    rht_audit_dir(name, dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(out, RHT_AUDIT_PATH_BYTES, "%s", dir);
    join(from, log->data, "journal");
    join(to, out, "journal");
    copy_tree(from, to);
    join(from, log->data, "log");
    join(to, out, "log");
    copy_tree(from, to);
}

int rht_audit_run(rht_verb_fn *verb, const struct rht_log *log, const char *data,
                  rht_change_fn *change, void *arg, json_t **printed)
{
    char *text = NULL, *complaint = NULL;
    size_t bytes = 0, complaint_bytes = 0;
    struct hub_verb_options options = {
        .pass = { .copy = { .path = data, .hub_card = log->card },
                  .to = UINT64_MAX,
                  .until_ms = UINT64_MAX },
        .json = true,
        .out = open_memstream(&text, &bytes),
        .err = open_memstream(&complaint, &complaint_bytes),
    };
    assert_non_null(options.out);
    assert_non_null(options.err);
    if (change != NULL)
        change(&options, arg);
    int code = verb(&options);
    fclose(options.out);
    fclose(options.err);
    json_t *value = json_loadb(text, bytes, 0, NULL);
    if (printed != NULL)
        *printed = value;
    else
        json_decref(value);
    free(text);
    free(complaint);
    return code;
}

static void give_cards(struct hub_verb_options *options, void *arg)
{
    const struct rht_log *log = arg;
    options->pass.agencies_dir = log->cards;
}

int rht_audit_verify(const struct rht_log *log, const char *data, json_t **printed)
{
    struct rht_log own = *log;
    return rht_audit_run(hub_verb_verify, log, data, give_cards, &own, printed);
}

const json_t *rht_finding(const json_t *verification, const char *code)
{
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(verification, "findings"), i, finding)
    {
        const char *name = json_string_value(json_object_get(finding, "code"));
        if (name != NULL && strcmp(name, code) == 0)
            return finding;
    }
    return NULL;
}

uint64_t rht_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        fail_msg("no number %s", key);
    return (uint64_t)json_integer_value(value);
}

void rht_assert_found(const json_t *verification, const char *code, uint64_t index)
{
    const json_t *finding = rht_finding(verification, code);
    if (finding == NULL) {
        char *text = json_dumps(json_object_get(verification, "findings"), JSON_INDENT(1));
        print_error("%s\n", text);
        free(text);
        fail_msg("no finding %s", code);
    }
    assert_int_equal(rht_number(finding, "index"), index);
}

/* ---- forging ---------------------------------------------------------------------------- */

struct forging {
    struct hub_journal *journal;
    struct hub_tree *tree;      /* NULL: not signed */
    rht_forge_fn *forge;
    void *arg;
    bool open;
    struct hub_journal_frame frame;
    uint64_t sizes[256];        /* of the old checkpoints, ascending */
    size_t size_count, next_size;
    struct rh_sign_secret key;
    char log_dir[RHT_AUDIT_PATH_BYTES];
    struct rh_hub_id hub;
    uint64_t count;
    struct hub_record record;
    uint8_t core[RH_CORE_BYTES_MAX];
    uint8_t *rest; /* HUB_REST_BYTES_MAX */
    struct rht_random *noise; /* NULL: none */
    uint64_t once_in;
};

static void load_key(const struct rht_log *log, struct rh_sign_secret *key)
{
    char path[RHT_AUDIT_PATH_BYTES];
    struct rh_secret secret;
    join(path, log->dir, "keys/sign.key");
    assert_int_equal(rh_secret_load(path, RH_KEY_SIGN, &secret), RH_OK);
    memcpy(key->bytes, secret.secret, sizeof key->bytes);
}

static void publish(struct forging *forging)
{
    char note[1024];
    size_t bytes;
    assert_int_equal(hub_checkpoint_publish(forging->tree, forging->log_dir, &forging->hub,
                                            &forging->key, note, sizeof note, &bytes),
                     RH_OK);
}

static void write_record(struct forging *forging, const struct hub_journal_record *row,
                         const struct hub_journal_frame *frame)
{
    if (forging->open && frame->number != forging->frame.number) {
        assert_int_equal(hub_journal_append(forging->journal), RH_OK);
        forging->open = false;
    }
    if (!forging->open)
        assert_int_equal(hub_journal_begin(forging->journal, frame), RH_OK);
    forging->open = true;
    forging->frame = *frame;
    assert_int_equal(hub_journal_add(forging->journal, row, NULL), RH_OK);
    forging->count++;
    if (forging->tree == NULL)
        return;
    struct rh_hash rest_hash, leaf;
    hub_record_leaf(row->core, row->rest, &rest_hash, &leaf);
    assert_int_equal(hub_tree_append(forging->tree, &leaf), RH_OK);
    if (forging->next_size < forging->size_count &&
        forging->sizes[forging->next_size] == forging->count) {
        forging->next_size++;
        publish(forging);
    }
}

static void spoil(struct forging *forging, struct hub_journal_record *row)
{
    memcpy(forging->core, row->core.data, row->core.bytes);
    memcpy(forging->rest, row->rest.data, row->rest.bytes);
    row->core.data = forging->core;
    row->rest.data = forging->rest;
    uint64_t changes = rht_random_between(forging->noise, 1, 4);
    for (uint64_t i = 0; i < changes; i++) {
        bool core = rht_random_once_in(forging->noise, 8);
        uint8_t *bytes = core ? forging->core : forging->rest;
        size_t count = core ? row->core.bytes : row->rest.bytes;
        bytes[rht_random_below(forging->noise, count)] =
            (uint8_t)rht_random_below(forging->noise, 256);
    }
}

static enum rh_err forge_record(void *arg, const struct hub_journal_record *row,
                                enum hub_journal_content content,
                                const struct hub_journal_location *location,
                                const struct hub_journal_frame *frame)
{
    (void)content;
    (void)location;
    struct forging *forging = arg;
    struct hub_journal_record own = *row;
    if (forging->noise != NULL) {
        if (rht_random_once_in(forging->noise, forging->once_in))
            spoil(forging, &own);
        write_record(forging, &own, frame);
        return RH_OK;
    }
    assert_int_equal(hub_record_decode(row->core, row->rest, &forging->record), RH_OK);
    enum rht_forge_verdict verdict = forging->forge(forging->arg, &forging->record);
    forging->hub = forging->record.core.hub;
    if (verdict == RHT_FORGE_END)
        return RH_ERR_CLOSED;
    if (verdict == RHT_FORGE_DROP)
        return RH_OK;
    if (verdict == RHT_FORGE_SLOT && own.content.bytes > 0)
        own.content_slot++;
    if (verdict == RHT_FORGE_CHANGED) {
        struct rh_writer core, rest;
        rh_writer_init(&core, forging->core, sizeof forging->core);
        rh_writer_init(&rest, forging->rest, HUB_REST_BYTES_MAX);
        assert_int_equal(rh_receipt_encode(&forging->record.core, &core), RH_OK);
        assert_int_equal(hub_record_rest_encode(&forging->record, &rest), RH_OK);
        own.core = (struct rh_bytes){ core.data, core.bytes };
        own.rest = (struct rh_bytes){ rest.data, rest.bytes };
    }
    write_record(forging, &own, frame);
    return RH_OK;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void list_sizes(struct forging *forging, const struct rht_log *log)
{
    char path[RHT_AUDIT_PATH_BYTES];
    join(path, log->data, "log/checkpoints");
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        uint64_t size = strtoull(entry->d_name, NULL, 10);
        if (size > 0 && forging->size_count < 256)
            forging->sizes[forging->size_count++] = size;
    }
    closedir(dir);
    qsort(forging->sizes, forging->size_count, sizeof forging->sizes[0], by_value);
}

static void open_target(struct forging *forging, const struct rht_log *log, const char *out,
                        bool sign)
{
    char path[RHT_AUDIT_PATH_BYTES], old_log[RHT_AUDIT_PATH_BYTES];
    struct hub_journal_report report;
    assert_int_equal(mkdir(out, 0700), 0);
    join(forging->log_dir, out, "log");
    join(old_log, log->data, "log");
    if (sign) {
        const struct hub_tree_options options = { .directory = forging->log_dir };
        assert_int_equal(mkdir(forging->log_dir, 0700), 0);
        assert_int_equal(hub_tree_open(&options, 0, NULL, &forging->tree), RH_OK);
        load_key(log, &forging->key);
        list_sizes(forging, log);
    } else {
        copy_tree(old_log, forging->log_dir);
    }
    join(path, out, "journal");
    const struct hub_journal_options options = { .directory = path,
                                                 .hub_id = "test.fill",
                                                 .segment_bytes = 8 * 1024 * 1024 };
    assert_int_equal(hub_journal_open(&options, &forging->journal, &report), RH_OK);
}

static struct forging *forging_new(void)
{
    struct forging *forging = calloc(1, sizeof *forging);
    assert_non_null(forging);
    forging->rest = malloc(HUB_REST_BYTES_MAX);
    assert_non_null(forging->rest);
    assert_int_equal(rh_hub_id_parse("test.fill", 9, &forging->hub), RH_OK);
    return forging;
}

static void forge_all(struct forging *forging, const struct rht_log *log, const char *out,
                      bool sign)
{
    struct hub_journal *source;
    struct hub_journal_report report;
    char path[RHT_AUDIT_PATH_BYTES];
    join(path, log->data, "journal");
    const struct hub_journal_options reading = { .directory = path, .read_only = true };
    assert_int_equal(hub_journal_open(&reading, &source, &report), RH_OK);
    open_target(forging, log, out, sign);
    const struct hub_journal_visitor visitor = { .record = forge_record, .arg = forging };
    enum rh_err err = hub_journal_scan(source, 0, &visitor);
    assert_true(err == RH_OK || err == RH_ERR_CLOSED);
    assert_int_equal(hub_journal_append(forging->journal), RH_OK);
    if (forging->tree != NULL)
        publish(forging);
    hub_tree_close(&forging->tree);
    hub_journal_close(&forging->journal);
    hub_journal_close(&source);
    free(forging->rest);
    free(forging);
}

void rht_forge(const struct rht_log *log, const char *out, rht_forge_fn *forge, void *arg,
               bool sign)
{
    struct forging *forging = forging_new();
    forging->forge = forge;
    forging->arg = arg;
    forge_all(forging, log, out, sign);
}

void rht_forge_noise(const struct rht_log *log, const char *out, struct rht_random *random,
                     uint64_t once_in)
{
    struct forging *forging = forging_new();
    forging->noise = random;
    forging->once_in = once_in;
    forge_all(forging, log, out, true);
}

void rht_forge_note(const struct rht_log *log, const char *hub, uint64_t size,
                    const struct rh_hash *root, const char *path)
{
    struct rh_sign_secret key;
    struct rh_hub_id id;
    char note[1024];
    size_t bytes;
    load_key(log, &key);
    assert_int_equal(rh_hub_id_parse(hub, strlen(hub), &id), RH_OK);
    assert_int_equal(hub_checkpoint_build(&id, size, root, &key, note, sizeof note, &bytes),
                     RH_OK);
    rht_write_file(path, note, bytes);
}
