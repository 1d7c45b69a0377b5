/* json_type.c: rows -> JSON Schema, in the shape and order FastAPI gives it. */
#include "json/json_type.h"

#include <stdio.h>
#include <string.h>

#include "json/layout.h"

enum { MAX_NAME = 256, MAX_DEPTH = 32 };

/* What types within types are written with. */
typedef struct scribe {
    sv_writer *writer;
    sv_json_type_place place;
    int depth; /* a union that contains itself is described only so deep */
} scribe;

static void write_type(scribe *s, const sv_field *row);

bool sv_json_type_is_inline(const sv_schema *schema)
{
    return schema->shape == SV_SHAPE_TUPLE || schema->shape == SV_SHAPE_UNION;
}

static bool is_literal(const sv_enum *names)
{
    return names->form == SV_ENUM_LITERAL_NAMES || names->form == SV_ENUM_LITERAL_JSON;
}

const char *sv_json_type_component(const sv_field *row)
{
    if (row->kind == SV_KIND_OBJECT && !sv_json_type_is_inline(row->schema))
        return row->schema->component ? row->schema->component : row->schema->name;
    return row->kind == SV_KIND_ENUM && !is_literal(row->enumeration) ? row->enumeration->name
                                                                      : NULL;
}

void sv_json_type_write_ref(sv_writer *writer, const char *component)
{
    char text[MAX_NAME];
    snprintf(text, sizeof text, "#/components/schemas/%s", component);
    sv_writer_key_cstr(writer, "$ref", text);
}

static void write_bound(sv_writer *writer, const char *key, const sv_bound *bound, bool as_int)
{
    if (bound->set && as_int)
        sv_writer_key_int(writer, key, (int64_t)bound->value);
    else if (bound->set)
        sv_writer_key_double(writer, key, bound->value);
}

static void write_bounds(sv_writer *writer, const sv_field *row, bool as_int)
{
    write_bound(writer, "multipleOf", &row->multiple_of, as_int);
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

/* What a format says besides its name. */
static const struct {
    const char *name;
    size_t min_len, max_len;
} formats[] = {
    [SV_FORMAT_NONE] = {NULL, 0, 0},       [SV_FORMAT_EMAIL] = {"email", 0, 0},
    [SV_FORMAT_URL] = {"uri", 1, 0},       [SV_FORMAT_HTTP_URL] = {"uri", 1, 2083},
    [SV_FORMAT_IPV4] = {"ipv4", 0, 0},     [SV_FORMAT_IPV6] = {"ipv6", 0, 0},
    [SV_FORMAT_BASE64] = {"base64", 0, 0},
};

static void write_text(sv_writer *writer, const sv_field *row)
{
    sv_text_format format = row->format;
    sv_writer_key_cstr(writer, "type", "string");
    write_count(writer, "maxLength", row->max_len ? row->max_len : formats[format].max_len);
    write_count(writer, "minLength", row->min_len ? row->min_len : formats[format].min_len);
    if (row->pattern)
        sv_writer_key_cstr(writer, "pattern", row->pattern);
    if (formats[format].name)
        sv_writer_key_cstr(writer, "format", formats[format].name);
}

static void write_format(sv_writer *writer, const char *format)
{
    sv_writer_key_cstr(writer, "type", "string");
    sv_writer_key_cstr(writer, "format", format);
}

static void write_uuid(sv_writer *writer, const sv_field *row)
{
    char format[] = "uuid0";
    format[4] = (char)(row->uuid_version ? '0' + row->uuid_version : 0);
    write_format(writer, format);
}

static void write_bytes(sv_writer *writer, const sv_field *row)
{
    write_text(writer, row);
    sv_writer_key_cstr(writer, "contentMediaType", "application/octet-stream");
}

/* The schemas of a decimal, which may come as a number or a text, as items of an open array. */
static void write_decimal_variants(sv_writer *writer, const sv_field *row)
{
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "type", "number");
    write_bounds(writer, row, false);
    sv_writer_end_object(writer);
    sv_writer_raw(writer, SV_STR("{\"type\":\"string\"}"));
}

/* JSON Schema's word for what a JSON text is. */
static const char *type_of_json(const char *json)
{
    if (json[0] == '"')
        return "string";
    if (json[0] == 't' || json[0] == 'f')
        return "boolean";
    if (json[0] == 'n')
        return "null";
    return strpbrk(json, ".eE") ? "number" : "integer";
}

