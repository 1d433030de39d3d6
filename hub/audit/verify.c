/* rhub-audit verify: is this log what the hub published and what the agencies signed? */
#include "audit/verbs.h"

#include <string.h>

/* Everything that is said about one verification, counted once for both forms. */
struct totals {
    uint64_t size;       /* records there should be: here, or covered by a checkpoint */
    uint64_t proven;
    uint64_t uncovered;  /* records here behind the last checkpoint that agreed */
    uint64_t gaps, doubles, chain, claims, time, checkpoints, state;
};

static void count_codes(const struct hub_pass *pass, struct totals *totals)
{
    for (size_t i = 0; i < pass->findings.count; i++) {
        enum hub_finding_code code = pass->findings.list[i].code;
        if (!hub_finding_is_break(code))
            continue;
        if (code == HUB_FINDING_GAP || code == HUB_FINDING_BEGIN || code == HUB_FINDING_SHORT ||
            code == HUB_FINDING_BUNDLE_SHORT || code == HUB_FINDING_PAIR)
            totals->gaps++;
        else if (code == HUB_FINDING_DUPLICATE || code == HUB_FINDING_ORDER)
            totals->doubles++;
        if (code <= HUB_FINDING_CORE)
            totals->chain++;
        else if (code <= HUB_FINDING_CLOCK)
            totals->time++;
        else if (code <= HUB_FINDING_HUB_KEY)
            totals->checkpoints++;
        else if (code <= HUB_FINDING_DUPLICATE)
            totals->claims++;
        else
            totals->state++;
    }
}

static struct totals count_all(const struct hub_pass *pass)
{
    struct totals totals = { .size = pass->next, .proven = hub_pass_proven(pass) };
    if (!pass->ended_early && pass->copy.checkpoint_count > 0) {
        uint64_t furthest = pass->copy.checkpoints[pass->copy.checkpoint_count - 1].size;
        totals.size = furthest > totals.size ? furthest : totals.size;
    }
    totals.uncovered =
        pass->next > pass->ledger.last_good ? pass->next - pass->ledger.last_good : 0;
    count_codes(pass, &totals);
    return totals;
}

static const char *key_source(const struct hub_pass *pass)
{
    return pass->copy.carded ? "card" : pass->copy.keyed ? "journal" : "none";
}

/* ---- JSON ------------------------------------------------------------------------------ */

static json_t *checkpoints_json(struct hub_pass *pass, const struct totals *totals)
{
    json_t *object = json_object();
    hub_json_count(object, "read", pass->copy.notes);
    hub_json_count(object, "agreed", pass->ledger.good);
    hub_json_count(object, "differed", pass->ledger.bad);
    hub_json_count(object, "last_good", pass->ledger.last_good);
    hub_json_count(object, "uncovered_records", totals->uncovered);
    hub_json_count(object, "witnesses", pass->witnesses);
    return object;
}

static json_t *state_json(const struct hub_pass *pass)
{
    json_t *object = json_object();
    const struct hub_state *state = &pass->state;
    hub_json_flag(object, "complete", !state->stopped && !pass->ended_early);
    hub_json_count(object, "applied", state->views.applied);
    hub_json_count(object, "digests_equal", state->digests);
    hub_json_count(object, "deadlines_derived", state->deadlines);
    if (pass->options.redecide) {
        hub_json_count(object, "redecided", state->redecided);
        hub_json_count(object, "redecided_differently", state->differing);
        hub_json_count(object, "not_redecided", state->undecided);
    }
    return object;
}

