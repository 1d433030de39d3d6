/* Receipt files, which anybody may hand to an auditor. What is read has counts within their
 * bounds and a core that decodes to what was taken from it. */
#include <stdint.h>
#include <string.h>

#include "audit/receipt_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct hub_receipt_file file;
    struct rh_receipt again;
    char problem[200];
    enum rh_err err =
        hub_receipt_file_read((const char *)data, bytes, &file, problem, sizeof problem);
    if (err != RH_OK) {
        rh_assert(err == RH_ERR_INVALID);
        rh_assert(memchr(problem, '\0', sizeof problem) != NULL);
        return 0;
    }
    const struct rh_bytes core = { file.core_bytes, file.core_size };
    rh_assert(file.core_size <= sizeof file.core_bytes);
    rh_assert(rh_receipt_decode(core, &again) == RH_OK);
    rh_assert(again.index == file.core.index);
    rh_assert(file.proof_count <= RH_PROOF_HASHES_MAX);
    rh_assert(file.leaf_count <= RH_CONFIRM_RECORDS_MAX);
    rh_assert(file.consistency_count <= RH_PROOF_CONSISTENCY_MAX);
    rh_assert(file.note_bytes <= RH_NOTE_BYTES_MAX);
    rh_assert(file.proof_form != HUB_RECEIPT_RANGE || file.batched);
    return 0;
}
