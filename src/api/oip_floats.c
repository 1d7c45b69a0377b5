/* oip_floats.c: long lists of floats: up to seven digits, a point and at most as many digits as a
 * word of 64 bits holds. No exponents: those are oip_number.c's.
 *
 * DESIGN. Eight digits at once, in registers, and nothing that depends on the signs or on the
 * number of digits but shifts: numbers of a list differ in both, and a wrong guess of the processor
 * costs more than reading a number. What is too long is found by one look at the bytes left. */
#include "api/oip_floats.h"

#include <stdint.h>
#include <string.h>

#include "base/decimal.h"
#include "base/digit_words.h"

enum {
    LONGEST = 48,   /* bytes that are looked at without asking for the end */
    MAX_WHOLE = 7,  /* digits before the point */
    MAX_BEHIND = 24 /* digits behind it */
};

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const uint32_t whole_powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

static uint64_t load(const char *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return eight;
}

typedef struct decimal {
    uint64_t digits;
    unsigned n_behind; /* the point */
} decimal;

/* More than seven digits behind the point; false: more than fit. */
static bool read_long(const char **at, decimal *number)
{
    bool is_done = false;
    for (unsigned n; !is_done && number->n_behind <= MAX_BEHIND; number->n_behind += n) {
        uint64_t eight = load(*at), others = sv_digit_words_mark_others(eight);
        n = others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
        is_done = n < 8;
        uint64_t power = is_done ? whole_powers[n] : 100000000;
        uint64_t part = n ? sv_digit_words_join(eight << (64 - 8 * n)) : 0;
        if (__builtin_mul_overflow(number->digits, power, &number->digits) ||
            __builtin_add_overflow(number->digits, part, &number->digits))
            return false;
        *at += n;
    }
    return is_done;
}

static inline bool read_behind(const char **at, decimal *number)
{
    uint64_t eight = load(*at), others = sv_digit_words_mark_others(eight);
    if (!others)
        return read_long(at, number);
    unsigned n = (unsigned)__builtin_ctzll(others) / 8;
    if (!n)
        return false;
    number->digits = number->digits * whole_powers[n] + sv_digit_words_join(eight << (64 - 8 * n));
    number->n_behind = n;
    *at += n;
    return true;
}

/* The digits before the point; stands behind the point then, if there is one. */
static inline bool read_whole(const char **at, decimal *number, bool *has_point)
{
    const char *i = *at;
    unsigned first = (unsigned char)*i - (unsigned)'0';
    *has_point = true;
    if (first > 9)
        return false;
    if (i[1] == '.') {
        number->digits = first;
        *at = i + 2;
        return true;
    }
    uint64_t eight = load(i), others = sv_digit_words_mark_others(eight);
    if (!others)
        return false;
    unsigned n = (unsigned)__builtin_ctzll(others) / 8;
    if (n > 1 && !first)
        return false;
    number->digits = sv_digit_words_join(eight << (64 - 8 * n));
    *has_point = i[n] == '.';
    *at = i + n + *has_point;
    return true;
}

static inline bool convert(const decimal *number, double *ret_number)
{
    enum { MAX_POWER = sizeof powers / sizeof *powers - 1 };
    if (number->digits > UINT64_C(1) << 53 || number->n_behind > MAX_POWER)
        return sv_decimal_to_double(number->digits, -(int)number->n_behind, ret_number);
    *ret_number = (double)number->digits / powers[number->n_behind]; /* both are exact */
    return true;
}

static double with_sign(double number, bool is_negative)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits |= (uint64_t)is_negative << 63;
    memcpy(&number, &bits, sizeof bits);
    return number;
}

/* '-' and '0' to '9', by the bits of a word: no branch to guess. */
static inline bool begins_number(char byte)
{
    unsigned at = (unsigned char)byte - 0x20u;
    return at < 64 && UINT64_C(0x03ff2000) >> at & 1;
}

/* A number and the beginning of the next one, `gap` bytes behind it: a comma, or that and a space.
 */
static inline bool read_one(const char **at, size_t gap, double *ret_number)
{
    const char *i = *at;
    decimal number = {0};
    double value;
    bool is_negative = *i == '-', has_point;
    i += is_negative;
    if (!read_whole(&i, &number, &has_point))
        return false;
    if (has_point ? !read_behind(&i, &number) : is_negative && !number.digits) /* -0 has no sign */
        return false;
    if (*i != ',' || i[gap - 1] != (gap == 2 ? ' ' : ',') || !begins_number(i[gap]) ||
        !convert(&number, &value))
        return false;
    *at = i + gap;
    *ret_number = with_sign(value, is_negative);
    return true;
}

typedef struct list {
    const char *at, *end;
    size_t gap, max;
} list;

static size_t read_floats(list *it, float *elements)
{
    const char *at = it->at;
    size_t n = 0;
    for (double value; n < it->max && it->end - at > LONGEST; n++) {
        if (!read_one(&at, it->gap, &value))
            break;
        elements[n] = (float)value;
    }
    it->at = at;
    return n;
}

static size_t read_doubles(list *it, double *elements)
{
    const char *at = it->at;
    size_t n = 0;
    while (n < it->max && it->end - at > LONGEST && read_one(&at, it->gap, &elements[n]))
        n++;
    it->at = at;
    return n;
}

size_t sv_oip_floats_read(sv_str text, size_t *at, bool is_single, void *elements, size_t max)
{
    list it = {.at = text.ptr + *at, .end = text.ptr + text.len, .max = max};
    if (it.end - it.at <= LONGEST)
        return 0;
    const char *comma = memchr(it.at, ',', LONGEST);
    if (!comma)
        return 0;
    it.gap = comma[1] == ' ' ? 2 : 1; /* lists are written by one program */
    size_t n = is_single ? read_floats(&it, elements) : read_doubles(&it, elements);
    *at = (size_t)(it.at - text.ptr);
    return n;
}
