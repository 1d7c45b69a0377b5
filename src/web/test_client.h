/* test_client.h: the in-process client of <serval/test.h>, for any service. */
#ifndef SERVAL_WEB_TEST_CLIENT_H
#define SERVAL_WEB_TEST_CLIENT_H

#include <serval/test.h>

#include "web/service.h"

/* A client of a service that the caller owns and frees after the client, which must have no stream
 * under way then. The service keeps its own clock: sv_test_advance moves the loop's alone (time
 * limits of connections), and reports go where the service's go. NULL when out of memory. */
sv_client *sv_test_client_of(sv_service *service);

#endif
