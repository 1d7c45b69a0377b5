/* manifest.h: model.yaml: what a model is for, how its inputs are prepared, which of its versions
 * answer. With the overrides of the command line (`--set MODEL.KEY=VALUE`) laid over it. Read
 * through a schema table (manifest_schema.c); every mistake is told with file and line. */
#ifndef SERVAL_MODEL_MANIFEST_H
#define SERVAL_MODEL_MANIFEST_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"
#include "json/yaml.h"

enum { SV_MANIFEST_MAX_VERSIONS = 64 }; /* in a list of them */

/* Enums: 0 means that the manifest does not say. */
typedef enum sv_model_task {
    SV_TASK_UNSET,
    SV_TASK_IMAGE_CLASSIFICATION,
    SV_TASK_TEXT_EMBEDDING,
    SV_TASK_TEXT_CLASSIFICATION,
    SV_TASK_TENSOR,
    SV_TASK_TABULAR,
    SV_TASK_TEXT_GENERATION,
} sv_model_task;

/* What a manifest may write in several ways: `written` is its own text, the rest what it means. */
struct manifest_time {
    sv_opt_json written; /* `.set`: the manifest says so */
    int64_t ns;
};
struct manifest_count {
    bool set; /* false: auto, or not said */
    int64_t value;
    sv_opt_json written;
};
struct manifest_serve {
    sv_opt_json written;
    int which;     /* sv_manifest_serve */
    sv_strs names; /* of SV_MANIFEST_SERVE_LISTED */
};
struct manifest_sticky {
    sv_opt_str written;
    int by;      /* sv_manifest_sticky */
    sv_str name; /* of the header, cookie or query parameter */
};

struct manifest_fallback {
    sv_opt_double max_error_rate; /* 0..1 */
    struct manifest_time max_latency;
    sv_opt_int min_requests;
};

typedef SV_MAP(int64_t) sv_manifest_weights; /* by version, as it is written */

struct manifest_versions {
    sv_opt_str default_version, shadow;
    struct manifest_serve serve;
    sv_manifest_weights weights;
    struct manifest_sticky sticky;
    struct manifest_fallback *fallback;
};

struct manifest_preprocess {
    int mode, interpolation, dtype, layout, channels, orientation;
    sv_opt_double crop_fraction, scale;
    sv_opt_int resize, crop;
    sv_opt_str tokenizer;  /* of texts: a file, or hashed-ngrams */
    sv_opt_int max_length; /* of texts, in tokens */
    sv_doubles mean, std;
    sv_strs columns; /* of a table */
};

struct manifest_postprocess {
    int pooling;
    sv_opt_bool softmax, normalize, matryoshka;
    sv_opt_str labels;
    sv_opt_int top_k;
};

struct manifest_batching {
    sv_opt_int max_size;
    struct manifest_time max_delay;
};

struct manifest_engine {
    struct manifest_count threads, concurrency;
};

/* Of a language model. */
struct manifest_generation {
    sv_opt_int context, sequences, waiting;
    struct manifest_time max_gap;
    sv_opt_str chat_template;
};

struct manifest_warm_up {
    struct manifest_time budget; /* 0: no warming up */
};

struct manifest {
    int task, load, provider;
    struct manifest_versions *versions;
    struct manifest_preprocess *preprocess;
    struct manifest_postprocess *postprocess;
    struct manifest_batching *batching;
    struct manifest_engine *engine;
    struct manifest_generation *generation;
    struct manifest_warm_up *warm_up;
    sv_opt_str base_url, model, api_key; /* of a relay */
    /* Not of the schema: where it comes from, for mistakes that are found later. */
    const sv_yaml *file; /* NULL: there is none */
};

typedef enum sv_manifest_load {
    SV_MANIFEST_EAGER = 1,
    SV_MANIFEST_LAZY,
    SV_MANIFEST_PINNED,
} sv_manifest_load;
typedef enum sv_manifest_serve {
    SV_MANIFEST_SERVE_ALL, /* also when the manifest does not say */
    SV_MANIFEST_SERVE_LATEST,
    SV_MANIFEST_SERVE_LISTED,
} sv_manifest_serve;
typedef enum sv_manifest_sticky {
    SV_MANIFEST_STICKY_NONE, /* each request by itself */
    SV_MANIFEST_STICKY_HEADER,
    SV_MANIFEST_STICKY_COOKIE,
    SV_MANIFEST_STICKY_QUERY,
    SV_MANIFEST_STICKY_CLIENT,
} sv_manifest_sticky;
typedef enum sv_manifest_provider { SV_MANIFEST_OPENAI = 1 } sv_manifest_provider;
typedef enum sv_manifest_mode { SV_MANIFEST_CROP = 1, SV_MANIFEST_SQUASH } sv_manifest_mode;
typedef enum sv_manifest_interpolation {
    SV_MANIFEST_NEAREST = 1,
    SV_MANIFEST_BILINEAR,
    SV_MANIFEST_BICUBIC,
} sv_manifest_interpolation;
typedef enum sv_manifest_dtype {
    SV_MANIFEST_FLOAT32 = 1,
    SV_MANIFEST_FLOAT16,
    SV_MANIFEST_UINT8,
} sv_manifest_dtype;
typedef enum sv_manifest_layout { SV_MANIFEST_NCHW = 1, SV_MANIFEST_NHWC } sv_manifest_layout;
typedef enum sv_manifest_channels {
    SV_MANIFEST_RGB = 1,
    SV_MANIFEST_BGR,
    SV_MANIFEST_GREY,
} sv_manifest_channels;
typedef enum sv_manifest_pooling {
    SV_MANIFEST_POOLING_NONE = 1,
    SV_MANIFEST_POOLING_MEAN,
    SV_MANIFEST_POOLING_CLS,
} sv_manifest_pooling;
typedef enum sv_manifest_orientation {
    SV_MANIFEST_EXIF = 1,
    SV_MANIFEST_IGNORE
} sv_manifest_orientation;

/* Where a manifest comes from. */
typedef struct sv_manifest_source {
    const char *path;    /* of the model.yaml; NULL: an empty manifest */
    sv_str name;         /* of the model, for the overrides */
    const sv_strs *sets; /* "MODEL.KEY.KEY=VALUE"; those of other models are skipped; may be NULL */
} sv_manifest_source;

/* Reads the file and lays the overrides over it. Mistakes are lines of `problems`
 * ("models/x/model.yaml:4: preprocess.resize: Input should be …"). The manifest lives in the arena.
 * SV_INVALID: there were some; SV_NO_MEMORY; SV_IO. */
sv_status sv_manifest_read(sv_arena *arena, const sv_manifest_source *source, sv_buf *problems,
                           const struct manifest **ret_manifest) SV_MUST_USE;
/* The name of an enum value as the manifest writes it, e.g. sv_manifest_task_name(…) →
 * "image-classification". */
const char *sv_manifest_task_name(sv_model_task task);
/* How long warming up may take: the manifest's, or 5 s; 0: no warming up. */
int64_t sv_manifest_warm_up_ns(const struct manifest *manifest);

#endif
