/* decimal_check.c: limits on decimal numbers. */
#include "json/decimal_check.h"

#include <math.h>
#include <stdio.h>

#include "base/decimal.h"

enum { PRECISION = 28, MAX_DOUBLE_DIGITS = 24 };

/* A decimal taken apart: (-1)^is_negative × digits × 10^exponent. `digits` may hold a point, which
 * is passed over; they start with no zero, but for 0 itself there are none. */
typedef struct pieces {
    bool is_negative;
    sv_str digits;
    int64_t n_digits, n_end_zeros; /* n_end_zeros: of the n_digits */
    int64_t exponent;
} pieces;

static int64_t read_exponent(sv_str text)
{
    int64_t exponent = 0;
    for (size_t i = 1; i < text.len; i++)
        exponent = exponent * 10 + (text.ptr[i] - '0');
    return text.len && text.ptr[0] == '-' ? -exponent : exponent;
}

static pieces take_apart(sv_str text)
{
    pieces parts = {.is_negative = text.len && text.ptr[0] == '-'};
    size_t at = parts.is_negative, end = sv_str_find(text, 'E');
    bool after_point = false;
    parts.exponent = read_exponent(sv_str_slice(text, end + 1, text.len));
    for (; at < end && (text.ptr[at] == '0' || text.ptr[at] == '.'); at++) {
        parts.exponent -= after_point;
        after_point |= text.ptr[at] == '.';
    }
    parts.digits = sv_str_slice(text, at, end - at);
    for (; at < end; at++) {
        if (text.ptr[at] == '.') {
            after_point = true;
            continue;
        }
        parts.n_digits++;
        parts.n_end_zeros = text.ptr[at] == '0' ? parts.n_end_zeros + 1 : 0;
        parts.exponent -= after_point;
    }
    return parts;
}

/* How many digits pydantic counts, and how many of them behind the point. */
typedef struct counts {
    int64_t n_digits, n_places;
} counts;

static counts count_digits(int64_t n_digits, int64_t exponent)
{
    if (exponent >= 0)
        return (counts){n_digits + exponent, 0};
    return (counts){n_digits > -exponent ? n_digits : -exponent, -exponent};
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

sv_error_type sv_decimal_check_digits(sv_decimal decimal, int64_t max_digits, int64_t max_places,
                                      int64_t *ret_limit)
{
    pieces parts = take_apart(decimal.text);
    int64_t n_digits = parts.n_digits ? parts.n_digits : 1; /* 0 has one */
    counts all = count_digits(n_digits, parts.exponent), least = {1, 0};
    if (parts.n_digits)
        least = count_digits(n_digits - parts.n_end_zeros, parts.exponent + parts.n_end_zeros);
    int64_t n_whole = smaller(all.n_digits - all.n_places, least.n_digits - least.n_places);
    int64_t max_whole = max_digits > max_places ? max_digits - max_places : 0;
    *ret_limit = max_digits;
    if (max_digits >= 0 && smaller(all.n_digits, least.n_digits) > max_digits)
        return SV_ERROR_TYPE_DECIMAL_MAX_DIGITS;
    *ret_limit = max_places;
    if (max_places >= 0 && smaller(all.n_places, least.n_places) > max_places)
        return SV_ERROR_TYPE_DECIMAL_MAX_PLACES;
    *ret_limit = max_whole;
    if (max_digits >= 0 && max_places >= 0 && n_whole > max_whole)
        return SV_ERROR_TYPE_DECIMAL_WHOLE_DIGITS;
    return SV_ERROR_TYPE_NONE;
}

/* The next digit from `*at` on, 0 behind the last. */
static int next_digit(sv_str digits, size_t *at)
{
    if (*at < digits.len && digits.ptr[*at] == '.')
        ++*at;
    return *at < digits.len ? digits.ptr[(*at)++] - '0' : 0;
}

/* Of two numbers that are not 0, without their signs. */
static int compare_sizes(const pieces *a, const pieces *b)
{
    int64_t top_a = a->n_digits + a->exponent, top_b = b->n_digits + b->exponent;
    size_t at_a = 0, at_b = 0;
    if (top_a != top_b)
        return top_a < top_b ? -1 : 1;
    while (at_a < a->digits.len || at_b < b->digits.len) {
        int digit_a = next_digit(a->digits, &at_a), digit_b = next_digit(b->digits, &at_b);
        if (digit_a != digit_b)
            return digit_a < digit_b ? -1 : 1;
    }
    return 0;
}

static int sign(const pieces *parts)
{
    return parts->n_digits == 0 ? 0 : parts->is_negative ? -1 : 1;
}

int sv_decimal_check_order(sv_decimal decimal, double bound)
{
    char digits[MAX_DOUBLE_DIGITS];
    pieces a = take_apart(decimal.text), b = {.is_negative = bound < 0};
    if (bound != 0) {
        sv_decimal_parts shortest = sv_decimal_from_double(fabs(bound));
        int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)shortest.digits);
        b.digits = (sv_str){digits, (size_t)n};
        b.n_digits = n;
        b.exponent = shortest.exponent;
    }
    if (sign(&a) != sign(&b) || sign(&a) == 0)
        return sign(&a) - sign(&b);
    return sign(&a) * compare_sizes(&a, &b);
}

/* The quotient's first digits, rounded half to even. */
typedef struct ratio {
    unsigned char digits[PRECISION];
    int64_t top; /* the first digit counts 10^top */
} ratio;

/* Adds one to the last digit. */
static void round_up(ratio *quotient)
{
    for (int i = PRECISION - 1; i >= 0; i--) {
        if (quotient->digits[i] < 9) {
            quotient->digits[i]++;
            return;
        }
        quotient->digits[i] = 0;
    }
    quotient->digits[0] = 1;
    quotient->top++;
}

/* Long division by a number of at most 17 digits. */
static ratio divide(const pieces *parts, sv_decimal_parts divisor)
{
    ratio quotient = {.top = parts->n_digits + parts->exponent - divisor.exponent};
    uint64_t rest = 0;
    size_t at = 0;
    int n = 0;
    while (n < PRECISION) {
        rest = rest * 10 + (uint64_t)next_digit(parts->digits, &at);
        if (n == 0)
            quotient.top--;
        if (n > 0 || rest >= divisor.digits)
            quotient.digits[n++] = (unsigned char)(rest / divisor.digits);
        rest %= divisor.digits;
    }
    rest = rest * 10 + (uint64_t)next_digit(parts->digits, &at);
    uint64_t next = rest / divisor.digits;
    bool has_more = rest % divisor.digits != 0;
    while (at < parts->digits.len && !has_more)
        has_more = next_digit(parts->digits, &at) != 0;
    if (next > 5 || (next == 5 && (has_more || quotient.digits[PRECISION - 1] % 2)))
        round_up(&quotient);
    return quotient;
}

bool sv_decimal_check_is_multiple(sv_decimal decimal, double multiple)
{
    pieces parts = take_apart(decimal.text);
    sv_decimal_parts divisor = sv_decimal_from_double(multiple);
    if (parts.n_digits == 0 || divisor.digits == 0)
        return parts.n_digits == 0;
    ratio quotient = divide(&parts, divisor);
    if (quotient.top >= PRECISION || quotient.top < 0)
        return false;
    for (int64_t i = quotient.top + 1; i < PRECISION; i++)
        if (quotient.digits[i])
            return false;
    return true;
}
