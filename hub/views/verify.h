/* Inside hub/views: the parts of hub_views_verify.
 *
 * An index is right when every entry that rows call for is there with the right value, and
 * there are exactly as many entries as rows call for. So one pass over the rows with look-ups,
 * and one count per index, compare both ways without holding an index in memory. */
#ifndef HUB_VIEWS_VERIFY_H
#define HUB_VIEWS_VERIFY_H

#include "views/apply.h"

/* Figures by agency, as the rows have them. */
struct hub_tally {
    uint64_t open, overdue, queue, dead;
};

struct hub_verify {
    struct hub_map *map;
    struct hub_views_report *report;
    struct hub_referral *row;    /* working memory */
    struct hub_next next;
    uint64_t wanted[HUB_TABLES]; /* entries that rows call for */
    uint32_t agencies;           /* places of by_agency */
    struct hub_tally *by_agency;
    struct hub_tally all;
    uint64_t referrals, agency_rows;
    uint64_t states[RH_STATE_COUNT];
};

/* Count a fault; the first keeps its sentence. */
void hub_verify_fault(struct hub_verify *verify, unsigned table, const char *what,
                      struct rh_bytes key);
/* An entry that must be there, with this value. */
enum rh_err hub_verify_wants(struct hub_verify *verify, unsigned table,
                             const struct hub_key *key, struct rh_bytes value);
/* The tally of an agency; a place of its own for numbers that were never given. */
struct hub_tally *hub_verify_tally(struct hub_verify *verify, uint32_t agency);

/* Call `entry` for every entry of a table. Key and value are copies: look-ups are allowed. */
typedef enum rh_err hub_verify_fn(struct hub_verify *verify, const struct hub_key *key,
                                  struct rh_bytes value);
enum rh_err hub_verify_walk(struct hub_verify *verify, unsigned table, hub_verify_fn *entry);

enum rh_err hub_verify_queues(struct hub_verify *verify);
enum rh_err hub_verify_streams(struct hub_verify *verify);
enum rh_err hub_verify_figures(struct hub_verify *verify);

#endif
