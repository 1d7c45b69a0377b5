/* tabular_work.c: rows of JSON -> the tensors of a table. What they mean: model/task_tabular.c. */
#include "api/tabular_work.h"

#include "api/batch_work.h"
#include "api/model_body.h"
#include "api/shadow_task.h"
#include "api/tensor_json.h"
#include "web/dispatch.h"

/* The tensors under construction: one matrix, or one for each column. */
typedef struct table {
    const sv_tabular_task *task;
    const sv_engine_info *info;
    sv_tensor *tensors;
    char **data;
    size_t n_tensors, n_columns;
    sv_errors *errors;
} table;

static void refuse_value(const table *it, const sv_loc *where, sv_str text)
{
    sv_context context = {.kind = SV_CONTEXT_ERROR, .text = text};
    if (text.ptr)
        sv_errors_add(it->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){0}, &context);
    else
        it->errors->status = SV_NO_MEMORY;
}

static void refuse_missing(const table *it, const sv_value *object, sv_str column,
                           const sv_loc *where)
{
    const sv_loc at = {.parent = where, .name = column};
    sv_errors_add(it->errors, SV_ERROR_TYPE_MISSING, &at, (sv_input){.value = object}, NULL);
}

static void check_list(const table *it, const sv_value *list, const sv_loc *where)
{
    if (sv_value_len(list) != it->n_columns)
        refuse_value(it, where,
                     sv_arena_printf(it->errors->arena,
                                     "Expected %zu values, one for each column, not %zu",
                                     it->n_columns, sv_value_len(list)));
}

/* One that has fewer members than there are columns lacks some of them. */
static void check_object(const table *it, const sv_value *object, const sv_loc *where)
{
    const sv_strs *columns = &it->task->columns;
    bool is_short = sv_value_len(object) < columns->len;
    if (!columns->len)
        refuse_value(it, where, SV_STR("The columns of this model have no names, send lists"));
    for (size_t i = 0; is_short && i < columns->len && !sv_errors_is_full(it->errors); i++)
        if (!sv_value_get(object, columns->items[i]))
            refuse_missing(it, object, columns->items[i], where);
}

/* Whether every row has enough in it: without this, the tensors could be much larger than the text.
 */
static void check_rows(const table *it, const sv_value *rows, const sv_loc *where)
{
    sv_loc at = {.parent = where};
    const sv_value *row;
    if (!sv_value_len(rows))
        refuse_value(it, where, SV_STR("Expected at least one row"));
    sv_value_cursor cursor = sv_value_walk(rows);
    for (; !sv_errors_is_full(it->errors) && sv_value_next_item(&cursor, &row); at.index++) {
        sv_value_type type = sv_value_get_type(row);
        if (type == SV_VALUE_ARRAY)
            check_list(it, row, &at);
        else if (type == SV_VALUE_OBJECT)
            check_object(it, row, &at);
        else
            sv_errors_add(it->errors, SV_ERROR_TYPE_LIST_TYPE, &at, (sv_input){.value = row}, NULL);
    }
}

/* Mistakes are in the list of errors. */
static void read_cell(const table *it, size_t row, size_t column, const sv_value *value,
                      const sv_loc *where)
{
    size_t tensor = it->task->by_column ? column : 0;
    size_t at = it->task->by_column ? row : row * it->n_columns + column;
    sv_dtype dtype = it->tensors[tensor].dtype;
    char *out = it->data[tensor] + at * sv_tensor_dtype_size(dtype);
    sv_tensor_json_read_element(dtype, value, where, it->errors, out);
}

static void read_list(const table *it, size_t row, const sv_value *list, const sv_loc *where)
{
    const sv_value *item;
    sv_loc at = {.parent = where};
    sv_value_cursor cursor = sv_value_walk(list);
    for (; sv_value_next_item(&cursor, &item); at.index++)
        read_cell(it, row, at.index, item, &at);
}

/* Columns that the model does not have are not looked at. */
static void read_object(const table *it, size_t row, const sv_value *object, const sv_loc *where)
{
    const sv_strs *columns = &it->task->columns;
    for (size_t i = 0; i < columns->len; i++) {
        const sv_value *value = sv_value_get(object, columns->items[i]);
        const sv_loc at = {.parent = where, .name = columns->items[i]};
        if (value)
            read_cell(it, row, i, value, &at);
        else
            refuse_missing(it, object, columns->items[i], where);
    }
}

/* Rows that were checked. */
static void read_rows(const table *it, const sv_value *rows, const sv_loc *where)
{
    sv_loc at = {.parent = where};
    const sv_value *row;
    sv_value_cursor cursor = sv_value_walk(rows);
    for (; !sv_errors_is_full(it->errors) && sv_value_next_item(&cursor, &row); at.index++)
        if (sv_value_get_type(row) == SV_VALUE_ARRAY)
            read_list(it, at.index, row, &at);
        else
            read_object(it, at.index, row, &at);
}

