/* form.c: application/x-www-form-urlencoded, the form of the WHATWG URL standard. */
#include "http/form.h"

#include "http/message.h"

const sv_form_limits sv_form_limits_default = {
    .max_parts = 1000,
    .max_field_bytes = (size_t)1024 * 1024,
    .max_head_bytes = (size_t)8 * 1024,
};

sv_status sv_form_refuse_count(sv_error *error, const char *what, size_t limit)
{
    return sv_error_set(error, SV_TOO_LARGE, &sv_kind_bad_request,
                        "Too many %s. Maximum number of %s is %zu.", what, what, limit);
}

sv_status sv_form_refuse_size(sv_error *error, const char *what, size_t limit_bytes)
{
    return sv_error_set(error, SV_TOO_LARGE, &sv_kind_bad_request,
                        "%s exceeded maximum size of %zuKB.", what, limit_bytes / 1024);
}

/* Reads the parts into `form`, which has room for all of them. */
static sv_status read_parts(sv_arena *arena, sv_str body, const sv_form_limits *limits,
                            sv_error *error, sv_form *form)
{
    sv_str piece;
    while (sv_str_split(&body, '&', &piece)) {
        if (!piece.len)
            continue;
        sv_form_part *part = &form->parts[form->n_parts++];
        if (piece.len > limits->max_field_bytes)
            return sv_form_refuse_size(error, "Field", limits->max_field_bytes);
        if (!sv_message_next_pair(&piece, arena, &part->name, &part->bytes))
            return SV_NO_MEMORY;
    }
    return SV_OK;
}

sv_status sv_form_read(sv_arena *arena, sv_str body, const sv_form_limits *limits, sv_error *error,
                       sv_form *ret_form)
{
    size_t n_parts = sv_message_count_pairs(body);
    if (n_parts > limits->max_parts)
        return sv_form_refuse_count(error, "fields", limits->max_parts);
    sv_form form = {.parts = sv_arena_alloc_array(arena, n_parts, sizeof *form.parts)};
    if (!form.parts)
        return SV_NO_MEMORY;
    sv_status status = read_parts(arena, body, limits, error, &form);
    if (!status)
        *ret_form = form;
    return status;
}
