/* web_lab.h: what the tests of web/ share: a trace of what happened, and looking into answers. */
#ifndef SERVAL_TESTS_WEB_LAB_H
#define SERVAL_TESTS_WEB_LAB_H

#include <stdbool.h>

#include <serval/serval.h>

/* Appends a word to the trace (printf format), a blank between words. Any thread. */
void lab_note(const char *format, ...) SV_PRINTF(1, 2);
/* The trace so far; until the next call of lab_forget. */
const char *lab_trace(void);
void lab_forget(void);
/* Waits, 10 s at most, until the trace is `wanted`; fails the test otherwise. */
void lab_await(const char *wanted);

bool lab_contains(sv_str text, const char *wanted);
/* Fails the test, showing the answer, unless it has this status and (when not NULL) this in its
 * body. */
void lab_expect(sv_reply reply, int status, const char *wanted);

#endif
