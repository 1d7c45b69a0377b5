/* health.c: what the server says about itself. Everything is read from atomics and short locks, so
 * that the loop answers at once whatever the models do. */
#include "api/health.h"

#include "api/services.h"
#include "base/clock.h"
#include "base/writer.h"
#include "model/model_status.h"
#include "web/call.h"

enum { MAX_REASONS = 4096 };

enum health_status { HEALTHY, DEGRADED, UNHEALTHY };

struct health_response {
    int status;
    bool model_loaded, gpu_available;
    sv_str version;
};
struct liveness_response {
    sv_str status;
};
struct readiness_response {
    sv_str status;
};
struct readiness_query {
    sv_opt_str model;
};

SV_ENUM(health_status, {"healthy", HEALTHY}, {"degraded", DEGRADED}, {"unhealthy", UNHEALTHY});
SV_SCHEMA_WITH(health_response, (.component = "HealthResponse"),
               SV_FIELD_ENUM(health_response, status, health_status),
               SV_FIELD(health_response, model_loaded), SV_FIELD(health_response, gpu_available),
               SV_FIELD(health_response, version));
SV_SCHEMA_WITH(liveness_response, (.component = "LivenessResponse"),
               SV_FIELD(liveness_response, status));
SV_SCHEMA_WITH(readiness_response, (.component = "ReadinessResponse"),
               SV_FIELD(readiness_response, status));
SV_SCHEMA(readiness_query, SV_FIELD(readiness_query, model, .optional = true,
                                    .help = "Ask for one model instead of the default ones"));

SV_HANDLER(health_check, sv_none, health_response);
SV_HANDLER(liveness, sv_none, liveness_response);
SV_HANDLER_PARAMS(readiness, readiness_query, sv_none, readiness_response);

/* The reasons of a 503, as a JSON list under construction. */
typedef struct reason_list {
    sv_buf buf;
    sv_writer writer;
    size_t len;
} reason_list;

static void start_reasons(reason_list *reasons)
{
    sv_buf_init(&reasons->buf, MAX_REASONS);
    sv_writer_init(&reasons->writer, &reasons->buf);
    sv_writer_begin_array(&reasons->writer);
    reasons->len = 0;
}

static void add_reason(reason_list *reasons, sv_str reason)
{
    sv_writer_str(&reasons->writer, reason);
    reasons->len++;
}

/* 503 with the reasons; frees the list. */
static sv_status fail_with_reasons(sv_call *call, reason_list *reasons, const sv_error_kind *kind,
                                   const char *message)
{
    sv_writer_end_array(&reasons->writer);
    sv_buf_append_byte(&reasons->buf, '\0');
    sv_fail(call, kind, "%s", message);
    if (!sv_buf_status(&reasons->buf))
        (void)sv_fail_member(call, "reasons", reasons->buf.ptr);
    sv_buf_deinit(&reasons->buf);
    (void)sv_set_header(call, "Retry-After", SV_STR("1"));
    return SV_FAILED;
}

/* What is loaded when it is asked for lacks nothing. */
static bool all_versions_answer(const sv_model_statuses *models)
{
    for (size_t i = 0; i < models->len; i++)
        for (size_t k = 0; k < models->items[i].n_versions; k++)
            if (models->items[i].versions[k].state != SV_VERSION_READY &&
                !models->items[i].versions[k].is_on_demand)
                return false;
    return true;
}

/* NULL: there is none of this name. */
static const sv_model_status *find_model(const sv_model_statuses *models, sv_str name)
{
    for (size_t i = 0; i < models->len; i++)
        if (sv_str_eq(models->items[i].name, name))
            return &models->items[i];
    return NULL;
}

static const sv_model_status *find_default(sv_call *call, const sv_model_statuses *models,
                                           sv_model_task task)
{
    const sv_services *services = sv_call_state(call);
    return find_model(models, sv_registry_default_name(services->registry, task, call->arena));
}

static bool is_ready(const sv_model_status *model)
{
    return model && sv_model_status_can_answer(model);
}

static sv_status health_check(sv_call *call, const struct sv_none *in, struct health_response *out)
{
    const sv_services *services = sv_call_state(call);
    (void)in;
    sv_model_statuses models;
    sv_status status = sv_model_status_list(services->registry, call->arena, &models);
    if (status)
        return status;
    const sv_model_status *model = find_default(call, &models, SV_TASK_UNSET);
    out->model_loaded = model && model->versions[model->default_version].state == SV_VERSION_READY;
    out->gpu_available = services->gpu_available;
    out->version = sv_str_from(services->app_version);
    out->status = !is_ready(model) ? UNHEALTHY : all_versions_answer(&models) ? HEALTHY : DEGRADED;
    return SV_OK;
}

