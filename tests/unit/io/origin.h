/* origin.h: an HTTP server that answers as a test says, badly if need be: fixed bytes by path, then
 * what happens with the connection. Threads of its own. */
#ifndef SERVAL_TESTS_IO_ORIGIN_H
#define SERVAL_TESTS_IO_ORIGIN_H

#include <stdatomic.h>
#include <stddef.h>

enum { ORIGIN_MAX_CONNECTIONS = 256, ORIGIN_MAX_REQUEST = 4096 };

typedef enum origin_then {
    ORIGIN_KEEP,  /* waits for the next request */
    ORIGIN_CLOSE, /* closes */
    ORIGIN_HOLD,  /* says no more, until the client leaves */
    ORIGIN_FLOOD, /* sends `more` again and again, as fast as it can */
    ORIGIN_DRIP,  /* sends `more` again and again, slowly */
} origin_then;

/* A row of the caller's, which must live until origin_stop; the table ends with {0}. */
typedef struct origin_answer {
    const char *path;  /* with its query */
    const char *bytes; /* status line and all */
    origin_then then;
    const char *more; /* NULL: "x" */
} origin_answer;

typedef struct origin origin;

/* Listens on a free port of 127.0.0.1. Unknown paths close. */
origin *origin_start(const origin_answer *answers);
/* Waits until its clients have left. */
void origin_stop(origin *self);
int origin_port(const origin *self);
int origin_count_connections(const origin *self);
int origin_count_requests(const origin *self);
/* Connections that are over. */
int origin_count_left(const origin *self);
/* Bytes that the kernel took. */
size_t origin_count_sent(const origin *self);
/* The head of the last request and its body, cut at ORIGIN_MAX_REQUEST; when no request is under
 * way. */
const char *origin_last_request(const origin *self);

#endif
