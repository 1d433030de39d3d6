/* Rules in force, and the routing map. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/text.h>

static json_t *show_limit(const struct rh_limit *limit)
{
    json_t *entry = json_object();
    hub_json_text(entry, "id", limit->id);
    hub_json_text(entry, "title_zh", limit->title_zh);
    hub_json_text(entry, "title_en", limit->title_en);
    hub_json_span(entry, "unit", "n", limit->span.unit, limit->span.n);
    hub_json_text(entry, "basis", limit->verification == RH_VERIFIED_POLICY ? "policy" : "law");
    hub_json_text(entry, "instrument", limit->basis);
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
    char report[1000];
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
        return hub_ask_refuse(ask, RH_REFUSE_RULES_WRONG, NULL,
                              N_("the rules read before stay in force"),
                              wish.report[0] != '\0' ? wish.report
                                                     : rh_err_text(wish.answer));
    if (err == RH_OK)
        err = hub_snapshot_look(ask); /* the rules as they are now */
    return err == RH_OK ? hub_verb_rules_list(ask) : err;
}

const char *hub_json_level(size_t digits)
{
    switch (digits) {
    case 2:
        return "province";
    case 4:
        return "city";
    case 6:
        return "county";
    case 9:
        return "town";
    case 12:
        return "village";
    default:
        return "";
    }
}

/* Whoever has taken over the agency just read (ask->op->agency) for a matter of this category and
 * area: the map names offices that a reform has closed. */
static void follow_successors(struct hub_ask *ask, const char *category, const char *area)
{
    enum { STEPS_MAX = 8 };
    struct hub_agency *agency = ask->op->agency;
    struct hub_referral *matter = ask->op->referral;
    memset(matter, 0, sizeof *matter);
    snprintf(matter->category, sizeof matter->category, "%s", category);
    snprintf(matter->area, sizeof matter->area, "%s", area);
    for (int i = 0; i < STEPS_MAX; i++) {
        const struct hub_successor *next = hub_agency_successor(agency, matter);
        if (next == NULL || !next->done ||
            hub_views_agency(ask->map, next->to, agency) != RH_OK)
            return;
    }
}

/* `to` may be a role; with the area it names the agency of the lowest level that is enrolled:
 * the village's, else its town's, county's, city's, province's. */
static void put_agency(struct hub_ask *ask, json_t *row, const struct rh_routing *routing,
                       const char *category, const char *area)
{
    static const size_t levels[] = { 12, 9, 6, 4, 2 };
    char id[RH_AGENCY_BYTES_MAX + RH_CODE_BYTES_MAX + 2];
    size_t role = strcspn(routing->to, ".") + 1, digits = strlen(area);
    hub_json_text(row, "agency", NULL);
    hub_json_text(row, "level", NULL);
    if (strlen(routing->to) > role) {
        if (hub_views_agency_find(ask->map, routing->to, ask->op->agency) == RH_OK) {
            follow_successors(ask, category, area);
            hub_json_agency(ask, row, "agency", ask->op->agency->no);
        }
        hub_json_text(row, "level", hub_json_level(strlen(routing->to) - role));
        return;
    }
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (levels[i] > digits)
            continue;
        snprintf(id, sizeof id, "%.*s%.*s", (int)role, routing->to, (int)levels[i], area);
        if (hub_views_agency_find(ask->map, id, ask->op->agency) != RH_OK)
            continue;
        follow_successors(ask, category, area);
        hub_json_agency(ask, row, "agency", ask->op->agency->no);
        hub_json_text(row, "level", hub_json_level(levels[i]));
        return;
    }
}

/* The clocks the matter will run under, with the article of each; of one stage if one is named.
 * Mere rights and the watchdog are left out. */
