/* manifest.h: model.yaml: what a model is for and how its inputs are prepared. Also the overrides
 * of the command line
 * (`--set MODEL.KEY=VALUE`). Read once at start through a schema table; every mistake is told with
 * file and line. */
#ifndef SERVAL_MODEL_MANIFEST_H
#define SERVAL_MODEL_MANIFEST_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"

/* Enums: 0 means that the manifest does not say. */
typedef enum sv_model_task {
    SV_TASK_UNSET,
    SV_TASK_IMAGE_CLASSIFICATION,
    SV_TASK_TEXT_EMBEDDING,
    SV_TASK_TEXT_CLASSIFICATION,
    SV_TASK_TENSOR,
    SV_TASK_TABULAR,
} sv_model_task;

struct manifest_versions {
    sv_opt_str default_version;
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
    sv_opt_bool softmax, normalize;
    sv_opt_str labels;
    sv_opt_int top_k;
};

struct manifest_engine {
    sv_opt_int threads;
};

struct manifest {
    int task;
    struct manifest_versions *versions;
    struct manifest_preprocess *preprocess;
    struct manifest_postprocess *postprocess;
    struct manifest_engine *engine;
};

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
 * ("models/x/model.yaml:4: preprocess.resize: Input should be …"). SV_INVALID: there were some;
 * SV_NO_MEMORY; SV_IO. */
sv_status sv_manifest_read(sv_arena *arena, const sv_manifest_source *source, sv_buf *problems,
                           const struct manifest **ret_manifest) SV_MUST_USE;
/* The name of an enum value as the manifest writes it, e.g. sv_manifest_task_name(…) →
 * "image-classification". */
const char *sv_manifest_task_name(sv_model_task task);

#endif
