/* onnx.c: the engine for .onnx files, by the C API of ONNX Runtime; the only file that knows it.
 *
 * DESIGN. Everything goes through the table of functions that the loaded library hands out. One
 * environment per host, one session per model, shared by the threads that run it; run options and
 * values belong to one run. A run makes one allocation of ours, which becomes the owner of its
 * result. Input data is not copied, but for texts.
 *
 * Functions of the library return a status object, or NULL when all is well. `succeeds` takes each
 * of them: the first failure of a sequence ends it and is translated. */
#include "engine/onnx.h"

#include <onnxruntime_c_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "engine/onnx_library.h"
#include "engine/onnx_message.h"
#include "engine/onnx_options.h"

static const size_t DESCRIPTION_LIMIT = (size_t)64 << 20; /* names and metadata of one model */

typedef struct onnx_state {
    const OrtApi *api;
    OrtEnv *env;
    OrtMemoryInfo *cpu;
    OrtAllocator *allocator; /* the library's own */
    const char *version;     /* the library's own */
    const sv_engine_config *config;
    sv_onnx_library library;
} onnx_state;

/* All inputs or all outputs of a model. */
typedef struct onnx_tensors {
    size_t n;
    const sv_tensor_spec *specs;
    const char **names; /* the specs', as the library wants them */
} onnx_tensors;

typedef struct onnx_model {
    const onnx_state *onnx;
    OrtSession *session;
    sv_arena *arena; /* of what follows, and of the metadata */
    onnx_tensors inputs, outputs;
} onnx_model;

/* A sequence of calls of the library that ends at the first failure. */
typedef struct onnx_call {
    const OrtApi *api;
    const onnx_state *onnx;
    sv_error *error; /* may be NULL */
    sv_status status;
} onnx_call;

static onnx_call begin(const onnx_state *onnx, sv_error *error)
{
    return (onnx_call){onnx->api, onnx, error, SV_OK};
}

static sv_status translate_code(OrtErrorCode code, const char *message)
{
    if (strstr(message, "bad_alloc") || strstr(message, "Failed to allocate memory"))
        return SV_NO_MEMORY;
    if (code == ORT_INVALID_ARGUMENT)
        return SV_INVALID;
    return code == ORT_NO_SUCHFILE ? SV_NOT_FOUND : SV_FAILED;
}

static bool succeeds(onnx_call *call, OrtStatus *status)
{
    if (!status)
        return true;
    const char *message = call->api->GetErrorMessage(status);
    sv_onnx_message parts = sv_onnx_message_split(message);
    call->status =
        sv_error_set(call->error, translate_code(call->api->GetErrorCode(status), message), NULL,
                     "%.*s%s%.*s", SV_STR_ARG(parts.before),
                     parts.before.len && parts.after.len ? " " : "", SV_STR_ARG(parts.after));
    call->api->ReleaseStatus(status);
    return false;
}

static bool is_given(onnx_call *call, const void *memory)
{
    if (!memory)
        call->status = sv_error_set(call->error, SV_NO_MEMORY, NULL, "out of memory");
    return memory != NULL;
}

/* ---- Opening ---- */

static void ORT_API_CALL write_log(void *arg, OrtLoggingLevel severity, const char *category,
                                   const char *id, const char *location, const char *message)
{
    static const sv_engine_severity severities[] = {
        [ORT_LOGGING_LEVEL_VERBOSE] = SV_ENGINE_DEBUG,
        [ORT_LOGGING_LEVEL_INFO] = SV_ENGINE_INFO,
        [ORT_LOGGING_LEVEL_WARNING] = SV_ENGINE_WARNING,
        [ORT_LOGGING_LEVEL_ERROR] = SV_ENGINE_ERROR,
        [ORT_LOGGING_LEVEL_FATAL] = SV_ENGINE_ERROR,
    };
    const sv_engine_log *log = &((const onnx_state *)arg)->config->log;
    (void)category, (void)id, (void)location;
    if (log->write)
        log->write(log->arg, severities[severity], sv_onnx_engine.name, message);
}

/* Lines that belong to no session. The process has one environment, which may outlive the host that
 * made it: it must not know one. */
static void ORT_API_CALL drop_log(void *arg, OrtLoggingLevel severity, const char *category,
                                  const char *id, const char *location, const char *message)
{
    (void)arg, (void)severity, (void)category, (void)id, (void)location, (void)message;
}

