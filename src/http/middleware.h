/* middleware.h: the onion around every exchange: runs the server's middlewares in their order. Loop
 * thread. */
#ifndef SERVAL_HTTP_MIDDLEWARE_H
#define SERVAL_HTTP_MIDDLEWARE_H

#include "http/server.h"

/* Outermost first; false as soon as one refuses. */
bool sv_middleware_before(const sv_server_config *config, sv_exchange *exchange);
/* Innermost first. */
void sv_middleware_after(const sv_server_config *config, sv_exchange *exchange);
void sv_middleware_done(const sv_server_config *config, sv_exchange *exchange);

#endif
