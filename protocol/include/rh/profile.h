/* An agency's profile: what it may open, how it answers, and what its own desk checks before
 * anything leaves. Data (agents/<role>/profile.yaml, or a file of the agency's own), read by
 * protocol/load and checked against nothing but itself; the hub's rules decide again.
 *
 * A desk check is a courtesy with a reason in both languages: it refuses at the desk what the
 * hub would refuse, or what the agency's own office would send back. Format:
 * agents/README.md, "Profiles". */
#ifndef RH_PROFILE_H
#define RH_PROFILE_H

#include <rh/date.h>
#include <rh/rules.h>

enum {
    RH_PROFILE_USES_MAX = 64,
    RH_PROFILE_FORMS_MAX = 48,
    RH_PROFILE_FIELDS_MAX = 16,
    RH_PROFILE_CHECKS_MAX = 48,
    RH_PROFILE_CODES_MAX = 160,
    RH_PROFILE_NUMBERS_MAX = 24,
    RH_PROFILE_DEPARTMENTS_MAX = 32,
    RH_PROFILE_DUTIES_MAX = 96,
    RH_PATTERN_BYTES_MAX = 160,
    RH_REASON_BYTES_MAX = 240
};

/* Under a procedure, these kinds. */
struct rh_profile_use {
    char procedure[RH_CODE_BYTES_MAX + 1]; /* "*": any */
    struct rh_kind_set kinds;
};

/* PARTICIPANTS is no text: the list of third parties in the private part. Its pattern is of the
 * roles that may be named. */
enum rh_field_type {
    RH_FIELD_CODE, RH_FIELD_NUMBER, RH_FIELD_DATE, RH_FIELD_TEXT, RH_FIELD_PARTICIPANTS
};

/* Where a field of a form goes. */
enum rh_field_place {
    RH_FIELD_FACT,   /* public fact: codes, numbers, dates as YYYYMMDD; the rules may test it */
    RH_FIELD_FORM    /* private form: never seen by the hub */
};

struct rh_profile_field {
    char name[RH_RULE_ID_BYTES_MAX + 1];
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    enum rh_field_type type;
    enum rh_field_place place;
    bool required;
    char pattern[RH_PATTERN_BYTES_MAX + 1]; /* POSIX extended, whole value; empty: any */
};

/* The form of a kind under a procedure. */
struct rh_profile_form {
    char procedure[RH_CODE_BYTES_MAX + 1]; /* "*": any */
    struct rh_kind_set kinds;
    uint32_t field_count;
    struct rh_profile_field fields[RH_PROFILE_FIELDS_MAX];
};

/* What must hold before a message of these kinds leaves. */
enum rh_check_of {
    RH_CHECK_FACT,     /* a fact is there (and equals, where said) */
    RH_CHECK_CODE,     /* the message has a code */
    RH_CHECK_BASIS,    /* ... a legal basis */
    RH_CHECK_PROPER,   /* ... a proper addressee */
    RH_CHECK_DUE,      /* ... a due date */
    RH_CHECK_DOCUMENT, /* ... a document number of the pattern below */
    RH_CHECK_LEADER,   /* ... a leader in charge */
    RH_CHECK_BODY      /* ... a body */
};

struct rh_profile_check {
    char procedure[RH_CODE_BYTES_MAX + 1]; /* "*": any */
    struct rh_kind_set kinds;
    enum rh_check_of of;
    char fact[RH_RULE_ID_BYTES_MAX + 1];
    char equals[RH_CODE_BYTES_MAX + 1];
    uint32_t refusal;                      /* number of the catalogue; RH-9106 by default */
    char reason_zh[RH_REASON_BYTES_MAX + 1];
    char reason_en[RH_REASON_BYTES_MAX + 1];
};

/* A code and its words. */
struct rh_profile_code {
    char list[RH_RULE_ID_BYTES_MAX + 1];   /* outcome, refusal, ground, source, category */
    char code[RH_CODE_BYTES_MAX + 1];
    char zh[RH_TITLE_BYTES_MAX + 1];
    char en[RH_TITLE_BYTES_MAX + 1];
};

/* How documents of a kind are numbered: pattern to check, example to show. */
struct rh_profile_number {
    struct rh_kind_set kinds;
    char procedure[RH_CODE_BYTES_MAX + 1];
    char pattern[RH_PATTERN_BYTES_MAX + 1];
    char example[RH_TITLE_BYTES_MAX + 1];
};

/* A department inside the organisation. It is no address: the queue is the organisation's, and
 * who reads what is its own matter, unseen outside. */
struct rh_profile_department {
    char id[RH_RULE_ID_BYTES_MAX + 1];
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
};

/* A line of the duty roster: from one day to another, this department reads these matters. */
struct rh_profile_duty {
    uint32_t department;                   /* place in departments */
    char procedure[RH_CODE_BYTES_MAX + 1]; /* "*": any */
    char category[RH_CODE_BYTES_MAX + 1];  /* this one and those below it; "": any */
    int32_t from_day, until_day;           /* both included; rh_date days */
};

struct rh_profile {
    char id[RH_ROLE_BYTES_MAX + 1];
    char role[RH_ROLE_BYTES_MAX + 1];
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    uint32_t open_count;
    struct rh_profile_use opens[RH_PROFILE_USES_MAX];
    uint32_t answer_count;
    struct rh_profile_use answers[RH_PROFILE_USES_MAX];
    uint32_t form_count;
    struct rh_profile_form forms[RH_PROFILE_FORMS_MAX];
    uint32_t check_count;
    struct rh_profile_check checks[RH_PROFILE_CHECKS_MAX];
    uint32_t code_count;
    struct rh_profile_code codes[RH_PROFILE_CODES_MAX];
    uint32_t number_count;
    struct rh_profile_number numbers[RH_PROFILE_NUMBERS_MAX];
    uint32_t department_count;
    struct rh_profile_department departments[RH_PROFILE_DEPARTMENTS_MAX];
    uint32_t duty_count;
    struct rh_profile_duty duties[RH_PROFILE_DUTIES_MAX];
};

/* Whose turn at the window it is: the first line of the roster that fits a matter on a day;
 * NULL when none does, then it is anybody's of the house. Nothing is stored by it: a change of
 * shift moves no message, it changes who sees it first. */
const struct rh_profile_department *rh_profile_on_duty(const struct rh_profile *profile,
                                                       const char *procedure,
                                                       const char *category,
                                                       struct rh_date day);

/* May this agency send `kind` under `procedure` (empty: not known here, then any)? */
bool rh_profile_may_send(const struct rh_profile *profile, const char *procedure,
                         enum rh_kind kind);

/* The document number pattern for a kind under a procedure; NULL when there is none. */
const struct rh_profile_number *rh_profile_number_for(const struct rh_profile *profile,
                                                      const char *procedure,
                                                      enum rh_kind kind);

/* The form for a kind under a procedure; NULL when there is none. */
const struct rh_profile_form *rh_profile_form_for(const struct rh_profile *profile,
                                                  const char *procedure, enum rh_kind kind);

/* Does a check concern this message? */
bool rh_profile_check_applies(const struct rh_profile_check *check, const char *procedure,
                              enum rh_kind kind);

#endif
