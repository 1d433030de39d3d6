#include "runtime/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/csv.h>
#include <rh/hash.h>
#include <rh/refusal.h>

#include "load/import_map.h"
#include "load/rules.h"
#include "runtime/import_row.h"
#include "runtime/import_text.h"
#include "runtime/screen.h"

enum {
    PIECE_BYTES = 64 * 1024,
    LOOK_BYTES = 4 * 1024 * 1024, /* of the file a step, while the encoding is found out */
    REPORT_BYTES = RH_LOAD_REPORT_BYTES,
    FULL_PERMILLE = 800,
    /* Numbers of this file that are remembered, so that one that stands in it twice is named;
     * behind them the second would count as unchanged. 16 bytes each. */
    SEEN_MAX = 1 << 21,
    SEEN_FIRST = 1 << 10
};

struct seen {
    uint64_t hash; /* 0: free */
    uint32_t line;
};

struct agent_import {
    struct agent_import_options options;
    char *file;                  /* shown */
    struct rh_import_map map;
    struct rh_rules *rules;      /* NULL: nothing is sent on */
    struct agent_screen *screen; /* NULL: no keyword rules */
    struct agent_row_plan *plan;
    struct agent_text *text;
    bool settled;                /* the encoding is known */
    bool has_header;
    bool input_over;             /* all bytes were handed to the reader */
    char *piece;                 /* PIECE_BYTES of UTF-8 */
    size_t piece_at, piece_bytes;
    struct rh_csv_reader csv;
    char *row_text;
    struct rh_csv_field *fields;
    struct agent_row *row;
    struct agent_problems *problems; /* of one row */
    struct agent_import_figures figures, before; /* before: at the last commit */
    uint8_t seen_key[32];
    uint32_t seen_count, seen_room;
    struct seen *seen;
};

/* ---- opening ---------------------------------------------------------------------------- */

static void *room(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    rh_assert(memory != NULL);
    return memory;
}

static enum rh_err load_map(struct agent_import *import, struct agent_problems *problems)
{
    char text[REPORT_BYTES];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    if (rh_load_import_map(import->options.map, &import->map, &report) == RH_OK)
        return RH_OK;
    agent_problem_add_file(problems, RH_REFUSE_MAP_WRONG, "/args/map", text);
    return RH_ERR_INVALID;
}

static enum rh_err load_rules(struct agent_import *import, struct agent_problems *problems)
{
    char text[REPORT_BYTES];
    struct rh_load_report report;
    if (import->options.rules == NULL)
        return RH_OK;
    import->rules = room(1, sizeof *import->rules);
    rh_load_report_init(&report, text, sizeof text);
    if (rh_load_rules(import->options.rules, import->rules, NULL, &report) == RH_OK &&
        agent_screen_open(import->options.rules, &import->screen, text, sizeof text) == RH_OK)
        return RH_OK;
    agent_problem_add_file(problems, RH_REFUSE_RULES_WRONG, "/args/rules", text);
    return RH_ERR_INVALID;
}

static enum rh_err open_text(struct agent_import *import, struct agent_problems *problems)
{
    char text[AGENT_EXPECTED_BYTES];
    enum rh_err err =
        agent_text_open(import->options.file, import->map.encoding, &import->text);
    if (err == RH_OK)
        return RH_OK;
    snprintf(text, sizeof text, "%.180s: %s", import->file,
             err == RH_ERR_INVALID  ? "no regular file"
             : err == RH_ERR_CONFIG ? "this machine cannot convert from the map's encoding"
                                    : rh_err_text(err));
    agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "/args/file", text, NULL);
    return RH_ERR_INVALID;
}

static void open_reader(struct agent_import *import)
{
    import->piece = room(PIECE_BYTES, 1);
    import->row_text = room(AGENT_IMPORT_ROW_BYTES_MAX, 1);
    import->fields = room(AGENT_IMPORT_FIELDS_MAX, sizeof *import->fields);
    import->row = room(1, sizeof *import->row);
    import->problems = room(1, sizeof *import->problems);
    import->seen = room(SEEN_FIRST, sizeof *import->seen);
    import->seen_room = SEEN_FIRST;
    rh_random(import->seen_key, sizeof import->seen_key);
    rh_csv_reader_init(&import->csv, import->row_text, AGENT_IMPORT_ROW_BYTES_MAX,
                       import->fields, AGENT_IMPORT_FIELDS_MAX);
}

