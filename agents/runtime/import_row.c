#include "runtime/import_row.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/date.h>
#include <rh/hash.h>
#include <rh/refusal.h>

#include "load/report.h"
#include "runtime/import_text.h"
#include "runtime/import_zone.h"

#define NO_COLUMN UINT32_MAX

enum {
    AREA_DIGITS_MIN = 2,
    AREA_DIGITS_MAX = 12,
    /* Every column a map can name. */
    USES_MAX = 11 + 2 * RH_IMPORT_COLUMNS_MAX + RH_IMPORT_FACTS_MAX,
    /* Below, a column holds a remark ("none", "unknown") and tells nobody from anybody. */
    ID_DIGITS_MIN = 6,
    PHONE_DIGITS_MIN = 7
};

/* A column the map names and where the header has it. */
struct use {
    const char *name;
    uint32_t index;
};

struct agent_row_plan {
    const struct rh_import_map *map;
    struct use number, area, opened, due, closed, category, title, body, person;
    struct use id_number, phone;
    struct use matter[RH_IMPORT_COLUMNS_MAX];
    struct use matches[RH_IMPORT_COLUMNS_MAX];
    struct use facts[RH_IMPORT_FACTS_MAX];
    uint32_t column_count;      /* of the header */
    struct agent_zone *opened_zone, *due_zone;
    locale_t locale;            /* UTF-8, whatever the process runs in */
    uint32_t pattern_count;     /* compiled */
    regex_t patterns[RH_IMPORT_MATCHES_MAX];
};

/* ---- compiling -------------------------------------------------------------------------- */

static enum rh_err open_zone(const struct rh_import_time *time, struct agent_zone **out,
                             struct agent_problems *problems)
{
    char text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    if (time->column[0] == '\0' || agent_zone_open(time->zone, out) == RH_OK)
        return RH_OK;
    snprintf(text, sizeof text, "zone '%s': none this machine knows; write a name of the tz "
                                "database, such as Asia/Shanghai, or an offset, such as +08:00",
             time->zone);
    snprintf(chinese, sizeof chinese, "时区 '%s' 未知; 请写 Asia/Shanghai 或 +08:00 之类",
             time->zone);
    agent_problem_add(problems, RH_REFUSE_MAP_WRONG, "/args/map", text, chinese);
    return RH_ERR_INVALID;
}

/* Patterns count characters, not bytes; the locale is taken for the call alone. */
static enum rh_err compile_patterns(struct agent_row_plan *plan,
                                    struct agent_problems *problems)
{
    const struct rh_import_map *map = plan->map;
    char reason[120], text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    plan->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (plan->locale == (locale_t)0) {
        agent_problem_add(problems, RH_REFUSE_MAP_WRONG, "/args/map",
                          "this machine has no locale C.UTF-8, which patterns need",
                          "本机没有 C.UTF-8 语言环境, 无法使用匹配式");
        return RH_ERR_INVALID;
    }
    locale_t before = uselocale(plan->locale);
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; i < map->match_count && err == RH_OK; i++) {
        int code = regcomp(&plan->patterns[i], map->matches[i].pattern,
                           REG_EXTENDED | REG_NOSUB);
        if (code == 0) {
            plan->pattern_count++;
            continue;
        }
        regerror(code, &plan->patterns[i], reason, sizeof reason);
        snprintf(text, sizeof text, "pattern %u, for '%s', is no extended regular expression: "
                                    "%s",
                 (unsigned)i + 1, map->matches[i].category, reason);
        snprintf(chinese, sizeof chinese, "第 %u 个匹配式 ('%s') 不是有效的正则表达式",
                 (unsigned)i + 1, map->matches[i].category);
        agent_problem_add(problems, RH_REFUSE_MAP_WRONG, "/args/map", text, chinese);
        err = RH_ERR_INVALID;
    }
    uselocale(before);
    return err;
}

static void use_column(struct use *use, const char *name)
{
    *use = (struct use){ .name = name, .index = NO_COLUMN };
}

