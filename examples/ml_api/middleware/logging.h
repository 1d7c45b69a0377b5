/* logging.h: one line per request on stderr, beside the server's access log on stdout. The request
 * id itself, in and out, is the server's: X-Request-ID is on every answer. */
#ifndef LOGGING_H
#define LOGGING_H

#include <serval/serval.h>

void logging_done(sv_call *call);

#define LOGGING_MIDDLEWARE {.name = "logging", .done = logging_done}

#endif
