/* `rhub key`: an agency's keys and card, by files alone. Secrets are never printed. */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rh/id.h>
#include <rh/keyfile.h>
#include <rh/seal.h>
#include <rh/text.h>

enum { PATH_BYTES = 4096 };

static enum rh_exit file_trouble(struct hub_cli *cli, const char *path, enum rh_err err)
{
    const char *sentence;
    enum rh_exit code;
    switch (err) {
    case RH_ERR_NOTFOUND:
        sentence = _("the file is not there");
        code = RH_EXIT_NOINPUT;
        break;
    case RH_ERR_EXISTS:
        sentence = _("the file is there already; keys are never overwritten");
        code = RH_EXIT_CANTCREATE;
        break;
    case RH_ERR_DENIED:
        sentence = _("the file may be read by others, or not by you; chmod 600 helps");
        code = RH_EXIT_DENIED;
        break;
    case RH_ERR_INVALID:
    case RH_ERR_CRYPTO:
    case RH_ERR_CORRUPT:
        sentence = _("neither a public card (NAME.pub, hub.card) nor a secret key (NAME.key)");
        code = RH_EXIT_DATA;
        break;
    case RH_OK:
    case RH_ERR_FULL:
    case RH_ERR_IO:
    case RH_ERR_NOSPACE:
    case RH_ERR_AGAIN:
    case RH_ERR_TIMEOUT:
    case RH_ERR_CLOSED:
    case RH_ERR_NOMEM:
    case RH_ERR_CONFIG:
    case RH_ERR_USAGE:
    default:
        sentence = rh_text(rh_err_text(err));
        code = RH_EXIT_IO;
        break;
    }
    fprintf(cli->err, "%s  %s: %s\n", _("error"), path, sentence);
    return code;
}

static json_t *key_row(const char *owner, const char *use, const char *fingerprint,
                       const char *file)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?}", "object", "key", "v", 1, "id", owner,
                     "use", use, "fingerprint", fingerprint, "file", file);
}

/* ---- making ---------------------------------------------------------------------------- */

static bool is_owner(const char *text)
{
    struct rh_agency_id agency;
    return rh_agency_id_parse(text, strlen(text), &agency) == RH_OK;
}

static enum rh_exit make_keys(struct hub_cli *cli, const char *agency, const char *dir,
                              struct rh_card *card, json_t *rows)
{
    char path[PATH_BYTES], fingerprint[RH_FINGERPRINT_BYTES];
    for (unsigned use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        struct rh_card one = { .endpoint = "" };
        const char *name = rh_key_use_name((enum rh_key_use)use);
        int bytes = snprintf(path, sizeof path, "%s/%s.%s.key", dir, agency, name);
        if (bytes < 0 || (size_t)bytes >= sizeof path)
            return file_trouble(cli, dir, RH_ERR_NOTFOUND);
        rh_secret_generate((enum rh_key_use)use, agency, &secret);
        enum rh_err err = rh_secret_save(path, &secret);
        memcpy(card->keys[use], secret.public_key, sizeof card->keys[use]);
        card->present[use] = true;
        rh_wipe(&secret, sizeof secret);
        if (err != RH_OK)
            return file_trouble(cli, path, err);
        memcpy(one.keys[use], card->keys[use], sizeof one.keys[use]);
        one.present[use] = true;
        rh_card_fingerprint(&one, fingerprint);
        json_array_append_new(rows, key_row(agency, name, fingerprint, path));
    }
    return RH_EXIT_OK;
}

enum rh_exit hub_cli_body_key_gen(struct hub_cli *cli)
{
    const char *agency = hub_cli_flag_text(cli, "agency");
    const char *dir = hub_cli_flag_text(cli, "out");
    char path[PATH_BYTES], fingerprint[RH_FINGERPRINT_BYTES];
    struct rh_card card = { .endpoint = "" };
    if (agency == NULL || dir == NULL)
        return hub_cli_usage(cli, _("an option is missing"),
                             agency == NULL ? "--agency" : "--out", NULL);
    if (!is_owner(agency))
        return hub_cli_usage(cli, _("an agency id looks like court.510603"), agency, NULL);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return file_trouble(cli, dir, errno == EACCES ? RH_ERR_DENIED : RH_ERR_NOTFOUND);
    snprintf(card.owner, sizeof card.owner, "%s", agency);
    json_t *rows = json_array();
    enum rh_exit code = make_keys(cli, agency, dir, &card, rows);
    if (code == RH_EXIT_OK) {
        snprintf(path, sizeof path, "%s/%s.pub", dir, agency);
        enum rh_err err = rh_card_save(path, &card);
        code = err == RH_OK ? RH_EXIT_OK : file_trouble(cli, path, err);
    }
    if (code == RH_EXIT_OK) {
        rh_card_fingerprint(&card, fingerprint);
        json_array_append_new(rows, key_row(agency, "card", fingerprint, path));
        code = hub_cli_show(cli, rows);
        hub_cli_note(cli, _("next: give %s to the hub's administrator and compare the "
                            "fingerprint by telephone: %s"),
                     path, fingerprint);
    }
    json_decref(rows);
    return code;
}