static void name_columns(struct agent_row_plan *plan)
{
    const struct rh_import_map *map = plan->map;
    use_column(&plan->number, map->number);
    use_column(&plan->area, map->area_column);
    use_column(&plan->opened, map->opened.column);
    use_column(&plan->due, map->due.column);
    use_column(&plan->closed, map->closed.column);
    use_column(&plan->category, map->category_column);
    use_column(&plan->title, map->title);
    use_column(&plan->body, map->body);
    use_column(&plan->person, map->person);
    use_column(&plan->id_number, map->id_number);
    use_column(&plan->phone, map->phone);
    for (uint32_t i = 0; i < map->matter_count; i++)
        use_column(&plan->matter[i], map->matter[i]);
    for (uint32_t i = 0; i < map->match_column_count; i++)
        use_column(&plan->matches[i], map->match_columns[i]);
    for (uint32_t i = 0; i < map->fact_count; i++)
        use_column(&plan->facts[i], map->facts[i].column);
}

enum rh_err agent_row_plan_open(const struct rh_import_map *map, struct agent_row_plan **out,
                                struct agent_problems *problems)
{
    struct agent_row_plan *plan = calloc(1, sizeof *plan);
    rh_assert(plan != NULL);
    plan->map = map;
    name_columns(plan);
    enum rh_err err = open_zone(&map->opened, &plan->opened_zone, problems);
    if (err == RH_OK)
        err = open_zone(&map->due, &plan->due_zone, problems);
    if (err == RH_OK)
        err = compile_patterns(plan, problems);
    if (err != RH_OK) {
        agent_row_plan_close(&plan);
        return err;
    }
    *out = plan;
    return RH_OK;
}

void agent_row_plan_close(struct agent_row_plan **pointer)
{
    struct agent_row_plan *plan = *pointer;
    *pointer = NULL;
    if (plan == NULL)
        return;
    for (uint32_t i = 0; i < plan->pattern_count; i++)
        regfree(&plan->patterns[i]);
    if (plan->locale != (locale_t)0)
        freelocale(plan->locale);
    agent_zone_close(&plan->opened_zone);
    agent_zone_close(&plan->due_zone);
    free(plan);
}

/* ---- the header ------------------------------------------------------------------------- */

/* A name of the header as it may be shown: whole characters, none that moves the cursor. */
static void show_name(const char *name, char *out, size_t capacity)
{
    size_t used = 0, bytes = strlen(name);
    for (size_t at = 0; at < bytes;) {
        int length = agent_utf8_length((const uint8_t *)name + at, bytes - at);
        if (length <= 0 || used + (size_t)length >= capacity)
            break;
        bool control = length == 1 && ((unsigned char)name[at] < 0x20 || name[at] == 0x7f);
        memcpy(out + used, control ? "?" : name + at, (size_t)length);
        used += (size_t)length;
        at += (size_t)length;
    }
    out[used] = '\0';
}

static void complain_missing(const struct use *use, const char *file,
                             const struct rh_csv_field *fields, uint32_t count,
                             struct agent_problems *problems)
{
    const char *names[AGENT_IMPORT_FIELDS_MAX];
    char near[RH_COLUMN_BYTES_MAX + 1] = "";
    char text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    for (uint32_t i = 0; i < count; i++)
        names[i] = fields[i].data;
    const char *meant = rh_load_suggest(use->name, names, count);
    if (meant != NULL)
        show_name(meant, near, sizeof near);
    snprintf(text, sizeof text, "%.80s:%u:1: there is no column '%s'%s%s%s", file,
             (unsigned)fields[0].line, use->name, near[0] != '\0' ? "; did you mean '" : "",
             near, near[0] != '\0' ? "'?" : "");
    snprintf(chinese, sizeof chinese, "%.80s:%u:1: 没有 '%s' 列%s%s%s", file,
             (unsigned)fields[0].line, use->name, near[0] != '\0' ? ", 是否为 '" : "", near,
             near[0] != '\0' ? "' ?" : "");
    agent_problem_add(problems, RH_REFUSE_MAP_WRONG, "/args/file", text, chinese);
}

