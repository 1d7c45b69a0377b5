/* oip_number.c: numbers of JSON. Eight digits are read at once where there are so many: most of a
 * large request is digits. */
#include "api/oip_number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/digit_words.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static char peek(sv_str text, size_t at)
{
    return at < text.len ? text.ptr[at] : '\0';
}

static void add_digits(sv_oip_number *number, uint64_t power, uint64_t digits)
{
    uint64_t value;
    if (__builtin_mul_overflow(number->value, power, &value) ||
        __builtin_add_overflow(value, digits, &value))
        number->overflows = true;
    else
        number->value = value;
}

/* Adds up to eight digits; false: there may be more. */
static bool read_eight(const char **at, sv_oip_number *number)
{
    static const uint32_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t eight;
    memcpy(&eight, *at, sizeof eight);
    uint64_t others = sv_digit_words_mark_others(eight);
    if (!others) {
        add_digits(number, 100000000, sv_digit_words_join(eight));
        *at += sizeof eight;
        return false;
    }
    int n = __builtin_ctzll(others) / 8;
    if (n)
        add_digits(number, powers[n], sv_digit_words_join(eight << (64 - 8 * n)));
    *at += n;
    return true;
}

/* At least one digit; adds them to the value. */
static bool read_digits(sv_str text, size_t *at, sv_oip_number *number)
{
    const char *start = text.ptr + *at, *i = start, *end = text.ptr + text.len;
    bool is_done = false;
    while (!is_done && (size_t)(end - i) >= sizeof(uint64_t))
        is_done = read_eight(&i, number);
    for (; !is_done && i < end && is_digit(*i); i++)
        add_digits(number, 10, (uint64_t)(*i - '0'));
    *at = (size_t)(i - text.ptr);
    return i > start;
}

static bool read_exponent(sv_str text, size_t *at, sv_oip_number *number)
{
    enum { BEYOND = 1 << 20 };
    ++*at;
    bool negative = peek(text, *at) == '-';
    if (negative || peek(text, *at) == '+')
        ++*at;
    if (!is_digit(peek(text, *at)))
        return false;
    int64_t exponent = 0;
    for (; is_digit(peek(text, *at)); ++*at)
        if (exponent < BEYOND)
            exponent = exponent * 10 + (peek(text, *at) - '0');
    number->exponent += negative ? -exponent : exponent;
    return true;
}

bool sv_oip_number_read(sv_str text, size_t *at, sv_oip_number *number)
{
    size_t start = *at;
    *number = (sv_oip_number){.negative = peek(text, start) == '-', .is_integer = true};
    size_t whole = *at += number->negative;
    if (!read_digits(text, at, number) || (text.ptr[whole] == '0' && *at - whole > 1))
        return false;
    if (peek(text, *at) == '.') {
        size_t point = ++*at;
        if (!read_digits(text, at, number))
            return false;
        number->exponent -= (int64_t)(*at - point);
        number->is_integer = false;
    }
    if ((peek(text, *at) | 0x20) == 'e') {
        number->is_integer = false;
        if (!read_exponent(text, at, number))
            return false;
    }
    number->text = (sv_str){text.ptr + start, *at - start};
    return true;
}

/* The digits without a point, which strtod reads by locale: 1.25e3 is "125e1". Digits beyond those
 * that can decide the nearest double are left out. */
static double convert_slowly(const sv_oip_number *number)
{
    enum { MAX_DIGITS = 800 };
    char text[MAX_DIGITS + 32];
    size_t len = 0;
    int64_t exponent = number->exponent;
    for (size_t i = 0; i < number->text.len && (number->text.ptr[i] | 0x20) != 'e'; i++) {
        char byte = number->text.ptr[i];
        if (!is_digit(byte) || (!len && byte == '0'))
            continue;
        if (len < MAX_DIGITS)
            text[len++] = byte;
        else
            exponent++;
    }
    snprintf(text + len, sizeof text - len, "%se%lld", len ? "" : "0", (long long)exponent);
    return strtod(text, NULL);
}

double sv_oip_number_to_double(const sv_oip_number *number)
{
    enum { FAR = 400 }; /* beyond any double of 64 bits of digits */
    double value;
    bool is_near = number->exponent > -FAR && number->exponent < FAR;
    if (number->overflows || !is_near ||
        !sv_decimal_to_double(number->value, (int)number->exponent, &value))
        value = convert_slowly(number);
    return number->negative ? -value : value;
}
