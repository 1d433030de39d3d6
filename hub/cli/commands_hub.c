/* Commands for the hub's admin socket. */
#include "cli/command.h"

#include <rh/text.h>

#define ROWS (HUB_CLI_CAN_ROWS | HUB_CLI_CAN_WATCH)
#define PAGES (ROWS | HUB_CLI_CAN_PAGE)
#define PRESS (HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON)

static const struct hub_cli_flag list_flags[] = {
    { "state", 0, HUB_CLI_TEXT, "state", N_("STATE"), N_("a state, or open") },
    { "from", 0, HUB_CLI_TEXT, "from", N_("AGENCY"), N_("sent by this agency") },
    { "to", 0, HUB_CLI_TEXT, "to", N_("AGENCY"), N_("sent to this agency") },
    { "holder", 0, HUB_CLI_TEXT, "holder", N_("AGENCY"), N_("whose turn it is") },
    { "procedure", 0, HUB_CLI_TEXT, "procedure", N_("ID"), N_("of this procedure") },
    { "risk", 0, HUB_CLI_TEXT, "risk", N_("LEVEL"), N_("whose risk was last said to be this: low, medium, high") },
    { "due", 0, HUB_CLI_TEXT, "due", N_("WHEN"), N_("overdue, today, week, 3d or 3wd") },
    { "key", 0, HUB_CLI_TEXT, "key", N_("SYSTEM=NUMBER"), N_("number of another system") },
    { .name = NULL },
};

static const struct hub_cli_flag show_flags[] = {
    { "code", 0, HUB_CLI_TEXT, "code", N_("CODE"),
      N_("what the petitioner holding this query code may know") },
    { .name = NULL },
};

static const struct hub_cli_flag board_flags[] = {
    { "due", 0, HUB_CLI_TEXT, "due", N_("WHEN"), N_("overdue, today, week, 3d or 3wd") },
    { "by", 0, HUB_CLI_TEXT, "by", N_("WHAT"), N_("count by agency or procedure") },
    { .name = NULL },
};

static const struct hub_cli_flag explain_flags[] = {
    { "as-known-on", 0, HUB_CLI_TEXT, "as_known_on", N_("DATE"),
      N_("the answer as the hub gave it at the end of that day") },
    { .name = NULL },
};

/* The body reads the files. */
static const struct hub_cli_flag simulate_flags[] = {
    { "rules", 0, HUB_CLI_TEXT, NULL, N_("FILE|DIR"),
      N_("a procedure file, settings.yaml, or a whole rules directory") },
    { "calendar", 0, HUB_CLI_TEXT, NULL, N_("FILE"), N_("a calendar file") },
    { "open", 0, HUB_CLI_SWITCH, "open", NULL,
      N_("as if every procedure said applies_to: open") },
    { "list", 0, HUB_CLI_SWITCH, "list", NULL, N_("each date, and not the counts alone") },
    { .name = NULL },
};

static const struct hub_cli_flag calendar_flags[] = {
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("division code; the country if not given") },
    { "year", 0, HUB_CLI_NUMBER, "year", N_("YEAR"), N_("the last one known if not given") },
    { .name = NULL },
};

static const struct hub_cli_flag peek_flags[] = {
    { "count", 'n', HUB_CLI_NUMBER, "limit", N_("N"), N_("at most N messages") },
    { .name = NULL },
};

static const struct hub_cli_flag dead_flags[] = {
    { "cause", 0, HUB_CLI_TEXT, "cause", N_("CODE"), N_("those with this cause, as RH-4221") },
    { .name = NULL },
};

/* The bodies look at --cause by themselves. */
static const struct hub_cli_flag settle_flags[] = {
    { "cause", 0, HUB_CLI_TEXT, NULL, N_("CODE"), N_("those with this cause, as RH-4221") },
    { .name = NULL },
};

static const struct hub_cli_flag enrol_flags[] = {
    { "card", 0, HUB_CLI_FILE, NULL, N_("FILE"), N_("its public card, NAME.pub") },
    { "name", 0, HUB_CLI_TEXT, "name_zh", N_("NAME"), N_("name in Chinese") },
    { "name-en", 0, HUB_CLI_TEXT, "name_en", N_("NAME"), N_("name in English") },
    { "role", 0, HUB_CLI_TEXT, "role", N_("ROLE"), N_("role; by default that of the id") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("division; by default that of the id") },
    { "superior", 0, HUB_CLI_TEXT, "superior", N_("AGENCY"), N_("its superior") },
    { .name = NULL },
};

