/* field.c: the mistakes that can be made in rows of a schema table. What rows mean for requests:
 * plan.c and decode.c. */
#include "json/field.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "json/distinct.h"
#include "json/layout.h"
#include "json/value.h"

typedef struct row_rule {
    bool (*is_broken)(const sv_field *row);
    const char *text;
} row_rule;

enum { MAX_ITEM_ROWS = 8 };                             /* in each other */
static const double LARGEST_EXACT = 9007199254740992.0; /* 2^53 */

bool sv_field_is_left_out(const sv_field *row)
{
    return row->kind == SV_KIND_NONE && !row->name;
}

static bool is_container(sv_kind kind)
{
    return kind == SV_KIND_LIST || kind == SV_KIND_MAP || kind == SV_KIND_ARRAY;
}

static bool has_items(const sv_field *row)
{
    return is_container(row->kind);
}

/* The kind that the limits of values are about. */
static sv_kind value_kind(const sv_field *row)
{
    return has_items(row) && !row->item ? row->item_kind : row->kind;
}

/* Out of memory, nothing is known to be wrong: who needs the value will fail by himself. */
static bool is_json(const char *text)
{
    sv_arena *arena = sv_arena_new(0);
    sv_value_error error;
    const sv_value *value;
    bool valid =
        !arena || sv_value_parse(arena, sv_str_from(text), NULL, &error, &value) != SV_INVALID;
    sv_arena_free(arena);
    return valid;
}

static bool is_whole(const sv_bound *bound)
{
    return !bound->set ||
           (bound->value == trunc(bound->value) && fabs(bound->value) <= LARGEST_EXACT);
}

static bool is_above(const sv_bound *low, const sv_bound *high)
{
    return low->set && high->set && low->value > high->value;
}

static bool lacks_kind(const sv_field *row)
{
    return row->kind == SV_KIND_NONE || (size_t)row->kind > SV_KIND_EXTRAS;
}

/* Without a row of their own, items say nothing of items within them. */
static bool lacks_item_kind(const sv_field *row)
{
    bool is_complete = row->item_kind != SV_KIND_NONE && !is_container(row->item_kind) &&
                       (size_t)row->item_kind < SV_KIND_EXTRAS;
    bool has_row = row->item && row->item_size;
    return has_items(row) ? !is_complete && !has_row : row->item_kind != SV_KIND_NONE;
}

static bool lacks_schema(const sv_field *row)
{
    if (row->item && has_items(row)) /* it has the schema, too */
        return row->item_kind == SV_KIND_OBJECT && !row->schema && !row->item_size;
    return (value_kind(row) == SV_KIND_OBJECT) != (row->schema != NULL);
}

static bool lacks_enumeration(const sv_field *row)
{
    if (row->item && has_items(row))
        return false;
    return (value_kind(row) == SV_KIND_ENUM) != (row->enumeration != NULL);
}

static bool has_item_without_items(const sv_field *row)
{
    return (row->item && !has_items(row)) || (row->key && row->kind != SV_KIND_MAP);
}

/* What the other rules need: a row that breaks one of these is not looked at further. */
static const row_rule shape_rules[] = {
    {lacks_kind, "the type of the member fits no kind of field"},
    {lacks_item_kind, "the items must be of a kind that is no list, or have a row: `.item`"},
    {lacks_schema, "an object needs `schema`, other kinds have none"},
    {lacks_enumeration, "an enum needs `enumeration`, other kinds have none"},
    {has_item_without_items, "`item` is for lists, maps and arrays, `key` for maps"},
};

static bool has_wrong_size(const sv_field *row)
{
    size_t size = sv_layout_size(row);
    return row->kind == SV_KIND_ARRAY
               ? row->nullable || !row->size || row->size % sv_layout_item_size(row) != 0
               : row->size != size && !row->value_offset;
}

/* The row of the items is about items of another type, or those of a map are aligned too strictly.
 */
