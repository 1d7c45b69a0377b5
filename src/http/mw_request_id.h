/* mw_request_id.h: the id that every answer carries. */
#ifndef SERVAL_HTTP_MW_REQUEST_ID_H
#define SERVAL_HTTP_MW_REQUEST_ID_H

#include "http/exchange.h"

/* Sets `request_id`: the client's X-Request-ID when it is 1..128 of [A-Za-z0-9._:/+=@-], else a new
 * UUID; empty when memory is out. Keeps one that is set already. */
void sv_mw_request_id_assign(sv_exchange *exchange);

#endif
