#include "runtime/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/problem.h>
#include <rh/text.h>

#include "runtime/words.h"
#include "runtime/screen.h"

enum {
    CLEAN_MS = 60000,
    CLEAN_ROWS = 500,
    CARDS_MS = 500,
    FULL_PERMILLE = 800,    /* nothing new is taken in */
    DEAF_PERMILLE = 900,    /* and no deliveries */
    WINDOW_MESSAGES = 256,
    POLL_MAX = 4 + AGENT_DOORS_MAX * 4
};

#define WINDOW_BYTES (UINT64_C(8) << 20)

/* ---- time and trouble ------------------------------------------------------------------- */

/* The hub's time as last heard, going on; 0 before the first word. */
static uint64_t hub_time_ms(const struct agent *agent)
{
    if (agent->hub_ms == 0)
        return 0;
    return agent->hub_ms + (agent_monotonic_ms() - agent->hub_seen_at) * agent->hub_rate;
}

uint64_t agent_now_ms(struct agent *agent)
{
    uint64_t hub_ms = rh_hub_id_is_test(&agent->options.hub_id) ? hub_time_ms(agent) : 0;
    return hub_ms != 0 ? hub_ms : agent_wall_ms();
}

static void set_time(struct agent *agent, uint64_t hub_ms, uint32_t rate)
{
    agent->hub_ms = hub_ms;
    agent->hub_rate = rate;
    agent->hub_seen_at = agent_monotonic_ms();
}

/* What was stored at an instant was stored before now: the newest such time is the least that
 * it can be. */
static void hear_time(struct agent *agent, uint64_t hub_ms)
{
    if (agent->hub_ms == 0 || hub_ms > hub_time_ms(agent))
        set_time(agent, hub_ms, agent->hub_ms == 0 ? 1 : agent->hub_rate);
}

void agent_trouble(struct agent *agent, const char *event, uint32_t refusal, const char *detail)
{
    char code[RH_REFUSAL_TEXT_BYTES] = "";
    if (refusal != 0)
        rh_refusal_format(refusal, code);
    agent->last_refusal = refusal;
    agent->last_trouble_ms = agent_now_ms(agent);
    snprintf(agent->last_detail, sizeof agent->last_detail, "%s", detail);
    agent_log(AGENT_WARNING, event, "code", code[0] != '\0' ? code : NULL, "detail", detail,
              NULL);
}

static void reload_cards(struct agent *agent)
{
    uint32_t skipped = 0;
    agent->cards_at = agent_monotonic_ms() + CARDS_MS;
    if (agent->cards != NULL && rh_cards_reload(agent->cards, &skipped) == RH_OK && skipped > 0)
        agent_log(AGENT_WARNING, "cards_skipped", NULL);
}

/* Keyword rules that were changed count from the next registration on. */
static void reload_screen(struct agent *agent)
{
    char report[RH_PROBLEM_LIST_BYTES] = "", said[2000];
    bool changed;
    enum rh_err err = agent_screen_again(agent->options.rules_dir, &agent->screen,
                                         &agent->screen_seen, &changed, report, sizeof report);
    rh_problem_lines(report[0] != '\0' ? report : rh_err_text(err), true, said, sizeof said);
    if (err != RH_OK)
        agent_log(AGENT_WARNING, "keyword_rules_kept", "detail", said, NULL);
    else if (changed)
        agent_log(AGENT_INFO, "keyword_rules_read", NULL);
}

static void reload_all(struct agent *agent)
{
    reload_cards(agent);
    reload_screen(agent);
}

/* An addressee may have been enrolled a moment ago, a rule written. */
void agent_fill_desk(struct agent *agent, struct agent_desk *out)
{
    if (agent_monotonic_ms() >= agent->cards_at)
        reload_all(agent);
    *out = (struct agent_desk){ .spool = agent->spool, .cards = agent->cards,
                                .profile = agent->options.profile,
                                .screen = agent->screen,
                                .own_seal = agent->keys.secrets[RH_KEY_SEAL].public_key,
                                .agency = agent->options.agency,
                                .generation = agent->generation,
                                .now_ms = agent_now_ms(agent),
                                .time_unknown = agent->hub_ms == 0 &&
                                                rh_hub_id_is_test(&agent->options.hub_id) };
}

/* ---- the client's callbacks ------------------------------------------------------------- */

static uint64_t claimed_ms(void *context)
{
    return agent_now_ms(context);
}

static enum rh_err hand_out(void *context, uint64_t n, struct rh_bytes *item)
{
    struct agent *agent = context;
    return agent_spool_item(agent->spool, n, agent->generation, item);
}

