/* Following the published checkpoints: the newest one verified is held, a newer one replaces
 * it only with the proof that the log it names begins with the log we know. Two roots for one
 * size are the hub's lie, signed twice. Source: protocol/spec/receipt.md, "Following". */
#include "client/inside.h"

#include <string.h>

static void forget(struct rh_client *client)
{
    memset(&client->checkpoint, 0, sizeof client->checkpoint);
    client->note_bytes = 0;
    client->batch_size = 0;
}

void client_checkpoint_load(struct rh_client *client, struct rh_bytes note)
{
    struct rh_checkpoint checkpoint;
    if (note.bytes == 0 || note.bytes > RH_NOTE_BYTES_MAX)
        return;
    if (rh_checkpoint_verify(note, &client->pinned, &client->hub_sign, &checkpoint) != RH_OK ||
        checkpoint.size <= client->checkpoint.size)
        return;
    memcpy(client->note, note.data, note.bytes);
    client->note_bytes = note.bytes;
    client->checkpoint = checkpoint;
    client->checkpoint.extensions = (struct rh_bytes){ NULL, 0 };
}

void client_vouched(struct rh_client *client)
{
    if (client->proven)
        return;
    client->proven = true;
    client->pinned = client->hub;
    forget(client); /* of the generation before; the spool has kept it */
    struct rh_client_event event = { .type = RH_CLIENT_PINNED, .hub = &client->pinned };
    client_emit(client, &event);
}

static void fork_seen(struct rh_client *client)
{
    client_stop(client, RH_ALARM_FORK, RH_REFUSE_SIGNATURE_BAD,
                "the hub has signed two histories", 0);
}

bool client_check_batch(struct rh_client *client, uint64_t size, const struct rh_hash *root)
{
    const struct rh_checkpoint *held = &client->checkpoint;
    bool fork = (held->size == size && !rh_hash_equal(&held->root, root)) ||
                (client->batch_size == size && !rh_hash_equal(&client->batch_root, root));
    if (fork) {
        fork_seen(client);
        return false;
    }
    if (size > client->batch_size) {
        client->batch_size = size;
        client->batch_root = *root;
    }
    return true;
}

static void adopt(struct rh_client *client, struct rh_bytes note,
                  const struct rh_checkpoint *checkpoint)
{
    memcpy(client->note, note.data, note.bytes);
    client->note_bytes = note.bytes;
    client->checkpoint = *checkpoint;
    client->checkpoint.extensions = (struct rh_bytes){ NULL, 0 };
    struct rh_client_event event = { .type = RH_CLIENT_CHECKPOINT,
                                     .checkpoint = &client->checkpoint,
                                     .frame = { client->note, client->note_bytes } };
    client_emit(client, &event);
}

static void ask_extension(struct rh_client *client)
{
    struct rh_writer writer = client_writer(client);
    if (rh_frame_extend_encode(client->session, client->checkpoint.size, &writer) == RH_OK)
        client_send(client, &writer);
}

/* Signed by the hub of this session, or an alarm. */
static bool verify_note(struct rh_client *client, struct rh_bytes note,
                        struct rh_checkpoint *checkpoint)
{
    enum rh_err err = rh_checkpoint_verify(note, &client->hub, &client->hub_sign, checkpoint);
    if (err == RH_OK)
        return true;
    client_stop(client, RH_ALARM_RECEIPT, RH_REFUSE_SIGNATURE_BAD,
                "a checkpoint of the hub fails its check", 0);
    return false;
}

bool client_take_note(struct rh_client *client, struct rh_bytes note)
{
    struct rh_checkpoint shown;
    if (!verify_note(client, note, &shown))
        return false;
    client_vouched(client);
    if (client->state != CLIENT_UP)
        return false;
    const struct rh_checkpoint *held = &client->checkpoint;
    bool fork = (held->size > 0 && held->size == shown.size &&
                 !rh_hash_equal(&held->root, &shown.root)) ||
                (client->batch_size > 0 && client->batch_size == shown.size &&
                 !rh_hash_equal(&client->batch_root, &shown.root));
    if (fork) {
        fork_seen(client);
        return false;
    }
    if (shown.size > 0 && held->size == 0)
        adopt(client, note, &shown); /* the first: nothing to compare it with */
    else if (shown.size > held->size)
        ask_extension(client);
    return client->state == CLIENT_UP;
}

void client_take_consistency(struct rh_client *client, struct rh_bytes frame)
{
    struct rh_frame_consistency *answer = client->consistency;
    struct rh_checkpoint shown;
    const struct rh_checkpoint *held = &client->checkpoint;
    if (client->state != CLIENT_UP || rh_frame_consistency_decode(frame, answer) != RH_OK ||
        answer->old_size != held->size || held->size == 0)
        return;
    if (!verify_note(client, answer->note, &shown))
        return;
    enum rh_err err = rh_proof_consistency_verify(held->size, &held->root, shown.size,
                                                  &shown.root, answer->proof,
                                                  answer->proof_count);
    if (err != RH_OK)
        fork_seen(client);
    else if (shown.size > held->size)
        adopt(client, answer->note, &shown);
}
