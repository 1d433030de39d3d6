/* Inside hub/views: the parts of hub_views_apply. Each changes the open batch and answers RH_OK
 * or what the map (or an unreadable stored row) answered. */
#ifndef HUB_VIEWS_APPLY_H
#define HUB_VIEWS_APPLY_H

#include "views/change.h"
#include "views/counts.h"
#include "views/month.h"

/* A referral's row as `record` leaves it, with every index and figure that follows. */
enum rh_err hub_apply_referral(struct hub_views *views, const struct hub_record *record,
                               const struct hub_referral *row);

/* The item's n and message id, stored or refused. */
enum rh_err hub_apply_number(struct hub_views *views, const struct hub_record *record,
                             uint64_t rno, enum rh_kind kind);
/* An epoch registered: the older one of the agency is closed. */
enum rh_err hub_apply_stream(struct hub_views *views, const struct hub_record *record);

/* Deliveries and queue changes of an outcome. */
enum rh_err hub_apply_queues(struct hub_views *views, const struct hub_record *record,
                             const struct hub_outcome *outcome);
/* A new generation: pair_seq of every pair begins again at 1, what is still queued first. */
enum rh_err hub_apply_restart_pairs(struct hub_views *views);

/* An agency's row as it is after; `bytes` is its encoded form. */
enum rh_err hub_apply_agency(struct hub_views *views, const struct hub_agency *row,
                             struct rh_bytes bytes);
/* A delivery of a bulletin of no referral; and what acknowledges one. */
enum rh_err hub_apply_message(struct hub_views *views, const struct hub_record *record,
                              uint64_t rno, enum rh_kind kind);
enum rh_err hub_apply_told(struct hub_views *views, const struct hub_record *record,
                           const struct hub_delivery_out *delivery);
enum rh_err hub_apply_read(struct hub_views *views, const struct hub_record *record);
/* A subscription as it is after; `bytes` is its encoded form. */
enum rh_err hub_apply_subscription(struct hub_views *views, const struct hub_subscription *row,
                                   struct rh_bytes bytes);
/* A row of the hot-spot map as it is after. */
enum rh_err hub_apply_hot(struct hub_views *views, const struct hub_hot *hot);
enum rh_err hub_apply_rules(struct hub_views *views, uint64_t index);
/* A job's row as it is after; `bytes` is its encoded form. */
enum rh_err hub_apply_job(struct hub_views *views, const struct hub_job_row *row,
                          struct rh_bytes bytes);
enum rh_err hub_apply_clock(struct hub_views *views, const struct hub_record *record);

/* Write hub_next if it changed. */
enum rh_err hub_apply_next(struct hub_views *views);
/* Read it; an absent row leaves the first numbers. */
enum rh_err hub_next_read(struct hub_map *map, struct hub_next *next, bool *known);
/* How far the month's bulletin is; month 0 before the first record. */
enum rh_err hub_apply_monthly(struct hub_views *views, const struct hub_monthly *monthly);
enum rh_err hub_monthly_read(struct hub_map *map, struct hub_monthly *out);

#endif
