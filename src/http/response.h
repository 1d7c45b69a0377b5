/* response.h: the head of an answer as bytes. No I/O; bodies are sent as they are. */
#ifndef SERVAL_HTTP_RESPONSE_H
#define SERVAL_HTTP_RESPONSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/exchange.h"

/* What the connection says about itself in the answer. */
typedef struct sv_response_frame {
    sv_str date;
    bool closes;          /* `Connection: close` */
    bool says_keep_alive; /* `Connection: keep-alive`, for HTTP/1.0 */
} sv_response_frame;

/* Appends status line and fields of the exchange's answer, the empty line included. The body is to
 * follow when sv_response_has_body says so and the request was not HEAD. Failures stay in `out`. */
void sv_response_write_head(sv_buf *out, const sv_exchange *exchange,
                            const sv_response_frame *frame);
/* Whether answers of this status have a body and a Content-Length. */
bool sv_response_has_body(int status);

#endif
