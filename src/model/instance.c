/* instance.c: files -> engine's model -> what it is for. Running it once: warm_up.c. */
#include "model/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/inspect.h"
#include "model/warm_up.h"

enum { MAX_ARENA = 1 << 30, MAX_REASONS = 4096 };

/* One load under way. */
typedef struct loading {
    const sv_instance_config *config;
    const sv_version_source *source;
    sv_instance *instance;
    sv_buf reasons;
    sv_error *error;
} loading;

/* A path of the manifest: absolute, or from the model's folder. */
static const char *resolve_beside(const loading *it, sv_str path)
{
    sv_arena *arena = it->instance->arena;
    const char *dir = it->instance->files->source.dir;
    return path.ptr[0] == '/' ? sv_arena_copy(arena, path).ptr
                              : sv_arena_printf(arena, "%s/%.*s", dir, SV_STR_ARG(path)).ptr;
}

static const char *find_file(const loading *it, const char *name)
{
    return sv_repository_find_file(it->instance->arena, &it->instance->files->source, it->source,
                                   name);
}

/* The command line's, else the manifest's beside it, or labels.txt near the model. */
static const char *find_labels(const loading *it)
{
    const struct manifest_postprocess *post = it->instance->files->manifest->postprocess;
    if (it->config->labels_file)
        return it->config->labels_file;
    return post && post->labels.set ? resolve_beside(it, post->labels.value)
                                    : find_file(it, "labels.txt");
}

/* The manifest's tokenizer beside it, or tokenizer.json or vocab.txt near the model. */
static const char *find_tokenizer(const loading *it)
{
    const struct manifest_preprocess *pre = it->instance->files->manifest->preprocess;
    if (pre && pre->tokenizer.set)
        return resolve_beside(it, pre->tokenizer.value);
    const char *found = find_file(it, "tokenizer.json");
    return found ? found : find_file(it, "vocab.txt");
}

static sv_status inspect(loading *it)
{
    sv_instance *instance = it->instance;
    sv_inspect_request request = {.info = sv_engine_model_info(instance->loaded),
                                  .manifest = instance->files->manifest,
                                  .labels_file = find_labels(it),
                                  .tokenizer_file = find_tokenizer(it)};
    sv_inspection found;
    sv_status status = sv_inspect_model(instance->arena, &request, &it->reasons, it->error, &found);
    if (status)
        return status;
    instance->task = found.task;
    instance->image = found.image;
    instance->image.limits = it->config->image_limits;
    instance->image.scratches = it->config->scratches;
    instance->tabular = found.tabular;
    instance->text = found.text;
    instance->labels_file = request.labels_file;
    instance->tokenizer_file = found.text.tokenizer ? request.tokenizer_file : NULL;
    instance->memory_bytes = request.info->memory_bytes;
    instance->max_batch_rows = it->config->max_batch_rows;
    return SV_OK;
}

/* The manifest's task has to fit: a language model writes texts, and nothing else does. */
static sv_status check_task(const loading *it, bool writes_text)
{
    sv_model_task task = (sv_model_task)it->instance->files->manifest->task;
    if (task == SV_TASK_UNSET || (task == SV_TASK_TEXT_GENERATION) == writes_text)
        return SV_OK;
    return sv_error_set(it->error, SV_INVALID, NULL, "the manifest says %s, but the file is %s",
                        sv_manifest_task_name(task),
                        writes_text ? "a language model: text-generation" : "no language model");
}

static sv_status open_generation(loading *it, sv_text_model *model)
{
    sv_instance *instance = it->instance;
    const struct manifest_engine *engine = instance->files->manifest->engine;
    bool is_set = engine && engine->threads.set;
    sv_task_generation_config config = {
        .model = model,
        .manifest = instance->files->manifest->generation,
        .threads = (int)(is_set ? engine->threads.value : it->config->generation_threads)};
    instance->task = SV_TASK_TEXT_GENERATION;
    sv_status status = sv_task_generation_open(&config, instance->arena, &it->reasons, it->error,
                                               &instance->generation);
    if (status)
        return status;
    instance->memory_bytes = sv_engine_model_info(instance->loaded)->memory_bytes +
                             sv_task_generation_memory(&instance->generation);
    return SV_OK;
}

