/* What the agency's own profile asks of a message before it leaves. */
#include "runtime/desk.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

/* Whether the whole text fits a POSIX extended pattern; a pattern that does not compile fits
 * nothing, and profiles are checked when they are read. */
static bool fits(const char *pattern, struct rh_bytes text)
{
    char whole[RH_PATTERN_BYTES_MAX + 8], copy[RH_FORM_VALUE_BYTES_MAX + 1];
    regex_t compiled;
    if (pattern[0] == '\0')
        return true;
    if (text.bytes >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.bytes);
    copy[text.bytes] = '\0';
    snprintf(whole, sizeof whole, "^(%s)$", pattern);
    if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&compiled, copy, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

static struct rh_bytes text_of(const char *text)
{
    return (struct rh_bytes){ (const uint8_t *)text, strlen(text) };
}

static bool fact_holds(const struct agent_message *message,
                       const struct rh_profile_check *check)
{
    const struct rh_fact *fact = rh_public_fact(&message->item, check->fact);
    if (fact == NULL)
        return false;
    if (check->equals[0] != '\0')
        return !fact->is_number && strcmp(fact->code, check->equals) == 0;
    return fact->is_number ? fact->number != 0 : fact->code[0] != '\0';
}

static bool has_document(const struct rh_profile *profile, const struct agent_message *message,
                         const char *procedure, enum rh_kind kind)
{
    const struct rh_profile_number *number = rh_profile_number_for(profile, procedure, kind);
    return message->content.document.bytes > 0 &&
           (number == NULL || fits(number->pattern, message->content.document));
}

static bool holds(const struct rh_profile *profile, const struct agent_message *message,
                  const struct rh_profile_check *check, const char *procedure,
                  enum rh_kind kind, const char **pointer)
{
    const struct rh_public *item = &message->item;
    switch (check->of) {
    case RH_CHECK_FACT:
        *pointer = "/facts";
        return fact_holds(message, check);
    case RH_CHECK_CODE:
        *pointer = "/code";
        return item->code[0] != '\0';
    case RH_CHECK_BASIS:
        *pointer = "/basis";
        return item->basis[0] != '\0';
    case RH_CHECK_PROPER:
        *pointer = "/proper";
        return item->proper.text[0] != '\0';
    case RH_CHECK_DUE:
        *pointer = "/due";
        return item->due_ms != 0;
    case RH_CHECK_DOCUMENT:
        *pointer = "/private/document_no";
        return has_document(profile, message, procedure, kind);
    case RH_CHECK_LEADER:
        *pointer = "/private/leader";
        return message->content.leader.bytes > 0;
    case RH_CHECK_BODY:
        *pointer = "/body";
        return message->media_type[0] != '\0';
    }
    return true;
}

static void run_checks(const struct rh_profile *profile, const struct agent_message *message,
                       const char *procedure, enum rh_kind kind,
                       struct agent_problems *problems)
{
    for (uint32_t i = 0; i < profile->check_count; i++) {
        const struct rh_profile_check *check = &profile->checks[i];
        const char *where = "";
        char pointer[AGENT_POINTER_BYTES];
        if (!rh_profile_check_applies(check, procedure, kind) ||
            holds(profile, message, check, procedure, kind, &where))
            continue;
        snprintf(pointer, sizeof pointer, "%s%s%s", where,
                 check->of == RH_CHECK_FACT ? "/" : "",
                 check->of == RH_CHECK_FACT ? check->fact : "");
        agent_problem_add(problems, check->refusal, pointer, check->reason_en,
                          check->reason_zh);
    }
}

/* The value of a form's field as text; no bytes when it is absent. */
static struct rh_bytes value_of(const struct agent_message *message,
                                const struct rh_profile_field *field, char number[24])
{
    if (field->place == RH_FIELD_FORM)
        return rh_private_form(&message->content, field->name);
    const struct rh_fact *fact = rh_public_fact(&message->item, field->name);
    if (fact == NULL)
        return (struct rh_bytes){ NULL, 0 };
    if (!fact->is_number)
        return text_of(fact->code);
    snprintf(number, 24, "%lld", (long long)fact->number);
    return text_of(number);
}

static bool type_fits(const struct rh_profile_field *field, struct rh_bytes value)
{
    switch (field->type) {
    case RH_FIELD_NUMBER:
        return fits("-?[0-9]{1,19}", value);
    case RH_FIELD_DATE:
        return field->place == RH_FIELD_FACT
                   ? fits("[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])", value)
                   : fits("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", value);
    case RH_FIELD_CODE:
    case RH_FIELD_TEXT:
    case RH_FIELD_PARTICIPANTS:
        break;
    }
    return true;
}

/* The list of third parties: whether there must be one, and which roles may stand in it. */
static void check_participants(const struct rh_profile_field *field,
                               const struct agent_message *message,
                               struct agent_problems *problems)
{
    const struct rh_private *content = &message->content;
    char pointer[AGENT_POINTER_BYTES], text[AGENT_EXPECTED_BYTES],
        chinese[AGENT_EXPECTED_BYTES];
    if (content->participant_count == 0 && field->required) {
        snprintf(text, sizeof text, "%.200s is missing", field->title_en);
        snprintf(chinese, sizeof chinese, "缺少%.200s", field->title_zh);
        agent_problem_add(problems, RH_REFUSE_FIELD_MISSING, "/private/participants", text,
                          chinese);
    }
    for (uint32_t i = 0; i < content->participant_count; i++) {
        const struct rh_participant *one = &content->participants[i];
        if (one->ended.bytes > 0 || fits(field->pattern, one->role))
            continue;
        snprintf(pointer, sizeof pointer, "/private/participants/%u/role", (unsigned)i);
        snprintf(text, sizeof text, "%.90s: a role that fits %.120s", field->title_en,
                 field->pattern);
        snprintf(chinese, sizeof chinese, "%.90s: 身份应为 %.120s", field->title_zh,
                 field->pattern);
        agent_problem_add(problems, RH_REFUSE_DESK_REFUSED, pointer, text, chinese);
    }
}

static void check_form(const struct rh_profile_form *form, const struct agent_message *message,
                       struct agent_problems *problems)
{
    for (uint32_t i = 0; i < form->field_count; i++) {
        const struct rh_profile_field *field = &form->fields[i];
        char pointer[AGENT_POINTER_BYTES], text[AGENT_EXPECTED_BYTES],
            chinese[AGENT_EXPECTED_BYTES], number[24];
        if (field->type == RH_FIELD_PARTICIPANTS) {
            check_participants(field, message, problems);
            continue;
        }
        struct rh_bytes value = value_of(message, field, number);
        snprintf(pointer, sizeof pointer, "%s/%s",
                 field->place == RH_FIELD_FACT ? "/facts" : "/private/form", field->name);
        if (value.bytes == 0 && field->required) {
            snprintf(text, sizeof text, "%.200s is missing", field->title_en);
            snprintf(chinese, sizeof chinese, "缺少%.200s", field->title_zh);
            agent_problem_add(problems, RH_REFUSE_FIELD_MISSING, pointer, text, chinese);
        } else if (value.bytes > 0 &&
                   (!type_fits(field, value) || !fits(field->pattern, value))) {
            snprintf(text, sizeof text, "%.120s is not of the form", field->title_en);
            snprintf(chinese, sizeof chinese, "%.120s不符合格式", field->title_zh);
            agent_problem_add(problems, RH_REFUSE_FIELD_INVALID, pointer, text, chinese);
        }
    }
}

void agent_desk_check(const struct rh_profile *profile, const struct agent_message *message,
                      const char *procedure, enum rh_kind kind, struct agent_problems *problems)
{
    char text[AGENT_EXPECTED_BYTES], chinese[AGENT_EXPECTED_BYTES];
    if (!rh_profile_may_send(profile, procedure, kind)) {
        snprintf(text, sizeof text, "the profile %s has no %s here", profile->id,
                 rh_kind_name(kind));
        snprintf(chinese, sizeof chinese, "本单位业务配置 (%s) 在此程序中不含 %s", profile->id,
                 rh_kind_name(kind));
        agent_problem_add(problems, RH_REFUSE_DESK_REFUSED, "/kind", text, chinese);
        return;
    }
    run_checks(profile, message, procedure, kind, problems);
    const struct rh_profile_form *form = rh_profile_form_for(profile, procedure, kind);
    if (form != NULL)
        check_form(form, message, problems);
    const struct rh_profile_number *number = rh_profile_number_for(profile, procedure, kind);
    if (number != NULL && message->content.document.bytes > 0 &&
        !fits(number->pattern, message->content.document)) {
        snprintf(text, sizeof text, "a document number as %.200s", number->example);
        snprintf(chinese, sizeof chinese, "文号格式如 %.200s", number->example);
        agent_problem_add(problems, RH_REFUSE_DESK_REFUSED, "/private/document_no", text,
                          chinese);
    }
}
