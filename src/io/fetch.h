/* fetch.h: gets a picture named by its address: guarded, limited in size, time and redirects.
 *
 * Nothing of the environment is used (no proxies, no credentials), nothing is remembered but open
 * connections. */
#ifndef SERVAL_IO_FETCH_H
#define SERVAL_IO_FETCH_H

#include <stdatomic.h>

#include <serval/status.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "io/fetcher.h"

/* `status` SV_OK: `body` holds the bytes; take them with sv_buf_take, or they are freed.
 * SV_INVALID: `message` tells the client what went wrong. SV_CANCELLED (also when `deadline_ns` has
 * passed), SV_NO_MEMORY: no message. */
typedef struct sv_fetch_result {
    sv_status status;
    sv_buf body;
    char message[256];
} sv_fetch_result;

/* One fetch, in the caller's storage until `done` is called. */
typedef struct sv_fetch_request {
    sv_str url;          /* borrowed during sv_fetch_start */
    int64_t deadline_ns; /* the fetcher's own time limit may end it earlier */
    sv_cancel *cancel;   /* may be NULL; must live until `done` */
    /* Called exactly once, on the loop's thread, maybe before sv_fetch_start returns. */
    void (*done)(sv_fetch_result *result, void *arg);
    void *arg;

    /* sv_fetch's. */
    sv_fetcher_get get;
    char *address; /* of this hop */
    sv_loop *loop;
    int64_t started_ns;
    int n_redirects;
    sv_cancel_callback on_cancel;
    sv_message cancel_message;
    atomic_bool is_cancel_posted;
    bool is_cancel_received, is_over;
    sv_fetch_result result;
} sv_fetch_request;

/* Loop thread. */
void sv_fetch_start(sv_fetcher *fetcher, sv_fetch_request *request);

#endif
