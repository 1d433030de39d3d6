/* sent/ and failed/: what became of a file. Written only after the spool holds the receipt on
 * disk; written in an order that a crash may cut anywhere: the file as it came, then its
 * receipt, both synced, then the file leaves out/, then the spool forgets it. Doing it again
 * gives the same files. */
#include "doors/folder/inside.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "runtime/receipt.h"
#include "runtime/words.h"

/* "X.json", or with the first of its hash when another file of that name is there already. */
static void choose_name(const struct folder *folder, enum folder_room room, const char *name,
                        const struct rh_hash *hash, char out[AGENT_NAME_BYTES_MAX + 1])
{
    struct stat about;
    memcpy(out, name, strlen(name) + 1);
    if (fstatat(folder->rooms[room], name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
        folder_holds(folder->rooms[room], name, hash, folder->options.bytes_max))
        return;
    char end[32], *hex = agent_hex(hash->bytes, 4);
    snprintf(end, sizeof end, ".%s.json", hex);
    folder_with_end(name, end, out);
    free(hex);
}

static void move_dir(struct folder *folder, enum folder_room room, const char *name,
                     const char *chosen)
{
    char from[AGENT_NAME_BYTES_MAX + 1], to[AGENT_NAME_BYTES_MAX + 1];
    folder_with_end(name, ".d", from);
    folder_with_end(chosen, ".d", to);
    renameat(folder->rooms[ROOM_OUT], from, folder->rooms[room], to);
}

/* ---- refused before it left ------------------------------------------------------------- */

/* A name that can stand in JSON; the file keeps its own, or gets this one in failed/. */
static void safe_name(const char *name, char out[AGENT_NAME_BYTES_MAX + 1])
{
    json_t *text = json_string(name);
    if (text != NULL && strlen(name) <= FOLDER_NAME_MAX) {
        memcpy(out, name, strlen(name) + 1);
    } else {
        struct rh_hash hash;
        rh_hash(name, strlen(name), &hash);
        char *hex = agent_hex(hash.bytes, 8);
        snprintf(out, AGENT_NAME_BYTES_MAX + 1, "unnamed-%s.json", hex);
        free(hex);
    }
    json_decref(text);
}

/* "file:out/NAME" as people know it: what is no UTF-8 with its bytes as %FF. */
static void instance_of(const char *name, char *out, size_t capacity)
{
    json_t *text = json_string(name);
    size_t used = (size_t)snprintf(out, capacity, "file:out/");
    for (const unsigned char *at = (const unsigned char *)name;
         *at != '\0' && used + 4 < capacity; at++) {
        bool plain = *at >= 0x20 && *at != 0x7f && (text != NULL || *at < 0x7f);
        used += (size_t)snprintf(out + used, capacity - used, plain ? "%c" : "%%%02X", *at);
    }
    json_decref(text);
}

/* Its reasons, beside where it is or will be. */
static enum rh_err write_reasons(struct folder *folder, const char *name, const char *error,
                                 const struct agent_problems *problems)
{
    char instance[AGENT_NAME_BYTES_MAX * 3 + 16];
    instance_of(name, instance, sizeof instance);
    return folder_write_json(folder->rooms[ROOM_FAILED], error,
                             agent_problems_json(problems, folder->options.agent->texts,
                                                 instance));
}

static void log_refusal(const char *event, const char *name,
                        const struct agent_problems *problems)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(problems->list[0].refusal, code);
    agent_log(AGENT_WARNING, event, "file", name, "code", code, NULL);
}

bool folder_name_odd(struct folder *folder, const char *name,
                     const struct agent_problems *problems)
{
    char safe[AGENT_NAME_BYTES_MAX + 1], error[AGENT_NAME_BYTES_MAX + 1];
    struct stat about;
    safe_name(name, safe);
    folder_with_end(safe, ".error.json", error);
    if (fstatat(folder->rooms[ROOM_FAILED], error, &about, AT_SYMLINK_NOFOLLOW) == 0)
        return true; /* said before this agent was started */
    enum rh_err err = write_reasons(folder, name, error, problems);
    if (err != RH_OK) {
        folder_disk_trouble(folder, err, "failed/ cannot be written");
        return false;
    }
    folder_sync(folder->rooms[ROOM_FAILED]);
    log_refusal("entry_left_alone", safe, problems);
    return true;
}