static const struct hub_cli_flag grant_flags[] = {
    { "referral", 0, HUB_CLI_TEXT, "referral", N_("REFERRAL"), N_("this one") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"),
      N_("only matters of this division and those in it") },
    { "category", 0, HUB_CLI_TEXT, "category", N_("CATEGORY"),
      N_("only matters of this category and those below it") },
    { "until", 0, HUB_CLI_TEXT, "until", N_("DATE"), N_("its last day") },
    { .name = NULL },
};

static const struct hub_cli_flag ungrant_flags[] = {
    { "referral", 0, HUB_CLI_TEXT, "referral", N_("REFERRAL"), N_("this one") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"),
      N_("only matters of this division and those in it") },
    { "category", 0, HUB_CLI_TEXT, "category", N_("CATEGORY"),
      N_("only matters of this category and those below it") },
    { .name = NULL },
};

static const struct hub_cli_flag subscribe_flags[] = {
    { "category", 0, HUB_CLI_TEXT, "category", N_("CATEGORY"),
      N_("of this category and those below it; * is any") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"),
      N_("of this division and those in it; * is any") },
    { "events", 0, HUB_CLI_TEXT, "events", N_("LIST"),
      N_("what is told: register,dispatch,accept,conclude,close,overdue ...") },
    { "give", 0, HUB_CLI_TEXT, "give", N_("LIST"),
      N_("what a notice carries: area=county,date=month,holder=role,state ...") },
    { "from", 0, HUB_CLI_TEXT, "from", N_("DATE"), N_("its first day; from now if not given") },
    { "until", 0, HUB_CLI_TEXT, "until", N_("DATE"), N_("its last day") },
    { "basis", 0, HUB_CLI_TEXT, "basis", N_("TEXT"),
      N_("the law, policy or agreement it rests on") },
    { .name = NULL },
};

static const struct hub_cli_flag subscription_flags[] = {
    { "agency", 0, HUB_CLI_TEXT, "agency", N_("AGENCY"), N_("of this subscriber") },
    { "all", 0, HUB_CLI_SWITCH, "all", NULL, N_("those that are over too") },
    { .name = NULL },
};

static const struct hub_cli_flag succeed_flags[] = {
    { "by", 0, HUB_CLI_TEXT, "by", N_("AGENCY"), N_("who takes over") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"),
      N_("only matters of this division and those in it") },
    { "category", 0, HUB_CLI_TEXT, "category", N_("CATEGORY"),
      N_("only matters of this category and those below it") },
    { .name = NULL },
};

static const struct hub_cli_flag steer_flags[] = {
    { "to", 0, HUB_CLI_WHEN, "to", N_("T"), N_("to this instant") },
    { "by", 0, HUB_CLI_TEXT, NULL, N_("SPAN"), N_("forward by 90s, 15m, 2h or 3d") },
    { "rate", 0, HUB_CLI_NUMBER, "rate", N_("N"),
      N_("seconds for each second, 0 stands still") },
    { .name = NULL },
};

static const struct hub_cli_flag route_flags[] = {
    { "category", 0, HUB_CLI_TEXT, "category", N_("CODE"), N_("instead of the argument") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("division code of the matter") },
    { "stage", 0, HUB_CLI_TEXT, "stage", N_("STATE"), N_("only the clocks of this state") },
    { .name = NULL },
};

static const struct hub_cli_flag report_flags[] = {
    { "by", 0, HUB_CLI_TEXT, "by", N_("WHAT"), N_("for each agency or procedure") },
    { .name = NULL },
};

static const struct hub_cli_flag bulletin_flags[] = {
    { "month", 0, HUB_CLI_TEXT, "period", N_("PERIOD"), N_("2026-10, 2026-Q4 or 2026; left out: last month") },
    { "by", 0, HUB_CLI_TEXT, "by", N_("WHAT"), N_("for each agency, procedure or both") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("of the agencies of this division only") },
    { "acknowledged", 0, HUB_CLI_SWITCH, "acknowledged", NULL,
      N_("who has acknowledged the bulletins sent") },
    { .name = NULL },
};

static const struct hub_cli_flag revisit_flags[] = {
    { "month", 0, HUB_CLI_TEXT, "period", N_("PERIOD"), N_("2026-10, 2026-Q4 or 2026; left out: last month") },
    { "by", 0, HUB_CLI_TEXT, "by", N_("WHAT"), N_("for each agency, procedure or both") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("of the agencies of this division only") },
    { .name = NULL },
};

