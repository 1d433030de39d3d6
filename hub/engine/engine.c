/* Assembly of the engine: keys, memory, recovery, the first records of a new hub. */
#include "engine/inside.h"

#include <rh/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *dir, const char *name)
{
    size_t bytes = strlen(dir) + strlen(name) + 2;
    char *path = malloc(bytes);
    if (path != NULL)
        snprintf(path, bytes, "%s/%s", dir, name);
    return path;
}

static enum rh_err make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? RH_OK : RH_ERR_IO;
}

static enum rh_err load_keys(struct hub_engine *engine)
{
    char *path = join(engine->options.keys_dir, "sign.key");
    struct rh_secret secret;
    enum rh_err err = path == NULL ? RH_ERR_NOMEM
                                   : rh_secret_load(path, RH_KEY_SIGN, &secret);
    free(path);
    if (err != RH_OK)
        return err;
    memcpy(engine->sign_key.bytes, secret.secret, sizeof engine->sign_key.bytes);
    memcpy(engine->sign_public.bytes, secret.public_key, sizeof engine->sign_public.bytes);
    rh_wipe(&secret, sizeof secret);
    return RH_OK;
}

/* The key of the keyed hashes is not of a party, so it is a plain file of 32 bytes. */
static enum rh_err load_external_key(struct hub_engine *engine)
{
    char *path = join(engine->options.keys_dir, "external.key");
    if (path == NULL)
        return RH_ERR_NOMEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return errno == ENOENT ? RH_ERR_NOTFOUND : RH_ERR_IO;
    ssize_t got = read(fd, engine->external_key, sizeof engine->external_key);
    close(fd);
    return got == (ssize_t)sizeof engine->external_key ? RH_OK : RH_ERR_INVALID;
}

static bool carve(struct hub_engine *engine)
{
    engine->recent = malloc(sizeof *engine->recent);
    engine->outcome = calloc(1, sizeof *engine->outcome);
    engine->job_before = calloc(1, sizeof *engine->job_before);
    engine->public_part = calloc(1, sizeof *engine->public_part);
    engine->record = calloc(1, sizeof *engine->record);
    engine->rules = calloc(1, sizeof *engine->rules);
    engine->outcome_bytes = malloc(HUB_REST_BYTES_MAX);
    engine->rest_bytes = malloc(HUB_REST_BYTES_MAX);
    engine->content_bytes = malloc(HUB_CONTENT_BYTES_MAX);
    engine->plain_bytes = malloc(HUB_CONTENT_BYTES_MAX);
    engine->confirm_cores = malloc((size_t)RH_BUNDLE_ITEMS_MAX * RH_CORE_BYTES_MAX);
    engine->agencies = calloc(HUB_AGENCIES_MAX, sizeof *engine->agencies);
    engine->bundles = calloc(HUB_BUNDLES_REMEMBERED, sizeof *engine->bundles);
    engine->read_record[0] = calloc(1, sizeof *engine->read_record[0]);
    engine->read_record[1] = calloc(1, sizeof *engine->read_record[1]);
    if (engine->recent != NULL)
        engine->recent->count = 0;
    return engine->recent != NULL && engine->outcome != NULL && engine->job_before != NULL &&
           engine->public_part != NULL &&
           engine->record != NULL && engine->rules != NULL && engine->outcome_bytes != NULL &&
           engine->rest_bytes != NULL && engine->content_bytes != NULL &&
           engine->plain_bytes != NULL && engine->confirm_cores != NULL &&
           engine->agencies != NULL && engine->bundles != NULL &&
           engine->read_record[0] != NULL &&
           engine->read_record[1] != NULL;
}

static enum rh_err prepare(struct hub_engine *engine)
{
    engine->journal_dir = join(engine->options.data_dir, "journal");
    engine->log_dir = join(engine->options.data_dir, "log");
    size_t bytes = strlen(engine->options.rules_dir) + 1;
    engine->rules_dir = malloc(bytes);
    if (engine->journal_dir == NULL || engine->log_dir == NULL || engine->rules_dir == NULL ||
        !carve(engine))
        return RH_ERR_NOMEM;
    memcpy(engine->rules_dir, engine->options.rules_dir, bytes);
    enum rh_err err = load_keys(engine);
    if (err == RH_OK)
        err = load_external_key(engine);
    if (err == RH_OK)
        err = make_dir(engine->options.data_dir);
    if (err == RH_OK)
        err = make_dir(engine->log_dir);
    return err;
}

