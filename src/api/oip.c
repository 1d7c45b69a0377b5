/* oip.c: the endpoints of the Open Inference Protocol: server and model metadata, health,
 * configuration, statistics, repository. Inference: oip_infer.c, oip_generate.c. They are not in
 * OpenAPI: the protocol has a description of its own, and answers are bytes. */
#include "api/oip.h"

#include <serval/version.h>

#include "api/model_change.h"
#include "api/model_work.h"
#include "api/oip_body.h"
#include "api/oip_generate.h"
#include "api/oip_infer.h"
#include "api/oip_models.h"
#include "api/services.h"
#include "json/value.h"

enum { MAX_TEXT = 16 << 20, MAX_CONTROL_BODY = 1 << 20 };

/* An answer in JSON under construction. */
typedef struct page {
    sv_buf buf;
    sv_writer writer;
} page;

static sv_writer *start_page(page *p)
{
    sv_buf_init(&p->buf, MAX_TEXT);
    sv_writer_init(&p->writer, &p->buf);
    return &p->writer;
}

/* Answers with it and frees it. */
static sv_status send_page(sv_call *call, page *p)
{
    sv_status status = sv_buf_status(&p->buf);
    sv_str text = status ? (sv_str){0} : sv_arena_copy(call->arena, sv_buf_str(&p->buf));
    sv_buf_deinit(&p->buf);
    if (!status && !text.ptr)
        status = SV_NO_MEMORY;
    return status ? status : sv_respond_bytes(call, "application/json", text);
}

/* {"name":"m","KEY":true}; the name is optional. */
static sv_status send_truth(sv_call *call, sv_str name, const char *key)
{
    page p;
    sv_writer *writer = start_page(&p);
    sv_writer_begin_object(writer);
    if (name.ptr)
        sv_writer_key_str(writer, "name", name);
    sv_writer_key_bool(writer, key, true);
    sv_writer_end_object(writer);
    return send_page(call, &p);
}

/* Server. */

SV_HANDLER_RAW(oip_server);
static sv_status oip_server(sv_call *call)
{
    return sv_respond_bytes(
        call, "application/json",
        SV_STR("{\"name\":\"serval\",\"version\":\"" SV_VERSION
               "\",\"extensions\":[\"classification\",\"model_repository\","
               "\"model_repository(unload_dependents)\",\"schedule_policy\","
               "\"model_configuration\",\"binary_tensor_data\",\"parameters\",\"statistics\"]}"));
}

SV_HANDLER_RAW(oip_live);
static sv_status oip_live(sv_call *call)
{
    return send_truth(call, (sv_str){0}, "live");
}

/* Ready: every model's default version answers. */
SV_HANDLER_RAW(oip_ready);
static sv_status oip_ready(sv_call *call)
{
    const sv_services *services = sv_call_state(call);
    sv_model_statuses models;
    if (sv_server_is_draining(services->server))
        return sv_fail(call, &sv_kind_draining, "Server exiting");
    sv_status status = sv_model_status_list(services->registry, call->arena, &models);
    if (status)
        return status;
    for (size_t i = 0; i < models.len; i++)
        if (!sv_model_status_can_answer(&models.items[i]))
            return sv_fail(call, &sv_kind_model_not_loaded, "Model '%.*s' is not ready",
                           SV_STR_ARG(models.items[i].name));
    return send_truth(call, (sv_str){0}, "ready");
}

/* Models. */

SV_HANDLER_RAW(oip_model_ready);
static sv_status oip_model_ready(sv_call *call)
{
    sv_oip_version found;
    sv_status status = sv_oip_models_find(call, &found);
    if (status)
        return status;
    if (found.version->state != SV_VERSION_READY && !found.version->is_on_demand)
        return sv_fail(call, &sv_kind_model_not_loaded, "Model version not ready");
    return send_truth(call, found.model.name, "ready");
}

/* What a loaded version says of itself; one that is loaded on demand is loaded for that. */
typedef struct description {
    sv_model_work work;
    sv_oip_version found;
    void (*write)(const sv_oip_version *found, sv_writer *writer);
} description;