static void complain_twice(const struct use *use, const char *file,
                           const struct rh_csv_field *field, struct agent_problems *problems)
{
    char text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    snprintf(text, sizeof text, "%.80s:%u:%u: the column '%s' stands here a second time", file,
             (unsigned)field->line, (unsigned)field->column, use->name);
    snprintf(chinese, sizeof chinese, "%.80s:%u:%u: 列 '%s' 重复出现", file,
             (unsigned)field->line, (unsigned)field->column, use->name);
    agent_problem_add(problems, RH_REFUSE_MAP_WRONG, "/args/file", text, chinese);
}

static bool find_column(struct use *use, const char *file, const struct rh_csv_field *fields,
                        uint32_t count, struct agent_problems *problems)
{
    if (use->name[0] == '\0')
        return true;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(fields[i].data, use->name) != 0)
            continue;
        if (use->index != NO_COLUMN) {
            complain_twice(use, file, &fields[i], problems);
            return false;
        }
        use->index = i;
    }
    if (use->index == NO_COLUMN)
        complain_missing(use, file, fields, count, problems);
    return use->index != NO_COLUMN;
}

enum rh_err agent_row_plan_header(struct agent_row_plan *plan, const char *file,
                                  const struct rh_csv_field *fields, uint32_t count,
                                  struct agent_problems *problems)
{
    struct use *uses[USES_MAX] = { &plan->number,   &plan->area,  &plan->opened,
                                   &plan->due,      &plan->closed, &plan->category,
                                   &plan->title,    &plan->body,  &plan->person,
                                   &plan->id_number, &plan->phone };
    uint32_t use_count = 11;
    bool good = true;
    rh_assert(count >= 1 && count <= AGENT_IMPORT_FIELDS_MAX);
    for (uint32_t i = 0; i < plan->map->match_column_count; i++)
        uses[use_count++] = &plan->matches[i];
    for (uint32_t i = 0; i < plan->map->matter_count; i++)
        uses[use_count++] = &plan->matter[i];
    for (uint32_t i = 0; i < plan->map->fact_count; i++)
        uses[use_count++] = &plan->facts[i];
    for (uint32_t i = 0; i < use_count; i++) {
        uint32_t same = 0; /* a name may have several uses; what is wrong is said once */
        while (strcmp(uses[same]->name, uses[i]->name) != 0)
            same++;
        if (same < i)
            uses[i]->index = uses[same]->index;
        else
            good = find_column(uses[i], file, fields, count, problems) && good;
    }
    plan->column_count = count;
    return good ? RH_OK : RH_ERR_INVALID;
}

/* ---- a row ------------------------------------------------------------------------------ */

struct reading {
    const struct agent_row_plan *plan;
    const struct rh_csv_field *fields;
    struct agent_row *row;
    struct agent_row_error *error;
};

void agent_row_fail(struct agent_row_error *error, const struct rh_csv_field *field,
                    const char *name, uint32_t refusal, const char *text, const char *text_zh)
{
    error->refusal = refusal;
    if (field != NULL) {
        error->line = field->line;
        error->column = field->column;
    }
    show_name(name != NULL ? name : "", error->field, sizeof error->field);
    snprintf(error->text, sizeof error->text, "%s", text);
    snprintf(error->text_zh, sizeof error->text_zh, "%s", text_zh);
}

static bool fail(const struct reading *reading, const struct use *use, uint32_t refusal,
                 const char *text, const char *text_zh)
{
    agent_row_fail(reading->error, &reading->fields[use->index], use->name, refusal, text,
                   text_zh);
    return false;
}

static const struct rh_csv_field no_field = { .data = "", .bytes = 0 };

/* The field of a column; an empty one where the map names none. */
static const struct rh_csv_field *field_of(const struct reading *reading, const struct use *use)
{
    return use->index == NO_COLUMN ? &no_field : &reading->fields[use->index];
}

static struct rh_bytes bytes_of(const struct rh_csv_field *field)
{
    return (struct rh_bytes){ (const uint8_t *)field->data, field->bytes };
}

