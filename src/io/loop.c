/* loop.c: an event loop on libuv: a thread, a mailbox, a heartbeat. Sockets and timers:
 * socket.c, timer.c.
 *
 * DESIGN. Other threads reach a loop through one mailbox and one eventfd (not a uv_async_t: its
 * receiver waits busily, then yields its turn, until the sender is out of the system call; where
 * both share a CPU that costs the loop milliseconds). A loop says how it rests: one that is awake
 * looks into its mailbox before it sleeps, so that nobody has to wake it; one that is asleep is
 * woken by the first message of a batch. One that naps comes round by itself soon: a thread that
 * answers one short message after another wakes it once for several of them, and should it be held
 * up between two, they wait for the end of the nap. The heartbeat lets an idle loop come round; a
 * callback that blocks stops it, and that is what liveness looks at. */
#include "io/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <uv.h>

enum { HEARTBEAT_MS = 250, MAX_WISHES = 4, NAP_MS = 1, MAX_LOOKS = 4 };

typedef enum rest { ASLEEP, NAPPING, AWAKE } rest;

/* For the end of a turn. */
typedef struct wish {
    void (*run)(void *arg);
    void *arg;
} wish;

struct sv_loop {
    uv_loop_t uv;
    uv_poll_t wake;
    int wake_fd;
    uv_timer_t heartbeat;  /* only inside sv_loop_run */
    uv_timer_t step;       /* ends a sv_loop_step */
    uv_check_t round;      /* notes that the loop came round */
    uv_prepare_t turn_end; /* before it waits */
    wish wishes[MAX_WISHES];
    size_t n_wishes;
    uv_timer_t nap;
    bool expects_bundles, runs; /* runs: inside sv_loop_run */
    const sv_clock *clock;      /* NULL: the system's */
    pthread_t thread;
    bool started;
    /* Any thread. */
    sv_mailbox mailbox;
    _Atomic(rest) rest; /* only sv_loop_run is ever not asleep */
    atomic_bool stopping;
    atomic_bool is_called; /* wake_fd was written and not read yet */
    _Atomic int64_t last_round_ns;
    _Atomic(pthread_t) runner; /* zero before the first run: nobody */
    char read_buffer[SV_LOOP_READ_BUFFER_SIZE];
};

/* Whose turn it is on this thread; NULL: it runs none. */
static _Thread_local sv_loop *current;

/* What this thread has posted to `owed` it did not wake it for. */
static _Thread_local struct {
    bool delays;
    sv_loop *owed;
} wakes;

/* The thread's own reads of what it wrote last need no order. */
static void note_awake(sv_loop *loop)
{
    if (loop->runs && atomic_load_explicit(&loop->rest, memory_order_relaxed) != AWAKE)
        atomic_store_explicit(&loop->rest, AWAKE, memory_order_relaxed);
}

static void run_messages(sv_loop *loop)
{
    sv_message *message = sv_mailbox_take_all(&loop->mailbox);
    while (message) {
        sv_message *next = message->next;
        message->run(message); /* it may be gone then */
        message = next;
    }
}

/* One write for all who call before the loop has come. */
static void call_loop(sv_loop *loop)
{
    static const uint64_t one = 1;
    if (!atomic_exchange(&loop->is_called, true) && write(loop->wake_fd, &one, sizeof one) < 0)
        atomic_store(&loop->is_called, false); /* cannot be: the counter is never full */
}

