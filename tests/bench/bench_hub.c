/* The hub from outside, with CURVE and signatures on: P senders and one receiver through
 * librhub. A message is one referral: registered and forwarded in two items, delivered and
 * acknowledged once. At most W items of a sender are without a receipt.
 *
 *     bench_hub ADMIN_SOCKET HUB_CARD DIR SENDERS OUTSTANDING SECONDS [stops]
 *
 * prints one row: senders, outstanding, items confirmed and referrals delivered per second,
 * p50 and p99 of submit to receipt and of submit to delivery. With `stops` the receiver takes
 * nothing any more as soon as measuring begins, but stays connected: what counts then is the
 * hub's memory, which the caller looks at. */
#include "bench_party.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SENDERS_MAX = 8, SAMPLES = 1 << 18, BODY_BYTES = 1024 };

struct samples {
    uint32_t count;
    float ms[SAMPLES];
};

struct party {
    struct bench_party base; /* first: the client's context is both */
    pthread_t thread;
    bool sender, online;
    uint32_t outstanding;
    struct rh_referral_id referral;
    struct samples receipts, deliveries;
};

struct figures {
    double confirmed_rate, delivered_rate; /* a second */
    bool all_delivered;
};

static struct rh_card hub_card;
static struct rh_cards *cards;
static struct party *receiver, *senders[SENDERS_MAX];
static atomic_bool stop_sending, stop_receiving, stop_all;
static atomic_uint_fast64_t delivered, confirmed;

static void add_sample(struct samples *samples, uint64_t since_ns)
{
    samples->ms[samples->count % SAMPLES] = (float)((double)(bench_now_ns() - since_ns) / 1e6);
    samples->count++;
}

/* ---- items ---- */

static void put_next(struct party *party)
{
    uint8_t body[BODY_BYTES] = { 0 };
    struct rh_public part = { .kind = party->base.last_n % 2 == 0 ? RH_KIND_REGISTER
                                                                  : RH_KIND_FORWARD };
    bench_fresh_id(part.message_id.bytes);
    if (part.kind == RH_KIND_REGISTER) {
        bench_fresh_id(party->referral.bytes);
        snprintf(part.procedure, sizeof part.procedure, "p12309");
        snprintf(part.category, sizeof part.category, "judicial.procuratorial");
        snprintf(part.area, sizeof part.area, "620423");
        snprintf(part.source, sizeof part.source, "visit");
    } else {
        part.to = receiver->base.id;
    }
    part.referral_id = party->referral;
    uint64_t at = bench_now_ns();
    memcpy(body, &at, sizeof at);
    bench_put_item(&party->base, &part, body, part.kind == RH_KIND_REGISTER ? 0 : sizeof body);
}

/* ---- callbacks ---- */

static void sample_receipt(struct bench_party *base, const struct rh_receipt *receipt)
{
    struct party *party = (struct party *)base;
    if (!party->sender)
        return;
    add_sample(&party->receipts, base->sent_ns[receipt->n % BENCH_RING]);
    atomic_fetch_add(&confirmed, 1);
}

static void take_delivery(struct party *party, const struct rh_client_event *event)
{
    uint64_t sent;
    if (event->refusal != 0)
        bench_fail("delivery refused", RH_ERR_CRYPTO);
    memcpy(&sent, event->delivery->item.body.data, sizeof sent);
    add_sample(&party->deliveries, sent);
    atomic_fetch_add(&delivered, 1);
    bench_owe_ack(&party->base, event->delivery);
}

static void on_event(void *context, const struct rh_client_event *event)
{
    struct party *party = context;
    if (event->type == RH_CLIENT_ONLINE)
        party->online = true;
    else if (event->type == RH_CLIENT_CONFIRMED)
        bench_take_confirm(&party->base, event, sample_receipt);
    else if (event->type == RH_CLIENT_DELIVERY)
        take_delivery(party, event);
    else if (event->type == RH_CLIENT_ALARM)
        fprintf(stderr, "bench_hub: alarm RH-%u %s\n", event->refusal, event->detail);
}

/* ---- parties ---- */

static struct party *make_party(const char *dir, const char *socket, const char *id,
                                const char *role)
{
    struct party *party = calloc(1, sizeof *party);
    if (party == NULL)
        bench_fail("memory", RH_ERR_NOMEM);
    bench_party_make(&party->base, dir, socket, id, role, "620423");
    party->base.event = on_event;
    return party;
}