static void put_limits(json_t *row, const struct rh_procedure *procedure, enum rh_state stage)
{
    static const char *const marks[] = { "V1", "V2", "M", "policy" };
    json_t *list = json_array();
    for (uint32_t i = 0; procedure != NULL && i < procedure->limit_count; i++) {
        const struct rh_limit *limit = &procedure->limits[i];
        if (limit->right_only ||
            (stage != RH_STATE_NONE && !rh_state_in(limit->states, stage)))
            continue;
        json_t *entry = json_object();
        hub_json_text(entry, "limit", limit->id);
        hub_json_text(entry, "title_zh", limit->title_zh);
        hub_json_text(entry, "title_en", limit->title_en);
        if (limit->span.n > 0) /* else the sender sets the date */
            hub_json_span(entry, "unit", "n", limit->span.unit, limit->span.n);
        else
            json_object_update_new(entry, json_pack("{s:n,s:n}", "unit", "n"));
        hub_json_text(entry, "owed_by", rh_actor_name(limit->owed_by));
        hub_json_text(entry, "basis", limit->basis);
        hub_json_text(entry, "verification", marks[limit->verification]);
        json_array_append_new(list, entry);
    }
    json_object_set_new(row, "limits", list);
}

static void put_words(json_t *row, const struct rh_routing *routing)
{
    hub_json_text(row, "condition_zh", routing->condition_zh);
    hub_json_text(row, "condition_en", routing->condition_en);
    hub_json_text(row, "remedy_zh", routing->remedy_zh);
    hub_json_text(row, "remedy_en", routing->remedy_en);
    hub_json_text(row, "proper_zh", routing->proper_zh);
    hub_json_text(row, "proper_en", routing->proper_en);
}

/* Nobody here, but the map says who: an answer, so that whoever asks can be told. */
static enum rh_err show_proper(struct hub_ask *ask, const struct rh_routing *routing,
                               const char *category, const char *area)
{
    static const char *const empty[] = { "to",    "agency",   "level",    "procedure", "kind",
                                         "basis", "title_zh", "title_en" };
    json_t *row = hub_json_row("route");
    hub_json_text(row, "id", routing->category);
    hub_json_text(row, "category", category);
    hub_json_text(row, "area", area);
    hub_json_text(row, "matched_category", routing->category);
    hub_json_text(row, "matched_area", routing->area);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        hub_json_text(row, empty[i], NULL);
    json_object_set_new(row, "limits", json_array());
    hub_json_bool(row, "accepted", false);
    put_words(row, routing);
    return hub_ask_row(ask, row);
}

enum rh_err hub_verb_route_query(struct hub_ask *ask)
{
    const char *category = hub_args_text(ask, "category");
    const char *area = hub_args_text(ask, "area") != NULL ? hub_args_text(ask, "area") : "";
    const char *named = hub_args_text(ask, "stage");
    enum rh_state stage = named == NULL ? RH_STATE_NONE : rh_state_find(named, strlen(named));
    if (named != NULL && stage == RH_STATE_NONE)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/stage",
                              N_("a state is wanted, such as dispatched or in_progress"), named);
    const struct rh_routing *routing =
        ask->op->rules_known ? rh_rules_route(ask->op->rules, category, area) : NULL;
    const struct rh_routing *proper =
        ask->op->rules_known ? rh_rules_proper(ask->op->rules, category, area) : NULL;
    if (proper != NULL)
        return show_proper(ask, proper, category, area);
    if (routing == NULL)
        return hub_ask_refuse(ask, RH_REFUSE_NO_ROUTE, "/args/category",
                              N_("the routing map has no answer"), category);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err != RH_OK)
        return err;
    json_t *row = hub_json_row("route");
    hub_json_text(row, "id", routing->category);
    hub_json_text(row, "category", category);
    hub_json_text(row, "area", area);
    hub_json_text(row, "matched_category", routing->category);
    hub_json_text(row, "matched_area", routing->area);
    hub_json_text(row, "to", routing->to);
    put_agency(ask, row, routing, category, area);
    const struct rh_procedure *procedure =
        rh_rules_procedure(ask->op->rules, routing->procedure);
    hub_json_text(row, "procedure", routing->procedure);
    hub_json_text(row, "title_zh", procedure == NULL ? "" : procedure->title_zh);
    hub_json_text(row, "title_en", procedure == NULL ? "" : procedure->title_en);
    hub_json_text(row, "basis", procedure == NULL ? "" : procedure->basis);
    put_limits(row, procedure, stage);
    hub_json_text(row, "kind", rh_kind_name(routing->kind));
    hub_json_bool(row, "accepted", true);
    put_words(row, routing);
    return hub_ask_row(ask, row);
}