static bool bounded(const struct reading *reading, const struct use *use, size_t max)
{
    char text[80], chinese[80];
    if (field_of(reading, use)->bytes <= max)
        return true;
    snprintf(text, sizeof text, "at most %zu bytes in UTF-8", max);
    snprintf(chinese, sizeof chinese, "不超过 %zu 字节 (UTF-8)", max);
    return fail(reading, use, RH_REFUSE_TOO_LARGE, text, chinese);
}

static bool read_number(struct reading *reading)
{
    const struct agent_row_plan *plan = reading->plan;
    const struct rh_csv_field *field = field_of(reading, &plan->number);
    struct rh_private *content = &reading->row->message.content;
    if (field->bytes == 0)
        return fail(reading, &plan->number, RH_REFUSE_FIELD_MISSING,
                    "a row needs the number it has in its own system", "须有原系统编号");
    if (!bounded(reading, &plan->number, RH_EXTERNAL_NUMBER_BYTES_MAX))
        return false;
    for (size_t i = 0; i < field->bytes; i++)
        if ((unsigned char)field->data[i] < 0x20 || field->data[i] == 0x7f)
            return fail(reading, &plan->number, RH_REFUSE_FIELD_INVALID,
                        "a number has no control characters", "编号不得含控制字符");
    content->externals[0].system =
        (struct rh_bytes){ (const uint8_t *)plan->map->system, strlen(plan->map->system) };
    content->externals[0].number = bytes_of(field);
    content->external_count = 1;
    reading->row->number_line = field->line;
    reading->row->number_column = field->column;
    snprintf(reading->row->key, sizeof reading->row->key, "%s=%s", plan->map->system,
             field->data);
    return true;
}

static bool read_area(struct reading *reading)
{
    const struct use *use = &reading->plan->area;
    const struct rh_csv_field *field = field_of(reading, use);
    char *out = reading->row->message.item.area;
    if (field->bytes == 0) {
        snprintf(out, RH_CODE_BYTES_MAX + 1, "%s", reading->plan->map->area);
        return true;
    }
    bool digits = strspn(field->data, "0123456789") == field->bytes;
    if (!digits || field->bytes < AREA_DIGITS_MIN || field->bytes > AREA_DIGITS_MAX)
        return fail(reading, use, RH_REFUSE_CATEGORY_MISSING, "a division code, 2 to 12 digits",
                    "应为 2 至 12 位行政区划代码");
    memcpy(out, field->data, field->bytes + 1);
    return true;
}

static bool read_time(struct reading *reading, const struct use *use,
                      const struct agent_zone *zone, bool end, uint64_t *out)
{
    const struct rh_csv_field *field = field_of(reading, use);
    if (field->bytes == 0)
        return true;
    if (agent_zone_parse(zone, field->data, end, out) != RH_OK)
        return fail(reading, use, RH_REFUSE_FIELD_INVALID,
                    "a time as 2020-01-07 21:31:53, with an offset or on the clocks of the "
                    "map's zone",
                    "应为 2020-01-07 21:31:53 形式的时间");
    return true;
}

static const char *match_category(const struct reading *reading)
{
    const struct agent_row_plan *plan = reading->plan;
    const char *found = NULL;
    locale_t before = uselocale(plan->locale);
    for (uint32_t i = 0; i < plan->pattern_count && found == NULL; i++)
        for (uint32_t k = 0; k < plan->map->match_column_count && found == NULL; k++)
            if (regexec(&plan->patterns[i], field_of(reading, &plan->matches[k])->data, 0, NULL,
                        0) == 0)
                found = plan->map->matches[i].category;
    uselocale(before);
    return found;
}

/* First what the text says plainly, then the source's own word, then the default. */
static void find_category(struct reading *reading)
{
    const struct rh_import_map *map = reading->plan->map;
    const char *found = match_category(reading);
    const char *value = field_of(reading, &reading->plan->category)->data;
    for (uint32_t i = 0; i < map->value_count && found == NULL; i++)
        if (strcmp(map->values[i].value, value) == 0)
            found = map->values[i].code;
    snprintf(reading->row->message.item.category, RH_CODE_BYTES_MAX + 1, "%s",
             found != NULL ? found : map->category);
}

