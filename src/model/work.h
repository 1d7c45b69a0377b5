/* work.h: one piece of model work, as who asks for it describes it to the scheduler. */
#ifndef SERVAL_MODEL_WORK_H
#define SERVAL_MODEL_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>

#include "base/cancel.h"
#include "base/list.h"
#include "io/mailbox.h"

struct sv_lane;
struct sv_scheduler;

typedef enum sv_priority {
    SV_PRIORITY_NORMAL,
    SV_PRIORITY_HIGH,
    SV_PRIORITY_LOW,
    SV_PRIORITY_SHADOW, /* nobody waits for it: it runs only when no other work waits anywhere */
} sv_priority;

typedef enum sv_refusal_reason {
    SV_REFUSED_LINE_FULL, /* the line is longer than clients wait, or than there is room */
    SV_REFUSED_DEADLINE,  /* it would be done too late for this work's own deadline */
    SV_REFUSED_SHARE,     /* one of these, of a client that has more than its share of the line */
} sv_refusal_reason;

typedef struct sv_work_refusal {
    sv_refusal_reason reason;
    int64_t retry_after_s; /* at least 1 */
} sv_work_refusal;

/* In the submitter's storage until `run`, `run_batch` or `drop` is called: exactly one of them,
 * once. */
typedef struct sv_work {
    /* Holds a permit. The work is the callee's again: it may free it. NULL: `run_batch` runs it
     * alone, too. */
    void (*run)(struct sv_work *work);
    /* The same for `n` works of one lane and class, as one. The array is the scheduler's and goes
     * with the call. NULL: the work is never batched. */
    void (*run_batch)(struct sv_work *const *works, size_t n);
    /* Never ran: SV_CANCELLED, or SV_UNAVAILABLE for a shadow that had to make room. */
    void (*drop)(struct sv_work *work, sv_status status);
    struct sv_lane *lane;     /* must outlive the work: sv_scheduler_is_lane_idle */
    sv_cancel *cancel;        /* may be NULL */
    int64_t deadline_ns;      /* monotonic; SV_NEVER: none */
    uint64_t batch_class;     /* works of one class may run as one; 0: alone */
    uint32_t units;           /* rows; 0 counts as 1 */
    uint32_t max_batch_units; /* of a run that it leads; 0 or 1: it runs alone */
    uint32_t client;          /* hash of who asks; 0: nobody in particular */
    sv_priority priority;

    int64_t waited_ns;  /* out: time in line, set before it runs */
    bool was_batched;   /* out, before `run_batch` or `drop`: others were with it */
    bool *ret_was_left; /* set before it runs: the callee may write true before it gives the work
                           away, when it broke off since the client left (of a batch: all of them);
                           that teaches how long clients wait, not how long the model takes */

    /* The scheduler's. */
    struct sv_scheduler *scheduler;
    sv_list_node node; /* among the works of its client */
    sv_list_node turn; /* of the first of a client: among the clients */
    struct sv_work *next_client;
    sv_list_node age; /* among all of the lane, in order of arrival */
    sv_cancel_callback on_cancel;
    sv_message message;
    int64_t submitted_ns;
    uint32_t place; /* among the works of its client */
    uint8_t rank;
    bool is_waiting;
} sv_work;

static inline int64_t sv_work_units(const sv_work *work)
{
    return work->units ? work->units : 1;
}

#endif
