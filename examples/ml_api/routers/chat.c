#include "routers/chat.h"

#include "errors.h"
#include "models/schemas.h"
#include "services/llm.h"

/* An answer that is being sent. */
struct telling {
    sv_events *events;
    bool has_begun; /* the head is sent: failures are events from now on */
};

static sv_status answer(sv_call *call, const struct chat_request *in, struct telling *telling,
                        sv_status (*take)(void *telling, sv_str piece), sv_error *error)
{
    sv_str text;
    struct llm_request request = {
        .prompt = in->message,
        .is_message = true,
        .max_tokens = in->max_tokens,
        .temperature = in->temperature,
        .take = take,
        .arg = telling,
    };
    return llm_write(call, &request, error, &text);
}

/* JSON events, as in the guide's version "with proper error handling". */
SV_STREAM(chat, chat_request, chat_event);

static sv_status send_content(void *arg, sv_str piece)
{
    struct telling *telling = arg;
    telling->has_begun = true;
    return chat_send(telling->events, &(struct chat_event){.content = {true, piece}});
}

/* Before the first event an ordinary answer with its status, later an event. */
static sv_status tell_failure(sv_call *call, struct telling *telling, sv_status status,
                              const sv_error *error)
{
    if (!telling->has_begun || !error->message[0])
        return sv_fail_with(call, status, error);
    return chat_send(telling->events,
                     &(struct chat_event){.error = {true, sv_str_from(error->message)}});
}

static sv_status chat(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct telling telling = {.events = events};
    sv_error error = {0};
    sv_set_header(call, "Cache-Control", SV_STR("no-cache"));
    sv_set_header(call, "Connection", SV_STR("keep-alive"));
    sv_status status = answer(call, in, &telling, send_content, &error);
    return status ? tell_failure(call, &telling, status, &error)
                  : chat_send(events, &(struct chat_event){.done = {true, true}});
}

/* Bare text; failures are told by the server, as an answer or as an event `error`. */
SV_STREAM(chat_stream, chat_request, chat_token);

static sv_status send_text(void *arg, sv_str piece)
{
    struct telling *telling = arg;
    return sv_events_send_text(telling->events, piece);
}

static sv_status chat_stream(sv_call *call, const struct chat_request *in, sv_events *events)
{
    struct telling telling = {.events = events};
    sv_error error = {0};
    sv_status status = answer(call, in, &telling, send_text, &error);
    return status ? sv_fail_with(call, status, &error)
                  : sv_events_send_text(events, SV_STR("[DONE]"));
}

static const sv_error_kind *const chat_errors[] = {&invalid_input_error, &llm_failed_error,
                                                   &model_not_loaded_error, NULL};

static const sv_operation operations[] = {
    {"POST", "/chat", &chat_handler, .errors = chat_errors},
    {"POST", "/chat/stream", &chat_stream_handler, .errors = chat_errors},
    {0},
};

const sv_api_router chat_router = {.tags = "chat", .operations = operations};
