/* openai_tokenize.c: POST /tokenize and /detokenize.
 *
 * llama-server: {"content": "…"} -> {"tokens": […]}, without the token that begins a text unless
 * `add_special`; vLLM: {"prompt": "…"} -> {"tokens": […], "count": n, "max_model_len": n}, with it
 * unless `add_special_tokens` is false. Back: {"tokens": […]} -> {"content": "…", "prompt": "…"}.
 */
#include "api/openai_tokenize.h"

#include "api/model_work.h"
#include "api/openai_fields.h"
#include "api/openai_models.h"

/* A token takes about a microsecond for each byte of its text. */
enum { MAX_TOKENS = 1 << 17, MAX_TEXT_BYTES = 1 << 20, MAX_ANSWER_BYTES = 256 << 20 };

/* One call under way, in its arena. */
typedef struct tokenize_job {
    sv_model_work work;
    sv_str model;
    sv_str content, prompt;   /* one of them has a pointer */
    bool adds_special;        /* of a content */
    bool adds_special_tokens; /* of a prompt */
    bool is_special;
    const sv_value *tokens;
} tokenize_job;

static sv_status respond(sv_call *call, sv_buf *buf)
{
    sv_status status = sv_buf_status(buf);
    if (!status)
        status = sv_call_respond_json(call, buf);
    sv_buf_deinit(buf);
    return status;
}

static sv_status refuse_task(const sv_model_work *work)
{
    sv_error error = {0};
    sv_status status = sv_openai_fields_refuse(
        &error, "model", "The model '%.*s' does not generate text: its task is %s.",
        SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
    return sv_openai_fields_fail(work->call, status, &error);
}

static sv_status find(tokenize_job *job)
{
    sv_wish wish = {.task = SV_TASK_TEXT_GENERATION};
    sv_call *call = job->work.call;
    sv_status status = sv_openai_models_wish(call, job->model, &wish);
    if (!status)
        status = sv_openai_models_blame(call, sv_model_work_start(&job->work, &wish));
    return status;
}

/* ---- /tokenize ---- */

static sv_status answer_tokens(const tokenize_job *job, const sv_buf *tokens)
{
    const sv_token *items = (const sv_token *)(const void *)tokens->ptr;
    size_t n = tokens->len / sizeof *items;
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key(&writer, SV_STR("tokens"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < n; i++)
        sv_writer_int(&writer, items[i]);
    sv_writer_end_array(&writer);
    sv_writer_key_int(&writer, "count", (int64_t)n);
    sv_writer_key_int(&writer, "max_model_len", job->work.instance->generation.n_context);
    sv_writer_end_object(&writer);
    return respond(job->work.call, &buf);
}

static sv_status begin_tokenize(sv_model_work *work)
{
    const tokenize_job *job = SV_CONTAINER_OF(work, tokenize_job, work);
    const sv_generation_task *task = &work->instance->generation;
    bool is_content = job->content.ptr;
    if (!task->model)
        return refuse_task(work);
    sv_tokenize_options options = {.begins =
                                       is_content ? job->adds_special : job->adds_special_tokens,
                                   .is_special = job->is_special,
                                   .max_tokens = MAX_TOKENS};
    sv_buf tokens;
    sv_buf_init(&tokens, MAX_TOKENS * sizeof(sv_token));
    sv_str text = is_content ? job->content : job->prompt;
    sv_status status = text.len > MAX_TEXT_BYTES
                           ? SV_TOO_LARGE
                           : sv_text_tokenize(task->model, text, &options, &tokens);
    if (status == SV_TOO_LARGE)
        status = sv_fail(work->call, &sv_kind_payload_too_large,
                         "The text has more than %d bytes or %d tokens", (int)MAX_TEXT_BYTES,
                         (int)MAX_TOKENS);
    if (!status)
        status = answer_tokens(job, &tokens);
    sv_buf_deinit(&tokens);
    return status;
}

sv_status sv_openai_tokenize(sv_call *call)
{
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(tokenize_job, "model", model, STRING),
        SV_OPENAI_FIELD(tokenize_job, "content", content, STRING),
        SV_OPENAI_FIELD(tokenize_job, "prompt", prompt, STRING),
        SV_OPENAI_FIELD(tokenize_job, "add_special", adds_special, BOOLEAN),
        SV_OPENAI_FIELD(tokenize_job, "add_special_tokens", adds_special_tokens, BOOLEAN),
        SV_OPENAI_FIELD(tokenize_job, "parse_special", is_special, BOOLEAN),
        {0},
    };
    tokenize_job *job = sv_alloc(call, sizeof *job);
    const sv_value *body;
    sv_error error = {0};
    if (!job)
        return SV_NO_MEMORY;
    job->adds_special_tokens = true;
    job->work = (sv_model_work){.call = call, .begin = begin_tokenize};
    sv_status status = sv_openai_fields_body(call, &body);
    if (status)
        return status;
    status = sv_openai_fields_read(body, rows, "", job, &error);
    if (!status && !job->content.ptr && !job->prompt.ptr)
        status = sv_openai_fields_refuse_missing(&error, "prompt");
    return status ? sv_openai_fields_fail(call, status, &error) : find(job);
}

/* ---- /detokenize ---- */

static sv_status refuse_tokens(sv_call *call, int32_t n_known)
{
    sv_error error = {0};
    sv_status status = sv_openai_fields_refuse(
        &error, "tokens", "Invalid 'tokens': expected ids of tokens below %d.", n_known);
    return sv_openai_fields_fail(call, status, &error);
}

static sv_status answer_text(const tokenize_job *job, sv_str text)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key_str(&writer, "content", text);
    sv_writer_key_str(&writer, "prompt", text);
    sv_writer_end_object(&writer);
    return respond(job->work.call, &buf);
}

static sv_status begin_detokenize(sv_model_work *work)
{
    const tokenize_job *job = SV_CONTAINER_OF(work, tokenize_job, work);
    sv_text_model *model = work->instance->generation.model;
    if (!model)
        return refuse_task(work);
    int32_t n_known = sv_text_info_of(model)->n_vocabulary;
    const sv_value *item;
    uint64_t id;
    sv_buf text;
    sv_buf_init(&text, MAX_ANSWER_BYTES);
    sv_status status = SV_OK;
    sv_value_cursor cursor = sv_value_walk(job->tokens);
    while (!status && sv_value_next_item(&cursor, &item)) {
        bool is_known = sv_value_get_uint(item, &id) && id < (uint64_t)n_known;
        status = is_known ? sv_text_piece(model, (sv_token)id, true, &text)
                          : refuse_tokens(work->call, n_known);
    }
    if (!status)
        status = answer_text(job, sv_buf_str(&text));
    sv_buf_deinit(&text);
    return status;
}

sv_status sv_openai_tokenize_back(sv_call *call)
{
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(tokenize_job, "model", model, STRING),
        SV_OPENAI_FIELD(tokenize_job, "tokens", tokens, ARRAY, .is_required = true),
        {0},
    };
    tokenize_job *job = sv_alloc(call, sizeof *job);
    const sv_value *body;
    sv_error error = {0};
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .begin = begin_detokenize};
    sv_status status = sv_openai_fields_body(call, &body);
    if (status)
        return status;
    status = sv_openai_fields_read(body, rows, "", job, &error);
    return status ? sv_openai_fields_fail(call, status, &error) : find(job);
}
