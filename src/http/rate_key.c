/* rate_key.c: addresses to keys. */
#include "http/rate_key.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct sip_state {
    uint64_t v[4];
} sip_state;

static uint64_t rotate(uint64_t word, int by)
{
    return word << by | word >> (64 - by);
}

static void mix(sip_state *state, int n_rounds)
{
    uint64_t *v = state->v;
    while (n_rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(sip_state *state, uint64_t word)
{
    state->v[3] ^= word;
    mix(state, 2);
    state->v[0] ^= word;
}

/* Up to eight bytes, little-endian. */
static uint64_t read_word(const unsigned char *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

sv_rate_key sv_rate_key_hash(const void *bytes, size_t size_bytes, sv_rate_key secret)
{
    const unsigned char *at = bytes;
    sip_state state = {{secret.low ^ UINT64_C(0x736f6d6570736575),
                        secret.high ^ UINT64_C(0x646f72616e646f83), /* 6d, and ee for 128 bits */
                        secret.low ^ UINT64_C(0x6c7967656e657261),
                        secret.high ^ UINT64_C(0x7465646279746573)}};
    size_t left = size_bytes;
    for (; left >= 8; left -= 8, at += 8)
        absorb(&state, read_word(at, 8));
    absorb(&state, read_word(at, left) | (uint64_t)size_bytes << 56);
    state.v[2] ^= 0xee;
    mix(&state, 4);
    sv_rate_key key = {.low = state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3]};
    state.v[1] ^= 0xdd;
    mix(&state, 4);
    key.high = state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3];
    return key;
}

/* The bytes of an address that count, behind a byte that tells the family; 0 when it is none. */
static size_t read_address(sv_str client, unsigned char bytes[9])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    sv_str plain = sv_str_slice(client, 0, sv_str_find(client, '%')); /* fe80::1%eth0 */
    if (!plain.len || plain.len >= sizeof text)
        return 0;
    memcpy(text, plain.ptr, plain.len);
    text[plain.len] = '\0';
    bytes[0] = 4;
    if (inet_pton(AF_INET, text, bytes + 1) == 1)
        return 5;
    if (inet_pton(AF_INET6, text, address) != 1)
        return 0;
    bool is_mapped = memcmp(address, mapped, sizeof mapped) == 0;
    bytes[0] = is_mapped ? 4 : 6;
    memcpy(bytes + 1, is_mapped ? address + 12 : address, is_mapped ? 4 : 8);
    return is_mapped ? 5 : 9;
}

sv_rate_key sv_rate_key_of(sv_str client, sv_rate_key secret)
{
    unsigned char bytes[9];
    size_t size = read_address(client, bytes);
    return size ? sv_rate_key_hash(bytes, size, secret)
                : sv_rate_key_hash(client.ptr, client.len, secret);
}
