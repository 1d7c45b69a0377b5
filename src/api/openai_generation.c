/* openai_generation.c: from what a client of OpenAI's API asks to generations, and the frames of
 * what they write. */
#include "api/openai_generation.h"

#include "api/openai_models.h"
#include "http/event_stream.h"
#include "http/mw_error.h"

static const size_t MAX_ANSWER_BYTES = (size_t)256 << 20;

sv_openai_generation *sv_openai_generation_of(sv_generation_answer *answer)
{
    return SV_CONTAINER_OF(answer, sv_openai_generation, answer);
}

/* ---- The way in ---- */

sv_status sv_openai_generation_find(sv_openai_generation *generation)
{
    sv_model_work *work = &generation->answer.work;
    sv_call *call = work->call;
    sv_wish wish = {.task = SV_TASK_TEXT_GENERATION};
    sv_status status = sv_openai_models_wish(call, generation->ask->model, &wish);
    if (!status)
        status = sv_openai_models_blame(call, sv_model_work_start(work, &wish));
    return status;
}

/* `arg` is the model. Control tokens have names here. */
static sv_status write_piece(void *arg, sv_token token, sv_buf *bytes)
{
    return sv_text_piece(arg, token, true, bytes);
}

/* A bias on a token that the model does not have is a mistake. */
static sv_status check_biases(const sv_openai_ask *ask, const sv_text_info *info, sv_error *error)
{
    for (size_t i = 0; i < ask->sampling.n_biases; i++)
        if (ask->sampling.biases[i].token >= info->n_vocabulary)
            return sv_openai_fields_refuse(
                error, "logit_bias",
                "Invalid 'logit_bias': the model has %d tokens, and no token %d.",
                info->n_vocabulary, ask->sampling.biases[i].token);
    return SV_OK;
}

sv_status sv_openai_generation_open(sv_openai_generation *generation, sv_openai_object object)
{
    sv_model_work *work = &generation->answer.work;
    const sv_generation_task *task = &work->instance->generation;
    sv_error error = {0};
    sv_status status = SV_OK;
    if (!task->model)
        status = sv_openai_fields_refuse(
            &error, "model", "The model '%.*s' does not generate text: its task is %s.",
            SV_STR_ARG(work->model->name), sv_manifest_task_name(work->instance->task));
    else if (generation->ask->not_here)
        status = sv_openai_fields_refuse(
            &error, generation->ask->not_here,
            "'%s' is not supported here: use 'response_format', 'tools' or 'stop'.",
            generation->ask->not_here);
    else
        status = check_biases(generation->ask, sv_text_info_of(task->model), &error);
    if (status)
        return sv_openai_fields_fail(work->call, status, &error);
    generation->answer.is_stream = generation->ask->streams;
    generation->pieces = (sv_openai_pieces){write_piece, task->model};
    status = sv_openai_answer_new(work->call->arena, object, work->model->name, &generation->words);
    generation->words.has_usage = generation->ask->includes_usage;
    return status;
}

sv_status sv_openai_generation_refuse(sv_openai_generation *generation, sv_status status,
                                      const char *param, sv_error *error)
{
    if (status == SV_TOO_LARGE)
        error->kind = &sv_openai_context_length;
    if (status == SV_TOO_LARGE || status == SV_INVALID) {
        status = SV_INVALID;
        sv_error_set_path(error, "%s", param);
    }
    return sv_openai_fields_fail(generation->answer.work.call, status, error);
}

sv_status sv_openai_generation_start(sv_openai_generation *generation,
                                     const sv_openai_prompt *prompts, size_t n_prompts, sv_str gbnf)
{
    sv_generation_request requests[SV_GENERATION_ANSWER_MAX_CHOICES];
    const sv_openai_ask *ask = generation->ask;
    uint32_t n_context = generation->answer.work.instance->generation.n_context;
    size_t n_each = (size_t)ask->n, n = n_prompts * n_each;
    for (size_t i = 0; i < n; i++) {
        const sv_openai_prompt *prompt = &prompts[i / n_each];
        requests[i] = (sv_generation_request){.prompt = prompt->tokens,
                                              .n_prompt = prompt->n_tokens,
                                              .max_tokens = n_context,
                                              .grammar = gbnf};
        sv_openai_request_fill(ask, i % n_each, &requests[i]);
    }
    generation->answer.n_each = n_each;
    return sv_generation_answer_start(&generation->answer, requests, n);
}

/* ---- The way out ---- */

const sv_openai_logprobs *sv_openai_generation_logprobs(const sv_openai_generation *generation,
                                                        const sv_generation_part *part,
                                                        size_t text_offset,
                                                        sv_openai_logprobs *room)
{
    if (!generation->ask->has_logprobs)
        return NULL;
    *room = (sv_openai_logprobs){.tokens = part->tokens,
                                 .n_tokens = part->n_tokens,
                                 .pieces = &generation->pieces,
                                 .text_offset = text_offset};
    return room;
}

void sv_openai_generation_open_frame(sv_buf *out)
{
    sv_buf_append_str(out, SV_STR("data: "));
}

void sv_openai_generation_close_frame(sv_buf *out)
{
    sv_buf_append_str(out, SV_STR("\n\n"));
}

sv_status sv_openai_generation_end(sv_generation_answer *answer, sv_buf *out)
{
    const sv_openai_generation *generation = sv_openai_generation_of(answer);
    if (generation->ask->includes_usage) {
        sv_generation_usage usage = sv_generation_answer_usage(answer);
        sv_openai_generation_open_frame(out);
        sv_openai_answer_usage(&generation->words, &usage, out);
        sv_openai_generation_close_frame(out);
    }
    return sv_buf_append_str(out, SV_STR("data: [DONE]\n\n"));
}

sv_status sv_openai_generation_fail(sv_generation_answer *answer, const sv_error *error,
                                    sv_buf *out)
{
    sv_call *call = answer->work.call;
    (void)sv_call_fail_with(call, answer->status, error);
    sv_failure failure = {.kind = call->result.failure, .message = call->result.message};
    sv_openai_generation_open_frame(out);
    sv_buf_append_str(out, sv_mw_error_format(call->exchange, &failure));
    sv_openai_generation_close_frame(out);
    return sv_buf_status(out);
}

sv_status sv_openai_generation_respond(sv_openai_generation *generation,
                                       const sv_openai_choice_answer *choices)
{
    sv_generation_answer *answer = &generation->answer;
    sv_generation_usage usage = sv_generation_answer_usage(answer);
    sv_buf buf;
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_openai_answer_write(&generation->words, choices, answer->n_choices, &usage, &buf);
    sv_status status = sv_buf_status(&buf);
    if (!status)
        status = sv_call_respond_json(answer->work.call, &buf);
    sv_buf_deinit(&buf);
    return status;
}
