/* encode.c: struct + plan -> JSON, the mirror of decode.c. Numbers and text on the wire:
 * base/writer.c.
 *
 * DESIGN. A kind is one function and one row of a table. Nothing is allocated; the path of a
 * mistake is a chain on the C stack. Structs that contain themselves are followed as far as they
 * may be decoded. */
#include "json/encode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json/decode.h"
#include "json/validate.h"

typedef struct encoder {
    sv_writer *writer;
    sv_error *error;
    int depth;
} encoder;

/* Where the encoder is; the outermost has no parent and no name. */
typedef struct place {
    const struct place *parent;
    const char *name; /* NULL: an index */
    size_t index;
} place;

typedef bool (*encode_function)(encoder *e, const sv_plan_field *field, const void *value,
                                const place *where);

static bool encode_object(encoder *e, const sv_plan *plan, const void *value, const place *where);

static size_t append_path(const place *where, char *text, size_t size)
{
    if (!where->parent)
        return 0;
    size_t len = append_path(where->parent, text, size);
    const char *dot = len ? "." : "";
    size_t room = len < size ? size - len : 0;
    int added = where->name ? snprintf(text + len, room, "%s%s", dot, where->name)
                            : snprintf(text + len, room, "%s%zu", dot, where->index);
    len += added > 0 ? (size_t)added : 0;
    return len < size ? len : size - 1;
}

static bool refuse(encoder *e, const place *where, const sv_error_kind *kind, sv_str message)
{
    sv_error_set(e->error, SV_INVALID, kind, "%.*s", SV_STR_ARG(message));
    if (e->error)
        append_path(where, e->error->path, sizeof e->error->path);
    return false;
}

static bool refuse_violation(encoder *e, const place *where, const sv_violation *violation)
{
    bool is_endless = violation->type == SV_ERROR_TYPE_FINITE_NUMBER;
    sv_buf message;
    sv_buf_init(&message, sizeof e->error->message);
    sv_error_type_append_message(&message, violation->type, violation->context);
    refuse(e, where, is_endless ? &sv_kind_invalid_model_output : NULL, sv_buf_str(&message));
    sv_buf_deinit(&message);
    return false;
}

static bool encode_str(encoder *e, const sv_plan_field *field, const void *value,
                       const place *where)
{
    const sv_str *text = value;
    sv_violation violation;
    if (!sv_validate_str(field->row, *text, &violation))
        return refuse_violation(e, where, &violation);
    sv_writer_str(e->writer, *text);
    return true;
}

static bool encode_item_str(encoder *e, const sv_plan_field *field, const void *value,
                            const place *where)
{
    const sv_str *text = value;
    sv_violation violation;
    if (!sv_validate_item_str(field->row, *text, &violation))
        return refuse_violation(e, where, &violation);
    sv_writer_str(e->writer, *text);
    return true;
}

static bool encode_int(encoder *e, const sv_plan_field *field, const void *value,
                       const place *where)
{
    const int64_t *number = value;
    sv_violation violation;
    if (!sv_validate_int(field->row, *number, &violation))
        return refuse_violation(e, where, &violation);
    sv_writer_int(e->writer, *number);
    return true;
}

static bool encode_double(encoder *e, const sv_plan_field *field, const void *value,
                          const place *where)
{
    const double *number = value;
    sv_violation violation;
    if (!sv_validate_double(field->row, *number, &violation))
        return refuse_violation(e, where, &violation);
    sv_writer_double(e->writer, *number);
    return true;
}

static bool encode_bool(encoder *e, const sv_plan_field *field, const void *value,
                        const place *where)
{
    (void)field, (void)where;
    sv_writer_bool(e->writer, *(const bool *)value);
    return true;
}

