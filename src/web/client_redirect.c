/* client_redirect.c: redirects, as browsers follow them (WHATWG Fetch, 4.4; RFC 9110, 15.4). */
#include "web/client_redirect.h"

#include <string.h>

static const int redirects[] = {301, 302, 303, 307, 308};

static sv_str find_location(const sv_reply *reply)
{
    return sv_reply_header_value(reply, "location");
}

bool sv_client_redirect_is(const sv_reply *reply)
{
    for (size_t i = 0; i < sizeof redirects / sizeof *redirects; i++)
        if (reply->status == redirects[i])
            return find_location(reply).ptr != NULL;
    return false;
}

/* "http://localhost:1/a" -> "/a"; false for another host. What is no URL stays as it is. */
static bool cut_origin(sv_str *location)
{
    static const sv_str schemes[] = {SV_STR_INIT("http://"), SV_STR_INIT("https://"),
                                     SV_STR_INIT("//")};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!sv_str_starts_with(*location, schemes[i]))
            continue;
        sv_str rest = sv_str_slice(*location, schemes[i].len, location->len);
        sv_str host = sv_str_slice(rest, 0, strcspn(rest.ptr, "/?#"));
        *location = sv_str_slice(rest, host.len, rest.len);
        return sv_str_eq_nocase(sv_str_slice(host, 0, sv_str_find(host, ':')), SV_STR("localhost"));
    }
    return true;
}

/* What of `path` stands before a relative location. */
static sv_str find_base(const char *path, sv_str location)
{
    sv_str base = {path, strcspn(path, "?#")};
    if (sv_str_starts_with(location, SV_STR("/")))
        return SV_STR("");
    if (!location.len || location.ptr[0] == '?')
        return base;
    while (base.len && base.ptr[base.len - 1] != '/')
        base.len--;
    return base;
}

/* The lines of `headers` without those that tell of a body; NULL when out of memory. */
static const char *without_body(sv_arena *arena, const char *headers)
{
    sv_str rest = sv_str_from(headers), line;
    char *text = sv_arena_alloc(arena, rest.len + 1);
    size_t len = 0;
    while (text && sv_str_split(&rest, '\n', &line)) {
        bool tells =
            sv_str_eq_nocase(sv_str_slice(line, 0, strlen("content-")), SV_STR("content-"));
        if (line.len && !tells) {
            memcpy(text + len, line.ptr, line.len + 1); /* with its LF */
            len += line.len + 1;
        }
    }
    return text;
}

static bool goes_on_as_get(int status, const char *method)
{
    if (status == 303)
        return strcmp(method, "HEAD") != 0;
    return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

sv_status sv_client_redirect_follow(sv_client *client, const sv_reply *reply,
                                    sv_client_request *request)
{
    sv_str location = find_location(reply);
    location = sv_arena_copy(client->arena, sv_str_slice(location, 0, sv_str_find(location, '#')));
    if (!location.ptr)
        return SV_NO_MEMORY;
    const char *start = location.ptr;
    if (!cut_origin(&location))
        return SV_INVALID;
    bool had_origin = location.ptr != start;
    sv_str base = find_base(had_origin ? "/" : request->path, location);
    sv_str path =
        sv_arena_printf(client->arena, "%.*s%.*s", SV_STR_ARG(base), SV_STR_ARG(location));
    if (!path.ptr)
        return SV_NO_MEMORY;
    request->path = path.ptr;
    if (!goes_on_as_get(reply->status, request->method))
        return SV_OK;
    request->method = "GET";
    request->body = SV_STR("");
    request->headers = without_body(client->arena, request->headers);
    return request->headers ? SV_OK : SV_NO_MEMORY;
}
