/* folder.h: a temporary folder for one test program: made in its set-up, removed with all that is
 * in it. */
#ifndef SERVAL_TESTS_FOLDER_H
#define SERVAL_TESTS_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* For cmocka_run_group_tests. */
int folder_set_up(void **state);
int folder_tear_down(void **state);

/* The path of `name` in the folder ("" for the folder itself). Memory of the thread, which later
 * calls use again: a few at a time. */
const char *folder_path(const char *name);
/* Writes a file and the folders it needs. Returns its path as folder_path does. */
const char *folder_write(const char *name, const char *text);
/* The same with what is in the file `from`. */
const char *folder_copy(const char *name, const char *from);
/* Removes all that is in it. */
void folder_clear(void);

#endif
