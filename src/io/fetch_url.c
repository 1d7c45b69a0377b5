/* fetch_url.c: the grammar of addresses that are fetched. */
#include "io/fetch_url.h"

enum { MAX_URL = 8192 };

static bool is_visible(sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte <= 0x20 || byte >= 0x7F || byte == '\\')
            return false;
    }
    return true;
}

static bool cut_scheme(sv_str *text, int *ret_port)
{
    static const struct {
        sv_str prefix;
        int port;
    } schemes[] = {{SV_STR_INIT("http://"), 80}, {SV_STR_INIT("https://"), 443}};
    for (size_t i = 0; i < 2; i++) {
        sv_str prefix = schemes[i].prefix;
        if (!sv_str_eq_nocase(sv_str_slice(*text, 0, prefix.len), prefix))
            continue;
        *text = sv_str_slice(*text, prefix.len, text->len);
        *ret_port = schemes[i].port;
        return true;
    }
    return false;
}

static sv_str cut_authority(sv_str text)
{
    size_t end = 0;
    while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?' && text.ptr[end] != '#')
        end++;
    return sv_str_slice(text, 0, end);
}

bool sv_fetch_url_read(sv_str text, sv_fetch_url *ret_url)
{
    sv_fetch_url url;
    if (text.len > MAX_URL || !is_visible(text) || !cut_scheme(&text, &url.port))
        return false;
    sv_str authority = cut_authority(text);
    if (sv_str_find(authority, '@') < authority.len || sv_str_find(authority, '%') < authority.len)
        return false;
    bool bracketed = authority.len && authority.ptr[0] == '[';
    size_t host_len = bracketed ? sv_str_find(authority, ']') + 1 : sv_str_find(authority, ':');
    if (host_len > authority.len || host_len == 0)
        return false;
    sv_str rest = sv_str_slice(authority, host_len, authority.len);
    uint64_t port = (uint64_t)url.port;
    if (rest.len && (rest.ptr[0] != ':' || !sv_str_to_u64(sv_str_slice(rest, 1, rest.len), &port) ||
                     port < 1 || port > 65535))
        return false;
    url.host = sv_str_slice(authority, 0, host_len);
    url.port = (int)port;
    *ret_url = url;
    return true;
}
