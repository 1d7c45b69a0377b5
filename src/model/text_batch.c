/* text_batch.c: makes one request out of several, and takes its answer apart. */
#include "model/text_batch.h"

#include <string.h>

uint64_t sv_text_batch_class(const sv_text_task *task)
{
    bool is_even = !task->tokenizer || task->fixed_length;
    return task->max_rows > 1 && (is_even || task->inputs[SV_TEXT_INPUT_MASK]) ? 1 : 0;
}

/* The request made of all. */
typedef struct joint_texts {
    const sv_text_task *task;
    sv_engine_model *model;
    sv_text_batch_member *members;
    size_t n_members;
    size_t n_pending;
    sv_text_request request;
    sv_timeline timeline;
    sv_joint_cancel cancel;
    sv_predictions *predictions; /* by text, when labels are wanted */
    sv_embeddings embeddings;
} joint_texts;

static int64_t top_of(const sv_text_task *task, const sv_text_request *request)
{
    return request->top_k ? request->top_k : task->top_k;
}

/* Who takes part, and how many texts that makes. */
static void line_up(joint_texts *it)
{
    for (size_t m = 0; m < it->n_members; m++) {
        sv_text_batch_member *member = &it->members[m];
        *member = (sv_text_batch_member){.request = member->request,
                                         .predictions = member->predictions,
                                         .first_text = it->request.n_texts};
        if (sv_cancel_is_set(member->request->cancel)) {
            member->status =
                sv_error_set(&member->error, SV_CANCELLED, NULL, "cancelled before the run");
            continue;
        }
        member->is_pending = true;
        it->n_pending++;
        it->request.n_texts += member->request->n_texts;
    }
}

/* One list of texts, in memory that lives until the answers are copied. */
static sv_status join_texts(joint_texts *it)
{
    it->request.arena = sv_arena_new(0);
    if (!it->request.arena)
        return SV_NO_MEMORY;
    size_t n = it->request.n_texts;
    sv_str *texts = sv_arena_alloc_array(it->request.arena, n, sizeof *texts);
    it->predictions = sv_arena_alloc_array(it->request.arena, n, sizeof *it->predictions);
    if (!texts || !it->predictions)
        return SV_NO_MEMORY;
    for (size_t m = 0; m < it->n_members; m++) {
        const sv_text_batch_member *member = &it->members[m];
        if (!member->is_pending)
            continue;
        memcpy(texts + member->first_text, member->request->texts,
               member->request->n_texts * sizeof *texts);
        if (top_of(it->task, member->request) > it->request.top_k)
            it->request.top_k = top_of(it->task, member->request);
    }
    it->request.texts = texts;
    it->request.timeline = &it->timeline;
    return SV_OK;
}

static void add_times(const joint_texts *it)
{
    for (size_t m = 0; m < it->n_members; m++) {
        sv_timeline *timeline = it->members[m].request->timeline;
        for (int stage = 0; it->members[m].is_pending && timeline && stage < SV_STAGE_COUNT;
             stage++)
            timeline->stage_ns[stage] += it->timeline.stage_ns[stage];
    }
}

static sv_status run_joint(joint_texts *it)
{
    sv_status status = sv_joint_cancel_init(&it->cancel, it->n_pending);
    if (status)
        return status;
    it->request.cancel = it->cancel.token;
    for (size_t m = 0; m < it->n_members; m++)
        if (it->members[m].is_pending)
            sv_joint_cancel_sit(&it->cancel, &it->members[m].seat, it->members[m].request->cancel);
    status = it->members[0].predictions
                 ? sv_task_text_classify(it->task, it->model, &it->request, NULL, it->predictions)
                 : sv_task_text_embed(it->task, it->model, &it->request, NULL, &it->embeddings);
    for (size_t m = 0; m < it->n_members; m++)
        sv_joint_cancel_leave(&it->members[m].seat);
    sv_joint_cancel_deinit(&it->cancel);
    add_times(it);
    return status;
}

static sv_status copy_vectors(const joint_texts *it, sv_text_batch_member *member)
{
    size_t n = member->request->n_texts, width = it->embeddings.n_dimensions;
    float *values = sv_arena_alloc_array(member->request->arena, n * width, sizeof *values);
    if (!values)
        return SV_NO_MEMORY;
    memcpy(values, it->embeddings.values + member->first_text * width, n * width * sizeof *values);
    member->embeddings = (sv_embeddings){values, n, width};
    return SV_OK;
}

/* The best `top_k` of a list; a label that is the class's number lies in the joint arena. */
static sv_status copy_list(const sv_predictions *list, int64_t top_k, sv_arena *arena,
                           sv_predictions *ret_copy)
{
    size_t n = (uint64_t)top_k < list->len ? (size_t)top_k : list->len;
    struct prediction *items = sv_arena_alloc_array(arena, n, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        items[i].label = sv_arena_copy(arena, list->items[i].label);
        items[i].confidence = list->items[i].confidence;
        if (!items[i].label.ptr)
            return SV_NO_MEMORY;
    }
    *ret_copy = (sv_predictions){.items = items, .len = n};
    return SV_OK;
}

static sv_status copy_lists(const joint_texts *it, const sv_text_batch_member *member)
{
    const sv_text_request *request = member->request;
    sv_status status = SV_OK;
    for (size_t i = 0; i < request->n_texts && !status; i++)
        status = copy_list(&it->predictions[member->first_text + i], top_of(it->task, request),
                           request->arena, &member->predictions[i]);
    return status;
}

static void hand_out(const joint_texts *it, sv_text_batch_member *member)
{
    member->is_pending = false;
    if (sv_cancel_is_set(member->request->cancel))
        member->status =
            sv_error_set(&member->error, SV_CANCELLED, NULL, "cancelled during the run");
    else
        member->status = member->predictions ? copy_lists(it, member) : copy_vectors(it, member);
}

/* Members stay pending when it fails. */
static sv_batch_outcome join(joint_texts *it)
{
    sv_status status = join_texts(it);
    if (!status)
        status = run_joint(it);
    for (size_t m = 0; m < it->n_members && !status; m++)
        if (it->members[m].is_pending)
            hand_out(it, &it->members[m]);
    sv_arena_free(it->request.arena);
    return status ? SV_BATCH_OUTCOME_FAILED : SV_BATCH_OUTCOME_JOINED;
}

sv_batch_outcome sv_text_batch_run(const sv_text_task *task, sv_engine_model *model,
                                   sv_text_batch_member *members, size_t n_members)
{
    joint_texts it = {.task = task, .model = model, .members = members, .n_members = n_members};
    sv_batch_outcome outcome = SV_BATCH_OUTCOME_ALONE;
    line_up(&it);
    if (it.n_pending > 1)
        outcome = join(&it);
    for (size_t m = 0; m < n_members; m++) {
        sv_text_batch_member *member = &members[m];
        if (!member->is_pending)
            continue;
        member->is_pending = false;
        member->status = member->predictions
                             ? sv_task_text_classify(task, model, member->request, &member->error,
                                                     member->predictions)
                             : sv_task_text_embed(task, model, member->request, &member->error,
                                                  &member->embeddings);
    }
    return outcome;
}
