/* The keys of a new hub.
 *
 * The card is written last: where it stands, the hub is complete and nothing is touched. Where
 * it does not, an init was cut short: keys that are whole are kept and the rest is made,
 * because nobody can have used them yet. A file that is not whole is named, and left to the
 * operator. */
#include "assembly/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/text.h>

enum { PATH_BYTES = 4096, KEY32_BYTES = 32 };

struct maker {
    const struct hub_options *options;
    char path[PATH_BYTES]; /* of the file in hand */
    char *report;
    size_t report_bytes;
};

static enum rh_err name_file(struct maker *maker, const char *name)
{
    int bytes =
        snprintf(maker->path, sizeof maker->path, "%s/%s", maker->options->keys_dir, name);
    return bytes > 0 && (size_t)bytes < sizeof maker->path ? RH_OK : RH_ERR_CONFIG;
}

static enum rh_err blame(struct maker *maker, enum rh_err err, const char *sentence)
{
    snprintf(maker->report, maker->report_bytes, "rhubd: %.600s: %s", maker->path, sentence);
    return err;
}

/* A file that is there, but not as a finished init leaves it. */
static enum rh_err blame_rest(struct maker *maker)
{
    return blame(maker, RH_ERR_EXISTS,
                 _("this file is left over from an init that was cut short, or is another "
                   "hub's; remove it, or choose another --keys, and run init again"));
}

static enum rh_err blame_storage(struct maker *maker, enum rh_err err)
{
    return blame(maker, err, rh_text(rh_err_text(err)));
}

static enum rh_err write_key32(struct maker *maker)
{
    int fd = open(maker->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return blame_storage(maker, errno == EACCES ? RH_ERR_DENIED : RH_ERR_IO);
    uint8_t key[KEY32_BYTES];
    rh_random(key, sizeof key);
    bool written = write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    rh_wipe(key, sizeof key);
    written = close(fd) == 0 && written;
    if (!written)
        unlink(maker->path);
    return written ? RH_OK : blame_storage(maker, RH_ERR_IO);
}

static enum rh_err make_key32(struct maker *maker, const char *name)
{
    struct stat about;
    enum rh_err err = name_file(maker, name);
    if (err != RH_OK)
        return err;
    if (lstat(maker->path, &about) != 0)
        return write_key32(maker);
    bool whole = S_ISREG(about.st_mode) && about.st_size == KEY32_BYTES &&
                 (about.st_mode & 077) == 0;
    return whole ? RH_OK : blame_rest(maker);
}

static enum rh_err make_party_key(struct maker *maker, enum rh_key_use use, const char *name,
                                  struct rh_card *card)
{
    struct rh_secret secret;
    enum rh_err err = name_file(maker, name);
    if (err != RH_OK)
        return err;
    err = rh_secret_load(maker->path, use, &secret);
    if (err == RH_ERR_NOTFOUND) {
        rh_secret_generate(use, maker->options->hub_id, &secret);
        err = rh_secret_save(maker->path, &secret);
        if (err != RH_OK)
            blame_storage(maker, err);
    } else if (err != RH_OK || strcmp(secret.owner, maker->options->hub_id) != 0) {
        err = blame_rest(maker);
    }
    card->present[use] = err == RH_OK;
    memcpy(card->keys[use], secret.public_key, sizeof card->keys[use]);
    rh_wipe(&secret, sizeof secret);
    return err;
}

/* The directory, and that no hub is in it yet. */
static enum rh_err make_place(struct maker *maker)
{
    struct stat about;
    if (mkdir(maker->options->keys_dir, 0700) != 0 && errno != EEXIST) {
        snprintf(maker->path, sizeof maker->path, "%s", maker->options->keys_dir);
        return blame(maker, errno == EACCES ? RH_ERR_DENIED : RH_ERR_IO,
                     _("the directory cannot be made; the one above it must exist"));
    }
    enum rh_err err = name_file(maker, "hub.card");
    if (err == RH_OK && lstat(maker->path, &about) == 0)
        return blame(
            maker, RH_ERR_EXISTS,
            _("here are the keys of a hub already, nothing was changed; choose another "
              "--keys, or go on with `rhubd run`"));
    return err;
}

static enum rh_err make_all(struct maker *maker, struct rh_card *card)
{
    enum rh_err err = make_place(maker);
    if (err == RH_OK)
        err = make_party_key(maker, RH_KEY_SIGN, "sign.key", card);
    if (err == RH_OK)
        err = make_party_key(maker, RH_KEY_TRANSPORT, "transport.key", card);
    if (err == RH_OK)
        err = make_key32(maker, "wrapping.key");
    if (err == RH_OK)
        err = make_key32(maker, "external.key");
    if (err == RH_OK)
        err = name_file(maker, "hub.card");
    if (err != RH_OK)
        return err;
    err = rh_card_save(maker->path, card);
    return err == RH_OK ? RH_OK : blame_storage(maker, err);
}

enum rh_err hub_assembly_init(const struct hub_options *options, char *report,
                              size_t report_bytes)
{
    struct rh_hub_id hub;
    struct rh_card card = { 0 };
    struct maker maker = { .options = options, .report = report,
                           .report_bytes = report_bytes };
    if (rh_hub_id_parse(options->hub_id, strlen(options->hub_id), &hub) != RH_OK) {
        snprintf(report, report_bytes,
                 _("rhubd: %.100s is no hub id; it is hub.DIVISION, or test.NAME"),
                 options->hub_id);
        return RH_ERR_CONFIG;
    }
    if (strncmp(options->endpoint, "tcp://", 6) != 0 ||
        strlen(options->endpoint) > RH_ENDPOINT_BYTES_MAX ||
        strlen(options->keys_dir) > PATH_BYTES - 32) {
        snprintf(report, report_bytes,
                 _("rhubd: %.200s cannot be an endpoint; it is tcp://ADDRESS:PORT"),
                 options->endpoint);
        return RH_ERR_CONFIG;
    }
    memcpy(card.owner, hub.text, sizeof hub.text);
    memcpy(card.endpoint, options->endpoint, strlen(options->endpoint) + 1);
    enum rh_err err = make_all(&maker, &card);
    if (err == RH_OK) {
        char fingerprint[RH_FINGERPRINT_BYTES];
        rh_card_fingerprint(&card, fingerprint);
        snprintf(report, report_bytes, "%s %s", hub.text, fingerprint);
    }
    return err;
}
