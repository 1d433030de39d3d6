/* A line of a script becomes an item: the words are the fields of the public part, and a few
 * of them go into the private part and the body, which the hub never reads. */
#include "scenario/scenario.h"

#include <rh/date.h>
#include <rh/private.h>

#include <stdlib.h>
#include <string.h>

struct draft {
    struct rht_play *play;
    struct rht_agency *author;
    struct rht_words *words;
    struct rh_public part;
    struct rh_private said;
    const char *body;
    char today[RH_DATE_TEXT_BYTES]; /* the first day of a participant */
};

static const char *need(struct draft *draft, const char *what)
{
    return rht_play_word(draft->play, draft->words, what);
}

static void copy(struct draft *draft, char *out, size_t capacity, const char *what)
{
    const char *text = need(draft, what);
    if (strlen(text) >= capacity)
        rht_stop(draft->play, "%s is too long: %s", what, text);
    memcpy(out, text, strlen(text) + 1);
}

#define COPY(draft, field, what) copy((draft), (field), sizeof(field), (what))

static struct rh_bytes view(const char *text)
{
    return (struct rh_bytes){ (const uint8_t *)text, strlen(text) };
}

/* An agency of the cast, or an id that nobody has: the hub must answer such ones too. */
static struct rh_agency_id agency_id(struct draft *draft)
{
    const char *name = need(draft, "an agency");
    struct rh_agency_id id;
    if (strchr(name, '.') == NULL)
        return rht_stage_agency(draft->play, name)->row.id;
    if (rh_agency_id_parse(name, strlen(name), &id) != RH_OK)
        rht_stop(draft->play, "%s is no agency id", name);
    return id;
}

static struct rh_referral_id matter_id(struct draft *draft)
{
    return rht_stage_matter(draft->play, need(draft, "a matter"))->id;
}

static uint32_t room(struct draft *draft, uint32_t *count, uint32_t max)
{
    if (*count == max)
        rht_stop(draft->play, "no more room in the message");
    return (*count)++;
}

static void add_child(struct draft *draft, bool mandatory)
{
    struct rh_child *child =
        &draft->part.children[room(draft, &draft->part.child_count, RH_CHILDREN_MAX)];
    child->id = matter_id(draft);
    child->to = agency_id(draft);
    child->mandatory = mandatory;
}

static void add_fact(struct draft *draft)
{
    struct rh_fact *fact = &draft->part.facts[room(draft, &draft->part.fact_count,
                                                   RH_FACTS_MAX)];
    char *end;
    COPY(draft, fact->key, "a fact");
    COPY(draft, fact->code, "a fact's value");
    long long number = strtoll(fact->code, &end, 10);
    if (*end != '\0')
        return;
    fact->is_number = true;
    fact->number = number;
    memset(fact->code, 0, sizeof fact->code);
}

/* "12345 GD-2026-0001": system and number. */
static void add_external(struct draft *draft)
{
    struct rh_external *external = &draft->part.externals[room(
        draft, &draft->part.external_count, RH_EXTERNALS_MAX)];
    COPY(draft, external->system, "a system");
    rh_external_hash(draft->play->external_key, external->system,
                     view(need(draft, "a number there")), &external->hash);
}

static void add_accused(struct draft *draft)
{
    struct rh_agency_id id = agency_id(draft);
    rh_hash_keyed(draft->play->external_key, id.text, strlen(id.text),
                  &draft->part.accused[room(draft, &draft->part.accused_count,
                                            RH_ACCUSED_MAX)]);
}

static void add_person(struct draft *draft)
{
    draft->said.persons[room(draft, &draft->said.person_count, RH_PERSONS_MAX)] =
        (struct rh_person){ .name = view(need(draft, "a name")), .role = view("party") };
}

/* "law-1 lawyer NAME facts,outcome": a third party from today on. */
static void add_participant(struct draft *draft)
{
    struct rh_participant *one = &draft->said.participants[room(
        draft, &draft->said.participant_count, RH_PARTICIPANTS_MAX)];
    rh_date_format(rh_date_of_instant(hub_engine_now(draft->play->engine)), draft->today);
    one->id = view(need(draft, "an id"));
    one->role = view(need(draft, "a role"));
    one->name = view(need(draft, "a name"));
    for (const char *at = need(draft, "its parts"); *at != '\0';) {
        size_t bytes = strcspn(at, ",");
        uint32_t part = rh_scope_find(at, bytes);
        if (part == 0)
            rht_stop(draft->play, "a matter has no part %s", at);
        one->scope |= part;
        at += bytes + (at[bytes] == ',' ? 1 : 0);
    }
    one->from = view(draft->today);
    one->basis = view("story");
}

