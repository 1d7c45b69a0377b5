/* decode_map.c: objects with names of the client's choice: maps, and the members of a struct that
 * its schema does not know. */
#include "base/decimal.h"
#include "json/decoder.h"
#include "json/distinct.h"
#include "json/layout.h"
#include "json/uuid.h"

enum { MAX_INT_TEXT = 24 };

/* A member as the text has it; its name is at the front, as in an SV_MAP. */
typedef struct given {
    sv_str name;
    const sv_value *value;
} given;

/* The members of an object, each name once. */
static bool list_members(sv_decoder *d, const sv_value *object, sv_layout_list *ret_members)
{
    size_t n = sv_value_len(object), at = 0;
    given *members = sv_arena_alloc_array(d->arena, n, sizeof *members);
    if (!members)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    sv_value_cursor cursor = sv_value_walk(object);
    while (at < n && sv_value_next_member(&cursor, &members[at].name, &members[at].value))
        at++;
    *ret_members = (sv_layout_list){(char *)members, n};
    return !sv_distinct_entries(d->arena, sizeof *members, ret_members) ||
           sv_decoder_stop(d, SV_NO_MEMORY);
}

/* A key that is no plain text is kept in its one normal form. */
static bool print_key(sv_decoder *d, sv_kind kind, const void *decoded, sv_str *ret_key)
{
    char uuid[SV_UUID_TEXT_LEN];
    if (kind == SV_KIND_INT) {
        *ret_key = sv_arena_printf(d->arena, "%lld", (long long)*(const int64_t *)decoded);
    } else if (kind == SV_KIND_UUID) {
        sv_uuid_print(decoded, uuid);
        *ret_key = sv_arena_copy(d->arena, (sv_str){uuid, sizeof uuid});
    }
    return ret_key->ptr || sv_decoder_stop(d, SV_NO_MEMORY);
}

static bool decode_key(sv_decoder *d, const sv_plan_field *key, sv_str name, const sv_loc *where,
                       sv_str *ret_key)
{
    *ret_key = name;
    if (!key)
        return true;
    union {
        sv_str text;
        int64_t number;
        int choice;
        sv_uuid uuid;
    } decoded;
    const sv_loc key_where = {.parent = where, .name = SV_STR_INIT("[key]")};
    const sv_value *value = sv_value_from_str(d->arena, name);
    if (!value)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    if (!sv_decode_slot(d, key, value, &key_where, (char *)&decoded))
        return false;
    if (key->kind == SV_KIND_STR)
        *ret_key = decoded.text;
    return print_key(d, key->kind, &decoded, ret_key);
}

static bool decode_entries(sv_decoder *d, const sv_plan_field *field, const sv_layout_list *members,
                           const sv_loc *where, char *entry)
{
    const given *member = (const given *)(const void *)members->items;
    bool valid = true;
    for (size_t i = 0; i < members->len && !sv_decoder_has_ended(d); i++, member++) {
        sv_loc entry_where = {.parent = where, .name = member->name};
        valid &= decode_key(d, field->map_key, member->name, &entry_where, (sv_str *)(void *)entry);
        valid &= sv_decode_slot(d, field->item, member->value, &entry_where,
                                entry + SV_LAYOUT_MAP_VALUE);
        entry += field->item_size;
    }
    return valid && !sv_decoder_has_ended(d);
}

bool sv_decode_map(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                   const sv_loc *where, void *out)
{
    sv_violation violation;
    sv_layout_list members, *map = out;
    if (sv_value_get_type(value) != SV_VALUE_OBJECT)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_DICT_TYPE, where, value);
    if (!list_members(d, value, &members))
        return false;
    *map = (sv_layout_list){NULL, members.len};
    if (map->len && !(map->items = sv_arena_alloc_array(d->arena, map->len, field->item_size)))
        return sv_decoder_stop(d, SV_NO_MEMORY);
    if (!decode_entries(d, field, &members, where, map->items))
        return false;
    if (field->map_key && sv_distinct_entries(d->arena, field->item_size, map))
        return sv_decoder_stop(d, SV_NO_MEMORY);
    if (!sv_validate_max_items(field->row, map->len, &violation) ||
        !sv_validate_min_items(field->row, map->len, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, value);
    return true;
}

/* Of a row, or of one that would be found by its alias, which is not there. */
static bool is_known(const sv_plan *plan, const sv_value *object, sv_str name)
{
    for (size_t i = 0; i < plan->n_fields; i++) {
        const sv_plan_field *field = &plan->fields[i];
        if (sv_str_eq(field->name, name))
            return true;
        if (field->own_name.ptr && sv_str_eq(field->own_name, name))
            return !sv_value_get(object, field->name);
    }
    return false;
}

bool sv_decode_map_extras(sv_decoder *d, const sv_plan *plan, const sv_value *object,
                          sv_extras *ret_extras)
{
    sv_layout_list members;
    if (!list_members(d, object, &members))
        return false;
    const given *member = (const given *)(const void *)members.items;
    ret_extras->len = 0;
    ret_extras->items = sv_arena_alloc_array(d->arena, members.len, sizeof *ret_extras->items);
    if (!ret_extras->items)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    for (size_t i = 0; i < members.len; i++, member++) {
        if (is_known(plan, object, member->name))
            continue;
        ret_extras->items[ret_extras->len].key = member->name;
        ret_extras->items[ret_extras->len].value.text = sv_decode_text_of(d, member->value);
        ret_extras->len++;
        if (d->status)
            return false;
    }
    return true;
}
