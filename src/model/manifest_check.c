/* manifest_check.c: names of versions that a manifest mentions. */
#include "model/manifest_check.h"

#include <stdio.h>

#include "base/nearest.h"
#include "model/repository.h"

/* One check of one manifest. */
typedef struct checking {
    const struct manifest *manifest;
    const sv_str *names;
    size_t n;
    const char *path;
    sv_buf *problems;
    sv_status status;
} checking;

/* The place of a version among those that there are; n: it is none of them. */
static size_t find(const checking *c, sv_str name)
{
    for (size_t i = 0; i < c->n; i++)
        if (sv_repository_is_same_version(c->names[i], name))
            return i;
    return c->n;
}

static bool is_same_text(const sv_value *value, sv_str text)
{
    char number[24];
    if (sv_value_get_type(value) == SV_VALUE_STR)
        return sv_str_eq(sv_value_str(value), text);
    if (sv_value_get_type(value) != SV_VALUE_INT)
        return false;
    snprintf(number, sizeof number, "%lld", (long long)sv_value_int(value));
    return sv_str_eq(sv_str_from(number), text);
}

/* Where the file says `name` under versions.KEY: as its value, an item, or the name of a member.
 * NULL: nowhere. */
static const sv_value *find_written(const sv_value *versions, const char *key, sv_str name)
{
    const sv_value *value = sv_value_get(versions, sv_str_from(key)), *item;
    if (!value || sv_value_get_type(value) == SV_VALUE_OBJECT)
        return value ? sv_value_get(value, name) : NULL;
    if (sv_value_get_type(value) != SV_VALUE_ARRAY)
        return !name.ptr || is_same_text(value, name) ? value : NULL;
    sv_value_cursor cursor = sv_value_walk(value);
    while (sv_value_next_item(&cursor, &item))
        if (is_same_text(item, name))
            return item;
    return NULL;
}

/* Begins a line of `problems`: "models/x/model.yaml:3: versions.default: ". */
static void begin_problem(checking *c, const char *key, sv_str name)
{
    const sv_yaml *file = c->manifest->file;
    const sv_value *versions = file ? sv_value_get(file->root, SV_STR("versions")) : NULL;
    const sv_value *written = versions ? find_written(versions, key, name) : NULL;
    c->status = SV_INVALID;
    if (written)
        sv_buf_printf(c->problems, "%s:%u", c->path ? c->path : "model.yaml",
                      sv_yaml_line(file, written));
    else
        sv_buf_printf(c->problems, "--set");
    sv_buf_printf(c->problems, ": versions.%s: ", key);
}

/* False: there is no such version, and it was said. */
static bool check_name(checking *c, const char *key, sv_str name)
{
    if (find(c, name) < c->n)
        return true;
    sv_nearest search = sv_nearest_begin(name);
    begin_problem(c, key, name);
    sv_buf_printf(c->problems, "there is no version '%.*s', only ", SV_STR_ARG(name));
    for (size_t i = 0; i < c->n; i++) {
        sv_nearest_offer(&search, c->names[i].ptr);
        sv_buf_printf(c->problems, "%s'%.*s'", i ? ", " : "", SV_STR_ARG(c->names[i]));
    }
    if (search.best && c->n > 1)
        sv_buf_printf(c->problems, "; did you mean '%s'?", search.best);
    sv_buf_printf(c->problems, "\n");
    return false;
}

/* Numbers come before names, so the last number is the highest. */
size_t sv_manifest_check_latest(const sv_str *names, size_t n)
{
    size_t latest = n - 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t number;
        bool has_v = names[i].len && names[i].ptr[0] == 'v';
        if (sv_str_to_u64(has_v ? sv_str_slice(names[i], 1, names[i].len) : names[i], &number))
            latest = i;
    }
    return latest;
}

static bool is_served(const checking *c, sv_str name)
{
    const struct manifest_serve *serve = &c->manifest->versions->serve;
    for (size_t i = 0; i < serve->names.len; i++)
        if (sv_repository_is_same_version(serve->names.items[i], name))
            return true;
    return serve->which == SV_MANIFEST_SERVE_ALL ||
           (serve->which == SV_MANIFEST_SERVE_LATEST &&
            find(c, name) == sv_manifest_check_latest(c->names, c->n));
}

/* A version that is there, and loaded. */
static void check_served(checking *c, const char *key, sv_str name)
{
    if (!check_name(c, key, name) || is_served(c, name))
        return;
    begin_problem(c, key, name);
    sv_buf_printf(c->problems, "version '%.*s' is not among those of versions.serve\n",
                  SV_STR_ARG(name));
}

static void check_list(checking *c, const sv_strs *names)
{
    for (size_t i = 0; i < names->len; i++)
        (void)check_name(c, "serve", names->items[i]);
}

static bool came_before(const sv_manifest_weights *weights, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (sv_repository_is_same_version(weights->items[i].key, weights->items[index].key))
            return true;
    return false;
}

static void check_weights(checking *c, const sv_manifest_weights *weights)
{
    int64_t sum = 0;
    for (size_t i = 0; i < weights->len; i++) {
        sum += weights->items[i].value;
        if (weights->items[i].value)
            check_served(c, "weights", weights->items[i].key);
        else
            (void)check_name(c, "weights", weights->items[i].key);
        if (!came_before(weights, i))
            continue;
        begin_problem(c, "weights", weights->items[i].key);
        sv_buf_printf(c->problems, "version '%.*s' has a weight already\n",
                      SV_STR_ARG(weights->items[i].key));
    }
    if (!weights->len || sum)
        return;
    begin_problem(c, "weights", weights->items[0].key);
    sv_buf_printf(c->problems, "at least one weight has to be more than 0\n");
}

sv_status sv_manifest_check_versions(const struct manifest *manifest, const sv_str *names, size_t n,
                                     const char *path, sv_buf *problems)
{
    const struct manifest_versions *versions = manifest->versions;
    checking c = {manifest, names, n, path, problems, SV_OK};
    if (!versions)
        return SV_OK;
    if (versions->default_version.set)
        check_served(&c, "default", versions->default_version.value);
    check_list(&c, &versions->serve.names);
    check_weights(&c, &versions->weights);
    if (versions->shadow.set)
        check_served(&c, "shadow", versions->shadow.value);
    return c.status;
}
