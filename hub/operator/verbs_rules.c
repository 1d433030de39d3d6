/* Rules in force. */
#include "operator/inside.h"

#include <string.h>

#include <rh/text.h>

static const char *const marks[] = { "V1", "V2", "M", "policy" }; /* by enum rh_verified */

static json_t *show_limit(const struct rh_limit *limit)
{
    json_t *entry = json_object();
    hub_json_text(entry, "id", limit->id);
    hub_json_text(entry, "title_zh", limit->title_zh);
    hub_json_text(entry, "title_en", limit->title_en);
    hub_json_span(entry, "unit", "n", limit->span.unit, limit->span.n);
    hub_json_text(entry, "basis", limit->verification == RH_VERIFIED_POLICY ? "policy" : "law");
    hub_json_text(entry, "instrument", limit->basis);
    hub_json_text(entry, "verification", marks[limit->verification]);
    hub_json_text(entry, "owed_by", rh_actor_name(limit->owed_by));
    return entry;
}

static json_t *show_procedure(const struct hub_ask *ask, const struct rh_procedure *procedure)
{
    json_t *row = hub_json_row("procedure");
    json_t *limits = json_array();
    hub_json_text(row, "id", procedure->id);
    hub_json_uint(row, "version", procedure->version);
    hub_json_text(row, "title_zh", procedure->title_zh);
    hub_json_text(row, "title_en", procedure->title_en);
    hub_json_text(row, "basis", procedure->basis);
    hub_json_uint(row, "limit_count", procedure->limit_count);
    hub_json_uint(row, "rules_index", ask->op->rules_index);
    for (uint32_t i = 0; i < procedure->limit_count; i++)
        json_array_append_new(limits, show_limit(&procedure->limits[i]));
    json_object_set_new(row, "limits", limits);
    return row;
}

enum rh_err hub_verb_rules_list(struct hub_ask *ask)
{
    const struct rh_rules *rules = ask->op->rules;
    enum rh_err err = RH_OK;
    uint32_t count = ask->op->rules_known ? rules->procedure_count : 0;
    for (uint32_t i = 0; i < count && err == RH_OK; i++)
        err = hub_ask_row(ask, show_procedure(ask, &rules->procedures[i]));
    return err;
}

struct reload {
    char report[RH_PROBLEM_LIST_BYTES];
    enum rh_err answer;
};

static enum rh_err reload(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct reload *wish = context;
    (void)gateway;
    wish->answer = hub_engine_reload(engine, wish->report, sizeof wish->report);
    switch (wish->answer) {
    case RH_ERR_CONFIG:
    case RH_ERR_NOTFOUND:
    case RH_ERR_FULL:
    case RH_ERR_INVALID:
    case RH_ERR_NOSPACE:
        return RH_OK; /* the old rules stay in force */
    case RH_OK:
    case RH_ERR_EXISTS:
    case RH_ERR_CORRUPT:
    case RH_ERR_IO:
    case RH_ERR_CRYPTO:
    case RH_ERR_DENIED:
    case RH_ERR_AGAIN:
    case RH_ERR_TIMEOUT:
    case RH_ERR_CLOSED:
    case RH_ERR_NOMEM:
    case RH_ERR_USAGE:
        break;
    }
    return wish->answer;
}

enum rh_err hub_verb_rules_reload(struct hub_ask *ask)
{
    struct reload wish = { .report = "" };
    enum rh_err err = hub_ask_engine(ask, reload, &wish, true);
    if (err == RH_OK && wish.answer == RH_ERR_NOSPACE)
        return hub_ask_refuse(ask, RH_REFUSE_DISK_FULL, NULL, NULL, NULL);
    if (err == RH_OK && wish.answer != RH_OK)
        return hub_ask_refuse_file(ask, RH_REFUSE_RULES_WRONG, NULL,
                                   N_("the rules read before stay in force"),
                                   wish.report[0] != '\0' ? wish.report
                                                          : rh_err_text(wish.answer));
    if (err == RH_OK)
        err = hub_snapshot_look(ask); /* the rules as they are now */
    return err == RH_OK ? hub_verb_rules_list(ask) : err;
}
