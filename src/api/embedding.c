/* embedding.c: POST /embed and /api/v1/embed: finds the model and writes its vectors. How texts
 * become vectors: model/task_text.c. */
#include "api/embedding.h"

#include "api/batch_work.h"
#include "api/shadow_task.h"
#include "api/tensor_json.h"
#include "base/clock.h"

enum { MAX_TEXTS = 256, MAX_CHARS = 32768, MAX_ANSWER_BYTES = 1 << 28 };

typedef enum text_kind { ONE_TEXT = 1, MANY_TEXTS } text_kind;

struct embed_text {
    int kind; /* text_kind */
    union {
        sv_str one;
        sv_strs many;
    } as;
};
struct embed_query {
    sv_opt_str model_version;
};
struct embed_request {
    struct embed_text text;
    sv_opt_str model, model_version;
};
/* For OpenAPI: the answer is written by hand, numbers as short as they can be. */
struct embed_response {
    sv_doubles embedding;
    SV_LIST(sv_doubles) embeddings;
    sv_str model, model_version;
    int64_t dimensions;
};

SV_UNION(embed_text, kind, (.help = "A text, or a list of texts"),
         SV_VARIANT(embed_text, as.one, ONE_TEXT, .min_len = 1, .max_len = MAX_CHARS),
         SV_VARIANT(embed_text, as.many, MANY_TEXTS, .min_items = 1, .max_items = MAX_TEXTS,
                    .item = SV_EACH(sv_str, .min_len = 1, .max_len = MAX_CHARS)));
SV_SCHEMA(embed_query, SV_FIELD(embed_query, model_version, .optional = true,
                                .help = "Version to use, unless the body names one"));
SV_SCHEMA_WITH(embed_request, (.component = "EmbedRequest"),
               SV_FIELD_OBJECT(embed_request, text, embed_text,
                               .help = "A text, or a list of 1 to 256",
                               .example_json = "\"The cat sleeps on the sofa.\""),
               SV_FIELD(embed_request, model, .default_json = "null",
                        .help = "Model to use. Absent or empty: the default"),
               SV_FIELD(embed_request, model_version, .default_json = "null",
                        .help = "Version to use; \"2\" and \"v2\" are the same"));
SV_SCHEMA_WITH(embed_response, (.component = "EmbedResponse"),
               SV_FIELD(embed_response, embedding, .optional = true, .help = "Of one text"),
               SV_FIELD_ITEMS(embed_response, embeddings, .optional = true,
                              .item = SV_EACH(sv_doubles), .help = "Of a list, in its order"),
               SV_FIELD(embed_response, model), SV_FIELD(embed_response, model_version),
               SV_FIELD(embed_response, dimensions));

SV_HANDLER_PARAMS(embed, embed_query, embed_request, embed_response);

/* One call under way, in its arena. */
typedef struct embed_job {
    sv_model_work work;
    sv_str one; /* where `texts` points for one text */
    const sv_str *texts;
    size_t n_texts;
    bool is_list;
    sv_text_request request;
} embed_job;

static void write_members(const embed_job *job, const sv_embeddings *embeddings, sv_writer *writer)
{
    sv_writer_key_str(writer, "model", job->work.model->name);
    sv_writer_key_str(writer, "model_version", job->work.version->name);
    sv_writer_key_int(writer, "dimensions", (int64_t)embeddings->n_dimensions);
}

static sv_status write_answer(const embed_job *job, const sv_embeddings *embeddings,
                              sv_writer *writer, sv_error *error)
{
    int64_t n = (int64_t)embeddings->n_dimensions;
    sv_tensor tensor = {
        .dtype = SV_DTYPE_FP32,
        .shape = job->is_list ? SV_SHAPE((int64_t)embeddings->n_rows, n) : SV_SHAPE(n),
        .data = embeddings->values,
        .size_bytes = embeddings->n_rows * embeddings->n_dimensions * sizeof(float)};
    sv_writer_begin_object(writer);
    sv_writer_key(writer, job->is_list ? SV_STR("embeddings") : SV_STR("embedding"));
    sv_status status = sv_tensor_json_write(&tensor, writer, error);
    write_members(job, embeddings, writer);
    sv_writer_end_object(writer);
    return status ? status : sv_buf_status(writer->buf);
}

