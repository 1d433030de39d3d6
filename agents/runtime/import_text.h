/* A table's bytes as UTF-8, whatever they were, in bounded memory.
 *
 * Bytes that are no character of the encoding come out as 0xFF, which is never part of UTF-8:
 * the row they stand in is found bad, the others are not touched. */
#ifndef AGENT_IMPORT_TEXT_H
#define AGENT_IMPORT_TEXT_H

#include <rh/import_map.h>

struct agent_text;

enum { AGENT_TEXT_BYTES_MIN = 4096 }; /* least room agent_text_read works with */

/* Open a regular file. RH_ERR_NOTFOUND, RH_ERR_DENIED, RH_ERR_INVALID (no regular file),
 * RH_ERR_CONFIG (this machine cannot convert from the encoding), RH_ERR_IO. */
enum rh_err agent_text_open(const char *path, enum rh_import_encoding wanted,
                            struct agent_text **out);
void agent_text_close(struct agent_text **text);

/* With RH_ENCODING_AUTO and no byte order mark the whole file is looked through first, about
 * `bytes` of it a call: RH_ERR_AGAIN until it is known, then RH_OK. */
enum rh_err agent_text_settle(struct agent_text *text, uint64_t bytes);

/* The next piece into out[capacity], after agent_text_settle said RH_OK. A character is never
 * divided but by the end of a piece of UTF-8. *bytes 0: the end. RH_ERR_IO. */
enum rh_err agent_text_read(struct agent_text *text, char *out, size_t capacity, size_t *bytes);

/* What was found; RH_ENCODING_AUTO before. Terminated name: "utf-8", "gb18030", "utf-16". */
enum rh_import_encoding agent_text_encoding(const struct agent_text *text);
const char *agent_text_encoding_name(enum rh_import_encoding encoding);

/* Bytes of the file taken so far, and all of them when it was opened. */
uint64_t agent_text_taken(const struct agent_text *text);
uint64_t agent_text_total(const struct agent_text *text);

/* Length of the character of strict UTF-8 that data[0..bytes) begins with; 0 when it begins
 * with none, -1 when more bytes are needed to tell. bytes is at least 1. */
int agent_utf8_length(const uint8_t *data, size_t bytes);
bool agent_utf8_valid(const char *data, size_t bytes);

#endif
