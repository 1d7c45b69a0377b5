/* models.c: the registry, told and changed. How it is changed: model_change.c. */
#include "api/models.h"

#include <stdio.h>
#include <string.h>

#include "api/model_change.h"
#include "api/services.h"
#include "base/writer.h"

enum { MAX_CONTROL_BODY = 1 << 16, MAX_WEIGHT = 1000000, MAX_AVAILABLE = 8192 };

struct version_state {
    sv_str version, state;
    sv_opt_str reason;
    sv_opt_int memory_bytes, weight;
};
struct model_batching {
    bool enabled;
    int64_t max_size;
    sv_opt_double gain;
    sv_opt_str reason;
};
struct model_generation {
    int64_t running, waiting, sequences, context, kv_tokens;
};
struct model_state {
    sv_str name;
    sv_opt_str task;
    sv_str engine, state, default_version;
    SV_LIST(struct version_state) versions;
    struct model_batching *batching;
    struct model_generation *generation;
};
struct model_list {
    SV_LIST(struct model_state) models;
};
struct model_name {
    sv_str name;
};
struct version_name {
    sv_str name, version;
};
typedef SV_MAP(int64_t) weight_map;
struct versions_change {
    sv_opt_str by_default;
    weight_map weights;
};

SV_SCHEMA_WITH(version_state, (.component = "ModelVersion"), SV_FIELD(version_state, version),
               SV_FIELD(version_state, state,
                        .help = "absent, loading, warming, ready, draining or failed"),
               SV_FIELD(version_state, reason, .optional = true,
                        .help = "Why it failed, or why loading it anew did: what was loaded before "
                                "answers then"),
               SV_FIELD(version_state, memory_bytes, .optional = true, SV_GE(0),
                        .help = "Estimate of what it holds while it is loaded"),
               SV_FIELD(version_state, weight, .optional = true, SV_GE(0),
                        .help = "Its part of the requests that name no version, where weights "
                                "decide"));
SV_SCHEMA_WITH(model_batching, (.component = "ModelBatching"), SV_FIELD(model_batching, enabled),
               SV_FIELD(model_batching, max_size, SV_GE(1), .help = "Rows of one run at most"),
               SV_FIELD(model_batching, gain, .optional = true,
                        .help = "Throughput of full batches against single runs, as measured"),
               SV_FIELD(model_batching, reason, .optional = true, .help = "Why it is off"));
SV_SCHEMA_WITH(model_generation, (.component = "ModelGeneration"),
               SV_FIELD(model_generation, running, SV_GE(0), .help = "Answers that are written"),
               SV_FIELD(model_generation, waiting, SV_GE(0),
                        .help = "Answers that wait for others"),
               SV_FIELD(model_generation, sequences, SV_GE(1), .help = "Answers at once, at most"),
               SV_FIELD(model_generation, context, SV_GE(1),
                        .help = "Tokens of one answer with its prompt, at most"),
               SV_FIELD(model_generation, kv_tokens, SV_GE(0),
                        .help = "Tokens that are held, of answers before too"));
SV_SCHEMA_WITH(
    model_state, (.component = "Model"), SV_FIELD(model_state, name),
    SV_FIELD(model_state, task, .default_json = "null",
             .help = "Null until it is known: the manifest says it, or the loaded model"),
    SV_FIELD(model_state, engine),
    SV_FIELD(model_state, state, .help = "That of the default version"),
    SV_FIELD(model_state, default_version), SV_FIELD_LIST(model_state, versions, version_state),
    SV_FIELD_OBJECT(model_state, batching, model_batching, .optional = true,
                    .help = "Of the default version, while it is loaded, when the manifest asks "
                            "for it"),
    SV_FIELD_OBJECT(model_state, generation, model_generation, .optional = true,
                    .help = "Of the default version of a language model, while it is loaded"));
SV_SCHEMA_WITH(model_list, (.component = "ModelList"),
               SV_FIELD_LIST(model_list, models, model_state));
SV_SCHEMA(model_name, SV_FIELD(model_name, name));
SV_SCHEMA(version_name, SV_FIELD(version_name, name),
          SV_FIELD(version_name, version, .help = "\"2\" and \"v2\" are the same"));

