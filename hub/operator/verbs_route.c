/* The routing map 引导图: who is competent.
 *
 * Asked for a category there is one answer, with its clocks; asked for none, or for one above
 * those of the map, its entries. A body outside is an answer too: whoever comes can be told. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/text.h>

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

/* Whoever has taken over the agency just read (ask->op->agency) for a matter of this category
 * and area: the map names offices that a reform has closed. */
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

/* What a clock waits for: only after some outcomes, only where a fact is there (and is so). */
static void put_when(json_t *entry, const struct rh_when *when)
{
    json_t *outcomes = json_array();
    for (size_t i = 0; i < RH_WHEN_MAX && when->outcomes[i][0] != '\0'; i++)
        json_array_append_new(outcomes, json_string(when->outcomes[i]));
    json_object_set_new(entry, "if_outcome", outcomes);
    hub_json_text(entry, "if_fact", when->fact[0] != '\0' ? when->fact : NULL);
    hub_json_text(entry, "if_equals", when->equals[0] != '\0' ? when->equals : NULL);
}

/* The clocks the matter will run under, with the article of each; of one stage if one is named.
 * Rights are among them: by when one may object, or ask for a review. The watchdog is not. */
static void put_limits(json_t *row, const struct rh_procedure *procedure, enum rh_state stage)
{
    static const char *const marks[] = { "V1", "V2", "M", "policy" };
    json_t *list = json_array();
    for (uint32_t i = 0; procedure != NULL && i < procedure->limit_count; i++) {
        const struct rh_limit *limit = &procedure->limits[i];
        if (stage != RH_STATE_NONE && !rh_state_in(limit->states, stage))
            continue;
        json_t *entry = json_object();
        hub_json_text(entry, "limit", limit->id);
        hub_json_text(entry, "title_zh", limit->title_zh);
        hub_json_text(entry, "title_en", limit->title_en);
        if (limit->span.n > 0) /* else the sender sets the date */
            hub_json_span(entry, "unit", "n", limit->span.unit, limit->span.n);
        else
            json_object_update_new(entry, json_pack("{s:n,s:n}", "unit", "n"));
        hub_json_bool(entry, "sender_set", limit->span.n == 0);
        hub_json_bool(entry, "right", limit->right_only);
        hub_json_bool(entry, "recurring", limit->repeats);
        put_when(entry, &limit->when);
        hub_json_text(entry, "owed_by", rh_actor_name(limit->owed_by));
        hub_json_text(entry, "basis", limit->basis);
        hub_json_text(entry, "verification", marks[limit->verification]);
        json_array_append_new(list, entry);
    }
    json_object_set_new(row, "limits", list);
}

/* Who is competent in a word: the agency, else its role, else the body outside, which has no
 * id. */
