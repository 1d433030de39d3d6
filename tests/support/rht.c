#include "support/rht.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, WAIT_STEP_MS = 5 };

static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "rht: %s %s: %s\n", what, name, strerror(errno));
    exit(1);
}

/* ---- randomness ---- */

void rht_random_seed(struct rht_random *random, uint64_t seed)
{
    random->state = seed;
}

void rht_random_init(struct rht_random *random)
{
    uint64_t seed = 20190731;
    const char *text = getenv("RHT_SEED");
    if (text != NULL && text[0] != '\0') {
        char *end;
        errno = 0;
        seed = strtoull(text, &end, 0);
        if (errno != 0 || *end != '\0') {
            errno = EINVAL;
            give_up("cannot read RHT_SEED", text);
        }
    }
    fprintf(stderr, "RHT_SEED=%" PRIu64 "\n", seed);
    rht_random_seed(random, seed);
}

uint64_t rht_random_u64(struct rht_random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = random->state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint64_t rht_random_below(struct rht_random *random, uint64_t bound)
{
    /* Draw again in the last, incomplete stretch, so that no value is favoured. */
    uint64_t whole = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value;
    do {
        value = rht_random_u64(random);
    } while (value >= whole);
    return value % bound;
}

uint64_t rht_random_between(struct rht_random *random, uint64_t low, uint64_t high)
{
    uint64_t span = high - low;
    return span == UINT64_MAX ? rht_random_u64(random)
                              : low + rht_random_below(random, span + 1);
}

bool rht_random_once_in(struct rht_random *random, uint64_t n)
{
    return rht_random_below(random, n) == 0;
}

void rht_random_fill(struct rht_random *random, void *out, size_t bytes)
{
    uint8_t *to = out;
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)rht_random_u64(random);
}

/* ---- places ---- */

static char directory[PATH_BYTES];
static pid_t owner;

/* Remove what `parent` holds under `name`, however deep; links are removed, not followed. */
static void remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        unlinkat(parent, name, 0);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_tree(fd, entry->d_name);
    }
    closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR);
}

static void remove_directory(void)
{
    if (getpid() == owner)
        remove_tree(AT_FDCWD, directory);
}

const char *rht_tmpdir(void)
{
    if (directory[0] != '\0')
        return directory;
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    int length = snprintf(directory, sizeof directory, "%s/rht-XXXXXX", base);
    if (length < 0 || (size_t)length >= sizeof directory || mkdtemp(directory) == NULL)
        give_up("cannot make a directory under", base);
    owner = getpid();
    atexit(remove_directory);
    return directory;
}

char *rht_tmp_path(const char *name)
{
    const char *base = rht_tmpdir();
    size_t bytes = strlen(base) + 1 + strlen(name) + 1;
    char *path = malloc(bytes);
    if (path == NULL)
        give_up("no memory for", name);
    snprintf(path, bytes, "%s/%s", base, name);
    return path;
}

/* ---- files ---- */

char *rht_read_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        give_up("cannot open", path);
    size_t capacity = 4096;
    size_t used = 0;
    char *data = NULL;
    do {
        capacity *= 2;
        char *larger = realloc(data, capacity);
        if (larger == NULL)
            give_up("no memory for", path);
        data = larger;
        used += fread(data + used, 1, capacity - 1 - used, file);
    } while (used == capacity - 1);
    if (ferror(file))
        give_up("cannot read", path);
    fclose(file);
    data[used] = '\0';
    if (bytes != NULL)
        *bytes = used;
    return data;
}

void rht_write_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        give_up("cannot create", path);
    if (fwrite(data, 1, bytes, file) != bytes)
        give_up("cannot write", path);
    if (fclose(file) != 0)
        give_up("cannot write", path);
}

/* ---- waiting ---- */

uint64_t rht_now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        give_up("cannot read", "the monotonic clock");
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool rht_wait_until(rht_condition_fn *condition, void *arg, uint64_t deadline_ms)
{
    uint64_t start = rht_now_ms();
    for (;;) {
        bool late = rht_now_ms() - start >= deadline_ms;
        if (condition(arg))
            return true;
        if (late)
            return false;
        struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };
        nanosleep(&step, NULL);
    }
}

/* ---- text to bytes ---- */

static int digit(char c, const char *alphabet)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

static void store(uint8_t *out, size_t capacity, size_t *bytes, unsigned value,
                  const char *text)
{
    if (*bytes == capacity) {
        errno = EOVERFLOW;
        give_up("cannot decode", text);
    }
    out[(*bytes)++] = (uint8_t)value;
}

size_t rht_hex(const char *text, uint8_t *out, size_t capacity)
{
    static const char digits[] = "0123456789abcdef";
    size_t bytes = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '-' || *at == ' ')
            continue;
        int high = digit(at[0], digits);
        int low = digit(at[1], digits);
        if (high < 0 || low < 0) {
            errno = EINVAL;
            give_up("cannot decode", text);
        }
        store(out, capacity, &bytes, (unsigned)(high * 16 + low), text);
        at++;
    }
    return bytes;
}

size_t rht_base64(const char *text, uint8_t *out, size_t capacity)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bytes = 0;
    unsigned held = 0;
    unsigned bits = 0;
    for (const char *at = text; *at != '\0' && *at != '='; at++) {
        int value = digit(*at, digits);
        if (value < 0) {
            errno = EINVAL;
            give_up("cannot decode", text);
        }
        held = (held << 6 | (unsigned)value) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            store(out, capacity, &bytes, held >> bits & 0xFF, text);
        }
    }
    return bytes;
}