static sv_status take_api(onnx_state *onnx, sv_error *error)
{
    const OrtApiBase *(ORT_API_CALL * get_base)(void);
    memcpy(&get_base, &onnx->library.get_api_base, sizeof get_base);
    const OrtApiBase *base = get_base();
    onnx->version = base->GetVersionString();
    onnx->api = base->GetApi(ORT_API_VERSION);
    if (onnx->api)
        return SV_OK;
    return sv_error_set(error, SV_UNAVAILABLE, NULL,
                        "ONNX Runtime %s (%s) is too old: 1.%d or later is needed", onnx->version,
                        onnx->library.path, ORT_API_VERSION);
}

static sv_status create_environment(onnx_state *onnx, sv_error *error)
{
    onnx_call call = begin(onnx, error);
    const OrtApi *api = onnx->api;
    if (succeeds(&call, api->CreateEnvWithCustomLogger(drop_log, NULL, ORT_LOGGING_LEVEL_WARNING,
                                                       "serval", &onnx->env)) &&
        succeeds(&call, api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &onnx->cpu)))
        succeeds(&call, api->GetAllocatorWithDefaultOptions(&onnx->allocator));
    return call.status;
}

static void close_onnx(void *state)
{
    onnx_state *onnx = state;
    if (onnx->cpu)
        onnx->api->ReleaseMemoryInfo(onnx->cpu);
    if (onnx->env)
        onnx->api->ReleaseEnv(onnx->env);
    free(onnx);
}

static sv_status open_onnx(const sv_engine_config *config, void **ret_state, sv_error *error)
{
    onnx_state *onnx = calloc(1, sizeof *onnx);
    if (!onnx)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    onnx->config = config;
    sv_status status = sv_onnx_library_open(config->directory, error, &onnx->library);
    if (!status)
        status = take_api(onnx, error);
    if (!status)
        status = create_environment(onnx, error);
    if (status)
        close_onnx(onnx);
    else
        *ret_state = onnx;
    return status;
}

/* A provider that is built in may still lack its own library or a device: its functions say so. */
static bool has_gpu(const onnx_state *onnx)
{
    onnx_call call = begin(onnx, NULL);
    const OrtApi *api = onnx->api;
    OrtCUDAProviderOptionsV2 *cuda = NULL;
    OrtSessionOptions *options = NULL;
    int device;
    bool has = succeeds(&call, api->CreateSessionOptions(&options)) &&
               succeeds(&call, api->CreateCUDAProviderOptions(&cuda)) &&
               succeeds(&call, api->SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda)) &&
               succeeds(&call, api->GetCurrentGpuDeviceId(&device));
    if (cuda)
        api->ReleaseCUDAProviderOptions(cuda);
    if (options)
        api->ReleaseSessionOptions(options);
    return has;
}

static void describe_onnx(void *state, sv_engine_about *about)
{
    const onnx_state *onnx = state;
    onnx_call call = begin(onnx, NULL);
    char **providers;
    int n_providers;
    size_t len = 0;
    snprintf(about->version, sizeof about->version, "%s", onnx->version);
    snprintf(about->library, sizeof about->library, "%s", onnx->library.path);
    if (!succeeds(&call, call.api->GetAvailableProviders(&providers, &n_providers)))
        return;
    for (int i = 0; i < n_providers && len < sizeof about->providers; i++) {
        len += (size_t)snprintf(about->providers + len, sizeof about->providers - len, "%s%s",
                                i ? ", " : "", providers[i]);
        if (strcmp(providers[i], "CUDAExecutionProvider") == 0)
            about->has_gpu = has_gpu(onnx);
    }
    succeeds(&call, call.api->ReleaseAvailableProviders(providers, n_providers));
}

/* ---- Loading ---- */

static const ONNXTensorElementDataType element_types[SV_DTYPE_COUNT] = {
    [SV_DTYPE_BOOL] = ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
    [SV_DTYPE_UINT8] = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
    [SV_DTYPE_UINT16] = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
    [SV_DTYPE_UINT32] = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,
    [SV_DTYPE_UINT64] = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,
    [SV_DTYPE_INT8] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
    [SV_DTYPE_INT16] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,
    [SV_DTYPE_INT32] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
    [SV_DTYPE_INT64] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    [SV_DTYPE_FP16] = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
    [SV_DTYPE_FP32] = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    [SV_DTYPE_FP64] = ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
    [SV_DTYPE_BF16] = ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
    [SV_DTYPE_BYTES] = ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING,
};

static sv_dtype find_dtype(ONNXTensorElementDataType type)
{
    for (int i = SV_DTYPE_NONE + 1; i < SV_DTYPE_COUNT; i++)
        if (element_types[i] == type)
            return (sv_dtype)i;
    return SV_DTYPE_NONE;
}

