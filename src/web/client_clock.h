/* client_clock.h: the machine's clock, put ahead by a test. */
#ifndef SERVAL_WEB_CLIENT_CLOCK_H
#define SERVAL_WEB_CLIENT_CLOCK_H

#include <stdatomic.h>

#include "base/clock.h"

typedef struct sv_client_clock {
    sv_clock clock;
    _Atomic int64_t ahead_ns;
} sv_client_clock;

/* Not ahead yet. `clock` is read by any thread, and must not move in memory. */
void sv_client_clock_init(sv_client_clock *clock);
/* `ms` of at most 10^12 are heeded; 0 and less are nothing. */
void sv_client_clock_advance(sv_client_clock *clock, int64_t ms);

#endif
