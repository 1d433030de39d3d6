/* Canonical form of a job. */
#include "core/row.h"

#include "core/row_codec.h"

static const struct rh_layout_field job_fields[] = {
    RH_LAYOUT_U64(1, struct hub_job_row, number),
    RH_LAYOUT_ENUM(2, struct hub_job_row, kind, HUB_JOB_SUCCESSOR),
    RH_LAYOUT_ENUM(3, struct hub_job_row, state, HUB_JOB_SUPERSEDED),
    RH_LAYOUT_U64(4, struct hub_job_row, begun_index),
    RH_LAYOUT_U64(5, struct hub_job_row, begun_ms),
    RH_LAYOUT_U64(6, struct hub_job_row, ended_index),
    RH_LAYOUT_U64(7, struct hub_job_row, ended_ms),
    RH_LAYOUT_U64(8, struct hub_job_row, subject),
    RH_LAYOUT_U32(9, struct hub_job_row, from),
    RH_LAYOUT_U32(10, struct hub_job_row, to),
    RH_LAYOUT_U64(11, struct hub_job_row, cursor),
    RH_LAYOUT_U64(12, struct hub_job_row, limit),
    RH_LAYOUT_U64(13, struct hub_job_row, total),
    RH_LAYOUT_U64(14, struct hub_job_row, done),
    RH_LAYOUT_U64(15, struct hub_job_row, changed),
    RH_LAYOUT_U64(16, struct hub_job_row, moved),
    RH_LAYOUT_U64(17, struct hub_job_row, stepped_ms),
};

static const struct rh_layout job_layout = RH_LAYOUT_OF(struct hub_job_row, job_fields);

/* What every job's row holds true. */
static bool is_sound(const struct hub_job_row *row)
{
    return row->number != 0 && row->kind >= HUB_JOB_RECOMPUTE &&
           row->state >= HUB_JOB_RUNNING && row->cursor < row->limit &&
           (row->state == HUB_JOB_RUNNING) == (row->ended_ms == 0);
}

enum rh_err hub_job_encode(const struct hub_job_row *row, struct rh_writer *writer)
{
    rh_assert(is_sound(row));
    return hub_row_write(&job_layout, row, writer);
}

enum rh_err hub_job_decode(struct rh_bytes bytes, struct hub_job_row *out)
{
    enum rh_err err = hub_row_read(&job_layout, bytes, out);
    return err == RH_OK && !is_sound(out) ? RH_ERR_CORRUPT : err;
}
