/* The hub from outside, with CURVE and signatures on: P senders and one receiver through
 * librhub. A message is one referral: registered and forwarded in two items, delivered and
 * acknowledged once. At most W items of a sender are without a receipt.
 *
 *     bench_hub ADMIN_SOCKET HUB_CARD DIR SENDERS OUTSTANDING SECONDS
 *
 * prints one row: senders, outstanding, items confirmed and referrals delivered per second,
 * p50 and p99 of submit to receipt and of submit to delivery. */
#include <rhub.h>

#include <rh/local.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ACK_EVERY = 32, SENDERS_MAX = 8, RING = 4096, ITEM_BYTES = 2048, SAMPLES = 1 << 18, BODY_BYTES = 1024 };

struct samples {
    uint32_t count;
    float ms[SAMPLES];
};

struct party {
    struct rh_agency_id id;
    struct rh_agency_keys keys;
    struct rh_epoch epoch;
    struct rh_client *client;
    pthread_t thread;
    bool sender, online;
    uint32_t outstanding;
    uint64_t last_n, confirmed_n, lease;
    struct rh_referral_id referral;
    uint64_t receipt_size;
    struct rh_hash receipt_root;
    struct rh_signature receipt_signature;
    uint16_t bytes[RING];
    uint64_t sent_ns[RING];
    uint8_t items[RING][ITEM_BYTES];
    struct samples receipts, deliveries;
    uint64_t refused;
    uint32_t owed_count;                /* receiver: senders with deliveries to acknowledge */
    struct rh_public owed[SENDERS_MAX];
    uint32_t since_ack[SENDERS_MAX];
};

static struct rh_card hub_card;
static struct rh_cards *cards;
static struct party *receiver;
static atomic_bool stop_sending, stop_all;
static atomic_uint_fast64_t delivered, confirmed;

