/* service.h: an application made ready to answer: its handler pool, its router, its HTTP server;
 * without sockets until sv_server_listen. The server program and the in-process test client both
 * stand on it. */
#ifndef SERVAL_WEB_SERVICE_H
#define SERVAL_WEB_SERVICE_H

#include "base/buf.h"
#include "http/server.h"
#include "web/application.h"

typedef struct sv_service sv_service;

typedef struct sv_service_config {
    sv_application_config application; /* `pool` is set by the service */
    sv_http_limits limits;
    const sv_http_middleware *middleware; /* outermost first */
    size_t n_middleware;
    const char *rate_limit; /* of each client over all routes: "100/minute"; NULL, "": none */
    size_t handler_threads;
    const char *const *allowed_hosts; /* NULL-terminated; NULL: every host */
    const char *trusted_proxies;      /* as forwarded.h reads them; NULL, "": none */
} sv_service_config;

/* The tables of the application are checked: SV_INVALID, and each mistake is a line of `problems`.
 * What the config points to must outlive the service. */
sv_status sv_service_new(const sv_service_config *config, sv_buf *problems,
                         sv_service **ret_service) SV_MUST_USE;
/* Opens the application's states; before the first request. */
sv_status sv_service_start(sv_service *service, sv_error *error) SV_MUST_USE;
/* Closes the states too. The server must be drained, or never have listened. NULL is fine. */
void sv_service_free(sv_service *service);

sv_server *sv_service_server(const sv_service *service);
sv_pool *sv_service_pool(const sv_service *service);
sv_application *sv_service_application(const sv_service *service);

#endif
