/* pool.h: an elastic, bounded pool of threads that run blocking handlers. */
#ifndef SERVAL_IO_POOL_H
#define SERVAL_IO_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>

#include "io/mailbox.h"

typedef struct sv_pool sv_pool;

typedef struct sv_pool_stats {
    size_t n_threads, n_idle, n_queued;
    int64_t oldest_queued_ns; /* when the oldest waiting message was put; 0: none waits */
    int64_t last_progress_ns; /* when a message was last taken or finished */
} sv_pool_stats;

/* Threads are started when work waits and none is idle, up to `max_threads`, and end after
 * `idle_ms` without work. At most `max_queued` messages wait. Both are at least 1. Allocates
 * `max_queued` * 16 bytes, no thread. */
sv_status sv_pool_new(size_t max_threads, size_t max_queued, int64_t idle_ms,
                      sv_pool **ret_pool) SV_MUST_USE;
/* Any thread. Messages start in the order they were put. SV_UNAVAILABLE when the line is full, the
 * pool stops or no thread can be had: the message is the caller's again. */
sv_status sv_pool_submit(sv_pool *pool, sv_message *message) SV_MUST_USE;
/* Runs what waits, joins all threads. Idempotent. Not from a thread of the pool. */
void sv_pool_stop(sv_pool *pool);
/* The same, but gives up after `timeout_ms`: false, and the pool takes nothing more, but some of
 * its threads still work and it must not be freed. */
bool sv_pool_stop_within(sv_pool *pool, int64_t timeout_ms);
/* Stops first. NULL is fine. */
void sv_pool_free(sv_pool *pool);
/* Any thread. */
sv_pool_stats sv_pool_get_stats(sv_pool *pool);

#endif
