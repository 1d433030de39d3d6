/* Rules: one checked, immutable snapshot of procedures, settings, routing map and calendars.
 *
 * protocol/load reads YAML into it; rh_rules_encode gives the compiled form that goes into
 * the journal next to the sources; rh_rules_decode is how the engine and every auditor get
 * the snapshot that was in force. Core, agents and tools only read it.
 * Source of the format: protocol/rules/README.md; of each number: the file's `basis`. */
#ifndef RH_RULES_H
#define RH_RULES_H

#include <rh/calendar.h>
#include <rh/codec.h>
#include <rh/kind.h>
#include <rh/limits.h>

enum {
    RH_PROCEDURES_MAX = 64,
    RH_LIMITS_MAX = 16,        /* clocks of one procedure */
    RH_LADDER_MAX = 6,
    RH_ROUTES_MAX = 16,        /* (from role, to role, kinds) of one procedure */
    RH_PROCEDURE_COPIES_MAX = 4, /* agencies that the law names for a copy */
    RH_CHECKS_MAX = 12,        /* required facts of one procedure */
    RH_CODES_MAX = 24,         /* codes of one list */
    RH_CALENDARS_MAX = 16,     /* nationwide, and areas with holidays of their own */
    RH_ROUTING_MAX = 1024,     /* entries of the routing map */
    RH_WHEN_MAX = 4,           /* outcomes a clock depends on */
    RH_FOLLOWS_MAX = 4,        /* procedures a document may be the next step of */
    RH_LEADER_CATEGORIES_MAX = 8,
    RH_LOCAL_MAX = 64,         /* spans that differ by area */
    RH_REPEATS_MAX = 16,       /* rules that find repeats */
    RH_HOTSPOTS_MAX = 64,      /* thresholds of hot spots */
    RH_AREA_DIGITS_MAX = 12,   /* a village: the longest division code */
    RH_HOTSPOT_DAYS_MAX = 92,  /* longest window of one */
    RH_RULE_ID_BYTES_MAX = 40,
    RH_TITLE_BYTES_MAX = 96,
    RH_BASIS_BYTES_MAX = 160,
    RH_ROLE_BYTES_MAX = 20
};

enum rh_unit {
    RH_UNIT_HOUR,
    RH_UNIT_CALENDAR_DAY,
    RH_UNIT_WORKING_DAY,
    RH_UNIT_MONTH_CIVIL,    /* 民法典 art. 202 */
    RH_UNIT_MONTH_CRIMINAL  /* 最高法刑诉解释 (2021) art. 202 */
};

enum rh_roll { RH_ROLL_NONE, RH_ROLL_NEXT_WORKING_DAY };

/* The event whose instant starts a clock. */
enum rh_clock_start {
    RH_START_REGISTERED,
    RH_START_STORED,     /* the dispatch was stored */
    RH_START_ARRIVED,    /* delivered, or deemed so after the grace */
    RH_START_SIGNED,
    RH_START_COMPLETED,  /* arrived, or the supplement that completed the material */
    RH_START_ACCEPTED,
    RH_START_CONCLUDED,
    RH_START_REPLIED,
    RH_START_OBJECTED,
    RH_START_RETURNED,
    RH_START_SUPPLEMENT, /* supplement was asked for */
    RH_START_SUSPENDED,
    RH_START_REVISIT,
    RH_START_REOPENED,   /* reopen or rejected report */
    RH_START_FACT,       /* date in a fact (YYYYMMDD number) of the public part */
    RH_START_AFTER,      /* end of the clock named in `after`: recurring clocks */
    RH_START_STATE,      /* entering any state of `states`: watchdogs */
    RH_START_COUNT
};

enum rh_verification { RH_VERIFIED_V1, RH_VERIFIED_V2, RH_VERIFIED_M, RH_VERIFIED_POLICY };

/* Set of kinds or states as bits. */
struct rh_kind_set {
    uint64_t bits[2];
};

