/* A sentence about the last failure of a store, for the log and for the operator, in the
 * language of the process (rh/text.h).
 *
 * Results say what kind of trouble it is; the report says where: which file, table, key, and
 * what the system answered. It never contains a stored value or a secret. */
#ifndef HUB_STORE_REPORT_H
#define HUB_STORE_REPORT_H

enum { HUB_STORE_REPORT_BYTES = 512 };

struct hub_store_report {
    char text[HUB_STORE_REPORT_BYTES]; /* terminated; empty while nothing has failed */
};

#endif
