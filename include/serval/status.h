/* status.h: how functions say that they failed (sv_status), and what a client reads then
 * (sv_error_kind). One list of kinds gives the constants below, the documentation page and the
 * OpenAPI responses. */
#ifndef SERVAL_STATUS_H
#define SERVAL_STATUS_H

#include <serval/attr.h>
#include <serval/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text): name becomes SV_<name>. */
#define SV_STATUS_MAP(X)                                                                           \
    X(OK, "ok")                                                                                    \
    X(FAILED, "failed")                                                                            \
    X(CANCELLED, "cancelled")                                                                      \
    X(NO_MEMORY, "out of memory")                                                                  \
    X(INVALID, "invalid")                                                                          \
    X(NOT_FOUND, "not found")                                                                      \
    X(TOO_LARGE, "too large")                                                                      \
    X(TIMEOUT, "timed out")                                                                        \
    X(UNSUPPORTED, "unsupported")                                                                  \
    X(UNAVAILABLE, "unavailable")                                                                  \
    X(IO, "input or output failed")                                                                \
    X(DEFERRED, "deferred")

/* SV_OK is 0; everything else means that outputs were not written. SV_FAILED: the details are in
 * the call (sv_fail) or in the sv_error that was passed along. SV_DEFERRED, from a handler:
 * somebody else has the call now and will end it (sv_complete). */
typedef enum sv_status {
#define SV_STATUS_ENUM(name, text) SV_##name,
    SV_STATUS_MAP(SV_STATUS_ENUM)
#undef SV_STATUS_ENUM
} sv_status;

/* A short lower-case text for a status; static. */
SV_API const char *sv_status_text(sv_status status);

/* A kind of error as clients see it: a stable code, the HTTP status and a title. Declare your own
 * beside the operations that raise them; they live as long as the application. */
typedef struct sv_error_kind {
    const char *code;    /* e.g. "MODEL_NOT_LOADED" */
    int status;          /* HTTP status, 400..599 */
    const char *title;   /* for OpenAPI and documentation */
    const char *meaning; /* one sentence for the documentation; may be NULL */
} sv_error_kind;

