/* test_middleware.c: the order of the onion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/middleware.h"

/* What was called, in order: `b1` is the first middleware's `before`. */
static char trace[32];

static void note(char what, const void *arg)
{
    size_t len = strlen(trace);
    trace[len] = what;
    trace[len + 1] = *(const char *)arg;
    trace[len + 2] = '\0';
}

static bool before(sv_exchange *exchange, void *arg)
{
    note('b', arg);
    return exchange->answer.status != *(const char *)arg;
}

static void after(sv_exchange *exchange, void *arg)
{
    (void)exchange;
    note('a', arg);
}

static void done(sv_exchange *exchange, void *arg)
{
    (void)exchange;
    note('d', arg);
}

static void test_order(void **state)
{
    (void)state;
    char first = '1', second = '2';
    sv_http_middleware onion[] = {
        {before, after, done, &first}, {0}, {before, after, done, &second}};
    sv_server_config config = {.middleware = onion, .n_middleware = 3};
    sv_exchange exchange = {0};
    trace[0] = '\0';
    assert_true(sv_middleware_before(&config, &exchange));
    sv_middleware_after(&config, &exchange);
    sv_middleware_done(&config, &exchange);
    assert_string_equal(trace, "b1b2a2a1d2d1");
    trace[0] = '\0';
    exchange.answer.status = '1';
    assert_false(sv_middleware_before(&config, &exchange));
    assert_string_equal(trace, "b1");
}

/* Those that the configuration names lie inside of the others. */
static void test_named_ones_are_inside(void **state)
{
    (void)state;
    char outer = 'o', limit = 'l', innermost = 'i';
    sv_http_middleware onion[] = {{before, after, done, &outer},
                                  {before, after, done, &limit},
                                  {before, after, done, &innermost}};
    sv_server_config config = {
        .middleware = onion, .n_middleware = 1, .limit = &onion[1], .innermost = &onion[2]};
    sv_exchange exchange = {0};
    trace[0] = '\0';
    assert_true(sv_middleware_before(&config, &exchange));
    sv_middleware_after(&config, &exchange);
    sv_middleware_done(&config, &exchange);
    assert_string_equal(trace, "boblbiaialaodidldo");
    config.limit = NULL;
    trace[0] = '\0';
    sv_middleware_after(&config, &exchange);
    assert_string_equal(trace, "aiao");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_named_ones_are_inside)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
