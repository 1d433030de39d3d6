#include <rh/glossary.h>

#include <string.h>

#include <rh/text.h>

static const struct rh_word words[] = {
#include "glossary_words.inc"
};

static const struct rh_word steps[] = {
#include "step_titles.inc"
};

const struct rh_word *rh_step_title(const char *procedure, const char *limit)
{
    const struct rh_word *found = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct rh_word *step = &steps[i];
        if (strcmp(step->id, limit) != 0 ||
            (procedure[0] != '\0' && strcmp(step->group, procedure) != 0))
            continue;
        if (found != NULL && strcmp(found->zh, step->zh) != 0)
            return NULL;
        found = step;
    }
    return found;
}

const struct rh_word *rh_word_at(size_t index)
{
    return index < sizeof words / sizeof words[0] ? &words[index] : NULL;
}

const struct rh_word *rh_word_find(const char *group, const char *id)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].id, id) == 0 && strcmp(words[i].group, group) == 0)
            return &words[i];
    return NULL;
}

const char *rh_word(const char *group, const char *id)
{
    const struct rh_word *word = rh_word_find(group, id);
    if (word == NULL)
        return id;
    return strcmp(rh_text_language(), "zh") == 0 ? word->zh : word->en;
}
