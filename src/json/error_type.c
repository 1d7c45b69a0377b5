/* error_type.c: the table of validation errors, from the list in the header, and their messages
 * with the values filled in. Numbers in messages look as Rust prints them, since pydantic's do. */
#include "json/error_type.h"

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

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
    char text[SV_WRITER_DOUBLE_SIZE + 1];
    size_t len = sv_writer_format_double(number, text);
    text[len] = '\0';
    char *exponent_at = strchr(text, 'e');
    if (!exponent_at) {
        bool is_whole = memcmp(text + len - 2, ".0", 2) == 0;
        sv_buf_append(buf, text, is_whole ? len - 2 : len);
        return;
    }
    int exponent = atoi(exponent_at + 1), n_digits = 0;
    if (text[0] == '-')
        sv_buf_append_byte(buf, '-');
    if (exponent < 0) {
        sv_buf_append_str(buf, SV_STR("0."));
        append_zeros(buf, -exponent - 1);
    }
    for (const char *at = text; at < exponent_at; at++) {
        if (*at == '-' || *at == '.')
            continue;
        sv_buf_append_byte(buf, *at);
        n_digits++;
    }
    append_zeros(buf, exponent + 1 - n_digits);
}

static void append_context(sv_buf *buf, const sv_context *context)
{
    switch (context->kind) {
    case SV_CONTEXT_NULL:
        sv_buf_append_str(buf, SV_STR("None"));
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
