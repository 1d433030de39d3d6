/* rhub-audit timeline: what happened to one referral, each event with its place in the log
 * and whether a checkpoint vouches for it. */
#include "audit/describe.h"
#include "audit/verbs.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/refusal.h>

struct line {
    uint64_t index;
    bool altered;
    json_t *event; /* owned */
};

struct timeline {
    const char *wanted;         /* as typed */
    bool by_id;
    struct rh_referral_id id;
    uint64_t rno;               /* 0: not seen yet */
    struct hub_referral row;    /* newest */
    struct rh_rules *rules;     /* owned; NULL before the first record of rules */
    struct line *lines;         /* owned */
    size_t count, capacity;
};

static const struct hub_referral *find_row(struct timeline *timeline,
                                           const struct hub_outcome *outcome)
{
    for (uint32_t i = 0; outcome->refusal == 0 && i < outcome->row_count; i++) {
        const struct hub_referral *row = &outcome->rows[i];
        bool wanted = timeline->rno != 0 ? row->rno == timeline->rno
                      : timeline->by_id
                          ? memcmp(&row->id, &timeline->id, sizeof row->id) == 0
                          : strcmp(row->number, timeline->wanted) == 0;
        if (wanted)
            return row;
    }
    return NULL;
}

static bool is_about(const struct timeline *timeline, const struct hub_outcome *outcome)
{
    if (timeline->rno == 0)
        return false;
    for (uint32_t i = 0; outcome->refusal == 0 && i < outcome->note_count; i++) {
        if (outcome->notes[i].rno == timeline->rno)
            return true;
    }
    return outcome->rno == timeline->rno;
}

/* Clocks that began, moved or ended with this event. */
static json_t *changed_clocks(const struct timeline *timeline, const struct hub_referral *row,
                              const struct hub_roster *roster)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *now = &row->deadlines[i];
        bool same = false;
        for (uint32_t j = 0; j < timeline->row.deadline_count; j++) {
            const struct hub_deadline *before = &timeline->row.deadlines[j];
            same = same || (before->serial == now->serial && before->status == now->status &&
                            before->end_ms == now->end_ms && before->owed_by == now->owed_by);
        }
        if (!same)
            json_array_append_new(list,
                                  hub_describe_deadline(now, row, roster, timeline->rules));
    }
    return list;
}

/* Who was told of it by a subscription, masked: "justice.620423 by 3". */
static json_t *list_shares(const struct hub_outcome *outcome, const struct hub_roster *roster)
{
    json_t *list = json_array();
    for (uint32_t i = 0; outcome != NULL && i < outcome->share_count; i++) {
        char line[RH_AGENCY_BYTES_MAX + 32];
        snprintf(line, sizeof line, "%s by %u",
                 hub_roster_name(roster, outcome->deliveries[outcome->shares[i].place].to),
                 (unsigned)outcome->shares[i].subscription);
        json_array_append_new(list, json_string(line));
    }
    return list;
}

static json_t *make_event(struct timeline *timeline, const struct hub_pass *pass,
                          const struct hub_pass_record *sight, const struct hub_referral *row)
{
    const struct rh_receipt *core = &sight->record->core;
    json_t *event = json_object();
    char refusal[RH_REFUSAL_TEXT_BYTES];
    enum rh_kind kind = hub_describe_kind(sight->record, sight->outcome, timeline->rno);
    hub_json_text(event, "object", "event");
    hub_json_count(event, "index", core->index);
    hub_json_time(event, "at", core->stored_ms);
    hub_json_text(event, "record", hub_describe_type(core->type));
    hub_json_text(event, "kind", rh_kind_name(kind));
    hub_json_text(event, "agency", core->agency.text);
    hub_json_text(event, "operator", sight->record->operator_name);
    if (core->outcome != 0) {
        rh_refusal_format(core->outcome, refusal);
        hub_json_text(event, "refused", refusal);
    }
    if (sight->record->lost_ms != 0) {
        hub_json_time(event, "first_stored_at", sight->record->lost_ms);
        hub_json_count(event, "first_generation", sight->record->lost_generation);
    }
    const struct hub_referral *after = row != NULL ? row : &timeline->row;
    hub_json_text(event, "state", rh_state_name(after->state));
    hub_json_text(event, "holder", hub_roster_name(&pass->roster, after->holder));
    hub_json_time(event, "due_at", hub_referral_due(after, after->holder));
    json_object_set_new(event, "deadlines",
                        row != NULL ? changed_clocks(timeline, row, &pass->roster)
                                    : json_array());
    if (sight->outcome != NULL && sight->outcome->share_count > 0)
        json_object_set_new(event, "shared_with", list_shares(sight->outcome, &pass->roster));
    return event;
}

