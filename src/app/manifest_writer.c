/* manifest_writer.c: the manifest in force, guesses and all.
 *
 * DESIGN. Each version that is ready is described as a list of keys with values; the manifest is
 * what all lists have in common, so that it changes nothing for any version. What differs is left
 * out: it was guessed, and will be again. */
#include "app/manifest_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "model/version_guard.h"

enum { MAX_ENTRIES = 32, MAX_VALUE = 4 << 20 };

typedef struct entry {
    const char *section; /* "": a key of the whole */
    const char *key;
    sv_str value; /* NULL pointer: out of memory */
} entry;

typedef struct description {
    sv_arena *arena;
    sv_model *model;
    entry entries[MAX_ENTRIES];
    size_t n;
} description;

SV_PRINTF(4, 5)
static void add(description *d, const char *section, const char *key, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (d->n < MAX_ENTRIES)
        d->entries[d->n++] = (entry){section, key, sv_arena_copy(d->arena, sv_str_from(text))};
}

static void add_str(description *d, const char *section, const char *key, sv_str value)
{
    if (d->n < MAX_ENTRIES)
        d->entries[d->n++] = (entry){section, key, value};
}

/* As a JSON string, which YAML reads too. */
static sv_str quote(sv_arena *arena, sv_str text)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_VALUE);
    sv_writer_init(&writer, &buf);
    sv_writer_str(&writer, text);
    sv_str quoted = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return quoted;
}

static void add_buf(description *d, const char *section, const char *key, sv_buf *value)
{
    bool good = !sv_buf_status(value);
    add_str(d, section, key, good ? sv_arena_copy(d->arena, sv_buf_str(value)) : (sv_str){0});
    sv_buf_deinit(value);
}

static void add_quoted(description *d, const char *section, const char *key, sv_str text)
{
    add_str(d, section, key, quote(d->arena, text));
}

static void add_bool(description *d, const char *section, const char *key, bool value)
{
    add(d, section, key, "%s", value ? "true" : "false");
}

/* Paths of a manifest start at the model's folder. */
static void add_path(description *d, const char *section, const char *key, const char *path)
{
    sv_str text = sv_str_from(path), dir = sv_str_from(d->model->files->source.dir);
    bool inside = sv_str_starts_with(text, dir) && text.len > dir.len && text.ptr[dir.len] == '/';
    char *real = inside ? NULL : realpath(path, NULL);
    if (inside)
        text = sv_str_slice(text, dir.len + 1, text.len);
    add_quoted(d, section, key, real ? sv_str_from(real) : text);
    free(real);
}

static void add_floats(description *d, const char *key, const float *values, unsigned n)
{
    if (n == 1)
        add(d, "preprocess", key, "[%.9g]", (double)values[0]);
    else
        add(d, "preprocess", key, "[%.9g, %.9g, %.9g]", (double)values[0], (double)values[1],
            (double)values[2]);
}

static void describe_preprocess(description *d, const sv_preprocess *how)
{
    static const char *const interpolations[] = {[SV_INTERPOLATION_NEAREST] = "nearest",
                                                 [SV_INTERPOLATION_BILINEAR] = "bilinear",
                                                 [SV_INTERPOLATION_BICUBIC] = "bicubic"};
    static const char *const dtypes[] = {
        [SV_PIXEL_FLOAT32] = "float32", [SV_PIXEL_FLOAT16] = "float16", [SV_PIXEL_UINT8] = "uint8"};
    static const char *const channels[] = {
        [SV_PIXEL_RGB] = "RGB", [SV_PIXEL_BGR] = "BGR", [SV_PIXEL_GREY] = "GREY"};
    static const char *const section = "preprocess";
    unsigned n = sv_to_tensor_n_channels(how->pixel.channels);
    add(d, section, "mode", "%s", how->mode == SV_PREPROCESS_SQUASH ? "squash" : "crop");
    if (how->crop_fraction > 0)
        add(d, section, "crop_fraction", "%.17g", how->crop_fraction);
    add(d, section, "resize", "%u", how->resize);
    if (how->crop_width == how->crop_height)
        add(d, section, "crop", "%u", how->crop_width);
    add(d, section, "interpolation", "%s", interpolations[how->interpolation]);
    add(d, section, "scale", "%.9g", (double)how->pixel.scale);
    add_floats(d, "mean", how->pixel.mean, n);
    add_floats(d, "std", how->pixel.std, n);
    add(d, section, "dtype", "%s", dtypes[how->pixel.type]);
    add(d, section, "layout", "%s", how->pixel.layout == SV_PIXEL_NHWC ? "NHWC" : "NCHW");
    add(d, section, "channels", "%s", channels[how->pixel.channels]);
    if (how->ignore_orientation)
        add(d, section, "orientation", "ignore");
}

