/* batch.c: joins inputs, runs once, hands out rows.
 *
 * DESIGN. Inputs are copied once, behind each other, into the caller's room. The result belongs to
 * a counted struct: each member's arena holds a reference to it and frees it when the last one
 * goes. What goes wrong with all of them together (a row that the model refuses, no memory, outputs
 * that are not rows) is settled by running each by itself: slow, rare, and always right. The run
 * has a token of its own, which is set when every member's is (joint_cancel.h). */
#include "model/batch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

enum {
    INPUT_ALIGN = 64,           /* a line of the cache */
    ROOM_KEPT_BYTES = 16 << 20, /* a room that grew beyond is given back */
    NAME_SHOWN = 64,
};

/* ---- what can be joined ---- */

static bool is_asked_for(const sv_str *outputs, size_t n_outputs, sv_str name)
{
    for (size_t i = 0; outputs && i < n_outputs; i++)
        if (sv_str_eq(outputs[i], name))
            return true;
    return !outputs;
}

/* The model's name of the first axis, if it says anything: converters from TensorFlow number the
 * axes that have none. */
static sv_str name_axis(const sv_tensor_spec *spec)
{
    return sv_str_starts_with(spec->axes[0], SV_STR("unk__")) ? (sv_str){0} : spec->axes[0];
}

/* `axis` is the name that axes of rows have so far. */
static sv_status check_axis(const sv_tensor_spec *spec, const char *word, sv_str *axis,
                            sv_error *error)
{
    sv_str name = sv_str_slice(spec->name, 0, NAME_SHOWN), own_axis = name_axis(spec);
    if (spec->dtype == SV_DTYPE_NONE)
        return sv_error_set(error, SV_UNSUPPORTED, NULL, "%s '%.*s' is a %s, not a tensor", word,
                            SV_STR_ARG(name), spec->type_text);
    if (spec->is_any_shape || spec->shape.rank < 1 || spec->shape.dims[0] >= 0)
        return sv_error_set(error, SV_UNSUPPORTED, NULL, "%s '%.*s' has no free first axis", word,
                            SV_STR_ARG(name));
    if (axis->len && own_axis.len && !sv_str_eq(*axis, own_axis))
        return sv_error_set(error, SV_UNSUPPORTED, NULL,
                            "the first axis of %s '%.*s' is called '%.*s', of others '%.*s'", word,
                            SV_STR_ARG(name), SV_STR_ARG(sv_str_slice(own_axis, 0, NAME_SHOWN)),
                            SV_STR_ARG(sv_str_slice(*axis, 0, NAME_SHOWN)));
    if (own_axis.len)
        *axis = own_axis;
    return SV_OK;
}

sv_status sv_batch_check(const sv_engine_info *info, const sv_str *outputs, size_t n_outputs,
                         sv_error *error)
{
    sv_str axis = {0};
    sv_status status = SV_OK;
    if (!info->n_inputs)
        return sv_error_set(error, SV_UNSUPPORTED, NULL, "the model has no inputs");
    for (size_t i = 0; i < info->n_inputs && !status; i++)
        status = check_axis(&info->inputs[i], "input", &axis, error);
    for (size_t i = 0; i < info->n_outputs && !status; i++)
        if (is_asked_for(outputs, n_outputs, info->outputs[i].name))
            status = check_axis(&info->outputs[i], "output", &axis, error);
    return status;
}

size_t sv_batch_rows(const sv_tensor_request *request)
{
    const sv_tensor *inputs = request->inputs;
    for (size_t i = 0; i < request->n_inputs; i++)
        if (inputs[i].shape.rank < 1 || inputs[i].shape.dims[0] != inputs[0].shape.dims[0])
            return 0;
    return request->n_inputs && inputs[0].shape.dims[0] > 0 ? (size_t)inputs[0].shape.dims[0] : 0;
}

/* A collision costs a run, never a wrong answer: sv_batch_run compares. */
static uint64_t hash_input(const sv_tensor *input)
{
    uint64_t hash = sv_hash_bytes(SV_HASH_START, input->name.ptr, input->name.len);
    int64_t kind = input->dtype;
    hash = sv_hash_bytes(hash, &kind, sizeof kind);
    return sv_hash_bytes(hash, &input->shape.dims[1],
                         (size_t)(input->shape.rank - 1) * sizeof *input->shape.dims);
}

