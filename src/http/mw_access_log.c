/* mw_access_log.c: an exchange as an access line. How the line looks: observe/access_line.c. */
#include "http/mw_access_log.h"

#include "base/clock.h"

enum { CLIENT_CLOSED = 499 };

static void write_line(sv_exchange *exchange, void *arg)
{
    sv_log *log = arg;
    if (!sv_log_has_access(log))
        return;
    /* Whoever left got no answer: what the handler made of it is no error. */
    bool cancelled = exchange->answer.status == CLIENT_CLOSED;
    sv_log_access(
        log, &(sv_access_entry){.request_id = exchange->request_id,
                                .method = exchange->method,
                                .path = exchange->raw_path,
                                .query = exchange->query,
                                .client = exchange->client,
                                .peer = exchange->peer,
                                .user_agent = sv_exchange_header(exchange, SV_STR("user-agent")),
                                .route = exchange->route ? exchange->route->path : NULL,
                                .status = exchange->answer.status,
                                .http_minor = exchange->http_minor,
                                .client_port = exchange->client_port,
                                .duration_ns = exchange->finished_ns - exchange->started_ns,
                                .wall_ns = sv_clock_wall_ns(&sv_clock_system),
                                .bytes_in = exchange->body.len + exchange->forgotten_bytes,
                                .bytes_out = exchange->answer_bytes,
                                .cancelled = cancelled,
                                .error = cancelled ? NULL : exchange->answer.error_code,
                                .error_detail = exchange->answer.log_detail,
                                .timeline = &exchange->timeline});
}

sv_http_middleware sv_mw_access_log(sv_log *log)
{
    return (sv_http_middleware){.done = write_line, .arg = log};
}
