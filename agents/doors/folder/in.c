/* in/ and done/: what was delivered, once.
 *
 * The case system may take a file away in the moment it appears, so that afterwards nothing
 * shows whether it was there. Therefore two steps, with a commit of the spool between them:
 *
 *     1. .rhub-A.json (and .rhub-A.d/) complete, synced      spool: A is staged, as NAME
 *     2. renamed to NAME                                      spool: A is placed
 *
 * Killed before the commit of 1: done again from the start, over the hidden file. Killed after
 * it: if the hidden file is still there it has not appeared yet, and is renamed; if it is gone,
 * it has. */
#include "doors/folder/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/words.h"

static void hidden_name(uint64_t arrival, const char *end, char *out, size_t capacity)
{
    snprintf(out, capacity, ".rhub-%llu%s", (unsigned long long)arrival, end);
}

/* "R-26K4-0042-transfer-0192....json": number and kind for people, the message id so that no
 * two messages ever share a name. What does not fit a file name is left out. */
static void final_name(const struct agent_got *got, char out[AGENT_NAME_BYTES_MAX + 1])
{
    char number[RH_NUMBER_BYTES_MAX + 2] = "", id[RH_ID_TEXT_BYTES];
    size_t used = 0;
    for (const char *at = got->number; *at != '\0' && used < RH_NUMBER_BYTES_MAX; at++) {
        bool good = (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
                    (*at >= 'a' && *at <= 'z') || (*at == '-' && used > 0);
        if (good)
            number[used++] = *at;
    }
    if (used > 0)
        number[used++] = '-';
    number[used] = '\0';
    const char *kind = got->kind != RH_KIND_NONE ? rh_kind_name(got->kind) : "notice";
    const char *form = got->form == RH_DELIVERY_TOMBSTONE ? "-void" : "";
    rh_id_format(got->message_id.bytes, id);
    snprintf(out, AGENT_NAME_BYTES_MAX + 1, "%s%s%s-%s.json", number, kind, form, id);
}

/* A body that is no text goes into a file of its own, in NAME.d/. */
static enum rh_err stage_body(struct folder *folder, const struct agent_got *got,
                              const struct rh_body *body)
{
    char dir[64];
    hidden_name(got->arrival, ".d", dir, sizeof dir);
    folder_remove_dir(folder->rooms[ROOM_IN], dir);
    if (mkdirat(folder->rooms[ROOM_IN], dir, 0770) != 0)
        return errno == ENOSPC ? RH_ERR_NOSPACE : RH_ERR_IO;
    int room = openat(folder->rooms[ROOM_IN], dir,
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (room < 0)
        return RH_ERR_IO;
    enum rh_err err = folder_write_plain(room, "body.bin", body->content.data,
                                         body->content.bytes);
    if (err == RH_OK)
        err = folder_sync(room);
    close(room);
    return err;
}

static enum rh_err write_staged(struct folder *folder, const struct agent_got *got,
                                const struct agent_opened *opened)
{
    struct agent *agent = folder->options.agent;
    struct agent_case known;
    char hidden[64];
    bool has_case = agent_spool_case(agent->spool, &got->referral_id, &known) == RH_OK;
    struct agent_delivered delivered = {
        .got = got,
        .item = opened->has_item ? &opened->item : NULL,
        .content = got->form == RH_DELIVERY_ITEM ? &opened->content : NULL,
        .body = opened->body,
        .known = has_case ? &known : NULL,
    };
    if (opened->body.media_type.bytes > 0 && !agent_body_is_text(&opened->body)) {
        enum rh_err err = stage_body(folder, got, &opened->body);
        if (err != RH_OK)
            return err;
        delivered.body_file = "body.bin";
    }
    json_t *json = agent_message_write(&delivered);
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (text == NULL)
        return RH_ERR_NOMEM;
    hidden_name(got->arrival, ".json", hidden, sizeof hidden);
    enum rh_err err = folder_write_plain(folder->rooms[ROOM_IN], hidden, text, strlen(text));
    free(text);
    return err;
}

/* Step 1 for one delivery. RH_ERR_NOSPACE and RH_ERR_DENIED are the folder's, others end the
 * agent's turn. */
static enum rh_err stage_one(struct folder *folder, uint64_t arrival)
{
    struct agent *agent = folder->options.agent;
    struct agent_got got;
    struct rh_bytes frame;
    char name[AGENT_NAME_BYTES_MAX + 1];
    enum rh_err err = agent_spool_got(agent->spool, arrival, &got);
    if (err == RH_OK)
        err = agent_spool_delivery(agent->spool, arrival, &frame);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    uint8_t *copy = malloc(frame.bytes);
    struct agent_opened *opened = malloc(sizeof *opened);
    rh_assert(copy != NULL && opened != NULL);
    memcpy(copy, frame.data, frame.bytes); /* the spool lends it only until the next call */
    uint32_t refusal =
        agent_open_delivery(agent, (struct rh_bytes){ copy, frame.bytes }, opened);
    err = refusal == 0 ? write_staged(folder, &got, opened) : RH_ERR_CORRUPT;
    agent_opened_release(opened);
    free(opened);
    free(copy);
    if (err != RH_OK) {
        if (err == RH_ERR_CORRUPT)
            return err;
        folder_disk_trouble(folder, err, "a delivery cannot be written");
        return RH_ERR_AGAIN;
    }
    final_name(&got, name);
    return agent_spool_staged(agent->spool, arrival, name);
}

/* Step 2 for one delivery. */
static enum rh_err publish_one(struct folder *folder, uint64_t arrival)
{
    struct agent *agent = folder->options.agent;
    struct agent_got got;
    char hidden[64], dir[AGENT_NAME_BYTES_MAX + 1];
    int room = folder->rooms[ROOM_IN];
    enum rh_err err = agent_spool_got(agent->spool, arrival, &got);
    if (err != RH_OK)
        return err;
    hidden_name(arrival, ".d", hidden, sizeof hidden);
    folder_with_end(got.name, ".d", dir);
    bool failed = renameat(room, hidden, room, dir) != 0 && errno != ENOENT;
    hidden_name(arrival, ".json", hidden, sizeof hidden);
    failed = failed || (renameat(room, hidden, room, got.name) != 0 && errno != ENOENT);
    if (failed) {
        folder_disk_trouble(folder, RH_ERR_IO, "a delivery cannot be placed");
        return RH_ERR_AGAIN;
    }
    return agent_spool_placed(agent->spool, arrival);
}

/* Do `step` to at most FOLDER_BATCH deliveries that wait for it; *done how many. */
static enum rh_err for_each(struct folder *folder, enum agent_placing wanted,
                            enum rh_err (*step)(struct folder *, uint64_t), uint32_t *done)
{
    struct agent_spool *spool = folder->options.agent->spool;
    uint64_t arrival = 0;
    *done = 0;
    for (uint32_t i = 0; i < FOLDER_BATCH; i++, arrival++) {
        enum agent_placing at;
        enum rh_err err = agent_spool_placing_next(spool, &arrival, &at);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        if (err != RH_OK)
            return err;
        if (at != wanted)
            continue;
        err = step(folder, arrival);
        if (err != RH_OK)
            return err == RH_ERR_AGAIN ? RH_OK : err;
        (*done)++;
    }
    return RH_OK;
}

enum rh_err folder_give_deliveries(struct folder *folder)
{
    struct agent_spool *spool = folder->options.agent->spool;
    uint32_t staged, published;
    enum rh_err err = for_each(folder, AGENT_PLACING_WAITS, stage_one, &staged);
    if (err == RH_OK && staged > 0) {
        err = folder_sync(folder->rooms[ROOM_IN]) == RH_OK ? RH_OK : RH_ERR_IO;
        if (err == RH_OK)
            err = agent_spool_commit(spool);
    }
    if (err == RH_OK)
        err = for_each(folder, AGENT_PLACING_STAGED, publish_one, &published);
    if (err == RH_OK && published > 0)
        folder_sync(folder->rooms[ROOM_IN]);
    return err;
}

/* ---- done/ ------------------------------------------------------------------------------ */

void folder_note_done(struct folder *folder, const char *name)
{
    struct agent *agent = folder->options.agent;
    uint64_t arrival;
    if (agent_spool_arrival_of_name(agent->spool, name, &arrival) == RH_OK)
        agent_spool_taken(agent->spool, arrival, agent_now_ms(agent));
}

/* Only when the directory has changed: what is taken stays there as long as the case system
 * likes. */
void folder_scan_done(struct folder *folder, bool whole)
{
    struct stat about;
    if (fstat(folder->rooms[ROOM_DONE], &about) != 0 ||
        (!whole && about.st_mtim.tv_sec == folder->done_changed.tv_sec &&
         about.st_mtim.tv_nsec == folder->done_changed.tv_nsec))
        return;
    folder->done_changed = about.st_mtim;
    DIR *dir = folder_entries(dup(folder->rooms[ROOM_DONE]));
    const struct dirent *entry;
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        folder_note_done(folder, entry->d_name);
    closedir(dir);
}
