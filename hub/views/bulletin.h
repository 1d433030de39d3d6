/* The bulletin 通报: a month, a quarter or a year in figures, each with its parts.
 *
 * Counts and rates come from the months of the ledger (views/month.h) and from nothing else, so
 * that the hub and an auditor with a copy of its journal give the same rows, byte for byte:
 * `rhub report bulletin -o json` and `rhub-audit bulletin -o json`. What the hub sent by itself
 * is what the ledger said before the record that sent it: `rhub-audit bulletin --index RECORD`.
 *
 * A rate with a denominator below RH_RATE_OF_MIN is not a rate but a coincidence: the parts
 * are shown, the rate is not. Beside each figure stands that of the same period a year before.
 * Matters under seal are one number of the whole and in no other figure. */
#ifndef HUB_VIEWS_BULLETIN_H
#define HUB_VIEWS_BULLETIN_H

#include <jansson.h>

#include "views/month.h"

enum { HUB_BULLETIN_NAME_BYTES = 12, HUB_BULLETIN_AREA_BYTES = 13 };

enum hub_bulletin_by { HUB_BULLETIN_ALL, HUB_BULLETIN_AGENCY, HUB_BULLETIN_PROCEDURE,
                       HUB_BULLETIN_BOTH };

struct hub_bulletin {
    char name[HUB_BULLETIN_NAME_BYTES]; /* "2026-10", "2026-Q4" or "2026" */
    uint32_t from, through;             /* months, 202610 */
    enum hub_bulletin_by by;            /* beside the whole: by agency, by procedure, by agency
                                           and procedure */
    char area[HUB_BULLETIN_AREA_BYTES]; /* of the agencies of this division only; "" of all */
    bool revisits;                      /* only what is about return visits 回访 */
};

/* Read "2026-10", "2026-Q4" or "2026", years 1970 to 9998. False when it is none. */
bool hub_bulletin_period(const char *text, struct hub_bulletin *out);
/* A division code of 2 to 12 digits. False when it is none. */
bool hub_bulletin_area(const char *text, struct hub_bulletin *out);
/* "agency", "procedure" or "both". False when it is none. */
bool hub_bulletin_by(const char *text, struct hub_bulletin *out);

/* Called with each row, which it takes; RH_OK to go on. */
typedef enum rh_err hub_bulletin_fn(void *context, json_t *row);

/* The rows: first the whole, every figure of it, then the groups in the order of their names,
 * figures that are not zero. RH_ERR_NOMEM, or what the map or `each` answered. */
enum rh_err hub_bulletin_rows(struct hub_map *map, const struct hub_bulletin *bulletin,
                              hub_bulletin_fn *each, void *context);

#endif