static enum rh_err stage_genesis(struct hub_engine *engine)
{
    struct hub_record *record = hub_record_begin(engine, RH_RECORD_GENESIS);
    char *path = join(engine->options.keys_dir, "hub.card");
    char card[2048];
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    ssize_t got = fd < 0 ? -1 : read(fd, card, sizeof card);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return RH_ERR_NOTFOUND;
    record->card = (struct rh_bytes){ (const uint8_t *)card, (size_t)got };
    return hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
}

/* Of this start, and of earlier ones that failed after the cut. */
static enum rh_err stage_cuts(struct hub_engine *engine)
{
    enum rh_err err =
        hub_journal_cuts(engine->journal, engine->cuts, HUB_CUTS_MAX, &engine->cut_count);
    for (size_t i = 0; err == RH_OK && i < engine->cut_count; i++) {
        struct hub_record *record = hub_record_begin(engine, RH_RECORD_CUT);
        snprintf(record->text, sizeof record->text, "%s", engine->cuts[i].text);
        err = hub_stage(engine, record, (struct rh_bytes){ 0 }, 0);
    }
    return err;
}

static enum rh_err close_cuts(struct hub_engine *engine)
{
    enum rh_err err = RH_OK;
    while (err == RH_OK && engine->cut_count > 0)
        err = hub_journal_cut_recorded(engine->journal, &engine->cuts[--engine->cut_count]);
    return err;
}

/* How long the hub did not run, as far as its own clock tells. */
static uint64_t start_clock(struct hub_engine *engine)
{
    struct hub_journal_state state;
    hub_journal_state(engine->journal, &state);
    engine->time.wall = engine->options.wall_ms != NULL ? engine->options.wall_ms
                                                        : hub_time_system_wall;
    engine->time.monotonic = engine->options.monotonic_ms != NULL
                                 ? engine->options.monotonic_ms
                                 : hub_time_system_monotonic;
    /* A frame bears the time at which it was begun; its records may be younger. */
    uint64_t last_ms = state.last_time_ms > engine->last_stored_ms ? state.last_time_ms
                                                                  : engine->last_stored_ms;
    bool fresh = last_ms == 0;
    if (last_ms == 0 && engine->options.steered)
        last_ms = engine->options.start_ms;
    engine->start_believed = hub_time_start(&engine->time, last_ms, engine->options.steered);
    engine->down_ms = engine->views.next.down_ms;
    engine->published_at_ms = engine->time.monotonic();
    uint64_t now_ms = hub_engine_now(engine);
    engine->start_gap_ms = fresh ? 0 : now_ms - last_ms;
    return engine->start_gap_ms;
}

static enum rh_err first_records(struct hub_engine *engine, uint64_t down_ms, char *report,
                                 size_t report_bytes)
{
    enum rh_err err = engine->next_index == 0 ? stage_genesis(engine) : RH_OK;
    if (err == RH_OK)
        err = stage_cuts(engine);
    if (err == RH_OK && engine->next_index > 1)
        err = hub_engine_clock_started(engine, down_ms);
    if (err == RH_OK)
        err = hub_engine_clock_begin(engine, engine->start_believed);
    if (err != RH_OK) {
        snprintf(report, report_bytes, _("first records: %s"), rh_text(rh_err_text(err)));
        return err;
    }
    err = hub_jobs_recall(engine);
    if (err != RH_OK)
        return err;
    err = hub_rulebook_recall(engine);
    if (err == RH_OK || err == RH_ERR_NOTFOUND)
        err = hub_rulebook_load(engine, report, report_bytes);
    if (err != RH_OK)
        return err;
    hub_views_world(&engine->views, engine->rules, engine->rules_index, &engine->world);
    err = hub_engine_finish(engine);
    if (err == RH_OK)
        err = close_cuts(engine);
    /* At every start: a hub that does not live long enough for its next turn to publish must
     * not leave its log without a checkpoint for good. */
    if (err == RH_OK)
        err = hub_engine_publish(engine);
    if (err == RH_OK)
        err = hub_engine_settle(engine);
    if (err != RH_OK)
        snprintf(report, report_bytes, _("first records: %s"), rh_text(rh_err_text(err)));
    return err;
}

