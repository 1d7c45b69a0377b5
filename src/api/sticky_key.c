/* sticky_key.c: header, cookie, query or address -> key. */
#include "api/sticky_key.h"

#include "http/cookie.h"
#include "http/message.h"

static sv_str find_header(const sv_call *call, sv_str name)
{
    for (size_t i = 0; i < call->request.n_headers; i++)
        if (sv_str_eq_nocase(call->request.headers[i].name, name))
            return call->request.headers[i].value;
    return (sv_str){0};
}

static sv_str find_cookie(const sv_call *call, sv_str wanted)
{
    for (size_t i = 0; i < call->request.n_headers; i++) {
        sv_str rest = call->request.headers[i].value, name, value;
        if (!sv_str_eq_nocase(call->request.headers[i].name, SV_STR("cookie")))
            continue;
        while (sv_cookie_next(&rest, call->arena, &name, &value))
            if (sv_str_eq(name, wanted))
                return value;
    }
    return (sv_str){0};
}

static sv_str find_in_query(const sv_call *call, sv_str wanted)
{
    sv_str rest = call->request.query, name, value;
    while (sv_message_next_pair(&rest, call->arena, &name, &value))
        if (sv_str_eq(name, wanted))
            return value;
    return (sv_str){0};
}

sv_str sv_sticky_key_find(void *arg, const struct manifest_sticky *sticky)
{
    const sv_call *call = arg;
    switch ((sv_manifest_sticky)sticky->by) {
    case SV_MANIFEST_STICKY_NONE:
        break;
    case SV_MANIFEST_STICKY_HEADER:
        return find_header(call, sticky->name);
    case SV_MANIFEST_STICKY_COOKIE:
        return find_cookie(call, sticky->name);
    case SV_MANIFEST_STICKY_QUERY:
        return find_in_query(call, sticky->name);
    case SV_MANIFEST_STICKY_CLIENT:
        return call->request.client;
    }
    return (sv_str){0};
}
