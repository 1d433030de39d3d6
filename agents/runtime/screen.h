/* Screening where the text is: keyword rules (检索检察履职关键词) over title and text of what
 * is registered. The hub never sees the words: what leaves is the id and version of the rule
 * that fired, as facts keyword_rule and keyword_version, and its stars. Rules: RULES/screening/
 * keywords.yaml (protocol/rules/README.md). */
#ifndef AGENT_SCREEN_H
#define AGENT_SCREEN_H

#include <rh/item.h>
#include <rh/keywords.h>

#include <stdio.h>

struct agent_screen;

/* *out NULL, RH_OK: `rules` is NULL or has no such file. RH_ERR_CONFIG and others: the report
 * (file:line:column) says why. */
enum rh_err agent_screen_open(const char *rules, struct agent_screen **out, char *report,
                              size_t report_bytes);
void agent_screen_close(struct agent_screen **screen);

/* Which file the rules were read from, as the file system tells files apart; all zero: none. */
struct agent_screen_stamp {
    uint64_t inode, bytes, seconds, nanoseconds;
};
void agent_screen_stamp(const char *rules, struct agent_screen_stamp *out);

/* Read the rules again if the file is another than `seen`, which then is this one. *changed:
 * *screen holds the new rules. Anything but RH_OK: the new file cannot be used
 * (RH_ERR_NOTFOUND: it is gone), *screen holds the old rules; said once for each file. */
enum rh_err agent_screen_again(const char *rules, struct agent_screen **screen,
                               struct agent_screen_stamp *seen, bool *changed, char *report,
                               size_t report_bytes);

/* The rules that fire, the one to follow first; how many. *hits is valid until the next call.
 * Of a NULL screen none. */
uint32_t agent_screen_match(struct agent_screen *screen, struct rh_bytes title,
                            struct rh_bytes text, const uint32_t **hits);
const struct rh_keyword_rule *agent_screen_rule(const struct agent_screen *screen,
                                                uint32_t index);
uint32_t agent_screen_count(const struct agent_screen *screen);

/* What the first rule proposes for a registration: facts always, category and procedure where
 * the item has none or only `otherwise` (may be NULL). Facts that are there already stay. */
void agent_screen_fill(const struct rh_keyword_rule *rule, const char *otherwise,
                       struct rh_public *item);

/* rhub-agent screen: what the rules would say of a table, row by row, then counts; nothing is
 * sent and nothing kept. Answers an exit code. */
struct agent_screen_request {
    const char *file, *map, *rules;
    bool json;    /* a line of JSON for each row with a hit, then one of counts */
    bool chinese; /* titles */
};
int agent_screen_table(const struct agent_screen_request *request, FILE *out, FILE *complaints);

#endif
