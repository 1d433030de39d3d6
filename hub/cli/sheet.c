/* Rows in every form: a table for people; JSON, JSON lines, CSV, TSV and ids for machines. The
 * table is made from the same objects, never from anything else. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/csv.h>
#include <rh/text.h>

enum { COLUMNS_MAX = 96, NAME_BYTES = 64, GAP = 2 };

/* Columns outlive the row they were chosen from: a name that no table of ours has is copied. */
struct columns {
    uint32_t count;
    struct hub_cli_field fields[COLUMNS_MAX];
    char names[COLUMNS_MAX][NAME_BYTES];
};

static void add(struct columns *columns, const struct hub_cli_field *field)
{
    if (columns->count < COLUMNS_MAX)
        columns->fields[columns->count++] = *field;
}

static const char *object_of(const char *object, const json_t *row)
{
    const char *own = json_string_value(json_object_get(row, "object"));
    return own != NULL ? own : object != NULL ? object : "";
}

/* A column nothing is known of is shown as it is. */
static void add_path(struct columns *columns, const char *object, const char *path)
{
    const struct hub_cli_field *known;
    for (size_t i = 0; (known = hub_cli_field_at(object, i)) != NULL; i++) {
        if (strcmp(known->path, path) == 0 && known->type != HUB_CLI_FIELD_TITLED) {
            add(columns, known);
            return;
        }
    }
    if (columns->count == COLUMNS_MAX)
        return;
    char *name = columns->names[columns->count];
    snprintf(name, NAME_BYTES, "%s", path);
    add(columns, &(struct hub_cli_field){ .object = object, .path = name, .title = name });
}

static void add_defaults(struct columns *columns, const char *object, const json_t *row)
{
    const struct hub_cli_field *field;
    const char *key;
    json_t *value;
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        if (field->shown)
            add(columns, field);
    }
    if (columns->count > 0)
        return;
    json_object_foreach((json_t *)(uintptr_t)row, key, value) { /* it is only looked at */
        if (!json_is_object(value) && !json_is_array(value) && strcmp(key, "object") != 0 &&
            strcmp(key, "v") != 0)
            add_path(columns, object, key);
    }
}

/* The numbers that a REST column is made of. */
static void add_parts(struct columns *columns, const char *object, const char *folder)
{
    const struct hub_cli_field *field;
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        if (field->type == HUB_CLI_FIELD_RAW &&
            strncmp(field->path, folder, strlen(folder)) == 0)
            add(columns, field);
    }
}

static bool is_name(const json_t *row, const struct hub_cli_field *field)
{
    char zh[96];
    snprintf(zh, sizeof zh, "%s_zh", field->path);
    return field->type == HUB_CLI_FIELD_AGENCY && hub_cli_path(row, field->path) == NULL &&
           hub_cli_path(row, zh) != NULL;
}

/* A name that has no id beside it: both languages are the fact. */
static void add_names(struct columns *columns, const char *object, const char *path)
{
    static const char *const languages[] = { "zh", "en" };
    for (size_t i = 0; i < 2; i++) {
        char whole[96];
        snprintf(whole, sizeof whole, "%s_%s", path, languages[i]);
        add_path(columns, object, whole);
    }
}

/* Columns of a person's table become columns for a machine: one JSON path each. */
static void add_machine(struct columns *columns, const char *object, const json_t *row)
{
    struct columns shown = { 0 };
    add_defaults(&shown, object, row);
    for (uint32_t i = 0; i < shown.count; i++) {
        if (shown.fields[i].type == HUB_CLI_FIELD_REST)
            add_parts(columns, object, shown.fields[i].path);
        else if (is_name(row, &shown.fields[i]))
            add_names(columns, object, shown.fields[i].path);
        else
            add_path(columns, object, shown.fields[i].path);
    }
}

static enum rh_exit unknown_field(struct hub_cli *cli, const char *object, const char *path)
{
    const char *paths[128];
    size_t count = 0;
    const struct hub_cli_field *known;
    for (size_t i = 0; count < 128 && (known = hub_cli_field_at(object, i)) != NULL; i++)
        paths[count++] = known->path;
    return hub_cli_usage(cli, _("these rows have no such field"), path,
                         hub_cli_nearest(path, paths, count));
}

