#include "runtime/bulletin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rh/bulletin.h>
#include <rh/glossary.h>

#include "runtime/message.h"

enum { TEXT_BYTES = 4096, PERIOD_BYTES = 32 };

struct text {
    char bytes[TEXT_BYTES];
    size_t used;
};

/* Cut at the end when it is full, which figures of 64 bits cannot bring about. */
__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    int bytes = vsnprintf(text->bytes + text->used, TEXT_BYTES - text->used, form, arguments);
    va_end(arguments);
    if (bytes > 0)
        text->used += (size_t)bytes;
    if (text->used >= TEXT_BYTES)
        text->used = TEXT_BYTES - 1;
}

static uint64_t number_of(const struct rh_public *item, const char *key)
{
    const struct rh_fact *fact = rh_public_fact(item, key);
    return fact != NULL && fact->is_number && fact->number > 0 ? (uint64_t)fact->number : 0;
}

static void read_columns(const struct rh_public *item, uint64_t columns[RH_COLUMN_COUNT])
{
    for (unsigned i = 0; i < RH_COLUMN_COUNT; i++)
        columns[i] = number_of(item, rh_column_name((enum rh_column)i));
}

bool agent_bulletin_is(const struct rh_public *item)
{
    uint64_t month = number_of(item, "month");
    return item->kind == RH_KIND_BULLETIN && strcmp(item->code, "monthly") == 0 &&
           month / 100 >= 1970 && month / 100 <= 9999 && month % 100 >= 1 && month % 100 <= 12;
}

static void format_period(const struct rh_public *item, char out[PERIOD_BYTES])
{
    uint64_t month = number_of(item, "month");
    snprintf(out, PERIOD_BYTES, "%04llu-%02llu", (unsigned long long)(month / 100),
             (unsigned long long)(month % 100));
}

/* "on time 8/10 (80.0 %)", "received 14". */
static void say_figure(struct text *text, const struct rh_figure *figure, uint64_t n,
                       uint64_t of, bool zh)
{
    const struct rh_word *word = rh_word_find("bulletin", figure->name);
    const char *name = word == NULL ? figure->name : zh ? word->zh : word->en;
    if (figure->denominator == 0) {
        add(text, zh ? "%s%llu" : "%s %llu", name, (unsigned long long)n);
        return;
    }
    add(text, "%s %llu/%llu", name, (unsigned long long)n, (unsigned long long)of);
    if (of >= RH_RATE_OF_MIN)
        add(text, zh ? "（%.1f%%）" : " (%.1f %%)", 100.0 * (double)n / (double)of);
}

/* What is zero is left out and said to be: a rate of nothing says nothing. */
static void say_all(struct text *text, const struct rh_public *item, bool rates_only, bool zh)
{
    uint64_t columns[RH_COLUMN_COUNT];
    const struct rh_figure *figure;
    bool some = false;
    read_columns(item, columns);
    for (size_t i = 0; (figure = rh_figure_at(i)) != NULL; i++) {
        uint64_t n = rh_figure_sum(columns, figure->numerator);
        uint64_t of = rh_figure_sum(columns, figure->denominator);
        bool rate = figure->denominator != 0;
        if (!rh_figure_is_told(figure) || (rate ? of == 0 : n == 0 || rates_only))
            continue;
        if (some)
            add(text, "%s", zh ? "；" : "; ");
        say_figure(text, figure, n, of, zh);
        some = true;
    }
    if (!some)
        add(text, "%s", zh ? "均为零" : "nothing");
}

static void say(struct text *text, const struct rh_public *item, bool zh)
{
    uint64_t month = number_of(item, "month");
    text->used = 0;
    if (zh) {
        add(text, "%llu年%llu月通报（", (unsigned long long)(month / 100),
            (unsigned long long)(month % 100));
        add(text, item->area[0] == '\0' ? "全部单位）：" : "%s区划内单位）：", item->area);
    } else {
        char period[PERIOD_BYTES];
        format_period(item, period);
        add(text, "Bulletin of %s (", period);
        add(text, item->area[0] == '\0' ? "all agencies): " : "agencies of %s): ", item->area);
    }
    say_all(text, item, false, zh);
    add(text, "%s", zh ? "。未列出的均为零。" : ". What is not listed is zero.");
}

static json_t *write_figure(const struct rh_figure *figure, uint64_t n, uint64_t of)
{
    const struct rh_word *word = rh_word_find("bulletin", figure->name);
    json_t *out = json_object();
    agent_json_text(out, "figure", figure->name);
    if (word != NULL) {
        agent_json_text(out, "title_zh", word->zh);
        agent_json_text(out, "title_en", word->en);
    }
    agent_json_number(out, "numerator", n);
    if (figure->denominator == 0)
        return out;
    agent_json_number(out, "denominator", of);
    if (of >= RH_RATE_OF_MIN)
        json_object_set_new(out, "rate", json_real((double)n / (double)of));
    return out;
}

json_t *agent_bulletin_write(const struct rh_public *item)
{
    uint64_t columns[RH_COLUMN_COUNT];
    const struct rh_figure *figure;
    struct text text;
    char period[PERIOD_BYTES];
    json_t *out = json_object(), *figures = json_array();
    read_columns(item, columns);
    format_period(item, period);
    agent_json_text(out, "period", period);
    agent_json_text(out, "area", item->area);
    say(&text, item, true);
    agent_json_text(out, "text_zh", text.bytes);
    say(&text, item, false);
    agent_json_text(out, "text", text.bytes);
    for (size_t i = 0; (figure = rh_figure_at(i)) != NULL; i++) {
        if (rh_figure_is_told(figure))
            json_array_append_new(
                figures, write_figure(figure, rh_figure_sum(columns, figure->numerator),
                                      rh_figure_sum(columns, figure->denominator)));
    }
    json_object_set_new(out, "figures", figures);
    return out;
}

void agent_bulletin_say(json_t *row, const struct rh_public *item)
{
    static const char *const keys[] = { "says", "says_zh" };
    char period[PERIOD_BYTES];
    format_period(item, period);
    for (int zh = 0; zh < 2; zh++) {
        struct text text = { .used = 0 };
        add(&text, "%s%s%s%s", period, item->area[0] == '\0' ? "" : " ", item->area,
            zh ? "：" : ": ");
        say_all(&text, item, true, zh != 0);
        agent_json_text(row, keys[zh], text.bytes);
    }
}
