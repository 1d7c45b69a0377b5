/* grammar_lab.h: schemas, what may be written under them and what not, in tables. */
#ifndef SERVAL_TESTS_GRAMMAR_LAB_H
#define SERVAL_TESTS_GRAMMAR_LAB_H

#include <stddef.h>

enum { GRAMMAR_LAB_MAX_TEXTS = 8 };

typedef struct grammar_case {
    const char *schema;
    const char *fits[GRAMMAR_LAB_MAX_TEXTS], *fails[GRAMMAR_LAB_MAX_TEXTS];
} grammar_case;

typedef struct grammar_refusal {
    const char *schema, *message;
} grammar_refusal;

/* Fails the test at the first that is otherwise. */
void grammar_lab_check(const grammar_case *cases, size_t n);
void grammar_lab_check_refusals(const grammar_refusal *cases, size_t n);

#endif
