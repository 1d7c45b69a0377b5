/* openai_chat.c: POST /v1/chat/completions. What completions have in common with it:
 * openai_generation.c; calls in what the model writes: openai_calls.c.
 *
 * DESIGN. Where functions may be called, each choice has a reader of calls whose sink writes
 * chunks, or collects for the whole answer. Elsewhere text goes out as it comes. */
#include "api/openai_chat.h"

#include "api/openai_calls.h"
#include "api/openai_generation.h"
#include "api/openai_grammar.h"
#include "api/relay_answer.h"
#include "http/event_stream.h"

static const size_t MAX_TEXT_BYTES = (size_t)64 << 20;

/* A choice's text on its way to calls. An answer is text, or calls: never both. */
typedef struct chat_choice {
    struct chat_job *job;
    size_t index;
    sv_openai_calls calls;
    sv_buf *out; /* streams: where chunks go */
    /* Whole: text, or the arguments of all calls one after the other. */
    sv_buf written;
    sv_openai_call *found; /* SV_OPENAI_MAX_TOOLS, of `n_found`; arguments: lengths first */
    size_t n_found;
} chat_choice;

/* One call under way, in its arena. */
typedef struct chat_job {
    sv_openai_generation generation;
    sv_openai_chat asked;
    chat_choice *choices; /* NULL: no function may be called */
} chat_job;

static chat_job *get_job(sv_generation_answer *answer)
{
    return SV_CONTAINER_OF(sv_openai_generation_of(answer), chat_job, generation);
}

/* ---- Streams ---- */

static sv_status put_text(chat_job *job, size_t choice, sv_str text, const sv_generation_part *part,
                          sv_buf *out)
{
    sv_openai_logprobs room;
    sv_openai_generation_open_frame(out);
    sv_openai_answer_text(
        &job->generation.words, choice, text,
        part ? sv_openai_generation_logprobs(&job->generation, part, 0, &room) : NULL, out);
    sv_openai_generation_close_frame(out);
    return sv_buf_status(out);
}

static sv_status stream_text(void *arg, sv_str text)
{
    chat_choice *choice = arg;
    return put_text(choice->job, choice->index, text, NULL, choice->out);
}

static sv_status stream_call(void *arg, size_t index, sv_str name)
{
    chat_choice *choice = arg;
    sv_openai_call call = {.name = name};
    sv_openai_answer_make_call_id(call.id);
    sv_openai_generation_open_frame(choice->out);
    sv_openai_answer_call(&choice->job->generation.words, choice->index, index, &call, choice->out);
    sv_openai_generation_close_frame(choice->out);
    return sv_buf_status(choice->out);
}

static sv_status stream_arguments(void *arg, size_t index, sv_str piece)
{
    chat_choice *choice = arg;
    sv_openai_generation_open_frame(choice->out);
    sv_openai_answer_arguments(&choice->job->generation.words, choice->index, index, piece,
                               choice->out);
    sv_openai_generation_close_frame(choice->out);
    return sv_buf_status(choice->out);
}

static sv_status put_roles(sv_generation_answer *answer, sv_buf *out)
{
    for (size_t i = 0; i < answer->n_choices; i++) {
        sv_openai_generation_open_frame(out);
        sv_openai_answer_role(&get_job(answer)->generation.words, i, out);
        sv_openai_generation_close_frame(out);
    }
    return sv_buf_status(out);
}

/* Text that may be calls. Log-probabilities go ahead of it, on a chunk without text. */
static sv_status put_calls(chat_job *job, chat_choice *choice, const sv_generation_part *part,
                           sv_buf *out)
{
    sv_status status = SV_OK;
    choice->out = out;
    if (part->n_tokens && job->asked.ask.has_logprobs)
        status = put_text(job, choice->index, SV_STR(""), part, out);
    if (!status)
        status = sv_openai_calls_add(&choice->calls, part->text);
    if (!status && part->finish)
        status = sv_openai_calls_end(&choice->calls);
    return status;
}

static sv_status put_part(sv_generation_answer *answer, size_t choice,
                          const sv_generation_part *part, sv_buf *out)
{
    chat_job *job = get_job(answer);
    sv_status status = SV_OK;
    if (job->choices)
        status = put_calls(job, &job->choices[choice], part, out);
    else if (part->text.len || (part->n_tokens && job->asked.ask.has_logprobs))
        status = put_text(job, choice, part->text, part, out);
    if (status || !part->finish)
        return status;
    sv_openai_generation_open_frame(out);
    sv_openai_answer_finish(&job->generation.words, choice, part->finish,
                            job->choices && job->choices[choice].calls.n, out);
    sv_openai_generation_close_frame(out);
    return sv_buf_status(out);
}

/* ---- Whole ---- */

static sv_status collect_text(void *arg, sv_str text)
{
    chat_choice *choice = arg;
    return sv_buf_append_str(&choice->written, text);
}

/* Calls beyond those that there is room for are dropped. */
static sv_status collect_call(void *arg, size_t index, sv_str name)
{
    chat_choice *choice = arg;
    sv_arena *arena = choice->job->generation.answer.work.call->arena;
    if (index >= SV_OPENAI_MAX_TOOLS)
        return SV_OK;
    if (!choice->found)
        choice->found = sv_arena_alloc_array(arena, SV_OPENAI_MAX_TOOLS, sizeof *choice->found);
    if (!choice->found)
        return SV_NO_MEMORY;
    sv_openai_call *call = &choice->found[choice->n_found++];
    call->name = sv_openai_tools_find(choice->calls.tools, name)->name; /* `name` is the reader's */
    sv_openai_answer_make_call_id(call->id);
    return SV_OK;
}

