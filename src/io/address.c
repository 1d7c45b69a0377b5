/* address.c: networks, names, and hosts as they are written.
 *
 * DESIGN. Addresses and networks are those of network.c, which has one form for both families. The
 * ranges that are not public are a list in the grammar of the settings, read by the same reader. */
#include "io/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/network.h"

/* One entry of a list: a network, or a name when `name` is not empty. */
typedef struct rule {
    sv_network network;
    sv_str name; /* in the list's text */
    int port;    /* 0: all */
} rule;

typedef struct rule_list {
    char *text;
    rule *rules;
    size_t n;
} rule_list;

struct sv_address_guard {
    rule_list allow, deny, special;
};

/* What nobody outside should be able to make us talk to: the IANA special-purpose registries.
 * IPv6 outside 2000::/3 is special too, and needs no rows (::1, fc00::/7, fe80::/10, ff00::/8,
 * NAT64 in 64:ff9b::/96). */
static const char special_ranges[] = "0.0.0.0/8,"       /* this host */
                                     "10.0.0.0/8,"      /* private */
                                     "100.64.0.0/10,"   /* behind a carrier's NAT */
                                     "127.0.0.0/8,"     /* loopback */
                                     "168.63.129.16,"   /* a public one that is Azure's host */
                                     "169.254.0.0/16,"  /* link-local, cloud metadata */
                                     "172.16.0.0/12,"   /* private */
                                     "192.0.0.0/24,"    /* protocol assignments */
                                     "192.0.2.0/24,"    /* documentation */
                                     "192.88.99.0/24,"  /* 6to4 relays */
                                     "192.168.0.0/16,"  /* private */
                                     "198.18.0.0/15,"   /* benchmarks */
                                     "198.51.100.0/24," /* documentation */
                                     "203.0.113.0/24,"  /* documentation */
                                     "224.0.0.0/4,"     /* multicast */
                                     "240.0.0.0/4,"     /* reserved, broadcast */
                                     "2001::/23,"       /* protocol assignments, Teredo */
                                     "2001:db8::/32,"   /* documentation */
                                     "2002::/16,"       /* 6to4: carries IPv4 */
                                     "3fff::/20";       /* documentation */

static bool has_colon(sv_str text)
{
    return sv_str_find(text, ':') < text.len;
}

static bool read_sockaddr(const struct sockaddr *address, sv_network_address *ret_address,
                          int *ret_port)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        *ret_address = sv_network_map_v4(&v4.sin_addr);
        *ret_port = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    memcpy(ret_address->bytes, &v6.sin6_addr, sizeof ret_address->bytes);
    *ret_port = ntohs(v6.sin6_port);
    return true;
}

/* ---- Judging ---- */

static bool has_address(const rule_list *list, const sv_network_address *address, int port)
{
    for (size_t i = 0; i < list->n; i++) {
        const rule *it = &list->rules[i];
        if (!it->name.len && (!it->port || it->port == port) &&
            sv_network_contains(&it->network, address))
            return true;
    }
    return false;
}

/* ".example.com" is the end of every name below it. */
static bool is_named(sv_str rule_name, sv_str host)
{
    if (rule_name.ptr[0] == '.' && host.len > rule_name.len)
        host = sv_str_slice(host, host.len - rule_name.len, rule_name.len);
    return sv_str_eq_nocase(host, rule_name);
}

static bool has_name(const rule_list *list, sv_str host, int port)
{
    for (size_t i = 0; i < list->n; i++) {
        const rule *it = &list->rules[i];
        if (it->name.len && (!it->port || it->port == port) && is_named(it->name, host))
            return true;
    }
    return false;
}

static bool is_special(const sv_address_guard *guard, const sv_network_address *address)
{
    bool is_global = sv_network_is_v4(address) || (address->bytes[0] & 0xE0) == 0x20;
    return !is_global || has_address(&guard->special, address, 0);
}

static bool is_allowed(const sv_address_guard *guard, const sv_network_address *address, int port,
                       bool allowed_by_name)
{
    if (has_address(&guard->deny, address, port))
        return false;
    return allowed_by_name || !is_special(guard, address) ||
           has_address(&guard->allow, address, port);
}

