/* How far a pass is, on standard error: a line that is drawn anew on a terminal, a line every
 * ten seconds elsewhere, nothing at all for what takes less than a second. */
#ifndef HUB_AUDIT_PROGRESS_H
#define HUB_AUDIT_PROGRESS_H

#include <stdbool.h>

struct hub_pass;

void hub_progress_begin(struct hub_pass *pass);
/* `last`: nothing more comes; a terminal's line is cleared. */
void hub_progress_show(struct hub_pass *pass, bool last);

#endif
