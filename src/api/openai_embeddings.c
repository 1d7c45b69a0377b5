/* openai_embeddings.c: POST /v1/embeddings. How texts become vectors: model/task_text.c. */
#include "api/openai_embeddings.h"

#include <math.h>
#include <string.h>

#include "api/batch_work.h"
#include "api/openai_fields.h"
#include "api/openai_models.h"
#include "api/relay_answer.h"
#include "api/shadow_task.h"
#include "base/base64.h"
#include "base/clock.h"

enum { MAX_ANSWER_BYTES = 1 << 28, MAX_DIMENSIONS = SV_TASK_TEXT_MAX_DIMENSIONS };

/* One call under way, in its arena. */
typedef struct embeddings_job {
    sv_model_work work;
    sv_text_request request;
    bool is_base64;
    int64_t dimensions; /* 0: all */
    size_t n_tokens;    /* of the input */
} embeddings_job;

/* ---- the input ---- */

static sv_status refuse_input(sv_error *error)
{
    return sv_openai_fields_refuse(error, "input",
                                   "Invalid 'input': expected a string, an array of strings, an "
                                   "array of tokens or an array of arrays of tokens, none of them "
                                   "empty.");
}

static sv_status read_tokens(sv_arena *arena, const sv_value *list, sv_error *error,
                             sv_text_tokens *ret_tokens)
{
    const sv_value *item;
    uint64_t id;
    size_t n = 0;
    int64_t *ids = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *ids);
    if (!ids)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item)) {
        if (!sv_value_get_uint(item, &id) || id > INT32_MAX)
            return refuse_input(error);
        ids[n++] = (int64_t)id;
    }
    *ret_tokens = (sv_text_tokens){ids, n};
    return n ? SV_OK : refuse_input(error);
}

static sv_status read_texts(sv_arena *arena, const sv_value *list, sv_error *error,
                            sv_text_request *request)
{
    const sv_value *item;
    size_t n = 0;
    sv_str *texts = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *texts);
    if (!texts)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item)) {
        if (!sv_openai_fields_is(item, SV_VALUE_STR) || !sv_value_len(item))
            return refuse_input(error);
        texts[n++] = sv_value_str(item);
    }
    request->texts = texts;
    request->n_texts = n;
    return SV_OK;
}

static sv_status read_token_lists(sv_arena *arena, const sv_value *list, sv_error *error,
                                  sv_text_request *request)
{
    const sv_value *item;
    size_t n = 0;
    sv_status status = SV_OK;
    sv_text_tokens *tokens = sv_arena_alloc_array(arena, sv_value_len(list), sizeof *tokens);
    if (!tokens)
        return SV_NO_MEMORY;
    sv_value_cursor cursor = sv_value_walk(list);
    while (!status && sv_value_next_item(&cursor, &item))
        status = sv_openai_fields_is(item, SV_VALUE_ARRAY)
                     ? read_tokens(arena, item, error, &tokens[n++])
                     : refuse_input(error);
    request->tokens = tokens;
    request->n_texts = n;
    return status;
}

/* One text, or one list of tokens. */
static sv_status read_one(sv_arena *arena, const sv_value *value, sv_error *error,
                          sv_text_request *request)
{
    sv_str *text = sv_arena_alloc(arena, sizeof *text);
    sv_text_tokens *tokens = sv_arena_alloc(arena, sizeof *tokens);
    if (!text || !tokens)
        return SV_NO_MEMORY;
    request->n_texts = 1;
    if (sv_openai_fields_is(value, SV_VALUE_ARRAY)) {
        request->tokens = tokens;
        return read_tokens(arena, value, error, tokens);
    }
    if (!sv_openai_fields_is(value, SV_VALUE_STR) || !sv_value_len(value))
        return refuse_input(error);
    *text = sv_value_str(value);
    request->texts = text;
    return SV_OK;
}

/* By the first item: a list of tokens is one input. */
static sv_status read_input(sv_arena *arena, const sv_value *input, sv_error *error,
                            sv_text_request *request)
{
    const sv_value *first;
    if (!sv_openai_fields_is(input, SV_VALUE_ARRAY))
        return read_one(arena, input, error, request);
    sv_value_cursor cursor = sv_value_walk(input);
    if (!sv_value_next_item(&cursor, &first))
        return refuse_input(error);
    if (sv_openai_fields_is(first, SV_VALUE_INT))
        return read_one(arena, input, error, request);
    if (sv_value_len(input) > SV_OPENAI_MAX_INPUTS)
        return sv_openai_fields_refuse(error, "input",
                                       "Invalid 'input': expected at most %d inputs, got %zu.",
                                       SV_OPENAI_MAX_INPUTS, sv_value_len(input));
    return sv_openai_fields_is(first, SV_VALUE_ARRAY)
               ? read_token_lists(arena, input, error, request)
               : read_texts(arena, input, error, request);
}

typedef struct embedding_fields {
    sv_str model, format;
    int64_t dimensions;
} embedding_fields;

