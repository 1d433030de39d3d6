/* Receipts that an earlier generation of the hub gave and its journal lost. They travel behind
 * the items they are about, so that their clocks go on from the instant of the first storing.
 * Source: protocol/spec/wire.md, section 11. */
#include "client/inside.h"

#include <string.h>

enum { ENTRY_BYTES = RH_HUB_ID_BYTES_MAX + 16 };

static_assert(RH_ITEM_BYTES_MAX + RH_CONFIRM_BYTES_MAX + 4096 < RH_FRAME_BYTES_MAX,
              "an item and its lost receipt always fit in one bundle");

void client_lost_begin(struct rh_client *client)
{
    client->lost_count = 0;
    client->lost_bytes = 0;
    client->lost_last = (struct rh_bytes){ NULL, 0 };
}

/* What would not pass at the hub is not shown to it: the spool may have been damaged. */
static bool is_good(struct rh_client *client, const struct rh_lost *lost)
{
    return rh_frame_confirm_decode(lost->confirm, client->confirm) == RH_OK &&
           rh_confirm_verify(client->confirm, &lost->hub, &client->hub_sign,
                             &client->options.agency, &client->options.epoch,
                             client->receipts) == RH_OK;
}

bool client_lost_gather(struct rh_client *client, uint64_t n, size_t room)
{
    struct rh_lost lost;
    if (client->options.lost == NULL || client->lost_refused ||
        rh_hub_id_generation(&client->hub) < 2 ||
        client->options.lost(client->options.context, n, &lost) != RH_OK)
        return true;
    bool attached = client->lost_last.bytes == lost.confirm.bytes &&
                    memcmp(client->lost_last.data, lost.confirm.data, lost.confirm.bytes) == 0;
    if (attached || !is_good(client, &lost))
        return true;
    size_t bytes = lost.confirm.bytes + ENTRY_BYTES;
    if (client->lost_count == RH_LOST_MAX || client->lost_bytes + bytes > room)
        return false;
    struct rh_writer writer;
    rh_writer_init(&writer, client->lost + client->lost_bytes, bytes);
    enum rh_err err = rh_lost_add(&lost, &writer);
    rh_assert(err == RH_OK);
    client->lost_bytes += writer.bytes;
    client->lost_count++;
    client->lost_last = (struct rh_bytes){
        client->lost + client->lost_bytes - lost.confirm.bytes, lost.confirm.bytes
    };
    return true;
}

void client_lost_end(struct rh_client *client)
{
    struct rh_writer writer;
    client->bundle->lost = (struct rh_bytes){ NULL, 0 };
    if (client->lost_count == 0)
        return;
    rh_writer_init(&writer, client->lost_array, RH_FRAME_BYTES_MAX);
    enum rh_err err = rh_lost_begin(client->lost_count, &writer);
    rh_assert(err == RH_OK);
    rh_writer_raw(&writer, client->lost, client->lost_bytes);
    rh_assert(writer.err == RH_OK);
    client->bundle->lost = (struct rh_bytes){ writer.data, writer.bytes };
}

bool client_lost_is_about(uint32_t refusal)
{
    return refusal == RH_REFUSE_LOST_FORGED || refusal == RH_REFUSE_LOST_UNRELATED ||
           refusal == RH_REFUSE_LOST_KEPT || refusal == RH_REFUSE_LOST_TIME;
}
