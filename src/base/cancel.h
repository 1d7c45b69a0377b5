/* cancel.h: a token that says "nobody waits for this any more", with callbacks.
 *
 * Set once, never reset. Callbacks run on the thread that cancels, under the token's lock order
 * described at sv_cancel_add; they must not block. */
#ifndef SERVAL_BASE_CANCEL_H
#define SERVAL_BASE_CANCEL_H

#include <stdbool.h>

#include "base/list.h"

typedef enum sv_cancel_reason {
    SV_CANCEL_NONE,
    SV_CANCEL_CLIENT,   /* the client left */
    SV_CANCEL_DEADLINE, /* its time is over */
    SV_CANCEL_SHUTDOWN, /* the server stops */
    SV_CANCEL_REQUEST,  /* somebody asked for it */
} sv_cancel_reason;

typedef struct sv_cancel sv_cancel;

/* A callback in the caller's storage; fill `run` and `arg`. */
typedef struct sv_cancel_callback {
    void (*run)(void *arg);
    void *arg;
    sv_list_node node;
} sv_cancel_callback;

/* One reference; NULL when out of memory. */
sv_cancel *sv_cancel_new(void);
sv_cancel *sv_cancel_ref(sv_cancel *cancel);
/* NULL is fine. */
void sv_cancel_unref(sv_cancel *cancel);

/* True when the caller holds the only reference to a token that was never fired: it is as good as a
 * new one. */
bool sv_cancel_is_fresh(const sv_cancel *cancel);

/* Sets the token (the first reason stays) and runs the callbacks. Any thread. */
void sv_cancel_fire(sv_cancel *cancel, sv_cancel_reason reason);
/* Any thread; one atomic load. NULL is never cancelled. */
sv_cancel_reason sv_cancel_get(const sv_cancel *cancel);
static inline bool sv_cancel_is_set(const sv_cancel *cancel)
{
    return sv_cancel_get(cancel) != SV_CANCEL_NONE;
}

/* Registers a callback, to be removed before its storage goes. When the token is set already it
 * runs at once, on the caller's thread, and is not registered. A NULL token is never cancelled. */
void sv_cancel_add(sv_cancel *cancel, sv_cancel_callback *callback);
/* Unregisters; waits for the callback when another thread is running it. Fine for one that was
 * never added (zeroed), and for a NULL token. */
void sv_cancel_remove(sv_cancel *cancel, sv_cancel_callback *callback);

#endif
