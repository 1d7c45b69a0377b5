/* cmd_models.c: `serval models`: what a model is, why Serval thinks so, and the model.yaml that
 * says the same. */
#include <stdio.h>

#include "app/commands.h"
#include "app/manifest_writer.h"
#include "app/serve.h"
#include "base/clock.h"
#include "base/writer.h"
#include "model/model_status.h"

enum { MAX_MANIFEST = 8 << 20, MAX_JSON = 64 << 20 };

static void print_tensors(const char *what, const sv_tensor_spec *specs, size_t n)
{
    char shape[SV_TENSOR_SHAPE_TEXT_SIZE];
    for (size_t i = 0; i < n; i++)
        printf("    %s %.*s: %s %s\n", what, SV_STR_ARG(specs[i].name),
               sv_tensor_dtype_name(specs[i].dtype),
               sv_tensor_shape_format(&specs[i].shape, shape));
}

static void print_reasons(const char *reasons)
{
    sv_str rest = sv_str_from(reasons), line;
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (line.len)
            printf("    because: %.*s\n", SV_STR_ARG(line));
}

/* The manifest to start from, indented. */
static void print_manifest(sv_model *model)
{
    sv_buf text;
    sv_buf_init(&text, MAX_MANIFEST);
    if (sv_manifest_writer_write(model, &text))
        sv_buf_clear(&text);
    sv_str rest = sv_buf_str(&text), line;
    if (rest.len)
        printf("  model.yaml:\n");
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (line.len)
            printf("    %.*s\n", SV_STR_ARG(line));
    sv_buf_deinit(&text);
}

static void print_model(sv_model *model)
{
    printf("%.*s (%s)\n", SV_STR_ARG(model->name), model->files->source.dir);
    const sv_model_version *by_default = sv_registry_find_version(model, (sv_str){0});
    for (size_t i = 0; i < model->n_versions; i++) {
        sv_model_version *version = model->versions[i];
        const sv_instance *instance = version->current;
        printf("  version %.*s%s: %s, %s\n", SV_STR_ARG(version->name),
               version == by_default ? " (default)" : "",
               sv_model_status_state_name(sv_registry_state(version)),
               instance ? sv_manifest_task_name(instance->task) : version->reason);
        if (!instance)
            continue;
        const sv_engine_info *info = sv_engine_model_info(instance->loaded);
        printf("    engine: %s, about %.1f MiB, loaded in %.0f ms\n",
               sv_engine_model_engine(instance->loaded), (double)instance->memory_bytes / (1 << 20),
               (double)instance->load_ns / 1e6);
        print_tensors("input", info->inputs, info->n_inputs);
        print_tensors("output", info->outputs, info->n_outputs);
        print_reasons(instance->reasons);
    }
    print_manifest(model);
}

