/* cmd_models.c: `serval models`: what a model is, why Serval thinks so, and the model.yaml that
 * says the same. */
#include <stdio.h>
#include <stdlib.h>

#include "app/commands.h"
#include "app/serve.h"
#include "base/writer.h"

enum { MAX_QUOTED = 1 << 16 };

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

static const char *interpolation_name(sv_interpolation interpolation)
{
    return interpolation == SV_INTERPOLATION_NEAREST   ? "nearest"
           : interpolation == SV_INTERPOLATION_BICUBIC ? "bicubic"
                                                       : "bilinear";
}

static void print_floats(const char *name, const float *values, unsigned n)
{
    printf(", %s: [", name);
    for (unsigned i = 0; i < n; i++)
        printf("%s%.9g", i ? ", " : "", (double)values[i]);
    printf("]");
}

/* As a JSON string, which YAML reads too. */
static void print_quoted(sv_str text)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_QUOTED);
    sv_writer_init(&writer, &buf);
    sv_writer_str(&writer, text);
    printf("%.*s", SV_STR_ARG(sv_buf_str(&buf)));
    sv_buf_deinit(&buf);
}

/* Paths of a manifest start at the model's folder. */
static void print_path(const sv_model *model, const char *name, const char *path)
{
    sv_str text = sv_str_from(path), dir = sv_str_from(model->source->dir);
    bool inside = sv_str_starts_with(text, dir) && text.len > dir.len && text.ptr[dir.len] == '/';
    char *real = inside ? NULL : realpath(path, NULL);
    printf("%s: ", name);
    if (inside)
        print_quoted(sv_str_slice(text, dir.len + 1, text.len));
    else
        print_quoted(real ? sv_str_from(real) : text);
    free(real);
}

static void print_preprocess(const sv_preprocess *how)
{
    static const char *const dtypes[] = {"float32", "float16", "uint8"};
    static const char *const channels[] = {"RGB", "BGR", "GREY"};
    unsigned n = sv_to_tensor_n_channels(how->pixel.channels);
    printf("    preprocess: {mode: %s", how->mode == SV_PREPROCESS_SQUASH ? "squash" : "crop");
    if (how->crop_fraction > 0)
        printf(", crop_fraction: %.17g", how->crop_fraction);
    printf(", resize: %u", how->resize);
    if (how->crop_width == how->crop_height)
        printf(", crop: %u", how->crop_width);
    printf(", interpolation: %s, scale: %.9g", interpolation_name(how->interpolation),
           (double)how->pixel.scale);
    print_floats("mean", how->pixel.mean, n);
    print_floats("std", how->pixel.std, n);
    printf(", dtype: %s, layout: %s, channels: %s", dtypes[how->pixel.type],
           how->pixel.layout == SV_PIXEL_NHWC ? "NHWC" : "NCHW", channels[how->pixel.channels]);
    printf("%s}\n", how->ignore_orientation ? ", orientation: ignore" : "");
}

static void print_image(const sv_model *model, const sv_model_version *version)
{
    print_preprocess(&version->image.preprocess);
    printf("    postprocess: {softmax: %s", version->image.softmax ? "true" : "false");
    if (version->labels_file)
        print_path(model, ", labels", version->labels_file);
    printf(", top_k: %lld}\n", (long long)version->image.top_k);
}

static void print_text(const sv_model *model, const sv_model_version *version)
{
    static const char *const poolings[] = {[SV_TEXT_POOLING_NONE] = "none",
                                           [SV_TEXT_POOLING_MEAN] = "mean",
                                           [SV_TEXT_POOLING_CLS] = "cls"};
    const sv_text_task *text = &version->text;
    printf("    preprocess: {");
    if (version->tokenizer_file) {
        print_path(model, "tokenizer", version->tokenizer_file);
        printf(", max_length: %lld}\n", (long long)text->max_length);
    } else {
        printf("tokenizer: hashed-ngrams}\n");
    }
    if (version->task == SV_TASK_TEXT_EMBEDDING) {
        printf("    postprocess: {pooling: %s, normalize: %s}\n", poolings[text->pooling],
               text->normalize ? "true" : "false");
        return;
    }
    printf("    postprocess: {softmax: %s", text->softmax ? "true" : "false");
    if (version->labels_file)
        print_path(model, ", labels", version->labels_file);
    printf(", top_k: %lld}\n", (long long)text->top_k);
}

