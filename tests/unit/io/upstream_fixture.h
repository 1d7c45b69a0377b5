/* upstream_fixture.h: a loop, an upstream, an origin, and exchanges that remember what they were
 * told and check its order. */
#ifndef SERVAL_TESTS_IO_UPSTREAM_FIXTURE_H
#define SERVAL_TESTS_IO_UPSTREAM_FIXTURE_H

#include "io/upstream.h"
#include "io_fixture.h"
#include "origin.h"

enum {
    UPSTREAM_LONG_MS = 60000,
    UPSTREAM_MAX_BODY = 100000,
    UPSTREAM_KEPT = 64,
    UPSTREAM_MAX_RUNNING = 4,
};

typedef struct upstream_fixture {
    sv_loop *loop;
    sv_upstream *upstream;
    origin *origin;
    int port;
} upstream_fixture;

/* An exchange that remembers what it was told. */
typedef struct upstream_talk {
    sv_upstream_exchange exchange;
    sv_upstream_limits limits;
    char url[256];
    int n_heads, n_data, n_ends;
    int http_status;
    char content_type[64];
    int64_t retry_after_s;
    char bytes[UPSTREAM_KEPT];
    size_t len;
    size_t room; /* how much is taken until it is set again */
    bool stops;
    int n_again; /* how often it is started again */
    sv_upstream *again;
    sv_upstream_end end;
} upstream_talk;

void upstream_set_up(upstream_fixture *on, const origin_answer *answers);
void upstream_tear_down(upstream_fixture *on);
/* A GET of `path` behind the origin, or of a whole address, with long time limits. */
void upstream_prepare(const upstream_fixture *on, upstream_talk *it, const char *path);
void upstream_start(const upstream_fixture *on, upstream_talk *it);
/* Until it has ended. */
void upstream_run(const upstream_fixture *on, upstream_talk *it);
void upstream_expect(const upstream_talk *it, const char *what, sv_upstream_fault fault,
                     bool is_answered);

#endif
