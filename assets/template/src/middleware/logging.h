/* logging.h: one line per request on stdout, besides the server's access log. */
#ifndef LOGGING_H
#define LOGGING_H

#include <serval/serval.h>

void logging_done(sv_call *call);

#define LOGGING_MIDDLEWARE {.name = "logging", .done = logging_done}

#endif
