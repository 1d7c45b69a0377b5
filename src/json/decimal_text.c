/* decimal_text.c: decimal numbers as text.
 *
 * DESIGN: the text is first put into plain ASCII without `_`, in the far half of the caller's
 * array; then it is taken to pieces there, its digits moved together; then it is printed into the
 * near half. Exponents go up to 18 digits, as in Python on 64 bits. */
#include "json/decimal_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

enum { MAX_ADDED = 32 }; /* what printing adds to the digits: sign, zeros, point, exponent */

static const int64_t max_adjusted = 999999999999999999;
static const int64_t min_exponent = -1999999999999999997;
static const int64_t endless = 4000000000000000000; /* no exponent is counted further */

/* (-1)^is_negative × digits × 10^exponent; no zeros before the digits, but 0 is "0". */
typedef struct decimal {
    bool is_negative;
    char *digits;
    size_t n_digits;
    int64_t exponent;
} decimal;

/* The zeros of Unicode's decimal digits (general category Nd) beyond ASCII; the nine others of a
 * script follow its zero. Unicode 14. */
static const uint32_t zeros[] = {
    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,
    0xCE6,   0xD66,   0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,
    0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,
    0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
};

/* 0..9, or -1. */
static int digit_value(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (code_point >= zeros[i] && code_point - zeros[i] < 10)
            return (int)(code_point - zeros[i]);
    return -1;
}

/* The code point of the well-formed UTF-8 character at `*at`, which is moved behind it. */
static uint32_t read_code_point(sv_str text, size_t *at)
{
    unsigned char first = (unsigned char)text.ptr[(*at)++];
    uint32_t code_point = first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : first & 0x07;
    for (; *at < text.len && ((unsigned char)text.ptr[*at] & 0xC0) == 0x80; ++*at)
        code_point = code_point << 6 | ((unsigned char)text.ptr[*at] & 0x3F);
    return code_point;
}

/* Copies without blanks at the ends and `_`, digits as ASCII. False when some other character is
 * not ASCII. */
static bool copy_plain(sv_str text, char *copy, size_t *ret_len)
{
    size_t len = 0;
    text = sv_str_trim(text);
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] == '_') {
            at++;
        } else if ((unsigned char)text.ptr[at] < 0x80) {
            copy[len++] = text.ptr[at++];
        } else {
            int digit = digit_value(read_code_point(text, &at));
            if (digit < 0)
                return false;
            copy[len++] = (char)('0' + digit);
        }
    }
    *ret_len = len;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_sign(sv_str text, size_t at)
{
    return at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-') ? at + 1 : at;
}

/* "inf", "infinity"; "nan" and "snan", maybe with digits behind them. */
static bool names_no_number(sv_str text)
{
    static const sv_str nan_names[] = {SV_STR_INIT("nan"), SV_STR_INIT("snan")};
    if (sv_str_eq_nocase(text, SV_STR("inf")) || sv_str_eq_nocase(text, SV_STR("infinity")))
        return true;
    while (text.len && is_digit(text.ptr[text.len - 1]))
        text.len--;
    return sv_str_eq_nocase(text, nan_names[0]) || sv_str_eq_nocase(text, nan_names[1]);
}

/* Moves the digits of "0012.30" together, without the zeros before them; false when there are
 * none. `*at` is moved behind. */
static bool read_digits(sv_str text, size_t *at, decimal *number)
{
    size_t n_seen = 0;
    bool after_point = false;
    for (; *at < text.len; ++*at) {
        char c = text.ptr[*at];
        if (c == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        n_seen++;
        number->exponent -= after_point;
        if (number->n_digits == 1 && number->digits[0] == '0')
            number->n_digits = 0;
        number->digits[number->n_digits++] = c;
    }
    return n_seen > 0;
}

/* "E+5" to the end of the text. */
static bool read_exponent(sv_str text, size_t at, decimal *number)
{
    if (at == text.len)
        return true;
    if ((text.ptr[at] | 0x20) != 'e')
        return false;
    size_t first = skip_sign(text, at + 1);
    bool is_negative = text.ptr[first - 1] == '-';
    int64_t exponent = 0;
    for (at = first; at < text.len && is_digit(text.ptr[at]); at++)
        exponent = exponent > endless / 10 ? endless : exponent * 10 + (text.ptr[at] - '0');
    number->exponent += is_negative ? -exponent : exponent;
    return at > first && at == text.len;
}

/* Digits with the point behind the first `n_whole` of them, which may be fewer than none. */
static char *put_digits(char *at, const decimal *number, int64_t n_whole)
{
    size_t n_before = n_whole > 0 ? (size_t)n_whole : 0;
    if (n_before == 0)
        *at++ = '0';
    memcpy(at, number->digits, n_before);
    at += n_before;
    if (n_before == number->n_digits)
        return at;
    *at++ = '.';
    for (; n_whole < 0; n_whole++)
        *at++ = '0';
    memcpy(at, number->digits + n_before, number->n_digits - n_before);
    return at + (number->n_digits - n_before);
}

/* Python's form: an exponent only for what would have zeros at its end or more than five behind the
 * point. */
static size_t print(const decimal *number, char *text)
{
    int64_t adjusted = number->exponent + (int64_t)number->n_digits - 1;
    char *at = text;
    if (number->is_negative)
        *at++ = '-';
    if (number->exponent <= 0 && adjusted >= -6)
        return (size_t)(put_digits(at, number, adjusted + 1) - text);
    at = put_digits(at, number, 1);
    at += sprintf(at, "E%+lld", (long long)adjusted);
    return (size_t)(at - text);
}

size_t sv_decimal_text_size(size_t text_len)
{
    return 2 * text_len + MAX_ADDED;
}

sv_error_type sv_decimal_text_parse(sv_str text, char *ret_text, size_t *ret_len)
{
    char *copy = ret_text + text.len + MAX_ADDED;
    sv_str plain = {copy, 0};
    decimal number = {.digits = copy};
    if (!copy_plain(text, copy, &plain.len))
        return SV_ERROR_TYPE_DECIMAL_PARSING;
    size_t at = skip_sign(plain, 0);
    if (names_no_number(sv_str_slice(plain, at, plain.len)))
        return SV_ERROR_TYPE_FINITE_NUMBER;
    number.is_negative = at && plain.ptr[0] == '-';
    if (!read_digits(plain, &at, &number) || !read_exponent(plain, at, &number))
        return SV_ERROR_TYPE_DECIMAL_PARSING;
    if (number.exponent < min_exponent ||
        number.exponent + (int64_t)number.n_digits - 1 > max_adjusted)
        return SV_ERROR_TYPE_DECIMAL_PARSING;
    *ret_len = print(&number, ret_text);
    return SV_ERROR_TYPE_NONE;
}

size_t sv_decimal_text_from_double(double number, char ret_text[SV_DECIMAL_TEXT_DOUBLE_SIZE])
{
    enum {
        MAX_PLAIN = 16
    }; /* Python's repr has no exponent up to so many digits before the point */
    char digits[24];
    sv_decimal_parts parts = {0, 0};
    if (number != 0)
        parts = sv_decimal_from_double(fabs(number));
    int n_digits = snprintf(digits, sizeof digits, "%llu", (unsigned long long)parts.digits);
    int point = n_digits + parts.exponent;
    for (; point <= MAX_PLAIN && parts.exponent >= 0; parts.exponent--) /* written as "100.0" */
        digits[n_digits++] = '0';
    decimal written = {signbit(number) != 0, digits, (size_t)n_digits, parts.exponent};
    if (number == 0)
        written.n_digits = 1;
    return print(&written, ret_text);
}
