/* From a row to a message: which column is what, what the row is about, when it happened. */
#ifndef AGENT_IMPORT_ROW_H
#define AGENT_IMPORT_ROW_H

#include <rh/csv.h>
#include <rh/import_map.h>

#include "runtime/import.h"

struct agent_row_plan;

/* Compile the map: patterns, zones. RH_ERR_INVALID: problems name what cannot be used. `map`
 * is borrowed until close. */
enum rh_err agent_row_plan_open(const struct rh_import_map *map, struct agent_row_plan **out,
                                struct agent_problems *problems);
void agent_row_plan_close(struct agent_row_plan **plan);

/* Find the map's columns in the header; every one that is missing becomes a problem that names
 * the nearest. `file` is shown. RH_ERR_INVALID. */
enum rh_err agent_row_plan_header(struct agent_row_plan *plan, const char *file,
                                  const struct rh_csv_field *fields, uint32_t count,
                                  struct agent_problems *problems);

/* What a row says, but for its addressee. Texts of the message point into the fields; the body
 * is malloc'ed (agent_message_release). Ready to be sent as a registration. */
struct agent_row {
    struct agent_message message;
    uint64_t due_ms;                   /* the source's own end, exclusive; 0 none */
    char key[AGENT_KEY_BYTES_MAX + 1]; /* "system=number" */
    uint32_t number_line, number_column;
};

/* False: error says why; line and column are those of the field. Release the message either
 * way. */
bool agent_row_read(const struct agent_row_plan *plan, const struct rh_csv_field *fields,
                    uint32_t count, uint32_t row_line, struct agent_row *out,
                    struct agent_row_error *error);

void agent_row_fail(struct agent_row_error *error, const struct rh_csv_field *field,
                    const char *name, uint32_t refusal, const char *text, const char *text_zh);

#endif
