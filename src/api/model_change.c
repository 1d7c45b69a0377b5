/* model_change.c: loading and unloading for a call. What it does to the models: loader.c. */
#include "api/model_change.h"

#include "api/services.h"
#include "http/message.h"

/* Who may. */

/* What browsers send to other sites without asking first (Fetch, CORS-safelisted request-header).
 */
static bool is_forms_type(sv_str type)
{
    static const char *const types[] = {"text/plain", "multipart/form-data",
                                        "application/x-www-form-urlencoded"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (sv_str_eq_nocase(type, sv_str_from(types[i])))
            return true;
    return false;
}

static bool is_of_browser(const sv_call *call)
{
    return sv_request_header(call, "origin").ptr || sv_request_header(call, "sec-fetch-site").ptr;
}

static bool has_safe_type(const sv_call *call, sv_change_body body)
{
    sv_str type = sv_message_media_type(sv_request_header(call, "content-type"));
    if (!type.len)
        return !is_of_browser(call) && (body == SV_CHANGE_BODY_ANY || !call->request.body.len);
    return body == SV_CHANGE_BODY_ANY ? !is_forms_type(type) : sv_message_is_json(type);
}

sv_status sv_model_change_check(sv_call *call, sv_change_body body)
{
    const sv_services *services = sv_call_state(call);
    if (!has_safe_type(call, body))
        return sv_fail(call, &sv_kind_unsupported_media_type,
                       "Calls that change models need Content-Type: application/json");
    if (services->is_read_only)
        return sv_fail(call, &sv_kind_forbidden,
                       "Without API keys, models are changed on a loopback address only");
    return SV_OK;
}

/* Finding. */

const sv_version_status *sv_model_change_find(const sv_model_status *model, sv_str name)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (sv_repository_is_same_version(model->versions[i].name, name))
            return &model->versions[i];
    return NULL;
}

const sv_error_kind *sv_model_change_kind(const sv_version_status *failed)
{
    if (failed->failure == SV_NO_MEMORY)
        return &sv_kind_insufficient_memory;
    return failed->failure ? &sv_kind_inference_failed : &sv_kind_model_not_loaded;
}

/* Changing. */

static bool is_meant(const sv_model_change *change, const sv_version_status *version)
{
    return !change->version.name.len || sv_str_eq(change->version.name, version->name);
}

/* Of all versions, it is the default one that has to answer: others may have given way to it. */
static bool has_failed(const sv_model_change *change, const sv_version_status *version)
{
    bool must_answer = change->version.name.len || version->is_default;
    return version->failure || (must_answer && version->state != SV_VERSION_READY);
}

static const sv_version_status *find_failed(sv_model_change *change)
{
    bool is_there = !change->version.name.len;
    for (size_t i = 0; i < change->model.n_versions; i++) {
        const sv_version_status *version = &change->model.versions[i];
        if (!is_meant(change, version))
            continue;
        is_there = true;
        if (change->loads && has_failed(change, version))
            return version;
    }
    return is_there ? NULL : &change->version;
}

/* The loader has nothing to do with it any more. */
static sv_status conclude(sv_model_change *change)
{
    const sv_services *services = sv_call_state(change->call);
    sv_status status = sv_model_status_find(services->registry, change->model.name,
                                            change->call->arena, &change->model);
    if (status == SV_NOT_FOUND)
        return sv_fail(change->call, &sv_kind_model_not_found, "Model %.*s is gone",
                       SV_STR_ARG(change->model.name));
    return status ? status : change->end(change, find_failed(change));
}

static void go_on(sv_load_ticket *ticket, sv_status status)
{
    sv_model_change *change = SV_CONTAINER_OF(ticket, sv_model_change, ticket);
    if (status == SV_UNAVAILABLE)
        status = sv_fail(change->call, &sv_kind_draining, "The server is shutting down");
    else if (!status)
        status = conclude(change);
    status = status ? sv_call_fail_with(change->call, status, NULL) : SV_OK;
    sv_complete(change->call, status);
}

/* Whether there is anything to wait for. */
static bool ask(sv_model_change *change)
{
    bool is_asked = false;
    for (size_t i = 0; i < change->model.n_versions; i++) {
        const sv_version_status *version = &change->model.versions[i];
        if (!is_meant(change, version) || (change->loads && sv_model_status_is_latest(version)))
            continue;
        if (change->loads)
            sv_loader_load(change->model.model, version->version);
        else
            sv_loader_unload(change->model.model, version->version);
        is_asked = true;
    }
    return is_asked;
}

sv_status sv_model_change_start(sv_model_change *change, const sv_model_status *model,
                                const sv_version_status *version)
{
    change->model = *model;
    change->version = version ? *version : (sv_version_status){0};
    if (!ask(change))
        return conclude(change);
    change->ticket = (sv_load_ticket){.done = go_on,
                                      .model = model->model,
                                      .version = change->version.version,
                                      .cancel = change->call->cancel};
    if (sv_loader_wait(&change->ticket) == SV_OK)
        return SV_DEFERRED;
    return sv_fail(change->call, &sv_kind_draining, "The server is shutting down");
}
