#include "log/tile.h"

#include <stdio.h>

void hub_tile_push(struct hub_tile *tile, const struct rh_hash *hash)
{
    rh_assert(tile->width < HUB_TILE_WIDTH);

    unsigned position = tile->width++;
    tile->nodes[hub_tile_node(0, position)] = *hash;
    for (unsigned height = 0; (position & 1) != 0; height++) {
        const struct rh_hash *right = &tile->nodes[hub_tile_node(height, position)];

        position >>= 1;
        rh_hash_node(right - 1, right, &tile->nodes[hub_tile_node(height + 1, position)]);
    }
}

const struct rh_hash *hub_tile_root(const struct hub_tile *tile)
{
    rh_assert(tile->width == HUB_TILE_WIDTH);
    return &tile->nodes[hub_tile_node(HUB_TILE_HEIGHT, 0)];
}

void hub_tile_load(struct hub_tile *tile, unsigned level, uint64_t number, const uint8_t *row,
                   unsigned width)
{
    rh_assert(width <= HUB_TILE_WIDTH);

    tile->level = level;
    tile->number = number;
    tile->width = 0;
    for (unsigned i = 0; i < width; i++) {
        struct rh_hash hash;

        for (size_t byte = 0; byte < RH_HASH_BYTES; byte++)
            hash.bytes[byte] = row[i * RH_HASH_BYTES + byte];
        hub_tile_push(tile, &hash);
    }
}

void hub_tile_path(unsigned level, uint64_t number, unsigned width,
                   char out[HUB_TILE_PATH_BYTES])
{
    unsigned groups[7]; /* three digits each, the last first: 2^62 has nineteen digits */
    size_t count = 0;
    size_t at = 0;

    do {
        rh_assert(count < sizeof groups / sizeof groups[0]);
        groups[count++] = (unsigned)(number % 1000);
        number /= 1000;
    } while (number > 0);

    at += (size_t)snprintf(out, HUB_TILE_PATH_BYTES, "tile/%u", level);
    while (count > 0) {
        count--;
        rh_assert(at < HUB_TILE_PATH_BYTES);
        at += (size_t)snprintf(out + at, HUB_TILE_PATH_BYTES - at, "/%s%03u",
                               count > 0 ? "x" : "", groups[count]);
    }
    rh_assert(at < HUB_TILE_PATH_BYTES);
    if (width == 0)
        at += (size_t)snprintf(out + at, HUB_TILE_PATH_BYTES - at, ".p");
    else if (width < HUB_TILE_WIDTH)
        at += (size_t)snprintf(out + at, HUB_TILE_PATH_BYTES - at, ".p/%u", width);
    rh_assert(at < HUB_TILE_PATH_BYTES);
}
