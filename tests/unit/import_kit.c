#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "import_kit.h"

static void add_card(const char *dir, const char *agency)
{
    char path[512];
    struct rh_card card;
    memset(&card, 0, sizeof card);
    snprintf(card.owner, sizeof card.owner, "%s", agency);
    for (int use = 0; use < RH_KEY_USES; use++) {
        struct rh_secret secret;
        rh_secret_generate((enum rh_key_use)use, agency, &secret);
        memcpy(card.keys[use], secret.public_key, sizeof card.keys[use]);
        card.present[use] = true;
    }
    snprintf(path, sizeof path, "%s/%s.pub", dir, agency);
    assert_int_equal(rh_card_save(path, &card), RH_OK);
}

struct agent_spool *open_spool(const char *dir)
{
    struct agent_spool *spool = NULL;
    struct agent_spool_options options = { .dir = dir, .map_bytes = UINT64_C(256) << 20 };
    snprintf(options.agency.text, sizeof options.agency.text, "petitions.620423");
    snprintf(options.hub.text, sizeof options.hub.text, "hub.620423");
    assert_int_equal(agent_spool_open(&options, &spool, NULL, 0), RH_OK);
    return spool;
}

void open_place(struct place *place)
{
    static const char *const agencies[] = { "court.510603",    "court.620423",
                                            "police.62",       "police.6204",
                                            "police.610000",   "procuratorate.330000",
                                            "petitions.620423" };
    static const uint8_t key[32] = { 1, 2, 3 };
    static int count;
    char name[32];
    memset(place, 0, sizeof *place);
    snprintf(name, sizeof name, "import-%d", ++count);
    char *path = rht_tmp_path(name);
    snprintf(place->dir, sizeof place->dir, "%s", path);
    free(path);
    assert_int_equal(mkdir(place->dir, 0700), 0);
    for (size_t i = 0; i < sizeof agencies / sizeof agencies[0]; i++)
        add_card(place->dir, agencies[i]);
    assert_int_equal(rh_cards_open(place->dir, &place->cards), RH_OK);
    place->spool = open_spool(place->dir);
    assert_int_equal(agent_spool_set_external_key(place->spool, key), RH_OK);
    assert_int_equal(agent_spool_commit(place->spool), RH_OK);
    place->desk = (struct agent_desk){ .spool = place->spool, .cards = place->cards,
                                       .generation = 1, .now_ms = NOW_MS };
    snprintf(place->desk.agency.text, sizeof place->desk.agency.text, "petitions.620423");
}

void close_place(struct place *place)
{
    agent_spool_close(&place->spool);
    rh_cards_close(&place->cards);
}

static void mix(struct place *place, const void *data, size_t bytes)
{
    uint64_t two[2] = { place->digest, rh_checksum(data, bytes) };
    place->digest = rh_checksum(two, sizeof two);
}

static enum rh_err submit(void *context, const struct agent_message *message,
                          struct agent_problems *problems, struct agent_submission *out)
{
    struct place *place = context;
    uint8_t encoded[RH_PUBLIC_BYTES_MAX];
    struct rh_writer writer;
    struct rh_public item = message->item;
    memset(item.message_id.bytes, 7, sizeof item.message_id.bytes);
    memset(item.referral_id.bytes, 7, sizeof item.referral_id.bytes);
    rh_writer_init(&writer, encoded, sizeof encoded);
    assert_int_equal(rh_public_encode(&item, &writer), RH_OK);
    mix(place, encoded, writer.bytes);
    mix(place, message->content.title.data, message->content.title.bytes);
    mix(place, message->content.externals[0].number.data,
        message->content.externals[0].number.bytes);
    /* One of the files ends its lines with CR LF; the one in a quoted field is its own. */
    mix(place, message->body, message->body_bytes);
    return agent_desk_submit(&place->desk, message, 0, problems, out);
}

static enum rh_err commit(void *context)
{
    struct place *place = context;
    place->commits++;
    if (place->kill_at == place->commits && place->kill_before)
        raise(SIGKILL);
    if (place->fail_at == place->commits)
        return RH_ERR_NOSPACE;
    enum rh_err err = agent_spool_commit(place->spool);
    if (place->kill_at == place->commits)
        raise(SIGKILL);
    return err;
}

static void row_error(void *context, const struct agent_row_error *error)
{
    struct place *place = context;
    assert_in_range(place->error_count, 0, ERRORS_MAX - 1);
    place->errors[place->error_count++] = *error;
}

struct agent_import_options options_for(struct place *place, const char *file)
{
    struct agent_import_options options = {
        .file = file,
        .map = DATA "letters.yaml",
        .rules = RULES,
        .spool = place->spool,
        .cards = place->cards,
        .agency = place->desk.agency,
        .submit = submit,
        .commit = commit,
        .row_error = row_error,
        .context = place,
    };
    return options;
}

enum rh_err import_run_with(struct place *place, const struct agent_import_options *options,
                            uint32_t limit)
{
    struct agent_import *import = NULL;
    bool done = false;
    memset(&place->problems, 0, sizeof place->problems);
    place->error_count = 0;
    place->digest = 0;
    enum rh_err err = agent_import_open(options, &import, &place->problems);
    while (err == RH_OK && !done)
        err = agent_import_step(import, NOW_MS, limit, &done, &place->problems);
    if (import != NULL)
        place->figures = *agent_import_figures(import);
    agent_import_close(&import);
    return err;
}

enum rh_err import_run(struct place *place, const char *file)
{
    struct agent_import_options options = options_for(place, file);
    return import_run_with(place, &options, 3);
}

void assert_balanced(const struct agent_import_figures *figures)
{
    assert_int_equal(figures->rows, figures->registered + figures->unchanged + figures->bad);
    uint64_t rows = 0, registered = 0, dispatched = 0, sent = 0;
    for (uint32_t i = 0; i < figures->category_count; i++) {
        rows += figures->categories[i].rows;
        registered += figures->categories[i].registered;
        dispatched += figures->categories[i].dispatched;
    }
    for (uint32_t i = 0; i < figures->agency_count; i++)
        sent += figures->agencies[i].dispatched;
    assert_int_equal(rows, figures->rows - figures->bad);
    assert_int_equal(registered, figures->registered);
    assert_int_equal(dispatched, figures->dispatched);
    assert_int_equal(sent, figures->dispatched);
}

void find_row(struct place *place, const char *number, struct rh_public *registered,
              struct rh_public *dispatched)
{
    char key[64];
    struct rh_referral_id id;
    uint64_t at = 0, n;
    bool sent;
    memset(registered, 0, sizeof *registered);
    memset(dispatched, 0, sizeof *dispatched);
    snprintf(key, sizeof key, "letters=%s", number);
    assert_int_equal(agent_spool_find_case(place->spool, key, &id), RH_OK);
    for (; agent_spool_history_next(place->spool, &id, &at, &sent, &n) == RH_OK; at++) {
        struct rh_bytes bytes;
        struct rh_item item;
        assert_int_equal(agent_spool_original(place->spool, n, &bytes), RH_OK);
        assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
        struct rh_public *out = at == 0 ? registered : dispatched;
        assert_int_equal(rh_public_decode(item.public_part, out, NULL), RH_OK);
    }
    assert_in_range(at, 1, 2);
    assert_int_equal(registered->kind, RH_KIND_REGISTER);
}
