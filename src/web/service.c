/* service.c: pool, application and server put together, taken apart in reverse. */
#include "web/service.h"

#include "web/hooks.h"

#include <stdlib.h>

enum { MAX_QUEUED_CALLS = 10000, IDLE_THREAD_MS = 10000, DEFAULT_HANDLER_THREADS = 40 };

struct sv_service {
    sv_pool *pool;
    sv_application *application;
    sv_server *server;
    sv_http_middleware hooks; /* of the application */
};

static sv_status build(sv_service *service, const sv_service_config *config, sv_buf *problems)
{
    size_t threads = config->handler_threads ? config->handler_threads : DEFAULT_HANDLER_THREADS;
    sv_status status = sv_pool_new(threads, MAX_QUEUED_CALLS, IDLE_THREAD_MS, &service->pool);
    if (status)
        return status;
    sv_application_config application = config->application;
    application.pool = service->pool;
    status = sv_application_new(&application, problems, &service->application);
    if (status)
        return status;
    service->hooks = sv_hooks_middleware(service->application);
    sv_server_config server = {.router = sv_application_router(service->application),
                               .middleware = config->middleware,
                               .n_middleware = config->n_middleware,
                               .innermost = &service->hooks,
                               .limits = config->limits,
                               .allowed_hosts = config->allowed_hosts,
                               .root_path = application.root_path};
    return sv_server_new(&server, &service->server);
}

sv_status sv_service_new(const sv_service_config *config, sv_buf *problems,
                         sv_service **ret_service)
{
    sv_service *service = calloc(1, sizeof *service);
    if (!service)
        return SV_NO_MEMORY;
    sv_status status = build(service, config, problems);
    if (status) {
        sv_service_free(service);
        return status;
    }
    *ret_service = service;
    return SV_OK;
}

sv_status sv_service_start(sv_service *service, sv_error *error)
{
    return sv_application_start(service->application, error);
}

void sv_service_free(sv_service *service)
{
    if (!service)
        return;
    if (service->pool)
        sv_pool_stop(service->pool);
    if (service->application)
        sv_application_abandon(service->application);
    sv_server_free(service->server);
    sv_application_free(service->application);
    sv_pool_free(service->pool);
    free(service);
}

sv_server *sv_service_server(const sv_service *service)
{
    return service->server;
}

sv_pool *sv_service_pool(const sv_service *service)
{
    return service->pool;
}

const sv_application *sv_service_application(const sv_service *service)
{
    return service->application;
}
