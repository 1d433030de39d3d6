#include "runtime/desk.h"
#include "runtime/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/desk_again.h"
#include "runtime/fields.h"
#include "runtime/words.h"

/* One item in the making. */
struct draft {
    struct rh_public item;
    bool with_content; /* private part and body travel in this one */
    uint8_t public_part[RH_PUBLIC_BYTES_MAX];
    size_t public_bytes;
};

struct work {
    const struct agent_desk *desk;
    const struct agent_message *message;
    struct agent_problems *problems;
    uint64_t file_no;
    struct agent_case known;      /* the case it belongs to; zero when new */
    bool again;                   /* ... which is gone on with, not registered anew */
    struct rh_message_id attempt; /* of a message said again under its id; else zero */
    char content[AGENT_KEY_BYTES_MAX + 1]; /* name to find a new case by; may be empty */
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint32_t count;
    struct draft drafts[2]; /* a registration and what was asked for, or only the latter */
    uint8_t *private_part;        /* encoded, malloc'ed; as it travels */
    size_t private_bytes;
    uint8_t *body;
    size_t body_bytes;
    struct rh_sealed_key sealed[RH_SEALED_KEYS_MAX];
    uint32_t sealed_count;
    uint8_t keys[RH_SEALED_KEYS_MAX * (RH_AGENCY_BYTES_MAX + RH_SEALED_KEY_BYTES + 16) + 16];
    size_t keys_bytes;
};

static struct draft *last(struct work *work)
{
    return &work->drafts[work->count - 1];
}

static void complain(struct work *work, uint32_t refusal, const char *pointer,
                     const char *expected, const char *expected_zh)
{
    agent_problem_add(work->problems, refusal, pointer, expected, expected_zh);
}

/* ---- ids and references ----------------------------------------------------------------- */

static void fresh_id(const struct work *work, uint8_t out[RH_ID_BYTES])
{
    uint8_t random[10];
    rh_random(random, sizeof random);
    rh_id_make(out, work->desk->now_ms, random);
}

/* An id that follows from the one the case system gave, so that the same message handed in
 * twice makes the same items. */
static void derived_id(const struct work *work, const char *tag, uint8_t out[RH_ID_BYTES])
{
    const struct rh_message_id *given = &work->message->item.message_id;
    struct rh_bytes part = { given->bytes, sizeof given->bytes };
    struct rh_hash hash;
    if (!work->message->has_id) {
        fresh_id(work, out);
        return;
    }
    rh_hash_tagged(tag, &part, 1, &hash);
    rh_id_make(out, rh_id_ms(given->bytes), hash.bytes);
}

static enum rh_err resolve(struct work *work, const char *text, const char *pointer,
                           struct rh_referral_id *out)
{
    if (text[0] == '\0' || rh_id_parse(text, out->bytes) == RH_OK)
        return RH_OK;
    if (work->desk->spool == NULL) { /* only looked over: any will do */
        fresh_id(work, out->bytes);
        return RH_OK;
    }
    enum rh_err err = agent_spool_find_case(work->desk->spool, text, out);
    if (err != RH_ERR_NOTFOUND)
        return err;
    complain(work, RH_REFUSE_UNKNOWN_REFERRAL, pointer,
             "an id, a human number or system=number this agency knows",
             "应为本单位已知的事项标识、编号或 系统=编号");
    return RH_OK;
}

