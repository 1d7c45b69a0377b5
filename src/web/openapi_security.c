/* openapi_security.c: how clients prove who they are, in OpenAPI. The proof itself is a
 * dependency's affair. */
#include "web/openapi_security.h"

#include <string.h>

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same(const sv_security *a, const sv_security *b)
{
    return a == b || (a->kind == b->kind && is_same_text(a->parameter, b->parameter) &&
                      is_same_text(a->help, b->help));
}

/* The scheme of this name among the first `n`; NULL: none. */
static const sv_security *find(const sv_security *const *schemes, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(schemes[i]->name, name) == 0)
            return schemes[i];
    return NULL;
}

void sv_openapi_security_write(const sv_openapi_document *doc, const sv_bound_operation *operation)
{
    sv_writer *writer = doc->writer;
    const sv_security *const *schemes = operation->security;
    if (!schemes || !schemes[0])
        return;
    sv_writer_key(writer, SV_STR("security"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; schemes[i]; i++) {
        if (find(schemes, i, schemes[i]->name))
            continue;
        sv_writer_begin_object(writer);
        sv_writer_key_raw(writer, schemes[i]->name, SV_STR("[]"));
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

sv_status sv_openapi_security_collect(const sv_openapi_document *doc,
                                      const sv_bound_operation *const *operations,
                                      const sv_security *const **ret_schemes, sv_error *error)
{
    size_t max = 0, n = 0;
    for (size_t i = 0; operations[i]; i++)
        for (size_t k = 0; operations[i]->security && operations[i]->security[k]; k++)
            max++;
    const sv_security **schemes = sv_arena_alloc_array(doc->arena, max + 1, sizeof *schemes);
    if (!schemes)
        return SV_NO_MEMORY;
    for (size_t i = 0; operations[i]; i++)
        for (size_t k = 0; operations[i]->security && operations[i]->security[k]; k++) {
            const sv_security *scheme = operations[i]->security[k];
            const sv_security *known = find(schemes, n, scheme->name);
            if (!known)
                schemes[n++] = scheme;
            else if (!is_same(known, scheme))
                return sv_error_set(error, SV_INVALID, NULL,
                                    "%s %s: another security scheme is called %s",
                                    operations[i]->row->method, operations[i]->path, scheme->name);
        }
    *ret_schemes = schemes;
    return SV_OK;
}

static void write_key(sv_writer *writer, const char *in, const char *name)
{
    sv_writer_key_cstr(writer, "in", in);
    sv_writer_key_cstr(writer, "name", name ? name : "");
}

static void write_password_flow(sv_writer *writer, const char *token_url)
{
    sv_writer_key(writer, SV_STR("flows"));
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("password"));
    sv_writer_begin_object(writer);
    sv_writer_key_raw(writer, "scopes", SV_STR("{}"));
    sv_writer_key_cstr(writer, "tokenUrl", token_url ? token_url : "");
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

static const char *const types[] = {
    [SV_SECURITY_BEARER] = "http",           [SV_SECURITY_BASIC] = "http",
    [SV_SECURITY_API_KEY_HEADER] = "apiKey", [SV_SECURITY_API_KEY_QUERY] = "apiKey",
    [SV_SECURITY_API_KEY_COOKIE] = "apiKey", [SV_SECURITY_OAUTH2_PASSWORD] = "oauth2",
};

static void write_scheme(sv_writer *writer, const sv_security *scheme)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", types[scheme->kind]);
    if (scheme->help)
        sv_writer_key_cstr(writer, "description", scheme->help);
    switch (scheme->kind) {
    case SV_SECURITY_BEARER:
        sv_writer_key_cstr(writer, "scheme", "bearer");
        break;
    case SV_SECURITY_BASIC:
        sv_writer_key_cstr(writer, "scheme", "basic");
        break;
    case SV_SECURITY_API_KEY_HEADER:
        write_key(writer, "header", scheme->parameter);
        break;
    case SV_SECURITY_API_KEY_QUERY:
        write_key(writer, "query", scheme->parameter);
        break;
    case SV_SECURITY_API_KEY_COOKIE:
        write_key(writer, "cookie", scheme->parameter);
        break;
    case SV_SECURITY_OAUTH2_PASSWORD:
        write_password_flow(writer, scheme->parameter);
        break;
    }
    sv_writer_end_object(writer);
}

void sv_openapi_security_write_schemes(const sv_openapi_document *doc,
                                       const sv_security *const *schemes)
{
    if (!schemes[0])
        return;
    sv_writer_key(doc->writer, SV_STR("securitySchemes"));
    sv_writer_begin_object(doc->writer);
    for (size_t i = 0; schemes[i]; i++) {
        sv_writer_key(doc->writer, sv_str_from(schemes[i]->name));
        write_scheme(doc->writer, schemes[i]);
    }
    sv_writer_end_object(doc->writer);
}
