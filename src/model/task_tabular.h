/* task_tabular.h: classes of rows of a table: a matrix [N,F], or one input [N,1] for each column,
 * -> a label for each row, with probabilities where the model tells them, as a tensor or as a
 * sequence of maps. */
#ifndef SERVAL_MODEL_TASK_TABULAR_H
#define SERVAL_MODEL_TASK_TABULAR_H

#include <serval/schema.h>

#include "base/buf.h"
#include "model/task_tensor.h"

/* How one version is asked. Const once made. */
typedef struct sv_tabular_task {
    bool by_column;  /* each input is a column */
    sv_strs columns; /* their names; empty: rows are lists only */
    sv_strs labels;  /* of the classes; empty: the index, or what the model says */
    bool softmax;    /* apply it where scores are no distribution */
    const sv_tensor_spec *label, *scores; /* outputs; NULL: there is none */
} sv_tabular_task;

/* Finds out how the model is asked; `task` has what else is known: columns, labels, softmax. Names
 * in it are the model's. False: its inputs or outputs are no table's; the reason is appended to
 * `reasons`, one line, and also what it cannot tell. */
bool sv_task_tabular_fits(const sv_engine_info *info, sv_arena *arena, sv_buf *reasons,
                          sv_tabular_task *task);

typedef SV_MAP(double) sv_probabilities; /* by class */
typedef struct sv_tabular_prediction {
    sv_str label;
    bool has_scores;
    double confidence; /* 0..1, of the label */
    sv_probabilities probabilities;
} sv_tabular_prediction;
typedef SV_LIST(sv_tabular_prediction) sv_tabular_predictions;

/* Classifies the rows in `request->inputs`, on the calling thread; `outputs` of the request are not
 * read. Texts live as long as its arena. Errors as sv_task_tensor_run, and SV_FAILED with
 * sv_kind_invalid_model_output for outputs that are not one for each row or not finite. */
sv_status sv_task_tabular_run(const sv_tabular_task *task, sv_engine_model *model,
                              const sv_tensor_request *request, sv_error *error,
                              sv_tabular_predictions *ret_predictions) SV_MUST_USE;

/* The same in two halves, for requests that run together (batch.h): the first asks for the outputs
 * that the task reads, the second reads what came out for this request. SV_NO_MEMORY, and what is
 * said above of outputs. */
sv_status sv_task_tabular_prepare(const sv_tabular_task *task, const sv_tensor_request *request,
                                  sv_tensor_request *ret_prepared) SV_MUST_USE;
sv_status sv_task_tabular_finish(const sv_tabular_task *task, const sv_tensor_request *request,
                                 const sv_tensors *outputs, sv_error *error,
                                 sv_tabular_predictions *ret_predictions) SV_MUST_USE;

#endif
