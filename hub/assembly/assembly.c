#include "assembly/assembly.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/text.h>

enum {
    SLOTS_LEAST = 1024,
    SLOTS_AHEAD = 8192,
    PATH_BYTES = 4096,
    RESERVE_LEAST = 32 * 1024 * 1024
};

static enum rh_err commit(void *store)
{
    return hub_store_commit(store);
}

static enum rh_err discard(void *store)
{
    hub_store_abort(store);
    return RH_OK;
}

static enum rh_err usage(void *store, uint32_t *used_permille)
{
    struct hub_store_usage now;
    enum rh_err err = hub_store_usage(store, &now);
    if (err != RH_OK)
        return err;
    /* A commit needs new pages for all that it touches before the old ones are free, in a
     * small map perhaps as many as are in use. So the last part of it is for that alone. */
    uint64_t reserve = now.map_bytes / 1000 * (1000 - HUB_MAP_HELD_PERMILLE);
    if (reserve < RESERVE_LEAST)
        reserve = RESERVE_LEAST;
    if (reserve > now.map_bytes / 2)
        reserve = now.map_bytes / 2;
    uint64_t usable = (now.map_bytes - reserve) / HUB_MAP_HELD_PERMILLE;
    uint64_t permille = usable == 0 ? 1000 : now.used_bytes / usable;
    *used_permille = permille > 1000 ? 1000 : (uint32_t)permille;
    return RH_OK;
}

/* Records count slots from 1 (0 means: no content), the key table from 0. */
static enum rh_err content_key(void *keytable, uint64_t slot, struct rh_content_key *out)
{
    return slot == 0 ? RH_ERR_NOTFOUND : hub_keytable_get(keytable, slot - 1, out);
}

/* Normally the quiet moments have made enough; else now, a block in one sync. */
static enum rh_err content_ahead(void *keytable, uint64_t first_free)
{
    if (hub_keytable_made(keytable) >= first_free + SLOTS_LEAST)
        return RH_OK;
    return hub_keytable_ensure(keytable, first_free - 1, SLOTS_LEAST + 1);
}

static enum rh_err join(char out[PATH_BYTES], const char *dir, const char *name)
{
    int bytes = snprintf(out, PATH_BYTES, "%s/%s", dir, name);
    return bytes > 0 && bytes < PATH_BYTES ? RH_OK : RH_ERR_CONFIG;
}

static enum rh_err read_key32(const char *dir, const char *name, uint8_t out[32])
{
    char path[PATH_BYTES];
    if (join(path, dir, name) != RH_OK)
        return RH_ERR_CONFIG;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? RH_ERR_NOTFOUND : RH_ERR_DENIED;
    struct stat about;
    enum rh_err err = RH_OK;
    if (fstat(fd, &about) != 0 || (about.st_mode & 077) != 0)
        err = RH_ERR_DENIED;
    else if (read(fd, out, 32) != 32)
        err = RH_ERR_INVALID;
    close(fd);
    return err;
}

static enum rh_err open_store(struct hub_assembly *assembly, const struct hub_options *options)
{
    char path[PATH_BYTES];
    static const char *names[HUB_TABLES];
    for (unsigned table = 0; table < HUB_TABLES; table++)
        names[table] = hub_table_name(table);
    if (join(path, options->data_dir, "views") != RH_OK)
        return RH_ERR_CONFIG;
    const struct hub_store_options wanted = {
        .path = path,
        .map_bytes = options->map_bytes,
        .tables = HUB_TABLES,
        .table_names = names,
        .create = true,
    };
    struct hub_store_report report = { 0 };
    enum rh_err err = hub_store_open(&assembly->store, &wanted, &report);
    if (err != RH_OK)
        snprintf(assembly->report, sizeof assembly->report, _("views store: %s (%s)"),
                 report.text, rh_text(rh_err_text(err)));
    return err;
}

/* A file of the keys directory that cannot be used: named, and a matter of configuration
 * unless the storage or its permissions are to blame. */
