/* Arguments: checked against the verb's list before the verb runs, so that verbs may trust
 * types and lengths. */
#include "operator/inside.h"

#include <stdio.h>
#include <string.h>

#include <rh/date.h>
#include <rh/item.h>
#include <rh/text.h>

#include "load/sources.h"

static const struct hub_arg at_least_seq = { "at_least_seq", HUB_ARG_UINT, false };

static const struct hub_arg *find(const struct hub_verb *verb, const char *name)
{
    for (size_t i = 0; i < HUB_VERB_ARGS_MAX && verb->args[i].name != NULL; i++) {
        if (strcmp(verb->args[i].name, name) == 0)
            return &verb->args[i];
    }
    return strcmp(name, at_least_seq.name) == 0 ? &at_least_seq : NULL;
}

static enum rh_err refuse(struct hub_ask *ask, uint32_t refusal, const char *name,
                          const char *detail, const char *value)
{
    char pointer[sizeof ask->pointer];
    snprintf(pointer, sizeof pointer, "/args/%.50s", name);
    return hub_ask_refuse(ask, refusal, pointer, detail, value);
}

static enum rh_err read_instant(const char *text, uint64_t *out_ms)
{
    struct rh_date date;
    if (rh_date_parse(text, strlen(text), &date) == RH_OK) {
        *out_ms = rh_date_start_ms(date);
        return RH_OK;
    }
    return rh_instant_parse(text, strlen(text), out_ms);
}

static enum rh_err check_text(struct hub_ask *ask, const struct hub_arg *arg, const char *text)
{
    bool is_long = arg->type == HUB_ARG_LONG;
    size_t bytes = text == NULL ? 0 : strlen(text);
    uint64_t ms;
    if (bytes == 0)
        return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                      N_("a text is wanted that is not empty"), NULL);
    if (bytes > (is_long ? 4096u : (unsigned)HUB_ASK_TEXT_BYTES_MAX))
        return refuse(ask, RH_REFUSE_TOO_LARGE, arg->name, NULL, NULL);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < 0x20 && !(is_long && (byte == '\n' || byte == '\r'))) || byte == 0x7f)
            return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                          N_("control characters are not allowed"), NULL);
    }
    if (arg->type == HUB_ARG_INSTANT && read_instant(text, &ms) != RH_OK)
        return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                      N_("an instant like 2026-02-24T09:30:00+08:00 or a date is wanted"),
                      text);
    return RH_OK;
}

static enum rh_err check_file(struct hub_ask *ask, const struct hub_arg *arg,
                              const json_t *value)
{
    size_t bytes = json_string_length(value);
    const char *text = json_string_value(value);
    if (text == NULL || bytes == 0 || strlen(text) != bytes)
        return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                      N_("a text is wanted that is not empty"), NULL);
    return bytes > HUB_ASK_FILE_BYTES_MAX
               ? refuse(ask, RH_REFUSE_TOO_LARGE, arg->name, NULL, NULL)
               : RH_OK;
}

static enum rh_err check_files(struct hub_ask *ask, const struct hub_arg *arg,
                               const json_t *value)
{
    size_t i;
    const json_t *file;
    if (!json_is_array(value) || json_array_size(value) > RH_LOAD_SOURCES_MAX)
        return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name, N_("a list of files is wanted"),
                      NULL);
    json_array_foreach(value, i, file) {
        if (!json_is_string(json_object_get(file, "name")))
            return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                          N_("a list of files is wanted"), NULL);
        enum rh_err err = check_file(ask, arg, json_object_get(file, "text"));
        if (err != RH_OK)
            return err;
    }
    return RH_OK;
}

static enum rh_err check_number(struct hub_ask *ask, const struct hub_arg *arg,
                                const json_t *value)
{
    json_int_t number = json_integer_value(value);
    json_int_t least = arg->type == HUB_ARG_LIMIT ? 1 : 0;
    if (!json_is_integer(value) || number < least || number > (json_int_t)RH_NUMBER_MAX)
        return refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name, N_("a whole number is wanted"),
                      NULL);
    return RH_OK;
}

