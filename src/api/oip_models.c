/* oip_models.c: models in the words of the Open Inference Protocol. */
#include "api/oip_models.h"

#include <stdio.h>
#include <string.h>

#include "api/services.h"
#include "web/application.h"

/* Finding. */

static sv_status refuse_model(sv_call *call, sv_str name)
{
    return sv_fail(call, &sv_kind_model_not_found, "Request for unknown model: '%.*s' is not found",
                   SV_STR_ARG(name));
}

/* The default one for an empty name; NULL: there is none. */
static const sv_version_status *find_version(const sv_model_status *model, sv_str name)
{
    if (!name.len)
        return &model->versions[model->default_version];
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i].name, name))
            return &model->versions[i];
    return NULL;
}

/* "name:version", when no model has that whole name. */
static sv_status find_by_id(sv_call *call, sv_str *name, sv_oip_version *found, sv_str *number)
{
    const sv_services *services = sv_call_state(call);
    sv_status status = sv_model_status_find(services->registry, *name, call->arena, &found->model);
    const char *colon = name->len ? memrchr(name->ptr, ':', name->len) : NULL;
    if (status != SV_NOT_FOUND || found->is_named || !colon)
        return status;
    size_t len = (size_t)(colon - name->ptr);
    *number = sv_str_slice(*name, len + 1, name->len);
    *name = sv_str_slice(*name, 0, len);
    found->is_named = true;
    return number->len ? sv_model_status_find(services->registry, *name, call->arena, &found->model)
                       : SV_NOT_FOUND;
}

sv_status sv_oip_models_find(sv_call *call, sv_oip_version *ret_version)
{
    sv_str name = call->request.path_params[0], number = {0};
    sv_oip_version found = {.is_named = call->operation->n_path_params > 1};
    if (found.is_named)
        number = call->request.path_params[1];
    sv_status status = find_by_id(call, &name, &found, &number);
    if (status == SV_NOT_FOUND)
        return refuse_model(call, call->request.path_params[0]);
    if (status)
        return status;
    found.version = find_version(&found.model, number);
    if (!found.version)
        return sv_fail(call, &sv_kind_model_version_not_found,
                       "Request for unknown model: '%.*s' version %.*s is not found",
                       SV_STR_ARG(name), SV_STR_ARG(number));
    *ret_version = found;
    return SV_OK;
}

sv_status sv_oip_models_refuse(sv_call *call, const sv_oip_version *found)
{
    return sv_fail(call, &sv_kind_model_not_loaded,
                   "Request for unknown model: '%.*s' version %.*s is not at ready state",
                   SV_STR_ARG(found->model.name), SV_STR_ARG(found->version->name));
}

/* Describing. */

/* Triton's names of platforms, by engine. */
static const char *get_platform(const sv_instance *instance)
{
    const char *engine = sv_engine_model_engine(instance->loaded);
    return strcmp(engine, "onnxruntime") == 0 ? "onnxruntime_onnx" : engine;
}

/* What a version takes and gives. */
typedef struct tensor_list {
    const sv_tensor_spec *inputs, *outputs;
    size_t n_inputs, n_outputs;
} tensor_list;

/* A language model has no tensors: those of the generate extension stand in their place. */
static tensor_list list_tensors(const sv_instance *instance)
{
    static const sv_tensor_spec text_input = {
        .name = SV_STR_INIT("text_input"), .dtype = SV_DTYPE_BYTES, .shape = {1, {1}}};
    static const sv_tensor_spec text_output = {
        .name = SV_STR_INIT("text_output"), .dtype = SV_DTYPE_BYTES, .shape = {1, {1}}};
    const sv_engine_info *info = sv_engine_model_info(instance->loaded);
    return instance->task == SV_TASK_TEXT_GENERATION
               ? (tensor_list){&text_input, &text_output, 1, 1}
               : (tensor_list){info->inputs, info->outputs, info->n_inputs, info->n_outputs};
}

static void write_dims(sv_writer *writer, const char *key, const sv_tensor_spec *spec, int first)
{
    sv_writer_key(writer, sv_str_from(key));
    sv_writer_begin_array(writer);
    for (int i = first; i < spec->shape.rank; i++)
        sv_writer_int(writer, spec->shape.dims[i]);
    sv_writer_end_array(writer);
}