static sv_status check_weights(sv_check *check, void *value)
{
    const weight_map *weights = value;
    int64_t sum = 0;
    for (size_t i = 0; i < weights->len; i++) {
        sum += weights->items[i].value;
        for (size_t k = 0; k < i; k++)
            if (sv_repository_is_same_version(weights->items[i].key, weights->items[k].key))
                return sv_reject(check, "Version %.*s has two weights",
                                 SV_STR_ARG(weights->items[i].key));
    }
    return weights->len && !sum ? sv_reject(check, "One weight must be above 0") : SV_OK;
}

SV_SCHEMA_WITH(versions_change, (.component = "VersionsChange", .extra = SV_EXTRA_FORBID),
               SV_FIELD(versions_change, by_default, .alias = "default", .optional = true,
                        .example_json = "\"2\"",
                        .help = "Version that answers when none is asked for. Absent: as the "
                                "manifest says, or the latest"),
               SV_FIELD_MAP(versions_change, weights, SV_GE(0), SV_LE(MAX_WEIGHT),
                            .max_items = SV_REPOSITORY_MAX_VERSIONS, .optional = true,
                            .check = check_weights, .example_json = "{\"1\": 90, \"2\": 10}",
                            .help = "Shares of the requests that name no version; 0 for those that "
                                    "are not listed. Absent: the default version answers all"));

SV_HANDLER(list_models, sv_none, model_list);
SV_HANDLER_PARAMS(get_model, model_name, sv_none, model_state);
SV_HANDLER_PARAMS(load_model, model_name, sv_none, model_state);
SV_HANDLER_PARAMS(unload_model, model_name, sv_none, model_state);
SV_HANDLER_PARAMS(load_version, version_name, sv_none, model_state);
SV_HANDLER_PARAMS(unload_version, version_name, sv_none, model_state);
SV_HANDLER_PARAMS(set_versions, model_name, versions_change, model_state);

/* Telling. */

static struct version_state tell_version(const sv_version_status *version)
{
    struct version_state told = {.version = version->name,
                                 .state = sv_str_from(sv_model_status_state_name(version->state))};
    if (version->reason.len)
        told.reason = (sv_opt_str){true, version->reason};
    if (version->memory_bytes)
        told.memory_bytes = (sv_opt_int){true, (int64_t)version->memory_bytes};
    told.weight = version->weight;
    return told;
}

static sv_status copy_plan(sv_call *call, const sv_batch_plan *plan, struct model_batching *told)
{
    size_t rows = sv_batch_plan_rows(plan);
    *told = (struct model_batching){.enabled = rows > 1, .max_size = (int64_t)rows};
    if (plan->gain > 0)
        told->gain = (sv_opt_double){true, plan->gain};
    if (rows > 1)
        return SV_OK;
    told->reason =
        (sv_opt_str){true, sv_arena_copy(call->arena, sv_str_from(sv_batch_plan_reason(plan)))};
    return told->reason.value.ptr ? SV_OK : SV_NO_MEMORY;
}

static sv_status tell_batching(sv_call *call, const sv_instance *instance, struct model_state *told)
{
    if (!instance->batching.is_wanted)
        return SV_OK;
    told->batching = sv_alloc(call, sizeof *told->batching);
    return told->batching ? copy_plan(call, &instance->batching, told->batching) : SV_NO_MEMORY;
}

static sv_status tell_generation(sv_call *call, const sv_instance *instance,
                                 struct model_state *told)
{
    const sv_generation_task *task = &instance->generation;
    if (!task->batch)
        return SV_OK;
    sv_sequence_batch_stats stats = sv_sequence_batch_get_stats(task->batch);
    told->generation = sv_alloc(call, sizeof *told->generation);
    if (!told->generation)
        return SV_NO_MEMORY;
    *told->generation = (struct model_generation){.running = (int64_t)stats.n_running,
                                                  .waiting = (int64_t)stats.n_waiting,
                                                  .sequences = task->n_sequences,
                                                  .context = task->n_context,
                                                  .kv_tokens = (int64_t)stats.n_held_tokens};
    return SV_OK;
}

/* What there is to tell of a loaded version. */
static sv_status tell_instance(sv_call *call, const sv_version_status *version,
                               struct model_state *told)
{
    sv_instance *instance = sv_registry_peek(version->version);
    sv_status status = instance ? tell_batching(call, instance, told) : SV_OK;
    if (instance && !status)
        status = tell_generation(call, instance, told);
    sv_registry_release(instance);
    return status;
}

