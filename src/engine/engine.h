/* engine.h: running a loaded model, and the port that an engine implements.
 *
 * Rooms above use the first part: load (engine_host.h), ask what the model is, run, unload. They
 * never meet an engine itself. The second part is the contract of `struct sv_engine`: an engine is
 * one const table of functions, one file and one row in engine_table.c. What holds for every engine
 * is done here, once: arguments are checked against what the model declares before the engine is
 * called. */
#ifndef SERVAL_ENGINE_ENGINE_H
#define SERVAL_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

#include "base/cancel.h"
#include "engine/tensor.h"

/* A model may have this many inputs, and as many outputs. */
enum { SV_ENGINE_MAX_TENSORS = 256 };

/* The engines of one process, opened when first needed: engine_host.h. */
typedef struct sv_engine_host sv_engine_host;
/* One loaded model. Const but for its engine's own locks: any number of threads may run it at once.
 */
typedef struct sv_engine_model sv_engine_model;
typedef struct sv_engine sv_engine;

/* How a model is run. Zeroed is the default. */
typedef struct sv_engine_options {
    int threads; /* that share the work of one run, the caller's included; 0: 1 */
    bool spin;   /* with more than one thread: wait busily for work, for a box that is ours alone */
} sv_engine_options;

typedef struct sv_engine_entry {
    sv_str key, value;
} sv_engine_entry;

/* What a loaded model is. Lives as long as the model. */
typedef struct sv_engine_info {
    const sv_tensor_spec *inputs, *outputs;
    size_t n_inputs, n_outputs;
    const sv_engine_entry *metadata; /* what its maker wrote into the file */
    size_t n_metadata;
    uint64_t memory_bytes; /* estimate of what it holds while loaded, without the memory of runs */
} sv_engine_info;

/* An output that is asked for. */
typedef struct sv_engine_output {
    sv_str name;
    void *buffer;      /* NULL: the engine's memory, of whatever shape comes out */
    size_t size_bytes; /* of the buffer: exactly that of `shape` */
    sv_shape shape;    /* with a buffer: the shape that must come out. Not for BYTES */
    bool maps_as_rows; /* a sequence of maps is wanted as FP32 [maps,keys], which all must share */
} sv_engine_output;

/* One run. All of it is borrowed until sv_engine_run returns. */
typedef struct sv_engine_request {
    const sv_tensor *inputs; /* in any order; every input of the model, once */
    size_t n_inputs;
    const sv_engine_output *outputs; /* NULL: all, in the model's order */
    size_t n_outputs;
    sv_cancel *cancel; /* ends the run early; may be NULL */
} sv_engine_request;

/* What came out, in the order asked for. Caller's storage; zeroed is empty. */
typedef struct sv_engine_result {
    const sv_tensor *outputs; /* names are the model's */
    size_t n_outputs;
    void *owner;                  /* the engine's */
    void (*release)(void *owner); /* the engine's */
} sv_engine_result;

/* To be called first in main, before any thread starts: sets what engines read from the environment
 * when they are loaded (no telemetry, no debugger on a crash, no foreign back ends). Idempotent. */
void sv_engine_prepare_environment(void);

/* What the model is; any thread. */
const sv_engine_info *sv_engine_model_info(const sv_engine_model *model);
/* "onnxruntime". Static. */
const char *sv_engine_model_engine(const sv_engine_model *model);

/* Runs the model on the calling thread; blocks for as long as that takes. Any thread, also several
 * at once. SV_INVALID, kind sv_kind_invalid_input: names, count, datatypes, shapes or values that
 * the model does not take; the message is for the client. SV_UNSUPPORTED: an input or output asked
 * for is not a tensor. SV_CANCELLED: `cancel` was set before or during the run. SV_NO_MEMORY, kind
 * sv_kind_insufficient_memory. SV_FAILED, kind sv_kind_inference_failed, in the engine's words. The
 * model can be used after any of them. `ret_result` is the caller's, to be released by
 * sv_engine_result_deinit. */
sv_status sv_engine_run(sv_engine_model *model, const sv_engine_request *request, sv_error *error,
                        sv_engine_result *ret_result) SV_MUST_USE;
/* Gives the outputs back; the result is empty then. Accepts a zeroed one. Any thread; the model
 * must still be loaded. */
void sv_engine_result_deinit(sv_engine_result *result);

/* No run may be under way, no result may be out. NULL is fine. */
void sv_engine_unload(sv_engine_model *model);

