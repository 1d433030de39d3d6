/* out/: which files are complete, and into the spool with them.
 *
 * A rename into out/ publishes at once. A file written in place is complete when neither size
 * nor time of change has moved for the settling time, measured by the monotonic clock from when
 * we first saw it so; the file's own time stamps are only compared with themselves. */
#include "doors/folder/inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "runtime/words.h"

enum { KEY_RETRY_MS = 200, CHANGED_RETRY_MS = 200, DISK_RETRY_MS = 5000 };

/* ---- what has been seen ----------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct folder_file *)a)->name, ((const struct folder_file *)b)->name);
}

static struct folder_file *find_file(struct folder *folder, const char *name)
{
    struct folder_file wanted;
    if (strlen(name) > AGENT_NAME_BYTES_MAX)
        return NULL;
    memcpy(wanted.name, name, strlen(name) + 1);
    void *node = tfind(&wanted, &folder->tree, by_name);
    return node == NULL ? NULL : *(struct folder_file **)node;
}

static struct folder_file *add_file(struct folder *folder, const char *name)
{
    if (folder->count == FOLDER_FILES_MAX) {
        if (!folder->told_many)
            agent_trouble(folder->options.agent, "too_many_files", RH_REFUSE_FILE_REFUSED,
                          "more files wait in out/ than are watched at a time");
        folder->told_many = true;
        return NULL;
    }
    struct folder_file *file = calloc(1, sizeof *file);
    rh_assert(file != NULL);
    memcpy(file->name, name, strlen(name) + 1);
    rh_assert(tsearch(file, &folder->tree, by_name) != NULL);
    folder->files[folder->count++] = file;
    return file;
}

static void drop_file(struct folder *folder, uint32_t i)
{
    struct folder_file *file = folder->files[i];
    tdelete(file, &folder->tree, by_name);
    folder->files[i] = folder->files[--folder->count];
    folder->told_many = false;
    free(file);
}

void folder_forget(struct folder *folder, const char *name)
{
    for (uint32_t i = 0; i < folder->count; i++)
        if (strcmp(folder->files[i]->name, name) == 0) {
            drop_file(folder, i);
            return;
        }
}

void folder_forget_all(struct folder *folder)
{
    while (folder->count > 0)
        drop_file(folder, folder->count - 1);
}

static bool unchanged(const struct folder_file *file, const struct stat *about)
{
    return file->inode == about->st_ino && file->bytes == about->st_size &&
           file->changed.tv_sec == about->st_mtim.tv_sec &&
           file->changed.tv_nsec == about->st_mtim.tv_nsec;
}

/* Look at one name of out/. */
static struct folder_file *look(struct folder *folder, const char *name)
{
    struct stat about;
    if (folder_judge_name(name) == FOLDER_NAME_IGNORED ||
        strlen(name) > AGENT_NAME_BYTES_MAX ||
        fstatat(folder->rooms[ROOM_OUT], name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return NULL;
    struct folder_file *file = find_file(folder, name);
    if (file == NULL)
        file = add_file(folder, name);
    if (file == NULL)
        return NULL;
    file->seen = true;
    if (file->since != 0 && unchanged(file, &about))
        return file;
    file->inode = about.st_ino;
    file->bytes = about.st_size;
    file->changed = about.st_mtim;
    file->since = agent_monotonic_ms();
    file->again_at = 0;
    file->published = file->handed_in = false;
    return file;
}

void folder_note_event(struct folder *folder, const char *name, bool published)
{
    struct folder_file *file = look(folder, name);
    if (file != NULL && published)
        file->published = true;
}

/* A file that was handed in is in the spool, unless the batch it was in did not fit. */
static void doubt(struct folder *folder, struct folder_file *file)
{
    uint8_t *data;
    size_t bytes;
    struct rh_hash hash;
    struct agent_file known;
    if (folder_read(folder->rooms[ROOM_OUT], file->name, folder->options.bytes_max, &data,
                    &bytes) != RH_OK)
        return;
    rh_hash(data, bytes, &hash);
    free(data);
    if (agent_spool_file(folder->options.agent->spool, file->name, &hash, &known) ==
        RH_ERR_NOTFOUND)
        file->handed_in = false;
}

void folder_scan_out(struct folder *folder)
{
    DIR *dir = folder_entries(dup(folder->rooms[ROOM_OUT]));
    const struct dirent *entry;
    if (dir == NULL)
        return;
    for (uint32_t i = 0; i < folder->count; i++)
        folder->files[i]->seen = false;
    while ((entry = readdir(dir)) != NULL) {
        struct folder_file *file = look(folder, entry->d_name);
        if (file != NULL && file->handed_in)
            doubt(folder, file);
    }
    closedir(dir);
    for (uint32_t i = folder->count; i > 0; i--)
        if (!folder->files[i - 1]->seen)
            drop_file(folder, i - 1);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* What the case system wrote, as UTF-8; malloc'ed. NULL when it cannot be converted. */
static char *to_utf8(const struct folder *folder, uint8_t *data, size_t bytes,
                     size_t *out_bytes)
{
    if (folder->options.encoding == NULL) {
        size_t skip = bytes >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        char *copy = malloc(bytes + 1);
        rh_assert(copy != NULL);
        memcpy(copy, data + skip, bytes - skip);
        *out_bytes = bytes - skip;
        return copy;
    }
    iconv_t converter = iconv_open("UTF-8", folder->options.encoding);
    if (converter == (iconv_t)-1)
        return NULL;
    size_t capacity = bytes * 3 + 16, left = capacity, in_left = bytes;
    char *out = malloc(capacity), *at = out, *in = (char *)data;
    rh_assert(out != NULL);
    size_t done = iconv(converter, &in, &in_left, &at, &left);
    iconv_close(converter);
    if (done == (size_t)-1) {
        free(out);
        return NULL;
    }
    *out_bytes = capacity - left;
    return out;
}

static json_t *parse(const struct folder *folder, uint8_t *data, size_t bytes,
                     bool may_be_empty, struct agent_problems *problems)
{
    json_error_t error;
    size_t text_bytes = 0;
    char *text = to_utf8(folder, data, bytes, &text_bytes);
    if (text == NULL) {
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "", "text in GB18030",
                          "应为 GB18030 编码的文本");
        return NULL;
    }
    if (text_bytes == 0 && may_be_empty) {
        free(text);
        return json_object();
    }
    json_t *json = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL && text_bytes == 0) {
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "",
                          "a message; this file is empty", "应为报文; 此文件为空");
    } else if (json == NULL) {
        char expected[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
        snprintf(expected, sizeof expected, "JSON; line %d, column %d", error.line,
                 error.column);
        snprintf(chinese, sizeof chinese, "JSON 有误: 第 %d 行第 %d 列", error.line,
                 error.column);
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "", expected, chinese);
    }
    free(text);
    return json;
}