static void fail(const char *what, enum rh_err err)
{
    fprintf(stderr, "bench_hub: %s: %s\n", what, rh_err_text(err));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void add_sample(struct samples *samples, uint64_t since_ns)
{
    samples->ms[samples->count % SAMPLES] = (float)((double)(now_ns() - since_ns) / 1e6);
    samples->count++;
}

/* ---- items ---- */

static uint8_t *place_for(struct party *party, uint64_t n, uint16_t **bytes)
{
    *bytes = &party->bytes[n % RING];
    return party->items[n % RING];
}

static void put_item(struct party *party, const struct rh_public *part, const uint8_t *body,
                     size_t body_bytes)
{
    static const uint8_t no_keys[] = { 0x90 };
    uint8_t public_bytes[512];
    struct rh_writer writer;
    rh_writer_init(&writer, public_bytes, sizeof public_bytes);
    enum rh_err err = rh_public_encode(part, &writer);
    if (err != RH_OK)
        fail("public part", err);
    struct rh_item item = { .public_part = { public_bytes, writer.bytes },
                            .keys = { no_keys, sizeof no_keys },
                            .body = { body, body_bytes } };
    rh_random(item.salt, sizeof item.salt);
    rh_item_commit(item.salt, item.private_part, item.body, &item.commitment);
    uint64_t n = ++party->last_n;
    uint16_t *bytes;
    uint8_t *place = place_for(party, n, &bytes);
    rh_writer_init(&writer, place, ITEM_BYTES);
    err = rh_item_encode(&item, &writer);
    if (err != RH_OK)
        fail("item", err);
    *bytes = (uint16_t)writer.bytes;
    party->sent_ns[n % RING] = now_ns();
}

static void fresh_id(uint8_t out[RH_ID_BYTES])
{
    uint8_t random[10];
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    rh_random(random, sizeof random);
    rh_id_make(out, (uint64_t)at.tv_sec * 1000u, random);
}

static void put_next(struct party *party)
{
    uint8_t body[BODY_BYTES] = { 0 };
    struct rh_public part = { .kind = party->last_n % 2 == 0 ? RH_KIND_REGISTER
                                                             : RH_KIND_FORWARD };
    fresh_id(part.message_id.bytes);
    if (part.kind == RH_KIND_REGISTER) {
        fresh_id(party->referral.bytes);
        snprintf(part.procedure, sizeof part.procedure, "p12309");
        snprintf(part.category, sizeof part.category, "judicial.procuratorial");
        snprintf(part.area, sizeof part.area, "620423");
        snprintf(part.source, sizeof part.source, "visit");
    } else {
        part.to = receiver->id;
    }
    part.referral_id = party->referral;
    uint64_t at = now_ns();
    memcpy(body, &at, sizeof at);
    put_item(party, &part, body, part.kind == RH_KIND_REGISTER ? 0 : sizeof body);
}

static void put_ack(struct party *party, uint32_t which)
{
    fresh_id(party->owed[which].message_id.bytes);
    put_item(party, &party->owed[which], NULL, 0);
    party->since_ack[which] = 0;
}

/* Acknowledgements are cumulative: one for what a turn brought, at the latest every 32. */
static void owe_ack(struct party *party, const struct rh_delivery *delivery)
{
    uint32_t which = 0;
    while (which < party->owed_count &&
           strcmp(party->owed[which].from.text, delivery->sender.text) != 0)
        which++;
    if (which == party->owed_count)
        party->owed[party->owed_count++] =
            (struct rh_public){ .kind = RH_KIND_ACK, .from = delivery->sender };
    party->owed[which].lane = delivery->lane;
    party->owed[which].pair_seq = delivery->pair_seq;
    if (++party->since_ack[which] >= ACK_EVERY)
        put_ack(party, which);
}

static void put_owed_acks(struct party *party)
{
    for (uint32_t i = 0; i < party->owed_count; i++) {
        if (party->since_ack[i] > 0)
            put_ack(party, i);
    }
}

/* ---- callbacks ---- */

static void take_confirm(struct party *party, const struct rh_client_event *event)
{
    for (uint32_t i = 0; i < event->confirm->record_count; i++) {
        const struct rh_receipt *receipt = &event->receipts[i];
        if (receipt->n <= party->confirmed_n)
            continue;
        party->confirmed_n = receipt->n;
        party->refused += receipt->outcome != 0;
        if (party->sender) {
            add_sample(&party->receipts, party->sent_ns[receipt->n % RING]);
            atomic_fetch_add(&confirmed, 1);
        }
    }
    party->receipt_size = event->confirm->size;
    party->receipt_root = event->confirm->root;
    party->receipt_signature = event->confirm->signature;
}

static void take_delivery(struct party *party, const struct rh_client_event *event)
{
    uint64_t sent;
    if (event->refusal != 0)
        fail("delivery refused", RH_ERR_CRYPTO);
    memcpy(&sent, event->delivery->item.body.data, sizeof sent);
    add_sample(&party->deliveries, sent);
    atomic_fetch_add(&delivered, 1);
    owe_ack(party, event->delivery);
}

static void on_event(void *context, const struct rh_client_event *event)
{
    struct party *party = context;
    if (event->type == RH_CLIENT_ONLINE)
        party->online = true;
    else if (event->type == RH_CLIENT_CONFIRMED)
        take_confirm(party, event);
    else if (event->type == RH_CLIENT_DELIVERY)
        take_delivery(party, event);
    else if (event->type == RH_CLIENT_ALARM)
        fprintf(stderr, "bench_hub: alarm RH-%u %s\n", event->refusal, event->detail);
}

static enum rh_err on_item(void *context, uint64_t n, struct rh_bytes *item)
{
    struct party *party = context;
    uint16_t *bytes;
    uint8_t *place = place_for(party, n, &bytes);
    *item = (struct rh_bytes){ place, *bytes };
    return n + RING > party->last_n ? RH_OK : RH_ERR_NOTFOUND;
}

static enum rh_err on_held(void *context, struct rh_client_held *out)
{
    struct party *party = context;
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
    const struct rh_card *card = rh_cards_find(cards, agency);
    if (card == NULL)
        return RH_ERR_NOTFOUND;
    memcpy(out->bytes, card->keys[RH_KEY_SIGN], sizeof out->bytes);
    return RH_OK;
}

/* ---- parties ---- */

static void ask(const char *socket, const char *line)
{
    struct rh_local_client *client = NULL;
    char *answer;
    size_t bytes;
    enum rh_err err = rh_local_client_open(socket, 5000, &client);
    if (err == RH_OK)
        err = rh_local_client_send(client, line, strlen(line));
    if (err == RH_OK)
        err = rh_local_client_receive(client, 10000, &answer, &bytes);
    if (err != RH_OK || strstr(answer, "\"error\"") != NULL) {
        fprintf(stderr, "bench_hub: %s\n", err == RH_OK ? answer : rh_err_text(err));
        exit(1);
    }
    rh_local_client_close(&client);
}

static struct party *make_party(const char *dir, const char *socket, const char *id,
                                const char *role)
{
    static const char *const uses[] = { "transport", "sign", "seal", "witness" };
    struct party *party = calloc(1, sizeof *party);
    struct rh_card card = { 0 };
    char path[4096], line[8192];
    if (party == NULL)
        fail("memory", RH_ERR_NOMEM);
    rh_agency_id_parse(id, strlen(id), &party->id);
    snprintf(card.owner, sizeof card.owner, "%s", id);
    for (int use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        rh_secret_generate((enum rh_key_use)use, id, &secret);
        snprintf(path, sizeof path, "%s/%s.%s.key", dir, id, uses[use]);
        enum rh_err err = rh_secret_save(path, &secret);
        if (err != RH_OK)
            fail(path, err);
        card.present[use] = true;
        memcpy(card.keys[use], secret.public_key, sizeof card.keys[use]);
    }
    snprintf(path, sizeof path, "%s/%s.pub", dir, id);
    if (rh_card_save(path, &card) != RH_OK ||
        rh_agency_keys_load(dir, &party->id, &party->keys, NULL, 0) != RH_OK)
        fail(path, RH_ERR_IO);
    FILE *file = fopen(path, "r");
    size_t got = file == NULL ? 0 : fread(path, 1, sizeof path - 1, file);
    path[got] = '\0';
    if (file != NULL)
        fclose(file);
    char escaped[4096];
    size_t at = 0;
    for (const char *c = path; *c != '\0' && at + 2 < sizeof escaped; c++) {
        if (*c == '\n')
            escaped[at++] = '\\';
        escaped[at++] = *c == '\n' ? 'n' : *c;
    }
    escaped[at] = '\0';
    snprintf(line, sizeof line,
             "{\"v\":1,\"verb\":\"agency.enrol\",\"args\":{\"id\":\"%s\",\"card\":\"%s\","
             "\"role\":\"%s\",\"area\":\"620423\",\"name_zh\":\"%s\",\"name_en\":\"%s\","
             "\"reason\":\"bench\"},\"operator\":\"bench\"}",
             id, escaped, role, id, id);
    ask(socket, line);
    rh_random(&party->epoch, sizeof party->epoch);
    return party;
}

static void open_party(struct party *party)
{
    const struct rh_client_options options = {
        .hub = &hub_card, .agency = party->id,
        .transport = &party->keys.secrets[RH_KEY_TRANSPORT],
        .sign = &party->keys.secrets[RH_KEY_SIGN], .epoch = party->epoch,
        .software = "bench_hub", .window_messages = 2048, .window_bytes = 8u << 20,
        .event = on_event, .item = on_item, .held = on_held, .sender_key = on_key,
        .context = party,
    };
    enum rh_err err = rh_client_open(&options, &party->client);
    if (err != RH_OK)
        fail("client", err);
}

static void turn(struct party *party, int wait_ms_max)
{
    struct pollfd fd = { .fd = rh_client_fd(party->client), .events = POLLIN };
    uint32_t wait = rh_client_wait_ms(party->client);
    poll(&fd, 1, wait > (uint32_t)wait_ms_max ? wait_ms_max : (int)wait);
    rh_client_turn(party->client);
}

static void *run_party(void *argument)
{
    struct party *party = argument;
    open_party(party);
    while (!atomic_load(&stop_all)) {
        uint64_t before = party->last_n;
        while (party->sender && party->online && !atomic_load(&stop_sending) &&
               party->last_n - party->confirmed_n < party->outstanding)
            put_next(party);
        if (party->last_n != before || !party->sender)
            rh_client_offer(party->client, party->last_n);
        turn(party, 20);
        put_owed_acks(party);
    }
    rh_client_close(&party->client);
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static double percentile(struct samples *samples, double part)
{
    uint32_t count = samples->count < SAMPLES ? samples->count : SAMPLES;
    if (count == 0)
        return 0;
    qsort(samples->ms, count, sizeof samples->ms[0], by_value);
    return (double)samples->ms[(uint32_t)((double)(count - 1) * part)];
}

static void nap(double seconds)
{
    struct timespec span = { .tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&span, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: bench_hub ADMIN_SOCKET HUB_CARD DIR SENDERS OUTSTANDING "
                        "SECONDS\n");
        return 64;
    }
    static struct party *senders[SENDERS_MAX];
    unsigned count = (unsigned)strtoul(argv[4], NULL, 10);
    uint32_t outstanding = (uint32_t)strtoul(argv[5], NULL, 10);
    double seconds = strtod(argv[6], NULL);
    if (count < 1 || count > SENDERS_MAX || outstanding < 1 || outstanding >= RING)
        return 64;
    if (mkdir(argv[3], 0700) != 0 && errno != EEXIST)
        return 73;
    if (rh_card_load(argv[2], &hub_card) != RH_OK)
        fail(argv[2], RH_ERR_NOTFOUND);
    char id[32];
    uint8_t mark[4];
    rh_random(mark, sizeof mark);
    snprintf(id, sizeof id, "procuratorate.r%02x%02x%02x", mark[0], mark[1], mark[2]);
    receiver = make_party(argv[3], argv[1], id, "procuratorate");
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "petitions.s%u%02x%02x%02x", i, mark[0], mark[1], mark[2]);
        senders[i] = make_party(argv[3], argv[1], id, "petitions");
        senders[i]->sender = true;
        senders[i]->outstanding = outstanding;
    }
    if (rh_cards_open(argv[3], &cards) != RH_OK)
        fail("cards", RH_ERR_IO);
    pthread_create(&receiver->thread, NULL, run_party, receiver);
    for (unsigned i = 0; i < count; i++)
        pthread_create(&senders[i]->thread, NULL, run_party, senders[i]);
    nap(0.5); /* everybody is online; not measured */
    uint64_t confirmed_before = atomic_load(&confirmed), delivered_before = atomic_load(&delivered);
    uint64_t start = now_ns();
    nap(seconds);
    atomic_store(&stop_sending, true);
    uint64_t confirmed_after = atomic_load(&confirmed);
    double measured = (double)(now_ns() - start) / 1e9;
    /* Drain: what was sent must arrive, and the time it takes counts against deliveries. */
    uint64_t sent = 0, deadline = now_ns() + UINT64_C(60000000000);
    for (unsigned i = 0; i < count; i++)
        sent += senders[i]->last_n / 2;
    while (atomic_load(&delivered) < sent && now_ns() < deadline)
        nap(0.01);
    double drained = (double)(now_ns() - start) / 1e9;
    uint64_t delivered_after = atomic_load(&delivered);
    atomic_store(&stop_all, true);
    pthread_join(receiver->thread, NULL);
    static struct samples all;
    uint64_t refused = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(senders[i]->thread, NULL);
        struct samples *one = &senders[i]->receipts;
        refused += senders[i]->refused;
        for (uint32_t s = 0; s < one->count && s < SAMPLES; s++)
            all.ms[all.count++ % SAMPLES] = one->ms[s];
    }
    printf("%3u %6u %10.0f %12.0f %9.2f %9.2f %9.2f %9.2f %s\n", count, outstanding,
           (double)(confirmed_after - confirmed_before) / measured,
           (double)(delivered_after - delivered_before) / drained, percentile(&all, 0.5),
           percentile(&all, 0.99), percentile(&receiver->deliveries, 0.5),
           percentile(&receiver->deliveries, 0.99),
           delivered_after < sent ? "NOT ALL DELIVERED" : refused > 0 ? "REFUSALS" : "");
    return delivered_after < sent || refused > 0;
}
