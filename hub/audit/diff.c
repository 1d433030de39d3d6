/* rhub-audit diff: two copies of a log, record by record, up to the first that differs. The
 * leaves are compared, so equal means equal core and rest; content is not looked at. */
#include "audit/describe.h"
#include "audit/verbs.h"

#include <stdlib.h>
#include <string.h>

enum { MARK_BYTES = 16 }; /* of each leaf: enough to tell two apart */

struct mark {
    uint8_t bytes[MARK_BYTES]; /* zeros: the record cannot be read */
};

struct side {
    struct hub_copy copy;
    struct mark *marks; /* owned */
    uint64_t count, capacity;
    uint64_t wanted;    /* the record to describe */
    json_t *found;      /* owned */
    enum rh_err err;
};

static enum rh_err on_damage(void *arg, const struct hub_journal_damage *damage)
{
    (void)arg;
    (void)damage;
    return RH_OK; /* a record that is not delivered is one that differs */
}

static enum rh_err make_place(struct side *side, uint64_t count)
{
    if (count <= side->capacity)
        return RH_OK;
    uint64_t capacity = side->capacity == 0 ? 4096 : side->capacity;
    while (capacity < count)
        capacity *= 2;
    if (capacity > SIZE_MAX / sizeof *side->marks)
        return RH_ERR_NOMEM;
    struct mark *grown = realloc(side->marks, (size_t)capacity * sizeof *grown);
    if (grown == NULL)
        return RH_ERR_NOMEM;
    memset(grown + side->capacity, 0, (size_t)(capacity - side->capacity) * sizeof *grown);
    side->marks = grown;
    side->capacity = capacity;
    return RH_OK;
}

static enum rh_err on_record(void *arg, const struct hub_journal_record *record,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    (void)content;
    (void)location;
    (void)frame;
    struct side *side = arg;
    struct rh_hash rest_hash, leaf;
    /* An index that so few bytes cannot reach is damage that nobody noticed. */
    if (record->index - side->copy.first_index >
        side->copy.bytes / HUB_JOURNAL_RECORD_HEAD_BYTES)
        return RH_OK;
    enum rh_err err = make_place(side, record->index + 1);
    if (err != RH_OK)
        return err;
    hub_record_leaf(record->core, record->rest, &rest_hash, &leaf);
    memcpy(side->marks[record->index].bytes, leaf.bytes, MARK_BYTES);
    if (record->index >= side->count)
        side->count = record->index + 1;
    return RH_OK;
}

static enum rh_err on_wanted(void *arg, const struct hub_journal_record *record,
                             enum hub_journal_content content,
                             const struct hub_journal_location *location,
                             const struct hub_journal_frame *frame)
{
    (void)content;
    (void)location;
    (void)frame;
    struct side *side = arg;
    struct rh_receipt core;
    if (record->index < side->wanted)
        return RH_OK;
    if (record->index == side->wanted && rh_receipt_decode(record->core, &core) == RH_OK) {
        struct rh_hash rest_hash, leaf;
        hub_record_leaf(record->core, record->rest, &rest_hash, &leaf);
        side->found = hub_describe_core(&core);
        hub_json_hash(side->found, "leaf", &leaf);
    }
    return RH_ERR_CLOSED;
}

static enum rh_err scan(struct side *side, uint64_t from, bool describe)
{
    const struct hub_journal_visitor visitor = { .record = describe ? on_wanted : on_record,
                                                 .damage = on_damage,
                                                 .arg = side };
    uint64_t first = from < side->copy.first_index ? side->copy.first_index : from;
    enum rh_err err = hub_journal_scan(side->copy.journal, first, &visitor);
    return err == RH_ERR_CORRUPT || err == RH_ERR_CLOSED ? RH_OK : err;
}

static bool is_missing(const struct mark *mark)
{
    static const struct mark none;
    return memcmp(mark, &none, sizeof none) == 0;
}

