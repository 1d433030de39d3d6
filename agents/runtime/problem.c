#include "runtime/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rh/problem.h>
#include <rh/refusal.h>
#include <rh/text.h>

enum { TEXTS_MAX = 256 };

struct agent_texts {
    uint32_t count;
    struct {
        uint32_t refusal;
        char *title[2], *action[2]; /* English, Chinese */
    } list[TEXTS_MAX];
};

static char *copy_of(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    rh_assert(copy != NULL);
    memcpy(copy, text, bytes);
    return copy;
}

struct agent_texts *agent_texts_load(void)
{
    static const char *const languages[2] = { "en", "zh" };
    char before[8];
    struct agent_texts *texts = calloc(1, sizeof *texts);
    rh_assert(texts != NULL);
    snprintf(before, sizeof before, "%s", rh_text_language());
    for (int language = 0; language < 2; language++) {
        rh_text_init(languages[language]);
        const struct rh_refusal_info *info;
        for (size_t i = 0; (info = rh_refusal_at(i)) != NULL; i++) {
            rh_assert(i < TEXTS_MAX);
            texts->list[i].refusal = (uint32_t)info->refusal;
            texts->list[i].title[language] = copy_of(rh_refusal_title((uint64_t)info->refusal));
            texts->list[i].action[language] =
                copy_of(rh_refusal_action((uint64_t)info->refusal));
            texts->count = (uint32_t)i + 1;
        }
    }
    rh_text_init(before);
    return texts;
}

void agent_texts_free(struct agent_texts **pointer)
{
    struct agent_texts *texts = *pointer;
    *pointer = NULL;
    for (uint32_t i = 0; texts != NULL && i < texts->count; i++)
        for (int language = 0; language < 2; language++) {
            free(texts->list[i].title[language]);
            free(texts->list[i].action[language]);
        }
    free(texts);
}

const char *agent_texts_title(const struct agent_texts *texts, uint32_t refusal, bool chinese)
{
    for (uint32_t i = 0; i < texts->count; i++)
        if (texts->list[i].refusal == refusal)
            return texts->list[i].title[chinese];
    return rh_refusal_title(refusal);
}

const char *agent_texts_action(const struct agent_texts *texts, uint32_t refusal, bool chinese)
{
    for (uint32_t i = 0; i < texts->count; i++)
        if (texts->list[i].refusal == refusal)
            return texts->list[i].action[chinese];
    return rh_refusal_action(refusal);
}

void agent_problem_add(struct agent_problems *problems, uint32_t refusal, const char *pointer,
                       const char *expected, const char *expected_zh)
{
    if (problems->count == AGENT_PROBLEMS_MAX) {
        problems->more = true;
        return;
    }
    struct agent_problem *problem = &problems->list[problems->count++];
    problem->refusal = refusal;
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    snprintf(problem->expected, sizeof problem->expected, "%s", expected);
    snprintf(problem->expected_zh, sizeof problem->expected_zh, "%s",
             expected_zh != NULL ? expected_zh : "");
    problem->problem[0] = '\0';
}

void agent_problem_add_file(struct agent_problems *problems, uint32_t refusal,
                            const char *pointer, const char *list)
{
    char room[RH_PROBLEM_BYTES_MAX], line[AGENT_EXPECTED_BYTES];
    struct rh_problem one;
    for (const char *at = list; rh_problem_next(&list, room, &one); at = list) {
        rh_problem_line(&one, false, line, sizeof line);
        agent_problem_add(problems, refusal, pointer, line, NULL);
        struct agent_problem *problem = &problems->list[problems->count - 1];
        const size_t bytes = (size_t)(list - at);
        if (!problems->more && bytes < sizeof problem->problem) {
            memcpy(problem->problem, at, bytes);
            problem->problem[bytes] = '\0';
        }
    }
}

static json_t *problem_json(const char *list)
{
    char room[RH_PROBLEM_BYTES_MAX];
    struct rh_problem one;
    if (!rh_problem_next(&list, room, &one))
        return json_null();
    json_t *args = json_array();
    for (unsigned i = 0; i < one.arg_count; i++)
        json_array_append_new(args, json_string(one.args[i]));
    return json_pack("{s:s, s:i, s:i, s:s, s:o}", "file", one.file, "line", one.line, "column",
                     one.column, "text", one.sentence, "args", args);
}

static json_t *one(const struct agent_problem *problem, const struct agent_texts *texts)
{
    char code[RH_REFUSAL_TEXT_BYTES];
    rh_refusal_format(problem->refusal, code);
    json_t *entry = json_object();
    json_object_set_new(entry, "pointer", json_string(problem->pointer));
    json_object_set_new(entry, "code", json_string(code));
    json_object_set_new(entry, "title",
                        json_string(agent_texts_title(texts, problem->refusal, false)));
    json_object_set_new(entry, "title_zh",
                        json_string(agent_texts_title(texts, problem->refusal, true)));
    if (problem->expected[0] != '\0')
        json_object_set_new(entry, "expected", json_string(problem->expected));
    if (problem->expected_zh[0] != '\0')
        json_object_set_new(entry, "expected_zh", json_string(problem->expected_zh));
    if (problem->problem[0] != '\0')
        json_object_set_new(entry, "problem", problem_json(problem->problem));
    json_object_set_new(entry, "action",
                        json_string(agent_texts_action(texts, problem->refusal, false)));
    json_object_set_new(entry, "action_zh",
                        json_string(agent_texts_action(texts, problem->refusal, true)));
    return entry;
}

json_t *agent_problems_json(const struct agent_problems *problems,
                            const struct agent_texts *texts, const char *instance)
{
    rh_assert(problems->count > 0);
    const struct agent_problem *first = &problems->list[0];
    const struct rh_refusal_info *info = rh_refusal_find(first->refusal);
    char code[RH_REFUSAL_TEXT_BYTES], type[64];
    rh_refusal_format(first->refusal, code);
    snprintf(type, sizeof type, "urn:rhub:problem:%s", code);
    json_t *out = json_object();
    json_object_set_new(out, "type", json_string(type));
    json_object_set_new(out, "title",
                        json_string(agent_texts_title(texts, first->refusal, false)));
    json_object_set_new(out, "title_zh",
                        json_string(agent_texts_title(texts, first->refusal, true)));
    json_object_set_new(out, "status", json_integer(422));
    json_object_set_new(out, "code", json_string(code));
    json_object_set_new(out, "detail", json_string(first->expected));
    json_object_set_new(out, "detail_zh",
                        json_string(first->expected_zh[0] != '\0'
                                        ? first->expected_zh
                                        : agent_texts_title(texts, first->refusal, true)));
    json_object_set_new(out, "action",
                        json_string(agent_texts_action(texts, first->refusal, false)));
    json_object_set_new(out, "action_zh",
                        json_string(agent_texts_action(texts, first->refusal, true)));
    json_object_set_new(out, "retriable", json_boolean(info != NULL && info->retriable));
    if (instance != NULL)
        json_object_set_new(out, "instance", json_string(instance));
    json_t *errors = json_array();
    for (uint32_t i = 0; i < problems->count; i++)
        json_array_append_new(errors, one(&problems->list[i], texts));
    json_object_set_new(out, "errors", errors);
    if (problems->more)
        json_object_set_new(out, "more_errors", json_true());
    return out;
}
