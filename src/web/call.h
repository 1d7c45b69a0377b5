/* call.h: one call of an operation: what the handler sees through <serval/call.h>, and how its
 * result travels.
 *
 * A call knows no HTTP: its request is plain data and its result goes to a sink, so that the same
 * operation can run as an HTTP request, as a task, as a job and in a test. One owner at a time; the
 * arena moves with the call. */
#ifndef SERVAL_WEB_CALL_H
#define SERVAL_WEB_CALL_H

#include <stdatomic.h>

#include <serval/call.h>
#include <serval/operation.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "http/exchange.h"
#include "io/mailbox.h"
#include "observe/timeline.h"
#include "json/params.h"

struct sv_bound_operation;
struct sv_call_store;

/* The request as data. Text lives in the call's arena or longer. */
typedef struct sv_call_request {
    sv_str method, raw_path, path, query, body, request_id, client;
    const sv_http_header *headers;
    size_t n_headers;
    const sv_str *path_params;       /* in template order */
    int64_t started_ns, deadline_ns; /* sv_application_clock's monotonic scale */
} sv_call_request;

/* What the handler left behind. */
typedef struct sv_call_result {
    int status;            /* HTTP's numbers, also for jobs */
    sv_str content_type;   /* of `body` */
    sv_str body;           /* encoded */
    uint64_t absent_bytes; /* that `body` does not hold: exchange.h */
    sv_http_header headers[12];
    size_t n_headers;
    const sv_error_kind *failure; /* NULL: success */
    sv_str message;               /* of a failure */
    sv_str detail_json;           /* NULL pointer: the message */
    sv_str members_json;          /* NULL pointer: none */
    sv_str param;                 /* the member of the body that is to blame; empty: none */
    sv_str log_detail;            /* for the log only: what clients are not told */
} sv_call_result;

/* Who may end the call (call_store.h). */
typedef enum sv_call_phase {
    SV_CALL_SPARE,    /* nobody's */
    SV_CALL_RUNNING,  /* its handler will return, unless somebody completes it before */
    SV_CALL_DEFERRED, /* its handler has returned, sv_complete will come */
    SV_CALL_ENDING    /* the result is on its way to the sink */
} sv_call_phase;

struct sv_call {
    /* Read by any thread; they outlive the call (call_store.c). */
    _Atomic(sv_application *) application;
    atomic_ullong turn;            /* how often it was used, and its phase: call_store.c */
    _Atomic(const char *) name;    /* of the handler or task, for reports */
    atomic_llong running_since_ns; /* its handler runs; 0: it does not */
    atomic_bool is_inline;         /* on an event loop */
    /* The owner's. */
    sv_call *next_spare;                        /* of the store */
    const struct sv_bound_operation *operation; /* NULL: no route was found, or a task */
    sv_arena *arena;
    sv_cancel *cancel;
    sv_timeline *timeline;
    sv_call_request request;
    sv_call_result result;
    sv_exchange *exchange; /* behind HTTP; else NULL */
    void *user_state;      /* of a model server (api's services) */
    const void *params, *in;
    void *out;
    bool has_bytes;       /* the handler answered with sv_respond_bytes */
    bool is_on_pool;      /* the thread that runs it may run its tasks */
    bool is_hooked;       /* middleware sees the end of it: it lives until then */
    bool is_answered;     /* middleware looks at the answer: headers go into it */
    bool is_stream;       /* the answer has begun and goes on (events.c) */
    bool breaks_off;      /* the stream of bytes failed: the client has to see it */
    bool is_failure_told; /* in a stream: by its owner, in his own words */
    sv_params given;      /* path, query, headers, cookies and form, once collected (gather.c) */
    bool has_given;
    /* Newest first, closed ones too; innermost first (dependency.c). */
    struct sv_open_dependency *dependencies, *opening;
    struct sv_slot_value *slots; /* dependency.c */
    struct sv_task_batch *tasks; /* task.c; NULL: none */
    sv_message message;          /* for crossing to another thread */
    /* Takes the finished call. Runs on the thread that finished it. */
    void (*sink)(sv_call *call);
};

/* The services of the program that the call belongs to (api's); NULL behind in-process clients. */
void *sv_call_state(const sv_call *call);
/* Moves what a buffer holds into the call, whose arena frees it: no copy. */
sv_status sv_call_keep_bytes(sv_call *call, sv_buf *buf, sv_str *ret_bytes) SV_MUST_USE;
/* Once nothing refers to the request's body any more: its memory goes now, not with the answer. */
void sv_call_forget_body(sv_call *call);
/* Answers with the JSON that a buffer holds. */
sv_status sv_call_respond_json(sv_call *call, sv_buf *buf) SV_MUST_USE;
/* Sets the failure; copies nothing. `detail_json` NULL pointer: the message. */
void sv_call_set_failure(sv_call *call, const sv_error_kind *kind, sv_str message,
                         sv_str detail_json);
/* Which member of the body is to blame for the failure that was set; copied. Returns SV_FAILED. */
sv_status sv_call_blame(sv_call *call, sv_str param);
/* sv_fail for a filled sv_error; a kind that is NULL is chosen by `status`. Returns SV_FAILED. */
sv_status sv_call_fail_with(sv_call *call, sv_status status, const sv_error *error);

#endif