static sv_status tell_model(sv_call *call, const sv_model_status *model, struct model_state *told)
{
    const sv_version_status *by_default = &model->versions[model->default_version];
    sv_model_task task = model->task;
    struct version_state *versions =
        sv_arena_alloc_array(call->arena, model->n_versions, sizeof *versions);
    if (!versions)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < model->n_versions; i++)
        versions[i] = tell_version(&model->versions[i]);
    told->name = model->name;
    told->engine = sv_str_from(model->engine);
    told->state = sv_str_from(sv_model_status_state_name(by_default->state));
    told->default_version = by_default->name;
    told->versions.items = versions;
    told->versions.len = model->n_versions;
    if (task != SV_TASK_UNSET)
        told->task = (sv_opt_str){true, sv_str_from(sv_manifest_task_name(task))};
    return tell_instance(call, by_default, told);
}

static sv_status list_models(sv_call *call, const struct sv_none *in, struct model_list *out)
{
    const sv_services *services = sv_call_state(call);
    sv_model_statuses models;
    (void)in;
    sv_status status = sv_model_status_list(services->registry, call->arena, &models);
    if (status)
        return status;
    struct model_state *items = sv_arena_alloc_array(call->arena, models.len, sizeof *items);
    status = items ? SV_OK : SV_NO_MEMORY;
    for (size_t i = 0; i < models.len && !status; i++)
        status = tell_model(call, &models.items[i], &items[i]);
    out->models.items = items;
    out->models.len = models.len;
    return status;
}

static sv_status find_model(sv_call *call, sv_str name, sv_model_status *ret_model)
{
    const sv_services *services = sv_call_state(call);
    sv_status status = sv_model_status_find(services->registry, name, call->arena, ret_model);
    return status == SV_NOT_FOUND
               ? sv_fail(call, &sv_kind_model_not_found, "Model %.*s not found", SV_STR_ARG(name))
               : status;
}

static sv_status get_model(sv_call *call, const struct model_name *route, const struct sv_none *in,
                           struct model_state *out)
{
    (void)in;
    sv_model_status model;
    sv_status status = find_model(call, route->name, &model);
    return status ? status : tell_model(call, &model, out);
}

/* Changing. */

/* With the versions that there are. */
static sv_status refuse_version(sv_call *call, const sv_model_status *model, sv_str name)
{
    sv_buf list;
    sv_writer writer;
    sv_buf_init(&list, MAX_AVAILABLE);
    sv_writer_init(&writer, &list);
    sv_writer_begin_array(&writer);
    for (size_t i = 0; i < model->n_versions; i++)
        sv_writer_str(&writer, model->versions[i].name);
    sv_writer_end_array(&writer);
    sv_buf_append_byte(&list, '\0');
    sv_fail(call, &sv_kind_model_version_not_found, "Model version %.*s not found",
            SV_STR_ARG(name));
    if (!sv_buf_status(&list))
        (void)sv_fail_member(call, "available", list.ptr);
    sv_buf_deinit(&list);
    return SV_FAILED;
}

static sv_status end_change(sv_model_change *change, const sv_version_status *failed)
{
    sv_call *call = change->call;
    if (!failed)
        return tell_model(call, &change->model, call->out);
    if (sv_model_change_kind(failed)->status == 503)
        (void)sv_set_header(call, "Retry-After", SV_STR("1"));
    return sv_fail(call, sv_model_change_kind(failed),
                   "Model %.*s version %.*s is not loaded%s%.*s", SV_STR_ARG(change->model.name),
                   SV_STR_ARG(failed->name), failed->reason.len ? ": " : "",
                   SV_STR_ARG(failed->reason));
}

/* `version` is NULL: all of the model. */
static sv_status change_model(sv_call *call, sv_str name, const sv_str *version, bool loads)
{
    sv_model_status model;
    const sv_version_status *found = NULL;
    sv_status status = sv_model_change_check(call, SV_CHANGE_BODY_JSON);
    if (!status)
        status = find_model(call, name, &model);
    if (!status && version && !(found = sv_model_change_find(&model, *version)))
        status = refuse_version(call, &model, *version);
    if (status)
        return status;
    sv_model_change *change = sv_alloc(call, sizeof *change);
    if (!change)
        return SV_NO_MEMORY;
    *change = (sv_model_change){.call = call, .loads = loads, .end = end_change};
    return sv_model_change_start(change, &model, found);
}

