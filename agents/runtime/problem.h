/* What is wrong with a message somebody handed us: all of it at once, each with the place, a
 * code and what was expected, in both languages; never what was written there. */
#ifndef AGENT_PROBLEM_H
#define AGENT_PROBLEM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { AGENT_PROBLEMS_MAX = 20, AGENT_POINTER_BYTES = 160, AGENT_EXPECTED_BYTES = 260 };

struct agent_problem {
    uint32_t refusal;
    char pointer[AGENT_POINTER_BYTES];    /* JSON pointer (RFC 6901), "" the whole */
    char expected[AGENT_EXPECTED_BYTES];  /* English */
    char expected_zh[AGENT_EXPECTED_BYTES]; /* may be empty: the title says it */
    char problem[AGENT_EXPECTED_BYTES * 3]; /* of a file (rh/problem.h); "" none */
};

struct agent_problems {
    uint32_t count;
    bool more; /* there were more than fit */
    struct agent_problem list[AGENT_PROBLEMS_MAX];
};

/* Titles and actions of the catalogue in both languages, read once before threads start. */
struct agent_texts;
struct agent_texts *agent_texts_load(void);
void agent_texts_free(struct agent_texts **texts);
const char *agent_texts_title(const struct agent_texts *texts, uint32_t refusal, bool chinese);
const char *agent_texts_action(const struct agent_texts *texts, uint32_t refusal, bool chinese);

void agent_problem_add(struct agent_problems *problems, uint32_t refusal, const char *pointer,
                       const char *expected, const char *expected_zh);

/* Each problem that a loader reported (rh/problem.h): `expected` is its English line, and the
 * sentence with its arguments goes along for the reader to say in his language. */
void agent_problem_add_file(struct agent_problems *problems, uint32_t refusal,
                            const char *pointer, const char *list);

/* application/problem+json (RFC 9457) with our members, the caller's. instance may be NULL. */
json_t *agent_problems_json(const struct agent_problems *problems,
                            const struct agent_texts *texts, const char *instance);

#endif
