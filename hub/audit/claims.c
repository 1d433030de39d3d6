#include "audit/claims.h"

#include <inttypes.h>
#include <string.h>

#include <rh/wire.h>

void hub_claims_init(struct hub_claims *claims, struct hub_roster *roster,
                     struct hub_findings *findings)
{
    memset(claims, 0, sizeof *claims);
    claims->roster = roster;
    claims->findings = findings;
    claims->to = UINT64_MAX;
}

static bool is_wanted(const struct hub_claims *claims, uint64_t index)
{
    return index >= claims->from && index <= claims->to;
}

/* A difference between two hashes, named. */
static void differ(struct hub_claims *claims, enum hub_finding_code code, uint64_t index,
                   const struct rh_hash *expected, const struct rh_hash *actual,
                   const char *what)
{
    struct hub_finding finding = hub_finding_make(code, index, "%s", rh_text(what));
    finding.count = 1;
    finding.hashed = true;
    finding.expected = *expected;
    finding.actual = *actual;
    hub_findings_add(claims->findings, &finding);
}

/* The agency of a record of a stream, under its number and its name. */
static const struct hub_roster_agency *agency_of(struct hub_claims *claims,
                                                 const struct hub_record *record)
{
    uint64_t index = record->core.index;
    const struct hub_roster_agency *agency = hub_roster_agency(claims->roster, record->agency);
    if (agency == NULL) {
        /* Its enrolment may be among the records that cannot be read. */
        if (claims->roster->damage == 0)
            hub_findings_say(claims->findings, HUB_FINDING_AGENCY, index,
                             N_("%s has the number %" PRIu32 ", which nobody has"),
                             record->core.agency.text, record->agency);
        return NULL;
    }
    if (strcmp(agency->id.text, record->core.agency.text) != 0) {
        hub_findings_say(claims->findings, HUB_FINDING_AGENCY, index,
                         N_("the core names %s, its number is that of %s"),
                         record->core.agency.text, agency->id.text);
        return NULL;
    }
    if (agency->state != HUB_AGENCY_ACTIVE && agency->state != HUB_AGENCY_SUCCEEDED)
        hub_findings_say(claims->findings, HUB_FINDING_INACTIVE, index, N_("%s is %s"),
                         agency->id.text,
                         agency->state == HUB_AGENCY_REVOKED ? _("revoked") : _("suspended"));
    return agency;
}

static bool verifies(const char *tag, struct rh_bytes message,
                     const struct rh_signature *signature, const struct rh_sign_public *key)
{
    return rh_sign_verify(tag, message.data, message.bytes, key, signature) == RH_OK;
}

/* By the key in force; a signature by an earlier key is named as such. */
static void check_signature(struct hub_claims *claims, const struct hub_record *record,
                            const struct hub_roster_agency *agency, const char *tag)
{
    struct rh_sign_public key;
    if (agency == NULL)
        return;
    if (hub_roster_sign_key(agency, &key) &&
        verifies(tag, record->header, &record->signature, &key)) {
        claims->signatures++;
        return;
    }
    const char *why = _("not by the enrolled key");
    for (uint32_t i = 0; i < agency->former_count; i++) {
        if (verifies(tag, record->header, &record->signature, &agency->former[i]))
            why = _("by a key that had been replaced");
    }
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_BUNDLE_SIGNATURE, record->core.index, N_("%s of %s: %s"),
        record->core.type == RH_RECORD_BUNDLE ? _("bundle") : _("hello"), agency->id.text, why);
    finding.count = 1;
    hub_findings_add(claims->findings, &finding);
}

/* ---- streams --------------------------------------------------------------------------- */

static const char *hello_fault(const struct hub_record *record, const struct rh_hello *hello)
{
    if (strcmp(hello->agency.text, record->core.agency.text) != 0)
        return N_("it is another agency's");
    if (memcmp(hello->epoch.bytes, record->core.epoch.bytes, sizeof hello->epoch.bytes) != 0)
        return N_("it names another epoch");
    if (strcmp(hello->hub.text, record->core.hub.text) != 0)
        return N_("it greets another hub");
    return NULL;
}

static enum rh_err take_stream(struct hub_claims *claims, const struct hub_record *record)
{
    uint64_t index = record->core.index;
    struct rh_hello hello;
    claims->streams++;
    if (hub_roster_stream(claims->roster, record->agency, &record->core.epoch) != NULL) {
        hub_findings_say(claims->findings, HUB_FINDING_STREAM, index,
                         N_("%s: this epoch is registered already"), record->core.agency.text);
        return RH_OK;
    }
    const struct hub_roster_agency *agency = agency_of(claims, record);
    if (rh_hello_decode(record->header, &hello) != RH_OK) {
        hub_findings_say(claims->findings, HUB_FINDING_STREAM, index,
                         N_("%s: it cannot be decoded"), record->core.agency.text);
    } else {
        const char *fault = hello_fault(record, &hello);
        if (fault != NULL)
            hub_findings_say(claims->findings, HUB_FINDING_STREAM, index, "%s: %s",
                             record->core.agency.text, rh_text(fault));
        if (is_wanted(claims, index))
            check_signature(claims, record, agency, "rhub/hello/1");
    }
    return hub_roster_open_stream(claims->roster, record->agency, &record->core.epoch);
}

