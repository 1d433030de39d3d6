#include "load/profile.h"

#include "load/words.h"

#include <rh/refusal.h>

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* One element of a list into the next free place; false when a problem was reported. */
typedef bool load_element(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out);

static bool load_list(struct rh_yaml *yaml, const char *key, struct rh_profile *out,
                      const uint32_t *count, uint32_t max, load_element *element)
{
    struct fy_node *list = rh_yaml_get(yaml->root, key);
    void *iterator = NULL;
    struct fy_node *node;
    bool good = true;

    if (list == NULL)
        return true;
    if (!rh_yaml_sequence(yaml, list, key))
        return false;
    while ((node = fy_node_sequence_iterate(list, &iterator)) != NULL) {
        if (*count == max) {
            rh_yaml_problem(yaml, node, "one too many; a profile has at most %u under '%s'",
                            (unsigned)max, key);
            return false;
        }
        good = element(yaml, node, out) && good;
    }
    return good;
}

static bool load_procedure(struct rh_yaml *yaml, struct fy_node *mapping,
                           char out[RH_CODE_BYTES_MAX + 1])
{
    struct fy_node *node = rh_yaml_get(mapping, "procedure");

    if (node == NULL || fy_node_compare_string(node, "'*'", FY_NT)) {
        memcpy(out, "*", 2);
        return true;
    }
    return rh_load_code(yaml, node, "procedure", out, RH_CODE_BYTES_MAX + 1);
}

static bool load_kinds(struct rh_yaml *yaml, struct fy_node *mapping, const char *what,
                       struct rh_kind_set *out)
{
    struct fy_node *node = rh_yaml_need(yaml, mapping, "kinds", what);

    return node != NULL && rh_load_kinds(yaml, node, "kinds", out);
}

static bool load_use(struct rh_yaml *yaml, struct fy_node *node, const char *what,
                     struct rh_profile_use *out)
{
    static const char *const keys[] = { "procedure", "kinds" };

    return rh_yaml_keys(yaml, node, what, keys, COUNT(keys)) &&
           load_procedure(yaml, node, out->procedure) &&
           load_kinds(yaml, node, what, &out->kinds);
}

static bool load_open(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    return load_use(yaml, node, N_("an entry of opens"), &out->opens[out->open_count++]);
}

static bool load_answer(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    return load_use(yaml, node, N_("an entry of answers"), &out->answers[out->answer_count++]);
}

static bool load_pattern(struct rh_yaml *yaml, struct fy_node *mapping,
                         char out[RH_PATTERN_BYTES_MAX + 1])
{
    struct fy_node *node = rh_yaml_get(mapping, "pattern");

    return node == NULL ||
           rh_load_line(yaml, node, "pattern", out, RH_PATTERN_BYTES_MAX + 1);
}

static bool load_field(struct rh_yaml *yaml, struct fy_node *node,
                       struct rh_profile_field *out)
{
    static const char *const keys[] = { "name", "title", "type", "place", "required",
                                        "pattern" };
    static const char *const types[] = { "code", "number", "date", "text", "participants" };
    static const char *const places[] = { "fact", "form" };
    size_t choice = RH_FIELD_TEXT;

    if (!rh_yaml_keys(yaml, node, N_("a field"), keys, COUNT(keys)))
        return false;
    struct fy_node *name = rh_yaml_need(yaml, node, "name", N_("a field"));
    struct fy_node *title = rh_yaml_need(yaml, node, "title", N_("a field"));
    struct fy_node *type = rh_yaml_need(yaml, node, "type", N_("a field"));
    struct fy_node *place = rh_yaml_need(yaml, node, "place", N_("a field"));
    struct fy_node *required = rh_yaml_get(node, "required");

