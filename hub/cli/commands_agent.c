/* Commands for the local agent's socket: what an agency does. An agency has one writer, so all
 * of them go through its agent. */
#include "cli/command.h"

#include <rh/text.h>

#define ROWS (HUB_CLI_CAN_ROWS | HUB_CLI_CAN_WATCH)
#define PAGES (ROWS | HUB_CLI_CAN_PAGE)

#define NOTE { "note", 0, HUB_CLI_TEXT, "note", N_("TEXT"), \
               N_("a note; sealed, not for the hub") }
#define FILE_ { "file", 'f', HUB_CLI_FILE, "file", N_("FILE"), N_("a document to go with it") }
#define BASIS { "basis", 0, HUB_CLI_TEXT, "basis", N_("CODE"), N_("legal basis") }
#define FACT { "fact", 0, HUB_CLI_FACTS, "facts", N_("KEY=VALUE"), \
               N_("a fact the rules look at") }
#define COPY { "copy", 0, HUB_CLI_LIST, "copies", N_("AGENCY"), N_("a copy to this agency") }
#define WAIT { "wait", 0, HUB_CLI_TEXT, "wait", N_("FOR"), \
               N_("stored, delivered, signed or accepted") }
#define WAIT_S { "wait-seconds", 'W', HUB_CLI_NUMBER, "wait_s", N_("SECS"), \
                 N_("how long to wait for that") }
#define CODE { "code", 'c', HUB_CLI_TEXT, "code", N_("CODE"), \
               N_("reason, ground or outcome of the procedure's list") }
#define TO { "to", 0, HUB_CLI_TEXT, "to", N_("AGENCY"), N_("to this agency") }
#define PROPER { "proper", 0, HUB_CLI_TEXT, "proper", N_("AGENCY"), \
                 N_("the agency that is competent") }
#define DAYS { "n", 0, HUB_CLI_NUMBER, "extend_n", N_("N"), \
               N_("by how much, in the unit of the rule") }
#define CHILD { "child", 0, HUB_CLI_CHILDREN, "children", N_("AGENCY[:optional]"), \
                N_("a part for this agency") }
#define LEADER { "leader", 0, HUB_CLI_TEXT, "leader", N_("NAME"), \
                 N_("the leader in charge, by name; sealed, not for the hub") }
#define COMMON NOTE, FILE_, BASIS, FACT, COPY, WAIT, WAIT_S, { .name = NULL }

static const struct hub_cli_flag plain[] = { COMMON };
static const struct hub_cli_flag coded[] = { CODE, COMMON };
static const struct hub_cli_flag accepting[] = { CODE, LEADER, COMMON };
static const struct hub_cli_flag telling[] = { TO, CODE, LEADER, COMMON };
static const struct hub_cli_flag refusing[] = { CODE, PROPER, COMMON };
static const struct hub_cli_flag addressed[] = { TO, CODE, COMMON };
static const struct hub_cli_flag extending[] = { DAYS, CODE, COMMON };
static const struct hub_cli_flag passing_on[] = { TO, CODE, PROPER, CHILD, COMMON };
static const struct hub_cli_flag splitting[] = { CHILD, CODE, COMMON };

static const struct hub_cli_flag send_flags[] = {
    TO,
    { "kind", 'k', HUB_CLI_TEXT, "kind", N_("KIND"),
      N_("forward, assign, refer, transfer ...") },
    { "procedure", 'p', HUB_CLI_TEXT, "procedure", N_("ID"), N_("the procedure") },
    { "category", 0, HUB_CLI_TEXT, "category", N_("CODE"), N_("what it is about") },
    { "area", 0, HUB_CLI_TEXT, "area", N_("CODE"), N_("division code of the matter") },
    { "source", 0, HUB_CLI_TEXT, "source", N_("CODE"),
      N_("how it came: visit, letter, 12345") },
    { "lane", 0, HUB_CLI_TEXT, "lane", N_("LANE"), N_("normal, green or urgent") },
    { "referral", 0, HUB_CLI_TEXT, "referral", N_("ID"), N_("an existing referral") },
    { "key", 0, HUB_CLI_PAIRS, "keys", N_("SYSTEM=NUMBER"), N_("number of another system") },
    { "due", 0, HUB_CLI_WHEN, "due_at", N_("T"), N_("when it is to be done, for assign") },
    CODE,
    NOTE,
    BASIS,
    FACT,
    COPY,
    { "wait", 0, HUB_CLI_TEXT, NULL, N_("FOR"), N_("stored, delivered, signed or accepted") },
    { "wait-seconds", 'W', HUB_CLI_NUMBER, NULL, N_("SECS"), N_("how long to wait for that") },
    { .name = NULL },
};

