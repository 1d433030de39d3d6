#include "runtime/lint.h"

#include <stdlib.h>
#include <string.h>

#include <rh/refusal.h>
#include <rh/text.h>

#include "runtime/desk.h"

static void show(const char *path, const struct agent_problem *problem, FILE *out)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    bool chinese = strcmp(rh_text_language(), "zh") == 0;
    const char *expected = chinese && problem->expected_zh[0] != '\0' ? problem->expected_zh
                                                                      : problem->expected;
    rh_refusal_format(problem->refusal, code);
    fprintf(out, "%s: %s %s %s", path, problem->pointer[0] != '\0' ? problem->pointer : "/",
            code, rh_refusal_title(problem->refusal));
    if (expected[0] != '\0')
        fprintf(out, ": %s", expected);
    fputc('\n', out);
}

static void look_over(json_t *json, const struct rh_profile *profile,
                      struct agent_problems *problems)
{
    struct agent_message message;
    struct rh_agency_id agency = { .text = "agency.000000" };
    if (agent_message_read(json, RH_KIND_NONE, NULL, &message, problems) == RH_OK) {
        if (message.body_file[0] != '\0') { /* only its size could be wrong */
            message.body = malloc(1);
            message.body_bytes = 0;
        }
        agent_desk_look_over(profile, &agency, &message, problems);
    }
    agent_message_release(&message);
}

bool agent_lint_file(const char *path, const struct rh_profile *profile, FILE *out)
{
    struct agent_problems *problems = calloc(1, sizeof *problems);
    json_error_t error;
    rh_assert(problems != NULL);
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        char expected[AGENT_EXPECTED_BYTES];
        snprintf(expected, sizeof expected, "%d:%d", error.line, error.column);
        agent_problem_add(problems, RH_REFUSE_FILE_UNREADABLE, "", expected, expected);
    } else {
        look_over(json, profile, problems);
    }
    json_decref(json);
    for (uint32_t i = 0; i < problems->count; i++)
        show(path, &problems->list[i], out);
    bool good = problems->count == 0;
    free(problems);
    return good;
}
