/* cancel.c: the cancel token.
 *
 * DESIGN. The reason is atomic, so that asking costs one load. Callbacks run with the lock held:
 * removing one takes the lock and so waits for a running one. A callback may therefore neither
 * block nor touch its own token's list. */
#include "base/cancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct sv_cancel {
    atomic_int references;
    atomic_int reason;
    pthread_mutex_t lock;
    sv_list_node callbacks; /* guarded by lock */
};

sv_cancel *sv_cancel_new(void)
{
    sv_cancel *cancel = calloc(1, sizeof *cancel);
    if (!cancel)
        return NULL;
    atomic_init(&cancel->references, 1);
    pthread_mutex_init(&cancel->lock, NULL);
    sv_list_init(&cancel->callbacks);
    return cancel;
}

sv_cancel *sv_cancel_ref(sv_cancel *cancel)
{
    atomic_fetch_add_explicit(&cancel->references, 1, memory_order_relaxed);
    return cancel;
}

void sv_cancel_unref(sv_cancel *cancel)
{
    if (!cancel || atomic_fetch_sub_explicit(&cancel->references, 1, memory_order_acq_rel) > 1)
        return;
    pthread_mutex_destroy(&cancel->lock);
    free(cancel);
}

bool sv_cancel_is_fresh(const sv_cancel *cancel)
{
    return atomic_load_explicit(&cancel->references, memory_order_acquire) == 1 &&
           !sv_cancel_is_set(cancel);
}

void sv_cancel_fire(sv_cancel *cancel, sv_cancel_reason reason)
{
    pthread_mutex_lock(&cancel->lock);
    if (!atomic_load_explicit(&cancel->reason, memory_order_relaxed)) {
        atomic_store_explicit(&cancel->reason, (int)reason, memory_order_release);
        while (!sv_list_is_empty(&cancel->callbacks)) {
            sv_list_node *node = cancel->callbacks.next;
            sv_list_remove(node);
            sv_cancel_callback *callback = SV_CONTAINER_OF(node, sv_cancel_callback, node);
            callback->run(callback->arg);
        }
    }
    pthread_mutex_unlock(&cancel->lock);
}

sv_cancel_reason sv_cancel_get(const sv_cancel *cancel)
{
    if (!cancel)
        return SV_CANCEL_NONE;
    return (sv_cancel_reason)atomic_load_explicit(&cancel->reason, memory_order_acquire);
}

void sv_cancel_add(sv_cancel *cancel, sv_cancel_callback *callback)
{
    sv_list_init(&callback->node);
    if (!cancel)
        return;
    pthread_mutex_lock(&cancel->lock);
    bool fired = atomic_load_explicit(&cancel->reason, memory_order_relaxed) != SV_CANCEL_NONE;
    if (!fired)
        sv_list_append(&cancel->callbacks, &callback->node);
    pthread_mutex_unlock(&cancel->lock);
    if (fired)
        callback->run(callback->arg);
}

void sv_cancel_remove(sv_cancel *cancel, sv_cancel_callback *callback)
{
    if (!cancel)
        return;
    pthread_mutex_lock(&cancel->lock);
    if (callback->node.next) /* it was added once */
        sv_list_remove(&callback->node);
    pthread_mutex_unlock(&cancel->lock);
}
