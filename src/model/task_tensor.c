/* task_tensor.c: names compared with what the model declares, and one run of it. Shapes and
 * datatypes: engine/tensor.c. */
#include "model/task_tensor.h"

#include <stdio.h>

#include "base/clock.h"

enum { NAME_SHOWN = 64, LIST_SIZE = 320 };

/* One side of a model. */
typedef struct tensor_side {
    const char *word; /* "input" */
    const sv_tensor_spec *specs;
    size_t n_specs;
} tensor_side;

static tensor_side inputs_of(const sv_engine_info *info)
{
    return (tensor_side){"input", info->inputs, info->n_inputs};
}

static tensor_side outputs_of(const sv_engine_info *info)
{
    return (tensor_side){"output", info->outputs, info->n_outputs};
}

/* "'a' FP32 [-1,4], 'b' INT64 [-1]", as far as there is room. */
static const char *list_specs(const tensor_side *side, char text[LIST_SIZE])
{
    char shape[SV_TENSOR_SHAPE_TEXT_SIZE];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < side->n_specs; i++) {
        const sv_tensor_spec *spec = &side->specs[i];
        int more = snprintf(text + len, LIST_SIZE - len, "%s'%.*s' %s %s", i ? ", " : "",
                            SV_STR_ARG(sv_str_slice(spec->name, 0, NAME_SHOWN)),
                            spec->dtype ? sv_tensor_dtype_name(spec->dtype) : spec->type_text,
                            spec->is_any_shape ? "of any shape"
                                               : sv_tensor_shape_format(&spec->shape, shape));
        if (more < 0 || (size_t)more >= LIST_SIZE - len - sizeof ", ...") {
            snprintf(text + len, LIST_SIZE - len, "%s...", i ? ", " : "");
            break;
        }
        len += (size_t)more;
    }
    return text;
}

/* "the model has no input 'x'; it has 'a' FP32 [-1,4]". */
static sv_status refuse_name(const tensor_side *side, const char *what, sv_str name,
                             sv_error *error)
{
    char list[LIST_SIZE];
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s %s '%.*s'; the model has %s",
                        what, side->word, SV_STR_ARG(sv_str_slice(name, 0, NAME_SHOWN)),
                        list_specs(side, list));
}

/* `guess` is where it is most likely; n_specs: there is none. */
static size_t find_spec(const tensor_side *side, sv_str name, size_t guess)
{
    if (guess < side->n_specs && sv_str_eq(side->specs[guess].name, name))
        return guess;
    size_t i = 0;
    while (i < side->n_specs && !sv_str_eq(side->specs[i].name, name))
        i++;
    return i;
}

/* Finds a name and marks it as seen. */
static sv_status mark_name(const tensor_side *side, sv_str name, size_t guess, bool *seen,
                           sv_error *error)
{
    size_t at = find_spec(side, name, guess);
    if (at == side->n_specs)
        return refuse_name(side, "unknown", name, error);
    if (seen[at])
        return refuse_name(side, "more than one", name, error);
    seen[at] = true;
    return SV_OK;
}

sv_status sv_task_tensor_find_input(const sv_engine_info *info, sv_str name, sv_error *error,
                                    const sv_tensor_spec **ret_spec)
{
    tensor_side inputs = inputs_of(info);
    size_t at = find_spec(&inputs, name, 0);
    if (at == info->n_inputs)
        return refuse_name(&inputs, "unknown", name, error);
    *ret_spec = &info->inputs[at];
    return SV_OK;
}

/* The first axis that the model calls the same in both and that differs in length; -1: none. What
 * exporters write for "unknown" is no name. */
static int find_unequal(const sv_tensor_spec *a, const sv_tensor *a_tensor, const sv_tensor_spec *b,
                        const sv_tensor *b_tensor)
{
    for (int i = 0; i < a->shape.rank && i < b->shape.rank; i++)
        if (a_tensor->shape.dims[i] != b_tensor->shape.dims[i] && a->axes[i].len &&
            sv_str_eq(a->axes[i], b->axes[i]) && !sv_str_eq(a->axes[i], SV_STR("None")) &&
            !sv_str_eq(a->axes[i], SV_STR("?")))
            return i;
    return -1;
}

