/* io_fixture.h: what the tests of io share: cmocka, loops that run until something happened. */
#ifndef SERVAL_TESTS_IO_FIXTURE_H
#define SERVAL_TESTS_IO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/loop.h"

/* How long something may take that is sure to happen. */
enum { IO_PATIENCE_MS = 20000 };

int64_t io_now_ns(void);
sv_loop *io_new_loop(void);
/* Steps the loop until `*counter` (changed on its thread) is at least `n`; fails after a long time.
 */
void io_run_until(sv_loop *loop, const int *counter, int n);
/* Waits until `is_so(arg)`, asked again and again; fails after a long time. */
void io_wait_until(bool (*is_so)(void *arg), void *arg);
/* A blocking client of 127.0.0.1. */
int io_connect(int port);

#endif
