/* models.c: the registry, told. It changes nothing. */
#include "api/models.h"

#include "api/services.h"
#include "model/model_status.h"
#include "web/call.h"

struct version_state {
    sv_str version, state;
    sv_opt_str reason;
    sv_opt_int memory_bytes;
};
struct model_state {
    sv_str name;
    sv_opt_str task;
    sv_str engine, state, default_version;
    SV_LIST(struct version_state) versions;
};
struct model_list {
    SV_LIST(struct model_state) models;
};
struct model_name {
    sv_str name;
};

SV_SCHEMA_WITH(version_state, (.component = "ModelVersion"), SV_FIELD(version_state, version),
               SV_FIELD(version_state, state, .help = "absent, loading, ready or failed"),
               SV_FIELD(version_state, reason, .optional = true, .help = "Why it failed"),
               SV_FIELD(version_state, memory_bytes, .optional = true, SV_GE(0),
                        .help = "Estimate of what it holds while it is loaded"));
SV_SCHEMA_WITH(
    model_state, (.component = "Model"), SV_FIELD(model_state, name),
    SV_FIELD(model_state, task, .default_json = "null",
             .help = "Null until it is known: the manifest says it, or the loaded model"),
    SV_FIELD(model_state, engine),
    SV_FIELD(model_state, state, .help = "That of the default version"),
    SV_FIELD(model_state, default_version), SV_FIELD_LIST(model_state, versions, version_state));
SV_SCHEMA_WITH(model_list, (.component = "ModelList"),
               SV_FIELD_LIST(model_list, models, model_state));
SV_SCHEMA(model_name, SV_FIELD(model_name, name));

SV_HANDLER(list_models, sv_none, model_list);
SV_HANDLER_PARAMS(get_model, model_name, sv_none, model_state);

/* A failed version's reason is the engine's words; of others it is how the task was guessed. */
static struct version_state tell_version(const sv_version_status *version)
{
    struct version_state told = {
        .version = version->name, .state = sv_str_from(sv_model_status_state_name(version->state))};
    if (version->reason.len)
        told.reason = (sv_opt_str){true, version->reason};
    if (version->memory_bytes)
        told.memory_bytes = (sv_opt_int){true, (int64_t)version->memory_bytes};
    return told;
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
    return SV_OK;
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

static sv_status get_model(sv_call *call, const struct model_name *route, const struct sv_none *in,
                           struct model_state *out)
{
    const sv_services *services = sv_call_state(call);
    (void)in;
    sv_model_status model;
    sv_status status =
        sv_model_status_find(services->registry, route->name, call->arena, &model);
    if (status == SV_NOT_FOUND)
        return sv_fail(call, &sv_kind_model_not_found, "Model %.*s not found",
                       SV_STR_ARG(route->name));
    return status ? status : tell_model(call, &model, out);
}

static const sv_error_kind *const get_model_errors[] = {&sv_kind_model_not_found, NULL};

const sv_operation *sv_models_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/api/v1/models", &list_models_handler, .tags = "models", .run_inline = true},
        {"GET", "/api/v1/models/{name}", &get_model_handler, .tags = "models",
         .errors = get_model_errors, .run_inline = true},
        {0}};
    return operations;
}
