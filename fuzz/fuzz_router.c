/* fuzz_router.c: tables of routes and paths made of the bytes. The router and a naive one, which
 * tries every row in order, always agree. */
#include <stdlib.h>

#include "../tests/unit/http/router_contest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (router_contest_run(data, size))
        abort();
    return 0;
}
