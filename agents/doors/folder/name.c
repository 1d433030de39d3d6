/* What names mean. */
#include "doors/folder/inside.h"

#include <stdio.h>
#include <string.h>

static bool ends(const char *name, const char *end)
{
    size_t bytes = strlen(name), tail = strlen(end);
    return bytes > tail && strcmp(name + bytes - tail, end) == 0;
}

/* UTF-8 without control characters: it will stand in JSON, in logs and on screens. */
static bool is_clean(const char *name)
{
    json_t *text = json_string(name);
    bool good = text != NULL;
    json_decref(text);
    for (const unsigned char *at = (const unsigned char *)name; *at != '\0' && good; at++)
        good = *at >= 0x20 && *at != 0x7f;
    return good;
}

enum folder_name folder_judge_name(const char *name)
{
    size_t bytes = strlen(name);
    if (name[0] == '.' || ends(name, ".tmp") || ends(name, ".part") || ends(name, "~") ||
        ends(name, ".d"))
        return FOLDER_NAME_IGNORED;
    if (bytes > FOLDER_NAME_MAX || !ends(name, ".json") || !is_clean(name))
        return FOLDER_NAME_REFUSED;
    return FOLDER_NAME_MESSAGE;
}

void folder_read_name(const char *name, enum rh_kind *kind, char *referral, size_t capacity)
{
    char stem[AGENT_NAME_BYTES_MAX + 1];
    *kind = RH_KIND_NONE;
    referral[0] = '\0';
    if (strlen(name) > AGENT_NAME_BYTES_MAX || !ends(name, ".json"))
        return;
    snprintf(stem, sizeof stem, "%.*s", (int)(strlen(name) - strlen(".json")), name);
    char *dot = strrchr(stem, '.');
    if (dot == NULL || dot == stem)
        return;
    enum rh_kind found = rh_kind_find(dot + 1, strlen(dot + 1));
    if (found == RH_KIND_NONE || (size_t)(dot - stem) >= capacity)
        return;
    *kind = found;
    memcpy(referral, stem, (size_t)(dot - stem));
    referral[dot - stem] = '\0';
}
