#include "runtime/desk.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/desk_again.h"
#include "runtime/desk_inside.h"
#include "runtime/fields.h"
#include "runtime/words.h"

/* What the hub would refuse a new matter's dispatch for, after it had stored its registration:
 * better to know before either leaves. */
static void check_addressee(struct desk_work *work)
{
    const struct agent_desk *desk = work->desk;
    const struct agent_message *message = work->message;
    const struct rh_agency_id *to = &message->item.to;
    bool opens = rh_kind_is_dispatch(message->item.kind) && message->referral[0] == '\0';
    if (!opens || to->text[0] == '\0' || desk->spool == NULL)
        return;
    if (strcmp(to->text, desk->agency.text) == 0) {
        desk_complain(work, RH_REFUSE_NO_ROUTE, "/to", "another agency than this one",
                      "应为本单位以外的单位");
        return;
    }
    for (uint32_t i = 0; i < message->accused_count; i++)
        if (strcmp(to->text, message->accused[i].text) == 0) {
            desk_complain(work, RH_REFUSE_NO_ROUTE, "/to", "no unit that the matter accuses",
                          "不得转给被反映单位");
            return;
        }
    /* Of sealed content the missing card is named where it is sealed. */
    bool sealed = message->seal || message->content.participant_count > 0;
    if (desk->cards != NULL && !sealed && rh_cards_find(desk->cards, to) == NULL)
        desk_complain(work, RH_REFUSE_NO_ROUTE, "/to", "an agency whose card is known here",
                      "本单位没有该单位的公钥卡");
}

/* An amendment goes where the message it mends went, or to who has taken that agency over. Of a
 * sealed one `to` says who is to open it, and does not leave: the body that was sealed for the
 * old agency's key is mended so. */
static void take_reader(struct desk_work *work)
{
    struct rh_public *item = &desk_last(work)->item;
    if (item->kind != RH_KIND_AMEND || !work->message->seal)
        return;
    work->reader = item->to;
    memset(&item->to, 0, sizeof item->to);
}

static void check_drafts(struct desk_work *work)
{
    const struct agent_desk *desk = work->desk;
    take_reader(work);
    check_addressee(work);
    for (uint32_t i = 0; i < work->count; i++) {
        const struct rh_public *item = &work->drafts[i].item;
        unsigned field = 0;
        agent_fields_check(item, work->problems);
        if (item->kind != RH_KIND_BULLETIN && item->kind != RH_KIND_ACKNOWLEDGE_INFO &&
            rh_id_is_zero(item->referral_id.bytes) && work->message->referral[0] == '\0')
            desk_complain(work, RH_REFUSE_FIELD_MISSING, "/referral",
                          "which referral it belongs to", "须写明所属事项");
        if (desk->profile != NULL)
            agent_desk_check(desk->profile, work->message, work->procedure, item->kind,
                             work->problems);
        if (item->due_ms != 0 && item->due_ms <= desk->now_ms && !desk->time_unknown)
            desk_complain(work, RH_REFUSE_DUE_DATE, "/due", "a date in the future",
                          "应为将来的日期");
        /* Only of a message that is right otherwise: what else is amiss fails this check too,
         * and has been said in its own words. */
        if (work->problems->count == 0 && rh_public_check(item, &field) != RH_OK)
            desk_complain(work, RH_REFUSE_FIELD_INVALID, "", "no value twice in a list",
                          "列表中不得有重复项");
    }
}

static void encode_drafts(struct desk_work *work)
{
    struct rh_writer writer;
    for (uint32_t i = 0; i < work->count; i++) {
        struct desk_draft *draft = &work->drafts[i];
        rh_writer_init(&writer, draft->public_part, sizeof draft->public_part);
        if (rh_public_encode(&draft->item, &writer) != RH_OK)
            desk_complain(work, RH_REFUSE_TOO_LARGE, "", "fewer facts, copies or children",
                          "请减少事实、抄送或子项");
        draft->public_bytes = writer.bytes;
    }
    rh_writer_init(&writer, work->keys, sizeof work->keys);
    enum rh_err err = rh_item_keys_encode(work->sealed, work->sealed_count, &writer);
    rh_assert(err == RH_OK);
    work->keys_bytes = writer.bytes;
    size_t whole = desk_last(work)->public_bytes + work->private_bytes + work->body_bytes +
                   work->keys_bytes + 256;
    if (whole > RH_ITEM_BYTES_MAX)
        desk_complain(work, RH_REFUSE_TOO_LARGE, "/body", "a message of at most 262144 bytes",
                      "整个报文不超过 262144 字节");
}