/* What is shown of a path: its last part. */
static char *shown_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    rh_assert(name != NULL);
    return name;
}

enum rh_err agent_import_open(const struct agent_import_options *options,
                              struct agent_import **out, struct agent_problems *problems)
{
    struct agent_import *import = room(1, sizeof *import);
    rh_assert(options->spool != NULL && options->submit != NULL && options->commit != NULL);
    import->options = *options;
    import->file = shown_name(options->file);
    if (import->options.waiting_max == 0)
        import->options.waiting_max = AGENT_IMPORT_WAITING_MAX;
    open_reader(import);
    enum rh_err err = load_map(import, problems);
    if (err == RH_OK)
        err = agent_row_plan_open(&import->map, &import->plan, problems);
    if (err == RH_OK)
        err = load_rules(import, problems);
    if (err == RH_OK)
        err = open_text(import, problems);
    if (err != RH_OK) {
        agent_import_close(&import);
        return err;
    }
    *out = import;
    return RH_OK;
}

void agent_import_close(struct agent_import **pointer)
{
    struct agent_import *import = *pointer;
    *pointer = NULL;
    if (import == NULL)
        return;
    agent_text_close(&import->text);
    agent_row_plan_close(&import->plan);
    agent_screen_close(&import->screen);
    rh_wipe(import->row_text, AGENT_IMPORT_ROW_BYTES_MAX);
    rh_wipe(import->piece, PIECE_BYTES);
    free(import->file);
    free(import->rules);
    free(import->piece);
    free(import->row_text);
    free(import->fields);
    free(import->row);
    free(import->problems);
    free(import->seen);
    free(import);
}

/* ---- counting --------------------------------------------------------------------------- */

static struct agent_import_count *count_of(struct agent_import_count *counts, uint32_t *used,
                                           const char *key)
{
    for (uint32_t i = 0; i < *used; i++)
        if (strcmp(counts[i].key, key) == 0)
            return &counts[i];
    if (*used == AGENT_IMPORT_COUNTS_MAX)
        return &counts[*used - 1];
    struct agent_import_count *count = &counts[(*used)++];
    memset(count, 0, sizeof *count);
    snprintf(count->key, sizeof count->key, "%s",
             *used == AGENT_IMPORT_COUNTS_MAX ? "others" : key);
    return count;
}

static void count_row(struct agent_import *import, const struct rh_public *item, bool fresh)
{
    struct agent_import_figures *figures = &import->figures;
    bool sent = fresh && item->to.text[0] != '\0';
    struct agent_import_count *count =
        count_of(figures->categories, &figures->category_count, item->category);
    count->rows++;
    if (!fresh) {
        figures->unchanged++;
        return;
    }
    figures->registered++;
    count->registered++;
    if (!sent)
        return;
    figures->dispatched++;
    count->dispatched++;
    count = count_of(figures->agencies, &figures->agency_count, item->to.text);
    count->rows++;
    count->registered++;
    count->dispatched++;
}

const struct agent_import_figures *agent_import_figures(struct agent_import *import)
{
    struct agent_import_figures *figures = &import->figures;
    figures->encoding = agent_text_encoding_name(agent_text_encoding(import->text));
    figures->total = agent_text_total(import->text);
    figures->taken = import->settled ? agent_text_taken(import->text) : 0;
    return figures;
}

static void report_error(struct agent_import *import, const struct agent_row_error *error)
{
    import->figures.bad++;
    if (import->options.row_error != NULL)
        import->options.row_error(import->options.context, error);
}

/* ---- numbers that stand twice ----------------------------------------------------------- */

static void put_seen(struct seen *table, uint32_t size, uint64_t hash, uint32_t line)
{
    uint32_t at = (uint32_t)hash & (size - 1);
    while (table[at].hash != 0)
        at = (at + 1) & (size - 1);
    table[at] = (struct seen){ .hash = hash, .line = line };
}

