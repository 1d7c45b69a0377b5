/* fetch_url.c: the grammar of addresses that are fetched. */
#include "io/fetch_url.h"

static const struct {
    sv_str name;
    int port;
} schemes[] = {{SV_STR_INIT("http"), 80}, {SV_STR_INIT("https"), 443}};

static sv_status refuse(sv_error *error, const char *why)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s", why);
}

static bool is_visible(sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte <= 0x20 || byte >= 0x7F || byte == '\\')
            return false;
    }
    return true;
}

static bool has_byte(sv_str text, char byte)
{
    return sv_str_find(text, byte) < text.len;
}

static bool read_scheme(sv_str text, sv_fetch_url *url)
{
    sv_str name = sv_str_slice(text, 0, sv_str_find(text, ':'));
    for (size_t i = 0; name.len < text.len && i < sizeof schemes / sizeof *schemes; i++) {
        if (!sv_str_eq_nocase(name, schemes[i].name))
            continue;
        url->scheme = schemes[i].name;
        url->port = schemes[i].port;
        return true;
    }
    return false;
}

static size_t find_path(sv_str text)
{
    size_t end = 0;
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?' && text.ptr[end] != '#')
        end++;
    return end;
}

/* ":8080"; nothing leaves the scheme's. */
static bool read_port(sv_str text, int *port)
{
    uint64_t number;
    if (!text.len)
        return true;
    if (text.ptr[0] != ':' || !sv_str_to_u64(sv_str_slice(text, 1, text.len), &number) ||
        number < 1 || number > 65535)
        return false;
    *port = (int)number;
    return true;
}

static bool read_host(sv_str authority, sv_fetch_url *url)
{
    bool is_bracketed = authority.len && authority.ptr[0] == '[';
    size_t len = is_bracketed ? sv_str_find(authority, ']') + 1 : sv_str_find(authority, ':');
    if (len == 0 || len > authority.len)
        return false;
    url->host = sv_str_slice(authority, 0, len);
    return read_port(sv_str_slice(authority, len, authority.len), &url->port);
}

sv_status sv_fetch_url_read(sv_str text, sv_error *error, sv_fetch_url *ret_url)
{
    sv_fetch_url url;
    if (text.len > SV_FETCH_URL_MAX)
        return refuse(error, "the address is too long");
    if (!read_scheme(text, &url))
        return refuse(error, "only http and https addresses can be fetched");
    text = sv_str_slice(text, url.scheme.len, text.len);
    if (!sv_str_starts_with(text, SV_STR("://")))
        return refuse(error, "the address is not valid");
    text = sv_str_slice(text, 3, text.len);
    sv_str authority = sv_str_slice(text, 0, find_path(text));
    if (has_byte(authority, '@'))
        return refuse(error, "the address carries a user name");
    if (!is_visible(authority) || has_byte(authority, '%'))
        return refuse(error, "the host is not plain ASCII");
    if (!is_visible(text))
        return refuse(error, "bytes beyond visible ASCII have to be percent-encoded");
    if (!read_host(authority, &url))
        return refuse(error, "the host or port is not valid");
    *ret_url = url;
    return SV_OK;
}