uint64_t sv_batch_class(const sv_engine_info *info, const sv_tensor_request *request)
{
    if (!sv_batch_rows(request) || sv_batch_check(info, request->outputs, request->n_outputs, NULL))
        return 0;
    uint64_t sum = 0; /* does not depend on the order */
    for (size_t i = 0; i < request->n_inputs; i++)
        sum += hash_input(&request->inputs[i]);
    return sum ? sum : 1;
}

static const sv_tensor *find_input(const sv_tensor_request *request, sv_str name, size_t guess)
{
    if (guess < request->n_inputs && sv_str_eq(request->inputs[guess].name, name))
        return &request->inputs[guess];
    for (size_t i = 0; i < request->n_inputs; i++)
        if (sv_str_eq(request->inputs[i].name, name))
            return &request->inputs[i];
    return NULL;
}

/* The same inputs but for their first lengths; both requests have rows. */
static bool is_alike(const sv_tensor_request *a, const sv_tensor_request *b)
{
    for (size_t i = 0; i < a->n_inputs; i++) {
        const sv_tensor *x = &a->inputs[i], *y = find_input(b, x->name, i);
        if (!y || x->dtype != y->dtype || x->shape.rank != y->shape.rank ||
            memcmp(&x->shape.dims[1], &y->shape.dims[1],
                   (size_t)(x->shape.rank - 1) * sizeof *x->shape.dims) != 0)
            return false;
    }
    return a->n_inputs == b->n_inputs;
}

/* ---- the run of all ---- */

/* A result and those who read it. */
typedef struct shared_result {
    atomic_size_t references;
    sv_engine_result result;
    void *inputs; /* memory that the result points into, or NULL */
} shared_result;

/* Those that run together. */
typedef struct joint_run {
    sv_engine_model *model;
    sv_batch_member *members;
    size_t n_members;
    const sv_tensor_request *first; /* of those that take part */
    size_t n_pending, n_rows;       /* members that take part, and rows of all */
    sv_batch_room *room;
    sv_tensor *inputs;         /* in the room */
    sv_engine_output *outputs; /* in the room; NULL: all */
    size_t n_outputs;
    shared_result *shared;
    sv_joint_cancel cancel;
} joint_run;

static void unref_shared(void *arg)
{
    shared_result *shared = arg;
    if (atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) > 1)
        return;
    sv_engine_result_deinit(&shared->result);
    free(shared->inputs);
    free(shared);
}

void sv_batch_room_deinit(sv_batch_room *room)
{
    free(room->ptr);
    *room = (sv_batch_room){0};
}

static bool make_room(sv_batch_room *room, size_t size_bytes)
{
    if (room->size_bytes >= size_bytes)
        return true;
    sv_batch_room_deinit(room);
    room->ptr = aligned_alloc(INPUT_ALIGN, size_bytes);
    room->size_bytes = room->ptr ? size_bytes : 0;
    return room->ptr != NULL;
}

static size_t align_up(size_t n)
{
    return (n + INPUT_ALIGN - 1) / INPUT_ALIGN * INPUT_ALIGN;
}

/* Bytes of input `i` of the first member, over all members. */
static size_t count_bytes(const joint_run *it, size_t i)
{
    size_t bytes = 0;
    for (size_t m = 0; m < it->n_members; m++)
        if (it->members[m].is_pending)
            bytes += find_input(it->members[m].request, it->first->inputs[i].name, i)->size_bytes;
    return bytes;
}

static void copy_input(const joint_run *it, size_t i, char *to)
{
    for (size_t m = 0; m < it->n_members; m++) {
        if (!it->members[m].is_pending)
            continue;
        const sv_tensor *from = find_input(it->members[m].request, it->first->inputs[i].name, i);
        if (from->size_bytes)
            memcpy(to, from->data, from->size_bytes);
        to += from->size_bytes;
    }
}

/* The union of what the members want, in the model's order; its length into n_outputs. */
static void list_outputs(joint_run *it, sv_engine_output *outputs)
{
    const sv_engine_info *info = sv_engine_model_info(it->model);
    it->n_outputs = 0;
    for (size_t i = 0; i < info->n_outputs; i++) {
        bool is_wanted = false;
        for (size_t m = 0; m < it->n_members && !is_wanted; m++)
            is_wanted = it->members[m].is_pending &&
                        is_asked_for(it->members[m].request->outputs,
                                     it->members[m].request->n_outputs, info->outputs[i].name);
        if (is_wanted)
            outputs[it->n_outputs++] = (sv_engine_output){.name = info->outputs[i].name};
    }
    it->outputs = outputs;
}

