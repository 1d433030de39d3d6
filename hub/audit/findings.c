#include "audit/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    bool is_break;
    const char *name;
    const char *sentence;
} codes[HUB_FINDING_CODES] = {
#define HUB_FINDING_ROW(symbol, is_break, code, sentence) { is_break, code, sentence },
    HUB_FINDING_LIST(HUB_FINDING_ROW)
#undef HUB_FINDING_ROW
};

void hub_findings_init(struct hub_findings *findings, bool first)
{
    *findings = (struct hub_findings){ .first = first };
}

void hub_findings_fini(struct hub_findings *findings)
{
    free(findings->list);
    *findings = (struct hub_findings){ 0 };
}

static void print_detail(struct hub_finding *finding, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void print_detail(struct hub_finding *finding, const char *format, va_list arguments)
{
    vsnprintf(finding->detail, sizeof finding->detail, rh_text(format), arguments);
}

struct hub_finding hub_finding_make(enum hub_finding_code code, uint64_t index,
                                    const char *format, ...)
{
    struct hub_finding finding = { .code = code, .index = index };
    va_list arguments;
    va_start(arguments, format);
    print_detail(&finding, format, arguments);
    va_end(arguments);
    return finding;
}

void hub_findings_add(struct hub_findings *findings, const struct hub_finding *finding)
{
    bool is_break = codes[finding->code].is_break;
    if (is_break)
        findings->breaks++;
    else
        findings->notices++;
    if (is_break && findings->first)
        findings->over = true;
    if (findings->count == HUB_FINDINGS_MAX)
        return;
    if (findings->count == findings->capacity) {
        size_t capacity = findings->capacity == 0 ? 16 : findings->capacity * 2;
        struct hub_finding *grown = realloc(findings->list, capacity * sizeof *grown);
        if (grown == NULL) {
            findings->over = true; /* counted, and nothing more can be said */
            return;
        }
        findings->list = grown;
        findings->capacity = capacity;
    }
    findings->list[findings->count] = *finding;
    findings->list[findings->count++].last_good = findings->last_good;
}

void hub_findings_say(struct hub_findings *findings, enum hub_finding_code code, uint64_t index,
                      const char *format, ...)
{
    struct hub_finding finding = { .code = code, .index = index };
    va_list arguments;
    va_start(arguments, format);
    print_detail(&finding, format, arguments);
    va_end(arguments);
    hub_findings_add(findings, &finding);
}

bool hub_finding_is_break(enum hub_finding_code code)
{
    rh_assert(code < HUB_FINDING_CODES);
    return codes[code].is_break;
}

const char *hub_finding_name(enum hub_finding_code code)
{
    rh_assert(code < HUB_FINDING_CODES);
    return codes[code].name;
}

const char *hub_finding_sentence(enum hub_finding_code code)
{
    rh_assert(code < HUB_FINDING_CODES);
    return rh_text(codes[code].sentence);
}
