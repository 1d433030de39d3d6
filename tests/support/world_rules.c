/* Rules for tests: small procedures whose clocks are easy to compute by hand. */
#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE(name) (1u << RH_STATE_##name)

static void put(char *out, size_t capacity, const char *text)
{
    if (strlen(text) >= capacity) {
        (void)fprintf(stderr, "rules fixture: too long: %s\n", text);
        exit(1);
    }
    memset(out, 0, capacity);
    memcpy(out, text, strlen(text));
}

static void kinds(struct rh_kind_set *set, const enum rh_kind *list)
{
    for (; *list != RH_KIND_NONE; list++)
        rh_kind_add(set, *list);
}

static void dispatch_kinds(struct rh_kind_set *set)
{
    for (int kind = 1; kind < RH_KIND_END; kind++) {
        if (rh_kind_is_known((uint64_t)kind) && rh_kind_is_dispatch((enum rh_kind)kind))
            rh_kind_add(set, (enum rh_kind)kind);
    }
}

static struct rh_limit *limit(struct rh_procedure *procedure, const char *id,
                              enum rh_clock_start start, enum rh_unit unit, uint32_t n,
                              uint32_t states, enum rh_actor owed_by)
{
    struct rh_limit *out = &procedure->limits[procedure->limit_count++];
    put(out->id, sizeof(out->id), id);
    out->start = start;
    out->span = (struct rh_span){ unit, n };
    out->states = states;
    out->owed_by = owed_by;
    out->verification = RH_VERIFIED_V1;
    return out;
}

static void rung(struct rh_limit *out, uint8_t level, uint32_t after, enum rh_kind action,
                 enum rh_actor to)
{
    out->ladder[out->ladder_count++] =
        (struct rh_rung){ level, { RH_UNIT_WORKING_DAY, after }, action, to };
}

static void route(struct rh_procedure *procedure, const char *from, const char *to,
                  const enum rh_kind *list)
{
    struct rh_route *out = &procedure->routes[procedure->route_count++];
    put(out->from, sizeof(out->from), from);
    put(out->to, sizeof(out->to), to);
    kinds(&out->kinds, list);
}

static struct rh_procedure *procedure(struct rh_rules *rules, const char *id)
{
    struct rh_procedure *out = &rules->procedures[rules->procedure_count++];
    put(out->id, sizeof(out->id), id);
    out->version = 1;
    out->may_object = out->may_return = out->may_refuse = out->may_supplement = true;
    out->supplement_times = 1;
    out->may_suspend = out->may_withdraw = true;
    return out;
}

static const enum rh_kind to_anybody[] = { RH_KIND_FORWARD, RH_KIND_ASSIGN, RH_KIND_REFER,
                                           RH_KIND_TRANSFER, RH_KIND_NONE };

static void competence_limits(struct rh_procedure *out)
{
    struct rh_limit *l = limit(out, "dispatch", RH_START_REGISTERED, RH_UNIT_CALENDAR_DAY, 15,
                               STATE(REGISTERED) | STATE(RETURNED), RH_ACTOR_HOLDER);
    l->roll = RH_ROLL_NEXT_WORKING_DAY;
    l->soon = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 3 };
    dispatch_kinds(&l->met_by);
    rung(l, 2, 0, RH_KIND_URGE, RH_ACTOR_HOLDER);

    l = limit(out, "object", RH_START_ARRIVED, RH_UNIT_WORKING_DAY, 5,
              STATE(DISPATCHED) | STATE(SIGNED), RH_ACTOR_ADDRESSEE);
    l->right_only = true;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_OBJECT, RH_KIND_NONE });

    l = limit(out, "notice", RH_START_COMPLETED, RH_UNIT_CALENDAR_DAY, 15,
              STATE(DISPATCHED) | STATE(SIGNED), RH_ACTOR_ADDRESSEE);
    l->roll = RH_ROLL_NEXT_WORKING_DAY;
    l->soon = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 3 };
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_ACCEPT, RH_KIND_REFUSE, RH_KIND_NONE });
    kinds(&l->cancelled_by, (enum rh_kind[]){ RH_KIND_OBJECT, RH_KIND_RETURN,
                                              RH_KIND_SUPPLEMENT_REQUEST, RH_KIND_NONE });
    rung(l, 2, 0, RH_KIND_URGE, RH_ACTOR_HOLDER);
    rung(l, 3, 3, RH_KIND_SUPERVISE, RH_ACTOR_SUPERIOR);

    l = limit(out, "objection", RH_START_OBJECTED, RH_UNIT_WORKING_DAY, 5, STATE(OBJECTED),
              RH_ACTOR_HOLDER);
    l->verification = RH_VERIFIED_POLICY;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_UPHOLD, RH_KIND_OVERRULE, RH_KIND_DESIGNATE,
                                        RH_KIND_NONE });
}

