#include "store/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/text.h>

#include "store/env.h"

enum {
    META_COUNT = 2,
    HEADER_BYTES = 16, /* of every page: number 8, pad 2, flags 2, lower 2, upper 2 */
    META_BYTES = 136,  /* of MDB_meta behind the header */
    NODE_BYTES = 8,    /* lo 2, hi 2, flags 2, key size 2 */
    DEPTH_MAX = 32,
    FLAG_BRANCH = 0x01,
    FLAG_LEAF = 0x02,
    FLAG_OVERFLOW = 0x04,
    FLAG_META = 0x08,
    NODE_BIG = 0x01
};

static const uint32_t meta_magic = 0xBEEFC0DE;
static const uint64_t root_none = UINT64_MAX;

static_assert(sizeof(size_t) == 8, "the layout below is that of 64-bit LMDB");

struct meta {
    uint32_t page_bytes;
    uint64_t free_root; /* of the free list's tree */
    uint64_t last_page;
    uint64_t txn;
};

struct datafile {
    int fd;
    uint64_t pages; /* whole pages present */
    struct meta meta;
    uint8_t *missing;      /* one bit per page from `pages` to last_page */
    uint64_t missing_left; /* not yet found in the free list */
    uint64_t visited;      /* pages read; more than exist means a circle */
    struct hub_store_report *report;
    const char *path;
};

static uint64_t native(const uint8_t *at, size_t bytes)
{
    uint64_t wide = 0;
    uint32_t half = 0;
    uint16_t quarter = 0;
    switch (bytes) {
    case 8:
        memcpy(&wide, at, 8);
        return wide;
    case 4:
        memcpy(&half, at, 4);
        return half;
    default:
        rh_assert(bytes == 2);
        memcpy(&quarter, at, 2);
        return quarter;
    }
}

static enum rh_err corrupt(const struct datafile *file, const char *what, uint64_t page)
{
    hub_report(file->report, "%s: %s (page %" PRIu64 ")", file->path, what, page);
    return RH_ERR_CORRUPT;
}

static enum rh_err read_exact(const struct datafile *file, uint64_t offset, uint8_t *out,
                              size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = pread(file->fd, out + done, bytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hub_report_errno(file->report, file->path, errno);
        if (got == 0)
            return corrupt(file, N_("the file is truncated inside a page that is needed"),
                           file->meta.page_bytes == 0 ? 0 : offset / file->meta.page_bytes);
        done += (size_t)got;
    }
    return RH_OK;
}

static enum rh_err read_meta(const struct datafile *file, uint64_t offset, struct meta *out)
{
    uint8_t raw[HEADER_BYTES + META_BYTES];
    enum rh_err err = read_exact(file, offset, raw, sizeof raw);
    if (err != RH_OK)
        return err;
    const uint8_t *meta = raw + HEADER_BYTES;
    if ((native(raw + 10, 2) & FLAG_META) == 0 || native(meta, 4) != meta_magic ||
        native(meta + 4, 4) != 1)
        return corrupt(file, N_("no meta page of LMDB data version 1"), offset == 0 ? 0 : 1);
    out->page_bytes = (uint32_t)native(meta + 24, 4);
    out->free_root = native(meta + 24 + 40, 8);
    out->last_page = native(meta + 120, 8);
    out->txn = native(meta + 128, 8);
    if (out->page_bytes < 512 || out->page_bytes > 65536 ||
        (out->page_bytes & (out->page_bytes - 1)) != 0)
        return corrupt(file, N_("a meta page names an impossible page size"),
                       offset == 0 ? 0 : 1);
    if (out->last_page >= (UINT64_C(1) << 47) / out->page_bytes)
        return corrupt(file, N_("a meta page names an impossible last page"),
                       offset == 0 ? 0 : 1);
    return RH_OK;
}

/* The newer of the two meta pages, as LMDB itself picks it. */
static enum rh_err pick_meta(struct datafile *file)
{
    struct meta first;
    struct meta second;
    enum rh_err err = read_meta(file, 0, &first);
    if (err != RH_OK)
        return err;
    err = read_meta(file, first.page_bytes, &second);
    if (err != RH_OK)
        return err;
    if (first.page_bytes != second.page_bytes)
        return corrupt(file, N_("the meta pages disagree about the page size"), 1);
    file->meta = second.txn > first.txn ? second : first;
    return RH_OK;
}

static void mark_free(struct datafile *file, uint64_t page)
{
    if (page < file->pages || page > file->meta.last_page)
        return;
    uint64_t bit = page - file->pages;
    uint8_t mask = (uint8_t)(1U << (bit % 8));
    if ((file->missing[bit / 8] & mask) != 0) {
        file->missing[bit / 8] &= (uint8_t)~mask;
        file->missing_left--;
    }
}

/* A free list: a count, then that many page numbers. */
static enum rh_err take_list(struct datafile *file, const uint8_t *list, uint64_t bytes,
                             uint64_t page)
{
    if (bytes < 8 || native(list, 8) > bytes / 8 - 1)
        return corrupt(file, N_("a free list is longer than its place"), page);
    uint64_t count = native(list, 8);
    for (uint64_t i = 1; i <= count; i++)
        mark_free(file, native(list + i * 8, 8));
    return RH_OK;
}

