/* shadow_task.h: what the works of each task hand to a shadow version once they have their answer:
 * a copy of what came in, and of what is to be compared. Nothing happens for a model without one,
 * or when the shadow itself has answered. Never fails the work; a copy costs it the time to copy.
 *
 * On the thread that has the work's permit. Everything is copied. */
#ifndef SERVAL_API_SHADOW_TASK_H
#define SERVAL_API_SHADOW_TASK_H

#include "api/model_work.h"

void sv_shadow_task_picture(const sv_model_work *work, const sv_image_request *request,
                            const sv_predictions *predictions);
/* `predictions`: a list for each text. */
void sv_shadow_task_labels(const sv_model_work *work, const sv_text_request *request,
                           const sv_predictions *predictions);
void sv_shadow_task_embeddings(const sv_model_work *work, const sv_text_request *request,
                               const sv_embeddings *embeddings);
void sv_shadow_task_table(const sv_model_work *work, const sv_tensor_request *request,
                          const sv_tabular_predictions *predictions);
void sv_shadow_task_tensors(const sv_model_work *work, const sv_tensor_request *request,
                            const sv_tensors *outputs);

#endif
