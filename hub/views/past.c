#include "views/past.h"

#include <stdlib.h>
#include <string.h>

struct hub_past_entry {
    uint64_t used; /* when it was asked for last, 0 never */
    uint64_t rules_index;
    bool there;    /* the procedure was in that record */
    char id[RH_CODE_BYTES_MAX + 1];
    struct rh_procedure procedure;
};

void hub_past_init(struct hub_past *past,
                   enum rh_err (*read)(void *context, uint64_t index, struct rh_rules *out),
                   void *context)
{
    *past = (struct hub_past){ .read = read, .context = context };
}

void hub_past_fini(struct hub_past *past)
{
    free(past->entries);
    free(past->rules);
    past->entries = NULL;
    past->rules = NULL;
}

static bool carve(struct hub_past *past)
{
    if (past->entries == NULL)
        past->entries = calloc(HUB_PAST_MAX, sizeof past->entries[0]);
    if (past->rules == NULL)
        past->rules = calloc(1, sizeof *past->rules);
    if (past->entries != NULL && past->rules != NULL)
        return true;
    past->err = RH_ERR_NOMEM;
    return false;
}

static bool read_rules(struct hub_past *past, uint64_t rules_index)
{
    if (past->rules_read && past->rules_index == rules_index)
        return true;
    past->rules_read = false;
    enum rh_err err = past->read(past->context, rules_index, past->rules);
    if (err != RH_OK) {
        if (past->err == RH_OK)
            past->err = err;
        return false;
    }
    past->rules_read = true;
    past->rules_index = rules_index;
    return true;
}

/* The entry of that name, or the one longest not asked for. */
static struct hub_past_entry *find(struct hub_past *past, uint64_t rules_index, const char *id,
                                   bool *known)
{
    struct hub_past_entry *oldest = &past->entries[0];
    for (size_t i = 0; i < HUB_PAST_MAX; i++) {
        struct hub_past_entry *entry = &past->entries[i];
        *known = entry->used != 0 && entry->rules_index == rules_index &&
                 strcmp(entry->id, id) == 0;
        if (*known)
            return entry;
        if (entry->used < oldest->used)
            oldest = entry;
    }
    return oldest;
}

const struct rh_procedure *hub_past_procedure(struct hub_past *past, uint64_t rules_index,
                                              const char *id)
{
    bool known;
    if (!carve(past))
        return NULL;
    struct hub_past_entry *entry = find(past, rules_index, id, &known);
    if (!known) {
        size_t bytes = strlen(id);
        if (bytes > RH_CODE_BYTES_MAX || !read_rules(past, rules_index))
            return NULL;
        const struct rh_procedure *found = rh_rules_procedure(past->rules, id);
        entry->rules_index = rules_index;
        entry->there = found != NULL;
        memcpy(entry->id, id, bytes + 1);
        if (found != NULL)
            memcpy(&entry->procedure, found, sizeof *found);
    }
    entry->used = ++past->clock;
    return entry->there ? &entry->procedure : NULL;
}