static json_t *verification(struct hub_pass *pass, const struct totals *totals)
{
    json_t *object = json_object();
    struct rh_hash root;
    hub_json_text(object, "object", "verification");
    hub_json_count(object, "v", 1);
    hub_json_flag(object, "ok", pass->findings.breaks == 0);
    hub_json_text(object, "hub", pass->hub.text);
    hub_json_text(object, "hub_key_fingerprint", pass->copy.fingerprint);
    hub_json_text(object, "hub_key_from", key_source(pass));
    hub_json_count(object, "records", pass->records);
    hub_json_count(object, "missing_records", totals->size - pass->records);
    hub_json_time(object, "first_at", pass->first_ms);
    hub_json_time(object, "last_at", pass->last_ms);
    hub_json_count(object, "size", hub_ledger_size(&pass->ledger));
    if (hub_ledger_root(&pass->ledger, &root))
        hub_json_hash(object, "root", &root);
    hub_json_count(object, "generations", pass->generations + 1);
    hub_json_count(object, "agencies", pass->roster.enrolled);
    hub_json_count(object, "streams", pass->claims.streams);
    hub_json_count(object, "bundles", pass->claims.bundles);
    hub_json_count(object, "items", pass->claims.items);
    hub_json_count(object, "stored_first_earlier", pass->claims.lost);
    hub_json_count(object, "signatures", pass->claims.signatures);
    json_object_set_new(object, "checkpoints", checkpoints_json(pass, totals));
    json_object_set_new(object, "state", state_json(pass));
    hub_json_count(object, "proven_records", totals->proven);
    hub_json_count(object, "unproven_records", totals->size - totals->proven);
    hub_json_count(object, "cuts", pass->cuts);
    hub_json_count(object, "erasures", pass->erased);
    hub_json_flag(object, "ended_early", pass->ended_early);
    hub_json_count(object, "breaks", pass->findings.breaks);
    json_object_set_new(object, "findings", hub_verb_findings(pass));
    return object;
}

/* ---- table ----------------------------------------------------------------------------- */

static void print_head(FILE *out, const struct hub_pass *pass)
{
    char count[HUB_SCREEN_COUNT_BYTES], from[HUB_SCREEN_TIME_BYTES], to[HUB_SCREEN_TIME_BYTES];
    hub_screen_time(pass->first_ms, false, from);
    hub_screen_time(pass->last_ms, false, to);
    fprintf(out, _("records: %s of %s, %s to %s (Beijing time)\n"),
            hub_screen_count(pass->records, count), pass->hub.text, from, to);
    if (pass->copy.carded)
        hub_screen_line(out, _("Hub key"), -1, _("fingerprint %s, from the card given"),
                        pass->copy.fingerprint);
    else if (pass->copy.keyed)
        hub_screen_line(out, _("Hub key"), -1, _("fingerprint %s, from the journal itself"),
                        pass->copy.fingerprint);
    else
        hub_screen_line(out, _("Hub key"), 0, "%s", _("not known"));
}

static void print_checkpoints(FILE *out, const struct hub_pass *pass,
                              const struct totals *totals)
{
    char good[HUB_SCREEN_COUNT_BYTES], last[HUB_SCREEN_COUNT_BYTES],
        after[HUB_SCREEN_COUNT_BYTES];
    hub_screen_line(out, _("Checkpoints"), totals->checkpoints == 0 && pass->ledger.good > 0,
                    _("%s agree, the last at size %s, witnesses: %llu; records behind it: "
                      "%s"),
                    hub_screen_count(pass->ledger.good, good),
                    hub_screen_count(pass->ledger.last_good, last),
                    (unsigned long long)pass->witnesses,
                    hub_screen_count(totals->uncovered, after));
}

static void print_state(FILE *out, const struct hub_pass *pass, const struct totals *totals)
{
    char digests[HUB_SCREEN_COUNT_BYTES], dates[HUB_SCREEN_COUNT_BYTES],
        applied[HUB_SCREEN_COUNT_BYTES], differing[HUB_SCREEN_COUNT_BYTES];
    const struct hub_state *state = &pass->state;
    hub_screen_line(out, _("State"), totals->state == 0 && !state->stopped,
                    _("replayed to #%s, equal digests: %s, dates derived again: %s"),
                    hub_screen_count(state->views.applied, applied),
                    hub_screen_count(state->digests, digests),
                    hub_screen_count(state->deadlines, dates));
    if (pass->options.redecide)
        hub_screen_line(out, _("Decisions"), state->differing == 0,
                        _("%s decided again, %s differ, %llu not decided again"),
                        hub_screen_count(state->redecided, applied),
                        hub_screen_count(state->differing, differing),
                        (unsigned long long)state->undecided);
}

