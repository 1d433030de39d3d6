/* Commands that ask nobody. */
#include "cli/command.h"

#include <rh/text.h>

static const struct hub_cli_flag gen_flags[] = {
    { "agency", 0, HUB_CLI_TEXT, NULL, N_("AGENCY"), N_("whose keys, as court.510603") },
    { "out", 0, HUB_CLI_TEXT, NULL, N_("DIR"), N_("directory the keys go into") },
    { .name = NULL },
};

static const struct hub_cli_flag compute_flags[] = {
    { "calendar", 0, HUB_CLI_FILE, NULL, N_("FILE"), N_("calendar to compute by") },
    { .name = NULL },
};

const struct hub_cli_command hub_cli_commands_local[] = {
    { "deadline", "compute", HUB_CLI_LOCAL, NULL, NULL,
      N_("ends for a table of periods, without a hub"),
      "rhub deadline compute periods.csv > ends.csv", 0,
      { HUB_CLI_ARG(N_("FILE"), NULL, true, false) },
      compute_flags, NULL, hub_cli_body_compute, NULL, NULL },
    { "key", "gen", HUB_CLI_LOCAL, NULL, NULL, N_("make an agency's four keys and its card"),
      "rhub key gen --agency court.510603 --out /etc/rhub-agent/keys", HUB_CLI_CAN_ROWS,
      { { NULL } }, gen_flags, "key", hub_cli_body_key_gen, NULL, NULL },
    { "key", "fingerprint", HUB_CLI_LOCAL, NULL, NULL, N_("fingerprint of a card or a key"),
      "rhub key fingerprint court.510603.pub", HUB_CLI_CAN_ROWS,
      { HUB_CLI_ARG(N_("FILE"), NULL, true, true) }, NULL, "key", hub_cli_body_key_fingerprint,
      NULL, NULL },
    { "key", "show", HUB_CLI_LOCAL, NULL, NULL, N_("the public card of secret keys"),
      "rhub key show /etc/rhub-agent/keys/court.510603.*.key", 0,
      { HUB_CLI_ARG(N_("FILE"), NULL, true, true) }, NULL, NULL, hub_cli_body_key_show, NULL,
      NULL },
    { "explain", NULL, HUB_CLI_LOCAL, NULL, NULL, N_("what a code means and what to do"),
      "rhub explain RH-4221", HUB_CLI_CAN_ROWS,
      { HUB_CLI_ARG(N_("CODE"), NULL, false, false) }, NULL,
      "refusal", hub_cli_body_explain, hub_cli_card, NULL },
    { "demo", NULL, HUB_CLI_LOCAL, NULL, NULL, N_("a hub and four agencies on this machine"),
      "rhub demo --fast", 0, { HUB_CLI_ARG(N_("ARGS"), NULL, false, true) }, NULL, NULL,
      hub_cli_body_demo, NULL, NULL },
    { "completion", NULL, HUB_CLI_LOCAL, NULL, NULL, N_("completion for a shell: bash"),
      "rhub completion bash > /etc/bash_completion.d/rhub", 0,
      { HUB_CLI_ARG(N_("SHELL"), NULL, true, false) }, NULL, NULL, hub_cli_body_completion,
      NULL, NULL },
    { "help", NULL, HUB_CLI_LOCAL, NULL, NULL, N_("help: COMMAND, or exit-codes"),
      "rhub help referral list\nrhub help exit-codes", 0,
      { HUB_CLI_ARG(N_("COMMAND"), NULL, false, true) }, NULL, NULL, hub_cli_body_help, NULL,
      NULL },
};
const size_t hub_cli_commands_local_count =
    sizeof hub_cli_commands_local / sizeof hub_cli_commands_local[0];
