/* fetching.h: a fetcher with a loop and a thread of its own, made when it is first needed. What is
 * fetched and how: io/fetch.h. */
#ifndef SERVAL_API_FETCHING_H
#define SERVAL_API_FETCHING_H

#include "base/buf.h"
#include "io/fetch.h"
#include "io/upstream.h"

typedef struct sv_fetching sv_fetching;

typedef struct sv_fetching_config {
    sv_str allow, deny;    /* for the guard (io/address.h); read at once */
    sv_fetch_config fetch; /* all but its guard; must outlive the fetching */
} sv_fetching_config;

/* Starts nothing. SV_INVALID: each mistake of allow and deny is a line of `problems`. */
sv_status sv_fetching_new(const sv_fetching_config *config, sv_buf *problems,
                          sv_fetching **ret_fetching) SV_MUST_USE;
/* What is under way is cancelled. NULL is fine. */
void sv_fetching_free(sv_fetching *fetching);

/* Starts the thread unless it runs already. Any thread. */
sv_status sv_fetching_start(sv_fetching *fetching, sv_error *error) SV_MUST_USE;
/* Once started. */
sv_loop *sv_fetching_loop(const sv_fetching *fetching);
sv_fetcher *sv_fetching_fetcher(const sv_fetching *fetching);
/* For relays, on the same loop: the guard does not apply to it. */
sv_upstream *sv_fetching_upstream(const sv_fetching *fetching);

/* Starts, fetches `request` (without `done` and `arg`) and waits for the end. Any thread but that
 * of the loop. Errors as sv_fetch_result, with sv_kind_invalid_input for SV_INVALID; the body is
 * the caller's. */
sv_status sv_fetching_wait(sv_fetching *fetching, sv_fetch_request *request, sv_error *error,
                           sv_buf *ret_body) SV_MUST_USE;

#endif
