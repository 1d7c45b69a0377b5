/* app.c: what the application is made of (FastAPI's `app = FastAPI(...)`, lifespan and routers). */
#include "app.h"

#include "config.h"
#include "middleware/logging.h"
#include "models/ml_models.h"
#include "routers/chat.h"
#include "routers/health.h"
#include "routers/predictions.h"
#include "routers/text.h"
#include "services/jobs.h"

/* Texts are answered below /api/v1 as well. */
static const sv_api_router *const text_routers[] = {&text_router, &chat_router, NULL};
static const sv_api_router versioned = {.prefix = "/api/v1", .inner = text_routers};

static const sv_api_router *const routers[] = {&predictions_router, &text_router,   &chat_router,
                                               &versioned,          &health_router, NULL};
static const sv_state *const states[] = {&ml_models_state, &jobs_state, NULL};
static const sv_middleware middleware[] = {LOGGING_MIDDLEWARE, {0}};

const sv_app app = {
    .title = "ML Prediction API",
    .version = CONFIG_VERSION,
    .settings = &config_schema,
    .states = states,
    .middleware = middleware,
    .routers = routers,
};
