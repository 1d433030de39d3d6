/* Bounds of the wire and of everything derived from it, checked against one another.
 * Source: protocol/spec/wire.md, section "Sizes". */
#ifndef RH_LIMITS_H
#define RH_LIMITS_H

#include <assert.h>

enum {
    RH_FRAME_BYTES_MAX = 1024 * 1024,  /* one ZeroMQ frame, either direction */
    RH_ITEM_BYTES_MAX = 256 * 1024,    /* one item: public, private, body, keys, salt */
    RH_PUBLIC_BYTES_MAX = 8 * 1024,    /* public part of an item */
    RH_PRIVATE_BYTES_MAX = 64 * 1024,  /* private part of an item */
    RH_BUNDLE_ITEMS_MAX = 256,         /* items in one bundle */
    RH_SEALED_KEYS_MAX = 16,           /* sealed content keys of one item */
    RH_AGENCY_BYTES_MAX = 40,          /* "role.division", without terminator */
    RH_HUB_ID_BYTES_MAX = 56,          /* "hub.620423" or "hub.620423/3"; see rh/id.h */
    RH_CODE_BYTES_MAX = 48,            /* any code: category, area, procedure, outcome ... */
    RH_FACTS_MAX = 24,                 /* facts of one public part */
    RH_EXTERNALS_MAX = 4,              /* external numbers of one referral */
    RH_COPIES_MAX = 16,                /* copy_to of one item */
    RH_CHILDREN_MAX = 16,              /* children of one split */
    RH_MSGPACK_DEPTH_MAX = 8           /* nesting of arrays and maps */
};

static_assert(RH_ITEM_BYTES_MAX < RH_FRAME_BYTES_MAX, "an item must fit in a frame");
static_assert(RH_PUBLIC_BYTES_MAX + RH_PRIVATE_BYTES_MAX < RH_ITEM_BYTES_MAX,
              "an item must have room for a body");

#endif