static const char *name_kind(enum ONNXType kind)
{
    static const char *const texts[] = {
        [ONNX_TYPE_TENSOR] = "tensor of another datatype",
        [ONNX_TYPE_SEQUENCE] = "sequence",
        [ONNX_TYPE_MAP] = "map",
        [ONNX_TYPE_SPARSETENSOR] = "sparse tensor",
        [ONNX_TYPE_OPTIONAL] = "value that may be absent",
    };
    bool is_known = (size_t)kind < sizeof texts / sizeof *texts && texts[kind];
    return is_known ? texts[kind] : "value of unknown type";
}

static bool describe_axes(onnx_call *call, const OrtTensorTypeAndShapeInfo *tensor, sv_arena *arena,
                          sv_tensor_spec *spec)
{
    const char *axes[SV_TENSOR_MAX_RANK];
    size_t rank = (size_t)spec->shape.rank;
    if (!succeeds(call, call->api->GetDimensions(tensor, spec->shape.dims, rank)) ||
        !succeeds(call, call->api->GetSymbolicDimensions(tensor, axes, rank)))
        return false;
    for (size_t i = 0; i < rank; i++) {
        if (spec->shape.dims[i] < 0)
            spec->shape.dims[i] = -1;
        spec->axes[i] = sv_arena_copy(arena, sv_str_from(axes[i]));
        if (!is_given(call, spec->axes[i].ptr))
            return false;
    }
    return true;
}

static bool describe_tensor(onnx_call *call, const OrtTypeInfo *info, sv_arena *arena,
                            sv_tensor_spec *spec)
{
    const OrtTensorTypeAndShapeInfo *tensor;
    ONNXTensorElementDataType type;
    size_t rank;
    if (!succeeds(call, call->api->CastTypeInfoToTensorInfo(info, &tensor)) ||
        !succeeds(call, call->api->GetTensorElementType(tensor, &type)) ||
        !succeeds(call, call->api->GetDimensionsCount(tensor, &rank)))
        return false;
    if (rank > SV_TENSOR_MAX_RANK) {
        spec->type_text = "tensor of more than 8 dimensions";
        return true;
    }
    spec->dtype = find_dtype(type);
    spec->is_any_shape = rank == 0; /* the library tells a scalar and an unknown shape alike */
    spec->shape.rank = (int)rank;
    return describe_axes(call, tensor, arena, spec);
}

static bool describe_map(onnx_call *call, const OrtTypeInfo *info, sv_tensor_spec *spec)
{
    const OrtMapTypeInfo *map;
    const OrtTensorTypeAndShapeInfo *values = NULL;
    OrtTypeInfo *value_type;
    ONNXTensorElementDataType key, value = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    if (!succeeds(call, call->api->CastTypeInfoToMapTypeInfo(info, &map)) ||
        !succeeds(call, call->api->GetMapKeyType(map, &key)) ||
        !succeeds(call, call->api->GetMapValueType(map, &value_type)))
        return false;
    bool is_done = succeeds(call, call->api->CastTypeInfoToTensorInfo(value_type, &values)) &&
                   (!values || succeeds(call, call->api->GetTensorElementType(values, &value)));
    call->api->ReleaseTypeInfo(value_type);
    sv_dtype keys = find_dtype(key);
    spec->type_text = "sequence of maps";
    if (value == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT &&
        (keys == SV_DTYPE_INT64 || keys == SV_DTYPE_BYTES))
        spec->map_keys = keys;
    return is_done;
}

/* A sequence is told from others only when its items are maps. */
static bool describe_sequence(onnx_call *call, const OrtTypeInfo *info, sv_tensor_spec *spec)
{
    const OrtSequenceTypeInfo *sequence;
    OrtTypeInfo *item;
    enum ONNXType kind;
    if (!succeeds(call, call->api->CastTypeInfoToSequenceTypeInfo(info, &sequence)) ||
        !succeeds(call, call->api->GetSequenceElementType(sequence, &item)))
        return false;
    bool is_done = succeeds(call, call->api->GetOnnxTypeFromTypeInfo(item, &kind)) &&
                   (kind != ONNX_TYPE_MAP || describe_map(call, item, spec));
    call->api->ReleaseTypeInfo(item);
    return is_done;
}

static bool describe_type(onnx_call *call, OrtTypeInfo *info, sv_arena *arena, sv_tensor_spec *spec)
{
    enum ONNXType kind;
    if (!succeeds(call, call->api->GetOnnxTypeFromTypeInfo(info, &kind)))
        return false;
    spec->type_text = name_kind(kind);
    if (kind == ONNX_TYPE_SEQUENCE)
        return describe_sequence(call, info, spec);
    return kind != ONNX_TYPE_TENSOR || describe_tensor(call, info, arena, spec);
}

