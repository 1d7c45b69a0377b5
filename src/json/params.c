/* params.c: path, query, headers, cookies and forms -> struct. Collects each field's values and its
 * place; decode.c does the rest. Taking requests apart: http/. */
#include "json/params.h"

#include "json/decode.h"

/* In FastAPI's order of errors. */
static const sv_loc locs[] = {
    [SV_IN_PATH] = {.name = SV_STR_INIT("path")},
    [SV_IN_QUERY] = {.name = SV_STR_INIT("query")},
    [SV_IN_HEADER] = {.name = SV_STR_INIT("header")},
    [SV_IN_COOKIE] = {.name = SV_STR_INIT("cookie")},
    [SV_IN_FORM] = {.name = SV_STR_INIT("body")},
};

/* The values that one field was given, in the order of the request. */
typedef struct given {
    const sv_param **items;
    size_t len;
} given;

static bool is_named(const sv_param *param, const sv_plan_field *field, sv_place in)
{
    if (param->in != in)
        return false;
    return in == SV_IN_HEADER ? sv_str_eq_nocase(param->name, field->name)
                              : sv_str_eq(param->name, field->name);
}

static bool is_in_path(const sv_params *params, const sv_plan_field *field)
{
    for (size_t i = 0; i < params->len; i++)
        if (is_named(&params->items[i], field, SV_IN_PATH))
            return true;
    return false;
}

static sv_place place_of(const sv_params *params, const sv_plan_field *field)
{
    if (field->row->in != SV_IN_AUTO)
        return field->row->in;
    return is_in_path(params, field) ? SV_IN_PATH : SV_IN_QUERY;
}

static bool is_list(const sv_plan_field *field)
{
    return field->kind == SV_KIND_LIST || field->kind == SV_KIND_ARRAY;
}

/* A form sends every field it has: what was left empty is missing. */
static bool is_left_empty(const sv_param *param, const sv_plan_field *field)
{
    if (param->in != SV_IN_FORM)
        return false;
    if (param->file)
        return !param->file->filename.len && !param->file->content.len;
    return !param->value.len && !is_list(field);
}

/* `items` has room for all parameters. */
static given collect(const sv_params *params, const sv_plan_field *field, sv_place in,
                     const sv_param **items)
{
    given found = {items, 0};
    for (size_t i = 0; i < params->len; i++)
        if (is_named(&params->items[i], field, in))
            items[found.len++] = &params->items[i];
    if (found.len > 1 && !is_list(field)) {
        if (in != SV_IN_HEADER)
            items[0] = items[found.len - 1];
        found.len = 1;
    }
    size_t n = 0;
    for (size_t i = 0; i < found.len; i++)
        if (!is_left_empty(items[i], field))
            items[n++] = items[i];
    found.len = n;
    return found;
}

static sv_kind item_kind(const sv_plan_field *field)
{
    return field->item ? field->item->kind : field->kind;
}

/* What a parameter is as text. The content of a file is, where bytes are wanted; else a file is no
 * text, a NULL pointer. */
static sv_str text_of(const sv_plan_field *field, const sv_param *param)
{
    sv_str text = param->value;
    if (param->file && item_kind(field) != SV_KIND_BYTES)
        return (sv_str){NULL, 0};
    if (param->file)
        text = (sv_str){(const char *)param->file->content.ptr, param->file->content.len};
    return text.ptr ? text : SV_STR("");
}

static const sv_value *list_value(sv_arena *arena, const sv_plan_field *field, const given *found)
{
    sv_str *texts = sv_arena_alloc_array(arena, found->len, sizeof *texts);
    if (!texts)
        return NULL;
    for (size_t i = 0; i < found->len; i++)
        texts[i] = text_of(field, found->items[i]);
    return sv_value_from_strs(arena, texts, found->len);
}

/* Something that is no text for a file. */
static const sv_value *single_value(sv_arena *arena, sv_str text)
{
    return text.ptr ? sv_value_from_str(arena, text) : sv_value_from_strs(arena, NULL, 0);
}

/* Some of them are files, and files are wanted. */
static bool has_files(const sv_plan_field *field, const given *found)
{
    for (size_t i = 0; i < found->len; i++)
        if (found->items[i]->file)
            return item_kind(field) == SV_KIND_FILE;
    return false;
}

static sv_status keep_files(sv_arena *arena, const given *found, sv_decode_member *member)
{
    const sv_file **files = sv_arena_alloc_array(arena, found->len, sizeof *files);
    if (!files)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < found->len; i++)
        files[i] = found->items[i]->file;
    member->files = files;
    member->n_files = found->len;
    return SV_OK;
}

static sv_status find_member(sv_arena *arena, const sv_params *params, const sv_param **room,
                             sv_decode_member *member)
{
    sv_place in = place_of(params, member->field);
    given found = collect(params, member->field, in, room);
    member->place = &locs[in];
    if (!found.len)
        return SV_OK;
    member->value = is_list(member->field)
                        ? list_value(arena, member->field, &found)
                        : single_value(arena, text_of(member->field, found.items[0]));
    if (!member->value)
        return SV_NO_MEMORY;
    return has_files(member->field, &found) ? keep_files(arena, &found, member) : SV_OK;
}

/* Places in their order; in a place the order of the rows stays. */
static void sort_by_place(const sv_decode_member *members, size_t n, sv_decode_member *ret_sorted)
{
    size_t at = 0;
    for (size_t place = SV_IN_PATH; place < sizeof locs / sizeof *locs; place++)
        for (size_t i = 0; i < n; i++)
            if (members[i].place == &locs[place])
                ret_sorted[at++] = members[i];
}

static bool is_known(const sv_plan *plan, sv_str name)
{
    for (size_t i = 0; i < plan->n_fields; i++)
        if (sv_str_eq(plan->fields[i].name, name))
            return true;
    return false;
}

static bool has_form(const sv_plan *plan)
{
    for (size_t i = 0; i < plan->n_fields; i++)
        if (plan->fields[i].row->in == SV_IN_FORM)
            return true;
    return false;
}

static sv_status refuse_extra(sv_arena *arena, const sv_plan *plan, const sv_params *params,
                              sv_errors *errors)
{
    size_t first_error = errors->count;
    bool with_form = has_form(plan);
    for (size_t i = 0; i < params->len && !sv_errors_is_full(errors); i++) {
        const sv_param *param = &params->items[i];
        bool counts = param->in == SV_IN_QUERY || (param->in == SV_IN_FORM && with_form);
        if (!counts || is_known(plan, param->name) ||
            sv_errors_names(errors, first_error, param->name))
            continue;
        const sv_loc where = {.parent = &locs[param->in], .name = param->name};
        const sv_value *value = single_value(arena, param->file ? (sv_str){NULL, 0} : param->value);
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
    const sv_param **room = sv_arena_alloc_array(arena, params->len, sizeof(sv_param *));
    if (!members || !room)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        members[i] = (sv_decode_member){.field = &plan->fields[i], .name = plan->fields[i].name};
        if (find_member(arena, params, room, &members[i]))
            return SV_NO_MEMORY;
    }
    sort_by_place(members, n, members + n);
    sv_status status = sv_decode_members(arena, plan, members + n, errors, ret_struct);
    if ((status && status != SV_INVALID) || plan->schema->extra != SV_EXTRA_FORBID)
        return status;
    sv_status of_extra = refuse_extra(arena, plan, params, errors);
    return of_extra ? of_extra : status;
}
