/* operation.h: an endpoint as a table row: method, path, typed handler, limits, documentation.
 *
 * A handler returns SV_OK when `out` is filled (or sv_respond_bytes was called), SV_FAILED after
 * sv_fail, SV_DEFERRED when it has handed the call to somebody who will sv_complete it, any other
 * status for a fault that becomes a 5xx. `in`, `params` and `out` live in the call's arena; `out`
 * starts zeroed. */
#ifndef SERVAL_OPERATION_H
#define SERVAL_OPERATION_H

#include <serval/attr.h>
#include <serval/call.h>
#include <serval/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Made by the SV_HANDLER macros. */
typedef struct sv_handler {
    const char *name;
    const sv_schema *params; /* path and query; NULL: none */
    const sv_schema *in;     /* JSON body; NULL: raw, sv_none_schema: no body */
    const sv_schema *out;    /* answer; NULL: raw by sv_respond_bytes */
    sv_status (*run)(sv_call *call, const void *params, const void *in, void *out);
    const sv_schema *event; /* of a stream's events (stream.h): `out` is its sv_events */
} sv_handler;

/* A way to prove who asks, for OpenAPI; the proof itself is a dependency's affair. */
typedef enum sv_security_kind {
    SV_SECURITY_BEARER,         /* Authorization: Bearer … */
    SV_SECURITY_BASIC,          /* Authorization: Basic … */
    SV_SECURITY_API_KEY_HEADER, /* a header called `parameter` */
    SV_SECURITY_API_KEY_QUERY,
    SV_SECURITY_API_KEY_COOKIE,
    SV_SECURITY_OAUTH2_PASSWORD, /* `parameter` is the token address */
} sv_security_kind;
typedef struct sv_security {
    const char *name; /* of the scheme in OpenAPI: "HTTPBearer" */
    sv_security_kind kind;
    const char *parameter;
    const char *help;
} sv_security;

#ifndef __cplusplus
/* static sv_status F(sv_call *call, const struct IN *in, struct OUT *out); */
#define SV_HANDLER(F, IN, OUT)                                                                     \
    static sv_status F(sv_call *call, const struct IN *in, struct OUT *out);                       \
    static sv_status F##_thunk_(sv_call *call, const void *params, const void *in, void *out)      \
    {                                                                                              \
        (void)params;                                                                              \
        return F(call, in, out);                                                                   \
    }                                                                                              \
    static const sv_handler F##_handler = {                                                        \
        .name = #F, .in = &IN##_schema, .out = &OUT##_schema, .run = F##_thunk_}
/* static sv_status F(sv_call *call, const struct PARAMS *params, const struct IN *in, struct OUT
 * *out); */
#define SV_HANDLER_PARAMS(F, PARAMS, IN, OUT)                                                      \
    static sv_status F(sv_call *call, const struct PARAMS *params, const struct IN *in,            \
                       struct OUT *out);                                                           \
    static sv_status F##_thunk_(sv_call *call, const void *params, const void *in, void *out)      \
    {                                                                                              \
        return F(call, params, in, out);                                                           \
    }                                                                                              \
    static const sv_handler F##_handler = {.name = #F,                                             \
                                           .params = &PARAMS##_schema,                             \
                                           .in = &IN##_schema,                                     \
                                           .out = &OUT##_schema,                                   \
                                           .run = F##_thunk_}
/* static sv_status F(sv_call *call); body and answer are bytes. */
#define SV_HANDLER_RAW(F)                                                                          \
    static sv_status F(sv_call *call);                                                             \
    static sv_status F##_thunk_(sv_call *call, const void *params, const void *in, void *out)      \
    {                                                                                              \
        (void)params, (void)in, (void)out;                                                         \
        return F(call);                                                                            \
    }                                                                                              \
    static const sv_handler F##_handler = {.name = #F, .run = F##_thunk_}
#endif

/* One endpoint; a table ends with {0}. Everything but method, path and handler may be left out. */
typedef struct sv_operation {
    const char
        *method;      /* "GET", "POST" …, or "*" for every method (such rows are not in OpenAPI) */
    const char *path; /* "/items/{id}"; "{rest:path}" as last segment takes slashes too */
    const sv_handler *handler;
    const char *tags;                   /* comma-separated */
    const char *summary;                /* NULL: the handler's name in Title Case */
    const char *description;            /* Markdown */
    const sv_error_kind *const *errors; /* declared errors, NULL-terminated: OpenAPI responses */
    int status;                         /* of success; 0: 200 */
    bool run_inline; /* on the event loop: must not block nor take long; else on the handler pool */
    size_t max_body_bytes; /* 0: the server's max_body_size */
    int64_t timeout_ms;    /* until the answer starts; 0: the server's request_timeout */
    /* Media types whose bodies reach the handler undecoded (`in` is NULL then), e.g. "image/" for
     * all pictures, comma-separated; any type that is neither JSON nor listed, an absent one
     * included, is 415. NULL: JSON only, by FastAPI's rules. With "application/json" among them
     * JSON is undecoded too: its schema is for OpenAPI alone. */
    const char *raw_media;
    const char *response_media; /* OpenAPI content type of a raw answer; NULL: application/json */
    bool hidden;                /* not in OpenAPI */
    bool deprecated;
    bool optional_body; /* no body, or null, is fine: `in` is NULL then */
    bool stream_body;   /* the handler reads the body itself, piece by piece (sv_read) */
    bool exclude_none, exclude_defaults; /* members of the answer that are left out */
    /* Opened before the body is validated, in this order (dependency.h); NULL-terminated. */
    const struct sv_dependency *const *needs;
    const sv_security *const *security; /* for OpenAPI; NULL-terminated */
    /* Requests of one client to this operation: "10/minute;100/hour"; more are answered 429. NULL:
     * the router's, or no limit. */
    const char *rate_limit;
    bool rate_exempt; /* the setting rate_limit does not count it: for probes */
} sv_operation;

#ifdef __cplusplus
}
#endif

#endif
