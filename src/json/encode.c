/* encode.c: struct + plan -> JSON, the mirror of decode.c: objects and whatever has items. Values
 * without parts: encode_value.c; numbers and text on the wire: base/writer.c.
 *
 * DESIGN. A kind is one function and one row of a table. Nothing is allocated; the path of a
 * mistake is a chain on the C stack. Structs that contain themselves are followed as far as they
 * may be decoded. */
#include "json/encode.h"

#include <stdio.h>
#include <string.h>

#include "json/decode.h"
#include "json/encoder.h"
#include "json/layout.h"

typedef sv_encode_place place;

static bool encode_object(sv_encoder *e, const sv_plan *plan, const char *structure,
                          const place *where);

static size_t append_path(const place *where, char *text, size_t size)
{
    if (!where->parent)
        return 0;
    size_t len = append_path(where->parent, text, size);
    const char *dot = len ? "." : "";
    size_t room = len < size ? size - len : 0;
    int added = where->name.ptr ? snprintf(text + len, room, "%s%.*s", dot, SV_STR_ARG(where->name))
                                : snprintf(text + len, room, "%s%zu", dot, where->index);
    len += added > 0 ? (size_t)added : 0;
    return len < size ? len : size - 1;
}

static bool refuse(sv_encoder *e, const place *where, const sv_error_kind *kind, sv_str message)
{
    sv_error_set(e->error, SV_INVALID, kind, "%.*s", SV_STR_ARG(message));
    if (e->error)
        append_path(where, e->error->path, sizeof e->error->path);
    return false;
}

bool sv_encode_refuse(sv_encoder *e, const place *where, const char *message)
{
    return refuse(e, where, NULL, sv_str_from(message));
}

bool sv_encode_refuse_violation(sv_encoder *e, const place *where, const sv_violation *violation)
{
    bool is_endless = violation->type == SV_ERROR_TYPE_FINITE_NUMBER;
    sv_buf message;
    sv_buf_init(&message, 2 * sizeof e->error->message);
    sv_error_type_append_message(&message, violation->type, violation->context);
    refuse(e, where, is_endless ? &sv_kind_invalid_model_output : NULL, sv_buf_str(&message));
    sv_buf_deinit(&message);
    return false;
}

static bool encode_nested(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const place *where)
{
    return encode_object(e, field->plan, value, where);
}

static sv_encode_function encode_list, encode_array, encode_map;

static sv_encode_function *const functions[] = {
    [SV_KIND_STR] = sv_encode_value_str,
    [SV_KIND_INT] = sv_encode_value_int,
    [SV_KIND_DOUBLE] = sv_encode_value_double,
    [SV_KIND_BOOL] = sv_encode_value_bool,
    [SV_KIND_ENUM] = sv_encode_value_enum,
    [SV_KIND_OBJECT] = encode_nested,
    [SV_KIND_LIST] = encode_list,
    [SV_KIND_MAP] = encode_map,
    [SV_KIND_ARRAY] = encode_array,
    [SV_KIND_DATETIME] = sv_encode_value_datetime,
    [SV_KIND_DATE] = sv_encode_value_date,
    [SV_KIND_TIME] = sv_encode_value_time,
    [SV_KIND_DURATION] = sv_encode_value_duration,
    [SV_KIND_UUID] = sv_encode_value_uuid,
    [SV_KIND_BYTES] = sv_encode_value_bytes,
    [SV_KIND_DECIMAL] = sv_encode_value_decimal,
    [SV_KIND_JSON] = sv_encode_value_json,
    [SV_KIND_FILE] = sv_encode_value_file,
};

/* The value of a member: what its SV_OPT holds, what it points to, or itself; NULL: not set. */
static const void *value_of(const sv_plan_field *field, const char *structure)
{
    const sv_field *row = field->row;
    if (field->is_plain || !row->nullable)
        return structure + field->value_offset;
    if (row->kind == SV_KIND_OBJECT)
        return *(const void *const *)(const void *)(structure + row->offset);
    bool is_set = *(const bool *)(structure + row->offset);
    return is_set ? structure + field->value_offset : NULL;
}

