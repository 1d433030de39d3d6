#include "agent_kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/rht.h"

static const char *made(const char *path)
{
    mkdir(path, 0700);
    return path;
}

const char *kit_cards_dir(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/cards", rht_tmpdir());
    return made(path);
}

void kit_save_hub_card(const struct rht_hub *hub)
{
    char path[300];
    snprintf(path, sizeof path, "%s/hub.card", kit_cards_dir());
    rh_assert(rh_card_save(path, rht_hub_card(hub)) == RH_OK);
}

void kit_agency_init(struct kit_agency *agency, const char *id)
{
    static int number;
    char path[512];
    memset(agency, 0, sizeof *agency);
    rh_assert(rh_agency_id_parse(id, strlen(id), &agency->id) == RH_OK);
    snprintf(agency->dir, sizeof agency->dir, "%s/agency-%d", rht_tmpdir(), ++number);
    snprintf(agency->exchange, sizeof agency->exchange, "%s/exchange", agency->dir);
    made(agency->dir);
    made(agency->exchange);
    snprintf(path, sizeof path, "%s/state", agency->dir);
    made(path);
    snprintf(path, sizeof path, "%s/keys", agency->dir);
    made(path);
    snprintf(agency->card.owner, sizeof agency->card.owner, "%s", id);
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret *secret = &agency->keys.secrets[use];
        rh_secret_generate((enum rh_key_use)use, id, secret);
        snprintf(path, sizeof path, "%s/keys/%s.%s.key", agency->dir, id,
                 rh_key_use_name((enum rh_key_use)use));
        rh_assert(rh_secret_save(path, secret) == RH_OK);
        agency->card.present[use] = true;
        memcpy(agency->card.keys[use], secret->public_key, 32);
    }
    snprintf(path, sizeof path, "%s/%s.pub", kit_cards_dir(), id);
    rh_assert(rh_card_save(path, &agency->card) == RH_OK);
}

void kit_open(struct kit_agency *agency, const struct rht_hub *hub)
{
    char state[300], report[200] = "";
    struct agent_door door;
    snprintf(state, sizeof state, "%s/state", agency->dir);
    struct agent_options options = {
        .agency = agency->id, .keys = &agency->keys, .hub = *rht_hub_card(hub),
        .state_dir = state, .cards_dir = agency->no_cards ? NULL : kit_cards_dir(),
        .profile = agency->profile, .map_bytes = UINT64_C(256) << 20,
        .heartbeat_ms = 200, .answer_ms = 600, .retry_ms_max = 100,
    };
    if (agent_open(&options, &agency->agent, report, sizeof report) != RH_OK) {
        fprintf(stderr, "agent: %s\n", report);
        abort();
    }
    struct folder_options folder = { .agent = agency->agent, .dir = agency->exchange,
                                     .encoding = agency->encoding, .settle_ms = KIT_SETTLE_MS,
                                     .rescan_ms = 200 };
    rh_assert(folder_open(&folder, &door) == RH_OK);
    agent_add_door(agency->agent, &door);
}

void kit_close(struct kit_agency *agency)
{
    agent_close(&agency->agent);
}

const char *kit_path(const struct kit_agency *agency, const char *room, const char *name)
{
    static char paths[4][700];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s/%s", agency->exchange, room, name);
    return path;
}

void kit_drop(const struct kit_agency *agency, const char *name, const char *text)
{
    const char *from = kit_path(agency, "tmp", name), *to = kit_path(agency, "out", name);
    rht_write_file(from, text, strlen(text));
    rh_assert(rename(from, to) == 0);
}

bool kit_exists(const struct kit_agency *agency, const char *room, const char *name)
{
    return access(kit_path(agency, room, name), F_OK) == 0;
}

json_t *kit_json(const struct kit_agency *agency, const char *room, const char *name)
{
    json_error_t error;
    json_t *json = json_load_file(kit_path(agency, room, name), 0, &error);
    if (json == NULL) {
        fprintf(stderr, "%s/%s: %s\n", room, name, error.text);
        abort();
    }
    return json;
}

unsigned kit_count(const struct kit_agency *agency, const char *room, char *first)
{
    DIR *dir = opendir(kit_path(agency, room, ""));
    const struct dirent *entry;
    unsigned count = 0;
    rh_assert(dir != NULL);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (first != NULL && (count == 0 || strcmp(entry->d_name, first) < 0))
            snprintf(first, 256, "%s", entry->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

bool kit_turn(struct rht_hub *hub, struct kit_agency *const *agencies, unsigned count,
              bool (*condition)(void), uint64_t ms)
{
    uint64_t until = rht_now_ms() + ms;
    while (!condition()) {
        if (rht_now_ms() > until)
            return false;
        rht_hub_turn(hub, 1);
        for (unsigned i = 0; i < count; i++)
            if (agencies[i]->agent != NULL)
                rh_assert(agent_turn(agencies[i]->agent, 0) == RH_OK);
    }
    return true;
}
