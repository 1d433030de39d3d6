/* The list of participants in a private part. Source: protocol/spec/wire.md, "Private part". */
#include <rh/private.h>

#include <string.h>

#include <rh/date.h>

#include "parts.h"

enum { DAY_BYTES = 10 }; /* 2026-03-04 */

static bool is_line(struct rh_bytes text)
{
    return text.bytes >= 1 && text.bytes <= RH_LINE_BYTES_MAX;
}

static bool day_of(struct rh_bytes text, struct rh_date *out)
{
    return text.bytes == DAY_BYTES &&
           rh_date_parse((const char *)text.data, text.bytes, out) == RH_OK;
}

static bool id_holds(struct rh_bytes id)
{
    return rh_participant_id_is_valid((const char *)id.data, id.bytes);
}

static bool ends(const struct rh_participant *one)
{
    return id_holds(one->id) && is_line(one->ended) && one->name.bytes == 0 &&
           one->role.bytes == 0 && one->unit.bytes == 0 && one->scope == 0 &&
           one->from.bytes == 0 && one->until.bytes == 0 && one->basis.bytes == 0;
}

static bool scope_holds(const struct rh_participant *one)
{
    const struct rh_participant_role *role =
        rh_participant_role_find((const char *)one->role.data, one->role.bytes);
    return role != NULL && one->scope != 0 && (one->scope & ~role->most) == 0;
}

bool rh_private_participant_holds(const struct rh_participant *one)
{
    struct rh_date from, until;
    if (one->ended.bytes > 0)
        return ends(one);
    if (!id_holds(one->id) || !is_line(one->name) || !is_line(one->basis) ||
        one->unit.bytes > RH_LINE_BYTES_MAX || !scope_holds(one) || !day_of(one->from, &from))
        return false;
    return one->until.bytes == 0 ||
           (day_of(one->until, &until) && until.days >= from.days);
}

/* Nobody twice: an entry replaces an earlier one, and in one list there is no earlier. */
bool rh_part_participants_hold(const struct rh_private *value)
{
    if (value->participant_count > RH_PARTICIPANTS_MAX)
        return false;
    for (uint32_t i = 0; i < value->participant_count; i++) {
        const struct rh_participant *one = &value->participants[i];
        if (!rh_private_participant_holds(one))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (value->participants[k].id.bytes == one->id.bytes &&
                memcmp(value->participants[k].id.data, one->id.data, one->id.bytes) == 0)
                return false;
    }
    return true;
}

static uint32_t one_if(bool present)
{
    return present ? 1 : 0;
}

static void write_text(struct rh_writer *writer, unsigned key, struct rh_bytes text)
{
    if (text.bytes == 0)
        return;
    rh_writer_uint(writer, key);
    rh_writer_str(writer, (const char *)text.data, text.bytes);
}

static void write_one(const struct rh_participant *one, struct rh_writer *writer)
{
    rh_writer_map(writer, one_if(one->id.bytes > 0) + one_if(one->name.bytes > 0) +
                              one_if(one->role.bytes > 0) + one_if(one->unit.bytes > 0) +
                              one_if(one->scope != 0) + one_if(one->from.bytes > 0) +
                              one_if(one->until.bytes > 0) + one_if(one->basis.bytes > 0) +
                              one_if(one->ended.bytes > 0));
    write_text(writer, RH_PARTICIPANT_ID, one->id);
    write_text(writer, RH_PARTICIPANT_NAME, one->name);
    write_text(writer, RH_PARTICIPANT_ROLE, one->role);
    write_text(writer, RH_PARTICIPANT_UNIT, one->unit);
    if (one->scope != 0) {
        rh_writer_uint(writer, RH_PARTICIPANT_SCOPE);
        rh_writer_uint(writer, one->scope);
    }
    write_text(writer, RH_PARTICIPANT_FROM, one->from);
    write_text(writer, RH_PARTICIPANT_UNTIL, one->until);
    write_text(writer, RH_PARTICIPANT_BASIS, one->basis);
    write_text(writer, RH_PARTICIPANT_ENDED, one->ended);
}

void rh_part_write_participants(const struct rh_private *value, struct rh_writer *writer)
{
    if (value->participant_count == 0)
        return;
    rh_writer_uint(writer, RH_PRIVATE_PARTICIPANTS);
    rh_writer_array(writer, value->participant_count);
    for (uint32_t i = 0; i < value->participant_count; i++)
        write_one(&value->participants[i], writer);
}

static void read_one(struct rh_reader *reader, struct rh_participant *out)
{
    struct rh_bytes *const places[RH_PARTICIPANT_KEY_MAX + 1] = {
        [RH_PARTICIPANT_ID] = &out->id,       [RH_PARTICIPANT_NAME] = &out->name,
        [RH_PARTICIPANT_ROLE] = &out->role,   [RH_PARTICIPANT_UNIT] = &out->unit,
        [RH_PARTICIPANT_FROM] = &out->from,   [RH_PARTICIPANT_UNTIL] = &out->until,
        [RH_PARTICIPANT_BASIS] = &out->basis, [RH_PARTICIPANT_ENDED] = &out->ended,
    };
    memset(out, 0, sizeof *out);
    uint32_t pairs = rh_reader_map(reader, RH_PARTICIPANT_KEY_MAX);
    for (uint32_t i = 0; i < pairs && reader->err == RH_OK; i++) {
        uint64_t key = rh_reader_uint_max(reader, RH_PARTICIPANT_KEY_MAX);
        if (key == RH_PARTICIPANT_SCOPE) {
            out->scope = (uint32_t)rh_reader_uint_max(reader, RH_SCOPE_ALL);
            if (out->scope == 0) /* none is absent, in the one way of writing it */
                rh_reader_fail(reader);
            continue;
        }
        struct rh_bytes text = rh_reader_str(reader, RH_LINE_BYTES_MAX);
        if (key == 0 || text.bytes == 0)
            rh_reader_fail(reader);
        else
            *places[key] = text;
    }
}

bool rh_part_read_participants(struct rh_reader *reader, struct rh_private *out)
{
    out->participant_count = rh_reader_array(reader, RH_PARTICIPANTS_MAX);
    for (uint32_t i = 0; i < out->participant_count && reader->err == RH_OK; i++)
        read_one(reader, &out->participants[i]);
    if (reader->err == RH_OK && !rh_part_participants_hold(out))
        rh_reader_fail(reader);
    return out->participant_count > 0;
}
