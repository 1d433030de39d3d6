/* Masked forms of names and numbers, and texts in which what names somebody is replaced.
 *
 * The forms are policy: family name and 某, identity number its first 6 and last 2, telephone
 * its first 3 and last 2, address down to the county. A text is searched for what is known: the
 * names and numbers of the matter's persons, and numbers that look like an identity card, a
 * telephone or an account. What nobody has told us names somebody (a nickname, a description)
 * stays: who hands a view over reads it first. Pure. */
#ifndef AGENT_MASK_H
#define AGENT_MASK_H

#include <rh/codec.h>

/* Each result is the caller's, terminated UTF-8. */
char *agent_mask_name(struct rh_bytes name);
char *agent_mask_id_number(struct rh_bytes number);
char *agent_mask_phone(struct rh_bytes phone);
char *agent_mask_address(struct rh_bytes address);

/* What is looked for, and what stands there instead. */
struct agent_mask;
struct agent_mask *agent_mask_new(void);
void agent_mask_destroy(struct agent_mask **mask);
/* Both are copied. One character alone is not looked for: it would stand everywhere. */
void agent_mask_add(struct agent_mask *mask, struct rh_bytes text, const char *instead);
/* A name, and a Chinese one of two to four characters also as it is set in tables and
 * signatures: with a blank, two or a wide one between its characters or behind the family name. */
void agent_mask_add_name(struct agent_mask *mask, struct rh_bytes name, const char *instead);
/* The longest that fits wins. With `numbers` what looks like a personal number is masked, too.
 * The caller's. */
char *agent_mask_text(const struct agent_mask *mask, bool numbers, struct rh_bytes text);

#endif
