/* registry.c: the models of the server, their versions and states. */
#include "model/registry.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine_host.h"
#include "engine/engine_table.h"
#include "model/inspect.h"

struct sv_registry {
    sv_registry_config config;
    sv_arena *arena; /* of everything below; used by the loading thread only */
    sv_model *models;
    size_t n_models;
    sv_task_image_scratches *scratches;
};

static sv_status read_manifest(sv_registry *registry, sv_model *model, sv_buf *problems)
{
    sv_manifest_source source = {
        .path = model->source->manifest, .name = model->name, .sets = registry->config.sets};
    return sv_manifest_read(registry->arena, &source, problems, &model->manifest);
}

static sv_str wanted_default(const sv_model *model)
{
    const struct manifest_versions *versions = model->manifest->versions;
    return versions && versions->default_version.set ? versions->default_version.value
                                                     : (sv_str){0};
}

/* The manifest's, else the highest number, else the last by name: versions are in that order. */
static sv_status choose_default(sv_model *model, sv_buf *problems)
{
    sv_str wanted = wanted_default(model);
    model->default_version = model->n_versions - 1;
    for (size_t i = 0; i < model->n_versions && !wanted.len; i++) {
        uint64_t number;
        sv_str name = model->versions[i].name;
        if (sv_str_to_u64(name.len && name.ptr[0] == 'v' ? sv_str_slice(name, 1, name.len) : name,
                          &number))
            model->default_version = i;
    }
    if (!wanted.len)
        return SV_OK;
    const sv_model_version *found = sv_registry_find_version(model, wanted);
    if (!found) {
        sv_buf_printf(problems, "%s: versions.default: there is no version '%.*s'\n",
                      model->source->manifest ? model->source->manifest : "--set",
                      SV_STR_ARG(wanted));
        return SV_INVALID;
    }
    model->default_version = (size_t)(found - model->versions);
    return SV_OK;
}

static sv_status add_model(sv_registry *registry, const sv_model_source *source, sv_buf *problems)
{
    sv_model *model = &registry->models[registry->n_models];
    *model = (sv_model){.name = source->name,
                        .source = source,
                        .labels_file = registry->config.labels_file,
                        .n_versions = source->n_versions};
    model->versions =
        sv_arena_alloc_array(registry->arena, source->n_versions, sizeof *model->versions);
    if (!model->versions)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < source->n_versions; i++) {
        model->versions[i].source = &source->versions[i];
        model->versions[i].name = source->versions[i].name;
    }
    model->engine = sv_engine_table_find(sv_str_from(source->versions[0].file));
    registry->n_models++;
    sv_status status = read_manifest(registry, model, problems);
    if (!status)
        status = choose_default(model, problems);
    if (!status)
        atomic_store(&model->task, model->manifest->task);
    return status;
}

static sv_status add_models(sv_registry *registry, sv_buf *problems)
{
    const sv_repository *repository = registry->config.repository;
    sv_status worst = SV_OK;
    if (registry->config.labels_file && repository->n_models != 1) {
        sv_buf_printf(problems, "--labels: needs exactly one model, not %zu\n",
                      repository->n_models);
        return SV_INVALID;
    }
    for (size_t i = 0; i < repository->n_models; i++) {
        sv_status status = add_model(registry, &repository->models[i], problems);
        if (status)
            worst = status;
    }
    const char *wanted = registry->config.default_model;
    if (!worst && wanted && *wanted && !sv_registry_find(registry, sv_str_from(wanted))) {
        sv_buf_printf(problems, "default_model: there is no model '%s'\n", wanted);
        worst = SV_INVALID;
    }
    return worst;
}

sv_status sv_registry_new(const sv_registry_config *config, sv_buf *problems,
                          sv_registry **ret_registry)
{
    sv_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return SV_NO_MEMORY;
    registry->config = *config;
    registry->arena = sv_arena_new((size_t)1 << 30);
    registry->scratches = sv_task_image_scratches_new(config->n_scratches);
    if (registry->arena)
        registry->models = sv_arena_alloc_array(registry->arena, config->repository->n_models,
                                                sizeof *registry->models);
    sv_status status =
        registry->models && registry->scratches ? add_models(registry, problems) : SV_NO_MEMORY;
    if (status) {
        sv_registry_free(registry);
        return status;
    }
    *ret_registry = registry;
    return SV_OK;
}

