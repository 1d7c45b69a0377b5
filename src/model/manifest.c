/* manifest.c: the schema of model.yaml, and how it is read. Defaults that depend on the model:
 * inspect.c. */
#include "model/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "json/decode.h"
#include "json/plan.h"
#include "json/yaml.h"

enum { MAX_SETS = 64, MAX_KEYS = 8 };

SV_ENUM(task, {"image-classification", SV_TASK_IMAGE_CLASSIFICATION},
        {"text-embedding", SV_TASK_TEXT_EMBEDDING},
        {"text-classification", SV_TASK_TEXT_CLASSIFICATION}, {"tabular", SV_TASK_TABULAR},
        {"tensor", SV_TASK_TENSOR});
SV_ENUM(mode, {"crop", SV_MANIFEST_CROP}, {"squash", SV_MANIFEST_SQUASH});
SV_ENUM(interpolation, {"nearest", SV_MANIFEST_NEAREST}, {"bilinear", SV_MANIFEST_BILINEAR},
        {"bicubic", SV_MANIFEST_BICUBIC});
SV_ENUM(dtype, {"float32", SV_MANIFEST_FLOAT32}, {"float16", SV_MANIFEST_FLOAT16},
        {"uint8", SV_MANIFEST_UINT8});
SV_ENUM(layout, {"NCHW", SV_MANIFEST_NCHW}, {"NHWC", SV_MANIFEST_NHWC});
SV_ENUM(channels, {"RGB", SV_MANIFEST_RGB}, {"BGR", SV_MANIFEST_BGR}, {"GREY", SV_MANIFEST_GREY});
SV_ENUM(pooling, {"none", SV_MANIFEST_POOLING_NONE}, {"mean", SV_MANIFEST_POOLING_MEAN},
        {"cls", SV_MANIFEST_POOLING_CLS});
SV_ENUM(orientation, {"exif", SV_MANIFEST_EXIF}, {"ignore", SV_MANIFEST_IGNORE});

/* `default` is a word of C, so this row is written out. */
SV_SCHEMA_WITH(manifest_versions, (.extra = SV_EXTRA_FORBID),
               {.name = "default",
                .offset = offsetof(struct manifest_versions, default_version),
                .size = sizeof(sv_opt_str),
                .kind = SV_KIND_STR,
                .nullable = true,
                .min_len = 1,
                .default_json = "null"});
SV_SCHEMA_WITH(manifest_preprocess, (.extra = SV_EXTRA_FORBID),
               SV_FIELD_ENUM(manifest_preprocess, mode, mode, .optional = true),
               SV_FIELD(manifest_preprocess, crop_fraction, SV_GT(0), SV_LE(1),
                        .default_json = "null"),
               SV_FIELD(manifest_preprocess, resize, SV_GE(1), SV_LE(8192), .default_json = "null"),
               SV_FIELD(manifest_preprocess, crop, SV_GE(1), SV_LE(8192), .default_json = "null"),
               SV_FIELD(manifest_preprocess, tokenizer, .min_len = 1, .default_json = "null"),
               SV_FIELD(manifest_preprocess, max_length, SV_GE(3), SV_LE(8192),
                        .default_json = "null"),
               SV_FIELD_ENUM(manifest_preprocess, interpolation, interpolation, .optional = true),
               SV_FIELD(manifest_preprocess, scale, .default_json = "null"),
               SV_FIELD(manifest_preprocess, mean, .optional = true, .max_items = 3),
               SV_FIELD(manifest_preprocess, std, .optional = true, .max_items = 3, SV_GT(0)),
               SV_FIELD(manifest_preprocess, columns, .optional = true, .max_items = 65536),
               SV_FIELD_ENUM(manifest_preprocess, dtype, dtype, .optional = true),
               SV_FIELD_ENUM(manifest_preprocess, layout, layout, .optional = true),
               SV_FIELD_ENUM(manifest_preprocess, channels, channels, .optional = true),
               SV_FIELD_ENUM(manifest_preprocess, orientation, orientation, .optional = true));
SV_SCHEMA_WITH(manifest_postprocess, (.extra = SV_EXTRA_FORBID),
               SV_FIELD_ENUM(manifest_postprocess, pooling, pooling, .optional = true),
               SV_FIELD(manifest_postprocess, normalize, .default_json = "null"),
               SV_FIELD(manifest_postprocess, softmax, .default_json = "null"),
               SV_FIELD(manifest_postprocess, labels, .min_len = 1, .default_json = "null"),
               SV_FIELD(manifest_postprocess, top_k, SV_GE(1), SV_LE(1000),
                        .default_json = "null"));