/* Of every task with classes; `top_k` 0: it has none. */
static void describe_classes(description *d, const sv_instance *instance, bool softmax,
                             int64_t top_k)
{
    add_bool(d, "postprocess", "softmax", softmax);
    if (instance->labels_file)
        add_path(d, "postprocess", "labels", instance->labels_file);
    if (top_k)
        add(d, "postprocess", "top_k", "%lld", (long long)top_k);
}

static void describe_tokenizer(description *d, const sv_instance *instance)
{
    if (!instance->text.tokenizer) {
        add(d, "preprocess", "tokenizer", "hashed-ngrams");
        return;
    }
    add_path(d, "preprocess", "tokenizer", instance->tokenizer_file);
    add(d, "preprocess", "max_length", "%lld", (long long)instance->text.max_length);
}

static void describe_pooling(description *d, const sv_text_task *text)
{
    static const char *const poolings[] = {[SV_TEXT_POOLING_NONE] = "none",
                                           [SV_TEXT_POOLING_MEAN] = "mean",
                                           [SV_TEXT_POOLING_CLS] = "cls"};
    add(d, "postprocess", "pooling", "%s", poolings[text->pooling]);
    add_bool(d, "postprocess", "normalize", text->normalize);
}

static void describe_columns(description *d, const sv_tabular_task *table)
{
    sv_buf buf;
    if (table->by_column || !table->columns.len)
        return;
    sv_buf_init(&buf, MAX_VALUE);
    for (size_t i = 0; i < table->columns.len; i++)
        sv_buf_printf(&buf, "%s%.*s", i ? ", " : "[",
                      SV_STR_ARG(quote(d->arena, table->columns.items[i])));
    sv_buf_printf(&buf, "]");
    add_buf(d, "preprocess", "columns", &buf);
}

/* A key that is written in the manifest itself is a secret, and left out. */
static void describe_relay(description *d, const sv_instance *instance)
{
    const struct manifest *manifest = instance->files->manifest;
    add(d, "", "provider", "openai");
    add_quoted(d, "", "base_url", instance->relay.base_url);
    add_quoted(d, "", "model", instance->relay.model);
    if (manifest->api_key.set && sv_str_starts_with(manifest->api_key.value, SV_STR("env:")))
        add_quoted(d, "", "api_key", manifest->api_key.value);
}

/* What is known of one version. */
static void describe_version(description *d, const sv_instance *instance)
{
    add(d, "", "task", "%s", sv_manifest_task_name(instance->task));
    switch (instance->task) {
    case SV_TASK_IMAGE_CLASSIFICATION:
        describe_preprocess(d, &instance->image.preprocess);
        describe_classes(d, instance, instance->image.softmax, instance->image.top_k);
        break;
    case SV_TASK_TEXT_EMBEDDING:
        describe_tokenizer(d, instance);
        describe_pooling(d, &instance->text);
        break;
    case SV_TASK_TEXT_CLASSIFICATION:
        describe_tokenizer(d, instance);
        describe_classes(d, instance, instance->text.softmax, instance->text.top_k);
        break;
    case SV_TASK_TABULAR:
        describe_columns(d, &instance->tabular);
        describe_classes(d, instance, instance->tabular.softmax, 0);
        break;
    case SV_TASK_TEXT_GENERATION:
        if (sv_relay_is(&instance->relay)) {
            describe_relay(d, instance);
            break;
        }
        add(d, "generation", "context", "%u", instance->generation.n_context);
        add(d, "generation", "sequences", "%u", instance->generation.n_sequences);
        break;
    case SV_TASK_TENSOR:
    case SV_TASK_UNSET:
        break;
    }
}

static const entry *find_entry(const description *d, const entry *like)
{
    for (size_t i = 0; i < d->n; i++)
        if (!strcmp(d->entries[i].section, like->section) && !strcmp(d->entries[i].key, like->key))
            return &d->entries[i];
    return NULL;
}

/* Leaves in `d` what `other` says too. */
static void keep_common(description *d, const description *other)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const entry *same = find_entry(other, &d->entries[i]);
        if (same && sv_str_eq(same->value, d->entries[i].value))
            d->entries[n++] = d->entries[i];
    }
    d->n = n;
}

/* False: no version is ready. */
static bool describe_guesses(description *ret_common)
{
    sv_model *model = ret_common->model;
    size_t n_ready = 0;
    for (size_t i = 0; i < model->n_versions; i++) {
        description one = {.arena = ret_common->arena, .model = model};
        if (!model->versions[i]->current)
            continue;
        describe_version(&one, model->versions[i]->current);
        if (n_ready++)
            keep_common(ret_common, &one);
        else
            *ret_common = one;
    }
    return n_ready > 0;
}