static enum rh_err hand_out_lost(void *context, uint64_t n, struct rh_lost *out)
{
    struct agent *agent = context;
    return agent_spool_lost(agent->spool, n, agent->generation, out);
}

static enum rh_err what_is_held(void *context, struct rh_client_held *out)
{
    struct agent *agent = context;
    struct agent_held held;
    enum rh_err err = agent_spool_raise_lease(agent->spool, &out->lease);
    if (err == RH_OK)
        err = agent_spool_commit(agent->spool);
    if (err == RH_OK)
        err = agent_spool_held(agent->spool, &held);
    if (err != RH_OK) {
        agent->fatal = err;
        return err;
    }
    out->first_open_n = held.first_open_n;
    out->highest_n = held.highest_n;
    out->receipt_size = held.receipt_size;
    out->receipt_root = held.receipt_root;
    out->receipt_signature = held.receipt_signature;
    out->delivery_index = held.delivery_index;
    out->note = held.note;
    return RH_OK;
}

/* Somebody we have no card of may have been enrolled a moment ago: look again, now and then. */
static enum rh_err key_of(void *context, const struct rh_agency_id *agency,
                          struct rh_sign_public *out)
{
    struct agent *agent = context;
    if (agent->cards == NULL)
        return RH_ERR_NOTFOUND;
    const struct rh_card *card = rh_cards_find(agent->cards, agency);
    if (card == NULL && agent_monotonic_ms() >= agent->cards_at) {
        reload_cards(agent);
        card = rh_cards_find(agent->cards, agency);
    }
    if (card == NULL)
        return RH_ERR_NOTFOUND;
    memcpy(out->bytes, card->keys[RH_KEY_SIGN], sizeof out->bytes);
    return RH_OK;
}

static void on_online(struct agent *agent, const struct rh_client_event *event)
{
    agent->generation = rh_hub_id_generation(event->hub);
    agent->repin_next_n = event->repinned ? event->next_n : 0;
    set_time(agent, event->hub_ms, 1); /* TIME follows where it does not simply go on */
    agent->online_since_ms = agent_now_ms(agent);
    agent->last_refusal = 0;
    agent->last_detail[0] = '\0';
    agent_spool_set_external_key(agent->spool, event->external_key);
    agent_log(AGENT_INFO, "online", "hub", event->hub->text, NULL);
}

static void on_alarm(struct agent *agent, const struct rh_client_event *event)
{
    if (rh_client_stopped(agent->client) != RH_ALARM_NONE)
        agent->alarm = event->alarm;
    agent_trouble(agent, "alarm", event->refusal, event->detail);
}

static void on_event(void *context, const struct rh_client_event *event)
{
    struct agent *agent = context;
    switch (event->type) {
    case RH_CLIENT_ONLINE:
        on_online(agent, event);
        break;
    case RH_CLIENT_OFFLINE:
        agent->online_since_ms = 0;
        agent_trouble(agent, "offline", event->refusal, event->detail);
        break;
    case RH_CLIENT_CONFIRMED:
        hear_time(agent, event->receipts[event->confirm->record_count - 1].stored_ms);
        agent_confirmed(agent, event);
        break;
    case RH_CLIENT_DELIVERY:
        hear_time(agent, event->delivery->stored_ms);
        agent_receive(agent, event);
        break;
    case RH_CLIENT_TIME:
        set_time(agent, event->hub_ms, event->hub_rate);
        break;
    case RH_CLIENT_BUSY:
        agent_trouble(agent, "busy", event->refusal, "the hub takes nothing for a while");
        break;
    case RH_CLIENT_CHECKPOINT:
        agent_spool_set_note(agent->spool, event->frame);
        break;
    case RH_CLIENT_PINNED:
        agent_log(AGENT_WARNING, "new_generation", "hub", event->hub->text, NULL);
        agent_spool_repin(agent->spool, event->hub, agent->repin_next_n);
        break;
    case RH_CLIENT_ALARM:
        on_alarm(agent, event);
        break;
    case RH_CLIENT_ERROR:
        agent_trouble(agent, event->first_n != 0 ? "lost_receipt_refused" : "question_refused",
                      event->refusal, event->detail);
        break;
    case RH_CLIENT_PROOF:
        break;
    }
}

