/* framing.c: request lines, chunk-size lines, and the fields that say how long a body is. No llhttp
 * here: these are the places where its verdict is too rough (one error for every bad method or
 * version) or differs from the rules we keep. */
#include "http/framing.h"

#include <string.h>

#include "http/message.h"

static sv_refusal refuse(const sv_error_kind *kind, const char *message)
{
    return (sv_refusal){kind, message};
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static sv_refusal read_version(sv_str text, int *ret_minor)
{
    if (text.len != 8 || !sv_str_starts_with(text, SV_STR("HTTP/")) || !is_digit(text.ptr[5]) ||
        text.ptr[6] != '.' || !is_digit(text.ptr[7]))
        return refuse(&sv_kind_bad_request,
                      "The request line does not end in a version like HTTP/1.1");
    if (text.ptr[5] != '1')
        return refuse(&sv_kind_http_version_not_supported,
                      "Only HTTP/1.0 and HTTP/1.1 are spoken here");
    *ret_minor = text.ptr[7] != '0';
    return (sv_refusal){0};
}

sv_refusal sv_framing_read_request_line(sv_str line, sv_request_line *ret_line)
{
    sv_str rest = line, method, target, version;
    if (!sv_str_split(&rest, ' ', &method) || !sv_message_is_token(method) ||
        !sv_str_split(&rest, ' ', &target) || !target.len || !sv_str_split(&rest, ' ', &version) ||
        rest.ptr)
        return refuse(&sv_kind_bad_request, "The request line is not `method target version`");
    int minor = 0;
    sv_refusal refusal = read_version(version, &minor);
    if (refusal.kind)
        return refusal;
    if (!sv_message_is_method(method))
        return refuse(&sv_kind_not_implemented, "This method is not known here");
    *ret_line = (sv_request_line){method, target, minor};
    return refusal;
}

static void skip(sv_str *rest, size_t count)
{
    *rest = sv_str_slice(*rest, count, rest->len);
}

static void skip_ows(sv_str *rest)
{
    while (rest->len && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        skip(rest, 1);
}

static bool skip_byte(sv_str *rest, char byte)
{
    if (!rest->len || rest->ptr[0] != byte)
        return false;
    skip(rest, 1);
    return true;
}

static bool skip_token(sv_str *rest)
{
    size_t len = 0;
    while (len < rest->len && sv_message_is_token(sv_str_slice(*rest, len, 1)))
        len++;
    skip(rest, len);
    return len > 0;
}

/* The rest of a quoted string whose opening quote is skipped. */
static bool skip_quoted(sv_str *rest)
{
    while (rest->len) {
        unsigned char byte = (unsigned char)rest->ptr[0];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
        skip(rest, byte == '\\' ? 2 : 1);
        if (byte == '"')
            return true;
    }
    return false;
}

/* BWS ";" BWS name [ BWS "=" BWS value ] */
static bool skip_extension(sv_str *rest)
{
    skip_ows(rest);
    if (!skip_byte(rest, ';'))
        return false;
    skip_ows(rest);
    if (!skip_token(rest))
        return false;
    sv_str after_name = *rest;
    skip_ows(&after_name);
    if (!skip_byte(&after_name, '='))
        return true;
    *rest = after_name;
    skip_ows(rest);
    return skip_byte(rest, '"') ? skip_quoted(rest) : skip_token(rest);
}

static int hex_value(char byte)
{
    if (is_digit(byte))
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

bool sv_framing_read_chunk_line(sv_str line, uint64_t *ret_size, size_t *ret_extension_bytes)
{
    uint64_t size = 0;
    size_t n_digits = 0;
    while (n_digits < line.len && hex_value(line.ptr[n_digits]) >= 0) {
        if (n_digits == 16)
            return false;
        size = size << 4 | (uint64_t)hex_value(line.ptr[n_digits++]);
    }
    if (!n_digits || size > INT64_MAX)
        return false;
    sv_str rest = sv_str_slice(line, n_digits, line.len);
    size_t extension_bytes = rest.len;
    while (rest.len)
        if (!skip_extension(&rest))
            return false;
    *ret_size = size;
    *ret_extension_bytes = extension_bytes;
    return true;
}

/* A coding other than exactly `chunked`: 501 for a well-formed list of codings that ends in
 * chunked, else 400. */
static sv_refusal judge_coding(sv_str value)
{
    static const char malformed[] = "Transfer-Encoding can only be chunked";
    bool ends_in_chunked = false;
    sv_str coding;
    while (sv_str_split(&value, ',', &coding)) {
        coding = sv_str_trim_ows(coding);
        if (ends_in_chunked || !sv_message_is_token(coding))
            return refuse(&sv_kind_bad_request, malformed);
        ends_in_chunked = sv_str_eq_nocase(coding, SV_STR("chunked"));
    }
    if (!ends_in_chunked)
        return refuse(&sv_kind_bad_request, malformed);
    return refuse(&sv_kind_not_implemented, "No transfer coding but chunked is known here");
}

static sv_refusal read_length(sv_str value, uint64_t *ret_length)
{
    uint64_t length;
    if (!sv_str_to_u64(value, &length) || length > INT64_MAX)
        return refuse(&sv_kind_bad_request, "Content-Length is not a number of bytes");
    *ret_length = length;
    return (sv_refusal){0};
}

sv_refusal sv_framing_read_fields(const sv_http_header *headers, size_t n_headers, int minor,
                                  sv_framing *ret_framing)
{
    const sv_http_header *length = NULL, *coding = NULL;
    for (size_t i = 0; i < n_headers; i++) {
        bool is_length = sv_str_eq_nocase(headers[i].name, SV_STR("content-length"));
        bool is_coding = sv_str_eq_nocase(headers[i].name, SV_STR("transfer-encoding"));
        if (!is_length && !is_coding)
            continue;
        if (length || coding)
            return refuse(&sv_kind_bad_request,
                          "Content-Length and Transfer-Encoding together can only stand once");
        length = is_length ? &headers[i] : NULL;
        coding = is_coding ? &headers[i] : NULL;
    }
    *ret_framing = (sv_framing){0};
    if (length)
        return read_length(length->value, &ret_framing->content_length);
    if (!coding)
        return (sv_refusal){0};
    if (minor == 0)
        return refuse(&sv_kind_bad_request, "HTTP/1.0 has no Transfer-Encoding");
    if (!sv_str_eq_nocase(coding->value, SV_STR("chunked")))
        return judge_coding(coding->value);
    ret_framing->chunked = true;
    return (sv_refusal){0};
}
