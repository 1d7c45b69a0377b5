/* base64.c: forgiving base64 decoding (https://infra.spec.whatwg.org/#forgiving-base64-decode). */
#include "base/base64.h"

#include <stdint.h>

enum { SPACE = 64, PAD = 65, WRONG = 66 };

/* Values of the 64 letters, SPACE, PAD or WRONG. */
static void make_table(unsigned char table[256])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
