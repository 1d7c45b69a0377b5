#include "web_lab.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char trace[4096];

void lab_note(const char *format, ...)
{
    char word[256];
    va_list args;
    va_start(args, format);
    vsnprintf(word, sizeof word, format, args);
    va_end(args);
    pthread_mutex_lock(&lock);
    size_t len = strlen(trace);
    snprintf(trace + len, sizeof trace - len, "%s%s", len ? " " : "", word);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

const char *lab_trace(void)
{
    static char copy[sizeof trace];
    pthread_mutex_lock(&lock);
    memcpy(copy, trace, sizeof copy);
    pthread_mutex_unlock(&lock);
    return copy;
}

void lab_forget(void)
{
    pthread_mutex_lock(&lock);
    trace[0] = '\0';
    pthread_mutex_unlock(&lock);
}

void lab_await(const char *wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&lock);
    while (strcmp(trace, wanted) != 0 && !pthread_cond_timedwait(&changed, &lock, &until))
        ;
    pthread_mutex_unlock(&lock);
    assert_string_equal(lab_trace(), wanted);
}

bool lab_contains(sv_str text, const char *wanted)
{
    return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

void lab_expect(sv_reply reply, int status, const char *wanted)
{
    if (reply.status != status || (wanted && !lab_contains(reply.body, wanted)))
        fail_msg("wanted %d %s, got %d %.*s", status, wanted ? wanted : "", reply.status,
                 SV_STR_ARG(reply.body));
}
