/* rhub-audit replay: the state at an instant or a size, rebuilt from the records alone.
 *
 * The digests printed are those of hub/views, so they equal a live hub's, a standby's and a
 * backup's at the same size: that is the whole comparison. */
#include "audit/describe.h"
#include "audit/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_INDENT = 4 };

/* One digest over all of them, in order of tables. */
static enum rh_err digest_all(struct hub_state *state, struct rh_hash *out)
{
    uint8_t rows[HUB_DIGEST_ROWS_BYTES_MAX];
    struct rh_writer writer;
    rh_writer_init(&writer, rows, sizeof rows);
    enum rh_err err = hub_views_digest_encode(&state->views, &writer);
    if (err == RH_OK)
        rh_hash(rows, writer.bytes, out);
    return err;
}

static json_t *tables_json(const struct hub_state *state)
{
    json_t *tables = json_object();
    for (unsigned table = 0; table < HUB_TABLES; table++) {
        if (hub_table_is_digested(table))
            hub_json_hash(tables, hub_table_name(table), &state->views.digests[table]);
    }
    return tables;
}

static json_t *agencies_json(struct hub_pass *pass)
{
    json_t *list = json_array();
    struct hub_agency *row = calloc(1, sizeof *row);
    uint32_t no = 0;
    while (row != NULL &&
           hub_views_agency_next(pass->state.views.map, &no, row) == RH_OK) {
        json_t *object = json_object();
        char fingerprint[RH_FINGERPRINT_BYTES];
        rh_card_fingerprint(&row->card, fingerprint);
        hub_json_text(object, "id", row->id.text);
        hub_json_text(object, "name_zh", row->name_zh);
        hub_json_text(object, "name_en", row->name_en);
        hub_json_text(object, "state",
                      row->state == HUB_AGENCY_ACTIVE    ? "active"
                      : row->state == HUB_AGENCY_REVOKED ? "revoked"
                      : row->state == HUB_AGENCY_SUCCEEDED ? "succeeded"
                                                           : "suspended");
        hub_json_text(object, "fingerprint", fingerprint);
        hub_json_time(object, "enrolled_at", row->enrolled_ms);
        json_array_append_new(list, object);
    }
    free(row);
    return list;
}

/* Members of an object without its braces, so that a list of any length can follow. */
static bool write_head(FILE *out, struct hub_pass *pass, const struct rh_hash *digest)
{
    json_t *head = json_object();
    struct rh_hash root;
    hub_json_text(head, "object", "state");
    hub_json_count(head, "v", 1);
    hub_json_text(head, "hub", pass->hub.text);
    hub_json_count(head, "size", pass->state.views.applied);
    hub_json_time(head, "last_at", pass->last_ms);
    if (hub_ledger_root(&pass->ledger, &root))
        hub_json_hash(head, "root", &root);
    hub_json_hash(head, "state_digest", digest);
    hub_json_count(head, "row_schema", HUB_ROW_SCHEMA);
    if (pass->state.ruled)
        hub_json_count(head, "rules_index", pass->state.rules_index);
    hub_json_count(head, "breaks", pass->findings.breaks);
    json_object_set_new(head, "table_digests", tables_json(&pass->state));
    json_object_set_new(head, "agencies", agencies_json(pass));
    char *text = json_dumps(head, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(head);
    if (text == NULL)
        return false;
    size_t bytes = strlen(text);
    rh_assert(bytes > 2);
    text[bytes - 2] = '\0'; /* newline and brace */
    bool written = fprintf(out, "%s,\n  \"referrals\": [", text) > 0;
    free(text);
    return written;
}

static bool write_referrals(FILE *out, struct hub_pass *pass, enum rh_err *err)
{
    struct hub_referral *row = calloc(1, sizeof *row);
    uint64_t rno = 0;
    bool written = row != NULL, first = true;
    const struct rh_rules *rules = pass->state.ruled ? pass->state.rules : NULL;
    *err = row == NULL ? RH_ERR_NOMEM : RH_OK;
    while (written && *err == RH_OK) {
        *err = hub_views_referral_next(pass->state.views.map, &rno, row);
        if (*err != RH_OK)
            break;
        json_t *object = hub_describe_referral(row, &pass->roster, rules);
        written = fputs(first ? "\n    " : ",\n    ", out) >= 0 &&
                  json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0;
        json_decref(object);
        first = false;
    }
    free(row);
    if (*err == RH_ERR_NOTFOUND)
        *err = RH_OK;
    return written && fputs("\n  ]\n}\n", out) >= 0;
}

static int write_state(struct hub_pass *pass, const struct hub_verb_options *options)
{
    struct rh_hash digest;
    enum rh_err err = digest_all(&pass->state, &digest);
    if (err != RH_OK)
        return hub_verb_fail(options, err, rh_err_text(err));
    struct hub_verb_file file;
    if (!hub_verb_file_open(&file, options->out_file, options->out)) {
        fprintf(options->err, "rhub-audit: %s\n", _("the output file cannot be created"));
        return RH_EXIT_CANTCREATE;
    }
    bool written = write_head(file.file, pass, &digest) &&
                   write_referrals(file.file, pass, &err);
    if (!hub_verb_file_close(&file, written && err == RH_OK)) {
        fprintf(options->err, "rhub-audit: %s\n", _("the output could not be written"));
        return RH_EXIT_IO;
    }
    if (file.path != NULL) {
        char hex[HUB_SCREEN_HEX_BYTES], count[HUB_SCREEN_COUNT_BYTES];
        fprintf(options->out, _("state at size %s, digest %s\n"),
                hub_screen_count(pass->state.views.applied, count),
                hub_screen_hex(&digest, hex));
    }
    return RH_EXIT_OK;
}

/* A size that was asked for and is not there is no state of this log: nothing is written. */
static bool reaches(const struct hub_pass *pass, const struct hub_verb_options *options)
{
    if (options->pass.to == UINT64_MAX || options->pass.to < pass->next)
        return true;
    fprintf(options->err, "rhub-audit: ");
    fprintf(options->err,
            _("the log has a size of %" PRIu64 " only, not of %llu"), pass->next,
            (unsigned long long)options->pass.to + 1);
    fputc('\n', options->err);
    return false;
}

static int report(struct hub_pass *pass, const struct hub_verb_options *options)
{
    if (!reaches(pass, options))
        return RH_EXIT_DATA;
    int code = write_state(pass, options);
    if (code == RH_EXIT_OK && pass->findings.breaks > 0) {
        hub_verb_print_findings(options->err, pass);
        code = RH_EXIT_NO;
    }
    return code;
}

int hub_verb_replay(const struct hub_verb_options *options)
{
    return hub_verb_pass(options, report);
}
