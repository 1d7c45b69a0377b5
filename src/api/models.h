/* models.h: /api/v1/models: which models there are and in which state; loading and unloading them
 * and their versions, and which version answers when none is asked for. */
#ifndef SERVAL_API_MODELS_H
#define SERVAL_API_MODELS_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_models_operations(void);

#endif
