/* What the files of the folder door share. */
#ifndef AGENT_DOORS_FOLDER_INSIDE_H
#define AGENT_DOORS_FOLDER_INSIDE_H

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "doors/folder/folder.h"

enum {
    FOLDER_FILES_MAX = 20000, /* watched in out/ at a time; the others wait their turn */
    FOLDER_NAME_MAX = 200,
    FOLDER_BATCH = 64
};

enum folder_room { ROOM_OUT, ROOM_IN, ROOM_SENT, ROOM_FAILED, ROOM_DONE, ROOM_TMP, ROOMS };

/* A file seen in out/. */
struct folder_file {
    char name[AGENT_NAME_BYTES_MAX + 1];
    ino_t inode;
    off_t bytes;
    struct timespec changed;
    uint64_t since;    /* monotonic ms: unchanged from here on */
    uint64_t again_at; /* not to be looked at before */
    bool published;    /* came by rename: complete */
    bool handed_in;    /* in the spool, waiting for its answer */
    bool seen;         /* by the scan that is going on */
    bool gone;         /* out of out/ */
};

struct folder {
    struct folder_options options;
    int rooms[ROOMS];  /* directory descriptors */
    int events;        /* inotify, -1 when there is none */
    int watch_out, watch_done;
    void *tree;        /* of struct folder_file by name; search.h */
    struct folder_file **files;
    uint32_t count;
    uint64_t scan_at;  /* next whole scan, monotonic ms */
    uint64_t give_at;  /* after trouble with the disk: not before */
    struct timespec done_changed;
    bool hold, told_key, told_many;
};

/* ---- disk.c ----------------------------------------------------------------------------- */

/* Write `name` in `room` whole: hidden file, synced, renamed. RH_ERR_NOSPACE, RH_ERR_IO. */
enum rh_err folder_write(int room, const char *name, const void *data, size_t bytes);
/* The same without the rename: the file is complete and synced under `name`. */
enum rh_err folder_write_plain(int room, const char *name, const void *data, size_t bytes);
/* A whole regular file of at most `max` bytes; malloc'ed, one zero byte more. RH_ERR_NOTFOUND,
 * RH_ERR_FULL when larger, RH_ERR_AGAIN when it changed meanwhile, RH_ERR_INVALID when it is no
 * regular file, RH_ERR_DENIED, RH_ERR_IO. */
enum rh_err folder_read(int room, const char *name, size_t max, uint8_t **data, size_t *bytes);
enum rh_err folder_sync(int room);
/* Whether the file of that name has these bytes. */
bool folder_holds(int room, const char *name, const struct rh_hash *hash, size_t max);
/* json is taken. */
enum rh_err folder_write_json(int room, const char *name, json_t *json);
/* "X.json" with another end: "X.receipt.json". out[AGENT_NAME_BYTES_MAX + 1]. */
void folder_with_end(const char *name, const char *end, char *out);
/* The entries of a directory from the first on; closedir is the caller's. `fd` is taken, -1 is
 * let through. NULL when they cannot be read. */
DIR *folder_entries(int fd);
/* A directory and the files in it (not deeper). */
void folder_remove_dir(int room, const char *name);

/* Say it, and leave the disk alone for a while. */
void folder_disk_trouble(struct folder *folder, enum rh_err err, const char *what);

/* ---- out.c ------------------------------------------------------------------------------ */

/* Something happened to a name in out/; `published`: it came by rename and is complete. */
void folder_note_event(struct folder *folder, const char *name, bool published);
/* Look at every name in out/: new ones, changed ones, those that are gone. */
void folder_scan_out(struct folder *folder);
/* Hand in what is complete, FOLDER_BATCH files at the most; the caller commits the spool. What
 * is wrong with a file is its answer, an error is the spool's. */
enum rh_err folder_take(struct folder *folder);
/* Until a file may be complete or out/ is to be scanned; 0 now. */
uint32_t folder_out_wait_ms(const struct folder *folder);
/* Names are not watched any more; the files stay. */
void folder_forget_all(struct folder *folder);
void folder_forget(struct folder *folder, const char *name);

/* ---- answer.c --------------------------------------------------------------------------- */

/* Move a file that never reached the spool to failed/, with its reasons. False when the disk
 * did not let us. */
bool folder_fail(struct folder *folder, const char *name,
                 const struct agent_problems *problems);
/* Name an entry that is no plain file in failed/, once; it stays where it is. False as
 * above. */
bool folder_name_odd(struct folder *folder, const char *name,
                     const struct agent_problems *problems);
/* Receipts and refusals of files whose messages are all settled, FOLDER_BATCH at the most. A
 * disk that does not take them is told of and tried later (RH_OK); an error is the spool's. */
enum rh_err folder_give_answers(struct folder *folder);

/* ---- in.c ------------------------------------------------------------------------------- */

/* What was delivered, complete and once, into in/. Errors as above. */
enum rh_err folder_give_deliveries(struct folder *folder);
/* Look at done/ if it has changed, or in any case when `whole`: what stands there was taken. */
void folder_scan_done(struct folder *folder, bool whole);
void folder_note_done(struct folder *folder, const char *name);

#endif