/* ---- facts and content ------------------------------------------------------------------ */

/* Into the alphabet of codes: what lies between letters and digits becomes one '-'. False when
 * nothing is left. */
static bool clean_code(const char *text, char out[RH_CODE_BYTES_MAX + 1])
{
    size_t used = 0;
    bool gap = false;
    for (; *text != '\0'; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9');
        if (!plain && (used == 0 || strchr("_.:/-", *text) == NULL)) {
            gap = used > 0;
            continue;
        }
        if (used + (gap ? 2 : 1) > RH_CODE_BYTES_MAX)
            break;
        if (gap)
            out[used++] = '-';
        gap = false;
        out[used++] = *text;
    }
    out[used] = '\0';
    return used > 0;
}

static bool read_fact(struct reading *reading, uint32_t index)
{
    const struct rh_import_fact *wanted = &reading->plan->map->facts[index];
    const struct use *use = &reading->plan->facts[index];
    const struct rh_csv_field *field = field_of(reading, use);
    struct rh_public *item = &reading->row->message.item;
    struct rh_fact *fact = &item->facts[item->fact_count];
    char *end = NULL;
    if (field->bytes == 0)
        return true;
    memset(fact, 0, sizeof *fact);
    snprintf(fact->key, sizeof fact->key, "%.*s", RH_FACT_KEY_BYTES_MAX, wanted->key);
    fact->is_number = wanted->number;
    if (!wanted->number) {
        item->fact_count += clean_code(field->data, fact->code) ? 1 : 0;
        return true;
    }
    errno = 0;
    long long number = strtoll(field->data, &end, 10);
    bool begins = field->data[0] == '-' || (field->data[0] >= '0' && field->data[0] <= '9');
    if (!begins || *end != '\0' || errno != 0)
        return fail(reading, use, RH_REFUSE_FIELD_INVALID, "a whole number", "应为整数");
    fact->number = number;
    item->fact_count++;
    return true;
}

/* Whether a number tells one person from another: enough digits, not all the same, none hidden.
 * 不详, 无, 000000 or 138****0000 would make strangers one person. */
static bool tells_apart(const struct rh_csv_field *field, uint32_t digits_min)
{
    uint32_t digits = 0;
    char first = '\0';
    bool differ = false;
    for (size_t i = 0; i < field->bytes; i++) {
        char c = field->data[i];
        if (c == '*')
            return false;
        if (c < '0' || c > '9')
            continue;
        differ = differ || (digits > 0 && c != first);
        first = c;
        digits++;
    }
    return digits >= digits_min && differ;
}

/* Who brings it. A number that tells nobody apart is left out, as an empty cell would be. */
static bool read_person(struct reading *reading)
{
    const struct agent_row_plan *plan = reading->plan;
    struct rh_private *content = &reading->row->message.content;
    const struct rh_csv_field *name = field_of(reading, &plan->person);
    const struct rh_csv_field *id = field_of(reading, &plan->id_number);
    const struct rh_csv_field *phone = field_of(reading, &plan->phone);
    if (!bounded(reading, &plan->person, RH_LINE_BYTES_MAX) ||
        !bounded(reading, &plan->id_number, RH_LINE_BYTES_MAX) ||
        !bounded(reading, &plan->phone, RH_LINE_BYTES_MAX))
        return false;
    struct rh_person person = { .role = { (const uint8_t *)"petitioner", 10 } };
    person.name = bytes_of(name);
    if (tells_apart(id, ID_DIGITS_MIN))
        person.id_number = bytes_of(id);
    if (tells_apart(phone, PHONE_DIGITS_MIN))
        person.phone = bytes_of(phone);
    if (person.name.bytes + person.id_number.bytes + person.phone.bytes > 0)
        content->persons[content->person_count++] = person;
    return true;
}

