/* batch_plan.c: one made-up row of what a task gives its model, and what the probe says about it.
 */
#include "model/batch_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/instance.h"

enum {
    TEXT_LENGTH = 32,        /* tokens of a made-up text */
    FREE_LENGTH = 16,        /* of an axis behind the first whose length is free */
    MAX_ROW_BYTES = 64 << 20 /* of one made-up row */
};

/* The row under construction. */
typedef struct trial_row {
    const sv_instance *instance;
    const sv_engine_info *info;
    sv_arena *arena;
    sv_tensor inputs[SV_ENGINE_MAX_TENSORS];
    sv_str outputs[SV_ENGINE_MAX_TENSORS];
    size_t n_inputs, n_outputs; /* no outputs: all are compared */
} trial_row;

static sv_status add_input(trial_row *it, const sv_tensor_spec *spec, const sv_shape *shape)
{
    sv_tensor *input = &it->inputs[it->n_inputs++];
    *input = (sv_tensor){.name = spec->name, .dtype = spec->dtype, .shape = *shape};
    return sv_tensor_shape_bytes(shape, spec->dtype, &input->size_bytes);
}

static sv_status make_picture(trial_row *it)
{
    it->outputs[it->n_outputs++] = it->info->outputs[0].name;
    return add_input(it, &it->info->inputs[0], &it->instance->image.shape);
}

static sv_status make_cells(trial_row *it)
{
    const sv_tabular_task *task = &it->instance->tabular;
    if (task->label)
        it->outputs[it->n_outputs++] = task->label->name;
    if (task->scores)
        it->outputs[it->n_outputs++] = task->scores->name;
    sv_status status = SV_OK;
    for (size_t i = 0; i < it->info->n_inputs && !status; i++) {
        const sv_tensor_spec *spec = &it->info->inputs[i];
        int64_t width = task->by_column            ? 1
                        : task->columns.len        ? (int64_t)task->columns.len
                        : spec->shape.dims[1] >= 0 ? spec->shape.dims[1]
                                                   : FREE_LENGTH;
        status = add_input(it, spec, &SV_SHAPE(1, width));
    }
    return status;
}

/* Tokens of the mask are all there, types are zeros; ids are the probe's affair. */
static sv_status fill_text_input(trial_row *it, sv_text_input kind)
{
    sv_tensor *input = &it->inputs[it->n_inputs - 1];
    size_t step = sv_tensor_dtype_size(input->dtype);
    if (kind != SV_TEXT_INPUT_MASK && kind != SV_TEXT_INPUT_TYPES)
        return SV_OK;
    char *bytes = sv_arena_alloc(it->arena, input->size_bytes);
    if (!bytes)
        return SV_NO_MEMORY;
    for (size_t at = 0; kind == SV_TEXT_INPUT_MASK && at < input->size_bytes; at += step)
        bytes[at] = 1; /* little endian, INT32 or INT64 */
    input->data = bytes;
    return SV_OK;
}

static sv_status make_text(trial_row *it)
{
    const sv_text_task *task = &it->instance->text;
    int64_t length = task->max_length < TEXT_LENGTH ? task->max_length : TEXT_LENGTH;
    sv_status status = SV_OK;
    if (task->fixed_length)
        length = task->fixed_length;
    it->outputs[it->n_outputs++] = it->info->outputs[task->output].name;
    for (int kind = 0; kind < SV_TEXT_INPUT_COUNT && !status; kind++) {
        if (!task->inputs[kind])
            continue;
        int64_t width = kind == SV_TEXT_INPUT_COUNTS ? task->n_buckets : length;
        status = add_input(it, &it->info->inputs[task->inputs[kind] - 1], &SV_SHAPE(1, width));
        if (!status)
            status = fill_text_input(it, (sv_text_input)kind);
    }
    return status;
}

static sv_status make_tensors(trial_row *it)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < it->info->n_inputs && !status; i++) {
        sv_shape shape = it->info->inputs[i].shape;
        if (shape.rank)
            shape.dims[0] = 1;
        for (int axis = 1; axis < shape.rank; axis++)
            if (shape.dims[axis] < 0)
                shape.dims[axis] = FREE_LENGTH;
        status = add_input(it, &it->info->inputs[i], &shape);
    }
    return status;
}

static sv_status make_row(trial_row *it)
{
    switch (it->instance->task) {
    case SV_TASK_IMAGE_CLASSIFICATION:
        return make_picture(it);
    case SV_TASK_TABULAR:
        return make_cells(it);
    case SV_TASK_TEXT_EMBEDDING:
    case SV_TASK_TEXT_CLASSIFICATION:
        return make_text(it);
    case SV_TASK_TEXT_GENERATION: /* sequence_batch.h has its own way */
    case SV_TASK_UNSET:
    case SV_TASK_TENSOR:
        break;
    }
    return make_tensors(it);
}

/* Deciding. */

