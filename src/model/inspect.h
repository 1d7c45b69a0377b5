/* inspect.h: what a loaded model is for: from its manifest where that says so, else guessed from
 * its inputs and outputs. Pure but for the files of labels and
 * of the tokenizer. */
#ifndef SERVAL_MODEL_INSPECT_H
#define SERVAL_MODEL_INSPECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/engine.h"
#include "model/manifest.h"
#include "model/task_image.h"
#include "model/task_tabular.h"
#include "model/task_text.h"

typedef struct sv_inspect_request {
    const sv_engine_info *info;
    const struct manifest *manifest;
    const char *labels_file;    /* NULL: there is none */
    const char *tokenizer_file; /* NULL: there is none */
} sv_inspect_request;

typedef struct sv_inspection {
    sv_model_task task;
    sv_image_task image; /* for image classification: all but limits and scratches */
    sv_tabular_task tabular;
    sv_text_task text; /* for text tasks */
} sv_inspection;

/* Decides the task and how it is done. The reasons of a guess are appended to `reasons`, one line
 * each. SV_INVALID: the manifest does not fit the model, or the labels do not; the message says
 * what. Labels and the tokenizer live in the arena. */
sv_status sv_inspect_model(sv_arena *arena, const sv_inspect_request *request, sv_buf *reasons,
                           sv_error *error, sv_inspection *ret_inspection) SV_MUST_USE;

#endif