void sv_registry_free(sv_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->n_models; i++)
        for (size_t k = 0; k < registry->models[i].n_versions && registry->models[i].versions; k++)
            sv_engine_unload(registry->models[i].versions[k].loaded);
    sv_task_image_scratches_free(registry->scratches);
    sv_arena_free(registry->arena);
    free(registry);
}

/* A path of the manifest: absolute, or from the model's folder. */
static const char *resolve_beside(sv_registry *registry, const sv_model *model, sv_str path)
{
    return path.ptr[0] == '/'
               ? sv_arena_copy(registry->arena, path).ptr
               : sv_arena_printf(registry->arena, "%s/%.*s", model->source->dir, SV_STR_ARG(path))
                     .ptr;
}

/* The manifest's labels beside it, the command line's, or labels.txt near the model. */
static const char *find_labels(sv_registry *registry, const sv_model *model,
                               const sv_model_version *version)
{
    const struct manifest_postprocess *post = model->manifest->postprocess;
    if (model->labels_file)
        return model->labels_file;
    if (post && post->labels.set)
        return resolve_beside(registry, model, post->labels.value);
    return sv_repository_find_file(registry->arena, model->source, version->source, "labels.txt");
}

/* The manifest's tokenizer beside it, or tokenizer.json or vocab.txt near the model. */
static const char *find_tokenizer(sv_registry *registry, const sv_model *model,
                                  const sv_model_version *version)
{
    static const char *const names[] = {"tokenizer.json", "vocab.txt"};
    const struct manifest_preprocess *pre = model->manifest->preprocess;
    if (pre && pre->tokenizer.set)
        return resolve_beside(registry, model, pre->tokenizer.value);
    const char *found = NULL;
    for (size_t i = 0; i < 2 && !found; i++)
        found = sv_repository_find_file(registry->arena, model->source, version->source, names[i]);
    return found;
}

/* One run on a grey picture's worth of zeros, so that the first client does not pay for first-time
 * work. A model that refuses it is loaded all the same: the reason is kept. */
static void warm_up(sv_model_version *version, sv_buf *reasons)
{
    const sv_engine_info *info = sv_engine_model_info(version->loaded);
    size_t size = sv_preprocess_tensor_bytes(&version->image.preprocess);
    void *zeros = calloc(1, size);
    sv_tensor input = {.name = info->inputs[0].name,
                       .dtype = version->image.dtype,
                       .shape = version->image.shape,
                       .data = zeros,
                       .size_bytes = size};
    sv_engine_request request = {.inputs = &input, .n_inputs = 1};
    sv_engine_result result = {0};
    sv_error error = {0};
    if (zeros && sv_engine_run(version->loaded, &request, &error, &result))
        sv_buf_printf(reasons, "warning: the warm-up run failed: %s\n", error.message);
    sv_engine_result_deinit(&result);
    free(zeros);
}

/* The same with a text. */
static void warm_up_text(sv_model_version *version, sv_buf *reasons)
{
    sv_arena *arena = sv_arena_new(0);
    const sv_str text = SV_STR("warm");
    sv_text_request request = {.texts = &text, .n_texts = 1, .arena = arena};
    sv_error error = {0};
    sv_embeddings embeddings;
    sv_predictions predictions;
    sv_status status =
        !arena ? SV_OK
        : version->task == SV_TASK_TEXT_EMBEDDING
            ? sv_task_text_embed(&version->text, version->loaded, &request, &error, &embeddings)
            : sv_task_text_classify(&version->text, version->loaded, &request, &error,
                                    &predictions);
    if (status)
        sv_buf_printf(reasons, "warning: the warm-up run failed: %s\n", error.message);
    sv_arena_free(arena);
}

static void prepare_version(const sv_registry *registry, sv_model_version *version, sv_buf *reasons)
{
    switch (version->task) {
    case SV_TASK_IMAGE_CLASSIFICATION:
        version->image.limits = registry->config.image_limits;
        version->image.scratches = registry->scratches;
        warm_up(version, reasons);
        break;
    case SV_TASK_TEXT_EMBEDDING:
    case SV_TASK_TEXT_CLASSIFICATION:
        warm_up_text(version, reasons);
        break;
    case SV_TASK_UNSET:
    case SV_TASK_TABULAR:
    case SV_TASK_TENSOR:
        break;
    }
}

