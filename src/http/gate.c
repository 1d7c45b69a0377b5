/* gate.c: refuses, redirects or lets in, by route and head alone. Bodies are not seen here. */
#include "http/gate.h"

#include <string.h>

#include "base/writer.h"
#include "http/message.h"
#include "http/middleware.h"
#include "http/mw_error.h"
#include "http/target.h"

static const char all_methods[] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

static bool refuse(sv_request *request, const sv_error_kind *kind, sv_str message)
{
    sv_exchange_fail(&request->exchange, &(sv_failure){.kind = kind, .message = message});
    return false;
}

/* Headers of refusals are a courtesy: without memory the answer goes without them. */
static void add_header(sv_request *request, sv_str name, sv_str value)
{
    sv_status status = sv_exchange_add_header(&request->exchange, name, value);
    (void)status;
}

/* The path with its last slash taken off or put on; no host, so that nothing of the request decides
 * where it leads. */
static bool redirect_slash(sv_request *request, const char *root_path)
{
    sv_exchange *exchange = &request->exchange;
    sv_str path = exchange->raw_path;
    bool has_slash = sv_str_ends_with(path, SV_STR("/"));
    sv_str location = sv_arena_printf(exchange->arena, "%s%.*s%s%s%.*s", root_path ? root_path : "",
                                      (int)(path.len - has_slash), path.ptr, has_slash ? "" : "/",
                                      exchange->query.len ? "?" : "", SV_STR_ARG(exchange->query));
    exchange->answer.status = 307;
    if (location.ptr)
        add_header(request, SV_STR("Location"), location);
    return false;
}

static bool answer_options(sv_request *request, const char *allow)
{
    request->exchange.answer.status = 204;
    add_header(request, SV_STR("Allow"), sv_str_from(allow));
    return false;
}

static bool refuse_method(sv_request *request, const char *allow)
{
    sv_exchange *exchange = &request->exchange;
    if (sv_str_eq(exchange->method, SV_STR("OPTIONS")))
        return answer_options(request, allow);
    sv_exchange_fail(exchange,
                     &(sv_failure){.kind = &sv_kind_method_not_allowed,
                                   .message = SV_STR("This path does not take this method"),
                                   .detail_json = SV_STR("\"Method Not Allowed\"")});
    add_header(request, SV_STR("Allow"), sv_str_from(allow));
    return false;
}

static bool refuse_path(sv_request *request)
{
    sv_exchange_fail(&request->exchange,
                     &(sv_failure){.kind = &sv_kind_not_found,
                                   .message = SV_STR("There is nothing at this path"),
                                   .detail_json = SV_STR("\"Not Found\"")});
    return false;
}

static bool check_route(sv_request *request, sv_match match, const sv_route_match *found,
                        const char *root_path)
{
    sv_exchange *exchange = &request->exchange;
    if (sv_str_eq(exchange->raw_path, SV_STR("*")))
        return answer_options(request, all_methods);
    switch (match) {
    case SV_MATCH_FOUND:
        return true;
    case SV_MATCH_NO_METHOD:
        return refuse_method(request, found->allow);
    case SV_MATCH_SLASH:
        if (sv_mw_error_redirects_slash(exchange))
            return redirect_slash(request, root_path);
        break;
    case SV_MATCH_NO_PATH:
        break;
    }
    return refuse_path(request);
}

/* HTTP/1.0 knows no expectations. */
static sv_str read_expectation(const sv_request *request)
{
    const sv_exchange *exchange = &request->exchange;
    return exchange->http_minor ? sv_exchange_header(exchange, SV_STR("expect")) : (sv_str){0};
}

static bool check_expectation(sv_request *request)
{
    sv_str expected = read_expectation(request);
    if (!expected.ptr || sv_str_eq_nocase(expected, SV_STR("100-continue")))
        return true;
    return refuse(request, &sv_kind_expectation_failed,
                  SV_STR("Only 100-continue can be expected"));
}

/* Decimal seconds: digits, then perhaps a point and more digits. Very long times are cut to a day.
 */
static bool parse_seconds(sv_str text, int64_t *ret_ns)
{
    const int64_t day = 86400 * SV_NS_PER_S;
    int64_t ns = 0, unit = SV_NS_PER_S;
    size_t n_digits = 0;
    bool has_point = false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.ptr[i] - '0';
        if (text.ptr[i] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (digit < 0 || digit > 9)
            return false;
        n_digits++;
        if (has_point)
            unit /= 10;
        ns = has_point ? ns + digit * unit : ns * 10 + digit * SV_NS_PER_S;
        ns = ns > day ? day : ns;
    }
    *ret_ns = ns;
    return n_digits > 0;
}

