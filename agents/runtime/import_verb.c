/* The verb `import`: a table through the agent's own spool, a few rows a turn, while everything
 * else goes on; and `imports`, how far each is. */
#include "runtime/agent.h"
#include "runtime/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rh/hash.h>
#include <rh/refusal.h>

#include "runtime/words.h"

enum {
    STEP_ROWS = 64,      /* one transaction, one sync */
    PAUSE_MS = 50,       /* where nothing can be taken in */
    PROGRESS_MS = 1000,
    PATIENCE_MS = 60000, /* without a row being taken: the hub is away */
    UNREAD_BYTES_MAX = 256 * 1024 /* of the answer: until the asker has read them */
};

/* ---- rows ------------------------------------------------------------------------------- */

static json_t *counts_json(const struct agent_import_count *counts, uint32_t used,
                           const char *name, bool rows)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < used; i++) {
        json_t *one = json_object();
        json_object_set_new(one, name, json_string(counts[i].key));
        if (rows) {
            agent_json_number(one, "rows", counts[i].rows);
            agent_json_number(one, "new", counts[i].registered);
        }
        agent_json_number(one, "dispatched", counts[i].dispatched);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *figures_json(const struct agent_import_figures *figures, bool dry_run)
{
    json_t *row = agent_json_row("imported");
    json_object_set_new(row, "encoding", json_string(figures->encoding));
    json_object_set_new(row, "dry_run", json_boolean(dry_run));
    agent_json_number(row, "rows", figures->rows);
    agent_json_number(row, "new", figures->registered);
    agent_json_number(row, "dispatched", figures->dispatched);
    agent_json_number(row, "screening", figures->registered - figures->dispatched);
    agent_json_number(row, "continued", figures->continued);
    agent_json_number(row, "unroutable", figures->unroutable);
    agent_json_number(row, "screened", figures->screened);
    json_object_set_new(row, "by_rule", counts_json(figures->rules, figures->rule_count, "rule",
                                                    true));
    agent_json_number(row, "known", figures->unchanged);
    agent_json_number(row, "failed", figures->bad);
    json_object_set_new(row, "by_category", counts_json(figures->categories,
                                                        figures->category_count, "category",
                                                        true));
    json_object_set_new(row, "by_agency", counts_json(figures->agencies, figures->agency_count,
                                                      "agency", false));
    return row;
}

static json_t *row_error_json(const struct agent_row_error *error)
{
    json_t *row = agent_json_row("row_error");
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(error->refusal, code);
    agent_json_number(row, "line", error->line);
    agent_json_number(row, "column", error->column);
    agent_json_text(row, "field", error->field);
    json_object_set_new(row, "code", json_string(code));
    json_object_set_new(row, "text", json_string(error->text));
    agent_json_text(row, "text_zh", error->text_zh);
    return row;
}

static json_t *progress_json(const struct agent_import_figures *figures)
{
    json_t *row = agent_json_row("import_progress");
    agent_json_number(row, "rows", figures->rows);
    agent_json_number(row, "new", figures->registered);
    agent_json_number(row, "continued", figures->continued);
    agent_json_number(row, "failed", figures->bad);
    agent_json_number(row, "bytes", figures->taken);
    agent_json_number(row, "bytes_total", figures->total);
    return row;
}

/* ---- the verb --------------------------------------------------------------------------- */

struct serving {
    struct agent_ask *ask;
    struct agent_import *import;
    struct agent_import_job job; /* no 0 until its first commit */
    bool dry_run, progress;
    bool gone; /* the asker hung up: what was committed stays, nothing more is begun */
    uint64_t told_at, taken_at; /* monotonic ms */
};

static enum rh_err submit(void *context, const struct agent_message *message,
                          struct agent_problems *problems, struct agent_submission *out)
{
    const struct serving *serving = context;
    struct agent_desk desk;
    agent_fill_desk(serving->ask->agent, &desk);
    return agent_desk_submit(&desk, message, 0, problems, out);
}

/* The job's row goes on disk with what it counts. */
static enum rh_err commit(void *context)
{
    struct serving *serving = context;
    struct agent *agent = serving->ask->agent;
    struct agent_import_job *job = &serving->job;
    const struct agent_import_figures *figures = agent_import_figures(serving->import);
    job->updated_ms = agent_now_ms(agent);
    job->rows = figures->rows;
    job->registered = figures->registered;
    job->dispatched = figures->dispatched;
    job->bad = figures->bad;
    job->taken = figures->taken;
    job->total = figures->total;
    enum rh_err err = agent_spool_import_put(agent->spool, job);
    if (err == RH_OK)
        err = agent_spool_commit(agent->spool);
    if (err == RH_OK)
        rh_client_offer(agent->client, agent_spool_committed_n(agent->spool));
    return err;
}

static void row_error(void *context, const struct agent_row_error *error)
{
    struct serving *serving = context;
    if (!serving->gone)
        serving->gone = agent_ask_row(serving->ask, row_error_json(error)) != RH_OK;
}

static enum rh_err refuse_problems(struct agent_ask *ask)
{
    rh_assert(ask->problems.count > 0);
    return agent_ask_refuse(ask, ask->problems.list[0].refusal, ask->problems.list[0].pointer);
}

/* The table is over: say so on disk, then to the asker. */
static enum rh_err finish(struct serving *serving)
{
    enum rh_err err = RH_OK;
    serving->job.state = AGENT_IMPORT_DONE;
    if (!serving->dry_run)
        err = commit(serving);
    if (err == RH_OK)
        err = agent_ask_row(serving->ask, figures_json(agent_import_figures(serving->import),
                                                       serving->dry_run));
    return err;
}

/* What a step that took nothing means. */
static enum rh_err halted(struct serving *serving, enum rh_err err, uint64_t now)
{
    struct agent_ask *ask = serving->ask;
    if (err == RH_ERR_INVALID && ask->problems.count > 0)
        return refuse_problems(ask);
    if (err == RH_ERR_FULL)
        return agent_ask_explain(ask, RH_REFUSE_SPOOL_FULL, "",
                                 "what was taken in is safe; repeat the import to go on",
                                 "已接收的行均已保存; 重做同一导入即可继续");
    if (err != RH_ERR_AGAIN)
        return err;
    ask->wake_at = now + PAUSE_MS;
    if (now - serving->taken_at > PATIENCE_MS)
        return agent_ask_explain(ask, RH_REFUSE_HUB_UNREACHABLE, "",
                                 "what was taken in is safe; repeat the import to go on",
                                 "已接收的行均已保存; 重做同一导入即可继续");
    return RH_OK;
}

static enum rh_err go_on(struct agent_ask *ask, bool *done)
{
    struct serving *serving = ask->work;
    struct agent *agent = ask->agent;
    uint64_t now = agent_monotonic_ms();
    bool over = false;
    if (agent->stopping)
        return agent_ask_explain(ask, RH_REFUSE_STOPPING, "",
                                 "the agent is stopping; repeat the import to go on",
                                 "代理程序正在停止; 重做同一导入即可继续");
    if (now < ask->wake_at)
        return RH_OK;
    if (rh_local_unread(ask->reply) > UNREAD_BYTES_MAX) {
        ask->wake_at = now + PAUSE_MS;
        return RH_OK;
    }
    enum rh_err err = agent_import_step(serving->import, agent_now_ms(agent), STEP_ROWS, &over,
                                        &ask->problems);
    if (err != RH_OK)
        err = halted(serving, err, now);
    else
        serving->taken_at = now;
    if (err != RH_OK || ask->refusal != 0)
        return err;
    if (over) {
        *done = true;
        return serving->gone ? RH_ERR_CLOSED : finish(serving);
    }
    if (serving->progress && now - serving->told_at >= PROGRESS_MS) {
        serving->told_at = now;
        serving->gone =
            agent_ask_row(ask, progress_json(agent_import_figures(serving->import))) != RH_OK;
    }
    return serving->gone ? RH_ERR_CLOSED : RH_OK;
}

static void let_go(struct agent_ask *ask)
{
    struct serving *serving = ask->work;
    agent_import_close(&serving->import);
    free(serving);
}

/* ---- beginning -------------------------------------------------------------------------- */

/* Which import this is: a table and a map as they lie there. One of them changed is another
 * import, whose rows are known or not by their numbers, as always. */
static void identify(const char *file, const char *map, struct rh_hash *out)
{
    char text[2 * 4200];
    struct stat about;
    size_t used = 0;
    const char *const paths[2] = { file, map };
    for (int i = 0; i < 2; i++) {
        memset(&about, 0, sizeof about);
        (void)stat(paths[i], &about);
        int bytes = snprintf(text + used, sizeof text - used, "%.4096s\n%lld\n%lld.%09ld\n",
                             paths[i], (long long)about.st_size,
                             (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
        used += bytes > 0 ? (size_t)bytes : 0;
    }
    struct rh_bytes part = { (const uint8_t *)text, used };
    rh_hash_tagged("rhub/agent/import/1", &part, 1, out);
}

static bool is_running(const struct agent *agent, const struct rh_hash *identity)
{
    for (uint32_t i = 0; i < agent->ask_count; i++) {
        const struct serving *other = agent->asks[i]->work;
        if (agent->asks[i]->step == go_on && !other->dry_run &&
            memcmp(other->job.identity.bytes, identity->bytes, sizeof identity->bytes) == 0)
            return true;
    }
    return false;
}

/* The same import, broken off; else a new one. */
static enum rh_err find_job(struct agent *agent, const char *file, const char *map,
                            struct agent_import_job *out)
{
    struct rh_hash identity;
    identify(file, map, &identity);
    enum rh_err err = agent_spool_import_find(agent->spool, &identity, out);
    if (err == RH_OK && out->state == AGENT_IMPORT_BEGUN)
        return RH_OK;
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    const char *slash = strrchr(file, '/');
    memset(out, 0, sizeof *out);
    out->state = AGENT_IMPORT_BEGUN;
    out->identity = identity;
    snprintf(out->file, sizeof out->file, "%s", slash != NULL ? slash + 1 : file);
    out->first_n = agent_spool_last_n(agent->spool) + 1;
    out->started_ms = agent_now_ms(agent);
    return RH_OK;
}

static bool flag(struct agent_ask *ask, const char *name, const char *pointer)
{
    const json_t *value = json_object_get(ask->args, name);
    if (value != NULL && !json_is_boolean(value))
        agent_ask_explain(ask, RH_REFUSE_FIELD_INVALID, pointer, "true or false",
                          "应为 true 或 false");
    return json_is_true(value);
}

static enum rh_err begin(struct serving *serving, const char *file, const char *map)
{
    struct agent_ask *ask = serving->ask;
    struct agent *agent = ask->agent;
    struct agent_import_options options = {
        .file = file,
        .map = map,
        .rules = agent->options.rules_dir,
        .spool = agent->spool,
        .cards = agent->cards,
        .agency = agent->options.agency,
        .dry_run = serving->dry_run,
        .submit = submit,
        .commit = commit,
        .row_error = row_error,
        .context = serving,
    };
    enum rh_err err = find_job(agent, file, map, &serving->job);
    if (err != RH_OK)
        return err;
    if (!agent_ask_may_wait(ask))
        return agent_ask_refuse(ask, RH_REFUSE_SOCKET_BUSY, "");
    if (!serving->dry_run && is_running(agent, &serving->job.identity))
        return agent_ask_refuse(ask, RH_REFUSE_IMPORT_RUNS, "/args/file");
    options.first_n = serving->job.no != 0 ? serving->job.first_n : 0;
    err = agent_import_open(&options, &serving->import, &ask->problems);
    return err == RH_ERR_INVALID ? refuse_problems(ask) : err;
}

enum rh_err agent_verb_import(struct agent_ask *ask)
{
    struct serving *serving = calloc(1, sizeof *serving);
    rh_assert(serving != NULL);
    const char *file = agent_ask_text(ask, "file");
    const char *map = agent_ask_text(ask, "map");
    enum rh_err err = RH_OK;
    serving->ask = ask;
    serving->dry_run = flag(ask, "dry_run", "/args/dry_run");
    serving->progress = flag(ask, "progress", "/args/progress");
    serving->told_at = serving->taken_at = agent_monotonic_ms();
    if (ask->refusal == 0 && file == NULL)
        agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/file", "the table",
                          "须给出表格");
    if (ask->refusal == 0 && map == NULL)
        agent_ask_explain(ask, RH_REFUSE_FIELD_MISSING, "/args/map", "which column is what",
                          "须给出列对应文件");
    ask->work = serving;
    ask->release = let_go;
    if (ask->refusal == 0)
        err = begin(serving, file, map);
    if (err == RH_OK && ask->refusal == 0)
        ask->step = go_on;
    return err;
}

/* ---- how far they are ------------------------------------------------------------------- */

enum rh_err agent_verb_imports(struct agent_ask *ask)
{
    struct agent *agent = ask->agent;
    struct agent_import_job job;
    enum rh_err err = RH_OK;
    for (uint64_t no = 1; err == RH_OK; no++) {
        err = agent_spool_import_next(agent->spool, &no, &job);
        if (err != RH_OK)
            break;
        json_t *row = agent_json_row("import");
        const char *state = job.state == AGENT_IMPORT_DONE         ? "done"
                            : is_running(agent, &job.identity)      ? "running"
                                                                    : "broken_off";
        agent_json_number(row, "id", job.no);
        agent_json_text(row, "file", job.file);
        agent_json_text(row, "state", state);
        agent_json_number(row, "rows", job.rows);
        agent_json_number(row, "new", job.registered);
        agent_json_number(row, "dispatched", job.dispatched);
        agent_json_number(row, "failed", job.bad);
        agent_json_number(row, "bytes", job.taken);
        agent_json_number(row, "bytes_total", job.total);
        agent_json_instant(row, "started_at", job.started_ms);
        agent_json_instant(row, "updated_at", job.updated_ms);
        err = agent_ask_row(ask, row);
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}
