/* manifest.c: model.yaml -> struct manifest, and every mistake as a line. The keys:
 * manifest_schema.c; overrides: manifest_set.c; defaults that depend on the model: inspect.c. */
#include "model/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "model/manifest_schema.h"
#include "model/manifest_set.h"
#include "json/decode.h"
#include "json/plan.h"

enum { DEFAULT_WARM_UP_S = 5 };

/* What a mistake is reported at; `yaml` NULL: the command line. */
typedef struct origin {
    const char *where;
    const sv_yaml *yaml;
} origin;

const char *sv_manifest_task_name(sv_model_task task)
{
    const sv_enum *tasks = sv_manifest_schema_tasks;
    for (size_t i = 0; i < tasks->n_values; i++)
        if (tasks->values[i].value == (int)task)
            return tasks->values[i].name;
    return "unset";
}

int64_t sv_manifest_warm_up_ns(const struct manifest *manifest)
{
    const struct manifest_warm_up *warm_up = manifest->warm_up;
    return warm_up && warm_up->budget.written.set ? warm_up->budget.ns
                                                  : DEFAULT_WARM_UP_S * SV_NS_PER_S;
}

/* One byte more than is allowed, so that the parser sees that it is too much. */
static sv_status read_file(const char *path, sv_buf *problems, sv_buf *text)
{
    char piece[4096];
    size_t n;
    FILE *file = fopen(path, "re");
    errno = file ? 0 : errno;
    while (file && text->len <= SV_YAML_MAX_SIZE && (n = fread(piece, 1, sizeof piece, file)) > 0)
        sv_buf_append(text, piece, n);
    bool good = file && !ferror(file);
    if (!good)
        sv_buf_printf(problems, "%s: %s\n", path, strerror(errno));
    if (file)
        fclose(file);
    return good ? sv_buf_status(text) : SV_IO;
}

/* What an unknown name was meant to be: `path` leads to it, through objects. NULL: nothing near. */
static const char *guess_meant(sv_str path)
{
    const sv_schema *schema = sv_manifest_schema;
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

/* Without the words that pydantic puts before those of a check. */
static sv_str plain_message(sv_str message)
{
    static const sv_str prefix = SV_STR_INIT("Value error, ");
    return sv_str_starts_with(message, prefix) ? sv_str_slice(message, prefix.len, message.len)
                                               : message;
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
                      SV_STR_ARG(plain_message(view.message)), meant ? "; did you mean '" : "",
                      meant ? meant : "", meant ? "'?" : "");
    }
}

static sv_status decode(sv_arena *arena, const sv_value *root, const origin *from, sv_buf *problems,
                        struct manifest **ret_manifest)
{
    const sv_plan *plan;
    sv_status status = sv_plan_new(arena, sv_manifest_schema, SV_FIELD_BODY, problems, &plan);
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

static void report_yaml(const char *path, const sv_error *error, sv_status status, sv_buf *problems)
{
    bool has_line = strncmp(error->path, "line ", 5) == 0;
    sv_buf_printf(problems, "%s%s%s: %s\n", path, has_line ? ":" : "",
                  has_line ? error->path + 5 : "",
                  error->message[0] ? error->message : sv_status_text(status));
}

/* An empty text is one without keys. */
static sv_status parse_base(sv_arena *arena, const char *path, sv_str text, sv_buf *problems,
                            sv_yaml *ret_yaml)
{
    sv_error error = {0};
    sv_status status = sv_yaml_parse(arena, text, &error, ret_yaml);
    if (status)
        report_yaml(path, &error, status, problems);
    else if (sv_value_get_type(ret_yaml->root) == SV_VALUE_NULL)
        status = sv_yaml_parse(arena, SV_STR("{}"), &error, ret_yaml);
    return status;
}

static sv_status read_base(sv_arena *arena, const char *path, sv_buf *problems, sv_yaml *ret_yaml)
{
    sv_buf text;
    sv_buf_init(&text, SV_YAML_MAX_SIZE + 8192);
    sv_status status = path ? read_file(path, problems, &text) : SV_OK;
    if (!status)
        status =
            parse_base(arena, path ? path : "model.yaml", sv_buf_str(&text), problems, ret_yaml);
    sv_buf_deinit(&text);
    return status;
}

/* By themselves, so that their mistakes are told beside those of the file. */
static sv_status check_sets(sv_arena *arena, const sv_manifest_source *source, sv_buf *problems,
                            sv_manifest_sets *ret_sets)
{
    static const sv_strs none = {0};
    const origin command_line = {"--set", NULL};
    const sv_value *alone;
    struct manifest *unused;
    sv_status status = sv_manifest_set_collect(arena, source->sets ? source->sets : &none,
                                               source->name, problems, ret_sets);
    if ((status && status != SV_INVALID) || !ret_sets->len)
        return status;
    sv_status worst = sv_manifest_set_merge(arena, NULL, ret_sets, &alone);
    if (!worst)
        worst = decode(arena, alone, &command_line, problems, &unused);
    return worst ? worst : status;
}

static sv_status read_both(sv_arena *arena, const sv_manifest_source *source, const sv_yaml *yaml,
                           sv_buf *problems, struct manifest **ret_manifest)
{
    sv_manifest_sets sets = {.len = 0};
    const origin file = {source->path ? source->path : "model.yaml", yaml};
    const origin command_line = {"--set", NULL};
    sv_status status = decode(arena, yaml->root, &file, problems, ret_manifest);
    sv_status set_status = check_sets(arena, source, problems, &sets);
    if (status || set_status || !sets.len)
        return status ? status : set_status;
    const sv_value *merged;
    status = sv_manifest_set_merge(arena, yaml->root, &sets, &merged);
    return status ? status : decode(arena, merged, &command_line, problems, ret_manifest);
}

sv_status sv_manifest_read(sv_arena *arena, const sv_manifest_source *source, sv_buf *problems,
                           const struct manifest **ret_manifest)
{
    struct manifest *manifest = NULL;
    sv_yaml *yaml = sv_arena_alloc(arena, sizeof *yaml);
    sv_status status = yaml ? read_base(arena, source->path, problems, yaml) : SV_NO_MEMORY;
    if (!status)
        status = read_both(arena, source, yaml, problems, &manifest);
    if (status)
        return status;
    manifest->file = source->path ? yaml : NULL;
    *ret_manifest = manifest;
    return SV_OK;
}
