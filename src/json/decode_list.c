/* decode_list.c: lists, sets, fixed arrays and tuples. Which items of a set are the same:
 * distinct.c. */
#include "json/decoder.h"
#include "json/distinct.h"
#include "json/layout.h"

/* Decodes every item to its place. */
static bool decode_items(sv_decoder *d, const sv_plan_field *field, const sv_value *list,
                         const sv_loc *where, char *items)
{
    sv_value_cursor cursor = sv_value_walk(list);
    const sv_value *item;
    sv_loc item_where = {.parent = where};
    bool valid = true;
    for (; sv_value_next_item(&cursor, &item) && !sv_decoder_has_ended(d);
         items += field->item_size) {
        valid &= sv_decode_slot(d, field->item, item, &item_where, items);
        item_where.index++;
    }
    return valid && !d->status;
}

/* Room for the items; false: the decoder has stopped. */
static bool open_list(sv_decoder *d, const sv_plan_field *field, size_t n_items,
                      sv_layout_list *list)
{
    *list = (sv_layout_list){NULL, n_items};
    if (n_items && !(list->items = sv_arena_alloc_array(d->arena, n_items, field->item_size)))
        return sv_decoder_stop(d, SV_NO_MEMORY);
    return true;
}

/* Keeps the valid items only; how many. */
static size_t decode_valid_items(sv_decoder *d, const sv_plan_field *field, const sv_value *set,
                                 const sv_loc *where, char *items)
{
    sv_value_cursor cursor = sv_value_walk(set);
    const sv_value *item;
    sv_loc item_where = {.parent = where};
    size_t n_valid = 0;
    while (sv_value_next_item(&cursor, &item) && !d->status) {
        n_valid +=
            sv_decode_slot(d, field->item, item, &item_where, items + n_valid * field->item_size);
        item_where.index++;
    }
    return n_valid;
}

static bool decode_set(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                       const sv_loc *where, sv_layout_list *set)
{
    sv_violation violation;
    size_t first_error = d->errors->count, n_items = sv_value_len(value);
    if (!open_list(d, field, n_items, set))
        return false;
    set->len = decode_valid_items(d, field, value, where, set->items);
    if (d->status)
        return false;
    bool valid = set->len == n_items;
    if (sv_distinct_items(d->arena, field, set))
        return sv_decoder_stop(d, SV_NO_MEMORY);
    if (!sv_validate_max_items(field->row, set->len, &violation)) {
        sv_errors_cut(d->errors, first_error);
        return sv_decoder_refuse_violation(d, &violation, where, value);
    }
    return valid && (sv_validate_min_items(field->row, set->len, &violation) ||
                     sv_decoder_refuse_violation(d, &violation, where, value));
}

bool sv_decode_list(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                    const sv_loc *where, void *out)
{
    sv_violation violation;
    bool is_array = sv_value_get_type(value) == SV_VALUE_ARRAY;
    if (field->row->unique) {
        sv_decoder_floor(d, SV_EXACTNESS_LAX);
        return is_array && (!field->strict || d->skips_checks)
                   ? decode_set(d, field, value, where, out)
                   : sv_decoder_refuse(d, SV_ERROR_TYPE_SET_TYPE, where, value);
    }
    if (!is_array)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_LIST_TYPE, where, value);
    size_t n_items = sv_value_len(value);
    if (!sv_validate_max_items(field->row, n_items, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, value);
    sv_layout_list *list = out;
    if (!open_list(d, field, n_items, list) || !decode_items(d, field, value, where, list->items))
        return false;
    return sv_validate_min_items(field->row, n_items, &violation) ||
           sv_decoder_refuse_violation(d, &violation, where, value);
}

/* An array of exactly so many items, which may be refused as a whole. */
static bool is_tuple(sv_decoder *d, bool strict, size_t n, const sv_value *value,
                     const sv_loc *where)
{
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    if (sv_value_get_type(value) != SV_VALUE_ARRAY || (strict && !d->skips_checks))
        return sv_decoder_refuse(d, SV_ERROR_TYPE_TUPLE_TYPE, where, value);
    if (sv_value_len(value) <= n)
        return true;
    sv_violation violation = sv_validate_too_long("Tuple", n, sv_value_len(value));
    return sv_decoder_refuse_violation(d, &violation, where, value);
}

bool sv_decode_list_array(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    if (!is_tuple(d, field->strict, field->n_items, value, where))
        return false;
    bool valid = decode_items(d, field, value, where, out);
    for (size_t i = sv_value_len(value); i < field->n_items; i++) {
        sv_loc item_where = {.parent = where, .index = i};
        valid = sv_decoder_refuse(d, SV_ERROR_TYPE_MISSING, &item_where, value);
    }
    return valid;
}

bool sv_decode_list_tuple(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, void *out)
{
    const sv_value *item = NULL;
    bool valid = true;
    if (!is_tuple(d, plan->schema->strict, plan->n_fields, value, where))
        return false;
    sv_value_cursor cursor = sv_value_walk(value);
    for (size_t i = 0; i < plan->n_fields && !sv_decoder_has_ended(d); i++) {
        sv_loc item_where = {.parent = where, .index = i};
        if (sv_value_next_item(&cursor, &item))
            valid &= sv_decode_slot(d, &plan->fields[i], item, &item_where, out);
        else if (plan->fields[i].required)
            valid = sv_decoder_refuse(d, SV_ERROR_TYPE_MISSING, &item_where, value);
    }
    return valid;
}