static enum rh_err send_draft(struct desk_work *work, const struct desk_draft *draft,
                              uint64_t *n)
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
static enum rh_err begin_case(struct desk_work *work, const struct rh_public *item, uint64_t n)
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
        desk_external_key(&content->externals[i], key);
        err = agent_spool_name_case(work->desk->spool, key, &known->id);
    }
    if (err == RH_OK && work->content[0] != '\0')
        err = agent_spool_name_case(work->desk->spool, work->content, &known->id);
    return err;
}

static enum rh_err send_all(struct desk_work *work, struct agent_submission *out)
{
    for (uint32_t i = 0; i < work->count; i++) {
        uint64_t n;
        enum rh_err err = send_draft(work, &work->drafts[i], &n);
        if (err == RH_OK && work->drafts[i].item.kind == RH_KIND_REGISTER)
            err = begin_case(work, &work->drafts[i].item, n);
        if (err == RH_OK && work->drafts[i].with_content)
            err = desk_keep_people(work, n);
        if (err != RH_OK)
            return err;
        if (i == 0)
            out->first_n = n;
    }
    out->count = work->count;
    out->id = desk_last(work)->item.message_id;
    out->referral = desk_last(work)->item.referral_id;
    return RH_OK;
}

/* RH_ERR_NOTFOUND: it is to be submitted, anew or in the case work says. */
static enum rh_err submitted_before(struct desk_work *work, struct agent_submission *out)
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
        *out = (struct agent_submission){
            .first_n = sent.n, .count = 1, .id = sent.message_id, .referral = sent.referral_id
        };
    return err == RH_OK || err == RH_ERR_AGAIN ? RH_ERR_EXISTS : err;
}

static void release(struct desk_work *work)
{
    if (work->private_part != NULL)
        rh_wipe(work->private_part, work->private_bytes);
    if (work->body != NULL)
        rh_wipe(work->body, work->body_bytes);
    free(work->private_part);
    free(work->body);
    free(work);
}

static enum rh_err submit(struct desk_work *work, struct agent_submission *out)
{
    uint32_t before = work->problems->count;
    enum rh_err err = desk_make_drafts(work);
    if (err != RH_OK)
        return err;
    err = desk_check_people(work);
    if (err != RH_OK)
        return err;
    check_drafts(work);
    desk_encode_content(work);
    err = desk_continue_by_content(work);
    if (err == RH_OK)
        err = desk_reuse_content(work);
    if (err != RH_OK)
        return err;
    desk_seal_content(work);
    if (work->problems->count == before)
        encode_drafts(work);
    return work->problems->count == before ? send_all(work, out) : RH_ERR_INVALID;
}

enum rh_err agent_desk_submit(const struct agent_desk *desk,
                              const struct agent_message *message, uint64_t file_no,
                              struct agent_problems *problems, struct agent_submission *out)
{
    struct desk_work *work = calloc(1, sizeof *work);
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
    struct agent_desk desk = { .profile = profile,
                               .agency = *agency,
                               .now_ms = agent_wall_ms() };
    struct desk_work *work = calloc(1, sizeof *work);
    rh_assert(work != NULL);
    work->desk = &desk;
    work->message = message;
    work->problems = problems;
    if (desk_make_drafts(work) == RH_OK && desk_check_people(work) == RH_OK) {
        check_drafts(work);
        desk_encode_content(work);
    }
    if (problems->count == 0)
        encode_drafts(work);
    release(work);
}
