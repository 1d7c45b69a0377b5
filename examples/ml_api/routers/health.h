/* health.h: /health, and the probes of Kubernetes. */
#ifndef HEALTH_H
#define HEALTH_H

#include <serval/serval.h>

extern const sv_api_router health_router;

#endif