/* The first index at which they differ; false when one is the beginning of the other. */
static bool first_difference(const struct side *a, const struct side *b, uint64_t *index)
{
    uint64_t common = a->count < b->count ? a->count : b->count;
    for (uint64_t i = 0; i < common; i++) {
        if (memcmp(&a->marks[i], &b->marks[i], sizeof a->marks[i]) != 0 ||
            is_missing(&a->marks[i])) {
            *index = i;
            return true;
        }
    }
    *index = common;
    return false;
}

static json_t *comparison(const struct side *a, const struct side *b, bool differ,
                          uint64_t index)
{
    json_t *object = json_object();
    hub_json_text(object, "object", "difference");
    hub_json_count(object, "v", 1);
    hub_json_flag(object, "equal", !differ && a->count == b->count);
    hub_json_count(object, "size_a", a->count);
    hub_json_count(object, "size_b", b->count);
    hub_json_count(object, "common", index);
    if (differ) {
        hub_json_count(object, "first_difference", index);
        json_object_set_new(object, "a",
                            a->found != NULL ? json_incref(a->found) : json_null());
        json_object_set_new(object, "b",
                            b->found != NULL ? json_incref(b->found) : json_null());
    }
    return object;
}

static void print_side(FILE *out, const char *name, const json_t *found)
{
    char *text = found != NULL ? json_dumps(found, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    fprintf(out, "%s: %s\n", name,
            text != NULL ? text : _("the record is missing or cannot be read"));
    free(text);
}

static void print_table(FILE *out, const struct side *a, const struct side *b, bool differ,
                        uint64_t index)
{
    char count[HUB_SCREEN_COUNT_BYTES];
    if (differ) {
        fprintf(out, _("First difference: record #%s\n"), hub_screen_count(index, count));
        print_side(out, "A", a->found);
        print_side(out, "B", b->found);
    } else if (a->count == b->count) {
        fprintf(out, _("Equal, both of size %s\n"), hub_screen_count(index, count));
    } else {
        fprintf(out, _("Equal up to size %s; %s goes on, further records: %llu\n"),
                hub_screen_count(index, count), a->count > b->count ? "A" : "B",
                (unsigned long long)(a->count > b->count ? a->count - b->count
                                                         : b->count - a->count));
    }
}

static int compare(struct side *a, struct side *b, const struct hub_verb_options *options)
{
    uint64_t index;
    bool differ = first_difference(a, b, &index);
    if (differ) {
        a->wanted = b->wanted = index;
        enum rh_err err = scan(a, index, true);
        if (err == RH_OK)
            err = scan(b, index, true);
        if (err != RH_OK)
            return hub_verb_fail(options, err, rh_err_text(err));
    }
    if (options->json) {
        json_t *object = comparison(a, b, differ, index);
        bool written = hub_json_write(options->out, object);
        json_decref(object);
        if (!written)
            return RH_EXIT_IO;
    } else {
        print_table(options->out, a, b, differ, index);
    }
    return differ || a->count != b->count ? RH_EXIT_NO : RH_EXIT_OK;
}

static void close_side(struct side *side)
{
    hub_copy_close(&side->copy);
    free(side->marks);
    json_decref(side->found);
    memset(side, 0, sizeof *side);
}

int hub_verb_diff(const struct hub_verb_options *options)
{
    static struct side sides[2]; /* large */
    char problem[512] = "";
    const char *const paths[2] = { options->pass.copy.path, options->argument };
    enum rh_err err = RH_OK;
    memset(sides, 0, sizeof sides);
    for (int i = 0; i < 2 && err == RH_OK; i++) {
        const struct hub_copy_options wanted = { .path = paths[i] };
        err = hub_copy_open(&sides[i].copy, &wanted, problem, sizeof problem);
        if (err == RH_OK)
            err = scan(&sides[i], 0, false);
        if (err != RH_OK && problem[0] == '\0')
            snprintf(problem, sizeof problem, "%s: %s", paths[i], rh_err_text(err));
    }
    int code = err == RH_OK ? compare(&sides[0], &sides[1], options)
                            : hub_verb_fail(options, err, problem);
    close_side(&sides[0]);
    close_side(&sides[1]);
    return code;
}
