/* Results of our own functions, and the assertion that guards our own mistakes.
 *
 * Three kinds of trouble, three treatments: our bug stops the process (rh_assert); the
 * world's failures are an enum rh_err checked at every call; a peer's mistake is neither,
 * it becomes a refusal with a code of the catalogue (rh/refusal.h). */
#ifndef RH_ERR_H
#define RH_ERR_H

#define RH_ERR_LIST(X)                                                                  \
    X(RH_OK, "success")                                                                 \
    X(RH_ERR_FULL, "a configured bound is reached")                                     \
    X(RH_ERR_NOTFOUND, "no such entry")                                                 \
    X(RH_ERR_EXISTS, "the entry exists already")                                        \
    X(RH_ERR_INVALID, "bytes or values break the format")                               \
    X(RH_ERR_CORRUPT, "stored bytes fail their check")                                  \
    X(RH_ERR_IO, "the storage device failed")                                           \
    X(RH_ERR_NOSPACE, "no space left on the storage device")                            \
    X(RH_ERR_CRYPTO, "a signature, seal or key fails its check")                        \
    X(RH_ERR_DENIED, "not permitted")                                                   \
    X(RH_ERR_AGAIN, "temporary, try again later")                                       \
    X(RH_ERR_TIMEOUT, "gave up waiting")                                                \
    X(RH_ERR_CLOSED, "the other side is gone")                                          \
    X(RH_ERR_NOMEM, "out of memory")                                                    \
    X(RH_ERR_CONFIG, "the configuration cannot be used")                                \
    X(RH_ERR_USAGE, "wrong usage")

enum rh_err {
#define RH_ERR_ENUM(name, text) name,
    RH_ERR_LIST(RH_ERR_ENUM)
#undef RH_ERR_ENUM
};

/* The English sentence of a result; a static string, never NULL. */
const char *rh_err_text(enum rh_err err);

/* Stop the process with the place and the broken condition on standard error. */
_Noreturn void rh_panic(const char *file, int line, const char *condition);

/* Whoever runs our code on a state that somebody else made (an auditor who decides a foreign
 * log again) takes a broken condition as an answer: `handler` is called instead of stopping, in
 * the thread that set it, and must leave by longjmp; when it returns, the process stops after
 * all. Only around code that holds nothing: no lock, no memory, no file. NULL ends it. */
typedef void rh_panic_fn(const char *file, int line, const char *condition);
void rh_panic_catch(rh_panic_fn *handler);

/* A condition that only a bug of ours can break; checked in every build. Never for what a
 * peer, a file or an operator supplied. */
#define rh_assert(cond) ((cond) ? (void)0 : rh_panic(__FILE__, __LINE__, #cond))

#endif
