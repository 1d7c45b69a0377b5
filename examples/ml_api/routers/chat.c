#include "routers/chat.h"

#include "errors.h"
#include "models/schemas.h"
#include "services/llm.h"

#define LLM_FAILED "The language model failed"

/* JSON events, as in the guide's version "with proper error handling". */
SV_STREAM(chat, chat_request, chat_event);

/* Before the first event an ordinary answer with its status, later an event. */
static sv_status tell_failure(sv_call *call, sv_events *events, bool has_begun)
{
    if (!has_begun)
        return sv_fail(call, &llm_failed_error, LLM_FAILED);
    return chat_send(events, &(struct chat_event){.error = {true, SV_STR(LLM_FAILED)}});
}

static sv_status chat(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct llm_stream llm;
    sv_str token = {0};
    sv_set_header(call, "Cache-Control", SV_STR("no-cache"));
    sv_set_header(call, "Connection", SV_STR("keep-alive"));
    sv_status status = llm_begin(call, "Echo:", in->message, &llm);
    for (bool has_begun = false; !status; has_begun = true) {
        if (llm_next(&llm, &token))
            return tell_failure(call, events, has_begun);
        if (!token.len)
            return chat_send(events, &(struct chat_event){.done = {true, true}});
        status = chat_send(events, &(struct chat_event){.content = {true, token}});
    }
    return status;
}

/* Bare tokens; failures are told by the server, as an answer or as an event `error`. */
SV_STREAM(chat_stream, chat_request, chat_token);
static sv_status chat_stream(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct llm_stream llm;
    sv_str token = {0};
    sv_status status = llm_begin(call, "You said:", in->message, &llm);
    while (!status) {
        if (llm_next(&llm, &token))
            return sv_fail(call, &llm_failed_error, LLM_FAILED);
        if (!token.len)
            return sv_events_send_text(events, SV_STR("[DONE]"));
        status = sv_events_send_text(events, token);
    }
    return status;
}

static const sv_error_kind *const chat_errors[] = {&llm_failed_error, NULL};

static const sv_operation operations[] = {
    {"POST", "/chat", &chat_handler, .errors = chat_errors},
    {"POST", "/chat/stream", &chat_stream_handler, .errors = chat_errors},
    {0},
};

const sv_api_router chat_router = {.tags = "chat", .operations = operations};
