/* docs_page.c: the documentation pages. Not the document they show: openapi.c.
 *
 * The files are embedded gzip-compressed (assets.h) and sent so; a client that does not take gzip
 * gets them inflated. */
#include "web/docs_page.h"

#include <string.h>

#include "web/application.h"
#include "web/assets.h"
#include "web/call.h"

/* Scripts and styles from this server only. Both pages set style attributes from script, which is
 * why styles, and only they, may be inline; pictures may be data: addresses; ReDoc's search index
 * runs in a worker made from a blob. */
#define CONTENT_POLICY                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "                    \
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "   \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* `bytes;q=0` refuses; everything else that names gzip or * accepts. */
static bool accepts_gzip(sv_str header)
{
    sv_str coding;
    while (sv_str_split(&header, ',', &coding)) {
        size_t name_len = sv_str_find(coding, ';');
        sv_str name = sv_str_trim_ows(sv_str_slice(coding, 0, name_len));
        sv_str rest = sv_str_trim_ows(sv_str_slice(coding, name_len, coding.len));
        bool refused = sv_str_starts_with(rest, SV_STR(";q=0")) && !memchr(rest.ptr, '.', rest.len);
        if ((sv_str_eq_nocase(name, SV_STR("gzip")) || sv_str_eq(name, SV_STR("*"))) && !refused)
            return true;
    }
    return false;
}

static sv_status respond_asset(sv_call *call, const sv_asset *asset)
{
    sv_str bytes = asset->gzip;
    sv_status status = sv_set_header(call, "Vary", SV_STR("Accept-Encoding"));
    if (!status && accepts_gzip(sv_request_header(call, "accept-encoding")))
        status = sv_set_header(call, "Content-Encoding", SV_STR("gzip"));
    else if (!status)
        status = sv_assets_inflate(asset, call->arena, &bytes);
    if (!status)
        status = sv_set_header(call, "Cache-Control", SV_STR("public, max-age=3600"));
    return status ? status : sv_respond_bytes(call, asset->content_type, bytes);
}

static sv_status respond_page(sv_call *call, const char *name)
{
    const sv_asset *asset = sv_assets_find(sv_str_from(name));
    if (!asset)
        return SV_NOT_FOUND;
    sv_status status = sv_set_header(call, "Content-Security-Policy", SV_STR(CONTENT_POLICY));
    if (!status)
        status = sv_set_header(call, "Referrer-Policy", SV_STR("no-referrer"));
    return status ? status : respond_asset(call, asset);
}

SV_HANDLER_RAW(openapi_document);
static sv_status openapi_document(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", sv_application_openapi(call->application));
}

SV_HANDLER_RAW(docs);
static sv_status docs(sv_call *call)
{
    return respond_page(call, "docs.html");
}

SV_HANDLER_RAW(redoc);
static sv_status redoc(sv_call *call)
{
    return respond_page(call, "redoc.html");
}

/* /docs/assets/NAME: the file of that name. */
SV_HANDLER_RAW(page_asset);
static sv_status page_asset(sv_call *call)
{
    const sv_asset *asset = sv_assets_find(call->request.path_params[0]);
    if (!asset)
        return sv_fail(call, &sv_kind_not_found, "Not Found");
    return respond_asset(call, asset);
}

const sv_operation *sv_docs_page_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/openapi.json", &openapi_document_handler, .hidden = true, .run_inline = true},
        {"GET", "/docs", &docs_handler, .hidden = true},
        {"GET", "/redoc", &redoc_handler, .hidden = true},
        {"GET", "/docs/assets/{name}", &page_asset_handler, .hidden = true},
        {0}};
    return operations;
}
