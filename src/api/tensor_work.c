/* tensor_work.c: body -> tensors, checked before they wait; tensors -> answer. */
#include "api/tensor_work.h"

#include "api/batch_work.h"
#include "api/model_body.h"
#include "api/oip_data.h"
#include "api/shadow_task.h"
#include "api/tensor_json.h"
#include "api/tensor_text.h"
#include "base/clock.h"
#include "web/dispatch.h"

enum { MAX_ANSWER_BYTES = 1 << 28 };

/* Reading. */

/* A mistake of the body is a 422, a tensor that the model does not take a 400. */
static sv_status read_input(sv_tensor_work *job, sv_str name, const sv_value *value,
                            sv_errors *errors, sv_tensor *ret_tensor)
{
    sv_call *call = job->work.call;
    const sv_loc inputs = {.parent = &sv_model_body_place, .name = SV_STR("inputs")};
    const sv_loc place = {.parent = &inputs, .name = name};
    const sv_tensor_spec *spec;
    sv_error error = {0};
    sv_status status = sv_task_tensor_find_input(sv_engine_model_info(job->work.instance->loaded),
                                                 name, &error, &spec);
    if (!status && spec->dtype == SV_DTYPE_NONE) /* says why it cannot be sent */
        status = sv_tensor_check(spec, &(sv_tensor){0}, &error);
    if (status)
        return sv_call_fail_with(call, status, &error);
    return sv_tensor_json_read(spec, value, &place, errors, ret_tensor);
}

/* One more than the model has is enough to see that one is there twice. */
static sv_status read_inputs(sv_tensor_work *job, const sv_value *object, sv_errors *errors)
{
    const sv_engine_info *info = sv_engine_model_info(job->work.instance->loaded);
    size_t max = info->n_inputs + 1, n = 0;
    sv_tensor *inputs = sv_arena_alloc_array(job->work.call->arena, max, sizeof *inputs);
    sv_status status = inputs ? SV_OK : SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str name;
    const sv_value *value;
    while (!status && n < max && sv_value_next_member(&cursor, &name, &value)) {
        status = read_input(job, name, value, errors, &inputs[n++]);
        status = status == SV_INVALID && !sv_errors_is_full(errors) ? SV_OK : status;
    }
    job->request.inputs = inputs;
    job->request.n_inputs = n;
    return status ? status : errors->status;
}

/* Which outputs are wanted; all, when the body names none. */
static sv_status read_wanted(sv_tensor_work *job, const sv_value *body, sv_errors *errors)
{
    const sv_loc list_place = {.parent = &sv_model_body_place, .name = SV_STR("outputs")};
    const sv_value *list, *item;
    if (!sv_value_get(body, SV_STR("outputs")))
        return SV_OK;
    sv_status status = sv_model_body_get(body, SV_STR("outputs"), SV_VALUE_ARRAY, errors, &list);
    if (status)
        return status;
    size_t n =
        sv_value_len(list) < SV_ENGINE_MAX_TENSORS ? sv_value_len(list) : SV_ENGINE_MAX_TENSORS;
    sv_str *names = sv_arena_alloc_array(job->work.call->arena, n, sizeof *names);
    if (!names)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; i < n && sv_value_next_item(&cursor, &item); i++) {
        const sv_loc place = {.parent = &list_place, .index = i};
        if (sv_value_get_type(item) != SV_VALUE_STR) {
            sv_errors_add(errors, SV_ERROR_TYPE_STRING_TYPE, &place, (sv_input){.value = item},
                          NULL);
            return errors->status;
        }
        names[i] = sv_value_str(item);
    }
    job->request.outputs = n ? names : NULL;
    job->request.n_outputs = n;
    return SV_OK;
}

static sv_status read_request(sv_tensor_work *job, const sv_value *body, sv_errors *errors)
{
    const sv_value *inputs;
    sv_status status = sv_model_body_get(body, SV_STR("inputs"), SV_VALUE_OBJECT, errors, &inputs);
    if (!status)
        status = read_wanted(job, body, errors);
    if (!status)
        status = read_inputs(job, inputs, errors);
    return status == SV_INVALID ? sv_dispatch_refuse(job->work.call, errors) : status;
}

/* Reading large bodies: what is wrong with one, the way above tells. */

/* What stands in place of the list that was cut out is its index, as a list. */
static sv_status find_span(const sv_oip_split *split, const sv_value *value, sv_str *ret_span)
{
    const sv_value *index;
    if (sv_value_get_type(value) != SV_VALUE_ARRAY)
        return SV_UNSUPPORTED;
    sv_value_cursor cursor = sv_value_walk(value);
    if (!sv_value_next_item(&cursor, &index) || sv_value_get_type(index) != SV_VALUE_INT ||
        (uint64_t)sv_value_int(index) >= split->n_spans)
        return SV_UNSUPPORTED;
    *ret_span = split->spans[sv_value_int(index)];
    return SV_OK;
}

