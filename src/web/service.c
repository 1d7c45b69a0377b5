/* service.c: pool, application and server put together, taken apart in reverse. */
#include "web/service.h"

#include "http/mw_limit.h"
#include "web/hooks.h"
#include "web/route_limit.h"

#include <stdlib.h>

enum { MAX_QUEUED_CALLS = 10000, IDLE_THREAD_MS = 10000, DEFAULT_HANDLER_THREADS = 40 };

struct sv_service {
    sv_pool *pool;
    sv_application *application;
    sv_server *server;
    sv_forwarded_trust *trust; /* NULL: no proxy is trusted */
    sv_rate_limit overall;     /* of each client over all routes */
    sv_mw_limit limits;
    sv_http_middleware limit; /* obeys `limits` */
    sv_http_middleware hooks; /* of the application */
};

static bool has_route_limit(const sv_application *application)
{
    size_t n;
    const sv_bound_operation *operations = sv_application_operations(application, &n);
    for (size_t i = 0; i < n; i++)
        if (operations[i].route.policy.rate_limit)
            return true;
    return false;
}

/* The table is made only where something is limited. */
static sv_status open_limits(sv_service *service, const char *overall, sv_buf *problems)
{
    sv_status status = sv_route_limit_read(overall, "rate_limit", problems, &service->overall);
    if (status)
        return status;
    bool has_overall = service->overall.n_rules > 0;
    service->limit = sv_mw_limit_middleware(&service->limits);
    if (!has_overall && !has_route_limit(service->application))
        return SV_OK;
    service->limits.overall = has_overall ? &service->overall : NULL;
    service->limits.table =
        sv_rate_table_new(SV_RATE_TABLE_PLACES, sv_application_clock(service->application));
    return service->limits.table ? SV_OK : SV_NO_MEMORY;
}

static sv_status build(sv_service *service, const sv_service_config *config, sv_buf *problems)
{
    size_t threads = config->handler_threads ? config->handler_threads : DEFAULT_HANDLER_THREADS;
    sv_status status = sv_pool_new(threads, MAX_QUEUED_CALLS, IDLE_THREAD_MS, &service->pool);
    if (status)
        return status;
    sv_application_config application = config->application;
    application.pool = service->pool;
    status = sv_application_new(&application, problems, &service->application);
    if (!status)
        status = open_limits(service, config->rate_limit, problems);
    if (!status && config->trusted_proxies && config->trusted_proxies[0])
        status =
            sv_forwarded_trust_new(sv_str_from(config->trusted_proxies), problems, &service->trust);
    if (status)
        return status;
    service->hooks = sv_hooks_middleware(service->application);
    sv_server_config server = {.router = sv_application_router(service->application),
                               .middleware = config->middleware,
                               .n_middleware = config->n_middleware,
                               .limit = &service->limit,
                               .innermost = &service->hooks,
                               .limits = config->limits,
                               .allowed_hosts = config->allowed_hosts,
                               .trusted_proxies = service->trust,
                               .speaks_dialects = !application.app,
                               .root_path = application.root_path,
                               .clock = sv_application_clock(service->application)};
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
    sv_rate_table_free(service->limits.table);
    sv_forwarded_trust_free(service->trust);
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

sv_application *sv_service_application(const sv_service *service)
{
    return service->application;
}