/* The body that stands in a file of X.d/. */
static void read_body(struct folder *folder, const char *name, struct agent_message *message,
                      struct agent_problems *problems)
{
    char dir[AGENT_NAME_BYTES_MAX + 1];
    const char *file = message->body_file;
    if (file[0] == '\0')
        return;
    folder_with_end(name, ".d", dir);
    int room = openat(folder->rooms[ROOM_OUT], dir,
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    enum rh_err err = RH_ERR_NOTFOUND;
    if (room >= 0 && file[0] != '.' && strchr(file, '/') == NULL)
        err = folder_read(room, file, AGENT_BODY_BYTES_MAX, &message->body,
                          &message->body_bytes);
    if (room >= 0)
        close(room);
    if (err == RH_ERR_FULL)
        agent_problem_add(problems, RH_REFUSE_TOO_LARGE, "/body/file", "at most 184320 bytes",
                          "不超过 184320 字节");
    else if (err != RH_OK)
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "/body/file",
                          "a file in the directory beside, with the same name and .d",
                          "应为同名 .d 目录中的文件");
}

/* ---- handing in ------------------------------------------------------------------------- */

static enum rh_err submit(struct folder *folder, const char *name, const struct rh_hash *hash,
                          uint8_t *data, size_t bytes, struct agent_problems *problems)
{
    struct agent *agent = folder->options.agent;
    struct agent_message message;
    struct agent_desk desk;
    struct agent_submission sent;
    char referral[AGENT_NAME_BYTES_MAX + 1];
    enum rh_kind kind;
    uint64_t no = agent_spool_file_next_no(agent->spool);
    folder_read_name(name, &kind, referral, sizeof referral);
    json_t *json = parse(folder, data, bytes, kind != RH_KIND_NONE, problems);
    if (json == NULL)
        return RH_ERR_INVALID;
    bool whole = json_object_get(json, "kind") != NULL;
    enum rh_err err = agent_message_read(json, whole ? RH_KIND_NONE : kind,
                                         kind != RH_KIND_NONE && !whole ? referral : NULL,
                                         &message, problems);
    json_decref(json);
    if (err == RH_OK)
        read_body(folder, name, &message, problems);
    if (err == RH_OK && problems->count > 0)
        err = RH_ERR_INVALID;
    if (err == RH_OK) {
        agent_fill_desk(agent, &desk);
        err = agent_desk_submit(&desk, &message, no, problems, &sent);
    }
    if (err == RH_OK)
        err = agent_spool_file_add(agent->spool, name, hash, sent.first_n, sent.count,
                                   (struct rh_bytes){ data, bytes }, &no);
    if (err == RH_ERR_EXISTS) {
        agent_problem_add(problems, RH_REFUSE_MESSAGE_ID_REUSED, "/id",
                          "an id that no other file or message has used",
                          "标识已被其他文件或报文使用");
        err = RH_ERR_INVALID;
    }
    agent_message_release(&message);
    return err;
}

