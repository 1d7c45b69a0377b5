/* manifest_set.c: overrides as a list of keys and values, and the tree with them laid over it. */
#include "model/manifest_set.h"

#include "base/nearest.h"
#include "json/yaml.h"

/* First key of "a.b.c"; the rest goes to `ret_rest`, empty when there is none. */
static sv_str first_key(sv_str keys, sv_str *ret_rest)
{
    size_t dot = sv_str_find(keys, '.');
    *ret_rest = sv_str_slice(keys, dot + 1, keys.len);
    return sv_str_slice(keys, 0, dot);
}

/* The overrides whose first key is `key`, without it. */
static size_t select_overrides(const sv_manifest_set *all, size_t n, sv_str key,
                               sv_manifest_set *ret_selected)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        sv_str rest;
        if (sv_str_eq(first_key(all[i].keys, &rest), key))
            ret_selected[count++] = (sv_manifest_set){rest, all[i].value};
    }
    return count;
}

static bool is_first_of_key(const sv_manifest_set *all, size_t index)
{
    sv_str rest, key = first_key(all[index].keys, &rest);
    for (size_t i = 0; i < index; i++)
        if (sv_str_eq(first_key(all[i].keys, &rest), key))
            return false;
    return true;
}

/* Writes `base` (NULL: nothing) with the overrides laid over it, one after another. */
static void write_merged(sv_writer *writer, const sv_value *base, const sv_manifest_set *all,
                         size_t n)
{
    sv_manifest_set inner[SV_MANIFEST_SET_MAX];
    for (const sv_manifest_set *at = all, *end = all + n; at < end; at++) {
        if (at->keys.len)
            continue;
        base = at->value; /* replaces all that came before */
        all = at + 1;
        n = (size_t)(end - all);
    }
    if (!n) {
        sv_value_write(base, writer, 0);
        return;
    }
    sv_writer_begin_object(writer);
    bool is_object = base && sv_value_get_type(base) == SV_VALUE_OBJECT;
    sv_value_cursor cursor = is_object ? sv_value_walk(base) : (sv_value_cursor){0};
    sv_str name, rest;
    const sv_value *member;
    while (is_object && sv_value_next_member(&cursor, &name, &member)) {
        sv_writer_key(writer, name);
        size_t count = select_overrides(all, n, name, inner);
        if (count)
            write_merged(writer, member, inner, count);
        else
            sv_value_write(member, writer, 0);
    }
    for (size_t i = 0; i < n; i++) {
        sv_str key = first_key(all[i].keys, &rest);
        if (!is_first_of_key(all, i) || (is_object && sv_value_get(base, key)))
            continue;
        sv_writer_key(writer, key);
        write_merged(writer, NULL, inner, select_overrides(all, n, key, inner));
    }
    sv_writer_end_object(writer);
}

static size_t count_keys(sv_str keys)
{
    size_t n = keys.len > 0;
    for (size_t i = 0; i < keys.len; i++)
        n += keys.ptr[i] == '.';
    return n;
}

/* What stands behind "NAME.", or "NAME" alone; NULL: it is another model's. Names may have dots. */
static sv_str keys_of(sv_str set, sv_str name)
{
    if (!sv_str_starts_with(set, name))
        return (sv_str){0};
    char next = set.len > name.len ? set.ptr[name.len] : '=';
    bool is_ours = next == '.' || next == '=';
    return is_ours ? sv_str_slice(set, name.len + (next == '.'), set.len) : (sv_str){0};
}

static sv_status read_set(sv_arena *arena, sv_str set, sv_str keys_and_value, sv_buf *problems,
                          sv_manifest_sets *sets)
{
    sv_yaml yaml;
    sv_error error = {0};
    size_t equals = sv_str_find(keys_and_value, '=');
    sv_str keys = sv_str_slice(keys_and_value, 0, equals);
    bool is_good = keys.len && count_keys(keys) <= SV_MANIFEST_SET_MAX_KEYS &&
                   equals < keys_and_value.len && sets->len < SV_MANIFEST_SET_MAX;
    sv_status status =
        is_good ? sv_yaml_parse(arena, sv_str_slice(keys_and_value, equals + 1, keys_and_value.len),
                                &error, &yaml)
                : SV_INVALID;
    if (!status)
        sets->items[sets->len++] = (sv_manifest_set){keys, yaml.root};
    else
        sv_buf_printf(problems, "--set %.*s: expected MODEL.KEY=VALUE%s%s\n", SV_STR_ARG(set),
                      error.message[0] ? ": " : "", error.message);
    return status;
}

sv_status sv_manifest_set_collect(sv_arena *arena, const sv_strs *sets, sv_str name,
                                  sv_buf *problems, sv_manifest_sets *ret_sets)
{
    sv_status worst = SV_OK;
    ret_sets->len = 0;
    for (size_t i = 0; i < sets->len; i++) {
        sv_str keys = keys_of(sets->items[i], name);
        sv_status status =
            keys.ptr ? read_set(arena, sets->items[i], keys, problems, ret_sets) : SV_OK;
        worst = status ? status : worst;
    }
    return worst;
}

sv_status sv_manifest_set_merge(sv_arena *arena, const sv_value *base, const sv_manifest_sets *sets,
                                const sv_value **ret_merged)
{
    sv_buf buf;
    sv_writer writer;
    sv_value_error error;
    sv_buf_init(&buf, (size_t)2 * SV_YAML_MAX_SIZE);
    sv_writer_init(&writer, &buf);
    write_merged(&writer, base, sets->items, sets->len);
    sv_status status = sv_buf_status(&buf);
    if (!status)
        status = sv_value_parse(arena, sv_buf_str(&buf), NULL, &error, ret_merged);
    sv_buf_deinit(&buf);
    return status;
}

static bool has_model(sv_str set, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keys_of(set, sv_str_from(names[i])).ptr)
            return true;
    return false;
}

sv_status sv_manifest_set_check_models(const sv_strs *sets, const char *const *names, size_t n,
                                       sv_buf *problems)
{
    sv_status worst = SV_OK;
    for (size_t i = 0; i < sets->len; i++) {
        sv_str set = sets->items[i];
        if (has_model(set, names, n))
            continue;
        sv_str model = sv_str_slice(set, 0, sv_str_find(set, '.'));
        sv_nearest search = sv_nearest_begin(model);
        for (size_t k = 0; k < n; k++)
            sv_nearest_offer(&search, names[k]);
        sv_buf_printf(problems, "--set %.*s: there is no model '%.*s'%s%s%s\n", SV_STR_ARG(set),
                      SV_STR_ARG(model), search.best ? "; did you mean '" : "",
                      search.best ? search.best : "", search.best ? "'?" : "");
        worst = SV_INVALID;
    }
    return worst;
}
