/* text_work.c: body -> texts -> lists of labels. */
#include "api/text_work.h"

#include <serval/schema.h>

#include "api/batch_work.h"
#include "api/shadow_task.h"
#include "web/dispatch.h"
#include "json/decode.h"
#include "json/plan.h"

typedef enum text_kind { ONE_TEXT = 1, MANY_TEXTS } text_kind;

struct classified_text {
    int kind; /* text_kind */
    union {
        sv_str one;
        sv_strs many;
    } as;
};
struct classify_texts {
    struct classified_text text;
};

SV_UNION(classified_text, kind, (.help = "A text, or a list of texts"),
         SV_VARIANT(classified_text, as.one, ONE_TEXT, .min_len = 1,
                    .max_len = SV_TEXT_WORK_MAX_CHARS),
         SV_VARIANT(classified_text, as.many, MANY_TEXTS, .min_items = 1,
                    .max_items = SV_TEXT_WORK_MAX_TEXTS,
                    .item = SV_EACH(sv_str, .min_len = 1, .max_len = SV_TEXT_WORK_MAX_CHARS)));
SV_SCHEMA(classify_texts, SV_FIELD_OBJECT(classify_texts, text, classified_text));

/* By the schema, which the route cannot know before the model: its plan is made here. */
static sv_status read_texts(sv_text_work *job, const sv_value *body, sv_errors *errors)
{
    sv_call *call = job->work.call;
    const sv_plan *plan;
    sv_buf problems;
    void *decoded = NULL;
    sv_buf_init(&problems, 1024);
    sv_status status =
        sv_plan_new(call->arena, &classify_texts_schema, SV_FIELD_BODY, &problems, &plan);
    sv_buf_deinit(&problems);
    if (!status)
        status = sv_decode_body(call->arena, plan, body, errors, &decoded);
    if (status)
        return status;
    struct classify_texts *in = decoded;
    bool is_list = in->text.kind == MANY_TEXTS;
    job->texts = is_list ? in->text.as.many.items : &in->text.as.one;
    job->n_texts = is_list ? in->text.as.many.len : 1;
    return SV_OK;
}

static sv_status prepare(sv_model_work *work, sv_text_batch_member *ret_member)
{
    sv_text_work *job = SV_CONTAINER_OF(work, sv_text_work, work);
    sv_call *call = work->call;
    job->request = (sv_text_request){.texts = job->texts,
                                     .n_texts = job->n_texts,
                                     .top_k = job->top_k,
                                     .arena = call->arena,
                                     .cancel = call->cancel,
                                     .timeline = call->timeline};
    ret_member->request = &job->request;
    ret_member->predictions =
        sv_arena_alloc_array(call->arena, job->n_texts, sizeof *ret_member->predictions);
    return ret_member->predictions ? SV_OK : SV_NO_MEMORY;
}

static sv_status answer(sv_model_work *work, const sv_text_batch_member *member, sv_error *error)
{
    (void)error;
    sv_text_work *job = SV_CONTAINER_OF(work, sv_text_work, work);
    sv_shadow_task_labels(work, member->request, member->predictions);
    return job->answer(job, member->predictions);
}

static sv_status submit(sv_text_work *job)
{
    static const sv_batch_steps steps = {.prepare_texts = prepare, .answer_texts = answer};
    job->work.units = (uint32_t)job->n_texts;
    return sv_batch_work_submit(&job->work, &steps, sv_batch_work_text_class(&job->work));
}

sv_status sv_text_work_begin(sv_text_work *job, const sv_value *body)
{
    sv_errors errors;
    sv_errors_init(&errors, job->work.call->arena);
    sv_status status = read_texts(job, body, &errors);
    if (status == SV_INVALID)
        return sv_dispatch_refuse(job->work.call, &errors);
    return status ? status : submit(job);
}
