/* A push of rated clues as a city makes it (DOMAIN S2-11): a table of clues is imported by a
 * real rhub-agent, which registers each and sends it to the one of 21 county offices whose area
 * it is, more stars in a faster lane; every office takes its clues and says of each what became
 * of it (verified, no-problem, duplicate, out-of-scope). A real hub stands between, CURVE and
 * signatures on.
 *
 *     bench_push ADMIN_SOCKET HUB_CARD CARDS CITY_SOCKET CLUES MODE -- AGENT ARGUMENTS...
 *
 * TABLE and MAP stand in the environment as BENCH_TABLE and BENCH_MAP; the city's card stands
 * in CARDS already, its directory of cards, AGENT... what starts its agent. MODE `online`: the
 * offices are there from the beginning; `later`: they come when everything is stored, as on a
 * Monday morning, and what is waiting has to leave in the order of its stars. */
#include "bench_party.h"

#include <rh/local.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CITY "procuratorate.5301"

enum { OFFICES = 21, STARS_MAX = 5, OUTSTANDING_MAX = 2048, WAIT_S_MAX = 3600 };

struct clue {
    struct rh_referral_id id;
    uint8_t stars;
};

struct office {
    struct bench_party base; /* first: the client's context is both */
    pthread_t thread;
    uint32_t taken, answered; /* clues in order of arrival; how many were given feedback */
    uint32_t room;
    struct clue *clues;
};

static struct rh_card hub_card;
static struct rh_cards *cards;
static struct office *offices[OFFICES];
static uint64_t wanted;
static atomic_bool stop_all;
static atomic_uint_fast64_t taken, fed_back, last_taken_ns, last_fed_ns;

/* ---- an office -------------------------------------------------------------------------- */

static void take_clue(struct office *office, const struct rh_client_event *event)
{
    if (event->refusal != 0 || event->public_part == NULL)
        bench_fail("delivery refused", RH_ERR_CRYPTO);
    bench_owe_ack(&office->base, event->delivery);
    if (event->public_part->kind != RH_KIND_CLUE)
        return;
    const struct rh_fact *stars = rh_public_fact(event->public_part, "stars");
    if (office->taken == office->room)
        bench_fail("an office has more clues than there are", RH_ERR_FULL);
    struct clue *clue = &office->clues[office->taken++];
    clue->id = event->public_part->referral_id;
    clue->stars = stars != NULL && stars->number >= 0 && stars->number <= STARS_MAX
                      ? (uint8_t)stars->number : 0;
    atomic_store(&last_taken_ns, bench_now_ns());
    atomic_fetch_add(&taken, 1);
}

/* Stamps of conclusions: every clue is signed for (odd answers) and concluded. */
static void each_receipt(struct bench_party *base, const struct rh_receipt *receipt)
{
    if (receipt->outcome != 0)
        fprintf(stderr, "bench_push: %s: n %llu refused RH-%u\n", base->id.text,
                (unsigned long long)receipt->n, receipt->outcome);
}

static void on_event(void *context, const struct rh_client_event *event)
{
    struct office *office = context;
    if (event->type == RH_CLIENT_CONFIRMED)
        bench_take_confirm(&office->base, event, each_receipt);
    else if (event->type == RH_CLIENT_DELIVERY)
        take_clue(office, event);
    else if (event->type == RH_CLIENT_ALARM)
        fprintf(stderr, "bench_push: alarm RH-%u %s\n", event->refusal, event->detail);
}

/* 签收, then what became of it. Of a hundred 38 are verified, 40 no problem. */
static void give_feedback(struct office *office)
{
    const struct clue *clue = &office->clues[office->answered];
    uint32_t at = office->answered % 100;
    struct rh_public part = { .kind = RH_KIND_SIGN, .referral_id = clue->id };
    bench_fresh_id(part.message_id.bytes);
    bench_put_item(&office->base, &part, NULL, 0);
    part.kind = RH_KIND_CONCLUDE;
    bench_fresh_id(part.message_id.bytes);
    snprintf(part.code, sizeof part.code, "%s",
             at < 38   ? "verified"
             : at < 78 ? "no-problem"
             : at < 90 ? "duplicate"
                       : "out-of-scope");
    bench_put_item(&office->base, &part, NULL, 0);
    office->answered++;
}