static const struct hub_cli_flag box_flags[] = {
    { "state", 0, HUB_CLI_TEXT, "state", N_("STATE"), N_("in this state only") },
    { .name = NULL },
};

static const struct hub_cli_flag inbox_flags[] = {
    { "state", 0, HUB_CLI_TEXT, "state", N_("STATE"), N_("in this state only") },
    { "department", 0, HUB_CLI_TEXT, "department", N_("ID"),
      N_("of the department on duty for it today") },
    { .name = NULL },
};

static const struct hub_cli_flag due_flags[] = {
    { "state", 0, HUB_CLI_TEXT, "state", N_("STATE"), N_("mine or overdue; all without it") },
    { "department", 0, HUB_CLI_TEXT, "department", N_("ID"),
      N_("of the department on duty for it today") },
    { .name = NULL },
};

static const struct hub_cli_flag import_flags[] = {
    { "map", 'm', HUB_CLI_FILE, "map", N_("FILE"), N_("which column is what") },
    { .name = NULL },
};

static const struct hub_cli_flag joining[] = {
    { "name", 0, HUB_CLI_TEXT, NULL, N_("NAME"), N_("who it is; sealed, not for the hub") },
    { "role", 0, HUB_CLI_TEXT, NULL, N_("ROLE"),
      N_("lawyer, mediator, people_deputy ...: 'participants' of the glossary") },
    { "unit", 0, HUB_CLI_TEXT, NULL, N_("NAME"), N_("firm, committee, station") },
    { "scope", 0, HUB_CLI_LIST, NULL, N_("PART"),
      N_("what he may be shown: facts, parties, identity, settlement, outcome, dates, "
         "documents, minors") },
    { "first-day", 0, HUB_CLI_TEXT, NULL, N_("DATE"), N_("from this day on; today if left out") },
    { "last-day", 0, HUB_CLI_TEXT, NULL, N_("DATE"),
      N_("to this day; until the matter rests if left out") },
    { "basis", 0, HUB_CLI_TEXT, NULL, N_("TEXT"), N_("mandate, decision or article") },
    TO,
    COPY,
    WAIT,
    WAIT_S,
    { .name = NULL },
};

static const struct hub_cli_flag leaving[] = { TO, COPY, WAIT, WAIT_S, { .name = NULL } };

#define ID { HUB_CLI_ARG(N_("ID"), "id", true, false) }
#define ACT(word, kind, title, example, flags) \
    { word, NULL, HUB_CLI_AGENT, "act", kind, title, example, HUB_CLI_CAN_ROWS, ID, flags, \
      "receipt", NULL, NULL, NULL }