static bool has_wrong_item(const sv_field *row)
{
    if (!has_items(row))
        return false;
    bool is_map = row->kind == SV_KIND_MAP;
    size_t size = sv_layout_item_size(row);
    sv_field plain = *row;
    plain.item_size = 0;
    if (!row->item)
        return size != sv_layout_item_size(&plain);
    bool differs = row->item_kind && row->item_kind != row->item->kind;
    return differs || size != (is_map ? sv_layout_entry_size(row->item) : row->item->size);
}

static bool has_wrong_key(const sv_field *row)
{
    if (!row->key)
        return false;
    sv_kind kind = row->key->kind;
    return row->key->nullable || (kind != SV_KIND_STR && kind != SV_KIND_INT &&
                                  kind != SV_KIND_ENUM && kind != SV_KIND_UUID);
}

static bool is_same_value(const sv_enum *names, size_t i, size_t j)
{
    if (names->form == SV_ENUM_NUMBERS)
        return names->values[i].value == names->values[j].value;
    return strcmp(names->values[i].name, names->values[j].name) == 0;
}

static bool has_bad_enum(const sv_field *row)
{
    const sv_enum *names = row->enumeration;
    if (!names)
        return false;
    if (!names->name || !names->n_values || (size_t)names->form > SV_ENUM_LITERAL_JSON)
        return true;
    for (size_t i = 0; i < names->n_values; i++) {
        if (!names->values[i].name)
            return true;
        for (size_t j = 0; j < i; j++)
            if (is_same_value(names, i, j))
                return true;
    }
    return false;
}

static bool has_bad_literal(const sv_field *row)
{
    const sv_enum *names = row->enumeration;
    for (size_t i = 0; names && names->form == SV_ENUM_LITERAL_JSON && i < names->n_values; i++)
        if (names->values[i].name && !is_json(names->values[i].name))
            return true;
    return false;
}

static bool is_text(const sv_field *row)
{
    return row->kind == SV_KIND_STR;
}

static bool has_lengths_without_text(const sv_field *row)
{
    return (row->min_len || row->max_len) && !is_text(row) && row->kind != SV_KIND_BYTES;
}

static bool has_counts_without_list(const sv_field *row)
{
    return (row->min_items || row->max_items) && row->kind != SV_KIND_LIST &&
           row->kind != SV_KIND_MAP;
}

static bool has_item_lengths_without_texts(const sv_field *row)
{
    return row->max_item_len && (!has_items(row) || row->item || row->item_kind != SV_KIND_STR);
}

static bool has_limits_of_items_twice(const sv_field *row)
{
    bool has_bound = row->ge.set || row->gt.set || row->le.set || row->lt.set;
    return has_items(row) && row->item &&
           (has_bound || row->multiple_of.set || row->check_int || row->check_double ||
            row->check_item_str);
}

static bool has_crossed_lengths(const sv_field *row)
{
    return row->max_len && row->min_len > row->max_len;
}

static bool has_crossed_counts(const sv_field *row)
{
    return row->max_items && row->min_items > row->max_items;
}

static bool has_bounds_without_number(const sv_field *row)
{
    bool has_bound =
        row->ge.set || row->gt.set || row->le.set || row->lt.set || row->multiple_of.set;
    sv_kind kind = value_kind(row);
    return has_bound && kind != SV_KIND_INT && kind != SV_KIND_DOUBLE && kind != SV_KIND_DECIMAL;
}

static bool has_endless_bound(const sv_field *row)
{
    return !isfinite(row->ge.value) || !isfinite(row->gt.value) || !isfinite(row->le.value) ||
           !isfinite(row->lt.value) || !isfinite(row->multiple_of.value);
}

static bool has_bad_multiple(const sv_field *row)
{
    return row->multiple_of.set && !(row->multiple_of.value > 0);
}

static bool has_broken_bound_of_int(const sv_field *row)
{
    bool whole = is_whole(&row->ge) && is_whole(&row->gt) && is_whole(&row->le) &&
                 is_whole(&row->lt) && is_whole(&row->multiple_of);
    return value_kind(row) == SV_KIND_INT && !whole;
}