static enum rh_err check_one(struct hub_ask *ask, const struct hub_arg *arg,
                             const json_t *value)
{
    switch (arg->type) {
    case HUB_ARG_TEXT:
    case HUB_ARG_LONG:
    case HUB_ARG_INSTANT:
        return check_text(ask, arg, json_string_value(value));
    case HUB_ARG_FILE:
        return check_file(ask, arg, value);
    case HUB_ARG_FILES:
        return check_files(ask, arg, value);
    case HUB_ARG_SWITCH:
        return json_is_boolean(value) ? RH_OK
                                      : refuse(ask, RH_REFUSE_FIELD_INVALID, arg->name,
                                               N_("true or false is wanted"), NULL);
    case HUB_ARG_UINT:
    case HUB_ARG_LIMIT:
        break;
    }
    return check_number(ask, arg, value);
}

enum rh_err hub_args_check(struct hub_ask *ask)
{
    const char *name;
    json_t *value;
    if (ask->args != NULL && !json_is_object(ask->args))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args",
                              N_("the arguments are a JSON object"), NULL);
    json_object_foreach(ask->args, name, value) {
        const struct hub_arg *arg = find(ask->verb, name);
        if (arg == NULL)
            return refuse(ask, RH_REFUSE_FIELD_INVALID, name,
                          N_("the verb knows no such argument"), name);
        enum rh_err err = check_one(ask, arg, value);
        if (err != RH_OK)
            return err;
    }
    for (size_t i = 0; i < HUB_VERB_ARGS_MAX && ask->verb->args[i].name != NULL; i++) {
        const struct hub_arg *arg = &ask->verb->args[i];
        if (arg->required && json_object_get(ask->args, arg->name) == NULL)
            return refuse(ask, RH_REFUSE_FIELD_MISSING, arg->name, NULL, arg->name);
    }
    return RH_OK;
}

const char *hub_args_text(const struct hub_ask *ask, const char *name)
{
    return json_string_value(json_object_get(ask->args, name));
}

uint64_t hub_args_uint(const struct hub_ask *ask, const char *name, uint64_t otherwise)
{
    const json_t *value = json_object_get(ask->args, name);
    return value == NULL ? otherwise : (uint64_t)json_integer_value(value);
}

uint64_t hub_args_instant(const struct hub_ask *ask, const char *name, uint64_t otherwise)
{
    const char *text = hub_args_text(ask, name);
    uint64_t ms = otherwise;
    if (text != NULL)
        (void)read_instant(text, &ms); /* it was checked */
    return ms;
}

uint32_t hub_args_limit(const struct hub_ask *ask)
{
    uint64_t limit = hub_args_uint(ask, "limit", HUB_ASK_ROWS_DEFAULT);
    return limit > HUB_ASK_ROWS_MAX ? (uint32_t)HUB_ASK_ROWS_MAX : (uint32_t)limit;
}

bool hub_args_switch(const struct hub_ask *ask, const char *name)
{
    return json_is_true(json_object_get(ask->args, name));
}

const json_t *hub_args_files(const struct hub_ask *ask, const char *name)
{
    return json_object_get(ask->args, name);
}

void hub_token_write(struct hub_ask *ask, char walk, const void *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = data;
    rh_assert(bytes <= HUB_MAP_KEY_MAX);
    ask->cursor[0] = walk;
    for (size_t i = 0; i < bytes; i++) {
        ask->cursor[1 + 2 * i] = digits[from[i] >> 4];
        ask->cursor[2 + 2 * i] = digits[from[i] & 15];
    }
    ask->cursor[1 + 2 * bytes] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum rh_err hub_token_read(struct hub_ask *ask, char walk, void *data, size_t capacity,
                           size_t *bytes)
{
    const char *text = hub_args_text(ask, "cursor");
    uint8_t *out = data;
    *bytes = 0;
    if (text == NULL)
        return RH_OK;
    size_t digits = strlen(text) - 1;
    bool good = text[0] == walk && digits > 0 && digits % 2 == 0 && digits / 2 <= capacity;
    for (size_t i = 0; good && i < digits / 2; i++) {
        int high = digit_of(text[1 + 2 * i]);
        int low = digit_of(text[2 + 2 * i]);
        good = high >= 0 && low >= 0;
        if (good)
            out[i] = (uint8_t)(high << 4 | low);
    }
    if (!good)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/cursor",
                              N_("this cursor belongs to another list"), NULL);
    *bytes = digits / 2;
    return RH_OK;
}
