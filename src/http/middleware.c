/* middleware.c: the order in which middlewares see an exchange. What they do is theirs. */
#include "http/middleware.h"

enum { N_OWN = 2 }; /* those that are named in the configuration */

/* The last one is the innermost. */
static const sv_http_middleware *get(const sv_server_config *config, size_t index)
{
    static const sv_http_middleware none = {0};
    const sv_http_middleware *own[N_OWN] = {config->limit, config->innermost};
    if (index < config->n_middleware)
        return &config->middleware[index];
    const sv_http_middleware *found = own[index - config->n_middleware];
    return found ? found : &none;
}

bool sv_middleware_before(const sv_server_config *config, sv_exchange *exchange)
{
    for (size_t i = 0; i < config->n_middleware + N_OWN; i++) {
        const sv_http_middleware *middleware = get(config, i);
        if (middleware->before && !middleware->before(exchange, middleware->arg))
            return false;
    }
    return true;
}

void sv_middleware_after(const sv_server_config *config, sv_exchange *exchange)
{
    for (size_t i = config->n_middleware + N_OWN; i-- > 0;) {
        const sv_http_middleware *middleware = get(config, i);
        if (middleware->after)
            middleware->after(exchange, middleware->arg);
    }
}

void sv_middleware_done(const sv_server_config *config, sv_exchange *exchange)
{
    for (size_t i = config->n_middleware + N_OWN; i-- > 0;) {
        const sv_http_middleware *middleware = get(config, i);
        if (middleware->done)
            middleware->done(exchange, middleware->arg);
    }
}