/* One member or item as it is, null where it is not set. */
static bool encode_slot(sv_encoder *e, const sv_plan_field *field, const char *structure,
                        const place *where)
{
    const void *value = value_of(field, structure);
    if (value)
        return functions[field->kind](e, field, value, where);
    sv_writer_null(e->writer);
    return true;
}

static bool encode_items(sv_encoder *e, const sv_plan_field *field, const char *items, size_t len,
                         const place *where)
{
    sv_writer_begin_array(e->writer);
    for (size_t i = 0; i < len; i++, items += field->item_size) {
        place item_where = {.parent = where, .index = i};
        if (!encode_slot(e, field->item, items, &item_where))
            return false;
    }
    sv_writer_end_array(e->writer);
    return true;
}

static bool has_right_count(sv_encoder *e, const sv_plan_field *field, size_t len,
                            const place *where)
{
    sv_violation violation;
    return (sv_validate_max_items(field->row, len, &violation) &&
            sv_validate_min_items(field->row, len, &violation)) ||
           sv_encode_refuse_violation(e, where, &violation);
}

static bool encode_list(sv_encoder *e, const sv_plan_field *field, const void *value,
                        const place *where)
{
    const sv_layout_list *list = value;
    return has_right_count(e, field, list->len, where) &&
           encode_items(e, field, list->items, list->len, where);
}

static bool encode_array(sv_encoder *e, const sv_plan_field *field, const void *value,
                         const place *where)
{
    return encode_items(e, field, value, field->n_items, where);
}

static bool write_key(sv_encoder *e, sv_str key, const place *where)
{
    sv_writer_key(e->writer, key);
    return !e->writer->has_repaired || sv_encode_refuse(e, where, "the key is not UTF-8");
}

static bool encode_map(sv_encoder *e, const sv_plan_field *field, const void *value,
                       const place *where)
{
    const sv_layout_list *map = value;
    const char *entry = map->items;
    if (!has_right_count(e, field, map->len, where))
        return false;
    sv_writer_begin_object(e->writer);
    for (size_t i = 0; i < map->len; i++, entry += field->item_size) {
        const sv_str *key = (const void *)entry;
        place entry_where = {.parent = where, .name = *key};
        if (!write_key(e, *key, &entry_where) ||
            !encode_slot(e, field->item, entry + SV_LAYOUT_MAP_VALUE, &entry_where))
            return false;
    }
    sv_writer_end_object(e->writer);
    return true;
}

/* Takes back what was written since `start` if it says the same as the default. */
static void drop_default(sv_encoder *e, const sv_plan *plan, const sv_plan_field *field,
                         size_t start, bool needs_comma)
{
    sv_buf *buf = e->writer->buf;
    size_t end = buf->len;
    sv_encoder again = {.writer = e->writer, .depth = e->depth};
    place where = {.name = field->name};
    if (sv_buf_status(buf))
        return;
    e->writer->needs_comma = needs_comma;
    sv_writer_raw(e->writer, field->key);
    e->writer->needs_comma = false;
    bool is_same = encode_slot(&again, field, plan->defaults, &where) && !sv_buf_status(buf) &&
                   buf->len - end == end - start &&
                   memcmp(buf->ptr + start, buf->ptr + end, end - start) == 0;
    buf->len = is_same ? start : end;
    e->writer->needs_comma = is_same ? needs_comma : true;
}

static bool encode_member(sv_encoder *e, const sv_plan *plan, const sv_plan_field *field,
                          const char *structure, const place *parent)
{
    const void *value = value_of(field, structure);
    if (!value && (field->row->optional || (e->flags & SV_ENCODE_WITHOUT_NULLS)))
        return true;
    size_t start = e->writer->buf->len;
    bool needs_comma = e->writer->needs_comma;
    sv_writer_raw(e->writer, field->key);
    e->writer->needs_comma = false;
    place where = {.parent = parent, .name = field->name};
    if (!value)
        sv_writer_null(e->writer);
    else if (!functions[field->kind](e, field, value, &where))
        return false;
    if ((e->flags & SV_ENCODE_WITHOUT_DEFAULTS) && field->row->default_json)
        drop_default(e, plan, field, start, needs_comma);
    return true;
}