static enum rh_err open_client(struct agent *agent)
{
    const struct agent_options *own = &agent->options;
    struct rh_card card = own->hub;
    snprintf(card.owner, sizeof card.owner, "%s", agent_spool_hub(agent->spool)->text);
    struct rh_client_options options = {
        .hub = &card,
        .endpoint = own->endpoint,
        .agency = own->agency,
        .transport = &agent->keys.secrets[RH_KEY_TRANSPORT],
        .sign = &agent->keys.secrets[RH_KEY_SIGN],
        .epoch = *agent_spool_epoch(agent->spool),
        .follow_generation = !own->hold_generation,
        .trust_hub = own->trust_hub,
        .software = "rhub-agent 0.1",
        .window_messages = WINDOW_MESSAGES,
        .window_bytes = WINDOW_BYTES,
        .heartbeat_ms = own->heartbeat_ms,
        .answer_ms = own->answer_ms,
        .retry_ms_max = own->retry_ms_max,
        .now_ms = claimed_ms,
        .event = on_event,
        .item = hand_out,
        .held = what_is_held,
        .lost = hand_out_lost,
        .sender_key = key_of,
        .context = agent,
    };
    agent->generation = rh_hub_id_generation(agent_spool_hub(agent->spool));
    enum rh_err err = rh_client_open(&options, &agent->client);
    if (err == RH_OK)
        rh_client_offer(agent->client, agent_spool_committed_n(agent->spool));
    return err;
}

/* ---- opening and closing ---------------------------------------------------------------- */

static enum rh_err open_spool(struct agent *agent, char *report, size_t report_bytes)
{
    struct agent_spool_options options = { .dir = agent->options.state_dir,
                                           .agency = agent->options.agency,
                                           .hub = agent->options.hub_id,
                                           .map_bytes = agent->options.map_bytes,
                                           .now_ms = agent_wall_ms() };
    return agent_spool_open(&options, &agent->spool, report, report_bytes);
}

static enum rh_err open_rest(struct agent *agent, const char **step)
{
    const struct agent_options *options = &agent->options;
    enum rh_err err = RH_OK;
    *step = N_("the directory of cards cannot be read");
    if (options->cards_dir != NULL)
        err = rh_cards_open(options->cards_dir, &agent->cards);
    if (err != RH_OK)
        return err;
    *step = N_("the hub's card or our keys do not fit");
    err = open_client(agent);
    if (err != RH_OK || options->socket_path == NULL)
        return err;
    *step = N_("the local socket cannot be opened");
    err = rh_local_server_open(options->socket_path, agent_serve, agent, &agent->server);
    if (err == RH_OK)
        agent_set_manners(agent->server, agent->texts);
    return err;
}

enum rh_err agent_open(const struct agent_options *options, struct agent **out, char *report,
                       size_t report_bytes)
{
    struct agent *agent = calloc(1, sizeof *agent);
    rh_assert(agent != NULL);
    agent->options = *options;
    agent->keys = *options->keys;
    agent->options.keys = NULL;
    agent->started_ms = agent_wall_ms();
    agent->texts = agent_texts_load();
    enum rh_err err = rh_hub_id_parse(options->hub.owner, strlen(options->hub.owner),
                                      &agent->options.hub_id);
    const char *step = N_("the hub's card names no hub");
    if (err == RH_OK) {
        step = NULL;
        err = open_spool(agent, report, report_bytes);
    }
    agent_screen_stamp(options->rules_dir, &agent->screen_seen);
    if (err == RH_OK)
        err = agent_screen_open(options->rules_dir, &agent->screen, report, report_bytes);
    if (err == RH_OK)
        err = open_rest(agent, &step);
    if (err != RH_OK) {
        if (step != NULL && report != NULL)
            snprintf(report, report_bytes, "%s: %s", rh_text(step), rh_text(rh_err_text(err)));
        agent_close(&agent);
        return err;
    }
    *out = agent;
    return RH_OK;
}

void agent_close(struct agent **pointer)
{
    struct agent *agent = *pointer;
    if (agent == NULL)
        return;
    *pointer = NULL;
    for (uint32_t i = 0; i < agent->door_count; i++)
        agent->doors[i].close(agent->doors[i].context);
    agent_asks_give_up(agent);
    rh_local_server_close(&agent->server);
    rh_client_close(&agent->client);
    rh_cards_close(&agent->cards);
    agent_spool_close(&agent->spool);
    agent_texts_free(&agent->texts);
    agent_screen_close(&agent->screen);
    rh_agency_keys_wipe(&agent->keys);
    free(agent->touched);
    free(agent);
}

void agent_add_door(struct agent *agent, const struct agent_door *door)
{
    rh_assert(agent->door_count < AGENT_DOORS_MAX);
    rh_assert(!door->places || !agent->places);
    agent->places = agent->places || door->places;
    agent->doors[agent->door_count++] = *door;
}

