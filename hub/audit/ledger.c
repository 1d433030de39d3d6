#include "audit/ledger.h"

#include "log/checkpoint.h"

#include <inttypes.h>
#include <string.h>

/* The newest note of the copy itself, given ones apart: tiles lie beside it. */
static enum rh_err open_reference(struct hub_ledger *ledger)
{
    struct hub_copy *copy = ledger->copy;
    char note[1024];
    size_t bytes;
    struct rh_hub_id origin;
    struct rh_checkpoint found;
    if (copy->log_dir[0] == '\0' || !copy->keyed)
        return RH_OK;
    enum rh_err err = hub_checkpoint_load(copy->log_dir, note, sizeof note, &bytes);
    if (err == RH_ERR_NOTFOUND)
        return RH_OK;
    const char *end = err == RH_OK ? memchr(note, '\n', bytes) : NULL;
    if (end == NULL || rh_hub_id_parse(note, (size_t)(end - note), &origin) != RH_OK)
        return err == RH_ERR_NOMEM ? err : RH_OK; /* said by whoever read the notes */
    const struct hub_tree_options options = { .directory = copy->log_dir };
    err = hub_checkpoint_open(&options, &origin, &copy->hub_key, &ledger->reference, &found);
    if (err == RH_OK) {
        ledger->reference_size = found.size;
        ledger->reference_generation = rh_hub_id_generation(&origin);
        return RH_OK;
    }
    if (err == RH_ERR_CORRUPT || err == RH_ERR_NOTFOUND || err == RH_ERR_IO)
        hub_findings_say(ledger->findings, HUB_FINDING_TILES, HUB_FINDING_NOWHERE,
                         N_("checkpoint of size %" PRIu64 ": %s"), found.size,
                         rh_text(rh_err_text(err)));
    return err == RH_ERR_NOMEM ? err : RH_OK;
}

enum rh_err hub_ledger_init(struct hub_ledger *ledger, struct hub_copy *copy,
                            struct hub_findings *findings)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->copy = copy;
    ledger->findings = findings;
    const struct hub_tree_options options = { .directory = NULL };
    enum rh_err err = hub_tree_open(&options, 0, NULL, &ledger->tree);
    if (err == RH_OK)
        err = open_reference(ledger);
    if (err != RH_OK)
        hub_ledger_fini(ledger);
    return err;
}

void hub_ledger_fini(struct hub_ledger *ledger)
{
    hub_tree_close(&ledger->tree);
    hub_tree_close(&ledger->reference);
}

uint64_t hub_ledger_size(const struct hub_ledger *ledger)
{
    return ledger->lost ? ledger->lost_at : hub_tree_size(ledger->tree);
}

bool hub_ledger_root(struct hub_ledger *ledger, struct rh_hash *root)
{
    return !ledger->lost &&
           hub_tree_root(ledger->tree, hub_tree_size(ledger->tree), root) == RH_OK;
}

/* The leaf as the tiles know it. A tile that fails ends their use, once and said. */
static bool known_leaf(struct hub_ledger *ledger, uint64_t index, struct rh_hash *leaf)
{
    if (ledger->reference == NULL || index >= ledger->reference_size)
        return false;
    enum rh_err err = hub_tree_leaf(ledger->reference, index, leaf);
    if (err == RH_OK)
        return true;
    hub_findings_say(ledger->findings, HUB_FINDING_TILES, index, "%s: %s",
                     hub_tree_fault(ledger->reference), rh_text(rh_err_text(err)));
    hub_tree_close(&ledger->reference);
    return false;
}

static void compare(struct hub_ledger *ledger, const struct hub_copy_checkpoint *checkpoint)
{
    struct rh_hash root;
    if (!hub_ledger_root(ledger, &root))
        return;
    if (rh_hash_equal(&root, &checkpoint->root)) {
        ledger->good++;
        ledger->last_good = checkpoint->size;
        ledger->harmed = ledger->altered + ledger->missed;
        ledger->findings->last_good = checkpoint->size;
        return;
    }
    ledger->bad++;
    if (ledger->diverged)
        return; /* what follows from the first difference is not another one */
    /* With tiles every leaf is known, so another root is another log, signed by the hub. */
    ledger->diverged = ledger->reference == NULL || checkpoint->size > ledger->reference_size;
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_ROOT, ledger->last_good,
        N_("checkpoint of size %" PRIu64 "%s, generation %" PRIu32
        "; the last that agrees has %" PRIu64),
        checkpoint->size, checkpoint->given ? _(" (given)") : "", checkpoint->generation,
        ledger->last_good);
    finding.count = checkpoint->size - ledger->last_good;
    finding.hashed = true;
    finding.expected = checkpoint->root;
    finding.actual = root;
    hub_findings_add(ledger->findings, &finding);
}

