/* start_plan.h: what the server will use of the machine, decided once at start, with reasons. Pure.
 */
#ifndef SERVAL_APP_START_PLAN_H
#define SERVAL_APP_START_PLAN_H

#include "app/settings.h"
#include "base/cgroup.h"

typedef struct sv_start_plan {
    int n_loops, n_permits, engine_threads;
    int generation_threads; /* of one language model */
    uint64_t memory_budget_bytes;
} sv_start_plan;

/* Decides from the limits and the settings; each decision becomes a line of `reasons`. SV_INVALID:
 * the settings ask for what cannot fit, `error` says which. */
sv_status sv_start_plan_make(const sv_cgroup_limits *limits, const sv_settings *settings,
                             sv_buf *reasons, sv_error *error, sv_start_plan *ret_plan) SV_MUST_USE;

#endif