/* X(name, code, status, title, meaning): the kinds of Serval itself, as sv_kind_<name>. */
#define SV_ERROR_KIND_MAP(X)                                                                       \
    X(bad_request, "BAD_REQUEST", 400, "Bad request", "The bytes are not a well-formed request.")  \
    X(invalid_json, "INVALID_JSON", 400, "Invalid JSON",                                           \
      "The body is not UTF-8, or is nested too deeply.")                                           \
    X(invalid_input, "INVALID_INPUT", 400, "Invalid input",                                        \
      "The input is well-formed but cannot be used, e.g. a picture that cannot be read.")          \
    X(unauthorized, "UNAUTHORIZED", 401, "Unauthorized", "An API key is needed.")                  \
    X(forbidden, "FORBIDDEN", 403, "Forbidden", "The API key does not allow this.")                \
    X(not_found, "NOT_FOUND", 404, "Not found", "No such resource.")                               \
    X(model_not_found, "MODEL_NOT_FOUND", 404, "Model not found", "No model has this name.")       \
    X(model_version_not_found, "MODEL_VERSION_NOT_FOUND", 404, "Model version not found",          \
      "The model has no such version; `available` lists those it has.")                            \
    X(job_not_found, "JOB_NOT_FOUND", 404, "Job not found", "No job has this id.")                 \
    X(method_not_allowed, "METHOD_NOT_ALLOWED", 405, "Method not allowed",                         \
      "The path exists; `Allow` lists its methods.")                                               \
    X(request_timeout, "REQUEST_TIMEOUT", 408, "Request timeout",                                  \
      "The request did not arrive in time.")                                                       \
    X(conflict, "CONFLICT", 409, "Conflict", "The resource is in another state.")                  \
    X(idempotency_conflict, "IDEMPOTENCY_CONFLICT", 409, "Idempotency conflict",                   \
      "The idempotency key was used with another body.")                                           \
    X(precondition_failed, "PRECONDITION_FAILED", 412, "Precondition failed",                      \
      "A condition of the request headers does not hold.")                                         \
    X(payload_too_large, "PAYLOAD_TOO_LARGE", 413, "Payload too large",                            \
      "The body is larger than the limit of this route.")                                          \
    X(uri_too_long, "URI_TOO_LONG", 414, "URI too long", "The request target is too long.")        \
    X(unsupported_media_type, "UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type",             \
      "This route does not take a body of this type.")                                             \
    X(range_not_satisfiable, "RANGE_NOT_SATISFIABLE", 416, "Range not satisfiable",                \
      "The range lies outside the resource.")                                                      \
    X(expectation_failed, "EXPECTATION_FAILED", 417, "Expectation failed",                         \
      "Only 100-continue can be expected.")                                                        \
    X(validation_error, "VALIDATION_ERROR", 422, "Validation Error",                               \
      "The request does not fit the schema; `detail` lists every mistake.")                        \
    X(rate_limited, "RATE_LIMITED", 429, "Too many requests",                                      \
      "A limit of this client is used up; see `Retry-After`.")                                     \
    X(headers_too_large, "HEADERS_TOO_LARGE", 431, "Headers too large",                            \
      "The header section is larger than allowed.")                                                \
    X(internal_error, "INTERNAL_ERROR", 500, "Internal server error", "A fault of the server.")    \
    X(invalid_model_output, "INVALID_MODEL_OUTPUT", 500, "Invalid model output",                   \
      "The model answered with numbers that are not finite.")                                      \
    X(inference_failed, "INFERENCE_FAILED", 500, "Inference failed", "The model could not run.")   \
    X(not_implemented, "NOT_IMPLEMENTED", 501, "Not implemented",                                  \
      "The server does not know this method or coding.")                                           \
    X(upstream_failed, "UPSTREAM_FAILED", 502, "Upstream failed",                                  \
      "A server that this one relays to failed.")                                                  \
    X(model_not_loaded, "MODEL_NOT_LOADED", 503, "Model not loaded",                               \
      "The model is not ready to serve.")                                                          \
    X(server_overloaded, "SERVER_OVERLOADED", 503, "Server overloaded",                            \
      "The answer would come too late; see `Retry-After`.")                                        \
    X(draining, "DRAINING", 503, "Shutting down", "The server is about to stop.")                  \
    X(store_unavailable, "STORE_UNAVAILABLE", 503, "Store unavailable",                            \
      "The job store cannot be reached.")                                                          \
    X(insufficient_memory, "INSUFFICIENT_MEMORY", 503, "Insufficient memory",                      \
      "There is no memory for this request now.")                                                  \
    X(deadline_exceeded, "DEADLINE_EXCEEDED", 504, "Deadline exceeded",                            \
      "The answer was not ready in time.")                                                         \
    X(http_version_not_supported, "HTTP_VERSION_NOT_SUPPORTED", 505, "HTTP version not supported", \
      "HTTP/1.0 and HTTP/1.1 are spoken here.")

#define SV_ERROR_KIND_DECLARE(name, code, status, title, meaning)                                  \
    extern SV_API const sv_error_kind sv_kind_##name;
SV_ERROR_KIND_MAP(SV_ERROR_KIND_DECLARE)
#undef SV_ERROR_KIND_DECLARE

/* All kinds of Serval itself in the order above; `*ret_count` (may be NULL) gets how many. Static.
 */
SV_API const sv_error_kind *const *sv_error_kinds(size_t *ret_count);

/* The phrase of an HTTP status ("Not Found"), or "" for an unknown one. Static. */
SV_API const char *sv_http_phrase(int status);

/* Why a function failed, in words. The caller's storage; zeroed means "nothing yet". */
typedef struct sv_error {
    const sv_error_kind *kind; /* what a client should be told, or NULL: decide by the status */
    char path[160];            /* where: a file, a line, a field; "" when it does not apply */
    char message[480];         /* what was wrong and what is allowed; always ends in zero */
} sv_error;

/* Writes message (printf format) and kind into `*error` (NULL: nothing is written) and returns
 * `status`, so that a failing function can say `return sv_error_set(error, SV_INVALID, NULL,
 * "...")`. `kind` may be NULL. */
SV_API sv_status sv_error_set(sv_error *error, sv_status status, const sv_error_kind *kind,
                              const char *format, ...) SV_PRINTF(4, 5);
/* Sets where it happened; keeps the message. */
SV_API void sv_error_set_path(sv_error *error, const char *format, ...) SV_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif

#endif
