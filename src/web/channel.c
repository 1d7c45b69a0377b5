/* channel.c: events shared by all who listen (<serval/stream.h>). The ring and its followers:
 * http/event_replay.c. */
#include <serval/stream.h>

#include "http/event_replay.h"
#include "web/events.h"

/* A channel is its replay: the public name of an internal thing. */
static sv_event_replay *replay_of(sv_channel *channel)
{
    return (sv_event_replay *)channel;
}

sv_channel *sv_channel_new(size_t max_events, size_t max_bytes)
{
    sv_event_replay *replay = NULL;
    if (sv_event_replay_new(max_events, max_bytes, &replay))
        return NULL;
    return (sv_channel *)replay;
}

void sv_channel_free(sv_channel *channel)
{
    sv_event_replay_free(replay_of(channel));
}

sv_status sv_channel_publish(sv_channel *channel, const sv_event *event)
{
    sv_event_fields fields = {.event = event->event.len ? event->event : (sv_str){0},
                              .data = event->data.ptr ? event->data : SV_STR(""),
                              .retry_ms = event->retry_ms,
                              .has_retry = event->retry_ms != 0};
    return event->id.len ? SV_INVALID : sv_event_replay_publish(replay_of(channel), &fields);
}

void sv_channel_end(sv_channel *channel)
{
    sv_event_replay_end(replay_of(channel));
}

static void end_follow(void *arg, sv_status status)
{
    sv_complete(arg, status);
}

sv_status sv_events_follow(sv_events *events, sv_channel *channel)
{
    sv_call *call = sv_events_call(events);
    sv_status status = call->is_stream ? SV_INVALID : sv_events_prepare(events);
    if (status)
        return status;
    sv_event_follow how = {
        .heartbeat_ms = sv_events_heartbeat(events), .on_end = end_follow, .arg = call};
    call->is_stream = true; /* it may end before we are back */
    status = sv_event_replay_follow(replay_of(channel), call->exchange, &how);
    if (!status)
        return SV_DEFERRED;
    call->is_stream = false;
    if (status != SV_NOT_FOUND)
        return status;
    sv_set_status(call, 204);
    return sv_respond_bytes(call, "", SV_STR(""));
}
