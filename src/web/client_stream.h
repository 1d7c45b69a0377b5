/* client_stream.h: one request of the in-process client and its answer, on a connection of its own.
 * The rest of its functions are public: <serval/test.h>. */
#ifndef SERVAL_WEB_CLIENT_STREAM_H
#define SERVAL_WEB_CLIENT_STREAM_H

#include "web/client_request.h"

/* Sends what is there already; NULL when out of memory. A request that cannot be sent gives a
 * stream whose reply says why. */
sv_test_stream *sv_client_stream_open(sv_client *client, const sv_client_request *request);
/* Ends the connections of all streams. */
void sv_client_stream_close_all(sv_client *client);

#endif
