/* Replays a corpus through a fuzz target built without the fuzzing engine:
 *
 *     fuzz_NAME_replay DIRECTORY...
 *
 * Runs every regular file, by name. Exit 1 when a directory cannot be read or holds no file:
 * a corpus that got lost must not look like one that passes. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "support/rht.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void replay(const char *path)
{
    size_t bytes;
    char *text = rht_read_file(path, &bytes);
    /* A copy without the terminator, so that a sanitizer sees one byte too far. */
    uint8_t *data = malloc(bytes > 0 ? bytes : 1);
    if (data == NULL)
        exit(1);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)text[i];
    free(text);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
}

static int replay_directory(const char *directory)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);
    int replayed = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat status;
        int length = snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (length > 0 && (size_t)length < sizeof path && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            replay(path);
            replayed++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    printf("%s: %d inputs\n", directory, replayed);
    return replayed;
}

int main(int argc, char **argv)
{
    bool all = argc > 1;
    for (int i = 1; i < argc; i++)
        all = replay_directory(argv[i]) > 0 && all;
    return all ? 0 : 1;
}
