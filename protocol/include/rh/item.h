/* An item: one message of an agency, and the bundle that carries it.
 *
 * The PUBLIC part is what the hub routes and decides by: no personal data, no free text,
 * identifiers as keyed hashes. PRIVATE part and BODY are opaque to the hub. The sender commits
 * to both:  commitment = SHA-256("rhub/content/1" 0 salt(32) u32be(private bytes) private body)
 *           item digest = SHA-256("rhub/item/1" 0 u32be(public bytes) public commitment
 *                                  SHA-256(sealed keys, as encoded))
 * The bundle header is signed with tag "rhub/bundle/1"; its root is the RFC 6962 root over
 * the item digests as leaf data. Source: protocol/spec/wire.md, "Bundle" and "Item". */
#ifndef RH_ITEM_H
#define RH_ITEM_H

#include <rh/codec.h>
#include <rh/hash.h>
#include <rh/id.h>
#include <rh/kind.h>
#include <rh/seal.h>
#include <rh/sign.h>

enum {
    RH_SALT_BYTES = 32,
    RH_FACT_KEY_BYTES_MAX = 32,
    RH_SYSTEM_BYTES_MAX = 24,
    RH_TRACE_BYTES_MAX = 64,
    RH_ACCUSED_MAX = 4,
    RH_PERSON_HASHES_MAX = 4, /* of one registration, for finding repeats */
    RH_EXTERNAL_NUMBER_BYTES_MAX = 300, /* in clear, as in rh/private.h; longer is cut */
    RH_BUNDLE_HEADER_BYTES_MAX = 256,
    RH_BUNDLE_PATH_MAX = 8
};

static_assert(1 << RH_BUNDLE_PATH_MAX == RH_BUNDLE_ITEMS_MAX, "a path is as long as the tree");

/* Largest instant on the wire, 9999-12-31T23:59:59.999Z, in ms. */
#define RH_MS_MAX UINT64_C(253402300799999)
/* Largest running number (n, pair_seq, log index and size), so that JSON keeps them exact. */
#define RH_NUMBER_MAX UINT64_C(9007199254740991)

/* A fact the rules may test: "mediating_org" = "91510603MB1..." or "persons" = 12. Values are
 * codes or numbers, never names or sentences. A code here and in every field named code is
 * [A-Za-z0-9][A-Za-z0-9_.:/-]*. */
struct rh_fact {
    char key[RH_FACT_KEY_BYTES_MAX + 1]; /* [a-z][a-z0-9_]* */
    bool is_number;
    int64_t number;
    char code[RH_CODE_BYTES_MAX + 1];
};

/* An external number: which system, and the keyed hash of the number there. */
struct rh_external {
    char system[RH_SYSTEM_BYTES_MAX + 1]; /* [a-z0-9][a-z0-9_.-]* */
    struct rh_hash hash;
};

/* Hash of an external number under the key the hub hands out in WELCOME: keyed BLAKE2b-256 of
 * system || 0 || number, so equal numbers of different systems differ. (An accused unit is
 * hashed alone: rh_hash_keyed over the text of its agency id.) */
void rh_external_hash(const uint8_t key[32], const char *system, struct rh_bytes number,
                      struct rh_hash *out);

/* What repeats are found by, under the same key: rh_external_hash of the systems "person" and
 * "matter". A person is told by an identity number, upper case and without blanks, else by
 * "name/phone" written the same way; rh_person_text makes that text. A matter is a text the
 * agencies agree on, blanks at both ends taken off. Neither text leaves the agency. */
enum { RH_PERSON_TEXT_BYTES_MAX = 2 * RH_EXTERNAL_NUMBER_BYTES_MAX + 2 };

/* False when there is neither an identity number nor a name with a phone: nobody to tell
 * apart. Any argument may be NULL. */
bool rh_person_text(const char *id_number, const char *name, const char *phone,
                    char out[RH_PERSON_TEXT_BYTES_MAX]);
void rh_person_hash(const uint8_t key[32], const char *person_text, struct rh_hash *out);
void rh_matter_hash(const uint8_t key[32], const char *matter, struct rh_hash *out);

enum { RH_MATTER_TEXT_BYTES_MAX = RH_EXTERNAL_NUMBER_BYTES_MAX };

/* How agents of this project write a matter before it is hashed: without blanks and punctuation
 * ('/' stays: it parts columns), full-width forms as ASCII, letters capital; what is longer
 * than RH_MATTER_TEXT_BYTES_MAX then is the SHA-256 of it in hexadecimal. `text` is caller's
 * and worked in. Of a text so written it answers the same. False: nothing is left. */