static void *run_office(void *argument)
{
    struct office *office = argument;
    struct bench_party *base = &office->base;
    uint32_t said = 0;
    bench_party_open(base, &hub_card, cards);
    while (!atomic_load(&stop_all)) {
        bench_put_owed_acks(base);
        while (office->answered < office->taken &&
               base->last_n - base->confirmed_n < OUTSTANDING_MAX)
            give_feedback(office);
        rh_client_offer(base->client, base->last_n);
        bench_party_turn(base, 50);
        if (office->answered == said || base->confirmed_n != base->last_n)
            continue;
        atomic_fetch_add(&fed_back, office->answered - said);
        atomic_store(&last_fed_ns, bench_now_ns());
        said = office->answered;
    }
    rh_client_close(&base->client);
    return NULL;
}

static void make_offices(const char *dir, const char *socket)
{
    char id[40], area[16];
    for (uint32_t i = 0; i < OFFICES; i++) {
        struct office *office = calloc(1, sizeof *office);
        if (office == NULL)
            bench_fail("memory", RH_ERR_NOMEM);
        office->room = (uint32_t)wanted;
        office->clues = calloc(office->room, sizeof office->clues[0]);
        if (office->clues == NULL)
            bench_fail("memory", RH_ERR_NOMEM);
        snprintf(area, sizeof area, "5301%02u", (unsigned)i + 1);
        snprintf(id, sizeof id, "procuratorate.%s", area);
        bench_party_make(&office->base, dir, socket, id, "procuratorate", area);
        office->base.event = on_event;
        offices[i] = office;
    }
}

static void start_offices(void)
{
    for (uint32_t i = 0; i < OFFICES; i++)
        pthread_create(&offices[i]->thread, NULL, run_office, offices[i]);
}

/* ---- the city --------------------------------------------------------------------------- */

static pid_t start_agent(char **command)
{
    pid_t pid = fork();
    if (pid < 0)
        bench_fail("fork", RH_ERR_IO);
    if (pid == 0) {
        execv(command[0], command);
        _exit(127);
    }
    return pid;
}

/* A number of the agent's status. */
static uint64_t status_of(const char *socket, const char *key)
{
    char row[8192] = "", mark[40];
    bench_ask(socket, "{\"v\":1,\"verb\":\"status\",\"args\":{},\"operator\":\"bench\"}", row,
              sizeof row);
    snprintf(mark, sizeof mark, "\"%s\":", key);
    const char *at = strstr(row, mark);
    if (at == NULL)
        bench_fail(key, RH_ERR_NOTFOUND);
    at += strlen(mark);
    at += strspn(at, " ");
    return *at == 't' ? 1 : strtoull(at, NULL, 10);
}

static void await_agent(pid_t pid, const char *socket)
{
    for (int i = 0; i < 600; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            bench_fail("the agent ended", RH_ERR_CLOSED);
        if (access(socket, F_OK) == 0 && status_of(socket, "online") == 1)
            return;
        bench_nap(0.1);
    }
    bench_fail("the agent is not online", RH_ERR_AGAIN);
}

static void import(const char *socket, const char *table, const char *map)
{
    char line[4096], row[65536] = "";
    snprintf(line, sizeof line,
             "{\"v\":1,\"verb\":\"import\",\"args\":{\"file\":\"%s\",\"map\":\"%s\"},"
             "\"operator\":\"bench\"}",
             table, map);
    bench_ask(socket, line, row, sizeof row);
    char *end = strstr(row, "\"by_rule\"");
    if (end != NULL)
        *end = '\0';
    printf("import: %s...\n", row);
}

static void print_memory(const char *who, pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM", 5) == 0 || strncmp(line, "RssAnon", 7) == 0)
            printf("%-12s %-9.9s %8.0f MB\n", who, line, strtod(line + 8, NULL) / 1024);
    }
    if (file != NULL)
        fclose(file);
}

/* ---- what came first -------------------------------------------------------------------- */

/* Of an office's first arrivals, as many as it has five-star clues, how many have five stars;
 * then as many as it has four-star ones, and so on. In order of stars that is all of them. */
