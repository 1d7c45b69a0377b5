/* decode.c: JSON value + plan -> struct in an arena: members, defaults, null, custom checks, every
 * mistake with its path. Single kinds: the decode_*.c; limits: validate.c.
 *
 * DESIGN. One walk over the document. An object's struct starts as a copy of its plan's defaults;
 * its members are matched to rows first (names usually come in the order of the rows, so the first
 * guess fits) and then decoded in the order of the rows, which is the order of the errors. Paths
 * are chains on the C stack and cost nothing while all is well. A kind is one function and one row
 * of a table. */
#include "json/decode.h"

#include <string.h>

#include "json/check.h"
#include "json/decoder.h"
#include "json/layout.h"

static bool decode_nested(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    return sv_decode_object(d, field->plan, value, where, out);
}

/* A member `struct T *`. */
static bool decode_pointer(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                           const sv_loc *where, void *out)
{
    void *nested = sv_arena_alloc_raw(d->arena, field->plan->schema->size);
    if (!nested)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    memcpy(out, &nested, sizeof nested);
    return sv_decode_object(d, field->plan, value, where, nested);
}

/* A file in JSON, or a text where the form should have a file. */
static bool refuse_file(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                        const sv_loc *where, void *out)
{
    (void)field, (void)out;
    sv_context text = {.kind = SV_CONTEXT_ERROR,
                       .text = SV_STR("Expected UploadFile, received: <class 'str'>")};
    sv_errors_add(d->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){.value = value}, &text);
    return false;
}

sv_decode_function *const sv_decode_functions[] = {
    [SV_KIND_STR] = sv_decode_scalar_str,
    [SV_KIND_INT] = sv_decode_scalar_int,
    [SV_KIND_DOUBLE] = sv_decode_scalar_double,
    [SV_KIND_BOOL] = sv_decode_scalar_bool,
    [SV_KIND_ENUM] = sv_decode_choice,
    [SV_KIND_OBJECT] = decode_nested,
    [SV_KIND_LIST] = sv_decode_list,
    [SV_KIND_MAP] = sv_decode_map,
    [SV_KIND_ARRAY] = sv_decode_list_array,
    [SV_KIND_DATETIME] = sv_decode_moment_datetime,
    [SV_KIND_DATE] = sv_decode_moment_date,
    [SV_KIND_TIME] = sv_decode_moment_time,
    [SV_KIND_DURATION] = sv_decode_moment_duration,
    [SV_KIND_UUID] = sv_decode_text_uuid,
    [SV_KIND_BYTES] = sv_decode_text_bytes,
    [SV_KIND_DECIMAL] = sv_decode_text_decimal,
    [SV_KIND_JSON] = sv_decode_text_json,
    [SV_KIND_FILE] = refuse_file,
};

static bool run_check(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                      const sv_loc *where, void *out)
{
    sv_check check = {.arena = d->arena};
    return d->skips_checks ||
           sv_decoder_conclude(d, field->row->check(&check, out), &check, where, value);
}

bool sv_decode_careful(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                       const sv_loc *where, char *structure)
{
    const sv_field *row = field->row;
    char *out = structure + field->value_offset;
    if (field->takes_null && sv_value_get_type(value) == SV_VALUE_NULL) {
        memset(structure + row->offset, 0, row->size);
        return true;
    }
    if (row->nullable && field->kind == SV_KIND_OBJECT) {
        if (!decode_pointer(d, field, value, where, out))
            return false;
        return !row->check || run_check(d, field, value, where, *(void **)(void *)out);
    }
    if (row->nullable)
        *(bool *)(structure + row->offset) = true; /* `set`, the first member of each SV_OPT */
    if (!sv_decode_functions[field->kind](d, field, value, where, out))
        return false;
    return !row->check || run_check(d, field, value, where, out);
}

static bool make_default(sv_decoder *d, const sv_plan_field *field, char *structure)
{
    const sv_field *row = field->row;
    sv_check check = {.arena = d->arena};
    void *out = structure + field->value_offset;
    if (row->nullable && field->kind == SV_KIND_OBJECT) {
        void *nested = sv_arena_alloc(d->arena, field->plan->schema->size);
        if (!nested)
            return sv_decoder_stop(d, SV_NO_MEMORY);
        memcpy(out, &nested, sizeof nested);
        out = nested;
    } else if (row->nullable) {
        *(bool *)(structure + row->offset) = true;
    }
    sv_status status = row->default_factory(&check, out);
    return !status || sv_decoder_stop(d, status == SV_INVALID ? SV_FAILED : status);
}