static void print_conclusion(FILE *out, const struct hub_pass *pass,
                             const struct totals *totals)
{
    char proven[HUB_SCREEN_COUNT_BYTES], rest[HUB_SCREEN_COUNT_BYTES];
    if (pass->findings.breaks > 0)
        fprintf(
            out,
            _("Conclusion: NOT INTACT. Breaks: %llu; records proven: %s, not proven: %s.\n"),
            (unsigned long long)pass->findings.breaks, hub_screen_count(totals->proven, proven),
            hub_screen_count(totals->size - totals->proven, rest));
    else if (pass->ended_early)
        fprintf(out, _("Conclusion: no alteration found as far as was looked.\n"));
    else if (pass->ledger.good == 0)
        fprintf(out,
                _("Conclusion: consistent in itself, but no checkpoint vouches for it.\n"));
    else
        fprintf(out, _("Conclusion: no alteration found.\n"));
}

static void print_table(FILE *out, const struct hub_pass *pass, const struct totals *totals)
{
    char a[HUB_SCREEN_COUNT_BYTES], b[HUB_SCREEN_COUNT_BYTES];
    print_head(out, pass);
    hub_screen_line(out, _("Chain"), totals->chain == 0, "%s/%s",
                    hub_screen_count(pass->records, a), hub_screen_count(totals->size, b));
    hub_screen_line(out, _("Signatures"), totals->claims == 0,
                    _("%s verify (agencies: %s, items: %llu, bundles: %llu)"),
                    hub_screen_count(pass->claims.signatures, a),
                    hub_screen_count(pass->roster.enrolled, b),
                    (unsigned long long)pass->claims.items,
                    (unsigned long long)pass->claims.bundles);
    print_checkpoints(out, pass, totals);
    hub_screen_line(out, _("Time"), totals->time == 0, _("largest step back %llu ms"),
                    (unsigned long long)pass->backwards_ms);
    if (pass->options.replay)
        print_state(out, pass, totals);
    hub_screen_line(out, _("Gaps"), totals->gaps == 0, _("%llu, duplicates %llu"),
                    (unsigned long long)totals->gaps, (unsigned long long)totals->doubles);
    hub_verb_print_findings(out, pass);
    print_conclusion(out, pass, totals);
}

/* ---- the verb -------------------------------------------------------------------------- */

static int write_certificate(const struct hub_verb_options *options, const json_t *object)
{
    struct hub_verb_file file;
    if (!hub_verb_file_open(&file, options->out_file, options->out)) {
        fprintf(options->err, "rhub-audit: %s\n", _("the output file cannot be created"));
        return RH_EXIT_CANTCREATE;
    }
    bool written = hub_json_write(file.file, object);
    if (!hub_verb_file_close(&file, written)) {
        fprintf(options->err, "rhub-audit: %s\n", _("the output could not be written"));
        return RH_EXIT_IO;
    }
    return RH_EXIT_OK;
}

static int report(struct hub_pass *pass, const struct hub_verb_options *options)
{
    struct totals totals = count_all(pass);
    json_t *object = verification(pass, &totals);
    int code = RH_EXIT_OK;
    if (options->out_file != NULL)
        code = write_certificate(options, object);
    if (options->json && !hub_json_write(options->out, object))
        code = RH_EXIT_IO;
    if (!options->json)
        print_table(options->out, pass, &totals);
    json_decref(object);
    return code != RH_EXIT_OK ? code : pass->findings.breaks > 0 ? RH_EXIT_NO : RH_EXIT_OK;
}

int hub_verb_verify(const struct hub_verb_options *options)
{
    return hub_verb_pass(options, report);
}
