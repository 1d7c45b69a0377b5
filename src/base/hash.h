/* hash.h: FNV-1a, 64 bits: for telling things apart where a collision costs little and nobody is
 * out to make one. Pure. */
#ifndef SERVAL_BASE_HASH_H
#define SERVAL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define SV_HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from `hash`, or SV_HASH_START. */
static inline uint64_t sv_hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
