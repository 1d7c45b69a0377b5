/* url_host.c: hosts of URLs: names, IPv4 in every spelling browsers take, IPv6. */
#include "json/url_host.h"

#include <ctype.h>
#include <string.h>

#include "json/idna.h"
#include "json/ip.h"

enum { MAX_IPV4_PARTS = 4, MAX_NAME = 1 << 24, FIRST_AFTER_ASCII = 0x7F };

static const char bad_name[] = "invalid international domain name";
static const char bad_ipv4[] = "invalid IPv4 address";
static const char bad_ipv6[] = "invalid IPv6 address";

static const char *append_ipv6(sv_buf *out, sv_str text)
{
    uint8_t bytes[SV_IP_V6_SIZE];
    char printed[SV_IP_V6_TEXT];
    sv_str scope;
    sv_str inner = sv_str_slice(text, 1, text.len - 2);
    if (text.len < 2 || text.ptr[text.len - 1] != ']' || !sv_ip_v6_parse(inner, bytes, &scope) ||
        scope.len > 0)
        return bad_ipv6;
    size_t n = sv_ip_v6_format(bytes, printed);
    sv_buf_append_byte(out, '[');
    sv_buf_append(out, printed, n);
    sv_buf_append_byte(out, ']');
    return NULL;
}

static const char *append_opaque(sv_buf *out, sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '\0' || strchr(" #/:<>?@[\\]^|", c))
            return "invalid domain character";
        if (c < ' ' || c >= FIRST_AFTER_ASCII)
            sv_buf_printf(out, "%%%02X", c);
        else
            sv_buf_append_byte(out, (char)c);
    }
    return NULL;
}

static int read_hex(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static void append_unescaped(sv_buf *out, sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.ptr[i] == '%' && i + 2 < text.len && read_hex(text.ptr[i + 1]) >= 0 &&
                         read_hex(text.ptr[i + 2]) >= 0;
        if (!is_escape) {
            sv_buf_append_byte(out, text.ptr[i]);
            continue;
        }
        sv_buf_append_byte(out, (char)(read_hex(text.ptr[i + 1]) << 4 | read_hex(text.ptr[i + 2])));
        i += 2;
    }
}

static bool has_forbidden(sv_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c == FIRST_AFTER_ASCII || strchr("#%/:<>?@[\\]^|", c))
            return true;
    }
    return false;
}

/* A number in base 8, 10 or 16; false when it is none. Too large ones stop at UINT64_MAX. */
static bool read_number(sv_str text, uint64_t *ret_number)
{
    uint64_t base = 10, number = 0;
    if (text.len == 0)
        return false;
    if (text.len > 1 && text.ptr[0] == '0') {
        bool is_hex = (text.ptr[1] | 0x20) == 'x';
        base = is_hex ? 16 : 8;
        text = sv_str_slice(text, is_hex ? 2 : 1, text.len);
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = read_hex(text.ptr[i]);
        if (digit < 0 || (uint64_t)digit >= base)
            return false;
        number = number > UINT32_MAX ? UINT64_MAX : number * base + (uint64_t)digit;
    }
    *ret_number = number;
    return true;
}

static sv_str find_last_label(sv_str name)
{
    size_t start = name.len;
    while (start > 0 && name.ptr[start - 1] != '.')
        start--;
    return sv_str_slice(name, start, name.len);
}

/* Such a name is IPv4 or nothing. */
static bool ends_in_number(sv_str name)
{
    uint64_t number;
    sv_str last = find_last_label(name);
    size_t n_digits = 0;
    while (n_digits < last.len && isdigit((unsigned char)last.ptr[n_digits]))
        n_digits++;
    return last.len > 0 && (n_digits == last.len || read_number(last, &number));
}

/* One to four numbers; the last fills all bytes that are left. */
static const char *append_ipv4(sv_buf *out, sv_str name)
{
    uint64_t parts[MAX_IPV4_PARTS], address = 0;
    size_t n = 0;
    for (bool is_last = false; !is_last; n++) {
        size_t len = sv_str_find(name, '.');
        is_last = len == name.len;
        if (n == MAX_IPV4_PARTS || !read_number(sv_str_slice(name, 0, len), &parts[n]))
            return bad_ipv4;
        name = sv_str_slice(name, len + 1, name.len);
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_bits = i + 1 < n ? 8 : 8 * (MAX_IPV4_PARTS - i);
        if (parts[i] >> n_bits)
            return bad_ipv4;
        address = address << n_bits | parts[i];
    }
    sv_buf_printf(out, "%u.%u.%u.%u", (unsigned)(address >> 24), (unsigned)(address >> 16 & 0xFF),
                  (unsigned)(address >> 8 & 0xFF), (unsigned)(address & 0xFF));
    return NULL;
}

static const char *append_ascii(sv_buf *out, sv_str name)
{
    if (has_forbidden(name))
        return bad_name;
    if (name.len == 0)
        return "empty host";
    sv_str without_dot = name;
    without_dot.len -= name.ptr[name.len - 1] == '.';
    if (ends_in_number(without_dot))
        return append_ipv4(out, without_dot);
    sv_buf_append_str(out, name);
    return NULL;
}

static const char *append_name(sv_buf *out, sv_str text)
{
    sv_buf unescaped, name;
    sv_buf_init(&unescaped, MAX_NAME);
    sv_buf_init(&name, MAX_NAME);
    append_unescaped(&unescaped, text);
    sv_status status = sv_buf_status(&unescaped);
    if (!status)
        status = sv_idna_to_ascii(sv_buf_str(&unescaped), &name);
    const char *problem = NULL;
    if (status == SV_INVALID || status == SV_TOO_LARGE)
        problem = bad_name;
    else if (status)
        out->status = status;
    else
        problem = append_ascii(out, sv_buf_str(&name));
    sv_buf_deinit(&unescaped);
    sv_buf_deinit(&name);
    return problem;
}

const char *sv_url_host_append(sv_buf *out, sv_str text, bool is_special)
{
    if (text.ptr[0] == '[')
        return append_ipv6(out, text);
    return is_special ? append_name(out, text) : append_opaque(out, text);
}