/* The stream of a bundle or item; behind damage it may have been opened unseen. */
static enum rh_err find_stream(struct hub_claims *claims, const struct hub_record *record,
                               struct hub_roster_stream **out)
{
    struct hub_roster *roster = claims->roster;
    *out = hub_roster_stream(roster, record->agency, &record->core.epoch);
    if (*out != NULL)
        return RH_OK;
    if (roster->damage == 0)
        hub_findings_say(claims->findings, HUB_FINDING_STREAM, record->core.index,
                         N_("%s: no hello registered this epoch"), record->core.agency.text);
    enum rh_err err =
        hub_roster_open_stream(roster, record->agency, &record->core.epoch);
    if (err == RH_OK) {
        *out = hub_roster_stream(roster, record->agency, &record->core.epoch);
        (*out)->damage = UINT64_MAX; /* the first number seen is believed */
    }
    return err;
}

/* ---- bundles --------------------------------------------------------------------------- */

static void finish_bundle(struct hub_claims *claims, uint64_t index)
{
    if (!claims->open)
        return;
    claims->open = false;
    if (claims->position == claims->header.count ||
        claims->bundle_damage != claims->roster->damage)
        return;
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_BUNDLE_SHORT, index,
        N_("the bundle in record %" PRIu64 " has %" PRIu32 " items, %" PRIu32 " are here"),
        claims->bundle_index, claims->header.count, claims->position);
    finding.count = claims->header.count - claims->position;
    hub_findings_add(claims->findings, &finding);
}

static const char *header_fault(const struct hub_record *record,
                                const struct rh_bundle_header *header)
{
    if (strcmp(header->sender.text, record->core.agency.text) != 0)
        return N_("its header names another sender");
    if (memcmp(header->epoch.bytes, record->core.epoch.bytes, sizeof header->epoch.bytes) != 0)
        return N_("its header names another epoch");
    if (strcmp(header->hub.text, record->core.hub.text) != 0)
        return N_("it was signed for another hub");
    if (header->first_n != record->core.n)
        return N_("its header begins with another number");
    if (record->digests.bytes != (size_t)header->count * RH_HASH_BYTES)
        return N_("its header counts other items");
    return NULL;
}

static void check_root(struct hub_claims *claims, const struct hub_record *record)
{
    struct rh_hash root;
    uint64_t index = record->core.index;
    rh_bundle_root(claims->digests, claims->header.count, &root);
    if (!rh_hash_equal(&root, &claims->header.root))
        differ(claims, HUB_FINDING_BUNDLE, index, &claims->header.root, &root,
               N_("the signed root is not that of the item digests"));
    if (!rh_hash_equal(&claims->header.root, &record->core.digest))
        differ(claims, HUB_FINDING_BUNDLE, index, &claims->header.root, &record->core.digest,
               N_("the core has another digest than the signed root"));
}

/* The receipts of earlier generations that came along: the hub's own word, or nothing. */
static void check_lost(struct hub_claims *claims, const struct hub_record *record)
{
    const struct rh_bundle_header *header = &claims->header;
    memset(claims->first, 0, sizeof claims->first);
    if (record->lost.bytes == 0)
        return;
    const struct rh_lost_check check = { .hub = record->core.hub, .key = claims->hub_key,
                                         .sender = header->sender, .epoch = header->epoch,
                                         .digests = claims->digests, .count = header->count };
    if (claims->hub_key_known &&
        rh_lost_verify(record->lost, &check, claims->first) != RH_OK)
        hub_findings_say(claims->findings, HUB_FINDING_BUNDLE, record->core.index,
                         N_("the lost receipts that came along are not this hub's for its "
                            "items"));
}

