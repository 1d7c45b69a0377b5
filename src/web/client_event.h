/* client_event.h: server-sent events, read as a browser reads them (WHATWG HTML, 9.2.6). */
#ifndef SERVAL_WEB_CLIENT_EVENT_H
#define SERVAL_WEB_CLIENT_EVENT_H

#include <serval/test.h>

#include "base/arena.h"
#include "base/buf.h"

/* What came and is not dispatched yet. */
typedef struct sv_client_event {
    sv_buf text;
    sv_str last_id; /* in the arena */
    int64_t retry_ms;
    bool has_begun; /* a byte order mark can not come any more */
} sv_client_event;

void sv_client_event_init(sv_client_event *events);
void sv_client_event_deinit(sv_client_event *events);
/* The next event of `text`, its texts in the arena. SV_UNAVAILABLE: more must come; SV_NO_MEMORY.
 */
sv_status sv_client_event_next(sv_client_event *events, sv_arena *arena,
                               sv_test_event *ret_event) SV_MUST_USE;

#endif