/* The files of a list, and complaints about the texts among them. */
static bool keep_file_items(sv_decoder *d, const sv_decode_member *member, const sv_loc *where,
                            char *items)
{
    const sv_plan_field *item = member->field->item;
    sv_value_cursor cursor = sv_value_walk(member->value);
    bool valid = true;
    for (size_t i = 0; i < member->n_files; i++) {
        const sv_value *text = NULL;
        sv_loc item_where = {.parent = where, .index = i};
        sv_value_next_item(&cursor, &text);
        if (member->files[i])
            memcpy(items + i * member->field->item_size, member->files[i], sizeof(sv_file));
        else
            valid = refuse_file(d, item, text, &item_where, NULL);
    }
    return valid;
}

static bool keep_files(sv_decoder *d, const sv_decode_member *member, const sv_loc *where,
                       char *structure)
{
    const sv_plan_field *field = member->field;
    sv_layout_list *list = (void *)(structure + field->value_offset);
    sv_violation violation;
    if (field->row->nullable)
        *(bool *)(structure + field->row->offset) = true;
    if (!field->item) {
        memcpy(list, member->files[0], sizeof(sv_file));
        return true;
    }
    if (!sv_validate_max_items(field->row, member->n_files, &violation) ||
        !sv_validate_min_items(field->row, member->n_files, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, member->value);
    list->len = member->n_files;
    list->items = sv_arena_alloc_array(d->arena, list->len, field->item_size);
    if (!list->items)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    return keep_file_items(d, member, where, list->items);
}

/* `container`: what a missing member is missing from; NULL: the request. */
static bool decode_absent(sv_decoder *d, const sv_plan_field *field, const sv_value *container,
                          const sv_loc *where, char *structure)
{
    if (field->row->default_factory)
        return make_default(d, field, structure);
    return !field->required || sv_decoder_refuse(d, SV_ERROR_TYPE_MISSING, where, container);
}

/* Decodes one member, there or not, that came by itself. */
static bool decode_or_default(sv_decoder *d, const sv_decode_member *member, char *structure)
{
    const sv_plan_field *field = member->field;
    sv_loc where = {.parent = member->place, .name = member->name};
    if (member->n_files)
        return keep_files(d, member, &where, structure);
    if (member->value)
        return sv_decode_slot(d, field, member->value, &where, structure);
    return decode_absent(d, field, NULL, &where, structure);
}

static bool run_whole_check(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                            const sv_loc *where, void *structure)
{
    if (!plan->schema->check || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return sv_decoder_conclude(d, plan->schema->check(&check, structure), &check, where, value);
}

/* Room for the values of `n` more members; their index in `found`. */
static bool open_found(sv_decoder *d, size_t n, size_t *ret_first)
{
    if (d->n_found + n > d->capacity) {
        size_t capacity = 2 * (d->n_found + n);
        const sv_value **grown = sv_arena_alloc_array(d->arena, capacity, sizeof *grown);
        if (!grown)
            return sv_decoder_stop(d, SV_NO_MEMORY);
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

/* Whether it stands for a member whose alias is not there. */
static bool is_own_name(const sv_plan *plan, const sv_value *object, sv_str name)
{
    for (size_t i = 0; plan->schema->by_name_too && i < plan->n_fields; i++)
        if (plan->fields[i].own_name.ptr && sv_str_eq(plan->fields[i].own_name, name))
            return !sv_value_get(object, plan->fields[i].name);
    return false;
}

/* Members that no row knows, each once, at the place it came first, with its last value. */
static bool refuse_extra(sv_decoder *d, const sv_plan *plan, const sv_value *object,
                         const sv_loc *where)
{
    sv_value_cursor cursor = sv_value_walk(object);
    sv_str name;
    const sv_value *value;
    size_t first_error = d->errors->count;
    while (!sv_decoder_has_ended(d) && sv_value_next_member(&cursor, &name, &value)) {
        bool is_known =
            find_field(plan, 0, name) < plan->n_fields || is_own_name(plan, object, name);
        if (is_known || sv_errors_names(d->errors, first_error, name))
            continue;
        sv_loc extra_where = {.parent = where, .name = name};
        sv_decoder_refuse(d, SV_ERROR_TYPE_EXTRA_FORBIDDEN, &extra_where,
                          sv_value_get(object, name));
    }
    return d->errors->count == first_error;
}

/* A member whose name on the wire is not there: under its own name, or absent. */
static bool decode_unnamed(sv_decoder *d, const sv_plan_field *field, const sv_value *object,
                           sv_loc *where, char *out)
{
    const sv_value *value = field->own_name.ptr ? sv_value_get(object, field->own_name) : NULL;
    if (!value)
        return decode_absent(d, field, object, where, out);
    where->name = field->own_name;
    d->n_given++;
    return sv_decode_slot(d, field, value, where, out);
}

static bool decode_members(sv_decoder *d, const sv_plan *plan, const sv_value *object,
                           const sv_loc *where, char *out)
{
    bool valid = true;
    size_t first = d->n_found - plan->n_fields;
    if (d->n_given < 0)
        d->n_given = 0;
    for (size_t i = 0; i < plan->n_fields && !sv_decoder_has_ended(d); i++) {
        const sv_plan_field *field = &plan->fields[i];
        const sv_value *value = d->found[first + i];
        sv_loc member_where = {.parent = where, .name = field->name};
        d->n_given += value != NULL;
        valid &= value ? sv_decode_slot(d, field, value, &member_where, out)
                       : decode_unnamed(d, field, object, &member_where, out);
    }
    return valid;
}

static bool decode_extra(sv_decoder *d, const sv_plan *plan, const sv_value *object,
                         const sv_loc *where, char *out)
{
    switch (plan->schema->extra) {
    case SV_EXTRA_IGNORE:
        break;
    case SV_EXTRA_FORBID:
        return refuse_extra(d, plan, object, where);
    case SV_EXTRA_ALLOW:
        return !plan->extras ||
               sv_decode_map_extras(d, plan, object,
                                    (sv_extras *)(void *)(out + plan->extras->row->offset));
    }
    return true;
}

static bool decode_fields(sv_decoder *d, const sv_plan *plan, const sv_value *object,
                          const sv_loc *where, char *out)
{
    size_t first = 0;
    if (!open_found(d, plan->n_fields, &first))
        return false;
    bool has_extra = match_members(plan, object, d->found + first);
    bool valid = decode_members(d, plan, object, where, out);
    d->n_found = first;
    if (has_extra)
        valid &= decode_extra(d, plan, object, where, out);
    return valid && !sv_decoder_has_ended(d);
}

static bool decode_model(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                         const sv_loc *where, char *out)
{
    if (sv_value_get_type(value) != SV_VALUE_OBJECT)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_MODEL_ATTRIBUTES_TYPE, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_STRICT);
    return decode_fields(d, plan, value, where, out);
}

static bool decode_shape(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                         const sv_loc *where, char *out)
{
    switch (plan->schema->shape) {
    case SV_SHAPE_OBJECT:
        break;
    case SV_SHAPE_TUPLE:
        return sv_decode_list_tuple(d, plan, value, where, out);
    case SV_SHAPE_ROOT:
        sv_decoder_floor(d, SV_EXACTNESS_STRICT);
        return sv_decode_slot(d, &plan->fields[0], value, where, out);
    case SV_SHAPE_UNION:
        return sv_decode_union(d, plan, value, where, out);
    }
    return decode_model(d, plan, value, where, out);
}

bool sv_decode_object(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                      const sv_loc *where, void *out)
{
    if (d->depth == SV_DECODE_MAX_DEPTH)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_RECURSION_DEPTH_EXCEEDED, where, value);
    if (!plan->defaults) /* at start only: a default that contains itself */
        return sv_decoder_stop(d, SV_UNSUPPORTED);
    memcpy(out, plan->defaults, plan->schema->size);
    d->depth++;
    bool valid = decode_shape(d, plan, value, where, out);
    d->depth--;
    return valid && run_whole_check(d, plan, value, where, out);
}

static sv_status finish(const sv_decoder *d, bool valid)
{
    if (d->status)
        return d->status;
    return d->errors->status == SV_NO_MEMORY ? SV_NO_MEMORY : valid ? SV_OK : SV_INVALID;
}

/* The whole, at a place. */
static sv_status decode_whole(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                              const sv_loc *place, void **ret_struct)
{
    void *decoded = sv_arena_alloc_raw(d->arena, plan->schema->size);
    if (!decoded)
        return SV_NO_MEMORY;
    sv_status status = finish(d, sv_decode_object(d, plan, value, place, decoded));
    if (!status)
        *ret_struct = decoded;
    return status;
}

sv_status sv_decode_value(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                          sv_errors *errors, void **ret_struct)
{
    static const sv_loc place = {.name = SV_STR_INIT("value")};
    sv_decoder d = {.arena = arena, .errors = errors};
    return decode_whole(&d, plan, value, &place, ret_struct);
}

/* A struct from members that came one by one. */
static sv_status decode_given(sv_decoder *d, const sv_plan *plan, const sv_decode_member *members,
                              void **ret_struct)
{
    void *decoded = sv_arena_alloc_raw(d->arena, plan->schema->size);
    if (!decoded)
        return SV_NO_MEMORY;
    memcpy(decoded, plan->defaults, plan->schema->size);
    bool valid = true;
    const sv_loc *place = NULL;
    for (size_t i = 0; i < plan->n_fields && !sv_decoder_has_ended(d); i++) {
        place = members[i].place;
        valid &= decode_or_default(d, &members[i], decoded);
    }
    valid = valid && !sv_decoder_has_ended(d) && run_whole_check(d, plan, NULL, place, decoded);
    sv_status status = finish(d, valid);
    if (!status)
        *ret_struct = decoded;
    return status;
}

/* A body of several parameters that is no object has none of them, not even by default. */
static sv_status refuse_every(sv_decoder *d, const sv_plan *plan, const sv_loc *place)
{
    for (size_t i = 0; i < plan->n_fields; i++) {
        sv_loc where = {.parent = place, .name = plan->fields[i].name};
        sv_decoder_refuse(d, SV_ERROR_TYPE_MISSING, &where, NULL);
    }
    return finish(d, false);
}

/* Several body parameters: members of one object, each missing by itself. */
static sv_status decode_embedded(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                                 const sv_loc *place, void **ret_struct)
{
    size_t n = plan->n_fields;
    if (value && sv_value_get_type(value) != SV_VALUE_OBJECT)
        return refuse_every(d, plan, place);
    sv_decode_member *members = sv_arena_alloc_array(d->arena, n, sizeof *members);
    if (!members)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        sv_str name = plan->fields[i].name;
        members[i] = (sv_decode_member){.field = &plan->fields[i], .name = name, .place = place};
        members[i].value = value ? sv_value_get(value, name) : NULL;
    }
    return decode_given(d, plan, members, ret_struct);
}

sv_status sv_decode_body(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                         sv_errors *errors, void **ret_struct)
{
    static const sv_loc place = {.name = SV_STR_INIT("body")};
    sv_decoder d = {.arena = arena, .errors = errors};
    if (plan->schema->embed)
        return decode_embedded(&d, plan, value, &place, ret_struct);
    if (value)
        return decode_whole(&d, plan, value, &place, ret_struct);
    return finish(&d, sv_decoder_refuse(&d, SV_ERROR_TYPE_MISSING, &place, NULL));
}

sv_status sv_decode_members(sv_arena *arena, const sv_plan *plan, const sv_decode_member *members,
                            sv_errors *errors, void **ret_struct)
{
    sv_decoder d = {.arena = arena, .errors = errors};
    return decode_given(&d, plan, members, ret_struct);
}

sv_status sv_decode_default(sv_arena *arena, const sv_plan_field *field, const sv_value *value,
                            sv_errors *errors, void *structure)
{
    sv_decoder d = {.arena = arena, .errors = errors, .skips_checks = true};
    sv_loc where = {.name = field->name};
    bool valid = sv_decode_slot(&d, field, value, &where, structure);
    return finish(&d, valid);
}
