/* batch_plan.h: whether requests to one loaded version run together, how many rows at most, and
 * why: decided once, after it was warmed up, from what the manifest wants and what the probe finds
 * (batch_probe.h). */
#ifndef SERVAL_MODEL_BATCH_PLAN_H
#define SERVAL_MODEL_BATCH_PLAN_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/cancel.h"
#include "model/batch.h"
#include "model/batch_probe.h"

struct sv_instance;

/* Const once made, but for the last two. */
typedef struct sv_batch_plan {
    bool is_wanted;           /* the manifest has `batching`: else nothing is tried */
    size_t max_rows;          /* of one run; 1: requests run one by one */
    bool is_equal, is_paying; /* as of sv_batch_probe_result */
    double gain;
    char reason[SV_BATCH_PROBE_REASON_SIZE]; /* empty: it is not wanted */

    atomic_bool is_off; /* since the model was seen not to keep rows apart */
    struct {
        pthread_mutex_t lock;
        sv_batch_room room; /* guarded by lock; taken out while somebody uses it */
    } spare;
} sv_batch_plan;

/* A plan of one by one. */
void sv_batch_plan_init(sv_batch_plan *plan);
void sv_batch_plan_deinit(sv_batch_plan *plan);

/* Decides for an instance that was warmed up and that nobody else holds; blocks. Nothing happens
 * when the manifest does not want it. `budget_ns` as of the probe: 0 says that there is no time to
 * try. */
void sv_batch_plan_make(struct sv_instance *instance, int64_t budget_ns, sv_cancel *cancel);
/* It stays off, for this reason (printf format). */
void sv_batch_plan_refuse(sv_batch_plan *plan, const char *format, ...) SV_PRINTF(2, 3);

/* The rows that may run at once now; 1: none. Any thread. */
size_t sv_batch_plan_rows(const sv_batch_plan *plan);
/* Why it is as sv_batch_plan_rows says, for people; empty: nobody wants it. Any thread. */
const char *sv_batch_plan_reason(const sv_batch_plan *plan);
/* From now on requests run one by one. Any thread. */
void sv_batch_plan_switch_off(sv_batch_plan *plan);
/* Memory for a run, and back. Any thread. */
void sv_batch_plan_take_room(sv_batch_plan *plan, sv_batch_room *ret_room);
void sv_batch_plan_give_room(sv_batch_plan *plan, sv_batch_room *room);

#endif
