/* address.c: ranges, lists and host spellings. Pure; names are not resolved here. */
#include "io/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* An address as 16 bytes; IPv4 as ::ffff:a.b.c.d. */
typedef struct bits {
    uint8_t bytes[16];
} bits;

/* One entry of a list: a network or a name. */
typedef struct rule {
    bits network;
    int prefix_len; /* of 128; -1: a name */
    char name[SV_ADDRESS_MAX_HOST + 1];
    int port; /* 0: all */
} rule;

struct sv_address_guard {
    size_t n_allow, n_deny;
    rule *allow, *deny;
};

/* Ranges that nobody outside should be able to make us talk to (IANA special-purpose registries). */
typedef struct range {
    const char *text;
    int prefix_len;
} range;
static const range refused_v4[] = {
    {"0.0.0.0", 8},     {"10.0.0.0", 8},     {"100.64.0.0", 10},   {"127.0.0.0", 8},
    {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},    {"192.0.2.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15},   {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
};
/* Global unicast is 2000::/3; these are holes in it. */
static const range refused_v6[] = {
    {"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20},
};

static bits from_v4(const void *four)
{
    bits out = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}};
    memcpy(out.bytes + 12, four, 4);
    return out;
}

static bool parse_literal(const char *text, bits *ret_bits)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *ret_bits = from_v4(&v4);
        return true;
    }
    return inet_pton(AF_INET6, text, ret_bits->bytes) == 1;
}

static bool is_inside(const bits *address, const bits *network, int prefix_len)
{
    int whole = prefix_len / 8, rest = prefix_len % 8;
    if (memcmp(address->bytes, network->bytes, (size_t)whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xFF00 >> rest);
    return rest == 0 || (address->bytes[whole] & mask) == (network->bytes[whole] & mask);
}

static bool is_in_ranges(const bits *address, const range *ranges, size_t n, int extra)
{
    for (size_t i = 0; i < n; i++) {
        bits network = {{0}};
        if (parse_literal(ranges[i].text, &network) &&
            is_inside(address, &network, ranges[i].prefix_len + extra))
            return true;
    }
    return false;
}

static bool is_mapped(const bits *address)
{
    static const uint8_t head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return memcmp(address->bytes, head, sizeof head) == 0;
}

/* IPv4 stands for itself; IPv6 must be global unicast, and not a form that carries another address (6to4, Teredo; NAT64
 * and IPv4-compatible ones lie outside 2000::/3). */
static bool is_public(const bits *address)
{
    if (is_mapped(address))
        return !is_in_ranges(address, refused_v4, sizeof refused_v4 / sizeof *refused_v4, 96);
    return (address->bytes[0] & 0xE0) == 0x20 &&
           !is_in_ranges(address, refused_v6, sizeof refused_v6 / sizeof *refused_v6, 0);
}

static bool read_sockaddr(const struct sockaddr *address, bits *ret_bits, int *ret_port)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        *ret_bits = from_v4(&v4.sin_addr);
        *ret_port = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    memcpy(ret_bits->bytes, &v6.sin6_addr, 16);
    *ret_port = ntohs(v6.sin6_port);
    return true;
}

static bool has_network(const rule *rules, size_t n, const bits *address, int port)
{
    for (size_t i = 0; i < n; i++)
        if (rules[i].prefix_len >= 0 && (!rules[i].port || rules[i].port == port) &&
            is_inside(address, &rules[i].network, rules[i].prefix_len))
            return true;
    return false;
}

static bool has_name(const rule *rules, size_t n, sv_str host, int port)
{
    for (size_t i = 0; i < n; i++) {
        sv_str name = sv_str_from(rules[i].name);
        if (rules[i].prefix_len >= 0 || (rules[i].port && rules[i].port != port))
            continue;
        size_t skip = host.len > name.len ? host.len - name.len : 0;
        sv_str end = name.len && name.ptr[0] == '.' ? sv_str_slice(host, skip, host.len) : host;
        if (sv_str_eq_nocase(end, name))
            return true;
    }
    return false;
}

bool sv_address_is_public(const struct sockaddr *address)
{
    bits parsed;
    int port;
    return read_sockaddr(address, &parsed, &port) && is_public(&parsed);
}

static bool is_allowed(const sv_address_guard *guard, const bits *address, int port)
{
    if (has_network(guard->deny, guard->n_deny, address, port))
        return false;
    return is_public(address) || has_network(guard->allow, guard->n_allow, address, port);
}

bool sv_address_is_allowed(const sv_address_guard *guard, const struct sockaddr *address)
{
    bits parsed;
    int port;
    return read_sockaddr(address, &parsed, &port) && is_allowed(guard, &parsed, port);
}

static sv_status refuse(sv_error *error, const char *why)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s", why);
}

/* Names are letters, digits, hyphens, underscores and dots. What ends in a number is an address to some parsers
 * (0x7f.1, 2130706433, 127.1): only the plain dotted form is taken, and that is a literal. */
static bool is_plain_name(const char *host)
{
    const char *last = strrchr(host, '.');
    last = last ? last + 1 : host;
    bool number = *last != '\0' && last[strspn(last, "0123456789")] == '\0';
    bool hex = last[0] == '0' && (last[1] | 0x20) == 'x';
    if (number || hex || !*last || host[0] == '.' || strstr(host, ".."))
        return false;
    for (; *host; host++)
        if (!isalnum((unsigned char)*host) && !strchr("-_.", *host))
            return false;
    return true;
}

