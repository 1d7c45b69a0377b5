/* http_scene.h: a client in memory and the exchange it asked for. */
#ifndef SERVAL_TESTS_HTTP_SCENE_H
#define SERVAL_TESTS_HTTP_SCENE_H

#include "http_fixture.h"

#include "http/stream.h"

#define SCENE_HOST "Host: a\r\n"
#define SCENE_STREAM "GET /stream HTTP/1.1\r\n" SCENE_HOST "\r\n"
#define SCENE_HELLO "GET /hello HTTP/1.1\r\n" SCENE_HOST "\r\n"

typedef struct scene {
    http_fixture fixture;
    sv_loopback *client;
} scene;

/* Set-ups of cmocka; in the hasty one the times of writing and answering are 40 ms: a test runs for
 * SCENE_LATER_MS to be past them, not for an exact time. */
enum { SCENE_LATER_MS = 120 };
int scene_start(void **state);
int scene_start_hasty(void **state);
int scene_start_with(void **state, const sv_http_limits *limits);
int scene_stop(void **state);
#define scene_test(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
#define hasty_test(name) cmocka_unit_test_setup_teardown(name, scene_start_hasty, scene_stop)

/* Another client of the same server. */
sv_loopback *scene_connect(scene *here);
/* Sends a request to /stream or /hold; its exchange, with status 200 and a content type. */
sv_exchange *scene_ask(scene *here, const char *request);
/* The exchange that was held last. */
sv_exchange *scene_take_held(scene *here);
/* Gives the exchange back. */
void scene_end(scene *here, sv_exchange *exchange);
/* What the client has received by now. */
void scene_assert_received(scene *here, const char *text);
void scene_assert_not_received(scene *here, const char *text);
/* The one exchange was reported, with this status. */
void scene_assert_done(scene *here, int status);

/* The client has received answers of these statuses. */
void scene_assert_statuses(sv_loopback *client, size_t n, const int *expected);
#define scene_assert_answers(client, ...)                                                          \
    scene_assert_statuses((client), sizeof((int[]){__VA_ARGS__}) / sizeof(int),                    \
                          (int[]){__VA_ARGS__})
/* Connections with a request. */
size_t scene_count_active(scene *here);

#endif
