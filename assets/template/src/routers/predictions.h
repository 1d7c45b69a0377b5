/* predictions.h: POST /api/v1/predict. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

#include <serval/serval.h>

extern const sv_api_router predictions_router;

#endif
