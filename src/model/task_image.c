/* task_image.c: picture bytes -> tensor -> scores -> the best labels, on one thread. */
#include "model/task_image.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* What one picture needs while it is worked on. */
typedef struct workplace {
    struct workplace *next;
    sv_media_scratch *media;
    void *tensor;
    size_t tensor_bytes;
} workplace;

struct sv_task_image_scratches {
    pthread_mutex_t lock;
    workplace *free; /* guarded by lock */
    workplace places[];
};

sv_task_image_scratches *sv_task_image_scratches_new(size_t n)
{
    sv_task_image_scratches *stack = calloc(1, sizeof *stack + n * sizeof(workplace));
    if (!stack)
        return NULL;
    pthread_mutex_init(&stack->lock, NULL);
    for (size_t i = 0; i < n; i++) {
        workplace *place = &stack->places[i];
        place->media = sv_media_scratch_new(0);
        place->next = stack->free;
        stack->free = place;
        if (!place->media) {
            sv_task_image_scratches_free(stack);
            return NULL;
        }
    }
    return stack;
}

void sv_task_image_scratches_free(sv_task_image_scratches *stack)
{
    if (!stack)
        return;
    for (workplace *place = stack->free; place; place = place->next) {
        sv_media_scratch_free(place->media);
        free(place->tensor);
    }
    pthread_mutex_destroy(&stack->lock);
    free(stack);
}

static workplace *take_place(sv_task_image_scratches *stack)
{
    pthread_mutex_lock(&stack->lock);
    workplace *place = stack->free;
    if (place)
        stack->free = place->next;
    pthread_mutex_unlock(&stack->lock);
    return place;
}

static void give_place_back(sv_task_image_scratches *stack, workplace *place)
{
    pthread_mutex_lock(&stack->lock);
    place->next = stack->free;
    stack->free = place;
    pthread_mutex_unlock(&stack->lock);
}

static bool make_room(workplace *place, size_t size_bytes)
{
    if (place->tensor_bytes >= size_bytes)
        return true;
    free(place->tensor);
    place->tensor = malloc(size_bytes);
    place->tensor_bytes = place->tensor ? size_bytes : 0;
    return place->tensor != NULL;
}

static void add_stage(sv_timeline *timeline, sv_stage stage, int64_t *since_ns)
{
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    if (timeline)
        timeline->stage_ns[stage] += now - *since_ns;
    *since_ns = now;
}

static sv_status rank_output(const sv_image_task *task, const sv_tensor *output,
                             const sv_image_request *request, sv_error *error,
                             sv_predictions *ret_predictions)
{
    const sv_scores_rules rules = {.labels = &task->labels,
                                   .softmax = task->softmax,
                                   .top_k = request->top_k ? request->top_k : task->top_k};
    size_t n = output->dtype == SV_DTYPE_FP32 ? output->size_bytes / sizeof(float) : 0;
    return sv_scores_rank(&rules, (sv_scores_row){output->data, n}, request->arena, error,
                          ret_predictions);
}

/* The picture as the model takes it, into `room`. */
static sv_status decode(const sv_image_task *task, const sv_image_request *request,
                        sv_media_scratch *media, sv_preprocess_room room, sv_error *error)
{
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_image_context context = {
        .limits = &task->limits, .scratch = media, .cancel = request->cancel};
    sv_status status =
        sv_preprocess_run(&task->preprocess, request->picture, &context, room, error);
    add_stage(request->timeline, SV_STAGE_DECODE, &since);
    return status;
}

static sv_tensor describe_input(const sv_image_task *task, const sv_engine_info *info,
                                sv_preprocess_room room)
{
    return (sv_tensor){.name = info->inputs[0].name,
                       .dtype = task->dtype,
                       .shape = task->shape,
                       .data = room.ptr,
                       .size_bytes = room.size_bytes};
}

static sv_status run_model(sv_engine_model *model, const sv_tensor *input,
                           const sv_image_request *request, sv_error *error,
                           sv_engine_result *ret_result)
{
    sv_engine_output output = {.name = sv_engine_model_info(model)->outputs[0].name};
    sv_engine_request run = {.inputs = input,
                             .n_inputs = 1,
                             .outputs = &output,
                             .n_outputs = 1,
                             .cancel = request->cancel};
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_status status = sv_engine_run(model, &run, error, ret_result);
    add_stage(request->timeline, SV_STAGE_INFER, &since);
    return sv_task_tensor_own_up(status, error);
}

/* What is asked of whom. */
typedef struct classification {
    const sv_image_task *task;
    sv_engine_model *model;
    const sv_image_request *request;
} classification;

/* Decodes into memory that stays at `place`, runs and ranks. */
static sv_status classify(const classification *it, workplace *place, sv_error *error,
                          sv_predictions *ret_predictions)
{
    sv_preprocess_room room = {.size_bytes = sv_preprocess_tensor_bytes(&it->task->preprocess)};
    if (!make_room(place, room.size_bytes))
        return SV_NO_MEMORY;
    room.ptr = place->tensor;
    sv_status status = decode(it->task, it->request, place->media, room, error);
    if (status)
        return status;
    sv_engine_result result = {0};
    sv_tensor input = describe_input(it->task, sv_engine_model_info(it->model), room);
    status = run_model(it->model, &input, it->request, error, &result);
    if (!status)
        status = rank_output(it->task, &result.outputs[0], it->request, error, ret_predictions);
    sv_engine_result_deinit(&result);
    return status;
}

sv_status sv_task_image_run(const sv_image_task *task, sv_engine_model *model,
                            const sv_image_request *request, sv_error *error,
                            sv_predictions *ret_predictions)
{
    workplace *place = take_place(task->scratches);
    if (!place)
        return SV_UNAVAILABLE; /* more pictures at once than the scratches were made for */
    classification it = {task, model, request};
    sv_status status = classify(&it, place, error, ret_predictions);
    give_place_back(task->scratches, place);
    return status;
}

sv_status sv_task_image_prepare(const sv_image_task *task, const sv_engine_info *info,
                                const sv_image_request *request, sv_error *error,
                                sv_tensor_request *ret_prepared)
{
    sv_preprocess_room room = {.size_bytes = sv_preprocess_tensor_bytes(&task->preprocess)};
    sv_tensor *input = sv_arena_alloc(request->arena, sizeof *input);
    sv_str *output = sv_arena_alloc(request->arena, sizeof *output);
    room.ptr = sv_arena_alloc_raw(request->arena, room.size_bytes);
    if (!input || !output || !room.ptr)
        return SV_NO_MEMORY;
    workplace *place = take_place(task->scratches);
    if (!place)
        return SV_UNAVAILABLE;
    sv_status status = decode(task, request, place->media, room, error);
    give_place_back(task->scratches, place);
    if (status)
        return status;
    *input = describe_input(task, info, room);
    *output = info->outputs[0].name;
    *ret_prepared = (sv_tensor_request){.inputs = input,
                                        .n_inputs = 1,
                                        .outputs = output,
                                        .n_outputs = 1,
                                        .arena = request->arena,
                                        .cancel = request->cancel,
                                        .timeline = request->timeline};
    return SV_OK;
}

sv_status sv_task_image_finish(const sv_image_task *task, const sv_image_request *request,
                               const sv_tensors *outputs, sv_error *error,
                               sv_predictions *ret_predictions)
{
    return rank_output(task, &outputs->items[0], request, error, ret_predictions);
}
