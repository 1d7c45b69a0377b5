/* body.c: the bytes of a request body -> a JSON value, by FastAPI's rules. What the value must be
 * like: decode.c. */
#include "json/body.h"

/* Python's email parser, which FastAPI asks: what is not TYPE/SUBTYPE counts as text/plain. */
bool sv_body_is_json(sv_str content_type)
{
    sv_str media = sv_str_trim_ows(sv_str_slice(content_type, 0, sv_str_find(content_type, ';')));
    if (sv_str_eq(media, SV_STR("application/json"))) /* nearly always */
        return true;
    sv_str application = SV_STR("application/"), suffix = SV_STR("+json");
    if (!sv_str_eq_nocase(sv_str_slice(media, 0, application.len), application))
        return false;
    sv_str subtype = sv_str_slice(media, application.len, media.len);
    if (sv_str_find(subtype, '/') < subtype.len)
        return false;
    if (sv_str_eq_nocase(subtype, SV_STR("json")))
        return true;
    return subtype.len >= suffix.len &&
           sv_str_eq_nocase(sv_str_slice(subtype, subtype.len - suffix.len, suffix.len), suffix);
}

static sv_status refuse_syntax(const sv_value_error *error, sv_errors *errors)
{
    const sv_loc body = {.name = SV_STR_INIT("body")};
    const sv_loc where = {.parent = &body, .index = error->position};
    sv_context context = {.kind = SV_CONTEXT_TEXT, .text = sv_str_from(error->message)};
    sv_errors_add(errors, SV_ERROR_TYPE_JSON_INVALID, &where, (sv_input){.json = "{}"}, &context);
    return errors->status;
}

static sv_status read_json(sv_arena *arena, const sv_body *body, sv_errors *errors,
                           const sv_value **ret_value)
{
    const sv_value_limits limits = {body->max_depth, body->max_values};
    sv_value_error error;
    sv_status status = sv_value_parse(arena, body->bytes, &limits, &error, ret_value);
    if (status != SV_INVALID)
        return status;
    return error.problem == SV_VALUE_SYNTAX ? refuse_syntax(&error, errors) : SV_FAILED;
}

sv_status sv_body_read(sv_arena *arena, const sv_body *body, sv_errors *errors,
                       const sv_value **ret_value)
{
    bool is_json = body->content_type.ptr && sv_body_is_json(body->content_type);
    if (!body->bytes.len || (body->only_json && !is_json)) {
        *ret_value = NULL;
        return SV_OK;
    }
    if (is_json)
        return read_json(arena, body, errors, ret_value);
    const sv_value *text = sv_value_from_str(arena, body->bytes);
    if (!text)
        return SV_NO_MEMORY;
    *ret_value = text;
    return SV_OK;
}
