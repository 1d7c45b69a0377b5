/* host.c: the rules of the Host field (RFC 9112 3.2, strictly) and the list of hosts that are
 * served. */
#include "http/host.h"

#include <string.h>

static sv_refusal refuse(const char *message)
{
    return (sv_refusal){&sv_kind_bad_request, message};
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alnum(char byte)
{
    return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static bool is_ip_literal(sv_str text)
{
    if (text.len < 4 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < text.len; i++)
        if (!is_digit(text.ptr[i]) && (!text.ptr[i] || !strchr("abcdefABCDEF:.", text.ptr[i])))
            return false;
    return true;
}

/* Host characters of RFC 3986 without the comma, which would make a list. */
static bool is_reg_name(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alnum(text.ptr[i]) && (!text.ptr[i] || !strchr("-._~%!$&'()*+;=", text.ptr[i])))
            return false;
    return text.len > 0;
}

/* ":" and up to five digits, or nothing. */
static bool is_port(sv_str text)
{
    for (size_t i = 1; i < text.len; i++)
        if (!is_digit(text.ptr[i]))
            return false;
    return !text.len || (text.ptr[0] == ':' && text.len <= 6);
}

sv_str sv_host_name(sv_str host)
{
    bool is_literal = host.len && host.ptr[0] == '[';
    size_t end = is_literal ? sv_str_find(host, ']') + 1 : sv_str_find(host, ':');
    return sv_str_slice(host, 0, end);
}

bool sv_host_is_valid(sv_str host)
{
    sv_str name = sv_host_name(host);
    return is_port(sv_str_slice(host, name.len, host.len)) &&
           (is_ip_literal(name) || is_reg_name(name));
}

static bool matches(sv_str name, sv_str pattern)
{
    if (sv_str_eq(pattern, SV_STR("*")))
        return true;
    if (!sv_str_starts_with(pattern, SV_STR("*.")))
        return sv_str_eq_nocase(name, sv_host_name(pattern));
    sv_str suffix = sv_str_slice(pattern, 1, pattern.len);
    return name.len > suffix.len &&
           sv_str_eq_nocase(sv_str_slice(name, name.len - suffix.len, suffix.len), suffix);
}

static bool is_allowed(sv_str host, const char *const *allowed)
{
    if (!allowed)
        return true;
    for (; *allowed; allowed++)
        if (matches(sv_host_name(host), sv_str_from(*allowed)))
            return true;
    return false;
}

sv_refusal sv_host_check(sv_http_header *headers, size_t n_headers, int minor, sv_str authority,
                         const char *const *allowed)
{
    sv_http_header *host = NULL;
    for (size_t i = 0; i < n_headers; i++) {
        if (!sv_str_eq_nocase(headers[i].name, SV_STR("host")))
            continue;
        if (host)
            return refuse("The Host field stands more than once");
        host = &headers[i];
    }
    if (!host && minor)
        return refuse("The Host field is missing");
    if (host && !sv_host_is_valid(host->value))
        return refuse("The Host field is not a host, or a host and a port");
    if (host && authority.ptr)
        host->value = authority;
    sv_str served = authority.ptr ? authority : host ? host->value : SV_STR("");
    if (!is_allowed(served, allowed))
        return refuse("This host is not served here");
    return (sv_refusal){0};
}
