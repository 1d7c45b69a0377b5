#include "routers/chat.h"

#include "models/schemas.h"
#include "services/llm.h"

/* JSON events, as in the guide's version "with proper error handling". */
SV_STREAM(chat, chat_request, chat_event);
static sv_status chat(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct llm_stream llm;
    sv_str token;
    sv_status status = llm_begin(call, "Echo:", in->message, &llm);
    if (!status)
        status = sv_set_header(call, "Cache-Control", SV_STR("no-cache"));
    if (!status)
        status = sv_set_header(call, "Connection", SV_STR("keep-alive"));
    while (!status && llm_next(&llm, &token))
        status = chat_send(events, &(struct chat_event){.content = {true, token}});
    return status ? status : chat_send(events, &(struct chat_event){.done = {true, true}});
}

/* Bare tokens. */
SV_STREAM(chat_stream, chat_request, sv_none);
static sv_status chat_stream(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct llm_stream llm;
    sv_str token;
    sv_status status = llm_begin(call, "You said:", in->message, &llm);
    while (!status && llm_next(&llm, &token))
        status = sv_events_send_text(events, token);
    return status ? status : sv_events_send_text(events, SV_STR("[DONE]"));
}

static const sv_operation operations[] = {
    {"POST", "/chat", &chat_handler},
    {"POST", "/chat/stream", &chat_stream_handler},
    {0},
};

const sv_api_router chat_router = {.tags = "chat", .operations = operations};
