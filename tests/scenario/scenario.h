/* Stories played against the real engine: what the files of this folder share.
 *
 * A script says in plain lines who does what when and what must then be true (README.md has
 * the form). parse.c makes lines of words out of it, play.c goes through them, stage.c is the
 * hub and the agencies around it, message.c turns a line into a signed item, expect.c and
 * ledger.c look at what came of it, show.c tells it to people.
 *
 * Trouble has two forms. A script that cannot be read, or a machine that does not do its
 * work, ends the program (rht_stop, status 2). What came out otherwise than the script says
 * is counted and said with its line (rht_fail), and the play goes on. */
#ifndef RHT_SCENARIO_H
#define RHT_SCENARIO_H

#include "assembly/assembly.h"

#include <rh/wire.h>

#include <stdio.h>

enum {
    RHT_WORDS_MAX = 64,      /* of one line */
    RHT_CAST_MAX = 64,       /* agencies of one story */
    RHT_NAME_BYTES = 24,     /* of an agency or a matter in a script, terminated */
    RHT_SHARED_BYTES = 700,  /* what one notice of a subscription says, terminated */
    RHT_PATH_BYTES = 400
};

/* ---- parse.c: text into lines of words -------------------------------------------------- */

struct rht_line {
    uint32_t number;             /* in the file, from 1 */
    uint32_t count;              /* words, at least 1 */
    char *words[RHT_WORDS_MAX];  /* in the script's text; quotes are gone */
    const char *whole;           /* the line as it stands, without blanks around it */
};

struct rht_script {
    const char *path;            /* borrowed, as complaints name it */
    char id[RHT_NAME_BYTES];     /* the file's name without its ending */
    char *text, *copy;           /* owned: cut into words, and whole */
    uint32_t line_count;
    struct rht_line *lines;      /* owned */
};

/* Read a script. Stops the program when there is none, or a line is too long for us. */
void rht_parse_file(const char *path, struct rht_script *out);
void rht_parse_free(struct rht_script *script);

/* A line read word by word. */
struct rht_words {
    const struct rht_line *line;
    uint32_t at;
};

/* The next word, or NULL at the end. */
const char *rht_words_next(struct rht_words *words);
/* Whether the next word is this one; then it is passed. */
bool rht_words_pass(struct rht_words *words, const char *text);

/* ---- the play --------------------------------------------------------------------------- */

/* A message an agency's agent has taken from its queue. */
struct rht_taken {
    uint32_t from;               /* agency number; HUB_AGENCY_HUB the hub itself */
    enum rh_kind kind;
    bool tombstone;
    uint32_t matter;             /* place in rht_play.matters plus 1; 0 none */
    struct rh_message_id message;
    char *body;                  /* owned, text of the body; NULL when it has none */
};

struct rht_agency {
    char name[RHT_NAME_BYTES];   /* in this script */
    char superior[RHT_NAME_BYTES];
    struct hub_agency row;       /* as enrolled */
    struct rh_secret keys[RH_KEY_USES];
    struct rh_epoch epoch;
    uint64_t next_n;
    uint32_t taken_count, taken_capacity, taken_before; /* before: when the last take began */
    struct rht_taken *taken;     /* owned */
    uint32_t fact_count;         /* of the newest word of the hub itself */
    struct rh_fact facts[RH_FACTS_MAX];
    char shared[RHT_SHARED_BYTES]; /* its newest notice by a subscription, rht_shared_text */
};

/* A matter by the name the script gives it. */
struct rht_matter {
    char name[RHT_NAME_BYTES];
    struct rh_referral_id id;
    bool many;                   /* from a large block: its records are not told one by one */
};

/* Names and ids of matters to their places, open addressing; 0 is empty. */
struct rht_index {
    uint32_t capacity;           /* a power of two */
    uint32_t *by_name, *by_id;   /* place plus 1 */
};

/* Something the hub recorded by itself. */
struct rht_note {
    uint64_t at_ms;
    enum rh_kind kind;
    uint32_t matter;             /* place plus 1 */
    char limit[RH_RULE_ID_BYTES_MAX + 1]; /* "" when it is about no clock */
    uint32_t agency;
    uint8_t level;
};

