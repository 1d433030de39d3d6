/* What decide may look at, answered from the rows.
 *
 * One decision asks for the same agency again and again, and the next decision for the same
 * few. Their rows are looked up each time, as all others, but taken apart only when the bytes
 * are not those of the last time: so nothing has to be told when a row changes. */
#include "views/keys.h"
#include "views/month.h"
#include "views/past.h"
#include "views/views.h"

#include <stdlib.h>
#include <string.h>

enum { MEMOS = 32 };

struct hub_agency_memo {
    size_t bytes; /* of the row; 0: none */
    uint8_t row[HUB_AGENCY_BYTES_MAX];
    struct hub_agency agency;
};

static struct hub_map *map_of(void *context)
{
    return ((struct hub_views *)context)->map;
}

static enum rh_err referral(void *context, const struct rh_referral_id *id,
                            struct hub_referral *out)
{
    return hub_views_referral_by_id(map_of(context), id, out);
}

static enum rh_err referral_by_rno(void *context, uint64_t rno, struct hub_referral *out)
{
    return hub_views_referral(map_of(context), rno, out);
}

static enum rh_err external(void *context, const struct rh_external *wanted, uint64_t *rno)
{
    return hub_views_external(map_of(context), wanted, rno);
}

static enum rh_err message(void *context, const struct rh_message_id *id,
                           struct hub_message *out)
{
    return hub_views_message(map_of(context), id, out);
}

static enum rh_err agency(void *context, uint32_t no, struct hub_agency *out)
{
    struct hub_views *views = context;
    struct rh_bytes row;
    enum rh_err err = hub_views_agency_row(views->map, no, &row);
    if (err != RH_OK)
        return err;
    struct hub_agency_memo *memo =
        views->memos == NULL ? NULL : &views->memos[no % MEMOS];
    if (memo != NULL && memo->bytes == row.bytes &&
        memcmp(memo->row, row.data, row.bytes) == 0) {
        *out = memo->agency;
        return RH_OK;
    }
    if (hub_agency_decode(row, out) != RH_OK)
        return RH_ERR_CORRUPT;
    if (memo != NULL && row.bytes <= sizeof memo->row) {
        memo->bytes = row.bytes;
        memcpy(memo->row, row.data, row.bytes);
        memo->agency = *out;
    }
    return RH_OK;
}

static enum rh_err agency_by_id(void *context, const struct rh_agency_id *id,
                                struct hub_agency *out)
{
    uint32_t no;
    enum rh_err err = hub_views_agency_no(map_of(context), id->text, &no);
    return err == RH_OK ? agency(context, no, out) : err;
}

static enum rh_err pair_next(void *context, uint32_t from, uint32_t to, enum rh_lane lane,
                             uint64_t *pair_seq)
{
    uint64_t acked;
    return hub_views_pair(map_of(context), to, from, lane, pair_seq, &acked);
}

static enum rh_err queued(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                          uint64_t pair_seq, struct hub_queued *out)
{
    return hub_views_queued(map_of(context), to, from, lane, pair_seq, out);
}

static enum rh_err queued_lane(void *context, uint32_t to, uint64_t rno, enum rh_lane *lane)
{
    return hub_views_queued_lane(map_of(context), to, rno, lane);
}

static enum rh_err queued_next(void *context, uint32_t to, uint32_t from, enum rh_lane lane,
                               uint64_t at_least, struct hub_queued *out)
{
    return hub_views_queue_head(map_of(context), to, lane, from, at_least, out);
}

static const struct rh_procedure *procedure(void *context, uint64_t rules_index, const char *id)
{
    struct hub_past *past = ((struct hub_views *)context)->past;
    return past == NULL ? NULL : hub_past_procedure(past, rules_index, id);
}

static enum rh_err marked(void *context, const struct hub_mark *mark, uint64_t *rno)
{
    return hub_views_marked(map_of(context), mark, rno);
}

static enum rh_err query_code(void *context, const char *code, uint64_t *rno)
{
    return hub_views_query_code(map_of(context), code, rno);
}

static enum rh_err hot(void *context, const char *rule, const char *area, struct hub_hot *out)
{
    return hub_views_hot(map_of(context), rule, area, out);
}

static enum rh_err told(void *context, uint64_t index, uint32_t agency)
{
    struct hub_told found;
    return hub_views_told(map_of(context), index, agency, &found);
}

static enum rh_err month(void *context, uint32_t which, const char *area,
                         uint64_t columns[RH_COLUMN_COUNT])
{
    return hub_month_sum(context, which, area, columns);
}

/* A hub without subscriptions, which is most, does not look into the map for every event. */
static enum rh_err subscribed(void *context, const char *area, const char *category,
                              uint32_t after, struct hub_subscription *out)
{
    const struct hub_views *views = context;
    return views->next.subscription <= 1
               ? RH_ERR_NOTFOUND
               : hub_views_subscribed(views->map, area, category, after, out);
}

static enum rh_err dead(void *context, uint64_t index, uint32_t to, struct hub_dead *out)
{
    return hub_views_dead(map_of(context), index, to, out);
}

void hub_views_world(struct hub_views *views, const struct rh_rules *rules,
                     uint64_t rules_index, struct hub_world *out)
{
    if (views->memos == NULL) /* without memory for it each row is taken apart each time */
        views->memos = calloc(MEMOS, sizeof *views->memos);
    *out = (struct hub_world){
        .rules = rules,
        .rules_index = rules_index,
        .context = views,
        .referral = referral,
        .referral_by_rno = referral_by_rno,
        .external = external,
        .message = message,
        .agency = agency,
        .agency_by_id = agency_by_id,
        .pair_next = pair_next,
        .queued = queued,
        .queued_lane = queued_lane,
        .queued_next = queued_next,
        .procedure = procedure,
        .marked = marked,
        .query_code = query_code,
        .hot = hot,
        .month = month,
        .told = told,
        .subscribed = subscribed,
        .dead = dead,
    };
}
