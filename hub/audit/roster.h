/* Who may sign what, as the records say it: agencies with their keys, and streams with the
 * number that comes next. Kept apart from the replayed views on purpose: it goes on behind a
 * damaged record, where the views cannot, and it is a second derivation of the same facts. */
#ifndef HUB_AUDIT_ROSTER_H
#define HUB_AUDIT_ROSTER_H

#include "audit/findings.h"
#include "views/record.h"

enum { HUB_ROSTER_AGENCIES_MAX = 65536 };

struct hub_roster_agency {
    bool known;
    bool vouched; /* a card the auditor was given bears its keys */
    struct rh_agency_id id;
    enum hub_agency_state state;
    struct rh_card card;           /* keys in force */
    struct rh_sign_public *former; /* owned: signing keys of earlier rows */
    uint32_t former_count;
};

struct hub_roster_stream {
    uint32_t agency;
    struct rh_epoch epoch;
    uint64_t next_n;
    uint64_t damage; /* value of hub_roster.damage when next_n was last known for certain */
};

struct hub_roster {
    struct hub_findings *findings;     /* borrowed */
    struct hub_roster_agency *agencies; /* owned, by number */
    uint32_t agency_count;             /* places */
    uint32_t enrolled;
    struct hub_roster_stream *streams; /* owned, in order of registration */
    size_t stream_count, stream_capacity;
    size_t last;                       /* stream found last */
    uint64_t damage;                   /* how often records were missing */
    struct rh_card *cards;             /* owned: what the auditor was given */
    size_t card_count;
};

void hub_roster_init(struct hub_roster *roster, struct hub_findings *findings);
void hub_roster_fini(struct hub_roster *roster);

/* Read every "*.pub" of a directory. Several cards of one owner are earlier and later keys.
 * On failure problem says which file. */
enum rh_err hub_roster_read_cards(struct hub_roster *roster, const char *dir, char *problem,
                                  size_t problem_bytes);

/* The agency row of a command at `index`: enrolled, changed, revoked. */
enum rh_err hub_roster_change(struct hub_roster *roster, uint64_t index,
                              const struct hub_agency *row);

/* NULL when the number was never enrolled. */
const struct hub_roster_agency *hub_roster_agency(const struct hub_roster *roster, uint32_t no);
/* "court.620423", "" for nobody. Borrowed. */
const char *hub_roster_name(const struct hub_roster *roster, uint32_t no);
/* Signing key in force; false when there is none. */
bool hub_roster_sign_key(const struct hub_roster_agency *agency, struct rh_sign_public *out);

/* NULL when it was never registered. */
struct hub_roster_stream *hub_roster_stream(struct hub_roster *roster, uint32_t agency,
                                            const struct rh_epoch *epoch);
enum rh_err hub_roster_open_stream(struct hub_roster *roster, uint32_t agency,
                                   const struct rh_epoch *epoch);
/* The number an item must have next. Behind missing records the first one seen is believed. */
void hub_roster_take_number(struct hub_roster *roster, struct hub_roster_stream *stream,
                            uint64_t index, uint64_t n);

#endif
