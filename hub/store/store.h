/* LMDB behind the ordered map of views/map.h.
 *
 * One environment, one LMDB table per map table, LMDB's default synced mode, no duplicates, one
 * writer. The writer works in a long-lived write transaction that begins by itself with the
 * first call and ends with commit or abort; it belongs to the thread that began it. Readers in
 * other threads see the last commit.
 *
 * LMDB has no checksums of its own, so every value is stored with an XXH3-64 over table, key
 * and value, checked at each read: a flipped bit comes back as RH_ERR_CORRUPT and a report that
 * names table and key, never as another value. A damaged file that makes LMDB touch a page
 * beyond its end is met at open (datafile.h); SIGBUS at run time means the file was cut while
 * mapped and is left to stop the process.
 *
 * Values are bounded by HUB_MAP_VALUE_MAX; keys and values handed to put are copied, so they
 * may point into the map itself. */
#ifndef HUB_STORE_STORE_H
#define HUB_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>

#include "store/report.h"
#include "views/map.h"

struct hub_store;
struct hub_store_reader;

enum { HUB_STORE_READERS_MAX = 64 };

/* Reserved once as address space; the file grows only as far as it is used. */
#define HUB_STORE_MAP_BYTES (UINT64_C(64) << 30)

struct hub_store_options {
    const char *path;   /* borrowed for open; a directory on a local file system */
    uint64_t map_bytes; /* 0: HUB_STORE_MAP_BYTES; fixed until the next open */
    unsigned tables;    /* 1 .. HUB_TABLE_MAX; 0: all */
    /* Names for reports, `tables` of them, each may be NULL; borrowed until close, may be
     * NULL. Not stored: LMDB's names are t00, t01 ... */
    const char *const *table_names;
    bool create; /* make directory and files when absent */
};

/* report   caller's, may be NULL; filled on failure.
 *
 * RH_ERR_NOTFOUND  absent and not to be created.
 * RH_ERR_DENIED    open already, in this or another process, or no permission.
 * RH_ERR_CORRUPT   truncated, not ours, or written by another format version.
 * RH_ERR_CONFIG    path too long or not a directory.
 * RH_ERR_NOMEM, RH_ERR_IO, RH_ERR_FULL (map_bytes below what is needed) */
enum rh_err hub_store_open(struct hub_store **out, const struct hub_store_options *options,
                           struct hub_store_report *report);

/* Taken. What was not committed is gone. Every reader must have been closed before. NULL is
 * harmless. */
void hub_store_close(struct hub_store **store);

/* The writer's map; lives as long as the store, for the writer's thread only.
 *
 * After RH_ERR_FULL or RH_ERR_IO every call answers that error until hub_store_abort; so does
 * commit. A checksum that fails spoils only its own row: the batch goes on, and next still
 * gives the key of the bad row, so that a walk can step behind it (no bytes when not even the
 * key can be read). */
struct hub_map *hub_store_map(struct hub_store *store);

/* Make everything since the last commit durable, in one step. The next call on the map begins
 * the next transaction. On any failure nothing of the batch is kept.
 *
 * RH_ERR_FULL  the map is full; abort, then apply again in smaller pieces or stop.
 * RH_ERR_IO    a write or sync failed (a full disk too). Final: what the page cache holds is
 *              not known any more, so every later call answers RH_ERR_IO too. Exit, recover. */
enum rh_err hub_store_commit(struct hub_store *store);

/* Throw away everything since the last commit. */
void hub_store_abort(struct hub_store *store);

/* Puts and dels since the last commit; 0 means commit has nothing to do. */
uint64_t hub_store_pending(const struct hub_store *store);

/* Entries of one table as the writer sees it. */
enum rh_err hub_store_entries(struct hub_store *store, unsigned table, uint64_t *out);

/* The writer's last failure; lives as long as the store. */
const struct hub_store_report *hub_store_report(const struct hub_store *store);

