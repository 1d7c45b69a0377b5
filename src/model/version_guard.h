/* version_guard.h: watches how a version that is not the default one does, and tells when it has to
 * give way: too many of its requests failed, or were slow. Knows no versions and no clock. */
#ifndef SERVAL_MODEL_VERSION_GUARD_H
#define SERVAL_MODEL_VERSION_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/manifest.h"

enum { SV_VERSION_GUARD_WINDOW = 200 }; /* requests; and those of the last 60 s only */

typedef struct sv_version_limits {
    double max_error_rate;  /* 0..1: more than this share failed; 1: never */
    int64_t max_latency_ns; /* more than 1 of 20 took longer; 0: no limit */
    int64_t min_requests;   /* fewer decide nothing */
} sv_version_limits;

/* How many of the last requests did what. */
typedef struct sv_version_tally {
    unsigned n, n_failed, n_slow;
} sv_version_tally;

typedef struct sv_version_guard {
    atomic_bool is_tripped;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    sv_version_limits limits;
    sv_version_tally tally; /* of the window; once tripped, as it was then */
    unsigned newest;        /* index */
    struct {
        int64_t at_ns;
        bool failed, slow;
    } window[SV_VERSION_GUARD_WINDOW];
} sv_version_guard;

/* What a manifest says (`versions.fallback`), with defaults for what it leaves open; NULL: the
 * defaults. */
sv_version_limits sv_version_guard_limits(const struct manifest_fallback *from);

/* Caller's storage. */
void sv_version_guard_init(sv_version_guard *guard, const sv_version_limits *limits);
void sv_version_guard_deinit(sv_version_guard *guard);

/* A request of the version ended at `now_ns` (any clock that does not go back). `failed`: the
 * server's fault; of a client's mistake the caller says false, or nothing at all. True for the one
 * request that trips the guard. Any thread; holds the lock for a few instructions. */
bool sv_version_guard_add(sv_version_guard *guard, int64_t now_ns, bool failed, int64_t latency_ns);
/* Stays true until reset. Any thread, no lock. */
bool sv_version_guard_is_tripped(const sv_version_guard *guard);
/* Begins anew, with these limits (NULL: the same): the version may answer again. Any thread. */
void sv_version_guard_reset(sv_version_guard *guard, const sv_version_limits *limits);
/* "12 of 20 requests failed, 3 took longer than 250 ms": of the window, once tripped as it was
 * then. Any thread. */
void sv_version_guard_describe(sv_version_guard *guard, sv_buf *text);

#endif
