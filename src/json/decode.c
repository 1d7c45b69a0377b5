/* decode.c: JSON value + plan -> struct in an arena: members, defaults, null, lists, custom checks,
 * every mistake with its path. Single values: coerce.c; limits: validate.c.
 *
 * DESIGN. One walk over the document. An object's struct starts as a copy of its plan's defaults;
 * its members are matched to rows first (names usually come in the order of the rows, so the first
 * guess fits) and then decoded in the order of the rows, which is the order of the errors. Paths
 * are chains on the C stack and cost nothing while all is well. A kind is one function and one row
 * of a table. */
#include "json/decode.h"

#include <string.h>

#include "json/check.h"
#include "json/coerce.h"
#include "json/validate.h"

typedef struct decoder {
    sv_arena *arena;
    sv_errors *errors;
    sv_status status; /* what stops everything: no memory, or a check's own failure */
    int depth;
    bool skips_checks;
    /* Values of the members of the objects that are open, innermost last; may move when it grows.
     */
    const sv_value **found;
    size_t n_found, capacity;
} decoder;

/* Decodes `value` into `out`, which is the member itself or, of nullable ones, its value. True when
 * it is valid; else errors were added or the decoder has stopped. */
typedef bool (*decode_function)(decoder *d, const sv_plan_field *field, const sv_value *value,
                                const sv_loc *where, void *out);

static bool decode_object(decoder *d, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, void *out);

static bool stop(decoder *d, sv_status status)
{
    d->status = status;
    return false;
}

/* True when going on would find nothing that anybody reads. */
static bool has_ended(const decoder *d)
{
    return d->status || sv_errors_is_full(d->errors);
}

static bool refuse(decoder *d, sv_error_type type, const sv_loc *where, const sv_value *value)
{
    sv_errors_add(d->errors, type, where, (sv_input){.value = value}, NULL);
    return false;
}

static bool refuse_violation(decoder *d, const sv_violation *violation, const sv_loc *where,
                             const sv_value *value)
{
    sv_errors_add(d->errors, violation->type, where, (sv_input){.value = value},
                  violation->context);
    return false;
}

/* What a custom check said. */
static bool conclude(decoder *d, sv_status status, const sv_check *check, const sv_loc *where,
                     const sv_value *value)
{
    if (!status)
        return true;
    if (status != SV_INVALID)
        return stop(d, status);
    sv_context text = {.kind = SV_CONTEXT_ERROR,
                       .text = check->message.ptr ? check->message : SV_STR("invalid")};
    sv_errors_add(d->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){.value = value}, &text);
    return false;
}