/* The type that all values have; NULL: several. */
static const char *type_of_choices(const sv_enum *names)
{
    if (names->form == SV_ENUM_NUMBERS)
        return "integer";
    if (names->form != SV_ENUM_LITERAL_JSON)
        return "string";
    const char *type = type_of_json(names->values[0].name);
    for (size_t i = 1; i < names->n_values; i++)
        if (strcmp(type_of_json(names->values[i].name), type) != 0)
            return NULL;
    return type;
}

static void write_choice(sv_writer *writer, const sv_enum *names, size_t i)
{
    if (names->form == SV_ENUM_NUMBERS)
        sv_writer_int(writer, names->values[i].value);
    else if (names->form == SV_ENUM_LITERAL_JSON)
        sv_writer_raw(writer, sv_str_from(names->values[i].name));
    else
        sv_writer_str(writer, sv_str_from(names->values[i].name));
}

void sv_json_type_write_choices(sv_writer *writer, const sv_enum *names)
{
    const char *type = type_of_choices(names);
    bool is_const = names->n_values == 1 && is_literal(names);
    if (type)
        sv_writer_key_cstr(writer, "type", type);
    sv_writer_key(writer, is_const ? SV_STR("const") : SV_STR("enum"));
    if (is_const) {
        write_choice(writer, names, 0);
        return;
    }
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < names->n_values; i++)
        write_choice(writer, names, i);
    sv_writer_end_array(writer);
}

static void write_object_of(scribe *s, const sv_field *row)
{
    sv_writer_begin_object(s->writer);
    if (s->depth < MAX_DEPTH) {
        s->depth++;
        write_type(s, row);
        sv_json_type_write_discriminator(s->writer, row);
        s->depth--;
    }
    sv_writer_end_object(s->writer);
}

static void write_list(scribe *s, const sv_field *row)
{
    sv_field storage;
    sv_writer_key(s->writer, SV_STR("items"));
    write_object_of(s, sv_layout_item_row(row, &storage));
    sv_writer_key_cstr(s->writer, "type", "array");
    write_count(s->writer, "maxItems", row->max_items);
    write_count(s->writer, "minItems", row->min_items);
    if (row->unique)
        sv_writer_key_bool(s->writer, "uniqueItems", true);
}

static void write_exact_count(sv_writer *writer, size_t n)
{
    sv_writer_key_cstr(writer, "type", "array");
    sv_writer_key_int(writer, "maxItems", (int64_t)n);
    sv_writer_key_int(writer, "minItems", (int64_t)n);
}

static void write_array(scribe *s, const sv_field *row)
{
    sv_field storage;
    size_t n = row->size / sv_layout_item_size(row);
    sv_writer_key(s->writer, SV_STR("prefixItems"));
    sv_writer_begin_array(s->writer);
    for (size_t i = 0; i < n; i++)
        write_object_of(s, sv_layout_item_row(row, &storage));
    sv_writer_end_array(s->writer);
    write_exact_count(s->writer, n);
}

static void write_tuple(scribe *s, const sv_schema *schema)
{
    size_t n = 0;
    sv_writer_key(s->writer, SV_STR("prefixItems"));
    sv_writer_begin_array(s->writer);
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (schema->fields[i].kind == SV_KIND_NONE)
            continue;
        write_object_of(s, &schema->fields[i]);
        n++;
    }
    sv_writer_end_array(s->writer);
    write_exact_count(s->writer, n);
}

/* Limits of the names of a map that are not its pattern. */
static void write_names(scribe *s, const sv_field *key)
{
    bool has_len = key->kind == SV_KIND_STR && (key->min_len || key->max_len);
    if (key->kind == SV_KIND_INT || (key->kind == SV_KIND_STR && !has_len))
        return;
    sv_writer_key(s->writer, SV_STR("propertyNames"));
    sv_writer_begin_object(s->writer);
    if (key->kind == SV_KIND_STR) {
        write_count(s->writer, "maxLength", key->max_len);
        write_count(s->writer, "minLength", key->min_len);
    } else if (key->kind == SV_KIND_UUID) {
        sv_writer_key_cstr(s->writer, "format", "uuid");
    } else {
        write_type(s, key);
    }
    sv_writer_end_object(s->writer);
}

