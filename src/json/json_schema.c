/* json_schema.c: schema tables -> JSON Schema, in the shape and order FastAPI gives it. The rest of
 * the OpenAPI document: web/openapi.c.
 *
 * DESIGN. Schemas and enums become components, collected once by name; fields refer to them. */
#include "json/json_schema.h"

#include <string.h>

#include "json/json_type.h"
#include "json/layout.h"

enum { MAX_NAME = 256, MAX_COMPONENT = 1 << 20 };

/* One of the three is set. */
typedef struct component {
    const char *name;
    const sv_schema *schema;
    const sv_enum *enumeration;
    const char *json;
} component;

/* A tuple, a union or a second table of one component that was seen: it may contain itself. */
typedef struct met {
    struct met *next;
    const sv_schema *schema;
} met;

struct sv_json_schema_set {
    sv_arena *arena;
    met *met;
    component *items; /* sorted by name */
    size_t len, capacity;
};

static const char validation_error[] =
    "{\"properties\":{\"loc\":{\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}"
    ","
    "\"type\":\"array\",\"title\":\"Location\"},\"msg\":{\"type\":\"string\",\"title\":\"Message\"}"
    ","
    "\"type\":{\"type\":\"string\",\"title\":\"Error Type\"},\"input\":{\"title\":\"Input\"},"
    "\"ctx\":{\"type\":\"object\",\"title\":\"Context\"}},\"type\":\"object\","
    "\"required\":[\"loc\",\"msg\",\"type\"],\"title\":\"ValidationError\"}";
static const char http_validation_error[] =
    "{\"properties\":{\"detail\":{\"items\":{\"$ref\":\"#/components/schemas/ValidationError\"},"
    "\"type\":\"array\",\"title\":\"Detail\"}},\"type\":\"object\","
    "\"title\":\"HTTPValidationError\"}";

sv_json_schema_set *sv_json_schema_set_new(sv_arena *arena)
{
    sv_json_schema_set *set = sv_arena_alloc(arena, sizeof *set);
    if (set)
        set->arena = arena;
    return set;
}

const char *sv_json_schema_component(const sv_schema *schema)
{
    return schema->component ? schema->component : schema->name;
}

/* Where `name` stands or would stand. */
static size_t find(const sv_json_schema_set *set, const char *name)
{
    size_t low = 0, high = set->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(set->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static sv_status make_room(sv_json_schema_set *set)
{
    if (set->len < set->capacity)
        return SV_OK;
    size_t capacity = set->capacity ? set->capacity * 2 : 16;
    component *grown = sv_arena_alloc_array(set->arena, capacity, sizeof *grown);
    if (!grown)
        return SV_NO_MEMORY;
    if (set->len)
        memcpy(grown, set->items, set->len * sizeof *grown);
    set->items = grown;
    set->capacity = capacity;
    return SV_OK;
}

/* True when a schema was met before; else it is noted. */
static bool was_met(sv_json_schema_set *set, const sv_schema *schema, sv_status *status)
{
    for (const met *at = set->met; at; at = at->next)
        if (at->schema == schema)
            return true;
    met *noted = sv_arena_alloc(set->arena, sizeof *noted);
    if (!noted) {
        *status = SV_NO_MEMORY;
        return true;
    }
    *noted = (met){set->met, schema};
    set->met = noted;
    return false;
}

static void write_component(sv_writer *writer, const component *item);

/* Whether two components look the same: a table in a header that several files include is there
 * several times. */
static sv_status compare(const component *a, const component *b, bool *ret_same)
{
    sv_buf texts[2];
    const component *items[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        sv_writer writer;
        sv_buf_init(&texts[i], MAX_COMPONENT);
        sv_writer_init(&writer, &texts[i]);
        write_component(&writer, items[i]);
    }
    sv_status status = sv_buf_status(&texts[0]);
    if (!status)
        status = sv_buf_status(&texts[1]);
    if (!status)
        *ret_same = sv_str_eq(sv_buf_str(&texts[0]), sv_buf_str(&texts[1]));
    sv_buf_deinit(&texts[0]);
    sv_buf_deinit(&texts[1]);
    return status;
}

static bool is_same_table(const component *a, const component *b)
{
    return a->schema == b->schema && a->enumeration == b->enumeration && a->json == b->json;
}

/* `known` has the name of `added`. What a second table of the same look refers to must be looked
 * at too: `*ret_added` is then true. */
static sv_status add_again(sv_json_schema_set *set, const component *known, const component *added,
                           sv_error *error, bool *ret_added)
{
    bool same = false;
    sv_status status = SV_OK;
    *ret_added = false;
    if (is_same_table(known, added) || (added->schema && was_met(set, added->schema, &status)))
        return status;
    status = compare(known, added, &same);
    if (!status && !same)
        return sv_error_set(error, SV_INVALID, NULL,
                            "two different schemas are called %s in the OpenAPI document",
                            added->name);
    *ret_added = !status;
    return status;
}

/* `*ret_added` is false when it was there already. */
static sv_status add(sv_json_schema_set *set, component added, sv_error *error, bool *ret_added)
{
    size_t at = find(set, added.name);
    if (at < set->len && strcmp(set->items[at].name, added.name) == 0)
        return add_again(set, &set->items[at], &added, error, ret_added);
    sv_status status = make_room(set);
    if (status)
        return status;
    memmove(set->items + at + 1, set->items + at, (set->len - at) * sizeof *set->items);
    set->items[at] = added;
    set->len++;
    *ret_added = true;
    return SV_OK;
}

static sv_status add_used(sv_json_schema_set *set, const sv_schema *schema, sv_error *error);

/* What one row, its items and its keys refer to. */
static sv_status add_row(sv_json_schema_set *set, const sv_field *row, sv_error *error)
{
    bool added;
    sv_field storage;
    sv_status status = SV_OK;
    bool has_items =
        row->kind == SV_KIND_LIST || row->kind == SV_KIND_MAP || row->kind == SV_KIND_ARRAY;
    const char *name = has_items ? NULL : sv_json_type_component(row);
    if (has_items)
        status = add_row(set, sv_layout_item_row(row, &storage), error);
    if (!status && row->key)
        status = add_row(set, row->key, error);
    if (!name && row->kind == SV_KIND_OBJECT)
        return was_met(set, row->schema, &status) ? status : add_used(set, row->schema, error);
    if (name && row->kind == SV_KIND_OBJECT)
        return sv_json_schema_add(set, row->schema, error);
    if (name)
        return add(set, (component){name, .enumeration = row->enumeration}, error, &added);
    return status;
}

/* What the fields of a schema refer to. */
static sv_status add_used(sv_json_schema_set *set, const sv_schema *schema, sv_error *error)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < schema->n_fields && !status; i++)
        status = add_row(set, &schema->fields[i], error);
    return status;
}