static enum rh_err bad_key(struct hub_assembly *assembly, const char *name, enum rh_err err)
{
    snprintf(assembly->report, sizeof assembly->report, "%s: %s", name,
             err == RH_ERR_DENIED
                 ? _("the file may be read by others, or not by you; chmod 600 helps")
                 : rh_text(rh_err_text(err)));
    return err == RH_ERR_NOTFOUND || err == RH_ERR_INVALID ? RH_ERR_CONFIG : err;
}

/* Agencies know the hub by its card. With another key it would be answered by nobody, and
 * what it signed believed by nobody; better not to start. */
static enum rh_err check_party_key(struct hub_assembly *assembly,
                                   const struct hub_options *options, enum rh_key_use use,
                                   const char *name, const struct rh_card *card)
{
    char path[PATH_BYTES];
    struct rh_secret secret;
    enum rh_err err = join(path, options->keys_dir, name);
    if (err == RH_OK)
        err = rh_secret_load(path, use, &secret);
    if (err != RH_OK)
        return bad_key(assembly, name, err);
    bool same = card->present[use] &&
                memcmp(card->keys[use], secret.public_key, sizeof card->keys[use]) == 0;
    rh_wipe(&secret, sizeof secret);
    if (same)
        return RH_OK;
    snprintf(assembly->report, sizeof assembly->report,
             _("%s: this is not the key of hub.card"), name);
    return RH_ERR_CONFIG;
}

static enum rh_err check_keys(struct hub_assembly *assembly, const struct hub_options *options)
{
    char path[PATH_BYTES];
    struct rh_card card;
    uint8_t external[32];
    enum rh_err err = join(path, options->keys_dir, "hub.card");
    if (err == RH_OK)
        err = rh_card_load(path, &card);
    if (err != RH_OK)
        return bad_key(assembly, "hub.card", err);
    err = check_party_key(assembly, options, RH_KEY_SIGN, "sign.key", &card);
    if (err == RH_OK)
        err = check_party_key(assembly, options, RH_KEY_TRANSPORT, "transport.key", &card);
    if (err != RH_OK)
        return err;
    err = read_key32(options->keys_dir, "external.key", external);
    rh_wipe(external, sizeof external);
    return err == RH_OK ? RH_OK : bad_key(assembly, "external.key", err);
}

/* Tells this key from any other, and nothing else about it. */
static enum rh_err external_check(const struct hub_options *options, struct rh_hash *out)
{
    static const char fixed[] = "rhub/external-key-check/1";
    uint8_t key[32];
    enum rh_err err = read_key32(options->keys_dir, "external.key", key);
    if (err == RH_OK)
        rh_hash_keyed(key, fixed, sizeof fixed - 1, out);
    rh_wipe(key, sizeof key);
    return err;
}

static enum rh_err open_keytable(struct hub_assembly *assembly,
                                 const struct hub_options *options)
{
    char path[PATH_BYTES];
    struct rh_content_key wrapping;
    struct rh_hash external;
    enum rh_err err = read_key32(options->keys_dir, "wrapping.key", wrapping.bytes);
    if (err != RH_OK)
        return bad_key(assembly, "wrapping.key", err);
    err = external_check(options, &external);
    if (err != RH_OK)
        return bad_key(assembly, "external.key", err);
    if (join(path, options->data_dir, "keytable") != RH_OK)
        return RH_ERR_CONFIG;
    const struct hub_keytable_options wanted = {
        .path = path, .wrapping = &wrapping, .external = &external, .create = true
    };
    struct hub_store_report report = { 0 };
    err = hub_keytable_open(&assembly->keytable, &wanted, &report);
    rh_wipe(&wrapping, sizeof wrapping);
    if (err != RH_OK)
        snprintf(assembly->report, sizeof assembly->report, _("key table: %s (%s)"),
                 report.text, rh_text(rh_err_text(err)));
    return err == RH_ERR_CRYPTO ? RH_ERR_CONFIG : err; /* a key is another one */
}

/* Slots for the next records, and with them the proof that this table is not older than the
 * journal: a hub without its content keys must not say that it is ready. */
