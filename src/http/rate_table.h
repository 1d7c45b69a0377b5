/* rate_table.h: what clients have used of their limits: exact over all threads, in bounded memory.
 *
 * DESIGN. GCRA (the ATM Forum's Traffic Management 4.0, 4.4.2): of each rule and client one moment
 * is kept, when all of the rule's count will be free again. A request moves it on by period / count
 * and is refused when that would lead beyond now + period, so that the whole count may come in one
 * burst and afterwards comes back evenly. No windows, no counters, no clean-up thread.
 *
 * Moments lie in a hash table of 64 shards, each with a lock. The client alone chooses the shard,
 * so that everything that decides about one request lies under one lock: it is allowed by all its
 * rules and charged to all, or charged to none.
 * A moment that has passed says the same as none at all; its place is free for anybody. A key may
 * lie in two buckets of 16 places and goes to the emptier one (Azar, Broder, Karlin, Upfal:
 * Balanced Allocations, 1999). When both are full of moments to come, the earliest of them gives
 * way. Its client then has the full count again a little too early: forgetting can only be in
 * favour of a client. Until three quarters of all places are in use this does not happen.
 *
 * Keys are hashes under a secret made at start: nobody can aim at a place. All memory is taken at
 * start, zeroed by the system page by page as it is first used. */
#ifndef SERVAL_HTTP_RATE_TABLE_H
#define SERVAL_HTTP_RATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/rate_rule.h"

/* A million moments of 24 bytes. */
enum { SV_RATE_TABLE_PLACES = 1 << 20 };

typedef struct sv_rate_table sv_rate_table;

/* What a client is told. */
typedef struct sv_rate_verdict {
    bool allowed;
    /* The rule that decides: of those that refuse the one that does so longest, else the one with
     * the smallest remainder (of equals, the first). */
    const sv_rate_rule *rule;
    int64_t remaining;     /* requests of that rule that may come at once */
    int64_t reset_epoch_s; /* whole second at which its full count is free again */
    int64_t retry_after_s; /* 1 or more when refused, else 0: then every rule has one free */
} sv_rate_verdict;

/* Places for `n_places` moments, rounded up to a power of two of at least 64 for each shard; the
 * ceiling of its memory. NULL when out of memory. */
sv_rate_table *sv_rate_table_new(size_t n_places, const sv_clock *clock);
/* NULL is fine. */
void sv_rate_table_free(sv_rate_table *table);
/* Decides about one request of `client` (its address without port) under all rules of `n_limits`
 * limits (at most 2, none of them NULL), and charges it when it is allowed. Without any rule it is,
 * and `rule` is NULL. Any thread; never fails. */
sv_rate_verdict sv_rate_table_decide(sv_rate_table *table, sv_str client,
                                     const sv_rate_limit *const *limits, size_t n_limits);

#endif
