/* warm_up.h: one run of a fresh instance on made-up input, within a time budget, and what that time
 * is good for besides: whether texts, and requests, can run together. */
#ifndef SERVAL_MODEL_WARM_UP_H
#define SERVAL_MODEL_WARM_UP_H

#include "model/instance.h"

/* Runs on a thread of its own, so that a model that does not end can be ended; blocks until it has.
 * Pictures, texts and tables of zeros; tensors of unknown meaning are left alone: no input is known
 * to be good. Then, where the manifest wants batching, it is tried (batch_plan.h). Texts run one by
 * one unless it was seen that those of one run leave each other alone. SV_OK also when there was
 * nothing to run; SV_CANCELLED, with a message: the budget was spent; else what the model says. */
sv_status sv_warm_up_run(sv_instance *instance, sv_error *error) SV_MUST_USE;

#endif
