#include <rh/err.h>

#include <stdio.h>
#include <stdlib.h>

const char *rh_err_text(enum rh_err err)
{
    static const char *const texts[] = {
#define RH_ERR_TEXT(name, text) text,
        RH_ERR_LIST(RH_ERR_TEXT)
#undef RH_ERR_TEXT
    };
    size_t index = (size_t)err;
    return index < sizeof texts / sizeof texts[0] ? texts[index] : "unknown result";
}

static _Thread_local rh_panic_fn *catcher;

void rh_panic_catch(rh_panic_fn *handler)
{
    catcher = handler;
}

void rh_panic(const char *file, int line, const char *condition)
{
    if (catcher != NULL)
        catcher(file, line, condition);
    fprintf(stderr, "rhub: internal error at %s:%d: %s\n", file, line, condition);
    fflush(stderr);
    abort();
}
