/* Private part and body: encoded, found again by what they say, taken over from a registration,
 * sealed for their readers. */
#include "runtime/desk_inside.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/desk_again.h"

static uint8_t *room(size_t bytes)
{
    uint8_t *memory = malloc(bytes);
    rh_assert(memory != NULL);
    return memory;
}

void desk_encode_content(struct desk_work *work)
{
    const struct agent_message *message = work->message;
    struct rh_writer writer;
    work->private_part = room(RH_PRIVATE_BYTES_MAX);
    rh_writer_init(&writer, work->private_part, RH_PRIVATE_BYTES_MAX);
    enum rh_err err = rh_private_encode(&message->content, &writer);
    work->private_bytes = writer.bytes;
    if (err == RH_ERR_FULL)
        desk_complain(work, RH_REFUSE_TOO_LARGE, "/private", "at most 65536 bytes altogether",
                      "总长不超过 65536 字节");
    else if (err != RH_OK)
        desk_complain(work, RH_REFUSE_FIELD_INVALID, "/private", "names and types as described",
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
        desk_complain(work, RH_REFUSE_FIELD_INVALID, "/body/media_type", "printable ASCII",
                      "应为可见 ASCII 字符");
    work->body_bytes = writer.bytes;
}

enum rh_err desk_reuse_content(struct desk_work *work)
{
    struct rh_bytes bytes;
    struct rh_item item;
    bool wanted = rh_kind_is_dispatch(desk_last(work)->item.kind) &&
                  work->known.register_n != 0 && work->private_bytes == 0 &&
                  work->body_bytes == 0;
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

enum rh_err desk_continue_by_content(struct desk_work *work)
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
    desk_drop_registration(work);
    return RH_OK;
}

static void seal_for(struct desk_work *work, const struct rh_content_key *key,
                     const struct rh_agency_id *to, const char *pointer)
{
    const struct rh_card *card =
        work->desk->cards == NULL ? NULL : rh_cards_find(work->desk->cards, to);
    struct rh_seal_public recipient;
    struct rh_sealed_key *out = &work->sealed[work->sealed_count];
    for (uint32_t i = 0; i < work->sealed_count; i++)
        if (strcmp(work->sealed[i].agency.text, to->text) == 0)
            return;
    if (work->sealed_count == RH_SEALED_KEYS_MAX) {
        desk_complain(work, RH_REFUSE_TOO_MANY_ITEMS, pointer,
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
        desk_complain(work, RH_REFUSE_NO_UNSEAL, pointer, "an agency whose card is known here",
                      "本单位没有该单位的公钥卡");
}

/* What nobody of this agency could read again could be shown to nobody either. */
static void seal_for_self(struct desk_work *work, const struct rh_content_key *key)
{
    struct rh_seal_public own;
    if (work->desk->own_seal == NULL || work->sealed_count == RH_SEALED_KEYS_MAX)
        return;
    memcpy(own.bytes, work->desk->own_seal, sizeof own.bytes);
    struct rh_sealed_key *out = &work->sealed[work->sealed_count++];
    out->agency = work->desk->agency;
    enum rh_err err = rh_seal_key(key, &own, out->sealed);
    rh_assert(err == RH_OK); /* a key of our own */
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

void desk_seal_content(struct desk_work *work)
{
    const struct rh_public *item = &desk_last(work)->item;
    struct rh_content_key key;
    uint8_t label[RH_SEAL_LABEL_BYTES];
    if (!work->message->seal && work->message->content.participant_count == 0)
        return;
    rh_random(key.bytes, sizeof key.bytes);
    if (item->to.text[0] != '\0')
        seal_for(work, &key, &item->to, "/to");
    if (work->reader.text[0] != '\0')
        seal_for(work, &key, &work->reader, "/to");
    for (uint32_t i = 0; i < item->copy_count; i++)
        seal_for(work, &key, &item->copies[i], "/copies");
    for (uint32_t i = 0; i < item->child_count; i++)
        seal_for(work, &key, &item->children[i].to, "/children");
    bool alone = item->kind == RH_KIND_REGISTER && !work->message->seal;
    if (work->sealed_count == 0 && work->problems->count == 0 && !alone)
        desk_complain(work, RH_REFUSE_FIELD_MISSING, "/to", "sealed content needs an addressee",
                      "密封内容须写明收件单位");
    seal_for_self(work, &key);
    if (work->problems->count == 0) {
        seal_part(&key, label, rh_private_seal_label(&item->message_id, label),
                  &work->private_part, &work->private_bytes);
        seal_part(&key, label, rh_body_seal_label(&item->message_id, label), &work->body,
                  &work->body_bytes);
    }
    rh_wipe(&key, sizeof key);
}
