/* shadow_task.c: copying, running and comparing, for each task. */
#include "api/shadow_task.h"

#include <string.h>

#include "api/shadow.h"
#include "model/shadow_match.h"

/* Copying. NULL pointers: no room. */

static void *copy_bytes(sv_arena *arena, const void *from, size_t size)
{
    void *to = sv_arena_alloc_raw(arena, size);
    if (to && size)
        memcpy(to, from, size);
    return to;
}

static sv_str *copy_texts(sv_arena *arena, const sv_str *from, size_t n)
{
    sv_str *to = sv_arena_alloc_array(arena, n, sizeof *to);
    for (size_t i = 0; i < n && to; i++) {
        to[i] = sv_arena_copy(arena, from[i]);
        if (!to[i].ptr)
            return NULL;
    }
    return to;
}

static sv_tensor *copy_tensors(sv_arena *arena, const sv_tensor *from, size_t n)
{
    sv_tensor *to = sv_arena_alloc_array(arena, n, sizeof *to);
    for (size_t i = 0; i < n && to; i++) {
        size_t size = from[i].size_bytes;
        to[i] = from[i];
        to[i].keys = NULL;
        to[i].name = sv_arena_copy(arena, from[i].name);
        to[i].data = from[i].dtype == SV_DTYPE_BYTES
                         ? copy_texts(arena, from[i].data, size / sizeof(sv_str))
                         : copy_bytes(arena, from[i].data, size);
        if (!to[i].name.ptr || !to[i].data)
            return NULL;
    }
    return to;
}

static bool copy_label(sv_arena *arena, sv_str label, double confidence, sv_shadow_label *to)
{
    *to = (sv_shadow_label){sv_arena_copy(arena, label), confidence};
    return to->label.ptr;
}

/* The best of each list. */
static sv_shadow_label *copy_best(sv_arena *arena, const sv_predictions *lists, size_t n)
{
    sv_shadow_label *to = sv_arena_alloc_array(arena, n, sizeof *to);
    for (size_t i = 0; i < n && to; i++)
        if (!lists[i].len ||
            !copy_label(arena, lists[i].items[0].label, lists[i].items[0].confidence, &to[i]))
            return NULL;
    return to;
}

static sv_shadow_label *copy_rows(sv_arena *arena, const sv_tabular_predictions *rows)
{
    sv_shadow_label *to = sv_arena_alloc_array(arena, rows->len, sizeof *to);
    for (size_t i = 0; i < rows->len && to; i++) {
        const sv_tabular_prediction *row = &rows->items[i];
        if (!copy_label(arena, row->label, row->has_scores ? row->confidence : 0, &to[i]))
            return NULL;
    }
    return to;
}

static sv_status refuse_task(sv_error *error)
{
    return sv_error_set(error, SV_FAILED, NULL, "the shadow version has another task");
}

/* Pictures. */

typedef struct picture_copy {
    sv_shadow shadow;
    sv_str picture;
    sv_shadow_label *real;
} picture_copy;

static sv_status run_picture(sv_shadow *shadow, sv_error *error, bool *ret_is_same)
{
    const picture_copy *copy = SV_CONTAINER_OF(shadow, picture_copy, shadow);
    sv_instance *instance = shadow->instance;
    sv_image_request request = {.picture = copy->picture,
                                .top_k = 1,
                                .arena = shadow->arena,
                                .cancel = shadow->cancel,
                                .timeline = &shadow->timeline};
    sv_predictions found;
    if (instance->task != SV_TASK_IMAGE_CLASSIFICATION)
        return refuse_task(error);
    sv_status status =
        sv_task_image_run(&instance->image, instance->loaded, &request, error, &found);
    if (status)
        return status;
    sv_shadow_label mine = {found.items[0].label, found.items[0].confidence};
    *ret_is_same = sv_shadow_match_labels(copy->real, &mine, 1);
    return SV_OK;
}

