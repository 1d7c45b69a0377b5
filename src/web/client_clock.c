/* client_clock.c: the machine's clock, put ahead by a test: both its times move together. */
#include "web/client_clock.h"

static const int64_t MAX_ADVANCE_MS = 1000000000000;

static int64_t read_ahead(void *arg)
{
    return atomic_load(&((sv_client_clock *)arg)->ahead_ns);
}

static int64_t read_monotonic(void *arg)
{
    return sv_clock_now_ns(&sv_clock_system) + read_ahead(arg);
}

static int64_t read_wall(void *arg)
{
    return sv_clock_wall_ns(&sv_clock_system) + read_ahead(arg);
}

void sv_client_clock_init(sv_client_clock *clock)
{
    clock->clock = (sv_clock){read_monotonic, read_wall, clock};
    atomic_init(&clock->ahead_ns, 0);
}

void sv_client_clock_advance(sv_client_clock *clock, int64_t ms)
{
    int64_t ahead_ms = atomic_load(&clock->ahead_ns) / SV_NS_PER_MS;
    if (ms > 0 && ms <= MAX_ADVANCE_MS - ahead_ms)
        atomic_fetch_add(&clock->ahead_ns, ms * SV_NS_PER_MS);
}
