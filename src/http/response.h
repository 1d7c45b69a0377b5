/* response.h: the head of an answer as bytes. No I/O; bodies are sent as they are. */
#ifndef SERVAL_HTTP_RESPONSE_H
#define SERVAL_HTTP_RESPONSE_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/exchange.h"

/* How clients find the end of the body. */
typedef enum sv_response_length {
    SV_RESPONSE_KNOWN,       /* Content-Length */
    SV_RESPONSE_CHUNKED,     /* Transfer-Encoding: chunked */
    SV_RESPONSE_UNTIL_CLOSE, /* HTTP/1.0 */
} sv_response_length;

/* What the connection says about itself in the answer. */
typedef struct sv_response_frame {
    sv_str date;
    sv_response_length length;
    bool closes;          /* `Connection: close` */
    bool says_keep_alive; /* `Connection: keep-alive`, for HTTP/1.0 */
} sv_response_frame;

/* Appends status line and fields of the exchange's answer, the empty line included. The body is to
 * follow when sv_response_has_body says so and the request was not HEAD. Failures stay in `out`. */
void sv_response_write_head(sv_buf *out, const sv_exchange *exchange,
                            const sv_response_frame *frame);
/* Whether answers of this status have a body and a field that tells its length. */
bool sv_response_has_body(int status);

#endif
