/* client_redirect.h: where a redirect leads, and how one goes on from there. */
#ifndef SERVAL_WEB_CLIENT_REDIRECT_H
#define SERVAL_WEB_CLIENT_REDIRECT_H

#include "web/client_request.h"

bool sv_client_redirect_is(const sv_reply *reply);
/* Turns the request that was answered into the one that follows. SV_INVALID: it leads to another
 * host, or nowhere; SV_NO_MEMORY. */
sv_status sv_client_redirect_follow(sv_client *client, const sv_reply *reply,
                                    sv_client_request *request) SV_MUST_USE;

#endif
