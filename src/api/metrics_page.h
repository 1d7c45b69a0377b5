/* metrics_page.h: GET /metrics. */
#ifndef SERVAL_API_METRICS_PAGE_H
#define SERVAL_API_METRICS_PAGE_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_metrics_page_operations(void);

#endif