static inline bool rh_kind_in(const struct rh_kind_set *set, enum rh_kind kind)
{
    return (set->bits[(unsigned)kind >> 6] >> ((unsigned)kind & 63u)) & 1u;
}

static inline void rh_kind_add(struct rh_kind_set *set, enum rh_kind kind)
{
    set->bits[(unsigned)kind >> 6] |= (uint64_t)1 << ((unsigned)kind & 63u);
}

static inline bool rh_state_in(uint32_t states, enum rh_state state)
{
    return (states >> (unsigned)state) & 1u;
}

/* A span of time in rule units. n 0 means none. */
struct rh_span {
    enum rh_unit unit;
    uint32_t n;
};

/* One rung of the escalation ladder: `after` the end (n 0: at the end), raise the level and,
 * where `action` is an attention kind, record and deliver it. Levels 1 预警 2 催办 3 督办
 * 4 挂牌督办 or 通报 5 superior, 纠正违法 or suit. */
struct rh_rung {
    uint8_t level;
    struct rh_span after;
    enum rh_kind action;
    enum rh_actor to; /* HOLDER, SENDER, ORIGIN, SUPERIOR, SUPERVISOR: who is told */
};

/* What a clock depends on beside its start; all empty: nothing. Law often owes an act only
 * after one decision: items are handed over only when the case was filed. */
struct rh_when {
    char outcomes[RH_WHEN_MAX][RH_CODE_BYTES_MAX + 1]; /* the matter's outcome is one of these */
    char fact[RH_RULE_ID_BYTES_MAX + 1];               /* and this fact is there, */
    char equals[RH_CODE_BYTES_MAX + 1];                /* and is this; empty: any but 0 */
};

/* A clock of a procedure. */
struct rh_limit {
    char id[RH_RULE_ID_BYTES_MAX + 1];       /* "dispatch", "object", "handle" ... */
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    char basis[RH_BASIS_BYTES_MAX + 1];      /* instrument and article */
    enum rh_verification verification;       /* POLICY means basis `policy`, else `law` */
    struct rh_span span;                     /* n 0: the sender's due date (assign) */
    enum rh_roll roll;
    char no_roll_fact[RH_RULE_ID_BYTES_MAX + 1]; /* while this fact is there, */
    char no_roll_equals[RH_CODE_BYTES_MAX + 1];  /* and is this, the end stays where it falls:
                                                    no day off prolongs custody */
    enum rh_clock_start start;
    char fact[RH_RULE_ID_BYTES_MAX + 1];     /* START_FACT: key */
    char after[RH_RULE_ID_BYTES_MAX + 1];    /* START_AFTER: the clock at whose end it starts */
    bool repeats;                            /* starts again at its own end, round + 1, while
                                                one of `states` lasts; each round is met or
                                                missed by itself */
    struct rh_kind_set kinds;                /* dispatch kinds it applies to; empty: any */
    struct rh_when when;                     /* applies only where this holds */
    uint32_t states;                         /* states in which it runs; leaving them ends it */
    struct rh_kind_set met_by;               /* kinds that meet it */
    struct rh_kind_set cancelled_by;         /* kinds that end it without met or missed */
    struct rh_kind_set bars;                 /* kinds refused while it runs (公告期满) */
    enum rh_actor owed_by;                   /* HOLDER, ADDRESSEE, SENDER, ORIGIN */
    bool pausable;                           /* stands still in suspended and hearings */
    bool right_only;                         /* its end closes a right (objection), nobody fails */
    bool close_at_end;                       /* remedy term: the hub closes when it has run */
    uint8_t extend_times;                    /* 0: cannot be extended */
    struct rh_span extend_max;               /* per extension */
    enum rh_actor extend_by;                 /* HOLDER (its head) or SUPERIOR ... */
    struct rh_span soon;                     /* due_soon fires this long before the end */
    uint32_t ladder_count;
    struct rh_rung ladder[RH_LADDER_MAX];
};

