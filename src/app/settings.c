/* settings.c: checks values and merges their sources. */
#include "app/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/env_file.h"
#include "app/units.h"
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

static const char *allowed_of(const sv_setting *setting)
{
    switch (setting->kind) {
    case SV_SETTING_BOOL:
        return "true or false";
    case SV_SETTING_INT:
        return "a whole number";
    case SV_SETTING_DURATION:
        return "a time such as 30, 30s, 500ms, 2m, 1h";
    case SV_SETTING_SIZE:
        return "a size such as 1048576, 64KiB, 10MiB, 1GiB";
    case SV_SETTING_TEXT:
    case SV_SETTING_CHOICE:
        break;
    }
    return "text";
}

static void refuse(sv_settings_merge *merge, const sv_setting *setting, sv_str text,
                   const char *origin)
{
    merge->failed = true;
    sv_buf_printf(merge->problems, "%s: %s cannot be '%.*s': expected ", origin, setting->name,
                  SV_STR_ARG(text));
    if (setting->choices)
        sv_buf_printf(merge->problems, "one of %s\n", setting->choices);
    else
        sv_buf_printf(merge->problems, "%s\n", allowed_of(setting));
}

static void set_number(sv_settings_merge *merge, const sv_setting *setting, int64_t value,
                       const char *origin)
{
    if (value < setting->min || value > setting->max) {
        merge->failed = true;
        sv_buf_printf(merge->problems, "%s: %s must be %lld to %lld%s\n", origin, setting->name,
                      (long long)setting->min, (long long)setting->max,
                      setting->kind == SV_SETTING_DURATION ? " ms"
                      : setting->kind == SV_SETTING_SIZE   ? " bytes"
                                                           : "");
        return;
    }
    *(int64_t *)member(merge, setting) = value;
}

static bool is_choice(const char *choices, sv_str text)
{
    sv_str rest = sv_str_from(choices), choice;
    while (sv_str_split(&rest, ',', &choice))
        if (sv_str_eq(choice, text))
            return true;
    return false;
}

static void set_text(sv_settings_merge *merge, const sv_setting *setting, sv_str text)
{
    sv_str copy = sv_arena_copy(merge->arena, text);
    if (copy.ptr)
        *(const char **)member(merge, setting) = copy.ptr;
    else
        report(merge, setting->name, "out of memory", "");
}

void sv_settings_set(sv_settings_merge *merge, const sv_setting *setting, sv_str text,
                     const char *origin)
{
    int64_t number = 0;
    bool flag = false, good = true;
    switch (setting->kind) {
    case SV_SETTING_BOOL:
        good = sv_units_read_bool(text, &flag);
        if (good)
            *(bool *)member(merge, setting) = flag;
        break;
    case SV_SETTING_INT:
        good = sv_units_read_int(text, &number);
        break;
    case SV_SETTING_DURATION:
        good = sv_units_read_duration(text, &number);
        break;
    case SV_SETTING_SIZE:
        good = sv_units_read_size(text, &number);
        break;
    case SV_SETTING_CHOICE:
        good = is_choice(setting->choices, text);
        if (good)
            set_text(merge, setting, text);
        break;
    case SV_SETTING_TEXT:
        set_text(merge, setting, text);
        break;
    }
    if (!good) {
        refuse(merge, setting, text, origin);
        return;
    }
    if (setting->kind == SV_SETTING_INT || setting->kind == SV_SETTING_DURATION ||
        setting->kind == SV_SETTING_SIZE)
        set_number(merge, setting, number, origin);
    size_t n;
    merge->origins[setting - sv_settings_table(&n)] = origin;
}

void sv_settings_begin(sv_settings_merge *merge, sv_arena *arena, sv_buf *problems)
{
    size_t n;
    const sv_setting *rows = sv_settings_table(&n);
    *merge = (sv_settings_merge){.arena = arena, .problems = problems};
    for (size_t i = 0; i < n; i++)
        sv_settings_set(merge, &rows[i], sv_str_from(rows[i].default_text), "default");
}

/* An unknown name: which one was meant? */
static void report_unknown(sv_settings_merge *merge, const char *origin, sv_str name)
{
    const char *nearest = sv_settings_table_nearest(name);
    merge->failed = true;
    sv_buf_printf(merge->problems, "%s: unknown setting '%.*s'%s%s%s\n", origin, SV_STR_ARG(name),
                  nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
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
    bool too_large = text && ret_text->len == MAX_FILE_BYTES;
    fclose(file);
    if (!text || too_large)
        report(merge, path, too_large ? "larger than 1 MiB" : "out of memory", "");
    return text && !too_large;
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
    const sv_setting *setting = sv_settings_table_find(name);
    sv_str text;
    if (!setting)
        report_unknown(merge, origin, name);
    else if (!value_text(merge, value, &text))
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

void sv_settings_read_env_file(sv_settings_merge *merge, const char *path, bool required,
                               sv_buf *notices)
{
    sv_env_line line;
    sv_str rest;
    size_t number = 0, foreign = 0;
    if (!read_file(merge, path, required, &rest))
        return;
    while (sv_env_file_next(merge->arena, &rest, &number, &line)) {
        const char *origin = sv_arena_printf(merge->arena, "%s:%zu", path, number).ptr;
        bool ours = strip_prefix(&line.name);
        const sv_setting *setting = sv_settings_table_find(line.name);
        if (line.problem)
            report(merge, origin ? origin : path, line.problem, "");
        else if (setting)
            sv_settings_set(merge, setting, line.value, origin ? origin : path);
        else if (ours)
            report_unknown(merge, origin ? origin : path, line.name);
        else
            foreign++;
    }
    if (foreign)
        sv_buf_printf(notices, "%s: %zu name%s that are not settings of Serval %s ignored\n", path,
                      foreign, foreign == 1 ? "" : "s", foreign == 1 ? "was" : "were");
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
        const sv_setting *setting = sv_settings_table_find(name);
        if (setting)
            sv_settings_set(merge, setting, value, origin ? origin : "environment");
        else
            report_unknown(merge, origin ? origin : "environment", name);
    }
}
