/* settings.c: checks values and merges their sources. */
#include "app/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/app_settings.h"
#include "app/env_file.h"
#include "base/units.h"
#include "json/yaml.h"

enum { MAX_FILE_BYTES = SV_YAML_MAX_SIZE };

static void *member(sv_settings_merge *merge, const sv_setting *setting)
{
    return (char *)&merge->values + setting->offset;
}

static void report(sv_settings_merge *merge, const char *origin, const char *what,
                   const char *detail)
{
    merge->failed = true;
    sv_buf_printf(merge->problems, "%s: %s%s\n", origin, what, detail);
}

static void append_number(sv_buf *buf, sv_setting_kind kind, int64_t number)
{
    if (kind == SV_SETTING_DURATION)
        sv_units_write_duration(buf, number);
    else if (kind == SV_SETTING_SIZE)
        sv_units_write_size(buf, number);
    else
        sv_buf_printf(buf, "%lld", (long long)number);
}

/* "a time from 1ms to 168h" */
static void append_allowed(sv_buf *buf, const sv_setting *setting)
{
    static const char *const nouns[] = {[SV_SETTING_BOOL] = "true or false",
                                        [SV_SETTING_INT] = "a whole number",
                                        [SV_SETTING_TEXT] = "text",
                                        [SV_SETTING_DURATION] = "a time (30, 500ms, 2m, 1h)",
                                        [SV_SETTING_SIZE] = "a size (1048576, 64KiB, 10MiB, 1GiB)",
                                        [SV_SETTING_CHOICE] = "one of ",
                                        [SV_SETTING_APP] = "text without zero bytes",
                                        [SV_SETTING_MAP] =
                                            "names and texts, as in {\"name\": \"text\"}"};
    sv_buf_append_str(buf, sv_str_from(nouns[setting->kind]));
    if (setting->choices)
        sv_buf_append_str(buf, sv_str_from(setting->choices));
    if (setting->min == setting->max)
        return;
    sv_buf_append_str(buf, SV_STR(" from "));
    append_number(buf, setting->kind, setting->min);
    sv_buf_append_str(buf, SV_STR(" to "));
    append_number(buf, setting->kind, setting->max);
}

/* A value as it may stand in a message: not too long, on one line. */
static sv_str printable(sv_str text)
{
    enum { MOST = 80 };
    size_t len = 0;
    while (len < text.len && len < MOST && (unsigned char)text.ptr[len] >= 0x20)
        len++;
    return sv_str_slice(text, 0, len);
}

static void refuse(sv_settings_merge *merge, const sv_setting *setting, sv_str text,
                   const char *origin)
{
    merge->failed = true;
    sv_buf_printf(merge->problems, "%s: %s cannot be '%.*s': expected ", origin, setting->name,
                  SV_STR_ARG(printable(text)));
    append_allowed(merge->problems, setting);
    sv_buf_append_byte(merge->problems, '\n');
}

/* The choice in the table's spelling; NULL pointer when it is none. */
static sv_str find_choice(const char *choices, sv_str text)
{
    sv_str rest = sv_str_from(choices), choice;
    while (sv_str_split(&rest, ',', &choice))
        if (sv_str_eq_nocase(choice, text))
            return choice;
    return (sv_str){0};
}

static bool read_number(const sv_setting *setting, sv_str text, int64_t *ret_number)
{
    bool (*read)(sv_str text, int64_t *ret_value) =
        setting->kind == SV_SETTING_DURATION ? sv_units_read_duration
        : setting->kind == SV_SETTING_SIZE   ? sv_units_read_size
                                             : sv_units_read_int;
    return read(text, ret_number) && *ret_number >= setting->min && *ret_number <= setting->max;
}

/* A copy in the arena, whose end the settings share. */
static void set_text(sv_settings_merge *merge, const sv_setting *setting, sv_str text)
{
    sv_str copy = sv_arena_copy(merge->arena, text);
    if (copy.ptr)
        *(const char **)member(merge, setting) = copy.ptr;
    else
        report(merge, setting->name, "out of memory", "");
}

