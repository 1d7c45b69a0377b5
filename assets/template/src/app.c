/* app.c: what the application is made of. */
#include "app.h"

#include "config.h"
#include "middleware/logging.h"
#include "routers/health.h"
#include "routers/predictions.h"
#include "services/inference.h"

static const sv_state *const states[] = {&inference_state, NULL};
static const sv_middleware middleware[] = {LOGGING_MIDDLEWARE, {0}};
static const sv_api_router *const routers[] = {&health_router, &predictions_router, NULL};

const sv_app app = {
    .title = "my_api",
    .version = CONFIG_VERSION,
    .states = states,
    .middleware = middleware,
    .routers = routers,
};
