/* local_models.c: the models of an application (<serval/model.h>): a registry and its engines, with
 * permits for those who run them. Not the model server's: its predictions hold no thread while they
 * wait (model/scheduler.c), a handler of an application does. */
#include <serval/model.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "engine/engine_host.h"
#include "model/load_step.h"
#include "web/call.h"

enum { MAX_PROBLEMS = 1 << 16 };

struct sv_models {
    sv_engine_config config;
    sv_engine_host *engines;
    sv_arena *arena; /* of the repository */
    sv_repository repository;
    sv_registry *registry;
    pthread_mutex_t loading; /* held while a version is loaded */
    pthread_mutex_t lock;    /* guards n_permits */
    pthread_cond_t changed;  /* a permit came back, or somebody gave up */
    size_t n_permits;
};

/* Opening. */

static size_t count_cpus(void)
{
    double cpus = sv_cgroup_read("").cpus;
    return cpus < 1 ? 1 : (size_t)(cpus + 0.01);
}

/* The first mistakes, one a line. */
static sv_status tell_problems(sv_status status, const sv_buf *problems, sv_error *error)
{
    sv_str text = sv_str_trim(sv_buf_str(problems));
    return text.len ? sv_error_set(error, status, NULL, "%.*s", SV_STR_ARG(text)) : status;
}

static sv_status open_registry(sv_models *models, const sv_models_options *options, sv_error *error)
{
    sv_registry_config config = {.repository = &models->repository,
                                 .engines = models->engines,
                                 .engine_threads = options->threads,
                                 .generation_threads =
                                     options->threads ? options->threads : (int64_t)count_cpus(),
                                 .n_scratches = models->n_permits,
                                 .image_limits.max_pixels = options->max_pixels};
    sv_buf problems;
    sv_buf_init(&problems, MAX_PROBLEMS);
    sv_status status = sv_registry_new(&config, &problems, &models->registry);
    if (status)
        status = tell_problems(status, &problems, error);
    sv_buf_deinit(&problems);
    return status;
}

static sv_status open_all(sv_models *models, const char *path, const sv_models_options *options,
                          sv_error *error)
{
    models->n_permits = options->max_running ? options->max_running : count_cpus();
    models->arena = sv_arena_new(0);
    if (!models->arena)
        return SV_NO_MEMORY;
    if (options->engine_dir) {
        models->config.directory =
            sv_arena_copy(models->arena, sv_str_from(options->engine_dir)).ptr;
        if (!models->config.directory)
            return SV_NO_MEMORY;
    }
    sv_status status = sv_engine_host_new(&models->config, &models->engines);
    if (!status)
        status = sv_repository_scan(models->arena, &path, 1, error, &models->repository);
    return status ? status : open_registry(models, options, error);
}

sv_status sv_models_open(const char *path, const sv_models_options *options, sv_error *error,
                         sv_models **ret_models)
{
    static const sv_models_options defaults = {0};
    sv_models *models = calloc(1, sizeof *models);
    if (!models)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "%s", sv_status_text(SV_NO_MEMORY));
    pthread_mutex_init(&models->loading, NULL);
    pthread_mutex_init(&models->lock, NULL);
    pthread_cond_init(&models->changed, NULL);
    sv_status status = open_all(models, path, options ? options : &defaults, error);
    if (status) {
        sv_models_close(models);
        return status;
    }
    *ret_models = models;
    return SV_OK;
}

void sv_models_close(sv_models *models)
{
    if (!models)
        return;
    sv_registry_free(models->registry);
    sv_engine_host_free(models->engines);
    sv_arena_free(models->arena);
    pthread_cond_destroy(&models->changed);
    pthread_mutex_destroy(&models->lock);
    pthread_mutex_destroy(&models->loading);
    free(models);
}

/* Loading. */

static sv_status load_once(sv_models *models, sv_model_version *version, sv_error *error)
{
    const sv_load_step step = {.registry = models->registry};
    sv_status status = SV_OK;
    if (sv_registry_state(version) == SV_VERSION_READY)
        return SV_OK;
    pthread_mutex_lock(&models->loading);
    if (sv_registry_state(version) != SV_VERSION_READY)
        status = sv_load_step_run(&step, version, error);
    pthread_mutex_unlock(&models->loading);
    return status;
}

sv_status sv_models_load(sv_models *models, const char *name, const char *version, sv_error *error,
                         sv_loaded_model *ret_model)
{
    sv_error none = {0}; /* the registry wants one */
    sv_model *model = sv_registry_find(models->registry, sv_str_from(name));
    if (!model)
        return sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_not_found, "Model %s not found",
                            name);
    sv_model_version *found = sv_registry_find_version(model, sv_str_from(version));
    if (!found)
        return sv_error_set(error, SV_NOT_FOUND, &sv_kind_model_version_not_found,
                            "Model version %s not found", version);
    sv_error *why = error ? error : &none;
    sv_status status = load_once(models, found, why);
    if (status) {
        why->kind = &sv_kind_model_not_loaded; /* a handler's client hears that, the log the rest */
        return status;
    }
    *ret_model = (sv_loaded_model){model->name, found->name, models, found->current};
    return SV_OK;
}

bool sv_models_has_gpu(sv_models *models)
{
    return sv_engine_host_has_gpu(models->engines);
}

/* Running. */