static void write_map(scribe *s, const sv_field *row)
{
    sv_field storage;
    const sv_field *item = sv_layout_item_row(row, &storage);
    const char *pattern = row->key ? row->key->pattern : NULL;
    if (pattern) {
        sv_writer_key(s->writer, SV_STR("patternProperties"));
        sv_writer_begin_object(s->writer);
        sv_writer_key(s->writer, sv_str_from(pattern));
        write_object_of(s, item);
        sv_writer_end_object(s->writer);
    } else if (item->kind == SV_KIND_JSON) {
        sv_writer_key_bool(s->writer, "additionalProperties", true);
    } else {
        sv_writer_key(s->writer, SV_STR("additionalProperties"));
        write_object_of(s, item);
    }
    if (row->key)
        write_names(s, row->key);
    sv_writer_key_cstr(s->writer, "type", "object");
    write_count(s->writer, "maxProperties", row->max_items);
    write_count(s->writer, "minProperties", row->min_items);
}

/* The schemas of a union's variants as items of an open array. */
static void write_variants(scribe *s, const sv_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].kind == SV_KIND_DECIMAL)
            write_decimal_variants(s->writer, &schema->fields[i]);
        else if (schema->fields[i].kind)
            write_object_of(s, &schema->fields[i]);
}

/* The names of the tags of a variant; NULL: none (the plan would have said so). */
static const sv_enum *tags_of(const sv_schema *schema, const sv_field *variant)
{
    const sv_schema *inner = variant->schema;
    for (size_t i = 0; inner && i < inner->n_fields; i++)
        if (inner->fields[i].name && strcmp(inner->fields[i].name, schema->discriminator) == 0)
            return inner->fields[i].enumeration;
    return NULL;
}

/* The alias of the discriminator, where its field has one. */
static const char *tag_name(const sv_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++) {
        const sv_schema *inner = schema->fields[i].schema;
        for (size_t j = 0; inner && j < inner->n_fields; j++)
            if (inner->fields[j].name && inner->fields[j].alias &&
                strcmp(inner->fields[j].name, schema->discriminator) == 0)
                return inner->fields[j].alias;
    }
    return schema->discriminator;
}

/* A tag and the component of its variant. */
typedef struct tag {
    sv_str text;
    const char *component;
} tag;