/* Moves a text that the library allocated into the arena. */
static bool take_text(onnx_call *call, char *text, sv_arena *arena, sv_str *ret_copy)
{
    *ret_copy = sv_arena_copy(arena, sv_str_from(text));
    succeeds(call, call->api->AllocatorFree(call->onnx->allocator, text));
    return is_given(call, ret_copy->ptr);
}

/* The inputs or the outputs of a session: the same functions under two names. */
typedef struct onnx_side {
    OrtStatus *(ORT_API_CALL *count)(const OrtSession *session, size_t *ret_count);
    OrtStatus *(ORT_API_CALL *name)(const OrtSession *session, size_t index,
                                    OrtAllocator *allocator, char **ret_name);
    OrtStatus *(ORT_API_CALL *type)(const OrtSession *session, size_t index,
                                    OrtTypeInfo **ret_type);
} onnx_side;

static bool describe_one(onnx_call *call, const onnx_model *model, const onnx_side *side,
                         size_t index, sv_tensor_spec *spec)
{
    OrtTypeInfo *type;
    char *name;
    if (!succeeds(call, side->name(model->session, index, call->onnx->allocator, &name)) ||
        !take_text(call, name, model->arena, &spec->name) ||
        !succeeds(call, side->type(model->session, index, &type)))
        return false;
    if (!sv_str_is_utf8(spec->name))
        call->status = sv_error_set(call->error, SV_INVALID, NULL,
                                    "the name of an input or output is not UTF-8: '%.*s'",
                                    SV_STR_ARG(spec->name));
    bool is_done = !call->status && describe_type(call, type, model->arena, spec);
    call->api->ReleaseTypeInfo(type);
    return is_done;
}

static bool describe_side(onnx_call *call, const onnx_model *model, const onnx_side *side,
                          onnx_tensors *ret_tensors)
{
    size_t n;
    if (!succeeds(call, side->count(model->session, &n)))
        return false;
    sv_tensor_spec *specs = sv_arena_alloc_array(model->arena, n, sizeof *specs);
    const char **names = sv_arena_alloc_array(model->arena, n, sizeof *names);
    if (!is_given(call, specs) || !is_given(call, names))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!describe_one(call, model, side, i, &specs[i]))
            return false;
        names[i] = specs[i].name.ptr; /* copies in an arena end in zero */
    }
    *ret_tensors = (onnx_tensors){n, specs, names};
    return true;
}

/* Takes `key`, whatever comes out. */
static bool describe_entry(onnx_call *call, const OrtModelMetadata *metadata, char *key,
                           sv_arena *arena, sv_engine_entry *entry)
{
    char *value = NULL;
    bool is_found = succeeds(call, call->api->ModelMetadataLookupCustomMetadataMap(
                                       metadata, call->onnx->allocator, key, &value));
    bool has_value = is_found && take_text(call, value, arena, &entry->value);
    return take_text(call, key, arena, &entry->key) && has_value;
}

static bool describe_entries(onnx_call *call, const OrtModelMetadata *metadata, sv_arena *arena,
                             sv_engine_info *info)
{
    OrtAllocator *allocator = call->onnx->allocator;
    char **keys = NULL;
    int64_t n;
    if (!succeeds(call,
                  call->api->ModelMetadataGetCustomMetadataMapKeys(metadata, allocator, &keys, &n)))
        return false;
    sv_engine_entry unused, *entries = sv_arena_alloc_array(arena, (size_t)n, sizeof *entries);
    bool is_done = is_given(call, entries);
    for (int64_t i = 0; i < n; i++)
        is_done &= describe_entry(call, metadata, keys[i], arena, entries ? &entries[i] : &unused);
    if (keys)
        succeeds(call, call->api->AllocatorFree(allocator, keys));
    info->metadata = entries;
    info->n_metadata = (size_t)n;
    return is_done;
}

static bool describe_metadata(onnx_call *call, const onnx_model *model, sv_engine_info *info)
{
    OrtModelMetadata *metadata;
    if (!succeeds(call, call->api->SessionGetModelMetadata(model->session, &metadata)))
        return false;
    bool is_done = describe_entries(call, metadata, model->arena, info);
    call->api->ReleaseModelMetadata(metadata);
    return is_done;
}

