#include "runtime/view.h"

#include <stdlib.h>
#include <string.h>

#include <rh/glossary.h>

#include "runtime/message.h"
#include "runtime/view_person.h"

/* A needle of the texts, until it is known what it is replaced by. */
struct heard {
    char *text;
    struct heard *next;
    enum { HEARD_NAME, HEARD_ID_NUMBER, HEARD_PHONE, HEARD_ADDRESS, HEARD_UNIT,
           HEARD_HELPER } what;
    struct rh_person owner; /* name and number point into `name`, `number` */
    char *name, *number;
};

enum { HEARD_MAX = 4096 };

struct agent_view {
    uint32_t granted, scope;
    struct rh_date today;
    bool informants, ready;
    bool known; /* under which procedure the matter goes */
    struct view_persons persons;
    struct heard *heard;
    uint32_t heard_count;
    struct agent_mask *mask;
    bool numbers; /* mask what looks like a personal number */
};

static char *text_of(struct rh_bytes bytes)
{
    char *copy = malloc(bytes.bytes + 1);
    rh_assert(copy != NULL);
    if (bytes.bytes > 0)
        memcpy(copy, bytes.data, bytes.bytes);
    copy[bytes.bytes] = '\0';
    return copy;
}

static struct rh_bytes bytes_of(const char *text)
{
    return (struct rh_bytes){ (const uint8_t *)text, strlen(text) };
}

static bool shows(const struct agent_view *view, uint32_t part)
{
    return (view->scope & part) != 0;
}

struct agent_view *agent_view_new(uint32_t scope, struct rh_date today)
{
    struct agent_view *view = calloc(1, sizeof *view);
    rh_assert(view != NULL && (scope & ~(uint32_t)RH_SCOPE_ALL) == 0);
    view->granted = view->scope = scope;
    view->today = today;
    view->mask = agent_mask_new();
    return view;
}

void agent_view_destroy(struct agent_view **pointer)
{
    struct agent_view *view = *pointer;
    *pointer = NULL;
    if (view == NULL)
        return;
    while (view->heard != NULL) {
        struct heard *one = view->heard;
        view->heard = one->next;
        free(one->text);
        free(one->name);
        free(one->number);
        free(one);
    }
    view_persons_fini(&view->persons);
    agent_mask_destroy(&view->mask);
    free(view);
}

/* ---- learning --------------------------------------------------------------------------- */

static bool is_same(const char *text, struct rh_bytes other)
{
    return strlen(text) == other.bytes && memcmp(text, other.data, other.bytes) == 0;
}

/* Once for each owner: a matter names the same few persons in every message. */
static bool is_heard(const struct agent_view *view, struct rh_bytes text, int what,
                     const struct rh_person *owner)
{
    for (const struct heard *one = view->heard; one != NULL; one = one->next)
        if ((int)one->what == what && is_same(one->text, text) &&
            is_same(one->name, owner->name) && is_same(one->number, owner->id_number))
            return true;
    return false;
}

static enum rh_err hear(struct agent_view *view, struct rh_bytes text, int what,
                        const struct rh_person *owner)
{
    if (text.bytes == 0 || is_heard(view, text, what, owner))
        return RH_OK;
    if (view->heard_count == HEARD_MAX)
        return RH_ERR_FULL;
    view->heard_count++;
    struct heard *one = calloc(1, sizeof *one);
    rh_assert(one != NULL);
    one->text = text_of(text);
    one->name = text_of(owner->name);
    one->number = text_of(owner->id_number);
    one->owner.name = bytes_of(one->name);
    one->owner.id_number = bytes_of(one->number);
    one->what = what;
    one->next = view->heard;
    view->heard = one;
    return RH_OK;
}

