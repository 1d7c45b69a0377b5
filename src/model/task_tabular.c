/* task_tabular.c: which outputs are labels and scores, and what they say of each row. How rows come
 * in: the caller's affair. */
#include "model/task_tabular.h"

#include <math.h>

/* Which models. */

static bool is_number(sv_dtype dtype)
{
    return dtype != SV_DTYPE_NONE && dtype != SV_DTYPE_BYTES && dtype != SV_DTYPE_BOOL;
}

static bool is_float(sv_dtype dtype)
{
    return dtype == SV_DTYPE_FP32 || dtype == SV_DTYPE_FP64;
}

/* [N,F]: F is known, or any. */
static bool is_matrix(const sv_tensor_spec *input)
{
    return is_number(input->dtype) && !input->is_any_shape && input->shape.rank == 2 &&
           input->shape.dims[0] < 0;
}

static bool is_column(const sv_tensor_spec *input)
{
    return input->dtype != SV_DTYPE_NONE && !input->is_any_shape && input->shape.rank == 2 &&
           input->shape.dims[0] < 0 && input->shape.dims[1] == 1;
}

/* One label for each row: [N] or [N,1]. */
static bool is_label(const sv_tensor_spec *output)
{
    bool is_type = output->dtype == SV_DTYPE_INT64 || output->dtype == SV_DTYPE_BYTES;
    bool is_shape =
        output->shape.rank == 1 || (output->shape.rank == 2 && output->shape.dims[1] == 1);
    return is_type && !output->is_any_shape && is_shape;
}

/* Maps from classes to floats are scores too: what scikit-learn's ZipMap makes of them. */
static bool is_scores(const sv_tensor_spec *output)
{
    if (output->map_keys)
        return true;
    return is_float(output->dtype) && !output->is_any_shape && output->shape.rank == 2 &&
           output->shape.dims[1] != 1;
}

static const sv_tensor_spec *find_output(const sv_engine_info *info,
                                         bool (*is_wanted)(const sv_tensor_spec *))
{
    for (size_t i = 0; i < info->n_outputs; i++)
        if (is_wanted(&info->outputs[i]))
            return &info->outputs[i];
    return NULL;
}

static bool all_columns(const sv_engine_info *info)
{
    for (size_t i = 0; i < info->n_inputs; i++)
        if (!is_column(&info->inputs[i]))
            return false;
    return info->n_inputs > 1;
}

static bool name_columns(const sv_engine_info *info, sv_arena *arena, sv_tabular_task *task)
{
    sv_str *names = sv_arena_alloc_array(arena, info->n_inputs, sizeof *names);
    for (size_t i = 0; names && i < info->n_inputs; i++)
        names[i] = info->inputs[i].name;
    task->columns.items = names;
    task->columns.len = names ? info->n_inputs : 0;
    return names != NULL;
}

bool sv_task_tabular_fits(const sv_engine_info *info, sv_arena *arena, sv_buf *reasons,
                          sv_tabular_task *task)
{
    task->label = find_output(info, is_label);
    task->scores = find_output(info, is_scores);
    task->by_column = all_columns(info);
    bool is_table = task->by_column || (info->n_inputs == 1 && is_matrix(&info->inputs[0]) &&
                                        (task->label || info->inputs[0].shape.dims[1] > 0));
    if (!is_table || (!task->label && (task->by_column || !task->scores))) {
        sv_buf_printf(reasons, "not a table [N,F] with a label or scores for each row\n");
        return false;
    }
    sv_buf_printf(reasons, "%s, %s for each row\n",
                  task->by_column ? "columns [N,1]" : "rows [N,F]",
                  task->label ? "a label" : "scores");
    if (!task->scores)
        sv_buf_printf(reasons, "no scores [N,classes] and no maps of them: labels only\n");
    return !task->by_column || name_columns(info, arena, task);
}

/* What came out. */

/* Tensors of one run; `scores` NULL or `label` NULL where the model has none. */
typedef struct table {
    const sv_tabular_task *task;
    const sv_tensor *label, *scores;
    size_t n_rows, n_classes;
    sv_arena *arena;
} table;

static double score_at(const table *it, size_t row, size_t class)
{
    size_t at = row * it->n_classes + class;
    const void *data = it->scores->data;
    return it->scores->dtype == SV_DTYPE_FP32 ? (double)((const float *)data)[at]
                                              : ((const double *)data)[at];
}