static bool encode_enum(encoder *e, const sv_plan_field *field, const void *value,
                        const place *where)
{
    const sv_enum *names = field->row->enumeration;
    int number;
    memcpy(&number, value, sizeof number);
    for (size_t i = 0; i < names->n_values; i++) {
        if (names->values[i].value == number) {
            sv_writer_str(e->writer, sv_str_from(names->values[i].name));
            return true;
        }
    }
    sv_violation violation = {SV_ERROR_TYPE_ENUM,
                              {{.kind = SV_CONTEXT_TEXT, .text = field->expected}}};
    return refuse_violation(e, where, &violation);
}

static bool encode_nested(encoder *e, const sv_plan_field *field, const void *value,
                          const place *where)
{
    return encode_object(e, field->plan, value, where);
}

static const encode_function item_functions[] = {
    [SV_KIND_STR] = encode_item_str, [SV_KIND_INT] = encode_int,   [SV_KIND_DOUBLE] = encode_double,
    [SV_KIND_BOOL] = encode_bool,    [SV_KIND_ENUM] = encode_enum, [SV_KIND_OBJECT] = encode_nested,
};

static bool encode_list(encoder *e, const sv_plan_field *field, const void *value,
                        const place *where)
{
    const sv_strs *list = value; /* every SV_LIST is a pointer and a count */
    sv_violation violation;
    if (!sv_validate_max_items(field->row, list->len, &violation) ||
        !sv_validate_min_items(field->row, list->len, &violation))
        return refuse_violation(e, where, &violation);
    encode_function encode = item_functions[field->row->item_kind];
    const char *item = (const char *)list->items;
    sv_writer_begin_array(e->writer);
    for (size_t i = 0; i < list->len; i++, item += field->item_size) {
        place item_where = {.parent = where, .index = i};
        if (!encode(e, field, item, &item_where))
            return false;
    }
    sv_writer_end_array(e->writer);
    return true;
}

static const encode_function member_functions[] = {
    [SV_KIND_STR] = encode_str,       [SV_KIND_INT] = encode_int,
    [SV_KIND_DOUBLE] = encode_double, [SV_KIND_BOOL] = encode_bool,
    [SV_KIND_ENUM] = encode_enum,     [SV_KIND_LIST] = encode_list,
    [SV_KIND_OBJECT] = encode_nested,
};

/* The value of a member: what its sv_opt_… holds, what it points to, or itself; NULL: not set. */
static const void *value_of(const sv_plan_field *field, const char *structure)
{
    const sv_field *row = field->row;
    if (!row->nullable)
        return structure + row->offset;
    if (row->kind == SV_KIND_OBJECT)
        return *(const void *const *)(structure + row->offset);
    bool is_set = *(const bool *)(structure + row->offset);
    return is_set ? structure + field->value_offset : NULL;
}

static bool encode_member(encoder *e, const sv_plan_field *field, const char *structure,
                          const place *parent)
{
    const void *value = value_of(field, structure);
    if (!value && field->row->optional)
        return true;
    sv_writer_raw(e->writer, field->key);
    e->writer->needs_comma = false;
    if (!value) {
        sv_writer_null(e->writer);
        return true;
    }
    place where = {.parent = parent, .name = field->row->name};
    return member_functions[field->row->kind](e, field, value, &where);
}

static bool encode_object(encoder *e, const sv_plan *plan, const void *value, const place *where)
{
    if (e->depth == SV_DECODE_MAX_DEPTH)
        return refuse(e, where, NULL, SV_STR("Nested too deeply"));
    e->depth++;
    sv_writer_begin_object(e->writer);
    for (size_t i = 0; i < plan->n_fields; i++)
        if (!encode_member(e, &plan->fields[i], value, where))
            return false;
    sv_writer_end_object(e->writer);
    e->depth--;
    return true;
}

sv_status sv_encode(const sv_plan *plan, const void *value, sv_writer *writer, sv_error *error)
{
    encoder e = {.writer = writer, .error = error};
    const place root = {0};
    if (!encode_object(&e, plan, value, &root))
        return SV_INVALID;
    return sv_buf_status(writer->buf);
}
