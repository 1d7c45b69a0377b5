/* local_generation.c: texts by the language models of an application (<serval/model.h>): a handler
 * waits on its thread for what a generation makes. The model server's own answers hold no thread
 * (generation_answer.c). */
#include <serval/model.h>

#include <pthread.h>

#include "base/id.h"
#include "model/instance.h"
#include "web/call.h"

enum { MAX_TOKENS = 256, MAX_TEXT_BYTES = 1 << 26 };

/* One text on its way. */
typedef struct writing {
    const sv_generate_request *request;
    sv_generation *generation;
    sv_cancel *cancel; /* fired with the call's, and when on_text wants no more */
    sv_buf text;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool is_woken; /* guarded by lock */
} writing;

static void wake(sv_generation *generation, void *arg)
{
    (void)generation;
    writing *it = arg;
    pthread_mutex_lock(&it->lock);
    it->is_woken = true;
    pthread_cond_signal(&it->woken);
    pthread_mutex_unlock(&it->lock);
}

static void wait_for_more(writing *it)
{
    pthread_mutex_lock(&it->lock);
    while (!it->is_woken)
        pthread_cond_wait(&it->woken, &it->lock);
    it->is_woken = false;
    pthread_mutex_unlock(&it->lock);
}

static sv_status take_text(writing *it, sv_str piece)
{
    sv_status status = sv_buf_append_str(&it->text, piece);
    if (!status && piece.len && it->request->on_text)
        status = it->request->on_text(it->request->arg, piece);
    return status;
}

static sv_status end_status(const writing *it, sv_finish finish, sv_error *error)
{
    if (finish == SV_FINISH_CANCELLED)
        return SV_CANCELLED;
    if (finish != SV_FINISH_FAILED)
        return SV_OK;
    if (error)
        *error = it->generation->error;
    return it->generation->status;
}

/* Until the last part, also when nobody wants the rest. */
static sv_status follow(writing *it, sv_error *error, sv_finish *ret_finish)
{
    sv_status status = SV_OK;
    sv_generation_part part = {0};
    while (!part.finish) {
        if (!sv_generation_take(it->generation, &part)) {
            wait_for_more(it);
            continue;
        }
        if (!status)
            status = take_text(it, part.text);
        if (status)
            sv_cancel_fire(it->cancel, SV_CANCEL_REQUEST);
    }
    *ret_finish = part.finish;
    return status ? status : end_status(it, part.finish, error);
}

static void pass_on(void *cancel)
{
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
}

static sv_status submit(writing *it, sv_error *error)
{
    sv_work_refusal refusal;
    const sv_generation_task *task = &it->request->model->loaded->generation;
    sv_status status = sv_sequence_batch_submit(task->batch, it->generation, &refusal);
    if (!status)
        return SV_OK;
    sv_generation_drop(it->generation); /* the producer's hold */
    if (status != SV_UNAVAILABLE)
        return status;
    return sv_error_set(error, status, &sv_kind_server_overloaded,
                        "Too many texts are waited for; try again in %lld s",
                        (long long)refusal.retry_after_s);
}

static sv_status finish(writing *it, sv_call *call, sv_finish end, sv_generated *ret_generated)
{
    sv_str text = sv_arena_copy(call->arena, sv_buf_str(&it->text));
    if (!text.ptr)
        return SV_NO_MEMORY;
    *ret_generated = (sv_generated){.text = text,
                                    .is_complete = end == SV_FINISH_STOP,
                                    .n_prompt_tokens = it->generation->usage.n_prompt,
                                    .n_tokens = it->generation->usage.n_completion};
    return SV_OK;
}

static sv_status write_text(writing *it, sv_call *call, sv_error *error,
                            sv_generated *ret_generated)
{
    sv_finish end;
    sv_cancel_callback on_cancel = {.run = pass_on, .arg = it->cancel};
    it->generation->wake = wake;
    it->generation->arg = it;
    sv_buf_init(&it->text, MAX_TEXT_BYTES);
    pthread_mutex_init(&it->lock, NULL);
    pthread_cond_init(&it->woken, NULL);
    sv_cancel_add(call->cancel, &on_cancel);
    sv_status status = submit(it, error);
    if (!status)
        status = follow(it, error, &end);
    if (!status)
        status = finish(it, call, end, ret_generated);
    sv_cancel_remove(call->cancel, &on_cancel);
    pthread_cond_destroy(&it->woken);
    pthread_mutex_destroy(&it->lock);
    sv_buf_deinit(&it->text);
    sv_generation_drop(it->generation);
    return status;
}

static sv_status read_prompt(const sv_generate_request *request, sv_error *error, sv_buf *tokens)
{
    const sv_generation_task *task = &request->model->loaded->generation;
    sv_chat_message message = {SV_STR("user"), request->prompt};
    return request->is_message ? sv_task_generation_read_chat(task, &message, 1, error, tokens)
                               : sv_task_generation_read_text(task, request->prompt, error, tokens);
}

static void fill_sampling(const sv_generate_request *request, sv_sampling *sampling)
{
    *sampling = sv_sampling_defaults();
    sampling->temperature = request->temperature;
    sampling->seed = request->seed;
    if (!request->has_seed)
        sv_id_random(&sampling->seed, sizeof sampling->seed);
}

static sv_status make(writing *it, const sv_call *call, sv_error *error)
{
    const sv_generate_request *request = it->request;
    sv_generation_request wanted = {
        .stops = request->stops,
        .n_stops = request->n_stops,
        .max_tokens = (uint32_t)(request->max_tokens ? request->max_tokens : MAX_TOKENS),
        .first_deadline_ns = call->request.deadline_ns,
        .deadline_ns = SV_NEVER,
        .cancel = it->cancel};
    sv_buf tokens;
    sv_buf_init(&tokens, MAX_TEXT_BYTES);
    fill_sampling(request, &wanted.sampling);
    sv_status status = read_prompt(request, error, &tokens);
    wanted.prompt = (const sv_token *)(const void *)tokens.ptr;
    wanted.n_prompt = tokens.len / sizeof(sv_token);
    if (!status)
        status = sv_generation_new(&wanted, &it->generation);
    sv_buf_deinit(&tokens);
    return status;
}

sv_status sv_models_generate(sv_call *call, const sv_generate_request *request, sv_error *error,
                             sv_generated *ret_generated)
{
    if (!request->model->loaded->generation.model)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Model %.*s does not generate text", SV_STR_ARG(request->model->name));
    writing it = {.request = request, .cancel = sv_cancel_new()};
    if (!it.cancel)
        return SV_NO_MEMORY;
    sv_status status = make(&it, call, error);
    if (!status)
        status = write_text(&it, call, error, ret_generated);
    sv_cancel_unref(it.cancel);
    return status;
}