static void on_wake(uv_poll_t *wake, int status, int events)
{
    (void)status, (void)events;
    sv_loop *loop = wake->data;
    uint64_t n;
    if (read(loop->wake_fd, &n, sizeof n) < 0)
        return;
    atomic_store(&loop->is_called, false); /* before the mailbox is emptied */
    note_awake(loop);
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

static void end_turn(sv_loop *loop)
{
    size_t n = loop->n_wishes;
    loop->n_wishes = 0;
    for (size_t i = 0; i < n; i++)
        loop->wishes[i].run(loop->wishes[i].arg);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void lie_down(sv_loop *loop)
{
    bool naps = uv_is_active((const uv_handle_t *)&loop->nap);
    if (loop->expects_bundles && !naps)
        naps = uv_timer_start(&loop->nap, on_timer, NAP_MS, 0) == 0;
    loop->expects_bundles = false;
    atomic_store(&loop->rest, naps ? NAPPING : ASLEEP);
}

/* What is there before the wait is seen to; when more keeps coming, sockets have their turn too. */
static void on_turn_end(uv_prepare_t *turn_end)
{
    sv_loop *loop = turn_end->data;
    end_turn(loop);
    if (!loop->runs)
        return;
    for (int i = 0; i < MAX_LOOKS; i++) {
        lie_down(loop);
        if (sv_mailbox_is_empty(&loop->mailbox))
            return;
        note_awake(loop);
        run_messages(loop);
        end_turn(loop);
    }
    call_loop(loop);
}

bool sv_loop_at_end_of_turn(void (*run)(void *arg), void *arg)
{
    sv_loop *loop = current;
    for (size_t i = 0; loop && i < loop->n_wishes; i++)
        if (loop->wishes[i].run == run && loop->wishes[i].arg == arg)
            return true;
    if (!loop || loop->n_wishes == MAX_WISHES)
        return false;
    loop->wishes[loop->n_wishes++] = (wish){run, arg};
    return true;
}

sv_status sv_loop_new(sv_error *error, sv_loop **ret_loop)
{
    sv_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "cannot make an event loop: out of memory");
    int failed = uv_loop_init(&loop->uv);
    if (failed)
        goto fail_loop;
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    failed = loop->wake_fd < 0 ? uv_translate_sys_error(errno)
                               : uv_poll_init(&loop->uv, &loop->wake, loop->wake_fd);
    if (!failed)
        failed = uv_poll_start(&loop->wake, UV_READABLE, on_wake);
    if (failed)
        goto fail_wake;
    loop->wake.data = loop;
    uv_timer_init(&loop->uv, &loop->heartbeat);
    uv_timer_init(&loop->uv, &loop->step);
    uv_timer_init(&loop->uv, &loop->nap);
    uv_check_init(&loop->uv, &loop->round);
    loop->round.data = loop;
    uv_check_start(&loop->round, on_round);
    uv_prepare_init(&loop->uv, &loop->turn_end);
    loop->turn_end.data = loop;
    uv_prepare_start(&loop->turn_end, on_turn_end);
    note_round(loop);
    *ret_loop = loop;
    return SV_OK;

fail_wake:
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    uv_loop_close(&loop->uv);
fail_loop:
    free(loop);
    return sv_error_set(error, failed == UV_ENOMEM ? SV_NO_MEMORY : SV_IO, NULL,
                        "cannot make an event loop: %s", uv_strerror(failed));
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
    uv_close((uv_handle_t *)&loop->nap, NULL);
    uv_close((uv_handle_t *)&loop->round, NULL);
    uv_close((uv_handle_t *)&loop->turn_end, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    run_messages(loop); /* what closing has posted */
    uv_loop_close(&loop->uv);
    close(loop->wake_fd);
    free(loop);
}

/* The calling thread runs the loop from here on. A write to a connection that was reset raises
 * SIGPIPE in the writing thread; blocked there it becomes an error, and the rest of the program
 * keeps its own signal settings. */
static void take_thread(sv_loop *loop)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    atomic_store_explicit(&loop->runner, pthread_self(), memory_order_relaxed);
}

/* From now on whoever posts wakes. */
static void stop_running(sv_loop *loop)
{
    loop->runs = false;
    uv_timer_stop(&loop->nap);
    atomic_store(&loop->rest, ASLEEP);
    if (!sv_mailbox_is_empty(&loop->mailbox))
        call_loop(loop);
}

void sv_loop_run(sv_loop *loop)
{
    take_thread(loop);
    uv_timer_start(&loop->heartbeat, on_timer, HEARTBEAT_MS, HEARTBEAT_MS);
    current = loop;
    loop->runs = true;
    while (!atomic_load(&loop->stopping))
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    current = NULL;
    end_turn(loop);
    stop_running(loop);
    uv_timer_stop(&loop->heartbeat);
    atomic_store(&loop->stopping, false);
}

void sv_loop_step(sv_loop *loop, int timeout_ms)
{
    take_thread(loop);
    uv_update_time(&loop->uv);
    uint64_t after_ms = timeout_ms > 0 ? (uint64_t)timeout_ms : 0;
    /* Again and again: one that is over before the wait begins would leave it without an end. */
    uv_timer_start(&loop->step, on_timer, after_ms, after_ms);
    current = loop;
    uv_run(&loop->uv, timeout_ms > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    current = NULL;
    end_turn(loop);
    uv_timer_stop(&loop->step);
}

void sv_loop_stop(sv_loop *loop)
{
    atomic_store(&loop->stopping, true);
    call_loop(loop);
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
        return sv_error_set(error, SV_IO, NULL, "cannot start a thread: %s", strerror(failed));
    pthread_setname_np(loop->thread, "serval-loop");
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

/* That it was sent for already is seen without a system call. */
static void wake(sv_loop *loop)
{
    if (atomic_load(&loop->rest) != AWAKE)
        call_loop(loop);
}

void sv_loop_post(sv_loop *loop, sv_message *message)
{
    bool delays = wakes.delays && (!wakes.owed || wakes.owed == loop);
    sv_mailbox_put(&loop->mailbox, message);
    if (delays && atomic_load(&loop->rest) == NAPPING)
        wakes.owed = loop;
    else
        wake(loop);
}

void sv_loop_delay_wakes(bool delays)
{
    wakes.delays = delays;
}

bool sv_loop_owes_wake(void)
{
    return wakes.owed != NULL;
}

void sv_loop_settle(void)
{
    sv_loop *loop = wakes.owed;
    wakes.owed = NULL;
    if (loop && !sv_mailbox_is_empty(&loop->mailbox))
        wake(loop);
}

void sv_loop_expect_bundles(void)
{
    if (current)
        current->expects_bundles = true;
}

bool sv_loop_is_current(const sv_loop *loop)
{
    return pthread_equal(atomic_load_explicit(&loop->runner, memory_order_relaxed), pthread_self());
}

int64_t sv_loop_now_ns(const sv_loop *loop)
{
    return loop->clock ? sv_clock_now_ns(loop->clock) : (int64_t)uv_hrtime();
}

void sv_loop_set_clock(sv_loop *loop, const sv_clock *clock)
{
    loop->clock = clock;
}

int64_t sv_loop_last_round_ns(const sv_loop *loop)
{
    return atomic_load_explicit(&loop->last_round_ns, memory_order_relaxed);
}

void *sv_loop_handle(sv_loop *loop)
{
    return &loop->uv;
}

char *sv_loop_read_buffer(sv_loop *loop)
{
    note_awake(loop);
    return loop->read_buffer;
}
