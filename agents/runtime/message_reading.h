/* How a message is read, shared by the files that do it: message_value.c (what every part is
 * made of), message_lists.c (lists of the public part), message_content.c (private part and
 * body), message_people.c (participants), message_read.c (the whole). Nobody else includes
 * this.
 *
 * What does not fit is a problem at the place where the reading stands, and leaves what it was
 * to fill as it was, or empty; reading goes on, so that all problems are heard at once. Texts
 * point into the JSON that was read. */
#ifndef AGENT_MESSAGE_READING_H
#define AGENT_MESSAGE_READING_H

#include "runtime/message.h"

struct agent_reading {
    struct agent_problems *problems;   /* the caller's */
    char pointer[AGENT_POINTER_BYTES]; /* where we are: JSON pointer (RFC 6901) */
};

/* Reads one member into `place`, which is what the table in message_read.c says. */
typedef void agent_reader_fn(struct agent_reading *reading, json_t *value, void *place);

/* ---- where we are, and what is wrong there ---------------------------------------------- */

/* Step into a member; keys with '/' or '~' are escaped as RFC 6901 says, and what is too long
 * for a pointer is cut. Returns what to give to reading_leave. */
size_t reading_enter(struct agent_reading *reading, const char *key);
size_t reading_enter_index(struct agent_reading *reading, size_t index);
void reading_leave(struct agent_reading *reading, size_t before);

void reading_complain(struct agent_reading *reading, uint32_t refusal, const char *expected,
                      const char *expected_zh);
/* The same with RH_REFUSE_FIELD_INVALID. */
void reading_wrong(struct agent_reading *reading, const char *expected,
                   const char *expected_zh);

/* ---- values ----------------------------------------------------------------------------- */

/* A non-empty text of at most `max` bytes; NULL and a problem otherwise. */
const char *reading_text(struct agent_reading *reading, const json_t *value, size_t max);
/* The same as bytes; none when it does not fit. */
struct rh_bytes reading_line(struct agent_reading *reading, const json_t *value, size_t max);
/* False leaves `out` zero. */
bool reading_agency(struct agent_reading *reading, const json_t *value,
                    struct rh_agency_id *out);
void reading_id(struct agent_reading *reading, const json_t *value, uint8_t out[RH_ID_BYTES]);
bool reading_is_code(const char *text, size_t bytes);
bool reading_is_key(const char *text);

/* The size of an array of at most `max` elements, or 0 and a problem. */
size_t reading_array(struct agent_reading *reading, const json_t *value, size_t max);
/* False and a problem when this is no object. Members that are none of `names` (ended by NULL)
 * are problems too. */
bool reading_object(struct agent_reading *reading, json_t *value, const char *const *names);

/* ---- parts; what `place` is ------------------------------------------------------------- */

agent_reader_fn reading_externals; /* struct rh_private */
agent_reader_fn reading_keys;      /* struct rh_private */
agent_reader_fn reading_copies;    /* struct rh_public */
agent_reader_fn reading_children;  /* struct rh_public */
agent_reader_fn reading_facts;     /* struct rh_public */
agent_reader_fn reading_accused;   /* struct agent_message */
agent_reader_fn reading_private;   /* struct rh_private */
agent_reader_fn reading_body;      /* struct agent_message */
agent_reader_fn reading_participants; /* struct rh_private */

#endif
