/* The verb `import`: a table through the agent's own spool, while everything else goes on. */
#include "runtime/agent.h"
#include "runtime/import.h"

#include <rh/refusal.h>

#include "runtime/words.h"

enum {
    STEP_ROWS = 64,      /* one transaction, one sync */
    PAUSE_MS = 50,       /* where nothing can be taken in */
    PROGRESS_MS = 1000,
    PATIENCE_MS = 60000  /* without a row being taken: the hub is away */
};

/* ---- rows ------------------------------------------------------------------------------- */

static json_t *begin_row(const char *object)
{
    json_t *row = json_object();
    json_object_set_new(row, "object", json_string(object));
    json_object_set_new(row, "v", json_integer(1));
    return row;
}

static void put_number(json_t *row, const char *key, uint64_t value)
{
    json_object_set_new(row, key, json_integer((json_int_t)value));
}

static json_t *counts_json(const struct agent_import_count *counts, uint32_t used,
                           const char *name, bool rows)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < used; i++) {
        json_t *one = json_object();
        json_object_set_new(one, name, json_string(counts[i].key));
        if (rows) {
            put_number(one, "rows", counts[i].rows);
            put_number(one, "new", counts[i].registered);
        }
        put_number(one, "dispatched", counts[i].dispatched);
        json_array_append_new(list, one);
    }
    return list;
}

json_t *agent_import_figures_json(const struct agent_import_figures *figures, bool dry_run)
{
    json_t *row = begin_row("imported");
    json_object_set_new(row, "encoding", json_string(figures->encoding));
    json_object_set_new(row, "dry_run", json_boolean(dry_run));
    put_number(row, "rows", figures->rows);
    put_number(row, "new", figures->registered);
    put_number(row, "dispatched", figures->dispatched);
    put_number(row, "screening", figures->registered - figures->dispatched);
    put_number(row, "unroutable", figures->unroutable);
    put_number(row, "known", figures->unchanged);
    put_number(row, "failed", figures->bad);
    json_object_set_new(row, "by_category", counts_json(figures->categories,
                                                        figures->category_count, "category",
                                                        true));
    json_object_set_new(row, "by_agency", counts_json(figures->agencies, figures->agency_count,
                                                      "agency", false));
    return row;
}

json_t *agent_row_error_json(const struct agent_row_error *error)
{
    json_t *row = begin_row("row_error");
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(error->refusal, code);
    put_number(row, "line", error->line);
    put_number(row, "column", error->column);
    agent_json_text(row, "field", error->field);
    json_object_set_new(row, "code", json_string(code));
    json_object_set_new(row, "text", json_string(error->text));
    agent_json_text(row, "text_zh", error->text_zh);
    return row;
}

static json_t *progress_json(const struct agent_import_figures *figures)
{
    json_t *row = begin_row("import_progress");
    put_number(row, "rows", figures->rows);
    put_number(row, "new", figures->registered);
    put_number(row, "failed", figures->bad);
    put_number(row, "bytes", figures->taken);
    put_number(row, "bytes_total", figures->total);
    return row;
}

/* ---- the verb --------------------------------------------------------------------------- */

struct serving {
    struct agent_ask *ask;
    bool gone; /* the asker hung up: what was committed stays, nothing more is begun */
};

static enum rh_err submit(void *context, const struct agent_message *message,
                          struct agent_problems *problems, struct agent_submission *out)
{
    const struct serving *serving = context;
    struct agent_desk desk;
    agent_fill_desk(serving->ask->agent, &desk);
    return agent_desk_submit(&desk, message, 0, problems, out);
}

static enum rh_err commit(void *context)
{
    const struct serving *serving = context;
    struct agent *agent = serving->ask->agent;
    enum rh_err err = agent_spool_commit(agent->spool);
    if (err == RH_OK)
        rh_client_offer(agent->client, agent_spool_committed_n(agent->spool));
    return err;
}

static void row_error(void *context, const struct agent_row_error *error)
{
    struct serving *serving = context;
    if (!serving->gone)
        serving->gone = agent_ask_row(serving->ask, agent_row_error_json(error)) != RH_OK;
}

static void refuse_problems(struct agent_ask *ask)
{
    rh_assert(ask->problems.count > 0);
    agent_ask_refuse(ask, ask->problems.list[0].refusal, ask->problems.list[0].pointer);
}

/* Steps and turns by turns. An error of the spool is the agent's end, as anywhere else. */
static enum rh_err run(struct serving *serving, struct agent_import *import, bool progress)
{
    struct agent_ask *ask = serving->ask;
    struct agent *agent = ask->agent;
    uint64_t told_at = agent_monotonic_ms(), taken_at = told_at;
    bool done = false;
    while (!done && !serving->gone && !agent->stopping) {
        enum rh_err err = agent_import_step(import, agent_now_ms(agent), STEP_ROWS, &done,
                                            &ask->problems);
        uint64_t now = agent_monotonic_ms();
        bool waits = err == RH_ERR_AGAIN;
        if (err == RH_ERR_INVALID && ask->problems.count > 0) {
            refuse_problems(ask);
            return RH_OK;
        }
        if (err == RH_ERR_FULL)
            return agent_ask_refuse(ask, RH_REFUSE_SPOOL_FULL, "");
        if (err != RH_OK && !waits)
            return err;
        taken_at = waits ? taken_at : now;
        if (now - taken_at > PATIENCE_MS)
            return agent_ask_refuse(ask, RH_REFUSE_HUB_UNREACHABLE, "");
        if (progress && now - told_at >= PROGRESS_MS) {
            told_at = now;
            serving->gone =
                agent_ask_row(ask, progress_json(agent_import_figures(import))) != RH_OK;
        }
        err = done ? RH_OK : agent_turn(agent, waits ? PAUSE_MS : 0);
        if (err != RH_OK) {
            agent->fatal = err;
            return err;
        }
    }
    return serving->gone ? RH_ERR_CLOSED : RH_OK;
}

static bool flag(struct agent_ask *ask, const char *name, const char *pointer)
{
    const json_t *value = json_object_get(ask->args, name);
    if (value != NULL && !json_is_boolean(value))
        agent_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, pointer);
    return json_is_true(value);
}

enum rh_err agent_verb_import(struct agent_ask *ask)
{
    struct agent *agent = ask->agent;
    struct serving serving = { .ask = ask };
    struct agent_import *import = NULL;
    struct agent_import_options options = {
        .file = agent_ask_text(ask, "file"),
        .map = agent_ask_text(ask, "map"),
        .rules = agent->options.rules_dir,
        .spool = agent->spool,
        .cards = agent->cards,
        .agency = agent->options.agency,
        .dry_run = flag(ask, "dry_run", "/args/dry_run"),
        .submit = submit,
        .commit = commit,
        .row_error = row_error,
        .context = &serving,
    };
    bool progress = flag(ask, "progress", "/args/progress");
    if (ask->refusal == 0 && options.file == NULL)
        agent_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/file");
    if (ask->refusal == 0 && options.map == NULL)
        agent_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/map");
    if (ask->refusal != 0)
        return RH_OK;
    enum rh_err err = agent_import_open(&options, &import, &ask->problems);
    if (err == RH_ERR_INVALID) {
        refuse_problems(ask);
        return RH_OK;
    }
    if (err != RH_OK)
        return err;
    agent->busy_with_verb = true;
    err = run(&serving, import, progress);
    agent->busy_with_verb = false;
    if (err == RH_OK && ask->refusal == 0)
        err = agent_ask_row(ask, agent_import_figures_json(agent_import_figures(import),
                                                           options.dry_run));
    agent_import_close(&import);
    return err;
}