/* ---- looking --------------------------------------------------------------------------- */

/* A secret file says its use in its second line; try each. */
static enum rh_err load_any(const char *path, struct rh_secret *out)
{
    enum rh_err err = RH_ERR_INVALID;
    for (unsigned use = 0; use < RH_KEY_USES && err == RH_ERR_INVALID; use++)
        err = rh_secret_load(path, (enum rh_key_use)use, out);
    return err;
}

/* Whether a file that we may read, but is no card, is a secret key: then it is its permissions
 * that are wrong, else the file is. */
static bool holds_secret(const char *path)
{
    char text[1024];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return true; /* not to be read at all */
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[bytes] = '\0';
    return strstr(text, "rhub-secret-1 ") != NULL;
}

static enum rh_err load_file(const char *path, struct rh_card *card, const char **use)
{
    struct rh_secret secret;
    enum rh_err err = rh_card_load(path, card);
    *use = "card";
    if (err != RH_ERR_INVALID)
        return err;
    err = load_any(path, &secret);
    if (err == RH_ERR_DENIED && !holds_secret(path))
        return RH_ERR_INVALID;
    if (err != RH_OK)
        return err;
    memset(card, 0, sizeof *card);
    memcpy(card->owner, secret.owner, sizeof card->owner);
    card->present[secret.use] = true;
    memcpy(card->keys[secret.use], secret.public_key, sizeof card->keys[0]);
    *use = rh_key_use_name(secret.use);
    rh_wipe(&secret, sizeof secret);
    return RH_OK;
}

enum rh_exit hub_cli_body_key_fingerprint(struct hub_cli *cli)
{
    json_t *rows = json_array();
    enum rh_exit code = RH_EXIT_OK;
    for (uint32_t i = 0; i < cli->word_count && code == RH_EXIT_OK; i++) {
        struct rh_card card;
        char fingerprint[RH_FINGERPRINT_BYTES];
        const char *use;
        enum rh_err err = load_file(cli->words[i], &card, &use);
        if (err != RH_OK) {
            code = file_trouble(cli, cli->words[i], err);
            break;
        }
        rh_card_fingerprint(&card, fingerprint);
        json_array_append_new(rows, key_row(card.owner, use, fingerprint, cli->words[i]));
    }
    if (code == RH_EXIT_OK)
        code = hub_cli_show(cli, rows);
    json_decref(rows);
    return code;
}

static void print_base64(FILE *out, const uint8_t *data, size_t bytes)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        size_t have = bytes - i < 3 ? bytes - i : 3;
        uint32_t word = (uint32_t)data[i] << 16;
        word |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        word |= have > 2 ? data[i + 2] : 0;
        for (size_t d = 0; d < 4; d++)
            fputc(d <= have ? digits[word >> (18 - 6 * d) & 63] : '=', out);
    }
}

/* The public lines of secret keys, as they stand in a card. */
enum rh_exit hub_cli_body_key_show(struct hub_cli *cli)
{
    for (uint32_t i = 0; i < cli->word_count; i++) {
        struct rh_card card;
        const char *use;
        enum rh_err err = load_file(cli->words[i], &card, &use);
        if (err != RH_OK)
            return file_trouble(cli, cli->words[i], err);
        for (unsigned u = 0; u < RH_KEY_USES; u++) {
            if (!card.present[u])
                continue;
            fprintf(cli->out, "rhub-public-1 %s %s ", rh_key_use_name((enum rh_key_use)u),
                    card.owner);
            print_base64(cli->out, card.keys[u], sizeof card.keys[u]);
            fputc('\n', cli->out);
        }
        if (card.endpoint[0] != '\0')
            fprintf(cli->out, "rhub-endpoint-1 %s\n", card.endpoint);
    }
    return RH_EXIT_OK;
}
