/* cookie.c: Cookie and Set-Cookie. The grammar is that of Python's http.cookies, which Starlette
 * uses: it is wider than RFC 6265 and what FastAPI's clients know.
 *
 * DESIGN. There a value is text of code points up to U+00FF, written as one byte each: "\351"
 * stands for U+00E9. Here text is UTF-8, so an escape above \177 becomes two bytes, and two such
 * bytes one escape. */
#include "http/cookie.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/message.h"

/* ---- Reading ---- */

static bool is_octal(char byte, char last)
{
    return byte >= '0' && byte <= last;
}

/* The code point of "\351" (\000 to \377) at the start of `text`, or -1. */
static int read_octal(sv_str text)
{
    if (text.len < 4 || !is_octal(text.ptr[1], '3') || !is_octal(text.ptr[2], '7') ||
        !is_octal(text.ptr[3], '7'))
        return -1;
    return (text.ptr[1] - '0') * 64 + (text.ptr[2] - '0') * 8 + text.ptr[3] - '0';
}

static size_t write_code(char *to, int code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    to[0] = (char)(0xC0 | code >> 6);
    to[1] = (char)(0x80 | (code & 0x3F));
    return 2;
}

/* Resolves the escapes: no result is longer than what it is made of. A backslash that has nothing
 * to escape (before a line feed or the end) stays. */
static sv_str resolve_escapes(sv_arena *arena, sv_str text)
{
    char *plain = sv_arena_alloc_raw(arena, text.len);
    size_t len = 0;
    for (size_t i = 0; plain && i < text.len; i++) {
        bool escapes = text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] != '\n';
        int code = escapes ? read_octal(sv_str_slice(text, i, 4)) : -1;
        if (code >= 0) {
            len += write_code(plain + len, code);
            i += 3;
        } else {
            i += escapes;
            plain[len++] = text.ptr[i];
        }
    }
    return (sv_str){plain, len};
}

static sv_str unquote(sv_arena *arena, sv_str value)
{
    if (value.len < 2 || value.ptr[0] != '"' || value.ptr[value.len - 1] != '"')
        return value;
    value = sv_str_slice(value, 1, value.len - 2);
    return sv_str_find(value, '\\') < value.len ? resolve_escapes(arena, value) : value;
}

/* An empty text must not look like a failure. */
static sv_str repair(sv_arena *arena, sv_str text)
{
    return text.ptr ? sv_message_repair_utf8(arena, text, SV_MESSAGE_KEEP_NONE) : text;
}

bool sv_cookie_next(sv_str *rest, sv_arena *arena, sv_str *ret_name, sv_str *ret_value)
{
    sv_str piece, name = SV_STR(""), value = SV_STR("");
    while (!name.len && !value.len) {
        if (!sv_str_split(rest, ';', &piece))
            return false;
        size_t equals = sv_str_find(piece, '=');
        bool has_name = equals < piece.len;
        name = has_name ? sv_str_trim(sv_str_slice(piece, 0, equals)) : SV_STR("");
        value = sv_str_trim(has_name ? sv_str_slice(piece, equals + 1, piece.len) : piece);
    }
    name = repair(arena, name);
    value = repair(arena, unquote(arena, value));
    if (!name.ptr || !value.ptr)
        return false;
    *ret_name = name;
    *ret_value = value;
    return true;
}

/* ---- Writing ---- */

static const char *const same_site_names[] = {
    [SV_SAME_SITE_LAX] = "lax",
    [SV_SAME_SITE_STRICT] = "strict",
    [SV_SAME_SITE_NONE] = "none",
    [SV_SAME_SITE_UNSET] = NULL,
};

static const sv_str reserved_names[] = {
    SV_STR_INIT("expires"), SV_STR_INIT("path"),     SV_STR_INIT("comment"),
    SV_STR_INIT("domain"),  SV_STR_INIT("max-age"),  SV_STR_INIT("secure"),
    SV_STR_INIT("version"), SV_STR_INIT("httponly"), SV_STR_INIT("samesite"),
};

enum { MAX_BYTES = 4096 }; /* browsers drop longer ones */
#define MAX_EXPIRES (INT64_MAX / SV_NS_PER_S)

/* Characters that need no quotes: those of a token, and the colon. */
static bool is_plain(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != ':' && !sv_message_is_token(sv_str_slice(text, i, 1)))
            return false;
    return text.len > 0;
}

/* Characters that need quotes, but no escape. */
static bool is_quotable(char byte)
{
    return byte && (strchr(" ()/<=>?@[]{}", byte) || is_plain((sv_str){&byte, 1}));
}