static sv_status load_model(sv_call *call, const struct model_name *route, const struct sv_none *in,
                            struct model_state *out)
{
    (void)in, (void)out;
    return change_model(call, route->name, NULL, true);
}

static sv_status unload_model(sv_call *call, const struct model_name *route,
                              const struct sv_none *in, struct model_state *out)
{
    (void)in, (void)out;
    return change_model(call, route->name, NULL, false);
}

static sv_status load_version(sv_call *call, const struct version_name *route,
                              const struct sv_none *in, struct model_state *out)
{
    (void)in, (void)out;
    return change_model(call, route->name, &route->version, true);
}

static sv_status unload_version(sv_call *call, const struct version_name *route,
                                const struct sv_none *in, struct model_state *out)
{
    (void)in, (void)out;
    return change_model(call, route->name, &route->version, false);
}

/* A version that is named and not there; NULL: there is none. */
static const sv_str *find_unknown(const sv_model_status *model, const struct versions_change *in)
{
    if (in->by_default.set && !sv_model_change_find(model, in->by_default.value))
        return &in->by_default.value;
    for (size_t i = 0; i < in->weights.len; i++)
        if (!sv_model_change_find(model, in->weights.items[i].key))
            return &in->weights.items[i].key;
    return NULL;
}

static sv_status apply_versions(sv_call *call, sv_str name, const struct versions_change *in)
{
    const sv_services *services = sv_call_state(call);
    sv_error error = {0};
    sv_version_weight *weights =
        sv_arena_alloc_array(call->arena, in->weights.len, sizeof *weights);
    if (!weights)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < in->weights.len; i++)
        weights[i] = (sv_version_weight){in->weights.items[i].key, in->weights.items[i].value};
    sv_version_wants wants = {.weights = weights, .n_weights = in->weights.len};
    if (in->by_default.set)
        wants.default_version = in->by_default.value;
    sv_status status = sv_registry_set_versions(services->registry, name, &wants, &error);
    return status ? sv_call_fail_with(call, status, &error) : SV_OK;
}

static sv_status set_versions(sv_call *call, const struct model_name *route,
                              const struct versions_change *in, struct model_state *out)
{
    sv_model_status model;
    sv_status status = sv_model_change_check(call, SV_CHANGE_BODY_JSON);
    if (!status)
        status = find_model(call, route->name, &model);
    if (status)
        return status;
    const sv_str *unknown = find_unknown(&model, in);
    if (unknown)
        return refuse_version(call, &model, *unknown);
    status = apply_versions(call, route->name, in);
    if (!status)
        status = find_model(call, route->name, &model);
    return status ? status : tell_model(call, &model, out);
}

static const sv_error_kind *const get_model_errors[] = {&sv_kind_model_not_found, NULL};
static const sv_error_kind *const change_errors[] = {&sv_kind_forbidden,
                                                     &sv_kind_model_not_found,
                                                     &sv_kind_model_version_not_found,
                                                     &sv_kind_unsupported_media_type,
                                                     &sv_kind_inference_failed,
                                                     &sv_kind_insufficient_memory,
                                                     &sv_kind_deadline_exceeded,
                                                     NULL};
static const sv_error_kind *const set_versions_errors[] = {
    &sv_kind_forbidden, &sv_kind_model_not_found, &sv_kind_model_version_not_found,
    &sv_kind_unsupported_media_type, NULL};

#define MODEL "/api/v1/models/{name}"
#define VERSION MODEL "/versions/{version}"
#define CHANGE(PATH, HANDLER)                                                                      \
    {"POST",                                                                                       \
     PATH,                                                                                         \
     &HANDLER##_handler,                                                                           \
     .tags = "models",                                                                             \
     .errors = change_errors,                                                                      \
     .max_body_bytes = MAX_CONTROL_BODY}

const sv_operation *sv_models_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/api/v1/models", &list_models_handler, .tags = "models", .run_inline = true},
        {"GET", MODEL, &get_model_handler, .tags = "models", .errors = get_model_errors,
         .run_inline = true},
        CHANGE(MODEL "/load", load_model),
        CHANGE(MODEL "/unload", unload_model),
        CHANGE(VERSION "/load", load_version),
        CHANGE(VERSION "/unload", unload_version),
        {"PUT", MODEL "/versions", &set_versions_handler, .tags = "models",
         .errors = set_versions_errors, .max_body_bytes = MAX_CONTROL_BODY},
        {0}};
    return operations;
}