static void compare_due(struct hub_ledger *ledger)
{
    struct hub_copy *copy = ledger->copy;
    uint64_t size = hub_ledger_size(ledger);
    while (ledger->next < copy->checkpoint_count &&
           copy->checkpoints[ledger->next].size <= size) {
        const struct hub_copy_checkpoint *checkpoint = &copy->checkpoints[ledger->next++];
        if (checkpoint->size == size && !checkpoint->passed)
            compare(ledger, checkpoint);
    }
}

enum rh_err hub_ledger_take(struct hub_ledger *ledger, const struct rh_hash *leaf,
                            bool *altered)
{
    struct rh_hash known;
    *altered = false;
    if (ledger->lost) {
        ledger->lost_at++;
        compare_due(ledger);
        return RH_OK;
    }
    uint64_t index = hub_tree_size(ledger->tree);
    if (index == 0)
        compare_due(ledger); /* a checkpoint of nothing */
    const struct rh_hash *taken = leaf;
    if (known_leaf(ledger, index, &known) && !rh_hash_equal(leaf, &known)) {
        *altered = true;
        ledger->altered++;
        taken = &known;
        struct hub_finding finding = hub_finding_make(HUB_FINDING_ALTERED, index,
                                                      N_("its leaf is not the published one"));
        finding.count = 1;
        finding.hashed = true;
        finding.expected = known;
        finding.actual = *leaf;
        hub_findings_add(ledger->findings, &finding);
    }
    enum rh_err err = hub_tree_append(ledger->tree, taken);
    if (err == RH_OK)
        compare_due(ledger);
    return err;
}

enum rh_err hub_ledger_miss(struct hub_ledger *ledger, uint64_t count)
{
    enum rh_err err = RH_OK;
    for (uint64_t i = 0; i < count && err == RH_OK; i++) {
        struct rh_hash known;
        ledger->missed++;
        if (!ledger->lost && known_leaf(ledger, hub_tree_size(ledger->tree), &known)) {
            err = hub_tree_append(ledger->tree, &known);
        } else if (!ledger->lost) {
            ledger->lost = true;
            ledger->lost_at = hub_tree_size(ledger->tree) + count - i;
            compare_due(ledger);
            return RH_OK;
        } else {
            ledger->lost_at += count - i;
            compare_due(ledger);
            return RH_OK;
        }
        if (err == RH_OK)
            compare_due(ledger);
    }
    return err;
}

void hub_ledger_seal(struct hub_ledger *ledger, uint32_t generation)
{
    struct hub_copy *copy = ledger->copy;
    uint64_t size = hub_ledger_size(ledger);
    const struct hub_copy_checkpoint *furthest = NULL;
    for (size_t i = ledger->next; i < copy->checkpoint_count; i++) {
        struct hub_copy_checkpoint *checkpoint = &copy->checkpoints[i];
        if (checkpoint->generation >= generation || checkpoint->size <= size)
            continue;
        checkpoint->passed = true;
        furthest = checkpoint;
    }
    if (ledger->reference_generation < generation && ledger->reference_size > size)
        ledger->reference_size = size;
    if (furthest == NULL)
        return;
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_ROLLBACK, size,
        N_("generation %" PRIu32 " published size %" PRIu64 "%s, generation %" PRIu32
        " kept %" PRIu64),
        furthest->generation, furthest->size, furthest->given ? _(" (given)") : "", generation,
        size);
    finding.count = furthest->size - size;
    hub_findings_add(ledger->findings, &finding);
}

void hub_ledger_end(struct hub_ledger *ledger)
{
    const struct hub_copy *copy = ledger->copy;
    uint64_t size = hub_ledger_size(ledger);
    while (ledger->next < copy->checkpoint_count && copy->checkpoints[ledger->next].passed)
        ledger->next++;
    if (ledger->next >= copy->checkpoint_count)
        return;
    const struct hub_copy_checkpoint *furthest =
        &copy->checkpoints[copy->checkpoint_count - 1];
    struct hub_finding finding = hub_finding_make(
        HUB_FINDING_SHORT, size,
        N_("the checkpoint of size %" PRIu64 "%s is signed, records here: %" PRIu64),
        furthest->size, furthest->given ? _(" (given)") : "", size);
    finding.count = furthest->size - size;
    hub_findings_add(ledger->findings, &finding);
    ledger->bad += copy->checkpoint_count - ledger->next;
    ledger->next = copy->checkpoint_count;
}