static sv_status refuse_unequal(const sv_tensor *input, const sv_tensor *other, int axis,
                                sv_str axis_name, sv_error *error)
{
    sv_str name = sv_str_slice(input->name, 0, NAME_SHOWN);
    sv_str other_name = sv_str_slice(other->name, 0, NAME_SHOWN);
    long long length = input->shape.dims[axis], other_length = other->shape.dims[axis];
    if (axis == 0)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "input '%.*s' batch size does not match other inputs: %lld, and %lld "
                            "of '%.*s'",
                            SV_STR_ARG(name), length, other_length, SV_STR_ARG(other_name));
    axis_name = sv_str_slice(axis_name, 0, NAME_SHOWN);
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "%.*s of input '%.*s' does not match other inputs: %lld, and %lld of "
                        "'%.*s'",
                        SV_STR_ARG(axis_name), SV_STR_ARG(name), length, other_length,
                        SV_STR_ARG(other_name));
}

/* Axes of inputs that the model calls the same have one length: that of the batch, of a text. */
static sv_status check_axes(const tensor_side *inputs, const sv_tensor_request *request, size_t at,
                            sv_error *error)
{
    const sv_tensor *input = &request->inputs[at];
    const sv_tensor_spec *spec = &inputs->specs[find_spec(inputs, input->name, at)];
    for (size_t i = 0; i < at && !spec->is_any_shape; i++) {
        const sv_tensor *other = &request->inputs[i];
        const sv_tensor_spec *other_spec = &inputs->specs[find_spec(inputs, other->name, i)];
        int axis = other_spec->is_any_shape ? -1 : find_unequal(spec, input, other_spec, other);
        if (axis >= 0)
            return refuse_unequal(input, other, axis, spec->axes[axis], error);
    }
    return SV_OK;
}

static sv_status check_inputs(const sv_engine_info *info, const sv_tensor_request *request,
                              sv_error *error)
{
    bool seen[SV_ENGINE_MAX_TENSORS] = {false};
    tensor_side inputs = inputs_of(info);
    for (size_t i = 0; i < request->n_inputs; i++) {
        sv_status status = mark_name(&inputs, request->inputs[i].name, i, seen, error);
        if (status)
            return status;
    }
    for (size_t i = 0; i < info->n_inputs; i++)
        if (!seen[i])
            return refuse_name(&inputs, "missing", info->inputs[i].name, error);
    for (size_t i = 0; i < request->n_inputs; i++) {
        const sv_tensor *input = &request->inputs[i];
        sv_status status =
            sv_tensor_check(&info->inputs[find_spec(&inputs, input->name, i)], input, error);
        if (!status)
            status = check_axes(&inputs, request, i, error);
        if (status)
            return status;
    }
    return SV_OK;
}

static sv_status check_output(const sv_tensor_spec *spec, bool maps_as_rows, sv_error *error)
{
    if (spec->dtype != SV_DTYPE_NONE || (spec->map_keys && maps_as_rows))
        return SV_OK;
    return sv_error_set(error, SV_UNSUPPORTED, &sv_kind_invalid_input,
                        "output '%.*s' is a %s, which cannot be sent; ask for others by name",
                        SV_STR_ARG(sv_str_slice(spec->name, 0, NAME_SHOWN)), spec->type_text);
}

static const sv_tensor *find_empty(const sv_tensor_request *request)
{
    for (size_t i = 0; i < request->n_inputs; i++)
        if (!request->inputs[i].size_bytes)
            return &request->inputs[i];
    return NULL;
}

/* Operators that promise so many values do not expect none: some end the process. */
static sv_status check_fullness(const sv_tensor_spec *spec, const sv_tensor *empty, sv_error *error)
{
    char shape[SV_TENSOR_SHAPE_TEXT_SIZE];
    size_t count;
    if (!empty || spec->is_any_shape || !spec->shape.rank ||
        sv_tensor_shape_count(&spec->shape, &count) || !count)
        return SV_OK;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input '%.*s' is empty, but output '%.*s' always has shape %s",
                        SV_STR_ARG(sv_str_slice(empty->name, 0, NAME_SHOWN)),
                        SV_STR_ARG(sv_str_slice(spec->name, 0, NAME_SHOWN)),
                        sv_tensor_shape_format(&spec->shape, shape));
}