/* The room holds the outputs' names, the inputs, and their bytes. */
static sv_status join_inputs(joint_run *it)
{
    size_t n_inputs = it->first->n_inputs;
    size_t n_outputs = sv_engine_model_info(it->model)->n_outputs;
    size_t tensors_at = align_up(n_outputs * sizeof *it->outputs);
    size_t data_at = tensors_at + align_up(n_inputs * sizeof *it->inputs), end = data_at;
    for (size_t i = 0; i < n_inputs; i++)
        end += align_up(count_bytes(it, i));
    if (!make_room(it->room, end))
        return SV_NO_MEMORY;
    char *at = it->room->ptr;
    list_outputs(it, (sv_engine_output *)it->room->ptr);
    it->inputs = (sv_tensor *)(void *)(at + tensors_at);
    at += data_at;
    for (size_t i = 0; i < n_inputs; i++) {
        it->inputs[i] = it->first->inputs[i];
        it->inputs[i].shape.dims[0] = (int64_t)it->n_rows;
        it->inputs[i].data = at;
        it->inputs[i].size_bytes = count_bytes(it, i);
        copy_input(it, i, at);
        at += align_up(it->inputs[i].size_bytes);
    }
    return SV_OK;
}

static void add_time(const joint_run *it, int64_t ns)
{
    for (size_t m = 0; m < it->n_members; m++)
        if (it->members[m].is_pending && it->members[m].request->timeline)
            it->members[m].request->timeline->stage_ns[SV_STAGE_INFER] += ns;
}

static void watch_members(joint_run *it)
{
    for (size_t m = 0; m < it->n_members; m++)
        if (it->members[m].is_pending)
            sv_joint_cancel_sit(&it->cancel, &it->members[m].seat, it->members[m].request->cancel);
}

static void unwatch_members(joint_run *it)
{
    for (size_t m = 0; m < it->n_members; m++)
        sv_joint_cancel_leave(&it->members[m].seat);
}

static sv_status run_joint(joint_run *it)
{
    sv_engine_request run = {.inputs = it->inputs,
                             .n_inputs = it->first->n_inputs,
                             .outputs = it->outputs,
                             .n_outputs = it->n_outputs};
    sv_status status = sv_joint_cancel_init(&it->cancel, it->n_pending);
    if (status)
        return status;
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    run.cancel = it->cancel.token;
    watch_members(it);
    status = sv_engine_run(it->model, &run, NULL, &it->shared->result);
    unwatch_members(it);
    add_time(it, sv_clock_now_ns(&sv_clock_system) - started);
    sv_joint_cancel_deinit(&it->cancel);
    return status;
}

static bool has_row_each(const joint_run *it)
{
    const sv_engine_result *result = &it->shared->result;
    for (size_t i = 0; i < result->n_outputs; i++)
        if (result->outputs[i].shape.rank < 1 ||
            result->outputs[i].shape.dims[0] != (int64_t)it->n_rows)
            return false;
    return true;
}

/* An engine may hand out an input as it is: then its memory goes with the result. */
static void keep_inputs(const joint_run *it)
{
    const sv_engine_result *result = &it->shared->result;
    uintptr_t start = (uintptr_t)it->room->ptr;
    bool is_shared = false;
    for (size_t i = 0; i < result->n_outputs; i++)
        is_shared |= (uintptr_t)result->outputs[i].data - start < it->room->size_bytes;
    if (is_shared) {
        it->shared->inputs = it->room->ptr;
        *it->room = (sv_batch_room){0};
    } else if (it->room->size_bytes > ROOM_KEPT_BYTES) {
        sv_batch_room_deinit(it->room);
    }
}

static sv_tensor cut_rows(const joint_run *it, const sv_batch_member *member,
                          const sv_tensor *whole)
{
    sv_tensor part = *whole;
    size_t row_bytes = whole->size_bytes / it->n_rows;
    part.shape.dims[0] = (int64_t)member->n_rows;
    part.size_bytes = row_bytes * member->n_rows;
    if (row_bytes)
        part.data = (const char *)whole->data + row_bytes * member->first_row;
    return part;
}

/* All outputs are wanted, in the model's order, or some in the member's own. */
static const sv_tensor *find_output(const sv_engine_result *result,
                                    const sv_tensor_request *request, size_t i)
{
    size_t at = i;
    while (request->outputs && !sv_str_eq(result->outputs[at].name, request->outputs[i]))
        at = (at + 1) % result->n_outputs;
    return &result->outputs[at];
}

