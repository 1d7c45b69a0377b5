/* forwarded.c: the chain of proxies, as far as it is believed.
 *
 * DESIGN. A proxy appends whom it heard, so an entry is as good as the trust in the one behind it,
 * and the list is walked from the right. The fields are read from the left all the same, because
 * quoted text can be read in no other way, with the same result: an untrusted address replaces what
 * was found, what is no address takes it away, and a trusted one counts where nothing is found. */
#include "http/forwarded.h"

#include <stdlib.h>
#include <string.h>

struct sv_forwarded_trust {
    bool trusts_all, trusts_unix;
    size_t n_networks;
    sv_network networks[];
};

/* ---- The list ---- */

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

static bool add_entry(sv_forwarded_trust *trust, sv_str entry)
{
    if (sv_str_eq(entry, SV_STR("*")))
        trust->trusts_all = true;
    else if (sv_str_eq_nocase(entry, SV_STR("unix:")))
        trust->trusts_unix = true;
    else if (sv_network_read(entry, &trust->networks[trust->n_networks]))
        trust->n_networks++;
    else
        return false;
    return true;
}

static sv_status read_list(sv_forwarded_trust *trust, sv_str list, sv_buf *problems)
{
    sv_status status = SV_OK;
    sv_str entry;
    while (next_entry(&list, &entry)) {
        if (add_entry(trust, entry))
            continue;
        status = SV_INVALID;
        sv_buf_printf(problems,
                      "trusted_proxies: '%.*s' is not an address, a network (10.0.0.0/8), unix: or "
                      "*\n",
                      SV_STR_ARG(entry));
    }
    return status;
}

sv_status sv_forwarded_trust_new(sv_str list, sv_buf *problems, sv_forwarded_trust **ret_trust)
{
    sv_str rest = list, entry;
    size_t n = 0;
    while (next_entry(&rest, &entry))
        n++;
    if (n > SV_FORWARDED_MAX_ENTRIES) {
        sv_buf_printf(problems, "trusted_proxies: %zu entries, at most %d are allowed\n", n,
                      SV_FORWARDED_MAX_ENTRIES);
        return SV_INVALID;
    }
    sv_forwarded_trust *trust = calloc(1, sizeof *trust + n * sizeof *trust->networks);
    if (!trust)
        return SV_NO_MEMORY;
    sv_status status = read_list(trust, list, problems);
    if (status)
        free(trust);
    else
        *ret_trust = trust;
    return status;
}

void sv_forwarded_trust_free(sv_forwarded_trust *trust)
{
    free(trust);
}

static bool is_trusted(const sv_forwarded_trust *trust, const sv_network_address *address)
{
    bool found = trust->trusts_all;
    for (size_t i = 0; i < trust->n_networks && !found; i++)
        found = sv_network_contains(&trust->networks[i], address);
    return found;
}

static bool is_trusted_peer(const sv_forwarded_trust *trust, sv_str peer)
{
    sv_network_address address;
    if (!peer.len || trust->trusts_all)
        return trust->trusts_unix || trust->trusts_all;
    peer = sv_str_slice(peer, 0, sv_str_find(peer, '%')); /* fe80::1%eth0 */
    return sv_network_read_address(peer, &address) && is_trusted(trust, &address);
}

/* ---- Addresses as proxies write them ---- */

static bool is_port(sv_str text)
{
    uint64_t port;
    return sv_str_to_u64(text, &port) && port <= 65535;
}