static sv_str name_class(const table *it, int64_t index)
{
    if (index >= 0 && (uint64_t)index < it->task->labels.len)
        return it->task->labels.items[index];
    return sv_arena_number(it->arena, index);
}

/* The name of a column of the scores; what maps call it, where the scores are maps. */
static sv_str name_column(const table *it, size_t column)
{
    const sv_tensor *keys = it->scores->keys;
    if (!keys)
        return name_class(it, (int64_t)column);
    if (keys->dtype == SV_DTYPE_BYTES)
        return ((const sv_str *)keys->data)[column];
    return name_class(it, ((const int64_t *)keys->data)[column]);
}

static size_t find_best(const table *it, size_t row)
{
    size_t best = 0;
    for (size_t i = 1; i < it->n_classes; i++)
        if (score_at(it, row, i) > score_at(it, row, best))
            best = i;
    return best;
}

/* True for a row that sums to 1 with nothing outside 0..1. */
static bool is_distribution(const table *it, size_t row)
{
    double sum = 0;
    for (size_t i = 0; i < it->n_classes; i++) {
        double score = score_at(it, row, i);
        if (score < 0 || score > 1)
            return false;
        sum += score;
    }
    return fabs(sum - 1) < 1e-3;
}

static sv_status refuse(sv_error *error, const char *why)
{
    sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output, "The model %s", why);
    return SV_FAILED;
}

static double round_probability(double value)
{
    return round(fmin(fmax(value, 0), 1) * 1e6) / 1e6;
}

/* The probabilities of a row, by class; the scores are finite. */
static sv_status fill_probabilities(const table *it, size_t row, size_t best,
                                    sv_tabular_prediction *prediction)
{
    sv_probabilities *all = &prediction->probabilities;
    all->items = sv_arena_alloc_array(it->arena, it->n_classes, sizeof *all->items);
    bool softmax = it->task->softmax && !is_distribution(it, row);
    double sum = softmax ? 0 : 1, max = score_at(it, row, best);
    if (!all->items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < it->n_classes; i++) {
        double score = score_at(it, row, i);
        all->items[i].key = name_column(it, i);
        all->items[i].value = softmax ? exp(score - max) : score;
        sum += softmax ? all->items[i].value : 0;
        if (!all->items[i].key.ptr)
            return SV_NO_MEMORY;
    }
    for (size_t i = 0; i < it->n_classes; i++)
        all->items[i].value = round_probability(all->items[i].value / sum);
    all->len = it->n_classes;
    prediction->has_scores = true;
    return SV_OK;
}

/* The column that is called as a row's label; n_classes: none is. */
static size_t find_key(const table *it, size_t row)
{
    const sv_tensor *keys = it->scores->keys, *label = it->label;
    bool is_text = keys->dtype == SV_DTYPE_BYTES;
    size_t i = label && label->dtype == keys->dtype ? 0 : it->n_classes;
    while (i < it->n_classes &&
           !(is_text
                 ? sv_str_eq(((const sv_str *)keys->data)[i], ((const sv_str *)label->data)[row])
                 : ((const int64_t *)keys->data)[i] == ((const int64_t *)label->data)[row]))
        i++;
    return i;
}

/* The class that has this name; n_classes: none has. */
static size_t find_name(const table *it, sv_str label)
{
    const sv_strs *names = &it->task->labels;
    for (size_t i = 0; i < names->len && i < it->n_classes; i++)
        if (sv_str_eq(names->items[i], label))
            return i;
    return it->n_classes;
}

/* The class that a row's label stands for: its index or name, where it is one; else the best
 * score. */
static size_t find_class(const table *it, size_t row)
{
    if (it->scores->keys) {
        size_t found = find_key(it, row);
        return found < it->n_classes ? found : find_best(it, row);
    }
    if (it->label && it->label->dtype == SV_DTYPE_INT64) {
        int64_t index = ((const int64_t *)it->label->data)[row];
        if (index >= 0 && (uint64_t)index < it->n_classes)
            return (size_t)index;
    }
    if (it->label && it->label->dtype == SV_DTYPE_BYTES) {
        size_t found = find_name(it, ((const sv_str *)it->label->data)[row]);
        if (found < it->n_classes)
            return found;
    }
    return find_best(it, row);
}

