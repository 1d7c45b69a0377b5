/* relay_answer.c: from an upstream to a client; see the header. */
#include "api/relay_answer.h"

#include "api/openai_fields.h"
#include "http/event_stream.h"
#include "http/mw_error.h"
#include "model/relay_body.h"

static const size_t MAX_BODY_BYTES = (size_t)128 << 20;

/* One call under way, in its arena. */
typedef struct relay_call {
    sv_generation_answer answer;
    sv_generation_request request;
} relay_call;

bool sv_relay_answer_takes(const sv_instance *instance)
{
    return sv_relay_is(&instance->relay);
}

/* ---- The way out ---- */

static sv_status put_frames(sv_generation_answer *answer, size_t choice,
                            const sv_generation_part *part, sv_buf *out)
{
    (void)answer, (void)choice;
    return sv_buf_append_str(out, part->text);
}

static sv_status put_end(sv_generation_answer *answer, sv_buf *out)
{
    (void)answer;
    return sv_buf_append_str(out, SV_STR("data: [DONE]\n\n"));
}

static sv_status put_failure(sv_generation_answer *answer, const sv_error *error, sv_buf *out)
{
    sv_call *call = answer->work.call;
    (void)sv_call_fail_with(call, answer->status, error);
    sv_failure failure = {.kind = call->result.failure, .message = call->result.message};
    sv_buf_append_str(out, SV_STR("data: "));
    sv_buf_append_str(out, sv_mw_error_format(call->exchange, &failure));
    return sv_buf_append_str(out, SV_STR("\n\n"));
}

static sv_status answer_whole(sv_generation_answer *answer, const sv_generation_part *parts)
{
    sv_buf buf;
    sv_buf_init(&buf, MAX_BODY_BYTES);
    sv_status status = sv_buf_append_str(&buf, parts->text);
    if (!status)
        status = sv_call_respond_json(answer->work.call, &buf);
    sv_buf_deinit(&buf);
    return status;
}

/* The upstream's codes that clients know; others are told as ours. */
static const sv_error_kind *find_kind(const char *code)
{
    static const struct {
        const char *code;
        const sv_error_kind *kind;
    } rows[] = {{"context_length_exceeded", &sv_openai_context_length},
                {"invalid_value", &sv_openai_invalid_value},
                {"invalid_type", &sv_openai_invalid_type},
                {"missing_required_parameter", &sv_openai_missing}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sv_str_eq(sv_str_from(code), sv_str_from(rows[i].code)))
            return rows[i].kind;
    return NULL;
}

static sv_status tell_refusal(sv_generation_answer *answer, sv_status status, sv_error *error)
{
    const sv_error_kind *kind = find_kind(answer->generations[0]->code);
    if (status == SV_INVALID && kind)
        error->kind = kind;
    return sv_openai_fields_fail(answer->work.call, status, error);
}

static const sv_answer_format format = {.heartbeat_ms = SV_EVENT_STREAM_HEARTBEAT_MS,
                                        .part = put_frames,
                                        .end = put_end,
                                        .fail = put_failure,
                                        .refuse = tell_refusal,
                                        .whole = answer_whole};

/* ---- The way in ---- */

static sv_status pass_on(relay_call *job, const sv_value *body, const char *path)
{
    const sv_model_work *work = &job->answer.work;
    const sv_value *stream = sv_openai_fields_get(body, SV_STR("stream"));
    sv_buf buf;
    job->answer.is_stream = sv_openai_fields_is(stream, SV_VALUE_BOOL) && sv_value_bool(stream);
    sv_buf_init(&buf, MAX_BODY_BYTES);
    sv_status status = sv_relay_body_rename(body, work->instance->relay.model, &buf);
    job->request.max_tokens = 1; /* the body's count */
    job->request.ask = (sv_generation_ask){.path = path,
                                           .body = sv_buf_str(&buf),
                                           .name = work->model->name,
                                           .is_stream = job->answer.is_stream};
    if (status == SV_INVALID)
        status = sv_fail(work->call, &sv_kind_invalid_input, "The body has more than %d members",
                         SV_RELAY_BODY_MAX_MEMBERS);
    else if (!status)
        status = sv_generation_answer_start(&job->answer, &job->request, 1);
    sv_buf_deinit(&buf);
    return status;
}

sv_status sv_relay_answer_begin(sv_model_work *work, const char *path)
{
    const sv_value *body;
    relay_call *job = sv_alloc(work->call, sizeof *job);
    sv_status status = job ? sv_openai_fields_body(work->call, &body) : SV_NO_MEMORY;
    if (status)
        return status;
    job->answer.work = *work;
    job->answer.format = &format;
    return pass_on(job, body, path);
}

sv_status sv_relay_answer_start(sv_generation_answer *answer, sv_generation_request *request,
                                const sv_chat_message *messages, size_t n)
{
    const sv_relay *relay = &answer->work.instance->relay;
    sv_buf buf;
    sv_buf_init(&buf, MAX_BODY_BYTES);
    sv_status status = sv_relay_body_write(relay, request, messages, n, &buf);
    request->ask = (sv_generation_ask){.path = "/chat/completions", .body = sv_buf_str(&buf)};
    if (!status)
        status = sv_generation_answer_start(answer, request, 1);
    sv_buf_deinit(&buf);
    return status;
}
