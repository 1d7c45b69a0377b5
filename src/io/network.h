/* network.h: addresses and networks as text and as bits. Pure: names are not resolved; any thread.
 */
#ifndef SERVAL_IO_NETWORK_H
#define SERVAL_IO_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

enum { SV_NETWORK_MAX_TEXT = 46 }; /* the longest address and its zero: INET6_ADDRSTRLEN */

/* An address of IPv6; one of IPv4 in its IPv6 form (::ffff:a.b.c.d). */
typedef struct sv_network_address {
    uint8_t bytes[16];
} sv_network_address;

typedef struct sv_network {
    sv_network_address address;
    int prefix_len; /* of 128 */
} sv_network;

/* The IPv6 form of the four bytes of an IPv4 address. */
sv_network_address sv_network_map_v4(const void *four_bytes);
bool sv_network_is_v4(const sv_network_address *address);

/* Reads the standard spellings only, without brackets, port or zone: neither octal nor hexadecimal
 * nor short forms of IPv4. */
bool sv_network_read_address(sv_str text, sv_network_address *ret_address);
/* An address, or a network such as 10.0.0.0/8, fd00::/8. */
bool sv_network_read(sv_str text, sv_network *ret_network);
bool sv_network_contains(const sv_network *network, const sv_network_address *address);
/* Writes the address into `text`, ended by a zero; IPv4 as IPv4. Returns its length. */
size_t sv_network_format(const sv_network_address *address, char text[SV_NETWORK_MAX_TEXT]);

#endif