struct rht_play {
    const struct rht_script *script;
    const struct rht_line *line; /* being played */
    bool show, zh;               /* for people, in which language */
    char last_day[16];           /* shown last */
    uint32_t failures, checks;

    char data[RHT_PATH_BYTES], keys[RHT_PATH_BYTES], rules[RHT_PATH_BYTES];
    struct hub_options options;
    struct hub_assembly assembly;
    struct hub_engine *engine;   /* of the assembly; NULL before the first `at` */
    struct rh_sign_public hub_key;
    uint8_t external_key[32];

    uint32_t agency_count;
    struct rht_agency agencies[RHT_CAST_MAX];
    uint32_t matter_count, matter_capacity;
    struct rht_matter *matters;  /* owned */
    struct rht_index index;

    /* the bundle being filled */
    struct rht_agency *author;   /* NULL: empty */
    struct rh_frame_bundle bundle;
    struct rh_hash digests[RH_BUNDLE_ITEMS_MAX];
    uint8_t header[RH_BUNDLE_HEADER_BYTES_MAX];
    uint8_t *bytes;              /* owned, RH_FRAME_BYTES_MAX */
    size_t used;
    struct rh_frame_confirm confirm;

    bool block;                  /* inside times or bundle: items wait for company */
    bool quiet;                  /* a large block: nothing is shown or traced */
    uint32_t wanted_refusal;     /* of the items of a block; 0: stored */
    uint32_t refused;            /* the last item's refusal, to be met by `expect refused` */

    uint64_t read;               /* records looked at so far */
    struct hub_record record;
    struct hub_outcome *outcome; /* owned */
    struct rh_public part;
    struct hub_referral row;     /* working memory */
    uint32_t note_count, note_capacity;
    struct rht_note *notes;      /* owned */
    size_t trace_bytes, trace_from; /* of the trace, and where the last look at it ended */
    size_t trace_capacity;
    char *trace;                 /* owned, terminated */
};

/* Play a script to its end; answers how many expectations did not hold. */
uint32_t rht_play_script(struct rht_play *play, const struct rht_script *script);