bool sv_address_is_allowed(const sv_address_guard *guard, const struct sockaddr *address,
                           bool allowed_by_name)
{
    sv_network_address parsed;
    int port;
    return read_sockaddr(address, &parsed, &port) &&
           is_allowed(guard, &parsed, port, allowed_by_name);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_label(sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char lower = (char)(text.ptr[i] | 0x20);
        bool is_letter = lower >= 'a' && lower <= 'z';
        if (!is_letter && !is_digit(text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '_')
            return false;
    }
    return text.len > 0;
}

static bool is_number(sv_str label)
{
    size_t n_digits = 0;
    while (n_digits < label.len && is_digit(label.ptr[n_digits]))
        n_digits++;
    return n_digits == label.len || sv_str_eq_nocase(sv_str_slice(label, 0, 2), SV_STR("0x"));
}

/* Labels without an empty one, also at the end. A name that ends in a number is an address to some
 * parsers (2130706433, 0x7f.1, 127.1, 0177.0.0.1), so none does. */
static bool is_plain_name(sv_str host)
{
    sv_str label = {0}, rest = host;
    if (!host.len || host.len > SV_ADDRESS_MAX_HOST)
        return false;
    while (sv_str_split(&rest, '.', &label))
        if (!is_label(label))
            return false;
    return !is_number(label);
}

static sv_status refuse(sv_error *error, const char *why)
{
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s", why);
}

sv_status sv_address_check_host(const sv_address_guard *guard, sv_str host, int port,
                                sv_error *error, bool *ret_allowed_by_name)
{
    sv_network_address literal;
    bool is_bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    sv_str inner = is_bracketed ? sv_str_slice(host, 1, host.len - 2) : host;
    if (sv_network_read_address(inner, &literal) && has_colon(inner) == is_bracketed) {
        bool is_disguised =
            is_bracketed && sv_network_is_v4(&literal); /* IPv4 is written as IPv4 */
        if (is_disguised || !is_allowed(guard, &literal, port, false))
            return refuse(error, "address is not allowed");
        *ret_allowed_by_name = false;
        return SV_OK;
    }
    if (!is_plain_name(host))
        return refuse(error, "the host is not valid");
    if (has_name(&guard->deny, host, port))
        return refuse(error, "address is not allowed");
    *ret_allowed_by_name = has_name(&guard->allow, host, port);
    return SV_OK;
}

/* ---- Reading lists ---- */

/* Cuts the port off: "10.0.0.0/8:80" and "[fd00::/8]:80", but not "fd00::/8". */
static bool cut_port(sv_str *entry, int *ret_port)
{
    uint64_t port;
    bool is_bracketed = entry->len && entry->ptr[0] == '[';
    size_t start = is_bracketed ? sv_str_find(*entry, ']') : 0;
    sv_str rest = sv_str_slice(*entry, start, entry->len);
    size_t colon = start + sv_str_find(rest, ':');
    sv_str after = sv_str_slice(*entry, colon + 1, entry->len);
    *ret_port = 0;
    if (colon == entry->len || (!is_bracketed && has_colon(after)))
        return true;
    if (!sv_str_to_u64(after, &port) || port < 1 || port > 65535)
        return false;
    *ret_port = (int)port;
    entry->len = colon;
    return true;
}

static bool cut_brackets(sv_str *entry)
{
    if (!entry->len || entry->ptr[0] != '[')
        return true;
    if (entry->ptr[entry->len - 1] != ']')
        return false;
    *entry = sv_str_slice(*entry, 1, entry->len - 2);
    return has_colon(*entry);
}

static bool read_rule(sv_str entry, rule *ret_rule)
{
    rule made = {.port = 0};
    if (!cut_port(&entry, &made.port) || !cut_brackets(&entry))
        return false;
    if (!sv_network_read(entry, &made.network)) {
        bool is_suffix = entry.len && entry.ptr[0] == '.';
        if (!is_plain_name(is_suffix ? sv_str_slice(entry, 1, entry.len) : entry))
            return false;
        made.name = entry;
    }
    *ret_rule = made;
    return true;
}

/* The next entry that is not empty. */
static bool next_entry(sv_str *rest, sv_str *ret_entry)
{
    while (sv_str_split(rest, ',', ret_entry)) {
        *ret_entry = sv_str_trim(*ret_entry);
        if (ret_entry->len)
            return true;
    }
    return false;
}

/* Reads the entries of list->text; those that are wrong become problems of `setting`. */
static sv_status read_entries(rule_list *list, sv_str text, const char *setting, sv_buf *problems)
{
    sv_status status = SV_OK;
    sv_str entry;
    while (next_entry(&text, &entry)) {
        if (read_rule(entry, &list->rules[list->n])) {
            list->n++;
            continue;
        }
        status = SV_INVALID;
        sv_buf_printf(problems,
                      "%s: '%.*s' is not a network (10.0.0.0/8), an address or a host name, "
                      "each optionally with :PORT\n",
                      setting, SV_STR_ARG(entry));
    }
    return status;
}

static sv_status read_list(sv_str text, const char *setting, sv_buf *problems, rule_list *list)
{
    sv_str entry, rest = text;
    size_t n = 0;
    while (next_entry(&rest, &entry))
        n++;
    if (n > SV_ADDRESS_MAX_RULES) {
        sv_buf_printf(problems, "%s: %zu entries, at most %d are allowed\n", setting, n,
                      SV_ADDRESS_MAX_RULES);
        return SV_INVALID;
    }
    if (!n)
        return SV_OK;
    list->text = malloc(text.len);
    list->rules = calloc(n, sizeof *list->rules);
    if (!list->text || !list->rules)
        return SV_NO_MEMORY;
    memcpy(list->text, text.ptr, text.len);
    return read_entries(list, (sv_str){list->text, text.len}, setting, problems);
}

sv_status sv_address_guard_new(sv_str allow, sv_str deny, sv_buf *problems,
                               sv_address_guard **ret_guard)
{
    sv_address_guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return SV_NO_MEMORY;
    sv_status of_allow = read_list(allow, "image_url_allow", problems, &guard->allow);
    sv_status of_deny = read_list(deny, "image_url_deny", problems, &guard->deny);
    sv_status status =
        read_list(sv_str_from(special_ranges), "special ranges", problems, &guard->special);
    if (!status)
        status = of_deny;
    if (!status)
        status = of_allow;
    if (status) {
        sv_address_guard_free(guard);
        return status;
    }
    *ret_guard = guard;
    return SV_OK;
}

static void free_list(rule_list *list)
{
    free(list->text);
    free(list->rules);
}

void sv_address_guard_free(sv_address_guard *guard)
{
    if (!guard)
        return;
    free_list(&guard->allow);
    free_list(&guard->deny);
    free_list(&guard->special);
    free(guard);
}