static bool describe_model(onnx_call *call, onnx_model *model, sv_engine_info *info)
{
    const OrtApi *api = call->api;
    const onnx_side in = {api->SessionGetInputCount, api->SessionGetInputName,
                          api->SessionGetInputTypeInfo};
    const onnx_side out = {api->SessionGetOutputCount, api->SessionGetOutputName,
                           api->SessionGetOutputTypeInfo};
    if (!describe_side(call, model, &in, &model->inputs) ||
        !describe_side(call, model, &out, &model->outputs))
        return false;
    info->inputs = model->inputs.specs;
    info->n_inputs = model->inputs.n;
    info->outputs = model->outputs.specs;
    info->n_outputs = model->outputs.n;
    return describe_metadata(call, model, info);
}

static bool apply_options(onnx_call *call, const sv_engine_options *asked,
                          OrtSessionOptions *session)
{
    const OrtApi *api = call->api;
    sv_onnx_options options = sv_onnx_options_make(asked);
    for (size_t i = 0; i < options.n_entries; i++)
        if (!succeeds(call, api->AddSessionConfigEntry(session, options.entries[i].key,
                                                       options.entries[i].value)))
            return false;
    void *sink = (void *)(uintptr_t)call->onnx; /* only read */
    return succeeds(call, api->SetUserLoggingFunction(session, write_log, sink)) &&
           succeeds(call, api->SetIntraOpNumThreads(session, options.intra_threads)) &&
           succeeds(call, api->SetInterOpNumThreads(session, options.inter_threads)) &&
           succeeds(call, api->SetSessionExecutionMode(session, ORT_SEQUENTIAL)) &&
           succeeds(call, api->SetSessionGraphOptimizationLevel(session, ORT_ENABLE_ALL)) &&
           (options.use_arena || succeeds(call, api->DisableCpuMemArena(session))) &&
           (options.use_memory_pattern || succeeds(call, api->DisableMemPattern(session)));
}

static bool create_session(onnx_call *call, const char *path, const sv_engine_options *asked,
                           OrtSession **ret_session)
{
    OrtSessionOptions *options;
    if (!succeeds(call, call->api->CreateSessionOptions(&options)))
        return false;
    bool is_done =
        apply_options(call, asked, options) &&
        succeeds(call, call->api->CreateSession(call->onnx->env, path, options, ret_session));
    call->api->ReleaseSessionOptions(options);
    return is_done;
}

static void unload_model(void *state)
{
    onnx_model *model = state;
    if (model->session)
        model->onnx->api->ReleaseSession(model->session);
    sv_arena_free(model->arena);
    free(model);
}

static sv_status load_model(void *state, const char *path, const sv_engine_options *options,
                            sv_error *error, sv_engine_loaded *ret_loaded)
{
    onnx_call call = begin(state, error);
    onnx_model *model = calloc(1, sizeof *model);
    if (!is_given(&call, model))
        return call.status;
    model->onnx = state;
    model->arena = sv_arena_new(DESCRIPTION_LIMIT);
    if (is_given(&call, model->arena) && create_session(&call, path, options, &model->session) &&
        describe_model(&call, model, &ret_loaded->info)) {
        ret_loaded->model = model;
        return SV_OK;
    }
    unload_model(model);
    return call.status == SV_FAILED ? SV_INVALID : call.status; /* the file is to blame */
}

/* ---- Running ---- */

/* What a run needs, and then the owner of its result. The arrays lie behind it. */
typedef struct onnx_run {
    const onnx_state *onnx;
    OrtRunOptions *options;
    size_t n_inputs, n_outputs;
    sv_tensor *tensors;           /* n_outputs, and as many for the keys of maps */
    OrtValue **inputs, **outputs; /* n_inputs, n_outputs */
    const char **names;           /* of the outputs */
    void **memory;                /* of elements that are ours: two blocks for each output */
} onnx_run;

static onnx_run *create_run(const onnx_state *onnx, size_t n_inputs, size_t n_outputs)
{
    size_t pointers_bytes = (n_inputs + 4 * n_outputs) * sizeof(void *);
    onnx_run *run = calloc(1, sizeof *run + 2 * n_outputs * sizeof(sv_tensor) + pointers_bytes);
    if (!run)
        return NULL;
    run->onnx = onnx;
    run->n_inputs = n_inputs;
    run->n_outputs = n_outputs;
    run->tensors = (sv_tensor *)(run + 1);
    run->inputs = (OrtValue **)(run->tensors + 2 * n_outputs);
    run->outputs = run->inputs + n_inputs;
    run->names = (const char **)(run->outputs + n_outputs);
    run->memory = (void **)(run->names + n_outputs);
    return run;
}

static void release_values(const onnx_state *onnx, OrtValue **values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i])
            onnx->api->ReleaseValue(values[i]);
}