static void grow_seen(struct agent_import *import)
{
    uint32_t size = import->seen_room * 2;
    struct seen *larger = room(size, sizeof *larger);
    for (uint32_t i = 0; i < import->seen_room; i++)
        if (import->seen[i].hash != 0)
            put_seen(larger, size, import->seen[i].hash, import->seen[i].line);
    free(import->seen);
    import->seen = larger;
    import->seen_room = size;
}

/* The line on which this number stood before, 0 when it is new. Keyed, so that nobody can
 * write numbers that look alike here. */
static uint32_t seen_before(struct agent_import *import, const char *key, uint32_t line)
{
    struct rh_hash whole;
    uint64_t hash;
    rh_hash_keyed(import->seen_key, key, strlen(key), &whole);
    memcpy(&hash, whole.bytes, sizeof hash);
    hash |= UINT64_C(1) << 63;
    uint32_t at = (uint32_t)hash & (import->seen_room - 1);
    for (; import->seen[at].hash != 0; at = (at + 1) & (import->seen_room - 1))
        if (import->seen[at].hash == hash)
            return import->seen[at].line;
    if (import->seen_count >= SEEN_MAX / 4 * 3)
        return 0;
    if (import->seen_count >= import->seen_room / 4 * 3)
        grow_seen(import);
    put_seen(import->seen, import->seen_room, hash, line);
    import->seen_count++;
    return 0;
}

/* ---- where a row goes ------------------------------------------------------------------- */

/* The agency of a role for an area: the one whose division is the longest beginning of the
 * area; else the only one there is. */
static bool find_agency(const struct agent_import *import, const char *role, const char *area,
                        struct rh_agency_id *out)
{
    const struct rh_cards *cards = import->options.cards;
    const char *only = NULL;
    size_t role_bytes = strlen(role), best = 0, count = 0;
    for (uint32_t i = 0; cards != NULL && i < rh_cards_count(cards); i++) {
        const char *id = rh_cards_at(cards, i)->owner;
        if (strncmp(id, role, role_bytes) != 0 ||
            strcmp(id, import->options.agency.text) == 0)
            continue;
        const char *division = id + role_bytes;
        size_t bytes = strlen(division);
        count++;
        only = best == 0 ? id : only;
        if (bytes > best && strncmp(division, area, bytes) == 0) {
            best = bytes;
            only = id;
        }
    }
    return only != NULL && (best > 0 || count == 1) &&
           rh_agency_id_parse(only, strlen(only), out) == RH_OK;
}

/* Whether a procedure lets this agency assign a matter to that one. */
static bool may_assign(const struct agent_import *import, const char *procedure_id,
                       const struct rh_agency_id *to)
{
    char from_role[RH_ROLE_BYTES_MAX + 1], to_role[RH_ROLE_BYTES_MAX + 1];
    const struct rh_procedure *procedure = rh_rules_procedure(import->rules, procedure_id);
    rh_agency_role(&import->options.agency, from_role);
    rh_agency_role(to, to_role);
    for (uint32_t i = 0; procedure != NULL && i < procedure->route_count; i++) {
        const struct rh_route *route = &procedure->routes[i];
        if (rh_kind_in(&route->kinds, RH_KIND_ASSIGN) &&
            (strcmp(route->from, "*") == 0 || strcmp(route->from, from_role) == 0) &&
            (strcmp(route->to, "*") == 0 || strcmp(route->to, to_role) == 0))
            return true;
    }
    return false;
}

/* Address the row where the routing map has an answer. An end of the source's own that still
 * lies ahead goes with it: then it is assigned, not forwarded. */
static void route_row(struct agent_import *import, uint64_t now_ms, bool *unroutable)
{
    struct agent_row *row = import->row;
    struct rh_public *item = &row->message.item;
    const struct rh_routing *answer = NULL;
    struct rh_agency_id to;
    if (import->rules != NULL)
        answer = rh_rules_route(import->rules, item->category, item->area);
    if (answer == NULL)
        return;
    size_t bytes = strlen(answer->to);
    bool found = answer->to[bytes - 1] == '.'
                     ? find_agency(import, answer->to, item->area, &to)
                     : rh_agency_id_parse(answer->to, bytes, &to) == RH_OK;
    snprintf(item->procedure, sizeof item->procedure, "%s", answer->procedure);
    *unroutable = !found;
    if (!found || strcmp(to.text, import->options.agency.text) == 0)
        return;
    item->kind = answer->kind;
    item->to = to;
    if (row->due_ms <= now_ms)
        return;
    if (item->kind == RH_KIND_FORWARD && may_assign(import, item->procedure, &to))
        item->kind = RH_KIND_ASSIGN;
    if (item->kind == RH_KIND_ASSIGN)
        item->due_ms = row->due_ms;
}