static const struct hub_cli_flag check_flags[] = {
    { "nagios", 0, HUB_CLI_SWITCH, NULL, NULL, N_("exit codes of monitoring plug-ins") },
    { .name = NULL },
};

#define REFERRAL { HUB_CLI_ARG(N_("ID"), "id", true, false) }
#define AGENCY { HUB_CLI_ARG(N_("AGENCY"), "id", true, false) }
#define LETTERS { HUB_CLI_ARG(N_("ID"), NULL, false, true) }

const struct hub_cli_command hub_cli_commands_hub[] = {
    { "status", NULL, HUB_CLI_HUB, "status", NULL,
      N_("health, deadlines, agencies at a glance"), "rhub status\nrhub status --watch=5",
      ROWS, { { NULL } }, NULL, "status", NULL,
      hub_cli_page_status, NULL },
    { "check", NULL, HUB_CLI_HUB, NULL, NULL,
      N_("ping, running, store, chain, clock, deadlines, agents, all"),
      "rhub check ping\nrhub check all --nagios", HUB_CLI_CAN_ROWS,
      { HUB_CLI_ARG(N_("WHAT"), NULL, false, false) }, check_flags, "check",
      hub_cli_body_check, NULL, NULL },

    { "referral", "list", HUB_CLI_HUB, "referral.list", NULL, N_("list referrals"),
      "rhub referral list --due overdue\n"
      "rhub referral list --to court.510603 --state signed -o csv --bom > list.csv",
      PAGES | HUB_CLI_CAN_RANGE | HUB_CLI_CAN_SORT_THERE, { { NULL } }, list_flags, "referral",
      NULL, NULL, NULL },
    { "referral", "show", HUB_CLI_HUB, "referral.show", NULL,
      N_("one referral with its clocks"),
      "rhub referral show R-2026-000042\nrhub referral show --code 7K3M-Q9TX-2P4R", ROWS,
      REFERRAL, show_flags, "referral", NULL,
      hub_cli_page_referral, NULL },
    { "referral", "timeline", HUB_CLI_HUB, "referral.timeline", NULL,
      N_("what happened to a referral"), "rhub referral timeline R-2026-000042", PAGES,
      REFERRAL, NULL, "event", NULL, NULL, NULL },
    { "referral", "urge", HUB_CLI_HUB, "referral.urge", NULL, N_("urge its holder"),
      "rhub referral urge R-2026-000042", HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON, REFERRAL, NULL,
      "done", NULL, hub_cli_page_done, NULL },
    { "referral", "supervise", HUB_CLI_HUB, "referral.supervise", NULL, N_("supervise it"),
      "rhub referral supervise R-2026-000042 --reason \"two days over\"", PRESS, REFERRAL, NULL,
      "done", NULL, hub_cli_page_done, NULL },
    { "referral", "escalate", HUB_CLI_HUB, "referral.escalate", NULL,
      N_("raise it to the superior"),
      "rhub referral escalate R-2026-000042 --reason \"no answer to supervision\"", PRESS,
      REFERRAL, NULL, "done", NULL, hub_cli_page_done, NULL },

    { "deadline", "board", HUB_CLI_HUB, "deadline.board", NULL, N_("clocks by their end"),
      "rhub deadline board --due overdue\nrhub deadline board --by agency", PAGES, { { NULL } },
      board_flags, "deadline", NULL, NULL, NULL },
    { "deadline", "explain", HUB_CLI_HUB, "deadline.explain", NULL,
      N_("how each date was derived; -v day by day"), "rhub deadline explain R-2026-000042",
      ROWS, REFERRAL, explain_flags, "explanation", NULL, hub_cli_page_explain, NULL },
    { "deadline", "simulate", HUB_CLI_HUB, NULL, NULL,
      N_("which open dates other rules or another calendar would move; changes nothing"),
      "rhub deadline simulate --rules xinfang.yaml\n"
      "rhub deadline simulate --calendar cn-2027.yaml --list -o csv",
      HUB_CLI_CAN_ROWS, { { NULL } }, simulate_flags, "simulation", hub_cli_body_simulate,
      hub_cli_page_simulate, NULL },

    { "calendar", "list", HUB_CLI_HUB, "calendar.list", NULL, N_("calendars in force"),
      "rhub calendar list", HUB_CLI_CAN_ROWS, { { NULL } }, NULL, "calendar", NULL, NULL, NULL },
    { "calendar", "show", HUB_CLI_HUB, "calendar.show", NULL,
      N_("days off and days worked of a year, by the calendar of an area"),
      "rhub calendar show --year 2026\nrhub calendar show --area 620423 --year 2026",
      HUB_CLI_CAN_ROWS, { { NULL } }, calendar_flags, "calendar_day", NULL, NULL, NULL },
    { "calendar", "import", HUB_CLI_HUB, NULL, NULL,
      N_("put a calendar into force; every open date is derived again"),
      "rhub calendar import cn-2027.yaml --dry-run\n"
      "rhub calendar import cn-2027.yaml --reason \"notice of the year 2027\"",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON | HUB_CLI_CAN_DRY_RUN,
      { HUB_CLI_ARG(N_("FILE"), NULL, true, false) }, NULL, "calendar_import",
      hub_cli_body_calendar_import, hub_cli_page_import, NULL },

    { "queue", "list", HUB_CLI_HUB, "queue.list", NULL, N_("what waits for whom"),
      "rhub queue list", PAGES, { { NULL } }, NULL, "queue", NULL, NULL, NULL },
    { "queue", "peek", HUB_CLI_HUB, "queue.peek", NULL,
      N_("look into a queue; takes nothing out"), "rhub queue peek court.510603 -n 5", ROWS,
      { HUB_CLI_ARG(N_("AGENCY"), "agency", true, false) }, peek_flags, "queued", NULL, NULL,
      NULL },

    { "dead", "list", HUB_CLI_HUB, "dead.list", NULL, N_("letters that cannot be taken"),
      "rhub dead list --cause RH-4221", PAGES, { { NULL } }, dead_flags, "dead", NULL, NULL,
      NULL },
    { "dead", "show", HUB_CLI_HUB, "dead.show", NULL, N_("one dead letter"),
      "rhub dead show 1042:court.510603", HUB_CLI_CAN_ROWS, REFERRAL, NULL, "dead", NULL,
      hub_cli_card, NULL },
    { "dead", "retry", HUB_CLI_HUB, NULL, NULL, N_("deliver dead letters again"),
      "rhub dead retry 1042:court.510603 --reason \"receiver updated\"\n"
      "rhub dead retry --cause RH-4221 --dry-run",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON | HUB_CLI_CAN_CONFIRM |
          HUB_CLI_CAN_DRY_RUN,
      LETTERS, settle_flags, "dead", hub_cli_body_dead_retry, NULL,
      N_("Deliver them again?") },
    { "dead", "return", HUB_CLI_HUB, NULL, NULL, N_("give dead letters back to their senders"),
      "rhub dead return 1042:court.510603 --reason \"wrong addressee\"",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON | HUB_CLI_CAN_CONFIRM |
          HUB_CLI_CAN_DRY_RUN,
      LETTERS, settle_flags, "dead", hub_cli_body_dead_return, NULL,
      N_("Give them back to their senders?") },

    { "agency", "list", HUB_CLI_HUB, "agency.list", NULL, N_("every agency"),
      "rhub agency list",
      PAGES, { { NULL } }, NULL, "agency", NULL, NULL, NULL },
    { "agency", "show", HUB_CLI_HUB, "agency.show", NULL, N_("one agency"),
      "rhub agency show court.510603", ROWS, AGENCY, NULL, "agency", NULL, hub_cli_card, NULL },
    { "agency", "enrol", HUB_CLI_HUB, NULL, NULL, N_("enrol an agency by its public card"),
      "rhub agency enrol court.510603 --card court.510603.pub --name 市中级人民法院",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON, AGENCY, enrol_flags, "agency",
      hub_cli_body_enrol, hub_cli_card, NULL },
    { "agency", "grant", HUB_CLI_HUB, "agency.grant", NULL,
      N_("let it look on and follow up matters of others"),
      "rhub agency grant procuratorate.620423 --referral R-2026-000042 --until 2026-12-31 "
      "--reason \"return visit\"\n"
      "rhub agency grant procuratorate.620423 --area 620423 --category labour --until "
      "2026-12-31 --reason \"return visits\"",
      PRESS, AGENCY, grant_flags, "agency", NULL, hub_cli_card, NULL },
    { "agency", "ungrant", HUB_CLI_HUB, "agency.ungrant", NULL, N_("end such a grant"),
      "rhub agency ungrant procuratorate.620423 --referral R-2026-000042 --reason \"done\"",
      PRESS, AGENCY, ungrant_flags, "agency", NULL, hub_cli_card, NULL },
    { "agency", "tree", HUB_CLI_HUB, "agency.tree", NULL,
      N_("agencies below their superiors"),
      "rhub agency tree\nrhub agency tree governance_centre.620423", ROWS,
      { HUB_CLI_ARG(N_("AGENCY"), "id", false, false) }, NULL, "office", NULL, NULL, NULL },
    { "agency", "succeed", HUB_CLI_HUB, "agency.succeed", NULL,
      N_("let another agency take over: queue and matters"),
      "rhub agency succeed petitions.620423 --by social_work.620423 --reason \"reform of 2026\"\n"
      "rhub agency succeed court.6204 --by court.620402 --area 620402 --reason \"split\"",
      PRESS | HUB_CLI_CAN_CONFIRM, AGENCY, succeed_flags, "job", NULL, hub_cli_card,
      N_("Give everything of this agency to its successor? There is no way back.") },
    { "agency", "revoke", HUB_CLI_HUB, "agency.revoke", NULL,
      N_("revoke its keys, for good"),
      "rhub agency revoke court.510603 --reason \"key stolen\"",
      PRESS | HUB_CLI_CAN_CONFIRM, AGENCY, NULL, "agency", NULL, hub_cli_card,
      N_("Revoke this agency's keys? It cannot come back under them.") },
    { "agency", "suspend", HUB_CLI_HUB, "agency.suspend", NULL, N_("refuse it until resumed"),
      "rhub agency suspend court.510603 --reason \"two copies of its spool\"",
      PRESS | HUB_CLI_CAN_CONFIRM, AGENCY, NULL, "agency", NULL, hub_cli_card,
      N_("Refuse everything this agency sends until it is resumed?") },
    { "agency", "resume", HUB_CLI_HUB, "agency.resume", NULL, N_("end a suspension"),
      "rhub agency resume court.510603 --reason \"copy removed\"", PRESS, AGENCY, NULL,
      "agency", NULL, hub_cli_card, NULL },

    { "subscription", "add", HUB_CLI_HUB, "subscription.add", NULL,
      N_("let an agency hear of matters of a topic, each field masked"),
      "rhub subscription add justice.620423 --category labour --area 620423 "
      "--events register,dispatch,conclude,overdue "
      "--give category,area=county,date=month,holder=role,state --until 2026-12-31 "
      "--basis \"county sharing catalogue 2026, item 12\"",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON, AGENCY, subscribe_flags, "subscription", NULL,
      hub_cli_card, NULL },
    { "subscription", "list", HUB_CLI_HUB, "subscription.list", NULL,
      N_("who hears of what by subscription"),
      "rhub subscription list\nrhub subscription list --agency justice.620423 --all", PAGES,
      { { NULL } }, subscription_flags, "subscription", NULL, NULL, NULL },
    { "subscription", "show", HUB_CLI_HUB, "subscription.show", NULL,
      N_("one subscription with its masks"), "rhub subscription show 1", ROWS,
      { HUB_CLI_ARG(N_("NUMBER"), "id", true, false) }, NULL, "subscription", NULL,
      hub_cli_card, NULL },
    { "subscription", "end", HUB_CLI_HUB, "subscription.end", NULL,
      N_("end a subscription at once"),
      "rhub subscription end 1 --reason \"agreement cancelled\"", PRESS,
      { HUB_CLI_ARG(N_("NUMBER"), "id", true, false) }, NULL, "subscription", NULL,
      hub_cli_card, NULL },

    { "clock", "show", HUB_CLI_HUB, "clock.show", NULL, N_("hub time and wall clock"),
      "rhub clock show", ROWS, { { NULL } }, NULL, "clock", NULL, hub_cli_page_clock, NULL },
    { "clock", "steer", HUB_CLI_HUB, NULL, NULL, N_("move a test hub's time forward"),
      "rhub clock steer --by 3d\nrhub clock steer --to 2026-03-02 --rate 3600",
      HUB_CLI_CAN_ROWS, { { NULL } }, steer_flags, "clock", hub_cli_body_clock_steer,
      hub_cli_card, NULL },
    { "clock", "confirm", HUB_CLI_HUB, "clock.confirm", NULL,
      N_("the wall clock is right: let timers fire"),
      "rhub clock confirm --reason \"compared with ntp\"", PRESS | HUB_CLI_CAN_CONFIRM,
      { { NULL } }, NULL, "clock", NULL, hub_cli_card,
      N_("Is this machine's clock right? Overdue timers fire at once.") },

    { "job", "list", HUB_CLI_HUB, "job.list", NULL,
      N_("large events that go on in steps"), "rhub job list\nrhub job list --watch=2", PAGES,
      { { NULL } }, NULL, "job", NULL, NULL, NULL },
    { "job", "show", HUB_CLI_HUB, "job.show", NULL, N_("how far one of them is"),
      "rhub job show 1", ROWS, { HUB_CLI_ARG(N_("JOB"), "id", true, false) }, NULL, "job", NULL,
      hub_cli_card, NULL },

    { "rules", "list", HUB_CLI_HUB, "rules.list", NULL, N_("procedures in force"),
      "rhub rules list", ROWS, { { NULL } }, NULL, "procedure", NULL, NULL, NULL },
    { "rules", "reload", HUB_CLI_HUB, "rules.reload", NULL, N_("read the rule files again"),
      "rhub rules reload", HUB_CLI_CAN_ROWS, { { NULL } }, NULL, "procedure", NULL, NULL,
      NULL },
    { "route", "query", HUB_CLI_HUB, "route.query", NULL, N_("which agency is competent"),
      "rhub route query\n"
      "rhub route query labour.wage-arrears --area 510603\n"
      "rhub route query --category judicial.litigation --area 620423101 --stage accepted",
      HUB_CLI_CAN_ROWS, { HUB_CLI_ARG(N_("CATEGORY"), "category", false, false) }, route_flags,
      "route", NULL, hub_cli_page_route, NULL },
    { "report", "bulletin", HUB_CLI_HUB, "report.bulletin", NULL,
      N_("the bulletin of a month, quarter or year, beside that of a year before"),
      "rhub report bulletin\nrhub report bulletin --month 2026-10\nrhub report bulletin --month 2026-Q4 --by agency "
      "-o csv --bom\nrhub report bulletin --acknowledged",
      HUB_CLI_CAN_ROWS, { { NULL } }, bulletin_flags, "bulletin", NULL, NULL, NULL },
    { "report", "figures", HUB_CLI_HUB, "report.figures", NULL,
      N_("figures of a period, with their parts"),
      "rhub report figures --since month\nrhub report figures --since 2026-01-01 --by agency "
      "-o csv --bom",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_RANGE, { { NULL } }, report_flags, "figure", NULL, NULL,
      NULL },
    { "report", "funnel", HUB_CLI_HUB, "report.funnel", NULL,
      N_("what became of clues with stars, step by step"),
      "rhub report funnel --since month\nrhub report funnel -o csv --bom",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_RANGE, { { NULL } }, NULL, "funnel", NULL, NULL, NULL },
    { "report", "hotspot", HUB_CLI_HUB, "report.hotspot", NULL,
      N_("the hot-spot map: counts, thresholds, warnings"), "rhub report hotspot",
      ROWS, { { NULL } }, NULL, "hotspot", NULL, NULL, NULL },
    { "report", "misdirected", HUB_CLI_HUB, "report.misdirected", NULL,
      N_("how much came to the wrong agency, by category"),
      "rhub report misdirected --since month", HUB_CLI_CAN_ROWS | HUB_CLI_CAN_RANGE,
      { { NULL } }, NULL, "misdirected", NULL, NULL, NULL },
    { "report", "revisit", HUB_CLI_HUB, "report.revisit", NULL,
      N_("return visits of a month, quarter or year, with their parts"),
      "rhub report revisit --month 2026-10\nrhub report revisit --month 2026-Q4 --by agency",
      HUB_CLI_CAN_ROWS, { { NULL } }, revisit_flags, "bulletin", NULL, NULL, NULL },
    { "stop", NULL, HUB_CLI_HUB, "stop", NULL, N_("stop the hub after the batch in hand"),
      "rhub stop", HUB_CLI_CAN_ROWS | HUB_CLI_CAN_CONFIRM, { { NULL } }, NULL, "done", NULL,
      hub_cli_page_done, N_("Stop the hub?") },
};
const size_t hub_cli_commands_hub_count =
    sizeof hub_cli_commands_hub / sizeof hub_cli_commands_hub[0];
