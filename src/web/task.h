/* task.h: the tasks that a call leaves behind. */
#ifndef SERVAL_WEB_TASK_H
#define SERVAL_WEB_TASK_H

#include <serval/task.h>

#include "web/call.h"

typedef struct sv_task_batch sv_task_batch;

/* Takes the call's tasks away from it; NULL when there are none. The batch no longer needs the
 * call. */
sv_task_batch *sv_task_take(sv_call *call);
/* Runs them on the calling thread, in order, and frees the batch. NULL is fine. */
void sv_task_run(sv_task_batch *batch);
/* The same on a thread of the application's pool. SV_UNAVAILABLE: the pool takes nothing more, the
 * batch is the caller's still. */
sv_status sv_task_submit(sv_task_batch *batch) SV_MUST_USE;
/* The same; what the pool does not take is reported and dropped. NULL is fine. */
void sv_task_pass_on(sv_task_batch *batch);
/* Forgets them. NULL is fine. */
void sv_task_drop(sv_task_batch *batch);

#endif