/* A JSON object whose members are texts; nothing at all is fine too. */
static bool is_map(sv_settings_merge *merge, sv_str text)
{
    const sv_value *root, *value;
    sv_value_error error;
    sv_str name;
    if (!text.len)
        return true;
    if (sv_value_parse(merge->arena, text, NULL, &error, &root) ||
        sv_value_get_type(root) != SV_VALUE_OBJECT)
        return false;
    sv_value_cursor members = sv_value_walk(root);
    while (sv_value_next_member(&members, &name, &value))
        if (sv_value_get_type(value) != SV_VALUE_STR)
            return false;
    return true;
}

/* False when the text does not fit the setting. */
static bool set_value(sv_settings_merge *merge, const sv_setting *setting, sv_str text)
{
    int64_t number;
    switch (setting->kind) {
    case SV_SETTING_BOOL:
        return sv_units_read_bool(text, member(merge, setting));
    case SV_SETTING_INT:
    case SV_SETTING_DURATION:
    case SV_SETTING_SIZE:
        if (!read_number(setting, text, &number))
            return false;
        *(int64_t *)member(merge, setting) = number;
        return true;
    case SV_SETTING_CHOICE:
        text = find_choice(setting->choices, sv_str_trim(text));
        if (!text.ptr)
            return false;
        break;
    case SV_SETTING_MAP:
        text = sv_str_trim(text);
        if (!is_map(merge, text))
            return false;
        break;
    case SV_SETTING_TEXT:
        if (memchr(text.ptr, '\0', text.len))
            return false;
        break;
    case SV_SETTING_APP:
        return !memchr(text.ptr, '\0', text.len);
    }
    set_text(merge, setting, text);
    return true;
}

/* The application hears of its own settings, and of the server's that it has a field for. */
static void tell_app(sv_settings_merge *merge, const char *name, sv_str text, const char *origin)
{
    if (!sv_app_settings_find(merge->app, sv_str_from(name)))
        return;
    sv_str copy = sv_arena_copy(merge->arena, text);
    if (copy.ptr)
        sv_app_settings_note(merge->app, name, copy.ptr, origin);
    else
        report(merge, name, "out of memory", "");
}

void sv_settings_set(sv_settings_merge *merge, const sv_setting *setting, sv_str text,
                     const char *origin)
{
    size_t n;
    if (!set_value(merge, setting, text)) {
        refuse(merge, setting, text, origin);
        return;
    }
    if (setting->kind != SV_SETTING_APP)
        merge->origins[setting - sv_settings_table(&n)] = origin;
    tell_app(merge, setting->name, text, origin);
}

/* The server's row, else the application's. */
static const sv_setting *find_setting(const sv_settings_merge *merge, sv_str name)
{
    const sv_setting *setting = sv_settings_table_find(name);
    return setting ? setting : sv_app_settings_find(merge->app, name);
}

/* What the application wants the server's own settings to be, unless somebody says otherwise; where
 * it has no wish it is told the server's default. */
static void set_app_defaults(sv_settings_merge *merge)
{
    for (size_t i = 0; merge->app && i < merge->app->n; i++) {
        const sv_setting *row = &merge->app->rows[i];
        const sv_setting *own = sv_settings_table_find(sv_str_from(row->name));
        if (own)
            sv_settings_set(
                merge, own,
                sv_str_from(row->default_text[0] ? row->default_text : own->default_text),
                "default");
    }
}

void sv_settings_begin(sv_settings_merge *merge, sv_arena *arena, sv_buf *problems,
                       sv_app_settings *app)
{
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    *merge = (sv_settings_merge){.arena = arena, .problems = problems};
    for (size_t i = 0; i < n; i++)
        sv_settings_set(merge, &rows[i], sv_str_from(rows[i].default_text), "default");
    merge->app = app;
    set_app_defaults(merge);
}

