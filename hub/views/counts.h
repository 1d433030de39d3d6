/* Figures, kept with each change.
 *
 * One event moves half a dozen figures, and the same ones every time; writing each at once
 * would double what an event costs. So changes gather here as differences and go into the map
 * at hub_views_save. A figure that is 0 has no row: what is saved depends on the values alone,
 * never on when it was saved, and the digest of the table stays one of the records. */
#ifndef HUB_VIEWS_COUNTS_H
#define HUB_VIEWS_COUNTS_H

#include "views/keys.h"

enum hub_figure {
    HUB_FIGURE_REFERRALS,
    HUB_FIGURE_STATE,          /* by state */
    HUB_FIGURE_OPEN,
    HUB_FIGURE_OPEN_AGENCY,    /* by holder */
    HUB_FIGURE_OVERDUE,
    HUB_FIGURE_OVERDUE_AGENCY, /* by who owes the act */
    HUB_FIGURE_QUEUE,
    HUB_FIGURE_QUEUE_AGENCY,   /* by receiver */
    HUB_FIGURE_DEAD,
    HUB_FIGURE_DEAD_AGENCY,    /* by sender, who holds the letter */
    HUB_FIGURE_AGENCIES,
    HUB_FIGURE_STORED,
    HUB_FIGURE_STORED_KIND,
    HUB_FIGURE_REFUSED,
    HUB_FIGURE_REFUSED_NUMBER,
    HUB_FIGURE_NOTED_KIND,
    HUB_FIGURE_CLOCK_STATUS,
    HUB_FIGURE_SHARED,         /* notices by subscriptions */
    HUB_FIGURE_SHARED_NUMBER,  /* by number of the subscription */
    HUB_FIGURES
};

enum { HUB_FIGURE_NAME_BYTES = 48 };

/* RH_ERR_NOMEM. */
enum rh_err hub_counts_new(struct hub_counts **out);
void hub_counts_destroy(struct hub_counts **counts);

/* Add `delta` to a figure; `number` is the agency, state, kind ... it is by, else 0. */
enum rh_err hub_count_add(struct hub_views *views, enum hub_figure figure, uint32_t number,
                          int64_t delta);
/* Two figures at once: all, and by `number`. */
enum rh_err hub_count_both(struct hub_views *views, enum hub_figure all, enum hub_figure by,
                           uint32_t number, int64_t delta);

/* Write what has changed. */
enum rh_err hub_counts_save(struct hub_views *views);

/* "queue/12" and the like, terminated. */
void hub_figure_name(enum hub_figure figure, uint32_t number, char out[HUB_FIGURE_NAME_BYTES]);

#endif
