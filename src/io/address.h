/* address.h: which addresses the server may fetch from: a guard built once from settings, then const.
 *
 * Refused unless allowed: everything that is not a public unicast address, also inside IPv6 forms that carry an IPv4
 * address, and host names written so that a careless parser reads another address out of them. */
#ifndef SERVAL_IO_ADDRESS_H
#define SERVAL_IO_ADDRESS_H

#include <stdbool.h>

#include <serval/status.h>

#include "base/buf.h"

struct sockaddr;

typedef struct sv_address_guard sv_address_guard;

enum { SV_ADDRESS_MAX_RULES = 256, SV_ADDRESS_MAX_HOST = 255 };

/* `allow` and `deny` are comma-separated networks (10.0.0.0/8, fd00::/8), addresses and host names (a name also covers
 * its subdomains when it begins with a dot), each optionally with :PORT ([::1]:80 for IPv6), which limits it to that
 * port. SV_INVALID: each mistake is a line of `problems`; SV_NO_MEMORY. */
sv_status sv_address_guard_new(sv_str allow, sv_str deny, sv_buf *problems, sv_address_guard **ret_guard)
    SV_MUST_USE;
/* NULL is fine. */
void sv_address_guard_free(sv_address_guard *guard);

/* Judges a host as it is written in an address, before any look-up: SV_INVALID with a reason for tricks, denied names
 * and literal addresses that are refused. `*ret_allowed_by_name`: the name itself is on the allow list, so the address it
 * resolves to is not judged. */
sv_status sv_address_check_host(const sv_address_guard *guard, sv_str host, int port, sv_error *error,
                                bool *ret_allowed_by_name) SV_MUST_USE;
/* Judges an address about to be connected to. Any thread. */
bool sv_address_is_allowed(const sv_address_guard *guard, const struct sockaddr *address);
/* Whether an address is public unicast, whatever the lists say. */
bool sv_address_is_public(const struct sockaddr *address);

#endif