static void wake_waiting(void *arg)
{
    sv_models *models = arg;
    pthread_mutex_lock(&models->lock);
    pthread_cond_broadcast(&models->changed);
    pthread_mutex_unlock(&models->lock);
}

/* Waits for a permit, or until nobody waits for the call any more. */
static sv_status take_permit(sv_models *models, sv_call *call)
{
    sv_cancel_callback give_up = {.run = wake_waiting, .arg = models};
    sv_cancel_add(call->cancel, &give_up);
    pthread_mutex_lock(&models->lock);
    while (!models->n_permits && !sv_cancel_is_set(call->cancel))
        pthread_cond_wait(&models->changed, &models->lock);
    bool has_permit = models->n_permits > 0;
    if (has_permit)
        models->n_permits--;
    pthread_mutex_unlock(&models->lock);
    sv_cancel_remove(call->cancel, &give_up);
    return has_permit ? SV_OK : SV_CANCELLED;
}

static void give_permit_back(sv_models *models)
{
    pthread_mutex_lock(&models->lock);
    models->n_permits++;
    pthread_cond_signal(&models->changed);
    pthread_mutex_unlock(&models->lock);
}

static sv_status copy_classes(sv_call *call, const sv_predictions *predictions,
                              sv_classes *ret_classes)
{
    sv_class *items = sv_arena_alloc_array(call->arena, predictions->len, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < predictions->len; i++)
        items[i] = (sv_class){predictions->items[i].label, predictions->items[i].confidence};
    ret_classes->items = items;
    ret_classes->len = predictions->len;
    return SV_OK;
}

sv_status sv_models_classify(sv_call *call, const sv_classify_request *request, sv_error *error,
                             sv_classes *ret_classes)
{
    const sv_instance *instance = request->model->loaded;
    sv_models *models = request->model->models;
    sv_predictions predictions;
    sv_image_request image = {.picture = request->picture,
                              .top_k = request->top_k,
                              .arena = call->arena,
                              .cancel = call->cancel,
                              .timeline = call->timeline};
    if (instance->task != SV_TASK_IMAGE_CLASSIFICATION)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Model %.*s does not classify pictures",
                            SV_STR_ARG(request->model->name));
    sv_status status = take_permit(models, call);
    if (status)
        return status;
    status = sv_task_image_run(&instance->image, instance->loaded, &image, error, &predictions);
    give_permit_back(models);
    return status ? status : copy_classes(call, &predictions, ret_classes);
}

static sv_status to_tensor(const sv_floats *floats, sv_error *error, sv_tensor *ret_tensor)
{
    sv_tensor tensor = {.name = sv_str_from(floats->name),
                        .dtype = SV_DTYPE_FP32,
                        .shape.rank = floats->rank,
                        .data = floats->values};
    if (floats->rank < 0 || floats->rank > SV_FLOATS_MAX_RANK)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s: a rank of %d",
                            floats->name, floats->rank);
    memcpy(tensor.shape.dims, floats->shape, (size_t)floats->rank * sizeof *floats->shape);
    sv_status status = sv_tensor_shape_bytes(&tensor.shape, tensor.dtype, &tensor.size_bytes);
    if (!status)
        *ret_tensor = tensor;
    return status;
}

static sv_status copy_floats(sv_call *call, const char *name, const sv_tensor *tensor,
                             sv_floats *ret_floats)
{
    float *values = sv_arena_alloc_raw(call->arena, tensor->size_bytes);
    if (!values)
        return SV_NO_MEMORY;
    if (tensor->size_bytes)
        memcpy(values, tensor->data, tensor->size_bytes);
    *ret_floats = (sv_floats){.name = name, .values = values, .rank = tensor->shape.rank};
    memcpy(ret_floats->shape, tensor->shape.dims,
           (size_t)tensor->shape.rank * sizeof *ret_floats->shape);
    return SV_OK;
}

static sv_status run_engine(sv_call *call, const sv_floats_request *request,
                            const sv_tensor *inputs, sv_error *error, sv_floats *ret_output)
{
    sv_engine_output output = {.name = sv_str_from(request->output)};
    sv_engine_request run = {.inputs = inputs,
                             .n_inputs = request->n_inputs,
                             .outputs = &output,
                             .n_outputs = 1,
                             .cancel = call->cancel};
    sv_engine_result result = {0};
    sv_status status = sv_engine_run(request->model->loaded->loaded, &run, error, &result);
    if (!status && result.outputs[0].dtype != SV_DTYPE_FP32)
        status =
            sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "Output %s is %s, not FP32",
                         request->output, sv_tensor_dtype_name(result.outputs[0].dtype));
    if (!status)
        status = copy_floats(call, request->output, &result.outputs[0], ret_output);
    sv_engine_result_deinit(&result);
    return status;
}

sv_status sv_models_run(sv_call *call, const sv_floats_request *request, sv_error *error,
                        sv_floats *ret_output)
{
    sv_tensor *inputs = sv_arena_alloc_array(call->arena, request->n_inputs, sizeof *inputs);
    sv_status status = inputs ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_inputs && !status; i++)
        status = to_tensor(&request->inputs[i], error, &inputs[i]);
    if (!status)
        status = take_permit(request->model->models, call);
    if (status)
        return status;
    status = run_engine(call, request, inputs, error, ret_output);
    give_permit_back(request->model->models);
    return status;
}
