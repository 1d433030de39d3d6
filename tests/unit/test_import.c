/* Importing tables: the same outcome whatever the encoding, bad rows named and alone, nothing
 * created twice, also when the import is killed anywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <iconv.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rh/refusal.h>

#include "load/import_map.h"
#include "runtime/import_text.h"
#include "import_kit.h"

enum { KILL_ROUNDS = 12 };

static struct rht_random randomness;

/* ---- what rows become ------------------------------------------------------------------- */

/* If rows were read in the wrong way, matters would go to the wrong agency, or wait where the
 * routing map has an answer. */
static void test_import_makes_registrations_and_dispatches(void **state)
{
    struct place place;
    struct rh_public first, second;
    (void)state;
    open_place(&place);
    assert_int_equal(import_run(&place, DATA "letters.csv"), RH_OK);
    assert_int_equal(place.error_count, 0);
    assert_int_equal(place.figures.rows, 8);
    assert_int_equal(place.figures.registered, 8);
    assert_int_equal(place.figures.dispatched, 5);
    assert_int_equal(place.figures.unroutable, 0);
    assert_balanced(&place.figures);
    assert_int_equal(agent_spool_committed_n(place.spool), 8 + 5);

    /* A pattern comes before the label; the only procuratorate there is gets it. */
    find_row(&place, "A-1", &first, &second);
    assert_string_equal(first.category, "labour.wage-arrears");
    assert_string_equal(first.procedure, "p12309");
    assert_string_equal(first.source, "letter");
    assert_true(first.reply_owed);
    assert_int_equal(first.external_count, 1);
    assert_int_equal(first.occurred_ms, UINT64_C(1772415000000)); /* 09:30 +08:00 */
    assert_int_equal(second.kind, RH_KIND_FORWARD);
    assert_string_equal(second.to.text, "procuratorate.330000");
    assert_null(rh_public_fact(&first, "department")); /* nothing in it that is a code */
    assert_int_equal(rh_public_fact(&first, "persons")->number, 3);
    /* The court of the matter's own area. */
    find_row(&place, "A-2", &first, &second);
    assert_string_equal(second.to.text, "court.510603");
    assert_string_equal(rh_public_fact(&first, "department")->code, "a.b");
    assert_null(rh_public_fact(&first, "persons"));
    assert_int_equal(first.occurred_ms, UINT64_C(1772416800000));
    /* The longest division that covers the area; an end that lies ahead makes it an assignment
     * until the end of that day. */
    find_row(&place, "A-3", &first, &second);
    assert_string_equal(second.to.text, "police.6204");
    assert_int_equal(second.kind, RH_KIND_ASSIGN);
    assert_int_equal(second.due_ms, UINT64_C(1775059200000)); /* 2026-04-02T00:00+08:00 */
    /* No answer in the map: registered only, in the default area. */
    find_row(&place, "A-4", &first, &second);
    assert_string_equal(first.category, "urban.other");
    assert_string_equal(first.procedure, "xinfang");
    assert_string_equal(first.area, "620423");
    assert_int_equal(second.kind, RH_KIND_NONE);
    assert_null(rh_public_fact(&first, "department"));
    find_row(&place, "A-8", &first, &second);
    assert_string_equal(first.category, "unscreened");
    close_place(&place);
}

/* An agency that gets no card of its court would send matters nowhere without a word. */
static void test_import_counts_what_no_agency_is_known_for(void **state)
{
    struct place place;
    struct rh_public first, second;
    (void)state;
    open_place(&place);
    struct agent_import_options options = options_for(&place, DATA "letters.csv");
    options.cards = NULL;
    assert_int_equal(import_run_with(&place, &options, 100), RH_OK);
    assert_int_equal(place.figures.registered, 8);
    assert_int_equal(place.figures.dispatched, 0);
    assert_int_equal(place.figures.unroutable, 5);
    find_row(&place, "A-2", &first, &second);
    assert_int_equal(second.kind, RH_KIND_NONE);
    close_place(&place);

    open_place(&place);
    options = options_for(&place, DATA "letters.csv");
    options.rules = NULL;
    assert_int_equal(import_run_with(&place, &options, 100), RH_OK);
    assert_int_equal(place.figures.dispatched, 0);
    assert_int_equal(place.figures.unroutable, 0);
    close_place(&place);
}

