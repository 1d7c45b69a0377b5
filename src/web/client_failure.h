/* client_failure.h: expectations of a test that do not hold. */
#ifndef SERVAL_WEB_CLIENT_FAILURE_H
#define SERVAL_WEB_CLIENT_FAILURE_H

#include "web/client_parts.h"

/* Counts a failure and hands it out with the request and the answer; `record` may be NULL (there
 * is no client). May not return: nothing may be owned. `client` NULL: that of the record. */
void sv_client_failure_raise(sv_client *client, const sv_reply_record *record, const char *format,
                             ...) SV_PRINTF(3, 4);
/* The request and the answer as text, in the client's arena. NULL when out of memory. */
const char *sv_client_failure_describe(sv_client *client, const sv_reply_record *record);

#endif
