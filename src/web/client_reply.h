/* client_reply.h: the JSON of a reply. What reads it is public: <serval/test.h>. */
#ifndef SERVAL_WEB_CLIENT_REPLY_H
#define SERVAL_WEB_CLIENT_REPLY_H

#include "web/client_parts.h"
#include "json/value.h"

/* What stands at `path`; NULL: it is not there, or the body is no JSON, which is a failure. */
const sv_value *sv_client_reply_find(const sv_reply *reply, const char *path);

#endif
