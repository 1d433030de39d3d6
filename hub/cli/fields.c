/* What kinds of rows there are and what their columns are called. The JSON has more: every
 * path of it can be asked for by --fields. */
#include "cli/command.h"

#include <string.h>

#include <rh/text.h>

#define SHOW true
#define MORE false
#define TEXT(object, path, title, show) { object, path, title, HUB_CLI_FIELD_TEXT, NULL, show }
#define NUMBER(object, path, title, show) \
    { object, path, title, HUB_CLI_FIELD_NUMBER, NULL, show }
#define WORD(object, path, title, group, show) \
    { object, path, title, HUB_CLI_FIELD_WORD, group, show }
#define OF(object, path, title, type, show) \
    { object, path, title, HUB_CLI_FIELD_##type, NULL, show }

static const struct hub_cli_field fields[] = {
    TEXT("referral", "id", N_("number"), SHOW),
    OF("referral", "from", N_("from"), AGENCY, SHOW),
    OF("referral", "to", N_("to"), AGENCY, SHOW),
    TEXT("referral", "procedure", N_("procedure"), SHOW),
    WORD("referral", "state", N_("state"), "states", SHOW),
    OF("referral", "turn", N_("turn of"), AGENCY, SHOW),
    OF("referral", "due.limit", N_("step"), TITLED, SHOW),
    OF("referral", "due.end_at", N_("due"), END, SHOW),
    OF("referral", "due.", N_("left"), REST, SHOW),
    OF("referral", "due.left_s", N_("left, seconds"), RAW, MORE),
    OF("referral", "due.overdue_s", N_("over, seconds"), RAW, MORE),
    WORD("referral", "kind", N_("kind"), "kinds", MORE),
    WORD("referral", "lane", N_("lane"), "lanes", MORE),
    WORD("referral", "escalation", N_("escalation"), "escalation", MORE),
    OF("referral", "origin", N_("origin"), AGENCY, MORE),
    TEXT("referral", "category", N_("category"), MORE),
    TEXT("referral", "area", N_("area"), MORE),
    TEXT("referral", "source", N_("channel"), MORE),
    TEXT("referral", "outcome", N_("outcome"), MORE),
    OF("referral", "registered_at", N_("registered"), AT, MORE),
    OF("referral", "dispatched_at", N_("sent"), AT, MORE),
    OF("referral", "arrived_at", N_("arrived"), AT, MORE),
    OF("referral", "signed_at", N_("signed"), AT, MORE),
    OF("referral", "accepted_at", N_("accepted"), AT, MORE),
    OF("referral", "concluded_at", N_("concluded"), AT, MORE),
    OF("referral", "replied_at", N_("replied"), AT, MORE),
    OF("referral", "closed_at", N_("closed"), AT, MORE),
    NUMBER("referral", "log_index", N_("record"), MORE),
    TEXT("referral", "referral_id", N_("referral id"), MORE),
    TEXT("referral", "root_id", N_("root id"), MORE),

    OF("event", "at", N_("time"), AT, SHOW),
    WORD("event", "kind", N_("what"), "kinds", SHOW),
    OF("event", "from", N_("by"), AGENCY, SHOW),
    OF("event", "delivered_to", N_("to"), LIST, SHOW),
    WORD("event", "state", N_("state"), "states", SHOW),
    OF("event", "turn", N_("turn of"), AGENCY, SHOW),
    TEXT("event", "code", N_("code"), SHOW),
    OF("event", "refusal", N_("refused"), CODE, SHOW),
    NUMBER("event", "log_index", N_("record"), SHOW),
    TEXT("event", "operator", N_("operator"), MORE),
    TEXT("event", "reason", N_("reason"), MORE),
    TEXT("event", "basis", N_("legal basis"), MORE),
    OF("event", "due_at", N_("due"), END, MORE),
    TEXT("event", "message_id", N_("message id"), MORE),
    TEXT("event", "trace", N_("trace"), MORE),

    TEXT("deadline", "referral", N_("number"), SHOW),
    OF("deadline", "limit", N_("step"), TITLED, SHOW),
    OF("deadline", "owed_by", N_("owed by"), AGENCY, SHOW),
    WORD("deadline", "status", N_("condition"), "deadlines", SHOW),
    OF("deadline", "end_at", N_("due"), END, SHOW),
    OF("deadline", "", N_("left"), REST, SHOW),
    OF("deadline", "left_s", N_("left, seconds"), RAW, MORE),
    OF("deadline", "overdue_s", N_("over, seconds"), RAW, MORE),
    WORD("deadline", "state", N_("state"), "states", SHOW),
    WORD("deadline", "basis", N_("basis"), "deadlines", MORE),
    OF("deadline", "provisional", N_("provisional"), YES, MORE),
    OF("deadline", "from", N_("from"), AGENCY, MORE),
    OF("deadline", "to", N_("to"), AGENCY, MORE),
    TEXT("deadline", "procedure", N_("procedure"), MORE),
    OF("deadline", "started_at", N_("began"), AT, MORE),

    TEXT("deadline_count", "id", N_("whose"), SHOW),
    OF("deadline_count", "agency", N_("name"), AGENCY, SHOW),
    NUMBER("deadline_count", "overdue", N_("overdue"), SHOW),
    NUMBER("deadline_count", "today", N_("today"), SHOW),
    NUMBER("deadline_count", "within_3wd", N_("3 working days"), SHOW),
    NUMBER("deadline_count", "week", N_("this week"), SHOW),
    NUMBER("deadline_count", "later", N_("later"), SHOW),

    TEXT("day", "date", N_("date"), SHOW),
    WORD("day", "role", N_("how it counts"), "days", SHOW),
    NUMBER("day", "number", N_("number"), SHOW),
    WORD("day", "kind", N_("day"), "days", SHOW),
    TEXT("day", "name", N_("holiday"), SHOW),
    TEXT("day", "notice", N_("notice"), SHOW),

    OF("queue", "agency", N_("agency"), AGENCY, SHOW),
    NUMBER("queue", "count", N_("waiting"), SHOW),
    OF("queue", "oldest_s", N_("oldest"), SPAN, SHOW),
    OF("queue", "online", N_("online"), YES, SHOW),
    NUMBER("queue", "in_flight", N_("on its way"), SHOW),
    OF("queue", "last_seen_at", N_("last seen"), AT, SHOW),
    TEXT("queue", "id", N_("id"), MORE),

    NUMBER("queued", "id", N_("record"), SHOW),
    OF("queued", "from", N_("from"), AGENCY, SHOW),
    WORD("queued", "lane", N_("lane"), "lanes", SHOW),
    NUMBER("queued", "pair_seq", N_("delivery no"), SHOW),
    WORD("queued", "kind", N_("kind"), "kinds", SHOW),
    TEXT("queued", "referral", N_("referral"), SHOW),
    OF("queued", "stored_at", N_("stored"), AT, SHOW),
    OF("queued", "bytes", N_("size"), BYTES, SHOW),
    OF("queued", "blocked", N_("behind another"), YES, SHOW),
    OF("queued", "tombstone", N_("tombstone"), YES, MORE),

    TEXT("dead", "id", N_("id"), SHOW),
    OF("dead", "from", N_("from"), AGENCY, SHOW),
    OF("dead", "to", N_("to"), AGENCY, SHOW),
    WORD("dead", "kind", N_("kind"), "kinds", SHOW),
    TEXT("dead", "referral", N_("referral"), SHOW),
    OF("dead", "age_s", N_("since"), SPAN, SHOW),
    OF("dead", "cause", N_("cause"), CODE, SHOW),
    OF("dead", "dead_at", N_("time"), AT, MORE),
    OF("dead", "settled", N_("settled"), YES, MORE),
    NUMBER("dead", "settled_by", N_("settled by record"), MORE),

    TEXT("agency", "id", N_("id"), SHOW),
    TEXT("agency", "name_zh", N_("Chinese name"), SHOW),
    TEXT("agency", "name_en", N_("English name"), MORE),
    WORD("agency", "state", N_("state"), "agencies", SHOW),
    OF("agency", "online", N_("online"), YES, SHOW),
    OF("agency", "last_seen_at", N_("last seen"), AT, SHOW),
    NUMBER("agency", "queue", N_("waiting"), SHOW),
    NUMBER("agency", "open", N_("open"), SHOW),
    NUMBER("agency", "overdue", N_("overdue"), SHOW),
    TEXT("agency", "software", N_("software"), SHOW),
    NUMBER("agency", "skew_ms", N_("clock, ms"), SHOW),
    WORD("agency", "role", N_("role"), "roles", MORE),
    TEXT("agency", "area", N_("area"), MORE),
    TEXT("agency", "superior", N_("superior"), MORE),
    TEXT("agency", "fingerprint", N_("fingerprint"), MORE),
    OF("agency", "keys", N_("keys"), LIST, MORE),
    TEXT("agency", "epoch", N_("stream"), MORE),
    NUMBER("agency", "next_n", N_("next number"), MORE),
    OF("agency", "enrolled_at", N_("enrolled"), AT, MORE),
    OF("agency", "changed_at", N_("changed"), AT, MORE),

    TEXT("clock", "id", N_("hub"), SHOW),
    OF("clock", "now_at", N_("hub time"), AT, SHOW),
    NUMBER("clock", "wall_skew_ms", N_("wall clock ahead, ms"), SHOW),
    OF("clock", "firing_held", N_("timers held"), YES, SHOW),
    OF("clock", "test", N_("test hub"), YES, SHOW),

    TEXT("procedure", "id", N_("procedure"), SHOW),
    OF("procedure", "id", N_("title"), TITLED, SHOW),
    NUMBER("procedure", "version", N_("version"), SHOW),
    NUMBER("procedure", "limit_count", N_("clocks"), SHOW),
    TEXT("procedure", "basis", N_("legal basis"), SHOW),

    TEXT("route", "category", N_("category"), SHOW),
    TEXT("route", "area", N_("area"), SHOW),
    TEXT("route", "to", N_("competent"), SHOW),
    OF("route", "agency", N_("agency"), AGENCY, SHOW),
    TEXT("route", "procedure", N_("procedure"), SHOW),
    WORD("route", "kind", N_("kind"), "kinds", SHOW),
    TEXT("route", "condition_zh", N_("condition (Chinese)"), MORE),
    TEXT("route", "condition_en", N_("condition (English)"), MORE),
    TEXT("route", "remedy_zh", N_("remedy (Chinese)"), MORE),
    TEXT("route", "remedy_en", N_("remedy (English)"), MORE),

    WORD("figure", "figure", N_("figure"), "figures", SHOW),
    OF("figure", "agency", N_("agency"), AGENCY, SHOW),
    TEXT("figure", "procedure", N_("procedure"), SHOW),
    NUMBER("figure", "numerator", N_("numerator"), SHOW),
    NUMBER("figure", "denominator", N_("denominator"), SHOW),
    OF("figure", "rate", N_("rate"), RATE, SHOW),
    OF("figure", "definition", N_("definition"), SENTENCE, SHOW),

    TEXT("pong", "id", N_("hub"), SHOW),
    TEXT("pong", "version", N_("version"), SHOW),
    NUMBER("pong", "pid", N_("process"), SHOW),
    TEXT("pong", "endpoint", N_("endpoint"), SHOW),
    OF("pong", "now_at", N_("hub time"), AT, SHOW),

    TEXT("check", "id", N_("check"), SHOW),
    TEXT("check", "result", N_("result"), SHOW),
    TEXT("check", "value", N_("value"), SHOW),
    OF("check", "hint", N_("hint"), SENTENCE, SHOW),

    TEXT("done", "id", N_("id"), SHOW),
    NUMBER("done", "log_index", N_("record"), SHOW),
    OF("done", "at", N_("time"), AT, SHOW),
    TEXT("done", "operator", N_("operator"), SHOW),

    TEXT("key", "id", N_("owner"), SHOW),
    TEXT("key", "use", N_("use"), SHOW),
    TEXT("key", "fingerprint", N_("fingerprint"), SHOW),
    TEXT("key", "file", N_("file"), SHOW),

    TEXT("refusal", "id", N_("code"), SHOW),
    OF("refusal", "title", N_("meaning"), SENTENCE, SHOW),
    OF("refusal", "action", N_("what to do"), SENTENCE, SHOW),
    OF("refusal", "retriable", N_("can be tried again unchanged"), YES, SHOW),
    NUMBER("refusal", "exit", N_("exit code"), SHOW),
    TEXT("refusal", "symbol", N_("symbol"), SHOW),

    TEXT("receipt", "id", N_("message id"), SHOW),
    TEXT("receipt", "referral", N_("referral"), SHOW),
    TEXT("receipt", "result", N_("result"), SHOW),
    OF("receipt", "refusal", N_("refused"), CODE, SHOW),
    NUMBER("receipt", "n", N_("number"), SHOW),
    NUMBER("receipt", "log_index", N_("record"), SHOW),
    OF("receipt", "stored_at", N_("stored"), AT, SHOW),
    TEXT("receipt", "holder", N_("turn of"), SHOW),
    OF("receipt", "due_at", N_("due"), END, SHOW),

    TEXT("message", "id", N_("message id"), SHOW),
    TEXT("message", "referral", N_("referral"), SHOW),
    WORD("message", "kind", N_("kind"), "kinds", SHOW),
    TEXT("message", "from", N_("from"), SHOW),
    TEXT("message", "to", N_("to"), SHOW),
    TEXT("message", "state", N_("state"), SHOW),
    OF("message", "stored_at", N_("stored"), AT, SHOW),
    OF("message", "due_at", N_("due"), END, SHOW),

    TEXT("agent", "agency", N_("agency"), SHOW),
    TEXT("agent", "hub", N_("hub"), SHOW),
    OF("agent", "online", N_("online"), YES, SHOW),
    NUMBER("agent", "outbox", N_("to be sent"), SHOW),
    NUMBER("agent", "inbox", N_("to be taken"), SHOW),
    OF("agent", "hub_time_at", N_("hub time"), AT, SHOW),
    TEXT("agent", "last_error", N_("last error"), SHOW),

    TEXT("case", "id", N_("number"), SHOW),
    WORD("case", "state", N_("state"), "states", SHOW),
    TEXT("case", "procedure", N_("procedure"), SHOW),
    TEXT("case", "from", N_("from"), SHOW),
    TEXT("case", "to", N_("to"), SHOW),

    NUMBER("imported", "rows", N_("rows"), SHOW),
    NUMBER("imported", "new", N_("new"), SHOW),
    NUMBER("imported", "known", N_("known already"), SHOW),
    NUMBER("imported", "failed", N_("failed"), SHOW),
    TEXT("row_error", "line", N_("line"), SHOW),
    TEXT("row_error", "column", N_("column"), SHOW),
    TEXT("row_error", "text", N_("problem"), SHOW),
};

const struct hub_cli_field *hub_cli_field_at(const char *object, size_t index)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].object, object) == 0 && index-- == 0)
            return &fields[i];
    }
    return NULL;
}
