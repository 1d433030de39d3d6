/* What keyfile.c (text) and keyfile_io.c (files) share. Inside rh_protocol only. */
#ifndef RH_KEYFILE_TEXT_H
#define RH_KEYFILE_TEXT_H

#include <stddef.h>

#include <rh/keyfile.h>

enum { RH_KEYFILE_BYTES_MAX = 4096 }; /* of any key file or card, with room to spare */

/* Whole file as text into out[capacity], terminated; *bytes without the terminator.
 * RH_ERR_INVALID when owner, keys or endpoint are not of the form. */
enum rh_err rh_secret_format(const struct rh_secret *secret, char *out, size_t capacity,
                             size_t *bytes);
enum rh_err rh_card_format(const struct rh_card *card, char *out, size_t capacity,
                           size_t *bytes);

/* Reverse of rh_secret_format for a key of `use`; *out is wiped on failure. */
enum rh_err rh_secret_parse(const char *text, size_t bytes, enum rh_key_use use,
                            struct rh_secret *out);

#endif