/* ---- encodings -------------------------------------------------------------------------- */

static char *map_with(const char *encoding)
{
    size_t bytes;
    char *text = rht_read_file(DATA "letters.yaml", &bytes);
    char *at = strstr(text, "encoding: auto");
    char *path = rht_tmp_path("map.yaml");
    size_t room = bytes + 32;
    char *whole = malloc(room);
    assert_non_null(at);
    assert_non_null(whole);
    *at = '\0';
    snprintf(whole, room, "%sencoding: %s%s", text, encoding, at + strlen("encoding: auto"));
    rht_write_file(path, whole, strlen(whole));
    free(whole);
    free(text);
    return path;
}

/* The same rows from another program must be the same matters. */
static void test_import_reads_every_encoding_alike(void **state)
{
    static const struct {
        const char *file, *encoding, *found;
    } cases[] = {
        { "letters.csv", "auto", "utf-8" },
        { "letters.csv", "utf-8", "utf-8" },
        { "letters-bom.csv", "auto", "utf-8" },
        { "letters-bom.csv", "gb18030", "utf-8" }, /* a mark decides */
        { "letters-utf16le.csv", "auto", "utf-16" },
        { "letters-utf16be.csv", "auto", "utf-16" },
        { "letters-utf16be.csv", "utf-8", "utf-16" },
        { "letters-utf16-bare.csv", "utf-16", "utf-16" },
        { "letters-gb18030.csv", "auto", "gb18030" },
        { "letters-gb18030.csv", "gb18030", "gb18030" },
    };
    struct place place;
    uint64_t digest = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char file[256];
        char *map = map_with(cases[i].encoding);
        snprintf(file, sizeof file, DATA "%s", cases[i].file);
        open_place(&place);
        struct agent_import_options options = options_for(&place, file);
        options.map = map;
        assert_int_equal(import_run_with(&place, &options, 3), RH_OK);
        assert_string_equal(place.figures.encoding, cases[i].found);
        assert_int_equal(place.figures.registered, 8);
        assert_int_equal(place.figures.dispatched, 5);
        assert_int_equal(place.figures.taken, place.figures.total);
        if (digest == 0)
            digest = place.digest;
        if (place.digest != digest)
            print_error("%s as %s differs\n", cases[i].file, cases[i].encoding);
        assert_true(place.digest == digest);
        close_place(&place);
        free(map);
    }
}

/* Random characters of every length, through iconv and back in pieces of every size. */
static void test_import_text_survives_any_piece(void **state)
{
    static const char *const names[] = { "UTF-8", "GB18030", "UTF-16LE" };
    static const enum rh_import_encoding encodings[] = { RH_ENCODING_UTF_8, RH_ENCODING_GB18030,
                                                         RH_ENCODING_UTF_16 };
    enum { CHARACTERS = 60000, ROOM = CHARACTERS * 4 };
    uint32_t *codes = calloc(CHARACTERS, sizeof *codes);
    char *want = malloc(ROOM), *coded = malloc(ROOM), *got = malloc(ROOM);
    (void)state;
    assert_true(codes != NULL && want != NULL && coded != NULL && got != NULL);
    for (size_t i = 0; i < CHARACTERS; i++) {
        static const uint32_t starts[] = { 0x20, 0x4e00, 0xa1, 0x20000 };
        static const uint64_t sizes[] = { 90, 20000, 500, 40000 };
        uint64_t k = rht_random_below(&randomness, 4);
        codes[i] = starts[k] + (uint32_t)rht_random_below(&randomness, sizes[k]);
    }
    char *path = rht_tmp_path("random.txt");
    for (size_t e = 0; e < 3; e++) {
        iconv_t to = iconv_open(names[e], "UTF-32LE"), plain = iconv_open("UTF-8", "UTF-32LE");
        char *from = (char *)codes, *out = coded, *expected = want;
        size_t left = CHARACTERS * sizeof *codes, room = ROOM, used = 0, bytes;
        assert_int_equal(iconv(to, &from, &left, &out, &room), 0);
        rht_write_file(path, coded, (size_t)(out - coded));
        from = (char *)codes;
        left = CHARACTERS * sizeof *codes;
        room = ROOM;
        assert_int_equal(iconv(plain, &from, &left, &expected, &room), 0);
        iconv_close(to);
        iconv_close(plain);

        struct agent_text *text = NULL;
        assert_int_equal(agent_text_open(path, encodings[e], &text), RH_OK);
        do {
            size_t piece = AGENT_TEXT_BYTES_MIN + rht_random_below(&randomness, 5000);
            if (piece > ROOM - used)
                piece = ROOM - used;
            assert_int_equal(agent_text_read(text, got + used, piece, &bytes), RH_OK);
            used += bytes;
        } while (bytes > 0);
        agent_text_close(&text);
        assert_int_equal(used, (size_t)(expected - want));
        assert_memory_equal(got, want, used);
    }
    free(path);
    free(codes);
    free(want);
    free(coded);
    free(got);
}

