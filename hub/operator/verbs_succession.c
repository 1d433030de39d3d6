/* Agencies change: who takes over, who may look on, and the tree they stand in. */
#include "operator/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <rh/date.h>
#include <rh/hash.h>
#include <rh/text.h>

static bool is_whole(const struct hub_successor *next)
{
    return next->area[0] == '\0' && next->category[0] == '\0';
}

bool hub_agency_revoke_due(struct hub_ask *ask, const struct hub_agency *agency)
{
    return agency->state == HUB_AGENCY_SUCCEEDED &&
           hub_find_count_of(ask, "queue", agency->no) == 0;
}

void hub_json_successors(struct hub_ask *ask, json_t *row, const struct hub_agency *agency)
{
    const struct hub_successor *whole = NULL;
    json_t *list = json_array();
    for (uint32_t i = 0; i < agency->successor_count; i++) {
        const struct hub_successor *next = &agency->successors[i];
        char line[3 * RH_CODE_BYTES_MAX + RH_AGENCY_BYTES_MAX];
        const struct hub_name *name = hub_json_name(ask, next->to);
        snprintf(line, sizeof line, "%s%s%s%s%s%s", name != NULL ? name->id.text : "?",
                 next->area[0] != '\0' ? " area=" : "", next->area,
                 next->category[0] != '\0' ? " category=" : "", next->category,
                 next->done ? "" : " (running)");
        json_array_append_new(list, json_string(line));
        if (is_whole(next))
            whole = next;
    }
    hub_json_agency(ask, row, "succeeded_by", whole != NULL ? whole->to : HUB_AGENCY_NONE);
    hub_json_at(row, "succeeded_at", whole != NULL ? whole->since_ms : 0);
    hub_json_bool(row, "succession_done", whole != NULL && whole->done);
    hub_json_bool(row, "revoke_due", hub_agency_revoke_due(ask, agency));
    json_object_set_new(row, "successors", list);
    json_t *former = json_array();
    for (uint32_t i = 0; i < agency->former_count; i++)
        json_array_append_new(former, hub_json_agency_id(ask, agency->former[i].no));
    json_object_set_new(row, "took_over", former);
}

/* ---- succession ------------------------------------------------------------------------- */

static enum rh_err take_prefix(struct hub_ask *ask, const char *name, bool digits,
                               char out[RH_CODE_BYTES_MAX + 1])
{
    const char *text = hub_args_text(ask, name);
    char pointer[64];
    if (text == NULL)
        return RH_OK;
    snprintf(pointer, sizeof pointer, "/args/%s", name);
    if (strlen(text) > RH_CODE_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, pointer, NULL, NULL);
    for (const char *at = text; digits && *at != '\0'; at++) {
        if (!isdigit((unsigned char)*at))
            return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, pointer,
                                  N_("an area is a division code: digits"), text);
    }
    memcpy(out, text, strlen(text) + 1);
    return RH_OK;
}

enum rh_err hub_verb_agency_succeed(struct hub_ask *ask)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY };
    struct hub_command_result result;
    struct hub_job_row job;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "by", &command.successor.to);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &command.agency.no);
    if (err == RH_OK)
        err = take_prefix(ask, "area", true, command.successor.area);
    if (err == RH_OK)
        err = take_prefix(ask, "category", false, command.successor.category);
    hub_snapshot_end(ask);
    if (err != RH_OK)
        return err;
    if (command.agency.no == command.successor.to)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by",
                              N_("an agency does not succeed itself"),
                              hub_args_text(ask, "by"));
    err = hub_command_ask(ask, &command, hub_args_text(ask, "id"), &result);
    if (err == RH_OK)
        err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_views_job(ask->map, result.job, &job);
    hub_snapshot_end(ask);
    return err == RH_OK ? hub_ask_row(ask, hub_json_job(ask, &job)) : err;
}

/* ---- monitors ---------------------------------------------------------------------------- */