static void handling_limits(struct rh_procedure *out, enum rh_actor extend_by)
{
    struct rh_limit *l =
        limit(out, "handle", RH_START_ACCEPTED, RH_UNIT_CALENDAR_DAY, 60,
              STATE(ACCEPTED) | STATE(IN_PROGRESS) | STATE(SUSPENDED), RH_ACTOR_HOLDER);
    l->roll = RH_ROLL_NEXT_WORKING_DAY;
    l->pausable = true;
    l->extend_times = 1;
    l->extend_max = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 30 };
    l->extend_by = extend_by;
    l->soon = (struct rh_span){ RH_UNIT_CALENDAR_DAY, 7 };
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_CONCLUDE, RH_KIND_NONE });
    rung(l, 2, 0, RH_KIND_URGE, RH_ACTOR_HOLDER);
    rung(l, 3, 5, RH_KIND_SUPERVISE, RH_ACTOR_SUPERIOR);

    l = limit(out, "reply", RH_START_CONCLUDED, RH_UNIT_WORKING_DAY, 5,
              STATE(CONCLUDED) | STATE(NOT_ACCEPTED), RH_ACTOR_HOLDER);
    l->verification = RH_VERIFIED_POLICY;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_REPLY, RH_KIND_CLOSE, RH_KIND_NONE });

    l = limit(out, "remedy", RH_START_REPLIED, RH_UNIT_CALENDAR_DAY, 30, STATE(REPLIED),
              RH_ACTOR_HOLDER);
    l->roll = RH_ROLL_NEXT_WORKING_DAY;
    l->right_only = true;
    l->close_at_end = true;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_REVIEW_REQUEST, RH_KIND_NONE });
}

static void petition(struct rh_rules *rules, const char *id, enum rh_actor extend_by)
{
    struct rh_procedure *out = procedure(rules, id);
    out->reply_owed = true;
    put(out->opened_by[0], sizeof(out->opened_by[0]), "petitions");
    put(out->opened_by[1], sizeof(out->opened_by[1]), "procuratorate");
    route(out, "*", "*", to_anybody);
    competence_limits(out);
    handling_limits(out, extend_by);
    struct rh_limit *l = limit(out, "assigned", RH_START_STORED, RH_UNIT_CALENDAR_DAY, 0,
                               STATE(DISPATCHED) | STATE(SIGNED) | STATE(ACCEPTED) |
                                   STATE(IN_PROGRESS) | STATE(SUSPENDED) | STATE(CONCLUDED),
                               RH_ACTOR_ADDRESSEE);
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_REPORT, RH_KIND_NONE });
    static const char *grounds[] = { "petitioner-absent", "expert-report" };
    for (unsigned i = 0; i < 2; i++)
        put(out->grounds.codes[out->grounds.count++], sizeof(out->grounds.codes[0]),
            grounds[i]);
}

/* 司法确认: no mediating organisation, no transfer; months after the third a monthly answer. */
static void confirmation(struct rh_rules *rules)
{
    struct rh_procedure *out = procedure(rules, "confirmation");
    out->has_start = true;
    out->supplement_restarts = true;
    out->leader_required = true;
    route(out, "procuratorate", "court", (enum rh_kind[]){ RH_KIND_TRANSFER, RH_KIND_NONE });
    struct rh_check *check = &out->checks[out->check_count++];
    put(check->fact, sizeof(check->fact), "mediating_org");
    kinds(&check->kinds, (enum rh_kind[]){ RH_KIND_TRANSFER, RH_KIND_NONE });
    check->refusal = 4313;
    struct rh_limit *l = limit(out, "apply", RH_START_FACT, RH_UNIT_CALENDAR_DAY, 30,
                               STATE(REGISTERED) | STATE(RETURNED), RH_ACTOR_HOLDER);
    put(l->fact, sizeof(l->fact), "agreement_effective");
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_TRANSFER, RH_KIND_NONE });
    l = limit(out, "acceptance", RH_START_COMPLETED, RH_UNIT_CALENDAR_DAY, 3,
              STATE(DISPATCHED) | STATE(SIGNED), RH_ACTOR_ADDRESSEE);
    l->roll = RH_ROLL_NEXT_WORKING_DAY;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_ACCEPT, RH_KIND_REFUSE, RH_KIND_NONE });
    kinds(&l->cancelled_by, (enum rh_kind[]){ RH_KIND_SUPPLEMENT_REQUEST, RH_KIND_NONE });
    uint32_t handled = STATE(ACCEPTED) | STATE(IN_PROGRESS) | STATE(SUSPENDED);
    l = limit(out, "result", RH_START_ACCEPTED, RH_UNIT_MONTH_CIVIL, 3, handled,
              RH_ACTOR_HOLDER);
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_PROGRESS, RH_KIND_CONCLUDE, RH_KIND_NONE });
    l = limit(out, "monthly", RH_START_AFTER, RH_UNIT_MONTH_CIVIL, 1, handled, RH_ACTOR_HOLDER);
    put(l->after, sizeof(l->after), "result");
    l->repeats = true;
    kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_PROGRESS, RH_KIND_CONCLUDE, RH_KIND_NONE });
}