static sv_status open_relay(loading *it)
{
    sv_instance *instance = it->instance;
    const sv_model_files *files = instance->files;
    sv_status status = sv_relay_open(files->manifest, files->source.name, instance->arena,
                                     it->error, &instance->relay);
    if (status)
        return status;
    instance->task = SV_TASK_TEXT_GENERATION;
    return sv_buf_printf(&it->reasons, "relay: %.*s, as %.*s\n",
                         SV_STR_ARG(instance->relay.base_url), SV_STR_ARG(instance->relay.model));
}

static sv_status load(loading *it)
{
    const struct manifest_engine *engine = it->instance->files->manifest->engine;
    bool is_set = engine && engine->threads.set;
    sv_engine_options options = {
        .threads = (int)(is_set ? engine->threads.value : it->config->engine_threads)};
    sv_status status = sv_engine_host_load(it->config->engines, it->source->file, &options,
                                           it->error, &it->instance->loaded);
    if (!status && it->instance->files->manifest->provider)
        return open_relay(it);
    sv_text_model *writer = status ? NULL : sv_engine_text_model(it->instance->loaded);
    if (!status)
        status = check_task(it, writer != NULL);
    if (status)
        return status;
    return writer ? open_generation(it, writer) : inspect(it);
}

/* NULL: out of memory. */
static sv_instance *make(sv_model_files *files)
{
    sv_instance *instance = calloc(1, sizeof *instance);
    if (!instance)
        return NULL;
    atomic_init(&instance->holders, 1);
    sv_batch_plan_init(&instance->batching);
    instance->files = sv_model_files_hold(files);
    instance->arena = sv_arena_new(MAX_ARENA);
    if (instance->arena)
        return instance;
    sv_instance_free(instance);
    return NULL;
}

sv_status sv_instance_load(const sv_instance_config *config, sv_model_files *files,
                           const sv_version_source *source, sv_error *error,
                           sv_instance **ret_instance)
{
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    loading it = {.config = config, .source = source, .instance = make(files), .error = error};
    sv_buf_init(&it.reasons, MAX_REASONS);
    sv_status status = it.instance ? load(&it) : SV_NO_MEMORY;
    if (status && !error->message[0])
        sv_error_set(error, status, NULL, "%s", sv_status_text(status));
    if (status) {
        sv_instance_free(it.instance);
    } else {
        snprintf(it.instance->reasons, sizeof it.instance->reasons, "%.*s", (int)it.reasons.len,
                 sv_buf_str(&it.reasons).ptr);
        it.instance->load_ns = sv_clock_now_ns(&sv_clock_system) - started;
        *ret_instance = it.instance;
    }
    sv_buf_deinit(&it.reasons);
    return status;
}

static void add_reason(sv_instance *instance, const char *prefix, const char *reason)
{
    size_t len = strlen(instance->reasons);
    snprintf(instance->reasons + len, sizeof instance->reasons - len, "%s%s\n", prefix, reason);
}

void sv_instance_warm_up(sv_instance *instance)
{
    int64_t started = sv_clock_now_ns(&sv_clock_system);
    sv_error error = {0};
    const sv_batch_plan *batching = &instance->batching;
    if (sv_relay_is(&instance->relay)) /* whoever has it warms it up */
        return;
    if (sv_warm_up_run(instance, &error))
        add_reason(instance, "warning: the warm-up run failed: ", error.message);
    if (batching->is_wanted)
        add_reason(instance, batching->max_rows > 1 ? "" : "warning: ", batching->reason);
    instance->load_ns += sv_clock_now_ns(&sv_clock_system) - started;
}

sv_instance *sv_instance_hold(sv_instance *instance)
{
    atomic_fetch_add(&instance->holders, 1);
    return instance;
}

bool sv_instance_drop(sv_instance *instance)
{
    return atomic_fetch_sub(&instance->holders, 1) == 1;
}

void sv_instance_free(sv_instance *instance)
{
    if (!instance)
        return;
    sv_task_generation_close(&instance->generation);
    sv_engine_unload(instance->loaded);
    sv_batch_plan_deinit(&instance->batching);
    sv_arena_free(instance->arena);
    sv_model_files_release(instance->files);
    free(instance);
}
