/* One thing as lines of title and value. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

static uint32_t widest(const char *object)
{
    const struct hub_cli_field *field;
    uint32_t width = 0;
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        uint32_t own = hub_cli_width(rh_text(field->title));
        if (own > width)
            width = own;
    }
    return width;
}

static void print_one(struct hub_cli *cli, const json_t *row)
{
    const char *object = json_string_value(json_object_get(row, "object"));
    const struct hub_cli_field *field;
    if (object == NULL)
        return;
    uint32_t width = widest(object);
    for (size_t i = 0; (field = hub_cli_field_at(object, i)) != NULL; i++) {
        char *text = hub_cli_field_text(cli, field, row);
        if (text[0] != '\0' && field->type != HUB_CLI_FIELD_RAW) {
            hub_cli_pad(cli->out, rh_text(field->title), width, false);
            fprintf(cli->out, "  %s\n", text);
        }
        free(text);
    }
}

void hub_cli_card(struct hub_cli *cli, const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        if (i > 0)
            fputc('\n', cli->out);
        print_one(cli, row);
    }
}
