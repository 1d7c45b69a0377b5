/* mw_access_log.h: one line per finished request. */
#ifndef SERVAL_HTTP_MW_ACCESS_LOG_H
#define SERVAL_HTTP_MW_ACCESS_LOG_H

#include "http/server.h"
#include "observe/log.h"

/* A middleware that writes to `log`, which must outlive the server. */
sv_http_middleware sv_mw_access_log(sv_log *log);

#endif