static bool has_crossed_bounds(const sv_field *row)
{
    return is_above(&row->ge, &row->le) || is_above(&row->ge, &row->lt) ||
           is_above(&row->gt, &row->le) || is_above(&row->gt, &row->lt);
}

static bool has_misplaced_check(const sv_field *row)
{
    bool has_texts = has_items(row) && row->item_kind == SV_KIND_STR;
    return (row->check_str && !is_text(row)) ||
           (row->check_int && value_kind(row) != SV_KIND_INT) ||
           (row->check_double && value_kind(row) != SV_KIND_DOUBLE) ||
           (row->check_item_str && !has_texts);
}

static bool has_text_rules_without_text(const sv_field *row)
{
    return (row->pattern || row->strip || row->lower || row->upper) && !is_text(row);
}

static bool has_both_cases(const sv_field *row)
{
    return row->lower && row->upper;
}

static bool has_misplaced_format(const sv_field *row)
{
    bool is_base64 = row->format == SV_FORMAT_BASE64;
    return row->format && row->kind != (is_base64 ? SV_KIND_BYTES : SV_KIND_STR);
}

static bool has_unknown_format(const sv_field *row)
{
    return (size_t)row->format > SV_FORMAT_BASE64;
}

static bool is_unique_without_values(const sv_field *row)
{
    if (!row->unique)
        return false;
    const sv_field *item = row->item;
    bool is_nullable = item ? item->nullable : row->item_nullable;
    sv_kind kind = item ? item->kind : row->item_kind;
    return row->kind != SV_KIND_LIST || is_nullable || !sv_distinct_knows(kind);
}

static bool has_misplaced_moment(const sv_field *row)
{
    return (row->moment && row->kind != SV_KIND_DATETIME && row->kind != SV_KIND_DATE) ||
           (row->zone && row->kind != SV_KIND_DATETIME);
}

static bool has_misplaced_version(const sv_field *row)
{
    return row->uuid_version &&
           (row->kind != SV_KIND_UUID || row->uuid_version < 1 || row->uuid_version > 8);
}

static bool has_misplaced_digits(const sv_field *row)
{
    bool has_digits = row->max_digits || row->has_decimal_places || row->decimal_places;
    return has_digits &&
           (row->kind != SV_KIND_DECIMAL || row->max_digits < 0 || row->decimal_places < 0 ||
            (row->decimal_places && !row->has_decimal_places));
}

static bool has_two_defaults(const sv_field *row)
{
    return row->default_factory && (row->default_json || row->optional);
}

static bool has_default_and_optional(const sv_field *row)
{
    return row->optional && row->default_json;
}

static bool has_broken_default(const sv_field *row)
{
    return row->default_json && !is_json(row->default_json);
}

static bool has_broken_example(const sv_field *row)
{
    return row->example_json && !is_json(row->example_json);
}

static const row_rule rules[] = {
    {has_wrong_size, "`size` is not that of its kind"},
    {has_wrong_item, "`item` is not about the items of this member"},
    {has_wrong_key, "the names of a map are text, integers, enums or UUIDs"},
    {has_bad_literal, "the names of a JSON literal must be JSON"},
    {has_bad_enum, "the enum must have a name and values with different names"},
    {has_lengths_without_text, "`min_len` and `max_len` are for text and bytes"},
    {has_counts_without_list, "`min_items` and `max_items` are for lists and maps"},
    {has_item_lengths_without_texts, "`max_item_len` is for lists of text"},
    {has_crossed_lengths, "`max_len` is below `min_len`"},
    {has_crossed_counts, "`max_items` is below `min_items`"},
    {has_bounds_without_number, "bounds are for numbers"},
    {has_endless_bound, "bounds must be finite"},
    {has_broken_bound_of_int, "bounds of integers must be whole, at most 2^53"},
    {has_crossed_bounds, "the upper bound is below the lower one"},
    {has_bad_multiple, "`multiple_of` must be above 0"},
    {has_limits_of_items_twice, "limits and checks of the items belong to their row"},
    {has_misplaced_check, "the custom check is for another kind"},
    {has_text_rules_without_text, "`pattern`, `strip`, `lower` and `upper` are for text"},
    {has_both_cases, "text cannot be both `lower` and `upper`"},
    {has_unknown_format, "the format is unknown"},
    {has_misplaced_format, "the format is for another kind"},
    {is_unique_without_values, "`unique` is for lists of plain values"},
    {has_misplaced_moment, "`moment` and `zone` are for dates"},
    {has_misplaced_version, "`uuid_version` is for UUIDs, from 1 to 8"},
    {has_misplaced_digits, "`max_digits` and SV_DECIMAL_PLACES are for decimals"},
    {has_two_defaults, "a field with a default factory is optional already"},
    {has_default_and_optional, "a field with a default is optional already"},
    {has_broken_default, "`default_json` is not JSON"},
    {has_broken_example, "`example_json` is not JSON"},
};

