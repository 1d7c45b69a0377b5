/* openapi_lab.h: what the tests of web/openapi*.c share: the document of an application, and the
 * mistakes of one that has none. */
#ifndef SERVAL_TESTS_OPENAPI_LAB_H
#define SERVAL_TESTS_OPENAPI_LAB_H

#include <serval/serval.h>

/* Fails the test unless the document holds every piece, in this order (each after the beginning of
 * the one before). `pieces` ends with NULL. */
void openapi_lab_expect(const sv_app *app, const char *const *pieces);
/* Fails the test if the document holds `piece`. */
void openapi_lab_expect_none(const sv_app *app, const char *piece);
/* Fails the test unless the application cannot start, for these words. */
void openapi_lab_refuse(const sv_app *app, const char *words);

#endif
