/* engine.c: what holds for every engine: arguments checked against what the model declares,
 * defaults of optional slots, kinds of errors. It computes nothing itself. */
#include "engine/engine.h"

#include "engine/empty_run.h"
#include "engine/engine_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A request in the model's order. */
typedef struct run_plan {
    const sv_tensor *inputs[SV_ENGINE_MAX_TENSORS];
    size_t outputs[SV_ENGINE_MAX_TENSORS];
    const sv_engine_output *buffers[SV_ENGINE_MAX_TENSORS];
    size_t n_outputs;
} run_plan;

enum { NAME_SHOWN = 100 }; /* bytes of a client's name in a message */

void sv_engine_prepare_environment(void)
{
    static const struct {
        const char *name, *value; /* NULL: must not be set */
    } rows[] = {
        {"ORT_DISABLE_TELEMETRY", "1"}, /* ONNX Runtime 1.29 and later report home unless told */
        {"GGML_NO_BACKTRACE", "1"},     /* a crashing llama.cpp would start a debugger */
        {"GGML_BACKEND_PATH", NULL},    /* it would load any library named there */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *now = getenv(rows[i].name);
        if (!rows[i].value)
            unsetenv(rows[i].name);
        else if (!now || strcmp(now, rows[i].value) != 0)
            setenv(rows[i].name, rows[i].value, 1);
    }
}

/* Weights lie in the file, or beside it under these names, and are often held a second time in the
 * order that kernels read them in: 1.6 to 2.7 times the file was measured. */
static uint64_t estimate_memory(const char *path)
{
    static const char *const suffixes[] = {"", ".data", "_data"};
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[4096];
        struct stat file;
        int len = snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (len > 0 && (size_t)len < sizeof name && stat(name, &file) == 0)
            bytes += (uint64_t)file.st_size;
    }
    return bytes * 2;
}

/* Clients hear what an engine says, and have no business with folders: of the path in its words
 * only the file's name stays. */
static void hide_folder(char *message, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash + 1 - path) : 0;
    for (char *at = message; len && (at = strstr(at, path));)
        memmove(at, at + len, strlen(at + len) + 1);
}

sv_status sv_engine_load(const sv_engine_opened *opened, const char *path,
                         const sv_engine_options *options, sv_error *error,
                         sv_engine_model **ret_model)
{
    static const sv_engine_options defaults;
    sv_engine_model *model = calloc(1, sizeof *model);
    if (!model)
        return sv_error_set(error, SV_NO_MEMORY, NULL, "out of memory");
    model->engine = opened->engine;
    sv_error_set_path(error, "%s", path);
    sv_status status = opened->engine->load(opened->state, path, options ? options : &defaults,
                                            error, &model->loaded);
    sv_engine_info *info = &model->loaded.info;
    if (status) {
        if (error)
            hide_folder(error->message, path);
        free(model);
        return status;
    }
    if (info->n_inputs > SV_ENGINE_MAX_TENSORS || info->n_outputs > SV_ENGINE_MAX_TENSORS) {
        status = sv_error_set(error, SV_UNSUPPORTED, NULL,
                              "the model has %zu inputs and %zu outputs, at most %d are served",
                              info->n_inputs, info->n_outputs, SV_ENGINE_MAX_TENSORS);
        sv_engine_unload(model);
        return status;
    }
    if (info->memory_bytes == 0)
        info->memory_bytes = estimate_memory(path);
    *ret_model = model;
    return SV_OK;
}

void sv_engine_unload(sv_engine_model *model)
{
    if (!model)
        return;
    model->engine->unload(model->loaded.model);
    free(model);
}

const sv_engine_info *sv_engine_model_info(const sv_engine_model *model)
{
    return &model->loaded.info;
}

const char *sv_engine_model_engine(const sv_engine_model *model)
{
    return model->engine->name;
}

/* Index of the spec called `name`, or n_specs. `guess` is where it is most likely. */
static size_t find_spec(const sv_tensor_spec *specs, size_t n_specs, sv_str name, size_t guess)
{
    if (guess < n_specs && sv_str_eq(specs[guess].name, name))
        return guess;
    size_t i = 0;
    while (i < n_specs && !sv_str_eq(specs[i].name, name))
        i++;
    return i;
}

static sv_status refuse_name(sv_error *error, const char *what, sv_str name)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s '%.*s'", what,
                        SV_STR_ARG(sv_str_slice(name, 0, NAME_SHOWN)));
}

