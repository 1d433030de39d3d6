/* Random but valid values of the wire's structures, shared by the tests of protocol/src. */
#ifndef RHT_MAKE_ITEM_H
#define RHT_MAKE_ITEM_H

#include <stdio.h>
#include <string.h>

#include <rh/item.h>

#include "support/rht.h"

/* 1 to max characters of `alphabet`, the first of its first `heads`; terminated. */
static inline void make_text(struct rht_random *random, const char *alphabet, size_t heads,
                             size_t max, char *out)
{
    size_t bytes = rht_random_between(random, 1, max);
    size_t letters = strlen(alphabet);
    for (size_t i = 0; i < bytes; i++)
        out[i] = alphabet[rht_random_below(random, i == 0 ? heads : letters)];
    out[bytes] = '\0';
}

static inline void make_code(struct rht_random *random, char *out)
{
    make_text(random, "abcxyzABCXYZ0189_.:/-", 16, RH_CODE_BYTES_MAX, out);
}

static inline void make_agency(struct rht_random *random, struct rh_agency_id *out)
{
    static const char *const roles[] = { "court", "police", "petitions", "procuratorate",
                                         "a_very_long_role_nam" };
    memset(out, 0, sizeof *out);
    snprintf(out->text, sizeof out->text, "%s.%u", roles[rht_random_below(random, 5)],
             (unsigned)rht_random_between(random, 10, 999999999));
}

static inline void make_id(struct rht_random *random, uint8_t out[RH_ID_BYTES])
{
    uint8_t bytes[10];
    rht_random_fill(random, bytes, sizeof bytes);
    rh_id_make(out, rht_random_below(random, RH_MS_MAX), bytes);
}

static inline void make_hash(struct rht_random *random, struct rh_hash *out)
{
    rht_random_fill(random, out->bytes, sizeof out->bytes);
}

/* A number of any magnitude, not above max, not 0. */
static inline uint64_t make_number(struct rht_random *random, uint64_t max)
{
    uint64_t value = rht_random_u64(random) >> rht_random_below(random, 64);
    return value % max + 1;
}

static inline void make_lists(struct rht_random *random, uint64_t one_in, struct rh_public *out)
{
    if (rht_random_once_in(random, one_in))
        out->external_count = (uint32_t)rht_random_between(random, 1, RH_EXTERNALS_MAX);
    for (uint32_t i = 0; i < out->external_count; i++) {
        make_text(random, "abc019_.-", 6, RH_SYSTEM_BYTES_MAX, out->externals[i].system);
        make_hash(random, &out->externals[i].hash);
    }
    if (rht_random_once_in(random, one_in))
        out->copy_count = (uint32_t)rht_random_between(random, 1, RH_COPIES_MAX);
    for (uint32_t i = 0; i < out->copy_count; i++)
        snprintf(out->copies[i].text, sizeof out->copies[i].text, "police.62%04u%02u",
                 (unsigned)rht_random_below(random, 10000), (unsigned)i);
    if (rht_random_once_in(random, one_in))
        out->child_count = (uint32_t)rht_random_between(random, 1, RH_CHILDREN_MAX);
    for (uint32_t i = 0; i < out->child_count; i++) {
        make_id(random, out->children[i].id.bytes);
        make_agency(random, &out->children[i].to);
        out->children[i].mandatory = rht_random_once_in(random, 2);
    }
    if (rht_random_once_in(random, one_in))
        out->fact_count = (uint32_t)rht_random_between(random, 1, RH_FACTS_MAX);
    for (uint32_t i = 0; i < out->fact_count; i++) {
        struct rh_fact *one = &out->facts[i];
        make_text(random, "abcdefgh_0123456789", 8, RH_FACT_KEY_BYTES_MAX - 3, one->key);
        size_t used = strlen(one->key); /* a tail that differs keeps keys apart */
        snprintf(one->key + used, sizeof one->key - used, "_%u", (unsigned)i);
        one->is_number = rht_random_once_in(random, 2);
        one->number = (int64_t)rht_random_u64(random) >> rht_random_below(random, 63);
        make_code(random, one->code);
    }
    if (rht_random_once_in(random, one_in))
        out->accused_count = (uint32_t)rht_random_between(random, 1, RH_ACCUSED_MAX);
    for (uint32_t i = 0; i < out->accused_count; i++)
        make_hash(random, &out->accused[i]);
}

