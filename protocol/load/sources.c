/* POSIX for the listing of a folder; nothing else here asks the system anything. */
#include "load/sources.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/yaml.h"

enum { ENTRIES_MAX = 4096 };

/* ---- a set of files -------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    const size_t bytes = strlen(name);
    if (bytes == 0 || bytes > RH_LOAD_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        const char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) &&
            strchr("._-/", c) == NULL)
            return false;
    }
    return true;
}

static char *copy(const char *data, size_t bytes)
{
    char *out = malloc(bytes + 1);
    if (out != NULL) {
        memcpy(out, data, bytes);
        out[bytes] = '\0';
    }
    return out;
}

static enum rh_err fill(struct rh_load_source *source, const char *name, const char *path,
                        const char *text, size_t bytes)
{
    const char *shown = path != NULL ? path : name;
    source->path = copy(shown, strlen(shown));
    source->text = copy(text, bytes);
    if (source->path == NULL || source->text == NULL) {
        free(source->path);
        free(source->text);
        return RH_ERR_NOMEM;
    }
    memcpy(source->name, name, strlen(name) + 1);
    source->bytes = bytes;
    return RH_OK;
}

enum rh_err rh_load_sources_add(struct rh_load_sources *sources, const char *name,
                                const char *path, const char *text, size_t bytes)
{
    if (sources->count == RH_LOAD_SOURCES_MAX)
        return RH_ERR_FULL;
    if (!is_name(name))
        return RH_ERR_INVALID;
    struct rh_load_source *source = &sources->list[sources->count];
    if (sources->count > 0 && strcmp(source[-1].name, name) >= 0)
        return RH_ERR_EXISTS;
    const enum rh_err err = fill(source, name, path, text, bytes);
    if (err == RH_OK)
        sources->count++;
    return err;
}

void rh_load_sources_drop(struct rh_load_sources *sources, const char *name)
{
    size_t at = 0;
    while (at < sources->count && strcmp(sources->list[at].name, name) != 0)
        at++;
    if (at == sources->count)
        return;
    free(sources->list[at].path);
    free(sources->list[at].text);
    sources->count--;
    memmove(&sources->list[at], &sources->list[at + 1],
            (sources->count - at) * sizeof sources->list[0]);
}

enum rh_err rh_load_sources_put(struct rh_load_sources *sources, const char *name,
                                const char *path, const char *text, size_t bytes)
{
    struct rh_load_source made;
    size_t at = 0;
    if (!is_name(name))
        return RH_ERR_INVALID;
    rh_load_sources_drop(sources, name);
    if (sources->count == RH_LOAD_SOURCES_MAX)
        return RH_ERR_FULL;
    const enum rh_err err = fill(&made, name, path, text, bytes);
    if (err != RH_OK)
        return err;
    while (at < sources->count && strcmp(sources->list[at].name, name) < 0)
        at++;
    memmove(&sources->list[at + 1], &sources->list[at],
            (sources->count - at) * sizeof sources->list[0]);
    sources->list[at] = made;
    sources->count++;
    return RH_OK;
}

void rh_load_sources_close(struct rh_load_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->list[i].path);
        free(sources->list[i].text);
    }
    sources->count = 0;
}

/* ---- reading a directory --------------------------------------------------------------- */

struct reading {
    const char *dir;
    struct rh_load_sources *out;
    struct rh_load_report *report;
    char *room; /* for one file and a byte more */
};

/* "DIR/NAME"; caller frees; NULL without memory. */
static char *join(const char *dir, const char *name)
{
    const size_t dir_bytes = strlen(dir);
    const bool slash = dir_bytes > 0 && dir[dir_bytes - 1] == '/';
    const size_t capacity = dir_bytes + strlen(name) + 2;
    char *out = malloc(capacity);
    if (out != NULL)
        (void)snprintf(out, capacity, "%s%s%s", dir, slash ? "" : "/", name);
    return out;
}

static enum rh_err read_bytes(struct reading *reading, const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        const int error = errno;
        rh_load_report_file(reading->report, path, "cannot be opened: %s", strerror(error));
        return error == ENOENT ? RH_ERR_CONFIG : RH_ERR_IO;
    }
    *bytes = fread(reading->room, 1, RH_YAML_BYTES_MAX + 1, file);
    const int error = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (error != 0) {
        rh_load_report_file(reading->report, path, "cannot be read: %s", strerror(error));
        return RH_ERR_IO;
    }
    if (*bytes > RH_YAML_BYTES_MAX) {
        rh_load_report_file(reading->report, path, "is larger than %d bytes",
                            RH_YAML_BYTES_MAX);
        return RH_ERR_CONFIG;
    }
    return RH_OK;
}

