/* What rhubd says: one line of JSON on standard error for each thing that happened.
 *
 *     {"at":"2026-11-22T01:02:03.004Z","hub_time":"2026-03-02T01:00:00.000Z",
 *      "level":"warning","event":"clock_held","text":"..."}
 *
 * `at` is the wall clock's, UTC; `hub_time` stands beside it where the two are more than a
 * second apart. `level` is info, warning or error; `event` is a fixed word, `text` one sentence
 * in the hub's language (--lang, else the surroundings'). Further members, each only where it
 * says something: agency, code, count, key, from. Never payload, never personal data.
 *
 * One thread: the engine's. */
#ifndef HUB_DAEMON_LOG_H
#define HUB_DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum hub_log_level { HUB_LOG_INFO, HUB_LOG_WARNING, HUB_LOG_ERROR };

/* All borrowed; what is NULL or 0 is left out. */
struct hub_log_about {
    const char *agency;  /* id */
    uint32_t code;       /* refusal, shown as RH-1234 */
    uint64_t count;      /* how often, where that is more than once */
    const char *key;     /* fingerprint of a public key */
    const char *from;    /* address of a peer */
    const char *detail;  /* where and what exactly, in the language of the log */
};

/* Hub time of the lines to come; 0 while there is none. */
void hub_log_hub_time(uint64_t hub_ms);

/* `event` and `text` (translated, see rh/text.h) terminated; about may be NULL. */
void hub_log(enum hub_log_level level, const char *event, const struct hub_log_about *about,
             const char *text);
/* The same with a format. What does not fit into 1,000 bytes is cut. */
void hub_logf(enum hub_log_level level, const char *event, const struct hub_log_about *about,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether a line of level error was written: a hub that fails has said why. */
bool hub_log_has_error(void);

#endif
