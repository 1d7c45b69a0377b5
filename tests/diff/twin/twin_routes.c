/* twin_routes.c: the twin's sections of routers, security, streams, answers. */
#include "twin.h"

/* Section: routers, tags, statuses, methods, descriptions. */

SV_HANDLER(thing, sv_none, shown);
static sv_status thing(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = SV_STR("thing");
    return SV_OK;
}

SV_HANDLER(delete_thing, sv_none, sv_none);
static sv_status delete_thing(sv_call *call, const struct sv_none *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}

struct thing_params {
    sv_str thing_id;
};
SV_SCHEMA(thing_params, SV_FIELD(thing_params, thing_id));

SV_HANDLER_PARAMS(change_thing_v2, thing_params, sv_none, shown);
static sv_status change_thing_v2(sv_call *call, const struct thing_params *params,
                                 const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = params->thing_id;
    return SV_OK;
}

SV_HANDLER_RAW(hidden_thing);
static sv_status hidden_thing(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{}"));
}

static const sv_operation things[] = {
    {"GET", "/thing", &thing_handler, .tags = "own", .summary = "One thing",
     .description = "With *Markdown*."},
    {"DELETE", "/thing", &delete_thing_handler, .status = 204},
    {"PATCH", "/thing/{thing_id}/v2.0", &change_thing_v2_handler, .deprecated = true},
    {"GET", "/hidden", &hidden_thing_handler, .hidden = true},
    {0},
};
const sv_api_router things_router = {
    .prefix = "/api/v1", .tags = "first,second", .operations = things};

/* Section: security. */

static const sv_security bearer = {"HTTPBearer", SV_SECURITY_BEARER, NULL, "The token"};
static const sv_security basic = {"HTTPBasic", SV_SECURITY_BASIC, NULL, NULL};
static const sv_security header_key = {"APIKeyHeader", SV_SECURITY_API_KEY_HEADER, "X-API-Key",
                                       NULL};
static const sv_security query_key = {"APIKeyQuery", SV_SECURITY_API_KEY_QUERY, "api_key", NULL};
static const sv_security cookie_key = {"APIKeyCookie", SV_SECURITY_API_KEY_COOKIE, "key", NULL};
static const sv_security password = {"OAuth2PasswordBearer", SV_SECURITY_OAUTH2_PASSWORD, "token",
                                     NULL};
static const sv_error_kind unauthenticated = {"NOT_AUTHENTICATED", 401, "Not authenticated", NULL};

SV_HANDLER(read_bearer, sv_none, shown);
static sv_status read_bearer(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)in;
    sv_str given = sv_request_header(call, "authorization");
    if (given.len <= 7 || !sv_str_eq_nocase(sv_str_slice(given, 0, 7), SV_STR("bearer ")))
        return sv_fail(call, &unauthenticated, "Not authenticated");
    out->text = sv_str_slice(given, 7, given.len);
    return SV_OK;
}

SV_HANDLER(read_any, sv_none, shown);
static sv_status read_any(sv_call *call, const struct sv_none *in, struct shown *out)
{
    (void)call, (void)in;
    out->text = SV_STR("any");
    return SV_OK;
}

static const sv_security *const with_bearer[] = {&bearer, NULL};
static const sv_security *const with_any[] = {&basic,      &header_key, &query_key,
                                              &cookie_key, &password,   NULL};
static const sv_error_kind *const bearer_errors[] = {&unauthenticated, NULL};
static const sv_operation secured[] = {
    {"GET", "/secure/bearer", &read_bearer_handler, .security = with_bearer,
     .errors = bearer_errors},
    {"GET", "/secure/any", &read_any_handler, .security = with_any},
    {0},
};
const sv_api_router secured_router = {.operations = secured};

/* Section: streams. */

SV_STREAM(stream_sizes, strict, size);
static sv_status stream_sizes(sv_call *call, const struct strict *in, sv_events *events)
{
    (void)call;
    sv_status status = SV_OK;
    for (int64_t i = 0; i < in->x && !status; i++)
        status = stream_sizes_send(events, &(struct size){i + 1, 1});
    return status;
}

SV_STREAM(stream_words, sv_none, sv_none);
static sv_status stream_words(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    sv_status status = sv_events_send_text(events, SV_STR("one"));
    return status ? status : sv_events_send_text(events, SV_STR("two"));
}

static const sv_operation streams[] = {
    {"POST", "/stream", &stream_sizes_handler},
    {"GET", "/words", &stream_words_handler},
    {0},
};
const sv_api_router streams_router = {.operations = streams};

/* Section: answers that are no models. */

SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{\"anything\":[1,2]}"));
}

SV_HANDLER_RAW(plain);
static sv_status plain(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain; charset=utf-8", SV_STR("plain"));
}

SV_HANDLER_RAW(away);
static sv_status away(sv_call *call)
{
    return sv_respond_redirect(call, 307, SV_STR("/raw"));
}

static const sv_operation answers[] = {
    {"GET", "/raw", &raw_handler},
    {"GET", "/text", &plain_handler, .response_media = "text/plain"},
    {"GET", "/away", &away_handler, .status = 307},
    {0},
};
const sv_api_router answers_router = {.operations = answers};