static enum rh_err take_bundle(struct hub_claims *claims, const struct hub_record *record)
{
    uint64_t index = record->core.index;
    claims->bundles++;
    const struct hub_roster_agency *agency = agency_of(claims, record);
    if (rh_bundle_header_decode(record->header, &claims->header) != RH_OK) {
        hub_findings_say(claims->findings, HUB_FINDING_BUNDLE, index,
                         N_("its header cannot be decoded"));
        return RH_OK;
    }
    const char *fault = header_fault(record, &claims->header);
    if (fault != NULL) {
        hub_findings_say(claims->findings, HUB_FINDING_BUNDLE, index, "%s", rh_text(fault));
        return RH_OK;
    }
    if (is_wanted(claims, index))
        check_signature(claims, record, agency, "rhub/bundle/1");
    memcpy(claims->digests, record->digests.data, record->digests.bytes);
    check_root(claims, record);
    check_lost(claims, record);
    claims->open = true;
    claims->begun = false;
    claims->position = 0;
    claims->bundle_index = index;
    claims->bundle_damage = claims->roster->damage;
    return RH_OK;
}

/* ---- items ----------------------------------------------------------------------------- */

/* Where the item stands in the open bundle; false when it belongs to none that was read. */
static bool find_place(struct hub_claims *claims, const struct hub_record *record)
{
    uint64_t index = record->core.index;
    if (!claims->open || record->bundle_index != claims->bundle_index) {
        if (claims->roster->damage == 0 || record->bundle_index >= index)
            hub_findings_say(claims->findings, HUB_FINDING_ITEM, index,
                             N_("record %" PRIu64 " is not the bundle before it"),
                             record->bundle_index);
        return false;
    }
    const struct rh_bundle_header *header = &claims->header;
    /* A bundle sent again begins where the first sending ended. */
    bool follows = claims->begun && claims->bundle_damage == claims->roster->damage
                       ? record->position == claims->position
                       : record->position >= claims->position;
    if (!follows || record->position >= header->count ||
        record->core.n != header->first_n + record->position ||
        strcmp(record->core.agency.text, header->sender.text) != 0 ||
        memcmp(record->core.epoch.bytes, header->epoch.bytes, sizeof header->epoch.bytes) !=
            0) {
        hub_findings_say(claims->findings, HUB_FINDING_ITEM, index,
                         N_("position %" PRIu32 ", number %" PRIu64
                         " do not stand at this place of the bundle"),
                         record->position, record->core.n);
        return false;
    }
    claims->begun = true;
    claims->bundle_damage = claims->roster->damage;
    claims->position = record->position + 1;
    return true;
}

static void check_digest(struct hub_claims *claims, const struct hub_record *record,
                         bool placed)
{
    uint64_t index = record->core.index;
    const struct rh_item item = {
        .public_part = record->public_part,
        .commitment = record->commitment,
        .keys = record->keys,
    };
    struct rh_hash digest;
    rh_item_digest(&item, &digest);
    if (!rh_hash_equal(&digest, &record->core.digest))
        differ(claims, HUB_FINDING_ITEM, index, &record->core.digest, &digest,
               N_("public part, commitment and keys do not give the digest of the core"));
    if (placed && !rh_hash_equal(&claims->digests[record->position], &record->core.digest))
        differ(claims, HUB_FINDING_ITEM, index, &claims->digests[record->position],
               &record->core.digest, N_("the digest is not the one in the signed bundle"));
}

/* The instant a clock was started from instead of the storing: that of a receipt, none else. */
static void check_first(struct hub_claims *claims, const struct hub_record *record, bool placed)
{
    const struct rh_first *first = &claims->first[record->position];
    claims->lost += record->lost_ms != 0 ? 1 : 0;
    if (!placed || !claims->hub_key_known ||
        (record->lost_ms == first->stored_ms && record->lost_generation == first->generation))
        return;
    hub_findings_say(claims->findings, HUB_FINDING_ITEM, record->core.index,
                     N_("it counts from another instant than the lost receipt says"));
}

static enum rh_err take_item(struct hub_claims *claims, const struct hub_record *record)
{
    struct hub_roster_stream *stream;
    claims->items++;
    bool placed = find_place(claims, record);
    if (is_wanted(claims, record->core.index))
        check_digest(claims, record, placed);
    check_first(claims, record, placed);
    enum rh_err err = find_stream(claims, record, &stream);
    if (err == RH_OK)
        hub_roster_take_number(claims->roster, stream, record->core.index, record->core.n);
    return err;
}

enum rh_err hub_claims_take(struct hub_claims *claims, const struct hub_record *record)
{
    enum rh_record_type type = record->core.type;
    if (type != RH_RECORD_ITEM || record->bundle_index != claims->bundle_index)
        finish_bundle(claims, record->core.index);
    if (type == RH_RECORD_STREAM)
        return take_stream(claims, record);
    if (type == RH_RECORD_BUNDLE)
        return take_bundle(claims, record);
    return type == RH_RECORD_ITEM ? take_item(claims, record) : RH_OK;
}

void hub_claims_miss(struct hub_claims *claims)
{
    claims->roster->damage++;
}

void hub_claims_end(struct hub_claims *claims, uint64_t index)
{
    finish_bundle(claims, index);
}