static void write_spec(sv_writer *writer, const sv_tensor_spec *spec, int first_dim)
{
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", spec->name);
    sv_writer_key_cstr(writer, "datatype", sv_tensor_dtype_name(spec->dtype));
    write_dims(writer, "shape", spec, first_dim);
    sv_writer_end_object(writer);
}

/* "TYPE_FP32"; texts are TYPE_STRING in a configuration. */
static void write_config_spec(sv_writer *writer, const sv_tensor_spec *spec, int first_dim)
{
    char type[32];
    snprintf(type, sizeof type, "TYPE_%s",
             spec->dtype == SV_DTYPE_BYTES ? "STRING" : sv_tensor_dtype_name(spec->dtype));
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", spec->name);
    sv_writer_key_cstr(writer, "data_type", type);
    write_dims(writer, "dims", spec, first_dim);
    sv_writer_end_object(writer);
}

/* Inputs or outputs: how they are called, how each is written, and from which dimension on. */
typedef struct spec_list {
    const char *key;
    const sv_tensor_spec *specs;
    size_t n;
    void (*write)(sv_writer *writer, const sv_tensor_spec *spec, int first_dim);
    int first_dim;
} spec_list;

/* What is no tensor (a sequence of maps) has no datatype of the protocol, and is never sent. */
static void write_specs(sv_writer *writer, const spec_list *list)
{
    sv_writer_key(writer, sv_str_from(list->key));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < list->n; i++)
        if (list->specs[i].dtype)
            list->write(writer, &list->specs[i], list->first_dim);
    sv_writer_end_array(writer);
}

