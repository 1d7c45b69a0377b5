/* fetcher.h: one GET after another on a loop: bodies in memory, the guard on every connection. What
 * may be fetched, redirects and cancelling: fetch.h. */
#ifndef SERVAL_IO_FETCHER_H
#define SERVAL_IO_FETCHER_H

#include <serval/status.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/address.h"
#include "io/fetch_head.h"
#include "io/loop.h"
#include "io/transfer.h"

typedef struct sv_fetcher sv_fetcher;

enum { SV_FETCHER_MAX_RUNNING = 128 };

typedef struct sv_fetch_config {
    const sv_address_guard *guard; /* must outlive the fetcher */
    size_t max_bytes;              /* of one body */
    int64_t timeout_ms;            /* of one fetch, redirects and all */
    sv_str schemes; /* those of "http,https" that may be fetched, others are no matter; must outlive
                       the fetcher. NULL pointer: both */
} sv_fetch_config;

/* One GET, in the caller's storage until `done` is called. */
typedef struct sv_fetcher_get {
    const char *url; /* absolute, its host judged; must live until `done` */
    bool by_name;    /* from sv_address_check_host */
    int64_t deadline_ns;
    /* Once, on the loop's thread, maybe before sv_fetcher_start returns. SV_OK: an answer came.
     * SV_INVALID: see `reason`. SV_TOO_LARGE, SV_TIMEOUT, SV_NO_MEMORY, SV_CANCELLED. */
    void (*done)(struct sv_fetcher_get *get, sv_status status);

    /* The answer, the caller's to free whatever the status. */
    int http_status;
    sv_buf body;        /* of a 2xx */
    char *location;     /* where a 3xx leads, absolute; or NULL */
    const char *reason; /* for the client; static */

    /* The fetcher's. */
    sv_fetcher *fetcher;
    sv_transfer transfer;
    sv_fetch_head head;
    size_t ignored_bytes;
    sv_status fault; /* why a callback ended it */
    bool is_answered, address_refused;
} sv_fetcher_get;

/* On the loop's thread, or before the loop runs. `config` is copied. SV_UNSUPPORTED: the HTTP
 * library was built so that name look-ups would block the loop. */
sv_status sv_fetcher_new(sv_loop *loop, const sv_fetch_config *config, sv_error *error,
                         sv_fetcher **ret_fetcher) SV_MUST_USE;
/* On the loop's thread, or after the loop ran; memory goes in a later round. What is under way ends
 * with SV_CANCELLED. NULL is fine. */
void sv_fetcher_free(sv_fetcher *fetcher);
sv_loop *sv_fetcher_loop(const sv_fetcher *fetcher);
const sv_fetch_config *sv_fetcher_config(const sv_fetcher *fetcher);

/* Loop thread. The address that is connected to is judged by the guard, whatever the name resolved
 * to. The body of anything but a 2xx is not kept. At most SV_FETCHER_MAX_RUNNING are under way, the
 * others wait their turn. */
void sv_fetcher_start(sv_fetcher *fetcher, sv_fetcher_get *get);
/* Loop thread. Ends the GET without calling `done`. */
void sv_fetcher_stop(sv_fetcher_get *get);

#endif