bool rh_matter_text(uint8_t *text, size_t bytes, char out[RH_MATTER_TEXT_BYTES_MAX + 1]);

/* One child of a split, or the child of a transfer_on. */
struct rh_child {
    struct rh_referral_id id;
    struct rh_agency_id to;
    bool mandatory; /* blocks the parent's conclusion until concluded or released */
};

/* Public part, decoded. Keys on the wire are the numbers in comments; absent = zero or empty,
 * and what is zero or empty is absent. Which fields a kind needs is said in
 * spec/lifecycle.md; extra fields are refused there. Elements of lists behind their counts
 * are undefined. No list holds an element twice. */
struct rh_public {
    struct rh_message_id message_id;        /* 1  required */
    enum rh_kind kind;                      /* 2  required */
    struct rh_referral_id referral_id;      /* 3  required except ack, nack, bulletin,
                                                  warning, acknowledge_info, shared */
    struct rh_referral_id root_id;          /* 4  register: under which matter */
    struct rh_referral_id other_id;         /* 5  merge: master; register: repeats; release */
    struct rh_message_id refers_to;         /* 6  amend, acknowledge_info: earlier message */
    struct rh_agency_id to;                 /* 7  dispatch, designate, transfer_on, inform */
    char procedure[RH_CODE_BYTES_MAX + 1];  /* 8  register; dispatch: of the child */
    enum rh_lane lane;                      /* 9 */
    char category[RH_CODE_BYTES_MAX + 1];   /* 10 */
    char area[RH_CODE_BYTES_MAX + 1];       /* 11 division code */
    char source[RH_CODE_BYTES_MAX + 1];     /* 12 channel: visit, letter, online, 12345 ... */
    char code[RH_CODE_BYTES_MAX + 1];       /* 13 reason, ground or outcome code */
    char basis[RH_CODE_BYTES_MAX + 1];      /* 14 legal basis code, e.g. xfgztl-22 */
    struct rh_agency_id proper;             /* 15 proper addressee named by object, refuse */
    uint64_t due_ms;                        /* 16 assign: end set by sender, exclusive ms */
    uint64_t occurred_ms;                   /* 17 claimed instant of the business act */
    uint32_t extend_n;                      /* 18 extension asked for or granted */
    bool report_required;                   /* 19 */
    bool information_wanted;                /* 20 asks for acknowledge_info */
    bool reply_owed;                        /* 21 register: petitioner wants an answer */
    bool leader_named;                      /* 22 the private part names a leader */
    uint32_t external_count;                /* 23 */
    struct rh_external externals[RH_EXTERNALS_MAX];
    uint32_t copy_count;                    /* 24 */
    struct rh_agency_id copies[RH_COPIES_MAX];
    uint32_t child_count;                   /* 25 */
    struct rh_child children[RH_CHILDREN_MAX];
    uint32_t fact_count;                    /* 26 map; decoded in order of its keys */
    struct rh_fact facts[RH_FACTS_MAX];
    char trace[RH_TRACE_BYTES_MAX + 1];     /* 27 W3C traceparent */
    /* transport kinds only */
    struct rh_agency_id from;               /* 28 ack, nack: sender whose delivery is meant */
    uint64_t pair_seq;                      /* 29 ack: up to and including; nack: only this */
    uint32_t refusal;                       /* 30 nack: code number of the catalogue */
    /* register: what repeats are found by; rh_person_hash, rh_matter_hash */
    uint32_t person_count;                  /* 32 number of hashes below */
    struct rh_hash persons[RH_PERSON_HASHES_MAX]; /* 32 keyed hashes of who brings the matter */
    struct rh_hash matter;                  /* 33 keyed hash of what it is about */
    /* any kind */
    uint32_t accused_count;                 /* 31 number of hashes below */
    struct rh_hash accused[RH_ACCUSED_MAX]; /* 31 keyed hashes of accused units (deny rules) */
};

/* Whether every field holds what its type, bounds and alphabet allow and the required ones
 * are there. RH_ERR_INVALID otherwise, with the key number of a bad field in *field (may be
 * NULL; 0 when all is well). */
enum rh_err rh_public_check(const struct rh_public *value, unsigned *field);
/* Facts may stand in any order. RH_ERR_INVALID when rh_public_check says so (nothing is
 * written), RH_ERR_FULL when it does not fit the writer. */
enum rh_err rh_public_encode(const struct rh_public *value, struct rh_writer *writer);
/* Checks canonical form, types, bounds and code alphabets, not meaning. *field (may be NULL)
 * gets the key number of the first offending field, 0 for the structure. RH_ERR_FULL above
 * RH_PUBLIC_BYTES_MAX, else RH_ERR_INVALID. */