    bool good = name != NULL && rh_load_key(yaml, name, "name", out->name, sizeof out->name);
    good = title != NULL &&
           rh_load_pair(yaml, title, "title", out->title_zh, out->title_en,
                        sizeof out->title_zh) &&
           good;
    good = type != NULL && rh_yaml_choice(yaml, type, "type", types, COUNT(types), &choice) &&
           good;
    out->type = (enum rh_field_type)choice;
    choice = RH_FIELD_FORM;
    good = place != NULL &&
           rh_yaml_choice(yaml, place, "place", places, COUNT(places), &choice) && good;
    out->place = (enum rh_field_place)choice;
    if (good && out->place == RH_FIELD_FACT &&
        (out->type == RH_FIELD_TEXT || out->type == RH_FIELD_PARTICIPANTS)) {
        rh_yaml_problem(yaml, place, "free text never goes into a fact; use 'place: form'");
        good = false;
    }
    if (required != NULL && !rh_yaml_bool(yaml, required, "required", &out->required))
        good = false;
    return load_pattern(yaml, node, out->pattern) && good;
}

static bool load_form(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "procedure", "kinds", "fields" };
    struct rh_profile_form *form = &out->forms[out->form_count++];

    if (!rh_yaml_keys(yaml, node, N_("a form"), keys, COUNT(keys)))
        return false;
    bool good = load_procedure(yaml, node, form->procedure);
    good = load_kinds(yaml, node, N_("a form"), &form->kinds) && good;
    struct fy_node *fields = rh_yaml_need(yaml, node, "fields", N_("a form"));
    if (fields == NULL || !rh_load_filled(yaml, fields, "fields"))
        return false;
    void *iterator = NULL;
    struct fy_node *field;
    while ((field = fy_node_sequence_iterate(fields, &iterator)) != NULL) {
        if (form->field_count == RH_PROFILE_FIELDS_MAX) {
            rh_yaml_problem(yaml, field, "one too many; a form has at most %d fields",
                            RH_PROFILE_FIELDS_MAX);
            return false;
        }
        good = load_field(yaml, field, &form->fields[form->field_count++]) && good;
    }
    return good;
}

static bool load_refusal(struct rh_yaml *yaml, struct fy_node *mapping, uint32_t *out)
{
    struct fy_node *node = rh_yaml_get(mapping, "refusal");
    char text[16];

    *out = RH_REFUSE_DESK_REFUSED;
    if (node == NULL)
        return true;
    if (!rh_yaml_text(yaml, node, "refusal", text, sizeof text))
        return false;
    enum rh_refusal refusal;
    if (rh_refusal_parse(text, &refusal) != RH_OK) {
        rh_yaml_problem(yaml, node, "'%s' is no code of the catalogue; write 'RH-4313'", text);
        return false;
    }
    *out = (uint32_t)refusal;
    return true;
}

static bool load_check(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "procedure", "kinds", "of", "fact",
                                        "equals",    "refusal", "reason" };
    static const char *const words[] = { "fact", "code",     "basis",  "proper",
                                         "due",  "document", "leader", "body" };
    struct rh_profile_check *check = &out->checks[out->check_count++];
    size_t of = RH_CHECK_BODY;

    if (!rh_yaml_keys(yaml, node, N_("a check"), keys, COUNT(keys)))
        return false;
    bool good = load_procedure(yaml, node, check->procedure);
    good = load_kinds(yaml, node, N_("a check"), &check->kinds) && good;
    struct fy_node *what = rh_yaml_need(yaml, node, "of", N_("a check"));
    good = what != NULL && rh_yaml_choice(yaml, what, "of", words, COUNT(words), &of) && good;
    check->of = (enum rh_check_of)of;
    if (check->of == RH_CHECK_FACT) {
        struct fy_node *fact = rh_yaml_need(yaml, node, "fact", N_("a check of a fact"));
        struct fy_node *equals = rh_yaml_get(node, "equals");
        good = fact != NULL &&
               rh_load_key(yaml, fact, "fact", check->fact, sizeof check->fact) && good;
        if (equals != NULL &&
            !rh_load_code(yaml, equals, "equals", check->equals, sizeof check->equals))
            good = false;
    }
    good = load_refusal(yaml, node, &check->refusal) && good;
    struct fy_node *reason = rh_yaml_need(yaml, node, "reason", N_("a check"));
    return reason != NULL &&
           rh_load_pair(yaml, reason, "reason", check->reason_zh, check->reason_en,
                        sizeof check->reason_zh) &&
           good;
}

