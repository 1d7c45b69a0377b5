/* jobs.h: predictions that are made after the answer (the guide's job_store and BackgroundTasks).
 * In memory: the newest JOBS_MAX are known, and none outlives the program. */
#ifndef JOBS_H
#define JOBS_H

#include "models/schemas.h"

enum {
    JOBS_MAX = 256,
    JOBS_MAX_REQUEST = 1000 * 1000, /* bytes of a body: it waits in memory */
};

/* jobs_of(call) */
SV_STATE_DECLARE(jobs, struct jobs);

/* Queues a prediction by the standard classifier. */
sv_status jobs_submit(sv_call *call, sv_str image_url, sv_str *ret_id);
/* How a job stands; fails the call for an unknown id. */
sv_status jobs_read(sv_call *call, sv_str id, struct job_status *out);

#endif
