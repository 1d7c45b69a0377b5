/* text_work.c: body -> texts -> lists of labels. */
#include "api/text_work.h"

#include <serval/schema.h>

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

static sv_status run_texts(sv_model_work *work, sv_error *error)
{
    sv_text_work *job = SV_CONTAINER_OF(work, sv_text_work, work);
    sv_call *call = work->call;
    sv_text_request request = {.texts = job->texts,
                               .n_texts = job->n_texts,
                               .top_k = job->top_k,
                               .arena = call->arena,
                               .cancel = call->cancel,
                               .timeline = call->timeline};
    sv_predictions *lists = sv_arena_alloc_array(call->arena, job->n_texts, sizeof *lists);
    if (!lists)
        return SV_NO_MEMORY;
    sv_status status =
        sv_task_text_classify(&work->instance->text, work->instance->loaded, &request, error, lists);
    return status ? status : job->answer(job, lists);
}

sv_status sv_text_work_begin(sv_text_work *job, const sv_value *body)
{
    sv_errors errors;
    sv_errors_init(&errors, job->work.call->arena);
    job->work.run = run_texts;
    sv_status status = read_texts(job, body, &errors);
    if (status == SV_INVALID)
        return sv_dispatch_refuse(job->work.call, &errors);
    return status ? status : sv_model_work_submit(&job->work);
}
