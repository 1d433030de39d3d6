#include "audit/verbs.h"

#include <string.h>
#include <unistd.h>

int hub_verb_fail(const struct hub_verb_options *options, enum rh_err err, const char *problem)
{
    fprintf(options->err, "rhub-audit: %s\n", problem);
    switch (err) {
    case RH_ERR_NOTFOUND:
        return RH_EXIT_NOINPUT;
    case RH_ERR_INVALID:
    case RH_ERR_CORRUPT:
    case RH_ERR_CRYPTO:
    case RH_ERR_FULL:
        return RH_EXIT_DATA;
    case RH_OK:
    case RH_ERR_EXISTS:
    case RH_ERR_IO:
    case RH_ERR_NOSPACE:
    case RH_ERR_DENIED:
    case RH_ERR_AGAIN:
    case RH_ERR_TIMEOUT:
    case RH_ERR_CLOSED:
    case RH_ERR_NOMEM:
    case RH_ERR_CONFIG:
    case RH_ERR_USAGE:
        break;
    }
    return rh_exit_of(err);
}

static json_t *finding_json(const struct hub_finding *finding)
{
    json_t *object = json_object();
    char segment[24];
    hub_json_text(object, "code", hub_finding_name(finding->code));
    hub_json_flag(object, "break", hub_finding_is_break(finding->code));
    if (finding->index != HUB_FINDING_NOWHERE)
        hub_json_count(object, "index", finding->index);
    if (finding->count > 0)
        hub_json_count(object, "records", finding->count);
    if (finding->placed) {
        snprintf(segment, sizeof segment, "%016llx", (unsigned long long)finding->segment);
        hub_json_text(object, "segment", segment);
        hub_json_count(object, "offset", finding->offset);
        hub_json_count(object, "frame", finding->frame);
    }
    if (finding->hashed) {
        hub_json_hash(object, "expected", &finding->expected);
        hub_json_hash(object, "actual", &finding->actual);
    }
    hub_json_count(object, "last_good_checkpoint", finding->last_good);
    hub_json_text(object, "detail", finding->detail);
    return object;
}

json_t *hub_verb_findings(const struct hub_pass *pass)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pass->findings.count; i++)
        json_array_append_new(list, finding_json(&pass->findings.list[i]));
    return list;
}

static void print_finding(FILE *out, const struct hub_finding *finding)
{
    char count[HUB_SCREEN_COUNT_BYTES], hex[HUB_SCREEN_HEX_BYTES];
    bool is_break = hub_finding_is_break(finding->code);
    fputs(is_break ? "\xE2\x9C\x97 " : "! ", out);
    if (finding->index != HUB_FINDING_NOWHERE)
        fprintf(out, "#%s  ", hub_screen_count(finding->index, count));
    fprintf(out, "%s [%s]\n", hub_finding_sentence(finding->code),
            hub_finding_name(finding->code));
    if (finding->detail[0] != '\0')
        fprintf(out, "    %s\n", finding->detail);
    if (finding->placed)
        fprintf(out, _("    segment %016llx, offset %lu, frame %llu\n"),
                (unsigned long long)finding->segment, (unsigned long)finding->offset,
                (unsigned long long)finding->frame);
    if (finding->count > 1)
        fprintf(out, _("    records concerned: %s\n"), hub_screen_count(finding->count, count));
    if (finding->hashed) {
        fprintf(out, _("    expected %s\n"), hub_screen_hex(&finding->expected, hex));
        fprintf(out, _("    actual   %s\n"), hub_screen_hex(&finding->actual, hex));
    }
    if (is_break)
        fprintf(out, _("    last checkpoint that agreed before: size %s\n"),
                hub_screen_count(finding->last_good, count));
}

void hub_verb_print_findings(FILE *out, const struct hub_pass *pass)
{
    for (size_t i = 0; i < pass->findings.count; i++)
        print_finding(out, &pass->findings.list[i]);
    uint64_t all = pass->findings.breaks + pass->findings.notices;
    if (all > pass->findings.count)
        fprintf(out, _("%llu more are not shown\n"),
                (unsigned long long)(all - pass->findings.count));
}

bool hub_verb_file_open(struct hub_verb_file *file, const char *path, FILE *standard)
{
    memset(file, 0, sizeof *file);
    if (strcmp(path, "-") == 0) {
        file->file = standard;
        return true;
    }
    int bytes = snprintf(file->beside, sizeof file->beside, "%s.part", path);
    if (bytes <= 0 || (size_t)bytes >= sizeof file->beside)
        return false;
    file->path = path;
    file->file = fopen(file->beside, "wx");
    return file->file != NULL;
}

bool hub_verb_file_close(struct hub_verb_file *file, bool keep)
{
    if (file->file == NULL)
        return false;
    if (file->path == NULL)
        return fflush(file->file) == 0 && keep;
    bool done = fflush(file->file) == 0 && fsync(fileno(file->file)) == 0;
    done = fclose(file->file) == 0 && done && keep;
    if (done)
        done = rename(file->beside, file->path) == 0;
    if (!done)
        unlink(file->beside);
    file->file = NULL;
    return done;
}

int hub_verb_pass(const struct hub_verb_options *options, hub_verb_report_fn *report)
{
    static struct hub_pass pass; /* large */
    char problem[512];
    struct hub_pass_options wanted = options->pass;
    wanted.replay = true;
    enum rh_err err = hub_pass_open(&pass, &wanted, problem, sizeof problem);
    if (err != RH_OK)
        return hub_verb_fail(options, err, problem);
    err = hub_pass_run(&pass, NULL, NULL);
    int code = err == RH_OK ? report(&pass, options)
                            : hub_verb_fail(options, err, rh_err_text(err));
    hub_pass_close(&pass);
    return code;
}
