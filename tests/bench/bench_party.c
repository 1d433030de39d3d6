#include "bench_party.h"

#include <rh/local.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct rh_cards *known;

void bench_fail(const char *what, enum rh_err err)
{
    fprintf(stderr, "bench: %s: %s\n", what, rh_err_text(err));
    exit(1);
}

uint64_t bench_now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

void bench_nap(double seconds)
{
    struct timespec span = { .tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&span, NULL);
}

/* ---- local sockets ---------------------------------------------------------------------- */

void bench_ask(const char *socket, const char *line, char *out, size_t capacity)
{
    struct rh_local_client *client = NULL;
    char *answer = NULL;
    size_t bytes;
    enum rh_err err = rh_local_client_open(socket, 5000, &client);
    if (err == RH_OK)
        err = rh_local_client_send(client, line, strlen(line));
    for (bool over = false; err == RH_OK && !over;) {
        err = rh_local_client_receive(client, 3600000, &answer, &bytes);
        if (err != RH_OK)
            break;
        if (strncmp(answer, "{\"error\"", 8) == 0) {
            fprintf(stderr, "bench: %s\n", answer);
            exit(1);
        }
        over = strncmp(answer, "{\"end\"", 6) == 0;
        if (!over && out != NULL)
            snprintf(out, capacity, "%s", answer);
    }
    if (err != RH_OK)
        bench_fail(socket, err);
    rh_local_client_close(&client);
}

void bench_enrol(const char *socket, const char *id, const char *path, const char *role,
                 const char *area)
{
    char card[4096], escaped[4096], line[8192];
    FILE *file = fopen(path, "r");
    size_t got = file == NULL ? 0 : fread(card, 1, sizeof card - 1, file), at = 0;
    if (file == NULL)
        bench_fail(path, RH_ERR_NOTFOUND);
    fclose(file);
    card[got] = '\0';
    for (const char *c = card; *c != '\0' && at + 2 < sizeof escaped; c++) {
        if (*c == '\n')
            escaped[at++] = '\\';
        escaped[at++] = *c == '\n' ? 'n' : *c;
    }
    escaped[at] = '\0';
    snprintf(line, sizeof line,
             "{\"v\":1,\"verb\":\"agency.enrol\",\"args\":{\"id\":\"%s\",\"card\":\"%s\","
             "\"role\":\"%s\",\"area\":\"%s\",\"name_zh\":\"%s\",\"name_en\":\"%s\","
             "\"reason\":\"bench\"},\"operator\":\"bench\"}",
             id, escaped, role, area, id, id);
    bench_ask(socket, line, NULL, 0);
}

/* ---- a party ---------------------------------------------------------------------------- */

void bench_party_make(struct bench_party *party, const char *dir, const char *socket,
                      const char *id, const char *role, const char *area)
{
    static const char *const uses[] = { "transport", "sign", "seal", "witness" };
    struct rh_card card = { 0 };
    char path[4096];
    rh_agency_id_parse(id, strlen(id), &party->id);
    snprintf(card.owner, sizeof card.owner, "%s", id);
    for (int use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        rh_secret_generate((enum rh_key_use)use, id, &secret);
        snprintf(path, sizeof path, "%s/%s.%s.key", dir, id, uses[use]);
        enum rh_err err = rh_secret_save(path, &secret);
        if (err != RH_OK)
            bench_fail(path, err);
        card.present[use] = true;
        memcpy(card.keys[use], secret.public_key, sizeof card.keys[use]);
    }
    snprintf(path, sizeof path, "%s/%s.pub", dir, id);
    if (rh_card_save(path, &card) != RH_OK ||
        rh_agency_keys_load(dir, &party->id, &party->keys, NULL, 0) != RH_OK)
        bench_fail(path, RH_ERR_IO);
    bench_enrol(socket, id, path, role, area);
    rh_random(&party->epoch, sizeof party->epoch);
}

static enum rh_err on_item(void *context, uint64_t n, struct rh_bytes *item)
{
    struct bench_party *party = context;
    *item = (struct rh_bytes){ party->items[n % BENCH_RING], party->bytes[n % BENCH_RING] };
    return n + BENCH_RING > party->last_n ? RH_OK : RH_ERR_NOTFOUND;
}

static enum rh_err on_held(void *context, struct rh_client_held *out)
{
    struct bench_party *party = context;
    *out = (struct rh_client_held){ .lease = ++party->lease,
                                    .first_open_n = party->confirmed_n + 1,
                                    .highest_n = party->confirmed_n,
                                    .receipt_size = party->receipt_size,
                                    .receipt_root = party->receipt_root,
                                    .receipt_signature = party->receipt_signature };
    return RH_OK;
}