/* Who may send what to whom. "*" is any role. */
struct rh_route {
    char from[RH_ROLE_BYTES_MAX + 1];
    char to[RH_ROLE_BYTES_MAX + 1];
    struct rh_kind_set kinds;
};

/* Who must have a copy of a step, whoever takes it: the agency of a role for the matter's area,
 * or
 * RH_COPY_SUPERIOR, the one above whoever takes it. */
#define RH_COPY_SUPERIOR "superior"

struct rh_copy {
    char to[RH_ROLE_BYTES_MAX + 1];
    struct rh_kind_set kinds;
    char fact[RH_RULE_ID_BYTES_MAX + 1]; /* only where the step itself states this fact, */
    char equals[RH_CODE_BYTES_MAX + 1];  /* as this; empty: as any but 0 */
};

/* A fact that must be there before a kind is let through. */
struct rh_check {
    char fact[RH_RULE_ID_BYTES_MAX + 1];
    struct rh_kind_set kinds;
    char equals[RH_CODE_BYTES_MAX + 1]; /* empty: any code or non-zero number */
    uint32_t refusal;                   /* number of the catalogue */
};

struct rh_code_list {
    uint32_t count;
    char codes[RH_CODES_MAX][RH_CODE_BYTES_MAX + 1]; /* count 0: any code */
};

/* Who looks at a decision again: the agency above, the deciding agency itself (复议),
 * nobody. */
enum rh_review { RH_REVIEW_ABOVE, RH_REVIEW_SAME, RH_REVIEW_NONE };

struct rh_procedure {
    char id[RH_CODE_BYTES_MAX + 1];
    uint32_t version;
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    char basis[RH_BASIS_BYTES_MAX + 1];
    char opened_by[8][RH_ROLE_BYTES_MAX + 1]; /* roles that may register; empty entries unused */
    bool may_object, may_return, may_refuse, may_supplement, may_suspend, may_withdraw;
    bool supplement_restarts;  /* completed clocks restart at the supplement */
    uint8_t supplement_times;  /* material may be asked for so often */
    bool direct;               /* signed -> concluded without accept */
    bool has_start;            /* accepted and in_progress are separate */
    bool report_required;      /* by default; assign always */
    bool reply_owed;           /* by default; register may say more */
    bool sender_oversees;      /* who dispatched has the rights of an assigner */
    bool leader_required;      /* accept only with a leader in charge named, */
    bool leader_repeats;       /* or only for what was raised before (repeat_of, fact repeat), */
    char leader_categories[RH_LEADER_CATEGORIES_MAX][RH_CODE_BYTES_MAX + 1]; /* or for these */
    bool sealed;               /* sealed by the hub from its first record on */
    bool final;                /* its answer is the last word: nothing that repeats the matter,
                                  or what it reviewed, is registered any more */
    enum rh_review review;
    char review_procedure[RH_CODE_BYTES_MAX + 1]; /* of the review; empty: the same again */
    char follows[RH_FOLLOWS_MAX][RH_CODE_BYTES_MAX + 1]; /* registered under a matter of these it
                                  is the next step of a chain that only the last one closes */
    bool applies_open;         /* applies_to: open: takes the place of its earlier version in
                                  open referrals too; else those keep what they began under */
    uint32_t route_count;
    struct rh_route routes[RH_ROUTES_MAX];
    uint32_t copy_count;
    struct rh_copy copies[RH_PROCEDURE_COPIES_MAX];
    uint32_t check_count;
    struct rh_check checks[RH_CHECKS_MAX];
    struct rh_code_list outcomes;  /* conclude */
    struct rh_code_list refusals;  /* refuse, object, return */
    struct rh_code_list grounds;   /* suspend */
    uint32_t limit_count;
    struct rh_limit limits[RH_LIMITS_MAX];
};