static enum rh_exit list_fields(struct hub_cli *cli, const char *object)
{
    const struct hub_cli_field *field;
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        if (field->type == HUB_CLI_FIELD_REST)
            continue;
        hub_cli_pad(cli->out, field->path, 24, false);
        fprintf(cli->out, "%s\n", rh_text(field->title));
    }
    return RH_EXIT_OK;
}

/* Which columns; RH_EXIT_NO: the list of fields was wanted and is printed. */
static enum rh_exit choose(struct hub_cli *cli, const char *object, const json_t *row,
                           struct columns *columns)
{
    const char *wanted = cli->options.fields;
    columns->count = 0;
    if (wanted == NULL) {
        if (cli->options.format == HUB_CLI_TABLE)
            add_defaults(columns, object, row);
        else
            add_machine(columns, object, row);
        return RH_EXIT_OK;
    }
    free(cli->fields_text);
    cli->fields_text = strdup(wanted);
    rh_assert(cli->fields_text != NULL);
    char *rest = cli->fields_text;
    for (char *path = strtok_r(rest, ",", &rest); path != NULL;
         path = strtok_r(NULL, ",", &rest)) {
        if (!hub_cli_field_is_known(object, path) &&
            (row == NULL || hub_cli_path(row, path) == NULL))
            return unknown_field(cli, object, path);
        add_path(columns, object, path);
    }
    return RH_EXIT_OK;
}

/* ---- the table ------------------------------------------------------------------------- */

struct grid {
    uint32_t rows, columns;
    char **cells;                  /* row by row */
    uint32_t widths[COLUMNS_MAX];
    bool right[COLUMNS_MAX];
};

static bool is_number(enum hub_cli_field_type type)
{
    return type == HUB_CLI_FIELD_NUMBER || type == HUB_CLI_FIELD_RATE ||
           type == HUB_CLI_FIELD_BYTES || type == HUB_CLI_FIELD_RAW;
}

static void fill(struct hub_cli *cli, const struct columns *columns, const json_t *rows,
                 struct grid *grid)
{
    size_t r;
    const json_t *row;
    grid->rows = (uint32_t)json_array_size(rows);
    grid->columns = columns->count;
    grid->cells = calloc((size_t)grid->rows * grid->columns + 1, sizeof grid->cells[0]);
    rh_assert(grid->cells != NULL);
    for (uint32_t c = 0; c < columns->count; c++) {
        grid->right[c] = is_number(columns->fields[c].type);
        grid->widths[c] =
            cli->options.no_headers ? 0 : hub_cli_width(rh_text(columns->fields[c].title));
    }
    json_array_foreach(rows, r, row) {
        for (uint32_t c = 0; c < columns->count; c++) {
            char *cell = hub_cli_field_text(cli, &columns->fields[c], row);
            uint32_t width = hub_cli_width(cell);
            grid->cells[r * grid->columns + c] = cell;
            if (width > grid->widths[c])
                grid->widths[c] = width;
        }
    }
}

/* A column without a value anywhere only pushes the others to the right. */
static bool is_empty(const struct grid *grid, uint32_t column)
{
    for (uint32_t r = 0; r < grid->rows; r++) {
        if (grid->cells[r * grid->columns + column][0] != '\0')
            return false;
    }
    return true;
}

static void print_cell(FILE *out, const struct grid *grid, uint32_t column, const char *text,
                       uint32_t *pending)
{
    uint32_t width = hub_cli_width(text);
    uint32_t fill_up = width < grid->widths[column] ? grid->widths[column] - width : 0;
    if (grid->right[column]) {
        fprintf(out, "%*s%s", (int)(*pending + fill_up), "", text);
        *pending = GAP;
    } else {
        /* Blanks are owed until something follows: no line ends with them. */
        if (text[0] != '\0') {
            fprintf(out, "%*s%s", (int)*pending, "", text);
            *pending = fill_up + GAP;
        } else {
            *pending += grid->widths[column] + GAP;
        }
    }
}

static bool shows_trouble(const json_t *row)
{
    return json_is_integer(hub_cli_path(row, "overdue_s")) ||
           json_is_integer(hub_cli_path(row, "due.overdue_s"));
}

