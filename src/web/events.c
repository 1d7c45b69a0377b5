/* events.c: streamed answers of a call. */
#include "web/events.h"

sv_events *sv_events_open(sv_call *call)
{
    (void)call;
    return NULL;
}

sv_status sv_events_close(sv_events *events)
{
    (void)events;
    return SV_UNSUPPORTED;
}

void sv_events_finish(sv_call *call, sv_status status)
{
    (void)call, (void)status;
}