static enum rh_err hear_person(struct agent_view *view, const struct rh_person *person)
{
    const struct rh_bytes texts[] = { [HEARD_NAME] = person->name,
                                      [HEARD_ID_NUMBER] = person->id_number,
                                      [HEARD_PHONE] = person->phone,
                                      [HEARD_ADDRESS] = person->address,
                                      [HEARD_UNIT] = person->unit };
    enum rh_err err = view_persons_learn(&view->persons, person, view->today);
    for (int what = HEARD_NAME; what <= HEARD_UNIT && err == RH_OK; what++)
        err = hear(view, texts[what], what, person);
    return err;
}

/* A field of a form that is about who somebody is: its name says so. What it holds is looked
 * for in all texts, and shown only to who may know the persons. NONE: any other field. */
enum { FIELD_NONE = -1 };
static int field_of_person(struct rh_bytes key)
{
    static const struct {
        const char *part;
        int what;
    } words[] = {
        { "id_number", HEARD_ID_NUMBER }, { "id_card", HEARD_ID_NUMBER },
        { "phone", HEARD_PHONE },         { "mobile", HEARD_PHONE },
        { "telephone", HEARD_PHONE },     { "contact", HEARD_PHONE },
        { "address", HEARD_ADDRESS },     { "residence", HEARD_ADDRESS },
        { "school", HEARD_UNIT },         { "employer", HEARD_UNIT },
        { "name", HEARD_NAME },           { "petitioner", HEARD_NAME },
        { "applicant", HEARD_NAME },      { "complainant", HEARD_NAME },
        { "respondent", HEARD_NAME },     { "victim", HEARD_NAME },
        { "guardian", HEARD_NAME },       { "person", HEARD_NAME },
    };
    char text[RH_FACT_KEY_BYTES_MAX + 1] = "";
    if (key.bytes < sizeof text)
        memcpy(text, key.data, key.bytes);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(text, words[i].part) != NULL)
            return words[i].what;
    return FIELD_NONE;
}

static enum rh_err hear_field(struct agent_view *view, const struct rh_form_field *field)
{
    struct rh_person owner = { .role = { NULL, 0 } };
    int what = field_of_person(field->key);
    if (what == FIELD_NONE || field->value.bytes > RH_LINE_BYTES_MAX)
        return RH_OK;
    if (what != HEARD_NAME)
        return hear(view, field->value, what, &owner);
    owner.name = field->value;
    return hear_person(view, &owner);
}

/* A matter that is about minors, whoever is named in it. Source: the procedures' and the
 * categories' names in protocol/rules. */
static bool is_of_minors(const char *procedure, const char *category,
                         const struct rh_public *item)
{
    static const char *const procedures[] = { "mandatory-report", "suggestion-minors",
                                              "sealing-query" };
    static const char *const facts[] = { "minor", "minors", "juvenile" };
    for (size_t i = 0; i < sizeof procedures / sizeof procedures[0]; i++)
        if (strcmp(procedure, procedures[i]) == 0)
            return true;
    if (strncmp(category, "protection.minor", strlen("protection.minor")) == 0 ||
        strncmp(category, "minor", strlen("minor")) == 0)
        return true;
    for (size_t i = 0; item != NULL && i < sizeof facts / sizeof facts[0]; i++) {
        const struct rh_fact *fact = rh_public_fact(item, facts[i]);
        if (fact != NULL && (fact->is_number ? fact->number != 0
                                             : strcmp(fact->code, "no") != 0))
            return true;
    }
    return false;
}

enum rh_err agent_view_learn(struct agent_view *view, const char *procedure,
                             const char *category, const struct rh_public *item,
                             const struct rh_private *content)
{
    rh_assert(!view->ready);
    if (is_of_minors(procedure, category, item))
        view->persons.minors = true;
    if (procedure[0] != '\0' || (item != NULL && item->procedure[0] != '\0'))
        view->known = true;
    enum rh_err err = RH_OK;
    for (uint32_t i = 0; content != NULL && i < content->person_count && err == RH_OK; i++)
        err = hear_person(view, &content->persons[i]);
    for (uint32_t i = 0; content != NULL && i < content->form_count && err == RH_OK; i++)
        err = hear_field(view, &content->form[i]);
    for (uint32_t i = 0; content != NULL && i < content->participant_count && err == RH_OK;
         i++) {
        struct rh_person helper = { .name = content->participants[i].name };
        err = hear(view, helper.name, HEARD_HELPER, &helper);
    }
    return err;
}