static enum rh_err resolve_all(struct work *work)
{
    struct rh_public *item = &last(work)->item;
    enum rh_err err = resolve(work, work->message->root, "/root", &item->root_id);
    if (err == RH_OK)
        err = resolve(work, work->message->other, "/other", &item->other_id);
    if (err == RH_OK)
        err = resolve(work, work->message->referral, "/referral", &item->referral_id);
    if (err != RH_OK || rh_id_is_zero(item->referral_id.bytes) || work->desk->spool == NULL)
        return err;
    err = agent_spool_case(work->desk->spool, &item->referral_id, &work->known);
    if (err == RH_ERR_NOTFOUND)
        memset(&work->known, 0, sizeof work->known);
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* ---- externals -------------------------------------------------------------------------- */

static void external_key(const struct rh_external_number *number,
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

/* What the hub finds repeats by: hashes, and none of a sealed matter, which must not be found. */
static void hash_persons(struct work *work, const uint8_t key[32], struct rh_public *item)
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

static enum rh_err hash_externals(struct work *work, struct rh_public *item)
{
    const struct agent_message *message = work->message;
    uint8_t key[32] = { 0 };
    bool wanted = message->content.external_count > 0 || message->accused_count > 0 ||
                  message->matter[0] != '\0';
    if (!wanted && message->content.person_count == 0)
        return RH_OK;
    enum rh_err err = work->desk->spool == NULL
                          ? RH_OK
                          : agent_spool_external_key(work->desk->spool, key);
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

/* Whether a number may be registered: it is unknown, or its registration was refused. */
static enum rh_err is_free(struct work *work, const struct rh_referral_id *id, bool *yes)
{
    struct agent_case known;
    struct agent_sent sent = { .state = AGENT_STORED };
    enum rh_err err = agent_spool_case(work->desk->spool, id, &known);
    if (err == RH_OK && known.state == RH_STATE_NONE && known.register_n != 0)
        err = agent_spool_sent(work->desk->spool, known.register_n, &sent);
    *yes = err == RH_ERR_NOTFOUND || sent.state == AGENT_REFUSED;
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

/* A number that this agency has registered already: the hub would refuse it. Where only the
 * dispatch was refused, a dispatch goes on with that registration. */
static enum rh_err refuse_known_externals(struct work *work)
{
    const struct rh_private *content = &work->message->content;
    struct agent_spool *spool = work->desk->spool;
    bool dispatch = rh_kind_is_dispatch(work->message->item.kind);
    for (uint32_t i = 0; i < content->external_count && spool != NULL; i++) {
        char key[AGENT_KEY_BYTES_MAX + 1], pointer[32];
        struct rh_referral_id id;
        struct agent_case known;
        bool yes = true;
        external_key(&content->externals[i], key);
        enum rh_err err = agent_spool_find_case(spool, key, &id);
        if (err == RH_OK)
            err = is_free(work, &id, &yes);
        if (err == RH_ERR_NOTFOUND || (err == RH_OK && yes))
            continue;
        if (err == RH_OK && dispatch &&
            (!work->again || memcmp(work->known.id.bytes, id.bytes, sizeof id.bytes) == 0)) {
            err = agent_again_case(spool, &id, &known);
            if (err == RH_OK) {
                work->known = known;
                work->again = true;
                continue;
            }
        }
        if (err != RH_OK && err != RH_ERR_NOTFOUND)
            return err;
        snprintf(pointer, sizeof pointer, "/external/%u", (unsigned)i);
        complain(work, RH_REFUSE_REFERRAL_EXISTS, pointer,
                 "this number belongs to a referral that exists", "该编号已对应现有事项");
    }
    return RH_OK;
}

/* ---- drafts ----------------------------------------------------------------------------- */

/* The registration that a dispatch without a referral begins with: what describes the matter
 * moves there, what describes the dispatch stays. */
static void split_registration(struct work *work)
{
    struct rh_public *first = &work->drafts[0].item, *second = &work->drafts[1].item;
    *second = *first;
    work->count = 2;
    first->kind = RH_KIND_REGISTER;
    memset(&first->to, 0, sizeof first->to);
    first->code[0] = '\0';
    first->due_ms = 0;
    first->report_required = false;
    first->information_wanted = false;
    first->copy_count = 0;

    memset(&second->root_id, 0, sizeof second->root_id);
    memset(&second->other_id, 0, sizeof second->other_id);
    second->procedure[0] = second->category[0] = '\0';
    second->area[0] = second->source[0] = '\0';
    second->reply_owed = false;
    second->external_count = 0;
    second->accused_count = 0;
    second->person_count = 0;
    memset(&second->matter, 0, sizeof second->matter);
}

/* The hub has the registration: only the dispatch leaves, in the case it belongs to. */
static void drop_registration(struct work *work)
{
    rh_assert(work->count == 2);
    work->drafts[0] = work->drafts[1];
    work->drafts[0].item.referral_id = work->known.id;
    work->count = 1;
}

/* The area of a matter is, unless said otherwise, where the agency is. */
static void fill_registration(struct work *work, struct rh_public *item)
{
    const struct agent_message *message = work->message;
    const uint32_t *hits;
    struct rh_bytes text = message->content.summary;
    if (text.bytes == 0 && message->body != NULL)
        text = (struct rh_bytes){ message->body, message->body_bytes };
    if (agent_screen_match(work->desk->screen, message->content.title, text, &hits) > 0)
        agent_screen_fill(agent_screen_rule(work->desk->screen, hits[0]), NULL, item);
    const char *division = strchr(work->desk->agency.text, '.');
    if (item->area[0] == '\0' && division != NULL)
        snprintf(item->area, sizeof item->area, "%s", division + 1);
    if (item->source[0] == '\0')
        snprintf(item->source, sizeof item->source, "agency");
}

static enum rh_err make_drafts(struct work *work)
{
    const struct agent_message *message = work->message;
    struct rh_public *item = &work->drafts[0].item;
    work->count = 1;
    *item = message->item;
    if (!message->has_id)
        fresh_id(work, item->message_id.bytes);
    else if (work->again)
        item->message_id = work->attempt;
    struct agent_case known = work->known;
    enum rh_err err = resolve_all(work);
    if (work->again)
        work->known = known;
    if (err == RH_OK)
        err = hash_externals(work, item);
    if (err != RH_OK)
        return err;
    item->leader_named =
        (item->kind == RH_KIND_ACCEPT || item->kind == RH_KIND_LEADER) &&
        message->content.leader.bytes > 0;
    for (uint32_t i = 0; i < item->child_count; i++)
        if (rh_id_is_zero(item->children[i].id.bytes))
            fresh_id(work, item->children[i].id.bytes);

    bool opens = item->kind == RH_KIND_REGISTER ||
                 (rh_kind_is_dispatch(item->kind) && message->referral[0] == '\0');
    if (opens) {
        err = refuse_known_externals(work);
        if (rh_id_is_zero(item->referral_id.bytes))
            derived_id(work, "rhub/agent/referral/1", item->referral_id.bytes);
        fill_registration(work, item);
    }
    if (opens && item->kind != RH_KIND_REGISTER) {
        split_registration(work);
        derived_id(work, "rhub/agent/register/1", work->drafts[0].item.message_id.bytes);
    }
    if (work->again && work->count == 2)
        drop_registration(work);
    last(work)->with_content = true;
    snprintf(work->procedure, sizeof work->procedure, "%s",
             message->item.procedure[0] != '\0' ? message->item.procedure
                                                : work->known.procedure);
    return err;
}

/* What the hub would refuse a new matter's dispatch for, after it had stored its registration:
 * better to know before either leaves. */
static void check_addressee(struct work *work)
{
    const struct agent_desk *desk = work->desk;
    const struct agent_message *message = work->message;
    const struct rh_agency_id *to = &message->item.to;
    bool opens = rh_kind_is_dispatch(message->item.kind) && message->referral[0] == '\0';
    if (!opens || to->text[0] == '\0' || desk->spool == NULL)
        return;
    if (strcmp(to->text, desk->agency.text) == 0) {
        complain(work, RH_REFUSE_NO_ROUTE, "/to", "another agency than this one",
                 "应为本单位以外的单位");
        return;
    }
    for (uint32_t i = 0; i < message->accused_count; i++)
        if (strcmp(to->text, message->accused[i].text) == 0) {
            complain(work, RH_REFUSE_NO_ROUTE, "/to", "no unit that the matter accuses",
                     "不得转给被反映单位");
            return;
        }
    /* Of sealed content the missing card is named where it is sealed. */
    if (desk->cards != NULL && !message->seal && rh_cards_find(desk->cards, to) == NULL)
        complain(work, RH_REFUSE_NO_ROUTE, "/to", "an agency whose card is known here",
                 "本单位没有该单位的公钥卡");
}

static void check_drafts(struct work *work)
{
    const struct agent_desk *desk = work->desk;
    check_addressee(work);
    for (uint32_t i = 0; i < work->count; i++) {
        const struct rh_public *item = &work->drafts[i].item;
        unsigned field = 0;
        agent_fields_check(item, work->problems);
        if (item->kind != RH_KIND_BULLETIN && item->kind != RH_KIND_ACKNOWLEDGE_INFO &&
            rh_id_is_zero(item->referral_id.bytes) &&
            work->message->referral[0] == '\0')
            complain(work, RH_REFUSE_FIELD_MISSING, "/referral", "which referral it belongs to",
                     "须写明所属事项");
        if (desk->profile != NULL)
            agent_desk_check(desk->profile, work->message, work->procedure, item->kind,
                             work->problems);
        if (item->due_ms != 0 && item->due_ms <= desk->now_ms && !desk->time_unknown)
            complain(work, RH_REFUSE_DUE_DATE, "/due", "a date in the future", "应为将来的日期");
        /* Only of a message that is right otherwise: what else is amiss fails this check too,
         * and has been said in its own words. */
        if (work->problems->count == 0 && rh_public_check(item, &field) != RH_OK)
            complain(work, RH_REFUSE_FIELD_INVALID, "", "no value twice in a list",
                     "列表中不得有重复项");
    }
}

/* ---- content ---------------------------------------------------------------------------- */

static uint8_t *room(size_t bytes)
{
    uint8_t *memory = malloc(bytes);
    rh_assert(memory != NULL);
    return memory;
}

static void encode_content(struct work *work)
{
    const struct agent_message *message = work->message;
    struct rh_writer writer;
    work->private_part = room(RH_PRIVATE_BYTES_MAX);
    rh_writer_init(&writer, work->private_part, RH_PRIVATE_BYTES_MAX);
    enum rh_err err = rh_private_encode(&message->content, &writer);
    work->private_bytes = writer.bytes;
    if (err == RH_ERR_FULL)
        complain(work, RH_REFUSE_TOO_LARGE, "/private", "at most 65536 bytes altogether",
                 "总长不超过 65536 字节");
    else if (err != RH_OK)
        complain(work, RH_REFUSE_FIELD_INVALID, "/private", "names and types as described",
                 "名称与类型须符合说明");

    work->body = room(RH_ITEM_BYTES_MAX);
    if (message->media_type[0] == '\0')
        return;
    struct rh_body body = {
        .media_type = { (const uint8_t *)message->media_type, strlen(message->media_type) },
        .content = { message->body, message->body_bytes },
    };
    rh_writer_init(&writer, work->body, RH_ITEM_BYTES_MAX);
    if (rh_body_encode(&body, &writer) != RH_OK)
        complain(work, RH_REFUSE_FIELD_INVALID, "/body/media_type", "printable ASCII",
                 "应为可见 ASCII 字符");
    work->body_bytes = writer.bytes;
}

/* A matter registered earlier and dispatched now, without a word about it: its content is what
 * was said at its registration, if the spool still has it in the open. */
static enum rh_err reuse_content(struct work *work)
{
    struct rh_bytes bytes;
    struct rh_item item;
    bool wanted = rh_kind_is_dispatch(last(work)->item.kind) && work->known.register_n != 0 &&
                  work->private_bytes == 0 && work->body_bytes == 0;
    if (!wanted)
        return RH_OK;
    enum rh_err err = agent_spool_original(work->desk->spool, work->known.register_n, &bytes);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    struct rh_reader keys;
    if (rh_item_decode(bytes, &item) != RH_OK)
        return RH_ERR_CORRUPT;
    rh_reader_init(&keys, item.keys.data, item.keys.bytes);
    if (rh_reader_array(&keys, RH_SEALED_KEYS_MAX) != 0 || keys.err != RH_OK)
        return RH_OK;
    if (item.private_part.bytes > 0)
        memcpy(work->private_part, item.private_part.data, item.private_part.bytes);
    if (item.body.bytes > 0)
        memcpy(work->body, item.body.data, item.body.bytes);
    work->private_bytes = item.private_part.bytes;
    work->body_bytes = item.body.bytes;
    return RH_OK;
}

/* A new matter without numbers of other systems: known again by what it says. */
static enum rh_err continue_by_content(struct work *work)
{
    const struct agent_message *message = work->message;
    struct rh_writer writer;
    struct rh_public *item = &work->drafts[0].item;
    struct rh_referral_id id;
    struct agent_case known;
    if (work->count != 2 || message->has_id || message->content.external_count > 0)
        return RH_OK;
    struct rh_message_id message_id = item->message_id;
    struct rh_referral_id referral_id = item->referral_id;
    memset(&item->message_id, 1, sizeof item->message_id); /* the same for all */
    memset(&item->referral_id, 1, sizeof item->referral_id);
    rh_writer_init(&writer, work->drafts[0].public_part, sizeof work->drafts[0].public_part);
    enum rh_err err = rh_public_encode(item, &writer);
    item->message_id = message_id;
    item->referral_id = referral_id;
    if (err != RH_OK)
        return RH_OK; /* too large: said when it is encoded for good */
    agent_again_name((struct rh_bytes){ work->drafts[0].public_part, writer.bytes },
                     (struct rh_bytes){ work->private_part, work->private_bytes },
                     (struct rh_bytes){ work->body, work->body_bytes }, work->content);
    err = agent_spool_find_case(work->desk->spool, work->content, &id);
    if (err == RH_OK)
        err = agent_again_case(work->desk->spool, &id, &known);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    work->known = known;
    work->again = true;
    drop_registration(work);
    return RH_OK;
}

static void seal_for(struct work *work, const struct rh_content_key *key,
                     const struct rh_agency_id *to, const char *pointer)
{
    const struct rh_card *card = work->desk->cards == NULL
                                     ? NULL
                                     : rh_cards_find(work->desk->cards, to);
    struct rh_seal_public recipient;
    struct rh_sealed_key *out = &work->sealed[work->sealed_count];
    for (uint32_t i = 0; i < work->sealed_count; i++)
        if (strcmp(work->sealed[i].agency.text, to->text) == 0)
            return;
    if (work->sealed_count == RH_SEALED_KEYS_MAX) {
        complain(work, RH_REFUSE_TOO_MANY_ITEMS, pointer,
                 "at most 16 readers of sealed content", "密封内容的阅读单位不超过 16 个");
        return;
    }
    out->agency = *to;
    bool good = card != NULL && card->present[RH_KEY_SEAL];
    if (good) {
        memcpy(recipient.bytes, card->keys[RH_KEY_SEAL], sizeof recipient.bytes);
        good = rh_seal_key(key, &recipient, out->sealed) == RH_OK;
    }
    if (good)
        work->sealed_count++;
    else
        complain(work, RH_REFUSE_NO_UNSEAL, pointer, "an agency whose card is known here",
                 "本单位没有该单位的公钥卡");
}

static void seal_part(const struct rh_content_key *key, const uint8_t *label,
                      size_t label_bytes, uint8_t **part, size_t *bytes)
{
    if (*bytes == 0)
        return;
    uint8_t *sealed = room(*bytes + RH_SEAL_OVERHEAD_BYTES);
    rh_seal_content(key, (struct rh_bytes){ label, label_bytes }, *part, *bytes, sealed);
    free(*part);
    *part = sealed;
    *bytes += RH_SEAL_OVERHEAD_BYTES;
}

static void seal_content(struct work *work)
{
    const struct rh_public *item = &last(work)->item;
    struct rh_content_key key;
    uint8_t label[RH_SEAL_LABEL_BYTES];
    if (!work->message->seal)
        return;
    rh_random(key.bytes, sizeof key.bytes);
    if (item->to.text[0] != '\0')
        seal_for(work, &key, &item->to, "/to");
    for (uint32_t i = 0; i < item->copy_count; i++)
        seal_for(work, &key, &item->copies[i], "/copies");
    for (uint32_t i = 0; i < item->child_count; i++)
        seal_for(work, &key, &item->children[i].to, "/children");
    if (work->sealed_count == 0 && work->problems->count == 0)
        complain(work, RH_REFUSE_FIELD_MISSING, "/to", "sealed content needs an addressee",
                 "密封内容须写明收件单位");
    if (work->problems->count == 0) {
        seal_part(&key, label, rh_private_seal_label(&item->message_id, label),
                  &work->private_part, &work->private_bytes);
        seal_part(&key, label, rh_body_seal_label(&item->message_id, label), &work->body,
                  &work->body_bytes);
    }
    rh_wipe(&key, sizeof key);
}

static void encode_drafts(struct work *work)
{
    struct rh_writer writer;
    for (uint32_t i = 0; i < work->count; i++) {
        struct draft *draft = &work->drafts[i];
        rh_writer_init(&writer, draft->public_part, sizeof draft->public_part);
        if (rh_public_encode(&draft->item, &writer) != RH_OK)
            complain(work, RH_REFUSE_TOO_LARGE, "", "fewer facts, copies or children",
                     "请减少事实、抄送或子项");
        draft->public_bytes = writer.bytes;
    }
    rh_writer_init(&writer, work->keys, sizeof work->keys);
    enum rh_err err = rh_item_keys_encode(work->sealed, work->sealed_count, &writer);
    rh_assert(err == RH_OK);
    work->keys_bytes = writer.bytes;
    size_t whole = last(work)->public_bytes + work->private_bytes + work->body_bytes +
                   work->keys_bytes + 256;
    if (whole > RH_ITEM_BYTES_MAX)
        complain(work, RH_REFUSE_TOO_LARGE, "/body", "a message of at most 262144 bytes",
                 "整个报文不超过 262144 字节");
}

/* ---- into the spool --------------------------------------------------------------------- */

static enum rh_err send_draft(struct work *work, const struct draft *draft, uint64_t *n)
{
    static const uint8_t no_keys[] = { 0x90 }; /* an empty array */
    struct rh_item item;
    struct agent_sent sent;
    memset(&item, 0, sizeof item);
    memset(&sent, 0, sizeof sent);
    item.public_part = (struct rh_bytes){ draft->public_part, draft->public_bytes };
    item.keys = (struct rh_bytes){ no_keys, sizeof no_keys };
    if (draft->with_content) {
        item.keys = (struct rh_bytes){ work->keys, work->keys_bytes };
        item.private_part = (struct rh_bytes){ work->private_part, work->private_bytes };
        item.body = (struct rh_bytes){ work->body, work->body_bytes };
    }
    rh_random(item.salt, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    sent.kind = draft->item.kind;
    sent.message_id = draft->item.message_id;
    sent.referral_id = draft->item.referral_id;
    sent.to = draft->item.to;
    sent.generation = work->desk->generation;
    sent.file_no = work->file_no;
    sent.added_ms = work->desk->now_ms;
    enum rh_err err = agent_spool_send(work->desk->spool, &item, &sent);
    *n = sent.n;
    if (err == RH_OK && !rh_id_is_zero(sent.referral_id.bytes))
        err = agent_spool_history_add(work->desk->spool, &sent.referral_id, true, sent.n);
    return err;
}

/* A case of our own begins to be known here before the hub has answered; its state is none
 * until then. */
static enum rh_err begin_case(struct work *work, const struct rh_public *item, uint64_t n)
{
    const struct rh_private *content = &work->message->content;
    struct agent_case *known = &work->known;
    known->id = item->referral_id;
    known->origin = work->desk->agency;
    known->register_n = n;
    known->updated_ms = work->desk->now_ms;
    snprintf(known->procedure, sizeof known->procedure, "%s", item->procedure);
    snprintf(known->category, sizeof known->category, "%s", item->category);
    enum rh_err err = agent_spool_put_case(work->desk->spool, known);
    for (uint32_t i = 0; i < content->external_count && err == RH_OK; i++) {
        char key[AGENT_KEY_BYTES_MAX + 1];
        external_key(&content->externals[i], key);
        err = agent_spool_name_case(work->desk->spool, key, &known->id);
    }
    if (err == RH_OK && work->content[0] != '\0')
        err = agent_spool_name_case(work->desk->spool, work->content, &known->id);
    return err;
}

static enum rh_err send_all(struct work *work, struct agent_submission *out)
{
    for (uint32_t i = 0; i < work->count; i++) {
        uint64_t n;
        enum rh_err err = send_draft(work, &work->drafts[i], &n);
        if (err == RH_OK && work->drafts[i].item.kind == RH_KIND_REGISTER)
            err = begin_case(work, &work->drafts[i].item, n);
        if (err != RH_OK)
            return err;
        if (i == 0)
            out->first_n = n;
    }
    out->count = work->count;
    out->id = last(work)->item.message_id;
    out->referral = last(work)->item.referral_id;
    return RH_OK;
}

/* RH_ERR_NOTFOUND: it is to be submitted, anew or in the case work says. */
static enum rh_err submitted_before(struct work *work, struct agent_submission *out)
{
    const struct agent_message *message = work->message;
    struct agent_sent sent;
    struct agent_case known;
    if (!message->has_id)
        return RH_ERR_NOTFOUND;
    enum rh_err err = agent_again_message(work->desk->spool, &message->item.message_id, &sent,
                                          &known, &work->attempt);
    if (err == RH_ERR_AGAIN && rh_kind_is_dispatch(message->item.kind) &&
        message->referral[0] == '\0') {
        work->known = known;
        work->again = true;
        return RH_ERR_NOTFOUND;
    }
    if (err == RH_OK || err == RH_ERR_AGAIN)
        *out = (struct agent_submission){ .first_n = sent.n, .count = 1, .id = sent.message_id,
                                          .referral = sent.referral_id };
    return err == RH_OK || err == RH_ERR_AGAIN ? RH_ERR_EXISTS : err;
}

static void release(struct work *work)
{
    if (work->private_part != NULL)
        rh_wipe(work->private_part, work->private_bytes);
    if (work->body != NULL)
        rh_wipe(work->body, work->body_bytes);
    free(work->private_part);
    free(work->body);
    free(work);
}

static enum rh_err submit(struct work *work, struct agent_submission *out)
{
    uint32_t before = work->problems->count;
    enum rh_err err = make_drafts(work);
    if (err != RH_OK)
        return err;
    check_drafts(work);
    encode_content(work);
    err = continue_by_content(work);
    if (err == RH_OK)
        err = reuse_content(work);
    if (err != RH_OK)
        return err;
    seal_content(work);
    if (work->problems->count == before)
        encode_drafts(work);
    return work->problems->count == before ? send_all(work, out) : RH_ERR_INVALID;
}

enum rh_err agent_desk_submit(const struct agent_desk *desk,
                              const struct agent_message *message, uint64_t file_no,
                              struct agent_problems *problems, struct agent_submission *out)
{
    struct work *work = calloc(1, sizeof *work);
    rh_assert(work != NULL);
    work->desk = desk;
    work->message = message;
    work->problems = problems;
    work->file_no = file_no;
    enum rh_err err = submitted_before(work, out);
    if (err == RH_ERR_NOTFOUND)
        err = submit(work, out);
    release(work);
    return err;
}

void agent_desk_look_over(const struct rh_profile *profile, const struct rh_agency_id *agency,
                          const struct agent_message *message, struct agent_problems *problems)
{
    struct agent_desk desk = { .profile = profile, .agency = *agency,
                               .now_ms = agent_wall_ms() };
    struct work *work = calloc(1, sizeof *work);
    rh_assert(work != NULL);
    work->desk = &desk;
    work->message = message;
    work->problems = problems;
    if (make_drafts(work) == RH_OK) {
        check_drafts(work);
        encode_content(work);
    }
    if (problems->count == 0)
        encode_drafts(work);
    release(work);
}