/* End the program: the script or the machine cannot be used. */
_Noreturn void rht_stop(const struct rht_play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Something else than the script says came out. */
void rht_fail(struct rht_play *play, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* rht_stop unless err is RH_OK. */
void rht_must(const struct rht_play *play, enum rh_err err, const char *what);

/* "2026-09-23" and, when the next word is one, "09:00": an instant, or without a time the end
 * of that day when `end` is set, else its 00:00. Stops at what is no date. */
uint64_t rht_play_instant(struct rht_play *play, struct rht_words *words, bool end);
/* The next word; stops when there is none, saying what was wanted. */
const char *rht_play_word(struct rht_play *play, struct rht_words *words, const char *what);

/* ---- stage.c: the hub, its agencies, what lies in queues -------------------------------- */

/* Make a hub in a new directory at an instant; enrol the cast; everybody says hello. */
void rht_stage_open(struct rht_play *play, uint64_t start_ms);
/* Kill and start again: what was not synced is gone. */
void rht_stage_restart(struct rht_play *play);
void rht_stage_close(struct rht_play *play);

/* Let time pass, firing every timer at its own instant. */
void rht_stage_until(struct rht_play *play, uint64_t to_ms);

struct rht_agency *rht_stage_agency(struct rht_play *play, const char *name);
const struct rht_agency *rht_stage_by_number(const struct rht_play *play, uint32_t no);
/* Name of an agency for a script, "hub" for the hub, "none" for nobody. */
const char *rht_stage_name(const struct rht_play *play, uint32_t no);

/* The matter of a name; made, with a fresh id, when the script has not named it before. */
struct rht_matter *rht_stage_matter(struct rht_play *play, const char *name);
/* Place plus 1 of a matter by name or id, 0 when there is none. */
uint32_t rht_stage_matter_named(const struct rht_play *play, const char *name);
uint32_t rht_stage_matter_with(const struct rht_play *play, const struct rh_referral_id *id);
/* A matter the hub itself made known (a child): gets a name of its own. */
const char *rht_stage_matter_name(struct rht_play *play, const struct rh_referral_id *id);

void rht_stage_fresh_id(struct rht_play *play, uint8_t id[RH_ID_BYTES]);
/* Add an item to the bundle of an agency; a bundle of another agency, or a full one, goes
 * first. `private_part` and `body` are copied. */
void rht_stage_add(struct rht_play *play, struct rht_agency *agency,
                   const struct rh_public *part, struct rh_bytes private_part,
                   struct rh_bytes body);

/* Where the hub is killed: while it takes a bundle, or while a delivery is under way. */
enum rht_cut {
    RHT_CUT_NOWHERE,
    RHT_CUT_BEFORE_SYNC,
    RHT_CUT_BEFORE_CONFIRM,
    RHT_CUT_BEFORE_ACK
};

/* Send what waits, if anything: signed, taken, synced, confirmed with proofs that are
 * checked. */
void rht_stage_send(struct rht_play *play, enum rht_cut cut);

/* Deliver and acknowledge at most `max` messages of an agency's queue, each with its sender's
 * proof checked. */
void rht_stage_take(struct rht_play *play, struct rht_agency *agency, uint32_t max);
/* The message that stands first is on its way when the hub is killed; nobody has it. */
void rht_stage_lose(struct rht_play *play, struct rht_agency *agency);
/* Refuse the message that stands first. */
void rht_stage_nack(struct rht_play *play, struct rht_agency *agency, uint32_t refusal);

/* ---- message.c: a line into an item ----------------------------------------------------- */

/* "KIND MATTER ..." by an agency: add the item it says. */
void rht_message_line(struct rht_play *play, struct rht_agency *agency,
                      struct rht_words *words);

/* ---- expect.c, ledger.c: what came of it ------------------------------------------------ */

void rht_expect_line(struct rht_play *play, struct rht_words *words);
/* Lines that a script expects next in the trace; called for each line of the block, and once
 * with NULL at its end. */
void rht_expect_trace(struct rht_play *play, const char *line);

/* Matters (clocks) that fit all the pairs of words before `is N`. */
void rht_ledger_count(struct rht_play *play, struct rht_words *words, bool clocks);
/* Replay the journal into memory up to an instant. The map is the caller's to destroy through
 * rht_ledger_forget. */
struct rht_past;
struct rht_past *rht_ledger_replay(struct rht_play *play, uint64_t until_ms);
struct hub_map *rht_ledger_map(struct rht_past *past);
void rht_ledger_forget(struct rht_past **past);
/* Replaying gives the same rows, index by index, as the hub has. */
void rht_ledger_same(struct rht_play *play);
/* Every record leads to the published root; with any one byte changed it does not; and a byte
 * changed on disk is noticed when it is read. */
void rht_ledger_tamper(struct rht_play *play);
/* No file of the hub holds these words. */
void rht_ledger_absent(struct rht_play *play, const char *text);

/* ---- shared.c: subscriptions -------------------------------------------------------------- */

/* "NAME category C area A events LIST give LIST from DAY until DAY", or a number that ends. */
void rht_shared_operator(struct rht_play *play, struct rht_words *words, bool gives);
void rht_shared_text(const struct rh_public *notice, char *out, size_t capacity);
/* "NAME EVENT FIELD=VALUE ...": the newest says this and nothing else. */
void rht_shared_expect(struct rht_play *play, struct rht_words *words);

/* ---- show.c: told to people, and to `expect trace` -------------------------------------- */

void rht_show_title(struct rht_play *play, const char *zh, const char *en);
void rht_show_said(struct rht_play *play, const char *zh, const char *en);
/* Look at the records written since the last call: notes, trace, and what people see. */
void rht_show_records(struct rht_play *play);
void rht_show_taken(struct rht_play *play, const struct rht_agency *agency);
void rht_show_block(struct rht_play *play, uint32_t times);
void rht_show_end(struct rht_play *play);

#endif
