/* oip_generate.c: Triton's generate extension: a flat object -> a generation, and its text as one
 * object or as events. How an answer is sent: generation_answer.c.
 *
 * A language model has one input, `text_input`; all other members, and those of `parameters`, are
 * parameters. Those that are known say how it is written, the rest is for other models: looked at
 * for its type only. */
#include "api/oip_generate.h"

#include "api/generation_answer.h"
#include "api/oip_body.h"
#include "api/oip_models.h"
#include "api/openai_fields.h"
#include "api/relay_answer.h"
#include "base/id.h"
#include "http/coding.h"

enum { MAX_TOKENS = 1 << 24, USUAL_TOKENS = 256, MAX_ANSWER = 64 << 20 };

/* One call under way, in its arena. */
typedef struct generate_job {
    sv_generation_answer answer;
    sv_oip_version found;
    sv_str id, text; /* no pointer: not there */
    sv_sampling sampling;
    int64_t max_tokens, min_tokens, top_k, seed, priority;
    sv_str stop;
    bool ignores_end, streams;
    bool has_written; /* an event */
} generate_job;

#define FIELD(NAME, MEMBER, ...) SV_OPENAI_FIELD(generate_job, NAME, MEMBER, __VA_ARGS__)
#define RANGE(MIN, MAX) .min = (MIN), .max = (MAX)

static const sv_openai_field parameter_rows[] = {
    FIELD("max_tokens", max_tokens, INTEGER, RANGE(1, MAX_TOKENS)),
    FIELD("min_tokens", min_tokens, INTEGER, RANGE(0, MAX_TOKENS)),
    FIELD("temperature", sampling.temperature, NUMBER, RANGE(0, 2)),
    FIELD("top_p", sampling.top_p, NUMBER, RANGE(0, 1)),
    FIELD("min_p", sampling.min_p, NUMBER, RANGE(0, 1)),
    FIELD("top_k", top_k, INTEGER, RANGE(-1, INT32_MAX)),
    FIELD("presence_penalty", sampling.presence_penalty, NUMBER, RANGE(-2, 2)),
    FIELD("frequency_penalty", sampling.frequency_penalty, NUMBER, RANGE(-2, 2)),
    FIELD("repetition_penalty", sampling.repeat_penalty, NUMBER, RANGE(0.01, 10)),
    FIELD("seed", seed, INTEGER, RANGE(0, 0x1p63 - 1024)),
    FIELD("stop", stop, STRING),
    FIELD("ignore_eos", ignores_end, BOOLEAN),
    FIELD("stream", streams, BOOLEAN),
    FIELD("priority", priority, INTEGER, RANGE(0, INT32_MAX)),
    {0},
};

/* ---- The request ---- */

/* A text, or an array that holds one. */
static sv_status take_input(generate_job *job, const sv_value *value)
{
    sv_call *call = job->answer.work.call;
    if (job->text.ptr)
        return sv_fail(call, &sv_kind_invalid_input,
                       "input 'text_input' already exists in request");
    if (sv_value_get_type(value) == SV_VALUE_ARRAY) {
        if (sv_value_len(value) != 1)
            return sv_fail(call, &sv_kind_invalid_input,
                           "unexpected shape for input 'text_input' for model '%.*s'. Expected "
                           "[1], got [%zu].",
                           SV_STR_ARG(job->found.model.name), sv_value_len(value));
        sv_value_cursor items = sv_value_walk(value);
        (void)sv_value_next_item(&items, &value);
    }
    if (sv_value_get_type(value) != SV_VALUE_STR)
        return sv_fail(call, &sv_kind_invalid_input,
                       "Unable to parse 'text_input': attempt to access JSON non-string as string");
    job->text = sv_value_str(value);
    return SV_OK;
}

static bool is_parameter(const sv_value *value)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_BOOL:
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
    case SV_VALUE_STR:
        return true;
    case SV_VALUE_NULL:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return false;
}

static sv_status take_members(generate_job *job, const sv_value *object, bool is_nested);

