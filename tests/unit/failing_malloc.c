/* failing_malloc.c: the allocator's functions, wrapped by the linker (--wrap). */
#include "failing_malloc.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ATTEMPTS = 100000 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

typedef enum failing_mode { NEVER, ONE, ALL_AFTER } failing_mode;

static _Thread_local struct {
    failing_mode mode;
    size_t n_made, fail_at;
} thread;

static bool must_fail(void)
{
    size_t at = thread.n_made++;
    return (thread.mode == ONE && at == thread.fail_at) ||
           (thread.mode == ALL_AFTER && at >= thread.fail_at);
}

static void start(failing_mode mode, size_t fail_at)
{
    thread.mode = mode;
    thread.fail_at = fail_at;
    thread.n_made = 0;
}

size_t failing_malloc_try_each(bool (*attempt)(void *arg), void *arg)
{
    for (size_t fail_at = 0; fail_at < MAX_ATTEMPTS; fail_at++) {
        start(ONE, fail_at);
        bool succeeded = attempt(arg);
        size_t n_made = thread.n_made;
        failing_malloc_stop();
        if (n_made > fail_at)
            continue;
        if (!succeeded) {
            fprintf(stderr, "failing_malloc: the attempt fails without a failing allocation\n");
            abort();
        }
        return n_made;
    }
    fprintf(stderr, "failing_malloc: no end after %d attempts\n", MAX_ATTEMPTS);
    abort();
}

void failing_malloc_start(size_t n)
{
    start(ALL_AFTER, n);
}

void failing_malloc_stop(void)
{
    start(NEVER, 0);
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail() ? NULL : __real_aligned_alloc(alignment, size);
}