static void write_versions(const sv_oip_version *found, sv_writer *writer)
{
    sv_writer_key(writer, SV_STR("versions"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < found->model.n_versions; i++) {
        const sv_version_status *version = &found->model.versions[i];
        if (found->is_named ? sv_str_eq(version->name, found->version->name)
                            : version->state == SV_VERSION_READY)
            sv_writer_str(writer, version->name);
    }
    sv_writer_end_array(writer);
}

void sv_oip_models_write_metadata(const sv_oip_version *found, sv_writer *writer)
{
    tensor_list list = list_tensors(found->instance);
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", found->model.name);
    write_versions(found, writer);
    sv_writer_key_cstr(writer, "platform", get_platform(found->instance));
    write_specs(writer, &(spec_list){"inputs", list.inputs, list.n_inputs, write_spec, 0});
    write_specs(writer, &(spec_list){"outputs", list.outputs, list.n_outputs, write_spec, 0});
    sv_writer_end_object(writer);
}

/* As Triton has it: the dimension of rows is left out of a model that batches. */
void sv_oip_models_write_config(const sv_oip_version *found, sv_writer *writer)
{
    tensor_list list = list_tensors(found->instance);
    size_t max_rows = sv_batch_plan_rows(&found->instance->batching);
    int first = max_rows > 1 ? 1 : 0;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", found->model.name);
    sv_writer_key_cstr(writer, "platform", get_platform(found->instance));
    sv_writer_key_cstr(writer, "backend", sv_engine_model_engine(found->instance->loaded));
    sv_writer_key_int(writer, "max_batch_size", first ? (int64_t)max_rows : 0);
    if (first)
        sv_writer_key_raw(writer, "dynamic_batching", SV_STR("{}"));
    write_specs(writer,
                &(spec_list){"input", list.inputs, list.n_inputs, write_config_spec, first});
    write_specs(writer,
                &(spec_list){"output", list.outputs, list.n_outputs, write_config_spec, first});
    if (found->instance->task == SV_TASK_TEXT_GENERATION)
        sv_writer_key_raw(writer, "model_transaction_policy", SV_STR("{\"decoupled\":true}"));
    sv_writer_end_object(writer);
}

/* Statistics. */

static void write_times(sv_writer *writer, const char *key, const atomic_ullong *count,
                        const atomic_ullong *ns)
{
    sv_writer_key(writer, sv_str_from(key));
    sv_writer_begin_object(writer);
    sv_writer_key_int(writer, "count", (int64_t)atomic_load(count));
    sv_writer_key_int(writer, "ns", (int64_t)atomic_load(ns));
    sv_writer_end_object(writer);
}

typedef struct stat_row {
    const char *name;
    sv_version_stat stat;
} stat_row;

static void write_stats(sv_writer *writer, const sv_version_stats *stats)
{
    static const stat_row rows[] = {
        {"success", SV_VERSION_SUCCESS},     {"fail", SV_VERSION_FAIL},
        {"queue", SV_VERSION_QUEUE},         {"compute_input", SV_VERSION_INPUT},
        {"compute_infer", SV_VERSION_INFER}, {"compute_output", SV_VERSION_OUTPUT}};
    static const sv_str nothing = SV_STR_INIT("{\"count\":0,\"ns\":0}");
    sv_writer_key(writer, SV_STR("inference_stats"));
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        write_times(writer, rows[i].name, &stats->stats[rows[i].stat].count,
                    &stats->stats[rows[i].stat].ns);
    sv_writer_key_raw(writer, "cache_hit", nothing);
    sv_writer_key_raw(writer, "cache_miss", nothing);
    sv_writer_end_object(writer);
}

static void write_batches(sv_writer *writer, const sv_version_stats *stats)
{
    sv_writer_key(writer, SV_STR("batch_stats"));
    sv_writer_begin_array(writer);
    for (int i = 0; i < SV_VERSION_BATCH_SIZES; i++) {
        const atomic_ullong *count = &stats->batches[i].count;
        if (!atomic_load(count))
            continue;
        sv_writer_begin_object(writer);
        sv_writer_key_int(writer, "batch_size", i + 1);
        write_times(writer, "compute_input", count, &stats->batches[i].input_ns);
        write_times(writer, "compute_infer", count, &stats->batches[i].infer_ns);
        write_times(writer, "compute_output", count, &stats->batches[i].output_ns);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

static void write_memory(sv_writer *writer, const sv_version_status *version)
{
    sv_writer_key(writer, SV_STR("memory_usage"));
    sv_writer_begin_array(writer);
    if (version->state == SV_VERSION_READY) {
        sv_writer_begin_object(writer);
        sv_writer_key_cstr(writer, "type", "CPU");
        sv_writer_key_int(writer, "id", 0);
        sv_writer_key_int(writer, "byte_size", (int64_t)version->memory_bytes);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

void sv_oip_models_write_stats(const sv_model_status *model, const sv_version_status *version,
                               sv_writer *writer)
{
    const sv_version_stats *stats = &version->version->stats;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", model->name);
    sv_writer_key_str(writer, "version", version->name);
    sv_writer_key_int(writer, "last_inference", atomic_load(&stats->last_ms));
    sv_writer_key_int(writer, "inference_count", (int64_t)atomic_load(&stats->inferences));
    sv_writer_key_int(writer, "execution_count", (int64_t)atomic_load(&stats->executions));
    write_stats(writer, stats);
    sv_writer_key_raw(writer, "response_stats", SV_STR("{}"));
    write_batches(writer, stats);
    write_memory(writer, version);
    sv_writer_end_object(writer);
}

const char *sv_oip_models_state_name(const sv_version_status *version)
{
    static const char *const states[] = {
        [SV_VERSION_ABSENT] = NULL, /* never touched: no state */
        [SV_VERSION_LOADING] = "LOADING",   [SV_VERSION_WARMING] = "LOADING",
        [SV_VERSION_READY] = "READY",       [SV_VERSION_DRAINING] = "UNLOADING",
        [SV_VERSION_FAILED] = "UNAVAILABLE"};
    return version->state == SV_VERSION_ABSENT && version->is_unloaded ? "UNAVAILABLE"
                                                                       : states[version->state];
}

void sv_oip_models_write_entry(const sv_model_status *model, const sv_version_status *version,
                               sv_writer *writer)
{
    const char *state = sv_oip_models_state_name(version);
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", model->name);
    if (state) {
        sv_writer_key_str(writer, "version", version->name);
        sv_writer_key_cstr(writer, "state", state);
    }
    if (version->reason.len)
        sv_writer_key_str(writer, "reason", version->reason);
    else if (version->state == SV_VERSION_ABSENT && version->is_unloaded)
        sv_writer_key_cstr(writer, "reason", "unloaded");
    sv_writer_end_object(writer);
}
