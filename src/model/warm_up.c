/* warm_up.c: a grey picture, the word "warm", a row of zeros. */
#include "model/warm_up.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

/* One run, on its thread. */
typedef struct trial {
    sv_instance *instance;
    sv_error *error;
    int64_t until_ns; /* when the budget is spent */
    sv_cancel *cancel;
    sv_status status;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_over; /* guarded by lock */
} trial;

/* One input of zeros, by the outputs that the task reads. */
static sv_status run_zeros(const trial *it, const sv_tensor *like, const sv_tabular_task *table)
{
    const sv_engine_info *info = sv_engine_model_info(it->instance->loaded);
    sv_arena *arena = sv_arena_new(0);
    sv_tensor input = *like;
    sv_tensor_request request = {
        .inputs = &input, .n_inputs = 1, .arena = arena, .cancel = it->cancel};
    sv_tensors outputs;
    input.name = info->inputs[0].name;
    input.data = arena ? sv_arena_alloc(arena, like->size_bytes) : NULL;
    sv_status status = input.data ? SV_OK : SV_NO_MEMORY;
    if (!status && table)
        status = sv_task_tabular_prepare(table, &request, &request);
    if (!status)
        status = sv_task_tensor_run(it->instance->loaded, &request, it->error, &outputs);
    sv_arena_free(arena);
    return status;
}

static sv_status run_picture(const trial *it)
{
    const sv_image_task *task = &it->instance->image;
    sv_tensor like = {.dtype = task->dtype,
                      .shape = task->shape,
                      .size_bytes = sv_preprocess_tensor_bytes(&task->preprocess)};
    return run_zeros(it, &like, NULL);
}

/* A matrix of which the width is known. */
static sv_status run_table(const trial *it)
{
    const sv_engine_info *info = sv_engine_model_info(it->instance->loaded);
    const sv_tensor_spec *spec = &info->inputs[0];
    if (info->n_inputs != 1 || spec->shape.rank != 2 || spec->shape.dims[1] < 1 ||
        spec->dtype == SV_DTYPE_BYTES)
        return SV_OK;
    sv_tensor like = {.dtype = spec->dtype, .shape = SV_SHAPE(1, spec->shape.dims[1])};
    if (spec->shape.dims[0] > 0)
        like.shape.dims[0] = spec->shape.dims[0];
    sv_status status = sv_tensor_shape_bytes(&like.shape, like.dtype, &like.size_bytes);
    return status ? status : run_zeros(it, &like, &it->instance->tabular);
}

static sv_status run_text(const trial *it)
{
    static const sv_str text = SV_STR_INIT("warm");
    const sv_instance *instance = it->instance;
    sv_arena *arena = sv_arena_new(0);
    sv_text_request request = {.texts = &text, .n_texts = 1, .arena = arena, .cancel = it->cancel};
    sv_embeddings embeddings;
    sv_predictions predictions;
    if (!arena)
        return SV_NO_MEMORY;
    sv_status status = instance->task == SV_TASK_TEXT_EMBEDDING
                           ? sv_task_text_embed(&instance->text, instance->loaded, &request,
                                                it->error, &embeddings)
                           : sv_task_text_classify(&instance->text, instance->loaded, &request,
                                                   it->error, &predictions);
    sv_arena_free(arena);
    return status;
}

static sv_status run_task(const trial *it)
{
    switch (it->instance->task) {
    case SV_TASK_IMAGE_CLASSIFICATION:
        return run_picture(it);
    case SV_TASK_TEXT_EMBEDDING:
    case SV_TASK_TEXT_CLASSIFICATION:
        return run_text(it);
    case SV_TASK_TABULAR:
        return run_table(it);
    case SV_TASK_TEXT_GENERATION:
        return sv_task_generation_warm_up(&it->instance->generation, it->cancel, it->error);
    case SV_TASK_UNSET:
    case SV_TASK_TENSOR:
        break;
    }
    return SV_OK;
}

static bool is_text(const sv_instance *instance)
{
    return instance->task == SV_TASK_TEXT_EMBEDDING ||
           instance->task == SV_TASK_TEXT_CLASSIFICATION;
}

/* Of texts of one run nothing is known before it was tried. */
static void try_texts(const trial *it)
{
    sv_text_task tried = it->instance->text;
    sv_error error = {0};
    if (!is_text(it->instance))
        return;
    sv_status status = sv_task_text_find_max_rows(&tried, it->instance->loaded, it->cancel, &error);
    it->instance->text.max_rows = status ? 1 : tried.max_rows;
}

/* Some of the budget is left for what a run takes longer than expected. */
static void try_batches(const trial *it)
{
    int64_t left_ns = it->until_ns - sv_clock_now_ns(&sv_clock_system);
    sv_batch_plan_make(it->instance, left_ns / 4 * 3, it->cancel);
}

static void *run_thread(void *arg)
{
    trial *it = arg;
    it->status = run_task(it);
    if (!it->status) {
        try_texts(it);
        try_batches(it);
    }
    pthread_mutex_lock(&it->lock);
    it->is_over = true;
    pthread_cond_signal(&it->ended);
    pthread_mutex_unlock(&it->lock);
    return NULL;
}

/* Lets it run for as long as the budget lasts, then ends it. */
static void watch(trial *it)
{
    struct timespec until = {(time_t)(it->until_ns / SV_NS_PER_S),
                             (long)(it->until_ns % SV_NS_PER_S)};
    int waited = 0;
    pthread_mutex_lock(&it->lock);
    while (!it->is_over && !waited)
        waited = pthread_cond_timedwait(&it->ended, &it->lock, &until);
    bool is_late = !it->is_over;
    pthread_mutex_unlock(&it->lock);
    if (is_late)
        sv_cancel_fire(it->cancel, SV_CANCEL_DEADLINE);
}

static sv_status run_trial(trial *it, int64_t budget_ms)
{
    pthread_t thread;
    it->until_ns = sv_clock_now_ns(&sv_clock_system) + budget_ms * SV_NS_PER_MS;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&it->lock, NULL);
    pthread_cond_init(&it->ended, &monotonic);
    if (pthread_create(&thread, NULL, run_thread, it) == 0) {
        watch(it);
        pthread_join(thread, NULL);
    } else {
        it->status = sv_error_set(it->error, SV_UNAVAILABLE, NULL, "no thread can be started");
    }
    pthread_cond_destroy(&it->ended);
    pthread_mutex_destroy(&it->lock);
    pthread_condattr_destroy(&monotonic);
    return it->status;
}

/* What holds when nothing can be tried. */
static void assume_least(sv_instance *instance)
{
    if (is_text(instance))
        instance->text.max_rows = 1;
    sv_batch_plan_make(instance, 0, NULL);
}

sv_status sv_warm_up_run(sv_instance *instance, sv_error *error)
{
    int64_t budget_ms = sv_manifest_warm_up_ns(instance->files->manifest) / SV_NS_PER_MS;
    if (!budget_ms) {
        assume_least(instance);
        return SV_OK;
    }
    trial it = {.instance = instance, .error = error, .cancel = sv_cancel_new()};
    sv_status status = it.cancel ? run_trial(&it, budget_ms) : SV_NO_MEMORY;
    if (status)
        assume_least(instance);
    if (status == SV_CANCELLED)
        sv_error_set(error, status, NULL, "it did not end within %lld ms", (long long)budget_ms);
    else if (status && !error->message[0])
        sv_error_set(error, status, NULL, "%s", sv_status_text(status));
    sv_cancel_unref(it.cancel);
    return status;
}
