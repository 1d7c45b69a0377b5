/* transfer.h: HTTP exchanges on a loop, over connections that are kept: all that knows the HTTP
 * library. What is made of an answer is its user's matter (fetcher.h, upstream.h). */
#ifndef SERVAL_IO_TRANSFER_H
#define SERVAL_IO_TRANSFER_H

#include <sys/socket.h>

#include <serval/status.h>

#include "io/loop.h"

/* Exchanges that share turns and connections. */
typedef struct sv_transfer_pool sv_transfer_pool;
typedef struct sv_transfer sv_transfer;

/* X(name, why): how an exchange ended; `why` is what a client may read, without more of our network
 * than it told us. NULL: the status says it all. */
#define SV_TRANSFER_END_MAP(X)                                                                     \
    X(COMPLETE, NULL)                                                                              \
    X(STOPPED, NULL) /* by its user, out of a callback */                                          \
    X(TIMED_OUT, NULL)                                                                             \
    X(NO_MEMORY, NULL)                                                                             \
    X(CANCELLED, NULL) /* sv_transfer_pool_free */                                                 \
    X(NO_HOST, "the host was not found")                                                           \
    X(NOT_CONNECTED, "could not connect")                                                          \
    X(BAD_CERTIFICATE, "the server's certificate is not valid")                                    \
    X(NO_TLS, "no secure connection could be made")                                                \
    X(NO_ANSWER, "the server closed the connection without an answer")                             \
    X(CUT_SHORT, "the answer was cut short")                                                       \
    X(BAD_HTTP, "the answer is not valid HTTP")                                                    \
    X(LONG_LINE, "the answer's headers are too large")                                             \
    X(FAILED, "the transfer failed")

typedef enum sv_transfer_end {
#define SV_TRANSFER_END_ENUM(name, why) SV_TRANSFER_##name,
    SV_TRANSFER_END_MAP(SV_TRANSFER_END_ENUM)
#undef SV_TRANSFER_END_ENUM
} sv_transfer_end;

/* What its user does at each stage; all on the loop's thread. None but `done` may start or stop a
 * transfer or free the pool. */
typedef struct sv_transfer_port {
    /* It has got its turn. NULL: nothing. */
    void (*begin)(sv_transfer *transfer);
    /* Whether this address may be connected to. NULL: any. */
    bool (*may_connect)(sv_transfer *transfer, const struct sockaddr *address);
    /* The connection stands, the request goes out. NULL: nothing. */
    void (*connected)(sv_transfer *transfer);
    /* A line of the head, with its end; of 1xx and trailers, too. False: end it. */
    bool (*take_line)(sv_transfer *transfer, sv_str line);
    /* Bytes of the body. False: end it. Fewer than given in `*ret_taken`, which is all of them:
     * nothing more comes until sv_transfer_resume, then the rest does. */
    bool (*take_body)(sv_transfer *transfer, sv_str bytes, size_t *ret_taken);
    /* Once. `location`: where a redirect leads, absolute, or NULL; borrowed. May start the next, or
     * free the transfer's storage; not the pool. */
    void (*done)(sv_transfer *transfer, sv_transfer_end end, const char *location);
} sv_transfer_port;

/* One exchange, in the caller's storage until `done`, with all it points to. */
struct sv_transfer {
    const sv_transfer_port *port;
    const char *url; /* absolute, http or https, without user name */
    /* Headers that are sent with the library's own (Host, Accept, User-Agent, the body's length):
     * "Name: value", or "Name;" for one without value, or "Name:" for one of the library's that is
     * not to be sent; each line with a zero at its end. */
    sv_str lines;
    sv_str body; /* of a POST */
    bool is_post;
    bool allows_http2; /* where TLS offers it; else HTTP/1.1 */
    int64_t deadline_ns;

    /* transfer.c's. */
    struct sv_transfer_handle *handle; /* NULL: over */
};

/* On the loop's thread, or before it runs. At most `max_running` transfers are under way, the
 * others wait their turn; at most `max_kept` connections are kept. SV_UNSUPPORTED: the HTTP library
 * was built so that name look-ups would block the loop. */
sv_status sv_transfer_pool_new(sv_loop *loop, size_t max_running, size_t max_kept, sv_error *error,
                               sv_transfer_pool **ret_pool) SV_MUST_USE;
/* On the loop's thread, or after it ran; memory goes in a later round. What is under way ends with
 * SV_TRANSFER_CANCELLED. NULL is fine. */
void sv_transfer_pool_free(sv_transfer_pool *pool);

/* Loop thread. `done` may be called before it returns. */
void sv_transfer_start(sv_transfer_pool *pool, sv_transfer *transfer);
/* Loop thread. Ends it without calling `done`; its connection is closed. Fine when it is over. */
void sv_transfer_stop(sv_transfer *transfer);
/* Loop thread. After a short `ret_taken`; may call take_body before it returns. Fine when it is not
 * paused, or over. */
void sv_transfer_resume(sv_transfer *transfer);
/* Loop thread, while it is under way. */
void sv_transfer_set_deadline(sv_transfer *transfer, int64_t deadline_ns);
/* The HTTP status of the answer so far; 0: none. Not once it is over. */
int sv_transfer_http_status(const sv_transfer *transfer);
/* What a client may read; static; or NULL. */
const char *sv_transfer_end_why(sv_transfer_end end);

#endif
