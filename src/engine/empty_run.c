/* empty_run.c: no rows in, no rows out. */
#include "engine/empty_run.h"

#include <stdlib.h>

enum { NAME_SHOWN = 100 };

static bool has_no_rows(const sv_tensor *input)
{
    return input->shape.rank > 0 && input->shape.dims[0] == 0;
}

bool sv_empty_run_applies(const sv_engine_info *info, const sv_engine_job *job)
{
    bool are_all_empty = info->n_inputs > 0;
    for (size_t i = 0; i < info->n_inputs; i++) {
        if (has_no_rows(job->inputs[i]))
            return true;
        are_all_empty &= !job->inputs[i]->size_bytes;
    }
    return are_all_empty;
}

/* The length that the inputs give an axis of this name; of one without a name, the first axis of an
 * input that has none there either. -1: they do not say. */
static int64_t find_length(const sv_engine_info *info, const sv_engine_job *job, sv_str axis,
                           bool is_first)
{
    for (size_t i = 0; i < info->n_inputs; i++) {
        const sv_tensor_spec *spec = &info->inputs[i];
        for (int at = 0; at < spec->shape.rank; at++)
            if (spec->shape.dims[at] < 0 && sv_str_eq(spec->axes[at], axis) &&
                (axis.len || (is_first && at == 0)))
                return job->inputs[i]->shape.dims[at];
    }
    return -1;
}

static sv_status find_shape(const sv_engine_info *info, const sv_engine_job *job,
                            const sv_tensor_spec *spec, sv_shape *ret_shape)
{
    if (spec->is_any_shape)
        return SV_INVALID;
    sv_shape shape = spec->shape;
    for (int at = 0; at < shape.rank; at++) {
        if (shape.dims[at] < 0)
            shape.dims[at] = find_length(info, job, spec->axes[at], at == 0);
        if (shape.dims[at] < 0)
            return SV_INVALID;
    }
    *ret_shape = shape;
    return SV_OK;
}

static sv_status refuse(const sv_engine_info *info, const sv_engine_job *job,
                        const sv_tensor_spec *output, sv_error *error)
{
    size_t at = 0;
    while (at + 1 < info->n_inputs && job->inputs[at]->size_bytes)
        at++;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                        "input '%.*s' is empty: output '%.*s' cannot be told without any rows",
                        SV_STR_ARG(sv_str_slice(job->inputs[at]->name, 0, NAME_SHOWN)),
                        SV_STR_ARG(sv_str_slice(output->name, 0, NAME_SHOWN)));
}

sv_status sv_empty_run_make(const sv_engine_info *info, const sv_engine_job *job, sv_error *error,
                            sv_engine_result *result)
{
    sv_tensor *tensors = calloc(job->n_outputs + 1, sizeof *tensors);
    if (!tensors)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < job->n_outputs; i++) {
        const sv_tensor_spec *spec = &info->outputs[job->outputs[i]];
        sv_tensor *tensor = &tensors[i];
        *tensor = (sv_tensor){.name = spec->name, .dtype = spec->dtype};
        if (spec->dtype == SV_DTYPE_NONE || find_shape(info, job, spec, &tensor->shape) ||
            sv_tensor_shape_bytes(&tensor->shape, spec->dtype, &tensor->size_bytes) ||
            tensor->size_bytes) {
            free(tensors);
            return refuse(info, job, spec, error);
        }
    }
    *result = (sv_engine_result){
        .outputs = tensors, .n_outputs = job->n_outputs, .owner = tensors, .release = free};
    return SV_OK;
}
