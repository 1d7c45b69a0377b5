/* model.h: models that an application runs by itself: a folder of them, opened once, and versions
 * that are loaded when first asked for. An application that opens none loads no engine.
 *
 *   sv_models_open("models", NULL, error, &models);                at start: reads model.yaml files
 *   sv_models_load(models, "digits", "v2", error, &digits);        once, then it is only looked up
 *   sv_picture_load(call, in->image_url, &error, &picture);        in a handler
 *   sv_models_classify(call, &(sv_classify_request){&digits, picture, 5}, &error, &classes);
 *
 * What fails says why in its sv_error; `return sv_fail_with(call, status, &error)` makes that the
 * answer. Files and folders are those of `serval serve`: a file of a model, a model's folder with
 * one folder for each version, or a folder of such folders. */
#ifndef SERVAL_MODEL_H
#define SERVAL_MODEL_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/schema.h>
#include <serval/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroed is the default. */
typedef struct sv_models_options {
    const char *engine_dir; /* where engine libraries lie; NULL: they are searched for */
    size_t max_running;     /* runs at once, others wait; 0: as many as CPUs may be used */
    int threads;            /* that share the work of one run; 0: 1, or what model.yaml says */
    uint64_t max_pixels;    /* of a picture, width times height; 0: 100,000,000 */
} sv_models_options;

typedef struct sv_models sv_models;

/* Reads what is at `path` and every model.yaml; loads nothing. `options` may be NULL. SV_NOT_FOUND,
 * SV_INVALID (each mistake is a line of `error`, as far as it fits), SV_UNSUPPORTED (no engine
 * takes such files), SV_TOO_LARGE, SV_NO_MEMORY. */
SV_API sv_status sv_models_open(const char *path, const sv_models_options *options, sv_error *error,
                                sv_models **ret_models);
/* Unloads everything; nothing may be running. NULL is fine. */
SV_API void sv_models_close(sv_models *models);

/* One version of a model, ready to run. A plain value, good until sv_models_close. */
typedef struct sv_loaded_model {
    sv_str name, version; /* of the folders: "digits", "2" */
    sv_models *models;
    const struct sv_instance *loaded; /* Serval's own */
} sv_loaded_model;

/* Loads a version, unless it is loaded already; blocks meanwhile, and so does whoever asks for any
 * version at the same time. `version`: "2" and "v2" are the same; NULL: the default one. Any
 * thread. SV_NOT_FOUND: there is no such model or version. SV_UNAVAILABLE: its engine is missing.
 * SV_INVALID: the file, or what model.yaml says of it. SV_NO_MEMORY. What failed is tried again. */
SV_API sv_status sv_models_load(sv_models *models, const char *name, const char *version,
                                sv_error *error, sv_loaded_model *ret_model);
/* Whether an engine that has been loaded computes on a GPU. Any thread. */
SV_API bool sv_models_has_gpu(sv_models *models);

/* What a picture shows, and how sure the model is. */
typedef struct sv_class {
    sv_str label;
    double confidence; /* 0..1 */
} sv_class;
typedef SV_LIST(sv_class) sv_classes;

typedef struct sv_classify_request {
    const sv_loaded_model *model; /* of image classification */
    sv_str picture;               /* JPEG, PNG or WebP: the whole file */
    int64_t top_k; /* classes at most, 1..1000; 0: as model.yaml says; clamped to what there is */
} sv_classify_request;

/* Classifies on the calling thread; waits while `max_running` others run. Best class first, ties by
 * lower index; list and labels live as long as the call. Not on an event loop. SV_INVALID: the
 * picture cannot be used, or the model is of another task (kind INVALID_INPUT). SV_CANCELLED:
 * nobody waits for it any more. SV_FAILED: the model could not run, or gave no finite numbers.
 * SV_NO_MEMORY. */
SV_API sv_status sv_models_classify(sv_call *call, const sv_classify_request *request,
                                    sv_error *error, sv_classes *ret_classes);

enum { SV_FLOATS_MAX_RANK = 8 };

/* A tensor of 32-bit floats, row-major. */
typedef struct sv_floats {
    const char *name;                  /* of the model's input or output */
    const float *values;               /* as many as the product of the dimensions */
    int rank;                          /* 0..SV_FLOATS_MAX_RANK; 0: one number */
    int64_t shape[SV_FLOATS_MAX_RANK]; /* outermost dimension first */
} sv_floats;

typedef struct sv_floats_request {
    const sv_loaded_model *model;
    const sv_floats *inputs; /* every input of the model, once, in any order; borrowed */
    size_t n_inputs;
    const char *output; /* the one that is wanted */
} sv_floats_request;

/* Runs a model from floats to floats; otherwise as sv_models_classify. `*ret_output` is a copy that
 * lives as long as the call. SV_INVALID: names or shapes that the model does not take, or an output
 * of another datatype. */
SV_API sv_status sv_models_run(sv_call *call, const sv_floats_request *request, sv_error *error,
                               sv_floats *ret_output);

/* A text for a language model. */
typedef struct sv_generate_request {
    const sv_loaded_model *model; /* of text generation */
    sv_str prompt; /* to be continued; or, as what a user says, to be answered: see `is_message` */
    bool is_message;    /* `prompt` is put into the model's chat template */
    int64_t max_tokens; /* 1 or more; 0: 256; fewer when the model's context is full */
    double temperature; /* 0..2; 0: always the likeliest token */
    bool has_seed;      /* the same seed and request give the same text */
    uint64_t seed;
    const sv_str *stops; /* the text ends before the first of these, 1..256 bytes each */
    size_t n_stops;      /* 0..16 */
    /* Each piece as it is written, in whole characters; anything but SV_OK ends the text. NULL:
     * only the whole is wanted. */
    sv_status (*on_text)(void *arg, sv_str piece);
    void *arg;
} sv_generate_request;

typedef struct sv_generated {
    sv_str text;      /* all of it; lives as long as the call */
    bool is_complete; /* it came to its end, or a stop; else max_tokens or the context ended it */
    int64_t n_prompt_tokens, n_tokens;
} sv_generated;

/* Writes a text. Many calls share the model step by step; this one holds its thread until the text
 * is complete, so mind the size of the handler pool. Not on an event loop. SV_INVALID: the prompt
 * is empty, or the model is of another task; SV_TOO_LARGE: the prompt is longer than the model's
 * context (both of kind INVALID_INPUT). SV_UNAVAILABLE (kind SERVER_OVERLOADED): too many wait
 * already. SV_CANCELLED: nobody waits for it any more. SV_TIMEOUT. SV_FAILED: the model failed.
 * SV_NO_MEMORY; else what `on_text` has returned. */
SV_API sv_status sv_models_generate(sv_call *call, const sv_generate_request *request,
                                    sv_error *error, sv_generated *ret_generated);

/* The bytes of the picture at an address: in a `data:` address itself, or fetched by http or https
 * under the settings image_url_schemes, image_url_allow, image_url_deny, fetch_timeout and
 * fetch_max_size; private addresses are refused unless allowed. Blocks until it is there, at most
 * until the call's deadline; not on an event loop. `*ret_picture` is what was sent, whatever it is,
 * and lives as long as the call. SV_INVALID: kind INVALID_INPUT and a reason for the client
 * (in-process clients of test.h fetch nothing). SV_CANCELLED; SV_NO_MEMORY. */
SV_API sv_status sv_picture_load(sv_call *call, sv_str url, sv_error *error, sv_str *ret_picture);

#ifdef __cplusplus
}
#endif

#endif