static enum rh_err hand_in(struct folder *folder, const char *name, uint8_t *data, size_t bytes,
                           struct agent_problems *problems)
{
    struct agent *agent = folder->options.agent;
    struct agent_file known;
    struct rh_hash hash;
    rh_hash(data, bytes, &hash);
    enum rh_err err = agent_spool_file(agent->spool, name, &hash, &known);
    if (err == RH_OK)
        return known.state == AGENT_FILE_DONE
                   ? agent_spool_file_again(agent->spool, known.no,
                                            (struct rh_bytes){ data, bytes })
                   : RH_OK;
    return err == RH_ERR_NOTFOUND ? submit(folder, name, &hash, data, bytes, problems) : err;
}

/* What is no plain file is neither followed, opened nor moved: it is named once, in failed/,
 * and stays where it is until somebody puts something else there. */
static bool is_odd(const struct folder *folder, const char *name,
                   struct agent_problems *problems)
{
    struct stat about;
    if (fstatat(folder->rooms[ROOM_OUT], name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
        S_ISREG(about.st_mode))
        return false;
    if (S_ISLNK(about.st_mode))
        agent_problem_add(problems, RH_REFUSE_NO_PLAIN_FILE, "",
                          "a file; this is a link, and links are never followed",
                          "应为文件; 这是链接, 链接一律不跟随");
    else if (S_ISDIR(about.st_mode))
        agent_problem_add(problems, RH_REFUSE_NO_PLAIN_FILE, "",
                          "a file; this is a directory (X.d belongs beside X.json)",
                          "应为文件; 这是目录 (X.d 须与 X.json 同在)");
    else
        agent_problem_add(problems, RH_REFUSE_NO_PLAIN_FILE, "",
                          "a file; this is a pipe, a socket or a device",
                          "应为文件; 这是管道, 套接字或设备");
    return true;
}

static enum rh_err read_and_hand_in(struct folder *folder, struct folder_file *file,
                                    struct agent_problems *problems)
{
    uint8_t *data;
    size_t bytes;
    if (folder_judge_name(file->name) == FOLDER_NAME_REFUSED) {
        agent_problem_add(problems, RH_REFUSE_FILE_REFUSED, "",
                          "a name of at most 200 bytes that ends in .json",
                          "文件名应以 .json 结尾且不超过 200 字节");
        return RH_ERR_INVALID;
    }
    enum rh_err err = folder_read(folder->rooms[ROOM_OUT], file->name,
                                  folder->options.bytes_max, &data, &bytes);
    switch ((int)err) {
    case RH_OK:
        err = hand_in(folder, file->name, data, bytes, problems);
        free(data);
        return err;
    case RH_ERR_NOTFOUND:
        return RH_ERR_NOTFOUND;
    case RH_ERR_AGAIN:
        return RH_ERR_TIMEOUT; /* it changed while we read */
    case RH_ERR_FULL:
        agent_problem_add(problems, RH_REFUSE_FILE_REFUSED, "", "a smaller file", "文件过大");
        return RH_ERR_INVALID;
    default:
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "", "a regular file we may read",
                          "应为本程序可读取的普通文件");
        return RH_ERR_INVALID;
    }
}

