/* app_settings.c: a schema -> rows of settings, and texts -> its struct, by the rules for query
 * parameters. */
#include "app/app_settings.h"

#include <ctype.h>
#include <string.h>

#include "json/params.h"
#include "json/value.h"

enum { MAX_ROWS = 200, MAX_ITEMS = 1000 };

/* A default as one would write it on the command line; NULL: none. */
static const char *default_text(sv_arena *arena, const sv_field *field)
{
    const sv_value *value;
    sv_value_error error;
    if (!field->default_json ||
        sv_value_parse(arena, sv_str_from(field->default_json), NULL, &error, &value))
        return NULL;
    switch (sv_value_get_type(value)) {
    case SV_VALUE_STR:
        return sv_arena_copy(arena, sv_value_str(value)).ptr;
    case SV_VALUE_BOOL:
    case SV_VALUE_INT:
    case SV_VALUE_DOUBLE:
        return field->default_json;
    case SV_VALUE_NULL:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_INFINITE:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return NULL;
}

static sv_setting make_row(sv_arena *arena, const sv_field *field)
{
    const char *text = default_text(arena, field);
    return (sv_setting){.name = field->name,
                        .kind = SV_SETTING_APP,
                        .default_text = text ? text : "",
                        .help = field->help ? field->help : "Of this application",
                        .is_flag = field->kind == SV_KIND_BOOL};
}

sv_status sv_app_settings_new(sv_arena *arena, const sv_schema *schema, sv_buf *problems,
                              sv_app_settings **ret_settings)
{
    sv_app_settings *made = sv_arena_alloc(arena, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    sv_status status = sv_plan_new(arena, schema, SV_FIELD_PARAMS, problems, &made->plan);
    if (status)
        return status;
    made->n = made->plan->n_fields;
    if (made->n > MAX_ROWS) {
        sv_buf_printf(problems, "%s: at most %d settings are allowed\n", schema->name, MAX_ROWS);
        return SV_INVALID;
    }
    made->rows = sv_arena_alloc_array(arena, made->n + 1, sizeof *made->rows);
    made->texts = sv_arena_alloc_array(arena, made->n + 1, sizeof *made->texts);
    made->origins = sv_arena_alloc_array(arena, made->n + 1, sizeof *made->origins);
    if (!made->rows || !made->texts || !made->origins)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < made->n; i++)
        made->rows[i] = make_row(arena, made->plan->fields[i].row);
    *ret_settings = made;
    return SV_OK;
}

static bool is_name(sv_str given, const char *name)
{
    size_t n = 0;
    for (; n < given.len && name[n]; n++) {
        int byte = given.ptr[n] == '-' ? '_' : tolower((unsigned char)given.ptr[n]);
        if (byte != name[n])
            return false;
    }
    return n == given.len && !name[n];
}

const sv_setting *sv_app_settings_find(const sv_app_settings *settings, sv_str name)
{
    for (size_t i = 0; settings && i < settings->n; i++)
        if (is_name(name, settings->rows[i].name))
            return &settings->rows[i];
    return NULL;
}

void sv_app_settings_note(sv_app_settings *settings, const char *name, const char *text,
                          const char *origin)
{
    const sv_setting *row = sv_app_settings_find(settings, sv_str_from(name));
    if (!row)
        return;
    settings->texts[row - settings->rows] = text;
    settings->origins[row - settings->rows] = origin;
}

/* The texts as if they stood in a query; those of lists are parted at commas. */
static size_t list_params(const sv_app_settings *settings, sv_param *items)
{
    size_t n = 0;
    for (size_t i = 0; i < settings->n; i++) {
        const sv_plan_field *field = &settings->plan->fields[i];
        sv_str rest = sv_str_from(settings->texts[i]), item;
        if (!settings->texts[i])
            continue;
        if (field->row->kind != SV_KIND_LIST) {
            items[n++] = (sv_param){.in = SV_IN_QUERY, .name = field->name, .value = rest};
            continue;
        }
        while (rest.len && n < MAX_ITEMS && sv_str_split(&rest, ',', &item))
            items[n++] =
                (sv_param){.in = SV_IN_QUERY, .name = field->name, .value = sv_str_trim(item)};
    }
    return n;
}

/* "query.max_items" -> the line of that setting. */
static void report(const sv_app_settings *settings, sv_buf *problems, const sv_errors_view *view)
{
    sv_str path = view->path, name = path;
    size_t dot = sv_str_find(path, '.');
    if (dot < path.len)
        name = sv_str_slice(path, dot + 1, path.len);
    sv_str first = sv_str_slice(name, 0, sv_str_find(name, '.'));
    const sv_setting *row = sv_app_settings_find(settings, first);
    const char *origin = row ? settings->origins[row - settings->rows] : NULL;
    sv_buf_printf(problems, "%s: %.*s: %.*s\n", origin ? origin : "settings", SV_STR_ARG(name),
                  SV_STR_ARG(view->message));
}

sv_status sv_app_settings_decode(const sv_app_settings *settings, sv_arena *arena, sv_buf *problems,
                                 const void **ret_struct)
{
    sv_param *items = sv_arena_alloc_array(arena, settings->n + MAX_ITEMS, sizeof *items);
    if (!items)
        return SV_NO_MEMORY;
    sv_params params = {items, list_params(settings, items)};
    sv_errors errors;
    void *decoded = NULL;
    sv_errors_init(&errors, arena);
    sv_status status = sv_params_decode(arena, settings->plan, &params, &errors, &decoded);
    for (size_t i = 0; status == SV_INVALID && i < errors.count; i++) {
        sv_errors_view view = sv_errors_get(&errors, i);
        report(settings, problems, &view);
    }
    if (!status)
        *ret_struct = decoded;
    return status;
}
