/* picture_work.c: from the body or an address to the picture, and from there through
 * model/task_image.c.
 *
 * DESIGN. The handler runs on the pool and holds no thread while it waits: fetching happens on the
 * fetch loop, and a work that has no permit waits in the scheduler's line. Each step hands the job
 * to the next; whoever has it last ends the call. */
#include "api/picture_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/batch_work.h"
#include "api/shadow_task.h"
#include "api/source.h"
#include "http/message.h"
#include "web/gather.h"

static sv_status answer_with(sv_picture_work *job, sv_predictions *found)
{
    sv_shadow_task_picture(&job->work, &job->request, found);
    for (size_t i = 0; i < found->len; i++)
        found->items[i].confidence = round(found->items[i].confidence * 1e6) / 1e6;
    return job->answer(job, found);
}

/* Decode, prepare, run, rank: alone, in memory that is there already. */
static sv_status run_picture(sv_model_work *work, sv_error *error)
{
    sv_picture_work *job = SV_CONTAINER_OF(work, sv_picture_work, work);
    sv_predictions found;
    sv_status status = sv_task_image_run(&work->instance->image, work->instance->loaded,
                                         &job->request, error, &found);
    return status ? status : answer_with(job, &found);
}

/* The same in two halves. */
static sv_status prepare(sv_model_work *work, sv_error *error, sv_tensor_request *ret_request)
{
    sv_picture_work *job = SV_CONTAINER_OF(work, sv_picture_work, work);
    return sv_task_image_prepare(&work->instance->image,
                                 sv_engine_model_info(work->instance->loaded), &job->request, error,
                                 ret_request);
}

static sv_status answer(sv_model_work *work, const sv_tensors *outputs, sv_error *error)
{
    sv_picture_work *job = SV_CONTAINER_OF(work, sv_picture_work, work);
    sv_predictions found;
    sv_status status =
        sv_task_image_finish(&work->instance->image, &job->request, outputs, error, &found);
    return status ? status : answer_with(job, &found);
}

/* That of the tensor that it will be. */
static uint64_t class_of(const sv_model_work *work)
{
    const sv_engine_info *info = sv_engine_model_info(work->instance->loaded);
    const sv_image_task *task = &work->instance->image;
    const sv_tensor input = {
        .name = info->inputs[0].name, .dtype = task->dtype, .shape = task->shape};
    const sv_tensor_request request = {
        .inputs = &input, .n_inputs = 1, .outputs = &info->outputs[0].name, .n_outputs = 1};
    return sv_batch_work_class(work, &request);
}

static sv_status submit(sv_picture_work *job)
{
    static const sv_batch_steps steps = {
        .prepare = prepare, .answer = answer, .makes_tensors = true};
    sv_call *call = job->work.call;
    job->work.run = run_picture;
    job->request = (sv_image_request){.picture = job->picture,
                                      .top_k = job->top_k,
                                      .arena = call->arena,
                                      .cancel = call->cancel,
                                      .timeline = call->timeline};
    return sv_batch_work_submit(&job->work, &steps, class_of(&job->work));
}

/* On the pool, with the picture or the reason why there is none. */
static void go_on_after_fetch(sv_message *message)
{
    sv_picture_work *job = SV_CONTAINER_OF(message, sv_picture_work, message);
    sv_status status = job->fetch_status;
    sv_error error = {.kind = status == SV_INVALID ? &sv_kind_invalid_input : NULL};
    if (!status)
        status = submit(job);
    if (status == SV_DEFERRED)
        return;
    if (status == SV_CANCELLED)
        sv_model_work_count_cancelled(&job->work, SV_STAGE_CANCELLED_FETCHING);
    snprintf(error.message, sizeof error.message, "%s", job->fetch_message);
    sv_model_work_finish(&job->work, status, &error);
}

static void free_picture(void *bytes)
{
    free(bytes);
}

