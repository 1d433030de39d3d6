/* Files of the folder door between being taken in and being answered. */
#include "runtime/spool_inside.h"

#include <string.h>

static const struct rh_layout_field file_fields[] = {
    RH_LAYOUT_ENUM(1, struct agent_file, state, AGENT_FILE_DONE),
    RH_LAYOUT_BIN(2, struct agent_file, hash),
    RH_LAYOUT_U64(3, struct agent_file, first_n),
    RH_LAYOUT_U32(4, struct agent_file, count),
    RH_LAYOUT_U32(5, struct agent_file, open),
    RH_LAYOUT_BOOL(6, struct agent_file, refused),
    RH_LAYOUT_TEXT(7, struct agent_file, name),
};

static const struct rh_layout file_layout = RH_LAYOUT_OF(struct agent_file, file_fields);

static struct spool_key name_key(const char *name, const struct rh_hash *hash)
{
    struct spool_key key = { .bytes = 0 };
    spool_key_bytes(&key, hash->bytes, sizeof hash->bytes);
    spool_key_bytes(&key, name, strlen(name));
    return key;
}

static enum rh_err get_file(struct agent_spool *spool, uint64_t no, struct agent_file *out)
{
    struct spool_key key = spool_key_number(no);
    enum rh_err err = spool_get_row(spool, SPOOL_FILES, &key, &file_layout, out);
    if (err == RH_OK)
        out->no = no;
    return err;
}

static enum rh_err put_file(struct agent_spool *spool, const struct agent_file *file)
{
    struct spool_key key = spool_key_number(file->no);
    return spool_put_row(spool, SPOOL_FILES, &key, &file_layout, file);
}

enum rh_err agent_spool_file(struct agent_spool *spool, const char *name,
                             const struct rh_hash *hash, struct agent_file *out)
{
    struct spool_key key = name_key(name, hash);
    struct rh_bytes value;
    enum rh_err err = spool_get(spool->env, SPOOL_FILE_NAMES, spool_key_of(&key), &value);
    if (err == RH_OK && value.bytes != 8)
        err = RH_ERR_CORRUPT;
    uint64_t no = err == RH_OK ? spool_read_u64(value.data) : 0;
    spool_read_done(spool->env);
    return err == RH_OK ? get_file(spool, no, out) : err;
}

uint64_t agent_spool_file_next_no(const struct agent_spool *spool)
{
    return spool->state.last_file + 1;
}

enum rh_err agent_spool_file_add(struct agent_spool *spool, const char *name,
                                 const struct rh_hash *hash, uint64_t first_n, uint32_t count,
                                 struct rh_bytes original, uint64_t *no)
{
    rh_assert(strlen(name) <= AGENT_NAME_BYTES_MAX && count > 0);
    struct agent_file file = { .no = ++spool->state.last_file, .state = AGENT_FILE_OPEN,
                               .hash = *hash, .first_n = first_n, .count = count,
                               .open = count };
    memcpy(file.name, name, strlen(name) + 1);
    spool->state_changed = true;
    *no = file.no;
    struct spool_key key = name_key(name, hash);
    struct spool_key number = spool_key_number(file.no);
    enum rh_err err = put_file(spool, &file);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_FILE_NAMES, spool_key_of(&key),
                        spool_key_of(&number));
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_ORIGINALS, spool_key_of(&number), original);
    return err;
}

static enum rh_err mark_answered(struct agent_spool *spool, uint64_t no)
{
    struct spool_key key = spool_key_number(no);
    return spool_put(spool->env, SPOOL_ANSWERED, spool_key_of(&key),
                     (struct rh_bytes){ NULL, 0 });
}

enum rh_err spool_file_settled(struct agent_spool *spool, uint64_t no, bool refused)
{
    struct agent_file file;
    enum rh_err err = get_file(spool, no, &file);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
    if (file.open == 0)
        return RH_ERR_CORRUPT;
    file.open--;
    file.refused = file.refused || refused;
    if (file.open == 0)
        file.state = AGENT_FILE_ANSWERED;
    err = put_file(spool, &file);
    return err == RH_OK && file.open == 0 ? mark_answered(spool, no) : err;
}

enum rh_err agent_spool_file_answered(struct agent_spool *spool, uint64_t *no,
                                      struct agent_file *out)
{
    struct spool_key key = spool_key_number(*no);
    struct rh_bytes found, value;
    enum rh_err err =
        spool_seek(spool->env, SPOOL_ANSWERED, spool_key_of(&key), &found, &value);
    if (err == RH_OK)
        *no = spool_key_tail(found);
    spool_read_done(spool->env);
    return err == RH_OK ? get_file(spool, *no, out) : err;
}

enum rh_err agent_spool_file_original(struct agent_spool *spool, uint64_t no,
                                      struct rh_bytes *out)
{
    struct spool_key key = spool_key_number(no);
    return spool_lend(spool, SPOOL_ORIGINALS, &key, spool->lent, out);
}

enum rh_err agent_spool_file_done(struct agent_spool *spool, uint64_t no)
{
    struct agent_file file;
    struct spool_key key = spool_key_number(no);
    enum rh_err err = get_file(spool, no, &file);
    if (err != RH_OK)
        return err;
    file.state = AGENT_FILE_DONE;
    err = put_file(spool, &file);
    if (err == RH_OK)
        err = spool_del(spool->env, SPOOL_ANSWERED, spool_key_of(&key));
    return err == RH_OK ? spool_del(spool->env, SPOOL_ORIGINALS, spool_key_of(&key)) : err;
}

enum rh_err agent_spool_file_again(struct agent_spool *spool, uint64_t no,
                                   struct rh_bytes original)
{
    struct agent_file file;
    struct spool_key key = spool_key_number(no);
    enum rh_err err = get_file(spool, no, &file);
    if (err != RH_OK || file.state != AGENT_FILE_DONE)
        return err;
    file.state = AGENT_FILE_ANSWERED;
    err = put_file(spool, &file);
    if (err == RH_OK)
        err = spool_put(spool->env, SPOOL_ORIGINALS, spool_key_of(&key), original);
    return err == RH_OK ? mark_answered(spool, no) : err;
}
