/* The files of a rules directory as they are: read once, so that what is judged, what comes
 * into force and what the journal keeps are the same bytes. */
#ifndef RH_LOAD_SOURCES_H
#define RH_LOAD_SOURCES_H

#include <rh/codec.h>

#include "load/report.h"

enum {
    RH_LOAD_SOURCES_MAX = 128,
    RH_LOAD_NAME_BYTES_MAX = 95 /* "procedures/xinfang.yaml" */
};

struct rh_load_source {
    char name[RH_LOAD_NAME_BYTES_MAX + 1]; /* below the directory, with '/' */
    char *path;                            /* as shown in complaints */
    char *text;                            /* the file, not terminated */
    size_t bytes;
};

/* Ascending by name. */
struct rh_load_sources {
    size_t count;
    struct rh_load_source list[RH_LOAD_SOURCES_MAX];
};

/* Read settings.yaml and every *.yaml in procedures/, routing/ and calendars/ of `dir`. Close
 * in any case; `out` need not be initialised.
 *
 * RH_ERR_CONFIG    a file or folder that must be there is not, or cannot be one of these.
 * RH_ERR_IO, RH_ERR_NOMEM.  Each but RH_ERR_NOMEM is in the report as well. */
enum rh_err rh_load_sources_read(struct rh_load_sources *out, const char *dir,
                                 struct rh_load_report *report);

/* Add one from memory, copied; `path` NULL: the name. Order must be kept by the caller.
 * RH_ERR_FULL, RH_ERR_INVALID (name), RH_ERR_EXISTS (not after the last), RH_ERR_NOMEM. */
enum rh_err rh_load_sources_add(struct rh_load_sources *sources, const char *name,
                                const char *path, const char *text, size_t bytes);

/* The same, wherever its name puts it; one that has the name already is replaced. Not
 * RH_ERR_EXISTS. */
enum rh_err rh_load_sources_put(struct rh_load_sources *sources, const char *name,
                                const char *path, const char *text, size_t bytes);
/* Take one out; no harm when it is not there. */
void rh_load_sources_drop(struct rh_load_sources *sources, const char *name);

void rh_load_sources_close(struct rh_load_sources *sources);

/* Canonical: an array of [name, bytes], ascending by name. RH_ERR_FULL when it does not fit. */
enum rh_err rh_load_sources_encode(const struct rh_load_sources *sources,
                                   struct rh_writer *writer);
/* Reverse, for whoever holds a journal. RH_ERR_INVALID, RH_ERR_NOMEM; close in any case. */
enum rh_err rh_load_sources_decode(struct rh_bytes bytes, struct rh_load_sources *out);

#endif
