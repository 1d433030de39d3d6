/* report.figures: figures of a period, each with the parts it was made of.
 *
 * A rate without its denominator is not shown, so every row carries numerator, denominator
 * and the sentence that defines them. Two cohorts:
 *
 *     registered   referrals registered in the period, as they stand now
 *     due          clocks whose end falls in the period, done or not: leaving things open
 *                  cannot raise the figure
 *
 * The period is [since, until), until at the latest now. Every referral is looked at, in short
 * snapshots; what happens meanwhile may or may not be counted. */
#include "operator/inside.h"

#include <stdlib.h>
#include <string.h>

#include <rh/text.h>

enum figure {
    REGISTERED,
    DISPATCHED,
    SIGNED,
    DECIDED,
    ACCEPTED,
    CONCLUDED,
    ON_TIME,
    ON_TIME_SIGN,
    ON_TIME_CONCLUDE,
    OVERDUE,
    EXTENDED,
    BOUNCED,
    REOPENED,
    DEAD,
    CLOSED,
    FIGURES
};

static const struct {
    const char *name;
    const char *definition;
} figures[FIGURES] = {
    [REGISTERED] = { "registered", N_("referrals registered in the period") },
    [DISPATCHED] = { "dispatched", N_("sent to an addressee / registered in the period") },
    [SIGNED] = { "signed", N_("signed for / sent, registered in the period") },
    [DECIDED] = { "decided", N_("accepted, refused or returned / signed for, registered in the "
                                "period") },
    [ACCEPTED] = { "accepted", N_("accepted / decided, registered in the period") },
    [CONCLUDED] = { "concluded", N_("concluded / accepted, registered in the period") },
    [ON_TIME] = { "on_time", N_("clocks met in time / clocks whose end falls in the period") },
    [ON_TIME_SIGN] = { "on_time_sign", N_("signed for in time / such clocks whose end falls in "
                                          "the period") },
    [ON_TIME_CONCLUDE] = { "on_time_conclude", N_("concluded in time / such clocks whose end "
                                                  "falls in the period") },
    [OVERDUE] = { "overdue", N_("missed, done late or not yet / clocks whose end falls in the "
                                "period") },
    [EXTENDED] = { "extended", N_("extended clocks / clocks whose end falls in the period") },
    [BOUNCED] = { "bounced", N_("came back at least once / sent, registered in the period") },
    [REOPENED] = { "reopened", N_("taken up again / concluded, registered in the period") },
    [DEAD] = { "dead", N_("had a dead letter / sent, registered in the period") },
    [CLOSED] = { "closed", N_("closed / registered in the period") },
};

enum { GROUPS_MAX = 2048, SNAPSHOT_ROWS = 2000 };

enum by { BY_ALL, BY_AGENCY, BY_PROCEDURE };

struct group {
    uint32_t agency;
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint64_t parts[FIGURES][2]; /* numerator, denominator */
};

struct report {
    enum by by;
    uint64_t since_ms, until_ms;
    uint32_t count;
    bool full;
    struct group *groups; /* GROUPS_MAX */
};

static void add(struct group *group, enum figure figure, bool is, bool among)
{
    group->parts[figure][0] += is && among ? 1 : 0;
    group->parts[figure][1] += among ? 1 : 0;
}

static void count_registered(struct group *group, const struct hub_referral *row)
{
    bool sent = row->dispatched_ms != 0;
    bool signed_for = row->signed_ms != 0;
    bool accepted = row->accepted_ms != 0;
    bool decided = accepted || row->state == RH_STATE_NOT_ACCEPTED ||
                   row->state == RH_STATE_RETURNED;
    bool concluded = row->concluded_ms != 0;
    add(group, REGISTERED, true, true);
    add(group, DISPATCHED, sent, true);
    add(group, SIGNED, signed_for, sent);
    add(group, DECIDED, decided, signed_for);
    add(group, ACCEPTED, accepted, decided);
    add(group, CONCLUDED, concluded, accepted);
    add(group, BOUNCED, row->bounce_count > 0, sent);
    add(group, REOPENED, row->reopen_count > 0, concluded);
    add(group, DEAD, row->dead_count > 0, sent);
    add(group, CLOSED, row->closed_ms != 0, true);
}

static void count_clock(struct hub_ask *ask, struct group *group,
                        const struct hub_referral *row, const struct hub_deadline *deadline)
{
    const struct rh_limit *limit = hub_find_limit(ask, row, deadline);
    bool met = deadline->status == HUB_DEADLINE_MET;
    bool missed = deadline->missed_ms != 0 ||
                  (deadline->status == HUB_DEADLINE_RUNNING && deadline->end_ms <= ask->now_ms);
    bool counts = met || missed || deadline->status == HUB_DEADLINE_RUNNING;
    add(group, ON_TIME, met, counts);
    add(group, OVERDUE, missed, counts);
    add(group, EXTENDED, deadline->extension_count > 0, counts);
    if (limit == NULL)
        return;
    add(group, ON_TIME_SIGN, met, counts && rh_kind_in(&limit->met_by, RH_KIND_SIGN));
    add(group, ON_TIME_CONCLUDE, met, counts && rh_kind_in(&limit->met_by, RH_KIND_CONCLUDE));
}

