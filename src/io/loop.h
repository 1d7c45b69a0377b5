/* loop.h: an event loop: one thread that waits for sockets, timers and messages.
 *
 * Everything made on a loop (timers, listeners, sockets, fetches) belongs to its thread; only
 * sv_loop_post and sv_loop_stop may be called from elsewhere. */
#ifndef SERVAL_IO_LOOP_H
#define SERVAL_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/status.h>

#include "base/clock.h"
#include "io/mailbox.h"

typedef struct sv_loop sv_loop;

sv_status sv_loop_new(sv_error *error, sv_loop **ret_loop) SV_MUST_USE;
/* Everything on the loop must be closed before; runs what is still in the mailbox. NULL is fine. */
void sv_loop_free(sv_loop *loop);

/* Runs until sv_loop_stop, on the calling thread, in which SIGPIPE is blocked from then on. */
void sv_loop_run(sv_loop *loop);
/* One round on the calling thread: waits at most `timeout_ms` for something to do. For tests and
 * for tear-down. */
void sv_loop_step(sv_loop *loop, int timeout_ms);
/* Any thread; sv_loop_run returns after the current round. */
void sv_loop_stop(sv_loop *loop);

/* A thread of its own that runs the loop (all signals blocked). stop + join is idempotent. */
sv_status sv_loop_start(sv_loop *loop, sv_error *error) SV_MUST_USE;
void sv_loop_join(sv_loop *loop);

/* Any thread; never fails, never allocates. `message->run` is called on the loop's thread. */
void sv_loop_post(sv_loop *loop, sv_message *message);
/* Before the calling thread's loop waits again, `run(arg)` is called once, however often this was
 * asked for: for what is cheaper done once for all that a turn of the loop brings. False: the
 * thread runs no loop, or has too many such wishes; the caller does it himself. */
bool sv_loop_at_end_of_turn(void (*run)(void *arg), void *arg);
/* For threads that answer one short message after another: from now on what the calling thread
 * posts may wait for its sv_loop_settle, but no longer than a loop naps (2 ms). */
void sv_loop_delay_wakes(bool delays);
/* Whether something that the calling thread has posted waits for sv_loop_settle. */
bool sv_loop_owes_wake(void);
/* Wakes the loop for it. The loop must not have been freed. */
void sv_loop_settle(void);
/* On a loop's thread, in a turn: short work was given away, its answers may come in bundles. The
 * loop comes round within 2 ms of going to sleep. Elsewhere it does nothing. */
void sv_loop_expect_bundles(void);
/* Whether the calling thread is the one that runs (or last ran) the loop. */
bool sv_loop_is_current(const sv_loop *loop);

/* Monotonic time, to the nanosecond, on the scale of the loop's clock: sv_clock_system's, unless
 * another was set. */
int64_t sv_loop_now_ns(const sv_loop *loop);
/* Before anything is on the loop: where its time and its timers' comes from. The clock must outlive
 * the loop, and go on at the pace of the system's; when it jumps ahead: sv_timer_catch_up. */
void sv_loop_set_clock(sv_loop *loop, const sv_clock *clock);
/* Any thread: when the loop last came round (it does at least every 250 ms while running). For
 * liveness. */
int64_t sv_loop_last_round_ns(const sv_loop *loop);

/* For files of io/ only: the uv_loop_t *, and where bytes are read into, one socket after another.
 */
enum { SV_LOOP_READ_BUFFER_SIZE = 64 * 1024 };
void *sv_loop_handle(sv_loop *loop);
char *sv_loop_read_buffer(sv_loop *loop);

#endif