static sv_status write_description(sv_model_work *work)
{
    page p;
    description *it = SV_CONTAINER_OF(work, description, work);
    it->found.instance = work->instance;
    it->write(&it->found, start_page(&p));
    return send_page(work->call, &p);
}

static sv_status describe(sv_call *call, void (*write)(const sv_oip_version *, sv_writer *))
{
    description *it = sv_alloc(call, sizeof *it);
    sv_status status = it ? sv_oip_models_find(call, &it->found) : SV_NO_MEMORY;
    if (status)
        return status;
    it->write = write;
    it->work = (sv_model_work){.call = call, .begin = write_description};
    status = sv_model_work_start(
        &it->work, &(sv_wish){.model = it->found.model.name, .version = it->found.version->name});
    return status == SV_FAILED && call->result.failure == &sv_kind_model_not_loaded
               ? sv_oip_models_refuse(call, &it->found)
               : status;
}

SV_HANDLER_RAW(oip_metadata);
static sv_status oip_metadata(sv_call *call)
{
    return describe(call, sv_oip_models_write_metadata);
}

SV_HANDLER_RAW(oip_config);
static sv_status oip_config(sv_call *call)
{
    return describe(call, sv_oip_models_write_config);
}

SV_HANDLER_RAW(oip_infer);
static sv_status oip_infer(sv_call *call)
{
    return sv_oip_infer(call);
}

SV_HANDLER_RAW(oip_generate);
static sv_status oip_generate(sv_call *call)
{
    return sv_oip_generate(call, false);
}

SV_HANDLER_RAW(oip_generate_stream);
static sv_status oip_generate_stream(sv_call *call)
{
    return sv_oip_generate(call, true);
}

/* A list of all versions of all models, or of one model's. */
typedef void write_version(const sv_model_status *model, const sv_version_status *version,
                           sv_writer *writer);

static void write_model(const sv_model_status *model, write_version *write, sv_writer *writer)
{
    for (size_t i = 0; i < model->n_versions; i++)
        write(model, &model->versions[i], writer);
}

static void write_all(const sv_model_statuses *models, write_version *write, sv_writer *writer)
{
    for (size_t i = 0; i < models->len; i++)
        write_model(&models->items[i], write, writer);
}

static sv_status list_models(sv_call *call, sv_model_statuses *ret_models)
{
    const sv_services *services = sv_call_state(call);
    return sv_model_status_list(services->registry, call->arena, ret_models);
}

static sv_writer *start_stats(page *p)
{
    sv_writer *writer = start_page(p);
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("model_stats"));
    sv_writer_begin_array(writer);
    return writer;
}

static sv_status send_stats(sv_call *call, page *p)
{
    sv_writer_end_array(&p->writer);
    sv_writer_end_object(&p->writer);
    return send_page(call, p);
}

SV_HANDLER_RAW(oip_all_stats);
static sv_status oip_all_stats(sv_call *call)
{
    page p;
    sv_model_statuses models;
    sv_status status = list_models(call, &models);
    if (status)
        return status;
    write_all(&models, sv_oip_models_write_stats, start_stats(&p));
    return send_stats(call, &p);
}

SV_HANDLER_RAW(oip_stats);
static sv_status oip_stats(sv_call *call)
{
    page p;
    sv_oip_version found;
    sv_status status = sv_oip_models_find(call, &found);
    if (status)
        return status;
    sv_writer *writer = start_stats(&p);
    if (found.is_named)
        sv_oip_models_write_stats(&found.model, found.version, writer);
    else
        write_model(&found.model, sv_oip_models_write_stats, writer);
    return send_stats(call, &p);
}

/* Repository. */

static void write_ready_entry(const sv_model_status *model, const sv_version_status *version,
                              sv_writer *writer)
{
    if (version->state == SV_VERSION_READY)
        sv_oip_models_write_entry(model, version, writer);
}