static bool is_object(const sv_field *row)
{
    return value_kind(row) == SV_KIND_OBJECT || row->kind == SV_KIND_MAP;
}

static bool is_path_list(const sv_field *row)
{
    return row->in == SV_IN_PATH && has_items(row);
}

static bool may_miss_in_path(const sv_field *row)
{
    return row->in == SV_IN_PATH && (row->optional || row->default_json);
}

static bool is_file_outside_form(const sv_field *row)
{
    return value_kind(row) == SV_KIND_FILE && row->in != SV_IN_FORM;
}

static const row_rule param_rules[] = {
    {is_object, "a parameter cannot be an object"},
    {is_path_list, "a path parameter cannot be a list"},
    {may_miss_in_path, "a path parameter is always there: no default, not optional"},
    {is_file_outside_form, "a file comes from a form only"},
};

static bool is_file(const sv_field *row)
{
    return value_kind(row) == SV_KIND_FILE;
}

static const row_rule body_rules[] = {
    {is_file, "a file comes from a form only"},
};

typedef struct checker {
    const sv_schema *schema;
    sv_buf *mistakes;
    size_t n_mistakes;
} checker;

static void report(checker *c, const char *field, const char *text)
{
    const char *schema = c->schema->name ? c->schema->name : "schema";
    sv_buf_printf(c->mistakes, "%s%s%s: %s\n", schema, field ? "." : "", field ? field : "", text);
    c->n_mistakes++;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool check_shape(checker *c, const sv_field *row, const char *name)
{
    size_t before = c->n_mistakes;
    for (size_t i = 0; i < COUNT(shape_rules); i++)
        if (c->n_mistakes == before && shape_rules[i].is_broken(row))
            report(c, name, shape_rules[i].text);
    return c->n_mistakes == before;
}

static void apply_rules(checker *c, const row_rule *table, size_t n, const sv_field *row,
                        const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].is_broken(row))
            report(c, name, table[i].text);
}

/* A row and the rows of its items, all under its name; false when its parts are not known. */
static bool check_values(checker *c, const sv_field *row, const char *name, int depth)
{
    if (depth > MAX_ITEM_ROWS)
        report(c, name, "rows of items stand in each other too deeply, or in a circle");
    if (depth > MAX_ITEM_ROWS || !check_shape(c, row, name))
        return false;
    bool is_whole = (!row->item || check_values(c, row->item, name, depth + 1)) &&
                    (!row->key || check_values(c, row->key, name, depth + 1));
    if (is_whole)
        apply_rules(c, rules, COUNT(rules), row, name);
    return is_whole;
}

static void check_row(checker *c, const sv_field *row, sv_field_use use)
{
    if (!row->name || !row->name[0]) {
        report(c, NULL, "a field has no name");
        return;
    }
    if (!check_values(c, row, row->name, 0))
        return;
    if (use == SV_FIELD_PARAMS)
        apply_rules(c, param_rules, COUNT(param_rules), row, row->name);
    else
        apply_rules(c, body_rules, COUNT(body_rules), row, row->name);
    if (row->size > c->schema->size || row->offset > c->schema->size - row->size)
        report(c, row->name, "the member lies outside the struct");
}

