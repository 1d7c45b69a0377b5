/* ip.c: IPv4 and IPv6 addresses from and to text. */
#include "json/ip.h"

#include <stdio.h>
#include <string.h>

enum { N_GROUPS = 8, MAX_GROUP_DIGITS = 4, MAX_OCTET_DIGITS = 3, MAX_OCTET = 255, NO_GAP = -1 };

static bool parse_octet(sv_str text, uint8_t *ret_octet)
{
    uint64_t number;
    if (text.len > MAX_OCTET_DIGITS || !sv_str_to_u64(text, &number) || number > MAX_OCTET)
        return false;
    *ret_octet = (uint8_t)number;
    return text.len == 1 || text.ptr[0] != '0';
}

bool sv_ip_v4_parse(sv_str text, uint8_t ret_bytes[SV_IP_V4_SIZE])
{
    for (int i = 0; i < SV_IP_V4_SIZE; i++) {
        size_t len = sv_str_find(text, '.');
        bool is_last = i == SV_IP_V4_SIZE - 1;
        if (!parse_octet(sv_str_slice(text, 0, len), &ret_bytes[i]) || is_last != (len == text.len))
            return false;
        text = sv_str_slice(text, len + 1, text.len);
    }
    return true;
}

size_t sv_ip_v4_format(const uint8_t bytes[SV_IP_V4_SIZE], char *text)
{
    char digits[SV_IP_V4_TEXT + 1];
    int n = snprintf(digits, sizeof digits, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    memcpy(text, digits, (size_t)n);
    return (size_t)n;
}

static int read_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_group(sv_str text, uint8_t ret_bytes[2])
{
    unsigned value = 0;
    if (text.len == 0 || text.len > MAX_GROUP_DIGITS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = read_hex(text.ptr[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    ret_bytes[0] = (uint8_t)(value >> 8);
    ret_bytes[1] = (uint8_t)value;
    return true;
}

/* Groups between colons, none of them empty, into `bytes` from `*used` on. The very last group of
 * an address may be dotted. */
static bool parse_groups(sv_str text, bool may_be_dotted, uint8_t bytes[SV_IP_V6_SIZE], int *used)
{
    while (text.len > 0) {
        size_t len = sv_str_find(text, ':');
        sv_str group = sv_str_slice(text, 0, len);
        bool is_last = len == text.len;
        bool is_dotted = is_last && may_be_dotted && sv_str_find(group, '.') < group.len;
        int size = is_dotted ? SV_IP_V4_SIZE : 2;
        if (*used + size > SV_IP_V6_SIZE || len + 1 == text.len)
            return false;
        if (!(is_dotted ? sv_ip_v4_parse(group, bytes + *used) : parse_group(group, bytes + *used)))
            return false;
        *used += size;
        text = sv_str_slice(text, len + 1, text.len);
    }
    return true;
}

/* Where "::" stands, or text.len. */
static size_t find_gap(sv_str text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == ':' && text.ptr[i + 1] == ':')
            return i;
    return text.len;
}

static bool parse_address(sv_str text, uint8_t bytes[SV_IP_V6_SIZE])
{
    size_t gap = find_gap(text);
    bool has_gap = gap < text.len;
    int n_head = 0, n_tail = 0;
    uint8_t tail[SV_IP_V6_SIZE];
    memset(bytes, 0, SV_IP_V6_SIZE);
    if (!parse_groups(sv_str_slice(text, 0, gap), !has_gap, bytes, &n_head))
        return false;
    if (!has_gap)
        return n_head == SV_IP_V6_SIZE;
    if (!parse_groups(sv_str_slice(text, gap + 2, text.len), true, tail, &n_tail) ||
        n_head + n_tail > SV_IP_V6_SIZE - 2)
        return false;
    memcpy(bytes + SV_IP_V6_SIZE - n_tail, tail, (size_t)n_tail);
    return true;
}

bool sv_ip_v6_parse(sv_str text, uint8_t ret_bytes[SV_IP_V6_SIZE], sv_str *ret_scope)
{
    size_t len = sv_str_find(text, '%');
    sv_str scope = sv_str_slice(text, len + 1, text.len);
    bool has_scope = len < text.len;
    if (has_scope && (scope.len == 0 || sv_str_find(scope, '%') < scope.len))
        return false;
    if (sv_str_find(scope, '/') < scope.len ||
        !parse_address(sv_str_slice(text, 0, len), ret_bytes))
        return false;
    *ret_scope = scope;
    return true;
}

/* The first of the longest runs of at least two zero groups. */
static int find_zeros(const uint16_t groups[N_GROUPS], int *ret_len)
{
    int best = NO_GAP, best_len = 1;
    for (int i = 0, len = 0; i < N_GROUPS; i++) {
        len = groups[i] == 0 ? len + 1 : 0;
        if (len > best_len) {
            best_len = len;
            best = i + 1 - len;
        }
    }
    *ret_len = best_len;
    return best;
}

size_t sv_ip_v6_format(const uint8_t bytes[SV_IP_V6_SIZE], char *text)
{
    char digits[SV_IP_V6_TEXT + 1];
    uint16_t groups[N_GROUPS];
    int n_zeros, n = 0;
    for (int i = 0; i < N_GROUPS; i++)
        groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    int zeros = find_zeros(groups, &n_zeros);
    for (int i = 0; i < N_GROUPS; i++) {
        if (i == zeros) {
            n += snprintf(digits + n, sizeof digits - (size_t)n, "::");
            i += n_zeros - 1;
            continue;
        }
        bool needs_colon = n > 0 && digits[n - 1] != ':';
        n += snprintf(digits + n, sizeof digits - (size_t)n, "%s%x", needs_colon ? ":" : "",
                      groups[i]);
    }
    memcpy(text, digits, (size_t)n);
    return (size_t)n;
}
