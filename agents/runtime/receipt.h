/* Receipts as JSON, with a proof anybody can check: the core and the hash of its rest, the
 * batch checkpoint with the hub's signature, and the inclusion path of RFC 6962, taken out of
 * the range proof of the confirm. protocol/spec/receipt.md says how to check it. */
#ifndef AGENT_RECEIPT_H
#define AGENT_RECEIPT_H

#include <jansson.h>
#include <rh/proof.h>

#include "runtime/spool.h"

/* Row "receipt" of one number: what is known, proof included when `proof`; the caller's. */
enum rh_err agent_receipt_json(struct agent_spool *spool, uint64_t n, bool proof, json_t **out);

/* Inclusion path of record `i` of a verified confirm, for rh_proof_inclusion_verify; returns
 * the number of hashes. */
size_t agent_receipt_path(const struct rh_frame_confirm *confirm, uint32_t i,
                          struct rh_hash out[RH_PROOF_PATH_MAX]);

#endif