/* What the model calls it, else the class that it chose; nothing: out of memory. */
static sv_str name_row(const table *it, size_t row, size_t class)
{
    if (!it->label)
        return it->scores ? name_column(it, class) : (sv_str){0};
    if (it->label->dtype == SV_DTYPE_BYTES)
        return ((const sv_str *)it->label->data)[row];
    return name_class(it, ((const int64_t *)it->label->data)[row]);
}

static sv_status predict_row(const table *it, size_t row, sv_tabular_prediction *prediction)
{
    size_t class = it->scores ? find_class(it, row) : 0;
    prediction->label = name_row(it, row, class);
    if (!prediction->label.ptr)
        return SV_NO_MEMORY;
    if (!it->scores)
        return SV_OK;
    sv_status status = fill_probabilities(it, row, find_best(it, row), prediction);
    if (!status)
        prediction->confidence = prediction->probabilities.items[class].value;
    return status;
}

/* Finds the two outputs, and whether there is one for each row. */
static sv_status read_outputs(table *it, const sv_tensors *outputs, sv_error *error)
{
    size_t n_labels = 0, n_scores = 0, at = 0;
    if (it->task->label)
        it->label = &outputs->items[at++];
    if (it->task->scores)
        it->scores = &outputs->items[at];
    if (it->label &&
        (sv_tensor_shape_count(&it->label->shape, &n_labels) || n_labels != it->n_rows))
        return refuse(error, "did not give one label for each row");
    if (!it->scores)
        return it->label ? SV_OK : refuse(error, "gives neither labels nor scores");
    if (it->scores->shape.rank != 2 || it->scores->shape.dims[0] != (int64_t)it->n_rows ||
        sv_tensor_shape_count(&it->scores->shape, &n_scores) || (it->n_rows && !n_scores))
        return refuse(error, "did not give scores for each row");
    it->n_classes = (size_t)it->scores->shape.dims[1];
    for (size_t i = 0; i < n_scores; i++)
        if (!isfinite(score_at(it, 0, i)))
            return refuse(error, "gave scores that are not finite");
    return SV_OK;
}

static sv_status predict_rows(const table *it, sv_tabular_predictions *ret_predictions)
{
    sv_tabular_prediction *items = sv_arena_alloc_array(it->arena, it->n_rows, sizeof *items);
    sv_status status = items ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < it->n_rows && !status; i++)
        status = predict_row(it, i, &items[i]);
    if (status)
        return status;
    ret_predictions->items = items;
    ret_predictions->len = it->n_rows;
    return SV_OK;
}

sv_status sv_task_tabular_prepare(const sv_tabular_task *task, const sv_tensor_request *request,
                                  sv_tensor_request *ret_prepared)
{
    sv_tensor_request prepared = *request;
    sv_str *names = sv_arena_alloc_array(request->arena, 2, sizeof *names);
    if (!names)
        return SV_NO_MEMORY;
    prepared.outputs = names;
    prepared.maps_as_rows = true;
    prepared.n_outputs = 0;
    if (task->label)
        names[prepared.n_outputs++] = task->label->name;
    if (task->scores)
        names[prepared.n_outputs++] = task->scores->name;
    *ret_prepared = prepared;
    return SV_OK;
}

sv_status sv_task_tabular_finish(const sv_tabular_task *task, const sv_tensor_request *request,
                                 const sv_tensors *outputs, sv_error *error,
                                 sv_tabular_predictions *ret_predictions)
{
    table it = {
        .task = task, .n_rows = (size_t)request->inputs[0].shape.dims[0], .arena = request->arena};
    sv_status status = read_outputs(&it, outputs, error);
    return status ? status : predict_rows(&it, ret_predictions);
}

sv_status sv_task_tabular_run(const sv_tabular_task *task, sv_engine_model *model,
                              const sv_tensor_request *request, sv_error *error,
                              sv_tabular_predictions *ret_predictions)
{
    sv_tensor_request prepared;
    sv_tensors outputs;
    sv_status status = sv_task_tabular_prepare(task, request, &prepared);
    if (!status)
        status = sv_task_tensor_run(model, &prepared, error, &outputs);
    return status ? status
                  : sv_task_tabular_finish(task, request, &outputs, error, ret_predictions);
}