static sv_status check_outputs(const sv_engine_info *info, const sv_tensor_request *request,
                               sv_error *error)
{
    bool seen[SV_ENGINE_MAX_TENSORS] = {false};
    tensor_side outputs = outputs_of(info);
    const sv_tensor *empty = find_empty(request);
    sv_status status = SV_OK;
    for (size_t i = 0; request->outputs && i < request->n_outputs && !status; i++)
        status = mark_name(&outputs, request->outputs[i], i, seen, error);
    for (size_t i = 0; i < info->n_outputs && !status; i++)
        if (seen[i] || !request->outputs) {
            status =
                check_output(&info->outputs[i], request->outputs && request->maps_as_rows, error);
            if (!status)
                status = check_fullness(&info->outputs[i], empty, error);
        }
    return status;
}

sv_status sv_task_tensor_check(const sv_engine_info *info, const sv_tensor_request *request,
                               sv_error *error)
{
    sv_status status = check_inputs(info, request, error);
    return status ? status : check_outputs(info, request, error);
}

static void release_result(void *result)
{
    sv_engine_result_deinit(result);
}

/* The arena has the result from here on. */
static sv_status keep_result(sv_arena *arena, sv_engine_result *result)
{
    sv_engine_result *kept = sv_arena_alloc(arena, sizeof *kept);
    if (!kept || sv_arena_defer(arena, release_result, kept)) {
        sv_engine_result_deinit(result);
        return SV_NO_MEMORY;
    }
    *kept = *result;
    return SV_OK;
}

static sv_status run_engine(sv_engine_model *model, const sv_engine_request *run,
                            sv_timeline *timeline, sv_error *error, sv_engine_result *ret_result)
{
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    sv_status status = sv_engine_run(model, run, error, ret_result);
    if (timeline)
        timeline->stage_ns[SV_STAGE_INFER] += sv_clock_now_ns(&sv_clock_system) - started;
    return status;
}

/* Many operators cannot work on nothing. */
static sv_status blame_empty(const sv_tensor *empty, sv_error *error)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input '%.*s' is empty, and the model does not run on it",
                        SV_STR_ARG(sv_str_slice(empty->name, 0, NAME_SHOWN)));
}

sv_status sv_task_tensor_run(sv_engine_model *model, const sv_tensor_request *request,
                             sv_error *error, sv_tensors *ret_outputs)
{
    sv_engine_output *outputs =
        sv_arena_alloc_array(request->arena, request->n_outputs, sizeof *outputs);
    sv_engine_request run = {.inputs = request->inputs,
                             .n_inputs = request->n_inputs,
                             .outputs = request->outputs ? outputs : NULL,
                             .n_outputs = request->outputs ? request->n_outputs : 0,
                             .cancel = request->cancel};
    sv_engine_result result = {0};
    sv_status status = sv_task_tensor_check(sv_engine_model_info(model), request, error);
    if (!status && !outputs)
        status = SV_NO_MEMORY;
    if (status)
        return status;
    for (size_t i = 0; i < run.n_outputs; i++)
        outputs[i] =
            (sv_engine_output){.name = request->outputs[i], .maps_as_rows = request->maps_as_rows};
    status = run_engine(model, &run, request->timeline, error, &result);
    if (status == SV_FAILED && find_empty(request))
        return blame_empty(find_empty(request), error);
    if (status)
        return status;
    sv_tensors found = {result.outputs, result.n_outputs};
    status = keep_result(request->arena, &result);
    if (!status)
        *ret_outputs = found;
    return status;
}

sv_status sv_task_tensor_own_up(sv_status status, sv_error *error)
{
    if (status != SV_INVALID && status != SV_UNSUPPORTED)
        return status;
    return sv_error_set(error, SV_FAILED, &sv_kind_inference_failed, "The model could not run");
}