static void release_run(void *owner)
{
    onnx_run *run = owner;
    release_values(run->onnx, run->outputs, run->n_outputs);
    for (size_t i = 0; i < 2 * run->n_outputs; i++)
        free(run->memory[i]);
    free(run);
}

static bool wrap_data(onnx_call *call, const sv_tensor *tensor, OrtValue **ret_value)
{
    static char nothing[16]; /* the address of a tensor without elements */
    void *data = tensor->size_bytes ? (void *)(uintptr_t)tensor->data : nothing;
    return succeeds(call, call->api->CreateTensorWithDataAsOrtValue(
                              call->onnx->cpu, data, tensor->size_bytes, tensor->shape.dims,
                              (size_t)tensor->shape.rank, element_types[tensor->dtype], ret_value));
}

static bool copy_texts(onnx_call *call, const sv_tensor *tensor, OrtValue **ret_value)
{
    const OrtApi *api = call->api;
    const sv_str *texts = tensor->data;
    char *text;
    if (!succeeds(call, api->CreateTensorAsOrtValue(
                            call->onnx->allocator, tensor->shape.dims, (size_t)tensor->shape.rank,
                            ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, ret_value)))
        return false;
    for (size_t i = 0; i < tensor->size_bytes / sizeof *texts; i++) {
        if (!succeeds(call,
                      api->GetResizedStringTensorElementBuffer(*ret_value, i, texts[i].len, &text)))
            return false;
        if (texts[i].len)
            memcpy(text, texts[i].ptr, texts[i].len);
    }
    return true;
}

static bool prepare_outputs(onnx_call *call, onnx_run *run, const onnx_model *model,
                            const sv_engine_job *job)
{
    for (size_t i = 0; i < run->n_outputs; i++) {
        const sv_engine_output *wanted = job->buffers[i];
        const sv_tensor_spec *spec = &model->outputs.specs[job->outputs[i]];
        run->names[i] = model->outputs.names[job->outputs[i]];
        run->tensors[i] = (sv_tensor){.name = spec->name, .dtype = spec->dtype};
        if (!wanted)
            continue;
        run->tensors[i].shape = wanted->shape;
        run->tensors[i].data = wanted->buffer;
        run->tensors[i].size_bytes = wanted->size_bytes;
        if (!wrap_data(call, &run->tensors[i], &run->outputs[i]))
            return false;
    }
    return true;
}

static bool prepare(onnx_call *call, onnx_run *run, const onnx_model *model,
                    const sv_engine_job *job)
{
    for (size_t i = 0; i < run->n_inputs; i++) {
        bool is_text = job->inputs[i]->dtype == SV_DTYPE_BYTES;
        if (!(is_text ? copy_texts : wrap_data)(call, job->inputs[i], &run->inputs[i]))
            return false;
    }
    return prepare_outputs(call, run, model, job);
}

static void terminate_run(void *arg)
{
    onnx_run *run = arg;
    onnx_call call = begin(run->onnx, NULL);
    succeeds(&call, call.api->RunOptionsSetTerminate(run->options));
}

static bool execute(onnx_call *call, onnx_run *run, const onnx_model *model, sv_cancel *cancel)
{
    sv_cancel_callback on_cancel = {.run = terminate_run, .arg = run};
    if (!succeeds(call, call->api->CreateRunOptions(&run->options)))
        return false;
    sv_cancel_add(cancel, &on_cancel);
    bool is_done =
        succeeds(call, call->api->Run(model->session, run->options, model->inputs.names,
                                      (const OrtValue *const *)run->inputs, run->n_inputs,
                                      run->names, run->n_outputs, run->outputs));
    sv_cancel_remove(cancel, &on_cancel);
    call->api->ReleaseRunOptions(run->options);
    return is_done;
}

/* The texts of an output in one piece of memory: spans, then offsets of the library's making, then
 * bytes. */
static bool read_texts(onnx_call *call, const OrtValue *value, sv_tensor *tensor, void **ret_texts)
{
    size_t n = tensor->size_bytes / sizeof(sv_str), n_bytes;
    if (!succeeds(call, call->api->GetStringTensorDataLength(value, &n_bytes)))
        return false;
    sv_str *texts = *ret_texts = malloc(n * (sizeof *texts + sizeof(size_t)) + n_bytes + 1);
    if (!is_given(call, texts))
        return false;
    size_t *offsets = (size_t *)(texts + n);
    char *bytes = (char *)(offsets + n);
    if (!succeeds(call, call->api->GetStringTensorContent(value, bytes, n_bytes, offsets, n)))
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t end = i + 1 < n ? offsets[i + 1] : n_bytes;
        texts[i] = (sv_str){bytes + offsets[i], end - offsets[i]};
    }
    tensor->data = texts;
    return true;
}

