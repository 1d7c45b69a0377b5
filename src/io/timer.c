/* timer.c: deadlines that are moved often and reached rarely.
 *
 * DESIGN. The underlying timer is armed for the first deadline and left alone when the deadline
 * moves later; when it fires too early it is armed again for what is left. A connection that renews
 * its deadline with every request so costs a store, not a heap operation. */
#include "io/timer.h"

#include <stdbool.h>
#include <stdlib.h>

#include <uv.h>

struct sv_timer {
    uv_timer_t uv; /* first: its data is the sv_timer, which has the same address */
    sv_loop *loop;
    void (*run)(void *arg);
    void *arg;
    int64_t deadline_ns;
    int64_t armed_ns; /* when the underlying timer fires; SV_NEVER: it is stopped */
};

static void on_fire(uv_timer_t *uv);

static void arm(sv_timer *timer)
{
    int64_t left = timer->deadline_ns - sv_loop_now_ns(timer->loop);
    int64_t left_ms = left > 0 ? (left - 1) / SV_NS_PER_MS + 1 : 0;
    timer->armed_ns = timer->deadline_ns;
    uv_update_time(timer->uv.loop);
    uv_timer_start(&timer->uv, on_fire, (uint64_t)left_ms, 0);
}

static void on_fire(uv_timer_t *uv)
{
    sv_timer *timer = uv->data;
    timer->armed_ns = SV_NEVER;
    if (timer->deadline_ns == SV_NEVER)
        return;
    if (timer->deadline_ns > sv_loop_now_ns(timer->loop)) {
        arm(timer);
        return;
    }
    timer->deadline_ns = SV_NEVER;
    timer->run(timer->arg);
}

sv_timer *sv_timer_new(sv_loop *loop, void (*run)(void *arg), void *arg)
{
    sv_timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    uv_timer_init(sv_loop_handle(loop), &timer->uv);
    timer->uv.data = timer;
    timer->loop = loop;
    timer->run = run;
    timer->arg = arg;
    timer->deadline_ns = timer->armed_ns = SV_NEVER;
    return timer;
}

void sv_timer_set(sv_timer *timer, int64_t deadline_ns)
{
    timer->deadline_ns = deadline_ns;
    if (deadline_ns < timer->armed_ns)
        arm(timer);
}

static void arm_again(uv_handle_t *uv, void *arg)
{
    (void)arg;
    sv_timer *timer = uv->data;
    if (uv->type == UV_TIMER && (void *)timer == uv && !uv_is_closing(uv) &&
        timer->deadline_ns != SV_NEVER)
        arm(timer);
}

void sv_timer_catch_up(sv_loop *loop)
{
    uv_walk(sv_loop_handle(loop), arm_again, NULL);
}

static void free_closed(uv_handle_t *uv)
{
    free(uv->data);
}

void sv_timer_free(sv_timer *timer)
{
    if (!timer)
        return;
    timer->deadline_ns = SV_NEVER;
    uv_close((uv_handle_t *)&timer->uv, free_closed);
}
