#include "library.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <rh/err.h>

/* sodium_init may run twice and locks inside itself, so two threads that both find the flag
 * down do no harm; the flag only saves the lock on every later call. */
void rh_library_ready(void)
{
    static atomic_bool ready;
    if (atomic_load_explicit(&ready, memory_order_acquire))
        return;
    rh_assert(sodium_init() >= 0);
    atomic_store_explicit(&ready, true, memory_order_release);
}
