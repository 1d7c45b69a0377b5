/* joint_cancel.h: the token of work that is done for several at once: set when all of theirs are.
 */
#ifndef SERVAL_MODEL_JOINT_CANCEL_H
#define SERVAL_MODEL_JOINT_CANCEL_H

#include <stdatomic.h>

#include <serval/status.h>

#include "base/cancel.h"

/* In the caller's storage, at one place while seats are taken. */
typedef struct sv_joint_cancel {
    sv_cancel *token;      /* for the work; the last reason is its reason */
    atomic_size_t waiting; /* seats whose token is not set */
} sv_joint_cancel;

/* One of those who wait. In the caller's storage; private. */
typedef struct sv_joint_cancel_seat {
    sv_joint_cancel *joint;
    sv_cancel *cancel;
    sv_cancel_callback callback;
} sv_joint_cancel_seat;

/* For exactly `n_seats`. SV_NO_MEMORY. */
sv_status sv_joint_cancel_init(sv_joint_cancel *joint, size_t n_seats) SV_MUST_USE;
/* No seat is taken any more. Accepts a zeroed one. */
void sv_joint_cancel_deinit(sv_joint_cancel *joint);

/* `cancel` is the token of who takes the seat; NULL: it is never cancelled, and so neither is the
 * work. It is borrowed until sv_joint_cancel_leave. When it is set, on whatever thread, it may set
 * the token of the work: callbacks of that one run inside. */
void sv_joint_cancel_sit(sv_joint_cancel *joint, sv_joint_cancel_seat *seat, sv_cancel *cancel);
/* Waits for a callback that runs. Fine for a zeroed seat. */
void sv_joint_cancel_leave(sv_joint_cancel_seat *seat);

#endif
