/* Imports: which tables this agency has begun to take in, and how far each is. A place in
 * the outbox is all that is needed to go on: what was registered from it on is this import's
 * work. */
#include "runtime/spool_inside.h"

#include <string.h>

static const struct rh_layout_field import_fields[] = {
    RH_LAYOUT_ENUM(1, struct agent_import_job, state, AGENT_IMPORT_DONE),
    RH_LAYOUT_BIN(2, struct agent_import_job, identity),
    RH_LAYOUT_TEXT(3, struct agent_import_job, file),
    RH_LAYOUT_U64(4, struct agent_import_job, first_n),
    RH_LAYOUT_U64(5, struct agent_import_job, started_ms),
    RH_LAYOUT_U64(6, struct agent_import_job, updated_ms),
    RH_LAYOUT_U64(7, struct agent_import_job, rows),
    RH_LAYOUT_U64(8, struct agent_import_job, registered),
    RH_LAYOUT_U64(9, struct agent_import_job, dispatched),
    RH_LAYOUT_U64(10, struct agent_import_job, bad),
    RH_LAYOUT_U64(11, struct agent_import_job, taken),
    RH_LAYOUT_U64(12, struct agent_import_job, total),
};

static const struct rh_layout import_layout =
    RH_LAYOUT_OF(struct agent_import_job, import_fields);

enum rh_err agent_spool_import_next(struct agent_spool *spool, uint64_t *no,
                                    struct agent_import_job *out)
{
    struct spool_key key = spool_key_number(*no);
    struct rh_bytes found, value;
    enum rh_err err = spool_seek(spool->env, SPOOL_IMPORTS, spool_key_of(&key), &found, &value);
    if (err == RH_OK) {
        *no = spool_key_tail(found);
        err = spool_read_row(value, &import_layout, out);
        out->no = *no;
    }
    spool_read_done(spool->env);
    return err;
}

enum rh_err agent_spool_import_find(struct agent_spool *spool, const struct rh_hash *identity,
                                    struct agent_import_job *out)
{
    struct agent_import_job one;
    enum rh_err err = RH_OK;
    bool found = false;
    for (uint64_t no = 1; err == RH_OK; no++) {
        err = agent_spool_import_next(spool, &no, &one);
        if (err == RH_OK && memcmp(one.identity.bytes, identity->bytes,
                                   sizeof identity->bytes) == 0) {
            *out = one; /* the newest of them */
            found = true;
        }
    }
    return err == RH_ERR_NOTFOUND && found ? RH_OK : err;
}

/* A number for a new row; the oldest leaves when there are many. */
static enum rh_err new_number(struct agent_spool *spool, uint64_t *no)
{
    struct agent_import_job one;
    enum rh_err err = RH_OK;
    uint64_t oldest = 0, count = 0, newest = 0;
    for (uint64_t at = 1; err == RH_OK; at++) {
        err = agent_spool_import_next(spool, &at, &one);
        if (err != RH_OK)
            break;
        oldest = oldest == 0 ? at : oldest;
        newest = at;
        count++;
    }
    *no = newest + 1;
    if (err != RH_ERR_NOTFOUND || count < AGENT_IMPORTS_KEPT_MAX)
        return err == RH_ERR_NOTFOUND ? RH_OK : err;
    struct spool_key key = spool_key_number(oldest);
    return spool_del(spool->env, SPOOL_IMPORTS, spool_key_of(&key));
}

enum rh_err agent_spool_import_put(struct agent_spool *spool, struct agent_import_job *job)
{
    enum rh_err err = job->no == 0 ? new_number(spool, &job->no) : RH_OK;
    struct spool_key key = spool_key_number(job->no);
    return err == RH_OK ? spool_put_row(spool, SPOOL_IMPORTS, &key, &import_layout, job) : err;
}