static void add_end(struct draft *draft)
{
    struct rh_participant *one = &draft->said.participants[room(
        draft, &draft->said.participant_count, RH_PARTICIPANTS_MAX)];
    one->id = view(need(draft, "an id"));
    one->ended = view(need(draft, "why"));
}

/* Who brings it: an identity number, known to the hub as a hash. */
static void add_petitioner(struct draft *draft)
{
    char text[RH_PERSON_TEXT_BYTES_MAX];
    const char *id = need(draft, "an identity number");
    draft->said.persons[room(draft, &draft->said.person_count, RH_PERSONS_MAX)] =
        (struct rh_person){ .id_number = view(id), .role = view("petitioner") };
    if (rh_person_text(id, NULL, NULL, text))
        rh_person_hash(draft->play->external_key, text,
                       &draft->part.persons[room(draft, &draft->part.person_count,
                                                 RH_PERSON_HASHES_MAX)]);
}

/* The newest message of that kind about the matter that this agency itself has sent. */
static bool find_own(struct draft *draft, enum rh_kind wanted)
{
    struct rht_play *play = draft->play;
    struct hub_map *map = hub_engine_views(play->engine)->map;
    uint64_t index = 0;
    enum rh_kind kind;
    bool found = false;
    rht_must(play, hub_views_referral_by_id(map, &draft->part.referral_id, &play->row),
             "the matter");
    uint64_t rno = play->row.rno;
    while (hub_views_timeline_next(map, rno, &index, &kind) == RH_OK) {
        struct rh_bytes core, rest;
        if (kind != wanted)
            continue;
        rht_must(play, hub_engine_record(play->engine, index, &core, &rest), "a record");
        rht_must(play, hub_record_decode(core, rest, &play->record), "a record");
        if (play->record.agency != draft->author->row.no)
            continue;
        draft->part.refers_to = play->record.core.message_id;
        found = true;
    }
    return found;
}

/* The newest message of that kind about the matter that this agency has taken. */
static void find_earlier(struct draft *draft)
{
    const char *name = need(draft, "a kind");
    enum rh_kind kind = rh_kind_find(name, strlen(name));
    if (draft->part.kind == RH_KIND_AMEND) {
        if (!find_own(draft, kind))
            rht_stop(draft->play, "%s has sent no %s about it", draft->author->name, name);
        return;
    }
    uint32_t matter = rht_stage_matter_with(draft->play, &draft->part.referral_id);
    for (uint32_t i = draft->author->taken_count; i > 0; i--) {
        const struct rht_taken *taken = &draft->author->taken[i - 1];
        if (taken->kind == kind && taken->matter == matter) {
            draft->part.refers_to = taken->message;
            return;
        }
    }
    rht_stop(draft->play, "%s has taken no %s about it", draft->author->name, name);
}

static uint32_t number(struct draft *draft)
{
    return (uint32_t)strtoul(need(draft, "a number"), NULL, 10);
}

static void take_lane(struct draft *draft)
{
    const char *name = need(draft, "a lane");
    int lane = rh_lane_find(name, strlen(name));
    if (lane < 0)
        rht_stop(draft->play, "there is no lane %s", name);
    draft->part.lane = (enum rh_lane)lane;
}

/* Words with a code or an id behind them. */
static bool take_field(struct draft *draft, const char *word)
{
    struct rh_public *part = &draft->part;
    if (strcmp(word, "to") == 0)
        part->to = agency_id(draft);
    else if (strcmp(word, "proper") == 0)
        part->proper = agency_id(draft);
    else if (strcmp(word, "copy") == 0)
        part->copies[room(draft, &part->copy_count, RH_COPIES_MAX)] = agency_id(draft);
    else if (strcmp(word, "procedure") == 0)
        COPY(draft, part->procedure, word);
    else if (strcmp(word, "category") == 0)
        COPY(draft, part->category, word);
    else if (strcmp(word, "area") == 0)
        COPY(draft, part->area, word);
    else if (strcmp(word, "source") == 0)
        COPY(draft, part->source, word);
    else if (strcmp(word, "code") == 0)
        COPY(draft, part->code, word);
    else if (strcmp(word, "root") == 0)
        part->root_id = matter_id(draft);
    else if (strcmp(word, "repeats") == 0 || strcmp(word, "into") == 0 ||
             strcmp(word, "frees") == 0)
        part->other_id = matter_id(draft);
    else if (strcmp(word, "lane") == 0)
        take_lane(draft);
    else
        return false;
    return true;
}

