/* version_guard.c: a sliding window over the requests of one version.
 *
 * DESIGN. The last requests stand in a ring with two flags each, failed and slow, and the flags are
 * counted as requests come and go. The 95th percentile of the latency is above the limit exactly
 * when more than 1 of 20 requests took longer, so that no histogram is needed and nothing is
 * estimated. */
#include "model/version_guard.h"

#include "base/clock.h"

enum { WINDOW_S = 60, SLOW_OF = 20, DEFAULT_MIN_REQUESTS = 20 };
static const double default_error_rate = 0.5;

sv_version_limits sv_version_guard_limits(const struct manifest_fallback *from)
{
    static const struct manifest_fallback nothing = {0};
    const struct manifest_fallback *says = from ? from : &nothing;
    return (sv_version_limits){
        .max_error_rate =
            says->max_error_rate.set ? says->max_error_rate.value : default_error_rate,
        .max_latency_ns = says->max_latency.ns,
        .min_requests = says->min_requests.set ? says->min_requests.value : DEFAULT_MIN_REQUESTS,
    };
}

void sv_version_guard_init(sv_version_guard *guard, const sv_version_limits *limits)
{
    *guard = (sv_version_guard){.limits = *limits};
    pthread_mutex_init(&guard->lock, NULL);
}

void sv_version_guard_deinit(sv_version_guard *guard)
{
    pthread_mutex_destroy(&guard->lock);
}

static unsigned oldest_of(const sv_version_guard *guard)
{
    return (guard->newest + SV_VERSION_GUARD_WINDOW + 1 - guard->tally.n) % SV_VERSION_GUARD_WINDOW;
}

static void drop_oldest(sv_version_guard *guard)
{
    unsigned oldest = oldest_of(guard);
    guard->tally.n_failed -= guard->window[oldest].failed;
    guard->tally.n_slow -= guard->window[oldest].slow;
    guard->tally.n--;
}

static void slide(sv_version_guard *guard, int64_t now_ns)
{
    int64_t since = now_ns - WINDOW_S * SV_NS_PER_S;
    while (guard->tally.n == SV_VERSION_GUARD_WINDOW ||
           (guard->tally.n && guard->window[oldest_of(guard)].at_ns <= since))
        drop_oldest(guard);
}

static bool passes_limits(const sv_version_guard *guard)
{
    const sv_version_tally *tally = &guard->tally;
    return tally->n >= guard->limits.min_requests &&
           (tally->n_failed > guard->limits.max_error_rate * tally->n ||
            tally->n_slow * SLOW_OF > tally->n);
}

bool sv_version_guard_add(sv_version_guard *guard, int64_t now_ns, bool failed, int64_t latency_ns)
{
    bool trips = false;
    pthread_mutex_lock(&guard->lock);
    bool slow = guard->limits.max_latency_ns && latency_ns > guard->limits.max_latency_ns;
    if (!atomic_load_explicit(&guard->is_tripped, memory_order_relaxed)) {
        slide(guard, now_ns);
        guard->newest = (guard->newest + 1) % SV_VERSION_GUARD_WINDOW;
        guard->window[guard->newest].at_ns = now_ns;
        guard->window[guard->newest].failed = failed;
        guard->window[guard->newest].slow = slow;
        guard->tally.n++;
        guard->tally.n_failed += failed;
        guard->tally.n_slow += slow;
        trips = passes_limits(guard);
        atomic_store(&guard->is_tripped, trips);
    }
    pthread_mutex_unlock(&guard->lock);
    return trips;
}

bool sv_version_guard_is_tripped(const sv_version_guard *guard)
{
    return atomic_load_explicit(&guard->is_tripped, memory_order_relaxed);
}

void sv_version_guard_reset(sv_version_guard *guard, const sv_version_limits *limits)
{
    pthread_mutex_lock(&guard->lock);
    if (limits)
        guard->limits = *limits;
    guard->tally = (sv_version_tally){0};
    atomic_store(&guard->is_tripped, false);
    pthread_mutex_unlock(&guard->lock);
}

void sv_version_guard_describe(sv_version_guard *guard, sv_buf *text)
{
    pthread_mutex_lock(&guard->lock);
    sv_version_tally tally = guard->tally;
    int64_t max_latency_ns = guard->limits.max_latency_ns;
    pthread_mutex_unlock(&guard->lock);
    sv_buf_printf(text, "%u of %u requests failed", tally.n_failed, tally.n);
    if (max_latency_ns)
        sv_buf_printf(text, ", %u took longer than %g ms", tally.n_slow,
                      (double)max_latency_ns / (double)SV_NS_PER_MS);
}
