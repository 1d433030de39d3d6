/* libfyaml behind a few strict readers.
 *
 * Places: libfyaml knows the line and column of any node only inside its diagnostics. So the
 * diagnostics are collected instead of printed, a complaint is raised on the node, and what
 * was collected last says where the node is. An empty value has no place of its own; its key
 * stands for it, or whatever is around it. */
#include "load/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/codec.h>

enum {
    WORD_BYTES_MAX = 64,
    LISTED_MAX = 20 /* words of a list that is shown beside a suggestion */
};

/* ---- places ---------------------------------------------------------------------------- */

static bool last_place(struct fy_diag *diag, size_t known, size_t *count, int *line,
                       int *column)
{
    void *iterator = NULL;
    struct fy_diag_error *error;

    *count = 0;
    while ((error = fy_diag_errors_iterate(diag, &iterator)) != NULL) {
        (*count)++;
        *line = error->line;
        *column = error->column;
    }
    return *count > known;
}

/* The key of a value, or what the value stands in. */
static struct fy_node *around(struct fy_node *node)
{
    struct fy_node *parent = fy_node_get_parent(node);
    void *iterator = NULL;
    struct fy_node_pair *pair;

    if (parent == NULL || !fy_node_is_mapping(parent))
        return parent;
    while ((pair = fy_node_mapping_iterate(parent, &iterator)) != NULL) {
        if (fy_node_pair_value(pair) == node && fy_node_pair_key(pair) != NULL)
            return fy_node_pair_key(pair);
    }
    return parent;
}

static void find_place(struct rh_yaml *yaml, struct fy_node *node, int *line, int *column)
{
    size_t known;
    size_t count;

    (void)last_place(yaml->diag, 0, &known, line, column);
    for (; node != NULL; node = around(node)) {
        fy_node_report(node, FYET_ERROR, "here");
        if (last_place(yaml->diag, known, &count, line, column) && *line > 0)
            return;
    }
    *line = 1;
    *column = 1;
}

void rh_yaml_problem(struct rh_yaml *yaml, struct fy_node *node, const char *format, ...)
{
    int line = 1;
    int column = 1;
    va_list arguments;

    /* Beyond the bound problems are only counted; finding each place takes longer the more
     * there were, and the file may be a peer's. */
    if (yaml->report->problems <= RH_LOAD_PROBLEMS_MAX)
        find_place(yaml, node, &line, &column);
    va_start(arguments, format);
    rh_load_report_add(yaml->report, yaml->file, line, column, format, arguments);
    va_end(arguments);
}

/* ---- opening --------------------------------------------------------------------------- */

static void report_at(struct rh_yaml *yaml, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void report_at(struct rh_yaml *yaml, int line, int column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    rh_load_report_add(yaml->report, yaml->file, line, column, format, arguments);
    va_end(arguments);
}

/* What the parser itself complained about. */
static void report_syntax(struct rh_yaml *yaml)
{
    void *iterator = NULL;
    struct fy_diag_error *error;
    bool any = false;

    while ((error = fy_diag_errors_iterate(yaml->diag, &iterator)) != NULL) {
        report_at(yaml, error->line, error->column, "this is no YAML: %s", error->msg);
        any = true;
    }
    if (!any)
        rh_load_report_file(yaml->report, yaml->file, "holds no YAML document");
}

/* libfyaml trusts its input: a directive line with a NUL in it keeps it busy for ever. So it
 * is only given what a person writes: lines of UTF-8 without control characters and without
 * directives, which nothing here needs. Returns the column of the first offence, 0 for none. */
static int bad_column(const char *line, size_t bytes, struct rh_writer *writer,
                      const char **what)
{
    if (bytes > 0 && line[0] == '%') {
        *what = N_("directives (%...) are not used here; remove the line");
        return 1;
    }
    int column = 0;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char c = (unsigned char)line[i];
        column += (c & 0xc0) != 0x80; /* characters, as everywhere */
        if ((c < 0x20 && c != '\t' && !(c == '\r' && i + 1 == bytes)) || c == 0x7f) {
            *what = N_("this is a control character; write plain text");
            return column;
        }
    }
    writer->bytes = 0;
    rh_writer_str(writer, line, bytes);
    *what = N_("the line is not UTF-8; save the file in that encoding");
    return writer->err == RH_OK ? 0 : 1;
}

