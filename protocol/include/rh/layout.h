/* Canonical bytes of a plain struct, described once by a table.
 *
 * A layout lists the members of a struct, each with the number that stands for it on paper.
 * Encoded is a map from those numbers, ascending, to the values that are not zero or empty;
 * so a struct has exactly one encoding, and a member added later changes no older bytes.
 * Lists are arrays of such maps, of texts, of numbers or of fixed byte strings.
 *
 *     static const struct rh_layout_field point_fields[] = {
 *         RH_LAYOUT_U32(1, struct point, x),
 *         RH_LAYOUT_TEXT(2, struct point, label),
 *     };
 *     const struct rh_layout point_layout = RH_LAYOUT_OF(struct point, point_fields);
 *
 * Bounds are part of the table: what does not fit is refused, never cut. */
#ifndef RH_LAYOUT_H
#define RH_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rh/codec.h>

enum rh_layout_type {
    RH_LAYOUT_TYPE_BOOL,
    RH_LAYOUT_TYPE_U8,
    RH_LAYOUT_TYPE_U32, /* enumerations too */
    RH_LAYOUT_TYPE_U64,
    RH_LAYOUT_TYPE_I32,
    RH_LAYOUT_TYPE_I64,
    RH_LAYOUT_TYPE_TEXT, /* terminated, in a char array of `size` */
    RH_LAYOUT_TYPE_BIN,  /* exactly `size` bytes; all zero counts as absent */
    RH_LAYOUT_TYPE_STRUCT,
    RH_LAYOUT_TYPE_LIST
};

struct rh_layout;

struct rh_layout_field {
    uint32_t key;
    enum rh_layout_type type;
    size_t offset;
    size_t size;                    /* of the member, or of one element */
    uint64_t max;                   /* numbers: largest value; signed ones: INT32/64 range */
    enum rh_layout_type element;    /* LIST */
    size_t count_offset;            /* LIST: a uint32_t in the same struct; or FIXED: all
                                       elements are written unless all are zero */
    uint32_t count_max;             /* LIST */
    const struct rh_layout *layout; /* STRUCT, LIST of STRUCT */
};

struct rh_layout {
    size_t size; /* of the struct */
    uint32_t count;
    const struct rh_layout_field *fields; /* ascending keys */
    bool sparse; /* reading leaves list elements beyond the count as they were: for structs
                    too large to be cleared each time */
};

#define RH_LAYOUT_FIXED ((size_t)-1)

/* Size of a member, after a check at compile time that it is what the type says. */
#define RH_LAYOUT_SIZEOF(type, member) (sizeof(((type *)0)->member))
#define RH_LAYOUT_CHECKED(type, member, want) \
    (RH_LAYOUT_SIZEOF(type, member) +         \
     0 * sizeof(char[RH_LAYOUT_SIZEOF(type, member) == (want) ? 1 : -1]))

#define RH_LAYOUT_SIMPLE(number, kind, structure, member, bytes, largest)        \
    {                                                                            \
        .key = (number), .type = (kind), .offset = offsetof(structure, member),  \
        .size = RH_LAYOUT_CHECKED(structure, member, (bytes)), .max = (largest), \
    }

#define RH_LAYOUT_BOOL(key, s, m) RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_BOOL, s, m, 1, 1)
#define RH_LAYOUT_U8(key, s, m) RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_U8, s, m, 1, UINT8_MAX)
#define RH_LAYOUT_U32(key, s, m) \
    RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_U32, s, m, 4, UINT32_MAX)
#define RH_LAYOUT_ENUM(key, s, m, largest) \
    RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_U32, s, m, 4, largest)
#define RH_LAYOUT_U64(key, s, m) \
    RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_U64, s, m, 8, UINT64_MAX)
#define RH_LAYOUT_I32(key, s, m) RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_I32, s, m, 4, INT32_MAX)
#define RH_LAYOUT_I64(key, s, m) RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_I64, s, m, 8, INT64_MAX)
#define RH_LAYOUT_TEXT(key, s, m) \
    RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_TEXT, s, m, RH_LAYOUT_SIZEOF(s, m), 0)
#define RH_LAYOUT_BIN(key, s, m) \
    RH_LAYOUT_SIMPLE(key, RH_LAYOUT_TYPE_BIN, s, m, RH_LAYOUT_SIZEOF(s, m), 0)

#define RH_LAYOUT_STRUCT(number, structure, member, inner)                                   \
    {                                                                                        \
        .key = (number), .type = RH_LAYOUT_TYPE_STRUCT, .offset = offsetof(structure, member), \
        .size = RH_LAYOUT_SIZEOF(structure, member), .layout = (inner),                      \
    }

#define RH_LAYOUT_ARRAY(number, structure, member, kind, where, inner)                       \
    {                                                                                        \
        .key = (number), .type = RH_LAYOUT_TYPE_LIST, .offset = offsetof(structure, member), \
        .size = RH_LAYOUT_SIZEOF(structure, member[0]),                                      \
        .max = UINT32_MAX, .element = (kind), .count_offset = (where),                       \
        .count_max = (uint32_t)(RH_LAYOUT_SIZEOF(structure, member) /                        \
                                RH_LAYOUT_SIZEOF(structure, member[0])),                     \
        .layout = (inner),                                                                   \
    }

/* Lists: `counter` is the uint32_t member that says how many. */
#define RH_LAYOUT_LIST(key, s, m, counter, inner)                            \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_STRUCT, offsetof(s, counter), inner)
#define RH_LAYOUT_NUMBERS(key, s, m, counter) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_U32, offsetof(s, counter), NULL)
#define RH_LAYOUT_TEXTS(key, s, m, counter) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_TEXT, offsetof(s, counter), NULL)
#define RH_LAYOUT_BINS(key, s, m, counter) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_BIN, offsetof(s, counter), NULL)
/* Arrays without a counter: every element has its place. */
#define RH_LAYOUT_FIXED_LIST(key, s, m, inner) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_STRUCT, RH_LAYOUT_FIXED, inner)
#define RH_LAYOUT_FIXED_TEXTS(key, s, m) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_TEXT, RH_LAYOUT_FIXED, NULL)
#define RH_LAYOUT_FIXED_BOOLS(key, s, m) \
    RH_LAYOUT_ARRAY(key, s, m, RH_LAYOUT_TYPE_BOOL, RH_LAYOUT_FIXED, NULL)

#define RH_LAYOUT_OF(structure, table)                                                     \
    {                                                                                      \
        .size = sizeof(structure), .count = (uint32_t)(sizeof(table) / sizeof((table)[0])), \
        .fields = (table), .sparse = false,                                                \
    }
#define RH_LAYOUT_SPARSE_OF(structure, table)                                              \
    {                                                                                      \
        .size = sizeof(structure), .count = (uint32_t)(sizeof(table) / sizeof((table)[0])), \
        .fields = (table), .sparse = true,                                                 \
    }

/* Write one value. Asserts that counts and numbers are within the table's bounds. */
void rh_layout_write(const struct rh_layout *layout, const void *value,
                     struct rh_writer *writer);

/* Read one value into out[layout->size], zeroed first (but see `sparse`), so that equal
 * values are equal memory.
 * Fails the reader on an unknown or repeated key, a value out of its bounds, and on a zero or
 * empty value that should have been left out. */
void rh_layout_read(const struct rh_layout *layout, struct rh_reader *reader, void *out);

#endif