const struct hub_cli_command hub_cli_commands_agent[] = {
    { "send", NULL, HUB_CLI_AGENT, NULL, NULL, N_("send a message; FILE is JSON, - reads it"),
      "rhub send message.json --wait stored\n"
      "rhub send --to court.510603 --kind transfer --procedure judicial-confirmation body.json",
      HUB_CLI_CAN_ROWS, { HUB_CLI_ARG(N_("FILE"), NULL, false, false) }, send_flags, "receipt",
      hub_cli_body_send, NULL, NULL },

    ACT("sign", "sign", N_("sign for a referral"), "rhub sign R-2026-000042", plain),
    ACT("object", "object", N_("object to competence"),
        "rhub object R-2026-000042 --code not-competent --proper court.510603", refusing),
    ACT("uphold", "uphold", N_("uphold an objection"), "rhub uphold R-2026-000042", coded),
    ACT("overrule", "overrule", N_("overrule an objection"),
        "rhub overrule R-2026-000042 --code competent", coded),
    ACT("designate", "designate", N_("designate an agency"),
        "rhub designate R-2026-000042 --to court.510604", addressed),
    ACT("accept", "accept", N_("accept it for handling"), "rhub accept R-2026-000042\n"
        "rhub accept R-2026-000043 --leader NAME", accepting),
    ACT("refuse", "refuse", N_("do not accept it"),
        "rhub refuse R-2026-000042 --code outside-civil-scope", refusing),
    ACT("return", "return", N_("give it back"),
        "rhub return R-2026-000042 --code incomplete", refusing),
    ACT("recall", "recall", N_("recall what was sent"), "rhub recall R-2026-000042", coded),
    ACT("supplement-request", "supplement_request", N_("ask for missing material"),
        "rhub supplement-request R-2026-000042 --note \"copy of the agreement\"", coded),
    ACT("supplement", "supplement", N_("supply missing material"),
        "rhub supplement R-2026-000042 --file agreement.pdf", coded),
    ACT("start", "start", N_("begin handling"), "rhub start R-2026-000042", coded),
    ACT("suspend", "suspend", N_("suspend handling, with a ground"),
        "rhub suspend R-2026-000042 --code material-awaited", coded),
    ACT("resume", "resume", N_("go on with handling"), "rhub resume R-2026-000042", coded),
    ACT("extend", "extend_request", N_("ask for an extension"),
        "rhub extend R-2026-000042 --n 10 --code complex", extending),
    ACT("extend-grant", "extend_grant", N_("grant an extension"),
        "rhub extend-grant R-2026-000042 --n 10", extending),
    ACT("extend-deny", "extend_deny", N_("deny an extension"),
        "rhub extend-deny R-2026-000042 --code enough-time", coded),
    ACT("transfer-on", "transfer_on", N_("pass it on to another agency"),
        "rhub transfer-on R-2026-000042 --child police.510603", passing_on),
    ACT("split", "split", N_("split it into parts for several"),
        "rhub split R-2026-000042 --child court.510603 --child police.510603:optional",
        splitting),
    ACT("conclude", "conclude", N_("conclude it with an outcome"),
        "rhub conclude R-2026-000042 --code confirmed --file ruling.pdf", coded),
    ACT("report", "report", N_("report on the conclusion"),
        "rhub report R-2026-000042 --file report.pdf", coded),
    ACT("reject-report", "reject_report", N_("send the report back"),
        "rhub reject-report R-2026-000042 --code incomplete", coded),
    ACT("reply", "reply", N_("answer the petitioner"), "rhub reply R-2026-000042", coded),
    ACT("close", "close", N_("close it"), "rhub close R-2026-000042", coded),
    ACT("withdraw", "withdraw", N_("withdraw it"), "rhub withdraw R-2026-000042", coded),
    ACT("reopen", "reopen", N_("take it up again"),
        "rhub reopen R-2026-000042 --code dissatisfied", coded),
    ACT("urge", "urge", N_("urge the agency that holds it"), "rhub urge R-2026-000042", coded),
    ACT("supervise", "supervise", N_("supervise the agency that holds it"),
        "rhub supervise R-2026-000042", coded),
    ACT("progress", "progress", N_("tell how far it is"),
        "rhub progress R-2026-000042 --note \"hearing on Monday\"\n"
        "rhub progress R-2026-000043 --leader NAME", telling),
    ACT("notice", "notice", N_("send a notice"),
        "rhub notice R-2026-000042 --to petitions.510603", addressed),
    ACT("copy", "copy", N_("send a copy"), "rhub copy R-2026-000042 --to justice.510603",
        addressed),

    { "inbox", NULL, HUB_CLI_AGENT, "inbox", NULL, N_("what has arrived"),
      "rhub inbox\nrhub inbox --department criminal", PAGES, { { NULL } }, inbox_flags, "message", NULL, NULL, NULL },
    { "outbox", NULL, HUB_CLI_AGENT, "outbox", NULL, N_("what was sent"), "rhub outbox", PAGES,
      { { NULL } }, box_flags, "message", NULL, NULL, NULL },
    { "due", NULL, HUB_CLI_AGENT, "due", NULL, N_("what this agency owes, and by when"),
      "rhub due\nrhub due --state overdue", PAGES, { { NULL } }, due_flags, "owed", NULL,
      NULL, NULL },
    { "shared", NULL, HUB_CLI_AGENT, "shared", NULL,
      N_("what was told of matters of others, by subscription"),
      "rhub shared\nrhub shared -o csv --bom", PAGES, { { NULL } }, NULL, "shared", NULL, NULL,
      NULL },
    { "taken", NULL, HUB_CLI_AGENT, "taken", NULL,
      N_("the case system has it; no business act"), "rhub taken 17", HUB_CLI_CAN_ROWS, ID,
      NULL, "done", NULL, NULL, NULL },
    { "show", NULL, HUB_CLI_AGENT, "show", NULL, N_("a referral as this agency knows it"),
      "rhub show R-2026-000042", HUB_CLI_CAN_ROWS, ID, NULL, "case", NULL,
      hub_cli_page_case, NULL },
    { "participant", "list", HUB_CLI_AGENT, "participant.list", NULL,
      N_("third parties who take part, with role and scope"),
      "rhub participant list R-2026-000042", ROWS, ID, NULL, "participant", NULL, NULL, NULL },
    { "participant", "add", HUB_CLI_AGENT, NULL, "progress",
      N_("let somebody take part, or change his part; the other side is told"),
      "rhub participant add R-2026-000042 law-1 --name NAME --role lawyer "
      "--scope facts,outcome --basis \"mandate of 4 March\"",
      HUB_CLI_CAN_ROWS,
      { HUB_CLI_ARG(N_("ID"), "id", true, false), HUB_CLI_ARG(N_("PERSON"), NULL, true, false) },
      joining, "receipt", hub_cli_body_participant, NULL, NULL },
    { "participant", "end", HUB_CLI_AGENT, NULL, "progress",
      N_("somebody takes part no longer; the other side is told"),
      "rhub participant end R-2026-000042 law-1 --reason \"mandate withdrawn\"",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON,
      { HUB_CLI_ARG(N_("ID"), "id", true, false), HUB_CLI_ARG(N_("PERSON"), NULL, true, false) },
      leaving, "receipt", hub_cli_body_participant, NULL, NULL },
    { "participant", "show", HUB_CLI_AGENT, "participant.show", NULL,
      N_("the matter as a participant may be shown it; goes on record"),
      "rhub participant show R-2026-000042 law-1 --reason \"asked at the window\"",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_REASON | HUB_CLI_NEEDS_REASON,
      { HUB_CLI_ARG(N_("ID"), "id", true, false),
        HUB_CLI_ARG(N_("PERSON"), "for", true, false) },
      NULL, "participant_view", NULL, hub_cli_page_participant, NULL },
    { "participant", "views", HUB_CLI_AGENT, "participant.views", NULL,
      N_("who was shown what, when, for whom and why"),
      "rhub participant views\nrhub participant views R-2026-000042 -o csv", PAGES,
      { HUB_CLI_ARG(N_("ID"), "id", false, false) }, NULL, "view", NULL, NULL, NULL },
    { "receipt", NULL, HUB_CLI_AGENT, "receipt", NULL, N_("receipt and proof of a message"),
      "rhub receipt 17 -o json", HUB_CLI_CAN_ROWS,
      ID, NULL, "receipt", NULL, hub_cli_card, NULL },
    { "import", NULL, HUB_CLI_AGENT, "import", NULL, N_("send every row of a table"),
      "rhub import hotline.csv --map hotline.yaml --dry-run",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_DRY_RUN,
      { { N_("FILE"), "file", true, false, HUB_CLI_FILE } }, import_flags, "imported",
      hub_cli_body_import, NULL, NULL },
    { "imports", NULL, HUB_CLI_AGENT, "imports", NULL,
      N_("how far each import is; one that broke off is repeated to go on"), "rhub imports",
      ROWS, { { NULL } }, NULL, "import", NULL, NULL, NULL },
    { "agent", "status", HUB_CLI_AGENT, "status", NULL, N_("connection and spool of the agent"),
      "rhub agent status", ROWS, { { NULL } }, NULL, "agent", NULL, hub_cli_card, NULL },
    { "agent", "stop", HUB_CLI_AGENT, "stop", NULL, N_("stop the agent"), "rhub agent stop",
      HUB_CLI_CAN_ROWS | HUB_CLI_CAN_CONFIRM, { { NULL } }, NULL, "done", NULL, NULL,
      N_("Stop the agent?") },
};
const size_t hub_cli_commands_agent_count =
    sizeof hub_cli_commands_agent / sizeof hub_cli_commands_agent[0];