/* ---- a row into the spool --------------------------------------------------------------- */

/* Registered here before, or by somebody else at the hub. A registration that was refused for
 * another reason may be tried again. */
static enum rh_err is_known(struct agent_import *import, const char *key, bool *known,
                            struct agent_case *about)
{
    struct agent_spool *spool = import->options.spool;
    struct rh_referral_id id;
    struct agent_sent sent = { .state = AGENT_STORED };
    *known = false;
    enum rh_err err = agent_spool_find_case(spool, key, &id);
    if (err == RH_OK)
        err = agent_spool_case(spool, &id, about);
    if (err == RH_OK && about->state == RH_STATE_NONE && about->register_n != 0)
        err = agent_spool_sent(spool, about->register_n, &sent);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    *known = err == RH_OK &&
             (sent.state != AGENT_REFUSED || sent.refusal == RH_REFUSE_REFERRAL_EXISTS);
    return err;
}

/* The desk's first objection, at the row's beginning. */
static void report_desk(struct agent_import *import, uint32_t line)
{
    const struct agent_problem *first = &import->problems->list[0];
    struct agent_row_error error = { .line = line, .column = 1, .refusal = first->refusal };
    snprintf(error.text, sizeof error.text, "%.80s%s%.160s", first->pointer,
             first->pointer[0] != '\0' ? ": " : "", first->expected);
    snprintf(error.text_zh, sizeof error.text_zh, "%s", first->expected_zh);
    report_error(import, &error);
}

/* What its words make of a row, before it is routed by what it is about. */
static const struct rh_keyword_rule *screen_row(struct agent_import *import)
{
    struct agent_message *message = &import->row->message;
    const uint32_t *hits;
    struct rh_bytes body = { message->body, message->body_bytes };
    if (agent_screen_match(import->screen, message->content.title, body, &hits) == 0)
        return NULL;
    const struct rh_keyword_rule *rule = agent_screen_rule(import->screen, hits[0]);
    agent_screen_fill(rule, import->map.category, &message->item);
    return rule;
}

static void count_screened(struct agent_import_figures *figures,
                           const struct rh_keyword_rule *rule)
{
    if (rule == NULL)
        return;
    figures->screened++;
    struct agent_import_count *count =
        count_of(figures->rules, &figures->rule_count, rule->id);
    count->rows++;
    count->registered++;
}

/* More stars go first, where the map says from how many on. */
static void choose_lane(struct agent_import *import)
{
    const struct rh_import_map *map = &import->map;
    struct rh_public *item = &import->row->message.item;
    const struct rh_fact *stars = rh_public_fact(item, "stars");
    if (stars == NULL || !stars->is_number)
        return;
    if (map->urgent_stars > 0 && stars->number >= map->urgent_stars)
        item->lane = RH_LANE_URGENT;
    else if (map->green_stars > 0 && stars->number >= map->green_stars)
        item->lane = RH_LANE_GREEN;
}

static enum rh_err send_row(struct agent_import *import,
                            const struct rh_keyword_rule *rule, uint64_t now_ms)
{
    struct agent_submission sent;
    struct agent_import_options *options = &import->options;
    uint32_t line = import->csv.row_line;
    bool unroutable = false;
    choose_lane(import);
    route_row(import, now_ms, &unroutable);
    memset(import->problems, 0, sizeof *import->problems);
    enum rh_err err = RH_OK;
    if (!options->dry_run)
        err = options->submit(options->context, &import->row->message, import->problems, &sent);
    if (err == RH_ERR_INVALID && import->problems->count > 0) {
        report_desk(import, line);
        return RH_OK;
    }
    if (err == RH_OK) {
        import->figures.unroutable += unroutable ? 1 : 0;
        count_screened(&import->figures, rule);
        count_row(import, &import->row->message.item, true);
    }
    return err;
}