static int compare(sv_str a, sv_str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* The tag that follows `last` (NULL pointer: the first) in the order of their texts; NULL pointer
 * when there is none. */
static tag next_tag(const sv_schema *schema, sv_str last)
{
    tag next = {{NULL, 0}, NULL};
    for (size_t i = 0; i < schema->n_fields; i++) {
        const sv_enum *tags = tags_of(schema, &schema->fields[i]);
        for (size_t j = 0; tags && j < tags->n_values; j++) {
            sv_str text = sv_str_from(tags->values[j].name);
            bool is_quoted = tags->form == SV_ENUM_LITERAL_JSON;
            if (is_quoted)
                text = sv_str_slice(text, 1, text.len - 1);
            bool is_later = !last.ptr || compare(text, last) > 0;
            if (is_later && (!next.text.ptr || compare(text, next.text) < 0))
                next = (tag){text, sv_json_type_component(&schema->fields[i])};
        }
    }
    return next;
}

static void write_discriminator(sv_writer *writer, const sv_schema *schema)
{
    sv_writer_key(writer, SV_STR("discriminator"));
    sv_writer_begin_object(writer);
    sv_writer_key_cstr(writer, "propertyName", tag_name(schema));
    sv_writer_key(writer, SV_STR("mapping"));
    sv_writer_begin_object(writer);
    for (tag at = next_tag(schema, (sv_str){0}); at.text.ptr; at = next_tag(schema, at.text)) {
        char target[MAX_NAME];
        snprintf(target, sizeof target, "#/components/schemas/%s", at.component);
        sv_writer_key(writer, at.text);
        sv_writer_str(writer, sv_str_from(target));
    }
    sv_writer_end_object(writer);
    sv_writer_end_object(writer);
}

static void write_union(scribe *s, const sv_schema *schema)
{
    sv_writer_key(s->writer, schema->discriminator ? SV_STR("oneOf") : SV_STR("anyOf"));
    sv_writer_begin_array(s->writer);
    write_variants(s, schema);
    sv_writer_end_array(s->writer);
}

static void write_decimal(scribe *s, const sv_field *row)
{
    sv_writer_key(s->writer, SV_STR("anyOf"));
    sv_writer_begin_array(s->writer);
    write_decimal_variants(s->writer, row);
    sv_writer_end_array(s->writer);
}

static void write_schema(scribe *s, const sv_schema *schema)
{
    if (schema->shape == SV_SHAPE_TUPLE)
        write_tuple(s, schema);
    else if (schema->shape == SV_SHAPE_UNION)
        write_union(s, schema);
    else
        sv_json_type_write_ref(s->writer, schema->component ? schema->component : schema->name);
}

static void write_enum(sv_writer *writer, const sv_enum *names)
{
    if (is_literal(names))
        sv_json_type_write_choices(writer, names);
    else
        sv_json_type_write_ref(writer, names->name);
}

static void write_bare_type(scribe *s, const sv_field *row)
{
    sv_writer *writer = s->writer;
    switch (row->kind) {
    case SV_KIND_NONE:
    case SV_KIND_EXTRAS:
    case SV_KIND_JSON: /* anything */
        break;
    case SV_KIND_STR:
        write_text(writer, row);
        break;
    case SV_KIND_INT:
        sv_writer_key_cstr(writer, "type", "integer");
        write_bounds(writer, row, s->place == SV_JSON_TYPE_AT_PARAM);
        break;
    case SV_KIND_DOUBLE:
        sv_writer_key_cstr(writer, "type", "number");
        write_bounds(writer, row, false);
        break;
    case SV_KIND_BOOL:
        sv_writer_key_cstr(writer, "type", "boolean");
        break;
    case SV_KIND_ENUM:
        write_enum(writer, row->enumeration);
        break;
    case SV_KIND_OBJECT:
        write_schema(s, row->schema);
        break;
    case SV_KIND_LIST:
        write_list(s, row);
        break;
    case SV_KIND_MAP:
        write_map(s, row);
        break;
    case SV_KIND_ARRAY:
        write_array(s, row);
        break;
    case SV_KIND_DATETIME:
        write_format(writer, "date-time");
        break;
    case SV_KIND_DATE:
        write_format(writer, "date");
        break;
    case SV_KIND_TIME:
        write_format(writer, "time");
        break;
    case SV_KIND_DURATION:
        write_format(writer, "duration");
        break;
    case SV_KIND_UUID:
        write_uuid(writer, row);
        break;
    case SV_KIND_BYTES:
    case SV_KIND_FILE:
        write_bytes(writer, row);
        break;
    case SV_KIND_DECIMAL:
        write_decimal(s, row);
        break;
    }
}

/* The schemas of a type that is several already stand beside that of null. */
static void write_nullable(scribe *s, const sv_field *row)
{
    bool is_union = row->kind == SV_KIND_OBJECT && row->schema->shape == SV_SHAPE_UNION &&
                    !row->schema->discriminator;
    sv_field bare = *row;
    bare.nullable = false;
    sv_writer_key(s->writer, SV_STR("anyOf"));
    sv_writer_begin_array(s->writer);
    if (row->kind == SV_KIND_DECIMAL)
        write_decimal_variants(s->writer, row);
    else if (is_union)
        write_variants(s, row->schema);
    else
        write_object_of(s, &bare);
    sv_writer_raw(s->writer, SV_STR("{\"type\":\"null\"}"));
    sv_writer_end_array(s->writer);
}

static void write_type(scribe *s, const sv_field *row)
{
    if (row->nullable && !row->optional)
        write_nullable(s, row);
    else
        write_bare_type(s, row);
}

void sv_json_type_write(sv_writer *writer, const sv_field *row, sv_json_type_place place)
{
    scribe s = {writer, place, 0};
    write_type(&s, row);
}

void sv_json_type_write_discriminator(sv_writer *writer, const sv_field *row)
{
    bool is_union = row->kind == SV_KIND_OBJECT && row->schema->shape == SV_SHAPE_UNION;
    bool stands_inside = row->nullable && !row->optional; /* in a schema beside that of null */
    if (is_union && !stands_inside && row->schema->discriminator)
        write_discriminator(writer, row->schema);
}

void sv_json_type_write_inline(sv_writer *writer, const sv_schema *schema)
{
    scribe s = {writer, SV_JSON_TYPE_AT_PROPERTY, 0};
    if (schema->shape == SV_SHAPE_TUPLE)
        write_tuple(&s, schema);
    else
        write_union(&s, schema);
    if (schema->discriminator)
        write_discriminator(writer, schema);
}
