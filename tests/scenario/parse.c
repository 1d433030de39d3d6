/* A script is lines of words: blanks part them, "..." keeps them together, # begins a remark.
 * Nothing here knows what the words mean. */
#include "scenario/scenario.h"

#include "support/rht.h"

#include <stdlib.h>
#include <string.h>

static _Noreturn void stop_at(const char *path, uint32_t line, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", path, line, what);
    exit(2);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut one line into words, in place. */
static void cut(const char *path, char *text, struct rht_line *line)
{
    char *at = text;
    while (*at != '\0') {
        while (is_blank(*at))
            at++;
        if (*at == '\0' || *at == '#')
            return;
        if (line->count == RHT_WORDS_MAX)
            stop_at(path, line->number, "too many words in one line");
        bool quoted = *at == '"';
        char *word = quoted ? ++at : at;
        while (*at != '\0' && (quoted ? *at != '"' : !is_blank(*at)))
            at++;
        if (quoted && *at == '\0')
            stop_at(path, line->number, "a \" is not closed");
        if (*at != '\0')
            *at++ = '\0';
        line->words[line->count++] = word;
    }
}

static void trim(char *text)
{
    size_t bytes = strlen(text);
    while (bytes > 0 && is_blank(text[bytes - 1]))
        text[--bytes] = '\0';
}

static void name_after(const char *path, char out[RHT_NAME_BYTES])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t bytes = strcspn(name, ".");
    snprintf(out, RHT_NAME_BYTES, "%.*s", (int)bytes, name);
}

void rht_parse_file(const char *path, struct rht_script *out)
{
    memset(out, 0, sizeof *out);
    out->path = path;
    name_after(path, out->id);
    size_t bytes;
    out->text = rht_read_file(path, &bytes);
    out->copy = malloc(bytes + 1);
    uint32_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += out->text[i] == '\n' ? 1 : 0;
    out->lines = calloc(lines, sizeof *out->lines);
    if (out->lines == NULL || out->copy == NULL)
        stop_at(path, 0, "out of memory");
    memcpy(out->copy, out->text, bytes + 1);

    size_t from = 0;
    for (uint32_t number = 1; from <= bytes; number++) {
        size_t to = from + strcspn(out->text + from, "\n");
        out->text[to] = out->copy[to] = '\0';
        struct rht_line *line = &out->lines[out->line_count];
        line->number = number;
        line->whole = out->copy + from + strspn(out->copy + from, " \t");
        trim(out->copy + from);
        cut(path, out->text + from, line);
        if (line->count > 0)
            out->line_count++;
        from = to + 1;
    }
}

void rht_parse_free(struct rht_script *script)
{
    free(script->text);
    free(script->copy);
    free(script->lines);
    memset(script, 0, sizeof *script);
}

const char *rht_words_next(struct rht_words *words)
{
    return words->at < words->line->count ? words->line->words[words->at++] : NULL;
}

bool rht_words_pass(struct rht_words *words, const char *text)
{
    if (words->at >= words->line->count || strcmp(words->line->words[words->at], text) != 0)
        return false;
    words->at++;
    return true;
}
