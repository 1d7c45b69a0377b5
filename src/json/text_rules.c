/* text_rules.c: patterns, formats and changes of text. The engines: pattern.c, url.c, email.c,
 * ip.c; lengths: validate.c. */
#include "json/text_rules.h"

#include <string.h>

#include "json/email.h"
#include "json/ip.h"
#include "json/letter_case.h"
#include "json/url.h"

static bool refuse(sv_error_type type, sv_context context, sv_violation *ret_violation)
{
    *ret_violation = (sv_violation){type, {context}};
    return false;
}

/* A text that takes too long to match does not match. */
static sv_status match(const sv_plan_field *field, sv_str text, sv_violation *ret_violation)
{
    if (!field->pattern)
        return SV_OK;
    bool matches = false;
    sv_status status = sv_pattern_matches(field->pattern, text, &matches);
    if (status == SV_NO_MEMORY || matches)
        return status;
    sv_context pattern = {.kind = SV_CONTEXT_TEXT, .text = sv_str_from(field->row->pattern)};
    refuse(SV_ERROR_TYPE_STRING_PATTERN_MISMATCH, pattern, ret_violation);
    return SV_INVALID;
}

static sv_status apply_url(sv_arena *arena, const sv_url_rules *rules, sv_str *text,
                           sv_violation *ret_violation)
{
    sv_url url;
    sv_status status = sv_url_read(arena, *text, rules, &url);
    if (status)
        return status;
    if (url.error)
        return refuse(url.error, url.context, ret_violation) ? SV_OK : SV_INVALID;
    *text = url.text;
    return SV_OK;
}

static sv_status apply_email(sv_arena *arena, sv_str *text, sv_violation *ret_violation)
{
    sv_email email;
    sv_status status = sv_email_read(arena, *text, &email);
    if (status)
        return status;
    if (email.error)
        return refuse(email.error, email.context, ret_violation) ? SV_OK : SV_INVALID;
    *text = email.text;
    return SV_OK;
}

static sv_status apply_ipv4(sv_str text, sv_violation *ret_violation)
{
    uint8_t bytes[SV_IP_V4_SIZE];
    if (sv_ip_v4_parse(text, bytes)) /* what is read has one form: it stays */
        return SV_OK;
    refuse(SV_ERROR_TYPE_IP_V4_ADDRESS, (sv_context){0}, ret_violation);
    return SV_INVALID;
}

static sv_status apply_ipv6(sv_arena *arena, sv_str *text, sv_violation *ret_violation)
{
    uint8_t bytes[SV_IP_V6_SIZE];
    char normal[SV_IP_V6_TEXT];
    sv_str scope;
    if (!sv_ip_v6_parse(*text, bytes, &scope)) {
        refuse(SV_ERROR_TYPE_IP_V6_ADDRESS, (sv_context){0}, ret_violation);
        return SV_INVALID;
    }
    int len = (int)sv_ip_v6_format(bytes, normal);
    sv_str made =
        sv_arena_printf(arena, "%.*s%s%.*s", len, normal, scope.len ? "%" : "", SV_STR_ARG(scope));
    if (!made.ptr)
        return SV_NO_MEMORY;
    *text = made;
    return SV_OK;
}

static sv_status apply_format(sv_arena *arena, sv_text_format format, sv_str *text,
                              sv_violation *ret_violation)
{
    switch (format) {
    case SV_FORMAT_EMAIL:
        return apply_email(arena, text, ret_violation);
    case SV_FORMAT_URL:
        return apply_url(arena, &sv_url_any, text, ret_violation);
    case SV_FORMAT_HTTP_URL:
        return apply_url(arena, &sv_url_http, text, ret_violation);
    case SV_FORMAT_IPV4:
        return apply_ipv4(*text, ret_violation);
    case SV_FORMAT_IPV6:
        return apply_ipv6(arena, text, ret_violation);
    case SV_FORMAT_NONE:
    case SV_FORMAT_BASE64:
        break;
    }
    return SV_OK;
}

