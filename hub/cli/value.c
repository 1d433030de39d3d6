/* One value of a row, for people and for machines. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>
#include <rh/refusal.h>
#include <rh/text.h>

const json_t *hub_cli_path(const json_t *row, const char *path)
{
    char name[64];
    for (;;) {
        size_t bytes = strcspn(path, ".");
        if (bytes >= sizeof name)
            return NULL;
        memcpy(name, path, bytes);
        name[bytes] = '\0';
        row = json_object_get(row, name);
        if (path[bytes] == '\0' || row == NULL)
            return row;
        path += bytes + 1;
    }
}

static char *copy(const char *text)
{
    char *out = strdup(text);
    rh_assert(out != NULL);
    return out;
}

char *hub_cli_raw_text(const json_t *value)
{
    if (value == NULL || json_is_null(value))
        return copy("");
    if (json_is_string(value))
        return copy(json_string_value(value));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    rh_assert(text != NULL);
    return text;
}

/* The value beside a path: same folder, other name. */
static const json_t *beside(const json_t *row, const char *path, const char *name)
{
    char whole[96];
    const char *dot = strrchr(path, '.');
    int folder = dot == NULL ? 0 : (int)(dot - path) + 1;
    snprintf(whole, sizeof whole, "%.*s%s", folder, path, name);
    return hub_cli_path(row, whole);
}

static const char *in_language(const json_t *zh, const json_t *en)
{
    bool chinese = strcmp(rh_text_language(), "zh") == 0;
    const char *first = json_string_value(chinese ? zh : en);
    return first != NULL ? first : json_string_value(chinese ? en : zh);
}

static char *agency_text(const json_t *row, const struct hub_cli_field *field)
{
    char zh[96], en[96];
    snprintf(zh, sizeof zh, "%s_zh", field->path);
    snprintf(en, sizeof en, "%s_en", field->path);
    const char *name = in_language(hub_cli_path(row, zh), hub_cli_path(row, en));
    return name != NULL ? copy(name) : hub_cli_raw_text(hub_cli_path(row, field->path));
}

static char *spoken_text(const json_t *row, const struct hub_cli_field *field)
{
    char zh[96];
    snprintf(zh, sizeof zh, "%s_zh", field->path);
    const char *text = in_language(hub_cli_path(row, zh), hub_cli_path(row, field->path));
    return copy(text == NULL ? "" : text);
}

static char *titled_text(const json_t *row, const struct hub_cli_field *field)
{
    const char *title = in_language(beside(row, field->path, "title_zh"),
                                    beside(row, field->path, "title_en"));
    if (title != NULL)
        return copy(title);
    const char *id = json_string_value(hub_cli_path(row, field->path));
    return copy(id == NULL ? "" : rh_word("deadlines", id));
}

static char *code_text(const json_t *value)
{
    enum rh_refusal refusal;
    char out[200];
    const char *code = json_string_value(value);
    if (code == NULL)
        return copy("");
    if (rh_refusal_parse(code, &refusal) != RH_OK)
        return copy(code);
    snprintf(out, sizeof out, "%s %s", code, rh_refusal_title((uint64_t)refusal));
    return copy(out);
}

static char *when_text(const struct hub_cli *cli, const json_t *value, bool end)
{
    char out[HUB_CLI_WHEN_BYTES];
    uint64_t ms = hub_cli_instant(value);
    if (ms == 0)
        return copy("");
    if (end)
        hub_cli_when_end(ms, cli->now_ms, cli->options.verbose > 0, out);
    else
        hub_cli_when(ms, cli->now_ms, cli->options.verbose > 0, out);
    return copy(out);
}

static char *span_text(const json_t *value, const char *format)
{
    char span[HUB_CLI_WHEN_BYTES], out[2 * HUB_CLI_WHEN_BYTES];
    if (!json_is_integer(value))
        return copy("");
    hub_cli_duration((uint64_t)json_integer_value(value), span);
    int bytes = snprintf(out, sizeof out, "%s%s", format, span);
    rh_assert(bytes >= 0);
    return copy(out);
}

