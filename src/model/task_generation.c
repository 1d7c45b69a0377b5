/* task_generation.c: a language model with its batch of answers; what clients say -> prompts. */
#include "model/task_generation.h"

#include "base/clock.h"
#include "engine/chat_prompt.h"

static const uint64_t MAX_MEMORY = (uint64_t)1 << 30; /* when nothing is said of the context */
enum { MIN_CONTEXT = 1024 };

/* Nobody who tries a model out should lose gigabytes to answers that never come. */
static uint32_t pick_context(const sv_text_info *info, const struct manifest_generation *from,
                             uint32_t n_sequences)
{
    if (from && from->context.set)
        return (uint32_t)from->context.value;
    uint32_t n = info->n_context < SV_GENERATION_MAX_CONTEXT ? (uint32_t)info->n_context
                                                             : SV_GENERATION_MAX_CONTEXT;
    while (n / 2 >= MIN_CONTEXT && sv_sequence_batch_memory(info, n_sequences, n) > MAX_MEMORY)
        n /= 2;
    return n;
}

static sv_status keep_template(sv_arena *arena, const struct manifest_generation *from,
                               sv_generation_task *task)
{
    if (!from || !from->chat_template.set)
        return SV_OK;
    task->chat_template = sv_arena_copy(arena, from->chat_template.value).ptr;
    return task->chat_template ? SV_OK : SV_NO_MEMORY;
}

static void explain(const sv_generation_task *task, sv_buf *reasons)
{
    const sv_text_info *info = sv_text_info_of(task->model);
    sv_buf_printf(reasons, "a language model (%s): %u answers of up to %u tokens at once\n",
                  info->description, task->n_sequences, task->n_context);
    if (!task->chat_template && !info->chat_template_name)
        sv_buf_printf(reasons, "warning: %s; conversations are written as ChatML\n",
                      info->chat_template ? "the file's chat template is not known"
                                          : "the file has no chat template");
}

sv_status sv_task_generation_open(const sv_task_generation_config *config, sv_arena *arena,
                                  sv_buf *reasons, sv_error *error, sv_generation_task *ret_task)
{
    const struct manifest_generation *from = config->manifest;
    const sv_text_info *info = sv_text_info_of(config->model);
    sv_generation_task task = {.model = config->model, .n_sequences = SV_GENERATION_SEQUENCES};
    if (from && from->sequences.set)
        task.n_sequences = (uint32_t)from->sequences.value;
    task.n_context = pick_context(info, from, task.n_sequences);
    sv_sequence_batch_config batch = {.model = config->model,
                                      .n_sequences = task.n_sequences,
                                      .n_context = task.n_context,
                                      .threads = config->threads,
                                      .max_gap_ns = from ? from->max_gap.ns : 0,
                                      .max_waiting = from && from->waiting.set
                                                         ? (size_t)from->waiting.value
                                                         : SV_GENERATION_WAITING};
    sv_status status = keep_template(arena, from, &task);
    if (!status)
        status = sv_sequence_batch_new(&batch, error, &task.batch);
    if (status)
        return status;
    explain(&task, reasons);
    *ret_task = task;
    return SV_OK;
}

void sv_task_generation_close(sv_generation_task *task)
{
    sv_sequence_batch_free(task->batch);
    *task = (sv_generation_task){0};
}

uint64_t sv_task_generation_memory(const sv_generation_task *task)
{
    return sv_sequence_batch_memory(sv_text_info_of(task->model), task->n_sequences,
                                    task->n_context);
}

sv_status sv_task_generation_refuse_length(const sv_generation_task *task, size_t n,
                                           sv_error *error)
{
    if (n == 0)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "The prompt has no tokens");
    return sv_error_set(error, SV_TOO_LARGE, &sv_kind_invalid_input,
                        "The prompt has %s%zu tokens, but the context of this model has %u, of "
                        "which the answer needs at least 1",
                        n > task->n_context ? "at least " : "", n, task->n_context);
}

