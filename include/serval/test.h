/* test.h: an in-process client: the whole path of a request, from bytes to bytes, without a socket.
 * For tests.
 *
 * Thread: a client belongs to the thread that made it. Replies live until the client is freed. */
#ifndef SERVAL_TEST_H
#define SERVAL_TEST_H

#include <serval/app.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sv_client sv_client;

typedef struct sv_reply_header {
    sv_str name, value;
} sv_reply_header;

/* `status` 0: there was no answer; `body` then says why. */
typedef struct sv_reply {
    int status;
    sv_str body;
    const sv_reply_header *headers;
    size_t n_headers;
} sv_reply;

/* Starts the application in this process; NULL when it cannot start (the reasons are on stderr). */
SV_API sv_client *sv_test_client(const sv_app *app);
/* Stops the application and frees every reply. NULL is fine. */
SV_API void sv_test_free(sv_client *client);

SV_API sv_reply sv_test_get(sv_client *client, const char *path);
/* POST with Content-Type: application/json. */
SV_API sv_reply sv_test_post(sv_client *client, const char *path, const char *json);
/* Any request; `headers` is lines of "Name: value\r\n" or NULL. */
SV_API sv_reply sv_test_request(sv_client *client, const char *method, const char *path,
                                const char *headers, sv_str body);
/* The first header of this name (case does not matter); NULL pointer when there is none. */
SV_API sv_str sv_reply_header_value(const sv_reply *reply, const char *name);

#ifdef __cplusplus
}
#endif

#endif
