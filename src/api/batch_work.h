/* batch_work.h: model work that may share a run of its model with others': what goes in and what
 * comes out, in two halves around the run. Who meets whom, the scheduler decides; whether anybody
 * should, the instance's plan (model/batch_plan.h).
 *
 * A work whose model does not batch, and one that meets nobody, runs by itself: by the same two
 * halves, and at no more cost. */
#ifndef SERVAL_API_BATCH_WORK_H
#define SERVAL_API_BATCH_WORK_H

#include "api/model_work.h"
#include "model/text_batch.h"

/* The halves of one kind of work, for tensors or for texts. They are called on the thread that has
 * the permit. What they hand out lives in the call's arena. */
typedef struct sv_batch_steps {
    /* What goes into the model. */
    sv_status (*prepare)(sv_model_work *work, sv_error *error, sv_tensor_request *ret_request);
    /* Fills the call's `out`; the outputs are this work's rows only. */
    sv_status (*answer)(sv_model_work *work, const sv_tensors *outputs, sv_error *error);
    bool makes_tensors; /* itself: what the model does not take is no fault of the client's */

    /* Instead of these, for texts: what is asked, in `request` and `predictions`; and the answer.
     */
    sv_status (*prepare_texts)(sv_model_work *work, sv_text_batch_member *ret_member);
    sv_status (*answer_texts)(sv_model_work *work, const sv_text_batch_member *member,
                              sv_error *error);
} sv_batch_steps;

/* Which works for the same instance may run together: as sv_batch_class and sv_text_batch_class
 * say; 0: none, as long as the model does not batch. */
uint64_t sv_batch_work_class(const sv_model_work *work, const sv_tensor_request *request);
uint64_t sv_batch_work_text_class(const sv_model_work *work);

/* Sets the steps, which are static, and, unless the work has a `run` of its own for when it is
 * alone, one that takes them; submits the work as by sv_model_work_submit. */
sv_status sv_batch_work_submit(sv_model_work *work, const sv_batch_steps *steps,
                               uint64_t class) SV_MUST_USE;

#endif
