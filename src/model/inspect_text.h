/* inspect_text.h: whether a model reads texts, and how: the part of inspect.c for text tasks. */
#ifndef SERVAL_MODEL_INSPECT_TEXT_H
#define SERVAL_MODEL_INSPECT_TEXT_H

#include "model/inspect.h"

/* True when the model takes token ids and gives vectors or scores; the reasons either way are
 * appended, one line each. */
bool sv_inspect_text_fits(const sv_inspect_request *request, sv_buf *reasons);
/* Embedding or classification, of a model that fits. */
sv_model_task sv_inspect_text_guess(const sv_inspect_request *request, sv_buf *reasons);
/* Fills in how `inspection->task` is done, and loads the tokenizer into the arena. SV_INVALID and
 * others of sv_tokenizer_load: the message says what does not fit. */
sv_status sv_inspect_text_prepare(sv_arena *arena, const sv_inspect_request *request,
                                  sv_buf *reasons, sv_error *error,
                                  sv_inspection *inspection) SV_MUST_USE;

#endif