static bool refuse_timeout(sv_request *request, sv_str given, bool is_number)
{
    sv_exchange *exchange = &request->exchange;
    const char *type = is_number ? "greater_than" : "float_parsing";
    const char *message =
        is_number ? "Input should be greater than 0"
                  : "Input should be a valid number, unable to parse string as a number";
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 4096 + given.len * 6);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_array(&writer);
    sv_writer_begin_object(&writer);
    sv_writer_key_cstr(&writer, "type", type);
    sv_writer_key_raw(&writer, "loc", SV_STR("[\"header\",\"x-request-timeout\"]"));
    sv_writer_key_cstr(&writer, "msg", message);
    sv_writer_key_str(&writer, "input", given);
    if (is_number)
        sv_writer_key_raw(&writer, "ctx", SV_STR("{\"gt\":0.0}"));
    sv_writer_end_object(&writer);
    sv_writer_end_array(&writer);
    sv_str detail = sv_buf_status(&buf) ? SV_STR("[]") : sv_buf_str(&buf);
    sv_str text = sv_arena_printf(exchange->arena,
                                  "Validation failed: header.x-request-timeout: %s", message);
    sv_exchange_fail(exchange,
                     &(sv_failure){.kind = &sv_kind_validation_error,
                                   .message = text.ptr ? text : SV_STR("Validation failed"),
                                   .detail_json = detail});
    sv_buf_deinit(&buf);
    return false;
}

/* The client may shorten the time of its request, not lengthen it. */
static bool check_timeout(sv_request *request)
{
    sv_exchange *exchange = &request->exchange;
    sv_str given = sv_exchange_header(exchange, SV_STR("x-request-timeout"));
    if (!given.ptr)
        return true;
    bool is_negative = given.len > 1 && given.ptr[0] == '-';
    int64_t ns;
    if (!parse_seconds(sv_str_slice(given, is_negative, given.len), &ns))
        return refuse_timeout(request, given, false);
    if (is_negative || ns == 0)
        return refuse_timeout(request, given, true);
    if (exchange->started_ns + ns < exchange->deadline_ns)
        exchange->deadline_ns = exchange->started_ns + ns;
    return true;
}

/* "application/json, text/plain" for the refused client; a family of types ends in a star. */
static void add_accepted_media(sv_request *request, const char *media)
{
    sv_str rest = sv_str_from(media), pattern, list = SV_STR("application/json");
    while (list.ptr && sv_str_split(&rest, ',', &pattern)) {
        pattern = sv_str_trim_ows(pattern);
        if (sv_str_eq(pattern, SV_STR("application/json")))
            continue; /* it stands first */
        list =
            sv_arena_printf(request->exchange.arena, "%.*s, %.*s%s", SV_STR_ARG(list),
                            SV_STR_ARG(pattern), sv_str_ends_with(pattern, SV_STR("/")) ? "*" : "");
    }
    if (list.ptr)
        add_header(request, SV_STR("Accept-Post"), list);
}

static bool check_media(sv_request *request)
{
    const sv_exchange *exchange = &request->exchange;
    const char *media = exchange->route->policy.media;
    sv_str given = sv_exchange_header(exchange, SV_STR("content-type"));
    sv_str type = given.ptr ? given : SV_STR("");
    if (!media || sv_message_is_json(type) || sv_message_media_matches(type, sv_str_from(media)))
        return true;
    refuse(request, &sv_kind_unsupported_media_type,
           SV_STR("This path takes no body of this type; Accept-Post lists those it takes"));
    add_accepted_media(request, media);
    return false;
}

static bool check_length(sv_request *request)
{
    if (sv_parser_get_head(request->parser)->framing.content_length <= request->max_body_bytes)
        return true;
    sv_str message = sv_arena_printf(request->exchange.arena, "The body is larger than %zu bytes",
                                     request->max_body_bytes);
    return refuse(request, &sv_kind_payload_too_large,
                  message.ptr ? message : SV_STR("The body is too large"));
}

/* What the route says, for this exchange. */
static bool apply_route(sv_request *request, const sv_route_match *found,
                        const sv_http_limits *limits)
{
    sv_exchange *exchange = &request->exchange;
    const sv_policy *policy = &found->route->policy;
    exchange->route = found->route;
    exchange->n_params = found->n_params;
    for (size_t i = 0; i < found->n_params; i++) {
        exchange->params[i] = sv_target_read_param(exchange->arena, found->params[i]);
        if (!exchange->params[i].ptr)
            return refuse(request, &sv_kind_insufficient_memory,
                          SV_STR("There is no memory for this request now"));
    }
    if (policy->max_body_bytes)
        request->max_body_bytes = policy->max_body_bytes;
    int64_t timeout_ms = policy->timeout_ms ? policy->timeout_ms : limits->request_timeout_ms;
    exchange->deadline_ns = exchange->started_ns + timeout_ms * SV_NS_PER_MS;
    return true;
}

bool sv_gate_admit(sv_request *request, const sv_server_config *config)
{
    sv_exchange *exchange = &request->exchange;
    sv_route_match found;
    sv_match match = sv_router_find(config->router, exchange->method, request->route_path, &found);
    exchange->deadline_ns = exchange->started_ns + config->limits.request_timeout_ms * SV_NS_PER_MS;
    request->awaits_continue = sv_request_has_body(request) && read_expectation(request).ptr;
    if (match == SV_MATCH_FOUND && !apply_route(request, &found, &config->limits))
        return false;
    return sv_middleware_before(config, exchange) &&
           check_route(request, match, &found, config->root_path) && check_expectation(request) &&
           check_timeout(request) && check_media(request) && check_length(request);
}
