/* respond.c: answers that are no struct: bytes, redirects, files; and cookies. */
#include <serval/cookie.h>

#include "http/cookie.h"
#include "web/call.h"

sv_status sv_respond_bytes(sv_call *call, const char *content_type, sv_str bytes)
{
    call->has_bytes = true;
    call->result.content_type = sv_str_from(content_type);
    call->result.body = bytes;
    return SV_OK;
}

sv_status sv_respond_redirect(sv_call *call, int status, sv_str location)
{
    if (status < 300 || status > 399)
        return SV_INVALID;
    sv_status added = sv_set_header(call, "Location", location);
    if (added)
        return added;
    sv_set_status(call, status);
    call->has_bytes = true;
    call->result.body = SV_STR("");
    return SV_OK;
}

sv_status sv_set_cookie(sv_call *call, const sv_cookie *cookie)
{
    sv_str value;
    sv_status status = sv_cookie_format(call->arena, cookie, NULL, &value);
    return status ? status : sv_set_header(call, "Set-Cookie", value);
}

sv_status sv_respond_file(sv_call *call, const char *path)
{
    (void)path;
    return sv_fail(call, &sv_kind_not_implemented, "files are not answered yet");
}

sv_status sv_respond_file_below(sv_call *call, const char *folder, sv_str path)
{
    (void)folder, (void)path;
    return sv_fail(call, &sv_kind_not_implemented, "files are not answered yet");
}
