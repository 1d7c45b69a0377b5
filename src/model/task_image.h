/* task_image.h: image classification: picture bytes -> labels with confidences. */
#ifndef SERVAL_MODEL_TASK_IMAGE_H
#define SERVAL_MODEL_TASK_IMAGE_H

#include "base/arena.h"
#include "base/cancel.h"
#include "engine/engine.h"
#include "media/preprocess.h"
#include "model/manifest.h"
#include "model/scores.h"
#include "model/task_tensor.h"
#include "observe/timeline.h"

enum { SV_TASK_IMAGE_MAX_TOP_K = 1000 };

/* Scratches for as many pictures as are worked on at once. Any thread. */
typedef struct sv_task_image_scratches sv_task_image_scratches;
sv_task_image_scratches *sv_task_image_scratches_new(size_t n);
void sv_task_image_scratches_free(sv_task_image_scratches *stack);

/* How one version classifies. Const once made. */
typedef struct sv_image_task {
    sv_preprocess preprocess;
    sv_shape shape; /* of the input, batch 1 */
    sv_dtype dtype;
    sv_strs labels; /* empty: the class index is the label */
    int64_t top_k;  /* default */
    bool softmax;   /* apply it when a row is not a distribution already */
    sv_image_limits limits;
    sv_task_image_scratches *scratches;
} sv_image_task;

typedef struct sv_image_request {
    sv_str picture;
    int64_t top_k;         /* 0: the task's */
    sv_arena *arena;       /* of the answer */
    sv_cancel *cancel;     /* may be NULL */
    sv_timeline *timeline; /* decode and infer are added; may be NULL */
} sv_image_request;

/* Classifies one picture on the calling thread. Ties go to the lower index. SV_INVALID with a kind
 * for the client when the picture is not good; SV_CANCELLED; SV_FAILED with
 * sv_kind_inference_failed or sv_kind_invalid_model_output; SV_NO_MEMORY. */
sv_status sv_task_image_run(const sv_image_task *task, sv_engine_model *model,
                            const sv_image_request *request, sv_error *error,
                            sv_predictions *ret_predictions) SV_MUST_USE;

/* The same in two halves, for pictures that run together (batch.h). The first decodes into the
 * arena; the second reads what came out for this picture. In between, what the run says goes
 * through sv_task_tensor_own_up. */
sv_status sv_task_image_prepare(const sv_image_task *task, const sv_engine_info *info,
                                const sv_image_request *request, sv_error *error,
                                sv_tensor_request *ret_prepared) SV_MUST_USE;
sv_status sv_task_image_finish(const sv_image_task *task, const sv_image_request *request,
                               const sv_tensors *outputs, sv_error *error,
                               sv_predictions *ret_predictions) SV_MUST_USE;

#endif
