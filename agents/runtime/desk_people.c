/* Participants in a message of ours: which messages may name them, who is told, and what this
 * agency itself remembers of them. */
#include "runtime/desk_inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/refusal.h>

#include "runtime/people.h"

/* What opens a matter names who helps in it, and what tells of it says who came or left. A
 * step of the life cycle (sign, accept, conclude ...) goes to whom the life cycle says, so
 * nobody could say beforehand for whom its content must be sealed. */
static bool may_name(enum rh_kind kind)
{
    return kind == RH_KIND_REGISTER || rh_kind_is_dispatch(kind) || kind == RH_KIND_PROGRESS ||
           kind == RH_KIND_HEARING || kind == RH_KIND_NOTICE || kind == RH_KIND_COPY;
}

/* The other side of a matter, when only one is known: whom we sent it to, or who sent it. */
static void fill_addressee(const struct desk_work *work, struct rh_public *item)
{
    const struct agent_case *known = &work->known;
    const struct rh_agency_id *sides[] = { &known->to, &known->from, &known->origin };
    if (item->to.text[0] != '\0' || item->copy_count > 0 || item->child_count > 0 ||
        !rh_kind_is_information(item->kind))
        return;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++)
        if (sides[i]->text[0] != '\0' &&
            strcmp(sides[i]->text, work->desk->agency.text) != 0) {
            item->to = *sides[i];
            return;
        }
}

static void copy_line(char *out, size_t capacity, struct rh_bytes text)
{
    rh_assert(text.bytes < capacity);
    if (text.bytes > 0)
        memcpy(out, text.data, text.bytes);
    out[text.bytes] = '\0';
}

/* Who takes part no longer must be one whom this agency named. */
static enum rh_err check_end(struct desk_work *work, const struct rh_participant *one,
                             const char *pointer)
{
    struct agent_person person;
    char id[RH_PARTICIPANT_ID_BYTES_MAX + 1];
    if (work->desk->spool == NULL)
        return RH_OK;
    copy_line(id, sizeof id, one->id);
    enum rh_err err = agent_people_find(work->desk->spool,
                                        &desk_last(work)->item.referral_id,
                                        &work->desk->agency, id, &person);
    if (err == RH_ERR_NOTFOUND)
        desk_complain(work, RH_REFUSE_PARTICIPANT_UNKNOWN, pointer,
                      "one whom this agency named in this matter",
                      "应为本单位在本事项中列明的参与人");
    else if (err == RH_OK && person.now.ended[0] != '\0')
        desk_complain(work, RH_REFUSE_PARTICIPANT_NOT_NOW, pointer, "one who still takes part",
                      "应为仍在参与的人员");
    return err == RH_ERR_NOTFOUND ? RH_OK : err;
}

static void check_last_day(struct desk_work *work, const struct rh_participant *one,
                           const char *pointer)
{
    struct rh_date until;
    if (one->until.bytes == 0 || work->desk->time_unknown ||
        rh_date_parse((const char *)one->until.data, one->until.bytes, &until) != RH_OK)
        return;
    if (until.days < rh_date_of_instant(work->desk->now_ms).days)
        desk_complain(work, RH_REFUSE_DUE_DATE, pointer, "a day that is not over",
                      "不得为已过的日期");
}

static enum rh_err check_room(struct desk_work *work)
{
    uint32_t words = 0;
    if (work->desk->spool == NULL)
        return RH_OK;
    enum rh_err err = agent_people_words(work->desk->spool, &desk_last(work)->item.referral_id,
                                         &work->desk->agency, &words);
    if (err == RH_OK &&
        words + work->message->content.participant_count > AGENT_PEOPLE_WORDS_MAX)
        desk_complain(work, RH_REFUSE_TOO_MANY_ITEMS, "/private/participants",
                      "at most 1024 entries for one matter altogether",
                      "同一事项累计不超过 1024 条");
    return err;
}

enum rh_err desk_check_people(struct desk_work *work)
{
    const struct rh_private *content = &work->message->content;
    struct rh_public *item = &desk_last(work)->item;
    enum rh_err err = RH_OK;
    if (content->participant_count == 0)
        return RH_OK;
    if (!may_name(item->kind)) {
        desk_complain(work, RH_REFUSE_FIELD_INVALID, "/private/participants",
                      "participants are named when a matter is registered or sent, or in "
                      "progress, hearing, notice, copy",
                      "参与人应在登记、转送时, 或在 progress、hearing、notice、copy 中列明");
        return RH_OK;
    }
    fill_addressee(work, item);
    err = check_room(work);
    for (uint32_t i = 0; i < content->participant_count && err == RH_OK; i++) {
        const struct rh_participant *one = &content->participants[i];
        char pointer[AGENT_POINTER_BYTES];
        snprintf(pointer, sizeof pointer, "/private/participants/%u/%s", (unsigned)i,
                 one->ended.bytes > 0 ? "id" : "until");
        if (one->ended.bytes > 0)
            err = check_end(work, one, pointer);
        else
            check_last_day(work, one, pointer);
    }
    return err;
}

enum rh_err desk_keep_people(struct desk_work *work, uint64_t n)
{
    struct rh_public *item = &desk_last(work)->item;
    return agent_people_keep(work->desk->spool, &item->referral_id, &work->message->content,
                             &(struct agent_said){ .agency = work->desk->agency, .sent = true,
                                                   .number = n,
                                                   .message_id = item->message_id });
}
