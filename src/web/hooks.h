/* hooks.h: an application's middleware (<serval/middleware.h>), as one of the server's. */
#ifndef SERVAL_WEB_HOOKS_H
#define SERVAL_WEB_HOOKS_H

#include "http/server.h"
#include "web/application.h"

/* To be the innermost of the server's middlewares. Does nothing for an application without any. */
sv_http_middleware sv_hooks_middleware(sv_application *application);
/* Shows a piece of a streamed answer to the middleware that wants to see it. On the thread that
 * sends. */
void sv_hooks_see_piece(sv_call *call, sv_str piece);

#endif