static bool is_reserved(sv_str name)
{
    for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
        if (sv_str_eq_nocase(name, reserved_names[i]))
            return true;
    return false;
}

/* UTF-8 of code points up to U+00FF: first bytes beyond C3 begin higher ones. */
static bool is_latin(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 0xC3)
            return false;
    return sv_str_is_utf8(text);
}

/* Path and domain stand in the field as they are. */
static bool is_attribute(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F || text.ptr[i] == ';')
            return false;
    return true;
}

static size_t count_bytes(const sv_cookie *cookie)
{
    return cookie->name.len + cookie->value.len + cookie->path.len + cookie->domain.len;
}

static const char *find_problem(const sv_cookie *cookie)
{
    if (!is_plain(cookie->name))
        return "the name of a cookie must be letters, digits and !#$%&'*+-.^_`|~:";
    if (is_reserved(cookie->name))
        return "the name of a cookie must not be that of an attribute";
    if (!is_latin(cookie->value))
        return "the value of a cookie must be UTF-8 without characters beyond U+00FF";
    if (!is_attribute(cookie->path) || !is_attribute(cookie->domain))
        return "path and domain of a cookie must not contain control characters or ';'";
    if (cookie->has_expires && (cookie->expires < 0 || cookie->expires > MAX_EXPIRES))
        return "expires of a cookie must be in the years 1970 to 2261";
    if (count_bytes(cookie) > MAX_BYTES)
        return "a cookie must not be longer than 4096 bytes";
    return NULL;
}

/* `to` has room for four bytes for each of `value`. */
static size_t write_quoted(char *to, sv_str value)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];
        if (byte == '"' || byte == '\\' || is_quotable(value.ptr[i])) {
            if (byte == '"' || byte == '\\')
                to[len++] = '\\';
            to[len++] = value.ptr[i];
            continue;
        }
        int code = byte;
        if (byte >= 0xC2)
            code = (byte & 3) << 6 | (value.ptr[++i] & 0x3F);
        to[len++] = '\\';
        to[len++] = (char)('0' + (code >> 6));
        to[len++] = (char)('0' + (code >> 3 & 7));
        to[len++] = (char)('0' + (code & 7));
    }
    return len;
}

static sv_str quote(sv_arena *arena, sv_str value)
{
    if (is_plain(value))
        return value;
    char *quoted = sv_arena_alloc_raw(arena, value.len * 4 + 2);
    if (!quoted)
        return (sv_str){0};
    size_t len = write_quoted(quoted + 1, value);
    quoted[0] = quoted[len + 1] = '"';
    return (sv_str){quoted, len + 2};
}

/* The attributes stand in the order of their names. */
static sv_str format_all(sv_arena *arena, const sv_cookie *cookie, sv_str value)
{
    char expires[30] = "", max_age[24] = "";
    sv_str path = cookie->path.ptr ? cookie->path : SV_STR("/");
    sv_str domain = cookie->domain.len ? cookie->domain : SV_STR("");
    const char *same_site = same_site_names[cookie->same_site];
    if (cookie->has_expires)
        sv_clock_format_http(cookie->expires * SV_NS_PER_S, expires);
    if (cookie->has_max_age)
        snprintf(max_age, sizeof max_age, "%" PRId64, cookie->max_age_s);
    return sv_arena_printf(
        arena, "%.*s=%.*s%s%.*s%s%s%s%s%s%s%.*s%s%s%s", SV_STR_ARG(cookie->name), SV_STR_ARG(value),
        domain.len ? "; Domain=" : "", SV_STR_ARG(domain), *expires ? "; expires=" : "", expires,
        cookie->http_only ? "; HttpOnly" : "", *max_age ? "; Max-Age=" : "", max_age,
        path.len ? "; Path=" : "", SV_STR_ARG(path), same_site ? "; SameSite=" : "",
        same_site ? same_site : "", cookie->secure ? "; Secure" : "");
}

sv_status sv_cookie_format(sv_arena *arena, const sv_cookie *cookie, sv_error *error,
                           sv_str *ret_value)
{
    const char *problem = find_problem(cookie);
    if (problem)
        return sv_error_set(error, SV_INVALID, NULL, "%s", problem);
    sv_str value = quote(arena, cookie->value);
    sv_str text = value.ptr ? format_all(arena, cookie, value) : value;
    if (!text.ptr)
        return SV_NO_MEMORY;
    *ret_value = text;
    return SV_OK;
}
