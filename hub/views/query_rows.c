/* Reading: one row at a time, by its key or by a name a person types. */
#include "views/change.h"

#include <string.h>

/* A number(8) behind a key. */
static enum rh_err look_u64(struct hub_map *map, unsigned table, const struct hub_key *key,
                            uint64_t *value)
{
    struct rh_bytes row;
    enum rh_err err = hub_look(map, table, key, &row);
    if (err == RH_OK && row.bytes != 8)
        return RH_ERR_CORRUPT;
    if (err == RH_OK)
        *value = hub_get_u64(row.data);
    return err;
}

static enum rh_err corrupt_unless_ok(enum rh_err err)
{
    return err == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}

enum rh_err hub_views_stream(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             struct hub_stream *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_stream(agency, epoch);
    enum rh_err err = hub_look(map, HUB_TABLE_STREAM, &key, &row);
    return err == RH_OK ? corrupt_unless_ok(hub_stream_decode(row, out)) : err;
}

enum rh_err hub_views_stream_open(struct hub_map *map, uint32_t agency, struct hub_stream *out)
{
    struct rh_bytes row;
    struct rh_epoch epoch;
    struct hub_key key = hub_key_u32(agency);
    enum rh_err err = hub_look(map, HUB_TABLE_STREAM, &key, &row);
    if (err != RH_OK)
        return err;
    if (row.bytes != sizeof epoch.bytes)
        return RH_ERR_CORRUPT;
    memcpy(epoch.bytes, row.data, sizeof epoch.bytes);
    err = hub_views_stream(map, agency, &epoch, out);
    return err == RH_ERR_NOTFOUND ? RH_ERR_CORRUPT : err;
}

enum rh_err hub_views_number(struct hub_map *map, uint32_t agency, const struct rh_epoch *epoch,
                             uint64_t n, uint64_t *index, struct rh_hash *digest)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_number(agency, epoch, n);
    enum rh_err err = hub_look(map, HUB_TABLE_NUMBER, &key, &row);
    if (err == RH_OK && row.bytes != HUB_VALUE_PLACE_BYTES)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    *index = hub_get_u64(row.data);
    memcpy(digest->bytes, row.data + 8, sizeof digest->bytes);
    return RH_OK;
}

enum rh_err hub_views_message_any(struct hub_map *map, const struct rh_message_id *id,
                                  struct hub_message *out, uint32_t *refusal)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_id(id->bytes);
    enum rh_err err = hub_look(map, HUB_TABLE_MESSAGE, &key, &row);
    if (err == RH_OK && row.bytes != HUB_VALUE_MESSAGE_BYTES)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    const uint8_t *at = row.data + HUB_VALUE_PLACE_BYTES;
    out->index = hub_get_u64(row.data);
    out->agency = hub_get_u32(at);
    out->rno = hub_get_u64(at + 4);
    out->kind = (enum rh_kind)hub_get_u16(at + 12);
    *refusal = hub_get_u32(at + 14);
    return RH_OK;
}

enum rh_err hub_views_message(struct hub_map *map, const struct rh_message_id *id,
                              struct hub_message *out)
{
    uint32_t refusal;
    enum rh_err err = hub_views_message_any(map, id, out, &refusal);
    return err == RH_OK && refusal != 0 ? RH_ERR_NOTFOUND : err;
}

enum rh_err hub_views_location(struct hub_map *map, uint64_t index, struct hub_location *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_u64(index);
    enum rh_err err = hub_look(map, HUB_TABLE_BODY, &key, &row);
    if (err == RH_OK && row.bytes != HUB_VALUE_BODY_BYTES)
        return RH_ERR_CORRUPT;
    if (err != RH_OK)
        return err;
    out->segment = hub_get_u64(row.data);
    out->offset = hub_get_u64(row.data + 8);
    out->bytes = hub_get_u32(row.data + 16);
    return RH_OK;
}

enum rh_err hub_views_agency_row(struct hub_map *map, uint32_t no, struct rh_bytes *row)
{
    struct hub_key key = hub_key_u32(no);
    return hub_look(map, HUB_TABLE_AGENCY, &key, row);
}

enum rh_err hub_views_agency(struct hub_map *map, uint32_t no, struct hub_agency *out)
{
    struct rh_bytes row;
    enum rh_err err = hub_views_agency_row(map, no, &row);
    return err == RH_OK ? corrupt_unless_ok(hub_agency_decode(row, out)) : err;
}

enum rh_err hub_views_agency_no(struct hub_map *map, const char *id, uint32_t *no)
{
    size_t bytes = strlen(id);
    if (bytes == 0 || bytes > RH_AGENCY_BYTES_MAX)
        return RH_ERR_NOTFOUND;
    struct rh_bytes row;
    struct hub_key key = hub_key_text(id);
    enum rh_err err = hub_look(map, HUB_TABLE_AGENCY_ID, &key, &row);
    if (err == RH_OK && row.bytes != 4)
        return RH_ERR_CORRUPT;
    if (err == RH_OK)
        *no = hub_get_u32(row.data);
    return err;
}

