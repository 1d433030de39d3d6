/* rhub-agent screen: the rules over a table, without an agent, a hub or a trace. Rows stream
 * through one buffer; what is printed of them is the line and the rules, never the words. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

#include "load/import_map.h"
#include "runtime/import_row.h"
#include "runtime/import_text.h"
#include "runtime/screen.h"

enum {
    PIECE_BYTES = 64 * 1024,
    REPORT_BYTES = RH_LOAD_REPORT_BYTES,
    SETTLE_BYTES = 4 * 1024 * 1024
};

struct table {
    const struct agent_screen_request *request;
    FILE *out, *complaints;
    struct rh_import_map map;
    struct agent_screen *screen;
    struct agent_row_plan *plan;
    struct agent_text *text;
    char *piece, *row_text;
    struct rh_csv_field *fields;
    struct agent_row *row;
    struct agent_problems *problems;
    struct rh_csv_reader csv;
    bool has_header;
    uint64_t rows, screened, bad;
    uint64_t first[RH_KEYWORD_RULES_MAX], also[RH_KEYWORD_RULES_MAX];
};

static int refuse(struct table *table, enum rh_exit code, const char *what, const char *why)
{
    char said[REPORT_BYTES];
    rh_problem_lines(why, true, said, sizeof said);
    fprintf(table->complaints, "rhub-agent: %s: %s\n", what, said);
    return (int)code;
}

static int refuse_problems(struct table *table)
{
    for (uint32_t i = 0; i < table->problems->count; i++) {
        const struct agent_problem *one = &table->problems->list[i];
        bool chinese = table->request->chinese && one->expected_zh[0] != '\0';
        fprintf(table->complaints, "%s\n", chinese ? one->expected_zh : one->expected);
    }
    return RH_EXIT_DATA;
}

static int open_table(struct table *table)
{
    const struct agent_screen_request *request = table->request;
    char text[REPORT_BYTES];
    struct rh_load_report report;
    rh_load_report_init(&report, text, sizeof text);
    if (rh_load_import_map(request->map, &table->map, &report) != RH_OK)
        return refuse(table, RH_EXIT_CONFIG, request->map, text);
    if (agent_screen_open(request->rules, &table->screen, text, sizeof text) != RH_OK)
        return refuse(table, RH_EXIT_CONFIG, request->rules, text);
    if (table->screen == NULL)
        return refuse(table, RH_EXIT_CONFIG, request->rules,
                      _("has no screening/keywords.yaml"));
    if (agent_row_plan_open(&table->map, &table->plan, table->problems) != RH_OK)
        return refuse_problems(table);
    enum rh_err err = agent_text_open(request->file, table->map.encoding, &table->text);
    while (err == RH_OK && (err = agent_text_settle(table->text, SETTLE_BYTES)) == RH_ERR_AGAIN)
        err = RH_OK;
    return err == RH_OK
               ? RH_EXIT_OK
               : refuse(table, rh_exit_of(err), request->file, rh_text(rh_err_text(err)));
}

static const char *title_of(const struct table *table, const struct rh_keyword_rule *rule)
{
    return table->request->chinese ? rule->title_zh : rule->title_en;
}

static void show_hits(struct table *table, const uint32_t *hits, uint32_t count)
{
    const struct rh_public *item = &table->row->message.item;
    if (table->request->json)
        fprintf(table->out,
                "{\"object\":\"screened\",\"v\":1,\"line\":%" PRIu32 ",\"category\":\"%s\","
                "\"rules\":[", table->csv.row_line, item->category);
    else
        fprintf(table->out, "%8" PRIu32 "  %-28s", table->csv.row_line, item->category);
    for (uint32_t i = 0; i < count; i++) {
        const struct rh_keyword_rule *rule = agent_screen_rule(table->screen, hits[i]);
        if (table->request->json)
            fprintf(table->out,
                    "%s{\"rule\":\"%s\",\"version\":%" PRIu32 ",\"star\":%" PRIu32 "}",
                    i > 0 ? "," : "", rule->id, rule->version, rule->star);
        else
            fprintf(table->out, "%s%s v%" PRIu32, i > 0 ? ", " : "  ", rule->id, rule->version);
    }
    fputs(table->request->json ? "]}\n" : "\n", table->out);
}

static void take_row(struct table *table)
{
    struct agent_row_error error;
    const uint32_t *hits;
    table->rows++;
    if (!agent_row_read(table->plan, table->csv.fields, table->csv.field_count,
                        table->csv.row_line, table->row, &error)) {
        table->bad++;
        agent_message_release(&table->row->message);
        return;
    }
    struct agent_message *message = &table->row->message;
    struct rh_bytes body = { message->body, message->body_bytes };
    uint32_t count = agent_screen_match(table->screen, message->content.title, body, &hits);
    if (count > 0) {
        agent_screen_fill(agent_screen_rule(table->screen, hits[0]), table->map.category,
                          &message->item);
        table->screened++;
        table->first[hits[0]]++;
        for (uint32_t i = 1; i < count; i++)
            table->also[hits[i]]++;
        show_hits(table, hits, count);
    }
    agent_message_release(message);
}

static int take_event(struct table *table, enum rh_csv_event event)
{
    if (event == RH_CSV_BAD_ROW) {
        table->rows++;
        table->bad++;
    } else if (event == RH_CSV_ROW && table->has_header) {
        take_row(table);
    } else if (event == RH_CSV_ROW) {
        table->has_header = true;
        if (agent_row_plan_header(table->plan, table->request->file, table->csv.fields,
                                  table->csv.field_count, table->problems) != RH_OK)
            return refuse_problems(table);
    }
    return RH_EXIT_OK;
}

static int read_all(struct table *table)
{
    int code = RH_EXIT_OK;
    for (size_t bytes = 1; bytes > 0 && code == RH_EXIT_OK;) {
        enum rh_err err = agent_text_read(table->text, table->piece, PIECE_BYTES, &bytes);
        if (err != RH_OK)
            return refuse(table, rh_exit_of(err), table->request->file, rh_err_text(err));
        for (size_t at = 0; at < bytes && code == RH_EXIT_OK;) {
            size_t taken;
            enum rh_csv_event event =
                rh_csv_feed(&table->csv, table->piece + at, bytes - at, &taken);
            at += taken;
            code = take_event(table, event);
        }
    }
    for (enum rh_csv_event event = RH_CSV_MORE; code == RH_EXIT_OK && event != RH_CSV_END;) {
        event = rh_csv_finish(&table->csv);
        code = take_event(table, event);
    }
    return code;
}

static void show_counts(const struct table *table)
{
    uint32_t count = agent_screen_count(table->screen);
    if (table->request->json)
        fprintf(table->out,
                "{\"object\":\"screening\",\"v\":1,\"rows\":%" PRIu64 ",\"screened\":%" PRIu64
                ",\"bad\":%" PRIu64 ",\"rules\":[", table->rows, table->screened, table->bad);
    else
        fprintf(table->out, _("rows: %llu; with a hit: %llu, bad: %llu\n"),
                (unsigned long long)table->rows, (unsigned long long)table->screened,
                (unsigned long long)table->bad);
    for (uint32_t i = 0; i < count; i++) {
        const struct rh_keyword_rule *rule = agent_screen_rule(table->screen, i);
        if (table->request->json)
            fprintf(table->out, "%s{\"rule\":\"%s\",\"version\":%" PRIu32 ",\"rows\":%" PRIu64
                                ",\"also\":%" PRIu64 "}",
                    i > 0 ? "," : "", rule->id, rule->version, table->first[i], table->also[i]);
        else
            fprintf(table->out, "  %8" PRIu64 "  +%-8" PRIu64 "%s v%" PRIu32 "  %s\n",
                    table->first[i], table->also[i], rule->id, rule->version,
                    title_of(table, rule));
    }
    if (table->request->json)
        fputs("]}\n", table->out);
}

static void *room(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    rh_assert(memory != NULL);
    return memory;
}

int agent_screen_table(const struct agent_screen_request *request, FILE *out, FILE *complaints)
{
    struct table *table = room(1, sizeof *table);
    table->request = request;
    table->out = out;
    table->complaints = complaints;
    table->piece = room(PIECE_BYTES, 1);
    table->row_text = room(AGENT_IMPORT_ROW_BYTES_MAX, 1);
    table->fields = room(AGENT_IMPORT_FIELDS_MAX, sizeof table->fields[0]);
    table->row = room(1, sizeof *table->row);
    table->problems = room(1, sizeof *table->problems);
    rh_csv_reader_init(&table->csv, table->row_text, AGENT_IMPORT_ROW_BYTES_MAX, table->fields,
                       AGENT_IMPORT_FIELDS_MAX);
    int code = open_table(table);
    if (code == RH_EXIT_OK)
        code = read_all(table);
    if (code == RH_EXIT_OK)
        show_counts(table);
    agent_text_close(&table->text);
    agent_row_plan_close(&table->plan);
    agent_screen_close(&table->screen);
    rh_wipe(table->row_text, AGENT_IMPORT_ROW_BYTES_MAX);
    rh_wipe(table->piece, PIECE_BYTES);
    free(table->problems);
    free(table->row);
    free(table->fields);
    free(table->row_text);
    free(table->piece);
    free(table);
    return code;
}