static void describe_weights(description *d, const sv_manifest_weights *weights)
{
    sv_buf buf;
    if (!weights->len)
        return;
    sv_buf_init(&buf, MAX_VALUE);
    for (size_t i = 0; i < weights->len; i++)
        sv_buf_printf(&buf, "%s%.*s: %lld", i ? ", " : "{",
                      SV_STR_ARG(quote(d->arena, weights->items[i].key)),
                      (long long)weights->items[i].value);
    sv_buf_printf(&buf, "}");
    add_buf(d, "versions", "weights", &buf);
}

static void describe_fallback(description *d, const struct manifest_fallback *from)
{
    sv_buf buf;
    if (!from)
        return;
    sv_version_limits limits = sv_version_guard_limits(from);
    sv_buf_init(&buf, MAX_VALUE);
    sv_buf_printf(&buf, "{max_error_rate: %.17g, min_requests: %lld", limits.max_error_rate,
                  (long long)limits.min_requests);
    if (from->max_latency.written.set)
        sv_buf_printf(&buf, ", max_latency: %.*s",
                      SV_STR_ARG(from->max_latency.written.value.text));
    sv_buf_printf(&buf, "}");
    add_buf(d, "versions", "fallback", &buf);
}

static void add_written(description *d, const char *section, const char *key,
                        const sv_opt_json *written)
{
    if (written->set)
        add_str(d, section, key, written->value.text);
}

static void describe_versions(description *d, const struct manifest_versions *versions)
{
    add_quoted(d, "versions", "default", sv_registry_find_version(d->model, (sv_str){0})->name);
    if (!versions)
        return;
    add_written(d, "versions", "serve", &versions->serve.written);
    describe_weights(d, &versions->weights);
    if (versions->sticky.written.set)
        add_quoted(d, "versions", "sticky", versions->sticky.written.value);
    if (versions->shadow.set)
        add_quoted(d, "versions", "shadow", versions->shadow.value);
    describe_fallback(d, versions->fallback);
}

/* What only a manifest or the command line can say. */
static void describe_wishes(description *d, const struct manifest *manifest)
{
    static const char *const loads[] = {[SV_MANIFEST_EAGER] = "eager",
                                        [SV_MANIFEST_LAZY] = "lazy",
                                        [SV_MANIFEST_PINNED] = "pinned"};
    describe_versions(d, manifest->versions);
    if (manifest->batching && manifest->batching->max_size.set)
        add(d, "batching", "max_size", "%lld", (long long)manifest->batching->max_size.value);
    if (manifest->batching)
        add_written(d, "batching", "max_delay", &manifest->batching->max_delay.written);
    if (manifest->load)
        add(d, "", "load", "%s", loads[manifest->load]);
    if (manifest->engine) {
        add_written(d, "engine", "threads", &manifest->engine->threads.written);
        add_written(d, "engine", "concurrency", &manifest->engine->concurrency.written);
    }
    if (manifest->warm_up)
        add_written(d, "warm_up", "budget", &manifest->warm_up->budget.written);
}

/* All entries of a section are one line; those of the whole have one each. */
static void write_section(const description *d, const char *section, sv_buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const entry *at = &d->entries[i];
        if (strcmp(at->section, section) != 0)
            continue;
        if (!*section)
            sv_buf_printf(text, "%s: %.*s\n", at->key, SV_STR_ARG(at->value));
        else
            sv_buf_printf(text, "%s%s%s: %.*s", n ? "" : section, n ? ", " : ": {", at->key,
                          SV_STR_ARG(at->value));
        n++;
    }
    if (n && *section)
        sv_buf_printf(text, "}\n");
}

static sv_status write_all(const description *d, sv_buf *text)
{
    static const char *const sections[] = {"",         "versions", "preprocess", "postprocess",
                                           "batching", "engine",   "warm_up"};
    for (size_t i = 0; i < d->n; i++)
        if (!d->entries[i].value.ptr)
            return SV_NO_MEMORY;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        write_section(d, sections[i], text);
    return sv_buf_status(text);
}

sv_status sv_manifest_writer_write(sv_model *model, sv_buf *text)
{
    sv_arena *arena = sv_arena_new(0);
    if (!arena)
        return SV_NO_MEMORY;
    description all = {.arena = arena, .model = model};
    sv_status status = SV_OK;
    if (describe_guesses(&all)) {
        describe_wishes(&all, model->files->manifest);
        status = write_all(&all, text);
    }
    sv_arena_free(arena);
    return status;
}
