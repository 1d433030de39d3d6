#include <rh/glossary.h>

#include <string.h>

#include <rh/text.h>

static const struct rh_word words[] = {
#include "glossary_words.inc"
};

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