/* "over 2 d 2 h" or "4 h 28 min": a word besides any colour. */
static char *rest_text(const json_t *row, const struct hub_cli_field *field)
{
    char path[64];
    snprintf(path, sizeof path, "%soverdue_s", field->path);
    const json_t *over = hub_cli_path(row, path);
    if (json_is_integer(over))
        return span_text(over, _("over "));
    snprintf(path, sizeof path, "%sleft_s", field->path);
    return span_text(hub_cli_path(row, path), "");
}

static char *rate_text(const json_t *value)
{
    char out[32];
    if (!json_is_number(value))
        return copy("");
    snprintf(out, sizeof out, "%.1f %%", json_number_value(value) * 100);
    return copy(out);
}

/* Each agency by its name, by its id where it has none. */
static char *agencies_text(const json_t *row, const struct hub_cli_field *field)
{
    char zh[96], en[96];
    char *out = NULL;
    size_t bytes, i;
    const json_t *id;
    FILE *stream = open_memstream(&out, &bytes);
    rh_assert(stream != NULL);
    snprintf(zh, sizeof zh, "%s_zh", field->path);
    snprintf(en, sizeof en, "%s_en", field->path);
    const json_t *names_zh = hub_cli_path(row, zh), *names_en = hub_cli_path(row, en);
    json_array_foreach(hub_cli_path(row, field->path), i, id) {
        const char *name =
            in_language(json_array_get(names_zh, i), json_array_get(names_en, i));
        const char *text = name != NULL ? name : json_string_value(id);
        fprintf(stream, "%s%s", i > 0 ? ", " : "", text == NULL ? "" : text);
    }
    (void)fclose(stream);
    return out;
}

/* The members of a list; as words of the glossary's `group` unless that is NULL. */
static char *list_text(const json_t *list, const char *group)
{
    char *out = NULL;
    size_t bytes, i;
    const json_t *item;
    FILE *stream = open_memstream(&out, &bytes);
    rh_assert(stream != NULL);
    json_array_foreach(list, i, item) {
        char *text = hub_cli_raw_text(item);
        fprintf(stream, "%s%s", i > 0 ? ", " : "", group == NULL ? text : rh_word(group, text));
        free(text);
    }
    (void)fclose(stream);
    return out;
}

/* "+120 ms", "-7.2 s", "+31 d 4 h": ahead, behind */
static char *skew_text(const json_t *value)
{
    json_int_t ms = json_integer_value(value), off = ms < 0 ? -ms : ms;
    const char *sign = ms < 0 ? "-" : "+";
    char span[HUB_CLI_WHEN_BYTES], out[2 * HUB_CLI_WHEN_BYTES];
    if (!json_is_integer(value))
        return copy("");
    hub_cli_duration((uint64_t)off / 1000, span);
    if (off < 1000)
        snprintf(out, sizeof out, "%s%lld ms", sign, (long long)off);
    else if (off < 60000)
        snprintf(out, sizeof out, "%s%.1f s", sign, (double)off / 1000);
    else
        snprintf(out, sizeof out, "%s%s", sign, span);
    return copy(out);
}

static char *bytes_text(const json_t *value)
{
    char out[32];
    double bytes = json_number_value(value);
    if (!json_is_number(value))
        return copy("");
    if (bytes < 1024)
        snprintf(out, sizeof out, "%.0f B", bytes);
    else if (bytes < 1024 * 1024)
        snprintf(out, sizeof out, "%.1f KiB", bytes / 1024);
    else
        snprintf(out, sizeof out, "%.1f MiB", bytes / (1024 * 1024));
    return copy(out);
}

void hub_cli_why_text(const char *why, char *out, size_t capacity)
{
    char id[64], version[128];
    if (sscanf(why, "calendar %63s %127s", id, version) == 2)
        snprintf(out, capacity, _("calendar %s %s"), id, version);
    else
        snprintf(out, capacity, "%s", why);
}

