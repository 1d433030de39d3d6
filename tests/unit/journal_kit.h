/* What the journal's tests share: a directory of their own, records that can be told apart,
 * and a look at the files. */
#ifndef RHT_JOURNAL_KIT_H
#define RHT_JOURNAL_KIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "journal/format.h"
#include "journal/journal.h"
#include "support/rht.h"

enum { RHT_PATH_BYTES = 512, RHT_BODY_MAX = 128 * 1024 };

struct rht_kit {
    char dir[RHT_PATH_BYTES]; /* of the journal; removed when the program ends */
    struct hub_journal *journal;
    struct hub_journal_report report;
    struct hub_journal_options options;
};

/* A fresh directory, on memory when there is such a place. */
void rht_kit_init(struct rht_kit *kit, uint32_t segment_bytes);
void rht_kit_fini(struct rht_kit *kit);
enum rh_err rht_kit_try_open(struct rht_kit *kit);
void rht_kit_open(struct rht_kit *kit); /* must succeed */
void rht_kit_close(struct rht_kit *kit);

/* Record number `index` of a world: bytes and lengths follow from (seed, index) alone, so the
 * twin needs no memory. Now and then all zeros. Views into static memory. */
void rht_record(uint64_t seed, uint64_t index, struct hub_journal_record *out);
void rht_assert_record(uint64_t seed, const struct hub_journal_record *got);

/* Append one frame of `count` such records; asserts RH_OK. */
void rht_append(struct rht_kit *kit, uint64_t seed, uint32_t count);
enum rh_err rht_try_append(struct rht_kit *kit, uint64_t seed, uint32_t count);

/* Scan all and compare each with the twin; returns how many. */
uint64_t rht_verify(struct rht_kit *kit, uint64_t seed, uint64_t from);

/* The path of a segment's file; bytes put over a place in a file. */
void rht_segment_path(const struct rht_kit *kit, uint64_t segment, char out[RHT_PATH_BYTES]);
void rht_file_patch(const char *path, size_t offset, const void *data, size_t bytes);
#endif