/* One spoilt byte must not turn a whole table of UTF-8 into other characters, and a bad one in
 * GB18030 or UTF-16 must cost one row. */
static void test_import_damage_costs_one_row(void **state)
{
    static const struct {
        const char *file;
        size_t at;
        const char *found;
    } cases[] = { { "letters.csv", 400, "utf-8" },
                  { "letters-gb18030.csv", 400, "gb18030" },
                  { "letters-utf16le.csv", 401, "utf-16" } };
    struct place place;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char file[256];
        size_t bytes;
        snprintf(file, sizeof file, DATA "%s", cases[i].file);
        char *data = rht_read_file(file, &bytes);
        /* A byte that is wrong in all of them: in UTF-16 the upper half of a lone surrogate. */
        data[cases[i].at] = i == 2 ? (char)0xdc : (char)0xff;
        char *path = rht_tmp_path("damaged.csv");
        rht_write_file(path, data, bytes);
        open_place(&place);
        assert_int_equal(import_run(&place, path), RH_OK);
        assert_string_equal(place.figures.encoding, cases[i].found);
        assert_int_equal(place.figures.bad, 1);
        assert_int_equal(place.figures.registered, 7);
        assert_int_equal(place.errors[0].refusal, RH_REFUSE_CSV_ROW);
        close_place(&place);
        free(path);
        free(data);
    }
}

/* ---- bad rows and headers --------------------------------------------------------------- */

/* A clerk must find the row, and the rows beside it must not suffer. */
static void test_import_names_bad_rows_and_takes_the_others(void **state)
{
    static const struct {
        uint32_t line, column;
        const char *field;
        uint32_t refusal;
    } wanted[] = {
        { 3, 1, "id", RH_REFUSE_FIELD_MISSING },
        { 5, 8, "opened_at", RH_REFUSE_FIELD_INVALID },
        { 6, 9, "opened_at", RH_REFUSE_FIELD_INVALID },
        { 7, 22, "division", RH_REFUSE_CATEGORY_MISSING },
        { 8, 31, "persons", RH_REFUSE_FIELD_INVALID },
        { 9, 5, "subject", RH_REFUSE_TOO_LARGE },
        { 10, 1, "", RH_REFUSE_CSV_ROW },
        { 11, 1, "id", RH_REFUSE_REFERRAL_EXISTS },
        { 12, 9, "", RH_REFUSE_CSV_ROW },
        { 13, 5, "", RH_REFUSE_CSV_ROW },
    };
    const uint32_t count = sizeof wanted / sizeof wanted[0];
    struct place place;
    (void)state;
    open_place(&place);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(import_run(&place, DATA "bad.csv"), RH_OK);
        assert_int_equal(place.error_count, count);
        for (uint32_t i = 0; i < count; i++) {
            const struct agent_row_error *error = &place.errors[i];
            if (error->line != wanted[i].line || error->column != wanted[i].column)
                print_error("error %u at %u:%u: %s\n", (unsigned)i, (unsigned)error->line,
                            (unsigned)error->column, error->text);
            assert_int_equal(error->line, wanted[i].line);
            assert_int_equal(error->column, wanted[i].column);
            assert_string_equal(error->field, wanted[i].field);
            assert_int_equal(error->refusal, wanted[i].refusal);
            assert_true(error->text[0] != '\0');
        }
        assert_int_equal(place.figures.rows, 12);
        assert_int_equal(place.figures.bad, count);
        assert_int_equal(place.figures.registered, round == 0 ? 2 : 0);
        assert_int_equal(place.figures.unchanged, round == 0 ? 0 : 2);
        assert_balanced(&place.figures);
    }
    close_place(&place);
}

