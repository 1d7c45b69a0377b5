/* predictions.h: /api/v1/predict and what belongs to it: jobs, models. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

#include <serval/serval.h>

extern const sv_api_router predictions_router;

#endif
