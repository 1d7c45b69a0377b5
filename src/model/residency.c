/* residency.c: the least recently used of those that nobody uses. */
#include "model/residency.h"

static sv_resident *find_oldest(sv_resident *residents, size_t n)
{
    sv_resident *oldest = NULL;
    for (size_t i = 0; i < n; i++)
        if (residents[i].may_go && !residents[i].goes &&
            (!oldest || residents[i].last_used_ns < oldest->last_used_ns))
            oldest = &residents[i];
    return oldest;
}

/* Somebody chosen early may turn out to be more than was needed. */
static void spare(sv_resident *residents, size_t n, uint64_t budget, uint64_t wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (!residents[i].goes || residents[i].bytes > budget - wanted)
            continue;
        residents[i].goes = false;
        wanted += residents[i].bytes;
    }
}

bool sv_residency_choose(sv_resident *residents, size_t n, uint64_t budget, uint64_t need)
{
    uint64_t wanted = need;
    for (size_t i = 0; i < n; i++) {
        residents[i].goes = false;
        wanted += residents[i].bytes;
    }
    while (wanted > budget) {
        sv_resident *oldest = find_oldest(residents, n);
        if (!oldest)
            break;
        oldest->goes = true;
        wanted -= oldest->bytes;
    }
    for (size_t i = 0; i < n && wanted > budget; i++)
        residents[i].goes = false;
    if (wanted <= budget)
        spare(residents, n, budget, wanted);
    return wanted <= budget;
}