static bool is_said(const struct place *place, const char *text)
{
    for (uint32_t i = 0; i < place->problems.count; i++)
        if (strstr(place->problems.list[i].expected, text) != NULL)
            return true;
    return false;
}

/* Somebody else's export: every column that is missing is named at once, with the nearest. */
static void test_import_names_missing_columns(void **state)
{
    struct place place;
    (void)state;
    open_place(&place);
    assert_int_equal(import_run(&place, DATA "columns.csv"), RH_ERR_INVALID);
    assert_true(is_said(&place, "columns.csv:1:1: there is no column 'subject'; did you mean "
                                "'subjects'?"));
    assert_true(is_said(&place, "there is no column 'body'; did you mean 'Body'?"));
    assert_true(is_said(&place, "there is no column 'division'"));
    assert_false(is_said(&place, "'id'"));
    assert_int_equal(place.problems.count, 7); /* those used twice are named once */
    assert_int_equal(agent_spool_last_n(place.spool), 0);
    close_place(&place);
}

static void test_import_refuses_what_it_cannot_read(void **state)
{
    struct place place;
    char *empty = rht_tmp_path("empty.csv"), *map = rht_tmp_path("bad.yaml");
    (void)state;
    rht_write_file(empty, "", 0);
    open_place(&place);
    assert_int_equal(import_run(&place, empty), RH_ERR_INVALID);
    assert_true(is_said(&place, "empty"));
    assert_int_equal(import_run(&place, DATA "no-such.csv"), RH_ERR_INVALID);
    assert_int_equal(place.problems.list[0].refusal, RH_REFUSE_FILE_UNREADABLE);
    assert_int_equal(import_run(&place, place.dir), RH_ERR_INVALID);
    assert_true(is_said(&place, "no regular file"));

    struct agent_import_options options = options_for(&place, DATA "letters.csv");
    options.map = map;
    static const char *const texts[][2] = {
        { "number: id\nprocedure: xinfang\nsource: letter\nsystem: Letters\n", "a-z" },
        { "number: id\nprocedure: xinfang\nsource: letter\nsystem: letters\nencoding: latin\n",
          "encoding" },
        { "numbr: id\nprocedure: xinfang\nsource: letter\nsystem: letters\n", "numbr" },
        { "number: id\nprocedure: xinfang\nsource: letter\nsystem: letters\n"
          "opened: { column: opened_at, zone: Mars/Olympus }\n", "Mars/Olympus" },
        { "number: id\nprocedure: xinfang\nsource: letter\nsystem: letters\n"
          "opened: { column: opened_at, zone: ../../etc/passwd }\n", "zone" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "map: x\n%sarea: { default: \"62\" }\n"
                                    "category: { default: unscreened }\n", texts[i][0]);
        rht_write_file(map, text, strlen(text));
        assert_int_equal(import_run_with(&place, &options, 3), RH_ERR_INVALID);
        if (!is_said(&place, texts[i][1]))
            print_error("%s\n", place.problems.list[0].expected);
        assert_true(is_said(&place, texts[i][1]));
        assert_int_equal(place.problems.list[0].refusal, RH_REFUSE_MAP_WRONG);
    }
    const char *broken = "map: x\nnumber: id\nprocedure: xinfang\nsource: letter\nsystem: l\n"
                         "area: { default: \"62\" }\ncategory:\n  default: a\n"
                         "  columns: [subject]\n  matches:\n"
                         "    - { pattern: \"(法院\", category: b }\n";
    rht_write_file(map, broken, strlen(broken));
    assert_int_equal(import_run_with(&place, &options, 3), RH_ERR_INVALID);
    assert_true(is_said(&place, "pattern 1"));
    close_place(&place);
    free(empty);
    free(map);
}

/* ---- once and once only ----------------------------------------------------------------- */

/* The clerk who imports yesterday's file again must not open every matter twice. */
static void test_import_again_creates_nothing(void **state)
{
    struct place place;
    (void)state;
    open_place(&place);
    assert_int_equal(import_run(&place, DATA "letters.csv"), RH_OK);
    uint64_t last = agent_spool_last_n(place.spool);
    assert_int_equal(import_run(&place, DATA "letters-gb18030.csv"), RH_OK);
    assert_int_equal(place.figures.registered, 0);
    assert_int_equal(place.figures.dispatched, 0);
    assert_int_equal(place.figures.unchanged, 8);
    assert_int_equal(agent_spool_last_n(place.spool), last);
    assert_balanced(&place.figures);
    close_place(&place);
}