sv_status sv_text_rules_apply(sv_arena *arena, const sv_plan_field *field, sv_str *text,
                              sv_violation *ret_violation)
{
    const sv_field *row = field->row;
    if (row->strip)
        *text = sv_letter_case_strip(*text);
    if (!sv_validate_str(row, *text, ret_violation))
        return SV_INVALID;
    sv_status status = match(field, *text, ret_violation);
    if (!status && row->lower)
        status = sv_letter_case_lower(arena, *text, text);
    if (!status && row->upper)
        status = sv_letter_case_upper(arena, *text, text);
    return status ? status : apply_format(arena, row->format, text, ret_violation);
}

/* The normal form of an address may be longer than what was read. Why a format refused the text
 * lives in the scratch arena: only the static words survive. */
static sv_status check_format(sv_text_format format, sv_str text, sv_violation *ret_violation)
{
    sv_arena *scratch = sv_arena_new(0);
    if (!scratch)
        return SV_NO_MEMORY;
    sv_status status = format == SV_FORMAT_HTTP_URL
                           ? apply_url(scratch, &sv_url_any_http, &text, ret_violation)
                           : apply_format(scratch, format, &text, ret_violation);
    if (status == SV_INVALID && ret_violation->type == SV_ERROR_TYPE_EMAIL)
        ret_violation->context[0].text = SV_STR("not of the form of one");
    sv_arena_free(scratch);
    return status;
}

sv_status sv_text_rules_check(const sv_plan_field *field, sv_str text, sv_violation *ret_violation)
{
    const sv_field *row = field->row;
    bool was_changed = row->lower || row->upper || row->format;
    if (!was_changed && !sv_validate_str(row, text, ret_violation))
        return SV_INVALID;
    sv_status status = was_changed ? SV_OK : match(field, text, ret_violation);
    if (status || !row->format)
        return status;
    return check_format(row->format, text, ret_violation);
}

bool sv_text_rules_from_number(sv_arena *arena, const sv_plan_field *field, const sv_value *value,
                               sv_str *ret_text)
{
    bool is_v4 = field->row->format == SV_FORMAT_IPV4;
    sv_value_type type = sv_value_get_type(value);
    if (!is_v4 && field->row->format != SV_FORMAT_IPV6)
        return false;
    int64_t number = type == SV_VALUE_BOOL  ? sv_value_bool(value)
                     : type == SV_VALUE_INT ? sv_value_int(value)
                                            : -1;
    if (number < 0 || (is_v4 && number > UINT32_MAX))
        return false;
    uint8_t bytes[SV_IP_V6_SIZE] = {0};
    char text[SV_IP_V6_TEXT];
    size_t size = is_v4 ? SV_IP_V4_SIZE : SV_IP_V6_SIZE;
    for (size_t i = size; i > 0; i--, number >>= 8)
        bytes[i - 1] = (uint8_t)number;
    size_t len = is_v4 ? sv_ip_v4_format(bytes, text) : sv_ip_v6_format(bytes, text);
    *ret_text = sv_arena_copy(arena, (sv_str){text, len});
    return ret_text->ptr != NULL;
}

sv_error_type sv_text_rules_not_text(sv_text_format format)
{
    static const sv_error_type types[] = {
        [SV_FORMAT_NONE] = SV_ERROR_TYPE_STRING_TYPE,
        [SV_FORMAT_EMAIL] = SV_ERROR_TYPE_STRING_TYPE,
        [SV_FORMAT_URL] = SV_ERROR_TYPE_URL_TYPE,
        [SV_FORMAT_HTTP_URL] = SV_ERROR_TYPE_URL_TYPE,
        [SV_FORMAT_IPV4] = SV_ERROR_TYPE_IP_V4_ADDRESS,
        [SV_FORMAT_IPV6] = SV_ERROR_TYPE_IP_V6_ADDRESS,
        [SV_FORMAT_BASE64] = SV_ERROR_TYPE_STRING_TYPE,
    };
    return types[format];
}