SV_SCHEMA_WITH(manifest_engine, (.extra = SV_EXTRA_FORBID),
               SV_FIELD(manifest_engine, threads, SV_GE(1), SV_LE(256), .default_json = "null"));
SV_SCHEMA_WITH(manifest, (.extra = SV_EXTRA_FORBID),
               SV_FIELD_ENUM(manifest, task, task, .optional = true),
               SV_FIELD_OBJECT(manifest, versions, manifest_versions, .default_json = "null"),
               SV_FIELD_OBJECT(manifest, preprocess, manifest_preprocess, .default_json = "null"),
               SV_FIELD_OBJECT(manifest, postprocess, manifest_postprocess, .default_json = "null"),
               SV_FIELD_OBJECT(manifest, engine, manifest_engine, .default_json = "null"));

/* One `--set` of this model: the keys that are left, and the value. */
typedef struct override {
    sv_str keys;
    const sv_value *value;
} override;

typedef struct override_list {
    override items[MAX_SETS];
    size_t len;
} override_list;

/* What a mistake is reported at; `yaml` NULL: the command line. */
typedef struct origin {
    const char *where;
    const sv_yaml *yaml;
} origin;

const char *sv_manifest_task_name(sv_model_task task)
{
    for (size_t i = 0; i < task_enum.n_values; i++)
        if (task_enum.values[i].value == (int)task)
            return task_enum.values[i].name;
    return "unset";
}

static sv_status read_file(sv_arena *arena, const char *path, sv_buf *problems, sv_str *ret_text)
{
    FILE *file = fopen(path, "re");
    char *text = file ? sv_arena_alloc_raw(arena, SV_YAML_MAX_SIZE + 1) : NULL;
    if (!text) {
        sv_buf_printf(problems, "%s: %s\n", path, file ? "out of memory" : strerror(errno));
        if (file)
            fclose(file);
        return SV_IO;
    }
    size_t len = fread(text, 1, SV_YAML_MAX_SIZE + 1, file);
    fclose(file);
    *ret_text = (sv_str){text, len};
    return SV_OK;
}

/* First key of "a.b.c"; the rest goes to `ret_rest`, empty when there is none. */
static sv_str first_key(sv_str keys, sv_str *ret_rest)
{
    size_t dot = sv_str_find(keys, '.');
    *ret_rest = sv_str_slice(keys, dot + 1, keys.len);
    return sv_str_slice(keys, 0, dot);
}

/* The overrides whose first key is `key`, without it. */
static size_t select_overrides(const override *all, size_t n, sv_str key, override *ret_selected)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        sv_str rest;
        if (sv_str_eq(first_key(all[i].keys, &rest), key))
            ret_selected[count++] = (override){rest, all[i].value};
    }
    return count;
}

static bool is_first_of_key(const override *all, size_t index)
{
    sv_str rest, key = first_key(all[index].keys, &rest);
    for (size_t i = 0; i < index; i++)
        if (sv_str_eq(first_key(all[i].keys, &rest), key))
            return false;
    return true;
}