static void test_import_dry_run_changes_nothing_and_counts_the_same(void **state)
{
    struct place place;
    (void)state;
    open_place(&place);
    struct agent_import_options options = options_for(&place, DATA "bad.csv");
    options.dry_run = true;
    assert_int_equal(import_run_with(&place, &options, 3), RH_OK);
    struct agent_import_figures dry = place.figures;
    assert_int_equal(agent_spool_last_n(place.spool), 0);
    assert_int_equal(place.commits, 0);
    options.dry_run = false;
    assert_int_equal(import_run_with(&place, &options, 3), RH_OK);
    assert_int_equal(dry.rows, place.figures.rows);
    assert_int_equal(dry.registered, place.figures.registered);
    assert_int_equal(dry.bad, place.figures.bad);
    close_place(&place);
}

/* Every row either has not happened or has happened wholly, registration and dispatch. */
static void test_import_killed_anywhere_goes_on_where_it_was(void **state)
{
    struct place place;
    (void)state;
    for (uint32_t round = 0; round < KILL_ROUNDS; round++) {
        open_place(&place);
        agent_spool_close(&place.spool);
        pid_t child = fork();
        if (child == 0) {
            place.spool = place.desk.spool = open_spool(place.dir);
            place.kill_at = 1 + round / 2;
            place.kill_before = round % 2 == 0;
            struct agent_import_options options = options_for(&place, DATA "letters.csv");
            import_run_with(&place, &options, 2);
            _exit(round / 2 >= 5 ? 0 : 1); /* later kills than there are commits */
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        place.spool = place.desk.spool = open_spool(place.dir);
        uint64_t before = agent_spool_last_n(place.spool);
        assert_int_equal(import_run(&place, DATA "letters.csv"), RH_OK);
        assert_int_equal(agent_spool_last_n(place.spool), 13);
        assert_int_equal(place.figures.registered + place.figures.dispatched, 13 - before);
        for (int row = 1; row <= 8; row++) {
            char number[8];
            struct rh_public first, second;
            snprintf(number, sizeof number, "A-%d", row);
            find_row(&place, number, &first, &second);
        }
        close_place(&place);
    }
}

/* A full disk in the middle: what was counted is what was kept. */
static void test_import_failed_commit_counts_only_what_is_safe(void **state)
{
    struct place place;
    (void)state;
    open_place(&place);
    place.fail_at = 3;
    struct agent_import_options options = options_for(&place, DATA "letters.csv");
    assert_int_equal(import_run_with(&place, &options, 2), RH_ERR_NOSPACE);
    assert_int_equal(place.figures.rows, 4);
    assert_int_equal(place.figures.registered, 4);
    assert_int_equal(agent_spool_last_n(place.spool),
                     place.figures.registered + place.figures.dispatched);
    place.fail_at = 0;
    assert_int_equal(import_run(&place, DATA "letters.csv"), RH_OK);
    assert_int_equal(place.figures.unchanged, 4);
    assert_int_equal(place.figures.registered, 4);
    close_place(&place);
}

/* An import faster than the hub must wait, not fill the spool; one before the first connection
 * has no key for its numbers yet. */
static void test_import_waits_for_the_hub(void **state)
{
    struct place place;
    struct agent_import *import = NULL;
    bool done = false;
    (void)state;
    open_place(&place);
    struct agent_import_options options = options_for(&place, DATA "letters.csv");
    options.waiting_max = 3;
    assert_int_equal(agent_import_open(&options, &import, &place.problems), RH_OK);
    enum rh_err err = RH_OK;
    while (err == RH_OK && !done)
        err = agent_import_step(import, NOW_MS, 1, &done, &place.problems);
    assert_int_equal(err, RH_ERR_AGAIN);
    assert_int_equal(agent_import_figures(import)->rows, 2); /* two and two messages */
    assert_int_equal(agent_import_step(import, NOW_MS, 1, &done, &place.problems),
                     RH_ERR_AGAIN);
    agent_import_close(&import);
    close_place(&place);

    char *dir = rht_tmp_path("no-key");
    assert_int_equal(mkdir(dir, 0700), 0);
    open_place(&place);
    struct agent_spool *bare = open_spool(dir);
    options = options_for(&place, DATA "letters.csv");
    options.spool = place.desk.spool = bare;
    assert_int_equal(agent_import_open(&options, &import, &place.problems), RH_OK);
    do
        err = agent_import_step(import, NOW_MS, 1, &done, &place.problems);
    while (err == RH_OK && !done);
    assert_int_equal(err, RH_ERR_AGAIN);
    agent_import_close(&import);
    agent_spool_close(&bare);
    close_place(&place);
    free(dir);
}

/* More rows than any buffer holds, with rows of every length; and every one is there. */
static void test_import_large_table_in_bounded_steps(void **state)
{
    enum { ROWS = 1500 };
    struct place place;
    char *path = rht_tmp_path("large.csv");
    FILE *file = fopen(path, "w");
    (void)state;
    assert_non_null(file);
    fputs("id,subject,body,opened_at,due_at,label,division,dept,persons\n", file);
    for (int i = 0; i < ROWS; i++) {
        fprintf(file, "L%d,题目,\"", i);
        for (uint64_t k = rht_random_below(&randomness, 400); k > 0; k--)
            fputs(k % 7 == 0 ? "\"\"引号\n" : "正文, ", file);
        fprintf(file, "\",,,%s,,,\n", i % 3 == 0 ? "城乡" : "");
    }
    assert_int_equal(fclose(file), 0);
    open_place(&place);
    struct agent_import_options options = options_for(&place, path);
    options.dry_run = true;
    assert_int_equal(import_run_with(&place, &options, 64), RH_OK);
    assert_int_equal(place.figures.rows, ROWS);
    assert_int_equal(place.figures.registered, ROWS);
    assert_int_equal(place.figures.category_count, 2);
    close_place(&place);
    free(path);
}

/* ---- who and what, for repeats ----------------------------------------------------------- */

static struct rh_public claim_of(struct place *place, const char *number)
{
    struct rh_referral_id id;
    struct rh_public out;
    struct rh_bytes bytes;
    struct rh_item item;
    uint64_t at = 0, n;
    bool sent;
    char key[64];
    snprintf(key, sizeof key, "claims=%s", number);
    assert_int_equal(agent_spool_find_case(place->spool, key, &id), RH_OK);
    assert_int_equal(agent_spool_history_next(place->spool, &id, &at, &sent, &n), RH_OK);
    assert_int_equal(agent_spool_original(place->spool, n, &bytes), RH_OK);
    assert_int_equal(rh_item_decode(bytes, &item), RH_OK);
    assert_int_equal(rh_public_decode(item.public_part, &out, NULL), RH_OK);
    return out;
}

/* Without these a complaint that comes every week through the hotline's table is new each time;
 * with a careless one, everybody whose number is "unknown" becomes one person. */
static void test_import_tells_who_and_what(void **state)
{
    struct place place;
    struct rh_hash none = { { 0 } };
    (void)state;
    open_place(&place);
    struct agent_import_options options = options_for(&place, DATA "claims.csv");
    options.map = DATA "claims.yaml";
    assert_int_equal(import_run_with(&place, &options, 3), RH_OK);
    assert_int_equal(place.figures.registered, 7);
    struct rh_public c[8];
    for (int i = 1; i <= 7; i++) {
        char number[8];
        snprintf(number, sizeof number, "C-%d", i);
        c[i] = claim_of(&place, number);
    }
    /* The same number in other letters, the same claim in other marks. */
    assert_int_equal(c[1].person_count, 1);
    assert_int_equal(c[2].person_count, 1);
    assert_true(rh_hash_equal(&c[1].persons[0], &c[2].persons[0]));
    assert_true(rh_hash_equal(&c[1].matter, &c[2].matter));
    assert_true(rh_hash_equal(&c[1].matter, &c[3].matter));
    /* "Unknown" and zeros are no numbers: told by name and phone. */
    assert_int_equal(c[3].person_count, 1);
    assert_int_equal(c[4].person_count, 1);
    assert_true(rh_hash_equal(&c[3].persons[0], &c[4].persons[0]));
    assert_false(rh_hash_equal(&c[1].persons[0], &c[3].persons[0]));
    /* What stands in one column is not what begins the next. */
    assert_false(rh_hash_equal(&c[3].matter, &c[4].matter));
    /* A hidden phone tells nobody, an empty claim nothing. */
    assert_int_equal(c[5].person_count, 0);
    assert_true(rh_hash_equal(&c[5].matter, &none));
    assert_true(rh_hash_equal(&c[6].matter, &c[7].matter));
    assert_false(rh_hash_equal(&c[6].matter, &none));
    /* And the stars choose the lane. */
    assert_int_equal(c[1].lane, RH_LANE_URGENT);
    assert_int_equal(c[2].lane, RH_LANE_GREEN);
    assert_int_equal(c[3].lane, RH_LANE_NORMAL);
    assert_int_equal(c[4].lane, RH_LANE_NORMAL);
    close_place(&place);
}

/* Twice written is once written, and length is no way round. */
static void test_matter_text_is_one_way_to_write(void **state)
{
    static const char *const pairs[][2] = {
        { "某小区（3号）  夜间噪声！", "某小区3号夜间噪声" },
        { "ａｂ１，“B”…—·〔2026〕５号", "AB1B20265号" },
        { "\xe3\x80\x80 某 々〇", "某々〇" },
        { "甲/乙", "甲/乙" },
        { "\xff\xe6\x9f", "\xff\xe6\x9f" }, /* damage stays what it is */
    };
    char out[RH_MATTER_TEXT_BYTES_MAX + 1], again[RH_MATTER_TEXT_BYTES_MAX + 1];
    uint8_t room[2000];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        size_t bytes = strlen(pairs[i][0]);
        memcpy(room, pairs[i][0], bytes);
        assert_true(rh_matter_text(room, bytes, out));
        assert_string_equal(out, pairs[i][1]);
        memcpy(room, out, strlen(out));
        assert_true(rh_matter_text(room, strlen(out), again));
        assert_string_equal(out, again);
    }
    memset(room, ' ', sizeof room);
    assert_false(rh_matter_text(room, sizeof room, out));
    memcpy(room, "//", 2);
    assert_false(rh_matter_text(room, 2, out));
    memset(room, 'x', sizeof room);
    assert_true(rh_matter_text(room, sizeof room, out));
    assert_int_equal(strlen(out), 64);
    memset(room, 'X', sizeof room);
    assert_true(rh_matter_text(room, sizeof room, again));
    assert_string_equal(out, again);
    room[7] = 'Y';
    assert_true(rh_matter_text(room, sizeof room, again));
    assert_string_not_equal(out, again);
}

