/* The libFuzzer target: ninja tests/fuzz/fuzz_scenario with -Dfuzz=true and clang, then run it on
 * tests/fuzz/corpus. */
#include "tests/fuzz/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_scenario(data, size);
    return 0;
}
