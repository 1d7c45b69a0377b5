/* pages.c: madvise(2). */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, LEAST = 4 << 20 };

void sv_pages_advise_huge(void *block, size_t size_bytes)
{
#ifdef MADV_HUGEPAGE
    uintptr_t start = (uintptr_t)block, end = start + size_bytes;
    start = (start + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    end &= ~(uintptr_t)(HUGE_PAGE - 1);
    if (size_bytes >= LEAST && start < end)
        (void)madvise((void *)start, end - start, MADV_HUGEPAGE); /* a refusal is fine */
#else
    (void)block;
    (void)size_bytes;
#endif
}