static bool read_shape(onnx_call *call, const OrtTensorTypeAndShapeInfo *info, sv_tensor *tensor)
{
    size_t rank;
    if (!succeeds(call, call->api->GetDimensionsCount(info, &rank)))
        return false;
    tensor->shape.rank = rank <= SV_TENSOR_MAX_RANK ? (int)rank : -1;
    if (rank <= SV_TENSOR_MAX_RANK &&
        !succeeds(call, call->api->GetDimensions(info, tensor->shape.dims, rank)))
        return false;
    if (!sv_tensor_shape_bytes(&tensor->shape, tensor->dtype, &tensor->size_bytes))
        return true;
    call->status =
        sv_error_set(call->error, SV_UNSUPPORTED, NULL,
                     "output '%.*s' came out with %zu dimensions, at most %d can be sent",
                     SV_STR_ARG(tensor->name), rank, SV_TENSOR_MAX_RANK);
    return false;
}

static bool read_output(onnx_call *call, OrtValue *value, sv_tensor *tensor, void **ret_texts)
{
    OrtTensorTypeAndShapeInfo *info;
    void *data;
    if (!succeeds(call, call->api->GetTensorTypeAndShape(value, &info)))
        return false;
    bool is_read = read_shape(call, info, tensor);
    call->api->ReleaseTensorTypeAndShapeInfo(info);
    if (!is_read || tensor->dtype == SV_DTYPE_BYTES)
        return is_read && read_texts(call, value, tensor, ret_texts);
    if (!succeeds(call, call->api->GetTensorMutableData(value, &data)))
        return false;
    tensor->data = data;
    return true;
}

/* A sequence of maps as a matrix: the keys of the first map are its columns. */
typedef struct onnx_maps {
    sv_tensor *matrix; /* its name and, with it, `keys` are known */
    sv_tensor *keys;   /* of the first map */
    float *values;
    void **memory; /* keys; the tensor of the keys and the matrix */
} onnx_maps;

/* The keys of a map, copied; texts are in `ret_memory`. */
static bool read_keys(onnx_call *call, OrtValue *value, sv_tensor *keys, void **ret_memory)
{
    if (!read_output(call, value, keys, ret_memory))
        return false;
    if (keys->dtype == SV_DTYPE_BYTES)
        return true;
    void *copy = *ret_memory = malloc(keys->size_bytes + 1);
    if (!is_given(call, copy))
        return false;
    if (keys->size_bytes)
        memcpy(copy, keys->data, keys->size_bytes);
    keys->data = copy;
    return true;
}

static bool same_keys(const sv_tensor *a, const sv_tensor *b)
{
    if (a->size_bytes != b->size_bytes || !a->size_bytes)
        return a->size_bytes == b->size_bytes;
    if (a->dtype == SV_DTYPE_INT64)
        return memcmp(a->data, b->data, a->size_bytes) == 0;
    const sv_str *one = a->data, *other = b->data;
    for (size_t i = 0; i < a->size_bytes / sizeof *one; i++)
        if (!sv_str_eq(one[i], other[i]))
            return false;
    return true;
}

/* Room for the matrix, once the first map has told how wide it is. */
static bool make_matrix(onnx_call *call, onnx_maps *maps, size_t n_maps)
{
    sv_tensor *matrix = maps->matrix;
    int64_t n_keys = maps->keys->shape.dims[0];
    matrix->shape = SV_SHAPE((int64_t)n_maps, n_keys);
    if (sv_tensor_shape_bytes(&matrix->shape, SV_DTYPE_FP32, &matrix->size_bytes))
        return is_given(call, NULL);
    matrix->data = maps->values = maps->memory[1] = malloc(matrix->size_bytes + 1);
    return is_given(call, maps->values);
}

static bool fail_maps(onnx_call *call, const onnx_maps *maps)
{
    call->status = sv_error_set(call->error, SV_FAILED, &sv_kind_invalid_model_output,
                                "output '%.*s' is maps that do not have the same keys",
                                SV_STR_ARG(maps->matrix->name));
    return false;
}