static enum rh_err check_lines(struct rh_yaml *yaml, size_t bytes)
{
    const size_t room_bytes = bytes + 16;
    uint8_t *room = malloc(room_bytes);
    int number = 1;

    if (room == NULL)
        return RH_ERR_NOMEM;
    for (size_t at = 0; at < bytes; number++) {
        struct rh_writer writer;
        const char *what;
        const char *line = yaml->text + at;
        const char *end = memchr(line, '\n', bytes - at);
        const size_t line_bytes = end != NULL ? (size_t)(end - line) : bytes - at;
        rh_writer_init(&writer, room, room_bytes);
        const int column = bad_column(line, line_bytes, &writer, &what);
        if (column > 0) {
            report_at(yaml, number, column, "%s", what);
            free(room);
            return RH_ERR_CONFIG;
        }
        at += line_bytes + 1;
    }
    free(room);
    return RH_OK;
}

static enum rh_err parse(struct rh_yaml *yaml, size_t bytes)
{
    struct fy_diag_cfg diag_cfg;
    struct fy_parse_cfg parse_cfg;

    const enum rh_err err = check_lines(yaml, bytes);
    if (err != RH_OK)
        return err;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.level = FYET_ERROR;
    diag_cfg.colorize = false;
    yaml->diag = fy_diag_create(&diag_cfg);
    if (yaml->diag == NULL)
        return RH_ERR_NOMEM;
    fy_diag_set_collect_errors(yaml->diag, true);

    memset(&parse_cfg, 0, sizeof parse_cfg);
    parse_cfg.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG;
    parse_cfg.diag = yaml->diag;
    yaml->parser = fy_parser_create(&parse_cfg);
    if (yaml->parser == NULL || fy_parser_set_string(yaml->parser, yaml->text, bytes) != 0)
        return RH_ERR_NOMEM;

    yaml->document = fy_parse_load_document(yaml->parser);
    if (yaml->document == NULL) {
        report_syntax(yaml);
        return RH_ERR_CONFIG;
    }
    struct fy_document *second = fy_parse_load_document(yaml->parser);
    if (second != NULL) {
        rh_load_report_file(yaml->report, yaml->file,
                            "holds more than one document; remove the line '---' in it");
        fy_parse_document_destroy(yaml->parser, second);
        return RH_ERR_CONFIG;
    }
    if (fy_parser_get_stream_error(yaml->parser)) {
        report_syntax(yaml);
        return RH_ERR_CONFIG;
    }
    yaml->root = fy_document_root(yaml->document);
    if (yaml->root == NULL || !fy_node_is_mapping(yaml->root)) {
        rh_load_report_file(yaml->report, yaml->file,
                            "must hold keys with values at the top, such as 'version: 1'");
        return RH_ERR_CONFIG;
    }
    return RH_OK;
}

enum rh_err rh_yaml_open_text(struct rh_yaml *yaml, const char *name, const char *text,
                              size_t bytes, struct rh_load_report *report)
{
    memset(yaml, 0, sizeof *yaml);
    yaml->file = name;
    yaml->report = report;
    if (bytes > RH_YAML_BYTES_MAX) {
        rh_load_report_file(report, name, "is larger than %d bytes", RH_YAML_BYTES_MAX);
        return RH_ERR_CONFIG;
    }
    yaml->text = malloc(bytes + 1);
    if (yaml->text == NULL)
        return RH_ERR_NOMEM;
    memcpy(yaml->text, text, bytes);
    yaml->text[bytes] = '\0';
    return parse(yaml, bytes);
}

