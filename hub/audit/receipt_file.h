/* A receipt as a file: what an agency shows to a court, an auditor or another agency, and what
 * anybody checks with the hub's card and nothing else. JSON, UTF-8:
 *
 *     {
 *       "object": "receipt", "v": 1,
 *       "core": "<base64>",                  the receipt core, exact bytes
 *       "rest_hash": "<base64 of 32>",
 *       "proof": ["<base64 of 32>", ...],    audit path of this record (receipt.md, inclusion)
 *       "checkpoint": {                      batch checkpoint of the confirm it came in
 *         "size": 4711, "root": "<base64 of 32>", "signature": "<base64 of 64>" },
 *
 *       "published": "hub.620423\n4800\n...", a published note; optional
 *       "consistency": ["<base64 of 32>", ...] from the batch's size to that note's; optional
 *     }
 *
 * This is what an agent writes. Instead of `proof` it may bring what a client library holds:
 * `"range": { "first_index": 15, "leaves": [...], "proof": [...] }` with the leaf hashes and
 * the range proof of the confirm, or `"confirm": "<base64>"`, the CONFIRM frame itself, which
 * holds the checkpoint too. Without `checkpoint` the path must lead to the note in `published`.
 *
 * Unknown members are ignored. Base64 is the standard alphabet with padding. */
#ifndef HUB_AUDIT_RECEIPT_FILE_H
#define HUB_AUDIT_RECEIPT_FILE_H

#include <jansson.h>

#include <rh/note.h>
#include <rh/proof.h>
#include <rh/receipt.h>
#include <rh/wire.h>

enum { HUB_RECEIPT_FILE_BYTES_MAX = 4 * 1024 * 1024 };

enum hub_receipt_proof { HUB_RECEIPT_RANGE = 1, HUB_RECEIPT_INCLUSION = 2 };

struct hub_receipt_file {
    uint8_t core_bytes[RH_CORE_BYTES_MAX];
    size_t core_size;
    struct rh_receipt core;
    struct rh_hash rest_hash;
    bool batched;                 /* batch is there */
    struct rh_batch batch;        /* its hub is the core's: the signature says whether rightly */
    enum hub_receipt_proof proof_form;
    uint64_t first_index;
    uint32_t leaf_count;
    struct rh_hash leaves[RH_CONFIRM_RECORDS_MAX];
    uint32_t proof_count;
    struct rh_hash proof[RH_PROOF_HASHES_MAX];
    char note[RH_NOTE_BYTES_MAX + 1]; /* "" when there is none */
    size_t note_bytes;
    bool consistent;              /* consistency is there */
    uint32_t consistency_count;
    struct rh_hash consistency[RH_PROOF_CONSISTENCY_MAX];
};

/* Strict standard base64 with padding. False when it is none or longer than capacity. */
bool hub_base64_decode(const char *text, size_t text_bytes, uint8_t *out, size_t capacity,
                       size_t *bytes);

/* Read one. RH_ERR_INVALID with the offending member in problem (caller's). */
enum rh_err hub_receipt_file_read(const char *text, size_t bytes, struct hub_receipt_file *out,
                                  char *problem, size_t problem_bytes);

#endif
