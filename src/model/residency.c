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

static sv_resident *find_youngest_that_fits(sv_resident *residents, size_t n, uint64_t room)
{
    sv_resident *youngest = NULL;
    for (size_t i = 0; i < n; i++)
        if (residents[i].goes && residents[i].bytes <= room &&
            (!youngest || residents[i].last_used_ns >= youngest->last_used_ns))
            youngest = &residents[i];
    return youngest;
}

/* Somebody chosen early may turn out to be more than was needed. */
static void spare(sv_resident *residents, size_t n, uint64_t room)
{
    sv_resident *spared;
    while ((spared = find_youngest_that_fits(residents, n, room))) {
        spared->goes = false;
        room -= spared->bytes;
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
        spare(residents, n, budget - wanted);
    return wanted <= budget;
}