/* ---- The port ---- */

typedef enum sv_engine_severity {
    SV_ENGINE_DEBUG,
    SV_ENGINE_INFO,
    SV_ENGINE_WARNING,
    SV_ENGINE_ERROR,
} sv_engine_severity;

/* Where the engine's own log lines go. */
typedef struct sv_engine_log {
    /* Any thread, also during calls of the engine: must not block. Texts are borrowed. NULL: lines
     * are dropped. */
    void (*write)(void *arg, sv_engine_severity severity, const char *engine, const char *text);
    void *arg;
} sv_engine_log;

/* What the process says to its engines; must outlive them. */
typedef struct sv_engine_config {
    const char *directory; /* where engine libraries lie, and nowhere else; NULL or "": search */
    sv_engine_log log;
} sv_engine_config;

/* What an opened engine says of itself. */
typedef struct sv_engine_about {
    char version[64];
    char library[512];   /* the file it was loaded from */
    char providers[256]; /* "CPUExecutionProvider, ...": what it can compute on */
    bool has_gpu;        /* a GPU provider is loaded and a device answers */
} sv_engine_about;

/* A model as its engine made it. */
typedef struct sv_engine_loaded {
    void *model;
    sv_engine_info info;               /* what it points to belongs to the model */
    const struct sv_text_engine *text; /* of a language model; NULL: it is none */
} sv_engine_loaded;

/* A run that has been checked: tensors in the model's order, outputs as indices. */
typedef struct sv_engine_job {
    const sv_tensor *const *inputs;         /* info->n_inputs of them */
    const size_t *outputs;                  /* indices into info->outputs, each at most once */
    const sv_engine_output *const *buffers; /* NULL where the engine allocates */
    size_t n_outputs;
    sv_cancel *cancel; /* may be NULL */
} sv_engine_job;

/* Every callback returns SV_OK or an error with a message, writes `ret_` only on SV_OK, and never
 * ends the process whatever the file or the data hold. */
struct sv_engine {
    const char *name;      /* "onnxruntime" */
    const char *title;     /* for people: "ONNX Runtime" */
    const char *extension; /* of the files it loads: ".onnx" */
    bool writes_text;      /* all that it loads are language models */

    /* Makes the engine usable in this process: finds and loads its library. Called once per host,
     * before any load, one thread at a time. SV_UNAVAILABLE: the library is missing or unfit; the
     * message says where was looked and what to do. `config` outlives the state. NULL: nothing to
     * open, the state is NULL. */
    sv_status (*open)(const sv_engine_config *config, void **ret_state, sv_error *error);
    /* No model is loaded any more. NULL: nothing to close. */
    void (*close)(void *state);
    /* Fills the zeroed `about`. Any thread. NULL: nothing to tell. */
    void (*describe)(void *state, sv_engine_about *about);

    /* Reads the model at `path`; blocks. Several threads may load at once. `ret_info` is zeroed;
     * what it points to belongs to the model; a memory_bytes of 0 is replaced by an estimate from
     * the size of the file. SV_NOT_FOUND: no such file. SV_INVALID: not a model, or one the engine
     * cannot run. SV_NO_MEMORY. */
    sv_status (*load)(void *state, const char *path, const sv_engine_options *options,
                      sv_error *error, sv_engine_loaded *ret_loaded);
    void (*unload)(void *model);

    /* See sv_engine_run; `result` is zeroed. Watches job->cancel: once it is set, the run ends
     * within 100 ms if the operator at work lets it, with SV_CANCELLED. Several threads may run one
     * model at once. NULL: the engine has no tensors; sv_engine_run answers SV_UNSUPPORTED. */
    sv_status (*run)(void *model, const sv_engine_job *job, sv_error *error,
                     sv_engine_result *result);
};

/* An engine and what its `open` returned. */
typedef struct sv_engine_opened {
    const sv_engine *engine;
    void *state;
} sv_engine_opened;

/* Loads a model with an engine that is open. For engine_host.c and tests: others call
 * sv_engine_host_load. Also SV_UNSUPPORTED for a model with more than SV_ENGINE_MAX_TENSORS inputs
 * or outputs. */
sv_status sv_engine_load(const sv_engine_opened *opened, const char *path,
                         const sv_engine_options *options, sv_error *error,
                         sv_engine_model **ret_model) SV_MUST_USE;

#endif
