/* middleware.h: an onion of small structs around every request, those for unknown paths and refused
 * ones included.
 *
 * `before` and `done` run in the order of the table and its reverse, as do `on_error` and `after`.
 * All of them run on the event loop that owns the connection: they must not block nor take long. */
#ifndef SERVAL_MIDDLEWARE_H
#define SERVAL_MIDDLEWARE_H

#include <serval/attr.h>
#include <serval/call.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Leave out what is not needed. */
typedef struct sv_middleware {
    const char *name;
    /* The head of the request is there, its body is not read yet. SV_OK goes on; SV_FAILED after
     * sv_fail refuses: the body is never read and no handler runs. */
    sv_status (*before)(sv_call *call);
    /* The answer will be an error of `kind` (from whatever layer); may call sv_fail to answer with
     * another one. */
    void (*on_error)(sv_call *call, const sv_error_kind *kind);
    /* The head of the answer is about to be written: headers may be added; sv_response_status
     * tells the status. */
    void (*after)(sv_call *call);
    /* A piece of a streamed answer (of events: the data) leaves; on the thread that sends it. */
    void (*on_stream)(sv_call *call, sv_str piece);
    /* Everything is written, or the client is gone (sv_response_status says 499). */
    void (*done)(sv_call *call);
} sv_middleware;

/* The status that is or will be sent. For `after`, `on_stream` and `done`. */
SV_API int sv_response_status(const sv_call *call);
/* Bytes of head and body as written. For `done`. */
SV_API size_t sv_response_size_bytes(const sv_call *call);
/* Milliseconds since the first byte of the request. */
SV_API double sv_elapsed_ms(const sv_call *call);

#ifdef __cplusplus
}
#endif

#endif