bool folder_fail(struct folder *folder, const char *name, const struct agent_problems *problems)
{
    char safe[AGENT_NAME_BYTES_MAX + 1], error[AGENT_NAME_BYTES_MAX + 1];
    safe_name(name, safe);
    folder_with_end(safe, ".error.json", error);
    enum rh_err err = write_reasons(folder, name, error, problems);
    if (err == RH_OK && renameat(folder->rooms[ROOM_OUT], name, folder->rooms[ROOM_FAILED],
                                 safe) != 0)
        err = RH_ERR_IO;
    if (err != RH_OK) {
        folder_disk_trouble(folder, err, "failed/ cannot be written");
        return false;
    }
    move_dir(folder, ROOM_FAILED, safe, safe);
    folder_sync(folder->rooms[ROOM_FAILED]);
    log_refusal("file_refused", safe, problems);
    return true;
}

/* ---- answered by the hub ---------------------------------------------------------------- */

/* Receipts of all items of a file, refused ones included: a refusal is on record too. */
static enum rh_err receipts_of(struct agent *agent, const struct agent_file *file, json_t **out)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < file->count; i++) {
        json_t *one = NULL;
        enum rh_err err = agent_receipt_json(agent->spool, file->first_n + i, true, &one);
        if (err != RH_OK) {
            json_decref(list);
            return err;
        }
        json_array_append_new(list, one);
    }
    *out = list;
    return RH_OK;
}

static json_t *sent_json(const struct agent_file *file, json_t *receipts)
{
    json_t *out = agent_json_row("file_receipt");
    char *hash = agent_hex(file->hash.bytes, sizeof file->hash.bytes);
    json_object_set_new(out, "file", json_string(file->name));
    json_object_set_new(out, "sha256", json_string(hash));
    json_object_set_new(out, "receipts", receipts);
    free(hash);
    return out;
}

static json_t *failed_json(struct agent *agent, const struct agent_file *file, json_t *receipts)
{
    struct agent_problems *problems = calloc(1, sizeof *problems);
    char instance[AGENT_NAME_BYTES_MAX + 16];
    rh_assert(problems != NULL);
    for (uint32_t i = 0; i < file->count; i++) {
        struct agent_sent sent;
        if (agent_spool_sent(agent->spool, file->first_n + i, &sent) == RH_OK &&
            sent.refusal != 0)
            agent_problem_add(problems, sent.refusal, "", "refused by the hub",
                              "枢纽未予接收");
    }
    if (problems->count == 0) /* stored after all, in a later generation */
        agent_problem_add(problems, RH_REFUSE_WRONG_STATE, "", "", "");
    snprintf(instance, sizeof instance, "file:out/%s", file->name);
    json_t *out = agent_problems_json(problems, agent->texts, instance);
    json_object_set_new(out, "receipts", receipts);
    free(problems);
    return out;
}

static enum rh_err write_answer(struct folder *folder, const struct agent_file *file,
                                json_t *receipts)
{
    struct agent *agent = folder->options.agent;
    enum folder_room room = file->refused ? ROOM_FAILED : ROOM_SENT;
    int target = folder->rooms[room];
    char chosen[AGENT_NAME_BYTES_MAX + 1], answer[AGENT_NAME_BYTES_MAX + 1];
    struct rh_bytes original;
    choose_name(folder, room, file->name, &file->hash, chosen);
    folder_with_end(chosen, file->refused ? ".error.json" : ".receipt.json", answer);
    json_t *json = file->refused ? failed_json(agent, file, receipts)
                                 : sent_json(file, receipts);
    enum rh_err err = agent_spool_file_original(agent->spool, file->no, &original);
    if (err == RH_OK)
        err = folder_write(target, chosen, original.data, original.bytes);
    if (err != RH_OK) {
        json_decref(json);
        return err;
    }
    err = folder_write_json(target, answer, json);
    if (err == RH_OK)
        err = folder_sync(target);
    if (err != RH_OK)
        return err;
    if (folder_holds(folder->rooms[ROOM_OUT], file->name, &file->hash,
                     folder->options.bytes_max)) {
        unlinkat(folder->rooms[ROOM_OUT], file->name, 0);
        folder_forget(folder, file->name);
    }
    move_dir(folder, room, file->name, chosen);
    return RH_OK;
}

enum rh_err folder_give_answers(struct folder *folder)
{
    struct agent *agent = folder->options.agent;
    uint64_t no = 0;
    for (uint32_t i = 0; i < FOLDER_BATCH; i++, no++) {
        struct agent_file file;
        json_t *receipts = NULL;
        enum rh_err err = agent_spool_file_answered(agent->spool, &no, &file);
        if (err == RH_ERR_NOTFOUND)
            return RH_OK;
        if (err == RH_OK)
            err = receipts_of(agent, &file, &receipts);
        if (err != RH_OK)
            return err;
        err = write_answer(folder, &file, receipts);
        if (err == RH_ERR_CORRUPT)
            return err;
        if (err != RH_OK) {
            folder_disk_trouble(folder, err, "an answer cannot be written");
            return RH_OK;
        }
        err = agent_spool_file_done(agent->spool, no);
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}
