/* loop.c: an event loop on libuv: a thread, a mailbox, a heartbeat. Sockets and timers: tcp.c, timer.c. */
#include "io/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <uv.h>

enum { HEARTBEAT_MS = 250 };

struct sv_loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_timer_t heartbeat; /* unreferenced; runs only while the loop does */
    uv_timer_t step;      /* ends a sv_loop_step */
    uv_check_t round;     /* notes that the loop came round */
    sv_mailbox mailbox;
    atomic_bool stopping;
    _Atomic int64_t last_round_ns;
    pthread_t thread, runner;
    atomic_bool has_runner;
    bool started;
};

static void run_messages(sv_loop *loop)
{
    sv_message *message = sv_mailbox_take_all(&loop->mailbox);
    while (message) {
        sv_message *next = message->next;
        message->run(message);
        message = next;
    }
}

static void on_wake(uv_async_t *wake)
{
    sv_loop *loop = wake->data;
    run_messages(loop);
    if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

static void note_round(sv_loop *loop)
{
    atomic_store_explicit(&loop->last_round_ns, (int64_t)uv_hrtime(), memory_order_relaxed);
}

static void on_round(uv_check_t *round)
{
    note_round(round->data);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

sv_status sv_loop_new(sv_error *error, sv_loop **ret_loop)
{
    sv_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return SV_NO_MEMORY;
    int failed = uv_loop_init(&loop->uv);
    if (failed) {
        free(loop);
        return sv_error_set(error, SV_IO, NULL, "cannot make an event loop: %s", uv_strerror(failed));
    }
    failed = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (failed) {
        uv_loop_close(&loop->uv);
        free(loop);
        return sv_error_set(error, SV_IO, NULL, "cannot make an event loop: %s", uv_strerror(failed));
    }
    loop->wake.data = loop;
    uv_timer_init(&loop->uv, &loop->heartbeat);
    uv_timer_init(&loop->uv, &loop->step);
    uv_check_init(&loop->uv, &loop->round);
    loop->round.data = loop;
    uv_check_start(&loop->round, on_round);
    note_round(loop);
    *ret_loop = loop;
    return SV_OK;
}

void sv_loop_free(sv_loop *loop)
{
    if (!loop)
        return;
    sv_loop_join(loop);
    run_messages(loop);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->heartbeat, NULL);
    uv_close((uv_handle_t *)&loop->step, NULL);
    uv_close((uv_handle_t *)&loop->round, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    free(loop);
}

static void take_thread(sv_loop *loop)
{
    loop->runner = pthread_self();
    atomic_store(&loop->has_runner, true);
}

void sv_loop_run(sv_loop *loop)
{
    take_thread(loop);
    uv_timer_start(&loop->heartbeat, on_timer, HEARTBEAT_MS, HEARTBEAT_MS);
    while (!atomic_load(&loop->stopping))
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_timer_stop(&loop->heartbeat);
    atomic_store(&loop->stopping, false);
}

void sv_loop_step(sv_loop *loop, int timeout_ms)
{
    take_thread(loop);
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->step, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 0, 0);
    /* A timer of 0 ms would be over before the wait begins, and the wait then have no end. */
    uv_run(&loop->uv, timeout_ms > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    uv_timer_stop(&loop->step);
}

void sv_loop_stop(sv_loop *loop)
{
    atomic_store(&loop->stopping, true);
    uv_async_send(&loop->wake);
}

static void *run_thread(void *arg)
{
    sv_loop_run(arg);
    return NULL;
}

sv_status sv_loop_start(sv_loop *loop, sv_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&loop->thread, NULL, run_thread, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return sv_error_set(error, SV_IO, NULL, "cannot start a thread: %s", uv_strerror(-failed));
    loop->started = true;
    return SV_OK;
}

void sv_loop_join(sv_loop *loop)
{
    if (!loop->started)
        return;
    sv_loop_stop(loop);
    pthread_join(loop->thread, NULL);
    loop->started = false;
}

void sv_loop_post(sv_loop *loop, sv_message *message)
{
    if (sv_mailbox_put(&loop->mailbox, message))
        uv_async_send(&loop->wake);
}

bool sv_loop_is_current(const sv_loop *loop)
{
    return atomic_load(&loop->has_runner) && pthread_equal(loop->runner, pthread_self());
}

int64_t sv_loop_now_ns(const sv_loop *loop)
{
    (void)loop;
    return (int64_t)uv_hrtime();
}

int64_t sv_loop_last_round_ns(const sv_loop *loop)
{
    return atomic_load_explicit(&loop->last_round_ns, memory_order_relaxed);
}

void *sv_loop_handle(sv_loop *loop)
{
    return &loop->uv;
}