void sv_shadow_task_picture(const sv_model_work *work, const sv_image_request *request,
                            const sv_predictions *predictions)
{
    picture_copy *copy = (picture_copy *)sv_shadow_begin(work, sizeof *copy);
    if (!copy)
        return;
    copy->shadow.run = run_picture;
    copy->picture = sv_arena_copy(copy->shadow.arena, request->picture);
    copy->real = copy_best(copy->shadow.arena, predictions, 1);
    sv_shadow_send(&copy->shadow, copy->picture.ptr && copy->real);
}

/* Texts. */

typedef struct text_copy {
    sv_shadow shadow;
    sv_str *texts;
    size_t n_texts;
    sv_shadow_label *real_labels; /* or */
    sv_embeddings real_embeddings;
} text_copy;

static sv_text_request ask(const text_copy *copy)
{
    sv_shadow *shadow = (sv_shadow *)&copy->shadow;
    return (sv_text_request){.texts = copy->texts,
                             .n_texts = copy->n_texts,
                             .arena = shadow->arena,
                             .cancel = shadow->cancel,
                             .timeline = &shadow->timeline};
}

static sv_status run_labels(sv_shadow *shadow, sv_error *error, bool *ret_is_same)
{
    const text_copy *copy = SV_CONTAINER_OF(shadow, text_copy, shadow);
    const sv_instance *instance = shadow->instance;
    sv_text_request request = ask(copy);
    if (instance->task != SV_TASK_TEXT_CLASSIFICATION)
        return refuse_task(error);
    sv_predictions *found = sv_arena_alloc_array(shadow->arena, copy->n_texts, sizeof *found);
    if (!found)
        return SV_NO_MEMORY;
    sv_status status =
        sv_task_text_classify(&instance->text, instance->loaded, &request, error, found);
    if (status)
        return status;
    const sv_shadow_label *mine = copy_best(shadow->arena, found, copy->n_texts);
    if (!mine)
        return SV_NO_MEMORY;
    *ret_is_same = sv_shadow_match_labels(copy->real_labels, mine, copy->n_texts);
    return SV_OK;
}

static sv_status run_embeddings(sv_shadow *shadow, sv_error *error, bool *ret_is_same)
{
    const text_copy *copy = SV_CONTAINER_OF(shadow, text_copy, shadow);
    const sv_instance *instance = shadow->instance;
    sv_text_request request = ask(copy);
    sv_embeddings found;
    if (instance->task != SV_TASK_TEXT_EMBEDDING)
        return refuse_task(error);
    sv_status status =
        sv_task_text_embed(&instance->text, instance->loaded, &request, error, &found);
    if (!status)
        *ret_is_same = sv_shadow_match_embeddings(&copy->real_embeddings, &found);
    return status;
}

static text_copy *begin_texts(const sv_model_work *work, const sv_text_request *request)
{
    text_copy *copy = (text_copy *)sv_shadow_begin(work, sizeof *copy);
    if (!copy)
        return NULL;
    copy->texts = copy_texts(copy->shadow.arena, request->texts, request->n_texts);
    copy->n_texts = request->n_texts;
    return copy;
}

void sv_shadow_task_labels(const sv_model_work *work, const sv_text_request *request,
                           const sv_predictions *predictions)
{
    text_copy *copy = begin_texts(work, request);
    if (!copy)
        return;
    copy->shadow.run = run_labels;
    copy->real_labels = copy_best(copy->shadow.arena, predictions, request->n_texts);
    sv_shadow_send(&copy->shadow, copy->texts && copy->real_labels);
}

void sv_shadow_task_embeddings(const sv_model_work *work, const sv_text_request *request,
                               const sv_embeddings *embeddings)
{
    text_copy *copy = begin_texts(work, request);
    if (!copy)
        return;
    copy->shadow.run = run_embeddings;
    copy->real_embeddings = *embeddings;
    copy->real_embeddings.values =
        copy_bytes(copy->shadow.arena, embeddings->values,
                   embeddings->n_rows * embeddings->n_dimensions * sizeof(float));
    sv_shadow_send(&copy->shadow, copy->texts && copy->real_embeddings.values);
}