/* Every list that was cut out is an input of the model. */
static sv_status read_spans(sv_tensor_work *job, sv_arena *memory, const sv_oip_split *split,
                            const sv_value *object)
{
    const sv_engine_info *info = sv_engine_model_info(job->work.instance->loaded);
    size_t n = split->n_spans, n_values = SV_MODEL_BODY_MAX_VALUES - split->text.len;
    if (sv_value_len(object) != n || n > info->n_inputs)
        return SV_UNSUPPORTED;
    sv_tensor *inputs = sv_arena_alloc_array(memory, n, sizeof *inputs);
    sv_status status = inputs ? SV_OK : SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str name, span;
    const sv_value *value;
    for (size_t i = 0; !status && sv_value_next_member(&cursor, &name, &value); i++) {
        const sv_tensor_spec *spec;
        sv_error error = {0};
        status = sv_task_tensor_find_input(info, name, &error, &spec);
        if (!status)
            status = find_span(split, value, &span);
        if (!status)
            status = sv_tensor_text_read(memory, spec, span, &n_values, &inputs[i]);
    }
    job->request.inputs = inputs;
    job->request.n_inputs = n;
    return status;
}

static sv_status read_text(sv_tensor_work *job, sv_arena *memory, sv_str text)
{
    enum { MAX_REST = 64 << 10 }; /* of a body without its lists */
    sv_arena *arena = job->work.call->arena;
    sv_oip_split split;
    sv_value_error why;
    sv_error error = {0};
    const sv_value *body, *inputs;
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_status status = sv_oip_data_split_lists(memory, text, &error, &split);
    if (!status && (!split.n_spans || split.text.len > MAX_REST))
        status = SV_UNSUPPORTED;
    if (!status)
        status = sv_value_parse(arena, split.text, NULL, &why, &body);
    if (!status)
        status = sv_model_body_get(body, SV_STR("inputs"), SV_VALUE_OBJECT, &errors, &inputs);
    if (!status)
        status = read_wanted(job, body, &errors);
    return status ? status : read_spans(job, memory, &split, inputs);
}

static void free_memory(void *memory)
{
    sv_arena_free(memory);
}

/* Answering. */

static sv_status write_answer(sv_tensor_work *job, const sv_tensors *outputs, sv_writer *writer,
                              sv_error *error)
{
    sv_status status = SV_OK;
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("outputs"));
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < outputs->len && !status; i++) {
        sv_writer_key(writer, outputs->items[i].name);
        status = sv_tensor_json_write(&outputs->items[i], writer, error);
    }
    sv_writer_end_object(writer);
    sv_writer_key_str(writer, "model_version", job->work.version->name);
    sv_writer_key_double(writer, "inference_time_ms", sv_model_work_elapsed_ms(&job->work));
    sv_writer_end_object(writer);
    return status ? status : sv_buf_status(writer->buf);
}

static sv_status answer(sv_model_work *work, const sv_tensors *outputs, sv_error *error)
{
    sv_tensor_work *job = SV_CONTAINER_OF(work, sv_tensor_work, work);
    sv_buf buf;
    sv_writer writer;
    sv_shadow_task_tensors(work, &job->request, outputs);
    if (job->memory)
        sv_arena_reset(job->memory);
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_status status = write_answer(job, outputs, &writer, error);
    sv_model_work_add_stage(&job->work, SV_STAGE_ENCODE, &since);
    if (!status)
        status = sv_call_respond_json(job->work.call, &buf);
    else if (status == SV_TOO_LARGE)
        status = sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                              "The outputs are more than %d MiB of JSON", MAX_ANSWER_BYTES >> 20);
    sv_buf_deinit(&buf);
    return status;
}

static sv_status prepare(sv_model_work *work, sv_error *error, sv_tensor_request *ret_request)
{
    (void)error;
    *ret_request = SV_CONTAINER_OF(work, sv_tensor_work, work)->request;
    return SV_OK;
}

static sv_status submit(sv_tensor_work *job)
{
    static const sv_batch_steps steps = {.prepare = prepare, .answer = answer};
    job->work.units = (uint32_t)sv_batch_rows(&job->request);
    return sv_batch_work_submit(&job->work, &steps, sv_batch_work_class(&job->work, &job->request));
}

static void init_request(sv_tensor_work *job)
{
    sv_call *call = job->work.call;
    job->request = (sv_tensor_request){
        .arena = call->arena, .cancel = call->cancel, .timeline = call->timeline};
    job->memory = NULL;
}

/* Once the body is read, or not: `status`. */
static sv_status begin(sv_tensor_work *job, sv_status status)
{
    sv_error error = {0};
    int64_t since = job->work.started_ns;
    sv_model_work_add_stage(&job->work, SV_STAGE_DECODE, &since);
    if (status)
        return status;
    status = sv_task_tensor_check(sv_engine_model_info(job->work.instance->loaded), &job->request,
                                  &error);
    return status ? sv_call_fail_with(job->work.call, status, &error) : submit(job);
}

sv_status sv_tensor_work_begin(sv_tensor_work *job, const sv_value *body)
{
    sv_errors errors;
    sv_errors_init(&errors, job->work.call->arena);
    init_request(job);
    return begin(job, read_request(job, body, &errors));
}

sv_status sv_tensor_work_begin_text(sv_tensor_work *job, sv_str body)
{
    sv_call *call = job->work.call;
    init_request(job);
    sv_arena *memory = sv_arena_new(0);
    if (!memory || sv_arena_defer(call->arena, free_memory, memory)) {
        sv_arena_free(memory);
        return SV_NO_MEMORY;
    }
    sv_status status = read_text(job, memory, body);
    if (status) {
        sv_arena_reset(memory);
        return status == SV_NO_MEMORY ? status : SV_UNSUPPORTED;
    }
    job->memory = memory;
    sv_call_forget_body(call);
    return begin(job, SV_OK);
}
