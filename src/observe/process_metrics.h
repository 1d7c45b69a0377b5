/* process_metrics.h: CPU time, memory and descriptors of this process, and what Triton tells
 * of the machine, as metrics. */
#ifndef SERVAL_OBSERVE_PROCESS_METRICS_H
#define SERVAL_OBSERVE_PROCESS_METRICS_H

#include "observe/metrics.h"

/* Adds process_…, serval_build_info and nv_cpu_…. Start-up only. */
sv_status sv_process_metrics_add(sv_metrics *metrics) SV_MUST_USE;

#endif
