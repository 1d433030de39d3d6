#include <rh/refusal.h>

#include <stdio.h>
#include <string.h>

#include <rh/text.h>

static const struct rh_refusal_info catalogue[] = {
#define RH_REFUSAL(symbol, number, retriable, exit, title, action)                              \
    { RH_REFUSE_##symbol, #symbol, (retriable) != 0, (exit), title, action },
#include <rh/errors.def>
#undef RH_REFUSAL
};

enum { CATALOGUE_COUNT = sizeof catalogue / sizeof catalogue[0] };

const struct rh_refusal_info *rh_refusal_find(uint64_t number)
{
    for (size_t i = 0; i < CATALOGUE_COUNT; i++)
        if ((uint64_t)catalogue[i].refusal == number)
            return &catalogue[i];
    return NULL;
}

const struct rh_refusal_info *rh_refusal_at(size_t index)
{
    return index < CATALOGUE_COUNT ? &catalogue[index] : NULL;
}

const char *rh_refusal_title(uint64_t number)
{
    const struct rh_refusal_info *info = rh_refusal_find(number);
    if (info != NULL)
        return rh_text(info->title);
    return number == 0 ? _("Not refused") : _("A refusal this version does not know");
}

const char *rh_refusal_action(uint64_t number)
{
    const struct rh_refusal_info *info = rh_refusal_find(number);
    if (info != NULL)
        return rh_text(info->action);
    return number == 0 ? _("Nothing to do") : _("Look the number up in a newer version");
}

const char *rh_refusal_symbol(uint64_t number)
{
    const struct rh_refusal_info *info = rh_refusal_find(number);
    if (info != NULL)
        return info->symbol;
    return number == 0 ? "NONE" : "UNKNOWN";
}

void rh_refusal_format(uint32_t number, char out[RH_REFUSAL_TEXT_BYTES])
{
    int written = snprintf(out, RH_REFUSAL_TEXT_BYTES, "RH-%04lu", (unsigned long)number);
    rh_assert(written > 0);
    rh_assert(written < RH_REFUSAL_TEXT_BYTES);
}

enum rh_err rh_refusal_parse(const char *text, enum rh_refusal *out)
{
    if ((text[0] == 'R' || text[0] == 'r') && (text[1] == 'H' || text[1] == 'h') &&
        text[2] == '-')
        text += 3;
    if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
        return RH_ERR_INVALID;

    uint64_t number = 0;
    for (const char *digit = text; *digit != '\0'; digit++)
        number = number * 10 + (uint64_t)(*digit - '0');

    const struct rh_refusal_info *info = rh_refusal_find(number);
    if (info == NULL)
        return RH_ERR_NOTFOUND;
    *out = info->refusal;
    return RH_OK;
}
