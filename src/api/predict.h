/* predict.h: POST /api/v1/predict. */
#ifndef SERVAL_API_PREDICT_H
#define SERVAL_API_PREDICT_H

#include <serval/operation.h>

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_predict_operations(void);

#endif
