/* field.c: the mistakes that can be made in rows of a schema table. What rows mean for requests:
 * plan.c and decode.c. */
#include "json/field.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "json/value.h"

static const double LARGEST_EXACT = 9007199254740992.0; /* 2^53 */

/* How a value of a kind lies in memory: alone, and inside the sv_opt_… of nullable members. */
typedef struct layout {
    size_t size, optional_size, optional_offset;
} layout;

static const layout layouts[] = {
    [SV_KIND_STR] = {sizeof(sv_str), sizeof(sv_opt_str), offsetof(sv_opt_str, value)},
    [SV_KIND_INT] = {sizeof(int64_t), sizeof(sv_opt_int), offsetof(sv_opt_int, value)},
    [SV_KIND_DOUBLE] = {sizeof(double), sizeof(sv_opt_double), offsetof(sv_opt_double, value)},
    [SV_KIND_BOOL] = {sizeof(bool), sizeof(sv_opt_bool), offsetof(sv_opt_bool, value)},
    [SV_KIND_ENUM] = {sizeof(int), sizeof(sv_opt_enum), offsetof(sv_opt_enum, value)},
    [SV_KIND_LIST] = {sizeof(sv_strs), sizeof(sv_opt_strs), offsetof(sv_opt_strs, value)},
    [SV_KIND_MAP] = {sizeof(sv_extras), sizeof(sv_opt_strs), offsetof(sv_opt_strs, value)},
    [SV_KIND_DATETIME] = {sizeof(sv_datetime), sizeof(sv_opt_datetime),
                          offsetof(sv_opt_datetime, value)},
    [SV_KIND_DATE] = {sizeof(sv_date), sizeof(sv_opt_date), offsetof(sv_opt_date, value)},
    [SV_KIND_TIME] = {sizeof(sv_time), sizeof(sv_opt_time), offsetof(sv_opt_time, value)},
    [SV_KIND_DURATION] = {sizeof(sv_duration), sizeof(sv_opt_duration),
                          offsetof(sv_opt_duration, value)},
    [SV_KIND_UUID] = {sizeof(sv_uuid), sizeof(sv_opt_uuid), offsetof(sv_opt_uuid, value)},
    [SV_KIND_BYTES] = {sizeof(sv_bytes), sizeof(sv_opt_bytes), offsetof(sv_opt_bytes, value)},
    [SV_KIND_DECIMAL] = {sizeof(sv_decimal), sizeof(sv_opt_decimal),
                         offsetof(sv_opt_decimal, value)},
    [SV_KIND_JSON] = {sizeof(sv_json), sizeof(sv_opt_json), offsetof(sv_opt_json, value)},
    [SV_KIND_FILE] = {sizeof(sv_file), sizeof(sv_opt_file), offsetof(sv_opt_file, value)},
    [SV_KIND_EXTRAS] = {sizeof(sv_extras), 0, 0},
};

bool sv_field_is_left_out(const sv_field *row)
{
    return row->kind == SV_KIND_NONE && !row->name;
}

size_t sv_field_value_offset(const sv_field *row)
{
    bool is_inside = row->nullable && row->kind != SV_KIND_OBJECT;
    return row->offset + (is_inside ? layouts[row->kind].optional_offset : 0);
}

size_t sv_field_item_size(const sv_field *row)
{
    if (row->item_kind == SV_KIND_OBJECT)
        return row->schema->size;
    return layouts[row->item_kind].size;
}

static size_t member_size(const sv_field *row)
{
    if (row->kind == SV_KIND_OBJECT)
        return row->nullable ? sizeof(void *) : row->schema->size;
    return row->nullable ? layouts[row->kind].optional_size : layouts[row->kind].size;
}

/* The kind that the limits of values are about. */
static sv_kind value_kind(const sv_field *row)
{
    return row->kind == SV_KIND_LIST ? row->item_kind : row->kind;
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
    return row->kind == SV_KIND_NONE || (size_t)row->kind > SV_KIND_LIST;
}

static bool lacks_item_kind(const sv_field *row)
{
    if (row->kind != SV_KIND_LIST)
        return row->item_kind != SV_KIND_NONE;
    return row->item_kind == SV_KIND_NONE || (size_t)row->item_kind >= SV_KIND_LIST;
}

static bool lacks_schema(const sv_field *row)
{
    return (value_kind(row) == SV_KIND_OBJECT) != (row->schema != NULL);
}

static bool lacks_enumeration(const sv_field *row)
{
    return (value_kind(row) == SV_KIND_ENUM) != (row->enumeration != NULL);
}

/* What the other rules need: a row that breaks one of these is not looked at further. */
static const struct {
    bool (*is_broken)(const sv_field *row);
    const char *text;
} shape_rules[] = {
    {lacks_kind, "the type of the member fits no kind of field"},
    {lacks_item_kind, "the items of a list must be of a kind that is no list"},
    {lacks_schema, "an object needs `schema`, other kinds have none"},
    {lacks_enumeration, "an enum needs `enumeration`, other kinds have none"},
};

static bool has_wrong_size(const sv_field *row)
{
    return row->size != member_size(row);
}

static bool has_bad_enum(const sv_field *row)
{
    const sv_enum *names = row->enumeration;
    if (!names)
        return false;
    if (!names->name || !names->n_values)
        return true;
    for (size_t i = 0; i < names->n_values; i++) {
        if (!names->values[i].name)
            return true;
        for (size_t j = 0; j < i; j++)
            if (strcmp(names->values[i].name, names->values[j].name) == 0)
                return true;
    }
    return false;
}

