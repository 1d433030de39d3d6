#include <rh/participant.h>

#include <string.h>

/* What a person without a name in the matter needs to follow it. */
#define WATCHES                                                                                \
    (RH_SCOPE_FACTS | RH_SCOPE_PARTIES | RH_SCOPE_SETTLEMENT | RH_SCOPE_OUTCOME |              \
     RH_SCOPE_DATES)
/* Who speaks with the parties has to know whom he speaks with. */
#define MEETS (WATCHES | RH_SCOPE_IDENTITY)

/* Minors in clear only for those who stand in for one by law: the guardian and the appropriate
 * adult who attends in his place (刑事诉讼法 art. 281, M-hi) and the lawyer retained or
 * assigned (art. 278, M-hi). Everybody else sees a pseudonym (未成年人保护法 art. 103, V1), the
 * social worker and the psychologist who help the child included: they are told by the office
 * whom they meet. */
static const struct rh_participant_role roles[] = {
    { "people_deputy", WATCHES },
    { "cppcc_member", WATCHES },
    { "people_supervisor", WATCHES | RH_SCOPE_DOCUMENTS },
    { "lawyer", RH_SCOPE_ALL },
    { "mediator", MEETS | RH_SCOPE_DOCUMENTS },
    { "social_worker", MEETS },
    { "psychologist", MEETS },
    { "expert", RH_SCOPE_FACTS | RH_SCOPE_OUTCOME | RH_SCOPE_DATES | RH_SCOPE_DOCUMENTS },
    { "guardian", RH_SCOPE_ALL },
    { "appropriate_adult", RH_SCOPE_FACTS | RH_SCOPE_PARTIES | RH_SCOPE_IDENTITY |
                               RH_SCOPE_DATES | RH_SCOPE_MINORS },
    { "interpreter", RH_SCOPE_FACTS | RH_SCOPE_PARTIES | RH_SCOPE_DATES },
    { "liaison", RH_SCOPE_FACTS | RH_SCOPE_OUTCOME | RH_SCOPE_DATES },
};

enum { ROLES = sizeof roles / sizeof roles[0] };

static const char *const scopes[RH_SCOPE_COUNT] = {
#define NAME(symbol, bit, name) name,
    RH_SCOPE_LIST(NAME)
#undef NAME
};

static bool is(const char *text, const char *id, size_t bytes)
{
    return strlen(text) == bytes && memcmp(text, id, bytes) == 0;
}

const struct rh_participant_role *rh_participant_role_at(size_t index)
{
    return index < ROLES ? &roles[index] : NULL;
}

const struct rh_participant_role *rh_participant_role_find(const char *id, size_t bytes)
{
    for (size_t i = 0; i < ROLES; i++)
        if (is(roles[i].id, id, bytes))
            return &roles[i];
    return NULL;
}

const char *rh_scope_name(size_t place)
{
    return place < RH_SCOPE_COUNT ? scopes[place] : NULL;
}

uint32_t rh_scope_find(const char *name, size_t bytes)
{
    for (size_t i = 0; i < RH_SCOPE_COUNT; i++)
        if (is(scopes[i], name, bytes))
            return 1u << i;
    return 0;
}

bool rh_participant_id_is_valid(const char *id, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        bool good = (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9');
        if (!good && (i == 0 || id[i] != '-'))
            return false;
    }
    return bytes >= 1 && bytes <= RH_PARTICIPANT_ID_BYTES_MAX;
}