static bool load_code(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "list", "code", "zh", "en" };
    struct rh_profile_code *code = &out->codes[out->code_count++];

    if (!rh_yaml_keys(yaml, node, N_("a code"), keys, COUNT(keys)))
        return false;
    struct fy_node *list = rh_yaml_need(yaml, node, "list", N_("a code"));
    struct fy_node *name = rh_yaml_need(yaml, node, "code", N_("a code"));
    struct fy_node *zh = rh_yaml_need(yaml, node, "zh", N_("a code"));
    struct fy_node *en = rh_yaml_need(yaml, node, "en", N_("a code"));
    return list != NULL && name != NULL && zh != NULL && en != NULL &&
           rh_load_key(yaml, list, "list", code->list, sizeof code->list) &&
           rh_load_code(yaml, name, "code", code->code, sizeof code->code) &&
           rh_load_line(yaml, zh, "zh", code->zh, sizeof code->zh) &&
           rh_load_line(yaml, en, "en", code->en, sizeof code->en);
}

static bool load_number(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "procedure", "kinds", "pattern", "example" };
    struct rh_profile_number *number = &out->numbers[out->number_count++];

    if (!rh_yaml_keys(yaml, node, N_("a document number"), keys, COUNT(keys)))
        return false;
    struct fy_node *example = rh_yaml_need(yaml, node, "example", N_("a document number"));
    bool good = rh_yaml_need(yaml, node, "pattern", N_("a document number")) != NULL;
    good = load_procedure(yaml, node, number->procedure) && good;
    good = load_kinds(yaml, node, N_("a document number"), &number->kinds) && good;
    good = load_pattern(yaml, node, number->pattern) && good;
    return example != NULL &&
           rh_load_line(yaml, example, "example", number->example, sizeof number->example) &&
           good;
}

static bool load_department(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "id", "title" };
    struct rh_profile_department *department = &out->departments[out->department_count++];

    if (!rh_yaml_keys(yaml, node, N_("a department"), keys, COUNT(keys)))
        return false;
    struct fy_node *id = rh_yaml_need(yaml, node, "id", N_("a department"));
    struct fy_node *title = rh_yaml_need(yaml, node, "title", N_("a department"));
    if (id == NULL || title == NULL ||
        !rh_load_key(yaml, id, "id", department->id, sizeof department->id))
        return false;
    for (uint32_t i = 0; i + 1 < out->department_count; i++) {
        if (strcmp(out->departments[i].id, department->id) != 0)
            continue;
        rh_yaml_problem(yaml, id, "there is a department '%s' already; give each its own id",
                        department->id);
        return false;
    }
    return rh_load_pair(yaml, title, "title", department->title_zh, department->title_en,
                        sizeof department->title_zh);
}

/* A day that may be left out: `otherwise` then. */
static bool load_day(struct rh_yaml *yaml, struct fy_node *mapping, const char *key,
                     int32_t otherwise, int32_t *out)
{
    struct fy_node *node = rh_yaml_get(mapping, key);
    char text[16];
    struct rh_date date;

    *out = otherwise;
    if (node == NULL)
        return true;
    if (!rh_yaml_text(yaml, node, key, text, sizeof text))
        return false;
    if (rh_date_parse(text, strlen(text), &date) != RH_OK) {
        rh_yaml_problem(yaml, node, "'%s' is no day; write it as 2026-03-04", text);
        return false;
    }
    *out = date.days;
    return true;
}