static const char *wire_name(const sv_field *row)
{
    return row->alias ? row->alias : row->name;
}

static bool is_repeated(const sv_schema *schema, size_t index)
{
    const sv_field *row = &schema->fields[index];
    for (size_t i = 0; i < index && row->name; i++)
        if (schema->fields[i].name && strcmp(wire_name(&schema->fields[i]), wire_name(row)) == 0 &&
            schema->fields[i].in == row->in)
            return true;
    return false;
}

static size_t count_fields(const sv_schema *schema)
{
    size_t n = 0;
    for (size_t i = 0; i < schema->n_fields; i++)
        n += schema->fields[i].kind != SV_KIND_NONE;
    return n;
}

static size_t count_extras(const sv_schema *schema)
{
    size_t n = 0;
    for (size_t i = 0; i < schema->n_fields; i++)
        n += schema->fields[i].kind == SV_KIND_EXTRAS;
    return n;
}

static bool has_repeated_variant(const sv_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        for (size_t j = 0; j < i; j++)
            if (schema->fields[i].variant == schema->fields[j].variant && schema->fields[i].kind &&
                schema->fields[j].kind)
                return true;
    return false;
}

static bool has_defaults(const sv_schema *schema)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (schema->fields[i].default_json || schema->fields[i].default_factory ||
            schema->fields[i].optional)
            return true;
    return false;
}

static void check_schema_shape(checker *c)
{
    const sv_schema *schema = c->schema;
    size_t n_extras = count_extras(schema), n_fields = count_fields(schema);
    if (n_extras > 1)
        report(c, NULL, "unknown members are kept twice");
    if (n_extras && schema->extra != SV_EXTRA_ALLOW)
        report(c, NULL, "unknown members are kept, but `extra` does not allow them");
    if ((size_t)schema->shape > SV_SHAPE_UNION)
        report(c, NULL, "the shape is unknown");
    if (schema->shape == SV_SHAPE_ROOT && n_fields != 1)
        report(c, NULL, "a root has one field");
    if (schema->shape == SV_SHAPE_UNION && !n_fields)
        report(c, NULL, "a union has no variants");
    if (schema->shape == SV_SHAPE_UNION && has_repeated_variant(schema))
        report(c, NULL, "two variants have the same `variant`");
    if (schema->shape == SV_SHAPE_UNION && has_defaults(schema))
        report(c, NULL, "a variant cannot be absent: no default, not optional");
    if (schema->shape == SV_SHAPE_UNION && schema->variant_offset > schema->size - sizeof(int))
        report(c, NULL, "`variant_offset` lies outside the struct");
    if (schema->discriminator && schema->shape != SV_SHAPE_UNION)
        report(c, NULL, "a discriminator is for unions");
}

sv_status sv_field_check(const sv_schema *schema, sv_field_use use, sv_buf *mistakes)
{
    checker c = {schema, mistakes, 0};
    if (!schema->name || !schema->name[0])
        report(&c, NULL, "the schema has no name");
    if (!schema->size)
        report(&c, NULL, "`size` is 0");
    if (schema->n_fields && !schema->fields)
        report(&c, NULL, "`fields` is NULL");
    for (size_t i = 0; schema->fields && i < schema->n_fields; i++) {
        const sv_field *row = &schema->fields[i];
        if (sv_field_is_left_out(row))
            continue;
        check_row(&c, row, use);
        if (schema->shape != SV_SHAPE_UNION && is_repeated(schema, i))
            report(&c, row->name, "another field has this name");
    }
    if (schema->fields && schema->size >= sizeof(int))
        check_schema_shape(&c);
    if (sv_buf_status(mistakes))
        return sv_buf_status(mistakes);
    return c.n_mistakes ? SV_INVALID : SV_OK;
}

const sv_schema sv_none_schema = {.name = "none", .size = sizeof(struct sv_none)};
