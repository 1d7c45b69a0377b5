/* model_set.h: models and versions as objects: what is listed, what answers, who holds what. For
 * the files that change it: registry.c, loader.c, reload.c; others go through registry.h.
 *
 * A model or version lives as long as somebody holds it: the set, its instances, whoever waits for
 * it. What a version answers with is an instance that is put into it and taken out of it under the
 * set's lock. An instance that nobody holds any more is *buried*: the loader frees it, since that
 * takes long. */
#ifndef SERVAL_MODEL_MODEL_SET_H
#define SERVAL_MODEL_MODEL_SET_H

#include <pthread.h>

#include "base/list.h"
#include "model/instance.h"
#include "model/scheduler.h"
#include "model/version_guard.h"
#include "model/version_stats.h"

/* What a version tells about itself. */
typedef enum sv_version_state {
    SV_VERSION_ABSENT,   /* not loaded: a request loads it, unless it was unloaded on purpose */
    SV_VERSION_LOADING,  /* also: it waits for its turn */
    SV_VERSION_WARMING,  /* loaded, runs for the first time */
    SV_VERSION_READY,    /* answers, whatever else is done to it meanwhile */
    SV_VERSION_DRAINING, /* answers nothing new; what has begun ends */
    SV_VERSION_FAILED,   /* cannot be loaded, see the reason; tried again after a time */
} sv_version_state;

/* What the loader is about to do with a version, or does. */
typedef enum sv_version_activity {
    SV_ACTIVITY_NONE,
    SV_ACTIVITY_QUEUED,
    SV_ACTIVITY_LOADING,
    SV_ACTIVITY_WARMING,
} sv_version_activity;

typedef struct sv_model_version {
    struct sv_model *model; /* held */
    sv_str name;
    sv_lane lane;           /* the scheduler's */
    sv_version_stats stats; /* what it did */
    atomic_uint holders;
    atomic_uint n_failed_runs; /* of the engine, in a row */
    uint64_t seed;             /* of its name, for version_choice.h */
    sv_version_guard guard;    /* fed while it is watched */
    atomic_bool is_watched;    /* it has a weight */

    /* Guarded by the set's lock. */
    sv_instance *current; /* what answers; NULL: nothing does */
    void *series; /* of `opened`; NULL: it was not called. Set for good before it first answers */
    sv_version_activity activity;
    size_t n_draining;    /* instances that were taken out and are still held */
    bool is_new;          /* came while others answered, and has not been ready yet */
    bool is_unloaded;     /* on purpose: requests do not load it */
    bool is_wanted;       /* to be loaded again when loading fails, without being asked */
    bool is_demanded;     /* a request waits for it */
    uint64_t turn;        /* of those that are queued: who asked first is loaded first */
    size_t n_awaiting;    /* requests that wait for it, or have it yet to acquire */
    bool is_renewed;      /* what is loaded next begins with a clean slate */
    int64_t weight;       /* see version_plan.h; all 0: none are in force */
    uint64_t stamp;       /* of the files that were loaded last; 0: none were */
    uint64_t known_bytes; /* that it took when it was loaded last; 0: not known */
    int64_t last_used_ns, retry_at_ns;
    unsigned n_failures;                   /* of loading, in a row */
    unsigned n_rebuilds;                   /* since runs of the engine failed, in a row */
    struct sv_model_version *next;         /* among those that are dead */
    sv_status failure;                     /* of the last load; SV_OK: none, or it went well */
    char reason[SV_INSTANCE_REASONS_SIZE]; /* of the failure */
} sv_model_version;

typedef struct sv_model {
    struct sv_model_set *set;
    sv_str name;
    const sv_engine *engine;
    sv_line line; /* the scheduler's */
    atomic_uint holders;
    atomic_size_t n_shadows, shadow_bytes; /* copies of requests for its shadow version: api's */

    /* Guarded by the set's lock. */
    sv_model_files *files;                                  /* held */
    sv_model_version *versions[SV_REPOSITORY_MAX_VERSIONS]; /* by number, then by name; held */
    size_t n_versions;
    sv_model_task task;     /* the manifest's, or that of the version loaded last */
    sv_str default_version; /* set by a call; empty: the manifest's, or by rule */
    char default_version_text[128];
    bool is_set_by_call; /* default and weights are a call's, not the manifest's */
    uint64_t random;     /* for choosing versions */
} sv_model;