static sv_status read_fields(const sv_value *body, sv_error *error, embedding_fields *fields)
{
    static const sv_openai_field rows[] = {
        SV_OPENAI_FIELD(embedding_fields, "model", model, STRING, .is_required = true),
        SV_OPENAI_FIELD(embedding_fields, "encoding_format", format, STRING),
        SV_OPENAI_FIELD(embedding_fields, "dimensions", dimensions, INTEGER, .min = 1,
                        .max = MAX_DIMENSIONS),
        {0},
    };
    *fields = (embedding_fields){.format = SV_STR("float")};
    sv_status status = sv_openai_fields_read(body, rows, "", fields, error);
    if (!status && !sv_str_eq(fields->format, SV_STR("float")) &&
        !sv_str_eq(fields->format, SV_STR("base64")))
        return sv_openai_fields_refuse(
            error, "encoding_format",
            "Invalid value: '%.*s'. Supported values are: 'float' and 'base64'.",
            SV_STR_ARG(sv_str_slice(fields->format, 0, 64)));
    return status;
}

static sv_status read_request(embeddings_job *job, const sv_value *body, sv_error *error,
                              sv_str *ret_model)
{
    sv_call *call = job->work.call;
    const sv_value *input = sv_openai_fields_get(body, SV_STR("input"));
    embedding_fields fields;
    sv_status status = read_fields(body, error, &fields);
    if (!status && !input)
        return sv_openai_fields_refuse_missing(error, "input");
    if (!status)
        status = read_input(call->arena, input, error, &job->request);
    job->is_base64 = sv_str_eq(fields.format, SV_STR("base64"));
    job->dimensions = fields.dimensions;
    *ret_model = fields.model;
    return status;
}

/* ---- counting ---- */

/* Of models without tokens, which count parts of words. */
static size_t count_words(sv_str text)
{
    size_t n = 0;
    bool is_inside = false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_space = (unsigned char)text.ptr[i] <= ' ';
        n += !is_space && !is_inside;
        is_inside = !is_space;
    }
    return n;
}

static sv_status count_texts(embeddings_job *job, const sv_text_task *task)
{
    const sv_text_request *request = &job->request;
    size_t room = (size_t)task->max_length;
    int64_t *ids = task->tokenizer ? sv_arena_alloc_raw(request->arena, room * sizeof *ids) : NULL;
    if (task->tokenizer && !ids)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_texts; i++)
        job->n_tokens += task->tokenizer
                             ? sv_tokenizer_encode(task->tokenizer, request->texts[i],
                                                   &(sv_encoding){.ids = ids, .room = room})
                             : count_words(request->texts[i]);
    return SV_OK;
}

/* All must be the model's own. */
static sv_status check_tokens(embeddings_job *job, const sv_text_task *task, sv_error *error)
{
    size_t room = (size_t)task->max_length;
    if (!task->tokenizer)
        return sv_openai_fields_refuse(error, "input",
                                       "Invalid 'input': this model takes texts, not tokens.");
    int64_t n_known = (int64_t)sv_tokenizer_n_tokens(task->tokenizer);
    for (size_t i = 0; i < job->request.n_texts; i++) {
        const sv_text_tokens *tokens = &job->request.tokens[i];
        for (size_t k = 0; k < tokens->n; k++)
            if (tokens->ids[k] >= n_known)
                return sv_openai_fields_refuse(
                    error, "input",
                    "Invalid 'input': the model has %lld tokens, and no token %lld.",
                    (long long)n_known, (long long)tokens->ids[k]);
        job->n_tokens += tokens->n < room ? tokens->n : room;
    }
    return SV_OK;
}

/* ---- the answer ---- */

/* The first numbers of a vector, of length 1 again. */
static const float *shorten(const float *vector, size_t n, float *shortened)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)vector[i] * vector[i];
    double scale = sum > 0 ? 1 / sqrt(sum) : 1;
    for (size_t i = 0; i < n; i++)
        shortened[i] = (float)(vector[i] * scale);
    return shortened;
}

/* Little-endian floats, which is what this machine has. */
static void write_base64(sv_buf *buf, const float *vector, size_t n)
{
    size_t len = sv_base64_encoded_len(n * sizeof *vector);
    char *text = sv_buf_reserve(buf, len + 2);
    if (!text)
        return;
    text[0] = text[len + 1] = '"';
    sv_base64_encode(vector, n * sizeof *vector, text + 1);
    sv_buf_advance(buf, len + 2);
}

static bool write_vector(sv_writer *writer, const embeddings_job *job, const float *vector,
                         size_t n)
{
    bool is_finite = true;
    sv_writer_key(writer, SV_STR("embedding"));
    if (job->is_base64) {
        write_base64(writer->buf, vector, n);
        writer->needs_comma = true;
    } else {
        sv_writer_begin_array(writer);
        is_finite = sv_writer_floats(writer, vector, n);
        sv_writer_end_array(writer);
    }
    return is_finite;
}