static sv_status answer(sv_model_work *work, const sv_text_batch_member *member, sv_error *error)
{
    const embed_job *job = SV_CONTAINER_OF(work, embed_job, work);
    sv_buf buf;
    sv_writer writer;
    sv_shadow_task_embeddings(work, member->request, &member->embeddings);
    int64_t since = sv_clock_now_ns(&sv_clock_system);
    sv_buf_init(&buf, MAX_ANSWER_BYTES);
    sv_writer_init(&writer, &buf);
    sv_status status = write_answer(job, &member->embeddings, &writer, error);
    sv_model_work_add_stage(&job->work, SV_STAGE_ENCODE, &since);
    if (!status)
        status = sv_call_respond_json(job->work.call, &buf);
    sv_buf_deinit(&buf);
    return status;
}

static sv_status prepare(sv_model_work *work, sv_text_batch_member *ret_member)
{
    embed_job *job = SV_CONTAINER_OF(work, embed_job, work);
    sv_call *call = work->call;
    job->request = (sv_text_request){.texts = job->texts,
                                     .n_texts = job->n_texts,
                                     .arena = call->arena,
                                     .cancel = call->cancel,
                                     .timeline = call->timeline};
    ret_member->request = &job->request;
    return SV_OK;
}

static sv_str or_empty(const sv_opt_str *text)
{
    return text->set ? text->value : (sv_str){0};
}

static sv_status begin(sv_model_work *work)
{
    static const sv_batch_steps steps = {.prepare_texts = prepare, .answer_texts = answer};
    if (work->instance->task == SV_TASK_TEXT_EMBEDDING)
        return sv_batch_work_submit(work, &steps, sv_batch_work_text_class(work));
    return sv_fail(work->call, &sv_kind_invalid_input,
                   "Model %.*s does not embed texts: its task is %s", SV_STR_ARG(work->model->name),
                   sv_manifest_task_name(work->instance->task));
}

static sv_status embed(sv_call *call, const struct embed_query *query,
                       const struct embed_request *in, struct embed_response *out)
{
    (void)out;
    embed_job *job = sv_alloc(call, sizeof *job);
    if (!job)
        return SV_NO_MEMORY;
    job->work = (sv_model_work){.call = call, .begin = begin};
    job->is_list = in->text.kind == MANY_TEXTS;
    job->one = job->is_list ? (sv_str){0} : in->text.as.one;
    job->texts = job->is_list ? in->text.as.many.items : &job->one;
    job->n_texts = job->is_list ? in->text.as.many.len : 1;
    job->work.units = (uint32_t)job->n_texts;
    sv_str version = or_empty(&in->model_version);
    return sv_model_work_start(
        &job->work, &(sv_wish){.model = or_empty(&in->model),
                               .task = SV_TASK_TEXT_EMBEDDING,
                               .version = version.len ? version : or_empty(&query->model_version)});
}

static const sv_error_kind *const embed_errors[] = {
    &sv_kind_invalid_input,       &sv_kind_model_not_found,
    &sv_kind_inference_failed,    &sv_kind_model_version_not_found,
    &sv_kind_model_not_loaded,    &sv_kind_invalid_model_output,
    &sv_kind_insufficient_memory, NULL};

#define DESCRIPTION                                                                                \
    "One vector for each text, by a text-embedding model. Texts longer than the model's "          \
    "`max_length` are cut. A single text gives `embedding`, a list gives `embeddings`."

const sv_operation *sv_embedding_operations(void)
{
    static const sv_operation operations[] = {{"POST", "/embed", &embed_handler, .tags = "text",
                                               .description = DESCRIPTION, .errors = embed_errors},
                                              {"POST", "/api/v1/embed", &embed_handler,
                                               .tags = "text", .description = DESCRIPTION,
                                               .errors = embed_errors},
                                              {0}};
    return operations;
}
