/* outlet.h: the sending side of a connection: answers become bytes, which leave together when the
 * loop has done with the connection. Loop thread. */
#ifndef SERVAL_HTTP_OUTLET_H
#define SERVAL_HTTP_OUTLET_H

#include <stdbool.h>

#include "http/request.h"
#include "http/response.h"
#include "http/transport.h"

typedef struct sv_outlet {
    sv_lane *lane;
    sv_carrier carrier;
    bool is_blocked; /* the carrier has not sent all that was written: until its on_drained */
    bool is_broken;  /* writing failed: the connection has to be closed */
    int64_t stall_deadline_ns; /* while blocked: something must have left by then */
    size_t queued_bytes;       /* when stall_deadline_ns was set */
    sv_str rest;               /* of a large body: the carrier gets it in pieces, as they leave */
    sv_request *held;          /* whose answer `rest` is; NULL: nothing is left */
} sv_outlet;

/* Runs the middlewares' `after` and writes the exchange's answer; a missing or impossible status
 * becomes a 500. A request that is `held` afterwards is put back into the lane by the outlet, once
 * its body has left or is forgotten, unless its connection has not done with it by then. */
void sv_outlet_write_answer(sv_outlet *outlet, sv_request *request, bool closes);
/* The same for the head alone, of an answer whose body comes piece by piece. */
void sv_outlet_write_head(sv_outlet *outlet, sv_request *request, sv_response_frame frame);
/* Bytes as they are; copied. */
void sv_outlet_write(sv_outlet *outlet, sv_str bytes);
/* Hands what was written to the carrier. */
void sv_outlet_flush(sv_outlet *outlet);
/* The carrier has sent what it had: it gets more of what is left; nothing is, when the outlet is
 * not blocked afterwards. */
void sv_outlet_go_on(sv_outlet *outlet);
/* Forgets what was not handed over yet. */
void sv_outlet_forget(sv_outlet *outlet);
/* At stall_deadline_ns: true, with a new deadline, when bytes have left since it was set. */
bool sv_outlet_has_moved(sv_outlet *outlet);

#endif
