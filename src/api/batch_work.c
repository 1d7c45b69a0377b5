/* batch_work.c: runs one work, or several at once.
 *
 * DESIGN. Whoever got the permit leads: it prepares every member's inputs, runs the model once, and
 * ends every member's call, one after the other, on its thread. A member that cannot be prepared,
 * or was cancelled, ends by itself and the others go on. Model and version are the leader's: a
 * class has works of one instance only, and that is checked. */
#include "api/batch_work.h"

#include <stdlib.h>

#include "api/model_metrics.h"
#include "base/clock.h"

/* Several works at once, one kind of array in use. */
typedef struct gathering {
    sv_model_work **works;
    sv_batch_member *tensors;
    sv_text_batch_member *texts;
    sv_tensor_request *requests; /* of `tensors` */
    size_t n;
    bool was_left; /* every call so far ended because its client has gone */
} gathering;

static sv_model_work *work_of(sv_work *queued)
{
    return SV_CONTAINER_OF(queued, sv_model_work, queued);
}

/* Alone. */

static sv_status run_tensors(sv_model_work *work, sv_error *error)
{
    sv_tensor_request request;
    sv_tensors outputs;
    sv_status status = work->steps->prepare(work, error, &request);
    if (status)
        return status;
    status = sv_task_tensor_run(work->instance->loaded, &request, error, &outputs);
    if (status && work->steps->makes_tensors)
        status = sv_task_tensor_own_up(status, error);
    return status ? status : work->steps->answer(work, &outputs, error);
}

static sv_status run_texts(sv_model_work *work, sv_error *error)
{
    sv_text_batch_member member = {0};
    sv_status status = work->steps->prepare_texts(work, &member);
    if (status)
        return status;
    (void)sv_text_batch_run(&work->instance->text, work->instance->loaded, &member, 1);
    *error = member.error;
    return member.status ? member.status : work->steps->answer_texts(work, &member, error);
}

/* Together. */

static void end_member(gathering *it, sv_model_work *work, sv_status status, sv_error *error)
{
    it->was_left &= sv_model_work_end_run(work, status, error);
}

/* The inputs of all that can be prepared; the others' calls end. */
static void prepare_tensors(gathering *it)
{
    size_t n = 0;
    for (size_t i = 0; i < it->n; i++) {
        sv_model_work *work = it->works[i];
        sv_error error = {0};
        sv_status status = work->steps->prepare(work, &error, &it->requests[n]);
        if (status) {
            end_member(it, work, status, &error);
            continue;
        }
        it->tensors[n].request = &it->requests[n];
        it->works[n++] = work;
    }
    it->n = n;
}

/* After the run. One run of the model counts once: one of its members, that took part, stands for
 * all. */
static void note_outcome(const gathering *it, sv_batch_outcome outcome)
{
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    size_t n_rows = 0, last = 0;
    if (outcome == SV_BATCH_OUTCOME_UNEVEN)
        sv_batch_plan_switch_off(&it->works[0]->instance->batching);
    if (outcome != SV_BATCH_OUTCOME_JOINED)
        return;
    for (size_t i = 0; i < it->n; i++) {
        sv_model_work *work = it->works[i];
        work->ran_until_ns = now;
        work->executed_rows = 0;
        if (!work->call->timeline->stage_ns[SV_STAGE_INFER])
            continue; /* cancelled before */
        n_rows += sv_work_units(&work->queued);
        last = i;
    }
    it->works[last]->executed_rows = n_rows;
}

static void run_joint_tensors(gathering *it)
{
    sv_instance *instance = it->works[0]->instance;
    sv_batch_room room;
    sv_batch_plan_take_room(&instance->batching, &room);
    sv_batch_outcome outcome = sv_batch_run(instance->loaded, it->tensors, it->n, &room);
    sv_batch_plan_give_room(&instance->batching, &room);
    note_outcome(it, outcome);
}

static void answer_tensors(gathering *it)
{
    for (size_t i = 0; i < it->n; i++) {
        sv_batch_member *member = &it->tensors[i];
        sv_model_work *work = it->works[i];
        sv_status status = member->status;
        if (status && work->steps->makes_tensors)
            status = sv_task_tensor_own_up(status, &member->error);
        if (!status)
            status = work->steps->answer(work, &member->outputs, &member->error);
        end_member(it, work, status, &member->error);
    }
}