void sv_batch_plan_refuse(sv_batch_plan *plan, const char *format, ...)
{
    static const char prefix[] = "batching stays off: ";
    va_list args;
    memcpy(plan->reason, prefix, sizeof prefix);
    va_start(args, format);
    vsnprintf(plan->reason + sizeof prefix - 1, sizeof plan->reason - sizeof prefix + 1, format,
              args);
    va_end(args);
    plan->max_rows = 1;
}

static bool is_text(const sv_instance *instance)
{
    return instance->task == SV_TASK_TEXT_EMBEDDING ||
           instance->task == SV_TASK_TEXT_CLASSIFICATION;
}

/* Texts whose rows change each other run one by one even within a request. */
static bool keeps_apart(sv_batch_plan *plan, const sv_instance *instance)
{
    if (is_text(instance) && instance->text.max_rows == 1)
        sv_batch_plan_refuse(plan, "texts of one run change each other's answers, or the model "
                                   "takes one at a time");
    return plan->max_rows > 1;
}

static void probe(sv_batch_plan *plan, const trial_row *row, int64_t budget_ns, sv_cancel *cancel)
{
    sv_batch_probe_result found;
    sv_batch_probe_options options = {.row = row->inputs,
                                      .n_inputs = row->n_inputs,
                                      .outputs = row->n_outputs ? row->outputs : NULL,
                                      .n_outputs = row->n_outputs,
                                      .max_rows = plan->max_rows,
                                      .budget_ns = budget_ns,
                                      .seed = 1,
                                      .cancel = cancel};
    sv_batch_probe_run(row->instance->loaded, &options, &found);
    plan->max_rows = found.max_rows;
    plan->is_equal = found.is_equal;
    plan->is_paying = found.is_paying;
    plan->gain = found.gain;
    snprintf(plan->reason, sizeof plan->reason, "%s", found.reason);
}

static void try_row(sv_batch_plan *plan, const sv_instance *instance, int64_t budget_ns,
                    sv_cancel *cancel)
{
    sv_error error = {0};
    trial_row row = {.instance = instance,
                     .info = sv_engine_model_info(instance->loaded),
                     .arena = sv_arena_new(MAX_ROW_BYTES)};
    if (sv_batch_check(row.info, NULL, 0, &error) && instance->task == SV_TASK_TENSOR)
        sv_batch_plan_refuse(plan, "%s", error.message);
    else if (!row.arena || make_row(&row))
        sv_batch_plan_refuse(plan, "no row of it can be made up");
    else
        probe(plan, &row, budget_ns, cancel);
    sv_arena_free(row.arena);
}

void sv_batch_plan_make(sv_instance *instance, int64_t budget_ns, sv_cancel *cancel)
{
    sv_batch_plan *plan = &instance->batching;
    const struct manifest_batching *wanted = instance->files->manifest->batching;
    size_t most = instance->max_batch_rows ? instance->max_batch_rows : SV_BATCH_PROBE_MAX_ROWS;
    if (!wanted)
        return;
    plan->is_wanted = true;
    plan->max_rows = most;
    if (wanted->max_size.set && (uint64_t)wanted->max_size.value < most)
        plan->max_rows = (size_t)wanted->max_size.value;
    if (plan->max_rows < 2)
        sv_batch_plan_refuse(plan, "at most one row may run at once");
    else if (budget_ns <= 0)
        sv_batch_plan_refuse(plan, "it was not tried, since the model was not warmed up");
    else if (keeps_apart(plan, instance))
        try_row(plan, instance, budget_ns, cancel);
}

/* While it is used. */

void sv_batch_plan_init(sv_batch_plan *plan)
{
    *plan = (sv_batch_plan){.max_rows = 1, .gain = 1};
    pthread_mutex_init(&plan->spare.lock, NULL);
}

void sv_batch_plan_deinit(sv_batch_plan *plan)
{
    sv_batch_room_deinit(&plan->spare.room);
    pthread_mutex_destroy(&plan->spare.lock);
}

size_t sv_batch_plan_rows(const sv_batch_plan *plan)
{
    return atomic_load_explicit(&plan->is_off, memory_order_relaxed) ? 1 : plan->max_rows;
}

const char *sv_batch_plan_reason(const sv_batch_plan *plan)
{
    return atomic_load_explicit(&plan->is_off, memory_order_relaxed)
               ? "batching was switched off: an output of a run had not one row for each of its "
                 "rows"
               : plan->reason;
}

void sv_batch_plan_switch_off(sv_batch_plan *plan)
{
    atomic_store_explicit(&plan->is_off, true, memory_order_relaxed);
}

void sv_batch_plan_take_room(sv_batch_plan *plan, sv_batch_room *ret_room)
{
    pthread_mutex_lock(&plan->spare.lock);
    *ret_room = plan->spare.room;
    plan->spare.room = (sv_batch_room){0};
    pthread_mutex_unlock(&plan->spare.lock);
}

void sv_batch_plan_give_room(sv_batch_plan *plan, sv_batch_room *room)
{
    pthread_mutex_lock(&plan->spare.lock);
    sv_batch_room surplus = plan->spare.room;
    plan->spare.room = *room;
    pthread_mutex_unlock(&plan->spare.lock);
    sv_batch_room_deinit(&surplus);
}