static bool decode_str(decoder *d, const sv_plan_field *field, const sv_value *value,
                       const sv_loc *where, void *out)
{
    sv_violation violation;
    if (sv_value_get_type(value) != SV_VALUE_STR)
        return refuse(d, SV_ERROR_TYPE_STRING_TYPE, where, value);
    sv_str *text = out;
    *text = sv_value_str(value);
    if (!sv_validate_str(field->row, *text, &violation))
        return refuse_violation(d, &violation, where, value);
    if (!field->row->check_str || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return conclude(d, field->row->check_str(&check, text), &check, where, value);
}

static bool decode_item_str(decoder *d, const sv_plan_field *field, const sv_value *value,
                            const sv_loc *where, void *out)
{
    sv_violation violation;
    if (sv_value_get_type(value) != SV_VALUE_STR)
        return refuse(d, SV_ERROR_TYPE_STRING_TYPE, where, value);
    sv_str *text = out;
    *text = sv_value_str(value);
    if (!sv_validate_item_str(field->row, *text, &violation))
        return refuse_violation(d, &violation, where, value);
    if (!field->row->check_item_str || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return conclude(d, field->row->check_item_str(&check, text), &check, where, value);
}

static bool decode_int(decoder *d, const sv_plan_field *field, const sv_value *value,
                       const sv_loc *where, void *out)
{
    sv_violation violation;
    int64_t *number = out;
    sv_error_type error = sv_coerce_int(value, number);
    if (error)
        return refuse(d, error, where, value);
    if (!sv_validate_int(field->row, *number, &violation))
        return refuse_violation(d, &violation, where, value);
    if (!field->row->check_int || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return conclude(d, field->row->check_int(&check, number), &check, where, value);
}

static bool decode_double(decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    sv_violation violation;
    double *number = out;
    sv_error_type error = sv_coerce_double(value, number);
    if (error)
        return refuse(d, error, where, value);
    if (!sv_validate_double(field->row, *number, &violation))
        return refuse_violation(d, &violation, where, value);
    if (!field->row->check_double || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return conclude(d, field->row->check_double(&check, number), &check, where, value);
}

static bool decode_bool(decoder *d, const sv_plan_field *field, const sv_value *value,
                        const sv_loc *where, void *out)
{
    (void)field;
    sv_error_type error = sv_coerce_bool(value, out);
    return error ? refuse(d, error, where, value) : true;
}

static bool decode_enum(decoder *d, const sv_plan_field *field, const sv_value *value,
                        const sv_loc *where, void *out)
{
    const sv_enum *names = field->row->enumeration;
    bool is_text = sv_value_get_type(value) == SV_VALUE_STR;
    for (size_t i = 0; is_text && i < names->n_values; i++) {
        if (sv_str_eq(sv_value_str(value), sv_str_from(names->values[i].name))) {
            memcpy(out, &names->values[i].value, sizeof(int));
            return true;
        }
    }
    sv_violation violation = {SV_ERROR_TYPE_ENUM,
                              {{.kind = SV_CONTEXT_TEXT, .text = field->expected}}};
    return refuse_violation(d, &violation, where, value);
}

static bool decode_nested(decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    return decode_object(d, field->plan, value, where, out);
}

/* A member `struct T *`. */
static bool decode_pointer(decoder *d, const sv_plan_field *field, const sv_value *value,
                           const sv_loc *where, void *out)
{
    void *nested = sv_arena_alloc_raw(d->arena, field->plan->schema->size);
    if (!nested)
        return stop(d, SV_NO_MEMORY);
    memcpy(out, &nested, sizeof nested);
    return decode_object(d, field->plan, value, where, nested);
}

static const decode_function item_functions[] = {
    [SV_KIND_STR] = decode_item_str, [SV_KIND_INT] = decode_int,   [SV_KIND_DOUBLE] = decode_double,
    [SV_KIND_BOOL] = decode_bool,    [SV_KIND_ENUM] = decode_enum, [SV_KIND_OBJECT] = decode_nested,
};

static bool decode_items(decoder *d, const sv_plan_field *field, const sv_value *list,
                         const sv_loc *where, char *items)
{
    decode_function decode = item_functions[field->row->item_kind];
    sv_value_cursor cursor = sv_value_walk(list);
    const sv_value *item;
    sv_loc item_where = {.parent = where};
    bool valid = true;
    for (; sv_value_next_item(&cursor, &item) && !has_ended(d); items += field->item_size) {
        valid &= decode(d, field, item, &item_where, items);
        item_where.index++;
    }
    return valid && !d->status;
}

static bool decode_list(decoder *d, const sv_plan_field *field, const sv_value *value,
                        const sv_loc *where, void *out)
{
    sv_violation violation;
    if (sv_value_get_type(value) != SV_VALUE_ARRAY)
        return refuse(d, SV_ERROR_TYPE_LIST_TYPE, where, value);
    size_t n_items = sv_value_len(value);
    if (!sv_validate_max_items(field->row, n_items, &violation))
        return refuse_violation(d, &violation, where, value);
    sv_strs *list = out; /* every SV_LIST is a pointer and a count */
    list->items = NULL;
    list->len = n_items;
    if (n_items && !(list->items = sv_arena_alloc_array(d->arena, n_items, field->item_size)))
        return stop(d, SV_NO_MEMORY);
    if (!decode_items(d, field, value, where, (char *)list->items))
        return false;
    return sv_validate_min_items(field->row, n_items, &violation) ||
           refuse_violation(d, &violation, where, value);
}

static const decode_function member_functions[] = {
    [SV_KIND_STR] = decode_str,       [SV_KIND_INT] = decode_int,
    [SV_KIND_DOUBLE] = decode_double, [SV_KIND_BOOL] = decode_bool,
    [SV_KIND_ENUM] = decode_enum,     [SV_KIND_LIST] = decode_list,
    [SV_KIND_OBJECT] = decode_nested,
};

/* Decodes one member that is there into its struct. */
static bool decode_member(decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, char *structure)
{
    const sv_field *row = field->row;
    if (field->takes_null && sv_value_get_type(value) == SV_VALUE_NULL) {
        memset(structure + row->offset, 0, row->size);
        return true;
    }
    if (row->nullable && row->kind == SV_KIND_OBJECT)
        return decode_pointer(d, field, value, where, structure + row->offset);
    if (row->nullable)
        *(bool *)(structure + row->offset) = true; /* `set`, the first member of each sv_opt_… */
    return member_functions[row->kind](d, field, value, where, structure + field->value_offset);
}

/* Decodes one member, there or not; `container`: what a missing member is missing from. */
static bool decode_or_default(decoder *d, const sv_decode_member *member, const sv_value *container,
                              char *structure)
{
    sv_loc where = {.parent = member->place, .name = member->field->name};
    if (member->value)
        return decode_member(d, member->field, member->value, &where, structure);
    return member->field->required ? refuse(d, SV_ERROR_TYPE_MISSING, &where, container) : true;
}

static bool run_whole_check(decoder *d, const sv_plan *plan, const sv_value *value,
                            const sv_loc *where, void *structure)
{
    if (!plan->schema->check || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return conclude(d, plan->schema->check(&check, structure), &check, where, value);
}

/* Room for the values of `n` more members; their index in `found`. */
static bool open_found(decoder *d, size_t n, size_t *ret_first)
{
    if (d->n_found + n > d->capacity) {
        size_t capacity = 2 * (d->n_found + n);
        const sv_value **grown = sv_arena_alloc_array(d->arena, capacity, sizeof *grown);
        if (!grown)
            return stop(d, SV_NO_MEMORY);
        if (d->n_found)
            memcpy(grown, d->found, d->n_found * sizeof *grown);
        d->found = grown;
        d->capacity = capacity;
    }
    for (size_t i = 0; i < n; i++)
        d->found[d->n_found + i] = NULL;
    *ret_first = d->n_found;
    d->n_found += n;
    return true;
}

/* The row called `name`, looked for from `guess` on; n_fields when there is none. */
static size_t find_field(const sv_plan *plan, size_t guess, sv_str name)
{
    if (guess < plan->n_fields && sv_str_eq(plan->fields[guess].name, name))
        return guess;
    for (size_t i = 0; i < plan->n_fields; i++)
        if (sv_str_eq(plan->fields[i].name, name))
            return i;
    return plan->n_fields;
}

/* Finds the value of each row; of a name that comes twice the last one counts. True when there were
 * members that no row knows. */
static bool match_members(const sv_plan *plan, const sv_value *object, const sv_value **found)
{
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str name;
    const sv_value *value;
    bool has_extra = false;
    size_t guess = 0;
    while (sv_value_next_member(&cursor, &name, &value)) {
        size_t at = find_field(plan, guess, name);
        if (at < plan->n_fields)
            found[at] = value;
        else
            has_extra = true;
        guess = at + 1;
    }
    return has_extra;
}

/* Members that no row knows, each once, at the place it came first, with its last value. */
static bool refuse_extra(decoder *d, const sv_plan *plan, const sv_value *object,
                         const sv_loc *where)
{
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str name;
    const sv_value *value;
    size_t first_error = d->errors->count;
    while (!has_ended(d) && sv_value_next_member(&cursor, &name, &value)) {
        bool is_known = find_field(plan, 0, name) < plan->n_fields;
        if (is_known || sv_errors_names(d->errors, first_error, name))
            continue;
        sv_loc extra_where = {.parent = where, .name = name};
        refuse(d, SV_ERROR_TYPE_EXTRA_FORBIDDEN, &extra_where, sv_value_get(object, name));
    }
    return false;
}

static bool decode_fields(decoder *d, const sv_plan *plan, const sv_value *object,
                          const sv_loc *where, char *out)
{
    size_t first;
    if (!open_found(d, plan->n_fields, &first))
        return false;
    bool has_extra = match_members(plan, object, d->found + first);
    bool valid = true;
    for (size_t i = 0; i < plan->n_fields && !has_ended(d); i++) {
        sv_decode_member member = {&plan->fields[i], d->found[first + i], where};
        valid &= decode_or_default(d, &member, object, out);
    }
    d->n_found = first;
    if (has_extra && plan->schema->extra == SV_EXTRA_FORBID)
        return refuse_extra(d, plan, object, where);
    return valid && !has_ended(d) && run_whole_check(d, plan, object, where, out);
}

static bool decode_object(decoder *d, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, void *out)
{
    if (sv_value_get_type(value) != SV_VALUE_OBJECT)
        return refuse(d, SV_ERROR_TYPE_MODEL_ATTRIBUTES_TYPE, where, value);
    if (d->depth == SV_DECODE_MAX_DEPTH)
        return refuse(d, SV_ERROR_TYPE_RECURSION_DEPTH_EXCEEDED, where, value);
    if (!plan->defaults) /* at start only: a default that contains itself */
        return stop(d, SV_UNSUPPORTED);
    memcpy(out, plan->defaults, plan->schema->size);
    d->depth++;
    bool valid = decode_fields(d, plan, value, where, out);
    d->depth--;
    return valid;
}

static sv_status finish(const decoder *d, bool valid)
{
    if (d->status)
        return d->status;
    return d->errors->status == SV_NO_MEMORY ? SV_NO_MEMORY : valid ? SV_OK : SV_INVALID;
}

/* The whole, at a place. */
static sv_status decode_whole(decoder *d, const sv_plan *plan, const sv_value *value,
                              const sv_loc *place, void **ret_struct)
{
    void *decoded = sv_arena_alloc_raw(d->arena, plan->schema->size);
    if (!decoded)
        return SV_NO_MEMORY;
    sv_status status = finish(d, decode_object(d, plan, value, place, decoded));
    if (!status)
        *ret_struct = decoded;
    return status;
}

sv_status sv_decode_value(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                          sv_errors *errors, void **ret_struct)
{
    static const sv_loc place = {.name = SV_STR_INIT("value")};
    decoder d = {.arena = arena, .errors = errors};
    return decode_whole(&d, plan, value, &place, ret_struct);
}

sv_status sv_decode_body(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                         sv_errors *errors, void **ret_struct)
{
    static const sv_loc place = {.name = SV_STR_INIT("body")};
    decoder d = {.arena = arena, .errors = errors};
    if (value)
        return decode_whole(&d, plan, value, &place, ret_struct);
    return finish(&d, refuse(&d, SV_ERROR_TYPE_MISSING, &place, NULL));
}

sv_status sv_decode_members(sv_arena *arena, const sv_plan *plan, const sv_decode_member *members,
                            sv_errors *errors, void **ret_struct)
{
    decoder d = {.arena = arena, .errors = errors};
    void *decoded = sv_arena_alloc_raw(arena, plan->schema->size);
    if (!decoded)
        return SV_NO_MEMORY;
    memcpy(decoded, plan->defaults, plan->schema->size);
    bool valid = true;
    const sv_loc *place = NULL;
    for (size_t i = 0; i < plan->n_fields && !has_ended(&d); i++) {
        place = members[i].place;
        valid &= decode_or_default(&d, &members[i], NULL, decoded);
    }
    valid = valid && !has_ended(&d) && run_whole_check(&d, plan, NULL, place, decoded);
    sv_status status = finish(&d, valid);
    if (!status)
        *ret_struct = decoded;
    return status;
}

sv_status sv_decode_default(sv_arena *arena, const sv_plan_field *field, const sv_value *value,
                            sv_errors *errors, void *structure)
{
    decoder d = {.arena = arena, .errors = errors, .skips_checks = true};
    sv_loc where = {.name = field->name};
    bool valid = decode_member(&d, field, value, &where, structure);
    return finish(&d, valid);
}
