/* gbnf.h: tells whether a text belongs to a grammar in GBNF; for tests. Reads what
 * src/text/grammar_rules.c writes, and texts of up to 60 bytes, ASCII. Aborts the test on a grammar
 * that llama.cpp would refuse: unknown rules, repeated groups, too many repetitions. */
#ifndef SERVAL_TESTS_GBNF_H
#define SERVAL_TESTS_GBNF_H

#include <stdbool.h>

#include <serval/str.h>

bool gbnf_matches(sv_str grammar, const char *text);

#endif
