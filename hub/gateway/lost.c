/* Lost receipts of a bundle, as far as they can be checked without state. What the journal has
 * to say about them, the engine asks. */
#include "gateway/worker.h"

#include <rh/refusal.h>

uint32_t hub_lost_verify(struct hub_job *job)
{
    if (job->bundle.lost.bytes == 0)
        return 0;
    const struct rh_lost_check check = { .hub = job->hub, .key = job->hub_key,
                                         .sender = job->sender, .epoch = job->epoch,
                                         .digests = job->digests, .count = job->bundle.count };
    enum rh_err err = rh_lost_verify(job->bundle.lost, &check, job->lost);
    if (err != RH_OK)
        return err == RH_ERR_NOTFOUND ? RH_REFUSE_LOST_UNRELATED : RH_REFUSE_LOST_FORGED;
    job->lost_count = job->bundle.count;
    return 0;
}
