/* text_batch.h: the texts of several requests in the same runs of one model: sorted by length, a
 * few at a time, as several texts of one request are (task_text.h). */
#ifndef SERVAL_MODEL_TEXT_BATCH_H
#define SERVAL_MODEL_TEXT_BATCH_H

#include "model/batch.h"
#include "model/task_text.h"

/* Whether texts can run beside those of others and keep their answers: rows are all of one length,
 * or the model is told where a text ends. 0: no; else a class as of sv_batch_class, the same for
 * every request. Whether they do keep them, batch_probe.h measures. Pure. */
uint64_t sv_text_batch_class(const sv_text_task *task);

/* One of those who run together: fill `request`, and for labels `predictions`. */
typedef struct sv_text_batch_member {
    const sv_text_request *request;
    sv_predictions *predictions; /* room for one list for each text; NULL: vectors are wanted */
    /* What came of it: as of sv_task_text_embed or sv_task_text_classify. */
    sv_status status;
    sv_embeddings embeddings;
    sv_error error;
    /* Private. */
    bool is_pending;
    size_t first_text;
    sv_joint_cancel_seat seat;
} sv_text_batch_member;

/* Runs all on the calling thread, which owns their arenas meanwhile. All want vectors, or all want
 * labels. What holds for members of sv_batch_run holds here: failures, cancelling, times. Answers
 * are copied into each member's arena. */
sv_batch_outcome sv_text_batch_run(const sv_text_task *task, sv_engine_model *model,
                                   sv_text_batch_member *members, size_t n_members);

#endif
