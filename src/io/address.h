/* address.h: which addresses the server may fetch from: a guard built once from settings, then
 * const. Pure: names are not resolved here.
 *
 * Refused unless allowed: every address that is not public unicast, also inside IPv6 forms that
 * carry an IPv4 address. Refused always: hosts written so that a careless parser reads another
 * address out of them. */
#ifndef SERVAL_IO_ADDRESS_H
#define SERVAL_IO_ADDRESS_H

#include <stdbool.h>

#include <serval/status.h>

#include "base/buf.h"

struct sockaddr;

typedef struct sv_address_guard sv_address_guard;

enum { SV_ADDRESS_MAX_RULES = 256, SV_ADDRESS_MAX_HOST = 253 };

/* `allow` and `deny` are comma-separated networks (10.0.0.0/8, fd00::/8), addresses and host names
 * (one that begins with a dot stands for all names below it), each optionally with :PORT
 * ([::1]:80, [fd00::/8]:80 for IPv6), which limits it to that port; at most SV_ADDRESS_MAX_RULES
 * each. What is denied stays denied when it is also allowed. The texts are copied.
 * SV_INVALID: each mistake is a line of `problems`. SV_NO_MEMORY. */
sv_status sv_address_guard_new(sv_str allow, sv_str deny, sv_buf *problems,
                               sv_address_guard **ret_guard) SV_MUST_USE;
/* NULL is fine. */
void sv_address_guard_free(sv_address_guard *guard);

/* Judges a host as it is written in an address (IPv6 in brackets), before any look-up.
 * `*ret_allowed_by_name`: the name itself is on the allow list, whatever it resolves to. Any
 * thread. SV_INVALID, with a reason for the client: not a plain name or address, or refused. */
sv_status sv_address_check_host(const sv_address_guard *guard, sv_str host, int port,
                                sv_error *error, bool *ret_allowed_by_name) SV_MUST_USE;
/* Judges the address and port about to be connected to. Any thread. */
bool sv_address_is_allowed(const sv_address_guard *guard, const struct sockaddr *address,
                           bool allowed_by_name);

#endif
