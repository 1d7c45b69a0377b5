/* call_store.c: a stack of spare calls, and a list of all. */
#include "web/call_store.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Calls are made in pieces of this many, so that a list of all is short. */
enum { CALLS_PER_PIECE = 16 };

typedef struct piece {
    struct piece *next;
    sv_call calls[CALLS_PER_PIECE];
} piece;

struct sv_call_store {
    pthread_mutex_t lock; /* guards both lists */
    sv_call *spare;
    piece *pieces;
};

sv_call_store *sv_call_store_new(void)
{
    sv_call_store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    if (pthread_mutex_init(&store->lock, NULL) != 0) {
        free(store);
        return NULL;
    }
    return store;
}

void sv_call_store_free(sv_call_store *store)
{
    if (!store)
        return;
    while (store->pieces) {
        piece *next = store->pieces->next;
        free(store->pieces);
        store->pieces = next;
    }
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* Under the lock. */
static void add_piece(sv_call_store *store)
{
    piece *added = calloc(1, sizeof *added);
    if (!added)
        return;
    added->next = store->pieces;
    store->pieces = added;
    for (int i = 0; i < CALLS_PER_PIECE; i++) {
        added->calls[i].next_spare = store->spare;
        store->spare = &added->calls[i];
    }
}

sv_call *sv_call_store_take(sv_call_store *store)
{
    pthread_mutex_lock(&store->lock);
    if (!store->spare)
        add_piece(store);
    sv_call *call = store->spare;
    if (call)
        store->spare = call->next_spare;
    pthread_mutex_unlock(&store->lock);
    if (!call)
        return NULL;
    /* All but what others may be looking at. */
    size_t seen = offsetof(sv_call, is_inline) + sizeof call->is_inline;
    memset((char *)call + seen, 0, sizeof *call - seen);
    atomic_store_explicit(&call->phase, SV_CALL_RUNNING, memory_order_release);
    return call;
}

void sv_call_store_put(sv_call_store *store, sv_call *call)
{
    atomic_store_explicit(&call->phase, SV_CALL_SPARE, memory_order_release);
    pthread_mutex_lock(&store->lock);
    call->next_spare = store->spare;
    store->spare = call;
    pthread_mutex_unlock(&store->lock);
}

/* The list of pieces only grows, at its head. */
static piece *get_pieces(sv_call_store *store)
{
    pthread_mutex_lock(&store->lock);
    piece *first = store->pieces;
    pthread_mutex_unlock(&store->lock);
    return first;
}

size_t sv_call_store_abandon(sv_call_store *store, void (*end)(sv_call *call))
{
    size_t n = 0;
    for (piece *at = get_pieces(store); at; at = at->next)
        for (int i = 0; i < CALLS_PER_PIECE; i++) {
            int deferred = SV_CALL_DEFERRED;
            if (!atomic_compare_exchange_strong(&at->calls[i].phase, &deferred, SV_CALL_ENDING))
                continue;
            end(&at->calls[i]);
            n++;
        }
    return n;
}

void sv_call_store_each_running(sv_call_store *store, int64_t since_ns,
                                void (*see)(void *arg, const sv_long_call *running), void *arg)
{
    for (piece *at = get_pieces(store); at; at = at->next)
        for (int i = 0; i < CALLS_PER_PIECE; i++) {
            sv_call *call = &at->calls[i];
            sv_long_call running = {call->name, call->running_since_ns, call->is_inline};
            if (running.since_ns && running.since_ns < since_ns)
                see(arg, &running);
        }
}
