/* call.h: what a handler can ask and say while it answers one request. A call knows no sockets: the
 * same handler runs behind HTTP, as a job and in a test.
 *
 * Thread: a call belongs to one thread at a time, the one that runs its handler. Text handed out
 * lives as long as the call. */
#ifndef SERVAL_CALL_H
#define SERVAL_CALL_H

#include <serval/attr.h>
#include <serval/schema.h>
#include <serval/status.h>
#include <serval/str.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sv_call sv_call;
/* A running application, made of a sv_app (app.h). */
typedef struct sv_application sv_application;
struct sv_cookie;

/* Answers with an error of `kind` and a message (printf format; bounded, longer text is cut).
 * Returns SV_FAILED, so that a handler ends with `return sv_fail(call, &sv_kind_..., "...")`. The
 * last call wins. */
SV_API sv_status sv_fail(sv_call *call, const sv_error_kind *kind, const char *format, ...)
    SV_PRINTF(3, 4);
/* Adds a member to the error object after sv_fail: sv_fail_member(call, "available",
 * "[\"1\",\"2\"]"). `json` is valid JSON text and is copied. Returns SV_FAILED. */
SV_API sv_status sv_fail_member(sv_call *call, const char *name, const char *json);
/* As sv_fail, with what a function left in its sv_error (may be NULL): its kind and message;
 * without a kind, one that fits `status`. Returns SV_FAILED. */
SV_API sv_status sv_fail_with(sv_call *call, sv_status status, const sv_error *error);

/* Zeroed memory of the call; NULL when its memory limit is reached. Freed with the call. */
SV_API void *sv_alloc(sv_call *call, size_t size_bytes);
/* Text of the call, by a printf format; an empty span with a NULL pointer when out of memory. */
SV_API sv_str sv_format(sv_call *call, const char *format, ...) SV_PRINTF(2, 3);

/* Appends one zeroed item to a SV_LIST and returns it; NULL when out of memory. Grows
 * geometrically: `len` counts items; use it only on lists that sv_list_push itself grew, or on
 * empty ones. */
SV_API void *sv_list_push_(sv_call *call, void *list, size_t item_size);
#ifndef __cplusplus
#define sv_list_push(call, list)                                                                   \
    ((__typeof__((list)->items))sv_list_push_((call), (list), sizeof *(list)->items))
#endif

/* The request. Header names compare without case; NULL pointer when there is no such header;
 * several lines of one name give the first. */
SV_API sv_str sv_request_method(const sv_call *call);
/* As received: still percent-encoded, without the query. */
SV_API sv_str sv_request_raw_path(const sv_call *call);
SV_API sv_str sv_request_path(const sv_call *call);
SV_API sv_str sv_request_query(const sv_call *call);
SV_API sv_str sv_request_header(const sv_call *call, const char *name);
/* The body after transfer decoding, whole. */
SV_API sv_str sv_request_body(const sv_call *call);
SV_API sv_str sv_request_id(const sv_call *call);
/* Address of the client, without port; "" for in-process clients and Unix sockets. */
SV_API sv_str sv_request_client(const sv_call *call);

/* The answer. The status of the operation's row is used unless set here (200..599, others are
 * ignored). */
SV_API void sv_set_status(sv_call *call, int status);
/* Adds a header; name and value are copied. Names and values that are not legal in HTTP:
 * SV_INVALID. */
SV_API sv_status sv_set_header(sv_call *call, const char *name, sv_str value);
/* Answers with bytes instead of the struct: `bytes` and `content_type` (NULL: none) must live as
 * long as the call (or be static). SV_INVALID for a type that no header can carry. */
SV_API sv_status sv_respond_bytes(sv_call *call, const char *content_type, sv_str bytes);

/* Answers 307, or another 3xx, with `Location`. `location` is copied; SV_INVALID for one that no
 * header can carry. */
SV_API sv_status sv_respond_redirect(sv_call *call, int status, sv_str location);
/* Answers with a file: Content-Type by its name, ETag, Last-Modified, conditional requests and
 * ranges. `path` is the server's own business; never build it from what a client says: use
 * sv_respond_file_below for that. SV_FAILED (404) when there is no such regular file. Not on an
 * event loop: reads files. */
SV_API sv_status sv_respond_file(sv_call *call, const char *path);
/* The same for a path that a client chose, which cannot leave `folder`, whatever it says. */
SV_API sv_status sv_respond_file_below(sv_call *call, const char *folder, sv_str path);
/* Adds a Set-Cookie header (cookie.h). SV_INVALID for names and values that no cookie can have. */
SV_API sv_status sv_set_cookie(sv_call *call, const struct sv_cookie *cookie);

/* Whether the call has failed, or was answered with an error. For clean-up. */
SV_API bool sv_has_failed(const sv_call *call);
/* The application that the call belongs to. */
SV_API sv_application *sv_call_application(const sv_call *call);

/* Ends a call whose handler returned SV_DEFERRED, or is about to: `out` is answered on SV_OK, else
 * as if the handler had returned `status`. Any thread, once; the call and all its memory are gone
 * afterwards. A second completion, or one of a call that was not deferred, is reported and does
 * nothing. */
SV_API void sv_complete(sv_call *call, sv_status status);

/* True once nobody waits for the answer any more (client gone, deadline over, server stopping). Any
 * thread. */
SV_API bool sv_is_cancelled(const sv_call *call);
/* Milliseconds until the answer must have started; 0 when that time is over. */
SV_API int64_t sv_remaining_ms(const sv_call *call);

#ifdef __cplusplus
}
#endif

#endif
