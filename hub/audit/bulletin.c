/* rhub-audit bulletin: the bulletin of a period from the records alone, in the rows and the
 * bytes of `rhub report bulletin`. */
#include "views/bulletin.h"

#include <stdlib.h>

#include <rh/glossary.h>
#include <rh/text.h>

#include "audit/verbs.h"

struct listing {
    const struct hub_verb_options *options;
    bool first;
};

static enum rh_err print_json(void *context, json_t *row)
{
    struct listing *listing = context;
    char *text = row == NULL ? NULL
                             : json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(row);
    if (text == NULL)
        return RH_ERR_NOMEM;
    int bytes = fprintf(listing->options->out, "%s\n%s", listing->first ? "" : ",", text);
    listing->first = false;
    free(text);
    return bytes > 0 ? RH_OK : RH_ERR_IO;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text == NULL ? "" : text;
}

/* "on time  8 / 10 = 80.0 %", as the hub's own table has it. */
static enum rh_err print_line(void *context, json_t *row)
{
    struct listing *listing = context;
    FILE *out = listing->options->out;
    if (row == NULL)
        return RH_ERR_NOMEM;
    const json_t *of = json_object_get(row, "denominator");
    const json_t *rate = json_object_get(row, "rate");
    static const char *const keys[] = { "period", "area", "agency", "procedure" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (text_of(row, keys[i])[0] != 0)
            fprintf(out, "%s  ", text_of(row, keys[i]));
    }
    fprintf(out, "%s  %lld", rh_word("bulletin", text_of(row, "figure")),
            (long long)json_integer_value(json_object_get(row, "numerator")));
    if (json_is_integer(of))
        fprintf(out, " / %lld", (long long)json_integer_value(of));
    if (json_is_number(rate))
        fprintf(out, " = %.1f %%", json_number_value(rate) * 100);
    else if (json_is_integer(of))
        fprintf(out, "  %s", _("too few for a rate"));
    fprintf(out, "  (%s)\n", rh_text(text_of(row, "definition")));
    json_decref(row);
    return RH_OK;
}

static int report(struct hub_pass *pass, const struct hub_verb_options *options)
{
    struct listing listing = { .options = options, .first = true };
    if (pass->findings.breaks > 0) { /* figures of a broken log are nobody's */
        hub_verb_print_findings(options->err, pass);
        return RH_EXIT_NO;
    }
    enum rh_err err = hub_views_save(&pass->state.views);
    if (options->json)
        fputs("[", options->out);
    if (err == RH_OK)
        err = hub_bulletin_rows(pass->state.views.map, options->bulletin,
                                options->json ? print_json : print_line, &listing);
    if (options->json)
        fputs("\n]\n", options->out);
    return err == RH_OK ? RH_EXIT_OK : hub_verb_fail(options, err, rh_err_text(err));
}

int hub_verb_bulletin(const struct hub_verb_options *options)
{
    return hub_verb_pass(options, report);
}
