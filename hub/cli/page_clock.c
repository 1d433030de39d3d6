/* The hub's clock: what time it is here and on the wall, what the agencies say, what is on
 * record. Above all stands what an operator has to do, if anything. */
#include "cli/command.h"

#include <rh/text.h>

static void print_advice(struct hub_cli *cli, const json_t *row)
{
    const char *text = NULL;
    if (json_is_true(json_object_get(row, "firing_held")))
        text =
            _("Timers are held: intake goes on, no deadline is judged. Compare this machine's "
              "clock with another one and with the agencies' below; when it is right: "
              "rhub clock confirm --reason TEXT");
    else if (json_is_true(json_object_get(row, "listening")))
        text = _("The hub was off for some time and asks two agencies' clocks, or waits some "
                 "seconds, before timers fire.");
    if (text != NULL)
        fprintf(cli->out, "\n%s\n", text);
}

static void print_rows(struct hub_cli *cli, const char *title, const char *object,
                       const json_t *rows)
{
    if (json_array_size(rows) == 0)
        return;
    fprintf(cli->out, "\n%s\n", title);
    hub_cli_table(cli, object, rows);
}

void hub_cli_page_clock(struct hub_cli *cli, const json_t *rows)
{
    const json_t *row = json_array_get(rows, 0);
    if (row == NULL)
        return;
    hub_cli_card(cli, rows);
    print_advice(cli, row);
    print_rows(cli, _("clocks of the agencies"), "clock_claim", json_object_get(row, "claims"));
    print_rows(cli, _("on record"), "clock_record", json_object_get(row, "records"));
}
