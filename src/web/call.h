/* call.h: one call of an operation: what the handler sees through <serval/call.h>, and how its
 * result travels.
 *
 * A call knows no HTTP: its request is plain data and its result goes to a sink, so that the same
 * operation can run as an HTTP request, as a job and in a test. One owner at a time; the arena
 * moves with the call. */
#ifndef SERVAL_WEB_CALL_H
#define SERVAL_WEB_CALL_H

#include <serval/call.h>
#include <serval/operation.h>

#include "base/arena.h"
#include "base/cancel.h"
#include "http/exchange.h"
#include "io/mailbox.h"
#include "observe/timeline.h"

struct sv_bound_operation;

/* The request as data. Text lives in the call's arena or longer. */
typedef struct sv_call_request {
    sv_str method, raw_path, path, query, body, request_id, client;
    const sv_http_header *headers;
    size_t n_headers;
    const sv_str *path_params; /* in template order */
    int64_t deadline_ns;       /* sv_clock_system's monotonic scale */
} sv_call_request;

/* What the handler left behind. */
typedef struct sv_call_result {
    int status;          /* HTTP's numbers, also for jobs */
    sv_str content_type; /* of `body` */
    sv_str body;         /* encoded */
    sv_http_header headers[12];
    size_t n_headers;
    const sv_error_kind *failure; /* NULL: success */
    sv_str message;               /* of a failure */
    sv_str detail_json;           /* NULL pointer: the message */
    sv_str members_json;          /* NULL pointer: none */
    sv_str log_detail;            /* for the log only: what clients are not told */
} sv_call_result;

struct sv_call {
    const struct sv_bound_operation *operation;
    sv_arena *arena;
    sv_cancel *cancel;
    sv_timeline *timeline;
    sv_call_request request;
    sv_call_result result;
    void *state; /* of the application */
    const void *params, *in;
    void *out;
    bool has_bytes;     /* the handler answered with sv_respond_bytes */
    sv_message message; /* for crossing to another thread */
    /* Takes the finished call; the memory is the sink's to free. Runs on the thread that finished
     * it. */
    void (*sink)(sv_call *call);
    void *sink_arg;
};

/* The state of the application that the call belongs to (api's services). */
void *sv_call_state(const sv_call *call);
/* Sets the failure; copies nothing. `detail_json` NULL pointer: the message. */
void sv_call_set_failure(sv_call *call, const sv_error_kind *kind, sv_str message,
                         sv_str detail_json);
/* sv_fail for a filled sv_error; a kind that is NULL is chosen by `status`. Returns SV_FAILED. */
sv_status sv_call_fail_with(sv_call *call, sv_status status, const sv_error *error);

#endif
