/* json_schema.c: schema tables -> JSON Schema, in the shape and order FastAPI gives it. The rest of
 * the OpenAPI document: web/openapi.c.
 *
 * DESIGN. Schemas and enums become components, collected once by name; fields refer to them. */
#include "json/json_schema.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 256 };

/* One of the three is set. */
typedef struct component {
    const char *name;
    const sv_schema *schema;
    const sv_enum *enumeration;
    const char *json;
} component;

struct sv_json_schema_set {
    sv_arena *arena;
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

static bool is_same(const component *a, const component *b)
{
    return a->schema == b->schema && a->enumeration == b->enumeration && a->json == b->json;
}

/* `*ret_added` is false when it was there already. */
static sv_status add(sv_json_schema_set *set, component added, sv_error *error, bool *ret_added)
{
    size_t at = find(set, added.name);
    bool is_there = at < set->len && strcmp(set->items[at].name, added.name) == 0;
    if (is_there && !is_same(&set->items[at], &added))
        return sv_error_set(error, SV_INVALID, NULL,
                            "two different schemas are called %s in the OpenAPI document",
                            added.name);
    *ret_added = !is_there;
    if (is_there)
        return SV_OK;
    sv_status status = make_room(set);
    if (status)
        return status;
    memmove(set->items + at + 1, set->items + at, (set->len - at) * sizeof *set->items);
    set->items[at] = added;
    set->len++;
    return SV_OK;
}

/* What the fields of a schema refer to. */
static sv_status add_used(sv_json_schema_set *set, const sv_schema *schema, sv_error *error)
{
    sv_status status = SV_OK;
    bool added;
    for (size_t i = 0; i < schema->n_fields && !status; i++) {
        const sv_field *row = &schema->fields[i];
        if (row->schema)
            status = sv_json_schema_add(set, row->schema, error);
        else if (row->enumeration)
            status = add(set, (component){row->enumeration->name, .enumeration = row->enumeration},
                         error, &added);
    }
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

static void write_ref_member(sv_writer *writer, const char *name)
{
    char text[MAX_NAME];
    snprintf(text, sizeof text, "#/components/schemas/%s", name);
    sv_writer_key_cstr(writer, "$ref", text);
}

void sv_json_schema_write_ref(sv_writer *writer, const char *name)
{
    sv_writer_begin_object(writer);
    write_ref_member(writer, name);
    sv_writer_end_object(writer);
}

/* The component that a value of this kind is described by; NULL: none. */
static const char *referred_component(const sv_field *row, sv_kind kind)
{
    if (kind == SV_KIND_OBJECT)
        return sv_json_schema_component(row->schema);
    return kind == SV_KIND_ENUM ? row->enumeration->name : NULL;
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

/* Which of two places a field is described at: they differ in how bounds of integers look. */
typedef enum field_place { AT_PROPERTY, AT_PARAM } field_place;

static void write_bound(sv_writer *writer, const char *key, const sv_bound *bound, bool as_int)
{
    if (bound->set && as_int)
        sv_writer_key_int(writer, key, (int64_t)bound->value);
    else if (bound->set)
        sv_writer_key_double(writer, key, bound->value);
}

static void write_bounds(sv_writer *writer, const sv_field *row, bool as_int)
{
    write_bound(writer, "maximum", &row->le, as_int);
    write_bound(writer, "exclusiveMaximum", &row->lt, as_int);
    write_bound(writer, "minimum", &row->ge, as_int);
    write_bound(writer, "exclusiveMinimum", &row->gt, as_int);
}

static void write_count(sv_writer *writer, const char *key, size_t count)
{
    if (count)
        sv_writer_key_int(writer, key, (int64_t)count);
}

static void write_value_type(sv_writer *writer, const sv_field *row, sv_kind kind,
                             field_place place)
{
    switch (kind) {
    case SV_KIND_NONE:
        break;
    case SV_KIND_STR:
        sv_writer_key_cstr(writer, "type", "string");
        write_count(writer, "maxLength",
                    row->kind == SV_KIND_LIST ? row->max_item_len : row->max_len);
        write_count(writer, "minLength", row->min_len);
        break;
    case SV_KIND_INT:
        sv_writer_key_cstr(writer, "type", "integer");
        write_bounds(writer, row, place == AT_PARAM);
        break;
    case SV_KIND_DOUBLE:
        sv_writer_key_cstr(writer, "type", "number");
        write_bounds(writer, row, false);
        break;
    case SV_KIND_BOOL:
        sv_writer_key_cstr(writer, "type", "boolean");
        break;
    case SV_KIND_ENUM:
    case SV_KIND_OBJECT:
    case SV_KIND_LIST:
    case SV_KIND_MAP:
    case SV_KIND_ARRAY:
    case SV_KIND_DATETIME:
    case SV_KIND_DATE:
    case SV_KIND_TIME:
    case SV_KIND_DURATION:
    case SV_KIND_UUID:
    case SV_KIND_BYTES:
    case SV_KIND_DECIMAL:
    case SV_KIND_JSON:
    case SV_KIND_FILE:
    case SV_KIND_EXTRAS:
        break;
    }
}

static void write_items(sv_writer *writer, const sv_field *row, field_place place)
{
    const char *referred = referred_component(row, row->item_kind);
    sv_writer_key(writer, SV_STR("items"));
    sv_writer_begin_object(writer);
    if (referred)
        write_ref_member(writer, referred);
    else
        write_value_type(writer, row, row->item_kind, place);
    sv_writer_end_object(writer);
}

/* Type and limits of a field, as members of an object that is open. */
static void write_type(sv_writer *writer, const sv_field *row, field_place place)
{
    const char *referred = referred_component(row, row->kind);
    if (referred) {
        write_ref_member(writer, referred);
    } else if (row->kind == SV_KIND_LIST) {
        write_items(writer, row, place);
        sv_writer_key_cstr(writer, "type", "array");
        write_count(writer, "maxItems", row->max_items);
        write_count(writer, "minItems", row->min_items);
    } else {
        write_value_type(writer, row, row->kind, place);
    }
}

static bool takes_null(const sv_field *row)
{
    return row->nullable && !row->optional;
}

static void write_type_or_null(sv_writer *writer, const sv_field *row, field_place place)
{
    if (!takes_null(row)) {
        write_type(writer, row, place);
        return;
    }
    sv_writer_key(writer, SV_STR("anyOf"));
    sv_writer_begin_array(writer);
    sv_writer_begin_object(writer);
    write_type(writer, row, place);
    sv_writer_end_object(writer);
    sv_writer_raw(writer, SV_STR("{\"type\":\"null\"}"));
    sv_writer_end_array(writer);
}

/* References bring their own title. */
static void write_field_title(sv_writer *writer, const sv_field *row)
{
    if (row->title) {
        sv_writer_key_cstr(writer, "title", row->title);
    } else if (row->kind != SV_KIND_OBJECT && row->kind != SV_KIND_ENUM) {
        sv_writer_key(writer, SV_STR("title"));
        sv_json_schema_write_title(writer, sv_str_from(row->name));
    }
}

static void write_field(sv_writer *writer, const sv_field *row, field_place place)
{
    sv_writer_begin_object(writer);
    write_type_or_null(writer, row, place);
    write_field_title(writer, row);
    if (row->help)
        sv_writer_key_cstr(writer, "description", row->help);
    if (row->default_json && strcmp(row->default_json, "null") != 0)
        sv_writer_key_raw(writer, "default", sv_str_from(row->default_json));
    if (row->example_json) {
        sv_writer_key(writer, SV_STR("examples"));
        sv_writer_begin_array(writer);
        sv_writer_raw(writer, sv_str_from(row->example_json));
        sv_writer_end_array(writer);
    }
    sv_writer_end_object(writer);
}

void sv_json_schema_write_param(sv_writer *writer, const sv_field *field)
{
    write_field(writer, field, AT_PARAM);
}

static bool is_required(const sv_field *row)
{
    return row->kind != SV_KIND_NONE && !row->default_json && !row->optional;
}

static void write_required(sv_writer *writer, const sv_schema *schema)
{
    size_t n_required = 0;
    for (size_t i = 0; i < schema->n_fields; i++)
        n_required += is_required(&schema->fields[i]);
    if (!n_required)
        return;
    sv_writer_key(writer, SV_STR("required"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < schema->n_fields; i++)
        if (is_required(&schema->fields[i]))
            sv_writer_str(writer, sv_str_from(schema->fields[i].name));
    sv_writer_end_array(writer);
}

static void write_schema(sv_writer *writer, const sv_schema *schema)
{
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("properties"));
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < schema->n_fields; i++) {
        const sv_field *row = &schema->fields[i];
        if (row->kind == SV_KIND_NONE)
            continue;
        sv_writer_key(writer, sv_str_from(row->name));
        write_field(writer, row, AT_PROPERTY);
    }
    sv_writer_end_object(writer);
    if (schema->extra == SV_EXTRA_FORBID)
        sv_writer_key_bool(writer, "additionalProperties", false);
    sv_writer_key_cstr(writer, "type", "object");
    write_required(writer, schema);
    sv_writer_key_cstr(writer, "title", sv_json_schema_component(schema));
    if (schema->help)
        sv_writer_key_cstr(writer, "description", schema->help);
    sv_writer_end_object(writer);
}

static void write_enum(sv_writer *writer, const sv_enum *names)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "string");
    sv_writer_key(writer, SV_STR("enum"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < names->n_values; i++)
        sv_writer_str(writer, sv_str_from(names->values[i].name));
    sv_writer_end_array(writer);
    sv_writer_key_cstr(writer, "title", names->name);
    sv_writer_end_object(writer);
}

void sv_json_schema_write_components(const sv_json_schema_set *set, sv_writer *writer)
{
    sv_writer_begin_object(writer);
    for (size_t i = 0; i < set->len; i++) {
        const component *item = &set->items[i];
        sv_writer_key(writer, sv_str_from(item->name));
        if (item->schema)
            write_schema(writer, item->schema);
        else if (item->enumeration)
            write_enum(writer, item->enumeration);
        else
            sv_writer_raw(writer, sv_str_from(item->json));
    }
    sv_writer_end_object(writer);
}