static enum rh_err take_big_list(struct datafile *file, uint64_t page, uint64_t bytes)
{
    uint64_t page_bytes = file->meta.page_bytes;
    if (page < META_COUNT || page >= file->pages ||
        bytes > (file->pages - page) * page_bytes - HEADER_BYTES)
        return corrupt(file, N_("the file is truncated: part of a free list is missing"), page);
    uint8_t *list = malloc(bytes + 1);
    if (list == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = read_exact(file, page * page_bytes + HEADER_BYTES, list, bytes);
    if (err == RH_OK)
        err = take_list(file, list, bytes, page);
    free(list);
    return err;
}

static enum rh_err walk(struct datafile *file, uint64_t page, unsigned depth);

static enum rh_err take_node(struct datafile *file, const uint8_t *raw, uint64_t page,
                             size_t index, unsigned depth)
{
    uint64_t page_bytes = file->meta.page_bytes;
    uint64_t at = native(raw + HEADER_BYTES + index * 2, 2);
    if (at < HEADER_BYTES || at + NODE_BYTES > page_bytes)
        return corrupt(file, N_("a node lies outside its page"), page);
    uint64_t low = native(raw + at, 2) | native(raw + at + 2, 2) << 16;
    uint64_t flags = native(raw + at + 4, 2);
    uint64_t data = at + NODE_BYTES + native(raw + at + 6, 2);
    if ((native(raw + 10, 2) & FLAG_BRANCH) != 0)
        return walk(file, low | flags << 32, depth + 1);
    if ((flags & NODE_BIG) != 0) {
        if (data + 8 > page_bytes)
            return corrupt(file, N_("a node runs beyond its page"), page);
        return take_big_list(file, native(raw + data, 8), low);
    }
    if (data + low > page_bytes)
        return corrupt(file, N_("a node runs beyond its page"), page);
    return take_list(file, raw + data, low, page);
}

static enum rh_err walk(struct datafile *file, uint64_t page, unsigned depth)
{
    if (page < META_COUNT || page >= file->pages)
        return corrupt(file, N_("the file is truncated: a page of the free list is missing"),
                       page);
    if (depth > DEPTH_MAX || file->visited++ > file->pages)
        return corrupt(file, N_("the free list runs in a circle"), page);
    uint64_t page_bytes = file->meta.page_bytes;
    uint8_t *raw = malloc(page_bytes);
    if (raw == NULL)
        return RH_ERR_NOMEM;

    enum rh_err err = read_exact(file, page * page_bytes, raw, page_bytes);
    if (err == RH_OK) {
        uint64_t flags = native(raw + 10, 2);
        uint64_t lower = native(raw + 12, 2);
        if (native(raw, 8) != page || (flags & (FLAG_BRANCH | FLAG_LEAF)) == 0 ||
            (flags & (FLAG_OVERFLOW | FLAG_META)) != 0 || lower < HEADER_BYTES ||
            lower > page_bytes)
            err = corrupt(file, N_("a page of the free list is damaged"), page);
        size_t count = err == RH_OK ? (lower - HEADER_BYTES) / 2 : 0;
        for (size_t i = 0; i < count && err == RH_OK; i++)
            err = take_node(file, raw, page, i, depth);
    }
    free(raw);
    return err;
}

/* The file is shorter than promised: is every missing page a free one? */
static enum rh_err check_short(struct datafile *file, uint64_t bytes)
{
    uint64_t count = file->meta.last_page + 1 - file->pages;
    file->missing = malloc(count / 8 + 1);
    if (file->missing == NULL)
        return RH_ERR_NOMEM;
    memset(file->missing, 0xFF, count / 8 + 1);
    file->missing_left = count;

    enum rh_err err = RH_OK;
    if (file->meta.free_root != root_none)
        err = walk(file, file->meta.free_root, 0);
    if (err == RH_OK && file->missing_left > 0) {
        hub_report(file->report,
                   "%s: the file is truncated: %" PRIu64 " bytes, %" PRIu64
                   " needed, %" PRIu64 " pages in use are missing",
                   file->path, bytes, (file->meta.last_page + 1) * file->meta.page_bytes,
                   file->missing_left);
        err = RH_ERR_CORRUPT;
    }
    free(file->missing);
    return err;
}

enum rh_err hub_datafile_check(const char *path, struct hub_store_report *report)
{
    struct datafile file = { .report = report, .path = path };
    file.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file.fd < 0 && errno == ENOENT)
        return RH_ERR_NOTFOUND;
    if (file.fd < 0)
        return hub_report_errno(report, path, errno);

    struct stat status;
    enum rh_err err = RH_OK;
    if (fstat(file.fd, &status) != 0)
        err = hub_report_errno(report, path, errno);
    else if (!S_ISREG(status.st_mode))
        err = corrupt(&file, N_("not a regular file"), 0);
    else if (status.st_size == 0)
        err = RH_ERR_NOTFOUND;
    if (err == RH_OK)
        err = pick_meta(&file);
    if (err == RH_OK) {
        uint64_t bytes = (uint64_t)status.st_size;
        file.pages = bytes / file.meta.page_bytes;
        if (file.pages <= file.meta.last_page)
            err = check_short(&file, bytes);
    }
    close(file.fd);
    return err;
}