static sv_status take_member(generate_job *job, sv_str name, const sv_value *value, bool is_nested)
{
    sv_call *call = job->answer.work.call;
    if (sv_str_eq(name, SV_STR("text_input")))
        return take_input(job, value);
    if (!is_nested && sv_str_eq(name, SV_STR("id"))) {
        job->id = sv_value_get_type(value) == SV_VALUE_STR ? sv_value_str(value) : (sv_str){0};
        return job->id.ptr ? SV_OK
                           : sv_fail(call, &sv_kind_invalid_input,
                                     "Unable to parse 'id': attempt to access JSON non-string as "
                                     "string");
    }
    if (!is_nested && sv_str_eq(name, SV_STR("parameters")))
        return sv_value_get_type(value) == SV_VALUE_OBJECT
                   ? take_members(job, value, true)
                   : sv_fail(call, &sv_kind_invalid_input,
                             "Unable to parse 'parameters': expected an object");
    if (is_parameter(value))
        return SV_OK;
    return sv_fail(call, &sv_kind_invalid_input,
                   "parameter '%.*s' has invalid type. It should be either 'int', 'bool', or "
                   "'string'.",
                   SV_STR_ARG(sv_str_slice(name, 0, 64)));
}

/* What is known is read by its row, the rest only looked at. */
static sv_status take_members(generate_job *job, const sv_value *object, bool is_nested)
{
    const sv_value *value;
    sv_str name;
    sv_error error = {0};
    sv_value_cursor members = sv_value_walk(object);
    while (sv_value_next_member(&members, &name, &value)) {
        sv_status status = take_member(job, name, value, is_nested);
        if (status)
            return status;
    }
    sv_status status = sv_openai_fields_read(object, parameter_rows, "", job, &error);
    if (status != SV_INVALID)
        return status;
    return sv_fail(job->answer.work.call, &sv_kind_invalid_input, "%s", error.message);
}

static sv_status check_request(const generate_job *job)
{
    sv_call *call = job->answer.work.call;
    if (!job->text.ptr)
        return sv_fail(call, &sv_kind_invalid_input,
                       "expected 1 inputs but got 0 inputs for model '%.*s'. Got input(s) [], but "
                       "missing required input(s) ['text_input']. Please provide all required "
                       "input(s).",
                       SV_STR_ARG(job->found.model.name));
    if (job->streams && !job->answer.is_stream)
        return sv_fail(call, &sv_kind_invalid_input,
                       "generate expects model to produce exactly 1 response, use generate stream "
                       "for decoupled models");
    return SV_OK;
}

static sv_status read_request(generate_job *job)
{
    sv_call *call = job->answer.work.call;
    const sv_value *object;
    if (sv_coding_find(sv_request_header(call, "content-encoding")) != SV_CODING_IDENTITY)
        return sv_fail(call, &sv_kind_invalid_input,
                       "Unsupported content-encoding, only 'identity' is supported.");
    sv_status status = sv_oip_body_read(call, &object);
    if (!status && !object)
        return sv_fail(call, &sv_kind_invalid_input,
                       "failed to parse the request JSON buffer: The document is empty. at 0");
    if (!status)
        status = take_members(job, object, false);
    return status ? status : check_request(job);
}

/* ---- The answer ---- */

static sv_status put_answer(const generate_job *job, sv_str text, sv_buf *out)
{
    const sv_model_work *work = &job->answer.work;
    sv_writer writer;
    sv_writer_init(&writer, out);
    sv_writer_begin_object(&writer);
    if (job->id.len)
        sv_writer_key_str(&writer, "id", job->id);
    sv_writer_key_str(&writer, "model_name", work->model->name);
    sv_writer_key_str(&writer, "model_version", work->version->name);
    sv_writer_key_str(&writer, "text_output", text);
    sv_writer_end_object(&writer);
    return sv_buf_status(out);
}

static sv_status answer_whole(sv_generation_answer *answer, const sv_generation_part *parts)
{
    const generate_job *job = SV_CONTAINER_OF(answer, generate_job, answer);
    sv_buf buf;
    sv_buf_init(&buf, MAX_ANSWER);
    sv_status status = put_answer(job, parts->text, &buf);
    if (!status)
        status = sv_call_respond_json(answer->work.call, &buf);
    sv_buf_deinit(&buf);
    return status;
}

static sv_status put_event(generate_job *job, sv_str text, sv_buf *out)
{
    job->has_written = true;
    sv_buf_append_str(out, SV_STR("data: "));
    (void)put_answer(job, text, out);
    return sv_buf_append_str(out, SV_STR("\n\n"));
}

static sv_status put_part(sv_generation_answer *answer, size_t choice,
                          const sv_generation_part *part, sv_buf *out)
{
    (void)choice;
    generate_job *job = SV_CONTAINER_OF(answer, generate_job, answer);
    return part->text.len ? put_event(job, part->text, out) : SV_OK;
}