sv_status sv_json_schema_add(sv_json_schema_set *set, const sv_schema *schema, sv_error *error)
{
    bool added = false;
    component whole = {sv_json_schema_component(schema), .schema = schema};
    sv_status status = add(set, whole, error, &added);
    return status || !added ? status : add_used(set, schema, error);
}

sv_status sv_json_schema_add_params(sv_json_schema_set *set, const sv_schema *schema,
                                    sv_error *error)
{
    return add_used(set, schema, error);
}

sv_status sv_json_schema_add_json(sv_json_schema_set *set, const char *name, const char *json,
                                  sv_error *error)
{
    bool added;
    return add(set, (component){name, .json = json}, error, &added);
}

sv_status sv_json_schema_add_validation_error(sv_json_schema_set *set, sv_error *error)
{
    sv_status status =
        sv_json_schema_add_json(set, "HTTPValidationError", http_validation_error, error);
    if (!status)
        status = sv_json_schema_add_json(set, "ValidationError", validation_error, error);
    return status;
}

void sv_json_schema_write_ref(sv_writer *writer, const char *name)
{
    sv_writer_begin_object(writer);
    sv_json_type_write_ref(writer, name);
    sv_writer_end_object(writer);
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Python's str.title() with `_` as blanks: the first letter behind anything else is upper case, the
 * others are lower case. */
void sv_json_schema_write_title(sv_writer *writer, sv_str name)
{
    char text[MAX_NAME];
    size_t len = name.len < sizeof text ? name.len : sizeof text;
    for (size_t i = 0; i < len; i++) {
        char byte = name.ptr[i];
        bool starts_word = i == 0 || !is_letter(name.ptr[i - 1]);
        if (is_letter(byte))
            byte = (char)(starts_word ? byte & ~0x20 : byte | 0x20);
        text[i] = (char)(byte == '_' ? ' ' : byte);
    }
    sv_writer_str(writer, sv_str_trim((sv_str){text, len}));
}

/* A header's name has hyphens, unless an alias says otherwise. */
static void write_header_title(sv_writer *writer, const sv_field *row)
{
    char name[MAX_NAME];
    sv_str text = sv_str_from(row->alias ? row->alias : row->name);
    size_t len = text.len < sizeof name ? text.len : sizeof name;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)(text.ptr[i] == '_' && !row->alias ? '-' : text.ptr[i]);
    sv_json_schema_write_title(writer, (sv_str){name, len});
}

static const char *wire_name(const sv_field *row)
{
    return row->alias ? row->alias : row->name;
}

/* References bring their own title. */
static void write_field_title(sv_writer *writer, const sv_field *row)
{
    if (row->title) {
        sv_writer_key_cstr(writer, "title", row->title);
    } else if (!sv_json_type_component(row)) {
        sv_writer_key(writer, SV_STR("title"));
        if (row->in == SV_IN_HEADER)
            write_header_title(writer, row);
        else
            sv_json_schema_write_title(writer, sv_str_from(wire_name(row)));
    }
}

