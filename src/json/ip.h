/* ip.h: IPv4 and IPv6 addresses as text, read as strictly as Python's ipaddress does (pydantic's
 * IPv4Address and IPv6Address) and written in their one normal form. Pure; knows no sockets. */
#ifndef SERVAL_JSON_IP_H
#define SERVAL_JSON_IP_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/str.h>

enum {
    SV_IP_V4_SIZE = 4, /* bytes of an address, the network's order */
    SV_IP_V6_SIZE = 16,
    SV_IP_V4_TEXT = 15, /* bytes of the longest text */
    SV_IP_V6_TEXT = 39,
};

/* Four decimal numbers of 0 to 255 without leading zeros. */
bool sv_ip_v4_parse(sv_str text, uint8_t ret_bytes[SV_IP_V4_SIZE]);
/* Up to SV_IP_V4_TEXT bytes into `text`, without a zero; returns how many. */
size_t sv_ip_v4_format(const uint8_t bytes[SV_IP_V4_SIZE], char *text);

/* RFC 4291 section 2.2, dotted numbers at the end included. `*ret_scope` gets what stands after a
 * `%`, borrowed from `text`; empty without one. */
bool sv_ip_v6_parse(sv_str text, uint8_t ret_bytes[SV_IP_V6_SIZE], sv_str *ret_scope);
/* Lower case, the first of the longest runs of zeros as `::`. Up to SV_IP_V6_TEXT bytes into
 * `text`, without a zero; returns how many. A scope is the caller's to append. */
size_t sv_ip_v6_format(const uint8_t bytes[SV_IP_V6_SIZE], char *text);

#endif
