/* network.c: one form for both families, so that one comparison serves both. */
#include "io/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

sv_network_address sv_network_map_v4(const void *four_bytes)
{
    sv_network_address out = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}};
    memcpy(out.bytes + 12, four_bytes, 4);
    return out;
}

bool sv_network_is_v4(const sv_network_address *address)
{
    sv_network_address again = sv_network_map_v4(address->bytes + 12);
    return memcmp(address, &again, sizeof again) == 0;
}

static bool has_colon(sv_str text)
{
    return sv_str_find(text, ':') < text.len;
}

bool sv_network_read_address(sv_str text, sv_network_address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t v4[4];
    if (!text.len || text.len >= sizeof copy || sv_str_find(text, '\0') < text.len)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (has_colon(text))
        return inet_pton(AF_INET6, copy, ret_address->bytes) == 1;
    if (inet_pton(AF_INET, copy, v4) != 1)
        return false;
    *ret_address = sv_network_map_v4(v4);
    return true;
}

bool sv_network_read(sv_str text, sv_network *ret_network)
{
    sv_network_address address;
    size_t slash = sv_str_find(text, '/');
    sv_str before = sv_str_slice(text, 0, slash);
    uint64_t most = has_colon(before) ? 128 : 32, prefix_len = most;
    if (!sv_network_read_address(before, &address))
        return false;
    if (slash < text.len &&
        (!sv_str_to_u64(sv_str_slice(text, slash + 1, text.len), &prefix_len) || prefix_len > most))
        return false;
    *ret_network = (sv_network){address, (int)(prefix_len + 128 - most)};
    return true;
}

bool sv_network_contains(const sv_network *network, const sv_network_address *address)
{
    const uint8_t *a = address->bytes, *b = network->address.bytes;
    size_t whole = (size_t)network->prefix_len / 8;
    int rest = network->prefix_len % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xFF00 >> rest);
    return rest == 0 || (a[whole] & mask) == (b[whole] & mask);
}

size_t sv_network_format(const sv_network_address *address, char text[SV_NETWORK_MAX_TEXT])
{
    bool is_v4 = sv_network_is_v4(address);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? 12 : 0), text,
              SV_NETWORK_MAX_TEXT);
    return strlen(text);
}
