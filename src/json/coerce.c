/* coerce.c: pydantic's lax conversions between the kinds of JSON values. Limits: validate.c. */
#include "json/coerce.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_DIGITS = 780,           /* more cannot change a double (767 decide) but for exact ties */
    LARGEST_EXPONENT = 1000000, /* far beyond any double, far from overflow */
    NUMBER_TEXT_SIZE = MAX_DIGITS + 32
};

/* Without surrounding white space as Rust's str::trim sees it: sv_str_trim's, but not 1C to 1F. A
 * text that has those at an end is given back as it is; no number starts or ends so. */
static sv_str trim(sv_str text)
{
    sv_str inner = sv_str_trim(text);
    for (const char *at = text.ptr; at < text.ptr + text.len; at++) {
        if (at == inner.ptr)
            at += inner.len;
        if (at < text.ptr + text.len && *at >= 0x1C && *at <= 0x1F)
            return text;
    }
    return inner;
}

static bool is_digit_at(sv_str text, size_t at)
{
    return at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9';
}

static bool is_sign_at(sv_str text, size_t at)
{
    return at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
}

/* ".000": allowed behind an integer. */
static bool is_zero_fraction(sv_str text)
{
    if (text.len < 2 || text.ptr[0] != '.')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (text.ptr[i] != '0')
            return false;
    return true;
}

static sv_error_type int_from_text(sv_str text, int64_t *ret_int)
{
    text = trim(text);
    bool negative = text.len && text.ptr[0] == '-', overflows = false;
    size_t at = is_sign_at(text, 0) ? 1 : 0;
    uint64_t magnitude = 0;
    if (!is_digit_at(text, at))
        return SV_ERROR_TYPE_INT_PARSING;
    for (; at < text.len; at++) {
        if (text.ptr[at] == '_' && is_digit_at(text, at - 1) && is_digit_at(text, at + 1))
            continue;
        if (!is_digit_at(text, at))
            break;
        overflows |= __builtin_mul_overflow(magnitude, 10u, &magnitude);
        overflows |= __builtin_add_overflow(magnitude, text.ptr[at] - '0', &magnitude);
    }
    if (at < text.len && !is_zero_fraction(sv_str_slice(text, at, text.len)))
        return SV_ERROR_TYPE_INT_PARSING;
    if (overflows || magnitude > (uint64_t)INT64_MAX + negative)
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    *ret_int = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return SV_ERROR_TYPE_NONE;
}

static sv_error_type int_from_double(double number, int64_t *ret_int)
{
    if (number != trunc(number))
        return SV_ERROR_TYPE_INT_FROM_FLOAT;
    if (fabs(number) >= 0x1p63)
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    *ret_int = (int64_t)number;
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_coerce_int(const sv_value *value, int64_t *ret_int)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_INT:
        *ret_int = sv_value_int(value);
        return SV_ERROR_TYPE_NONE;
    case SV_VALUE_BOOL:
        *ret_int = sv_value_bool(value);
        return SV_ERROR_TYPE_NONE;
    case SV_VALUE_DOUBLE:
        return int_from_double(sv_value_double(value), ret_int);
    case SV_VALUE_STR:
        return int_from_text(sv_value_str(value), ret_int);
    case SV_VALUE_BIG_INT:
        return SV_ERROR_TYPE_INT_PARSING_SIZE;
    case SV_VALUE_INFINITE:
        return SV_ERROR_TYPE_FINITE_NUMBER;
    case SV_VALUE_NULL:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return SV_ERROR_TYPE_INT_TYPE;
}

/* A decimal number taken apart: 0.DIGITS × 10^exponent. */
typedef struct decimal {
    char digits[MAX_DIGITS];
    int n_digits;
    int64_t exponent;
    bool negative;
} decimal;

/* Pydantic's `_`: anywhere, but not first, not last, not twice in a row. */
static bool has_misplaced_underscore(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '_' && (i == 0 || i + 1 == text.len || text.ptr[i - 1] == '_'))
            return true;
    return false;
}

/* Goes over `_`. */
static void skip_underscores(sv_str text, size_t *at)
{
    while (*at < text.len && text.ptr[*at] == '_')
        ++*at;
}

