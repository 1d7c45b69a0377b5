/* openai_completions.c: POST /v1/completions. Prompts are texts or tokens; each has `n` choices, of
 * index prompt x n + i. What chats have in common with it: openai_generation.c. */
#include "api/openai_completions.h"

#include <string.h>

#include "api/openai_generation.h"
#include "api/openai_grammar.h"
#include "api/relay_answer.h"
#include "http/event_stream.h"

/* As OpenAI has it. */
enum { DEFAULT_MAX_TOKENS = 16, MAX_ECHO_BYTES = 64 << 20 };

/* One call under way, in its arena. */
typedef struct completion_job {
    sv_openai_generation generation;
    sv_openai_completion asked;
    sv_openai_prompt *prompts; /* all tokens */
    sv_str echoes[SV_OPENAI_MAX_PROMPTS];
    size_t n_chars[SV_OPENAI_MAX_CHOICES]; /* of a choice's text so far, echo included */
} completion_job;

static completion_job *get_job(sv_generation_answer *answer)
{
    return SV_CONTAINER_OF(sv_openai_generation_of(answer), completion_job, generation);
}

static sv_str get_echo(const completion_job *job, size_t choice)
{
    return job->echoes[choice / (size_t)job->asked.ask.n];
}

/* ---- The way out ---- */

static void put_text(completion_job *job, size_t choice, sv_str text,
                     const sv_generation_part *part, sv_buf *out)
{
    sv_openai_logprobs room;
    const sv_openai_logprobs *logprobs =
        sv_openai_generation_logprobs(&job->generation, part, job->n_chars[choice], &room);
    sv_openai_generation_open_frame(out);
    sv_openai_answer_text(&job->generation.words, choice, text, logprobs, out);
    sv_openai_generation_close_frame(out);
    if (logprobs)
        job->n_chars[choice] += sv_str_count_chars(text);
}

/* Prompts that are to be repeated. */
static sv_status put_echoes(sv_generation_answer *answer, sv_buf *out)
{
    static const sv_generation_part nothing = {0};
    completion_job *job = get_job(answer);
    for (size_t i = 0; job->asked.echoes && i < answer->n_choices; i++)
        put_text(job, i, get_echo(job, i), &nothing, out);
    return sv_buf_status(out);
}

static sv_status put_part(sv_generation_answer *answer, size_t choice,
                          const sv_generation_part *part, sv_buf *out)
{
    completion_job *job = get_job(answer);
    if (part->text.len || (part->n_tokens && job->asked.ask.has_logprobs))
        put_text(job, choice, part->text, part, out);
    if (part->finish) {
        sv_openai_generation_open_frame(out);
        sv_openai_answer_finish(&job->generation.words, choice, part->finish, false, out);
        sv_openai_generation_close_frame(out);
    }
    return sv_buf_status(out);
}

/* The echo and the text in one. */
static sv_status join_echo(const completion_job *job, size_t choice, sv_str *text)
{
    sv_str echo = get_echo(job, choice);
    if (!echo.len)
        return SV_OK;
    char *joined =
        sv_arena_alloc_raw(job->generation.answer.work.call->arena, echo.len + text->len);
    if (!joined)
        return SV_NO_MEMORY;
    memcpy(joined, echo.ptr, echo.len);
    if (text->len)
        memcpy(joined + echo.len, text->ptr, text->len);
    *text = (sv_str){joined, echo.len + text->len};
    return SV_OK;
}

static sv_status answer_whole(sv_generation_answer *answer, const sv_generation_part *parts)
{
    completion_job *job = get_job(answer);
    sv_openai_choice_answer choices[SV_OPENAI_MAX_CHOICES] = {0};
    sv_openai_logprobs logprobs[SV_OPENAI_MAX_CHOICES];
    sv_status status = SV_OK;
    for (size_t i = 0; i < answer->n_choices && !status; i++) {
        sv_str echo = get_echo(job, i);
        choices[i].text = parts[i].text;
        choices[i].finish = parts[i].finish;
        choices[i].logprobs = sv_openai_generation_logprobs(&job->generation, &parts[i],
                                                            sv_str_count_chars(echo), &logprobs[i]);
        logprobs[i].n_before = echo.len;
        status = join_echo(job, i, &choices[i].text);
    }
    return status ? status : sv_openai_generation_respond(&job->generation, choices);
}

static const sv_answer_format format = {.heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS,
                                        .begin = put_echoes,
                                        .part = put_part,
                                        .end = sv_openai_generation_end,
                                        .fail = sv_openai_generation_fail,
                                        .whole = answer_whole};

/* ---- The way in ---- */

/* `tokens` is cleared. */
static sv_status tokenize(const completion_job *job, sv_str text, sv_buf *tokens, sv_error *error,
                          sv_openai_prompt *prompt)
{
    const sv_model_work *work = &job->generation.answer.work;
    const sv_generation_task *task = &work->instance->generation;
    sv_buf_clear(tokens);
    sv_status status = sv_task_generation_read_text(task, text, error, tokens);
    if (status)
        return status;
    sv_str copy = sv_arena_copy(work->call->arena, sv_buf_str(tokens));
    if (!copy.ptr)
        return SV_NO_MEMORY;
    prompt->tokens = (const sv_token *)(const void *)copy.ptr;
    prompt->n_tokens = copy.len / sizeof(sv_token);
    return SV_OK;
}

