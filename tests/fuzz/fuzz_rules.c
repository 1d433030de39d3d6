/* The compiled form of rules, as it comes out of a journal that somebody else kept.
 *
 * Accepted bytes encode to themselves, and the look-ups answer for whatever was accepted. */
#include <stdlib.h>
#include <string.h>

#include <rh/rules.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct rh_rules rules;
    static uint8_t again[RH_RULES_BYTES_MAX];
    struct rh_writer writer;

    if (rh_rules_decode((struct rh_bytes){ data, bytes }, &rules) != RH_OK)
        return 0;
    rh_writer_init(&writer, again, sizeof again);
    rh_assert(rh_rules_encode(&rules, &writer) == RH_OK);
    rh_assert(writer.bytes == bytes && memcmp(again, data, bytes) == 0);

    for (uint32_t i = 0; i < rules.procedure_count; i++) {
        const struct rh_procedure *procedure = &rules.procedures[i];
        rh_assert(rh_rules_procedure(&rules, procedure->id) != NULL);
        for (uint32_t k = 0; k < procedure->limit_count; k++)
            rh_assert(rh_procedure_limit(procedure, procedure->limits[k].id) != NULL);
    }
    for (uint32_t i = 0; i < rules.routing_count; i++)
        (void)rh_rules_route(&rules, rules.routing[i].category, rules.routing[i].area);
    (void)rh_rules_calendar(&rules, "620423");
    return 0;
}
