/* digit_words.h: eight decimal digits in a word, for who reads or writes numbers. The first
 * digit is in the lowest byte. Little-endian. */
#ifndef SERVAL_BASE_DIGIT_WORDS_H
#define SERVAL_BASE_DIGIT_WORDS_H

#include <stdint.h>
#include <string.h>

/* The digits of a number below 10^8, as values 0 to 9: fours become pairs, pairs digits, all of a
 * kind in one multiplication. A value v of a lane becomes v / m in its lower half and v % m in the
 * upper: v × half - (v / m) × (m × half - 1). */
static inline uint64_t sv_digit_words_split(uint32_t number)
{
    uint64_t myriads = number / 10000;
    uint64_t fours = ((uint64_t)number << 32) - myriads * ((UINT64_C(10000) << 32) - 1);
    uint64_t hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007fu;
    uint64_t pairs = (fours << 16) - hundreds * ((100 << 16) - 1);
    uint64_t tens = ((pairs * 103) >> 10) & 0x000f000f000f000fu;
    return (pairs << 8) - tens * ((10 << 8) - 1);
}

/* Writes eight bytes. */
static inline void sv_digit_words_put(char *at, uint64_t digits)
{
    digits += 0x3030303030303030u; /* "00000000" */
    memcpy(at, &digits, sizeof digits);
}

/* Of eight bytes, zero where there is '0' to '9': a high half of 3, also after adding 6 to the low
 * one. Right up to the first that is not. */
static inline uint64_t sv_digit_words_mark_others(uint64_t eight)
{
    const uint64_t high_halves = 0xf0f0f0f0f0f0f0f0u, sixes = 0x0606060606060606u;
    return ((eight & high_halves) | (((eight + sixes) & high_halves) >> 4)) ^ 0x3333333333333333u;
}

/* The number of eight bytes that are '0' to '9', or zero: neighbours become pairs, pairs fours,
 * fours eight. */
static inline uint64_t sv_digit_words_join(uint64_t eight)
{
    const uint64_t pairs = 0x000000ff000000ffu;
    eight &= 0x0f0f0f0f0f0f0f0fu;
    eight = eight * 10 + (eight >> 8);
    return (((eight & pairs) * 0x000f424000000064u) +
            (((eight >> 16) & pairs) * 0x0000271000000001u)) >>
           32;
}

#endif