/* Tokens of a client's own must be the model's. */
static sv_status check_tokens(const sv_generation_task *task, const sv_openai_prompt *prompt,
                              sv_error *error)
{
    int32_t n_known = sv_text_info_of(task->model)->n_vocabulary;
    if (prompt->n_tokens >= task->n_context)
        return sv_task_generation_refuse_length(task, prompt->n_tokens, error);
    for (size_t i = 0; i < prompt->n_tokens; i++)
        if (prompt->tokens[i] >= n_known)
            return sv_openai_fields_refuse(error, "prompt",
                                           "Invalid 'prompt': the model has %d tokens, and no "
                                           "token %d.",
                                           n_known, prompt->tokens[i]);
    return SV_OK;
}

static sv_status read_prompts(completion_job *job, sv_buf *tokens, sv_error *error)
{
    const sv_generation_task *task = &job->generation.answer.work.instance->generation;
    sv_status status = SV_OK;
    for (size_t i = 0; i < job->asked.n_prompts && !status; i++) {
        const sv_openai_prompt *from = &job->asked.prompts[i];
        job->prompts[i] = *from;
        status = from->tokens ? check_tokens(task, from, error)
                              : tokenize(job, from->text, tokens, error, &job->prompts[i]);
    }
    return status;
}

/* The text of tokens, for a prompt that is to be repeated. */
static sv_status read_echo(completion_job *job, size_t i)
{
    const sv_openai_prompt *prompt = &job->asked.prompts[i];
    const sv_model_work *work = &job->generation.answer.work;
    job->echoes[i] = prompt->text;
    if (!prompt->tokens)
        return SV_OK;
    sv_buf text;
    sv_buf_init(&text, MAX_ECHO_BYTES);
    sv_status status = SV_OK;
    for (size_t k = 0; k < prompt->n_tokens && !status; k++)
        status = sv_text_piece(work->instance->generation.model, prompt->tokens[k], false, &text);
    if (!status && text.len)
        job->echoes[i] = sv_arena_copy(work->call->arena, sv_buf_str(&text));
    if (!status && text.len && !job->echoes[i].ptr)
        status = SV_NO_MEMORY;
    sv_buf_deinit(&text);
    return status;
}

static sv_status start(completion_job *job)
{
    sv_call *call = job->generation.answer.work.call;
    const sv_openai_ask *ask = &job->asked.ask;
    sv_error error = {0};
    sv_str gbnf = {0};
    sv_status status = SV_OK;
    for (size_t i = 0; job->asked.echoes && i < job->asked.n_prompts && !status; i++)
        status = read_echo(job, i);
    if (!status)
        status = sv_openai_grammar_make(call->arena, ask, NULL, &error, &gbnf);
    if (status)
        return sv_openai_fields_fail(call, status, &error);
    return sv_openai_generation_start(&job->generation, job->prompts, job->asked.n_prompts, gbnf);
}

static sv_status begin(sv_model_work *work)
{
    completion_job *job = SV_CONTAINER_OF(work, completion_job, generation.answer.work);
    sv_error error = {0};
    sv_buf tokens;
    if (sv_relay_answer_takes(work->instance))
        return sv_relay_answer_begin(work, "/completions");
    sv_status status = sv_openai_generation_open(&job->generation, SV_OPENAI_OBJECT_TEXT);
    if (status)
        return status;
    job->prompts =
        sv_arena_alloc_array(work->call->arena, job->asked.n_prompts, sizeof *job->prompts);
    if (!job->prompts)
        return SV_NO_MEMORY;
    sv_buf_init(&tokens, ((size_t)work->instance->generation.n_context + 1) * sizeof(sv_token));
    status = read_prompts(job, &tokens, &error);
    sv_buf_deinit(&tokens);
    return status ? sv_openai_generation_refuse(&job->generation, status, "prompt", &error)
                  : start(job);
}

sv_status sv_openai_completions(sv_call *call)
{
    completion_job *job = sv_alloc(call, sizeof *job);
    const sv_value *body;
    sv_error error = {0};
    if (!job)
        return SV_NO_MEMORY;
    sv_status status = sv_openai_fields_body(call, &body);
    if (status)
        return status;
    status = sv_openai_request_completion(call->arena, body, &error, &job->asked);
    if (status)
        return sv_openai_fields_fail(call, status, &error);
    if (!job->asked.ask.max_tokens)
        job->asked.ask.max_tokens = DEFAULT_MAX_TOKENS;
    job->generation.ask = &job->asked.ask;
    job->generation.answer.format = &format;
    job->generation.answer.work = (sv_model_work){.call = call, .begin = begin};
    return sv_openai_generation_find(&job->generation);
}
