/* generate.c: the guide's text routes: what is asked, and the words around the text. How an answer
 * is sent: generation_answer.c. */
#include "api/generate.h"

#include <serval/stream.h>

#include "api/generation_answer.h"
#include "api/model_body.h"
#include "api/relay_answer.h"
#include "base/id.h"
#include "http/event_stream.h"
#include "web/dispatch.h"
#include "json/decode.h"
#include "json/plan.h"

enum {
    MAX_PROMPT_CHARS = 4096,
    MAX_MESSAGE_CHARS = 32768,
    MAX_STOP_CHARS = 20,
    MAX_STOPS = 4,
    TIMEOUT_MS = 600 * 1000,
    MAX_ANSWER_BYTES = 64 << 20
};

struct generate_request {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
    bool stream;
    sv_opt_str model;
    sv_opt_int seed;
    sv_opt_double top_p;
    sv_opt_int top_k;
};
struct generate_usage {
    int64_t prompt_tokens, completion_tokens, total_tokens;
};
struct generate_response {
    sv_str text, finish_reason, model, model_version;
    struct generate_usage usage;
    double inference_time_ms;
};
struct chat_message {
    sv_str message;
    sv_opt_str model;
    int64_t max_tokens;
    double temperature;
};
struct chat_event {
    sv_opt_str content;
    sv_opt_bool done;
    sv_opt_str error;
};
struct chat_token {
    sv_str content;
};

