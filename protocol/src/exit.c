#include <rh/exit.h>

#include <stddef.h>

#include <rh/text.h>

static const struct rh_exit_info exits[] = {
    { RH_EXIT_OK, N_("done, or the answer is yes") },
    { RH_EXIT_NO, N_("the answer is no: check failed, difference found, nothing matched") },
    { RH_EXIT_USAGE, N_("wrong usage of the command") },
    { RH_EXIT_DATA, N_("the input data are invalid") },
    { RH_EXIT_NOINPUT, N_("the input file is missing") },
    { RH_EXIT_UNAVAILABLE, N_("the hub or the agent cannot be reached") },
    { RH_EXIT_INTERNAL, N_("internal error, please report it with its id") },
    { RH_EXIT_CANTCREATE, N_("the output cannot be created") },
    { RH_EXIT_IO, N_("input or output failed") },
    { RH_EXIT_TEMPORARY, N_("temporary, retry later") },
    { RH_EXIT_REJECTED, N_("the other side rejected us: wrong key, revoked, protocol") },
    { RH_EXIT_DENIED, N_("not permitted to this user") },
    { RH_EXIT_CONFIG, N_("the configuration is wrong") },
    { RH_EXIT_TIMEOUT, N_("gave up waiting") },
    { RH_EXIT_INTERRUPTED, N_("interrupted") },
    { RH_EXIT_TERMINATED, N_("terminated") },
};

const struct rh_exit_info *rh_exit_at(unsigned index)
{
    return index < sizeof exits / sizeof exits[0] ? &exits[index] : NULL;
}

const char *rh_exit_text(int code)
{
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        if ((int)exits[i].code == code)
            return exits[i].text;
    return N_("unknown exit code");
}

enum rh_exit rh_exit_of(enum rh_err err)
{
    switch (err) {
    case RH_OK:
        return RH_EXIT_OK;
    case RH_ERR_FULL:
    case RH_ERR_AGAIN:
    case RH_ERR_NOSPACE:
        return RH_EXIT_TEMPORARY;
    case RH_ERR_NOTFOUND:
    case RH_ERR_EXISTS:
        return RH_EXIT_NO;
    case RH_ERR_INVALID:
        return RH_EXIT_DATA;
    case RH_ERR_IO:
        return RH_EXIT_IO;
    case RH_ERR_CRYPTO:
        return RH_EXIT_REJECTED;
    case RH_ERR_DENIED:
        return RH_EXIT_DENIED;
    case RH_ERR_TIMEOUT:
        return RH_EXIT_TIMEOUT;
    case RH_ERR_CLOSED:
        return RH_EXIT_UNAVAILABLE;
    case RH_ERR_CONFIG:
        return RH_EXIT_CONFIG;
    case RH_ERR_USAGE:
        return RH_EXIT_USAGE;
    case RH_ERR_CORRUPT:
    case RH_ERR_NOMEM:
        return RH_EXIT_INTERNAL;
    }
    return RH_EXIT_INTERNAL;
}