static struct group *find_group(struct report *report, uint32_t agency, const char *procedure)
{
    for (uint32_t i = 0; i < report->count; i++) {
        struct group *group = &report->groups[i];
        if (report->by == BY_ALL || (report->by == BY_AGENCY && group->agency == agency) ||
            (report->by == BY_PROCEDURE && strcmp(group->procedure, procedure) == 0))
            return group;
    }
    if (report->count == GROUPS_MAX) {
        report->full = true;
        return NULL;
    }
    struct group *group = &report->groups[report->count++];
    group->agency = agency;
    memcpy(group->procedure, procedure, strlen(procedure) + 1);
    return group;
}

static void count_row(struct hub_ask *ask, struct report *report,
                      const struct hub_referral *row)
{
    bool in_period = row->registered_ms >= report->since_ms &&
                     row->registered_ms < report->until_ms;
    uint32_t handler = row->addressee != 0 ? row->addressee : row->origin;
    if (in_period) {
        struct group *group = find_group(report, handler, row->procedure);
        if (group != NULL)
            count_registered(group, row);
    }
    for (uint32_t i = 0; i < row->deadline_count; i++) {
        const struct hub_deadline *deadline = &row->deadlines[i];
        if (deadline->right_only || deadline->end_ms < report->since_ms ||
            deadline->end_ms >= report->until_ms)
            continue;
        struct group *group = find_group(report, deadline->owed_by, row->procedure);
        if (group != NULL)
            count_clock(ask, group, row, deadline);
    }
}

static enum rh_err count_all(struct hub_ask *ask, struct report *report)
{
    uint64_t rno = 0;
    enum rh_err err = RH_OK;
    for (uint32_t seen = 1;; seen++) {
        err = hub_views_referral_next(ask->map, &rno, ask->op->referral);
        if (err != RH_OK)
            return err == RH_ERR_NOTFOUND ? RH_OK : err;
        count_row(ask, report, ask->op->referral);
        if (seen % SNAPSHOT_ROWS != 0)
            continue;
        if (atomic_load(&ask->op->closing))
            return RH_ERR_CLOSED;
        err = hub_snapshot_begin(ask);
        if (err != RH_OK)
            return err;
    }
}

static enum rh_err show_group(struct hub_ask *ask, const struct report *report,
                              const struct group *group)
{
    enum rh_err err = RH_OK;
    for (int f = 0; f < FIGURES && err == RH_OK; f++) {
        json_t *row = hub_json_row("figure");
        uint64_t numerator = group->parts[f][0];
        uint64_t denominator = group->parts[f][1];
        hub_json_text(row, "id", figures[f].name);
        hub_json_text(row, "figure", figures[f].name);
        hub_json_agency(ask, row, "agency", report->by == BY_AGENCY ? group->agency : 0);
        hub_json_text(row, "procedure", report->by == BY_PROCEDURE ? group->procedure : "");
        hub_json_uint(row, "numerator", numerator);
        hub_json_uint(row, "denominator", denominator);
        json_object_set_new(row, "rate", json_null());
        if (denominator != 0 && f != REGISTERED)
            json_object_set_new(row, "rate",
                                json_real((double)numerator / (double)denominator));
        hub_json_text(row, "definition", figures[f].definition);
        hub_json_at(row, "since_at", report->since_ms);
        hub_json_at(row, "until_at", report->until_ms);
        err = hub_ask_row(ask, row);
    }
    return err;
}

static enum rh_err read_period(struct hub_ask *ask, struct report *report)
{
    const char *by = hub_args_text(ask, "by");
    report->since_ms = hub_args_instant(ask, "since", 0);
    report->until_ms = hub_args_instant(ask, "until", UINT64_MAX);
    if (report->until_ms > ask->now_ms)
        report->until_ms = ask->now_ms + 1; /* what happened just now belongs to it */
    if (by != NULL && strcmp(by, "agency") == 0)
        report->by = BY_AGENCY;
    else if (by != NULL && strcmp(by, "procedure") == 0)
        report->by = BY_PROCEDURE;
    else if (by != NULL)
        return hub_ask_refuse(ask, RH_REFUSE_FIELD_INVALID, "/args/by",
                              N_("agency or procedure is wanted"), by);
    return RH_OK;
}

enum rh_err hub_verb_report_figures(struct hub_ask *ask)
{
    struct report report = { .groups = calloc(GROUPS_MAX, sizeof report.groups[0]) };
    enum rh_err err = report.groups == NULL ? RH_ERR_NOMEM : read_period(ask, &report);
    if (err == RH_OK)
        err = hub_snapshot_begin(ask);
    if (err == RH_OK)
        err = count_all(ask, &report);
    if (err == RH_OK && report.by == BY_ALL)
        (void)find_group(&report, 0, ""); /* a period without anything has its zeros too */
    for (uint32_t i = 0; i < report.count && err == RH_OK; i++)
        err = show_group(ask, &report, &report.groups[i]);
    if (err == RH_OK && report.full)
        err = hub_ask_refuse(ask, RH_REFUSE_TOO_MANY_ITEMS, "/args/by", NULL, NULL);
    free(report.groups);
    return err;
}
