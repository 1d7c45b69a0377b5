/* mw_metrics.h: counts every answer once, by route, method and status class. */
#ifndef SERVAL_HTTP_MW_METRICS_H
#define SERVAL_HTTP_MW_METRICS_H

#include "http/server.h"
#include "observe/metrics.h"

typedef struct sv_mw_metrics sv_mw_metrics;

/* Makes the series of `n_routes` routes (their addresses are how they are found again, so they must
 * be the router's own, in one array `stride` bytes apart) and of requests without one. NULL when
 * out of memory. */
sv_mw_metrics *sv_mw_metrics_new(sv_metrics *metrics, const sv_route *first_route, size_t stride,
                                 size_t n_routes);
void sv_mw_metrics_free(sv_mw_metrics *mw);
sv_http_middleware sv_mw_metrics_middleware(sv_mw_metrics *mw);

#endif