static bool take_more(struct draft *draft, const char *word)
{
    struct rh_public *part = &draft->part;
    if (strcmp(word, "due") == 0)
        part->due_ms = rht_play_instant(draft->play, draft->words, true);
    else if (strcmp(word, "by") == 0)
        part->extend_n = number(draft);
    else if (strcmp(word, "report") == 0)
        part->report_required = true;
    else if (strcmp(word, "wanted") == 0)
        part->information_wanted = true;
    else if (strcmp(word, "reply-owed") == 0)
        part->reply_owed = true;
    else if (strcmp(word, "about") == 0)
        find_earlier(draft);
    else if (strcmp(word, "part") == 0)
        add_child(draft, true);
    else if (strcmp(word, "aside") == 0)
        add_child(draft, false);
    else if (strcmp(word, "fact") == 0)
        add_fact(draft);
    else if (strcmp(word, "external") == 0)
        add_external(draft);
    else if (strcmp(word, "accused") == 0)
        add_accused(draft);
    else
        return false;
    return true;
}

static bool take_said(struct draft *draft, const char *word)
{
    if (strcmp(word, "leader") == 0) {
        draft->part.leader_named = true;
        draft->said.leader = view(need(draft, "the leader's name"));
    } else if (strcmp(word, "person") == 0) {
        add_person(draft);
    } else if (strcmp(word, "participant") == 0) {
        add_participant(draft);
    } else if (strcmp(word, "leaves") == 0) {
        add_end(draft);
    } else if (strcmp(word, "petitioner") == 0) {
        add_petitioner(draft);
    } else if (strcmp(word, "matter") == 0) {
        rh_matter_hash(draft->play->external_key, need(draft, "what it is about"),
                       &draft->part.matter);
    } else if (strcmp(word, "title") == 0) {
        draft->said.title = view(need(draft, word));
    } else if (strcmp(word, "body") == 0) {
        draft->body = need(draft, word);
    } else {
        return false;
    }
    return true;
}

/* Place and channel have to be said with every registration; a script says only what is
 * unusual. */
static void fill_in(struct draft *draft)
{
    struct rh_public *part = &draft->part;
    if (part->kind != RH_KIND_REGISTER)
        return;
    if (part->area[0] == '\0')
        snprintf(part->area, sizeof part->area, "%s", draft->author->row.area);
    if (part->source[0] == '\0')
        snprintf(part->source, sizeof part->source, "visit");
}

static void add(struct draft *draft)
{
    static uint8_t private_bytes[RH_PRIVATE_BYTES_MAX], body_bytes[RH_ITEM_BYTES_MAX / 2];
    struct rh_writer private_writer, body_writer;
    rh_writer_init(&private_writer, private_bytes, sizeof private_bytes);
    rh_writer_init(&body_writer, body_bytes, sizeof body_bytes);
    rht_must(draft->play, rh_private_encode(&draft->said, &private_writer), "a private part");
    if (draft->body != NULL) {
        struct rh_body body = { .media_type = view("text/plain"),
                                .content = view(draft->body) };
        rht_must(draft->play, rh_body_encode(&body, &body_writer), "a body");
    }
    rht_stage_add(draft->play, draft->author, &draft->part,
                  (struct rh_bytes){ private_bytes, private_writer.bytes },
                  (struct rh_bytes){ body_bytes, body_writer.bytes });
}

void rht_message_line(struct rht_play *play, struct rht_agency *agency, struct rht_words *words)
{
    static struct draft draft; /* large */
    memset(&draft, 0, sizeof draft);
    draft.play = play;
    draft.author = agency;
    draft.words = words;
    const char *kind = need(&draft, "a message kind");
    draft.part.kind = rh_kind_find(kind, strlen(kind));
    if (draft.part.kind == RH_KIND_NONE)
        rht_stop(play, "there is no message kind %s", kind);
    const char *matter = need(&draft, "a matter, or -");
    if (strcmp(matter, "-") != 0)
        draft.part.referral_id = rht_stage_matter(play, matter)->id;
    rht_stage_fresh_id(play, draft.part.message_id.bytes);
    const char *word;
    while ((word = rht_words_next(words)) != NULL) {
        if (!take_field(&draft, word) && !take_more(&draft, word) && !take_said(&draft, word))
            rht_stop(play, "a message has no %s", word);
    }
    fill_in(&draft);
    add(&draft);
}