static bool has_lengths_without_text(const sv_field *row)
{
    return (row->min_len || row->max_len) && row->kind != SV_KIND_STR;
}

static bool has_counts_without_list(const sv_field *row)
{
    return (row->min_items || row->max_items) && row->kind != SV_KIND_LIST;
}

static bool has_item_lengths_without_texts(const sv_field *row)
{
    return row->max_item_len && (row->kind != SV_KIND_LIST || row->item_kind != SV_KIND_STR);
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
    bool has_bound = row->ge.set || row->gt.set || row->le.set || row->lt.set;
    sv_kind kind = value_kind(row);
    return has_bound && kind != SV_KIND_INT && kind != SV_KIND_DOUBLE;
}

static bool has_endless_bound(const sv_field *row)
{
    return !isfinite(row->ge.value) || !isfinite(row->gt.value) || !isfinite(row->le.value) ||
           !isfinite(row->lt.value);
}

static bool has_broken_bound_of_int(const sv_field *row)
{
    bool whole =
        is_whole(&row->ge) && is_whole(&row->gt) && is_whole(&row->le) && is_whole(&row->lt);
    return value_kind(row) == SV_KIND_INT && !whole;
}

static bool has_crossed_bounds(const sv_field *row)
{
    return is_above(&row->ge, &row->le) || is_above(&row->ge, &row->lt) ||
           is_above(&row->gt, &row->le) || is_above(&row->gt, &row->lt);
}

static bool has_misplaced_check(const sv_field *row)
{
    bool has_texts = row->kind == SV_KIND_LIST && row->item_kind == SV_KIND_STR;
    return (row->check_str && row->kind != SV_KIND_STR) ||
           (row->check_int && value_kind(row) != SV_KIND_INT) ||
           (row->check_double && value_kind(row) != SV_KIND_DOUBLE) ||
           (row->check_item_str && !has_texts);
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

static const struct {
    bool (*is_broken)(const sv_field *row);
    const char *text;
} rules[] = {
    {has_wrong_size, "`size` is not that of its kind"},
    {has_bad_enum, "the enum must have a name and values with different names"},
    {has_lengths_without_text, "`min_len` and `max_len` are for text"},
    {has_counts_without_list, "`min_items` and `max_items` are for lists"},
    {has_item_lengths_without_texts, "`max_item_len` is for lists of text"},
    {has_crossed_lengths, "`max_len` is below `min_len`"},
    {has_crossed_counts, "`max_items` is below `min_items`"},
    {has_bounds_without_number, "bounds are for numbers"},
    {has_endless_bound, "bounds must be finite"},
    {has_broken_bound_of_int, "bounds of integers must be whole, at most 2^53"},
    {has_crossed_bounds, "the upper bound is below the lower one"},
    {has_misplaced_check, "the custom check is for another kind"},
    {has_default_and_optional, "a field with a default is optional already"},
    {has_broken_default, "`default_json` is not JSON"},
    {has_broken_example, "`example_json` is not JSON"},
};

static bool is_object(const sv_field *row)
{
    return value_kind(row) == SV_KIND_OBJECT;
}

static bool is_path_list(const sv_field *row)
{
    return row->in == SV_IN_PATH && row->kind == SV_KIND_LIST;
}

static bool may_miss_in_path(const sv_field *row)
{
    return row->in == SV_IN_PATH && (row->optional || row->default_json);
}

static const struct {
    bool (*is_broken)(const sv_field *row);
    const char *text;
} param_rules[] = {
    {is_object, "a parameter cannot be an object"},
    {is_path_list, "a path parameter cannot be a list"},
    {may_miss_in_path, "a path parameter is always there: no default, not optional"},
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

static bool check_shape(checker *c, const sv_field *row)
{
    size_t before = c->n_mistakes;
    for (size_t i = 0; i < sizeof shape_rules / sizeof *shape_rules; i++)
        if (c->n_mistakes == before && shape_rules[i].is_broken(row))
            report(c, row->name, shape_rules[i].text);
    return c->n_mistakes == before;
}

static void check_row(checker *c, const sv_field *row, sv_field_use use)
{
    if (!row->name || !row->name[0]) {
        report(c, NULL, "a field has no name");
        return;
    }
    if (!check_shape(c, row))
        return;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].is_broken(row))
            report(c, row->name, rules[i].text);
    for (size_t i = 0; use == SV_FIELD_PARAMS && i < sizeof param_rules / sizeof *param_rules; i++)
        if (param_rules[i].is_broken(row))
            report(c, row->name, param_rules[i].text);
    if (row->size > c->schema->size || row->offset > c->schema->size - row->size)
        report(c, row->name, "the member lies outside the struct");
}

static bool is_repeated(const sv_schema *schema, size_t index)
{
    const sv_field *row = &schema->fields[index];
    for (size_t i = 0; i < index && row->name; i++)
        if (schema->fields[i].name && strcmp(schema->fields[i].name, row->name) == 0)
            return true;
    return false;
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
        if (is_repeated(schema, i))
            report(&c, row->name, "another field has this name");
    }
    if (sv_buf_status(mistakes))
        return sv_buf_status(mistakes);
    return c.n_mistakes ? SV_INVALID : SV_OK;
}

const sv_schema sv_none_schema = {.name = "none", .size = sizeof(struct sv_none)};
