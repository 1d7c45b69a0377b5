/* loader.h: loads and unloads versions, on a thread of its own that delays nobody.
 *
 * DESIGN. Requests and calls only ask: they mark a version, the thread does what is marked, one
 * load after another. It makes room in the memory budget first, loads beside what answers, warms
 * up, and switches under the set's lock; what was there drains. It frees what nobody holds, tries
 * again what failed (after 1 s, 2 s, … 5 min), and looks at the disk now and then (reload.h). Who
 * has to wait leaves a ticket and holds no thread meanwhile. */
#ifndef SERVAL_MODEL_LOADER_H
#define SERVAL_MODEL_LOADER_H

#include "io/pool.h"
#include "model/reload.h"
#include "observe/log.h"

typedef struct sv_loader sv_loader;

typedef struct sv_loader_config {
    sv_registry *registry;   /* outlives the loader */
    sv_pool *pool;           /* tells those who wait; outlives the loader */
    sv_scheduler *scheduler; /* whose lanes versions have; outlives the loader; NULL: none */
    sv_log *log;             /* NULL: none */
    /* What is served, to be looked at again; none: the set of models stays as it is. */
    const char *const *paths;
    size_t n_paths;
    uint64_t memory_budget; /* bytes of all that is loaded together; 0: none */
    int64_t poll_ms;        /* how often the disk is looked at; 0: only when asked */
} sv_loader_config;

/* Asks for every version that is to be loaded at start, and starts the thread. */
sv_status sv_loader_start(const sv_loader_config *config, sv_loader **ret_loader) SV_MUST_USE;
/* Asks the thread to end; those who wait are told SV_UNAVAILABLE. False: it was still loading after
 * `timeout_ms`. NULL is fine. */
bool sv_loader_stop_within(sv_loader *loader, int64_t timeout_ms);
/* Stops first, and waits for the end of a load. NULL is fine. */
void sv_loader_free(sv_loader *loader);
/* Whoever waits for the first loads: true when each was tried once. Any thread. */
bool sv_loader_wait_started(sv_loader *loader, int64_t timeout_ms);
/* Looks at the disk soon. Any thread. */
void sv_loader_poll(sv_loader *loader);

/* Asking. Any thread that holds the model. Both take effect later: see tickets. */

/* Of one version, or of all of the model (NULL). Also one that is ready is loaded anew. Where the
 * disk is not looked at from time to time, that is done before. */
void sv_loader_load(sv_model *model, sv_model_version *version);
/* It answers nothing new, and is not loaded by requests until it is loaded by a call. */
void sv_loader_unload(sv_model *model, sv_model_version *version);

/* Waiting. */

/* In the storage of whoever waits, until `done` is called. */
typedef struct sv_load_ticket {
    /* On the pool, once: SV_OK: the loader has nothing to do with it any more, whatever came of it;
     * SV_CANCELLED; SV_UNAVAILABLE: the server ends. */
    void (*done)(struct sv_load_ticket *ticket, sv_status status);
    sv_model *model;           /* held by the caller until `done` */
    sv_model_version *version; /* NULL: all of the model */
    sv_cancel *cancel;         /* may be NULL */

    /* The loader's. */
    sv_list_node node;
    sv_message message;
    sv_cancel_callback on_cancel;
    sv_loader *loader;
    sv_status status;
    bool is_waiting;
} sv_load_ticket;

/* `done` may be called before this returns. SV_UNAVAILABLE: it will not be called, the server ends.
 */
sv_status sv_loader_wait(sv_load_ticket *ticket) SV_MUST_USE;

#endif
