/* The verbs of rhub-audit, apart from its main so that tests can call them. Each answers an
 * exit code of rh/exit.h, writes data to `out` and complaints to `err`. */
#ifndef HUB_AUDIT_VERBS_H
#define HUB_AUDIT_VERBS_H

#include <rh/exit.h>

#include <stdint.h>
#include <stdio.h>

#include "audit/pass.h"
#include "audit/screen.h"

struct hub_bulletin;

struct hub_verb_options {
    struct hub_pass_options pass;
    bool json;               /* -o json */
    const char *out_file;    /* --out: FILE or "-"; NULL: none */
    const struct hub_bulletin *bulletin; /* bulletin: which; borrowed */
    const char *argument;    /* timeline: the case; receipt: the file; diff: the other log */
    FILE *out, *err;
};

/* 0 nothing found, 1 broken. Borrowed options. */
int hub_verb_verify(const struct hub_verb_options *options);
/* 1 when there is no such case, or when one of its records is broken. */
int hub_verb_timeline(const struct hub_verb_options *options);
/* 1 when a record on the way is broken: the state would not be the hub's. */
int hub_verb_replay(const struct hub_verb_options *options);
/* 1 when the receipt does not hold. */
int hub_verb_receipt(const struct hub_verb_options *options);
/* 1 when the logs differ, or one is longer. */
int hub_verb_diff(const struct hub_verb_options *options);

/* 1 when a record is broken: its figures would not be the hub's. */
int hub_verb_bulletin(const struct hub_verb_options *options);

/* Exit code of an error that kept a verb from working at all; also says `problem`. */
int hub_verb_fail(const struct hub_verb_options *options, enum rh_err err, const char *problem);

/* One pass with the state kept, and what `report` makes of it: the exit code. A pass that could
 * not be made is complained of. */
typedef int hub_verb_report_fn(struct hub_pass *pass, const struct hub_verb_options *options);
int hub_verb_pass(const struct hub_verb_options *options, hub_verb_report_fn *report);

/* The findings of a pass, for both forms. */
json_t *hub_verb_findings(const struct hub_pass *pass);
void hub_verb_print_findings(FILE *out, const struct hub_pass *pass);

/* A file that appears whole or not at all: written beside its name, then renamed. "-" is
 * `standard`. NULL with a complaint on failure. */
struct hub_verb_file {
    FILE *file;
    const char *path; /* borrowed; NULL for standard output */
    char beside[4096];
};
bool hub_verb_file_open(struct hub_verb_file *file, const char *path, FILE *standard);
bool hub_verb_file_close(struct hub_verb_file *file, bool keep);

#endif