/* ---- shipped maps ----------------------------------------------------------------------- */

static void test_import_shipped_maps_load(void **state)
{
    static const char *const names[] = { "boston311", "cn-messages", "nyc311" };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static struct rh_import_map map;
        char path[256], text[4096];
        struct rh_load_report report;
        rh_load_report_init(&report, text, sizeof text);
        snprintf(path, sizeof path, RHT_SOURCE_DIR "/agents/petitions/maps/%s.yaml", names[i]);
        enum rh_err err = rh_load_import_map(path, &map, &report);
        if (err != RH_OK)
            print_error("%s\n", text);
        assert_int_equal(err, RH_OK);
        assert_string_equal(map.id, names[i]);
        assert_int_equal(map.encoding, RH_ENCODING_AUTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import_makes_registrations_and_dispatches),
        cmocka_unit_test(test_import_counts_what_no_agency_is_known_for),
        cmocka_unit_test(test_import_reads_every_encoding_alike),
        cmocka_unit_test(test_import_text_survives_any_piece),
        cmocka_unit_test(test_import_damage_costs_one_row),
        cmocka_unit_test(test_import_names_bad_rows_and_takes_the_others),
        cmocka_unit_test(test_import_names_missing_columns),
        cmocka_unit_test(test_import_refuses_what_it_cannot_read),
        cmocka_unit_test(test_import_again_creates_nothing),
        cmocka_unit_test(test_import_dry_run_changes_nothing_and_counts_the_same),
        cmocka_unit_test(test_import_killed_anywhere_goes_on_where_it_was),
        cmocka_unit_test(test_import_failed_commit_counts_only_what_is_safe),
        cmocka_unit_test(test_import_waits_for_the_hub),
        cmocka_unit_test(test_import_large_table_in_bounded_steps),
        cmocka_unit_test(test_import_tells_who_and_what),
        cmocka_unit_test(test_matter_text_is_one_way_to_write),
        cmocka_unit_test(test_import_shipped_maps_load),
    };
    rht_random_init(&randomness);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