/* "conclude: 04-23 23:59 to 04-27 23:59 (calendar cn 2026.2)" */
static char *moves_text(const struct hub_cli *cli, const json_t *row, const json_t *moves)
{
    const struct hub_cli_field title = { .path = "limit", .type = HUB_CLI_FIELD_TITLED };
    const char *why = json_string_value(json_object_get(row, "text"));
    char reason[256], *out = NULL;
    size_t bytes, i;
    const json_t *move;
    FILE *stream = open_memstream(&out, &bytes);
    rh_assert(stream != NULL);
    json_array_foreach(moves, i, move) {
        const json_t *before = json_object_get(move, "was_end_at");
        const json_t *after = json_object_get(move, "end_at");
        char *step = titled_text(move, &title);
        char *was = when_text(cli, before, true), *now = when_text(cli, after, true);
        fputs(i > 0 ? _("; ") : "", stream);
        if (json_equal(before, after))
            fprintf(stream, _("%s: %s is firm now"), step, now);
        else
            fprintf(stream, _("%s: from %s to %s"), step, was,
                    now[0] != '\0' ? now : _("no date while it is paused"));
        free(now);
        free(was);
        free(step);
    }
    if (json_array_size(moves) > 0 && why != NULL) {
        hub_cli_why_text(why, reason, sizeof reason);
        fprintf(stream, _(" (%s)"), reason);
    }
    (void)fclose(stream);
    return out;
}

static char *plain_text(const struct hub_cli *cli, const struct hub_cli_field *field,
                        const json_t *row)
{
    const json_t *value = hub_cli_path(row, field->path);
    const char *text = json_string_value(value);
    switch (field->type) {
    case HUB_CLI_FIELD_WORD:
        if (json_is_array(value))
            return list_text(value, field->group);
        return copy(text == NULL ? "" : rh_word(field->group, text));
    case HUB_CLI_FIELD_AGENCY:
        return agency_text(row, field);
    case HUB_CLI_FIELD_TITLED:
        return titled_text(row, field);
    case HUB_CLI_FIELD_AT:
    case HUB_CLI_FIELD_END:
        return when_text(cli, value, field->type == HUB_CLI_FIELD_END);
    case HUB_CLI_FIELD_SPAN:
        return span_text(value, "");
    case HUB_CLI_FIELD_SKEW:
        return skew_text(value);
    case HUB_CLI_FIELD_YES:
        return copy(!json_is_boolean(value) ? "" : json_is_true(value) ? _("yes") : _("no"));
    case HUB_CLI_FIELD_CODE:
        return code_text(value);
    case HUB_CLI_FIELD_REST:
        return rest_text(row, field);
    case HUB_CLI_FIELD_RATE:
        return rate_text(value);
    case HUB_CLI_FIELD_LIST:
        return list_text(value, NULL);
    case HUB_CLI_FIELD_AGENCIES:
        return agencies_text(row, field);
    case HUB_CLI_FIELD_MOVES:
        return moves_text(cli, row, value);
    case HUB_CLI_FIELD_BYTES:
        return bytes_text(value);
    case HUB_CLI_FIELD_SPOKEN:
        return spoken_text(row, field);
    case HUB_CLI_FIELD_SENTENCE:
        return copy(text == NULL || text[0] == '\0' ? "" : rh_text(text));
    case HUB_CLI_FIELD_TEXT:
    case HUB_CLI_FIELD_NUMBER:
    case HUB_CLI_FIELD_RAW:
        break;
    }
    return hub_cli_raw_text(value);
}

char *hub_cli_field_text(const struct hub_cli *cli, const struct hub_cli_field *field,
                         const json_t *row)
{
    char *plain = plain_text(cli, field, row);
    char *shown = hub_cli_escape(plain, strlen(plain));
    free(plain);
    return shown;
}
