/* params.c: path and query parameters -> struct. Collects each field's value and its place;
 * decode.c does the rest. Percent-decoding: http/message.c. */
#include "json/params.h"

#include "json/decode.h"

static const sv_loc path_place = {.name = SV_STR_INIT("path")};
static const sv_loc query_place = {.name = SV_STR_INIT("query")};

static bool is_named(const sv_param *param, const sv_plan_field *field, sv_place in)
{
    return param->in == in && sv_str_eq(param->name, field->name);
}

static const sv_param *find_last(const sv_params *params, const sv_plan_field *field, sv_place in)
{
    for (size_t i = params->len; i > 0; i--)
        if (is_named(&params->items[i - 1], field, in))
            return &params->items[i - 1];
    return NULL;
}

static sv_place place_of(const sv_params *params, const sv_plan_field *field)
{
    if (field->row->in != SV_IN_AUTO)
        return field->row->in;
    return find_last(params, field, SV_IN_PATH) ? SV_IN_PATH : SV_IN_QUERY;
}

/* Every value of a list's name; NULL when out of memory. */
static const sv_value *collect_list(sv_arena *arena, const sv_params *params,
                                    const sv_plan_field *field, sv_place in)
{
    size_t n = 0;
    for (size_t i = 0; i < params->len; i++)
        n += is_named(&params->items[i], field, in);
    sv_str *texts = sv_arena_alloc_array(arena, n, sizeof *texts);
    if (!texts)
        return NULL;
    n = 0;
    for (size_t i = 0; i < params->len; i++)
        if (is_named(&params->items[i], field, in))
            texts[n++] = params->items[i].value;
    return sv_value_from_strs(arena, texts, n);
}

static sv_status find_member(sv_arena *arena, const sv_params *params, sv_decode_member *member)
{
    sv_place in = place_of(params, member->field);
    const sv_param *last = find_last(params, member->field, in);
    member->place = in == SV_IN_PATH ? &path_place : &query_place;
    if (!last)
        return SV_OK;
    bool is_list = member->field->row->kind == SV_KIND_LIST;
    member->value = is_list ? collect_list(arena, params, member->field, in)
                            : sv_value_from_str(arena, last->value);
    return member->value ? SV_OK : SV_NO_MEMORY;
}

/* Moves the members of the path before those of the query; the order of the rows stays. */
static void sort_by_place(const sv_decode_member *members, size_t n, sv_decode_member *ret_sorted)
{
    const sv_loc *order[] = {&path_place, &query_place};
    size_t at = 0;
    for (size_t place = 0; place < 2; place++)
        for (size_t i = 0; i < n; i++)
            if (members[i].place == order[place])
                ret_sorted[at++] = members[i];
}

static bool is_known(const sv_plan *plan, sv_str name)
{
    for (size_t i = 0; i < plan->n_fields; i++)
        if (sv_str_eq(plan->fields[i].name, name))
            return true;
    return false;
}

static sv_status refuse_extra(sv_arena *arena, const sv_plan *plan, const sv_params *params,
                              sv_errors *errors)
{
    size_t first_error = errors->count;
    for (size_t i = 0; i < params->len && !sv_errors_is_full(errors); i++) {
        const sv_param *param = &params->items[i];
        bool is_extra = param->in == SV_IN_QUERY && !is_known(plan, param->name);
        if (!is_extra || sv_errors_names(errors, first_error, param->name))
            continue;
        const sv_loc where = {.parent = &query_place, .name = param->name};
        const sv_value *value = sv_value_from_str(arena, param->value);
        if (!value)
            return SV_NO_MEMORY;
        sv_errors_add(errors, SV_ERROR_TYPE_EXTRA_FORBIDDEN, &where, (sv_input){.value = value},
                      NULL);
    }
    return errors->count > first_error ? errors->status : SV_OK;
}

sv_status sv_params_decode(sv_arena *arena, const sv_plan *plan, const sv_params *params,
                           sv_errors *errors, void **ret_struct)
{
    size_t n = plan->n_fields;
    sv_decode_member *members = sv_arena_alloc_array(arena, 2 * n, sizeof *members);
    if (!members)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        members[i].field = &plan->fields[i];
        if (find_member(arena, params, &members[i]))
            return SV_NO_MEMORY;
    }
    sort_by_place(members, n, members + n);
    sv_status status = sv_decode_members(arena, plan, members + n, errors, ret_struct);
    if ((status && status != SV_INVALID) || plan->schema->extra != SV_EXTRA_FORBID)
        return status;
    sv_status of_extra = refuse_extra(arena, plan, params, errors);
    return of_extra ? of_extra : status;
}