static enum rh_err on_key(void *context, const struct rh_agency_id *agency,
                          struct rh_sign_public *out)
{
    (void)context;
    const struct rh_card *card = rh_cards_find(known, agency);
    if (card == NULL)
        return RH_ERR_NOTFOUND;
    memcpy(out->bytes, card->keys[RH_KEY_SIGN], sizeof out->bytes);
    return RH_OK;
}

void bench_party_open(struct bench_party *party, const struct rh_card *hub,
                      struct rh_cards *cards)
{
    const struct rh_client_options options = {
        .hub = hub, .agency = party->id,
        .transport = &party->keys.secrets[RH_KEY_TRANSPORT],
        .sign = &party->keys.secrets[RH_KEY_SIGN], .epoch = party->epoch,
        .software = "bench", .window_messages = 2048, .window_bytes = 8u << 20,
        .event = party->event, .item = on_item, .held = on_held, .sender_key = on_key,
        .context = party,
    };
    known = cards;
    enum rh_err err = rh_client_open(&options, &party->client);
    if (err != RH_OK)
        bench_fail("client", err);
}

void bench_party_turn(struct bench_party *party, int wait_ms_max)
{
    struct pollfd fd = { .fd = rh_client_fd(party->client), .events = POLLIN };
    uint32_t wait = rh_client_wait_ms(party->client);
    poll(&fd, 1, wait > (uint32_t)wait_ms_max ? wait_ms_max : (int)wait);
    rh_client_turn(party->client);
}

/* ---- items ------------------------------------------------------------------------------ */

void bench_fresh_id(uint8_t out[RH_ID_BYTES])
{
    uint8_t random[10];
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    rh_random(random, sizeof random);
    rh_id_make(out, (uint64_t)at.tv_sec * 1000u, random);
}

void bench_put_item(struct bench_party *party, const struct rh_public *part,
                    const uint8_t *body, size_t body_bytes)
{
    static const uint8_t no_keys[] = { 0x90 };
    uint8_t public_bytes[512];
    struct rh_writer writer;
    rh_writer_init(&writer, public_bytes, sizeof public_bytes);
    enum rh_err err = rh_public_encode(part, &writer);
    if (err != RH_OK)
        bench_fail("public part", err);
    struct rh_item item = { .public_part = { public_bytes, writer.bytes },
                            .keys = { no_keys, sizeof no_keys },
                            .body = { body, body_bytes } };
    rh_random(item.salt, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    uint64_t n = ++party->last_n;
    rh_writer_init(&writer, party->items[n % BENCH_RING], BENCH_ITEM_BYTES);
    err = rh_item_encode(&item, &writer);
    if (err != RH_OK)
        bench_fail("item", err);
    party->bytes[n % BENCH_RING] = (uint16_t)writer.bytes;
    party->sent_ns[n % BENCH_RING] = bench_now_ns();
}

static void put_ack(struct bench_party *party, uint32_t which)
{
    bench_fresh_id(party->owed[which].message_id.bytes);
    bench_put_item(party, &party->owed[which], NULL, 0);
    party->since_ack[which] = 0;
}

void bench_owe_ack(struct bench_party *party, const struct rh_delivery *delivery)
{
    uint32_t which = 0;
    while (which < party->owed_count &&
           (strcmp(party->owed[which].from.text, delivery->sender.text) != 0 ||
            party->owed[which].lane != delivery->lane))
        which++;
    if (which == BENCH_OWED_MAX)
        bench_fail("acknowledgements", RH_ERR_FULL);
    if (which == party->owed_count)
        party->owed[party->owed_count++] = (struct rh_public){
            .kind = RH_KIND_ACK, .from = delivery->sender, .lane = delivery->lane };
    party->owed[which].pair_seq = delivery->pair_seq;
    if (++party->since_ack[which] >= BENCH_ACK_EVERY)
        put_ack(party, which);
}

void bench_put_owed_acks(struct bench_party *party)
{
    for (uint32_t i = 0; i < party->owed_count; i++) {
        if (party->since_ack[i] > 0)
            put_ack(party, i);
    }
}

void bench_take_confirm(struct bench_party *party, const struct rh_client_event *event,
                        void (*each)(struct bench_party *party,
                                     const struct rh_receipt *receipt))
{
    for (uint32_t i = 0; i < event->confirm->record_count; i++) {
        const struct rh_receipt *receipt = &event->receipts[i];
        if (receipt->n <= party->confirmed_n)
            continue;
        party->confirmed_n = receipt->n;
        if (receipt->outcome != 0) {
            party->refused++;
            party->refusal = receipt->outcome;
        }
        if (each != NULL)
            each(party, receipt);
    }
    party->receipt_size = event->confirm->size;
    party->receipt_root = event->confirm->root;
    party->receipt_signature = event->confirm->signature;
}
