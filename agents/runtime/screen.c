#include "runtime/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "load/screening.h"

struct agent_screen {
    struct rh_keywords *keywords;
    void *scratch;
    uint32_t hits[RH_KEYWORD_RULES_MAX];
};

enum { PATH_BYTES = 512 };

static bool path_of(const char *rules, char out[PATH_BYTES])
{
    int bytes = snprintf(out, PATH_BYTES, "%s/screening/keywords.yaml", rules);
    return bytes > 0 && bytes < PATH_BYTES;
}

enum rh_err agent_screen_open(const char *rules, struct agent_screen **out, char *report,
                              size_t report_bytes)
{
    struct rh_load_report problems;
    char path[PATH_BYTES];
    *out = NULL;
    if (rules == NULL)
        return RH_OK;
    if (!path_of(rules, path))
        return RH_ERR_USAGE;
    if (access(path, F_OK) != 0)
        return RH_OK;
    struct agent_screen *screen = calloc(1, sizeof *screen);
    rh_assert(screen != NULL);
    rh_load_report_init(&problems, report, report_bytes);
    enum rh_err err = rh_load_keywords(path, &screen->keywords, &problems);
    if (err == RH_OK) {
        screen->scratch = malloc(rh_keywords_scratch_bytes(screen->keywords));
        err = screen->scratch == NULL ? RH_ERR_NOMEM : RH_OK;
    }
    *out = screen;
    if (err != RH_OK)
        agent_screen_close(out);
    return err;
}

void agent_screen_close(struct agent_screen **screen)
{
    if (*screen == NULL)
        return;
    rh_keywords_destroy(&(*screen)->keywords);
    free((*screen)->scratch);
    free(*screen);
    *screen = NULL;
}

void agent_screen_stamp(const char *rules, struct agent_screen_stamp *out)
{
    char path[PATH_BYTES];
    struct stat about;
    memset(out, 0, sizeof *out);
    if (rules == NULL || !path_of(rules, path) || stat(path, &about) != 0)
        return;
    *out = (struct agent_screen_stamp){ .inode = (uint64_t)about.st_ino,
                                        .bytes = (uint64_t)about.st_size,
                                        .seconds = (uint64_t)about.st_mtim.tv_sec,
                                        .nanoseconds = (uint64_t)about.st_mtim.tv_nsec };
}

/* The stamp is taken before the file is read: what changes in between is seen next time. */
enum rh_err agent_screen_again(const char *rules, struct agent_screen **screen,
                               struct agent_screen_stamp *seen, bool *changed, char *report,
                               size_t report_bytes)
{
    struct agent_screen_stamp now;
    struct agent_screen *fresh = NULL;
    *changed = false;
    agent_screen_stamp(rules, &now);
    if (memcmp(&now, seen, sizeof now) == 0)
        return RH_OK;
    *seen = now;
    enum rh_err err = agent_screen_open(rules, &fresh, report, report_bytes);
    if (err == RH_OK && fresh == NULL)
        err = RH_ERR_NOTFOUND;
    if (err != RH_OK)
        return err;
    agent_screen_close(screen);
    *screen = fresh;
    *changed = true;
    return RH_OK;
}

uint32_t agent_screen_match(struct agent_screen *screen, struct rh_bytes title,
                            struct rh_bytes text, const uint32_t **hits)
{
    *hits = NULL;
    if (screen == NULL)
        return 0;
    *hits = screen->hits;
    return rh_keywords_match(screen->keywords, title, text, screen->scratch, screen->hits);
}

const struct rh_keyword_rule *agent_screen_rule(const struct agent_screen *screen,
                                                uint32_t index)
{
    return rh_keywords_at(screen->keywords, index);
}

uint32_t agent_screen_count(const struct agent_screen *screen)
{
    return screen == NULL ? 0 : rh_keywords_count(screen->keywords);
}

/* NULL when there is no room or the fact is there. */
static struct rh_fact *add_fact(struct rh_public *item, const char *key)
{
    if (item->fact_count == RH_FACTS_MAX || rh_public_fact(item, key) != NULL)
        return NULL;
    struct rh_fact *fact = &item->facts[item->fact_count++];
    memset(fact, 0, sizeof *fact);
    memcpy(fact->key, key, strlen(key) + 1);
    return fact;
}

static void add_number(struct rh_public *item, const char *key, uint32_t number)
{
    struct rh_fact *fact = add_fact(item, key);
    if (fact == NULL)
        return;
    fact->is_number = true;
    fact->number = number;
}

void agent_screen_fill(const struct rh_keyword_rule *rule, const char *otherwise,
                       struct rh_public *item)
{
    struct rh_fact *fact = add_fact(item, "keyword_rule");
    if (fact == NULL)
        return; /* said by somebody already */
    memcpy(fact->code, rule->id, sizeof rule->id);
    add_number(item, "keyword_version", rule->version);
    if (rule->star > 0)
        add_number(item, "stars", rule->star);
    bool open = item->category[0] == '\0' ||
                (otherwise != NULL && strcmp(item->category, otherwise) == 0);
    if (open && rule->category[0] != '\0')
        memcpy(item->category, rule->category, sizeof item->category);
    if (open && rule->procedure[0] != '\0')
        memcpy(item->procedure, rule->procedure, sizeof item->procedure);
}
