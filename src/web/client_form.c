/* client_form.c: queries and the bodies of forms, as browsers encode them (WHATWG URL, 5.2; WHATWG
 * HTML, 4.10.21.8; RFC 7578). */
#include <stdio.h>
#include <string.h>

#include "http/mime.h"
#include "web/client_parts.h"

static const size_t MAX_FORM_BYTES = (size_t)256 << 20;

static void write_encoded(sv_buf *out, const char *text)
{
    for (const char *at = text ? text : ""; *at; at++) {
        bool is_plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                        (*at >= '0' && *at <= '9') || strchr("*-._", *at);
        if (is_plain)
            sv_buf_append_byte(out, *at);
        else if (*at == ' ')
            sv_buf_append_byte(out, '+');
        else
            sv_buf_printf(out, "%%%02X", (unsigned char)*at);
    }
}

static void write_pairs(sv_buf *out, const sv_test_pair *pairs)
{
    for (const sv_test_pair *pair = pairs; pair && pair->name; pair++) {
        sv_buf_append_str(out, pair > pairs ? SV_STR("&") : SV_STR(""));
        write_encoded(out, pair->name);
        sv_buf_append_byte(out, '=');
        write_encoded(out, pair->value);
    }
}

const char *sv_test_query(sv_client *client, const char *path, const sv_test_pair *pairs)
{
    if (!client)
        return NULL;
    sv_buf out;
    sv_buf_init(&out, MAX_FORM_BYTES);
    sv_buf_append_str(&out, sv_str_from(path));
    if (pairs && pairs->name)
        sv_buf_append_byte(&out, strchr(path ? path : "", '?') ? '&' : '?');
    write_pairs(&out, pairs);
    sv_str text =
        sv_buf_status(&out) ? (sv_str){0} : sv_arena_copy(client->arena, sv_buf_str(&out));
    sv_buf_deinit(&out);
    return text.ptr;
}

/* Sends what was written, and frees it. */
static sv_reply post(sv_client *client, const char *path, const char *headers, sv_buf *body)
{
    sv_reply reply =
        client && !sv_buf_status(body)
            ? sv_test_request(client, "POST", path, headers, sv_buf_str(body))
            : sv_test_client_refuse(NULL, client ? "out of memory" : "there is no client");
    sv_buf_deinit(body);
    return reply;
}

sv_reply sv_test_post_form(sv_client *client, const char *path, const sv_test_pair *pairs)
{
    sv_buf body;
    sv_buf_init(&body, MAX_FORM_BYTES);
    write_pairs(&body, pairs);
    return post(client, path, "Content-Type: application/x-www-form-urlencoded\r\n", &body);
}

/* A name between quotes: what would end it, or its line, is escaped. */
static void write_name(sv_buf *out, const char *name)
{
    for (const char *at = name ? name : ""; *at; at++) {
        if (*at == '"' || *at == '\r' || *at == '\n')
            sv_buf_printf(out, "%%%02X", (unsigned char)*at);
        else
            sv_buf_append_byte(out, *at);
    }
}

static void write_part(sv_buf *out, const char *boundary, const sv_test_part *part)
{
    sv_str type = sv_str_from(part->content_type);
    if (!part->content_type && part->filename)
        type = sv_mime_of(sv_str_from(part->filename));
    sv_buf_printf(out, "--%s\r\nContent-Disposition: form-data; name=\"", boundary);
    write_name(out, part->name);
    if (part->filename) {
        sv_buf_append_str(out, SV_STR("\"; filename=\""));
        write_name(out, part->filename);
    }
    sv_buf_append_str(out, SV_STR("\"\r\n"));
    if (type.len)
        sv_buf_printf(out, "Content-Type: %.*s\r\n", SV_STR_ARG(type));
    sv_buf_append_str(out, SV_STR("\r\n"));
    sv_buf_append_str(out, part->value);
    sv_buf_append_str(out, SV_STR("\r\n"));
}

static bool is_free(const char *boundary, const sv_test_part *parts, size_t n_parts)
{
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].value.len &&
            memmem(parts[i].value.ptr, parts[i].value.len, boundary, strlen(boundary)))
            return false;
    return true;
}

sv_reply sv_test_post_multipart(sv_client *client, const char *path, const sv_test_part *parts,
                                size_t n_parts)
{
    char boundary[40], header[100];
    sv_buf body;
    size_t number = 0;
    do
        snprintf(boundary, sizeof boundary, "----part-%zu", number++);
    while (!is_free(boundary, parts, n_parts));
    sv_buf_init(&body, MAX_FORM_BYTES);
    for (size_t i = 0; i < n_parts; i++)
        write_part(&body, boundary, &parts[i]);
    sv_buf_printf(&body, "--%s--\r\n", boundary);
    snprintf(header, sizeof header, "Content-Type: multipart/form-data; boundary=%s\r\n", boundary);
    return post(client, path, header, &body);
}