/* A loop that has not come round, or work that waits while nothing moves. */
static sv_status liveness(sv_call *call, const struct sv_none *in, struct liveness_response *out)
{
    const sv_services *services = sv_call_state(call);
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    int64_t limit = services->liveness_timeout_ms * SV_NS_PER_MS;
    sv_scheduler_stats work = sv_scheduler_get_stats(services->scheduler);
    sv_pool_stats pool = sv_pool_get_stats(services->pool);
    reason_list reasons;
    (void)in;
    start_reasons(&reasons);
    if (sv_server_n_loops(services->server) &&
        now - sv_server_last_round_ns(services->server) > limit)
        add_reason(&reasons, SV_STR("an event loop made no progress"));
    if (work.n_running && now - work.last_progress_ns > limit)
        add_reason(&reasons, SV_STR("queued model work made no progress"));
    if (pool.n_queued && now - pool.oldest_queued_ns > limit && now - pool.last_progress_ns > limit)
        add_reason(&reasons, SV_STR("queued requests made no progress"));
    if (reasons.len)
        return fail_with_reasons(call, &reasons, &sv_kind_server_overloaded, "Server not alive");
    sv_buf_deinit(&reasons.buf);
    out->status = SV_STR("alive");
    return SV_OK;
}

static void explain_model(reason_list *reasons, const sv_model_status *model, sv_arena *arena)
{
    const sv_version_status *version = &model->versions[model->default_version];
    add_reason(reasons,
               sv_arena_printf(arena, "model %.*s is %s%s%.*s", SV_STR_ARG(model->name),
                               sv_model_status_state_name(version->state),
                               version->reason.len ? ": " : "", SV_STR_ARG(version->reason)));
}

/* The server's default model, and that of every task that there is. */
static void explain_defaults(sv_call *call, const sv_model_statuses *models, reason_list *reasons)
{
    static const sv_model_task tasks[] = {SV_TASK_UNSET,          SV_TASK_IMAGE_CLASSIFICATION,
                                          SV_TASK_TEXT_EMBEDDING, SV_TASK_TEXT_CLASSIFICATION,
                                          SV_TASK_TABULAR,        SV_TASK_TENSOR,
                                          SV_TASK_TEXT_GENERATION};
    const sv_model_status *told[sizeof tasks / sizeof *tasks] = {NULL};
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        const sv_model_status *model = find_default(call, models, tasks[i]);
        bool is_told = !model || sv_model_status_can_answer(model);
        for (size_t k = 0; k < i && !is_told; k++)
            is_told = told[k] == model;
        if (!is_told)
            explain_model(reasons, told[i] = model, call->arena);
    }
    if (!models->len)
        add_reason(reasons, SV_STR("no model is there"));
}

static sv_status readiness(sv_call *call, const struct readiness_query *query,
                           const struct sv_none *in, struct readiness_response *out)
{
    const sv_services *services = sv_call_state(call);
    sv_str name = query->model.set ? query->model.value : (sv_str){0};
    sv_model_statuses models;
    reason_list reasons;
    (void)in;
    sv_status status = sv_model_status_list(services->registry, call->arena, &models);
    if (status)
        return status;
    const sv_model_status *model = find_model(&models, name);
    if (!model && name.len)
        return sv_fail(call, &sv_kind_model_not_found, "Model %.*s not found", SV_STR_ARG(name));
    start_reasons(&reasons);
    if (sv_server_is_draining(services->server))
        add_reason(&reasons, SV_STR("the server is shutting down"));
    if (!name.len)
        explain_defaults(call, &models, &reasons);
    else if (!is_ready(model))
        explain_model(&reasons, model, call->arena);
    if (reasons.len)
        return fail_with_reasons(call, &reasons, &sv_kind_model_not_loaded, "Model not ready");
    sv_buf_deinit(&reasons.buf);
    out->status = SV_STR("ready");
    return SV_OK;
}

static const sv_error_kind *const live_errors[] = {&sv_kind_server_overloaded, NULL};
static const sv_error_kind *const ready_errors[] = {&sv_kind_model_not_loaded,
                                                    &sv_kind_model_not_found, NULL};

const sv_operation *sv_health_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/health", &health_check_handler, .tags = "health", .run_inline = true,
         .rate_exempt = true},
        {"GET", "/health/live", &liveness_handler, .tags = "health", .errors = live_errors,
         .run_inline = true, .rate_exempt = true},
        {"GET", "/health/ready", &readiness_handler, .tags = "health", .errors = ready_errors,
         .run_inline = true, .rate_exempt = true},
        {0}};
    return operations;
}