/* ---- turning ---------------------------------------------------------------------------- */

static uint32_t sooner(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void wait_for_work(struct agent *agent, uint32_t wait_ms)
{
    struct pollfd fds[POLL_MAX];
    nfds_t count = 0;
    wait_ms = sooner(wait_ms, rh_client_wait_ms(agent->client));
    fds[count++] = (struct pollfd){ .fd = rh_client_fd(agent->client), .events = POLLIN };
    wait_ms = sooner(wait_ms, agent_asks_wait_ms(agent));
    if (agent->server != NULL)
        fds[count++] = (struct pollfd){ .fd = rh_local_server_fd(agent->server),
                                        .events = POLLIN };
    for (uint32_t i = 0; i < agent->door_count; i++) {
        const struct agent_door *door = &agent->doors[i];
        int own[4];
        uint32_t have = door->fds(door->context, own, 4);
        for (uint32_t k = 0; k < have; k++)
            fds[count++] = (struct pollfd){ .fd = own[k], .events = POLLIN };
        wait_ms = sooner(wait_ms, door->wait_ms(door->context));
    }
    if (wait_ms > 0)
        poll(fds, count, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms);
}

static void watch_space(struct agent *agent)
{
    uint32_t permille = 0;
    if (agent_spool_usage(agent->spool, &permille) != RH_OK)
        return;
    bool full = permille >= FULL_PERMILLE;
    if (full != agent->full) {
        agent->full = full;
        for (uint32_t i = 0; i < agent->door_count; i++)
            agent->doors[i].hold(agent->doors[i].context, full);
        if (full)
            agent_trouble(agent, "spool_full", RH_REFUSE_SPOOL_FULL, "nothing new is taken in");
    }
    rh_client_window(agent->client, permille >= DEAF_PERMILLE ? 0 : WINDOW_MESSAGES,
                     WINDOW_BYTES);
}

static void keep_house(struct agent *agent)
{
    uint64_t now = agent_monotonic_ms();
    uint32_t dropped;
    if (now < agent->clean_at)
        return;
    agent->clean_at = now + CLEAN_MS;
    if (agent->hub_ms != 0)
        agent_spool_clean(agent->spool, hub_time_ms(agent), CLEAN_ROWS, &dropped);
    reload_all(agent);
    watch_space(agent);
}

/* What was taken in goes on disk. A batch that does not fit is given up whole; the session is
 * begun anew, so that what the client believes and what the spool holds agree again. */
static enum rh_err commit(struct agent *agent)
{
    enum rh_err err = agent->fatal;
    if (err != RH_OK) {
        agent_spool_abort(agent->spool);
        return err;
    }
    err = agent_spool_commit(agent->spool);
    if (err == RH_ERR_FULL) {
        agent_trouble(agent, "spool_full", RH_REFUSE_SPOOL_FULL, "a batch did not fit");
        agent->touched_count = 0;
        rh_client_close(&agent->client);
        err = open_client(agent);
        watch_space(agent);
        return err;
    }
    if (err == RH_OK)
        rh_client_offer(agent->client, agent_spool_committed_n(agent->spool));
    return err;
}

static enum rh_err take_all(struct agent *agent)
{
    for (uint32_t i = 0; i < agent->door_count; i++) {
        enum rh_err err = agent->doors[i].take(agent->doors[i].context);
        if (err != RH_OK && err != RH_ERR_FULL)
            return err;
    }
    return RH_OK;
}

static enum rh_err give_all(struct agent *agent)
{
    for (uint32_t i = 0; i < agent->door_count; i++) {
        enum rh_err err = agent->doors[i].give(agent->doors[i].context);
        if (err != RH_OK && err != RH_ERR_FULL)
            return err;
    }
    return RH_OK;
}

enum rh_err agent_turn(struct agent *agent, uint32_t wait_ms)
{
    wait_for_work(agent, wait_ms);
    rh_client_turn(agent->client);
    agent_acknowledge(agent);
    enum rh_err err = take_all(agent);
    if (err == RH_OK && agent->server != NULL)
        rh_local_server_turn(agent->server);
    if (err == RH_OK)
        keep_house(agent);
    if (err == RH_OK)
        err = commit(agent);
    if (err == RH_OK)
        err = give_all(agent);
    if (err == RH_OK)
        err = commit(agent);
    if (err == RH_OK)
        agent_asks_go_on(agent);
    return err == RH_OK ? agent->fatal : err;
}
