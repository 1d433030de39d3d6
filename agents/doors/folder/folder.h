/* The folder door: files in, files out (protocol/spec/message.md).
 *
 *     out/     the case system puts X.json here, by rename from tmp/ or by leaving it alone for
 *              2 s; X.d/ beside it may hold the body's file
 *     sent/    X.json and X.receipt.json: all of it is stored at the hub
 *     failed/  X.json and X.error.json: refused at the desk or by the hub, with every reason
 *     in/      what was delivered, complete, by rename
 *     done/    the case system moves a file of in/ here: taken
 *
 * The same name with the same bytes is the same message, and gets the same answer again. A
 * delivered message appears in in/ once, whatever is delivered again or killed when. */
#ifndef AGENT_DOORS_FOLDER_H
#define AGENT_DOORS_FOLDER_H

#include "runtime/agent.h"

struct folder_options {
    struct agent *agent;      /* outlives the door */
    const char *dir;          /* exchange directory, exists; its rooms are made when missing */
    const char *encoding;     /* of what the case system writes: NULL or "utf-8", "gb18030" */
    uint32_t settle_ms;       /* a file unchanged for so long is complete; 0: 2000 */
    uint32_t rescan_ms;       /* network shares report no changes; 0: 10000 */
    uint32_t bytes_max;       /* of one file; 0: 1 MiB */
};

/* RH_ERR_NOTFOUND, RH_ERR_DENIED, RH_ERR_IO; RH_ERR_CONFIG for an unknown encoding. */
enum rh_err folder_open(const struct folder_options *options, struct agent_door *out);

/* Make the rooms below `dir`. */
enum rh_err folder_prepare(const char *dir);

/* What a name in out/ says by itself: "R-26K4-0042.sign.json" is kind sign, referral
 * R-26K4-0042. kind NONE and an empty referral when it says nothing. Pure. */
void folder_read_name(const char *name, enum rh_kind *kind, char *referral, size_t capacity);

enum folder_name { FOLDER_NAME_IGNORED, FOLDER_NAME_MESSAGE, FOLDER_NAME_REFUSED };
/* Whether a name in out/ is looked at. Pure. */
enum folder_name folder_judge_name(const char *name);

#endif
