/* model_predict.h: POST /api/v1/models/{name}/predict and …/versions/{version}/predict: what goes
 * in and comes out depends on the model's task. */
#ifndef SERVAL_API_MODEL_PREDICT_H
#define SERVAL_API_MODEL_PREDICT_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_model_predict_operations(void);

#endif
