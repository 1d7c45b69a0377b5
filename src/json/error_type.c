/* error_type.c: the table of validation errors, from the list in the header, and their messages
 * with the values filled in. Numbers in messages look as Rust prints them, since pydantic's do. */
#include "json/error_type.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

enum { MAX_DIGITS = 20 };

static const sv_error_type_info types[] = {
#define ROW(NAME, name, message, ...) [SV_ERROR_TYPE_##NAME] = {name, message, {__VA_ARGS__}},
    SV_ERROR_TYPE_MAP(ROW)
#undef ROW
};

const sv_error_type_info *sv_error_type_get(sv_error_type type)
{
    return &types[type];
}

static void append_zeros(sv_buf *buf, int n)
{
    while (n-- > 0)
        sv_buf_append_byte(buf, '0');
}

/* A number without exponent, as Rust's `{}` prints it: 1, 1.5, 0.0000001. */
static void append_plain_number(sv_buf *buf, double number)
{
    char digits[MAX_DIGITS + 1];
    sv_decimal_parts decimal = {0, 0};
    if (number != 0)
        decimal = sv_decimal_from_double(fabs(number));
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)decimal.digits);
    int n_whole = n + decimal.exponent; /* digits before the point */
    if (signbit(number))
        sv_buf_append_byte(buf, '-');
    if (n_whole <= 0) {
        sv_buf_append_str(buf, SV_STR("0."));
        append_zeros(buf, -n_whole);
        n_whole = 0;
    }
    sv_buf_append(buf, digits, (size_t)(n_whole < n ? n_whole : n));
    append_zeros(buf, decimal.exponent);
    if (n_whole > 0 && n_whole < n)
        sv_buf_append_byte(buf, '.');
    if (n_whole < n)
        sv_buf_append(buf, digits + n_whole, (size_t)(n - n_whole));
}

static void append_context(sv_buf *buf, const sv_context *context)
{
    switch (context->kind) {
    case SV_CONTEXT_NULL:
        sv_buf_append_str(buf, SV_STR("more"));
        break;
    case SV_CONTEXT_INT:
        sv_buf_printf(buf, "%lld", (long long)context->integer);
        break;
    case SV_CONTEXT_DOUBLE:
        append_plain_number(buf, context->number);
        break;
    case SV_CONTEXT_TEXT:
    case SV_CONTEXT_ERROR:
        sv_buf_append_str(buf, context->text);
        break;
    }
}

void sv_error_type_append_message(sv_buf *buf, sv_error_type type, const sv_context *context)
{
    const char *at = sv_error_type_get(type)->message;
    for (const char *brace; (brace = strchr(at, '{')); at = strchr(brace, '}') + 1) {
        sv_buf_append(buf, at, (size_t)(brace - at));
        const sv_context *value = &context[brace[1] - '0'];
        if (brace[2] == '}')
            append_context(buf, value);
        else if (value->integer != 1)
            sv_buf_append_byte(buf, 's');
    }
    sv_buf_append_str(buf, sv_str_from(at));
}
