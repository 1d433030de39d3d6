/* The two languages of every screen: Chinese, the first, and English, the language of the
 * message ids in the sources.
 *
 * Mark a sentence with _("...") where it is printed, or with N_("...") where a table holds it
 * and rh_text() translates it later. The Chinese goes into protocol/po/zh_CN.po; a test fails
 * on a missing one. Wire codes, JSON keys and the events of a log are never translated. */
#ifndef RH_TEXT_H
#define RH_TEXT_H

#include <rh/err.h>

#define _(msgid) rh_text(msgid)
#define N_(msgid) (msgid)

/* Choose the language of this process: "zh", "en", or NULL for the surroundings.
 *
 * NULL looks at RHUB_LANG, LC_ALL, LC_MESSAGES, LANG, in this order, and takes the first that
 * is set and not empty: "zh..." is Chinese, anything else (en_US.UTF-8, C) English. Where none
 * is set the language is Chinese.
 *
 * Call it at the start, before threads, and again to change the language. It sets the locale
 * category LC_MESSAGES and the environment variable LANGUAGE, nothing else. Texts are UTF-8
 * whatever the locale.
 *
 * RH_OK            the language is set.
 * RH_ERR_USAGE     `language` is neither "zh" nor "en"; nothing changed.
 * RH_ERR_NOTFOUND  Chinese was chosen, but its catalogue is not installed or this system has
 *                  no locale that lets it be read; texts stay English. */
enum rh_err rh_text_init(const char *language);

/* The same from a command line, before anything of it is complained of: the last --lang counts.
 * One that is neither zh nor en is as if it were not there; who reads the options says so. */
void rh_text_init_from(int argc, char *const *argv);

/* The language in use: "zh" or "en" (before rh_text_init: "en"). */
const char *rh_text_language(void);

/* The sentence in the language in use, or `msgid` itself. A static string; `msgid` must be
 * one too. */
const char *rh_text(const char *msgid) __attribute__((format_arg(1)));

/* The same for a sentence with a number, `one` for exactly one and `many` for all else in
 * English; Chinese has one form for both (msgid and msgid_plural of one entry). */
const char *rh_text_count(const char *one, const char *many, unsigned long long count)
    __attribute__((format_arg(1), format_arg(2)));

#endif
