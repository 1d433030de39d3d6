#include <rh/profile.h>

#include <string.h>

static bool covers(const char *listed, const char *procedure)
{
    return strcmp(listed, "*") == 0 || procedure[0] == '\0' || strcmp(listed, procedure) == 0;
}

static bool any_use(const struct rh_profile_use *uses, uint32_t count, const char *procedure,
                    enum rh_kind kind)
{
    for (uint32_t i = 0; i < count; i++) {
        if (covers(uses[i].procedure, procedure) && rh_kind_in(&uses[i].kinds, kind))
            return true;
    }
    return false;
}

bool rh_profile_may_send(const struct rh_profile *profile, const char *procedure,
                         enum rh_kind kind)
{
    return any_use(profile->opens, profile->open_count, procedure, kind) ||
           any_use(profile->answers, profile->answer_count, procedure, kind);
}

const struct rh_profile_number *rh_profile_number_for(const struct rh_profile *profile,
                                                      const char *procedure, enum rh_kind kind)
{
    for (uint32_t i = 0; i < profile->number_count; i++) {
        const struct rh_profile_number *number = &profile->numbers[i];
        if (covers(number->procedure, procedure) && rh_kind_in(&number->kinds, kind))
            return number;
    }
    return NULL;
}

const struct rh_profile_form *rh_profile_form_for(const struct rh_profile *profile,
                                                  const char *procedure, enum rh_kind kind)
{
    for (uint32_t i = 0; i < profile->form_count; i++) {
        const struct rh_profile_form *form = &profile->forms[i];
        if (covers(form->procedure, procedure) && rh_kind_in(&form->kinds, kind))
            return form;
    }
    return NULL;
}

bool rh_profile_check_applies(const struct rh_profile_check *check, const char *procedure,
                              enum rh_kind kind)
{
    /* A procedure the agent does not know is judged by the hub alone. */
    bool meant = strcmp(check->procedure, "*") == 0 || strcmp(check->procedure, procedure) == 0;
    return meant && rh_kind_in(&check->kinds, kind);
}

static bool is_below(const char *category, const char *above)
{
    size_t bytes = strlen(above);
    return strncmp(category, above, bytes) == 0 &&
           (bytes == 0 || category[bytes] == '\0' || category[bytes] == '.');
}

const struct rh_profile_department *rh_profile_on_duty(const struct rh_profile *profile,
                                                       const char *procedure,
                                                       const char *category,
                                                       struct rh_date day)
{
    for (uint32_t i = 0; i < profile->duty_count; i++) {
        const struct rh_profile_duty *duty = &profile->duties[i];
        if ((strcmp(duty->procedure, "*") == 0 || strcmp(duty->procedure, procedure) == 0) &&
            is_below(category, duty->category) && duty->from_day <= day.days &&
            day.days <= duty->until_day)
            return &profile->departments[duty->department];
    }
    return NULL;
}