/* A number that stood in this file before: the second row is not the first one again, so it is
 * named and not passed over. */
static void report_twice(struct agent_import *import, uint32_t first_line)
{
    const struct agent_row *row = import->row;
    struct agent_row_error error;
    char text[80], chinese[80];
    struct rh_csv_field place = { .line = row->number_line, .column = row->number_column };
    snprintf(text, sizeof text, "the number stands on line %u already", (unsigned)first_line);
    snprintf(chinese, sizeof chinese, "该编号已见于第 %u 行", (unsigned)first_line);
    memset(&error, 0, sizeof error);
    agent_row_fail(&error, &place, import->map.number, RH_REFUSE_REFERRAL_EXISTS, text,
                   chinese);
    report_error(import, &error);
}

/* A row that this import took in before it was broken off: where it went then. */
static enum rh_err count_earlier(struct agent_import *import, const struct agent_case *about,
                                 const struct rh_keyword_rule *rule, uint64_t now_ms)
{
    struct rh_public *item = &import->row->message.item;
    struct agent_sent next;
    bool unroutable = false;
    route_row(import, now_ms, &unroutable);
    memset(&item->to, 0, sizeof item->to);
    enum rh_err err = agent_spool_sent(import->options.spool, about->register_n + 1, &next);
    if (err == RH_OK && rh_kind_is_dispatch(next.kind) &&
        memcmp(next.referral_id.bytes, about->id.bytes, sizeof about->id.bytes) == 0)
        item->to = next.to;
    if (err != RH_OK && err != RH_ERR_NOTFOUND)
        return err;
    import->figures.continued++;
    import->figures.unroutable += unroutable && item->to.text[0] == '\0' ? 1 : 0;
    count_screened(&import->figures, rule);
    count_row(import, item, true);
    return RH_OK;
}

static enum rh_err take_good_row(struct agent_import *import, uint64_t now_ms)
{
    struct agent_row *row = import->row;
    struct agent_case about;
    bool known = false;
    uint32_t line = seen_before(import, row->key, row->number_line);
    if (line != 0) {
        report_twice(import, line);
        return RH_OK;
    }
    enum rh_err err = is_known(import, row->key, &known, &about);
    /* Known or not, a row is counted under what its words make of it. */
    const struct rh_keyword_rule *rule = screen_row(import);
    if (err == RH_OK && !known)
        return send_row(import, rule, now_ms);
    uint64_t first_n = import->options.first_n;
    if (err == RH_OK && first_n != 0 && about.register_n >= first_n)
        return count_earlier(import, &about, rule, now_ms);
    if (err == RH_OK)
        count_row(import, &row->message.item, false);
    return err;
}

static enum rh_err take_row(struct agent_import *import, uint64_t now_ms)
{
    const struct rh_csv_reader *csv = &import->csv;
    struct agent_row_error error;
    enum rh_err err = RH_OK;
    import->figures.rows++;
    if (agent_row_read(import->plan, csv->fields, csv->field_count, csv->row_line, import->row,
                       &error))
        err = take_good_row(import, now_ms);
    else
        report_error(import, &error);
    agent_message_release(&import->row->message);
    return err;
}

/* ---- steps ------------------------------------------------------------------------------ */

static enum rh_err next_event(struct agent_import *import, enum rh_csv_event *event)
{
    for (;;) {
        if (import->input_over) {
            *event = rh_csv_finish(&import->csv);
            return RH_OK;
        }
        if (import->piece_at < import->piece_bytes) {
            size_t taken;
            *event = rh_csv_feed(&import->csv, import->piece + import->piece_at,
                                 import->piece_bytes - import->piece_at, &taken);
            import->piece_at += taken;
            if (*event != RH_CSV_MORE)
                return RH_OK;
        }
        import->piece_at = 0;
        enum rh_err err = agent_text_read(import->text, import->piece, PIECE_BYTES,
                                          &import->piece_bytes);
        if (err != RH_OK)
            return err;
        import->input_over = import->piece_bytes == 0;
    }
}

