/* child.h: runs a command of the program in a process of its own and reads what it prints, so that
 * signals and exit codes are real. */
#ifndef SERVAL_TESTS_CHILD_H
#define SERVAL_TESTS_CHILD_H

typedef int child_main(int argc, char *const *argv);

typedef struct child_result {
    int code; /* of the exit; -1: it ended otherwise */
    char out[1 << 17], err[1 << 16];
} child_result;

/* `args` ends with NULL. When the child says that it is ready it gets SIGTERM. The result is
 * static, until the next call. */
const child_result *child_run(child_main *run, const char *const *args);

#endif