static sv_status plan_inputs(const sv_engine_info *info, const sv_engine_request *request,
                             run_plan *plan, sv_error *error)
{
    memset(plan->inputs, 0, info->n_inputs * sizeof *plan->inputs);
    for (size_t i = 0; i < request->n_inputs; i++) {
        const sv_tensor *input = &request->inputs[i];
        size_t at = find_spec(info->inputs, info->n_inputs, input->name, i);
        if (at == info->n_inputs)
            return refuse_name(error, "the model has no input", input->name);
        if (plan->inputs[at])
            return refuse_name(error, "there is more than one input", input->name);
        plan->inputs[at] = input;
    }
    for (size_t i = 0; i < info->n_inputs; i++) {
        if (!plan->inputs[i])
            return refuse_name(error, "there is no input", info->inputs[i].name);
        sv_status status = sv_tensor_check(&info->inputs[i], plan->inputs[i], error);
        if (status)
            return status;
    }
    return SV_OK;
}

static sv_status add_output(const sv_engine_info *info, size_t at, const sv_engine_output *wanted,
                            run_plan *plan, sv_error *error)
{
    const sv_tensor_spec *spec = &info->outputs[at];
    bool is_map = spec->map_keys && wanted && wanted->maps_as_rows && !wanted->buffer;
    if (spec->dtype == SV_DTYPE_NONE && !is_map)
        return sv_error_set(error, SV_UNSUPPORTED, NULL,
                            "output '%.*s' is a %s, which cannot be sent; ask for others by name",
                            SV_STR_ARG(spec->name), spec->type_text);
    for (size_t i = 0; i < plan->n_outputs; i++)
        if (plan->outputs[i] == at)
            return refuse_name(error, "asked for more than once: output", spec->name);
    bool has_buffer = wanted && wanted->buffer;
    size_t bytes;
    if (has_buffer &&
        (spec->dtype == SV_DTYPE_BYTES ||
         sv_tensor_shape_bytes(&wanted->shape, spec->dtype, &bytes) || bytes != wanted->size_bytes))
        return refuse_name(error, "the buffer does not fit output", spec->name);
    plan->outputs[plan->n_outputs] = at;
    plan->buffers[plan->n_outputs++] = has_buffer ? wanted : NULL;
    return SV_OK;
}

static sv_status plan_outputs(const sv_engine_info *info, const sv_engine_request *request,
                              run_plan *plan, sv_error *error)
{
    sv_status status = SV_OK;
    plan->n_outputs = 0;
    if (!request->outputs)
        for (size_t i = 0; i < info->n_outputs && !status; i++)
            status = add_output(info, i, NULL, plan, error);
    for (size_t i = 0; request->outputs && i < request->n_outputs && !status; i++) {
        const sv_engine_output *wanted = &request->outputs[i];
        size_t at = find_spec(info->outputs, info->n_outputs, wanted->name, i);
        status = at < info->n_outputs ? add_output(info, at, wanted, plan, error)
                                      : refuse_name(error, "the model has no output", wanted->name);
    }
    return status;
}

/* What a client should be told when the engine did not say. */
static const sv_error_kind *kind_of(sv_status status)
{
    if (status == SV_INVALID)
        return &sv_kind_invalid_input;
    return status == SV_NO_MEMORY ? &sv_kind_insufficient_memory : &sv_kind_inference_failed;
}

sv_status sv_engine_run(sv_engine_model *model, const sv_engine_request *request, sv_error *error,
                        sv_engine_result *ret_result)
{
    run_plan plan;
    if (sv_cancel_is_set(request->cancel))
        return sv_error_set(error, SV_CANCELLED, NULL, "cancelled before the run");
    if (!model->engine->run)
        return sv_error_set(error, SV_UNSUPPORTED, NULL, "%s models do not take tensors",
                            model->engine->title);
    sv_status status = plan_inputs(&model->loaded.info, request, &plan, error);
    if (!status)
        status = plan_outputs(&model->loaded.info, request, &plan, error);
    if (status)
        return status;
    sv_engine_job job = {plan.inputs, plan.outputs, plan.buffers, plan.n_outputs, request->cancel};
    sv_engine_result result = {0};
    status = sv_empty_run_applies(&model->loaded.info, &job)
                 ? sv_empty_run_make(&model->loaded.info, &job, error, &result)
                 : model->engine->run(model->loaded.model, &job, error, &result);
    /* Engines end a terminated run with an error like any other: it counts that we asked for it. */
    if (status && sv_cancel_is_set(request->cancel))
        return sv_error_set(error, SV_CANCELLED, NULL, "cancelled during the run");
    if (status && error && !error->kind)
        error->kind = kind_of(status);
    if (!status)
        *ret_result = result;
    return status;
}

void sv_engine_result_deinit(sv_engine_result *result)
{
    if (result->release)
        result->release(result->owner);
    *result = (sv_engine_result){0};
}