/* RH_OK, or the spool's error. */
static enum rh_err take_one(struct folder *folder, struct folder_file *file)
{
    struct agent_problems *problems = calloc(1, sizeof *problems);
    rh_assert(problems != NULL);
    uint64_t now = agent_monotonic_ms();
    bool odd = is_odd(folder, file->name, problems);
    enum rh_err err = odd ? RH_OK : read_and_hand_in(folder, file, problems);
    if (odd) {
        file->handed_in = folder_name_odd(folder, file->name, problems);
        file->again_at = now + DISK_RETRY_MS;
    } else if (err == RH_OK) {
        file->handed_in = true;
    } else if (err == RH_ERR_INVALID) {
        file->gone = folder_fail(folder, file->name, problems);
        file->again_at = now + DISK_RETRY_MS;
        err = RH_OK;
    } else if (err == RH_ERR_AGAIN) {
        if (!folder->told_key)
            agent_log(AGENT_INFO, "waits_for_hub", "file", file->name, NULL);
        folder->told_key = true;
        file->again_at = now + KEY_RETRY_MS;
        err = RH_OK;
    } else if (err == RH_ERR_NOTFOUND) {
        file->gone = true;
        err = RH_OK;
    } else if (err == RH_ERR_TIMEOUT) {
        file->since = now;
        file->again_at = now + CHANGED_RETRY_MS;
        err = RH_OK;
    }
    free(problems);
    return err;
}

/* When a file may be looked into, monotonic ms. */
static uint64_t ready_at(const struct folder *folder, const struct folder_file *file)
{
    if (file->handed_in)
        return UINT64_MAX;
    uint64_t at = file->published ? file->since : file->since + folder->options.settle_ms;
    return at > file->again_at ? at : file->again_at;
}

/* Still as it was when it began to settle? Written in place, it may have moved since. */
static bool has_settled(struct folder *folder, struct folder_file *file)
{
    char name[AGENT_NAME_BYTES_MAX + 1];
    uint64_t since = file->since;
    memcpy(name, file->name, strlen(file->name) + 1);
    const struct folder_file *now = look(folder, name);
    return now == file && file->since == since;
}

enum rh_err folder_take(struct folder *folder)
{
    uint64_t now = agent_monotonic_ms();
    uint32_t taken = 0;
    if (folder->hold)
        return RH_OK;
    for (uint32_t i = 0; i < folder->count && taken < FOLDER_BATCH; i++) {
        struct folder_file *file = folder->files[i];
        if (ready_at(folder, file) > now || (!file->published && !has_settled(folder, file)))
            continue;
        enum rh_err err = take_one(folder, file);
        if (err != RH_OK)
            return err;
        taken++;
        if (file->gone)
            drop_file(folder, i--); /* the last one stands here now */
    }
    return RH_OK;
}

uint32_t folder_out_wait_ms(const struct folder *folder)
{
    uint64_t now = agent_monotonic_ms(), at = folder->scan_at;
    for (uint32_t i = 0; i < folder->count && !folder->hold; i++) {
        uint64_t ready = ready_at(folder, folder->files[i]);
        if (ready < at)
            at = ready;
    }
    if (at <= now)
        return 0;
    return at - now > UINT32_MAX ? UINT32_MAX : (uint32_t)(at - now);
}
