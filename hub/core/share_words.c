/* Events, fields and masks as people write them: in commands, in stories, in answers. */
#include "core/share.h"

#include <string.h>

static const char dispatch_word[] = "dispatch";

static const char *const field_names[HUB_SHARE_FIELDS] = {
    "reference", "procedure", "category", "area",  "source",
    "date",      "state",     "holder",   "due",   "outcome",
};

static const char *const mask_names[HUB_MASK_END] = {
    "absent", "full",   "day", "month", "province",
    "city",   "county", "top", "role",  "code",
};

const char *hub_share_field_name(unsigned field)
{
    return field < HUB_SHARE_FIELDS ? field_names[field] : NULL;
}

const char *hub_mask_name(unsigned mask)
{
    return mask < HUB_MASK_END ? mask_names[mask] : NULL;
}

/* The next word of "a,b=c, d", cut at commas and blanks; false at the end. A longer one is cut
 * too: no word we know is as long. */
static bool next_word(const char **at, char out[HUB_SHARE_WORD_BYTES])
{
    *at += strspn(*at, ", ");
    size_t bytes = strcspn(*at, ", ");
    size_t kept = bytes < HUB_SHARE_WORD_BYTES - 1 ? bytes : HUB_SHARE_WORD_BYTES - 1;
    memcpy(out, *at, kept);
    out[kept] = '\0';
    *at += bytes;
    return bytes > 0;
}

static bool add_event(struct rh_kind_set *events, const char *word)
{
    bool dispatch = strcmp(word, dispatch_word) == 0;
    enum rh_kind kind = rh_kind_find(word, strlen(word));
    for (unsigned i = 1; dispatch && i < RH_KIND_END; i++) {
        if (rh_kind_is_dispatch((enum rh_kind)i))
            rh_kind_add(events, (enum rh_kind)i);
    }
    if (dispatch || !hub_share_is_event(kind))
        return dispatch;
    rh_kind_add(events, kind);
    return true;
}

bool hub_share_read_events(const char *list, struct rh_kind_set *events,
                           char bad[HUB_SHARE_WORD_BYTES])
{
    while (next_word(&list, bad)) {
        if (!add_event(events, bad))
            return false;
    }
    return true;
}

bool hub_share_has_dispatch(const struct rh_kind_set *events)
{
    for (unsigned i = 1; i < RH_KIND_END; i++) {
        if (rh_kind_is_dispatch((enum rh_kind)i) && !rh_kind_in(events, (enum rh_kind)i))
            return false;
    }
    return true;
}

/* A field is named once: of two masks, which is meant nobody knows. */
static bool add_mask(uint8_t masks[HUB_SHARE_FIELDS], unsigned field, const char *wanted)
{
    if (masks[field] != HUB_MASK_ABSENT)
        return false;
    for (unsigned mask = 0; mask < HUB_MASK_END; mask++) {
        if (strcmp(wanted, mask_names[mask]) == 0 &&
            hub_mask_fits((enum hub_share_field)field, (enum hub_mask)mask)) {
            masks[field] = (uint8_t)mask;
            return true;
        }
    }
    return false;
}

static bool add_field(uint8_t masks[HUB_SHARE_FIELDS], const char *word)
{
    size_t bytes = strcspn(word, "=");
    const char *wanted = word[bytes] == '=' ? word + bytes + 1 : mask_names[HUB_MASK_FULL];
    for (unsigned field = 0; field < HUB_SHARE_FIELDS; field++) {
        if (strlen(field_names[field]) == bytes && memcmp(word, field_names[field], bytes) == 0)
            return add_mask(masks, field, wanted);
    }
    return false;
}

bool hub_share_read_masks(const char *list, uint8_t masks[HUB_SHARE_FIELDS],
                          char bad[HUB_SHARE_WORD_BYTES])
{
    memset(masks, HUB_MASK_ABSENT, HUB_SHARE_FIELDS);
    while (next_word(&list, bad)) {
        if (!add_field(masks, bad))
            return false;
    }
    if (masks[HUB_SHARE_DATE] == HUB_MASK_ABSENT)
        masks[HUB_SHARE_DATE] = HUB_MASK_MONTH;
    return true;
}