/* Reads digits with one point among them; how many digits there were. */
static size_t read_mantissa(sv_str text, size_t *at, decimal *number)
{
    size_t count = 0;
    bool after_point = false;
    for (;; ++*at) {
        skip_underscores(text, at);
        if (*at < text.len && text.ptr[*at] == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (!is_digit_at(text, *at))
            return count;
        char digit = text.ptr[*at];
        bool is_leading_zero = digit == '0' && number->n_digits == 0;
        count++;
        if (!is_leading_zero && number->n_digits < MAX_DIGITS)
            number->digits[number->n_digits++] = digit;
        if (after_point ? is_leading_zero : !is_leading_zero)
            number->exponent += after_point ? -1 : 1;
    }
}

/* Reads "e-5", if it is there; false when it is broken. */
static bool read_exponent(sv_str text, size_t *at, decimal *number)
{
    if (*at >= text.len || (text.ptr[*at] | 0x20) != 'e')
        return true;
    ++*at;
    skip_underscores(text, at);
    bool negative = is_sign_at(text, *at) && text.ptr[*at] == '-';
    *at += is_sign_at(text, *at);
    skip_underscores(text, at);
    if (!is_digit_at(text, *at))
        return false;
    int64_t exponent = 0;
    for (; is_digit_at(text, *at); skip_underscores(text, at)) {
        if (exponent < LARGEST_EXPONENT)
            exponent = exponent * 10 + (text.ptr[*at] - '0');
        ++*at;
    }
    number->exponent += negative ? -exponent : exponent;
    return true;
}

static double to_double(const decimal *number)
{
    char text[NUMBER_TEXT_SIZE];
    int64_t exponent = number->exponent;
    if (exponent > LARGEST_EXPONENT)
        exponent = LARGEST_EXPONENT;
    if (exponent < -LARGEST_EXPONENT)
        exponent = -LARGEST_EXPONENT;
    snprintf(text, sizeof text, "%s.%.*se%d", number->negative ? "-" : "",
             number->n_digits ? number->n_digits : 1, number->n_digits ? number->digits : "0",
             (int)exponent);
    return strtod(text, NULL);
}

/* "nan", "inf", "infinity", in any case, `_` skipped. */
static bool names_no_number(sv_str text, size_t at)
{
    char word[9];
    size_t len = 0;
    for (; at < text.len && len < sizeof word; at++)
        if (text.ptr[at] != '_')
            word[len++] = text.ptr[at];
    sv_str name = {word, len};
    return at == text.len &&
           (sv_str_eq_nocase(name, SV_STR("nan")) || sv_str_eq_nocase(name, SV_STR("inf")) ||
            sv_str_eq_nocase(name, SV_STR("infinity")));
}

sv_error_type sv_coerce_text_double(sv_str text, double *ret_double)
{
    decimal number;
    number.n_digits = 0; /* not the whole struct: the digits need no zeroes */
    number.exponent = 0;
    size_t len = text.len;
    text = trim(text);
    bool has_blanks = text.len < len;
    number.negative = text.len && text.ptr[0] == '-';
    size_t at = is_sign_at(text, 0) ? 1 : 0;
    if (has_misplaced_underscore(text) || (has_blanks && sv_str_find(text, '_') < text.len))
        return SV_ERROR_TYPE_FLOAT_PARSING; /* pydantic: `_` or blanks, not both */
    if (names_no_number(text, at))
        return SV_ERROR_TYPE_FINITE_NUMBER;
    if (!read_mantissa(text, &at, &number) || !read_exponent(text, &at, &number) || at < text.len)
        return SV_ERROR_TYPE_FLOAT_PARSING;
    double result = to_double(&number);
    if (!isfinite(result))
        return SV_ERROR_TYPE_FINITE_NUMBER;
    *ret_double = result;
    return SV_ERROR_TYPE_NONE;
}

static sv_error_type double_from_number(double number, double *ret_double)
{
    if (!isfinite(number))
        return SV_ERROR_TYPE_FINITE_NUMBER;
    *ret_double = number;
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_coerce_double(const sv_value *value, double *ret_double)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_INFINITE:
        return double_from_number(sv_value_double(value), ret_double);
    case SV_VALUE_BOOL:
        *ret_double = sv_value_bool(value);
        return SV_ERROR_TYPE_NONE;
    case SV_VALUE_STR:
        return sv_coerce_text_double(sv_value_str(value), ret_double);
    case SV_VALUE_NULL:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return SV_ERROR_TYPE_FLOAT_TYPE;
}

static sv_error_type bool_from_text(sv_str text, bool *ret_bool)
{
    static const struct {
        sv_str text;
        bool value;
    } words[] = {
        {SV_STR_INIT("true"), true}, {SV_STR_INIT("false"), false}, {SV_STR_INIT("1"), true},
        {SV_STR_INIT("0"), false},   {SV_STR_INIT("yes"), true},    {SV_STR_INIT("no"), false},
        {SV_STR_INIT("on"), true},   {SV_STR_INIT("off"), false},   {SV_STR_INIT("t"), true},
        {SV_STR_INIT("f"), false},   {SV_STR_INIT("y"), true},      {SV_STR_INIT("n"), false},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sv_str_eq_nocase(text, words[i].text)) {
            *ret_bool = words[i].value;
            return SV_ERROR_TYPE_NONE;
        }
    }
    return SV_ERROR_TYPE_BOOL_PARSING;
}

static sv_error_type bool_from_number(double number, bool *ret_bool)
{
    if (number != 0 && number != 1)
        return number == trunc(number) && fabs(number) < 0x1p63 ? SV_ERROR_TYPE_BOOL_PARSING
                                                                : SV_ERROR_TYPE_BOOL_TYPE;
    *ret_bool = number == 1;
    return SV_ERROR_TYPE_NONE;
}

sv_error_type sv_coerce_bool(const sv_value *value, bool *ret_bool)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_BOOL:
        *ret_bool = sv_value_bool(value);
        return SV_ERROR_TYPE_NONE;
    case SV_VALUE_INT:
        if (sv_value_int(value) < 0 || sv_value_int(value) > 1)
            return SV_ERROR_TYPE_BOOL_PARSING;
        *ret_bool = sv_value_int(value) == 1;
        return SV_ERROR_TYPE_NONE;
    case SV_VALUE_DOUBLE:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_INFINITE:
        return bool_from_number(sv_value_double(value), ret_bool);
    case SV_VALUE_STR:
        return bool_from_text(sv_value_str(value), ret_bool);
    case SV_VALUE_NULL:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return SV_ERROR_TYPE_BOOL_TYPE;
}
