/* text_work.h: a call that classifies texts: {"text": "…"} or {"text": ["…", …]} -> a prediction
 * for each. */
#ifndef SERVAL_API_TEXT_WORK_H
#define SERVAL_API_TEXT_WORK_H

#include "api/model_work.h"
#include "json/value.h"

/* As many texts as /embed takes, and as long. */
enum { SV_TEXT_WORK_MAX_TEXTS = 256, SV_TEXT_WORK_MAX_CHARS = 32768 };

/* In the call's arena; owned by one step at a time. */
typedef struct sv_text_work {
    sv_model_work work; /* `call` is set; _find was called */
    int64_t top_k;      /* 0: the model's */
    /* Fills the call's `out`, on the thread that classified: one list for each of `n_texts`. SV_OK,
     * or SV_NO_MEMORY. */
    sv_status (*answer)(struct sv_text_work *work, const sv_predictions *predictions);

    /* Of this file, but for `n_texts`. */
    sv_str *texts;
    size_t n_texts;
    sv_text_request request;
} sv_text_work;

/* Reads the texts of the body and has them classified. SV_DEFERRED: the call ends without the
 * caller. Else the failure was told to the call. */
sv_status sv_text_work_begin(sv_text_work *job, const sv_value *body) SV_MUST_USE;

#endif