/* "referral 0192... until 2026-12-31" */
void hub_json_grants(struct hub_ask *ask, json_t *row, const struct hub_agency *agency)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < agency->grant_count; i++) {
        const struct hub_grant *grant = &agency->grants[i];
        char line[3 * RH_CODE_BYTES_MAX + 64], id[RH_ID_TEXT_BYTES] = "";
        char day[RH_DATE_TEXT_BYTES];
        bool one = !rh_id_is_zero(grant->referral.bytes);
        if (grant->until_ms <= ask->now_ms)
            continue;
        rh_id_format(grant->referral.bytes, id);
        rh_date_format(rh_date_of_instant(grant->until_ms - 1), day);
        snprintf(line, sizeof line, "%s%s%s%s%s%s until=%s", one ? "referral=" : "",
                 one ? id : "", grant->area[0] != '\0' ? "area=" : "", grant->area,
                 grant->category[0] != '\0' ? " category=" : "", grant->category, day);
        json_array_append_new(list, json_string(line[0] == ' ' ? line + 1 : line));
    }
    json_object_set_new(row, "grants", list);
}

json_t *hub_json_monitors(struct hub_ask *ask, const struct hub_referral *of)
{
    json_t *list = json_array();
    uint32_t no = 0;
    struct hub_agency *agency = ask->op->agency;
    while (hub_views_agency_next(ask->map, &no, agency) == RH_OK) {
        char line[RH_AGENCY_BYTES_MAX + 32], day[RH_DATE_TEXT_BYTES];
        const struct hub_grant *grant = hub_agency_grant(agency, of, ask->now_ms);
        if (grant == NULL || hub_agency_is_accused(agency, of))
            continue;
        rh_date_format(rh_date_of_instant(grant->until_ms - 1), day);
        snprintf(line, sizeof line, "%s until=%s", agency->id.text, day);
        json_array_append_new(list, json_string(line));
    }
    return list;
}

/* A day is its end, in China; an instant is itself. */
static enum rh_err take_until(struct hub_ask *ask, uint64_t *out)
{
    enum { DATE_BYTES = 10 };
    const char *text = hub_args_text(ask, "until");
    rh_assert(text != NULL);
    *out = hub_args_instant(ask, "until", 0);
    if (strlen(text) == DATE_BYTES)
        *out += RH_DAY_MS;
    return *out > ask->now_ms ? RH_OK
                              : hub_ask_refuse(ask, RH_REFUSE_DUE_DATE, "/args/until",
                                               N_("a grant ends in the future"), text);
}

static enum rh_err take_grant(struct hub_ask *ask, struct hub_command *command, bool ends)
{
    struct hub_grant *grant = &command->grant;
    grant->since_ms = ask->now_ms;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK && hub_args_text(ask, "referral") != NULL) {
        err = hub_find_referral(ask, "referral", ask->op->referral);
        if (err == RH_OK)
            grant->referral = ask->op->referral->id;
    }
    if (err == RH_OK)
        err = take_prefix(ask, "area", true, grant->area);
    if (err == RH_OK)
        err = take_prefix(ask, "category", false, grant->category);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &command->agency.no);
    if (err == RH_OK && ends)
        err = take_until(ask, &grant->until_ms);
    hub_snapshot_end(ask);
    if (err != RH_OK)
        return err;
    bool one = !rh_id_is_zero(grant->referral.bytes);
    bool many = grant->area[0] != '\0' || grant->category[0] != '\0';
    return one != many ? RH_OK
                       : hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/referral",
                                        N_("a referral is wanted, or an area, a category or "
                                           "both"), NULL);
}

static enum rh_err change_grant(struct hub_ask *ask, bool ends)
{
    struct hub_command command = { .type = HUB_COMMAND_AGENCY };
    struct hub_command_result result;
    enum rh_err err = take_grant(ask, &command, ends);
    if (err == RH_OK)
        err = hub_command_ask(ask, &command, hub_args_text(ask, "id"), &result);
    return err == RH_OK ? hub_verb_agency_show(ask) : err;
}

