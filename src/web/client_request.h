/* client_request.h: a request as the in-process client sends it. */
#ifndef SERVAL_WEB_CLIENT_REQUEST_H
#define SERVAL_WEB_CLIENT_REQUEST_H

#include "web/client_parts.h"

typedef struct sv_client_request {
    const char *method, *path;
    const char *headers; /* lines with CRLF; NULL: none */
    sv_str body;
    bool is_upload; /* the body follows in pieces */
} sv_client_request;

/* The head, in the client's arena: the request's headers, the client's, its cookies, and what a
 * request needs. SV_INVALID: `*ret_why` says why it cannot be sent; SV_NO_MEMORY. */
sv_status sv_client_request_write_head(sv_client *client, const sv_client_request *request,
                                       const char **ret_why, sv_str *ret_head) SV_MUST_USE;
/* Whether lines of headers have one of this name. NULL as `headers`: no. */
bool sv_client_request_has_header(const char *headers, sv_str name);

#endif
