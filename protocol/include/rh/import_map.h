/* An import map: how the rows of somebody's CSV become registrations. Data, read by
 * protocol/load/import_map.c; format: agents/README.md, "Import maps". */
#ifndef RH_IMPORT_MAP_H
#define RH_IMPORT_MAP_H

#include <rh/rules.h>

enum {
    RH_COLUMN_BYTES_MAX = 64,
    RH_IMPORT_VALUES_MAX = 128,
    RH_IMPORT_MATCHES_MAX = 64,
    RH_IMPORT_PATTERN_BYTES_MAX = 400,
    RH_IMPORT_FACTS_MAX = 12,
    RH_IMPORT_COLUMNS_MAX = 4,
    RH_IMPORT_STARS_MAX = 5,
    RH_ZONE_BYTES_MAX = 40
};

/* What the bytes of the file are. A byte order mark decides whatever is written here. */
enum rh_import_encoding {
    RH_ENCODING_AUTO, /* UTF-8 when it reads as such, else GB18030 */
    RH_ENCODING_UTF_8,
    RH_ENCODING_GB18030,
    RH_ENCODING_UTF_16 /* little-endian where no mark says otherwise */
};

/* A value of a column stands for a code. */
struct rh_import_value {
    char value[RH_TITLE_BYTES_MAX + 1];
    char code[RH_CODE_BYTES_MAX + 1];
};

/* A text pattern (POSIX extended) over some columns stands for a category. */
struct rh_import_match {
    char pattern[RH_IMPORT_PATTERN_BYTES_MAX + 1];
    char category[RH_CODE_BYTES_MAX + 1];
};

/* Where an instant comes from. */
struct rh_import_time {
    char column[RH_COLUMN_BYTES_MAX + 1]; /* empty: none */
    char zone[RH_ZONE_BYTES_MAX + 1];     /* tz name, for times without an offset */
};

struct rh_import_fact {
    char key[RH_RULE_ID_BYTES_MAX + 1];
    char column[RH_COLUMN_BYTES_MAX + 1];
    bool number;                          /* else a code, cleaned to the alphabet of codes */
};

struct rh_import_map {
    char id[RH_RULE_ID_BYTES_MAX + 1];
    enum rh_import_encoding encoding;
    char system[25];                                 /* external system, RH_SYSTEM_BYTES_MAX */
    char number[RH_COLUMN_BYTES_MAX + 1];            /* column of the external number */
    char procedure[RH_CODE_BYTES_MAX + 1];           /* of what is not routed otherwise */
    char source[RH_CODE_BYTES_MAX + 1];
    char area[RH_CODE_BYTES_MAX + 1];                /* default area */
    char area_column[RH_COLUMN_BYTES_MAX + 1];       /* empty: always the default */
    bool reply_owed;
    struct rh_import_time opened, due, closed;
    char category[RH_CODE_BYTES_MAX + 1];            /* default category */
    char category_column[RH_COLUMN_BYTES_MAX + 1];   /* empty: patterns only */
    uint32_t value_count;
    struct rh_import_value values[RH_IMPORT_VALUES_MAX];
    uint32_t match_column_count;
    char match_columns[RH_IMPORT_COLUMNS_MAX][RH_COLUMN_BYTES_MAX + 1];
    uint32_t match_count;
    struct rh_import_match matches[RH_IMPORT_MATCHES_MAX]; /* first that fits wins, before values */
    char title[RH_COLUMN_BYTES_MAX + 1];             /* private: columns, empty none */
    char body[RH_COLUMN_BYTES_MAX + 1];
    char person[RH_COLUMN_BYTES_MAX + 1];            /* name of who brings it */
    char id_number[RH_COLUMN_BYTES_MAX + 1];         /* and what tells one from another */
    char phone[RH_COLUMN_BYTES_MAX + 1];
    uint32_t matter_count;                           /* what it is about; 0: not said */
    char matter[RH_IMPORT_COLUMNS_MAX][RH_COLUMN_BYTES_MAX + 1];
    uint32_t urgent_stars, green_stars;              /* from so many on, that lane; 0: never */
    uint32_t fact_count;
    struct rh_import_fact facts[RH_IMPORT_FACTS_MAX];
};

#endif
