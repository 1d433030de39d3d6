/* A command on its way to the engine's thread and back. */
#include "operator/inside.h"

#include <string.h>

#include <rh/text.h>

struct errand {
    struct hub_command *command;
    struct hub_command_result result;
};

static enum rh_err run(void *context, struct hub_engine *engine, struct hub_gateway *gateway)
{
    struct errand *errand = context;
    (void)gateway;
    return hub_engine_command(engine, errand->command, &errand->result);
}

/* The record keeps HUB_REASON_BYTES_MAX of a reason: a longer one is refused, not cut. */
static enum rh_err sign(struct hub_ask *ask, struct hub_command *command)
{
    const char *reason = hub_args_text(ask, "reason");
    size_t bytes = reason == NULL ? 0 : strlen(reason);
    if (bytes > HUB_REASON_BYTES_MAX)
        return hub_ask_refuse(ask, RH_REFUSE_TOO_LARGE, "/args/reason",
                              N_("a reason has at most 200 bytes"), NULL);
    memcpy(command->operator_name, ask->who, sizeof command->operator_name);
    if (bytes > 0)
        memcpy(command->reason, reason, bytes);
    command->reason[bytes] = '\0';
    return RH_OK;
}

enum rh_err hub_command_ask(struct hub_ask *ask, struct hub_command *command, const char *id,
                            struct hub_command_result *result)
{
    struct errand errand = { .command = command };
    enum rh_err err = sign(ask, command);
    if (err == RH_OK)
        err = hub_ask_engine(ask, run, &errand, true);
    if (err != RH_OK)
        return err;
    if (errand.result.refusal != 0)
        return hub_ask_refuse(ask, errand.result.refusal, "/args/id", NULL, id);
    ask->op->changed_seq = errand.result.index + 1;
    ask->seq = ask->op->changed_seq;
    *result = errand.result;
    return RH_OK;
}
