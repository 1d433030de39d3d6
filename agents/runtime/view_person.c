#include "runtime/view_person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_NUMBER_BYTES = 18, ADULT_YEARS = 18 };

static bool is_one_of(struct rh_bytes text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strlen(*list) == text.bytes && memcmp(*list, text.data, text.bytes) == 0)
            return true;
    return false;
}

static bool begins(struct rh_bytes text, const char *what)
{
    return text.bytes >= strlen(what) && memcmp(text.data, what, strlen(what)) == 0;
}

/* Who brought harm to light is kept from everybody: 刑事诉讼法 art. 111 (V1). */
static bool is_informant(struct rh_bytes role)
{
    static const char *const roles[] = { "informant", "reporter", "whistleblower", "accuser",
                                         NULL };
    return is_one_of(role, roles);
}

static bool is_minor_role(struct rh_bytes role)
{
    return begins(role, "minor") || begins(role, "child") || begins(role, "juvenile");
}

static bool is_grown_role(struct rh_bytes role)
{
    static const char *const roles[] = { "guardian", "parent", "agent", "teacher", "lawyer",
                                         "staff", NULL };
    return is_one_of(role, roles) || is_informant(role);
}

/* Day of birth in a number of 18 places (GB 11643); false when there is none to be read. */
static bool birth_of(struct rh_bytes number, struct rh_date *out)
{
    char text[RH_DATE_TEXT_BYTES];
    if (number.bytes != ID_NUMBER_BYTES)
        return false;
    const char *digits = (const char *)number.data + 6;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
    return rh_date_parse(text, strlen(text), out) == RH_OK;
}

/* Eighteen is reached on the birthday; one of 29 February comes of age on 1 March at the
 * latest, so a day too late and never one too early. Source: 未成年人保护法 art. 2. */
static bool is_of_age(struct rh_date birth, struct rh_date today)
{
    struct rh_civil born = rh_date_to_civil(birth), now = rh_date_to_civil(today);
    int32_t years = now.year - born.year;
    bool reached = now.month > born.month || (now.month == born.month && now.day >= born.day);
    return years > ADULT_YEARS || (years == ADULT_YEARS && reached);
}

static char *text_of(struct rh_bytes bytes)
{
    char *copy = malloc(bytes.bytes + 1);
    rh_assert(copy != NULL);
    if (bytes.bytes > 0)
        memcpy(copy, bytes.data, bytes.bytes);
    copy[bytes.bytes] = '\0';
    return copy;
}

static bool equal(const char *text, struct rh_bytes bytes)
{
    return bytes.bytes > 0 && strlen(text) == bytes.bytes &&
           memcmp(text, bytes.data, bytes.bytes) == 0;
}

static struct view_person *find(struct view_persons *persons, const struct rh_person *person)
{
    for (uint32_t i = 0; i < persons->count; i++) {
        struct view_person *one = &persons->list[i];
        bool other_number = one->id_number[0] != '\0' && person->id_number.bytes > 0 &&
                            !equal(one->id_number, person->id_number);
        if (equal(one->id_number, person->id_number) ||
            (equal(one->name, person->name) && !other_number))
            return one;
    }
    return NULL;
}

const struct view_person *view_persons_find(const struct view_persons *persons,
                                            const struct rh_person *person)
{
    return find((struct view_persons *)(uintptr_t)persons, person); /* only looked at */
}

static enum view_class class_of(const struct rh_person *person, bool under_age)
{
    if (is_informant(person->role))
        return VIEW_INFORMANT;
    if (under_age || is_minor_role(person->role))
        return VIEW_MINOR;
    return begins(person->role, "victim") ? VIEW_VICTIM : VIEW_ADULT;
}

enum rh_err view_persons_learn(struct view_persons *persons, const struct rh_person *person,
                               struct rh_date today)
{
    struct rh_date birth;
    bool known = birth_of(person->id_number, &birth);
    bool of_age = known && is_of_age(birth, today);
    if (person->name.bytes == 0 && person->id_number.bytes == 0)
        return RH_OK;
    struct view_person *one = find(persons, person);
    if (one == NULL && persons->count == VIEW_PERSONS_MAX)
        return RH_ERR_FULL;
    if (one == NULL) {
        one = &persons->list[persons->count++];
        *one = (struct view_person){ .name = text_of(person->name),
                                     .id_number = text_of(person->id_number) };
    }
    if (one->id_number[0] == '\0' && person->id_number.bytes > 0) {
        free(one->id_number);
        one->id_number = text_of(person->id_number);
    }
    enum view_class class = class_of(person, known && !of_age);
    one->class = class > one->class ? class : one->class;
    one->age_known = one->age_known || of_age;
    one->grown = one->grown || is_grown_role(person->role);
    persons->minors = persons->minors || class == VIEW_MINOR;
    return RH_OK;
}

/* Somebody whose age nobody can tell. */
static bool may_be_minor(const struct view_person *one)
{
    return one->class < VIEW_MINOR && !one->age_known && !one->grown;
}

void view_persons_ready(struct view_persons *persons)
{
    unsigned count[VIEW_INFORMANT + 1] = { 0 };
    bool any = false;
    for (uint32_t i = 0; i < persons->count; i++)
        any = any || may_be_minor(&persons->list[i]);
    persons->doubtful = persons->doubtful && any && !persons->minors;
    persons->minors = persons->minors || persons->doubtful;
    for (uint32_t i = 0; i < persons->count; i++) {
        struct view_person *one = &persons->list[i];
        if (persons->minors && may_be_minor(one))
            one->class = VIEW_MINOR;
        one->no = ++count[one->class];
    }
}

char *view_person_alias(const struct view_person *known, const struct rh_person *person)
{
    static const char *const words[] = { [VIEW_VICTIM] = "被害人", [VIEW_MINOR] = "未成年人",
                                         [VIEW_INFORMANT] = "举报人" };
    char alias[48];
    if (known == NULL || known->class == VIEW_ADULT)
        return agent_mask_name(person->name);
    int bytes = snprintf(alias, sizeof alias, "%s%u", words[known->class], known->no);
    return text_of((struct rh_bytes){ (const uint8_t *)alias, (size_t)bytes });
}

void view_persons_fini(struct view_persons *persons)
{
    for (uint32_t i = 0; i < persons->count; i++) {
        free(persons->list[i].name);
        free(persons->list[i].id_number);
    }
    persons->count = 0;
}
