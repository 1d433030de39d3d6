/* What the journal's own files share. Nobody else includes this. */
#ifndef HUB_JOURNAL_INTERNAL_H
#define HUB_JOURNAL_INTERNAL_H

#include <pthread.h>

#include "journal/file.h"
#include "journal/format.h"
#include "journal/walk.h"

enum { HUB_FILE_CACHE = 8 };

/* The frame being built and then written. Touched by the appending thread until submit, by
 * the writing thread until the result is known, never by both. */
struct hub_build {
    struct hub_frame_head head;
    bool begun;
    bool new_segment;       /* it will open the next segment; known from the first record on */
    uint64_t segment;       /* first index of the segment it goes to */
    uint32_t frame_offset;  /* where in that segment */
    uint32_t room;          /* bytes on disk it may grow to */
    uint8_t *payload;       /* HUB_PAYLOAD_BYTES_MAX, owned */
    uint8_t *disk;          /* HUB_JOURNAL_FRAME_BYTES_MAX, owned */
    uint64_t checksum;      /* its trailer */
    struct hub_frame_sums sums;
};

enum hub_job { HUB_JOB_NONE, HUB_JOB_SUBMITTED, HUB_JOB_DONE };

/* The segment being written. */
struct hub_current {
    int fd;          /* -1: there is none yet */
    uint64_t segment;
    uint32_t bytes;  /* its size */
    uint32_t offset; /* where the next frame goes */
};

/* The next segment. Under the mutex. */
struct hub_spare {
    enum hub_journal_spare state;
    int fd;        /* READY: open for writing, all zeros, synced, named HUB_SPARE_NAME */
    bool wanted;   /* the writing thread waits: no pauses */
    uint64_t waits;
    char text[HUB_JOURNAL_TEXT_BYTES];
    /* The making thread's own. */
    int work_fd;       /* HUB_SPARE_PARTIAL_NAME, or -1 */
    uint32_t work_done; /* zeros written and synced so far */
};

/* An open segment for hub_journal_read. Under files_mutex. */
struct hub_open_file {
    int fd; /* -1: empty place */
    uint64_t segment;
    unsigned users;
    uint64_t used; /* stamp of the last use */
};

struct hub_journal {
    /* Fixed at open. */
    int dir_fd;
    int lock_fd; /* -1: read only */
    bool read_only;
    uint32_t segment_bytes;
    uint32_t retry_ms;
    uint64_t applied_size, published_size;
    char hub_id[RH_HUB_ID_BYTES_MAX + 1];
    uint64_t salt;

    struct hub_build build;

    pthread_mutex_t mutex;
    pthread_cond_t job_changed;   /* submitted, done, stopping */
    pthread_cond_t spare_changed; /* state, wanted, stopping */
    bool threads;                 /* both run */
    pthread_t writer, maker;
    bool stopping;
    bool failed;
    enum hub_job job;
    enum rh_err job_result;

    /* Under the mutex; the appending thread may read them without while no job runs. */
    struct hub_current current;
    uint64_t *segments; /* first indexes, ascending, owned */
    size_t segment_count, segment_capacity;
    uint64_t next_index, next_frame;
    uint64_t last_term, last_time_ms, last_checksum;
    char newest_hub_id[RH_HUB_ID_BYTES_MAX + 1];
    struct hub_spare spare;
    bool room_low;            /* less than the reserve was left when last looked */
    uint64_t room_looked_ms;  /* monotonic */

    pthread_mutex_t files_mutex;
    struct hub_open_file files[HUB_FILE_CACHE];
    uint64_t files_stamp;
};

/* append.c: the writing thread. */
void *hub_journal_writer(void *journal);
/* A failure after which nothing may be promised any more. Takes the mutex. */
enum rh_err hub_journal_fail(struct hub_journal *journal);

/* Room on the disk that stays for others who cannot do without: one segment's size. Below it no
 * segment is made and no frame promised. */
static inline uint64_t hub_journal_reserve(const struct hub_journal *journal)
{
    return journal->segment_bytes;
}

/* spare.c: the making thread, and what the writing thread asks of it. */
void *hub_spare_maker(void *journal);
/* Wait for the next segment and take it; hub_spare_used or hub_spare_return must follow.
 * RH_ERR_NOSPACE when it is missing, RH_ERR_CLOSED when stopping, RH_ERR_IO when failed. */
enum rh_err hub_spare_take(struct hub_journal *journal, int *fd);
/* It has its own name now: another may be begun. */
void hub_spare_used(struct hub_journal *journal);
/* It was not used: all zeros, synced and named HUB_SPARE_NAME as before. */
void hub_spare_return(struct hub_journal *journal, int fd);
/* Wait until the first attempt has ended. RH_OK, RH_ERR_NOSPACE or RH_ERR_IO. */
enum rh_err hub_spare_await(struct hub_journal *journal);

/* recover.c: find the end, cut what is unfinished, rewrite the last frame. Fills current,
 * position, segments and salt. Before the threads run. */
enum rh_err hub_journal_recover(struct hub_journal *journal,
                                struct hub_journal_report *report);

/* quarantine.c: move [from, end) of a segment file to DIR/quarantine, zero the rest of the
 * file and sync. Nothing is changed unless the copy is safe on the disk. */
enum rh_err hub_journal_quarantine(struct hub_journal *journal, struct hub_walk *walk,
                                   uint32_t from, uint32_t end, uint64_t frame,
                                   struct hub_journal_report *report);

#endif