struct hub_store_usage {
    uint64_t map_bytes;  /* the bound */
    uint64_t used_bytes; /* pages in use at the last commit */
    uint64_t high_bytes; /* the most that was ever in use; the file does not shrink */
    uint64_t disk_bytes; /* free for us on the file system */
    uint64_t txn;        /* number of the last commit */
    uint64_t reader_lag; /* commits since the oldest active snapshot; 0 without one */
    unsigned used_percent; /* of the map, rounded up; intake stops at a watermark of this */
    unsigned readers;      /* open readers, resting ones included */
};

/* From any thread; opens a short read transaction of its own. */
enum rh_err hub_store_usage(struct hub_store *store, struct hub_store_usage *out);

/* A compact copy of the last commit into the new directory `path`, synced, while the writer
 * goes on. From any thread but best not the writer's: it takes as long as the disk. Pages freed
 * meanwhile are not reused before it ends. RH_ERR_EXISTS when path is there. A failed copy is
 * removed again. */
enum rh_err hub_store_copy(struct hub_store *store, const char *path,
                           struct hub_store_report *report);

/* A snapshot of the last commit for one other thread, behind the same map (put and del answer
 * RH_ERR_DENIED).
 *
 *     hub_store_reader_refresh(reader)     begin: a fresh snapshot
 *     hub_map_get / hub_map_next ...       results are mapped until release or refresh
 *     hub_store_reader_release(reader)     end, as soon as possible
 *
 * A snapshot is one whole commit, but the next one can be the commit before it: LMDB 0.9.24
 * picks its number first and reads the meta page a moment later, by when a newer commit may
 * stand there. Who needs a certain commit names the sequence number it must have reached.
 *
 * A snapshot held open keeps every page freed since from being reused; a full map cannot even
 * be emptied then. Copy out, a page of results at a time, and release before waiting for
 * anything. A reader is used by one thread at a time. */

/* RH_ERR_FULL above HUB_STORE_READERS_MAX. A new reader rests. */
enum rh_err hub_store_reader_open(struct hub_store *store, struct hub_store_reader **out);
/* Taken; NULL is harmless. */
void hub_store_reader_close(struct hub_store_reader **reader);
enum rh_err hub_store_reader_refresh(struct hub_store_reader *reader);
void hub_store_reader_release(struct hub_store_reader *reader);
/* The map may only be used between refresh and release. */
struct hub_map *hub_store_reader_map(struct hub_store_reader *reader);
enum rh_err hub_store_reader_entries(struct hub_store_reader *reader, unsigned table,
                                     uint64_t *out);
/* Rows met so far that failed their check, each as often as it was met. */
uint64_t hub_store_reader_bad(const struct hub_store_reader *reader);
const struct hub_store_report *hub_store_reader_report(const struct hub_store_reader *reader);

/* Verify every checksum, a bounded step at a time, so that a scrub can run for ever beside the
 * writer. Begin with a zeroed struct; `done` is set after the last entry of the last table. */
enum { HUB_SCRUB_KEY_MAX = 512 };

struct hub_store_scrub {
    unsigned table;    /* being walked */
    uint16_t key_bytes; /* of the last key seen in it; 0 at its beginning */
    uint8_t key[HUB_SCRUB_KEY_MAX];
    bool done;
    uint64_t entries; /* verified so far */
    uint64_t bytes;   /* of keys and values verified so far */
    uint64_t bad;     /* entries that failed */
};

/* Called once for each bad entry; key is mapped. */
typedef void hub_store_scrub_fn(void *context, unsigned table, struct rh_bytes key,
                                const struct hub_store_report *report);

/* About `entries_max` entries (at least one). Takes and releases the reader's snapshot.
 * RH_OK also when bad entries were found (scrub->bad grows); other errors mean that the walk
 * itself could not go on, in the reader's report. on_bad may be NULL. */
enum rh_err hub_store_scrub_step(struct hub_store_reader *reader, struct hub_store_scrub *scrub,
                                 unsigned entries_max, hub_store_scrub_fn *on_bad,
                                 void *context);

#endif