static enum rh_err read_file(struct rh_yaml *yaml, FILE *file, size_t *bytes)
{
    yaml->text = malloc(RH_YAML_BYTES_MAX + 1);
    if (yaml->text == NULL)
        return RH_ERR_NOMEM;
    *bytes = fread(yaml->text, 1, RH_YAML_BYTES_MAX + 1, file);
    if (ferror(file)) {
        rh_load_report_file(yaml->report, yaml->file, "cannot be read: %s", strerror(errno));
        return RH_ERR_IO;
    }
    if (*bytes > RH_YAML_BYTES_MAX) {
        rh_load_report_file(yaml->report, yaml->file, "is larger than %d bytes",
                            RH_YAML_BYTES_MAX);
        return RH_ERR_CONFIG;
    }
    return RH_OK;
}

enum rh_err rh_yaml_open(struct rh_yaml *yaml, const char *path, struct rh_load_report *report)
{
    size_t bytes = 0;

    memset(yaml, 0, sizeof *yaml);
    yaml->file = path;
    yaml->report = report;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        const int error = errno;
        rh_load_report_file(report, path, "cannot be opened: %s", strerror(error));
        return error == ENOENT ? RH_ERR_NOTFOUND : RH_ERR_IO;
    }
    const enum rh_err err = read_file(yaml, file, &bytes);
    (void)fclose(file);
    return err == RH_OK ? parse(yaml, bytes) : err;
}

void rh_yaml_close(struct rh_yaml *yaml)
{
    if (yaml->document != NULL)
        fy_parse_document_destroy(yaml->parser, yaml->document);
    if (yaml->parser != NULL)
        fy_parser_destroy(yaml->parser);
    if (yaml->diag != NULL)
        fy_diag_destroy(yaml->diag);
    free(yaml->text);
    memset(yaml, 0, sizeof *yaml);
}

/* ---- reading --------------------------------------------------------------------------- */

/* "a, b, c" of what is allowed, cut off when long. */
static void list_words(const char *const *words, size_t count, char *out, size_t capacity)
{
    size_t bytes = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const int wanted = snprintf(out + bytes, capacity - bytes, "%s%s", i > 0 ? ", " : "",
                                    words[i]);
        if (wanted < 0 || (size_t)wanted >= capacity - bytes)
            return;
        bytes += (size_t)wanted;
    }
}

/* A key is named as such: its own sentences, because `key` is a word of ours. */
static void problem_key(struct rh_yaml *yaml, struct fy_node *node, const char *written,
                        const char *const *keys, size_t count)
{
    char all[768];
    const char *meant = rh_load_suggest(written, keys, count);

    list_words(keys, count, all, sizeof all);
    if (meant != NULL && count > LISTED_MAX)
        rh_yaml_problem(yaml, node, "unknown key '%s'; did you mean '%s'?", written, meant);
    else if (meant != NULL)
        rh_yaml_problem(yaml, node, "unknown key '%s'; did you mean '%s'? (known: %s)", written,
                        meant, all);
    else
        rh_yaml_problem(yaml, node, "unknown key '%s'; known: %s", written, all);
}

static void problem_word(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                         const char *written, const char *const *words, size_t count)
{
    char all[768];
    const char *meant = rh_load_suggest(written, words, count);

    list_words(words, count, all, sizeof all);
    if (meant != NULL && count > LISTED_MAX)
        rh_yaml_problem(yaml, node, "unknown %s '%s'; did you mean '%s'?", what, written,
                        meant);
    else if (meant != NULL)
        rh_yaml_problem(yaml, node, "unknown %s '%s'; did you mean '%s'? (known: %s)", what,
                        written, meant, all);
    else
        rh_yaml_problem(yaml, node, "unknown %s '%s'; known: %s", what, written, all);
}

