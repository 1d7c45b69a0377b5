/* picture_work.h: a call that classifies a picture, wherever the picture comes from: the body, a
 * form, or an address that is fetched first. */
#ifndef SERVAL_API_PICTURE_WORK_H
#define SERVAL_API_PICTURE_WORK_H

#include "api/model_work.h"

/* In the call's arena; owned by one step at a time. */
typedef struct sv_picture_work {
    sv_model_work work; /* `call` is set; _find was called */
    int64_t top_k;      /* 0: the model's default */
    /* Fills the call's `out`, on the thread that classified. `predictions` are rounded to six
     * decimals and live as long as the call. SV_OK, or SV_NO_MEMORY. */
    sv_status (*answer)(struct sv_picture_work *work, const sv_predictions *predictions);

    /* Of this file. */
    sv_image_request request;
    sv_fetch_request fetch;
    sv_message message; /* to the fetch loop, and back to the pool */
    sv_str picture;
    int64_t fetching_since_ns;
    sv_status fetch_status;
    char fetch_message[256];
} sv_picture_work;

/* Gets the picture and has it classified. `address` is what the JSON body said; NULL: the body is
 * the picture, or a form. SV_DEFERRED: the call ends without the caller. Else the failure was told
 * to the call. */
sv_status sv_picture_work_begin(sv_picture_work *job, const sv_str *address) SV_MUST_USE;

#endif
