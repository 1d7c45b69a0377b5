/* joint_cancel.c: counts the seats that still wait. */
#include "model/joint_cancel.h"

sv_status sv_joint_cancel_init(sv_joint_cancel *joint, size_t n_seats)
{
    atomic_init(&joint->waiting, n_seats);
    joint->token = sv_cancel_new();
    return joint->token ? SV_OK : SV_NO_MEMORY;
}

void sv_joint_cancel_deinit(sv_joint_cancel *joint)
{
    sv_cancel_unref(joint->token);
    joint->token = NULL;
}

/* On the thread that cancels; its token is locked. */
static void lose_seat(void *arg)
{
    sv_joint_cancel_seat *seat = arg;
    if (atomic_fetch_sub_explicit(&seat->joint->waiting, 1, memory_order_acq_rel) == 1)
        sv_cancel_fire(seat->joint->token, sv_cancel_get(seat->cancel));
}

void sv_joint_cancel_sit(sv_joint_cancel *joint, sv_joint_cancel_seat *seat, sv_cancel *cancel)
{
    *seat = (sv_joint_cancel_seat){joint, cancel, {.run = lose_seat, .arg = seat}};
    sv_cancel_add(cancel, &seat->callback);
}

void sv_joint_cancel_leave(sv_joint_cancel_seat *seat)
{
    sv_cancel_remove(seat->cancel, &seat->callback);
}