/* The member's arena has a share of the result from here on. */
static sv_status hand_out(const joint_run *it, sv_batch_member *member)
{
    const sv_tensor_request *request = member->request;
    const sv_engine_result *result = &it->shared->result;
    if (sv_cancel_is_set(request->cancel))
        return sv_error_set(&member->error, SV_CANCELLED, NULL, "cancelled during the run");
    size_t n = request->outputs ? request->n_outputs : result->n_outputs;
    sv_tensor *items = sv_arena_alloc_array(request->arena, n, sizeof *items);
    if (!items || sv_arena_defer(request->arena, unref_shared, it->shared))
        return SV_NO_MEMORY;
    atomic_fetch_add_explicit(&it->shared->references, 1, memory_order_relaxed);
    for (size_t i = 0; i < n; i++)
        items[i] = cut_rows(it, member, find_output(result, request, i));
    member->outputs = (sv_tensors){items, n};
    return SV_OK;
}

static void hand_out_all(joint_run *it)
{
    for (size_t m = 0; m < it->n_members; m++) {
        if (!it->members[m].is_pending)
            continue;
        it->members[m].status = hand_out(it, &it->members[m]);
        it->members[m].is_pending = false;
    }
}

/* Members stay pending unless all went well. */
static sv_batch_outcome join(joint_run *it)
{
    sv_batch_outcome outcome = SV_BATCH_OUTCOME_FAILED;
    it->shared = calloc(1, sizeof *it->shared);
    if (!it->shared)
        return outcome;
    atomic_init(&it->shared->references, 1);
    if (!join_inputs(it) && !run_joint(it))
        outcome = has_row_each(it) ? SV_BATCH_OUTCOME_JOINED : SV_BATCH_OUTCOME_UNEVEN;
    keep_inputs(it);
    if (outcome == SV_BATCH_OUTCOME_JOINED)
        hand_out_all(it);
    unref_shared(it->shared);
    return outcome;
}

/* ---- members ---- */

static void run_alone(sv_engine_model *model, sv_batch_member *member)
{
    member->n_rows = member->first_row = 0;
    member->is_pending = false;
    member->status = sv_task_tensor_run(model, member->request, &member->error, &member->outputs);
}

/* Whether the member can have a part in a run; when not, its status says why. */
static bool admit(const sv_engine_info *info, sv_batch_member *member)
{
    const sv_tensor_request *request = member->request;
    if (sv_cancel_is_set(request->cancel))
        member->status =
            sv_error_set(&member->error, SV_CANCELLED, NULL, "cancelled before the run");
    else
        member->status = sv_task_tensor_check(info, request, &member->error);
    return member->status == SV_OK;
}

/* Rows that the model keeps apart, and inputs like the first member's. */
static bool can_join(const joint_run *it, const sv_batch_member *member)
{
    const sv_tensor_request *request = member->request;
    return member->n_rows && is_alike(it->first, request) &&
           sv_batch_check(sv_engine_model_info(it->model), request->outputs, request->n_outputs,
                          NULL) == SV_OK;
}

/* Gives those who can run their rows; false when they cannot run together. */
static bool line_up(joint_run *it)
{
    bool fits = true;
    for (size_t m = 0; m < it->n_members; m++) {
        sv_batch_member *member = &it->members[m];
        *member = (sv_batch_member){.request = member->request};
        member->is_pending = admit(sv_engine_model_info(it->model), member);
        if (!member->is_pending)
            continue;
        member->n_rows = sv_batch_rows(member->request);
        member->first_row = it->n_rows;
        if (!it->first)
            it->first = member->request;
        fits = fits && can_join(it, member);
        it->n_rows += member->n_rows;
        it->n_pending++;
    }
    return fits && it->n_pending > 1;
}

sv_batch_outcome sv_batch_run(sv_engine_model *model, sv_batch_member *members, size_t n_members,
                              sv_batch_room *room)
{
    joint_run it = {.model = model, .members = members, .n_members = n_members, .room = room};
    sv_batch_outcome outcome = SV_BATCH_OUTCOME_ALONE;
    if (n_members == 1) {
        members[0] = (sv_batch_member){.request = members[0].request};
        run_alone(model, &members[0]);
        return outcome;
    }
    if (line_up(&it))
        outcome = join(&it);
    for (size_t m = 0; m < n_members; m++)
        if (members[m].is_pending)
            run_alone(model, &members[m]);
    return outcome;
}
