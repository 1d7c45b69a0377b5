/* call_store.c: a line of spare calls, a list of all, and who may end one. */
#include "web/call_store.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Calls are made in pieces of this many: a list of all is short, and a spare rests for a while. */
enum { CALLS_PER_PIECE = 32, MIN_SPARE = 32, PHASE_BITS = 2, PHASE_MASK = (1 << PHASE_BITS) - 1 };

typedef struct piece {
    struct piece *next;
    sv_call calls[CALLS_PER_PIECE];
} piece;

struct sv_call_store {
    pthread_mutex_t lock;   /* guards all below */
    sv_call *first, **last; /* spare, the longest unused first */
    size_t n_spare;
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
    store->last = &store->first;
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
static void append(sv_call_store *store, sv_call *call)
{
    call->next_spare = NULL;
    *store->last = call;
    store->last = &call->next_spare;
    store->n_spare++;
}

/* Under the lock. */
static void add_piece(sv_call_store *store)
{
    piece *added = calloc(1, sizeof *added);
    if (!added)
        return;
    added->next = store->pieces;
    store->pieces = added;
    for (int i = 0; i < CALLS_PER_PIECE; i++)
        append(store, &added->calls[i]);
}

/* Under the lock; NULL when there is none. */
static sv_call *take_first(sv_call_store *store)
{
    sv_call *call = store->first;
    if (!call)
        return NULL;
    store->first = call->next_spare;
    if (!store->first)
        store->last = &store->first;
    store->n_spare--;
    return call;
}

static unsigned long long with_phase(unsigned long long turn, sv_call_phase phase)
{
    return (turn & ~(unsigned long long)PHASE_MASK) | (unsigned long long)phase;
}

sv_call *sv_call_store_take(sv_call_store *store)
{
    pthread_mutex_lock(&store->lock);
    if (store->n_spare < MIN_SPARE)
        add_piece(store);
    sv_call *call = take_first(store);
    pthread_mutex_unlock(&store->lock);
    if (!call)
        return NULL;
    /* All but what others may be looking at. */
    size_t seen = offsetof(sv_call, is_inline) + sizeof call->is_inline;
    memset((char *)call + seen, 0, sizeof *call - seen);
    unsigned long long turn = atomic_load(&call->turn) + (1 << PHASE_BITS);
    atomic_store(&call->turn, with_phase(turn, SV_CALL_RUNNING));
    return call;
}

void sv_call_store_put(sv_call_store *store, sv_call *call)
{
    atomic_store(&call->turn, with_phase(atomic_load(&call->turn), SV_CALL_SPARE));
    pthread_mutex_lock(&store->lock);
    append(store, call);
    pthread_mutex_unlock(&store->lock);
}

unsigned long long sv_call_store_turn(const sv_call *call)
{
    return atomic_load(&call->turn);
}

bool sv_call_store_leave(sv_call *call, unsigned long long turn, sv_call_phase phase)
{
    unsigned long long running = with_phase(turn, SV_CALL_RUNNING);
    return atomic_compare_exchange_strong(&call->turn, &running, with_phase(turn, phase));
}

static bool move(sv_call *call, sv_call_phase from, sv_call_phase to)
{
    unsigned long long turn = atomic_load(&call->turn);
    if ((turn & PHASE_MASK) != (unsigned long long)from)
        return false;
    return atomic_compare_exchange_strong(&call->turn, &turn, with_phase(turn, to));
}

/* It may go from running to deferred between two looks. */
bool sv_call_store_end(sv_call *call)
{
    return move(call, SV_CALL_RUNNING, SV_CALL_ENDING) ||
           move(call, SV_CALL_DEFERRED, SV_CALL_ENDING);
}

void sv_call_store_resume(sv_call *call)
{
    atomic_store(&call->turn, with_phase(atomic_load(&call->turn), SV_CALL_RUNNING));
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
            if (!move(&at->calls[i], SV_CALL_DEFERRED, SV_CALL_ENDING))
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
