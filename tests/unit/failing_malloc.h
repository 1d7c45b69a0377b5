/* failing_malloc.h: makes allocations fail, one after another, to prove that every failure is
 * survived.
 *
 * Link with sv_test_failing_malloc(<test>) in CMakeLists.txt: malloc, calloc, realloc and
 * aligned_alloc of all code in the test's program go through here (those of shared libraries do
 * not). Counts are per thread. */
#ifndef SERVAL_TESTS_FAILING_MALLOC_H
#define SERVAL_TESTS_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Calls `attempt(arg)` again and again, first with its first allocation failing, then with its
 * second, and so on, until an attempt comes to its end without a failure. An attempt frees all it
 * made and returns whether it succeeded; it may succeed in spite of a failure. Returns how many
 * allocations the last, undisturbed attempt made. */
size_t failing_malloc_try_each(bool (*attempt)(void *arg), void *arg);

/* The next `n` allocations of this thread succeed, all after them fail; until failing_malloc_stop.
 */
void failing_malloc_start(size_t n);
void failing_malloc_stop(void);

#endif
