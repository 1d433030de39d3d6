/* Reading one YAML file strictly: the part that all loaders share.
 *
 * A file is one document, at most RH_YAML_BYTES_MAX, without anchors and aliases; a key given
 * twice is refused. Every complaint goes into the report with file, line and column of the
 * node it is about, and reading goes on, so one run shows all problems. Functions that answer
 * bool are true when the value is usable; false means a problem was reported. */
#ifndef RH_LOAD_YAML_H
#define RH_LOAD_YAML_H

#include <libfyaml.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/err.h>
#include <rh/text.h>

#include "load/report.h"

enum { RH_YAML_BYTES_MAX = 1024 * 1024 };

struct rh_yaml {
    const char *file;              /* as shown in complaints; borrowed */
    struct rh_load_report *report; /* borrowed */
    char *text;                    /* the file */
    struct fy_diag *diag;
    struct fy_parser *parser;
    struct fy_document *document;
    struct fy_node *root;          /* a mapping */
};

/* Open and parse. Close in any case.
 * RH_ERR_NOTFOUND  no such file; RH_ERR_IO  it cannot be read; RH_ERR_NOMEM.
 * RH_ERR_CONFIG    too large, no YAML, several documents, or no mapping at the top.
 * Each but RH_ERR_NOMEM is in the report as well. `path` must live until close. */
enum rh_err rh_yaml_open(struct rh_yaml *yaml, const char *path, struct rh_load_report *report);

/* The same from memory; `name` stands for the file. Copied. */
enum rh_err rh_yaml_open_text(struct rh_yaml *yaml, const char *name, const char *text,
                              size_t bytes, struct rh_load_report *report);

void rh_yaml_close(struct rh_yaml *yaml);

/* Complain about a node: what is wrong; what was meant. */
void rh_yaml_problem(struct rh_yaml *yaml, struct fy_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Refuse every key of a mapping that is not among `keys` and suggest the one that was
 * probably meant; refuse `node` itself when it is no mapping. `what` names the mapping. */
bool rh_yaml_keys(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                  const char *const *keys, size_t count);

/* A value of a mapping; NULL when the key is absent (not reported). */
struct fy_node *rh_yaml_get(struct fy_node *mapping, const char *key);

/* The same, absence reported at the mapping. */
struct fy_node *rh_yaml_need(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                             const char *what);

/* A sequence, or reported. `what` is its plural: "days", "holidays". */
bool rh_yaml_sequence(struct rh_yaml *yaml, struct fy_node *node, const char *what);

/* A scalar of 1 to capacity - 1 bytes without NUL, copied and terminated. */
bool rh_yaml_text(struct rh_yaml *yaml, struct fy_node *node, const char *what, char *out,
                  size_t capacity);

/* A plain decimal number from min to max, without sign or leading zero. */
bool rh_yaml_uint(struct rh_yaml *yaml, struct fy_node *node, const char *what, uint64_t min,
                  uint64_t max, uint64_t *out);

/* true or false. */
bool rh_yaml_bool(struct rh_yaml *yaml, struct fy_node *node, const char *what, bool *out);

/* One word of a list; the place in the list goes to *out. */
bool rh_yaml_choice(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                    const char *const *words, size_t count, size_t *out);

#endif