enum rh_err hub_engine_open(const struct hub_engine_options *options, struct hub_engine **out,
                            char *report, size_t report_bytes)
{
    *out = NULL;
    rh_assert(report_bytes > 0);
    report[0] = '\0';
    if (options->steered && !rh_hub_id_is_test(&options->hub)) {
        snprintf(report, report_bytes, _("only a test hub may run on a steered clock"));
        return RH_ERR_CONFIG;
    }
    struct hub_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return RH_ERR_NOMEM;
    engine->options = *options;
    engine->hub = options->hub;
    enum rh_err err = prepare(engine);
    if (err != RH_OK)
        snprintf(report, report_bytes, _("keys or directories: %s"), rh_text(rh_err_text(err)));
    if (err == RH_OK)
        err = hub_engine_recover(engine, report, report_bytes);
    if (err == RH_OK)
        err = hub_engine_agencies_read(engine);
    if (err == RH_OK)
        err = options->store_usage(options->store, &engine->map_permille);
    if (err == RH_OK)
        err = first_records(engine, start_clock(engine), report, report_bytes);
    if (err != RH_OK) {
        hub_engine_close(&engine);
        return err;
    }
    engine->agencies_changed = true;
    *out = engine;
    return RH_OK;
}

void hub_engine_close(struct hub_engine **pointer)
{
    struct hub_engine *engine = *pointer;
    if (engine == NULL)
        return;
    *pointer = NULL;
    hub_mending_close(engine);
    hub_journal_close(&engine->journal);
    hub_tree_close(&engine->tree);
    hub_views_close(&engine->views);
    rh_wipe(&engine->sign_key, sizeof engine->sign_key);
    rh_wipe(engine->external_key, sizeof engine->external_key);
    free(engine->journal_dir);
    free(engine->log_dir);
    free(engine->rules_dir);
    free(engine->recent);
    free(engine->outcome);
    free(engine->job_before);
    hub_past_fini(&engine->past);
    free(engine->public_part);
    free(engine->record);
    free(engine->rules);
    free(engine->outcome_bytes);
    free(engine->rest_bytes);
    free(engine->content_bytes);
    free(engine->plain_bytes);
    free(engine->confirm_cores);
    free(engine->agencies);
    free(engine->bundles);
    for (unsigned i = 0; i < 2; i++) {
        free(engine->read_bytes[i]);
        free(engine->read_record[i]);
    }
    free(engine);
}

uint64_t hub_engine_now(struct hub_engine *engine)
{
    return hub_time_now(&engine->time);
}

uint32_t hub_engine_rate(const struct hub_engine *engine)
{
    return engine->time.rate;
}

const struct rh_hub_id *hub_engine_hub(const struct hub_engine *engine)
{
    return &engine->hub;
}

struct hub_views *hub_engine_views(struct hub_engine *engine)
{
    return &engine->views;
}

const struct rh_rules *hub_engine_rules(const struct hub_engine *engine)
{
    return engine->rules;
}

void hub_engine_sign_key(const struct hub_engine *engine, struct rh_sign_public *out)
{
    *out = engine->sign_public;
}

void hub_engine_external_key(const struct hub_engine *engine, uint8_t out[32])
{
    memcpy(out, engine->external_key, sizeof engine->external_key);
}

void hub_engine_health(struct hub_engine *engine, struct hub_engine_health *out)
{
    memset(out, 0, sizeof *out);
    out->records = engine->next_index;
    out->published = engine->published_size;
    out->held_refusal = engine->held_refusal;
    out->firing_held = engine->firing_held;
    out->listening = !engine->firing_held && hub_engine_clock_listens(engine);
    out->start_gap_ms = engine->start_gap_ms;
    out->wall_skew_ms = hub_time_skew(&engine->time);
    out->map_permille = engine->map_permille;
    out->hurt = atomic_load(&engine->hurt);
    out->mended = engine->mended;
    out->jump_ms = engine->time.reported_skew;
    out->rules_index = engine->rules_index;
    memcpy(out->text, engine->held_text, sizeof out->text);
    if (out->held_refusal == 0) {
        struct hub_journal_state state;
        hub_journal_state(engine->journal, &state);
        if (hub_journal_ready(engine->journal) == RH_ERR_NOSPACE) {
            out->held_refusal = RH_REFUSE_DISK_FULL;
            snprintf(out->text, sizeof out->text, "%.190s",
                     state.spare_text[0] != '\0'
                         ? state.spare_text
                         : "less than one segment's room is left on the disk");
        } else if (engine->map_permille >= HUB_MAP_HELD_PERMILLE) {
            out->held_refusal = RH_REFUSE_MAP_FULL;
            snprintf(out->text, sizeof out->text, "the view store is %u permille full",
                     engine->map_permille);
        }
    }
    out->intake_held = out->held_refusal != 0;
}