enum rh_err hub_verb_agency_grant(struct hub_ask *ask)
{
    return change_grant(ask, true);
}

enum rh_err hub_verb_agency_ungrant(struct hub_ask *ask)
{
    return change_grant(ask, false);
}

/* ---- the tree --------------------------------------------------------------------------- */

enum { TREE_DEPTH_MAX = 8, TREE_MAX = 4096 };

struct tree {
    struct hub_ask *ask;
    uint32_t count;
    struct {
        uint32_t no, superior;
        bool shown;
    } nodes[TREE_MAX];
};

static enum rh_err gather(struct tree *tree)
{
    struct hub_ask *ask = tree->ask;
    uint32_t no = 0;
    enum rh_err err;
    while ((err = hub_views_agency_next(ask->map, &no, ask->op->agency)) == RH_OK) {
        if (tree->count == TREE_MAX)
            return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "",
                                  N_("there are too many agencies for one tree; "
                                     "'rhub agency list' has pages"), NULL);
        tree->nodes[tree->count].no = no;
        tree->nodes[tree->count++].superior = ask->op->agency->superior;
    }
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static const char *level_of(const char *area)
{
    bool division = area[strspn(area, "0123456789")] == '\0';
    return division ? hub_json_level(strlen(area)) : "";
}

static enum rh_err show_node(struct tree *tree, uint32_t at, unsigned depth)
{
    struct hub_ask *ask = tree->ask;
    struct hub_agency *agency = ask->op->agency;
    char line[3 * TREE_DEPTH_MAX + RH_AGENCY_BYTES_MAX + 4] = "";
    enum rh_err err = hub_views_agency(ask->map, tree->nodes[at].no, agency);
    if (err != RH_OK)
        return err;
    tree->nodes[at].shown = true;
    json_t *row = hub_json_row("office");
    hub_json_text(row, "id", agency->id.text);
    snprintf(line, sizeof line, "%*s%s", (int)(2 * depth), "", agency->id.text);
    hub_json_text(row, "place", line);
    hub_json_uint(row, "depth", depth);
    hub_json_text(row, "name_zh", agency->name_zh);
    hub_json_text(row, "name_en", agency->name_en);
    hub_json_text(row, "level", level_of(agency->area));
    hub_json_text(row, "area", agency->area);
    json_object_set_new(row, "superior", hub_json_agency_id(ask, agency->superior));
    hub_json_text(row, "state", hub_json_agency_state(agency->state));
    hub_json_uint(row, "open", hub_find_count_of(ask, "open", agency->no));
    return hub_ask_row(ask, row);
}

static enum rh_err show_below(struct tree *tree, uint32_t at, unsigned depth)
{
    enum rh_err err = show_node(tree, at, depth);
    for (uint32_t i = 0; i < tree->count && depth < TREE_DEPTH_MAX && err == RH_OK; i++) {
        if (!tree->nodes[i].shown && tree->nodes[i].superior == tree->nodes[at].no)
            err = show_below(tree, i, depth + 1);
    }
    return err;
}

/* From the top, or from one agency down; what a loop of superiors hides comes last. */
enum rh_err hub_verb_agency_tree(struct hub_ask *ask)
{
    static struct tree tree; /* the operator's thread answers one request at a time */
    uint32_t top = HUB_AGENCY_NONE;
    memset(&tree, 0, sizeof tree);
    tree.ask = ask;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_agency(ask, "id", &top);
    if (err == RH_OK)
        err = gather(&tree);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < tree.count && err == RH_OK; i++) {
            bool first = top != HUB_AGENCY_NONE ? tree.nodes[i].no == top
                                                : tree.nodes[i].superior == HUB_AGENCY_NONE;
            if (!tree.nodes[i].shown && (first || (pass == 1 && top == HUB_AGENCY_NONE)))
                err = show_below(&tree, i, 0);
        }
    }
    return err;
}
