/* shadow.h: copies of requests that a shadow version answers too (`versions.shadow` of a manifest):
 * when there is one, where it waits, what it may take, how it ends. What is copied and compared:
 * shadow_task.h.
 *
 * DESIGN. A copy is made once the real answer is computed, owns its input and what the real version
 * said, and knows nothing of the call. It waits in its own version's lane with the lowest priority,
 * so that it runs when nobody else wants to, and is let go of when there is no room: more than a
 * number of copies or bytes of a model, no permit in time, a version that is not loaded. What
 * became of it is counted (serval_shadow_total) and told to nobody else. */
#ifndef SERVAL_API_SHADOW_H
#define SERVAL_API_SHADOW_H

#include "api/model_metrics.h"
#include "api/model_work.h"

enum {
    SV_SHADOW_MAX_COPIES = 64,      /* of one model, waiting or running */
    SV_SHADOW_MAX_BYTES = 64 << 20, /* the same, together */
    SV_SHADOW_TIMEOUT_MS = 30000,
};

/* All copies of a server. */
typedef struct sv_shadows sv_shadows;
/* `timeout_ms`: how long a copy may take, from the real answer to its own. NULL: out of memory. */
sv_shadows *sv_shadow_open(int64_t timeout_ms);
/* Makes no more copies, cancels those that there are. Any thread. NULL is fine. */
void sv_shadow_stop(sv_shadows *shadows);
/* No copy may be there: the pool has been stopped. NULL is fine. */
void sv_shadow_close(sv_shadows *shadows);
/* Cancels copies whose time is over. Any thread; one atomic load when there are no copies. */
void sv_shadow_sweep(sv_shadows *shadows);
/* Copies that wait or run. Any thread. */
size_t sv_shadow_count(const sv_shadows *shadows);

/* One copy: the first member of what a task needs, in its own arena. */
typedef struct sv_shadow {
    /* To be set: with a permit, on any thread, runs the copy on its instance; `*ret_is_same`: the
     * answer compares. */
    sv_status (*run)(struct sv_shadow *shadow, sv_error *error, bool *ret_is_same);
    /* Set by _begin. */
    sv_arena *arena;
    sv_cancel *cancel;
    sv_instance *instance;
    sv_timeline timeline;
    /* Of shadow.c. */
    sv_services *services;
    sv_model_version *version; /* held */
    size_t bytes;              /* as counted with its model */
    int64_t deadline_ns;
    sv_work queued;
    sv_message message;
    sv_list_node node;
} sv_shadow;

/* A copy of a request that `work` has an answer for, `size` bytes, zeroed; NULL: there is to be
 * none, which is counted where it was wanted. With the work's permit. */
sv_shadow *sv_shadow_begin(const sv_model_work *work, size_t size);
/* Hands it over; the copy is gone. `copied`: whether all of it found room. */
void sv_shadow_send(sv_shadow *shadow, bool copied);

#endif
