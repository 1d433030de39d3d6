/* The automaton: a trie of all words whose every node knows the longest proper suffix that is
 * also in the trie (`fail`) and the nearest node on that way where a word ends (`exit`).
 *
 *     words 欠薪, 薪: after the bytes of 欠薪 the state is the end of 欠薪; its exit chain leads to
 *     the end of 薪, so both are seen, and the text is never read twice.
 *
 * Children of a node are a list of siblings, sorted into a dense table for the root alone:
 * words are few thousand, memory stays under 2 MiB, and nearly every step that fails ends at
 * the root, where it costs one look. */
#include <rh/keywords.h>

#include <stdlib.h>
#include <string.h>

enum { NONE = 0 /* node 0 is the root, child of nobody */ };

struct node {
    uint32_t child, next; /* first child; next sibling; NONE */
    uint32_t fail, exit;  /* exit NONE: no shorter word ends here */
    uint32_t word_plus_one;
    uint8_t byte;
};

/* A word of one group of one rule. Words that are spelt alike share a node and a number. */
struct use {
    uint32_t word;
    uint32_t rule;
    enum rh_keyword_group group;
};

struct rh_keywords {
    uint32_t rule_count, use_count, word_count, node_count, node_capacity;
    struct rh_keyword_rule rules[RH_KEYWORD_RULES_MAX];
    uint32_t first_use[RH_KEYWORD_RULES_MAX + 1];
    struct use uses[RH_KEYWORD_WORDS_MAX];
    struct node *nodes;
    uint32_t root_child[256];
    bool sealed;
};

enum rh_err rh_keywords_new(struct rh_keywords **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return RH_ERR_NOMEM;
    (*out)->node_capacity = 1024;
    (*out)->nodes = calloc((*out)->node_capacity, sizeof (*out)->nodes[0]);
    (*out)->node_count = 1;
    if ((*out)->nodes == NULL) {
        rh_keywords_destroy(out);
        return RH_ERR_NOMEM;
    }
    return RH_OK;
}

void rh_keywords_destroy(struct rh_keywords **keywords)
{
    if (*keywords != NULL)
        free((*keywords)->nodes);
    free(*keywords);
    *keywords = NULL;
}

enum rh_err rh_keywords_rule(struct rh_keywords *keywords, const struct rh_keyword_rule *rule)
{
    rh_assert(!keywords->sealed);
    for (uint32_t i = 0; i < keywords->rule_count; i++) {
        if (strcmp(keywords->rules[i].id, rule->id) == 0)
            return RH_ERR_EXISTS;
    }
    if (keywords->rule_count == RH_KEYWORD_RULES_MAX)
        return RH_ERR_FULL;
    keywords->rules[keywords->rule_count] = *rule;
    keywords->first_use[keywords->rule_count] = keywords->use_count;
    keywords->rule_count++;
    keywords->first_use[keywords->rule_count] = keywords->use_count;
    return RH_OK;
}