/* 立案监督: direct, one limit for each kind of demand. */
static void demand(struct rh_rules *rules)
{
    struct rh_procedure *out = procedure(rules, "demand");
    out->direct = true;
    out->may_object = false;
    route(out, "procuratorate", "police",
          (enum rh_kind[]){ RH_KIND_EXPLAIN, RH_KIND_NOTIFY_FILE, RH_KIND_CORRECTION,
                            RH_KIND_NONE });
    static const enum rh_kind of[] = { RH_KIND_EXPLAIN, RH_KIND_NOTIFY_FILE };
    static const char *ids[] = { "explain", "file" };
    static const uint32_t days[] = { 7, 15 };
    for (unsigned i = 0; i < 2; i++) {
        struct rh_limit *l = limit(out, ids[i], RH_START_ARRIVED, RH_UNIT_CALENDAR_DAY, days[i],
                                   STATE(DISPATCHED) | STATE(SIGNED), RH_ACTOR_ADDRESSEE);
        rh_kind_add(&l->kinds, of[i]);
        kinds(&l->met_by, (enum rh_kind[]){ RH_KIND_CONCLUDE, RH_KIND_NONE });
        rung(l, 2, 0, RH_KIND_URGE, RH_ACTOR_HOLDER);
        rung(l, 5, 3, RH_KIND_ESCALATE, RH_ACTOR_SUPERIOR);
    }
}

static void day_off(struct rh_calendar *calendar, int month, int first, int last,
                    const char *name)
{
    for (int day = first; day <= last; day++) {
        struct rh_date date;
        if (rh_date_from_civil(2026, month, day, &date) != RH_OK ||
            rh_calendar_add_day(calendar, 2026, date, RH_DAY_HOLIDAY, name) != RH_OK)
            abort();
    }
}

static void calendar(struct rh_calendar *out)
{
    static const int makeups[][2] = { { 1, 4 }, { 2, 14 }, { 2, 28 },
                                      { 5, 9 }, { 9, 20 }, { 10, 10 } };
    struct rh_date first, last, date;
    if (rh_date_from_civil(2026, 1, 1, &first) != RH_OK ||
        rh_date_from_civil(2026, 12, 31, &last) != RH_OK ||
        rh_calendar_start(out, "cn", "", "2026.1", first, last) != RH_OK ||
        rh_calendar_add_year(out, 2026) != RH_OK)
        abort();
    day_off(out, 1, 1, 3, "元旦");
    day_off(out, 2, 15, 23, "春节");
    day_off(out, 4, 4, 6, "清明节");
    day_off(out, 5, 1, 5, "劳动节");
    day_off(out, 6, 19, 21, "端午节");
    day_off(out, 9, 25, 27, "中秋节");
    day_off(out, 10, 1, 7, "国庆节");
    for (unsigned i = 0; i < sizeof(makeups) / sizeof(makeups[0]); i++) {
        if (rh_date_from_civil(2026, makeups[i][0], makeups[i][1], &date) != RH_OK ||
            rh_calendar_add_day(out, 2026, date, RH_DAY_MAKEUP, "调休上班") != RH_OK)
            abort();
    }
    if (rh_calendar_finish(out) != RH_OK)
        abort();
}

void rht_world_rules(struct rh_rules *rules)
{
    memset(rules, 0, sizeof(*rules));
    petition(rules, "petition", RH_ACTOR_HOLDER);
    petition(rules, "overseen", RH_ACTOR_SUPERIOR);
    confirmation(rules);
    demand(rules);
    rules->calendar_count = 1;
    calendar(&rules->calendars[0]);
    struct rh_routing *entry = &rules->routing[rules->routing_count++];
    put(entry->category, sizeof(entry->category), "police.*");
    put(entry->to, sizeof(entry->to), "police");
    entry = &rules->routing[rules->routing_count++];
    put(entry->category, sizeof(entry->category), "court.trial");
    put(entry->to, sizeof(entry->to), "court.620400");
    rules->settings.grace_hours = 24;
    rules->settings.watchdog[RH_STATE_RETURNED] = (struct rh_span){ RH_UNIT_WORKING_DAY, 5 };
    rules->settings.watchdog[RH_STATE_SUSPENDED] =
        (struct rh_span){ RH_UNIT_CALENDAR_DAY, 180 };
    put(rules->settings.supervisor_roles[0], RH_ROLE_BYTES_MAX + 1, "discipline");
}
