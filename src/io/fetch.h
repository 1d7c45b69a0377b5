/* fetch.h: an HTTP client on a loop, for pictures named by their address: guarded, limited in size, time and redirects.
 *
 * Nothing of the environment is used (no proxies, no credentials), nothing is remembered but open connections. */
#ifndef SERVAL_IO_FETCH_H
#define SERVAL_IO_FETCH_H

#include <stdatomic.h>

#include <serval/status.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "io/address.h"
#include "io/loop.h"

typedef struct sv_fetcher sv_fetcher;

typedef struct sv_fetch_config {
    const sv_address_guard *guard; /* must outlive the fetcher */
    size_t max_bytes;              /* of one answer */
    int64_t timeout_ms;            /* of one fetch, redirects and all */
} sv_fetch_config;

/* `status` SV_OK: `body` holds the bytes, take them with sv_buf_take or they are freed. SV_INVALID: `message` says for
 * the client what went wrong. SV_CANCELLED, SV_NO_MEMORY: no message. */
typedef struct sv_fetch_result {
    sv_status status;
    sv_buf body;
    char message[256];
} sv_fetch_result;

struct sv_fetch_transfer;

/* One fetch, in the caller's storage until `done` was called. */
typedef struct sv_fetch_request {
    sv_str url; /* http or https; borrowed */
    int64_t deadline_ns;
    sv_cancel *cancel; /* may be NULL */
    /* Called exactly once, on the loop's thread, maybe before sv_fetch_start returns. */
    void (*done)(sv_fetch_result *result, void *arg);
    void *arg;

    /* The fetcher's. */
    sv_fetcher *fetcher;
    struct sv_fetch_transfer *transfer;
    sv_cancel_callback on_cancel;
    sv_message cancel_message;
    atomic_bool cancel_posted;
    bool cancel_received;
    sv_fetch_result result;
} sv_fetch_request;

/* On the loop's thread, or before the loop runs. `config` is copied. SV_UNSUPPORTED: libcurl was built so that name
 * look-ups would block the loop. */
sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher) SV_MUST_USE;
/* The loop must not run any more. What is under way ends with SV_CANCELLED. NULL is fine. */
void sv_fetcher_free(sv_fetcher *fetcher);
/* Loop thread. */
void sv_fetch_start(sv_fetcher *fetcher, sv_fetch_request *request);

#endif