static sv_status inspect(sv_registry *registry, sv_model *model, sv_model_version *version,
                         sv_buf *reasons, sv_error *error)
{
    sv_inspect_request request = {.info = sv_engine_model_info(version->loaded),
                                  .manifest = model->manifest,
                                  .labels_file = find_labels(registry, model, version),
                                  .tokenizer_file = find_tokenizer(registry, model, version)};
    sv_inspection found;
    sv_status status = sv_inspect_model(registry->arena, &request, reasons, error, &found);
    if (status)
        return status;
    version->task = found.task;
    version->image = found.image;
    version->tabular = found.tabular;
    version->labels_file = request.labels_file;
    version->text = found.text;
    version->tokenizer_file = found.text.tokenizer ? request.tokenizer_file : NULL;
    atomic_store(&model->task, (int)found.task);
    prepare_version(registry, version, reasons);
    return SV_OK;
}

static sv_status load(sv_registry *registry, sv_model *model, sv_model_version *version,
                      sv_buf *reasons, sv_error *error)
{
    const struct manifest_engine *engine = model->manifest->engine;
    sv_engine_options options = {.threads = (int)(engine && engine->threads.set
                                                      ? engine->threads.value
                                                      : registry->config.engine_threads)};
    sv_status status = sv_engine_host_load(registry->config.engines, version->source->file,
                                           &options, error, &version->loaded);
    if (status)
        return status;
    status = inspect(registry, model, version, reasons, error);
    if (status) {
        sv_engine_unload(version->loaded);
        version->loaded = NULL;
    }
    return status;
}

sv_status sv_registry_load_version(sv_registry *registry, sv_model *model,
                                   sv_model_version *version, sv_error *error)
{
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    sv_buf reasons;
    sv_buf_init(&reasons, 4096);
    atomic_store(&version->state, SV_VERSION_LOADING);
    sv_status status = load(registry, model, version, &reasons, error);
    if (status && !error->message[0])
        sv_error_set(error, status, NULL, "%s", sv_status_text(status));
    snprintf(version->reason, sizeof version->reason, "%.*s",
             status ? (int)strlen(error->message) : (int)reasons.len,
             status ? error->message : sv_buf_str(&reasons).ptr);
    version->load_ns = sv_clock_now_ns(&sv_clock_system) - started;
    atomic_store(&version->state, status ? SV_VERSION_FAILED : SV_VERSION_READY);
    sv_buf_deinit(&reasons);
    return status;
}

sv_model *sv_registry_models(const sv_registry *registry, size_t *ret_count)
{
    *ret_count = registry->n_models;
    return registry->models;
}

static sv_model *find_named(const sv_registry *registry, sv_str name)
{
    for (size_t i = 0; i < registry->n_models; i++)
        if (sv_str_eq(registry->models[i].name, name))
            return &registry->models[i];
    return NULL;
}

/* Of this task, or not known yet. */
static bool may_do(const sv_model *model, sv_model_task task)
{
    int known = atomic_load(&model->task);
    return known == (int)task || known == SV_TASK_UNSET;
}

static const char *usual_name(sv_model_task task)
{
    return task == SV_TASK_TEXT_EMBEDDING ? "embedder" : "classifier";
}

sv_model *sv_registry_find_default(const sv_registry *registry, sv_model_task task)
{
    sv_model *first = NULL;
    const char *set = registry->config.default_model;
    sv_model *wanted = set && *set ? find_named(registry, sv_str_from(set)) : NULL;
    if (wanted && may_do(wanted, task))
        return wanted;
    for (size_t i = 0; i < registry->n_models; i++) {
        sv_model *model = &registry->models[i];
        if (!may_do(model, task))
            continue;
        if (sv_str_eq(model->name, sv_str_from(usual_name(task))))
            return model;
        if (!first)
            first = model;
    }
    return first;
}

sv_model *sv_registry_find(const sv_registry *registry, sv_str name)
{
    if (name.len)
        return find_named(registry, name);
    const char *wanted = registry->config.default_model;
    return wanted && *wanted ? find_named(registry, sv_str_from(wanted))
                             : sv_registry_find_default(registry, SV_TASK_IMAGE_CLASSIFICATION);
}

sv_model_version *sv_registry_find_version(const sv_model *model, sv_str name)
{
    if (!name.len)
        return &model->versions[model->default_version];
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i].name, name))
            return &model->versions[i];
    return NULL;
}

sv_version_state sv_registry_state(const sv_model_version *version)
{
    return (sv_version_state)atomic_load(&version->state);
}

const char *sv_registry_state_name(sv_version_state state)
{
    static const char *const names[] = {[SV_VERSION_ABSENT] = "absent",
                                        [SV_VERSION_LOADING] = "loading",
                                        [SV_VERSION_READY] = "ready",
                                        [SV_VERSION_FAILED] = "failed"};
    return names[state];
}