enum rh_err hub_views_agency_find(struct hub_map *map, const char *id, struct hub_agency *out)
{
    uint32_t no;
    enum rh_err err = hub_views_agency_no(map, id, &no);
    return err == RH_OK ? hub_views_agency(map, no, out) : err;
}

enum rh_err hub_views_referral(struct hub_map *map, uint64_t rno, struct hub_referral *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_u64(rno);
    enum rh_err err = hub_look(map, HUB_TABLE_REFERRAL, &key, &row);
    return err == RH_OK ? corrupt_unless_ok(hub_referral_decode(row, out)) : err;
}

enum rh_err hub_views_referral_by_id(struct hub_map *map, const struct rh_referral_id *id,
                                     struct hub_referral *out)
{
    uint64_t rno;
    struct hub_key key = hub_key_id(id->bytes);
    enum rh_err err = look_u64(map, HUB_TABLE_REFERRAL_ID, &key, &rno);
    return err == RH_OK ? hub_views_referral(map, rno, out) : err;
}

enum rh_err hub_views_external(struct hub_map *map, const struct rh_external *external,
                               uint64_t *rno)
{
    struct hub_key key = hub_key_external(external);
    return look_u64(map, HUB_TABLE_EXTERNAL, &key, rno);
}

enum rh_err hub_views_marked(struct hub_map *map, const struct hub_mark *mark, uint64_t *rno)
{
    struct rh_bytes key, row;
    if (*rno == 0)
        return RH_ERR_NOTFOUND;
    struct hub_key prefix = hub_key_mark_prefix(mark);
    struct hub_key from = hub_key_mark(mark, *rno - 1);
    enum rh_err err = hub_map_next(map, HUB_TABLE_MARK, hub_key_view(&from), &key, &row);
    if (err != RH_OK)
        return err;
    if (key.bytes < prefix.bytes || memcmp(key.data, prefix.data, prefix.bytes) != 0)
        return RH_ERR_NOTFOUND;
    if (key.bytes != prefix.bytes + 8)
        return RH_ERR_CORRUPT;
    *rno = UINT64_MAX - hub_get_u64(key.data + prefix.bytes);
    return RH_OK;
}

enum rh_err hub_views_query_code(struct hub_map *map, const char *code, uint64_t *rno)
{
    struct hub_key key = hub_key_text(code);
    return look_u64(map, HUB_TABLE_QUERY, &key, rno);
}

bool hub_query_code_tidy(const char *typed, char out[HUB_QUERY_CODE_BYTES])
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    size_t count = 0;
    for (; *typed != 0; typed++) {
        char c = *typed;
        if (c == '-' || c == ' ')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c == 'O')
            c = '0';
        if (c == 'I' || c == 'L')
            c = '1';
        if (strchr(letters, c) == NULL || count == HUB_QUERY_CODE_BYTES - 1)
            return false;
        if (count == 4 || count == 9)
            out[count++] = '-';
        out[count++] = c;
    }
    out[count] = 0;
    return count == HUB_QUERY_CODE_BYTES - 1;
}

enum rh_err hub_views_hot(struct hub_map *map, const char *rule, const char *area,
                          struct hub_hot *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_hot(rule, area);
    enum rh_err err = hub_look(map, HUB_TABLE_HOT, &key, &row);
    return err == RH_OK ? corrupt_unless_ok(hub_hot_decode(row, out)) : err;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "system=hash hex": false when it is not of that form. */
static bool parse_external(const char *text, struct rh_external *out)
{
    const char *equals = strchr(text, '=');
    memset(out, 0, sizeof *out);
    if (equals == NULL || equals == text || (size_t)(equals - text) > RH_SYSTEM_BYTES_MAX ||
        strlen(equals + 1) != (size_t)RH_HASH_BYTES * 2)
        return false;
    memcpy(out->system, text, (size_t)(equals - text));
    for (size_t i = 0; i < RH_HASH_BYTES; i++) {
        int high = hex_digit(equals[1 + 2 * i]);
        int low = hex_digit(equals[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out->hash.bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

enum rh_err hub_views_referral_find(struct hub_map *map, const char *text,
                                    struct hub_referral *out)
{
    struct rh_external external;
    struct rh_referral_id id;
    uint64_t rno;
    if (rh_id_parse(text, id.bytes) == RH_OK)
        return hub_views_referral_by_id(map, &id, out);

    enum rh_err err;
    size_t bytes = strlen(text);
    if (parse_external(text, &external)) {
        err = hub_views_external(map, &external, &rno);
    } else if (bytes == 0 || bytes >= HUB_NUMBER_BYTES) {
        return RH_ERR_NOTFOUND;
    } else {
        struct hub_key key = hub_key_text(text);
        err = look_u64(map, HUB_TABLE_HUMAN, &key, &rno);
    }
    return err == RH_OK ? hub_views_referral(map, rno, out) : err;
}

enum rh_err hub_views_dead(struct hub_map *map, uint64_t index, uint32_t to,
                           struct hub_dead *out)
{
    struct rh_bytes row;
    struct hub_key key = hub_key_dead(index, to);
    enum rh_err err = hub_look(map, HUB_TABLE_DEAD, &key, &row);
    return err == RH_OK ? corrupt_unless_ok(hub_dead_decode(row, out)) : err;
}