/* On the fetch loop. */
static void take_fetched(sv_fetch_result *result, void *arg)
{
    sv_picture_work *job = arg;
    sv_model_work_add_stage(&job->work, SV_STAGE_FETCH, &job->fetching_since_ns);
    job->fetch_status = result->status;
    snprintf(job->fetch_message, sizeof job->fetch_message, "%s", result->message);
    if (!result->status) {
        char *bytes = sv_buf_take(&result->body, &job->picture.len);
        job->picture.ptr = bytes;
        if (sv_arena_defer(job->work.call->arena, free_picture, bytes)) {
            free(bytes);
            job->fetch_status = SV_NO_MEMORY;
        }
    }
    job->message.run = go_on_after_fetch;
    if (sv_pool_submit(job->work.services->pool, &job->message) == SV_OK)
        return;
    sv_model_work_finish(&job->work, SV_UNAVAILABLE, NULL);
}

static void start_fetch(sv_message *message)
{
    sv_picture_work *job = SV_CONTAINER_OF(message, sv_picture_work, message);
    sv_fetch_start(job->work.services->fetcher, &job->fetch);
}

static sv_status refuse_form(sv_call *call, const char *message, const char *detail)
{
    sv_call_set_failure(call, &sv_kind_validation_error, sv_str_from(message), sv_str_from(detail));
    return SV_FAILED;
}

static bool has_file_name(const sv_form_part *part)
{
    return part->filename.ptr && (part->filename.len || part->bytes.len);
}

/* The field `file`, else the first part with a file name; NULL: there is none. */
static const sv_form_part *find_file(const sv_form *form)
{
    const sv_form_part *found = NULL;
    for (size_t i = 0; i < form->n_parts; i++) {
        const sv_form_part *part = &form->parts[i];
        if (!has_file_name(part))
            continue;
        if (sv_str_eq(part->name, SV_STR("file")))
            return part;
        if (!found)
            found = part;
    }
    return found;
}

static const sv_form_part *find_address(const sv_form *form)
{
    for (size_t i = 0; i < form->n_parts; i++)
        if (!form->parts[i].filename.ptr && form->parts[i].bytes.len &&
            sv_str_eq(form->parts[i].name, SV_STR("image_url")))
            return &form->parts[i];
    return NULL;
}

/* A form has either a file or an address. */
static sv_status read_form(sv_picture_work *job, sv_error *error, sv_source *ret_source)
{
    sv_call *call = job->work.call;
    sv_form form = {0};
    sv_status status = sv_gather_form(call, &form);
    if (status)
        return status;
    const sv_form_part *file = find_file(&form), *address = find_address(&form);
    if (file && address)
        return refuse_form(call, "Validation failed: either file or image_url, not both",
                           "[{\"type\":\"value_error\",\"loc\":[\"body\"],\"msg\":\"Value error, "
                           "Either file or image_url is allowed, not both\",\"input\":null,"
                           "\"ctx\":{\"error\":{}}}]");
    if (address)
        return sv_source_read(call->arena, address->bytes, job->work.services->image_schemes, error,
                              ret_source);
    if (!file)
        return refuse_form(call, "Validation failed: file: Field required",
                           "[{\"type\":\"missing\",\"loc\":[\"body\",\"file\"],\"msg\":\"Field "
                           "required\",\"input\":null}]");
    *ret_source = (sv_source){.kind = SV_SOURCE_BYTES, .bytes = file->bytes};
    return SV_OK;
}

static bool is_form(const sv_call *call)
{
    return sv_message_media_matches(sv_request_header(call, "content-type"),
                                    SV_STR("multipart/form-data"));
}

/* Gets the picture: what is in the request goes on at once, an address is fetched first. */
sv_status sv_picture_work_begin(sv_picture_work *job, const sv_str *address)
{
    sv_call *call = job->work.call;
    sv_error error = {0};
    sv_source source = {.kind = SV_SOURCE_BYTES, .bytes = call->request.body};
    sv_status status = SV_OK;
    if (address)
        status = sv_source_read(call->arena, *address, job->work.services->image_schemes, &error,
                                &source);
    else if (is_form(call))
        status = read_form(job, &error, &source);
    if (status)
        return sv_call_fail_with(call, status, &error);
    job->picture = source.bytes;
    if (source.kind == SV_SOURCE_BYTES)
        return submit(job);
    job->fetch = (sv_fetch_request){.url = source.url,
                                    .deadline_ns = call->request.deadline_ns,
                                    .cancel = call->cancel,
                                    .done = take_fetched,
                                    .arg = job};
    job->fetching_since_ns = job->work.started_ns;
    job->message.run = start_fetch;
    sv_loop_post(job->work.services->fetch_loop, &job->message);
    return SV_DEFERRED;
}
