/* models.h: GET /api/v1/models and /api/v1/models/{name}: which models there are and in which
 * state.
 */
#ifndef SERVAL_API_MODELS_H
#define SERVAL_API_MODELS_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_models_operations(void);

#endif