/* An answer of the routing map (引导图). */
struct rh_routing {
    char category[RH_CODE_BYTES_MAX + 1]; /* exact, or a prefix ending in "*" */
    char area[RH_CODE_BYTES_MAX + 1];     /* division code prefix, "" anywhere */
    char to[RH_AGENCY_BYTES_MAX + 1];     /* agency, or role with the area's division: "court." */
    char procedure[RH_CODE_BYTES_MAX + 1];
    enum rh_kind kind;                    /* dispatch kind */
    char condition_zh[RH_BASIS_BYTES_MAX + 1];
    char condition_en[RH_BASIS_BYTES_MAX + 1];
    char remedy_zh[RH_BASIS_BYTES_MAX + 1];
    char remedy_en[RH_BASIS_BYTES_MAX + 1];
    /* Who is competent where none of ours is, such as an arbitration commission; then `to` and
     * `procedure` are empty and kind is none. Empty: the entry leads to `to`. */
    char proper_zh[RH_BASIS_BYTES_MAX + 1];
    char proper_en[RH_BASIS_BYTES_MAX + 1];
};

/* A span that is another one in some area: where sources conflict, policy of the place
 * decides. */
struct rh_local {
    char procedure[RH_CODE_BYTES_MAX + 1];
    char limit[RH_RULE_ID_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];   /* division code prefix; the longest that fits wins */
    struct rh_span span;
    enum rh_roll roll;
    enum rh_verification verification;
    char basis[RH_BASIS_BYTES_MAX + 1]; /* the source of this choice */
};

/* What two referrals must have in common; MATCH_PLACE means area and category. */
enum { RH_MATCH_PERSON = 1, RH_MATCH_MATTER = 2, RH_MATCH_PLACE = 4 };

/* How a new referral stands to an earlier one. Source: the handling standard keeps same
 * matter, same person and related matter apart; both at once is a repeat proper. */
enum rh_relation {
    RH_RELATION_NONE = 0,
    RH_RELATION_REPEAT = 1,      /* same person, same matter */
    RH_RELATION_SAME_MATTER = 2, /* another person */
    RH_RELATION_SAME_PERSON = 3, /* another matter */
    RH_RELATION_RELATED = 4,     /* same place and category */
    RH_RELATION_COUNT = 5
};

/* A rule that finds earlier referrals. It marks, it never decides. */
struct rh_repeat {
    char id[RH_RULE_ID_BYTES_MAX + 1];
    uint32_t version;
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    char basis[RH_BASIS_BYTES_MAX + 1];
    uint32_t match;       /* RH_MATCH bits: PERSON, MATTER, both, or PLACE */
    uint32_t window_days; /* the earlier one was registered at most so long before; 0 ever */
    uint32_t area_digits; /* PLACE: 9 town, 12 village */
};

/* A threshold of the hot-spot map: so many registrations of a category in one area within a
 * window, and the agency responsible is warned, with a copy to its superior. */
struct rh_hotspot {
    char id[RH_RULE_ID_BYTES_MAX + 1];
    uint32_t version;
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    char basis[RH_BASIS_BYTES_MAX + 1];
    char category[RH_CODE_BYTES_MAX + 1]; /* as in the routing map */
    uint32_t area_digits;                 /* 2, 4, 6, 9 or 12: the level that is counted */
    uint32_t threshold;                   /* registrations, from 2 */
    uint32_t window_days;                 /* 1..RH_HOTSPOT_DAYS_MAX, today included */
    char to[RH_AGENCY_BYTES_MAX + 1];     /* as in the routing map: "court." or an agency */
};

enum {
    RH_BULLETIN_ROLES_MAX = 16,
    RH_BULLETIN_EDITIONS_MAX = 64 /* the whole hub's, and those of areas */
};

/* Who gets the figures of an area: of the agencies whose own area it is or lies in it. */
struct rh_readers {
    char area[RH_CODE_BYTES_MAX + 1]; /* division code; "": the whole hub's, to whoever reads */
    uint32_t role_count;  /* agencies of these roles in the area; none listed: every one */
    char roles[RH_BULLETIN_ROLES_MAX][RH_ROLE_BYTES_MAX + 1];
};

