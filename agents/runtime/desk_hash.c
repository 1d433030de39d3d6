/* Numbers of other systems, persons, accused units and what a matter is about travel as keyed
 * hashes: the hub finds the same again and learns nothing else. */
#include "runtime/desk_inside.h"

#include <stdio.h>
#include <string.h>

void desk_external_key(const struct rh_external_number *number,
                       char out[AGENT_KEY_BYTES_MAX + 1])
{
    snprintf(out, AGENT_KEY_BYTES_MAX + 1, "%.*s=%.*s", (int)number->system.bytes,
             (const char *)number->system.data, (int)number->number.bytes,
             (const char *)number->number.data);
}

/* Who brings a matter: a person without a role is the petitioner, as in most forms. */
static bool brings(const struct rh_person *person)
{
    static const char *const roles[] = { "petitioner", "applicant", "complainant" };
    bool is = person->role.bytes == 0;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        is = is || (person->role.bytes == strlen(roles[i]) &&
                    memcmp(person->role.data, roles[i], person->role.bytes) == 0);
    return is;
}

static void line_text(struct rh_bytes line, char out[RH_EXTERNAL_NUMBER_BYTES_MAX + 1])
{
    size_t bytes = line.bytes;
    if (bytes > RH_EXTERNAL_NUMBER_BYTES_MAX)
        bytes = RH_EXTERNAL_NUMBER_BYTES_MAX;
    if (bytes > 0)
        memcpy(out, line.data, bytes);
    out[bytes] = '\0';
}

static void hash_person(const uint8_t key[32], const struct rh_person *person,
                        struct rh_public *item)
{
    char id[RH_EXTERNAL_NUMBER_BYTES_MAX + 1], name[sizeof id], phone[sizeof id];
    char text[RH_PERSON_TEXT_BYTES_MAX];
    struct rh_hash hash;
    line_text(person->id_number, id);
    line_text(person->name, name);
    line_text(person->phone, phone);
    if (rh_person_text(id, name, phone, text)) {
        rh_person_hash(key, text, &hash);
        for (uint32_t i = 0; i < item->person_count; i++) {
            if (rh_hash_equal(&item->persons[i], &hash))
                return;
        }
        item->persons[item->person_count++] = hash;
    }
    rh_wipe(id, sizeof id);
    rh_wipe(name, sizeof name);
    rh_wipe(phone, sizeof phone);
    rh_wipe(text, sizeof text);
}

/* As every table is imported, so that what one desk types is found where another imports it. */
static void hash_matter(const uint8_t key[32], const char *matter, struct rh_hash *out)
{
    uint8_t room[RH_EXTERNAL_NUMBER_BYTES_MAX + 1];
    char text[RH_MATTER_TEXT_BYTES_MAX + 1];
    size_t bytes = strlen(matter);
    rh_assert(bytes < sizeof room);
    memcpy(room, matter, bytes);
    rh_matter_hash(key, rh_matter_text(room, bytes, text) ? text : matter, out);
    rh_wipe(room, sizeof room);
    rh_wipe(text, sizeof text);
}

/* What the hub finds repeats by: hashes, and none of a sealed matter, which must not be
 * found. */
static void hash_persons(struct desk_work *work, const uint8_t key[32], struct rh_public *item)
{
    const struct agent_message *message = work->message;
    bool opens = item->kind == RH_KIND_REGISTER ||
                 (rh_kind_is_dispatch(item->kind) && message->referral[0] == '\0');
    if (message->matter[0] != '\0' && !message->seal)
        hash_matter(key, message->matter, &item->matter);
    for (uint32_t i = 0; i < message->content.person_count && opens && !message->seal; i++) {
        if (brings(&message->content.persons[i]) && item->person_count < RH_PERSON_HASHES_MAX)
            hash_person(key, &message->content.persons[i], item);
    }
}

enum rh_err desk_hash_numbers(struct desk_work *work, struct rh_public *item)
{
    const struct agent_message *message = work->message;
    uint8_t key[32] = { 0 };
    bool wanted = message->content.external_count > 0 || message->accused_count > 0 ||
                  message->matter[0] != '\0';
    if (!wanted && message->content.person_count == 0)
        return RH_OK;
    enum rh_err err =
        work->desk->spool == NULL ? RH_OK : agent_spool_external_key(work->desk->spool, key);
    /* Before the first session there is no key: what must be hashed waits, and persons alone
     * are not worth a wait. */
    if (err == RH_ERR_NOTFOUND)
        return wanted ? RH_ERR_AGAIN : RH_OK;
    if (err != RH_OK)
        return err;
    hash_persons(work, key, item);
    for (uint32_t i = 0; i < message->content.external_count; i++) {
        const struct rh_external_number *number = &message->content.externals[i];
        struct rh_external *out = &item->externals[item->external_count++];
        memset(out, 0, sizeof *out);
        memcpy(out->system, number->system.data, number->system.bytes);
        rh_external_hash(key, out->system, number->number, &out->hash);
    }
    for (uint32_t i = 0; i < message->accused_count; i++)
        rh_hash_keyed(key, message->accused[i].text, strlen(message->accused[i].text),
                      &item->accused[item->accused_count++]);
    rh_wipe(key, sizeof key);
    return RH_OK;
}