SV_HANDLER_RAW(oip_index);
static sv_status oip_index(sv_call *call)
{
    page p;
    const sv_value *object;
    sv_model_statuses models;
    sv_status status = sv_oip_body_read(call, &object);
    if (!status)
        status = list_models(call, &models);
    if (status)
        return status;
    const sv_value *ready = object ? sv_value_get(object, SV_STR("ready")) : NULL;
    if (ready && sv_value_get_type(ready) != SV_VALUE_BOOL)
        return sv_fail(call, &sv_kind_invalid_input,
                       "Invalid value for 'ready': expected a boolean");
    bool only_ready = ready && sv_value_bool(ready);
    sv_writer *writer = start_page(&p);
    sv_writer_begin_array(writer);
    write_all(&models, only_ready ? write_ready_entry : sv_oip_models_write_entry, writer);
    sv_writer_end_array(writer);
    return send_page(call, &p);
}

static sv_status refuse_parameter(sv_call *call, sv_str name, sv_value_type type)
{
    if (sv_str_eq(name, SV_STR("config")) || sv_str_starts_with(name, SV_STR("file:")))
        return type == SV_VALUE_STR
                   ? sv_fail(call, &sv_kind_not_implemented,
                             "load with '%.*s' is not supported: models come from their folder",
                             SV_STR_ARG(sv_str_slice(name, 0, 64)))
                   : sv_fail(call, &sv_kind_invalid_input, "parameter '%.*s' must be a string",
                             SV_STR_ARG(sv_str_slice(name, 0, 64)));
    return sv_fail(call, &sv_kind_invalid_input, "unrecognized load parameter '%.*s'",
                   SV_STR_ARG(sv_str_slice(name, 0, 64)));
}

/* None is taken but `unload_dependents`: no model has any. */
static sv_status check_parameters(sv_call *call)
{
    const sv_value *object, *value;
    sv_str name;
    sv_status status = sv_oip_body_read(call, &object);
    const sv_value *parameters =
        status || !object ? NULL : sv_value_get(object, SV_STR("parameters"));
    if (!parameters)
        return status;
    if (sv_value_get_type(parameters) != SV_VALUE_OBJECT)
        return sv_fail(call, &sv_kind_invalid_input,
                       "Unable to parse 'parameters': expected an object");
    sv_value_cursor members = sv_value_walk(parameters);
    while (sv_value_next_member(&members, &name, &value))
        if (!sv_str_eq(name, SV_STR("unload_dependents")) ||
            sv_value_get_type(value) != SV_VALUE_BOOL)
            return refuse_parameter(call, name, sv_value_get_type(value));
    return SV_OK;
}

static bool is_any_ready(const sv_model_status *model)
{
    for (size_t i = 0; i < model->n_versions; i++)
        if (model->versions[i].state == SV_VERSION_READY)
            return true;
    return false;
}

/* With Triton's words. */
static sv_status end_change(sv_model_change *change, const sv_version_status *failed)
{
    sv_call *call = change->call;
    const sv_model_status *model = &change->model;
    if (!failed)
        return send_truth(call, model->name, change->loads ? "load" : "unload");
    const sv_error_kind *kind = sv_model_change_kind(failed);
    if (kind->status == 503)
        (void)sv_set_header(call, "Retry-After", SV_STR("1"));
    const char *colon = failed->reason.len ? ": " : "";
    if (!is_any_ready(model))
        return sv_fail(call, kind, "failed to load '%.*s', no version is available%s%.*s",
                       SV_STR_ARG(model->name), colon, SV_STR_ARG(failed->reason));
    return sv_fail(call, kind, "failed to load '%.*s', version %.*s is at %s state%s%.*s",
                   SV_STR_ARG(model->name), SV_STR_ARG(failed->name),
                   sv_oip_models_state_name(failed), colon, SV_STR_ARG(failed->reason));
}