bool rh_yaml_text(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity)
{
    size_t bytes = 0;

    out[0] = '\0';
    if (!fy_node_is_scalar(node)) {
        rh_yaml_problem(yaml, node, "%s must be a single value", what);
        return false;
    }
    if (fy_node_is_alias(node)) {
        rh_yaml_problem(yaml, node, "%s: aliases (*name) are not used here; write the value",
                        what);
        return false;
    }
    const char *text = fy_node_get_scalar(node, &bytes);
    if (text == NULL || bytes == 0) {
        rh_yaml_problem(yaml, node, "%s is empty", what);
        return false;
    }
    if (bytes >= capacity) {
        rh_yaml_problem(yaml, node, "%s is %zu bytes long; at most %zu are allowed", what,
                        bytes, capacity - 1);
        return false;
    }
    if (memchr(text, '\0', bytes) != NULL) {
        rh_yaml_problem(yaml, node, "%s holds a NUL character", what);
        return false;
    }
    memcpy(out, text, bytes);
    out[bytes] = '\0';
    return true;
}

bool rh_yaml_keys(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  const char *const *keys, size_t count)
{
    void *iterator = NULL;
    struct fy_node_pair *pair;
    bool good = true;

    if (!fy_node_is_mapping(node)) {
        rh_yaml_problem(yaml, node, "%s must be keys with values ('%s: ...')", what, keys[0]);
        return false;
    }
    while ((pair = fy_node_mapping_iterate(node, &iterator)) != NULL) {
        char key[WORD_BYTES_MAX];
        size_t i = 0;
        struct fy_node *key_node = fy_node_pair_key(pair);
        if (key_node == NULL || !rh_yaml_text(yaml, key_node, N_("a key"), key, sizeof key)) {
            good = false;
            continue;
        }
        while (i < count && strcmp(key, keys[i]) != 0)
            i++;
        if (i == count) {
            problem_key(yaml, key_node, key, keys, count);
            good = false;
        }
    }
    return good;
}

struct fy_node *rh_yaml_get(struct fy_node *mapping, const char *key)
{
    return fy_node_mapping_lookup_value_by_simple_key(mapping, key, strlen(key));
}

struct fy_node *rh_yaml_need(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                             const char *what)
{
    struct fy_node *value = rh_yaml_get(mapping, key);
    if (value == NULL)
        rh_yaml_problem(yaml, mapping, "%s lacks the key '%s'", what, key);
    return value;
}

bool rh_yaml_sequence(struct rh_yaml *yaml, struct fy_node *node, const char *what)
{
    if (fy_node_is_sequence(node))
        return true;
    rh_yaml_problem(yaml, node, "%s must be a list, also when it holds one only", what);
    return false;
}

bool rh_yaml_uint(struct rh_yaml *yaml, struct fy_node *node, const char *what, uint64_t min,
                  uint64_t max, uint64_t *out)
{
    char text[WORD_BYTES_MAX];
    uint64_t value = 0;

    if (!rh_yaml_text(yaml, node, what, text, sizeof text))
        return false;
    const size_t bytes = strlen(text);
    bool good = bytes <= 18 && !(bytes > 1 && text[0] == '0');
    for (size_t i = 0; i < bytes && good; i++) {
        good = text[i] >= '0' && text[i] <= '9';
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (!good || value < min || value > max) {
        rh_yaml_problem(yaml, node, "%s must be a whole number from %llu to %llu, not '%s'",
                        what, (unsigned long long)min, (unsigned long long)max, text);
        return false;
    }
    *out = value;
    return true;
}

bool rh_yaml_bool(struct rh_yaml *yaml, struct fy_node *node, const char *what, bool *out)
{
    char text[WORD_BYTES_MAX];

    if (!rh_yaml_text(yaml, node, what, text, sizeof text))
        return false;
    *out = strcmp(text, "true") == 0;
    if (!*out && strcmp(text, "false") != 0) {
        rh_yaml_problem(yaml, node, "%s must be true or false, not '%s'", what, text);
        return false;
    }
    return true;
}

bool rh_yaml_choice(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                    const char *const *words, size_t count, size_t *out)
{
    char text[WORD_BYTES_MAX];

    if (!rh_yaml_text(yaml, node, what, text, sizeof text))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    problem_word(yaml, node, what, text, words, count);
    return false;
}