static sv_status collect_arguments(void *arg, size_t index, sv_str piece)
{
    chat_choice *choice = arg;
    if (index >= choice->n_found)
        return SV_OK;
    choice->found[index].arguments.len += piece.len;
    return sv_buf_append_str(&choice->written, piece);
}

static sv_status collect(chat_choice *choice, sv_str text, sv_openai_choice_answer *answer)
{
    sv_buf_init(&choice->written, MAX_TEXT_BYTES);
    sv_status status = sv_openai_calls_add(&choice->calls, text);
    if (!status)
        status = sv_openai_calls_end(&choice->calls);
    const char *at = choice->written.ptr;
    for (size_t i = 0; i < choice->n_found; at += choice->found[i++].arguments.len)
        choice->found[i].arguments.ptr = at;
    answer->text = choice->n_found ? (sv_str){0} : sv_buf_str(&choice->written);
    answer->calls = choice->found;
    answer->n_calls = choice->n_found;
    return status;
}

static sv_status answer_whole(sv_generation_answer *answer, const sv_generation_part *parts)
{
    chat_job *job = get_job(answer);
    sv_openai_choice_answer choices[SV_OPENAI_MAX_CHOICES] = {0};
    sv_openai_logprobs logprobs[SV_OPENAI_MAX_CHOICES];
    sv_status status = SV_OK;
    for (size_t i = 0; i < answer->n_choices && !status; i++) {
        choices[i] = (sv_openai_choice_answer){.text = parts[i].text, .finish = parts[i].finish};
        choices[i].logprobs =
            sv_openai_generation_logprobs(&job->generation, &parts[i], 0, &logprobs[i]);
        if (job->choices)
            status = collect(&job->choices[i], parts[i].text, &choices[i]);
    }
    if (!status)
        status = sv_openai_generation_respond(&job->generation, choices);
    for (size_t i = 0; job->choices && i < answer->n_choices; i++)
        sv_buf_deinit(&job->choices[i].written);
    return status;
}

static const sv_answer_format format = {.heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS,
                                        .begin = put_roles,
                                        .part = put_part,
                                        .end = sv_openai_generation_end,
                                        .fail = sv_openai_generation_fail,
                                        .whole = answer_whole};

/* ---- The way in ---- */

static sv_status prepare_calls(chat_job *job)
{
    static const sv_openai_calls_sink streamed = {stream_text, stream_call, stream_arguments, NULL};
    static const sv_openai_calls_sink collected = {collect_text, collect_call, collect_arguments,
                                                   NULL};
    const sv_openai_tools *tools = &job->asked.tools;
    size_t n = (size_t)job->asked.ask.n;
    if (!tools->n || tools->choice == SV_OPENAI_CHOICE_NONE)
        return SV_OK;
    job->choices =
        sv_arena_alloc_array(job->generation.answer.work.call->arena, n, sizeof *job->choices);
    if (!job->choices)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        chat_choice *choice = &job->choices[i];
        *choice = (chat_choice){.job = job, .index = i};
        choice->calls.tools = tools;
        choice->calls.sink = job->asked.ask.streams ? streamed : collected;
        choice->calls.sink.arg = choice;
    }
    return SV_OK;
}

static sv_status read_conversation(const chat_job *job, sv_error *error, sv_buf *tokens)
{
    const sv_model_work *work = &job->generation.answer.work;
    const sv_chat_message *messages;
    size_t n;
    sv_status status = sv_openai_tools_apply(work->call->arena, &job->asked.messages,
                                             &job->asked.tools, &messages, &n);
    if (!status)
        status =
            sv_task_generation_read_chat(&work->instance->generation, messages, n, error, tokens);
    return status;
}

static sv_status start(chat_job *job, const sv_buf *tokens)
{
    sv_call *call = job->generation.answer.work.call;
    sv_openai_prompt prompt = {.tokens = (const sv_token *)(const void *)tokens->ptr,
                               .n_tokens = tokens->len / sizeof(sv_token)};
    sv_error error = {0};
    sv_str gbnf = {0};
    sv_status status =
        sv_openai_grammar_make(call->arena, &job->asked.ask, &job->asked.tools, &error, &gbnf);
    if (status)
        return sv_openai_fields_fail(call, status, &error);
    status = prepare_calls(job);
    return status ? status : sv_openai_generation_start(&job->generation, &prompt, 1, gbnf);
}

static sv_status begin(sv_model_work *work)
{
    chat_job *job = SV_CONTAINER_OF(work, chat_job, generation.answer.work);
    sv_error error = {0};
    sv_buf tokens;
    if (sv_relay_answer_takes(work->instance))
        return sv_relay_answer_begin(work, "/chat/completions");
    sv_status status = sv_openai_generation_open(&job->generation, SV_OPENAI_OBJECT_CHAT);
    if (status)
        return status;
    sv_buf_init(&tokens, ((size_t)work->instance->generation.n_context + 1) * sizeof(sv_token));
    status = read_conversation(job, &error, &tokens);
    status = status ? sv_openai_generation_refuse(&job->generation, status, "messages", &error)
                    : start(job, &tokens);
    sv_buf_deinit(&tokens);
    return status;
}

sv_status sv_openai_chat_completions(sv_call *call)
{
    chat_job *job = sv_alloc(call, sizeof *job);
    const sv_value *body;
    sv_error error = {0};
    if (!job)
        return SV_NO_MEMORY;
    sv_status status = sv_openai_fields_body(call, &body);
    if (status)
        return status;
    status = sv_openai_request_chat(call->arena, body, &error, &job->asked);
    if (status)
        return sv_openai_fields_fail(call, status, &error);
    job->generation.ask = &job->asked.ask;
    job->generation.answer.format = &format;
    job->generation.answer.work = (sv_model_work){.call = call, .begin = begin};
    return sv_openai_generation_find(&job->generation);
}
