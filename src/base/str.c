/* str.c: spans of text. No allocation, no locale. */
#include <serval/str.h>

#include <string.h>

sv_str sv_str_from(const char *text)
{
    return text ? (sv_str){text, strlen(text)} : (sv_str){"", 0};
}

bool sv_str_eq(sv_str a, sv_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

bool sv_str_eq_nocase(sv_str a, sv_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool sv_str_starts_with(sv_str text, sv_str prefix)
{
    return text.len >= prefix.len && sv_str_eq((sv_str){text.ptr, prefix.len}, prefix);
}

bool sv_str_ends_with(sv_str text, sv_str suffix)
{
    return text.len >= suffix.len &&
           sv_str_eq(sv_str_slice(text, text.len - suffix.len, suffix.len), suffix);
}

size_t sv_str_find(sv_str text, char byte)
{
    const char *at = text.len ? memchr(text.ptr, byte, text.len) : NULL;
    return at ? (size_t)(at - text.ptr) : text.len;
}

sv_str sv_str_slice(sv_str text, size_t start, size_t len)
{
    if (text.len == 0)
        return text; /* its pointer may be NULL */
    if (start > text.len)
        start = text.len;
    if (len > text.len - start)
        len = text.len - start;
    return (sv_str){text.ptr + start, len};
}

/* Length of the well-formed character at the start of `text` (RFC 3629), or 0. */
static size_t char_len(sv_str text)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    if (s[0] < 0x80)
        return 1;
    size_t len = s[0] >= 0xC2 && s[0] < 0xE0   ? 2
                 : (s[0] & 0xF0) == 0xE0       ? 3
                 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                               : 0;
    if (!len || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : len;
}

size_t sv_str_count_chars(sv_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; count++) {
        if ((unsigned char)text.ptr[i] < 0x80) {
            i++;
            continue;
        }
        size_t len = char_len((sv_str){text.ptr + i, text.len - i});
        i += len ? len : 1;
    }
    return count;
}

bool sv_str_is_utf8(sv_str text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t eight;
        if (text.len - i >= sizeof eight) {
            memcpy(&eight, text.ptr + i, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                i += sizeof eight;
                continue;
            }
        }
        size_t len = char_len((sv_str){text.ptr + i, text.len - i});
        if (!len)
            return false;
        i += len;
    }
    return true;
}

/* White space as Python's str.isspace(): ASCII, 1C to 1F, and the Unicode spaces. Returns its
 * length or 0. */
static size_t space_len(sv_str text)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    if (!text.len)
        return 0;
    if ((s[0] >= 9 && s[0] <= 13) || (s[0] >= 0x1C && s[0] <= 0x20))
        return 1;
    if (text.len >= 2 && s[0] == 0xC2 && (s[1] == 0x85 || s[1] == 0xA0))
        return 2;
    if (text.len < 3)
        return 0;
    uint32_t code = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];
    bool space = code == 0xE19A80 || (code >= 0xE28080 && code <= 0xE2808A) || code == 0xE280A8 ||
                 code == 0xE280A9 || code == 0xE280AF || code == 0xE2819F || code == 0xE38080;
    return space ? 3 : 0;
}

static size_t space_len_at_end(sv_str text)
{
    for (size_t len = 1; len <= 3 && len <= text.len; len++)
        if (space_len((sv_str){text.ptr + text.len - len, len}) == len)
            return len;
    return 0;
}

/* ASCII that is no white space. */
static bool is_ink(char byte)
{
    return byte > ' ' && (unsigned char)byte < 0x80;
}

sv_str sv_str_trim(sv_str text)
{
    size_t len;
    if (text.len && is_ink(text.ptr[0]) && is_ink(text.ptr[text.len - 1]))
        return text;
    while ((len = space_len(text)) > 0)
        text = (sv_str){text.ptr + len, text.len - len};
    while ((len = space_len_at_end(text)) > 0)
        text.len -= len;
    return text;
}

static bool is_ows(char byte)
{
    return byte == ' ' || byte == '\t';
}

sv_str sv_str_trim_ows(sv_str text)
{
    while (text.len && is_ows(text.ptr[0]))
        text = (sv_str){text.ptr + 1, text.len - 1};
    while (text.len && is_ows(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

bool sv_str_split(sv_str *rest, char separator, sv_str *ret_piece)
{
    if (!rest->ptr)
        return false;
    size_t at = sv_str_find(*rest, separator);
    *ret_piece = (sv_str){rest->ptr, at};
    if (at == rest->len)
        *rest = (sv_str){NULL, 0};
    else
        *rest = (sv_str){rest->ptr + at + 1, rest->len - at - 1};
    return true;
}

bool sv_str_to_u64(sv_str text, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (!text.len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)(unsigned char)text.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}