enum rh_err rh_public_decode(struct rh_bytes bytes, struct rh_public *out, unsigned *field);

/* The fact of that key; NULL when there is none. Borrowed from value. */
const struct rh_fact *rh_public_fact(const struct rh_public *value, const char *key);

/* An item as it travels: [public bin, commitment bin32, keys, salt bin32, private bin,
 * body bin]; all views borrowed. keys is the encoded array of sealed keys:
 * [[agency str, sealed key bin80], ...], an empty array when there are none (no bytes at all
 * mean the same when encoding or hashing). */
struct rh_item {
    struct rh_bytes public_part;
    struct rh_hash commitment;
    struct rh_bytes keys;
    uint8_t salt[RH_SALT_BYTES];
    struct rh_bytes private_part;
    struct rh_bytes body;
};

void rh_item_commit(const uint8_t salt[RH_SALT_BYTES], struct rh_bytes private_part,
                    struct rh_bytes body, struct rh_hash *out);
void rh_item_digest(const struct rh_item *item, struct rh_hash *out);
/* RH_ERR_CRYPTO when the commitment does not open to salt, private part and body. */
enum rh_err rh_item_check(const struct rh_item *item);

/* One item by itself, as in a bundle. RH_ERR_FULL above RH_ITEM_BYTES_MAX or the bound of a
 * part; decode checks form and bounds, neither the public part inside nor the commitment. */
enum rh_err rh_item_encode(const struct rh_item *item, struct rh_writer *writer);
enum rh_err rh_item_decode(struct rh_bytes bytes, struct rh_item *out);

/* Content key of an item, sealed to one agency (rh_seal_key). */
struct rh_sealed_key {
    struct rh_agency_id agency;
    uint8_t sealed[RH_SEALED_KEY_BYTES];
};

/* Write the list for rh_item.keys; each agency at most once. RH_ERR_FULL above
 * RH_SEALED_KEYS_MAX. */
enum rh_err rh_item_keys_encode(const struct rh_sealed_key *keys, uint32_t count,
                                struct rh_writer *writer);
/* The key sealed to `agency`; RH_ERR_NOTFOUND when there is none, RH_ERR_INVALID when the
 * list is broken. */
enum rh_err rh_item_key_for(const struct rh_item *item, const struct rh_agency_id *agency,
                            uint8_t sealed[RH_SEALED_KEY_BYTES]);

/* On the wire an array of the eight values in this order. */
struct rh_bundle_header {
    uint8_t suite; /* RH_SUITE_ED25519 */
    struct rh_hub_id hub;
    struct rh_agency_id sender;
    struct rh_epoch epoch;
    uint64_t first_n; /* from 1 */
    uint32_t count;   /* 1..RH_BUNDLE_ITEMS_MAX */
    struct rh_hash root;
    uint64_t claimed_ms;
};

enum rh_err rh_bundle_header_encode(const struct rh_bundle_header *header,
                                    struct rh_writer *writer);
enum rh_err rh_bundle_header_decode(struct rh_bytes bytes, struct rh_bundle_header *out);

/* Root over digests[count]; and the path of one digest in it, from its neighbour upwards;
 * returns its length. count 1..RH_BUNDLE_ITEMS_MAX and position < count are the caller's
 * promise. Verify takes numbers from strangers. */
void rh_bundle_root(const struct rh_hash *digests, uint32_t count, struct rh_hash *out);
/* The whole tree of a bundle, for whoever needs many paths: every level, leaves first. */
enum { RH_BUNDLE_NODES_MAX = 2 * RH_BUNDLE_ITEMS_MAX };

struct rh_bundle_tree {
    uint32_t count; /* leaves */
    struct rh_hash nodes[RH_BUNDLE_NODES_MAX];
};

void rh_bundle_tree_build(const struct rh_hash *digests, uint32_t count,
                          struct rh_bundle_tree *out);
uint32_t rh_bundle_tree_path(const struct rh_bundle_tree *tree, uint32_t position,
                             struct rh_hash out[RH_BUNDLE_PATH_MAX]);
uint32_t rh_bundle_path(const struct rh_hash *digests, uint32_t count, uint32_t position,
                        struct rh_hash out[RH_BUNDLE_PATH_MAX]);
bool rh_bundle_path_verify(const struct rh_hash *root, uint32_t count, uint32_t position,
                           const struct rh_hash *digest, const struct rh_hash *path,
                           uint32_t path_count);

#endif