static void *run_party(void *argument)
{
    struct party *party = argument;
    bench_party_open(&party->base, &hub_card, cards);
    while (!atomic_load(&stop_all)) {
        if (!party->sender && atomic_load(&stop_receiving)) {
            bench_nap(0.02);
            continue;
        }
        uint64_t before = party->base.last_n;
        while (party->sender && party->online && !atomic_load(&stop_sending) &&
               party->base.last_n - party->base.confirmed_n < party->outstanding)
            put_next(party);
        if (party->base.last_n != before || !party->sender)
            rh_client_offer(party->base.client, party->base.last_n);
        bench_party_turn(&party->base, 20);
        bench_put_owed_acks(&party->base);
    }
    rh_client_close(&party->base.client);
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

/* One receiver and its senders, under names no other run has used. */
static void make_parties(const char *dir, const char *socket, unsigned count,
                         uint32_t outstanding)
{
    char id[32];
    uint8_t mark[4];
    rh_random(mark, sizeof mark);
    snprintf(id, sizeof id, "procuratorate.r%02x%02x%02x", mark[0], mark[1], mark[2]);
    receiver = make_party(dir, socket, id, "procuratorate");
    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "petitions.s%u%02x%02x%02x", i, mark[0], mark[1], mark[2]);
        senders[i] = make_party(dir, socket, id, "petitions");
        senders[i]->sender = true;
        senders[i]->outstanding = outstanding;
    }
    if (rh_cards_open(dir, &cards) != RH_OK)
        bench_fail("cards", RH_ERR_IO);
}

static void measure(unsigned count, double seconds, bool stops, struct figures *out)
{
    pthread_create(&receiver->thread, NULL, run_party, receiver);
    for (unsigned i = 0; i < count; i++)
        pthread_create(&senders[i]->thread, NULL, run_party, senders[i]);
    bench_nap(0.5); /* everybody is online; not measured */
    uint64_t confirmed_before = atomic_load(&confirmed);
    uint64_t delivered_before = atomic_load(&delivered);
    uint64_t start = bench_now_ns();
    atomic_store(&stop_receiving, stops);
    bench_nap(seconds);
    atomic_store(&stop_sending, true);
    uint64_t confirmed_after = atomic_load(&confirmed);
    out->confirmed_rate = (double)(confirmed_after - confirmed_before) /
                          ((double)(bench_now_ns() - start) / 1e9);
    /* Drain: what was sent must arrive, and the time it takes counts against deliveries. */
    uint64_t sent = 0, deadline = bench_now_ns() + UINT64_C(60000000000);
    for (unsigned i = 0; i < count; i++)
        sent += senders[i]->base.last_n / 2;
    while (!stops && atomic_load(&delivered) < sent && bench_now_ns() < deadline)
        bench_nap(0.01);
    double drained = (double)(bench_now_ns() - start) / 1e9;
    uint64_t delivered_after = atomic_load(&delivered);
    out->delivered_rate = (double)(delivered_after - delivered_before) / drained;
    out->all_delivered = stops || delivered_after >= sent;
    atomic_store(&stop_all, true);
    pthread_join(receiver->thread, NULL);
}

/* Wait for the senders and put together what they measured; how many items were refused. */
static uint64_t gather(unsigned count, struct samples *all)
{
    uint64_t refused = 0;
    for (unsigned i = 0; i < count; i++) {
        pthread_join(senders[i]->thread, NULL);
        struct samples *one = &senders[i]->receipts;
        refused += senders[i]->base.refused;
        for (uint32_t s = 0; s < one->count && s < SAMPLES; s++)
            all->ms[all->count++ % SAMPLES] = one->ms[s];
    }
    return refused;
}

int main(int argc, char **argv)
{
    bool stops = argc == 8 && strcmp(argv[7], "stops") == 0;
    if (argc != 7 && !stops) {
        fprintf(stderr, "usage: bench_hub ADMIN_SOCKET HUB_CARD DIR SENDERS OUTSTANDING "
                        "SECONDS [stops]\n");
        return 64;
    }
    unsigned count = (unsigned)strtoul(argv[4], NULL, 10);
    uint32_t outstanding = (uint32_t)strtoul(argv[5], NULL, 10);
    double seconds = strtod(argv[6], NULL);
    if (count < 1 || count > SENDERS_MAX || outstanding < 1 || outstanding >= BENCH_RING)
        return 64;
    if (mkdir(argv[3], 0700) != 0 && errno != EEXIST)
        return 73;
    if (rh_card_load(argv[2], &hub_card) != RH_OK)
        bench_fail(argv[2], RH_ERR_NOTFOUND);
    static struct samples all;
    struct figures figures;
    make_parties(argv[3], argv[1], count, outstanding);
    measure(count, seconds, stops, &figures);
    uint64_t refused = gather(count, &all);
    printf("%3u %6u %10.0f %12.0f %9.2f %9.2f %9.2f %9.2f %s\n", count, outstanding,
           figures.confirmed_rate, figures.delivered_rate, percentile(&all, 0.5),
           percentile(&all, 0.99), percentile(&receiver->deliveries, 0.5),
           percentile(&receiver->deliveries, 0.99),
           !figures.all_delivered ? "NOT ALL DELIVERED"
           : refused > 0          ? "REFUSALS"
           : stops                ? "the receiver stopped"
                                  : "");
    return !figures.all_delivered || refused > 0;
}
