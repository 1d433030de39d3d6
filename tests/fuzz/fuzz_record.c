/* A journal whose records somebody harmed or forged. The input is a list of edits to the rests
 * of a good one: record (1 byte), offset (2 bytes, little-endian), value, four bytes each.
 *
 * A harmed record is refused whole, with nothing changed, or has exactly one form and is
 * applied; and whatever was applied, the digests kept are those of the rows there are, and the
 * walk over all indexes ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit/views_kit.h"
#include "views/memory_map.h"

enum { RECORDS = 200, EDIT_BYTES = 4, REST_MAX = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct kit *kit;
static uint8_t harmed[REST_MAX], again[REST_MAX];

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* The rest of a record after the edits that name it; false when none does. */
static bool edit(uint32_t index, const uint8_t *data, size_t bytes, struct rh_bytes *rest)
{
    bool touched = false;
    *rest = kit_rest(kit, index);
    if (rest->bytes > REST_MAX)
        return false;
    memcpy(harmed, rest->data, rest->bytes);
    for (size_t i = 0; i + EDIT_BYTES <= bytes; i += EDIT_BYTES) {
        size_t offset = (size_t)(data[i + 1] | data[i + 2] << 8) % rest->bytes;
        if (data[i] % RECORDS != index)
            continue;
        touched = true;
        harmed[offset] = data[i + 3];
    }
    rest->data = harmed;
    return touched;
}

static void check_form(uint32_t index, struct rh_bytes rest)
{
    struct hub_record record;
    struct rh_writer writer;
    if (hub_record_decode(kit_core(kit, index), rest, &record) != RH_OK)
        return;
    rh_writer_init(&writer, again, sizeof again);
    check(hub_record_rest_encode(&record, &writer) == RH_OK);
    check(writer.bytes == rest.bytes && memcmp(again, rest.data, rest.bytes) == 0);
}

static void apply_one(struct hub_views *views, uint32_t index, const uint8_t *data,
                      size_t bytes)
{
    struct rh_bytes rest;
    if (edit(index, data, bytes, &rest)) {
        check_form(index, rest);
        enum rh_err err = hub_views_apply(views, index, kit_core(kit, index), rest, NULL);
        check(err == RH_OK || err == RH_ERR_CORRUPT);
        if (err == RH_OK)
            return;
    }
    enum rh_err err =
        hub_views_apply(views, index, kit_core(kit, index), kit_rest(kit, index), NULL);
    check(err == RH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (kit == NULL) {
        kit = kit_new();
        while (kit->count < RECORDS)
            kit_step(kit);
    }
    struct hub_memory_map *memory;
    struct hub_views views;
    struct hub_views_report report;
    struct rh_hash computed[HUB_TABLES];
    check(hub_memory_map_new(&memory, NULL) == RH_OK);
    check(hub_views_open(&views, hub_memory_map_map(memory)) == RH_OK);
    for (uint32_t i = 0; i < RECORDS; i++)
        apply_one(&views, i, data, bytes);
    check(hub_views_save(&views) == RH_OK);
    check(hub_views_digest_compute(views.map, computed) == RH_OK);
    check(memcmp(computed, views.digests, sizeof computed) == 0);
    enum rh_err err = hub_views_verify(views.map, &report);
    check(err == RH_OK || err == RH_ERR_CORRUPT);
    hub_views_close(&views);
    hub_memory_map_destroy(&memory);
    return 0;
}