static void report_csv(struct agent_import *import)
{
    const struct rh_csv_reader *csv = &import->csv;
    struct agent_row_error error = { .line = csv->problem_line, .column = csv->problem_column,
                                     .refusal = RH_REFUSE_CSV_ROW };
    snprintf(error.text, sizeof error.text, "%s", csv->problem);
    import->figures.rows++;
    report_error(import, &error);
}

static enum rh_err refuse_header(struct agent_import *import, struct agent_problems *problems,
                                 const char *why, const char *why_zh)
{
    char text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    snprintf(text, sizeof text, "%.120s:%u:%u: %s", import->file,
             (unsigned)(import->csv.problem_line + (import->csv.problem_line == 0)),
             (unsigned)(import->csv.problem_column + (import->csv.problem_column == 0)), why);
    snprintf(chinese, sizeof chinese, "%.120s: %s", import->file, why_zh);
    agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "/args/file", text, chinese);
    return RH_ERR_INVALID;
}

static enum rh_err read_header(struct agent_import *import, struct agent_problems *problems)
{
    enum rh_csv_event event;
    enum rh_err err = next_event(import, &event);
    if (err != RH_OK)
        return err;
    import->has_header = true;
    if (event == RH_CSV_END)
        return refuse_header(import, problems, "the file is empty; it needs a header",
                             "文件为空, 缺少表头");
    if (event == RH_CSV_BAD_ROW)
        return refuse_header(import, problems, import->csv.problem, "表头无法读取");
    return agent_row_plan_header(import->plan, import->file, import->csv.fields,
                                 import->csv.field_count, problems);
}

/* Whether anything may be taken in now. What others have changed is committed first, so that an
 * error here takes back nothing of theirs. */
static enum rh_err may_go_on(struct agent_import *import)
{
    struct agent_import_options *options = &import->options;
    struct agent_counts counts;
    uint32_t permille;
    uint8_t key[32];
    if (options->dry_run)
        return RH_OK;
    enum rh_err err = agent_spool_is_dirty(options->spool) ? options->commit(options->context)
                                                           : RH_OK;
    if (err == RH_OK)
        err = agent_spool_counts(options->spool, &counts);
    if (err == RH_OK && counts.waiting > options->waiting_max)
        return RH_ERR_AGAIN;
    if (err == RH_OK) {
        err = agent_spool_external_key(options->spool, key);
        rh_wipe(key, sizeof key);
        if (err == RH_ERR_NOTFOUND)
            return RH_ERR_AGAIN;
    }
    if (err == RH_OK)
        err = agent_spool_usage(options->spool, &permille);
    return err == RH_OK && permille >= FULL_PERMILLE ? RH_ERR_FULL : err;
}

static enum rh_err take_rows(struct agent_import *import, uint64_t now_ms, uint32_t limit,
                             bool *done)
{
    for (uint32_t i = 0; i < limit && !*done; i++) {
        enum rh_csv_event event;
        enum rh_err err = next_event(import, &event);
        if (err == RH_OK && event == RH_CSV_ROW)
            err = take_row(import, now_ms);
        else if (err == RH_OK && event == RH_CSV_BAD_ROW)
            report_csv(import);
        if (err != RH_OK)
            return err;
        *done = event == RH_CSV_END;
    }
    return RH_OK;
}

enum rh_err agent_import_step(struct agent_import *import, uint64_t now_ms, uint32_t limit,
                              bool *done, struct agent_problems *problems)
{
    *done = false;
    enum rh_err err = import->settled ? RH_OK : agent_text_settle(import->text, LOOK_BYTES);
    if (err == RH_ERR_AGAIN)
        return RH_OK;
    import->settled = err == RH_OK;
    if (err == RH_OK && !import->has_header)
        err = read_header(import, problems);
    if (err == RH_OK)
        err = may_go_on(import);
    if (err != RH_OK)
        return err;
    import->before = import->figures;
    err = take_rows(import, now_ms, limit, done);
    if (err == RH_OK && !import->options.dry_run)
        err = import->options.commit(import->options.context);
    if (err == RH_OK)
        return RH_OK;
    /* Nothing of this step has happened. */
    if (!import->options.dry_run)
        agent_spool_abort(import->options.spool);
    import->figures = import->before;
    return err;
}
