/* gather.c: collects a request's parameters once per call, then decodes them for whoever asks. What
 * they mean: json/params.c. How forms and cookies are written: http/.
 *
 * DESIGN. Only places that the operation or what it needs has parameters in are looked at. */
#include "web/gather.h"

#include <string.h>

#include "http/cookie.h"
#include "http/message.h"
#include "http/multipart.h"
#include "web/application.h"

enum { MAX_QUERY_PARAMS = 1000, MAX_COOKIES = 1000 };

/* Parameters being collected. */
typedef struct collection {
    sv_call *call;
    sv_param *items;
    size_t len, room;
} collection;

static sv_status make_room(collection *all, size_t n)
{
    sv_param *grown = sv_arena_alloc_array(all->call->arena, all->len + n, sizeof *grown);
    if (!grown)
        return SV_NO_MEMORY;
    if (all->len)
        memcpy(grown, all->items, all->len * sizeof *grown);
    all->items = grown;
    all->room = all->len + n;
    return SV_OK;
}

static void add(collection *all, sv_place in, sv_str name, sv_str value)
{
    if (all->len < all->room)
        all->items[all->len++] = (sv_param){.in = in, .name = name, .value = value};
}

static sv_status add_path(collection *all)
{
    const sv_bound_operation *operation = all->call->operation;
    sv_status status = make_room(all, operation->n_path_params);
    for (size_t i = 0; !status && i < operation->n_path_params; i++)
        add(all, SV_IN_PATH, operation->path_params[i], all->call->request.path_params[i]);
    return status;
}

static sv_status add_query(collection *all)
{
    sv_call *call = all->call;
    size_t n = sv_message_count_pairs(call->request.query);
    if (n > MAX_QUERY_PARAMS)
        return sv_fail(call, &sv_kind_bad_request,
                       "Too many query parameters: at most %d are allowed", MAX_QUERY_PARAMS);
    sv_status status = n ? make_room(all, n) : SV_OK;
    sv_str rest = call->request.query, name, value;
    while (!status && sv_message_next_pair(&rest, call->arena, &name, &value))
        add(all, SV_IN_QUERY, name, value);
    return status;
}

/* Header values are ISO 8859-1, as in Python. */
static sv_str read_latin1(sv_arena *arena, sv_str bytes)
{
    size_t n_high = 0;
    for (size_t i = 0; i < bytes.len; i++)
        n_high += (unsigned char)bytes.ptr[i] >= 0x80;
    char *text = n_high ? sv_arena_alloc_raw(arena, bytes.len + n_high) : NULL;
    if (!text)
        return n_high ? SV_STR("") : bytes;
    char *at = text;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        if (byte >= 0x80)
            *at++ = (char)(0xc0 | byte >> 6);
        *at++ = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
    }
    return (sv_str){text, (size_t)(at - text)};
}

static sv_status add_headers(collection *all)
{
    const sv_call_request *request = &all->call->request;
    sv_status status = make_room(all, request->n_headers);
    for (size_t i = 0; !status && i < request->n_headers; i++)
        add(all, SV_IN_HEADER, request->headers[i].name,
            read_latin1(all->call->arena, request->headers[i].value));
    return status;
}

static bool is_cookie(const sv_http_header *header)
{
    return sv_str_eq_nocase(header->name, SV_STR("cookie"));
}

static size_t count_bytes(sv_str text, char byte)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == byte;
    return n;
}

static sv_status add_cookies(collection *all)
{
    sv_call *call = all->call;
    size_t n = 0;
    for (size_t i = 0; i < call->request.n_headers; i++)
        if (is_cookie(&call->request.headers[i]))
            n += 1 + count_bytes(call->request.headers[i].value, ';');
    if (n > MAX_COOKIES)
        return sv_fail(call, &sv_kind_bad_request, "Too many cookies: at most %d are allowed",
                       MAX_COOKIES);
    sv_status status = n ? make_room(all, n) : SV_OK;
    for (size_t i = 0; !status && i < call->request.n_headers; i++) {
        sv_str rest = call->request.headers[i].value, name, value;
        if (!is_cookie(&call->request.headers[i]))
            continue;
        while (sv_cookie_next(&rest, call->arena, &name, &value))
            add(all, SV_IN_COOKIE, name, value);
    }
    return status;
}

static bool is_media(sv_str content_type, sv_str wanted)
{
    sv_str media = sv_str_slice(content_type, 0, sv_str_find(content_type, ';'));
    return sv_str_eq_nocase(sv_str_trim_ows(media), wanted);
}

/* A body of another type has no fields. */
sv_status sv_gather_form(sv_call *call, sv_form *ret_form)
{
    sv_str type = sv_request_header(call, "content-type");
    sv_str body = call->request.body;
    sv_error error = {0};
    sv_status status = SV_OK;
    sv_multipart *parser = NULL;
    if (is_media(type, SV_STR("multipart/form-data"))) {
        status = sv_multipart_new(call->arena, type, &sv_form_limits_default, &error, &parser);
        if (!status)
            status = sv_multipart_collect(parser, body, &error, ret_form);
    } else if (is_media(type, SV_STR("application/x-www-form-urlencoded"))) {
        status = sv_form_read(call->arena, body, &sv_form_limits_default, &error, ret_form);
    }
    return status && error.kind ? sv_call_fail_with(call, status, &error) : status;
}

static sv_status add_file(collection *all, const sv_form_part *part)
{
    sv_file *file = sv_arena_alloc(all->call->arena, sizeof *file);
    if (!file)
        return SV_NO_MEMORY;
    *file = (sv_file){.filename = part->filename,
                      .content_type = part->content_type,
                      .content = {(const uint8_t *)part->bytes.ptr, part->bytes.len}};
    add(all, SV_IN_FORM, part->name, SV_STR(""));
    all->items[all->len - 1].file = file;
    return SV_OK;
}

static sv_status add_form(collection *all)
{
    sv_form form = {0};
    sv_status status = sv_gather_form(all->call, &form);
    if (!status && form.n_parts)
        status = make_room(all, form.n_parts);
    for (size_t i = 0; !status && i < form.n_parts; i++) {
        const sv_form_part *part = &form.parts[i];
        if (part->filename.ptr)
            status = add_file(all, part);
        else
            add(all, SV_IN_FORM, part->name, part->bytes);
    }
    return status;
}

static sv_status collect(sv_call *call)
{
    collection all = {.call = call};
    const sv_bound_operation *operation = call->operation;
    sv_status status = add_path(&all);
    if (!status)
        status = add_query(&all);
    if (!status && operation->has_header_params)
        status = add_headers(&all);
    if (!status && operation->has_cookie_params)
        status = add_cookies(&all);
    if (!status && operation->has_form)
        status = add_form(&all);
    if (status)
        return status;
    call->given = (sv_params){all.items, all.len};
    call->has_given = true;
    return SV_OK;
}

sv_status sv_gather_params(sv_call *call, const sv_plan *plan, sv_errors *errors,
                           const void **ret_params)
{
    sv_status status = call->has_given ? SV_OK : collect(call);
    void *decoded = NULL;
    if (!status)
        status = sv_params_decode(call->arena, plan, &call->given, errors, &decoded);
    if (!status)
        *ret_params = decoded;
    return status;
}
