/* Which signals end the server, each tried in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <signal.h>

#include "app/signals.h"
#include "child.h"

/* Sends itself the signals whose numbers are its arguments, waits, and says that it got there. */
static int wait_for(int argc, char *const *argv)
{
    sv_signals_block();
    for (int i = 0; i < argc; i++)
        kill(getpid(), atoi(argv[i]));
    while (sv_signals_wait_within(10000) != SV_SIGNAL_END)
        ;
    printf("ended\n");
    fflush(stdout);
    if (argc > 1)
        kill(getpid(), SIGTERM); /* once more */
    return 7;
}

static const child_result *send_signals(int first, int second)
{
    char texts[2][8];
    const char *args[] = {texts[0], second ? texts[1] : NULL, NULL};
    snprintf(texts[0], sizeof texts[0], "%d", first);
    snprintf(texts[1], sizeof texts[1], "%d", second);
    return child_run(wait_for, args);
}

static void test_signals_that_end_it(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        const child_result *result = send_signals(signals[i], 0);
        assert_int_equal(result->code, 7);
        assert_string_equal(result->out, "ended\n");
    }
}

/* SIGHUP and SIGPIPE do not end it; the second SIGTERM, behind the wait, ends it at once. */
static void test_signals_that_do_not(void **state)
{
    (void)state;
    static const int signals[] = {SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        const child_result *result = send_signals(signals[i], SIGTERM);
        assert_string_equal(result->out, "ended\n");
        assert_int_equal(result->code, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_that_end_it),
        cmocka_unit_test(test_signals_that_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