/* An unknown name: which one was meant? */
static void report_unknown(sv_settings_merge *merge, const char *origin, sv_str name)
{
    const char *nearest = sv_settings_table_nearest(name);
    merge->failed = true;
    sv_buf_printf(merge->problems, "%s: unknown setting '%.*s'%s%s%s\n", origin,
                  SV_STR_ARG(printable(name)), nearest ? "; did you mean '" : "",
                  nearest ? nearest : "", nearest ? "'?" : "");
}

/* False when there is no such file, which is a problem only if it was asked for. */
static bool read_file(sv_settings_merge *merge, const char *path, bool required, sv_str *ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        if (required || errno != ENOENT)
            report(merge, path, strerror(errno), "");
        return false;
    }
    char *text = sv_arena_alloc_raw(merge->arena, MAX_FILE_BYTES);
    if (text)
        *ret_text = (sv_str){text, fread(text, 1, MAX_FILE_BYTES, file)};
    const char *problem = !text                             ? "out of memory"
                          : ferror(file)                    ? strerror(errno)
                          : ret_text->len == MAX_FILE_BYTES ? "1 MiB or larger"
                                                            : NULL;
    fclose(file);
    if (problem)
        report(merge, path, problem, "");
    return !problem;
}

/* A YAML mapping as the text that a flag would have: JSON. */
static bool map_text(sv_settings_merge *merge, const sv_value *value, sv_str *ret_text)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_FILE_BYTES);
    sv_writer_init(&writer, &buf);
    sv_value_write(value, &writer, 0);
    *ret_text = sv_arena_copy(merge->arena, sv_buf_str(&buf));
    bool good = !sv_buf_status(&buf) && ret_text->ptr;
    sv_buf_deinit(&buf);
    return good;
}

/* A YAML value as the text that a flag would have: lists are joined by commas. */
static bool value_text(sv_settings_merge *merge, const sv_value *value, sv_str *ret_text)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_FILE_BYTES);
    sv_writer_init(&writer, &buf);
    bool is_list = sv_value_get_type(value) == SV_VALUE_ARRAY;
    sv_value_cursor items = is_list ? sv_value_walk(value) : (sv_value_cursor){0};
    const sv_value *item = value;
    bool good = true;
    while (good && (!is_list || sv_value_next_item(&items, &item))) {
        sv_value_type type = sv_value_get_type(item);
        if (buf.len)
            sv_buf_append_byte(&buf, ',');
        writer.needs_comma = false;
        good = type != SV_VALUE_ARRAY && type != SV_VALUE_OBJECT && type != SV_VALUE_NULL;
        if (type == SV_VALUE_STR)
            sv_buf_append_str(&buf, sv_value_str(item));
        else if (good)
            sv_value_write(item, &writer, 0);
        if (!is_list)
            break;
    }
    *ret_text = sv_arena_copy(merge->arena, sv_buf_str(&buf));
    good = good && !sv_buf_status(&buf) && ret_text->ptr;
    sv_buf_deinit(&buf);
    return good;
}

static void read_yaml_member(sv_settings_merge *merge, const char *origin, sv_str name,
                             const sv_value *value)
{
    const sv_setting *setting = find_setting(merge, name);
    sv_str text;
    bool is_mapping =
        setting && setting->kind == SV_SETTING_MAP && sv_value_get_type(value) == SV_VALUE_OBJECT;
    if (!setting)
        report_unknown(merge, origin, name);
    else if (!(is_mapping ? map_text : value_text)(merge, value, &text))
        report(merge, origin, setting->name, " must be a plain value or a list of them");
    else
        sv_settings_set(merge, setting, text, origin);
}