static enum rh_err keep(struct timeline *timeline, uint64_t index, bool altered, json_t *event)
{
    if (timeline->count == timeline->capacity) {
        size_t capacity = timeline->capacity == 0 ? 64 : timeline->capacity * 2;
        struct line *grown = realloc(timeline->lines, capacity * sizeof *grown);
        if (grown == NULL) {
            json_decref(event);
            return RH_ERR_NOMEM;
        }
        timeline->lines = grown;
        timeline->capacity = capacity;
    }
    timeline->lines[timeline->count++] =
        (struct line){ .index = index, .altered = altered, .event = event };
    return RH_OK;
}

static enum rh_err take_rules(struct timeline *timeline, const struct hub_record *record)
{
    if (timeline->rules == NULL)
        timeline->rules = calloc(1, sizeof *timeline->rules);
    if (timeline->rules == NULL)
        return RH_ERR_NOMEM;
    if (rh_rules_decode(record->compiled, timeline->rules) != RH_OK) {
        free(timeline->rules);
        timeline->rules = NULL;
    }
    return RH_OK;
}

static enum rh_err look(void *arg, struct hub_pass *pass, const struct hub_pass_record *sight)
{
    struct timeline *timeline = arg;
    if (sight->record->core.type == RH_RECORD_RULES)
        return take_rules(timeline, sight->record);
    if (sight->outcome == NULL)
        return RH_OK;
    const struct hub_referral *row = find_row(timeline, sight->outcome);
    if (row != NULL)
        timeline->rno = row->rno;
    if (row == NULL && !is_about(timeline, sight->outcome))
        return RH_OK;
    enum rh_err err = keep(timeline, sight->record->core.index, sight->altered,
                           make_event(timeline, pass, sight, row));
    if (row != NULL)
        timeline->row = *row;
    return err;
}

/* ---- table ----------------------------------------------------------------------------- */

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* An instant of the JSON form as the table shows it. */
static void show_time(const json_t *object, const char *key, bool end,
                      char out[HUB_SCREEN_TIME_BYTES])
{
    const char *text = member(object, key);
    uint64_t ms = 0;
    if (rh_instant_parse(text, strlen(text), &ms) != RH_OK)
        ms = 0;
    hub_screen_time(ms, end, out);
}

static void print_clocks(FILE *out, const json_t *event)
{
    size_t i;
    const json_t *clock;
    bool zh = strcmp(rh_text_language(), "zh") == 0;
    json_array_foreach(json_object_get(event, "deadlines"), i, clock)
    {
        char end[HUB_SCREEN_TIME_BYTES];
        show_time(clock, "end_at", true, end);
        const char *title = member(clock, zh ? "title_zh" : "title_en");
        fprintf(out, _("      clock %s: %s, until %s, owed by %s\n"),
                title[0] != '\0' ? title : member(clock, "limit"),
                rh_word("deadlines", member(clock, "status")), end, member(clock, "owed_by"));
    }
}

static void print_event(FILE *out, const json_t *event)
{
    char at[HUB_SCREEN_TIME_BYTES], index[HUB_SCREEN_COUNT_BYTES];
    show_time(event, "at", false, at);
    const char *refused = member(event, "refused");
    const char *proof = member(event, "proof");
    const char *who = member(event, "agency");
    if (who[0] == '\0')
        who = member(event, "operator");
    if (who[0] == '\0')
        who = "hub";
    uint64_t number = (uint64_t)json_integer_value(json_object_get(event, "index"));
    fputs(strcmp(proof, "broken") == 0 ? "\xE2\x9C\x97 "
          : strcmp(proof, "covered") == 0 ? "\xE2\x9C\x93 "
                                          : "\xC2\xB7 ",
          out);
    fputc('#', out);
    hub_screen_pad(out, hub_screen_count(number, index), 10);
    fprintf(out, "%s  ", at);
    hub_screen_pad(out, rh_word("kinds", member(event, "kind")), 16);
    hub_screen_pad(out, who, 24);
    hub_screen_pad(
        out, refused[0] != '\0' ? refused : rh_word("states", member(event, "state")), 14);
    fprintf(out, "%s\n", member(event, "holder"));
    if (member(event, "first_stored_at")[0] != '\0') {
        show_time(event, "first_stored_at", false, at);
        fprintf(out, _("      stored first at %s, receipt of generation %lld\n"), at,
                (long long)json_integer_value(json_object_get(event, "first_generation")));
    }
    print_clocks(out, event);
}

