/* http_cases.h: reads the files of tests/cases/http (tests/cases/README.md describes them). */
#ifndef SERVAL_TESTS_HTTP_CASES_H
#define SERVAL_TESTS_HTTP_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { HTTP_CASE_MAX_ANSWERS = 8, HTTP_CASE_MAX_CHOICES = 3 };

typedef struct http_case {
    const char *file;
    sv_str name;
    sv_str bytes;
    int statuses[HTTP_CASE_MAX_ANSWERS][HTTP_CASE_MAX_CHOICES]; /* unused choices are 0 */
    size_t n_answers;
    bool is_closed, ends; /* the client closes its side */
    sv_str bodies[HTTP_CASE_MAX_ANSWERS];
    size_t n_bodies;
    sv_str header; /* "Name: value", or empty */
} http_case;

/* All cases of all files in `folder`; the test fails when a file cannot be read or understood. */
http_case *http_cases_read(sv_arena *arena, const char *folder, size_t *ret_count);

#endif
