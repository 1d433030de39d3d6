/* A library for LD_PRELOAD: the wall clock of one program, set forward or back while it runs.
 *
 * RHT_WALL names a file that holds a number of milliseconds; so much is added to everything
 * that tells the time of day. It is read again at every call, so a test can set the clock of
 * a running program. The monotonic clock is left alone, as it is when a machine's clock is
 * set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int clock_fn(clockid_t which, struct timespec *out);

static int64_t offset_ms(void)
{
    char text[32] = "";
    const char *path = getenv("RHT_WALL");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t bytes = read(fd, text, sizeof text - 1);
    close(fd);
    return bytes <= 0 ? 0 : strtoll(text, NULL, 10);
}

/* dlsym gives a data pointer; POSIX says that it is a function's all the same. */
static clock_fn *real_clock(void)
{
    union {
        void *data;
        clock_fn *code;
    } found = { .data = dlsym(RTLD_NEXT, "clock_gettime") };
    if (found.data == NULL)
        abort();
    return found.code;
}

int clock_gettime(clockid_t which, struct timespec *out)
{
    int result = real_clock()(which, out);
    if (result != 0 || (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE))
        return result;
    int64_t ms = (int64_t)out->tv_sec * 1000 + out->tv_nsec / 1000000 + offset_ms();
    out->tv_sec = (time_t)(ms / 1000);
    out->tv_nsec = (long)(ms % 1000) * 1000000 + out->tv_nsec % 1000000;
    return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = (suseconds_t)(now.tv_nsec / 1000);
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return (time_t)-1;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
