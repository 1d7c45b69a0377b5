/* dispatch.h: decode, validate, handle, encode: once for all operations. */
#ifndef SERVAL_WEB_DISPATCH_H
#define SERVAL_WEB_DISPATCH_H

#include "http/exchange.h"

/* The `handle` of every route made from an operation (`route->data` is its sv_bound_operation):
 * makes a call of the exchange and runs it, inline or on the application's pool. Loop thread. */
void sv_dispatch_exchange(sv_exchange *exchange);

#endif
