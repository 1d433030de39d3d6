#include "runtime/import_text.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RAW_BYTES = 32 * 1024, NO_CHARACTER = 0xff };

#define NO_CONVERTER ((iconv_t)-1) /* as iconv_open says it */

struct agent_text {
    int fd;
    enum rh_import_encoding encoding;
    bool big_endian;
    uint64_t total;
    uint64_t at;       /* offset of what is read next */
    uint64_t skip;     /* byte order mark */
    iconv_t converter; /* NO_CONVERTER: UTF-8 is handed on as it is */
    uint8_t raw[RAW_BYTES];
    size_t raw_at, raw_bytes;
    bool over;         /* the file has been read to its end */
    /* Looking through: what a reading as UTF-8 would meet. */
    uint64_t good, bad;
};

/* ---- UTF-8 ------------------------------------------------------------------------------ */

int agent_utf8_length(const uint8_t *data, size_t bytes)
{
    uint8_t first = data[0], low = 0x80, high = 0xbf;
    int length;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first == 0xe0)
        low = 0xa0; /* shorter forms */
    else if (first == 0xed)
        high = 0x9f; /* surrogates */
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    for (int i = 1; i < length; i++) {
        if ((size_t)i == bytes)
            return -1;
        if (data[i] < low || data[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

bool agent_utf8_valid(const char *data, size_t bytes)
{
    const uint8_t *at = (const uint8_t *)data;
    while (bytes > 0) {
        int length = agent_utf8_length(at, bytes);
        if (length <= 0)
            return false;
        at += length;
        bytes -= (size_t)length;
    }
    return true;
}

/* ---- opening ---------------------------------------------------------------------------- */

static enum rh_err from_errno(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return RH_ERR_NOTFOUND;
    case EACCES:
    case EPERM:
        return RH_ERR_DENIED;
    default:
        return RH_ERR_IO;
    }
}

/* Fill `raw` from the file. Fewer bytes than asked for are the end. */
static enum rh_err fill(struct agent_text *text)
{
    memmove(text->raw, text->raw + text->raw_at, text->raw_bytes - text->raw_at);
    text->raw_bytes -= text->raw_at;
    text->raw_at = 0;
    while (!text->over && text->raw_bytes < sizeof text->raw) {
        ssize_t got = pread(text->fd, text->raw + text->raw_bytes,
                            sizeof text->raw - text->raw_bytes, (off_t)text->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return RH_ERR_IO;
        text->over = got == 0;
        text->raw_bytes += (size_t)got;
        text->at += (uint64_t)got;
    }
    return RH_OK;
}

static void rewind_to(struct agent_text *text, uint64_t offset)
{
    text->at = offset;
    text->raw_at = text->raw_bytes = 0;
    text->over = false;
}

/* A mark decides, whatever the map says: nothing else begins with these bytes. */
static void look_for_mark(struct agent_text *text)
{
    const uint8_t *raw = text->raw;
    if (text->raw_bytes >= 3 && memcmp(raw, "\xef\xbb\xbf", 3) == 0) {
        text->encoding = RH_ENCODING_UTF_8;
        text->skip = 3;
    } else if (text->raw_bytes >= 2 && raw[0] == 0xff && raw[1] == 0xfe) {
        text->encoding = RH_ENCODING_UTF_16;
        text->skip = 2;
    } else if (text->raw_bytes >= 2 && raw[0] == 0xfe && raw[1] == 0xff) {
        text->encoding = RH_ENCODING_UTF_16;
        text->big_endian = true;
        text->skip = 2;
    }
}

static enum rh_err open_file(struct agent_text *text, const char *path)
{
    struct stat about;
    text->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (text->fd < 0)
        return from_errno(errno);
    if (fstat(text->fd, &about) != 0)
        return RH_ERR_IO;
    if (!S_ISREG(about.st_mode))
        return RH_ERR_INVALID;
    text->total = (uint64_t)about.st_size;
    return fill(text);
}

static enum rh_err open_converter(struct agent_text *text)
{
    const char *name = text->encoding == RH_ENCODING_GB18030 ? "GB18030"
                       : text->big_endian                    ? "UTF-16BE"
                                                             : "UTF-16LE";
    if (text->encoding == RH_ENCODING_AUTO || text->encoding == RH_ENCODING_UTF_8)
        return RH_OK;
    text->converter = iconv_open("UTF-8", name);
    return text->converter == NO_CONVERTER ? RH_ERR_CONFIG : RH_OK;
}

enum rh_err agent_text_open(const char *path, enum rh_import_encoding wanted,
                            struct agent_text **out)
{
    struct agent_text *text = calloc(1, sizeof *text);
    rh_assert(text != NULL);
    text->encoding = wanted;
    text->converter = NO_CONVERTER;
    enum rh_err err = open_file(text, path);
    if (err == RH_OK) {
        look_for_mark(text);
        rewind_to(text, text->skip);
        err = open_converter(text);
    }
    if (err != RH_OK) {
        agent_text_close(&text);
        return err;
    }
    *out = text;
    return RH_OK;
}

void agent_text_close(struct agent_text **pointer)
{
    struct agent_text *text = *pointer;
    *pointer = NULL;
    if (text == NULL)
        return;
    if (text->converter != NO_CONVERTER)
        iconv_close(text->converter);
    if (text->fd >= 0)
        close(text->fd);
    free(text);
}

/* ---- finding out ------------------------------------------------------------------------ */

/* Characters of several bytes that are UTF-8, and places that are not. */
static void weigh(struct agent_text *text)
{
    while (text->raw_at < text->raw_bytes) {
        int length = agent_utf8_length(text->raw + text->raw_at,
                                       text->raw_bytes - text->raw_at);
        if (length < 0 && !text->over)
            return; /* the rest comes with the next piece */
        text->good += length > 1 ? 1 : 0;
        text->bad += length <= 0 ? 1 : 0;
        text->raw_at += length > 0 ? (size_t)length : 1;
    }
}

/* A few damaged bytes must not turn a whole table of UTF-8 into other characters: Chinese in
 * GB18030 meets something that is no UTF-8 in four of five characters, so the greater number
 * tells. */
enum rh_err agent_text_settle(struct agent_text *text, uint64_t bytes)
{
    uint64_t end = text->at + bytes;
    if (text->encoding != RH_ENCODING_AUTO)
        return RH_OK;
    while (!text->over && text->at < end) {
        enum rh_err err = fill(text);
        if (err != RH_OK)
            return err;
        weigh(text);
    }
    if (!text->over)
        return RH_ERR_AGAIN;
    text->encoding = text->bad == 0 || text->good > text->bad ? RH_ENCODING_UTF_8
                                                              : RH_ENCODING_GB18030;
    rewind_to(text, text->skip);
    return open_converter(text);
}

/* ---- reading ---------------------------------------------------------------------------- */

/* Step over what is no character: one byte, or one unit of UTF-16. */
static void step_over(struct agent_text *text, char **out, size_t *room)
{
    size_t unit = text->encoding == RH_ENCODING_UTF_16 ? 2 : 1;
    size_t left = text->raw_bytes - text->raw_at;
    text->raw_at += left < unit ? left : unit;
    *(*out)++ = (char)NO_CHARACTER;
    (*room)--;
}

static enum rh_err convert(struct agent_text *text, char *out, size_t capacity, size_t *bytes)
{
    char *to = out;
    size_t room = capacity;
    while (room > AGENT_TEXT_BYTES_MIN / 2) {
        enum rh_err err = text->raw_bytes - text->raw_at < 8 ? fill(text) : RH_OK;
        if (err != RH_OK)
            return err;
        char *from = (char *)text->raw + text->raw_at;
        size_t left = text->raw_bytes - text->raw_at;
        if (left == 0)
            break;
        size_t result = iconv(text->converter, &from, &left, &to, &room);
        int code = errno;
        text->raw_at = text->raw_bytes - left;
        if (result != (size_t)-1)
            continue;
        if (code == E2BIG)
            break;
        /* EINVAL: the last character is cut; more of the file may complete it. */
        if (code == EINVAL && !text->over && left < 8)
            continue;
        step_over(text, &to, &room);
    }
    *bytes = (size_t)(to - out);
    return RH_OK;
}

enum rh_err agent_text_read(struct agent_text *text, char *out, size_t capacity, size_t *bytes)
{
    rh_assert(capacity >= AGENT_TEXT_BYTES_MIN && text->encoding != RH_ENCODING_AUTO);
    *bytes = 0;
    if (text->converter != NO_CONVERTER)
        return convert(text, out, capacity, bytes);
    enum rh_err err = text->raw_at == text->raw_bytes ? fill(text) : RH_OK;
    size_t left = text->raw_bytes - text->raw_at;
    *bytes = left < capacity ? left : capacity;
    if (err == RH_OK && *bytes > 0)
        memcpy(out, text->raw + text->raw_at, *bytes);
    text->raw_at += *bytes;
    return err;
}

enum rh_import_encoding agent_text_encoding(const struct agent_text *text)
{
    return text->encoding;
}

const char *agent_text_encoding_name(enum rh_import_encoding encoding)
{
    switch (encoding) {
    case RH_ENCODING_UTF_8:
        return "utf-8";
    case RH_ENCODING_GB18030:
        return "gb18030";
    case RH_ENCODING_UTF_16:
        return "utf-16";
    case RH_ENCODING_AUTO:
        break;
    }
    return "auto";
}

uint64_t agent_text_taken(const struct agent_text *text)
{
    return text->at - (text->raw_bytes - text->raw_at);
}

uint64_t agent_text_total(const struct agent_text *text)
{
    return text->total;
}