/* What it is about: the columns as they stand, '/' between them, written as matters are. */
static void read_matter(struct reading *reading)
{
    const struct agent_row_plan *plan = reading->plan;
    struct agent_message *message = &reading->row->message;
    uint32_t count = plan->map->matter_count;
    size_t room = count, used = 0, filled = 0;
    for (uint32_t i = 0; i < count; i++)
        room += field_of(reading, &plan->matter[i])->bytes;
    uint8_t *text = malloc(room + 1);
    rh_assert(text != NULL);
    for (uint32_t i = 0; i < count; i++) {
        const struct rh_csv_field *field = field_of(reading, &plan->matter[i]);
        if (i > 0)
            text[used++] = '/';
        memcpy(text + used, field->data, field->bytes);
        used += field->bytes;
        filled += field->bytes;
    }
    if (filled == 0 || !rh_matter_text(text, used, message->matter))
        message->matter[0] = '\0';
    rh_wipe(text, room);
    free(text);
}

static bool read_content(struct reading *reading)
{
    const struct agent_row_plan *plan = reading->plan;
    struct agent_message *message = &reading->row->message;
    const struct rh_csv_field *body = field_of(reading, &plan->body);
    if (!bounded(reading, &plan->title, RH_SUBJECT_BYTES_MAX) ||
        !bounded(reading, &plan->body, AGENT_BODY_BYTES_MAX) || !read_person(reading))
        return false;
    read_matter(reading);
    message->content.title = bytes_of(field_of(reading, &plan->title));
    if (body->bytes == 0)
        return true;
    message->body = malloc(body->bytes);
    rh_assert(message->body != NULL);
    memcpy(message->body, body->data, body->bytes);
    message->body_bytes = body->bytes;
    snprintf(message->media_type, sizeof message->media_type, "text/plain");
    return true;
}

/* Damage anywhere in the row makes it bad, also in a column nobody asked for: the columns
 * beside it may be what they seem, or not. */
static bool is_text(struct reading *reading, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!agent_utf8_valid(reading->fields[i].data, reading->fields[i].bytes)) {
            agent_row_fail(reading->error, &reading->fields[i], NULL, RH_REFUSE_CSV_ROW,
                           "bytes that are no characters of the file's encoding",
                           "含有不属于文件编码的字节");
            return false;
        }
    return true;
}

bool agent_row_read(const struct agent_row_plan *plan, const struct rh_csv_field *fields,
                    uint32_t count, uint32_t row_line, struct agent_row *out,
                    struct agent_row_error *error)
{
    struct reading reading = { .plan = plan, .fields = fields, .row = out, .error = error };
    struct rh_public *item = &out->message.item;
    memset(out, 0, sizeof *out);
    memset(error, 0, sizeof *error);
    error->line = row_line;
    error->column = 1;
    if (count != plan->column_count) {
        char text[80], chinese[80];
        snprintf(text, sizeof text, "the row has %u fields, the header %u", (unsigned)count,
                 (unsigned)plan->column_count);
        snprintf(chinese, sizeof chinese, "本行 %u 列, 表头 %u 列", (unsigned)count,
                 (unsigned)plan->column_count);
        agent_row_fail(error, NULL, NULL, RH_REFUSE_CSV_ROW, text, chinese);
        return false;
    }
    item->kind = RH_KIND_REGISTER;
    item->reply_owed = plan->map->reply_owed;
    snprintf(item->procedure, sizeof item->procedure, "%s", plan->map->procedure);
    snprintf(item->source, sizeof item->source, "%s", plan->map->source);
    bool good = is_text(&reading, count) && read_number(&reading) && read_area(&reading) &&
                read_time(&reading, &plan->opened, plan->opened_zone, false,
                          &item->occurred_ms) &&
                read_time(&reading, &plan->due, plan->due_zone, true, &out->due_ms);
    for (uint32_t i = 0; i < plan->map->fact_count && good; i++)
        good = read_fact(&reading, i);
    if (good)
        find_category(&reading);
    return good && read_content(&reading);
}
