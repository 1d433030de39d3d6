/* An agency for tests: keys and cards on disk, a state directory and an exchange folder, and
 * an agent over them in this process or in one of its own. */
#ifndef RHT_AGENT_KIT_H
#define RHT_AGENT_KIT_H

#include <jansson.h>

#include "doors/folder/folder.h"
#include "runtime/agent.h"
#include "support/fake_hub.h"

/* How long a file written in place settles, in ms. */
enum { KIT_SETTLE_MS = 60 };

struct kit_agency {
    struct rh_agency_id id;
    struct rh_agency_keys keys;
    struct rh_card card;
    char dir[256];      /* keys/ state/ exchange/ below it */
    char exchange[300];
    struct agent *agent;
    const struct rh_profile *profile;
    const char *encoding;
    bool no_cards;
};

/* A directory of its own below the test's; keys are made and saved, the card goes into the
 * shared directory of cards. */
void kit_agency_init(struct kit_agency *agency, const char *id);
/* Directory with the cards of all, and the hub's card as a file in it ("hub.card"). */
const char *kit_cards_dir(void);
void kit_save_hub_card(const struct rht_hub *hub);

/* Open the agent in this process, with its folder; and close it as a crash would: without
 * a last turn. */
void kit_open(struct kit_agency *agency, const struct rht_hub *hub);
void kit_close(struct kit_agency *agency);

/* The case system: put a file into out/ by rename. */
void kit_drop(const struct kit_agency *agency, const char *name, const char *text);
/* Path in the exchange folder; static memory, good until the fourth call after. */
const char *kit_path(const struct kit_agency *agency, const char *room, const char *name);
bool kit_exists(const struct kit_agency *agency, const char *room, const char *name);
/* The JSON of a file; the test fails when it is none. */
json_t *kit_json(const struct kit_agency *agency, const char *room, const char *name);
/* Files in a room that are not hidden, and the name of the first in order. */
unsigned kit_count(const struct kit_agency *agency, const char *room, char *first);

/* Turn hub and agents until the condition holds; false after `ms`. */
bool kit_turn(struct rht_hub *hub, struct kit_agency *const *agencies, unsigned count,
              bool (*condition)(void), uint64_t ms);

#endif
