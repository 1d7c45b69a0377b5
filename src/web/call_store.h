/* call_store.h: the memory of an application's calls.
 *
 * DESIGN. A call's memory is used again for another call but never given back while the application
 * lives, and its `turn` (a count of uses, and a phase) says who may end it: whoever moves the phase
 * to ending. So a handler that completes its call twice, or returns from a call that was completed
 * meanwhile, touches memory that is still a call, and is found out. Spares wait in line, so that
 * what a late completion finds is most likely a spare still. */
#ifndef SERVAL_WEB_CALL_STORE_H
#define SERVAL_WEB_CALL_STORE_H

#include "web/call.h"

typedef struct sv_call_store sv_call_store;

/* NULL when out of memory. */
sv_call_store *sv_call_store_new(void);
/* No call may be out. NULL is fine. */
void sv_call_store_free(sv_call_store *store);
/* A zeroed call, running; NULL when out of memory. Any thread. */
sv_call *sv_call_store_take(sv_call_store *store);
/* Any thread. */
void sv_call_store_put(sv_call_store *store, sv_call *call);
/* The use that the call is in; to be passed on. */
unsigned long long sv_call_store_turn(const sv_call *call);
/* Moves the call, in this use, from running to another phase. False: it is over, or was completed.
 */
bool sv_call_store_leave(sv_call *call, unsigned long long turn, sv_call_phase phase);
/* Moves the call to ending, from running or deferred. False: it is neither. */
bool sv_call_store_end(sv_call *call);

/* Takes the end back: the call is running again. For the one who moved it to ending. */
void sv_call_store_resume(sv_call *call);

/* Calls `end` for each call that its handler deferred and nobody has completed; it is the
 * callback's from then on. For the stop. Returns how many there were. */
size_t sv_call_store_abandon(sv_call_store *store, void (*end)(sv_call *call));

/* A handler that has been running since before `since_ns`. */
typedef struct sv_long_call {
    const char *name;
    int64_t since_ns;
    bool is_inline;
} sv_long_call;
/* Shows every handler that has been running since before `since_ns` to `see`. Any thread. */
void sv_call_store_each_running(sv_call_store *store, int64_t since_ns,
                                void (*see)(void *arg, const sv_long_call *running), void *arg);

#endif
