/* instance.h: one version as it was loaded: the engine's model, what it is for and how it is asked.
 *
 * Const once made, but for what locks and atomics guard. Whoever runs it holds it, and so does the
 * registry while it answers requests; the last who lets go has it freed, not necessarily on his
 * thread. A version that is loaded anew gets another instance: requests that began with the old one
 * end with it. */
#ifndef SERVAL_MODEL_INSTANCE_H
#define SERVAL_MODEL_INSTANCE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "engine/engine_host.h"
#include "model/batch_plan.h"
#include "model/model_files.h"
#include "model/relay.h"
#include "model/task_generation.h"
#include "model/task_image.h"
#include "model/task_tabular.h"
#include "model/task_text.h"

enum { SV_INSTANCE_REASONS_SIZE = 800 };

typedef struct sv_instance {
    struct sv_model_version *version; /* held; NULL until a registry has it */
    sv_engine_model *loaded;
    sv_model_task task;
    sv_image_task image;     /* for image classification */
    sv_tabular_task tabular; /* for tables */
    sv_text_task text;       /* for text embedding and text classification */
    sv_generation_task generation;
    sv_relay relay;             /* in place of `generation`, where another server has the model */
    const char *tokenizer_file; /* that was used; NULL */
    const char *labels_file;    /* that was used; NULL */
    int64_t load_ns;
    uint64_t memory_bytes; /* estimate of what it holds */
    size_t max_batch_rows; /* the server's; 0: as many as are ever tried */
    sv_batch_plan batching;
    /* Why the task was guessed and what warming up said, by line. */
    char reasons[SV_INSTANCE_REASONS_SIZE];

    sv_arena *arena; /* of labels, tokenizer and names; nobody's once made */
    sv_model_files *files;
    atomic_uint holders;
    struct sv_instance *next; /* the registry's */
} sv_instance;

/* How instances are made: the same for all of a registry. */
typedef struct sv_instance_config {
    sv_engine_host *engines;
    const char *labels_file;    /* for every version, instead of looking for one; NULL */
    int64_t engine_threads;     /* per session unless the manifest says */
    int64_t generation_threads; /* the same, of language models */
    size_t max_batch_rows;      /* ceiling of every manifest's; 0: none */
    sv_image_limits image_limits;
    sv_task_image_scratches *scratches;
} sv_instance_config;

/* Loads a version of `files`; blocks. The caller is the first holder. Errors as sv_engine_host_load
 * and sv_inspect_model, always with a message. */
sv_status sv_instance_load(const sv_instance_config *config, sv_model_files *files,
                           const sv_version_source *source, sv_error *error,
                           sv_instance **ret_instance) SV_MUST_USE;
/* Runs it once on made-up input, so that the first client does not pay for first-time work, within
 * the time that the manifest gives; blocks. A model that refuses is loaded all the same: the reason
 * is kept as a warning. Before others hold it. */
void sv_instance_warm_up(sv_instance *instance);

/* Any thread that is sure of a holder. */
sv_instance *sv_instance_hold(sv_instance *instance);
/* True: the caller was the last one, and has to see to sv_instance_free. */
bool sv_instance_drop(sv_instance *instance) SV_MUST_USE;
/* Takes tens of milliseconds for a large model. NULL is fine. */
void sv_instance_free(sv_instance *instance);

#endif