static enum rh_err make_slots(struct hub_assembly *assembly)
{
    enum rh_err err = hub_assembly_idle(assembly);
    if (err == RH_OK)
        return RH_OK;
    struct hub_store_report report = { 0 };
    hub_keytable_report(assembly->keytable, &report);
    snprintf(assembly->report, sizeof assembly->report, _("key table: %s (%s)"), report.text,
             rh_text(rh_err_text(err)));
    return err;
}

enum rh_err hub_assembly_open(struct hub_assembly *assembly, const struct hub_options *options)
{
    memset(assembly, 0, sizeof *assembly);
    if (mkdir(options->data_dir, 0700) != 0 && errno != EEXIST) {
        snprintf(assembly->report, sizeof assembly->report, _("%s cannot be made"),
                 options->data_dir);
        return RH_ERR_IO;
    }
    struct hub_engine_options wanted = {
        .data_dir = options->data_dir,
        .keys_dir = options->keys_dir,
        .rules_dir = options->rules_dir,
        .store_commit = commit,
        .store_abort = discard,
        .store_usage = usage,
        .content_key = content_key,
        .content_ahead = content_ahead,
        .steered = options->test_clock,
        .start_ms = options->test_start_ms,
        .segment_bytes = options->segment_bytes,
    };
    enum rh_err err = rh_hub_id_parse(options->hub_id, strlen(options->hub_id), &wanted.hub);
    if (err != RH_OK)
        snprintf(assembly->report, sizeof assembly->report, _("%s is no hub id"),
                 options->hub_id);
    if (err == RH_OK)
        err = check_keys(assembly, options);
    if (err == RH_OK)
        err = open_store(assembly, options);
    if (err == RH_OK)
        err = open_keytable(assembly, options);
    if (err == RH_OK) {
        wanted.store = assembly->store;
        wanted.map = hub_store_map(assembly->store);
        wanted.keytable = assembly->keytable;
        err = hub_engine_open(&wanted, &assembly->engine, assembly->report,
                              sizeof assembly->report);
        if (err == RH_OK)
            err = make_slots(assembly);
    }
    if (err == RH_ERR_CORRUPT)
        assembly->views_to_blame = hub_assembly_blames_views(assembly);
    if (err != RH_OK)
        hub_assembly_close(assembly);
    return err;
}

bool hub_assembly_blames_views(struct hub_assembly *assembly)
{
    const char *text = assembly->store == NULL ? "" : hub_store_report(assembly->store)->text;
    if (text[0] == '\0')
        return false;
    snprintf(assembly->report, sizeof assembly->report, "%s", text);
    return true;
}

enum rh_err hub_assembly_renew(const struct hub_options *options, char name[32])
{
    char views[PATH_BYTES], first[PATH_BYTES], aside[PATH_BYTES];
    enum { ASIDE_MAX = 100 };
    if (join(views, options->data_dir, "views") != RH_OK ||
        join(first, options->data_dir, "journal/segment-0000000000000000.rhj") != RH_OK)
        return RH_ERR_CONFIG;
    if (access(first, R_OK) != 0 || access(views, F_OK) != 0)
        return RH_ERR_NOTFOUND;
    for (int n = 1; n < ASIDE_MAX; n++) {
        snprintf(name, 32, "views.damaged-%d", n);
        if (join(aside, options->data_dir, name) != RH_OK)
            return RH_ERR_CONFIG;
        if (access(aside, F_OK) == 0)
            continue;
        return rename(views, aside) == 0 ? RH_OK : RH_ERR_IO;
    }
    return RH_ERR_IO;
}

void hub_assembly_close(struct hub_assembly *assembly)
{
    hub_engine_close(&assembly->engine);
    hub_keytable_close(&assembly->keytable);
    hub_store_close(&assembly->store);
}

enum rh_err hub_assembly_idle(struct hub_assembly *assembly)
{
    uint64_t free_slot = hub_engine_views(assembly->engine)->next.slot;
    if (hub_keytable_made(assembly->keytable) >= free_slot + SLOTS_AHEAD / 2)
        return RH_OK;
    return hub_keytable_ensure(assembly->keytable, free_slot - 1, SLOTS_AHEAD);
}