static bool load_duty(struct rh_yaml *yaml, struct fy_node *node, struct rh_profile *out)
{
    static const char *const keys[] = { "department", "procedure", "category", "from",
                                        "until" };
    struct rh_profile_duty *duty = &out->duties[out->duty_count++];
    char id[RH_RULE_ID_BYTES_MAX + 1];

    if (!rh_yaml_keys(yaml, node, N_("a line of the roster"), keys, COUNT(keys)))
        return false;
    struct fy_node *name = rh_yaml_need(yaml, node, "department", N_("a line of the roster"));
    struct fy_node *category = rh_yaml_get(node, "category");
    if (name == NULL || !rh_load_key(yaml, name, "department", id, sizeof id))
        return false;
    while (duty->department < out->department_count &&
           strcmp(out->departments[duty->department].id, id) != 0)
        duty->department++;
    if (duty->department == out->department_count) {
        rh_yaml_problem(yaml, name, "there is no department '%s'; list it under 'departments'",
                        id);
        return false;
    }
    bool good = load_procedure(yaml, node, duty->procedure) &&
                (category == NULL || rh_load_code(yaml, category, "category", duty->category,
                                                  sizeof duty->category)) &&
                load_day(yaml, node, "from", INT32_MIN, &duty->from_day) &&
                load_day(yaml, node, "until", INT32_MAX, &duty->until_day);
    if (good && duty->from_day > duty->until_day) {
        rh_yaml_problem(yaml, node,
                        "this period ends before it begins; turn 'from' and 'until' "
                        "round");
        return false;
    }
    return good;
}

static bool load_head(struct rh_yaml *yaml, struct rh_profile *out)
{
    static const char *const keys[] = { "profile", "role",    "title", "opens", "answers",
                                        "forms",   "numbers", "checks", "codes",
                                        "departments", "roster" };
    const struct rh_load_roles any = { .any = true };
    bool good = rh_yaml_keys(yaml, yaml->root, N_("the profile"), keys, COUNT(keys));
    struct fy_node *id = rh_yaml_need(yaml, yaml->root, "profile", N_("the profile"));
    struct fy_node *role = rh_yaml_need(yaml, yaml->root, "role", N_("the profile"));
    struct fy_node *title = rh_yaml_need(yaml, yaml->root, "title", N_("the profile"));

    good = id != NULL && rh_load_role(yaml, id, "profile", &any, false, out->id) && good;
    good = role != NULL && rh_load_role(yaml, role, "role", &any, false, out->role) && good;
    return title != NULL &&
           rh_load_pair(yaml, title, "title", out->title_zh, out->title_en,
                        sizeof out->title_zh) &&
           good;
}

enum rh_err rh_load_profile(const char *path, struct rh_profile *out,
                            struct rh_load_report *report)
{
    struct rh_yaml yaml;

    memset(out, 0, sizeof *out);
    enum rh_err err = rh_yaml_open(&yaml, path, report);
    if (err == RH_OK) {
        bool good = load_head(&yaml, out);
        good = load_list(&yaml, "opens", out, &out->open_count, RH_PROFILE_USES_MAX,
                         load_open) && good;
        good = load_list(&yaml, "answers", out, &out->answer_count, RH_PROFILE_USES_MAX,
                         load_answer) && good;
        good = load_list(&yaml, "forms", out, &out->form_count, RH_PROFILE_FORMS_MAX,
                         load_form) && good;
        good = load_list(&yaml, "checks", out, &out->check_count, RH_PROFILE_CHECKS_MAX,
                         load_check) && good;
        good = load_list(&yaml, "codes", out, &out->code_count, RH_PROFILE_CODES_MAX,
                         load_code) && good;
        good = load_list(&yaml, "numbers", out, &out->number_count, RH_PROFILE_NUMBERS_MAX,
                         load_number) && good;
        good = load_list(&yaml, "departments", out, &out->department_count,
                         RH_PROFILE_DEPARTMENTS_MAX, load_department) && good;
        good = load_list(&yaml, "roster", out, &out->duty_count, RH_PROFILE_DUTIES_MAX,
                         load_duty) && good;
        err = good ? RH_OK : RH_ERR_CONFIG;
    }
    rh_yaml_close(&yaml);
    return err;
}