/* The manifest to start from. */
static void print_manifest(const sv_model *model, const sv_model_version *version)
{
    bool is_image = version->task == SV_TASK_IMAGE_CLASSIFICATION;
    bool is_text =
        version->task == SV_TASK_TEXT_EMBEDDING || version->task == SV_TASK_TEXT_CLASSIFICATION;
    printf("  model.yaml:\n    task: %s\n", sv_manifest_task_name(version->task));
    if (!is_image && !is_text)
        return;
    printf("    versions: {default: ");
    print_quoted(model->versions[model->default_version].name);
    printf("}\n");
    if (is_image)
        print_image(model, version);
    else
        print_text(model, version);
}

static void print_model(const sv_model *model)
{
    printf("%.*s (%s)\n", SV_STR_ARG(model->name), model->source->dir);
    for (size_t i = 0; i < model->n_versions; i++) {
        const sv_model_version *version = &model->versions[i];
        sv_version_state state = sv_registry_state(version);
        printf("  version %.*s%s: %s, %s\n", SV_STR_ARG(version->name),
               i == model->default_version ? " (default)" : "", sv_registry_state_name(state),
               state == SV_VERSION_READY ? sv_manifest_task_name(version->task) : version->reason);
        if (state != SV_VERSION_READY)
            continue;
        const sv_engine_info *info = sv_engine_model_info(version->loaded);
        printf("    engine: %s, about %.1f MiB, loaded in %.0f ms\n",
               sv_engine_model_engine(version->loaded), (double)info->memory_bytes / (1 << 20),
               (double)version->load_ns / 1e6);
        print_tensors("input", info->inputs, info->n_inputs);
        print_tensors("output", info->outputs, info->n_outputs);
        print_reasons(version->reason);
    }
    const sv_model_version *version = &model->versions[model->default_version];
    if (sv_registry_state(version) == SV_VERSION_READY)
        print_manifest(model, version);
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

static void write_version(sv_writer *writer, const sv_model_version *version)
{
    bool ready = sv_registry_state(version) == SV_VERSION_READY;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "version", version->name);
    sv_writer_key_cstr(writer, "state", sv_registry_state_name(sv_registry_state(version)));
    sv_writer_key_cstr(writer, "reason", version->reason);
    if (ready) {
        const sv_engine_info *info = sv_engine_model_info(version->loaded);
        sv_writer_key_cstr(writer, "engine", sv_engine_model_engine(version->loaded));
        sv_writer_key_cstr(writer, "task", sv_manifest_task_name(version->task));
        sv_writer_key_int(writer, "memory_bytes", (int64_t)info->memory_bytes);
        write_tensors(writer, "inputs", info->inputs, info->n_inputs);
        write_tensors(writer, "outputs", info->outputs, info->n_outputs);
    }
    sv_writer_end_object(writer);
}

static void print_json(const sv_model *models, size_t n)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, (size_t)16 << 20);
    sv_writer_init(&writer, &buf);
    sv_writer_begin_object(&writer);
    sv_writer_key(&writer, SV_STR("models"));
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < n; i++) {
        sv_writer_begin_object(&writer);
        sv_writer_key_str(&writer, "name", models[i].name);
        sv_writer_key_str(&writer, "default_version",
                          models[i].versions[models[i].default_version].name);
        sv_writer_key(&writer, SV_STR("versions"));
        sv_writer_begin_array(&writer);
        for (size_t k = 0; k < models[i].n_versions; k++)
            write_version(&writer, &models[i].versions[k]);
        sv_writer_end_array(&writer);
        sv_writer_end_object(&writer);
    }
    sv_writer_end_array(&writer);
    sv_writer_end_object(&writer);
    printf("%.*s\n", SV_STR_ARG(sv_buf_str(&buf)));
    sv_buf_deinit(&buf);
}

static int print_models(sv_runtime *runtime)
{
    size_t n;
    if (sv_runtime_open_models(runtime))
        return 1;
    size_t n_failed = sv_runtime_load_models(runtime);
    const sv_model *models = sv_registry_models(runtime->registry, &n);
    if (runtime->cli.json)
        print_json(models, n);
    else
        for (size_t i = 0; i < n; i++)
            print_model(&models[i]);
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
