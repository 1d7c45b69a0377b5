/* gate.h: what is decided when the head of a request is complete and its body has not come. Loop
 * thread. */
#ifndef SERVAL_HTTP_GATE_H
#define SERVAL_HTTP_GATE_H

#include "http/request.h"

/* Finds the route, lets the middlewares look, and checks everything that the route's policy and the
 * head can tell: method, expectation, deadline, media type, announced length. False: the exchange
 * has its answer already, and the body need not be read. True: the route's handler gets it, once
 * the body is complete. */
bool sv_gate_admit(sv_request *request, const sv_server_config *config);

#endif