/* The bulletin 通报 of a month, sent by the hub itself on the first working day of the next, by
 * the calendar of the whole country. */
struct rh_monthly {
    uint32_t hour;          /* 0..23 in China: from then on */
    uint32_t edition_count; /* no area twice; 0: nobody gets one by itself */
    struct rh_readers editions[RH_BULLETIN_EDITIONS_MAX];
};

struct rh_settings {
    uint32_t grace_hours;               /* deemed arrival, policy 24 */
    struct rh_span watchdog[RH_STATE_COUNT]; /* per open state, where no law has a number */
    char supervisor_roles[4][RH_ROLE_BYTES_MAX + 1]; /* may supervise any referral they see */
    uint32_t ladder_count;              /* climbed by missed clocks that no rule describes: */
    struct rh_rung ladder[RH_LADDER_MAX]; /* watchdogs, dates a sender wrote */
    uint32_t remind_days;               /* above the last rung of any ladder: urged again so */
    uint32_t remind_days_max;           /* long after, then twice as long, at most this */
    uint32_t archive_days;              /* what rests is put away by the hub after so long; 0
                                           never, only by whoever held it last */
    uint32_t local_count;
    struct rh_local locals[RH_LOCAL_MAX];
    struct rh_monthly bulletin;
};

struct rh_rules {
    uint32_t procedure_count;
    struct rh_procedure procedures[RH_PROCEDURES_MAX];
    uint32_t calendar_count;
    struct rh_calendar calendars[RH_CALENDARS_MAX];
    uint32_t routing_count;
    struct rh_routing routing[RH_ROUTING_MAX];
    struct rh_settings settings;
    uint32_t repeat_count;
    struct rh_repeat repeats[RH_REPEATS_MAX];
    uint32_t hotspot_count;
    struct rh_hotspot hotspots[RH_HOTSPOTS_MAX];
};

enum { RH_RULES_BYTES_MAX = 900 * 1024 };

/* Compiled form, canonical; the same rules give the same bytes. */
enum rh_err rh_rules_encode(const struct rh_rules *rules, struct rh_writer *writer);
enum rh_err rh_rules_decode(struct rh_bytes bytes, struct rh_rules *out);

const struct rh_procedure *rh_rules_procedure(const struct rh_rules *rules, const char *id);
const struct rh_limit *rh_procedure_limit(const struct rh_procedure *procedure, const char *id);
/* Whether two procedures of decoded snapshots say the same, their version included. */
bool rh_procedure_equal(const struct rh_procedure *a, const struct rh_procedure *b);
/* Longest match of category, then of area; NULL when the map has no answer. */
const struct rh_routing *rh_rules_route(const struct rh_rules *rules, const char *category,
                                        const char *area);
/* The same where that match names somebody outside (`proper`); NULL in every other case. So at
 * most one of the two answers. */
const struct rh_routing *rh_rules_proper(const struct rh_rules *rules, const char *category,
                                         const char *area);
/* Whether a category is meant by a pattern: the same, or the part before a last "*". */
bool rh_category_matches(const char *pattern, const char *category);
/* What the settings say of a limit in an area, the longest prefix; NULL: the rule's own
 * span. */
const struct rh_local *rh_rules_local(const struct rh_rules *rules, const char *procedure,
                                      const char *limit, const char *area);
/* What a hit of the rule says; and its word: repeat, same_matter, same_person, related. */
enum rh_relation rh_repeat_relation(const struct rh_repeat *rule);
const char *rh_relation_name(enum rh_relation relation);
/* A rule by its id; NULL when the rules no longer have it. */
const struct rh_repeat *rh_rules_repeat(const struct rh_rules *rules, const char *id);
const struct rh_hotspot *rh_rules_hotspot(const struct rh_rules *rules, const char *id);
/* The calendar for an area, the nationwide one by default; NULL when there is none. */
const struct rh_calendar *rh_rules_calendar(const struct rh_rules *rules, const char *area);

#endif