/* How many columns there are; where the model takes any, as many as the first row has. */
static size_t count_columns(const table *it, const sv_value *rows)
{
    int64_t declared = it->info->inputs[0].shape.dims[1];
    const sv_value *first;
    sv_value_cursor cursor = sv_value_walk(rows);
    if (it->task->columns.len)
        return it->task->columns.len;
    if (declared >= 0)
        return (size_t)declared;
    bool is_list =
        sv_value_next_item(&cursor, &first) && sv_value_get_type(first) == SV_VALUE_ARRAY;
    return is_list ? sv_value_len(first) : 0;
}

static sv_status make_tensors(table *it, sv_arena *arena, size_t n_rows)
{
    it->n_tensors = it->info->n_inputs;
    it->tensors = sv_arena_alloc_array(arena, it->n_tensors, sizeof *it->tensors);
    it->data = sv_arena_alloc_array(arena, it->n_tensors, sizeof *it->data);
    if (!it->tensors || !it->data)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < it->n_tensors; i++) {
        const sv_tensor_spec *spec = &it->info->inputs[i];
        sv_tensor tensor = {.name = spec->name, .dtype = spec->dtype};
        int64_t width = it->task->by_column ? 1 : (int64_t)it->n_columns;
        tensor.shape = SV_SHAPE((int64_t)n_rows, width);
        sv_status status = sv_tensor_shape_bytes(&tensor.shape, tensor.dtype, &tensor.size_bytes);
        if (status)
            return status;
        it->data[i] = sv_arena_alloc(arena, tensor.size_bytes);
        if (!it->data[i])
            return SV_NO_MEMORY;
        tensor.data = it->data[i];
        it->tensors[i] = tensor;
    }
    return SV_OK;
}

static sv_status read_table(sv_tabular_work *job, const sv_value *body, sv_errors *errors)
{
    sv_call *call = job->work.call;
    table it = {.task = &job->work.instance->tabular,
                .info = sv_engine_model_info(job->work.instance->loaded),
                .errors = errors};
    const sv_loc place = {.parent = &sv_model_body_place, .name = SV_STR("rows")};
    const sv_value *rows;
    sv_status status = sv_model_body_get(body, SV_STR("rows"), SV_VALUE_ARRAY, errors, &rows);
    if (status)
        return status;
    it.n_columns = count_columns(&it, rows);
    check_rows(&it, rows, &place);
    status = errors->status;
    if (!status)
        status = make_tensors(&it, call->arena, sv_value_len(rows));
    if (status)
        return status;
    read_rows(&it, rows, &place);
    job->request = (sv_tensor_request){.inputs = it.tensors,
                                       .n_inputs = it.n_tensors,
                                       .arena = call->arena,
                                       .cancel = call->cancel,
                                       .timeline = call->timeline};
    return errors->status;
}

static sv_status prepare(sv_model_work *work, sv_error *error, sv_tensor_request *ret_request)
{
    (void)error;
    *ret_request = SV_CONTAINER_OF(work, sv_tabular_work, work)->request;
    return SV_OK;
}

static sv_status answer(sv_model_work *work, const sv_tensors *outputs, sv_error *error)
{
    sv_tabular_work *job = SV_CONTAINER_OF(work, sv_tabular_work, work);
    sv_tabular_predictions found;
    sv_status status =
        sv_task_tabular_finish(&work->instance->tabular, &job->request, outputs, error, &found);
    if (status)
        return status;
    sv_shadow_task_table(work, &job->request, &found);
    return job->answer(job, &found);
}

static sv_status submit(sv_tabular_work *job)
{
    static const sv_batch_steps steps = {.prepare = prepare, .answer = answer};
    sv_tensor_request *request = &job->request;
    sv_status status = sv_task_tabular_prepare(&job->work.instance->tabular, request, request);
    job->work.units = (uint32_t)sv_batch_rows(request);
    return status
               ? status
               : sv_batch_work_submit(&job->work, &steps, sv_batch_work_class(&job->work, request));
}

sv_status sv_tabular_work_begin(sv_tabular_work *job, const sv_value *body)
{
    sv_errors errors;
    sv_errors_init(&errors, job->work.call->arena);
    int64_t since = job->work.started_ns;
    sv_status status = read_table(job, body, &errors);
    sv_model_work_add_stage(&job->work, SV_STAGE_DECODE, &since);
    if (status == SV_INVALID)
        return sv_dispatch_refuse(job->work.call, &errors);
    return status ? status : submit(job);
}
