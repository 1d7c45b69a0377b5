/* health.c: what the server says about itself. Everything is read from atomics and short locks, so
 * that the loop answers at once whatever the models do. */
#include "api/health.h"

#include "api/services.h"
#include "base/clock.h"
#include "base/writer.h"
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

static bool is_ready(const sv_model *model)
{
    return model && sv_registry_state(&model->versions[model->default_version]) == SV_VERSION_READY;
}

static bool all_versions_ready(const sv_registry *registry)
{
    size_t n;
    const sv_model *models = sv_registry_models(registry, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < models[i].n_versions; k++)
            if (sv_registry_state(&models[i].versions[k]) != SV_VERSION_READY)
                return false;
    return true;
}

static sv_status health_check(sv_call *call, const struct sv_none *in, struct health_response *out)
{
    const sv_services *services = sv_call_state(call);
    (void)in;
    out->model_loaded = is_ready(sv_registry_find(services->registry, (sv_str){0}));
    out->gpu_available = services->gpu_available;
    out->version = sv_str_from(services->app_version);
    out->status = !out->model_loaded                       ? UNHEALTHY
                  : all_versions_ready(services->registry) ? HEALTHY
                                                           : DEGRADED;
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

static void explain_model(reason_list *reasons, const sv_model *model, sv_arena *arena)
{
    const sv_model_version *version = &model->versions[model->default_version];
    sv_version_state state = sv_registry_state(version);
    add_reason(reasons, sv_arena_printf(arena, "model %.*s is %s%s%s", SV_STR_ARG(model->name),
                                        sv_registry_state_name(state),
                                        state == SV_VERSION_FAILED ? ": " : "",
                                        state == SV_VERSION_FAILED ? version->reason : ""));
}

static sv_status readiness(sv_call *call, const struct readiness_query *query,
                           const struct sv_none *in, struct readiness_response *out)
{
    const sv_services *services = sv_call_state(call);
    sv_str name = query->model.set ? query->model.value : (sv_str){0};
    const sv_model *model = sv_registry_find(services->registry, name);
    reason_list reasons;
    (void)in;
    if (!model && name.len)
        return sv_fail(call, &sv_kind_model_not_found, "Model %.*s not found", SV_STR_ARG(name));
    start_reasons(&reasons);
    if (sv_server_is_draining(services->server))
        add_reason(&reasons, SV_STR("the server is shutting down"));
    if (!model)
        add_reason(&reasons, SV_STR("no image classification model is loaded"));
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