/* Each optional field is there once in `one_in`: 1 gives them all. */
static inline void make_public(struct rht_random *random, uint64_t one_in,
                               struct rh_public *out)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    memset(out, 0, sizeof *out);
    make_id(random, out->message_id.bytes);
    make_id(random, out->referral_id.bytes);
    do {
        out->kind = (enum rh_kind)rht_random_below(random, RH_KIND_END);
    } while (!rh_kind_is_known((uint64_t)out->kind));
    uint8_t *const ids[] = { out->root_id.bytes, out->other_id.bytes, out->refers_to.bytes };
    for (size_t i = 0; i < 3; i++)
        if (rht_random_once_in(random, one_in))
            make_id(random, ids[i]);
    struct rh_agency_id *const agencies[] = { &out->to, &out->proper, &out->from };
    for (size_t i = 0; i < 3; i++)
        if (rht_random_once_in(random, one_in))
            make_agency(random, agencies[i]);
    char *const codes[] = { out->procedure, out->category, out->area,
                            out->source,    out->code,     out->basis };
    for (size_t i = 0; i < 6; i++)
        if (rht_random_once_in(random, one_in))
            make_code(random, codes[i]);
    out->lane = (enum rh_lane)rht_random_below(random, RH_LANE_COUNT);
    if (rht_random_once_in(random, one_in)) {
        out->due_ms = make_number(random, RH_MS_MAX - 1);
        out->occurred_ms = make_number(random, RH_MS_MAX - 1);
        out->extend_n = (uint32_t)make_number(random, UINT32_MAX - 1);
        out->pair_seq = make_number(random, RH_NUMBER_MAX - 1);
        out->refusal = (uint32_t)rht_random_between(random, 4101, 9999);
        memcpy(out->trace, trace, sizeof trace);
    }
    out->report_required = rht_random_once_in(random, one_in);
    out->information_wanted = rht_random_once_in(random, one_in);
    out->reply_owed = rht_random_once_in(random, one_in);
    out->leader_named = rht_random_once_in(random, one_in);
    make_lists(random, one_in, out);
}

/* Memory of one item whose views `make_item` fills in. */
struct made_item {
    struct rh_item item;
    uint8_t public_part[RH_PUBLIC_BYTES_MAX];
    uint8_t private_part[600];
    uint8_t body[2000];
    uint8_t keys[RH_SEALED_KEYS_MAX * 130 + 8];
};

static inline void make_item(struct rht_random *random, struct made_item *made)
{
    struct rh_public value;
    struct rh_writer writer;
    struct rh_item *item = &made->item;
    make_public(random, 6, &value);
    rh_writer_init(&writer, made->public_part, sizeof made->public_part);
    rh_assert(rh_public_encode(&value, &writer) == RH_OK);
    item->public_part = (struct rh_bytes){ made->public_part, writer.bytes };

    size_t private_bytes = rht_random_below(random, sizeof made->private_part);
    size_t body_bytes = rht_random_below(random, sizeof made->body);
    rht_random_fill(random, made->private_part, private_bytes);
    rht_random_fill(random, made->body, body_bytes);
    rht_random_fill(random, item->salt, sizeof item->salt);
    item->private_part = (struct rh_bytes){ made->private_part, private_bytes };
    item->body = (struct rh_bytes){ made->body, body_bytes };

    struct rh_sealed_key keys[RH_SEALED_KEYS_MAX];
    uint32_t count = rht_random_once_in(random, 3)
                         ? (uint32_t)rht_random_between(random, 1, RH_SEALED_KEYS_MAX)
                         : 0;
    for (uint32_t i = 0; i < count; i++) {
        memset(&keys[i].agency, 0, sizeof keys[i].agency);
        snprintf(keys[i].agency.text, sizeof keys[i].agency.text, "court.62%02u", (unsigned)i);
        rht_random_fill(random, keys[i].sealed, sizeof keys[i].sealed);
    }
    rh_writer_init(&writer, made->keys, sizeof made->keys);
    rh_assert(rh_item_keys_encode(keys, count, &writer) == RH_OK);
    item->keys = (struct rh_bytes){ made->keys, writer.bytes };
    rh_item_commit(item->salt, item->private_part, item->body, &item->commitment);
}

#endif