static bool has_color(const struct hub_cli *cli)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (cli->options.color >= 0)
        return cli->options.color > 0;
    return cli->out_tty && (no_color == NULL || no_color[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static void print_grid(struct hub_cli *cli, const struct columns *columns, const json_t *rows,
                       const struct grid *grid)
{
    bool color = has_color(cli);
    if (!cli->options.no_headers) {
        uint32_t pending = 0;
        for (uint32_t c = 0; c < grid->columns; c++) {
            if (!is_empty(grid, c))
                print_cell(cli->out, grid, c, rh_text(columns->fields[c].title), &pending);
        }
        fputc('\n', cli->out);
    }
    for (uint32_t r = 0; r < grid->rows; r++) {
        uint32_t pending = 0;
        bool red = color && shows_trouble(json_array_get(rows, r));
        fputs(red ? "\033[31m" : "", cli->out);
        for (uint32_t c = 0; c < grid->columns; c++) {
            if (!is_empty(grid, c))
                print_cell(cli->out, grid, c, grid->cells[r * grid->columns + c], &pending);
        }
        fputs(red ? "\033[0m\n" : "\n", cli->out);
    }
}

static void print_table(struct hub_cli *cli, const struct columns *columns, const json_t *rows)
{
    struct grid grid = { 0 };
    if (json_array_size(rows) == 0)
        return;
    fill(cli, columns, rows, &grid);
    print_grid(cli, columns, rows, &grid);
    for (size_t i = 0; i < (size_t)grid.rows * grid.columns; i++)
        free(grid.cells[i]);
    free(grid.cells);
}

void hub_cli_table(struct hub_cli *cli, const char *object, const json_t *rows)
{
    struct columns columns = { 0 };
    add_defaults(&columns, object, json_array_get(rows, 0));
    print_table(cli, &columns, rows);
}

/* ---- for machines ---------------------------------------------------------------------- */

static void print_csv(struct hub_cli *cli, const struct columns *columns, const json_t *row)
{
    char *texts[COLUMNS_MAX];
    size_t bytes = 16;
    for (uint32_t c = 0; c < columns->count; c++) {
        texts[c] = row == NULL ? strdup(columns->fields[c].path)
                               : hub_cli_raw_text(hub_cli_path(row, columns->fields[c].path));
        rh_assert(texts[c] != NULL);
        bytes += 2 * strlen(texts[c]) + 8;
    }
    char *line = malloc(bytes);
    rh_assert(line != NULL);
    struct rh_csv_writer writer;
    rh_csv_writer_init(&writer, line, bytes);
    for (uint32_t c = 0; c < columns->count; c++) {
        if (row != NULL && json_is_string(hub_cli_path(row, columns->fields[c].path)))
            rh_csv_write_text(&writer, texts[c], strlen(texts[c]));
        else
            rh_csv_write_value(&writer, texts[c]);
        free(texts[c]);
    }
    rh_csv_write_end(&writer);
    rh_assert(writer.err == RH_OK);
    fwrite(writer.data, 1, writer.bytes, cli->out);
    free(line);
}

static void print_tsv(struct hub_cli *cli, const struct columns *columns, const json_t *row)
{
    for (uint32_t c = 0; c < columns->count; c++) {
        char *raw = row == NULL ? strdup(columns->fields[c].path)
                                : hub_cli_raw_text(hub_cli_path(row, columns->fields[c].path));
        rh_assert(raw != NULL);
        char *text = hub_cli_escape(raw, strlen(raw));
        fprintf(cli->out, "%s%s", c > 0 ? "\t" : "", text);
        free(text);
        free(raw);
    }
    fputc('\n', cli->out);
}

/* The row, or the object of the fields asked for. */
static char *json_text(struct hub_cli *cli, const struct columns *columns, json_t *row)
{
    json_t *shown = cli->options.fields == NULL ? json_incref(row) : json_object();
    for (uint32_t c = 0; cli->options.fields != NULL && c < columns->count; c++) {
        const json_t *value = hub_cli_path(row, columns->fields[c].path);
        json_object_set_new(shown, columns->fields[c].path,
                            value == NULL ? json_null() : json_deep_copy(value));
    }
    char *text = json_dumps(shown, JSON_COMPACT | JSON_REAL_PRECISION(6));
    rh_assert(text != NULL);
    char *safe = hub_cli_escape_json(text);
    free(text);
    json_decref(shown);
    return safe;
}

static void print_id(struct hub_cli *cli, const json_t *row)
{
    char *raw = hub_cli_raw_text(json_object_get(row, "id"));
    char *text = hub_cli_escape(raw, strlen(raw));
    fprintf(cli->out, "%s\n", text);
    free(text);
    free(raw);
}

static void print_machine(struct hub_cli *cli, const struct columns *columns, json_t *row,
                          bool first)
{
    bool headers = first && !cli->options.no_headers;
    switch (cli->options.format) {
    case HUB_CLI_CSV:
        if (first && cli->options.bom)
            fputs("\xEF\xBB\xBF", cli->out);
        if (headers)
            print_csv(cli, columns, NULL);
        if (row != NULL)
            print_csv(cli, columns, row);
        return;
    case HUB_CLI_TSV:
        if (headers)
            print_tsv(cli, columns, NULL);
        if (row != NULL)
            print_tsv(cli, columns, row);
        return;
    case HUB_CLI_IDS:
        if (row != NULL)
            print_id(cli, row);
        return;
    case HUB_CLI_TABLE:
    case HUB_CLI_JSON:
    case HUB_CLI_JSONL:
        break;
    }
    if (row == NULL)
        return;
    char *text = json_text(cli, columns, row);
    fprintf(cli->out, "%s\n", text);
    free(text);
}

enum rh_exit hub_cli_sheet_row(struct hub_cli *cli, const char *object, json_t *row, bool first)
{
    static struct columns columns; /* of the rows that are coming in */
    if (first) {
        enum rh_exit code = choose(cli, object_of(object, row), row, &columns);
        if (code != RH_EXIT_OK)
            return code;
    }
    print_machine(cli, &columns, row, first);
    return RH_EXIT_OK;
}

static void print_json(struct hub_cli *cli, const struct columns *columns, const json_t *rows)
{
    size_t i;
    json_t *row;
    fputs("[", cli->out);
    json_array_foreach((json_t *)(uintptr_t)rows, i, row) { /* only looked at */
        char *text = json_text(cli, columns, row);
        fprintf(cli->out, "%s\n%s", i > 0 ? "," : "", text);
        free(text);
    }
    fputs("\n]\n", cli->out);
}

/* Rows of one kind after another: each kind has its columns. */
static enum rh_exit print_tables(struct hub_cli *cli, const char *object, const json_t *rows)
{
    enum rh_exit code = RH_EXIT_OK;
    size_t count = json_array_size(rows);
    for (size_t from = 0, to; from < count && code == RH_EXIT_OK; from = to) {
        struct columns columns = { 0 };
        json_t *part = json_array();
        const char *kind = object_of(object, json_array_get(rows, from));
        for (to = from; to < count; to++) {
            if (strcmp(object_of(object, json_array_get(rows, to)), kind) != 0)
                break;
            json_array_append(part, json_array_get(rows, to));
        }
        code = choose(cli, kind, json_array_get(part, 0), &columns);
        if (code == RH_EXIT_OK)
            print_table(cli, &columns, part);
        json_decref(part);
    }
    return code;
}

enum rh_exit hub_cli_sheet(struct hub_cli *cli, const char *object, const json_t *rows)
{
    struct columns columns = { 0 };
    json_t *first = json_array_get(rows, 0);
    const char *kind = object_of(object, first);
    if (cli->options.fields != NULL && strcmp(cli->options.fields, "help") == 0)
        return list_fields(cli, kind);
    enum rh_exit code = choose(cli, kind, first, &columns); /* a slip is one of no rows too */
    if (code != RH_EXIT_OK)
        return code;
    if (cli->options.format == HUB_CLI_TABLE)
        return print_tables(cli, object, rows);
    if (cli->options.format == HUB_CLI_JSON) {
        print_json(cli, &columns, rows);
        return RH_EXIT_OK;
    }
    print_machine(cli, &columns, first, true);
    for (size_t i = 1; i < json_array_size(rows); i++)
        print_machine(cli, &columns, json_array_get(rows, i), false);
    return RH_EXIT_OK;
}