/* ---- ready ------------------------------------------------------------------------------ */

static enum view_class class_of(const struct view_person *known)
{
    return known == NULL ? VIEW_ADULT : known->class;
}

/* Whether a person stands here under his own name. */
static bool is_named(const struct agent_view *view, const struct view_person *known)
{
    switch (class_of(known)) {
    case VIEW_INFORMANT:
        return false;
    case VIEW_MINOR:
        return shows(view, RH_SCOPE_MINORS);
    case VIEW_VICTIM:
    case VIEW_ADULT:
        break;
    }
    return shows(view, RH_SCOPE_IDENTITY);
}

static void mask_heard(struct agent_view *view, const struct heard *heard)
{
    const struct view_person *known = view_persons_find(&view->persons, &heard->owner);
    bool hidden = class_of(known) == VIEW_MINOR || class_of(known) == VIEW_INFORMANT;
    struct rh_bytes text = bytes_of(heard->text);
    char *instead = NULL;
    if (heard->what == HEARD_HELPER ? shows(view, RH_SCOPE_IDENTITY) : is_named(view, known))
        return;
    switch (heard->what) {
    case HEARD_NAME:
    case HEARD_HELPER:
        instead = view_person_alias(known, &heard->owner);
        break;
    case HEARD_ID_NUMBER:
        instead = hidden ? text_of(bytes_of("***")) : agent_mask_id_number(text);
        break;
    case HEARD_PHONE:
        instead = hidden ? text_of(bytes_of("***")) : agent_mask_phone(text);
        break;
    case HEARD_ADDRESS:
        instead = hidden ? text_of(bytes_of("***")) : agent_mask_address(text);
        break;
    case HEARD_UNIT: /* the school of a minor tells who he is; a firm is often a party itself */
        if (hidden)
            instead = text_of(bytes_of("***"));
        break;
    }
    bool is_name = heard->what == HEARD_NAME || heard->what == HEARD_HELPER;
    if (instead != NULL)
        (is_name ? agent_mask_add_name : agent_mask_add)(view->mask, text, instead);
    free(instead);
}

void agent_view_ready(struct agent_view *view)
{
    rh_assert(!view->ready);
    view->persons.doubtful = !view->known;
    view_persons_ready(&view->persons);
    for (uint32_t i = 0; i < view->persons.count; i++)
        view->informants = view->informants || view->persons.list[i].class == VIEW_INFORMANT;
    /* Who a child's parents are, and what its papers show, says who the child is. */
    if (view->persons.minors && !shows(view, RH_SCOPE_MINORS))
        view->scope &= ~(uint32_t)(RH_SCOPE_IDENTITY | RH_SCOPE_DOCUMENTS);
    view->numbers = !shows(view, RH_SCOPE_IDENTITY) || view->informants;
    for (const struct heard *one = view->heard; one != NULL; one = one->next)
        mask_heard(view, one);
    view->ready = true;
}

bool agent_view_names_others(const struct agent_view *view)
{
    rh_assert(view->ready);
    return !view->informants && (!view->persons.minors || shows(view, RH_SCOPE_MINORS));
}

uint32_t agent_view_scope(const struct agent_view *view)
{
    rh_assert(view->ready);
    return view->scope;
}

json_t *agent_view_withheld(const struct agent_view *view)
{
    json_t *out = json_array();
    rh_assert(view->ready);
    for (size_t i = 0; i < RH_SCOPE_COUNT; i++) {
        uint32_t part = 1u << i;
        if (shows(view, part) || (part == RH_SCOPE_MINORS && !view->persons.minors))
            continue;
        json_t *one = json_object();
        agent_json_text(one, "part", rh_scope_name(i));
        bool narrowed = (view->granted & part) != 0 || part == RH_SCOPE_MINORS;
        agent_json_text(one, "why", !narrowed                ? "scope"
                                    : view->persons.doubtful ? "doubtful"
                                                             : "minors");
        json_array_append_new(out, one);
    }
    if (view->informants && shows(view, RH_SCOPE_PARTIES | RH_SCOPE_IDENTITY)) {
        json_t *one = json_object();
        agent_json_text(one, "part", "identity");
        agent_json_text(one, "why", "informant");
        json_array_append_new(out, one);
    }
    return out;
}