static void write_field(sv_writer *writer, const sv_field *row, sv_json_type_place place)
{
    sv_writer_begin_object(writer);
    sv_json_type_write(writer, row, place);
    write_field_title(writer, row);
    if (row->help)
        sv_writer_key_cstr(writer, "description", row->help);
    if (row->default_json && strcmp(row->default_json, "null") != 0)
        sv_writer_key_raw(writer, "default", sv_str_from(row->default_json));
    if (row->deprecated)
        sv_writer_key_bool(writer, "deprecated", true);
    if (row->example_json) {
        sv_writer_key(writer, SV_STR("examples"));
        sv_writer_begin_array(writer);
        sv_writer_raw(writer, sv_str_from(row->example_json));
        sv_writer_end_array(writer);
    }
    sv_json_type_write_discriminator(writer, row);
    sv_writer_end_object(writer);
}

void sv_json_schema_write_param(sv_writer *writer, const sv_field *field)
{
    write_field(writer, field, SV_JSON_TYPE_AT_PARAM);
}

/* Rows of the object that is written: all, or those of a form. */
static bool is_property(const sv_field *row, sv_place in)
{
    bool is_wanted = in == SV_IN_AUTO || row->in == in;
    return is_wanted && row->kind != SV_KIND_NONE && row->kind != SV_KIND_EXTRAS;
}

static bool is_required(const sv_field *row)
{
    return !row->default_json && !row->default_factory && !row->optional;
}

static void write_required(sv_writer *writer, const sv_schema *schema, sv_place in)
{
    size_t n_required = 0;
    for (size_t i = 0; i < schema->n_fields; i++)
        n_required += is_property(&schema->fields[i], in) && is_required(&schema->fields[i]);
    if (!n_required)
        return;
    sv_writer_key(writer, SV_STR("required"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < schema->n_fields; i++)
        if (is_property(&schema->fields[i], in) && is_required(&schema->fields[i]))
            sv_writer_str(writer, sv_str_from(wire_name(&schema->fields[i])));
    sv_writer_end_array(writer);
}

static void write_model(sv_writer *writer, const sv_schema *schema, sv_place in)
{
    sv_writer_key(writer, SV_STR("properties"));
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < schema->n_fields; i++) {
        const sv_field *row = &schema->fields[i];
        if (!is_property(row, in))
            continue;
        sv_writer_key(writer, sv_str_from(wire_name(row)));
        write_field(writer, row, SV_JSON_TYPE_AT_PROPERTY);
    }
    sv_writer_end_object(writer);
    if (schema->extra != SV_EXTRA_IGNORE)
        sv_writer_key_bool(writer, "additionalProperties", schema->extra == SV_EXTRA_ALLOW);
    sv_writer_key_cstr(writer, "type", "object");
    write_required(writer, schema, in);
}

static const sv_field *root_field(const sv_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].kind)
            return &schema->fields[i];
    return NULL; /* never: field.c */
}

static void write_shape(sv_writer *writer, const sv_schema *schema)
{
    switch (schema->shape) {
    case SV_SHAPE_OBJECT:
        write_model(writer, schema, SV_IN_AUTO);
        break;
    case SV_SHAPE_ROOT:
        sv_json_type_write(writer, root_field(schema), SV_JSON_TYPE_AT_PROPERTY);
        break;
    case SV_SHAPE_TUPLE:
    case SV_SHAPE_UNION:
        sv_json_type_write_inline(writer, schema);
        break;
    }
}

static void write_schema(sv_writer *writer, const sv_schema *schema)
{
    sv_writer_begin_object(writer);
    write_shape(writer, schema);
    sv_writer_key_cstr(writer, "title", sv_json_schema_component(schema));
    if (schema->help)
        sv_writer_key_cstr(writer, "description", schema->help);
    sv_writer_end_object(writer);
}

void sv_json_schema_write_form(sv_writer *writer, const sv_schema *params, const char *title)
{
    sv_writer_begin_object(writer);
    write_model(writer, params, SV_IN_FORM);
    sv_writer_key_cstr(writer, "title", title);
    sv_writer_end_object(writer);
}

static void write_enum(sv_writer *writer, const sv_enum *names)
{
    sv_writer_begin_object(writer);
    sv_json_type_write_choices(writer, names);
    sv_writer_key_cstr(writer, "title", names->name);
    sv_writer_end_object(writer);
}

static void write_component(sv_writer *writer, const component *item)
{
    if (item->schema)
        write_schema(writer, item->schema);
    else if (item->enumeration)
        write_enum(writer, item->enumeration);
    else
        sv_writer_raw(writer, sv_str_from(item->json));
}

void sv_json_schema_write_components(const sv_json_schema_set *set, sv_writer *writer)
{
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < set->len; i++) {
        sv_writer_key(writer, sv_str_from(set->items[i].name));
        write_component(writer, &set->items[i]);
    }
    sv_writer_end_object(writer);
}
