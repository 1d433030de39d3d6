/* The verbs of the hub: the table that validates, dispatches and explains itself. Ascending by
 * name. Specification: protocol/spec/local.md. */
#include "operator/inside.h"

#include <string.h>

#define TEXT(name) { name, HUB_ARG_TEXT, false }
#define NEEDED(name) { name, HUB_ARG_TEXT, true }
#define LONG(name) { name, HUB_ARG_LONG, true }
#define UINT(name) { name, HUB_ARG_UINT, false }
#define AT(name) { name, HUB_ARG_INSTANT, false }
#define SWITCH(name) { name, HUB_ARG_SWITCH, false }
#define PAGE { "limit", HUB_ARG_LIMIT, false }, { "cursor", HUB_ARG_TEXT, false }

static const struct hub_verb verbs[] = {
    { "agency.enrol", "enrol an agency by its public card", hub_verb_agency_enrol,
      { NEEDED("id"), LONG("card"), TEXT("name_zh"), TEXT("name_en"), TEXT("role"),
        TEXT("area"), TEXT("superior"), TEXT("reason") } },
    { "agency.grant", "let an agency look on and follow up", hub_verb_agency_grant,
      { NEEDED("id"), TEXT("referral"), TEXT("area"), TEXT("category"),
        { "until", HUB_ARG_INSTANT, true }, NEEDED("reason") } },
    { "agency.list", "every agency", hub_verb_agency_list, { PAGE } },
    { "agency.resume", "end a suspension", hub_verb_agency_resume,
      { NEEDED("id"), NEEDED("reason") } },
    { "agency.revoke", "revoke an agency's keys", hub_verb_agency_revoke,
      { NEEDED("id"), NEEDED("reason") } },
    { "agency.show", "one agency", hub_verb_agency_show, { NEEDED("id") } },
    { "agency.succeed", "another agency takes over", hub_verb_agency_succeed,
      { NEEDED("id"), NEEDED("by"), TEXT("area"), TEXT("category"), NEEDED("reason") } },
    { "agency.suspend", "refuse an agency until it is resumed", hub_verb_agency_suspend,
      { NEEDED("id"), NEEDED("reason") } },
    { "agency.tree", "agencies below their superiors", hub_verb_agency_tree, { TEXT("id") } },
    { "agency.ungrant", "end such a grant", hub_verb_agency_ungrant,
      { NEEDED("id"), TEXT("referral"), TEXT("area"), TEXT("category"), NEEDED("reason") } },
    { "calendar.import", "put a calendar into force", hub_verb_calendar_import,
      { { "text", HUB_ARG_FILE, true }, TEXT("name"), TEXT("reason"), SWITCH("dry_run") } },
    { "calendar.list", "calendars in force", hub_verb_calendar_list, { { NULL } } },
    { "calendar.show", "the days one of them lists", hub_verb_calendar_show,
      { TEXT("area"), UINT("year") } },
    { "clock.confirm", "the wall clock is right", hub_verb_clock_confirm,
      { NEEDED("reason") } },
    { "clock.show", "hub time and the wall clock", hub_verb_clock_show, { { NULL } } },
    { "clock.steer", "move a test hub's time forward", hub_verb_clock_steer,
      { AT("to"), UINT("by_s"), UINT("rate") } },
    { "dead.list", "letters their receivers cannot take", hub_verb_dead_list,
      { TEXT("cause"), PAGE } },
    { "dead.retry", "deliver a dead letter again", hub_verb_dead_retry,
      { NEEDED("id"), NEEDED("reason") } },
    { "dead.return", "give a dead letter back to its sender", hub_verb_dead_return,
      { NEEDED("id"), NEEDED("reason") } },
    { "dead.show", "one dead letter", hub_verb_dead_show, { NEEDED("id") } },
    { "deadline.board", "running and missed clocks by their end", hub_verb_deadline_board,
      { TEXT("due"), TEXT("by"), PAGE } },
    { "deadline.explain", "how each date was derived", hub_verb_deadline_explain,
      { NEEDED("id"), TEXT("as_known_on") } },
    { "deadline.simulate", "which open dates other rules would move", hub_verb_deadline_simulate,
      { { "files", HUB_ARG_FILES, false }, { "calendar", HUB_ARG_FILE, false },
        TEXT("calendar_name"), SWITCH("whole"), SWITCH("open"), SWITCH("list") } },
    { "help", "this table", hub_verb_help, { { NULL } } },
    { "job.list", "large events that go on in steps", hub_verb_job_list, { PAGE } },
    { "job.show", "one of them", hub_verb_job_show, { NEEDED("id") } },
    { "ping", "who answers", hub_verb_ping, { { NULL } } },
    { "queue.list", "what waits for whom", hub_verb_queue_list, { PAGE } },
    { "queue.peek", "look into a queue; takes nothing out", hub_verb_queue_peek,
      { NEEDED("agency"), { "limit", HUB_ARG_LIMIT, false } } },
    { "referral.escalate", "raise to the superior", hub_verb_referral_escalate,
      { NEEDED("id"), NEEDED("reason") } },
    { "referral.list", "referrals", hub_verb_referral_list,
      { TEXT("state"), TEXT("from"), TEXT("to"), TEXT("holder"), TEXT("procedure"),
        TEXT("risk"), TEXT("due"), TEXT("key"), AT("since"), AT("until"), TEXT("sort"), PAGE } },
    { "referral.show", "one referral", hub_verb_referral_show,
      { TEXT("id"), TEXT("code") } },
    { "referral.supervise", "supervise a referral", hub_verb_referral_supervise,
      { NEEDED("id"), NEEDED("reason") } },
    { "referral.timeline", "what happened to one referral", hub_verb_referral_timeline,
      { NEEDED("id"), PAGE } },
    { "referral.urge", "urge the holder of a referral", hub_verb_referral_urge,
      { NEEDED("id"), TEXT("reason") } },
    { "report.bulletin", "a month, quarter or year of the ledger", hub_verb_report_bulletin,
      { TEXT("period"), TEXT("by"), TEXT("area"), SWITCH("acknowledged") } },
    { "report.figures", "figures of a period, with their parts", hub_verb_report_figures,
      { AT("since"), AT("until"), TEXT("by") } },
    { "report.funnel", "what became of clues with stars", hub_verb_report_funnel,
      { AT("since"), AT("until") } },
    { "report.hotspot", "the hot-spot map", hub_verb_report_hotspot, { { NULL } } },
    { "report.misdirected", "how much came to the wrong door", hub_verb_report_misdirected,
      { AT("since"), AT("until") } },
    { "report.revisit", "return visits of a month, quarter or year", hub_verb_report_revisit,
      { TEXT("period"), TEXT("by"), TEXT("area") } },
    { "route.query", "who is competent", hub_verb_route_query,
      { TEXT("category"), TEXT("area"), TEXT("stage") } },
    { "rules.list", "procedures in force", hub_verb_rules_list, { { NULL } } },
    { "rules.reload", "read the rule files again", hub_verb_rules_reload, { { NULL } } },
    { "status", "one page", hub_verb_status, { { NULL } } },
    { "stop", "stop after the batch in hand", hub_verb_stop, { { NULL } } },
    { "subscription.add", "let an agency hear of a topic, masked", hub_verb_subscription_add,
      { NEEDED("id"), TEXT("area"), TEXT("category"), NEEDED("events"), TEXT("give"),
        AT("from"), { "until", HUB_ARG_INSTANT, true }, NEEDED("basis"), TEXT("reason") } },
    { "subscription.end", "end such a right", hub_verb_subscription_end,
      { NEEDED("id"), NEEDED("reason") } },
    { "subscription.list", "who hears of what", hub_verb_subscription_list,
      { TEXT("agency"), SWITCH("all"), PAGE } },
    { "subscription.show", "one of them", hub_verb_subscription_show, { NEEDED("id") } },
};

