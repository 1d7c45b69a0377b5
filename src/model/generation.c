/* generation.c: the pipe of one answer. Making text and sending it are others' affair. */
#include "model/generation.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* A request is bounded by the body that it came in; an answer by the context of its model. */
static const size_t MAX_REQUEST_BYTES = (size_t)64 << 20, MAX_ANSWER_BYTES = (size_t)64 << 20;

static void *copy_array(sv_arena *arena, const void *items, size_t n, size_t size)
{
    void *copy = sv_arena_alloc_array(arena, n ? n : 1, size);
    if (copy && n)
        memcpy(copy, items, n * size);
    return copy;
}

static sv_status keep_ask(sv_arena *arena, sv_generation_ask *ask)
{
    ask->body = sv_arena_copy(arena, ask->body);
    ask->name = sv_arena_copy(arena, ask->name);
    return ask->body.ptr && ask->name.ptr ? SV_OK : SV_NO_MEMORY;
}

/* All that the request points to moves into the arena. */
static sv_status keep_request(sv_arena *arena, sv_generation_request *request)
{
    request->prompt = copy_array(arena, request->prompt, request->n_prompt, sizeof(sv_token));
    request->sampling.biases =
        copy_array(arena, request->sampling.biases, request->sampling.n_biases,
                   sizeof *request->sampling.biases);
    sv_str *stops = copy_array(arena, request->stops, request->n_stops, sizeof *stops);
    if (!request->prompt || !request->sampling.biases || !stops)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < request->n_stops; i++) {
        stops[i] = sv_arena_copy(arena, stops[i]);
        if (!stops[i].ptr)
            return SV_NO_MEMORY;
    }
    request->stops = stops;
    if (request->ask.path && keep_ask(arena, &request->ask))
        return SV_NO_MEMORY;
    if (request->grammar.len == 0)
        return SV_OK;
    request->grammar = sv_arena_copy(arena, request->grammar);
    return request->grammar.ptr ? SV_OK : SV_NO_MEMORY;
}

static bool is_sound(const sv_generation_request *request)
{
    return (request->n_prompt > 0 || request->ask.path) && request->max_tokens > 0 &&
           request->n_stops <= SV_GENERATION_MAX_STOPS &&
           request->n_top_logprobs <= SV_SAMPLER_MAX_TOP_LOGPROBS &&
           request->sampling.n_biases <= SV_SAMPLER_MAX_BIASES;
}

static void free_all(sv_generation *generation)
{
    sv_buf_deinit(&generation->text);
    sv_buf_deinit(&generation->tokens);
    sv_buf_deinit(&generation->taken_text);
    sv_buf_deinit(&generation->taken_tokens);
    sv_cancel_unref(generation->request.cancel);
    pthread_mutex_destroy(&generation->lock);
    sv_arena_free(generation->arena);
    free(generation);
}

sv_status sv_generation_new(const sv_generation_request *request, sv_generation **ret_generation)
{
    if (!is_sound(request))
        return SV_INVALID;
    sv_generation *generation = calloc(1, sizeof *generation);
    sv_arena *arena = generation ? sv_arena_new(MAX_REQUEST_BYTES) : NULL;
    if (!arena) {
        free(generation);
        return SV_NO_MEMORY;
    }
    generation->arena = arena;
    generation->request = *request;
    generation->request.cancel = request->cancel ? sv_cancel_ref(request->cancel) : NULL;
    generation->stop_index = -1;
    atomic_init(&generation->holders, 2);
    pthread_mutex_init(&generation->lock, NULL);
    sv_buf_init(&generation->text, MAX_ANSWER_BYTES);
    sv_buf_init(&generation->tokens, MAX_ANSWER_BYTES);
    sv_buf_init(&generation->taken_text, MAX_ANSWER_BYTES);
    sv_buf_init(&generation->taken_tokens, MAX_ANSWER_BYTES);
    sv_status status = keep_request(arena, &generation->request);
    if (status)
        free_all(generation);
    else
        *ret_generation = generation;
    return status;
}

void sv_generation_drop(sv_generation *generation)
{
    if (generation && atomic_fetch_sub(&generation->holders, 1) == 1)
        free_all(generation);
}

static void swap(sv_buf *a, sv_buf *b)
{
    sv_buf old = *a;
    *a = *b;
    *b = old;
}

bool sv_generation_take(sv_generation *generation, sv_generation_part *ret_part)
{
    sv_buf_clear(&generation->taken_text);
    sv_buf_clear(&generation->taken_tokens);
    pthread_mutex_lock(&generation->lock);
    swap(&generation->text, &generation->taken_text);
    swap(&generation->tokens, &generation->taken_tokens);
    sv_finish finish = generation->finish;
    sv_str text = sv_buf_str(&generation->taken_text);
    size_t n_tokens = generation->taken_tokens.len / sizeof(sv_generation_token);
    bool is_something = text.len || n_tokens || finish;
    if (!is_something)
        generation->is_awake = false;
    if (generation->is_resting && !finish) /* with the lock: the producer may be gone after it */
        generation->resumed(generation);
    generation->is_resting = false;
    pthread_mutex_unlock(&generation->lock);
    if (!is_something)
        return false;
    *ret_part = (sv_generation_part){
        .text = text,
        .tokens = (const sv_generation_token *)(void *)generation->taken_tokens.ptr,
        .n_tokens = n_tokens,
        .finish = finish};
    return true;
}

bool sv_generation_has_room(sv_generation *generation)
{
    if (generation->request.is_collected)
        return true;
    pthread_mutex_lock(&generation->lock);
    bool has_room = generation->text.len < SV_GENERATION_MAX_UNREAD &&
                    generation->tokens.len < SV_GENERATION_MAX_UNREAD_TOKENS;
    generation->is_resting = !has_room;
    pthread_mutex_unlock(&generation->lock);
    return has_room;
}

/* With the lock held, so that who has taken the last part is not told any more. */
static void wake(sv_generation *generation)
{
    if (generation->is_awake || (!generation->finish && generation->request.is_collected))
        return;
    generation->is_awake = true;
    generation->wake(generation, generation->arg);
}

sv_status sv_generation_put(sv_generation *generation, sv_str text,
                            const sv_generation_token *token)
{
    if (text.len == 0 && !token)
        return SV_OK;
    pthread_mutex_lock(&generation->lock);
    sv_status status = sv_buf_append_str(&generation->text, text);
    if (!status && token)
        status = sv_buf_append(&generation->tokens, token, sizeof *token);
    if (!status)
        wake(generation);
    pthread_mutex_unlock(&generation->lock);
    return status;
}

static void finish_with(sv_generation *generation, sv_finish finish)
{
    generation->times.finished_ns = sv_clock_now_ns(&sv_clock_system);
    pthread_mutex_lock(&generation->lock);
    generation->finish = finish;
    wake(generation);
    pthread_mutex_unlock(&generation->lock);
}

void sv_generation_finish(sv_generation *generation, sv_finish finish)
{
    finish_with(generation, finish);
}

void sv_generation_fail(sv_generation *generation, sv_status status, const sv_error *error)
{
    generation->status = status;
    if (error)
        generation->error = *error;
    finish_with(generation, SV_FINISH_FAILED);
}
