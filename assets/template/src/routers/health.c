#include "routers/health.h"

#include "config.h"
#include "models/schemas.h"
#include "services/inference.h"

SV_HANDLER(health, sv_none, health_response);

static sv_status health(sv_call *call, const struct sv_none *in, struct health_response *out)
{
    (void)in;
    out->model_loaded = inference_of(call) != NULL;
    out->status = out->model_loaded ? SV_STR("healthy") : SV_STR("unhealthy");
    out->version = SV_STR(CONFIG_VERSION);
    return SV_OK;
}

static const sv_operation operations[] = {
    {"GET", "/health", &health_handler, .run_inline = true},
    {0},
};

const sv_api_router health_router = {.tags = "health", .operations = operations};
