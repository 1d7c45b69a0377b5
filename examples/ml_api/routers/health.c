#include "routers/health.h"

#include "config.h"
#include "errors.h"
#include "models/ml_models.h"
#include "models/schemas.h"

SV_HANDLER(health_check, sv_none, health_response);
static sv_status health_check(sv_call *call, const struct sv_none *in, struct health_response *out)
{
    const struct ml_models *models = ml_models_of(call);
    (void)in;
    out->model_loaded = models->standard != NULL;
    out->gpu_available = models->folder && sv_models_has_gpu(models->folder);
    out->status = out->model_loaded ? HEALTH_HEALTHY : HEALTH_UNHEALTHY;
    out->version = SV_STR(CONFIG_VERSION);
    return SV_OK;
}

SV_HANDLER(liveness, sv_none, probe);
static sv_status liveness(sv_call *call, const struct sv_none *in, struct probe *out)
{
    (void)call, (void)in;
    out->status = SV_STR("alive");
    return SV_OK;
}

SV_HANDLER(readiness, sv_none, probe);
static sv_status readiness(sv_call *call, const struct sv_none *in, struct probe *out)
{
    (void)in;
    if (!ml_models_of(call)->standard)
        return sv_fail(call, &model_not_loaded_error, "Model not ready");
    out->status = SV_STR("ready");
    return SV_OK;
}

static const sv_error_kind *const readiness_errors[] = {&model_not_loaded_error, NULL};

static const sv_operation operations[] = {
    {"GET", "/health", &health_check_handler, .rate_exempt = true},
    {"GET", "/health/live", &liveness_handler, .run_inline = true, .rate_exempt = true},
    {"GET", "/health/ready", &readiness_handler, .errors = readiness_errors, .run_inline = true,
     .rate_exempt = true},
    {0},
};

const sv_api_router health_router = {.tags = "health", .operations = operations};