/* What was read fits; `status` is the reading's. */
static sv_status check_length(const sv_generation_task *task, sv_status status, sv_error *error,
                              const sv_buf *tokens)
{
    size_t n = tokens->len / sizeof(sv_token);
    if (status == SV_TOO_LARGE)
        return sv_task_generation_refuse_length(task, (size_t)task->n_context + 1, error);
    return status || (n && n < task->n_context) ? status
                                                : sv_task_generation_refuse_length(task, n, error);
}

sv_status sv_task_generation_read_text(const sv_generation_task *task, sv_str text, sv_error *error,
                                       sv_buf *tokens)
{
    sv_tokenize_options options = {.begins = true, .max_tokens = task->n_context};
    sv_status status = sv_text_tokenize(task->model, text, &options, tokens);
    return check_length(task, status, error, tokens);
}

sv_status sv_task_generation_read_chat(const sv_generation_task *task,
                                       const sv_chat_message *messages, size_t n, sv_error *error,
                                       sv_buf *tokens)
{
    sv_chat_prompt prompt = {.messages = messages,
                             .n_messages = n,
                             .template_text = task->chat_template,
                             .opens_answer = true,
                             .max_tokens = task->n_context};
    sv_status status = sv_chat_prompt_tokens(task->model, &prompt, error, tokens);
    return check_length(task, status, error, tokens);
}

/* ---- Warming up ---- */

typedef struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over; /* guarded by lock */
} waiter;

static void note_end(sv_generation *generation, void *arg)
{
    (void)generation;
    waiter *it = arg;
    pthread_mutex_lock(&it->lock);
    it->is_over = true;
    pthread_cond_signal(&it->ended);
    pthread_mutex_unlock(&it->lock);
}

static sv_status wait_for(waiter *it, sv_generation *generation, sv_error *error)
{
    sv_generation_part part = {0};
    pthread_mutex_lock(&it->lock);
    while (!it->is_over)
        pthread_cond_wait(&it->ended, &it->lock);
    pthread_mutex_unlock(&it->lock);
    while (!part.finish && sv_generation_take(generation, &part))
        continue;
    if (part.finish == SV_FINISH_FAILED && error)
        *error = generation->error;
    return part.finish == SV_FINISH_FAILED      ? generation->status
           : part.finish == SV_FINISH_CANCELLED ? SV_CANCELLED
                                                : SV_OK;
}

static sv_status run_prompt(const sv_generation_task *task, const sv_generation_request *request,
                            sv_error *error)
{
    waiter it = {.is_over = false};
    sv_generation *generation;
    sv_work_refusal refusal;
    sv_status status = sv_generation_new(request, &generation);
    if (status)
        return status;
    pthread_mutex_init(&it.lock, NULL);
    pthread_cond_init(&it.ended, NULL);
    generation->wake = note_end;
    generation->arg = &it;
    status = sv_sequence_batch_submit(task->batch, generation, &refusal);
    if (status)
        sv_generation_drop(generation);
    else
        status = wait_for(&it, generation, error);
    sv_generation_drop(generation);
    pthread_cond_destroy(&it.ended);
    pthread_mutex_destroy(&it.lock);
    return status;
}

sv_status sv_task_generation_warm_up(const sv_generation_task *task, sv_cancel *cancel,
                                     sv_error *error)
{
    sv_buf tokens;
    sv_buf_init(&tokens, (size_t)task->n_context * sizeof(sv_token));
    sv_status status = sv_task_generation_read_text(task, SV_STR("warm up"), error, &tokens);
    sv_generation_request request = {.prompt = (const sv_token *)(const void *)tokens.ptr,
                                     .n_prompt = tokens.len / sizeof(sv_token),
                                     .sampling = sv_sampling_defaults(),
                                     .max_tokens = 2,
                                     .is_collected = true,
                                     .first_deadline_ns = SV_NEVER,
                                     .deadline_ns = SV_NEVER,
                                     .cancel = cancel};
    if (!status)
        status = run_prompt(task, &request, error);
    sv_buf_deinit(&tokens);
    return status;
}