static void print_table(FILE *out, const struct timeline *timeline, const json_t *referral)
{
    fprintf(out, "%s  %s  %s  %s  %s\n", member(referral, "number"), member(referral, "id"),
            member(referral, "procedure"), rh_word("states", member(referral, "state")),
            member(referral, "holder"));
    fprintf(out,
            _("Each line: place in the log, Beijing time, event, by whom, state or refusal, "
              "holder. %s covered by a checkpoint, %s not yet, %s broken\n"),
            "\xE2\x9C\x93", "\xC2\xB7", "\xE2\x9C\x97");
    for (size_t i = 0; i < timeline->count; i++)
        print_event(out, timeline->lines[i].event);
}

/* ---- the verb -------------------------------------------------------------------------- */

/* A record is proven when a later checkpoint that agrees covers it and it was not altered. */
static bool mark_proofs(struct timeline *timeline, const struct hub_pass *pass)
{
    bool broken = false;
    for (size_t i = 0; i < timeline->count; i++) {
        struct line *line = &timeline->lines[i];
        for (size_t j = 0; j < pass->findings.count && !line->altered; j++) {
            const struct hub_finding *finding = &pass->findings.list[j];
            line->altered = finding->index == line->index &&
                            hub_finding_is_break(finding->code) &&
                            finding->code != HUB_FINDING_ROOT;
        }
        broken = broken || line->altered;
        hub_json_text(line->event, "proof",
                      line->altered                               ? "broken"
                      : line->index < pass->ledger.last_good ? "covered"
                                                                  : "uncovered");
    }
    return broken;
}

static int report(struct timeline *timeline, struct hub_pass *pass,
                  const struct hub_verb_options *options)
{
    if (timeline->rno == 0) {
        fprintf(options->err, _("rhub-audit: no referral %s in these records\n"),
                timeline->wanted);
        return RH_EXIT_NO;
    }
    bool broken = mark_proofs(timeline, pass);
    json_t *object = hub_describe_referral(&timeline->row, &pass->roster, timeline->rules);
    hub_json_text(object, "hub", pass->hub.text);
    hub_json_count(object, "v", 1);
    hub_json_count(object, "last_good_checkpoint", pass->ledger.last_good);
    hub_json_count(object, "breaks", pass->findings.breaks);
    json_t *events = json_array();
    for (size_t i = 0; i < timeline->count; i++)
        json_array_append(events, timeline->lines[i].event);
    json_object_set_new(object, "events", events);
    bool written = true;
    if (options->json)
        written = hub_json_write(options->out, object);
    else
        print_table(options->out, timeline, object);
    if (pass->findings.breaks > 0)
        fprintf(options->err, _("rhub-audit: breaks in the log: %llu; see rhub-audit verify\n"),
                (unsigned long long)pass->findings.breaks);
    json_decref(object);
    return !written ? RH_EXIT_IO : broken ? RH_EXIT_NO : RH_EXIT_OK;
}

int hub_verb_timeline(const struct hub_verb_options *options)
{
    static struct hub_pass pass;         /* large */
    static struct timeline timeline; /* large */
    char problem[512];
    memset(&timeline, 0, sizeof timeline);
    timeline.wanted = options->argument;
    timeline.by_id = rh_id_parse(options->argument, timeline.id.bytes) == RH_OK;
    enum rh_err err = hub_pass_open(&pass, &options->pass, problem, sizeof problem);
    if (err != RH_OK)
        return hub_verb_fail(options, err, problem);
    err = hub_pass_run(&pass, look, &timeline);
    int code = err == RH_OK ? report(&timeline, &pass, options)
                            : hub_verb_fail(options, err, rh_err_text(err));
    for (size_t i = 0; i < timeline.count; i++)
        json_decref(timeline.lines[i].event);
    free(timeline.lines);
    free(timeline.rules);
    hub_pass_close(&pass);
    return code;
}
