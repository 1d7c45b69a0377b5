/* health.h: GET /health, /health/live, /health/ready. */
#ifndef SERVAL_API_HEALTH_H
#define SERVAL_API_HEALTH_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_health_operations(void);

#endif
