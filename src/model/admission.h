/* admission.h: whether a work may wait, and if not, why and when it should come back.
 *
 * DESIGN. A work is admitted only if its predicted finish (what is ahead of it, given the shares of
 * models and clients, and its own time) keeps its deadline: refusing early is honest, computing for
 * nobody is not. And a line is worth nothing beyond the time for which clients wait. Where they are
 * known to leave (patience.h), it holds at most half of that time; and the more works are offered
 * above what the permits can do, the shorter: under overload a line needs to bridge the gaps
 * between arrivals only, everything above delays and serves nobody. Nobody leaves: the bound is the
 * deadline, or half a minute. Pure, like backlog.h. */
#ifndef SERVAL_MODEL_ADMISSION_H
#define SERVAL_MODEL_ADMISSION_H

#include "model/backlog.h"

typedef struct sv_forecast {
    int64_t line_ns;   /* what waits ahead of it takes so long */
    int64_t wait_ns;   /* the same and what runs: until its start */
    int64_t finish_ns; /* after its run */
} sv_forecast;

/* Of a work that may not run at once. */
sv_forecast sv_admission_predict(const sv_backlog *backlog, const sv_work *work);
/* How long the line may be for such a work, like `line_ns` above. */
int64_t sv_admission_limit_ns(const sv_backlog *backlog, const sv_work *work, int64_t now_ns);
/* Counts a work that is offered, whatever becomes of it; first of all. */
void sv_admission_note(sv_backlog *backlog, const sv_work *work, int64_t now_ns);
/* May a work wait that may not run at once? `*ret_refusal` is written when it may not. */
bool sv_admission_decide(const sv_backlog *backlog, const sv_work *work, int64_t now_ns,
                         sv_work_refusal *ret_refusal);

#endif