/* Done when it is answered. */
static sv_status change_state(sv_call *call, bool loads)
{
    const sv_services *services = sv_call_state(call);
    sv_str name = call->request.path_params[0];
    sv_model_status model;
    sv_status status = sv_model_change_check(call, SV_CHANGE_BODY_ANY);
    if (!status)
        status = check_parameters(call);
    if (!status)
        status = sv_model_status_find(services->registry, name, call->arena, &model);
    if (status == SV_NOT_FOUND)
        return sv_fail(call, &sv_kind_model_not_found,
                       "failed to %s '%.*s', failed to poll from model repository",
                       loads ? "load" : "unload", SV_STR_ARG(name));
    sv_model_change *change = status ? NULL : sv_alloc(call, sizeof *change);
    if (!change)
        return status ? status : SV_NO_MEMORY;
    *change = (sv_model_change){.call = call, .loads = loads, .end = end_change};
    return sv_model_change_start(change, &model, NULL);
}

SV_HANDLER_RAW(oip_load);
static sv_status oip_load(sv_call *call)
{
    return change_state(call, true);
}

SV_HANDLER_RAW(oip_unload);
static sv_status oip_unload(sv_call *call)
{
    return change_state(call, false);
}

SV_HANDLER_RAW(oip_repository);
static sv_status oip_repository(sv_call *call)
{
    return sv_fail(call, &sv_kind_not_implemented,
                   "'repository_name' specification is not supported");
}

#define MODEL "/v2/models/{model}"
#define VERSION MODEL "/versions/{version}"
#define REPOSITORY "/v2/repository"
/* Quick, and no work for a pool. */
#define GET(PATH, HANDLER) {"GET", PATH, &HANDLER##_handler, .hidden = true, .run_inline = true}
#define PROBE(PATH, HANDLER)                                                                       \
    {"GET", PATH, &HANDLER##_handler, .hidden = true, .run_inline = true, .rate_exempt = true}
#define CONTROL(PATH, HANDLER)                                                                     \
    {"POST", PATH, &HANDLER##_handler, .hidden = true, .max_body_bytes = MAX_CONTROL_BODY}
#define INFER(PATH)                                                                                \
    {"POST", PATH, &oip_infer_handler, .hidden = true, .max_body_bytes = SV_OIP_INFER_MAX_BODY}
#define GENERATE(PATH, HANDLER)                                                                    \
    {"POST", PATH, &HANDLER##_handler, .hidden = true, .timeout_ms = SV_OIP_GENERATE_TIMEOUT_MS}

const sv_operation *sv_oip_operations(void)
{
    static const sv_operation operations[] = {
        GET("/v2", oip_server),
        GET("/v2/", oip_server),
        PROBE("/v2/health/live", oip_live),
        PROBE("/v2/health/ready", oip_ready),
        {"GET", "/v2/models/stats", &oip_all_stats_handler, .hidden = true},
        GET(MODEL, oip_metadata),
        GET(VERSION, oip_metadata),
        PROBE(MODEL "/ready", oip_model_ready),
        PROBE(VERSION "/ready", oip_model_ready),
        GET(MODEL "/config", oip_config),
        GET(VERSION "/config", oip_config),
        GET(MODEL "/stats", oip_stats),
        GET(VERSION "/stats", oip_stats),
        INFER(MODEL "/infer"),
        INFER(VERSION "/infer"),
        GENERATE(MODEL "/generate", oip_generate),
        GENERATE(VERSION "/generate", oip_generate),
        GENERATE(MODEL "/generate_stream", oip_generate_stream),
        GENERATE(VERSION "/generate_stream", oip_generate_stream),
        CONTROL(REPOSITORY "/index", oip_index),
        CONTROL(REPOSITORY "/models/{model}/load", oip_load),
        CONTROL(REPOSITORY "/models/{model}/unload", oip_unload),
        CONTROL(REPOSITORY "/{repository}/index", oip_repository),
        CONTROL(REPOSITORY "/{repository}/models/{model}/load", oip_repository),
        CONTROL(REPOSITORY "/{repository}/models/{model}/unload", oip_repository),
        {0}};
    return operations;
}
