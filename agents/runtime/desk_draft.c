/* From a message to its drafts: ids, the case it belongs to, and the registration that goes
 * before a dispatch of a new matter. */
#include "runtime/desk_inside.h"

#include <stdio.h>
#include <string.h>

#include "runtime/desk_again.h"
#include "runtime/screen.h"

struct desk_draft *desk_last(struct desk_work *work)
{
    return &work->drafts[work->count - 1];
}

void desk_complain(struct desk_work *work, uint32_t refusal, const char *pointer,
                   const char *expected, const char *expected_zh)
{
    agent_problem_add(work->problems, refusal, pointer, expected, expected_zh);
}

static void fresh_id(const struct desk_work *work, uint8_t out[RH_ID_BYTES])
{
    uint8_t random[10];
    rh_random(random, sizeof random);
    rh_id_make(out, work->desk->now_ms, random);
}

/* An id that follows from the one the case system gave, so that the same message handed in
 * twice makes the same items. */
static void derived_id(const struct desk_work *work, const char *tag, uint8_t out[RH_ID_BYTES])
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

static enum rh_err resolve(struct desk_work *work, const char *text, const char *pointer,
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
    desk_complain(work, RH_REFUSE_UNKNOWN_REFERRAL, pointer,
                  "an id, a human number or system=number this agency knows",
                  "应为本单位已知的事项标识、编号或 系统=编号");
    return RH_OK;
}

static enum rh_err resolve_all(struct desk_work *work)
{
    struct rh_public *item = &desk_last(work)->item;
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

/* Whether a number may be registered: it is unknown, or its registration was refused. */
static enum rh_err is_free(struct desk_work *work, const struct rh_referral_id *id, bool *yes)
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
static enum rh_err refuse_known_externals(struct desk_work *work)
{
    const struct rh_private *content = &work->message->content;
    struct agent_spool *spool = work->desk->spool;
    bool dispatch = rh_kind_is_dispatch(work->message->item.kind);
    for (uint32_t i = 0; i < content->external_count && spool != NULL; i++) {
        char key[AGENT_KEY_BYTES_MAX + 1], pointer[32];
        struct rh_referral_id id;
        struct agent_case known;
        bool yes = true;
        desk_external_key(&content->externals[i], key);
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
        desk_complain(work, RH_REFUSE_REFERRAL_EXISTS, pointer,
                      "this number belongs to a referral that exists", "该编号已对应现有事项");
    }
    return RH_OK;
}

/* The registration that a dispatch without a referral begins with: what describes the matter
 * moves there, what describes the dispatch stays. The procedure stands in both: the receiver gets
 * the dispatch alone, and has to know by which rule the matter came to it. */
static void split_registration(struct desk_work *work)
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
    second->category[0] = second->area[0] = second->source[0] = '\0';
    second->reply_owed = false;
    second->external_count = 0;
    second->accused_count = 0;
    second->person_count = 0;
    memset(&second->matter, 0, sizeof second->matter);
}

void desk_drop_registration(struct desk_work *work)
{
    rh_assert(work->count == 2);
    work->drafts[0] = work->drafts[1];
    work->drafts[0].item.referral_id = work->known.id;
    work->count = 1;
}

/* The area of a matter is, unless said otherwise, where the agency is. */
static void fill_registration(struct desk_work *work, struct rh_public *item)
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

enum rh_err desk_make_drafts(struct desk_work *work)
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
        err = desk_hash_numbers(work, item);
    if (err != RH_OK)
        return err;
    item->leader_named = (item->kind == RH_KIND_ACCEPT || item->kind == RH_KIND_LEADER) &&
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
        desk_drop_registration(work);
    desk_last(work)->with_content = true;
    /* Whoever gets it knows by which rule it came, also when it was registered before. */
    struct rh_public *asked = &desk_last(work)->item;
    if (rh_kind_is_dispatch(asked->kind) && asked->procedure[0] == '\0' &&
        work->known.register_n != 0)
        memcpy(asked->procedure, work->known.procedure, sizeof asked->procedure);
    snprintf(work->procedure, sizeof work->procedure, "%s",
             message->item.procedure[0] != '\0' ? message->item.procedure
                                                : work->known.procedure);
    return err;
}
