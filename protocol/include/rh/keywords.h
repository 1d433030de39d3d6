/* Keyword rules (检索检察履职关键词): which words in a text make it a matter of which category.
 *
 * All words of all rules are looked for in one pass over the text, by the automaton of Aho and
 * Corasick over bytes, so a row costs the same with ten rules as with a thousand. UTF-8 keeps
 * this honest: no character begins inside another. Letters A-Z count as a-z.
 *
 * A rule has groups of words. `any`: at least one; `all`: each; `not`: none. It fires when all
 * of what it names holds, in the fields it looks at. */
#ifndef RH_KEYWORDS_H
#define RH_KEYWORDS_H

#include <rh/err.h>
#include <rh/rules.h>

enum {
    RH_KEYWORD_RULES_MAX = 256,
    RH_KEYWORD_WORDS_MAX = 4096,      /* of all rules together */
    RH_KEYWORD_BYTES_MAX = 96,        /* of one word */
    RH_KEYWORD_WORDS_OF_RULE_MAX = 64,
    RH_KEYWORD_NODES_MAX = 65536      /* of the automaton: bytes of all words that differ */
};

/* Where a rule looks. */
enum { RH_KEYWORD_IN_TITLE = 1, RH_KEYWORD_IN_TEXT = 2 };

enum rh_keyword_group { RH_KEYWORD_ANY, RH_KEYWORD_ALL, RH_KEYWORD_NOT };

/* What a hit proposes; empty or zero leaves things as they are. */
struct rh_keyword_rule {
    char id[RH_RULE_ID_BYTES_MAX + 1];
    uint32_t version;
    char title_zh[RH_TITLE_BYTES_MAX + 1];
    char title_en[RH_TITLE_BYTES_MAX + 1];
    char basis[RH_BASIS_BYTES_MAX + 1];
    uint32_t fields;                      /* RH_KEYWORD_IN bits */
    char category[RH_CODE_BYTES_MAX + 1];
    char procedure[RH_CODE_BYTES_MAX + 1];
    uint32_t star;                        /* 3..5, 0 none */
};

/* A set of rules; after rh_keywords_seal it does not change and may be read by several. */
struct rh_keywords;

enum rh_err rh_keywords_new(struct rh_keywords **out);
void rh_keywords_destroy(struct rh_keywords **keywords);

/* Add a rule, then its words; the rule is the one added last. RH_ERR_FULL at a bound,
 * RH_ERR_EXISTS for a rule id or (in the same group of the rule) a word given twice,
 * RH_ERR_INVALID for an empty or too long word, RH_ERR_NOMEM. */
enum rh_err rh_keywords_rule(struct rh_keywords *keywords, const struct rh_keyword_rule *rule);
enum rh_err rh_keywords_word(struct rh_keywords *keywords, enum rh_keyword_group group,
                             const char *word, size_t bytes);
/* No more rules: build the automaton. RH_ERR_FULL above RH_KEYWORD_NODES_MAX; RH_ERR_NOMEM. */
enum rh_err rh_keywords_seal(struct rh_keywords *keywords);

uint32_t rh_keywords_count(const struct rh_keywords *keywords);
/* Borrowed. */
const struct rh_keyword_rule *rh_keywords_at(const struct rh_keywords *keywords,
                                             uint32_t index);

/* The rules that fire on a title and a text (either may be empty), in their order, into
 * out[RH_KEYWORD_RULES_MAX]; how many. The first one is the one to follow: rules stand in the
 * order of their weight. `scratch` is the caller's, from rh_keywords_scratch_bytes, so that
 * nothing is allocated for a row. */
size_t rh_keywords_scratch_bytes(const struct rh_keywords *keywords);
uint32_t rh_keywords_match(const struct rh_keywords *keywords, struct rh_bytes title,
                           struct rh_bytes text, void *scratch,
                           uint32_t out[RH_KEYWORD_RULES_MAX]);

#endif