void sv_settings_read_yaml(sv_settings_merge *merge, const char *path, bool required)
{
    sv_str text, name;
    sv_yaml yaml;
    sv_error error = {0};
    if (!read_file(merge, path, required, &text))
        return;
    if (sv_yaml_parse(merge->arena, text, &error, &yaml)) {
        merge->failed = true;
        sv_buf_printf(merge->problems, "%s: %s: %s\n", path, error.path, error.message);
        return;
    }
    if (sv_value_get_type(yaml.root) == SV_VALUE_NULL)
        return;
    if (sv_value_get_type(yaml.root) != SV_VALUE_OBJECT) {
        report(merge, path, "expected lines of the form `name: value`", "");
        return;
    }
    sv_value_cursor members = sv_value_walk(yaml.root);
    const sv_value *value;
    while (sv_value_next_member(&members, &name, &value)) {
        const char *origin =
            sv_arena_printf(merge->arena, "%s:%u", path, sv_yaml_line(&yaml, value)).ptr;
        read_yaml_member(merge, origin ? origin : path, name, value);
    }
}

static bool strip_prefix(sv_str *name)
{
    if (!sv_str_eq_nocase(sv_str_slice(*name, 0, 7), SV_STR("SERVAL_")))
        return false;
    *name = sv_str_slice(*name, 7, name->len);
    return true;
}

/* True when the entry is Serval's, or no entry at all. */
static bool read_env_entry(sv_settings_merge *merge, const char *origin, sv_env_entry entry)
{
    bool ours = strip_prefix(&entry.name);
    const sv_setting *setting = find_setting(merge, entry.name);
    if (!ours && !setting && entry.name.len)
        return false;
    if (entry.problem)
        report(merge, origin, entry.problem, "");
    else if (setting)
        sv_settings_set(merge, setting, entry.value, origin);
    else
        report_unknown(merge, origin, entry.name);
    return true;
}

void sv_settings_read_env_file(sv_settings_merge *merge, const char *path, bool required,
                               sv_buf *notices)
{
    sv_env_file file = {0};
    sv_env_entry entry;
    size_t foreign = 0;
    if (!read_file(merge, path, required, &file.rest))
        return;
    while (sv_env_file_next(merge->arena, &file, &entry)) {
        const char *origin = sv_arena_printf(merge->arena, "%s:%zu", path, entry.line).ptr;
        if (!read_env_entry(merge, origin ? origin : path, entry))
            foreign++;
    }
    if (foreign)
        sv_buf_printf(notices, "%s: %zu name%s not of Serval: ignored\n", path, foreign,
                      foreign == 1 ? "" : "s");
}

/* Kubernetes makes SERVAL_SERVICE_HOST, SERVAL_PORT=tcp://… for a service that is named serval. */
static bool is_kubernetes(sv_str name, sv_str value)
{
    return sv_str_starts_with(name, SV_STR("SERVICE_")) ||
           sv_str_starts_with(name, SV_STR("PORT_")) ||
           (sv_str_eq(name, SV_STR("PORT")) && sv_str_starts_with(value, SV_STR("tcp://")));
}

void sv_settings_read_environment(sv_settings_merge *merge, char *const *environment)
{
    for (; *environment; environment++) {
        sv_str entry = sv_str_from(*environment);
        size_t equals = sv_str_find(entry, '=');
        sv_str name = sv_str_slice(entry, 0, equals);
        sv_str value = sv_str_slice(entry, equals + 1, entry.len);
        if (!sv_str_starts_with(name, SV_STR("SERVAL_")))
            continue;
        const char *origin = sv_arena_copy(merge->arena, name).ptr;
        name = sv_str_slice(name, 7, name.len);
        if (is_kubernetes(name, value) || sv_str_eq(name, SV_STR("CACHE")))
            continue;
        const sv_setting *setting = find_setting(merge, name);
        if (setting)
            sv_settings_set(merge, setting, value, origin ? origin : "environment");
        else
            report_unknown(merge, origin ? origin : "environment", name);
    }
}