/* There is no mark of the end, but one answer at least. */
static sv_status put_end(sv_generation_answer *answer, sv_buf *out)
{
    generate_job *job = SV_CONTAINER_OF(answer, generate_job, answer);
    return job->has_written ? SV_OK : put_event(job, SV_STR(""), out);
}

static sv_status put_error(sv_generation_answer *answer, const sv_error *error, sv_buf *out)
{
    const char *message = error->message[0] ? error->message : sv_status_text(answer->status);
    sv_writer writer;
    sv_writer_init(&writer, out);
    sv_buf_append_str(out, SV_STR("data: "));
    sv_writer_begin_object(&writer);
    sv_writer_key_cstr(&writer, "error", message);
    sv_writer_end_object(&writer);
    return sv_buf_append_str(out, SV_STR("\n\n"));
}

/* No heartbeats: the readers of this protocol know no comments. */
static const sv_answer_format format = {
    .part = put_part, .end = put_end, .fail = put_error, .whole = answer_whole};

/* ---- The way in ---- */

static sv_generation_request make_request(generate_job *job)
{
    sv_sampling sampling = job->sampling;
    sampling.top_k = job->top_k > 0 ? job->top_k : 0;
    if (job->seed < 0)
        sv_id_random(&sampling.seed, sizeof sampling.seed);
    else
        sampling.seed = (uint64_t)job->seed;
    return (sv_generation_request){.sampling = sampling,
                                   .stops = &job->stop,
                                   .n_stops = job->stop.len > 0,
                                   .max_tokens = (uint32_t)job->max_tokens,
                                   .min_tokens = (uint32_t)job->min_tokens,
                                   .ignores_end = job->ignores_end};
}

static sv_status start(generate_job *job)
{
    sv_model_work *work = &job->answer.work;
    const sv_generation_task *task = &work->instance->generation;
    sv_generation_request request = make_request(job);
    const sv_chat_message message = {SV_STR("user"), job->text};
    sv_error error = {0};
    sv_buf tokens;
    if (sv_relay_answer_takes(work->instance))
        return sv_relay_answer_start(&job->answer, &request, &message, 1);
    sv_buf_init(&tokens, ((size_t)task->n_context + 1) * sizeof(sv_token));
    sv_status status = sv_task_generation_read_text(task, job->text, &error, &tokens);
    if (status) {
        sv_buf_deinit(&tokens);
        return sv_call_fail_with(work->call, status, &error);
    }
    request.prompt = (const sv_token *)(const void *)tokens.ptr;
    request.n_prompt = tokens.len / sizeof(sv_token);
    status = sv_generation_answer_start(&job->answer, &request, 1);
    sv_buf_deinit(&tokens);
    return status;
}

/* As of a model with three levels in Triton, of which the second is the usual one. */
static sv_priority choose_priority(int64_t level)
{
    return level == 1 ? SV_PRIORITY_HIGH : level >= 3 ? SV_PRIORITY_LOW : SV_PRIORITY_NORMAL;
}

static sv_status begin_job(sv_model_work *work)
{
    generate_job *job = SV_CONTAINER_OF(work, generate_job, answer.work);
    if (!work->instance->generation.model && !sv_relay_answer_takes(work->instance))
        return sv_fail(work->call, &sv_kind_invalid_input,
                       "model '%.*s' does not generate text: its task is %s",
                       SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
    sv_status status = read_request(job);
    if (status)
        return status;
    work->priority = choose_priority(job->priority);
    return start(job);
}

sv_status sv_oip_generate(sv_call *call, bool is_stream)
{
    generate_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    *job = (generate_job){.sampling = sv_sampling_defaults(),
                          .max_tokens = USUAL_TOKENS,
                          .seed = -1,
                          .answer = {.work = {.call = call, .begin = begin_job},
                                     .format = &format,
                                     .is_stream = is_stream}};
    sv_oip_version *found = &job->found;
    sv_status status = sv_oip_models_find(call, found);
    if (status)
        return status;
    sv_wish wish = {.model = found->model.name,
                    .version = found->is_named ? found->version->name : (sv_str){0}};
    status = sv_model_work_start(&job->answer.work, &wish);
    return status == SV_FAILED && call->result.failure == &sv_kind_model_not_loaded
               ? sv_oip_models_refuse(call, found)
               : status;
}