/* Writes `base` (NULL: nothing) with the overrides laid over it, one after another. */
static void write_merged(sv_writer *writer, const sv_value *base, const override *all, size_t n)
{
    override inner[MAX_SETS];
    for (const override *at = all, *end = all + n; at < end; at++) {
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

/* The `--set`s of this model; values are YAML, so that `[0.5]`, `true` and text all work. */
static sv_status collect_overrides(sv_arena *arena, const sv_manifest_source *source,
                                   sv_buf *problems, override_list *ret_list)
{
    size_t n = 0, n_sets = source->sets ? source->sets->len : 0;
    for (size_t i = 0; i < n_sets; i++) {
        sv_str set = source->sets->items[i], rest;
        size_t equals = sv_str_find(set, '=');
        sv_str model = first_key(sv_str_slice(set, 0, equals), &rest);
        if (!sv_str_eq(model, source->name))
            continue;
        sv_yaml yaml;
        sv_error error = {0};
        if (n == MAX_SETS || !rest.len || count_keys(rest) > MAX_KEYS || equals == set.len ||
            sv_yaml_parse(arena, sv_str_slice(set, equals + 1, set.len), &error, &yaml)) {
            sv_buf_printf(problems, "--set %.*s: expected MODEL.KEY=VALUE%s%s\n", SV_STR_ARG(set),
                          error.message[0] ? ": " : "", error.message);
            return SV_INVALID;
        }
        ret_list->items[n++] = (override){rest, yaml.root};
    }
    ret_list->len = n;
    return SV_OK;
}

/* What an unknown name was meant to be: `path` leads to it, through objects. NULL: nothing near. */
static const char *guess_meant(sv_str path)
{
    const sv_schema *schema = &manifest_schema;
    sv_str name = {0};
    while (schema && sv_str_split(&path, '.', &name) && path.ptr) {
        const sv_field *inner = NULL;
        for (size_t i = 0; i < schema->n_fields; i++)
            if (sv_str_eq(name, sv_str_from(schema->fields[i].name)))
                inner = &schema->fields[i];
        schema = inner ? inner->schema : NULL;
    }
    sv_nearest search = sv_nearest_begin(name);
    for (size_t i = 0; schema && i < schema->n_fields; i++)
        if (schema->fields[i].name)
            sv_nearest_offer(&search, schema->fields[i].name);
    return search.best;
}

static void report_errors(const sv_errors *errors, const origin *from, sv_buf *problems)
{
    for (size_t i = 0; i < errors->count; i++) {
        sv_errors_view view = sv_errors_get(errors, i);
        sv_buf_append_str(problems, sv_str_from(from->where));
        if (from->yaml && view.value)
            sv_buf_printf(problems, ":%u", sv_yaml_line(from->yaml, view.value));
        const char *meant =
            view.type == SV_ERROR_TYPE_EXTRA_FORBIDDEN ? guess_meant(view.path) : NULL;
        sv_buf_printf(problems, ": %.*s: %.*s%s%s%s\n", SV_STR_ARG(view.path),
                      SV_STR_ARG(view.message), meant ? "; did you mean '" : "", meant ? meant : "",
                      meant ? "'?" : "");
    }
}

static sv_status decode(sv_arena *arena, const sv_value *root, const origin *from, sv_buf *problems,
                        const struct manifest **ret_manifest)
{
    const sv_plan *plan;
    sv_status status = sv_plan_new(arena, &manifest_schema, SV_FIELD_BODY, problems, &plan);
    if (status)
        return status;
    sv_errors errors;
    void *decoded = NULL;
    sv_errors_init(&errors, arena);
    status = sv_decode_value(arena, plan, root, &errors, &decoded);
    if (status == SV_INVALID)
        report_errors(&errors, from, problems);
    if (!status)
        *ret_manifest = decoded;
    return status;
}

static sv_status read_base(sv_arena *arena, const char *path, sv_buf *problems, sv_yaml *ret_yaml)
{
    sv_str text = SV_STR("{}");
    sv_error error = {0};
    sv_status status = path ? read_file(arena, path, problems, &text) : SV_OK;
    if (status)
        return status;
    status = sv_yaml_parse(arena, text, &error, ret_yaml);
    if (status)
        sv_buf_printf(problems, "%s: %s%s%s\n", path ? path : "model.yaml", error.path,
                      error.path[0] ? ": " : "",
                      error.message[0] ? error.message : sv_status_text(status));
    else if (sv_value_get_type(ret_yaml->root) == SV_VALUE_NULL)
        status = sv_yaml_parse(arena, SV_STR("{}"), &error, ret_yaml);
    return status;
}

static sv_status merge(sv_arena *arena, const sv_value *base, const override_list *overrides,
                       const sv_value **ret_merged)
{
    sv_buf buf;
    sv_writer writer;
    sv_value_error error;
    sv_buf_init(&buf, (size_t)2 * SV_YAML_MAX_SIZE);
    sv_writer_init(&writer, &buf);
    write_merged(&writer, base, overrides->items, overrides->len);
    sv_status status = sv_buf_status(&buf);
    if (!status)
        status = sv_value_parse(arena, sv_buf_str(&buf), NULL, &error, ret_merged);
    sv_buf_deinit(&buf);
    return status;
}

sv_status sv_manifest_read(sv_arena *arena, const sv_manifest_source *source, sv_buf *problems,
                           const struct manifest **ret_manifest)
{
    override_list overrides;
    sv_yaml yaml;
    sv_status status = read_base(arena, source->path, problems, &yaml);
    origin file = {source->path ? source->path : "model.yaml", &yaml};
    if (!status)
        status = decode(arena, yaml.root, &file, problems, ret_manifest);
    if (!status)
        status = collect_overrides(arena, source, problems, &overrides);
    if (status || !overrides.len)
        return status;
    const sv_value *merged;
    origin command_line = {"--set", NULL};
    status = merge(arena, yaml.root, &overrides, &merged);
    return status ? status : decode(arena, merged, &command_line, problems, ret_manifest);
}
