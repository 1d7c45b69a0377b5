/* number_text.c: numbers as JSON has them.
 *
 * DESIGN. The digits of a double come from decimal.c and are made 17, whatever they are: one, and
 * two words of eight in registers. All that follows is shifts of these words and stores, whole
 * ones, of which the end is cut off by the length: nothing that was written is read back, and no
 * branch depends on how many digits there are. Many doubles go through each of the two steps
 * together: the processor then has several of them in work at a time. */
#include "base/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"
#include "base/digit_words.h"

enum { EIGHT_DIGITS = 100000000, N_DIGITS = 17 };
static const uint64_t powers[N_DIGITS] = {1,
                                          10,
                                          100,
                                          1000,
                                          10000,
                                          100000,
                                          1000000,
                                          10000000,
                                          100000000,
                                          1000000000,
                                          10000000000,
                                          100000000000,
                                          1000000000000,
                                          10000000000000,
                                          100000000000000,
                                          1000000000000000,
                                          10000000000000000};

char *sv_number_text_put_digits(char *end, uint64_t number)
{
    for (; number >= EIGHT_DIGITS; number /= EIGHT_DIGITS)
        sv_digit_words_put(end -= 8, sv_digit_words_split((uint32_t)(number % EIGHT_DIGITS)));
    uint32_t rest = (uint32_t)number;
    do {
        *--end = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    return end;
}

/* Of a number below 10^17. */
static int count_digits(uint64_t number)
{
    int n_bits = 64 - __builtin_clzll(number | 1);
    int guess = n_bits * 1233 >> 12; /* log10(2): right or one too small */
    return guess + ((number | 1) >= powers[guess]);
}

/* first.high low: a number of 17 digits; zeros at the end do not count as digits. */
typedef struct digits {
    uint64_t first, high, low;
    int n;
} digits;

static inline digits take_digits(uint64_t number)
{
    digits d;
    uint64_t above = number / EIGHT_DIGITS;
    d.first = number / powers[16];
    d.high = sv_digit_words_split((uint32_t)(above - d.first * EIGHT_DIGITS));
    d.low = sv_digit_words_split((uint32_t)(number - above * EIGHT_DIGITS));
    uint64_t last = d.low ? d.low : d.high;
    int n_before = d.low ? N_DIGITS : N_DIGITS - 8;
    d.n = last ? n_before - __builtin_clzll(last) / 8 : 1;
    return d;
}

static inline void put_all(char *at, const digits *d)
{
    at[0] = (char)('0' + d->first);
    sv_digit_words_put(at + 1, d->high);
    sv_digit_words_put(at + 9, d->low);
}

/* 1e+16, 1.5e-7 */
static size_t put_scientific(char *text, const digits *d, int exponent)
{
    put_all(text + 1, d);
    text[0] = (char)('0' + d->first);
    text[1] = '.';
    char *at = text + (d->n > 1 ? d->n + 1 : 1);
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    unsigned rest = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (rest >= 100)
        *at++ = (char)('0' + rest / 100);
    if (rest >= 10)
        *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return (size_t)(at - text);
}

/* 12.5, 1200.0: all digits, then those behind the point again, one further. */
static size_t put_with_point(char *text, const digits *d, int n_whole)
{
    __extension__ unsigned __int128 behind = (unsigned __int128)d->low << 64 | d->high;
    behind >>= 8 * (n_whole - 1);
    put_all(text, d);
    text[n_whole] = '.';
    sv_digit_words_put(text + n_whole + 1, (uint64_t)behind);
    sv_digit_words_put(text + n_whole + 9, (uint64_t)(behind >> 64));
    return (size_t)(d->n > n_whole ? d->n + 1 : n_whole + 2);
}

/* digits × 10^(n_whole - 17), of 17 digits. */
static inline size_t put_decimal(char *text, uint64_t number, int n_whole)
{
    static const char zeros[] = {'0', '.', '0', '0', '0', '0'};
    digits d = take_digits(number);
    if (n_whole > 16 || n_whole < -4)
        return put_scientific(text, &d, n_whole - 1);
    if (n_whole > 0)
        return put_with_point(text, &d, n_whole);
    memcpy(text, zeros, sizeof zeros); /* 0.05 */
    put_all(text + 2 - n_whole, &d);
    return (size_t)(2 - n_whole) + (size_t)d.n;
}

/* Of any decimal. */
static size_t put_short(char *text, sv_decimal_parts decimal)
{
    int n = count_digits(decimal.digits);
    return put_decimal(text, decimal.digits * powers[N_DIGITS - n], n + decimal.exponent);
}

/* Nearly all have 16 or 17 digits. */
static size_t put_long(char *text, sv_decimal_parts decimal)
{
    if (decimal.digits < powers[15])
        return put_short(text, decimal);
    bool is_full = decimal.digits >= powers[16];
    uint64_t tenfold = decimal.digits * 10, mask = 0 - (uint64_t)is_full;
    uint64_t number = tenfold ^ ((tenfold ^ decimal.digits) & mask);
    return put_decimal(text, number, N_DIGITS - 1 + is_full + decimal.exponent);
}

/* 0.0, 1.0, 250.0: most numbers that servers write need no search. */
static size_t put_whole(char *text, uint32_t number)
{
    int n = count_digits(number);
    sv_digit_words_put(text, sv_digit_words_split(number * (uint32_t)powers[8 - n]));
    text[n] = '.';
    text[n + 1] = '0';
    return (size_t)n + 2;
}

static sv_decimal_parts find_decimal(double value)
{
    double magnitude = fabs(value);
    if (magnitude < EIGHT_DIGITS && magnitude == (int32_t)magnitude)
        return (sv_decimal_parts){(uint64_t)magnitude, 0};
    return sv_decimal_find(magnitude);
}

static sv_decimal_parts find_float_decimal(float value)
{
    float magnitude = fabsf(value);
    if (magnitude < EIGHT_DIGITS && magnitude == (float)(int32_t)magnitude)
        return (sv_decimal_parts){(uint64_t)magnitude, 0};
    return sv_decimal_find_float(magnitude);
}

static inline size_t put_signed(char *text, double value, sv_decimal_parts decimal)
{
    size_t sign = signbit(value) ? 1 : 0;
    text[0] = '-';
    if (decimal.exponent == 0 && decimal.digits < EIGHT_DIGITS)
        return sign + put_whole(text + sign, (uint32_t)decimal.digits);
    return sign + put_long(text + sign, decimal);
}

/* A float has at most nine digits: one, and one word of eight. */
static inline size_t put_single(char *text, sv_decimal_parts decimal)
{
    int n = count_digits(decimal.digits), n_whole = n + decimal.exponent;
    if (n > 9 || n_whole > 8 || n_whole < -4)
        return put_short(text, decimal);
    uint64_t number = decimal.digits * powers[9 - n], first = number / EIGHT_DIGITS;
    uint64_t rest = sv_digit_words_split((uint32_t)(number - first * EIGHT_DIGITS));
    n = rest ? 9 - __builtin_clzll(rest) / 8 : 1;
    char *at = text;
    if (n_whole <= 0) {
        memcpy(text, "0.0000", 6);
        at += 2 - n_whole;
    }
    *at = (char)('0' + first);
    sv_digit_words_put(at + 1, rest);
    if (n_whole <= 0)
        return (size_t)(2 - n_whole + n);
    text[n_whole] = '.';
    sv_digit_words_put(text + n_whole + 1, rest >> 8 * (n_whole - 1));
    return (size_t)(n > n_whole ? n + 1 : n_whole + 2);
}

static inline size_t put_signed_single(char *text, float value, sv_decimal_parts decimal)
{
    size_t sign = signbit(value) ? 1 : 0;
    text[0] = '-';
    if (decimal.exponent == 0 && decimal.digits < EIGHT_DIGITS)
        return sign + put_whole(text + sign, (uint32_t)decimal.digits);
    return sign + put_single(text + sign, decimal);
}

size_t sv_number_text_put_double(char *text, double value)
{
    return put_signed(text, value, find_decimal(value));
}

size_t sv_number_text_put_float(char *text, float value)
{
    return put_signed_single(text, value, find_float_decimal(value));
}

size_t sv_number_text_put_doubles(char *text, const double *values, size_t n)
{
    sv_decimal_parts decimals[SV_NUMBER_TEXT_MAX_DOUBLES];
    char *at = text;
    for (size_t i = 0; i < n; i++)
        decimals[i] = find_decimal(values[i]);
    for (size_t i = 0; i < n; i++) {
        at += put_signed(at, values[i], decimals[i]);
        *at++ = ',';
    }
    return (size_t)(at - text);
}