static sv_status prompt_not_blank(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status stop_not_long(sv_check *check, sv_str *stop)
{
    return sv_str_count_chars(*stop) <= MAX_STOP_CHARS ? SV_OK
                                                       : sv_reject(check, "Stop sequence too long");
}

SV_SCHEMA_WITH(
    generate_request, (.component = "TextGenerationRequest"),
    SV_FIELD(generate_request, prompt, .min_len = 1, .max_len = MAX_PROMPT_CHARS,
             .check_str = prompt_not_blank, .help = "What to continue",
             .example_json = "\"Once upon a time\""),
    SV_FIELD(generate_request, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256",
             .help = "Most tokens that are written; fewer when the model's context is full"),
    SV_FIELD(generate_request, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7",
             .help = "0: always the likeliest token"),
    SV_FIELD(generate_request, stop_sequences, .max_items = MAX_STOPS, .default_json = "null",
             .check_item_str = stop_not_long, .help = "The text ends before the first of these"),
    SV_FIELD(generate_request, stream, .default_json = "false",
             .help = "Answer with server-sent events, as /chat does"),
    SV_FIELD(generate_request, model, .default_json = "null",
             .help = "Model to use, as name or name:version. Absent or empty: the default"),
    SV_FIELD(generate_request, seed, .default_json = "null",
             .help = "The same seed and the same request give the same text"),
    SV_FIELD(generate_request, top_p, SV_GE(0), SV_LE(1), .default_json = "null",
             .help = "Only the likeliest tokens, as many as have this share together"),
    SV_FIELD(generate_request, top_k, SV_GE(0), .default_json = "null",
             .help = "Only so many of the likeliest tokens; 0: all"));
SV_SCHEMA_WITH(generate_usage, (.component = "TokenUsage"), SV_FIELD(generate_usage, prompt_tokens),
               SV_FIELD(generate_usage, completion_tokens), SV_FIELD(generate_usage, total_tokens));
SV_SCHEMA_WITH(generate_response, (.component = "TextGenerationResponse"),
               SV_FIELD(generate_response, text),
               SV_FIELD(generate_response, finish_reason,
                        .help = "stop, length (max_tokens or the context) or cancelled"),
               SV_FIELD(generate_response, model), SV_FIELD(generate_response, model_version),
               SV_FIELD_OBJECT(generate_response, usage, generate_usage),
               SV_FIELD(generate_response, inference_time_ms));
SV_SCHEMA_WITH(chat_message, (.component = "ChatRequest"),
               SV_FIELD(chat_message, message, .min_len = 1, .max_len = MAX_MESSAGE_CHARS,
                        .help = "What the user says", .example_json = "\"Hello!\""),
               SV_FIELD(chat_message, model, .default_json = "null",
                        .help = "Model to use, as name or name:version. Absent or empty: the "
                                "default"),
               SV_FIELD(chat_message, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
               SV_FIELD(chat_message, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"));
SV_SCHEMA_WITH(chat_event, (.component = "ChatEvent"),
               SV_FIELD(chat_event, content, .optional = true, .help = "More of the answer"),
               SV_FIELD(chat_event, done, .optional = true, .help = "The answer is complete"),
               SV_FIELD(chat_event, error, .optional = true, .help = "It never will be"));
SV_SCHEMA(chat_token, SV_FIELD(chat_token, content));

SV_HANDLER(generate, generate_request, generate_response);
SV_STREAM(chat, chat_message, chat_event);
SV_STREAM(chat_stream, chat_message, chat_token);

/* One call under way, in its arena. */
typedef struct text_job {
    sv_generation_answer answer;
    sv_str prompt;
    bool is_chat; /* the prompt is a message */
    sv_generation_request request;
} text_job;

/* ---- Words ---- */

static sv_str finish_name(sv_finish finish)
{
    switch (finish) {
    case SV_FINISH_LENGTH:
        return SV_STR("length");
    case SV_FINISH_CANCELLED:
        return SV_STR("cancelled");
    case SV_FINISH_NONE:
    case SV_FINISH_FAILED:
    case SV_FINISH_STOP:
        break;
    }
    return SV_STR("stop");
}

/* By hand: the route of a model answers so too, whose schema is of all tasks. */
static sv_status answer_whole(sv_generation_answer *answer, const sv_generation_part *parts)
{
    const sv_model_work *work = &answer->work;
    sv_generation_usage usage = sv_generation_answer_usage(answer);
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key_str(&writer, "text", parts->text);
    sv_writer_key_str(&writer, "finish_reason", finish_name(parts->finish));
    sv_writer_key_str(&writer, "model", work->model->name);
    sv_writer_key_str(&writer, "model_version", work->version->name);
    sv_writer_key(&writer, SV_STR("usage"));
    sv_writer_begin_object(&writer);
    sv_writer_key_int(&writer, "prompt_tokens", usage.n_prompt);
    sv_writer_key_int(&writer, "completion_tokens", usage.n_completion);
    sv_writer_key_int(&writer, "total_tokens", (int64_t)usage.n_prompt + usage.n_completion);
    sv_writer_end_object(&writer);
    sv_writer_key_double(&writer, "inference_time_ms", sv_model_work_elapsed_ms(work));
    sv_writer_end_object(&writer);
    sv_status status = sv_buf_status(&buf);
    if (!status)
        status = sv_call_respond_json(work->call, &buf);
    sv_buf_deinit(&buf);
    return status;
}

/* `data: {"content":"…"}`. */
static sv_status put_object(sv_buf *out, const char *name, sv_str text)
{
    sv_writer writer;
    sv_writer_init(&writer, out);
    sv_buf_append_str(out, SV_STR("data: "));
    sv_writer_begin_object(&writer);
    sv_writer_key_str(&writer, name, text);
    sv_writer_end_object(&writer);
    sv_buf_append_str(out, SV_STR("\n\n"));
    return sv_buf_status(out);
}

static sv_status put_content(sv_generation_answer *answer, size_t choice,
                             const sv_generation_part *part, sv_buf *out)
{
    (void)answer, (void)choice;
    return part->text.len ? put_object(out, "content", part->text) : SV_OK;
}

static sv_status put_done(sv_generation_answer *answer, sv_buf *out)
{
    (void)answer;
    return sv_buf_append_str(out, SV_STR("data: {\"done\":true}\n\n"));
}

static sv_status put_error(sv_generation_answer *answer, const sv_error *error, sv_buf *out)
{
    sv_str message = sv_str_from(error->message);
    if (!message.len)
        message = sv_str_from(sv_status_text(answer->status));
    return put_object(out, "error", message);
}

static sv_status put_text(sv_generation_answer *answer, size_t choice,
                          const sv_generation_part *part, sv_buf *out)
{
    (void)answer, (void)choice;
    sv_event_fields event = {.data = part->text};
    return part->text.len ? sv_event_stream_format(out, &event) : SV_OK;
}

static sv_status put_end_mark(sv_generation_answer *answer, sv_buf *out)
{
    (void)answer;
    return sv_buf_append_str(out, SV_STR("data: [DONE]\n\n"));
}

static const sv_answer_format object_format = {.heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS,
                                               .part = put_content,
                                               .end = put_done,
                                               .fail = put_error,
                                               .whole = answer_whole};
static const sv_answer_format text_format = {
    .heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS, .part = put_text, .end = put_end_mark};

/* ---- The way in ---- */

static sv_status read_prompt(const text_job *job, sv_error *error, sv_buf *tokens)
{
    const sv_generation_task *task = &job->answer.work.instance->generation;
    sv_chat_message message = {SV_STR("user"), job->prompt};
    return job->is_chat ? sv_task_generation_read_chat(task, &message, 1, error, tokens)
                        : sv_task_generation_read_text(task, job->prompt, error, tokens);
}

/* Another server has the model, and makes a prompt of its own. */
static sv_status begin_relay(text_job *job)
{
    sv_chat_message message = {SV_STR("user"), job->prompt};
    return sv_relay_answer_start(&job->answer, &job->request, &message, 1);
}

static sv_status begin(sv_model_work *work)
{
    text_job *job = SV_CONTAINER_OF(work, text_job, answer.work);
    const sv_generation_task *task = &work->instance->generation;
    sv_error error = {0};
    sv_buf tokens;
    if (sv_relay_answer_takes(work->instance))
        return begin_relay(job);
    if (!task->model)
        return sv_fail(work->call, &sv_kind_invalid_input,
                       "Model %.*s does not generate text: its task is %s",
                       SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
    sv_buf_init(&tokens, ((size_t)task->n_context + 1) * sizeof(sv_token));
    sv_status status = read_prompt(job, &error, &tokens);
    if (status) {
        sv_buf_deinit(&tokens);
        return sv_call_fail_with(work->call, status, &error);
    }
    job->request.prompt = (const sv_token *)(const void *)tokens.ptr;
    job->request.n_prompt = tokens.len / sizeof(sv_token);
    status = sv_generation_answer_start(&job->answer, &job->request, 1);
    sv_buf_deinit(&tokens);
    return status;
}

static uint64_t random_seed(void)
{
    uint64_t seed;
    sv_id_random(&seed, sizeof seed);
    return seed;
}

/* "name" or "name:version". */
static sv_wish wish_for(const sv_opt_str *model)
{
    sv_str rest = model->set ? model->value : (sv_str){0}, name = {0};
    sv_wish wish = {.task = SV_TASK_TEXT_GENERATION};
    if (rest.len && sv_str_split(&rest, ':', &name))
        wish.model = name;
    wish.version = rest;
    return wish;
}

/* Empty ones stop nothing. */
static void take_stops(const sv_opt_strs *from, sv_strs *stops)
{
    *stops = from->set ? from->value : (sv_strs){0};
    size_t n = 0;
    for (size_t i = 0; i < stops->len; i++)
        if (stops->items[i].len)
            stops->items[n++] = stops->items[i];
    stops->len = n;
}

static void fill_generate(text_job *job, const struct generate_request *in)
{
    sv_strs stops;
    sv_sampling sampling = sv_sampling_defaults();
    take_stops(&in->stop_sequences, &stops);
    sampling.temperature = in->temperature;
    sampling.top_p = in->top_p.set ? in->top_p.value : 1;
    sampling.top_k = in->top_k.set ? in->top_k.value : 0;
    sampling.seed = in->seed.set ? (uint64_t)in->seed.value : random_seed();
    job->answer.format = &object_format;
    job->answer.is_stream = in->stream;
    job->prompt = in->prompt;
    job->request = (sv_generation_request){.sampling = sampling,
                                           .stops = stops.items,
                                           .n_stops = stops.len,
                                           .max_tokens = (uint32_t)in->max_tokens};
}

static sv_status generate(sv_call *call, const struct generate_request *in,
                          struct generate_response *out)
{
    (void)out;
    text_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->answer.work = (sv_model_work){.call = call, .begin = begin};
    fill_generate(job, in);
    sv_wish wish = wish_for(&in->model);
    return sv_model_work_start(&job->answer.work, &wish);
}

static sv_status start_chat(sv_call *call, const struct chat_message *in,
                            const sv_answer_format *format)
{
    text_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    sv_sampling sampling = sv_sampling_defaults();
    sampling.temperature = in->temperature;
    sampling.seed = random_seed();
    job->answer = (sv_generation_answer){
        .work = {.call = call, .begin = begin}, .format = format, .is_stream = true};
    job->prompt = in->message;
    job->is_chat = true;
    job->request =
        (sv_generation_request){.sampling = sampling, .max_tokens = (uint32_t)in->max_tokens};
    sv_wish wish = wish_for(&in->model);
    sv_status status = sv_set_header(call, "Connection", SV_STR("keep-alive"));
    return status ? status : sv_model_work_start(&job->answer.work, &wish);
}

static sv_status chat(sv_call *call, const struct chat_message *in, sv_events *events)
{
    (void)events;
    return start_chat(call, in, &object_format);
}

static sv_status chat_stream(sv_call *call, const struct chat_message *in, sv_events *events)
{
    (void)events;
    return start_chat(call, in, &text_format);
}

/* ---- By the route of a model ---- */

static sv_status read_body(sv_call *call, sv_errors *errors, const struct generate_request **ret_in)
{
    const sv_plan *plan;
    const sv_value *body;
    void *decoded;
    sv_buf problems;
    sv_status status = sv_model_body_read(call, errors, &body);
    if (status)
        return status;
    sv_buf_init(&problems, 1024);
    status = sv_plan_new(call->arena, &generate_request_schema, SV_FIELD_BODY, &problems, &plan);
    sv_buf_deinit(&problems);
    if (!status)
        status = sv_decode_body(call->arena, plan, body, errors, &decoded);
    if (status == SV_INVALID)
        return sv_dispatch_refuse(call, errors);
    if (!status)
        *ret_in = decoded;
    return status;
}

sv_status sv_generate_begin_model(sv_model_work *found)
{
    sv_call *call = found->call;
    const struct generate_request *in;
    sv_errors errors;
    sv_errors_init(&errors, call->arena);
    text_job *job = sv_alloc(call, sizeof *job);
    sv_status status = job ? read_body(call, &errors, &in) : SV_NO_MEMORY;
    if (status)
        return status;
    job->answer.work = *found;
    fill_generate(job, in);
    return begin(&job->answer.work);
}

/* ---- Routes ---- */

static const sv_error_kind *const generate_errors[] = {
    &sv_kind_invalid_input,    &sv_kind_model_not_found,
    &sv_kind_inference_failed, &sv_kind_model_version_not_found,
    &sv_kind_model_not_loaded, &sv_kind_insufficient_memory,
    &sv_kind_upstream_failed,  NULL};

#define GENERATE                                                                                   \
    "Continues a text by a language model. With `stream` the text comes as events "                \
    "`data: {\"content\":\"…\"}` and ends with `data: {\"done\":true}`."
#define CHAT                                                                                       \
    "Answers a message by a language model, in the form of its chat template: "                    \
    "`data: {\"content\":\"…\"}` as it is written, `data: {\"done\":true}` at the end, "           \
    "`data: {\"error\":\"…\"}` in its place when the model failed meanwhile."
#define CHAT_STREAM                                                                                \
    "As `/chat`, with nothing but the text: `data: …` as it is written, `data: [DONE]` at the "    \
    "end."

#define ROW(PATH, HANDLER, DESCRIPTION)                                                            \
    {"POST",                                                                                       \
     PATH,                                                                                         \
     &HANDLER##_handler,                                                                           \
     .tags = "text",                                                                               \
     .description = DESCRIPTION,                                                                   \
     .errors = generate_errors,                                                                    \
     .timeout_ms = TIMEOUT_MS}

const sv_operation *sv_generate_operations(void)
{
    static const sv_operation operations[] = {ROW("/generate", generate, GENERATE),
                                              ROW("/api/v1/generate", generate, GENERATE),
                                              ROW("/chat", chat, CHAT),
                                              ROW("/api/v1/chat", chat, CHAT),
                                              ROW("/chat/stream", chat_stream, CHAT_STREAM),
                                              ROW("/api/v1/chat/stream", chat_stream, CHAT_STREAM),
                                              {0}};
    return operations;
}
