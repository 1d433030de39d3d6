/* One referral: shown, and its holder pressed. */
#include "operator/inside.h"

#include <rh/text.h>

enum rh_err hub_verb_referral_show(struct hub_ask *ask)
{
    struct hub_referral *row = ask->op->referral;
    const char *code = hub_args_text(ask, "code");
    if ((hub_args_text(ask, "id") == NULL) == (code == NULL))
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_MISSING, "/args/id",
                              N_("either a referral or a query code is wanted"), NULL);
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK && code != NULL)
        return hub_show_by_code(ask, code);
    if (err == RH_OK)
        err = hub_find_referral(ask, "id", row);
    return err == RH_OK ? hub_ask_row(ask, hub_json_referral_whole(ask, row)) : err;
}

static enum rh_err press(struct hub_ask *ask, enum rh_kind action)
{
    struct hub_command command = { .type = HUB_COMMAND_ATTENTION, .action = action };
    struct hub_command_result result;
    enum rh_err err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = hub_find_referral(ask, "id", ask->op->referral);
    hub_snapshot_end(ask);
    if (err != RH_OK)
        return err;
    const char *number = ask->op->referral->number;
    command.rno = ask->op->referral->rno;
    err = hub_command_ask(ask, &command, number, &result);
    return err == RH_OK ? hub_ask_done(ask, number, result.index) : err;
}

enum rh_err hub_verb_referral_urge(struct hub_ask *ask)
{
    return press(ask, RH_KIND_URGE);
}

enum rh_err hub_verb_referral_supervise(struct hub_ask *ask)
{
    return press(ask, RH_KIND_SUPERVISE);
}

enum rh_err hub_verb_referral_escalate(struct hub_ask *ask)
{
    return press(ask, RH_KIND_ESCALATE);
}
