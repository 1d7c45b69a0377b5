/* fetch_fixture.h: a loop, a guard that knows one origin, a fetcher. */
#ifndef SERVAL_TESTS_IO_FETCH_FIXTURE_H
#define SERVAL_TESTS_IO_FETCH_FIXTURE_H

#include "io/fetcher.h"
#include "io_fixture.h"
#include "origin.h"

enum { FETCH_MAX_BYTES = 100000, FETCH_SHORT_MS = 300, FETCH_LONG_MS = 60000 };

typedef struct fetch_fixture {
    sv_loop *loop;
    sv_address_guard *guard;
    sv_fetcher *fetcher;
    origin *origin;
    int port; /* of the origin */
} fetch_fixture;

/* `allow` and `schemes` are settings, in which %d stands for the origin's port; NULL: only the
 * origin may be fetched from, and by all schemes. */
void fetch_set_up(fetch_fixture *it, const origin_answer *answers, const char *allow,
                  const char *schemes, int64_t timeout_ms);
void fetch_tear_down(fetch_fixture *it);

#endif