/* Tables and tensors. */

typedef struct tensor_copy {
    sv_shadow shadow;
    sv_tensor_request request;
    sv_shadow_label *real_labels; /* of `n_rows` rows, or */
    size_t n_rows;
    sv_tensors real_outputs;
} tensor_copy;

static sv_status run_table(sv_shadow *shadow, sv_error *error, bool *ret_is_same)
{
    const tensor_copy *copy = SV_CONTAINER_OF(shadow, tensor_copy, shadow);
    const sv_instance *instance = shadow->instance;
    sv_tabular_predictions found;
    if (instance->task != SV_TASK_TABULAR)
        return refuse_task(error);
    sv_status status =
        sv_task_tabular_run(&instance->tabular, instance->loaded, &copy->request, error, &found);
    if (status)
        return status;
    const sv_shadow_label *mine = copy_rows(shadow->arena, &found);
    if (!mine)
        return SV_NO_MEMORY;
    *ret_is_same =
        found.len == copy->n_rows && sv_shadow_match_labels(copy->real_labels, mine, found.len);
    return SV_OK;
}

static sv_status run_tensors(sv_shadow *shadow, sv_error *error, bool *ret_is_same)
{
    const tensor_copy *copy = SV_CONTAINER_OF(shadow, tensor_copy, shadow);
    sv_tensors found;
    sv_status status = sv_task_tensor_run(shadow->instance->loaded, &copy->request, error, &found);
    if (!status)
        *ret_is_same = sv_shadow_match_tensors(&copy->real_outputs, &found);
    return status;
}

/* `inputs` and `outputs` of the request stay NULL when there is no room for them. */
static tensor_copy *begin_tensors(const sv_model_work *work, const sv_tensor_request *request)
{
    tensor_copy *copy = (tensor_copy *)sv_shadow_begin(work, sizeof *copy);
    if (!copy)
        return NULL;
    sv_arena *arena = copy->shadow.arena;
    copy->request =
        (sv_tensor_request){.inputs = copy_tensors(arena, request->inputs, request->n_inputs),
                            .n_inputs = request->n_inputs,
                            .maps_as_rows = request->maps_as_rows,
                            .arena = arena,
                            .cancel = copy->shadow.cancel,
                            .timeline = &copy->shadow.timeline};
    return copy;
}

void sv_shadow_task_table(const sv_model_work *work, const sv_tensor_request *request,
                          const sv_tabular_predictions *predictions)
{
    tensor_copy *copy = begin_tensors(work, request);
    if (!copy)
        return;
    copy->shadow.run = run_table;
    copy->real_labels = copy_rows(copy->shadow.arena, predictions);
    copy->n_rows = predictions->len;
    sv_shadow_send(&copy->shadow, copy->request.inputs && copy->real_labels);
}

void sv_shadow_task_tensors(const sv_model_work *work, const sv_tensor_request *request,
                            const sv_tensors *outputs)
{
    tensor_copy *copy = begin_tensors(work, request);
    if (!copy)
        return;
    sv_arena *arena = copy->shadow.arena;
    bool has_names = request->outputs && request->n_outputs;
    copy->shadow.run = run_tensors;
    if (has_names)
        copy->request.outputs = copy_texts(arena, request->outputs, request->n_outputs);
    copy->request.n_outputs = request->n_outputs;
    copy->real_outputs =
        (sv_tensors){copy_tensors(arena, outputs->items, outputs->len), outputs->len};
    sv_shadow_send(&copy->shadow, copy->request.inputs && copy->real_outputs.items &&
                                      (!has_names || copy->request.outputs));
}
