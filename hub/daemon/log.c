#include "daemon/log.h"

#include "engine/hubtime.h"

#include <rh/date.h>
#include <rh/refusal.h>

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_BYTES = 1000, APART_MS = 1000 };

static uint64_t hub_now_ms;
static bool error_said;

void hub_log_hub_time(uint64_t hub_ms)
{
    hub_now_ms = hub_ms;
}

bool hub_log_has_error(void)
{
    return error_said;
}

/* A JSON string; control characters of whatever came from outside cannot break the line. */
static void put_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\":\"", name);
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7F)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void put_member(FILE *out, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fputc(',', out);
    put_text(out, name, text);
}

static void put_times(FILE *out)
{
    char text[RH_INSTANT_TEXT_BYTES];
    uint64_t wall_ms = hub_time_system_wall();
    rh_instant_format_utc(wall_ms, text);
    put_text(out, "at", text);
    uint64_t apart_ms = wall_ms > hub_now_ms ? wall_ms - hub_now_ms : hub_now_ms - wall_ms;
    if (hub_now_ms == 0 || apart_ms <= APART_MS)
        return;
    rh_instant_format_utc(hub_now_ms, text);
    put_member(out, "hub_time", text);
}

static void put_about(FILE *out, const struct hub_log_about *about)
{
    put_member(out, "agency", about->agency);
    if (about->code != 0) {
        char code[RH_REFUSAL_TEXT_BYTES];
        rh_refusal_format(about->code, code);
        put_member(out, "code", code);
    }
    put_member(out, "key", about->key);
    put_member(out, "from", about->from);
    if (about->count > 1)
        fprintf(out, ",\"count\":%llu", (unsigned long long)about->count);
}

void hub_log(enum hub_log_level level, const char *event, const struct hub_log_about *about,
             const char *text)
{
    static const char *const names[] = { "info", "warning", "error" };
    static char line[16 * 1024];
    /* In one piece, so that a door which writes to the same place cannot come between. */
    FILE *out = fmemopen(line, sizeof line, "w");
    if (out == NULL)
        out = stderr;
    fputc('{', out);
    put_times(out);
    put_member(out, "level", names[level]);
    put_member(out, "event", event);
    if (about != NULL)
        put_about(out, about);
    put_member(out, "text", text);
    if (about != NULL)
        put_member(out, "detail", about->detail);
    fputs("}\n", out);
    if (out != stderr) {
        fclose(out);
        fputs(line, stderr);
    }
    fflush(stderr);
    if (level == HUB_LOG_ERROR)
        error_said = true;
}

void hub_logf(enum hub_log_level level, const char *event, const struct hub_log_about *about,
              const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hub_log(level, event, about, text);
}
