/* picture_load.c: sv_picture_load of <serval/model.h>: source.c and fetching.c, one after the
 * other, for handlers that wait. */
#include <stdlib.h>

#include <serval/model.h>

#include "api/services.h"
#include "api/source.h"
#include "web/call.h"

static void free_picture(void *bytes)
{
    free(bytes);
}

static sv_status fetch(sv_call *call, sv_str url, sv_error *error, sv_str *ret_picture)
{
    const sv_services *services = sv_call_state(call);
    sv_fetch_request request = {
        .url = url, .deadline_ns = call->request.deadline_ns, .cancel = call->cancel};
    sv_buf body;
    if (!services || !services->fetching)
        return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input,
                            "Could not fetch image: nothing is fetched in this process");
    sv_status status = sv_fetching_wait(services->fetching, &request, error, &body);
    if (status)
        return status;
    sv_str picture;
    char *bytes = sv_buf_take(&body, &picture.len);
    picture.ptr = bytes;
    if (sv_arena_defer(call->arena, free_picture, bytes)) {
        free(bytes);
        return SV_NO_MEMORY;
    }
    *ret_picture = picture;
    return SV_OK;
}

sv_status sv_picture_load(sv_call *call, sv_str url, sv_error *error, sv_str *ret_picture)
{
    const sv_services *services = sv_call_state(call);
    sv_str schemes = services ? services->image_schemes : SV_STR("http,https,data");
    sv_source source;
    sv_status status = sv_source_read(call->arena, url, schemes, error, &source);
    if (status)
        return status;
    if (source.kind == SV_SOURCE_FETCH)
        return fetch(call, source.url, error, ret_picture);
    *ret_picture = source.bytes;
    return SV_OK;
}
