/* tabular_work.h: a call that classifies rows of a table: {"rows": [[1,2], …]} or {"rows":
 * [{"a": 1, "b": 2}, …]} -> a prediction for each. */
#ifndef SERVAL_API_TABULAR_WORK_H
#define SERVAL_API_TABULAR_WORK_H

#include "api/model_work.h"
#include "json/value.h"

/* In the call's arena; owned by one step at a time. */
typedef struct sv_tabular_work {
    sv_model_work work; /* `call` is set; _find was called */
    /* Fills the call's `out`, on the thread that classified. SV_OK, or SV_NO_MEMORY. */
    sv_status (*answer)(struct sv_tabular_work *work, const sv_tabular_predictions *predictions);

    /* Of this file. */
    sv_tensor_request request;
} sv_tabular_work;

/* Reads the rows of the body and has them classified. SV_DEFERRED: the call ends without the
 * caller. Else the failure was told to the call. */
sv_status sv_tabular_work_begin(sv_tabular_work *job, const sv_value *body) SV_MUST_USE;

#endif