static void write_tensors(sv_writer *writer, const char *name, const sv_tensor_spec *specs,
                          size_t n)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < n; i++) {
        sv_writer_begin_object(writer);
        sv_writer_key_str(writer, "name", specs[i].name);
        sv_writer_key_cstr(writer, "datatype", sv_tensor_dtype_name(specs[i].dtype));
        sv_writer_key(writer, SV_STR("shape"));
        sv_writer_begin_array(writer);
        for (int k = 0; k < specs[i].shape.rank; k++)
            sv_writer_int(writer, specs[i].shape.dims[k]);
        sv_writer_end_array(writer);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

static void write_reasons(sv_writer *writer, const char *reasons)
{
    sv_str rest = sv_str_from(reasons), line;
    sv_writer_key(writer, SV_STR("reasons"));
    sv_writer_begin_array(writer);
    while (rest.len && sv_str_split(&rest, '\n', &line))
        if (line.len)
            sv_writer_str(writer, line);
    sv_writer_end_array(writer);
}

static void write_file(sv_writer *writer, const char *name, const char *path)
{
    sv_writer_key(writer, sv_str_from(name));
    if (path)
        sv_writer_str(writer, sv_str_from(path));
    else
        sv_writer_null(writer);
}

static void write_loaded(sv_writer *writer, const sv_instance *instance)
{
    const sv_engine_info *info = sv_engine_model_info(instance->loaded);
    sv_writer_key_cstr(writer, "engine", sv_engine_model_engine(instance->loaded));
    sv_writer_key_cstr(writer, "task", sv_manifest_task_name(instance->task));
    sv_writer_key_int(writer, "memory_bytes", (int64_t)instance->memory_bytes);
    sv_writer_key_int(writer, "load_ms", instance->load_ns / SV_NS_PER_MS);
    write_file(writer, "labels", instance->labels_file);
    write_file(writer, "tokenizer", instance->tokenizer_file);
    write_tensors(writer, "inputs", info->inputs, info->n_inputs);
    write_tensors(writer, "outputs", info->outputs, info->n_outputs);
}

static void write_version(sv_writer *writer, sv_model_version *version)
{
    const sv_instance *instance = version->current;
    const sv_model_files *files = version->model->files;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "version", version->name);
    sv_writer_key_cstr(writer, "file", sv_model_files_find(files, version->name)->file);
    sv_writer_key_cstr(writer, "state", sv_model_status_state_name(sv_registry_state(version)));
    write_reasons(writer, instance ? instance->reasons : version->reason);
    if (instance)
        write_loaded(writer, instance);
    sv_writer_end_object(writer);
}

/* null when no version is ready. */
static void write_manifest(sv_writer *writer, sv_model *model)
{
    sv_buf text;
    sv_buf_init(&text, MAX_MANIFEST);
    sv_status status = sv_manifest_writer_write(model, &text);
    sv_writer_key(writer, SV_STR("manifest"));
    if (!status && text.len)
        sv_writer_str(writer, sv_buf_str(&text));
    else
        sv_writer_null(writer);
    sv_buf_deinit(&text);
}

static void write_model(sv_writer *writer, sv_model *model)
{
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "name", model->name);
    sv_writer_key_cstr(writer, "path", model->files->source.dir);
    sv_writer_key_str(writer, "default_version",
                      sv_registry_find_version(model, (sv_str){0})->name);
    sv_writer_key(writer, SV_STR("versions"));
    sv_writer_begin_array(writer);
    for (size_t k = 0; k < model->n_versions; k++)
        write_version(writer, model->versions[k]);
    sv_writer_end_array(writer);
    write_manifest(writer, model);
    sv_writer_end_object(writer);
}

static void print_json(const sv_model_set *set)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_JSON);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key(&writer, SV_STR("models"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < set->n_models; i++)
        write_model(&writer, set->models[i]);
    sv_writer_end_array(&writer);
    sv_writer_end_object(&writer);
    printf("%.*s\n", SV_STR_ARG(sv_buf_str(&buf)));
    sv_buf_deinit(&buf);
}

static int print_models(sv_runtime *runtime)
{
    if (sv_runtime_open_models(runtime))
        return 1;
    size_t n_failed = sv_runtime_load_models(runtime);
    const sv_model_set *set = sv_registry_set(runtime->registry);
    if (runtime->cli.json)
        print_json(set);
    else
        for (size_t i = 0; i < set->n_models; i++)
            print_model(set->models[i]);
    return n_failed ? 1 : 0;
}

int sv_cmd_models(int argc, char *const *argv)
{
    sv_runtime runtime = {.cli.takes = SV_CLI_MODELS | SV_CLI_JSON};
    int code = sv_runtime_configure(&runtime, NULL, argc, argv);
    if (!code && runtime.cli.help) {
        printf("serval models [MODEL…] [--json]: what each model is, and the model.yaml to start "
               "from\n\n");
        sv_cli_print_options(&runtime.cli, stdout);
    } else if (!code) {
        code = print_models(&runtime);
    }
    if (code && runtime.problems.len)
        sv_serve_explain(&runtime, "serval models", code);
    sv_runtime_deinit(&runtime);
    return code;
}
