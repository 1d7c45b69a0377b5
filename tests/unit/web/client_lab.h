/* client_lab.h: a small application that the in-process client is tested with, and what its tests
 * share. */
#ifndef SERVAL_TESTS_CLIENT_LAB_H
#define SERVAL_TESTS_CLIENT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/test_client.h"

/* echo      "*"   /echo/{rest:path}   method|path|query|content type|header X-Lab|Cookie|body
 * document  GET   /document           the JSON client_lab_document
 * answer    POST  /answer             the body, as application/json
 * bake      GET   /bake/{rest:path}   Set-Cookie with the header X-Cookie's value
 * redirect  "*"   /redirect/{rest:path} the status, and Location, of the headers X-Status and X-To
 * wait      GET   /wait               waits until it is cancelled
 * left      GET   /left               sv_remaining_ms in whole seconds, of 20
 * limited   GET   /limited            twice a minute
 * ticks     GET   /ticks              three events: {"n":1} to {"n":3}
 * quiet     GET   /quiet              one event, then it waits until it is cancelled
 * endless   GET   /endless            pieces of 1 KiB until nobody reads any more
 * broken    GET   /broken             one piece "part", then it fails
 * gather    POST  /gather             reads the body in pieces, answers its length */
extern const sv_app client_lab_app;
extern const char client_lab_document[];

/* Wait, at most 10 s, until so many handlers have started to wait (`wait`, `quiet`), or have seen
 * that their client left (they, and `endless`), since the reset. */
void client_lab_reset(void);
void client_lab_await_started(int n);
void client_lab_await_left(int n);

sv_client *client_lab_new(void);
void client_lab_expect(sv_reply reply, int status, const char *body);
/* Keeps the last failure of the client; "" when there was none. */
void client_lab_catch(sv_client *client);
const char *client_lab_failure(void);

#endif