static enum rh_err read_file(struct reading *reading, const char *name)
{
    size_t bytes = 0;
    char *path = join(reading->dir, name);
    if (path == NULL)
        return RH_ERR_NOMEM;
    enum rh_err err = read_bytes(reading, path, &bytes);
    if (err == RH_OK)
        err = rh_load_sources_add(reading->out, name, path, reading->room, bytes);
    if (err == RH_ERR_FULL || err == RH_ERR_INVALID || err == RH_ERR_EXISTS) {
        rh_load_report_file(reading->report, path,
                            err == RH_ERR_FULL
                                ? "is one file too many"
                                : "has a name that cannot be kept; use letters, digits, ._-");
        err = RH_ERR_CONFIG;
    }
    free(path);
    return err;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t bytes = strlen(name);
    const size_t end_bytes = strlen(end);
    return bytes > end_bytes && strcmp(name + bytes - end_bytes, end) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The YAML files of an open folder as "folder/name". */
static enum rh_err list_folder(struct reading *reading, DIR *stream, const char *folder,
                               char **names, size_t *count)
{
    const struct dirent *entry;
    size_t seen = 0;

    *count = 0;
    while ((entry = readdir(stream)) != NULL && seen++ < ENTRIES_MAX) {
        if (entry->d_name[0] == '.')
            continue;
        if (ends_with(entry->d_name, ".yml")) {
            rh_load_report_file(reading->report, entry->d_name,
                                "in %s would be passed over; let it end in .yaml",
                                folder);
            return RH_ERR_CONFIG;
        }
        if (!ends_with(entry->d_name, ".yaml"))
            continue;
        if (*count == RH_LOAD_SOURCES_MAX) {
            rh_load_report_file(reading->report, folder, "holds more than %d files",
                                RH_LOAD_SOURCES_MAX);
            return RH_ERR_CONFIG;
        }
        names[*count] = join(folder, entry->d_name);
        if (names[*count] == NULL)
            return RH_ERR_NOMEM;
        (*count)++;
    }
    qsort(names, *count, sizeof *names, by_name);
    return RH_OK;
}

static enum rh_err read_folder(struct reading *reading, const char *folder, bool needed)
{
    char *names[RH_LOAD_SOURCES_MAX];
    size_t count = 0;
    char *path = join(reading->dir, folder);
    if (path == NULL)
        return RH_ERR_NOMEM;
    DIR *stream = opendir(path);
    enum rh_err err = RH_OK;
    if (stream != NULL) {
        err = list_folder(reading, stream, folder, names, &count);
        (void)closedir(stream);
    } else if (errno != ENOENT) {
        rh_load_report_file(reading->report, path, "cannot be opened: %s", strerror(errno));
        err = RH_ERR_IO;
    }
    if (err == RH_OK && count == 0 && needed) {
        rh_load_report_file(reading->report, path, "holds no .yaml file; a hub needs one");
        err = RH_ERR_CONFIG;
    }
    for (size_t i = 0; i < count; i++) {
        const enum rh_err one = read_file(reading, names[i]);
        err = err == RH_OK ? one : err;
        free(names[i]);
    }
    free(path);
    return err;
}

enum rh_err rh_load_sources_read(struct rh_load_sources *out, const char *dir,
                                 struct rh_load_report *report)
{
    struct reading reading = { dir, out, report, malloc(RH_YAML_BYTES_MAX + 1) };

    out->count = 0;
    if (reading.room == NULL)
        return RH_ERR_NOMEM;
    /* In the order of names, so that the same files give the same bytes. */
    enum rh_err err = read_folder(&reading, "calendars", true);
    enum rh_err more = read_folder(&reading, "procedures", true);
    err = err == RH_OK ? more : err;
    more = read_folder(&reading, "routing", false);
    err = err == RH_OK ? more : err;
    more = read_folder(&reading, "screening", false);
    err = err == RH_OK ? more : err;
    more = read_file(&reading, "settings.yaml");
    free(reading.room);
    return err == RH_OK ? more : err;
}

/* ---- canonical form -------------------------------------------------------------------- */

enum rh_err rh_load_sources_encode(const struct rh_load_sources *sources,
                                   struct rh_writer *writer)
{
    rh_writer_array(writer, (uint32_t)sources->count);
    for (size_t i = 0; i < sources->count; i++) {
        const struct rh_load_source *source = &sources->list[i];
        rh_writer_array(writer, 2);
        rh_writer_text(writer, source->name);
        rh_writer_bin(writer, (const uint8_t *)source->text, source->bytes);
    }
    return writer->err;
}

enum rh_err rh_load_sources_decode(struct rh_bytes bytes, struct rh_load_sources *out)
{
    struct rh_reader reader;
    char name[RH_LOAD_NAME_BYTES_MAX + 1];

    out->count = 0;
    if (rh_codec_check(bytes.data, bytes.bytes, SIZE_MAX, NULL) != RH_OK)
        return RH_ERR_INVALID;
    rh_reader_init(&reader, bytes.data, bytes.bytes);
    const uint32_t count = rh_reader_array(&reader, RH_LOAD_SOURCES_MAX);
    for (uint32_t i = 0; i < count && reader.err == RH_OK; i++) {
        if (rh_reader_array(&reader, 2) != 2)
            rh_reader_fail(&reader);
        rh_reader_text(&reader, name, sizeof name);
        const struct rh_bytes text = rh_reader_bin(&reader, RH_YAML_BYTES_MAX);
        if (reader.err != RH_OK)
            break;
        const enum rh_err err =
            rh_load_sources_add(out, name, NULL, (const char *)text.data, text.bytes);
        if (err == RH_ERR_NOMEM)
            return err;
        if (err != RH_OK)
            rh_reader_fail(&reader);
    }
    return rh_reader_finish(&reader) == RH_OK ? RH_OK : RH_ERR_INVALID;
}