static bool is_field(const sv_plan *plan, sv_str name)
{
    for (size_t i = 0; i < plan->n_fields; i++)
        if (sv_str_eq(plan->fields[i].name, name))
            return true;
    return false;
}

static bool encode_extras(sv_encoder *e, const sv_plan *plan, const char *structure,
                          const place *parent)
{
    if (!plan->extras)
        return true;
    const sv_extras *extras = (const void *)(structure + plan->extras->row->offset);
    for (size_t i = 0; i < extras->len; i++) {
        place where = {.parent = parent, .name = extras->items[i].key};
        if (is_field(plan, extras->items[i].key))
            return sv_encode_refuse(e, &where, "an extra member has the name of a field");
        if (!write_key(e, extras->items[i].key, &where) ||
            !sv_encode_value_json(e, plan->extras, &extras->items[i].value, &where))
            return false;
    }
    return true;
}

static bool encode_model(sv_encoder *e, const sv_plan *plan, const char *structure,
                         const place *where)
{
    sv_writer_begin_object(e->writer);
    for (size_t i = 0; i < plan->n_fields; i++)
        if (!encode_member(e, plan, &plan->fields[i], structure, where))
            return false;
    if (!encode_extras(e, plan, structure, where))
        return false;
    sv_writer_end_object(e->writer);
    return true;
}

static bool encode_tuple(sv_encoder *e, const sv_plan *plan, const char *structure,
                         const place *where)
{
    sv_writer_begin_array(e->writer);
    for (size_t i = 0; i < plan->n_fields; i++) {
        place item_where = {.parent = where, .index = i};
        if (!encode_slot(e, &plan->fields[i], structure, &item_where))
            return false;
    }
    sv_writer_end_array(e->writer);
    return true;
}

static bool encode_union(sv_encoder *e, const sv_plan *plan, const char *structure,
                         const place *where)
{
    int variant;
    memcpy(&variant, structure + plan->schema->variant_offset, sizeof variant);
    for (size_t i = 0; i < plan->n_fields; i++)
        if (plan->fields[i].row->variant == variant)
            return encode_slot(e, &plan->fields[i], structure, where);
    return sv_encode_refuse(e, where, "the union is of no known kind");
}

static bool encode_shape(sv_encoder *e, const sv_plan *plan, const char *structure,
                         const place *where)
{
    switch (plan->schema->shape) {
    case SV_SHAPE_OBJECT:
        break;
    case SV_SHAPE_TUPLE:
        return encode_tuple(e, plan, structure, where);
    case SV_SHAPE_ROOT:
        return encode_slot(e, &plan->fields[0], structure, where);
    case SV_SHAPE_UNION:
        return encode_union(e, plan, structure, where);
    }
    return encode_model(e, plan, structure, where);
}

static bool encode_object(sv_encoder *e, const sv_plan *plan, const char *structure,
                          const place *where)
{
    if (e->depth == SV_DECODE_MAX_DEPTH)
        return sv_encode_refuse(e, where, "Nested too deeply");
    e->depth++;
    bool valid = encode_shape(e, plan, structure, where);
    e->depth--;
    return valid;
}

sv_status sv_encode_some(const sv_plan *plan, const void *value, sv_encode_flags flags,
                         sv_writer *writer, sv_error *error)
{
    sv_encoder e = {.writer = writer, .error = error, .flags = flags};
    writer->has_repaired = false;
    const place root = {0};
    if (!encode_object(&e, plan, value, &root))
        return e.status ? e.status : SV_INVALID;
    return sv_buf_status(writer->buf);
}

sv_status sv_encode(const sv_plan *plan, const void *value, sv_writer *writer, sv_error *error)
{
    return sv_encode_some(plan, value, SV_ENCODE_ALL, writer, error);
}
