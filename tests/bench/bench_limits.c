/* What this machine gives: syncs of a file written ahead, LMDB commits, signatures, SHA-256.
 *
 *     bench_limits DIR
 */
#include <rh/hash.h>
#include <rh/sign.h>

#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 400 };

static double now_s(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print_row(const char *what, double *times, int count)
{
    qsort(times, (size_t)count, sizeof times[0], by_value);
    printf("  %-38s p50 %8.3f ms  p99 %8.3f ms  %9.0f /s\n", what, times[count / 2] * 1e3,
           times[count * 99 / 100] * 1e3, 1 / times[count / 2]);
}

static void measure_sync(const char *dir)
{
    static uint8_t block[4096];
    double times[ROUNDS];
    char path[4096];
    snprintf(path, sizeof path, "%s/ahead", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < ROUNDS; i++) {
        if (pwrite(fd, block, sizeof block, i * 4096) < 0)
            exit(1);
    }
    fsync(fd);
    memset(block, 1, sizeof block);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        if (pwrite(fd, block, sizeof block, i * 4096) < 0 || fdatasync(fd) != 0)
            exit(1);
        times[i] = now_s() - start;
    }
    close(fd);
    unlink(path);
    print_row("4 KiB write + fdatasync, written ahead", times, ROUNDS);
}

static void measure_commits(const char *dir, int puts, const char *what)
{
    double times[ROUNDS];
    char path[4096];
    uint8_t value[256] = { 0 };
    uint64_t key = 0;
    struct hub_store *store = NULL;
    snprintf(path, sizeof path, "%s/lmdb-%d", dir, puts);
    const struct hub_store_options options = { .path = path, .map_bytes = UINT64_C(1) << 30,
                                               .tables = 1, .create = true };
    if (hub_store_open(&store, &options, NULL) != RH_OK)
        exit(1);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        for (int p = 0; p < puts; p++) {
            uint8_t name[8];
            key++;
            for (int b = 0; b < 8; b++)
                name[b] = (uint8_t)(key >> (56 - 8 * b));
            if (hub_map_append(hub_store_map(store), 0, (struct rh_bytes){ name, sizeof name },
                               (struct rh_bytes){ value, sizeof value }) != RH_OK)
                exit(1);
        }
        if (hub_store_commit(store) != RH_OK)
            exit(1);
        times[i] = now_s() - start;
    }
    hub_store_close(&store);
    print_row(what, times, ROUNDS);
}

static void measure_crypto(void)
{
    double times[ROUNDS];
    uint8_t message[1024] = { 0 };
    struct rh_sign_public public_key;
    struct rh_sign_secret secret_key;
    struct rh_signature signature;
    struct rh_hash hash;
    rh_sign_keypair(&public_key, &secret_key);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        rh_sign("rhub/bench/1", message, sizeof message, &secret_key, &signature);
        times[i] = now_s() - start;
    }
    print_row("Ed25519 signature of 1 KiB", times, ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        if (rh_sign_verify("rhub/bench/1", message, sizeof message, &public_key, &signature) !=
            RH_OK)
            exit(1);
        times[i] = now_s() - start;
    }
    print_row("Ed25519 verification of 1 KiB", times, ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        for (int r = 0; r < 100; r++)
            rh_hash(message, sizeof message, &hash);
        times[i] = (now_s() - start) / 100;
    }
    print_row("SHA-256 of 1 KiB", times, ROUNDS);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: bench_limits DIR\n");
        return 64;
    }
    measure_sync(argv[1]);
    measure_commits(argv[1], 1, "LMDB commit of 1 row");
    measure_commits(argv[1], 64, "LMDB commit of 64 rows");
    measure_crypto();
    return 0;
}