static void print_order(void)
{
    uint64_t have[STARS_MAX + 1] = { 0 }, first[STARS_MAX + 1] = { 0 };
    double place[STARS_MAX + 1] = { 0 };
    for (uint32_t i = 0; i < OFFICES; i++) {
        const struct office *office = offices[i];
        uint64_t mine[STARS_MAX + 1] = { 0 };
        for (uint32_t k = 0; k < office->taken; k++) {
            mine[office->clues[k].stars]++;
            place[office->clues[k].stars] += (double)k / (double)office->taken;
        }
        uint64_t at = 0;
        for (int stars = STARS_MAX; stars >= 0; stars--) {
            for (uint64_t end = at + mine[stars]; at < end; at++)
                first[stars] += office->clues[at].stars == stars;
            have[stars] += mine[stars];
        }
    }
    printf("%5s %9s %16s %22s\n", "stars", "clues", "in their turn %", "mean place of 0..100");
    for (int stars = STARS_MAX; stars >= 0; stars--) {
        if (have[stars] > 0)
            printf("%5d %9llu %16.1f %22.1f\n", stars, (unsigned long long)have[stars],
                   100.0 * (double)first[stars] / (double)have[stars],
                   100.0 * place[stars] / (double)have[stars]);
    }
}

static void await(const char *what, atomic_uint_fast64_t *counter)
{
    uint64_t until = bench_now_ns() + (uint64_t)WAIT_S_MAX * 1000000000u;
    while (atomic_load(counter) < wanted) {
        if (bench_now_ns() > until)
            bench_fail(what, RH_ERR_AGAIN);
        bench_nap(0.02);
    }
}

static void print_rate(const char *what, uint64_t count, uint64_t from_ns, uint64_t to_ns)
{
    double seconds = (double)(to_ns - from_ns) / 1e9;
    printf("%-34s %9llu %9.1f %10.0f\n", what, (unsigned long long)count, seconds,
           (double)count / seconds);
}

static void print_figures(bool later, uint64_t began, uint64_t pushed, uint64_t came)
{
    uint64_t refused = 0, items = 0;
    for (uint32_t i = 0; i < OFFICES; i++) {
        refused += offices[i]->base.refused;
        items += offices[i]->base.last_n;
    }
    printf("%-34s %9s %9s %10s\n", later ? "offices come when all is stored" : "offices online",
           "count", "seconds", "per second");
    print_rate("push: clues stored by the hub", wanted, began, pushed);
    print_rate("  items of the city", 2 * wanted, began, pushed);
    print_rate("delivery: clues at the offices", wanted, came, atomic_load(&last_taken_ns));
    print_rate("feedback: clues answered", wanted, came, atomic_load(&last_fed_ns));
    print_rate("  items of the offices", items, came, atomic_load(&last_fed_ns));
    print_rate("whole", wanted, began, atomic_load(&last_fed_ns));
    if (refused > 0)
        printf("REFUSALS: %llu\n", (unsigned long long)refused);
    print_order();
}

int main(int argc, char **argv)
{
    const char *table = getenv("BENCH_TABLE"), *map = getenv("BENCH_MAP");
    if (argc < 9 || table == NULL || map == NULL || strcmp(argv[7], "--") != 0) {
        fprintf(stderr, "usage: BENCH_TABLE= BENCH_MAP= bench_push ADMIN_SOCKET HUB_CARD CARDS "
                        "CITY_SOCKET CLUES online|later -- AGENT ARGUMENTS...\n");
        return 64;
    }
    bool later = strcmp(argv[6], "later") == 0;
    wanted = strtoull(argv[5], NULL, 10);
    if (rh_card_load(argv[2], &hub_card) != RH_OK)
        bench_fail(argv[2], RH_ERR_NOTFOUND);
    char card[4096];
    snprintf(card, sizeof card, "%s/%s.pub", argv[3], CITY);
    bench_enrol(argv[1], CITY, card, "procuratorate", "5301");
    make_offices(argv[3], argv[1]);
    if (rh_cards_open(argv[3], &cards) != RH_OK)
        bench_fail("cards", RH_ERR_IO);
    pid_t agent = start_agent(&argv[8]);
    await_agent(agent, argv[4]);
    if (!later)
        start_offices();
    uint64_t began = bench_now_ns();
    import(argv[4], table, map);
    uint64_t read_in = bench_now_ns();
    while (status_of(argv[4], "outbox") > 0)
        bench_nap(0.05);
    uint64_t pushed = bench_now_ns(), came = later ? pushed : began;
    print_rate("agent: rows into its spool", wanted, began, read_in);
    if (later)
        start_offices();
    await("not all delivered", &taken);
    await("not all answered", &fed_back);
    print_memory("agent", agent);
    atomic_store(&stop_all, true);
    for (uint32_t i = 0; i < OFFICES; i++)
        pthread_join(offices[i]->thread, NULL);
    print_figures(later, began, pushed, came);
    kill(agent, SIGTERM);
    waitpid(agent, NULL, 0);
    return 0;
}
