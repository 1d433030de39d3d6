/* The signed header of a bundle and the small Merkle tree over its item digests.
 *
 * The tree is that of RFC 6962, 2.1. Built level by level from the left, with a last node
 * without neighbour carried up unchanged, it has the same shape as the recursive definition:
 *
 *     5 items:      root            path of item 4: [h03]
 *                  /    \           path of item 1: [l0, h23, l4]
 *               h03      l4
 *              /   \
 *           h01     h23  */
#include <rh/item.h>

#include <string.h>

#include "parts.h"

enum { HEADER_FIELDS = 8 };

static bool numbers_hold(uint64_t first_n, uint64_t count)
{
    return first_n >= 1 && count >= 1 && count <= RH_BUNDLE_ITEMS_MAX &&
           first_n <= RH_NUMBER_MAX - (count - 1);
}

enum rh_err rh_bundle_header_encode(const struct rh_bundle_header *header,
                                    struct rh_writer *writer)
{
    if (header->suite != RH_SUITE_ED25519 || !numbers_hold(header->first_n, header->count) ||
        header->claimed_ms > RH_MS_MAX)
        return RH_ERR_INVALID;
    rh_writer_array(writer, HEADER_FIELDS);
    rh_writer_uint(writer, header->suite);
    rh_writer_text(writer, header->hub.text);
    rh_writer_text(writer, header->sender.text);
    rh_writer_bin(writer, header->epoch.bytes, sizeof header->epoch.bytes);
    rh_writer_uint(writer, header->first_n);
    rh_writer_uint(writer, header->count);
    rh_writer_bin(writer, header->root.bytes, sizeof header->root.bytes);
    rh_writer_uint(writer, header->claimed_ms);
    return writer->err;
}

enum rh_err rh_bundle_header_decode(struct rh_bytes bytes, struct rh_bundle_header *out)
{
    struct rh_reader reader;
    enum rh_err err =
        rh_part_open_array(&reader, bytes, RH_BUNDLE_HEADER_BYTES_MAX, HEADER_FIELDS);
    if (err != RH_OK)
        return err;
    out->suite = (uint8_t)rh_reader_uint_max(&reader, UINT8_MAX);
    rh_part_read_hub(&reader, &out->hub);
    rh_part_read_agency(&reader, &out->sender);
    rh_reader_bin_exact(&reader, out->epoch.bytes, sizeof out->epoch.bytes);
    out->first_n = rh_part_read_number(&reader);
    out->count = (uint32_t)rh_reader_uint_max(&reader, RH_BUNDLE_ITEMS_MAX);
    rh_part_read_hash(&reader, &out->root);
    out->claimed_ms = rh_part_read_ms(&reader);
    if (reader.err == RH_OK && (out->suite != RH_SUITE_ED25519 ||
                                !numbers_hold(out->first_n, out->count)))
        rh_reader_fail(&reader);
    return rh_reader_finish(&reader);
}

/* One level up: width nodes become (width + 1) / 2. */
static uint32_t level_up(struct rh_hash *nodes, uint32_t width)
{
    for (uint32_t i = 0; i + 1 < width; i += 2)
        rh_hash_node(&nodes[i], &nodes[i + 1], &nodes[i / 2]);
    if (width % 2 == 1)
        nodes[width / 2] = nodes[width - 1];
    return (width + 1) / 2;
}

static void leaves_of(const struct rh_hash *digests, uint32_t count, struct rh_hash *leaves)
{
    rh_assert(count >= 1 && count <= RH_BUNDLE_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++)
        rh_hash_leaf(digests[i].bytes, RH_HASH_BYTES, &leaves[i]);
}

void rh_bundle_root(const struct rh_hash *digests, uint32_t count, struct rh_hash *out)
{
    struct rh_hash nodes[RH_BUNDLE_ITEMS_MAX];
    leaves_of(digests, count, nodes);
    for (uint32_t width = count; width > 1;)
        width = level_up(nodes, width);
    *out = nodes[0];
}

void rh_bundle_tree_build(const struct rh_hash *digests, uint32_t count,
                          struct rh_bundle_tree *out)
{
    struct rh_hash *level = out->nodes;
    out->count = count;
    leaves_of(digests, count, level);
    for (uint32_t width = count; width > 1; width = (width + 1) / 2) {
        struct rh_hash *above = level + width;
        rh_assert(above + (width + 1) / 2 <= out->nodes + RH_BUNDLE_NODES_MAX);
        for (uint32_t i = 0; i + 1 < width; i += 2)
            rh_hash_node(&level[i], &level[i + 1], &above[i / 2]);
        if (width % 2 == 1)
            above[width / 2] = level[width - 1];
        level = above;
    }
}

uint32_t rh_bundle_tree_path(const struct rh_bundle_tree *tree, uint32_t position,
                             struct rh_hash out[RH_BUNDLE_PATH_MAX])
{
    const struct rh_hash *level = tree->nodes;
    uint32_t found = 0;
    rh_assert(position < tree->count);
    for (uint32_t width = tree->count; width > 1; width = (width + 1) / 2, position /= 2) {
        uint32_t neighbour = position ^ 1U;
        if (neighbour < width)
            out[found++] = level[neighbour];
        level += width;
    }
    rh_assert(found <= RH_BUNDLE_PATH_MAX);
    return found;
}

uint32_t rh_bundle_path(const struct rh_hash *digests, uint32_t count, uint32_t position,
                        struct rh_hash out[RH_BUNDLE_PATH_MAX])
{
    struct rh_bundle_tree tree;
    rh_bundle_tree_build(digests, count, &tree);
    return rh_bundle_tree_path(&tree, position, out);
}

bool rh_bundle_path_verify(const struct rh_hash *root, uint32_t count, uint32_t position,
                           const struct rh_hash *digest, const struct rh_hash *path,
                           uint32_t path_count)
{
    struct rh_hash node;
    uint32_t used = 0;
    if (count > RH_BUNDLE_ITEMS_MAX || position >= count)
        return false;
    rh_hash_leaf(digest->bytes, RH_HASH_BYTES, &node);
    for (uint32_t width = count; width > 1; width = (width + 1) / 2, position /= 2) {
        if ((position ^ 1U) >= width)
            continue;
        if (used == path_count)
            return false;
        if (position % 2 == 1)
            rh_hash_node(&path[used], &node, &node);
        else
            rh_hash_node(&node, &path[used], &node);
        used++;
    }
    return used == path_count && rh_hash_equal(&node, root);
}