static void prepare_texts(gathering *it)
{
    size_t n = 0;
    for (size_t i = 0; i < it->n; i++) {
        sv_model_work *work = it->works[i];
        sv_error error = {0};
        sv_status status = work->steps->prepare_texts(work, &it->texts[n]);
        if (status)
            end_member(it, work, status, &error);
        else
            it->works[n++] = work;
    }
    it->n = n;
}

static void run_joint_texts(gathering *it)
{
    const sv_instance *instance = it->works[0]->instance;
    note_outcome(it, sv_text_batch_run(&instance->text, instance->loaded, it->texts, it->n));
}

static void answer_texts(gathering *it)
{
    for (size_t i = 0; i < it->n; i++) {
        sv_text_batch_member *member = &it->texts[i];
        sv_status status = member->status;
        if (!status)
            status = it->works[i]->steps->answer_texts(it->works[i], member, &member->error);
        end_member(it, it->works[i], status, &member->error);
    }
}

/* The works are gone afterwards. */
static void run_gathered(gathering *it)
{
    for (size_t i = 0; i < it->n; i++)
        sv_model_work_begin_run(it->works[i]);
    if (it->texts) {
        prepare_texts(it);
        if (it->n)
            run_joint_texts(it);
        answer_texts(it);
    } else {
        prepare_tensors(it);
        if (it->n)
            run_joint_tensors(it);
        answer_tensors(it);
    }
}

static bool is_for_texts(const sv_model_work *work)
{
    return work->steps->prepare_texts != NULL;
}

/* Classes of different instances are most likely different, not more. */
static bool are_alike(sv_work *const *queued, size_t n)
{
    const sv_model_work *first = work_of(queued[0]);
    for (size_t i = 1; i < n; i++)
        if (work_of(queued[i])->instance != first->instance ||
            is_for_texts(work_of(queued[i])) != is_for_texts(first))
            return false;
    return true;
}

/* False: out of memory. */
static bool gather(gathering *it, sv_work *const *queued, size_t n)
{
    bool texts = is_for_texts(work_of(queued[0]));
    *it = (gathering){.n = n, .was_left = true};
    it->works = calloc(n, sizeof(sv_model_work *));
    if (texts)
        it->texts = calloc(n, sizeof *it->texts);
    else
        it->tensors = calloc(n, sizeof *it->tensors);
    if (!texts)
        it->requests = calloc(n, sizeof *it->requests);
    for (size_t i = 0; i < n && it->works; i++)
        it->works[i] = work_of(queued[i]);
    return it->works && (texts ? it->texts != NULL : it->tensors && it->requests);
}

static void run_batch(sv_work *const *queued, size_t n)
{
    bool *ret_was_left = queued[0]->ret_was_left;
    gathering it = {0};
    if (are_alike(queued, n) && gather(&it, queued, n)) {
        run_gathered(&it);
        *ret_was_left = it.was_left;
    } else {
        for (size_t i = 0; i < n; i++)
            queued[i]->run(queued[i]);
    }
    free(it.requests);
    free(it.texts);
    free(it.tensors);
    free((void *)it.works);
}

/* Submitting. */

uint64_t sv_batch_work_class(const sv_model_work *work, const sv_tensor_request *request)
{
    if (sv_batch_plan_rows(&work->instance->batching) < 2)
        return 0;
    return sv_batch_class(sv_engine_model_info(work->instance->loaded), request);
}

uint64_t sv_batch_work_text_class(const sv_model_work *work)
{
    if (sv_batch_plan_rows(&work->instance->batching) < 2)
        return 0;
    return sv_text_batch_class(&work->instance->text);
}

/* Not two instances': works of an old one may wait beside those of the new one. */
static uint64_t mix(uint64_t class, const sv_instance *instance)
{
    uint64_t mixed = (class ^ (uintptr_t)instance) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ? mixed : 1;
}

sv_status sv_batch_work_submit(sv_model_work *work, const sv_batch_steps *steps, uint64_t class)
{
    work->steps = steps;
    if (!work->run)
        work->run = steps->prepare_texts ? run_texts : run_tensors;
    if (class) {
        work->batch_class = mix(class, work->instance);
        work->run_batch = run_batch;
    }
    return sv_model_work_submit(work);
}