/* Two colons are those of IPv6; one is before a port. */
static bool is_v6(sv_str text)
{
    sv_str after = sv_str_slice(text, sv_str_find(text, ':') + 1, text.len);
    return sv_str_find(after, ':') < after.len;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". */
static bool read_node(sv_str text, sv_network_address *ret_address)
{
    sv_str address = text, port = {0};
    if (text.len && text.ptr[0] == '[') {
        size_t end = sv_str_find(text, ']');
        address = sv_str_slice(text, 1, end - 1);
        port = sv_str_slice(text, end + 1, text.len);
        if (end == text.len || !is_v6(address))
            return false;
    } else if (!is_v6(text)) {
        address = sv_str_slice(text, 0, sv_str_find(text, ':'));
        port = sv_str_slice(text, address.len, text.len);
    }
    if (port.len && (port.ptr[0] != ':' || !is_port(sv_str_slice(port, 1, port.len))))
        return false;
    return sv_network_read_address(address, ret_address);
}

static void consider_client(const sv_forwarded_trust *trust, sv_str node,
                            sv_forwarded_origin *origin)
{
    sv_network_address address;
    if (!read_node(node, &address))
        origin->client[0] = '\0';
    else if (!origin->client[0] || !is_trusted(trust, &address))
        (void)sv_network_format(&address, origin->client);
}

/* The scheme of the last hop; one that is not known says nothing. */
static void consider_scheme(sv_str text, sv_forwarded_origin *origin)
{
    static const struct {
        sv_str name, scheme;
    } schemes[] = {
        {SV_STR_INIT("http"), SV_STR_INIT("http")},
        {SV_STR_INIT("https"), SV_STR_INIT("https")},
        {SV_STR_INIT("ws"), SV_STR_INIT("http")},
        {SV_STR_INIT("wss"), SV_STR_INIT("https")},
    };
    origin->scheme = (sv_str){0};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (sv_str_eq_nocase(text, schemes[i].name))
            origin->scheme = schemes[i].scheme;
}

/* ---- Forwarded ---- */

/* Cuts the next piece up to `separator`, which may also stand in quotes, off `*rest`. */
static bool next_unquoted(sv_str *rest, char separator, sv_str *ret_piece)
{
    bool is_quoted = false;
    size_t i = 0;
    if (!rest->ptr)
        return false;
    for (; i < rest->len && (is_quoted || rest->ptr[i] != separator); i++) {
        if (rest->ptr[i] == '"')
            is_quoted = !is_quoted;
        else if (rest->ptr[i] == '\\' && is_quoted && i + 1 < rest->len)
            i++;
    }
    *ret_piece = sv_str_trim_ows(sv_str_slice(*rest, 0, i));
    *rest = i < rest->len ? sv_str_slice(*rest, i + 1, rest->len) : (sv_str){0};
    return true;
}

/* Escapes are not resolved: no address contains one. */
static sv_str strip_quotes(sv_str text)
{
    bool is_quoted = text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"';
    return is_quoted ? sv_str_slice(text, 1, text.len - 2) : text;
}

/* "for=192.0.2.60;proto=https;by=203.0.113.43": one hop. Without `for` it hides the client. */
static void read_hop(const sv_forwarded_trust *trust, sv_str hop, sv_forwarded_origin *origin)
{
    sv_str param, node = SV_STR(""), scheme = SV_STR("");
    while (next_unquoted(&hop, ';', &param)) {
        size_t equals = sv_str_find(param, '=');
        sv_str name = sv_str_slice(param, 0, equals);
        sv_str value = strip_quotes(sv_str_slice(param, equals + 1, param.len));
        if (sv_str_eq_nocase(name, SV_STR("for")))
            node = value;
        else if (sv_str_eq_nocase(name, SV_STR("proto")))
            scheme = value;
    }
    consider_client(trust, node, origin);
    consider_scheme(scheme, origin);
}

static void read_forwarded(const sv_forwarded_trust *trust, sv_str value,
                           sv_forwarded_origin *origin)
{
    sv_str hop;
    while (next_unquoted(&value, ',', &hop))
        if (hop.len)
            read_hop(trust, hop, origin);
}

/* ---- X-Forwarded-* ---- */

static void read_for(const sv_forwarded_trust *trust, sv_str value, sv_forwarded_origin *origin)
{
    sv_str entry;
    while (next_entry(&value, &entry))
        consider_client(trust, entry, origin);
}

static void read_proto(const sv_forwarded_trust *trust, sv_str value, sv_forwarded_origin *origin)
{
    sv_str entry;
    (void)trust;
    while (next_entry(&value, &entry))
        consider_scheme(entry, origin);
}

/* ---- Fields ---- */

typedef struct field_row {
    sv_str name;
    void (*read)(const sv_forwarded_trust *trust, sv_str value, sv_forwarded_origin *origin);
} field_row;

static const field_row forwarded_field = {SV_STR_INIT("Forwarded"), read_forwarded};
static const field_row for_field = {SV_STR_INIT("X-Forwarded-For"), read_for};
static const field_row proto_field = {SV_STR_INIT("X-Forwarded-Proto"), read_proto};

typedef struct field_list {
    const sv_http_header *headers;
    size_t n;
} field_list;

/* Reads all fields of one name, which are one list; false when there is none. */
static bool read_fields(const sv_forwarded_trust *trust, const field_list *fields,
                        const field_row *row, sv_forwarded_origin *origin)
{
    bool found = false;
    for (size_t i = 0; i < fields->n; i++) {
        if (!sv_str_eq_nocase(fields->headers[i].name, row->name))
            continue;
        row->read(trust, fields->headers[i].value, origin);
        found = true;
    }
    return found;
}

sv_forwarded_origin sv_forwarded_find(const sv_forwarded_trust *trust, sv_str peer,
                                      const sv_http_header *headers, size_t n_headers)
{
    sv_forwarded_origin origin = {.client = ""};
    const field_list fields = {headers, n_headers};
    if (!trust || !is_trusted_peer(trust, peer))
        return origin;
    if (read_fields(trust, &fields, &for_field, &origin) ||
        !read_fields(trust, &fields, &forwarded_field, &origin))
        read_fields(trust, &fields, &proto_field, &origin);
    return origin;
}
