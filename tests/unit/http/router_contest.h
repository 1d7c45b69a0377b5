/* router_contest.h: the router beside the simplest one that could be written, over a table and
 * paths made of given bytes. For test_router.c (random bytes) and fuzz_router.c (chosen ones). */
#ifndef SERVAL_TESTS_ROUTER_CONTEST_H
#define SERVAL_TESTS_ROUTER_CONTEST_H

#include <stddef.h>
#include <stdint.h>

/* NULL when both agree about every row and every path; else what they differ in, static. */
const char *router_contest_run(const uint8_t *data, size_t size);

#endif
