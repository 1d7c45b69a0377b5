/* base64.c: forgiving base64 decoding, and encoding
 * (https://infra.spec.whatwg.org/#forgiving-base64-decode). */
#include "base/base64.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { SPACE = 64, PAD = 65, WRONG = 66 };

/* Values of the 64 letters, SPACE, PAD or WRONG. */
static void make_table(unsigned char table[256])
{
    for (int i = 0; i < 256; i++)
        table[i] = WRONG;
    for (unsigned char i = 0; i < 64; i++)
        table[(unsigned char)letters[i]] = i;
    for (const char *space = "\t\n\f\r "; *space; space++)
        table[(unsigned char)*space] = SPACE;
    table['='] = PAD;
}

size_t sv_base64_decoded_max(size_t text_len)
{
    return text_len / 4 * 3 + 3;
}

/* The bytes of an unfinished group of `n` letters; false when there are too few or too much padding
 * stands behind. */
static bool finish_group(uint32_t group, size_t n, size_t pads, char **at)
{
    if (pads && (pads > 2 || (n + pads) % 4 != 0))
        return false;
    if (n == 1)
        return false;
    if (n >= 2)
        *(*at)++ = (char)(group >> (n == 2 ? 4 : 10));
    if (n == 3)
        *(*at)++ = (char)(group >> 2);
    return true;
}

bool sv_base64_decode(sv_str text, char *ret_bytes, size_t *ret_len)
{
    unsigned char table[256];
    make_table(table);
    char *at = ret_bytes;
    uint32_t group = 0;
    size_t n = 0, pads = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char value = table[(unsigned char)text.ptr[i]];
        if (value < SPACE) {
            if (pads)
                return false;
            group = group << 6 | value;
            if (++n == 4) {
                *at++ = (char)(group >> 16);
                *at++ = (char)(group >> 8);
                *at++ = (char)group;
                n = 0;
                group = 0;
            }
        } else if (value == PAD) {
            pads++;
        } else if (value == WRONG) {
            return false;
        }
    }
    if (!finish_group(group, n, pads, &at))
        return false;
    *ret_len = (size_t)(at - ret_bytes);
    return true;
}

size_t sv_base64_encoded_len(size_t size_bytes)
{
    return (size_bytes + 2) / 3 * 4;
}

void sv_base64_encode(const void *bytes, size_t size_bytes, char *ret_text)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < size_bytes; i += 3) {
        size_t n_left = size_bytes - i;
        uint32_t group = (uint32_t)from[i] << 16;
        group |= n_left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        group |= n_left > 2 ? from[i + 2] : 0;
        *ret_text++ = letters[group >> 18];
        *ret_text++ = letters[group >> 12 & 63];
        *ret_text++ = n_left > 1 ? letters[group >> 6 & 63] : '=';
        *ret_text++ = n_left > 2 ? letters[group & 63] : '=';
    }
}