static void put_competent(const struct hub_ask *ask, json_t *row,
                          const struct rh_routing *routing)
{
    const char *agency = json_string_value(json_object_get(row, "agency"));
    const char *zh = routing->proper_zh, *en = routing->proper_en;
    char role[RH_AGENCY_BYTES_MAX + 1];
    snprintf(role, sizeof role, "%.*s", (int)strcspn(routing->to, "."), routing->to);
    const struct rh_word *word = rh_word_find("roles", role);
    if (agency != NULL && ask->op->agency->name_zh[0] != '\0') {
        zh = ask->op->agency->name_zh;
        en = ask->op->agency->name_en;
    } else if (routing->to[0] != '\0') {
        zh = agency != NULL ? agency : word != NULL ? word->zh : routing->to;
        en = agency != NULL ? agency : word != NULL ? word->en : routing->to;
    }
    hub_json_text(row, "competent_zh", zh);
    hub_json_text(row, "competent_en", en);
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

/* What the map says of an entry; `category` as it was asked for. A body outside has no
 * procedure, no clock and no agency. */
static enum rh_err show_entry(struct hub_ask *ask, const struct rh_routing *routing,
                              const char *category, const char *area, enum rh_state stage)
{
    const bool ours = routing->to[0] != '\0';
    const struct rh_procedure *procedure =
        ours ? rh_rules_procedure(ask->op->rules, routing->procedure) : NULL;
    json_t *row = hub_json_row("route");
    hub_json_text(row, "id", routing->category);
    hub_json_text(row, "category", category);
    hub_json_text(row, "area", area);
    hub_json_text(row, "matched_category", routing->category);
    hub_json_text(row, "matched_area", routing->area);
    hub_json_text(row, "to", routing->to);
    hub_json_text(row, "agency", NULL);
    hub_json_text(row, "level", NULL);
    if (ours)
        put_agency(ask, row, routing, category, area);
    put_competent(ask, row, routing);
    hub_json_text(row, "procedure", routing->procedure);
    hub_json_text(row, "title_zh", procedure == NULL ? NULL : procedure->title_zh);
    hub_json_text(row, "title_en", procedure == NULL ? NULL : procedure->title_en);
    hub_json_text(row, "basis", procedure == NULL ? NULL : procedure->basis);
    put_limits(row, procedure, stage);
    hub_json_text(row, "kind", ours ? rh_kind_name(routing->kind) : NULL);
    hub_json_bool(row, "accepted", ours);
    put_words(row, routing);
    return hub_ask_row(ask, row);
}

static const struct rh_routing *find_entry(const struct rh_rules *rules, const char *category,
                                           const char *area)
{
    const struct rh_routing *routing = rh_rules_route(rules, category, area);
    return routing != NULL ? routing : rh_rules_proper(rules, category, area);
}

/* Whether an entry stands below `branch` ("labour" has "labour.dispute"); NULL: they all do. */
static bool is_below(const struct rh_routing *routing, const char *branch)
{
    size_t bytes = branch == NULL ? 0 : strlen(branch);
    return bytes == 0 || (strncmp(routing->category, branch, bytes) == 0 &&
                          routing->category[bytes] == '.');
}

/* The entries below a branch that hold in an area (none named: everywhere), each as itself. */
static enum rh_err show_branch(struct hub_ask *ask, const char *branch, const char *area,
                               enum rh_state stage, bool *any)
{
    const struct rh_rules *rules = ask->op->rules;
    enum rh_err err = RH_OK;
    *any = false;
    for (uint32_t i = 0; ask->op->rules_known && i < rules->routing_count && err == RH_OK;
         i++) {
        const struct rh_routing *routing = &rules->routing[i];
        if (!is_below(routing, branch) ||
            (area[0] != '\0' && find_entry(rules, routing->category, area) != routing))
            continue;
        *any = true;
        err = show_entry(ask, routing, routing->category,
                         area[0] != '\0' ? area : routing->area, stage);
    }
    return err;
}

/* A code that no agency has and that is no division code either would be answered for
 * nowhere. */
static enum rh_err check_area(struct hub_ask *ask, const char *area)
{
    size_t digits = strspn(area, "0123456789");
    uint32_t no = 0;
    if (area[digits] == '\0' && (digits == 0 || hub_json_level(digits)[0] != '\0'))
        return RH_OK;
    enum rh_err err;
    while ((err = hub_views_agency_next(ask->map, &no, ask->op->agency)) == RH_OK) {
        if (strcmp(ask->op->agency->area, area) == 0)
            return RH_OK;
    }
    if (err != RH_ERR_NOTFOUND)
        return err;
    return hub_ask_refuse(
        ask, RH_REFUSE_FIELD_INVALID, "/args/area",
        N_("a division code is wanted: 2 digits for a province, 4 for a city, 6 "
           "for a county, 9 for a town, 12 for a village"),
        area);
}

enum rh_err hub_verb_route_query(struct hub_ask *ask)
{
    const char *category = hub_args_text(ask, "category");
    const char *area = hub_args_text(ask, "area") != NULL ? hub_args_text(ask, "area") : "";
    const char *named = hub_args_text(ask, "stage");
    enum rh_state stage = named == NULL ? RH_STATE_NONE : rh_state_find(named, strlen(named));
    if (named != NULL && stage == RH_STATE_NONE)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/stage",
                              N_("a state is wanted, such as dispatched or in_progress"),
                              named);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = check_area(ask, area);
    if (err != RH_OK)
        return err;
    const struct rh_routing *routing = category != NULL && ask->op->rules_known
                                           ? find_entry(ask->op->rules, category, area)
                                           : NULL;
    if (routing != NULL)
        return show_entry(ask, routing, category, area, stage);
    bool any;
    err = show_branch(ask, category, area, stage, &any);
    if (err != RH_OK || any || category == NULL)
        return err;
    return hub_ask_refuse(ask, RH_REFUSE_NO_ROUTE, "/args/category",
                          N_("the routing map has no answer; asked without a category it shows "
                             "all it has"),
                          category);
}
