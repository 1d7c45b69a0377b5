/* process_metrics.h: CPU time, memory and descriptors of this process, as metrics. */
#ifndef SERVAL_OBSERVE_PROCESS_METRICS_H
#define SERVAL_OBSERVE_PROCESS_METRICS_H

#include "observe/metrics.h"

/* Adds process_… and serval_build_info. Start-up only. */
sv_status sv_process_metrics_add(sv_metrics *metrics) SV_MUST_USE;

#endif
