/* plan_field.c: a row of a schema -> its part of the plan: names as JSON, compiled patterns, the
 * words of enums, and one row for the items of whatever has items. Rules for rows: field.c. */
#include <string.h>

#include "base/writer.h"
#include "json/layout.h"
#include "json/planner.h"

enum { MAX_TEXT = 1 << 16 };

/* Moves what `buf` holds into the arena. */
static sv_status keep(sv_arena *arena, sv_buf *buf, sv_str *ret_text)
{
    sv_status status = sv_buf_status(buf);
    sv_str text = status ? (sv_str){0} : sv_arena_copy(arena, sv_buf_str(buf));
    sv_buf_deinit(buf);
    if (!status && !text.ptr)
        status = SV_NO_MEMORY;
    if (!status)
        *ret_text = text;
    return status;
}

/* FastAPI's name of a header: hyphens for underscores, unless an alias says otherwise. */
static sv_status hyphenate(sv_arena *arena, sv_str *name)
{
    sv_str copy = sv_arena_copy(arena, *name);
    char *bytes = (char *)(uintptr_t)copy.ptr; /* ours, fresh from the arena */
    if (!bytes)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < copy.len; i++)
        if (bytes[i] == '_')
            bytes[i] = '-';
    *name = copy;
    return SV_OK;
}

static sv_status fill_names(sv_planner *p, const sv_schema *schema, sv_plan_field *field)
{
    const sv_field *row = field->row;
    sv_buf buf;
    sv_writer writer;
    field->name = sv_str_from(row->alias ? row->alias : row->name);
    if (row->alias && schema->by_name_too)
        field->own_name = sv_str_from(row->name);
    if (row->in == SV_IN_HEADER && !row->alias && hyphenate(p->arena, &field->name))
        return SV_NO_MEMORY;
    sv_buf_init(&buf, MAX_TEXT);
    sv_writer_init(&writer, &buf);
    sv_writer_key(&writer, field->name);
    return keep(p->arena, &buf, &field->key);
}

/* One value as Python prints it. */
static void append_literal(sv_buf *buf, const sv_plan_field *field, size_t i)
{
    const sv_enum_value *value = &field->row->enumeration->values[i];
    const char *name = value->name;
    if (field->row->enumeration->form == SV_ENUM_NUMBERS) {
        sv_buf_printf(buf, "%d", value->value);
        return;
    }
    if (field->literals) {
        sv_value_type type = sv_value_get_type(field->literals[i]);
        if (type == SV_VALUE_STR) {
            sv_buf_printf(buf, "'%.*s'", SV_STR_ARG(sv_value_str(field->literals[i])));
            return;
        }
        const char *word = type == SV_VALUE_NULL               ? "None"
                           : type != SV_VALUE_BOOL             ? name
                           : sv_value_bool(field->literals[i]) ? "True"
                                                               : "False";
        sv_buf_append_str(buf, sv_str_from(word));
        return;
    }
    const char *quote = strchr(name, '\'') && !strchr(name, '"') ? "\"" : "'";
    sv_buf_printf(buf, "%s%s%s", quote, name, quote);
}

/* 'red', 'green' or 'blue' */
static sv_status fill_expected(sv_planner *p, sv_plan_field *field)
{
    size_t n = field->row->enumeration->n_values;
    sv_buf buf;
    sv_buf_init(&buf, MAX_TEXT);
    for (size_t i = 0; i < n; i++) {
        sv_buf_append_str(&buf, sv_str_from(i == 0 ? "" : i + 1 == n ? " or " : ", "));
        append_literal(&buf, field, i);
    }
    return keep(p->arena, &buf, &field->expected);
}

static sv_status fill_literals(sv_planner *p, sv_plan_field *field)
{
    const sv_enum *names = field->row->enumeration;
    sv_value_error syntax; /* parsed before, by field.c */
    sv_status status = SV_OK;
    field->literals = sv_arena_alloc_array(p->arena, names->n_values, sizeof *field->literals);
    if (!field->literals)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < names->n_values && !status; i++)
        status = sv_value_parse(p->arena, sv_str_from(names->values[i].name), NULL, &syntax,
                                &field->literals[i]);
    return status;
}

static sv_status fill_enum(sv_planner *p, sv_plan_field *field)
{
    if (field->kind != SV_KIND_ENUM)
        return SV_OK;
    sv_status status = SV_OK;
    if (field->row->enumeration->form == SV_ENUM_LITERAL_JSON)
        status = fill_literals(p, field);
    return status ? status : fill_expected(p, field);
}

static void free_pattern(void *pattern)
{
    sv_pattern_free(pattern);
}

static sv_status fill_pattern(sv_planner *p, const sv_schema *schema, sv_plan_field *field)
{
    if (!field->row->pattern)
        return SV_OK;
    sv_pattern *pattern;
    sv_error error = {0};
    sv_status status = sv_pattern_new(field->row->pattern, &error, &pattern);
    if (status == SV_INVALID) {
        sv_plan_report(p, schema, p->row, "`pattern`: %s", error.message);
        return SV_OK;
    }
    if (status)
        return status;
    status = sv_arena_defer(p->arena, free_pattern, pattern);
    if (status)
        sv_pattern_free(pattern);
    else
        field->pattern = pattern;
    return status;
}

static sv_status fill_inner(sv_planner *p, const sv_schema *schema, const sv_field *row,
                            const sv_plan_field **ret_field)
{
    sv_plan_field *inner = sv_arena_alloc(p->arena, sizeof *inner);
    if (!inner)
        return SV_NO_MEMORY;
    *ret_field = inner;
    return sv_plan_field_fill(p, schema, row, inner);
}

static sv_status fill_items(sv_planner *p, const sv_schema *schema, sv_plan_field *field)
{
    const sv_field *row = field->row;
    bool has_items =
        row->kind == SV_KIND_LIST || row->kind == SV_KIND_MAP || row->kind == SV_KIND_ARRAY;
    if (!has_items)
        return SV_OK;
    sv_field *made = row->item ? NULL : sv_arena_alloc(p->arena, sizeof *made);
    if (!row->item && !made)
        return SV_NO_MEMORY;
    sv_status status = fill_inner(p, schema, sv_layout_item_row(row, made), &field->item);
    if (!status && row->key)
        status = fill_inner(p, schema, row->key, &field->map_key);
    field->item_size = sv_layout_item_size(row);
    if (row->kind == SV_KIND_ARRAY)
        field->n_items = row->size / field->item_size;
    return status;
}

static bool edits_text(const sv_field *row)
{
    return row->pattern || row->format || row->strip || row->lower || row->upper;
}

sv_status sv_plan_field_fill(sv_planner *p, const sv_schema *schema, const sv_field *row,
                             sv_plan_field *field)
{
    field->row = row;
    field->kind = row->kind;
    field->is_plain = !row->nullable && !row->check;
    field->required = !row->default_json && !row->default_factory && !row->optional;
    field->takes_null = row->nullable && !row->optional;
    field->strict = row->strict || schema->strict;
    field->edits_text = edits_text(row);
    field->value_offset = sv_layout_value_offset(row);
    sv_status status = fill_names(p, schema, field);
    if (!status)
        status = fill_enum(p, field);
    if (!status)
        status = fill_pattern(p, schema, field);
    if (!status)
        status = fill_items(p, schema, field);
    sv_plan_draft *inner = NULL;
    if (!status && row->kind == SV_KIND_OBJECT)
        status = sv_plan_add(p, row->schema, &inner);
    if (inner)
        field->plan = &inner->plan;
    return status;
}
