/* timer.h: one deadline on a loop, cheap to move. */
#ifndef SERVAL_IO_TIMER_H
#define SERVAL_IO_TIMER_H

#include <stdint.h>

#include "io/loop.h"

typedef struct sv_timer sv_timer;

/* `run(arg)` is called on the loop's thread once the deadline has passed; no deadline is set yet.
 * NULL when out of memory. */
sv_timer *sv_timer_new(sv_loop *loop, void (*run)(void *arg), void *arg);
/* Moves the deadline (sv_loop_now_ns' scale; SV_NEVER: none). One that is over is reached in a
 * later round, never inside this call. Moving it later costs a store. Resolution 1 ms. */
void sv_timer_set(sv_timer *timer, int64_t deadline_ns);
/* After the loop's clock has jumped ahead: deadlines that are over now are reached in the next
 * round. On the loop's thread. */
void sv_timer_catch_up(sv_loop *loop);
/* Never calls `run` again; memory goes in a later round. NULL is fine. */
void sv_timer_free(sv_timer *timer);

#endif
