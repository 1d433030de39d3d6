/* Translations through gettext, made independent of installed locales.
 *
 * gettext reads a catalogue only when LC_MESSAGES is a locale other than "C", and Chinese
 * hosts, containers and minimal servers often have no zh_CN locale at all. Any other locale
 * will do, because the variable LANGUAGE then decides which catalogue is opened: Debian 12
 * always has C.UTF-8, and its C library treats that one as a real locale. Libraries from 2.39
 * on take C.UTF-8 for "C"; there a zh_CN or en_US locale must exist. So the candidates are
 * tried in turn until the probe sentence really comes back translated. */
#include <rh/text.h>

#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char domain[] = "rhub";

/* Any sentence of the catalogue whose translation differs from it. */
static const char probe[] = N_("success");

static bool chinese;

static const char *language_of_surroundings(void)
{
    static const char *const names[] = { "RHUB_LANG", "LC_ALL", "LC_MESSAGES", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "zh", 2) == 0 ? "zh" : "en";
    }
    return "zh";
}

/* Programs run from a build tree or an installation alike: the catalogues stand at
 * ../share/locale as seen from the program. RHUB_LOCALEDIR overrides, and where the running
 * program is somebody else's (an adapter using our library) the installed place is used. */
static const char *catalogue_folder(char *buffer, size_t buffer_bytes)
{
    const char *override = getenv("RHUB_LOCALEDIR");
    if (override != NULL && override[0] != '\0')
        return override;

    char program[1024];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    if (bytes <= 0 || (size_t)bytes >= sizeof program - 1)
        return RH_LOCALE_DIR;
    program[bytes] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return RH_LOCALE_DIR;
    *slash = '\0';

    int written = snprintf(buffer, buffer_bytes, "%s/../share/locale", program);
    if (written < 0 || (size_t)written >= buffer_bytes)
        return RH_LOCALE_DIR;
    char file[1200];
    written = snprintf(file, sizeof file, "%s/zh_CN/LC_MESSAGES/%s.mo", buffer, domain);
    if (written < 0 || (size_t)written >= sizeof file || access(file, R_OK) != 0)
        return RH_LOCALE_DIR;
    return buffer;
}

static bool probe_translates(void)
{
    return strcmp(dgettext(domain, probe), probe) != 0;
}

static enum rh_err choose_chinese(void)
{
    static const char *const locales[] = { "zh_CN.UTF-8", "C.UTF-8", "en_US.UTF-8" };
    char buffer[1100];

    if (setenv("LANGUAGE", "zh_CN", 1) != 0)
        return RH_ERR_NOMEM;
    if (bindtextdomain(domain, catalogue_folder(buffer, sizeof buffer)) == NULL)
        return RH_ERR_NOMEM;
    (void)bind_textdomain_codeset(domain, "UTF-8");
    (void)bind_textdomain_codeset("libc", "UTF-8"); /* strerror follows LANGUAGE as well */

    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++)
        if (setlocale(LC_MESSAGES, locales[i]) != NULL && probe_translates())
            return RH_OK;
    return RH_ERR_NOTFOUND;
}

enum rh_err rh_text_init(const char *language)
{
    if (language == NULL)
        language = language_of_surroundings();

    if (strcmp(language, "en") == 0) {
        chinese = false;
        return setenv("LANGUAGE", "en", 1) == 0 ? RH_OK : RH_ERR_NOMEM;
    }
    if (strcmp(language, "zh") != 0)
        return RH_ERR_USAGE;

    enum rh_err err = choose_chinese();
    chinese = err == RH_OK;
    return err;
}

void rh_text_init_from(int argc, char *const *argv)
{
    const char *language = NULL;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            language = argv[i] + 7;
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            language = argv[i + 1];
    }
    if (rh_text_init(language) == RH_ERR_USAGE)
        (void)rh_text_init(NULL);
}

const char *rh_text_language(void)
{
    return chinese ? "zh" : "en";
}

const char *rh_text(const char *msgid)
{
    /* gettext answers the empty id with the catalogue's header. */
    if (!chinese || msgid[0] == '\0')
        return msgid;
    return dgettext(domain, msgid);
}

const char *rh_text_count(const char *one, const char *many, unsigned long long count)
{
    if (!chinese)
        return count == 1 ? one : many;
    return dngettext(domain, one, many, count == 1 ? 1 : 2);
}