static uint8_t fold(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static uint32_t child_of(const struct rh_keywords *keywords, uint32_t node, uint8_t byte)
{
    uint32_t at = keywords->nodes[node].child;
    while (at != NONE && keywords->nodes[at].byte != byte)
        at = keywords->nodes[at].next;
    return at;
}

static enum rh_err add_child(struct rh_keywords *keywords, uint32_t node, uint8_t byte,
                             uint32_t *out)
{
    if (keywords->node_count == RH_KEYWORD_NODES_MAX)
        return RH_ERR_FULL;
    if (keywords->node_count == keywords->node_capacity) {
        uint32_t capacity = keywords->node_capacity * 2;
        struct node *nodes = realloc(keywords->nodes, capacity * sizeof nodes[0]);
        if (nodes == NULL)
            return RH_ERR_NOMEM;
        keywords->nodes = nodes;
        keywords->node_capacity = capacity;
    }
    *out = keywords->node_count++;
    keywords->nodes[*out] =
        (struct node){ .next = keywords->nodes[node].child, .byte = byte };
    keywords->nodes[node].child = *out;
    return RH_OK;
}

enum rh_err rh_keywords_word(struct rh_keywords *keywords, enum rh_keyword_group group,
                             const char *word, size_t bytes)
{
    rh_assert(!keywords->sealed);
    rh_assert(keywords->rule_count > 0);
    if (bytes == 0 || bytes > RH_KEYWORD_BYTES_MAX)
        return RH_ERR_INVALID;
    uint32_t rule = keywords->rule_count - 1;
    if (keywords->use_count == RH_KEYWORD_WORDS_MAX ||
        keywords->use_count - keywords->first_use[rule] == RH_KEYWORD_WORDS_OF_RULE_MAX)
        return RH_ERR_FULL;
    uint32_t node = 0;
    for (size_t i = 0; i < bytes; i++) {
        uint8_t byte = fold((uint8_t)word[i]);
        uint32_t child = child_of(keywords, node, byte);
        enum rh_err err =
            child == NONE ? add_child(keywords, node, byte, &child) : RH_OK;
        if (err != RH_OK)
            return err;
        node = child;
    }
    if (keywords->nodes[node].word_plus_one == 0)
        keywords->nodes[node].word_plus_one = ++keywords->word_count;
    uint32_t number = keywords->nodes[node].word_plus_one - 1;
    for (uint32_t i = keywords->first_use[rule]; i < keywords->use_count; i++) {
        if (keywords->uses[i].word == number && keywords->uses[i].group == group)
            return RH_ERR_EXISTS;
    }
    keywords->uses[keywords->use_count++] = (struct use){ number, rule, group };
    keywords->first_use[rule + 1] = keywords->use_count;
    return RH_OK;
}

static uint32_t step(const struct rh_keywords *keywords, uint32_t state, uint8_t byte)
{
    for (; state != 0; state = keywords->nodes[state].fail) {
        uint32_t child = child_of(keywords, state, byte);
        if (child != NONE)
            return child;
    }
    return keywords->root_child[byte];
}

/* Breadth first, so that a node's fail, which is shorter, is known before the node's own. */
enum rh_err rh_keywords_seal(struct rh_keywords *keywords)
{
    rh_assert(!keywords->sealed);
    struct node *nodes = keywords->nodes;
    uint32_t *queue = malloc(keywords->node_count * sizeof queue[0]);
    uint32_t head = 0, tail = 0;
    if (queue == NULL)
        return RH_ERR_NOMEM;
    for (uint32_t at = nodes[0].child; at != NONE; at = nodes[at].next) {
        keywords->root_child[nodes[at].byte] = at;
        queue[tail++] = at;
    }
    while (head < tail) {
        uint32_t node = queue[head++];
        for (uint32_t at = nodes[node].child; at != NONE; at = nodes[at].next) {
            uint32_t fail = step(keywords, nodes[node].fail, nodes[at].byte);
            nodes[at].fail = fail;
            nodes[at].exit = nodes[fail].word_plus_one != 0 ? fail : nodes[fail].exit;
            queue[tail++] = at;
        }
    }
    free(queue);
    keywords->sealed = true;
    return RH_OK;
}

uint32_t rh_keywords_count(const struct rh_keywords *keywords)
{
    return keywords->rule_count;
}

const struct rh_keyword_rule *rh_keywords_at(const struct rh_keywords *keywords, uint32_t index)
{
    rh_assert(index < keywords->rule_count);
    return &keywords->rules[index];
}

/* One byte for each word: in which fields it was seen. */
size_t rh_keywords_scratch_bytes(const struct rh_keywords *keywords)
{
    return keywords->word_count + 1;
}

static void scan(const struct rh_keywords *keywords, struct rh_bytes text, uint8_t field,
                 uint8_t *seen)
{
    uint32_t state = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        state = step(keywords, state, fold(text.data[i]));
        uint32_t at = keywords->nodes[state].word_plus_one != 0 ? state
                                                                : keywords->nodes[state].exit;
        for (; at != NONE; at = keywords->nodes[at].exit)
            seen[keywords->nodes[at].word_plus_one - 1] |= field;
    }
}

static bool fires(const struct rh_keywords *keywords, uint32_t rule, const uint8_t *seen)
{
    bool any_wanted = false, any = false;
    for (uint32_t i = keywords->first_use[rule]; i < keywords->first_use[rule + 1]; i++) {
        const struct use *use = &keywords->uses[i];
        bool found = (seen[use->word] & keywords->rules[rule].fields) != 0;
        if ((use->group == RH_KEYWORD_ALL && !found) || (use->group == RH_KEYWORD_NOT && found))
            return false;
        any_wanted = any_wanted || use->group == RH_KEYWORD_ANY;
        any = any || (use->group == RH_KEYWORD_ANY && found);
    }
    return any || !any_wanted;
}

uint32_t rh_keywords_match(const struct rh_keywords *keywords, struct rh_bytes title,
                           struct rh_bytes text, void *scratch,
                           uint32_t out[RH_KEYWORD_RULES_MAX])
{
    rh_assert(keywords->sealed);
    uint8_t *seen = scratch;
    uint32_t count = 0;
    memset(seen, 0, rh_keywords_scratch_bytes(keywords));
    scan(keywords, title, RH_KEYWORD_IN_TITLE, seen);
    scan(keywords, text, RH_KEYWORD_IN_TEXT, seen);
    for (uint32_t rule = 0; rule < keywords->rule_count; rule++) {
        if (fires(keywords, rule, seen))
            out[count++] = rule;
    }
    return count;
}