/* Told on whatever thread; those that are told with the set's lock held may only count. */
typedef struct sv_model_set_hooks {
    /* Before it is loaded for the first time; returns what becomes its `series`. NULL: out of
     * memory, and asked again the next time. */
    void *(*opened)(void *arg, const sv_model_version *version);
    /* Nobody holds it any more; only where there is a series, as all that follow. */
    void (*closed)(void *arg, sv_model_version *version);
    /* A load ended; NULL: it failed. With the lock held, as the next two. */
    void (*loaded)(void *arg, sv_model_version *version, const sv_instance *instance);
    void (*evicted)(void *arg, sv_model_version *version); /* it gave way to another */
    /* Its share goes to the default version. Without the lock. */
    void (*gave_share_back)(void *arg, sv_model_version *version, sv_str reason);
    void (*changed)(void *arg, sv_model_version *version, sv_version_state state);
    void *arg;
} sv_model_set_hooks;

typedef struct sv_model_set {
    sv_model_set_hooks hooks;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the loader: there is something to do */

    /* Guarded by lock. */
    sv_model *models[SV_REPOSITORY_MAX_MODELS]; /* by name; held */
    size_t n_models;
    sv_instance *buried;    /* to be freed */
    sv_model_version *dead; /* nobody holds them; the scheduler may still look at their lanes */
    sv_list_node tickets;   /* sv_load_ticket: who waits for a version */
    uint64_t memory_bytes;  /* of all instances that are not freed yet */
    uint64_t last_turn;
    struct sv_loader *loader; /* sees to what is queued and buried; NULL: nobody does */
} sv_model_set;

void sv_model_set_init(sv_model_set *set, const sv_model_set_hooks *hooks);
/* Nobody may hold an instance. */
void sv_model_set_deinit(sv_model_set *set);

/* With the lock held. */

/* Makes an object for a version, for a model and all its versions; all or nothing. SV_TOO_LARGE,
 * SV_NO_MEMORY. */
sv_status sv_model_set_add_version(sv_model *model, const sv_version_source *source,
                                   sv_model_version **ret_version) SV_MUST_USE;
sv_status sv_model_set_add(sv_model_set *set, sv_model_files *files,
                           sv_model **ret_model) SV_MUST_USE;
/* What the disk says of a model now, instead of what it said; its versions stay. */
void sv_model_set_take_files(sv_model *model, sv_model_files *files);
/* Takes a version, a model out of the set; what has begun ends. */
void sv_model_set_remove_version(sv_model *model, size_t index);
void sv_model_set_remove(sv_model_set *set, size_t index);
/* NULL: there is none. */
sv_model *sv_model_set_find(const sv_model_set *set, sv_str name);
sv_model_version *sv_model_set_find_version(const sv_model *model, sv_str name);
/* The version that answers when none is asked for: that of the last call that set one, the
 * manifest's, the highest number, the last by name. */
sv_model_version *sv_model_set_default(const sv_model *model);
sv_version_state sv_model_set_state(const sv_model_version *version);
/* To be called when it may have changed, for the hooks. */
void sv_model_set_note_state(sv_model_version *version);
/* Puts an instance into its version, which takes over the caller's hold; what was there drains. */
void sv_model_set_put_in(sv_model_version *version, sv_instance *instance);
/* Takes what answers out of its version; it drains. */
void sv_model_set_take_out(sv_model_version *version);
/* An instance that nobody holds is to be freed. */
void sv_model_set_bury(sv_model_set *set, sv_instance *instance);
/* Asks the loader for a version, unless that is asked for already. */
void sv_model_set_enqueue(sv_model_version *version);

/* Without the lock. */

void sv_model_set_hold(sv_model_version *version);
void sv_model_set_release(sv_model_version *version); /* NULL is fine */
/* Frees the instances that are buried, on the calling thread. */
void sv_model_set_free_buried(sv_model_set *set);
/* Frees dead versions of which the scheduler (NULL: there is none) is through. */
void sv_model_set_free_dead(sv_model_set *set, sv_scheduler *scheduler);

#endif