sv_status sv_address_check_host(const sv_address_guard *guard, sv_str host, int port, sv_error *error,
                                bool *ret_allowed_by_name)
{
    char text[SV_ADDRESS_MAX_HOST + 1];
    bits literal;
    *ret_allowed_by_name = false;
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = sv_str_slice(host, 1, host.len - 2);
    if (!host.len || host.len > SV_ADDRESS_MAX_HOST || memchr(host.ptr, '\0', host.len))
        return refuse(error, "the host is not valid");
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (parse_literal(text, &literal) && (strchr(text, ':') != NULL) == bracketed)
        return is_allowed(guard, &literal, port) ? SV_OK : refuse(error, "address is not allowed");
    if (bracketed || !is_plain_name(text))
        return refuse(error, "the host is not valid");
    if (has_name(guard->deny, guard->n_deny, host, port))
        return refuse(error, "address is not allowed");
    *ret_allowed_by_name = has_name(guard->allow, guard->n_allow, host, port);
    bool local = sv_str_eq_nocase(host, SV_STR("localhost")) ||
                 (host.len > 10 && sv_str_eq_nocase(sv_str_slice(host, host.len - 10, 10), SV_STR(".localhost")));
    return local && !*ret_allowed_by_name && !guard->n_allow ? refuse(error, "address is not allowed") : SV_OK;
}

/* "10.0.0.0/8:80" → "10.0.0.0/8" and 80; "[::1]:80" → "::1" and 80. */
static bool split_port(sv_str *entry, int *ret_port)
{
    uint64_t port = 0;
    size_t colon = entry->len;
    while (colon > 0 && entry->ptr[colon - 1] != ':' && entry->ptr[colon - 1] != ']')
        colon--;
    bool bracketed = entry->len && entry->ptr[0] == '[';
    bool has_port = colon > 0 && entry->ptr[colon - 1] == ':' &&
                    (bracketed || sv_str_find(*entry, ':') == colon - 1);
    *ret_port = 0;
    if (has_port) {
        if (!sv_str_to_u64(sv_str_slice(*entry, colon, entry->len), &port) || port < 1 || port > 65535)
            return false;
        *ret_port = (int)port;
        *entry = sv_str_slice(*entry, 0, colon - 1);
    }
    if (!bracketed)
        return true;
    bool closed = entry->len > 2 && entry->ptr[entry->len - 1] == ']';
    *entry = closed ? sv_str_slice(*entry, 1, entry->len - 2) : (sv_str){0};
    return closed;
}

static bool read_rule(sv_str entry, rule *ret_rule)
{
    rule made = {.prefix_len = -1};
    char text[SV_ADDRESS_MAX_HOST + 1];
    uint64_t prefix = 0;
    if (!split_port(&entry, &made.port) || !entry.len || entry.len > SV_ADDRESS_MAX_HOST)
        return false;
    size_t slash = sv_str_find(entry, '/');
    memcpy(text, entry.ptr, slash);
    text[slash] = '\0';
    bool literal = parse_literal(text, &made.network);
    int most = literal && is_mapped(&made.network) && !strchr(text, ':') ? 32 : 128;
    if (slash < entry.len) {
        sv_str digits = sv_str_slice(entry, slash + 1, entry.len);
        if (!literal || !sv_str_to_u64(digits, &prefix) || prefix > (uint64_t)most)
            return false;
        made.prefix_len = (int)prefix + 128 - most;
    } else if (literal) {
        made.prefix_len = 128;
    } else if (!is_plain_name(text + (text[0] == '.'))) {
        return false;
    }
    memcpy(made.name, text, slash + 1);
    *ret_rule = made;
    return true;
}

static sv_status read_rules(sv_str list, const char *what, sv_buf *problems, rule **ret_rules, size_t *ret_n)
{
    sv_str entry;
    sv_status status = SV_OK;
    *ret_rules = calloc(SV_ADDRESS_MAX_RULES, sizeof **ret_rules);
    if (!*ret_rules)
        return SV_NO_MEMORY;
    while (list.len && sv_str_split(&list, ',', &entry)) {
        entry = sv_str_trim(entry);
        if (!entry.len)
            continue;
        if (*ret_n < SV_ADDRESS_MAX_RULES && read_rule(entry, &(*ret_rules)[*ret_n])) {
            ++*ret_n;
            continue;
        }
        status = SV_INVALID;
        sv_buf_printf(problems,
                      "%s: '%.*s' is not a network (10.0.0.0/8), an address or a host name, each "
                      "optionally with :PORT%s\n",
                      what, SV_STR_ARG(entry),
                      *ret_n < SV_ADDRESS_MAX_RULES ? "" : "; at most 256 entries are allowed");
    }
    return status;
}

sv_status sv_address_guard_new(sv_str allow, sv_str deny, sv_buf *problems, sv_address_guard **ret_guard)
{
    sv_address_guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return SV_NO_MEMORY;
    sv_status status = read_rules(allow, "image_url_allow", problems, &guard->allow, &guard->n_allow);
    sv_status of_deny = status == SV_NO_MEMORY ? status
                                               : read_rules(deny, "image_url_deny", problems, &guard->deny,
                                                            &guard->n_deny);
    if (!status)
        status = of_deny;
    if (status) {
        sv_address_guard_free(guard);
        return status;
    }
    *ret_guard = guard;
    return SV_OK;
}

void sv_address_guard_free(sv_address_guard *guard)
{
    if (!guard)
        return;
    free(guard->allow);
    free(guard->deny);
    free(guard);
}
