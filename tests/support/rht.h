/* What tests share: randomness that can be repeated, places to write, waiting that ends.
 *
 * A helper that cannot do its work prints why and ends the test program with status 1, so
 * tests need not check results. Nothing here is for programs of ours. */
#ifndef RHT_RHT_H
#define RHT_RHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SplitMix64. Equal seeds give equal sequences on every machine. */
struct rht_random {
    uint64_t state;
};

/* Start from RHT_SEED (decimal or 0x...) when set, else from a fixed seed: a test must not
 * behave differently tomorrow. Prints "RHT_SEED=..." on standard error, ready to paste. */
void rht_random_init(struct rht_random *random);
/* Start from a given seed, silently. */
void rht_random_seed(struct rht_random *random, uint64_t seed);
uint64_t rht_random_u64(struct rht_random *random);
/* Evenly below `bound`, which is at least 1. */
uint64_t rht_random_below(struct rht_random *random, uint64_t bound);
/* From low to high, both possible. */
uint64_t rht_random_between(struct rht_random *random, uint64_t low, uint64_t high);
/* True once in `n` on average. */
bool rht_random_once_in(struct rht_random *random, uint64_t n);
void rht_random_fill(struct rht_random *random, void *out, size_t bytes);

/* A directory of this process under TMPDIR (else /tmp), made at the first call, mode 0700,
 * removed with all it holds when the process exits; a forked child leaves it alone. */
const char *rht_tmpdir(void);
/* "DIR/name" of that directory; the caller's, to be freed. */
char *rht_tmp_path(const char *name);

/* A whole file; the caller's, to be freed. One zero byte follows that *bytes does not count.
 * bytes may be NULL. */
char *rht_read_file(const char *path, size_t *bytes);
/* Create or replace, mode 0644 less the umask. */
void rht_write_file(const char *path, const void *data, size_t bytes);

/* Monotonic milliseconds. */
uint64_t rht_now_ms(void);

typedef bool rht_condition_fn(void *arg);

/* Ask again and again, a few ms apart, until the condition holds or deadline_ms have passed
 * since the call; it is asked at least once, and once more at the end. */
bool rht_wait_until(rht_condition_fn *condition, void *arg, uint64_t deadline_ms);

/* Decode text into out[capacity]; returns the bytes. Text that is no hex (no base64), or too
 * long, ends the program. '-' and ' ' between hex bytes are skipped. */
size_t rht_hex(const char *text, uint8_t *out, size_t capacity);
size_t rht_base64(const char *text, uint8_t *out, size_t capacity);

#endif
