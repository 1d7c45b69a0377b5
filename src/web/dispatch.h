/* dispatch.h: how every call runs: decode and validate, handle, encode, hand to the sink. */
#ifndef SERVAL_WEB_DISPATCH_H
#define SERVAL_WEB_DISPATCH_H

#include "web/call.h"
#include "json/errors.h"

/* A route's `handle`: runs the operation of the exchange's route, inline or on the pool. */
void sv_dispatch_exchange(sv_exchange *exchange);
/* A call of `application` for an exchange whose head is there; NULL when out of memory. */
sv_call *sv_dispatch_make_call(sv_application *application, sv_exchange *exchange);
/* The 422 of a request that does not fit its schemas, with all its mistakes. SV_FAILED;
 * SV_NO_MEMORY.
 */
sv_status sv_dispatch_refuse(sv_call *call, const sv_errors *errors) SV_MUST_USE;
/* Ends a call that is the caller's to end (call_store.h) as if its handler had returned `status`.
 */
void sv_dispatch_finish(sv_call *call, sv_status status);
/* Makes the call's result a failure of the contract, whatever went wrong. */
void sv_dispatch_settle_failure(sv_call *call, sv_status status);
/* The call's result becomes its exchange's answer. */
void sv_dispatch_fill_answer(sv_call *call);
/* The same for its failure alone: the headers of the answer stay. */
void sv_dispatch_fill_failure(sv_call *call);

#endif
