/* events.h: streamed answers of a call: how they open and end. */
#ifndef SERVAL_WEB_EVENTS_H
#define SERVAL_WEB_EVENTS_H

#include <serval/stream.h>

#include "web/call.h"

/* The events of a call whose handler streams; nothing is sent yet. NULL when out of memory. */
sv_events *sv_events_open(sv_call *call);
/* The handler has returned well without sending: an empty stream. */
sv_status sv_events_close(sv_events *events);
/* The handler of a call whose answer has begun has returned `status`: an error event when it failed
 * (of a stream of bytes: the connection breaks off), and the end. */
void sv_events_finish(sv_call *call, sv_status status);

/* For channel.c. */
sv_call *sv_events_call(const sv_events *events);
int64_t sv_events_heartbeat(const sv_events *events);
/* Fills the exchange's answer with status and headers, as far as they were set. */
sv_status sv_events_prepare(sv_events *events) SV_MUST_USE;

#endif
