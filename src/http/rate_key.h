/* rate_key.h: who is counted: the address of a client as a short key that nobody outside can
 * foresee.
 *
 * An IPv4 address counts for itself, also in its IPv6 clothes (::ffff:192.0.2.1); of an IPv6
 * address the first 64 bits do, since whoever has one has all below it. Any other text (a Unix
 * socket's, none at all) counts as it stands. Pure; any thread. */
#ifndef SERVAL_HTTP_RATE_KEY_H
#define SERVAL_HTTP_RATE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

typedef struct sv_rate_key {
    uint64_t high, low;
} sv_rate_key;

/* The key of a client's address without port. `secret` makes it unforeseeable. */
sv_rate_key sv_rate_key_of(sv_str client, sv_rate_key secret);
/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012;
 * the 128-bit form is the authors' own addition). Words of the secret and of the result are read
 * little-endian. */
sv_rate_key sv_rate_key_hash(const void *bytes, size_t size_bytes, sv_rate_key secret);

#endif
