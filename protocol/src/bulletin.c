/* Columns and figures of the bulletin, once for all sides. */
#include <rh/bulletin.h>

#include <assert.h>

#include <rh/err.h>
#include <rh/text.h>

#define SUM(column) (UINT32_C(1) << RH_COLUMN_##column)

static_assert(RH_COLUMN_COUNT <= 32, "the columns of the ledger fit in a set of bits");

static const char *const names[RH_COLUMN_COUNT] = {
    [RH_COLUMN_REGISTERED] = "registered",
    [RH_COLUMN_REPEATED] = "repeated",
    [RH_COLUMN_DISPATCHED] = "dispatched",
    [RH_COLUMN_RECEIVED] = "received",
    [RH_COLUMN_SIGNED] = "signed",
    [RH_COLUMN_ACCEPTED] = "accepted",
    [RH_COLUMN_NOT_ACCEPTED] = "not_accepted",
    [RH_COLUMN_OBJECTED] = "objected",
    [RH_COLUMN_RETURNED] = "returned",
    [RH_COLUMN_CONCLUDED] = "concluded",
    [RH_COLUMN_REPLIED] = "replied",
    [RH_COLUMN_CLOSED] = "closed",
    [RH_COLUMN_REOPENED] = "reopened",
    [RH_COLUMN_REVISIT_REOPENED] = "revisit_reopened",
    [RH_COLUMN_REJECTED] = "reports_rejected",
    [RH_COLUMN_VISITED] = "visited",
    [RH_COLUMN_SATISFIED] = "satisfied",
    [RH_COLUMN_DISSATISFIED] = "dissatisfied",
    [RH_COLUMN_MET] = "met",
    [RH_COLUMN_MISSED] = "missed",
    [RH_COLUMN_MET_LATE] = "met_late",
    [RH_COLUMN_SEALED] = "sealed",
    [RH_COLUMN_RECORDS] = "records",
};

static const struct rh_figure figures[] = {
    { "registered", N_("matters registered in the period, by who registered them"),
      SUM(REGISTERED), 0, false },
    { "dispatched", N_("sent in the period, by who sent them"), SUM(DISPATCHED), 0, false },
    { "received", N_("sent in the period, by who they were sent to"), SUM(RECEIVED), 0, false },
    { "signed", N_("signed for in the period"), SUM(SIGNED), 0, false },
    { "accepted", N_("accepted in the period"), SUM(ACCEPTED), 0, false },
    { "not_accepted", N_("refused with reasons in the period"), SUM(NOT_ACCEPTED), 0, false },
    { "objected", N_("objections to competence in the period"), SUM(OBJECTED), 0, false },
    { "returned", N_("returned or recalled in the period"), SUM(RETURNED), 0, false },
    { "concluded", N_("concluded in the period"), SUM(CONCLUDED), 0, false },
    { "replied", N_("replied to in the period"), SUM(REPLIED), 0, true },
    { "closed", N_("closed in the period"), SUM(CLOSED), 0, false },
    { "reopened", N_("taken up again in the period"), SUM(REOPENED), 0, true },
    { "reports_rejected", N_("reports sent back in the period"), SUM(REJECTED), 0, false },
    { "visited", N_("return visits in the period"), SUM(VISITED), 0, true },
    { "missed", N_("clocks whose last day lies in the period and was missed, by who owes"),
      SUM(MISSED), 0, false },
    { "met_late", N_("clocks missed, now or earlier, whose act was done in the period"),
      SUM(MET_LATE), 0, false },
    { "on_time_rate", N_("clocks met in time / clocks met or missed whose last day lies in the "
                         "period"),
      SUM(MET), SUM(MET) | SUM(MISSED), false },
    { "overdue_rate", N_("clocks missed / clocks met or missed whose last day lies in the "
                         "period"),
      SUM(MISSED), SUM(MET) | SUM(MISSED), false },
    { "accepted_rate", N_("accepted / accepted, refused or returned, in the period"),
      SUM(ACCEPTED), SUM(ACCEPTED) | SUM(NOT_ACCEPTED) | SUM(RETURNED), false },
    { "clearance_rate", N_("concluded / received, in the period; above 1 when more was done "
                           "than came"),
      SUM(CONCLUDED), SUM(RECEIVED), false },
    { "returned_rate", N_("objected or returned / received, in the period"),
      SUM(OBJECTED) | SUM(RETURNED), SUM(RECEIVED), false },
    { "repeated_rate", N_("repeats and relapses / registered, in the period"), SUM(REPEATED),
      SUM(REGISTERED), false },
    { "visited_rate", N_("return visits / replies, in the period: each reply is due a visit; "
                         "above 1 when earlier ones were made up for"),
      SUM(VISITED), SUM(REPLIED), true },
    { "evaluated_rate", N_("evaluated / return visits, in the period"),
      SUM(SATISFIED) | SUM(DISSATISFIED), SUM(VISITED), true },
    { "satisfied_rate", N_("evaluated as satisfied / evaluated, in the period"), SUM(SATISFIED),
      SUM(SATISFIED) | SUM(DISSATISFIED), true },
    { "reopened_rate", N_("taken up again / replies, in the period"), SUM(REOPENED),
      SUM(REPLIED), true },
    { "revisit_reopened_rate", N_("taken up again from a return visit / return visits, in the "
                                  "period"),
      SUM(REVISIT_REOPENED), SUM(VISITED), true },
    { "sealed", N_("matters under seal registered in the period; in no other figure"),
      SUM(SEALED), 0, false },
};

const char *rh_column_name(enum rh_column column)
{
    rh_assert((unsigned)column < RH_COLUMN_COUNT);
    return names[column];
}

const struct rh_figure *rh_figure_at(size_t index)
{
    return index < sizeof figures / sizeof figures[0] ? &figures[index] : NULL;
}

uint64_t rh_figure_sum(const uint64_t columns[RH_COLUMN_COUNT], uint32_t bits)
{
    uint64_t total = 0;
    for (unsigned column = 0; column < RH_COLUMN_COUNT; column++) {
        if (bits >> column & 1u)
            total += columns[column];
    }
    return total;
}

bool rh_figure_is_told(const struct rh_figure *figure)
{
    return (figure->numerator | figure->denominator) >> RH_COLUMNS_TOLD == 0;
}
