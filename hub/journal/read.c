/* Reading one record back. */
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* First byte and number of the sectors that hold a record; false when the location cannot be
 * one. */
static bool sectors_of(const struct hub_journal_location *location, uint32_t *from,
                       uint32_t *sectors)
{
    uint32_t within = location->offset % HUB_SECTOR_BYTES;
    if (location->offset < HUB_BLOCK_BYTES + HUB_FRAME_HEAD_BYTES ||
        location->offset >= HUB_JOURNAL_SEGMENT_BYTES_MAX || within >= HUB_SECTOR_PAYLOAD ||
        location->bytes < HUB_JOURNAL_RECORD_HEAD_BYTES ||
        location->bytes > HUB_PAYLOAD_BYTES_MAX - HUB_FRAME_HEAD_BYTES ||
        location->bytes % HUB_RECORD_ALIGN != 0)
        return false;
    *from = location->offset - within;
    *sectors = (within + location->bytes + HUB_SECTOR_PAYLOAD - 1) / HUB_SECTOR_PAYLOAD;
    return true;
}

size_t hub_journal_read_bytes(const struct hub_journal_location *location)
{
    uint32_t from, sectors;
    if (!sectors_of(location, &from, &sectors))
        return 0;
    return (size_t)sectors * HUB_SECTOR_BYTES;
}

/* An open file of the segment. *place is NULL when it is not kept: close it after use. */
static enum rh_err open_file(struct hub_journal *journal, uint64_t segment, int *fd,
                             struct hub_open_file **place)
{
    struct hub_open_file *oldest = NULL;
    *place = NULL;
    for (size_t i = 0; i < HUB_FILE_CACHE; i++) {
        struct hub_open_file *file = &journal->files[i];
        if (file->fd >= 0 && file->segment == segment) {
            *place = file;
            break;
        }
        if (file->users == 0 && (oldest == NULL || file->used < oldest->used))
            oldest = file;
    }
    if (*place == NULL) {
        char name[HUB_SEGMENT_NAME_BYTES];
        hub_segment_name(segment, name);
        *fd = openat(journal->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (*fd < 0)
            return hub_file_error(errno);
        if (oldest == NULL)
            return RH_OK;
        if (oldest->fd >= 0)
            close(oldest->fd);
        *oldest = (struct hub_open_file){ .fd = *fd, .segment = segment };
        *place = oldest;
    }
    (*place)->users++;
    (*place)->used = ++journal->files_stamp;
    *fd = (*place)->fd;
    return RH_OK;
}

static enum rh_err read_sectors(struct hub_journal *journal, uint64_t segment, uint32_t from,
                                uint8_t *buffer, size_t bytes)
{
    int fd;
    struct hub_open_file *place;
    size_t got = 0;
    pthread_mutex_lock(&journal->files_mutex);
    enum rh_err err = open_file(journal, segment, &fd, &place);
    pthread_mutex_unlock(&journal->files_mutex);
    if (err != RH_OK)
        return err;
    err = hub_file_read(fd, buffer, bytes, from, &got);
    pthread_mutex_lock(&journal->files_mutex);
    if (place != NULL)
        place->users--;
    pthread_mutex_unlock(&journal->files_mutex);
    if (place == NULL)
        close(fd);
    return err == RH_OK && got != bytes ? RH_ERR_CORRUPT : err;
}

static bool is_synced(struct hub_journal *journal, uint64_t index)
{
    if (journal->read_only)
        return true;
    pthread_mutex_lock(&journal->mutex);
    bool synced = index < journal->next_index;
    pthread_mutex_unlock(&journal->mutex);
    return synced;
}

enum rh_err hub_journal_read(struct hub_journal *journal,
                             const struct hub_journal_location *location, uint8_t *buffer,
                             size_t buffer_bytes, struct hub_journal_record *out,
                             enum hub_journal_content *content)
{
    uint32_t from, sectors;
    enum hub_journal_content found = HUB_JOURNAL_CONTENT_NONE;
    memset(out, 0, sizeof *out);
    if (content != NULL)
        *content = found;
    if (!sectors_of(location, &from, &sectors))
        return RH_ERR_INVALID;
    if (!is_synced(journal, location->index))
        return RH_ERR_NOTFOUND;
    size_t bytes = (size_t)sectors * HUB_SECTOR_BYTES;
    if (buffer_bytes < bytes)
        return RH_ERR_FULL;
    enum rh_err err = read_sectors(journal, location->segment, from, buffer, bytes);
    if (err != RH_OK)
        return err;
    if (hub_format_unstuff(buffer, buffer, sectors) != sectors)
        return RH_ERR_CORRUPT;
    struct hub_fault fault;
    size_t used;
    uint64_t checksum;
    err = hub_format_record_decode(buffer + location->offset % HUB_SECTOR_BYTES,
                                   location->bytes, location->index, out, &used, &checksum,
                                   &found, &fault);
    if (content != NULL)
        *content = found;
    if (err != RH_OK && !fault.content)
        memset(out, 0, sizeof *out);
    return err == RH_OK && used != location->bytes ? RH_ERR_CORRUPT : err;
}