/* One map: parts 0 and 1 are its keys and its values. */
static bool read_map(onnx_call *call, OrtValue *parts[2], onnx_maps *maps, size_t row,
                     size_t n_maps)
{
    sv_tensor keys = {.name = maps->matrix->name, .dtype = maps->keys->dtype};
    sv_tensor values = {.name = maps->matrix->name, .dtype = SV_DTYPE_FP32};
    void *memory = NULL;
    bool is_read =
        read_keys(call, parts[0], &keys, &memory) && read_output(call, parts[1], &values, NULL);
    if (is_read && row == 0) {
        *maps->keys = keys;
        maps->memory[0] = memory;
        memory = NULL;
        is_read = keys.shape.rank == 1 ? make_matrix(call, maps, n_maps) : fail_maps(call, maps);
    }
    if (is_read &&
        (!same_keys(maps->keys, &keys) || values.size_bytes != maps->matrix->size_bytes / n_maps))
        is_read = fail_maps(call, maps);
    if (is_read && values.size_bytes)
        memcpy(maps->values + row * (values.size_bytes / sizeof(float)), values.data,
               values.size_bytes);
    free(memory);
    return is_read;
}

static bool read_map_at(onnx_call *call, const OrtValue *sequence, onnx_maps *maps, size_t row,
                        size_t n_maps)
{
    OrtAllocator *allocator = call->onnx->allocator;
    OrtValue *values[3] = {NULL}; /* the map, its keys, its values */
    bool is_read = succeeds(call, call->api->GetValue(sequence, (int)row, allocator, &values[0])) &&
                   succeeds(call, call->api->GetValue(values[0], 0, allocator, &values[1])) &&
                   succeeds(call, call->api->GetValue(values[0], 1, allocator, &values[2])) &&
                   read_map(call, values + 1, maps, row, n_maps);
    release_values(call->onnx, values, 3);
    return is_read;
}

static bool read_maps(onnx_call *call, const OrtValue *sequence, const sv_tensor_spec *spec,
                      onnx_maps *maps)
{
    size_t n;
    if (!succeeds(call, call->api->GetValueCount(sequence, &n)))
        return false;
    *maps->keys = (sv_tensor){.dtype = spec->map_keys, .shape = SV_SHAPE(0)};
    maps->matrix->dtype = SV_DTYPE_FP32;
    maps->matrix->shape = SV_SHAPE(0, 0);
    maps->matrix->keys = maps->keys;
    bool is_read = true;
    for (size_t row = 0; row < n && is_read; row++)
        is_read = read_map_at(call, sequence, maps, row, n);
    return is_read;
}

/* Output `i` of the run, of whatever type. */
static bool take_output(onnx_call *call, onnx_run *run, const sv_tensor_spec *spec, size_t i)
{
    void **memory = run->memory + 2 * i;
    if (!spec->map_keys)
        return read_output(call, run->outputs[i], &run->tensors[i], memory);
    onnx_maps maps = {
        .matrix = &run->tensors[i], .keys = &run->tensors[run->n_outputs + i], .memory = memory};
    return read_maps(call, run->outputs[i], spec, &maps);
}

/* An input that a graph hands on as an output comes out as the caller's memory, which ends before
 * the result does. */
static bool keep_output(onnx_call *call, onnx_run *run, const sv_engine_job *job, size_t i)
{
    sv_tensor *output = &run->tensors[i];
    bool is_input = false;
    for (size_t k = 0; k < run->n_inputs; k++)
        is_input |= job->inputs[k]->data == output->data;
    if (!is_input || !output->size_bytes)
        return true;
    void *copy = run->memory[2 * i] = malloc(output->size_bytes);
    if (!is_given(call, copy))
        return false;
    output->data = memcpy(copy, output->data, output->size_bytes);
    return true;
}

static sv_status run_model(void *state, const sv_engine_job *job, sv_error *error,
                           sv_engine_result *result)
{
    const onnx_model *model = state;
    onnx_call call = begin(model->onnx, error);
    onnx_run *run = create_run(model->onnx, model->inputs.n, job->n_outputs);
    if (!is_given(&call, run))
        return call.status;
    bool is_done = prepare(&call, run, model, job) && execute(&call, run, model, job->cancel);
    release_values(run->onnx, run->inputs, run->n_inputs);
    for (size_t i = 0; i < run->n_outputs && is_done; i++)
        is_done = take_output(&call, run, &model->outputs.specs[job->outputs[i]], i) &&
                  keep_output(&call, run, job, i);
    if (is_done)
        *result = (sv_engine_result){run->tensors, run->n_outputs, run, release_run};
    else
        release_run(run);
    return call.status;
}

const sv_engine sv_onnx_engine = {
    .name = "onnxruntime",
    .title = "ONNX Runtime",
    .extension = ".onnx",
    .open = open_onnx,
    .close = close_onnx,
    .describe = describe_onnx,
    .load = load_model,
    .unload = unload_model,
    .run = run_model,
};