/* ---- one message ------------------------------------------------------------------------ */

static bool is_about_settling(const char *name)
{
    static const char *const words[] = { "agreement", "no-agreement", "settle", "mediat",
                                         "parties_joint" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(name, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

/* The parts that a step's own words belong to: any of them opens them. */
static uint32_t parts_of(enum rh_kind kind, const struct rh_public *item)
{
    uint32_t parts = 0;
    if ((item != NULL && is_about_settling(item->code)) || kind == RH_KIND_HEARING)
        parts |= RH_SCOPE_SETTLEMENT;
    switch ((int)kind) {
    case RH_KIND_ACCEPT:
    case RH_KIND_REFUSE:
    case RH_KIND_CONCLUDE:
    case RH_KIND_REPORT:
    case RH_KIND_REJECT_REPORT:
    case RH_KIND_REPLY:
    case RH_KIND_EVALUATE:
    case RH_KIND_CLOSE:
    case RH_KIND_WITHDRAW:
    case RH_KIND_TERMINATE:
        return parts | RH_SCOPE_OUTCOME;
    default:
        return parts != 0 ? parts : RH_SCOPE_FACTS;
    }
}

static void add_text(const struct agent_view *view, json_t *out, const char *key,
                     struct rh_bytes text)
{
    if (text.bytes == 0)
        return;
    char *masked = agent_mask_text(view->mask, view->numbers, text);
    json_object_set_new(out, key, json_string(masked));
    free(masked);
}

static void add_masked(json_t *out, const char *key, struct rh_bytes text,
                       char *(*mask)(struct rh_bytes text))
{
    if (text.bytes == 0)
        return;
    char *masked = mask(text);
    agent_json_text(out, key, masked);
    free(masked);
}

static json_t *person_json(const struct agent_view *view, const struct rh_person *person)
{
    const struct view_person *known = view_persons_find(&view->persons, person);
    json_t *out = json_object();
    agent_json_bytes(out, "role", person->role);
    if (is_named(view, known)) {
        agent_json_bytes(out, "name", person->name);
        agent_json_bytes(out, "id_number", person->id_number);
        agent_json_bytes(out, "phone", person->phone);
        agent_json_bytes(out, "address", person->address);
        agent_json_bytes(out, "unit", person->unit);
        return out;
    }
    if (person->name.bytes > 0 || person->id_number.bytes > 0) {
        char *alias = view_person_alias(known, person);
        agent_json_text(out, "name", alias);
        free(alias);
    }
    if (class_of(known) == VIEW_ADULT) { /* minors, victims, informants: the alias alone */
        add_masked(out, "id_number", person->id_number, agent_mask_id_number);
        add_masked(out, "phone", person->phone, agent_mask_phone);
        add_masked(out, "address", person->address, agent_mask_address);
    }
    return out;
}

static void add_persons(const struct agent_view *view, json_t *out,
                        const struct rh_private *content)
{
    if (!shows(view, RH_SCOPE_PARTIES | RH_SCOPE_IDENTITY) || content->person_count == 0)
        return;
    json_t *persons = json_array();
    for (uint32_t i = 0; i < content->person_count; i++)
        json_array_append_new(persons, person_json(view, &content->persons[i]));
    json_object_set_new(out, "persons", persons);
}

static void add_form(const struct agent_view *view, json_t *out,
                     const struct rh_private *content)
{
    json_t *form = json_object();
    for (uint32_t i = 0; i < content->form_count; i++) {
        char key[RH_FACT_KEY_BYTES_MAX + 1] = "";
        if (content->form[i].key.bytes >= sizeof key)
            continue;
        memcpy(key, content->form[i].key.data, content->form[i].key.bytes);
        if (field_of_person(content->form[i].key) != FIELD_NONE &&
            !shows(view, RH_SCOPE_IDENTITY))
            continue;
        if (shows(view, is_about_settling(key) ? RH_SCOPE_SETTLEMENT : RH_SCOPE_FACTS))
            add_text(view, form, key, content->form[i].value);
    }
    if (json_object_size(form) > 0)
        json_object_set(out, "form", form);
    json_decref(form);
}

/* How the agency found the matter by itself is nobody else's. */
static bool is_of_screening(const char *fact)
{
    static const char *const own[] = { "keyword_rule", "keyword_version", "stars" };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(fact, own[i]) == 0)
            return true;
    return false;
}

static void add_facts(const struct agent_view *view, json_t *out, const struct rh_public *item)
{
    json_t *facts = json_object();
    for (uint32_t i = 0; i < item->fact_count; i++) {
        const struct rh_fact *fact = &item->facts[i];
        uint32_t part = is_about_settling(fact->key) ? RH_SCOPE_SETTLEMENT : RH_SCOPE_FACTS;
        if (is_of_screening(fact->key) || !shows(view, part))
            continue;
        json_object_set_new(facts, fact->key,
                            fact->is_number ? json_integer((json_int_t)fact->number)
                                            : json_string(fact->code));
    }
    if (json_object_size(facts) > 0)
        json_object_set(out, "facts", facts);
    json_decref(facts);
}

static void add_documents(const struct agent_view *view, json_t *out,
                          const struct rh_private *content)
{
    if (!shows(view, RH_SCOPE_DOCUMENTS))
        return;
    add_text(view, out, "document_no", content->document);
    json_t *names = json_array();
    for (uint32_t i = 0; i < content->attachment_count; i++) {
        char *name = agent_mask_text(view->mask, view->numbers, content->attachments[i].name);
        json_array_append_new(names, json_string(name));
        free(name);
    }
    if (json_array_size(names) > 0)
        json_object_set(out, "attachments", names);
    json_decref(names);
}

static void add_body(const struct agent_view *view, json_t *out, const struct rh_body *body)
{
    if (body->media_type.bytes == 0)
        return;
    if (agent_body_is_text(body))
        add_text(view, out, "text", body->content);
    else
        agent_json_text(out, "missing", "binary"); /* nobody could mask it */
}

static void add_content(const struct agent_view *view, json_t *out,
                        const struct agent_view_message *message)
{
    static const char *const why[] = { NULL, "gone", "unreadable" };
    bool told = shows(view, parts_of(message->kind, message->item));
    if (message->content == NULL) {
        if (told)
            agent_json_text(out, "missing", why[message->missing]);
        return;
    }
    if (told) {
        add_text(view, out, "title", message->content->title);
        add_text(view, out, "summary", message->content->summary);
        add_body(view, out, &message->body);
    }
    add_form(view, out, message->content);
    add_persons(view, out, message->content);
    add_documents(view, out, message->content);
}

json_t *agent_view_message(const struct agent_view *view,
                           const struct agent_view_message *message)
{
    json_t *out = json_object();
    rh_assert(view->ready);
    if (shows(view, RH_SCOPE_DATES)) {
        agent_json_instant(out, "stored_at", message->stored_ms);
        if (message->item != NULL)
            agent_json_instant(out, "due", message->item->due_ms);
    }
    if (message->item != NULL) {
        if (shows(view, parts_of(message->kind, message->item)))
            agent_json_text(out, "code", message->item->code);
        if (!message->notice)
            add_facts(view, out, message->item);
    }
    add_content(view, out, message);
    if (json_object_size(out) == 0) {
        json_decref(out);
        return NULL;
    }
    agent_json_text(out, "kind", rh_kind_name(message->kind));
    if (message->own || agent_view_names_others(view))
        agent_json_text(out, "from", message->from);
    return out;
}