const struct hub_verb *hub_verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static const char *type_name(enum hub_arg_type type)
{
    switch (type) {
    case HUB_ARG_TEXT:
    case HUB_ARG_LONG:
        return "text";
    case HUB_ARG_FILE:
        return "file";
    case HUB_ARG_FILES:
        return "files";
    case HUB_ARG_SWITCH:
        return "switch";
    case HUB_ARG_UINT:
    case HUB_ARG_LIMIT:
        return "number";
    case HUB_ARG_INSTANT:
        return "instant";
    }
    return "?";
}

enum rh_err hub_verb_help(struct hub_ask *ask)
{
    enum rh_err err = RH_OK;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0] && err == RH_OK; i++) {
        json_t *row = hub_json_row("verb");
        json_t *list = json_array();
        hub_json_text(row, "name", verbs[i].name);
        hub_json_text(row, "summary", verbs[i].summary);
        for (size_t a = 0; a < HUB_VERB_ARGS_MAX && verbs[i].args[a].name != NULL; a++) {
            json_t *arg = json_object();
            hub_json_text(arg, "name", verbs[i].args[a].name);
            hub_json_text(arg, "type", type_name(verbs[i].args[a].type));
            hub_json_bool(arg, "required", verbs[i].args[a].required);
            json_array_append_new(list, arg);
        }
        json_object_set_new(row, "args", list);
        err = hub_ask_row(ask, row);
    }
    return err;
}
