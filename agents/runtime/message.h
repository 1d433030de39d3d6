/* The JSON message of doors and local socket: what a case system writes and reads. One form
 * both ways; protocol/spec/message.md describes it, message.schema.json is it.
 *
 * Reading is strict: an unknown key or a value of the wrong form is a problem with its JSON
 * pointer, and all problems are reported at once. */
#ifndef AGENT_MESSAGE_H
#define AGENT_MESSAGE_H

#include <jansson.h>

#include <rh/private.h>
#include <rh/wire.h>

#include "runtime/problem.h"
#include "runtime/spool.h"

enum { AGENT_TYPE_BYTES_MAX = 100, AGENT_BODY_BYTES_MAX = 180 * 1024 };

/* A message as read. Texts of `content` point into `json`. */
struct agent_message {
    json_t *json;                        /* kept for its texts */
    struct rh_public item;               /* what needs no looking up; ids below */
    bool has_id;                         /* item.message_id was given */
    char referral[AGENT_KEY_BYTES_MAX + 1]; /* id, number or "system=number"; empty: none */
    char root[AGENT_KEY_BYTES_MAX + 1];
    char other[AGENT_KEY_BYTES_MAX + 1];
    struct rh_private content;
    uint32_t accused_count;
    struct rh_agency_id accused[RH_ACCUSED_MAX];
    char matter[RH_EXTERNAL_NUMBER_BYTES_MAX + 1]; /* what it is about, hashed; empty: none */
    bool seal;                           /* private part and body only for the addressees */
    char media_type[AGENT_TYPE_BYTES_MAX + 1]; /* body; empty: none */
    char body_file[AGENT_NAME_BYTES_MAX + 1];  /* body stands in this file; empty: below */
    uint8_t *body;                       /* malloc'ed, NULL when none */
    size_t body_bytes;
};

/* Read `json` (borrowed; a reference is kept). Defaults for kind and referral come from a
 * file's name and may be NULL; a different value inside is a problem. RH_ERR_INVALID when
 * there are problems; `out` is to be released either way. */
enum rh_err agent_message_read(json_t *json, enum rh_kind kind, const char *referral,
                               struct agent_message *out, struct agent_problems *problems);
void agent_message_release(struct agent_message *message);

/* What was delivered, as JSON; the caller's. `content` and `body` are opened already. A body
 * that is no UTF-8 text is named as the file `body_file`, which the door writes beside. */
struct agent_delivered {
    const struct agent_got *got;
    const struct rh_public *item;       /* NULL: a tombstone that says nothing */
    const struct rh_private *content;
    struct rh_body body;
    const char *body_file;              /* NULL: text inside */
    const struct agent_case *known;     /* the case; NULL when none */
};
json_t *agent_message_write(const struct agent_delivered *delivered);

/* Whether a body can stand in JSON as text. */
bool agent_body_is_text(const struct rh_body *body);

/* A row of an answer, begun: its object and version; the caller's. */
json_t *agent_json_row(const char *object);
/* Below 2^63. */
void agent_json_number(json_t *object, const char *key, uint64_t value);
/* Ids and instants as members; nothing is set for zero. */
void agent_json_id(json_t *object, const char *key, const uint8_t id[RH_ID_BYTES]);
void agent_json_instant(json_t *object, const char *key, uint64_t ms);
/* `limit`, its titles, `basis` and `verification` of a date, as far as they are known; the
 * procedure is the matter's, empty where the agent has not heard of it. */
void agent_json_due(json_t *object, const char *procedure, const char *limit,
                    enum rh_due_basis basis);
void agent_json_text(json_t *object, const char *key, const char *text);
void agent_json_bytes(json_t *object, const char *key, struct rh_bytes utf8);
/* The parts of a scope by name; one entry of `private.participants`. The caller's. */
json_t *agent_scopes_json(uint32_t scope);
json_t *agent_participant_json(const struct rh_participant *one);

#endif