static void write_end(sv_writer *writer, const embeddings_job *job)
{
    sv_writer_key_str(writer, "model", job->work.model->name);
    sv_writer_key(writer, SV_STR("usage"));
    sv_writer_begin_object(writer);
    sv_writer_key_int(writer, "prompt_tokens", (int64_t)job->n_tokens);
    sv_writer_key_int(writer, "total_tokens", (int64_t)job->n_tokens);
    sv_writer_end_object(writer);
}

static sv_status write_answer(const embeddings_job *job, const sv_embeddings *embeddings,
                              sv_writer *writer, sv_error *error)
{
    size_t n = job->dimensions ? (size_t)job->dimensions : embeddings->n_dimensions;
    bool is_finite = true, is_short = n < embeddings->n_dimensions;
    float *room = sv_arena_alloc_raw(job->work.call->arena, n * sizeof *room);
    if (!room)
        return SV_NO_MEMORY;
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "object", "list");
    sv_writer_key(writer, SV_STR("data"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < embeddings->n_rows; i++) {
        const float *vector = embeddings->values + i * embeddings->n_dimensions;
        sv_writer_begin_object(writer);
        sv_writer_key_cstr(writer, "object", "embedding");
        sv_writer_key_int(writer, "index", (int64_t)i);
        is_finite &= write_vector(writer, job, is_short ? shorten(vector, n, room) : vector, n);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
    write_end(writer, job);
    sv_writer_end_object(writer);
    if (!is_finite)
        return sv_error_set(error, SV_FAILED, &sv_kind_invalid_model_output,
                            "The model gave a number that is not finite");
    return sv_buf_status(writer->buf);
}

/* Known once the model has run. */
static sv_status check_dimensions(const embeddings_job *job, size_t n, sv_error *error)
{
    const struct manifest *manifest = job->work.instance->files->manifest;
    bool is_matryoshka = manifest->postprocess && manifest->postprocess->matryoshka.set &&
                         manifest->postprocess->matryoshka.value;
    if (!job->dimensions || (size_t)job->dimensions == n ||
        ((size_t)job->dimensions < n && is_matryoshka))
        return SV_OK;
    sv_openai_fields_refuse(error, "dimensions",
                            "Invalid value for 'dimensions': the model gives %zu numbers%s.", n,
                            is_matryoshka ? " at most" : ", no other count");
    return sv_openai_fields_fail(job->work.call, SV_INVALID, error);
}

static sv_status answer(sv_model_work *work, const sv_text_batch_member *member, sv_error *error)
{
    const embeddings_job *job = SV_CONTAINER_OF(work, embeddings_job, work);
    sv_buf buf;
    sv_writer writer;
    if (member->request->texts)
        sv_shadow_task_embeddings(work, member->request, &member->embeddings);
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_status status = check_dimensions(job, member->embeddings.n_dimensions, error);
    if (!status)
        status = write_answer(job, &member->embeddings, &writer, error);
    sv_model_work_add_stage(work, SV_STAGE_ENCODE, &since);
    if (!status)
        status = sv_call_respond_json(work->call, &buf);
    sv_buf_deinit(&buf);
    return status;
}

static sv_status prepare(sv_model_work *work, sv_text_batch_member *ret_member)
{
    embeddings_job *job = SV_CONTAINER_OF(work, embeddings_job, work);
    ret_member->request = &job->request;
    return SV_OK;
}

static sv_status begin(sv_model_work *work)
{
    static const sv_batch_steps steps = {.prepare_texts = prepare, .answer_texts = answer};
    embeddings_job *job = SV_CONTAINER_OF(work, embeddings_job, work);
    const sv_text_task *task = &work->instance->text;
    sv_error error = {0};
    sv_status status = SV_OK;
    if (sv_relay_answer_takes(work->instance))
        return sv_relay_answer_begin(work, "/embeddings");
    if (work->instance->task != SV_TASK_TEXT_EMBEDDING)
        status = sv_openai_fields_refuse(
            &error, "model", "The model '%.*s' does not embed texts: its task is %s.",
            SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
    else
        status = job->request.tokens ? check_tokens(job, task, &error) : count_texts(job, task);
    if (status)
        return sv_openai_fields_fail(work->call, status, &error);
    return sv_batch_work_submit(work, &steps,
                                job->request.tokens ? 0 : sv_batch_work_text_class(work));
}

sv_status sv_openai_embeddings(sv_call *call)
{
    embeddings_job *job = sv_alloc(call, sizeof *job);
    const sv_value *body;
    sv_error error = {0};
    sv_str model;
    sv_wish wish = {.task = SV_TASK_TEXT_EMBEDDING};
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .begin = begin};
    job->request =
        (sv_text_request){.arena = call->arena, .cancel = call->cancel, .timeline = call->timeline};
    sv_status status = sv_openai_fields_body(call, &body);
    if (status)
        return status;
    status = read_request(job, body, &error, &model);
    if (status)
        return sv_openai_fields_fail(call, status, &error);
    job->work.units = (uint32_t)job->request.n_texts;
    status = sv_openai_models_wish(call, model, &wish);
    if (!status)
        status = sv_openai_models_blame(call, sv_model_work_start(&job->work, &wish));
    return status;
}
