/* A hub with everything real but its doors, pumped by a thread of its own, and an operator who
 * asks it through the admin socket. */
#ifndef RHT_OPERATOR_KIT_H
#define RHT_OPERATOR_KIT_H

#include <jansson.h>

#include <rh/item.h>

#include "operator/mailbox.h"
#include "operator/operator.h"

/* An agency that sends bundles without a network. */
struct rht_agency {
    const char *id;
    struct rh_secret keys[RH_KEY_USES];
    struct rh_epoch epoch;
    uint64_t next_n;
};

/* Start and stop; the hub is test.demo with the project's own rules, its clock steered. */
void rht_hub_start(void);
void rht_hub_stop(void);
/* Its admin socket. */
const char *rht_hub_socket(void);
/* Whether the pump has ended by itself, because an operator said so; waits at most 5 s. */
bool rht_hub_has_stopped(void);

/* Ask; args as JSON text, may be NULL. The answer is {"rows":[...],"end":{...}} or
 * {"error":{...}}; the caller's. */
json_t *rht_ask(const char *verb, const char *args);
/* One line as it is. */
json_t *rht_ask_line(const char *line);
/* The first row of an answer, borrowed; fails the test when there is none. */
json_t *rht_row(json_t *answer, size_t index);
size_t rht_rows(json_t *answer);
const char *rht_text(json_t *row, const char *key);
/* "RH-4303" of an error, or "". */
const char *rht_code(json_t *answer);
/* Ask what must be answered by this error. */
void rht_assert_refused(const char *verb, const char *args, const char *code);

/* The public card of fresh keys, as JSON text that can stand in args. */
void rht_agency_make(struct rht_agency *agency, const char *id);
json_t *rht_agency_enrol(const struct rht_agency *agency, const char *name_zh);
/* A HELLO, in the hub's thread. */
void rht_agency_hello(struct rht_agency *agency);
/* Send one item and wait until it is stored; *outcome 0 or a refusal. */
uint32_t rht_agency_send(struct rht_agency *agency, struct rh_public *part);
void rht_fresh_id(uint8_t id[RH_ID_BYTES]);

#endif
