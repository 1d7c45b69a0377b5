/* Fetching with a thread that waits; what is fetched and how is test_fetch.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/fetching.h"
#include "failing_malloc.h"

static sv_status open_fetching(sv_str allow, sv_fetching **ret_fetching)
{
    sv_fetching_config config = {
        .allow = allow, .deny = SV_STR(""), .fetch = {.max_bytes = 1 << 20, .timeout_ms = 5000}};
    sv_buf problems;
    sv_buf_init(&problems, 1 << 16);
    sv_status status = sv_fetching_new(&config, &problems, ret_fetching);
    assert_int_equal(status != SV_OK, problems.len > 0);
    sv_buf_deinit(&problems);
    return status;
}

static void test_mistake_in_settings(void **state)
{
    (void)state;
    sv_fetching *fetching;
    assert_int_equal(open_fetching(SV_STR("10.0.0.0/99"), &fetching), SV_INVALID);
}

static void test_nothing_starts_by_itself(void **state)
{
    (void)state;
    sv_fetching *fetching = NULL;
    assert_int_equal(open_fetching(SV_STR(""), &fetching), SV_OK);
    assert_null(sv_fetching_loop(fetching));
    assert_int_equal(sv_fetching_start(fetching, NULL), SV_OK);
    sv_loop *loop = sv_fetching_loop(fetching);
    assert_int_equal(sv_fetching_start(fetching, NULL), SV_OK);
    assert_ptr_equal(sv_fetching_loop(fetching), loop);
    sv_fetching_free(fetching);
    sv_fetching_free(NULL);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *url, *message;
    } cases[] = {
        {"http://127.0.0.1:1/x.png", "Could not fetch image: "}, /* private */
        {"ftp://example.com/x.png", "Could not fetch image: "},
    };
    sv_fetching *fetching = NULL;
    assert_int_equal(open_fetching(SV_STR(""), &fetching), SV_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_fetch_request request = {.url = sv_str_from(cases[i].url), .deadline_ns = SV_NEVER};
        sv_error error = {0};
        sv_buf body;
        assert_int_equal(sv_fetching_wait(fetching, &request, &error, &body), SV_INVALID);
        assert_ptr_equal(error.kind, &sv_kind_invalid_input);
        assert_int_equal(strncmp(error.message, cases[i].message, strlen(cases[i].message)), 0);
    }
    sv_fetching_free(fetching);
}

static void test_cancelled(void **state)
{
    (void)state;
    sv_fetching *fetching = NULL;
    sv_cancel *cancel = sv_cancel_new();
    sv_cancel_fire(cancel, SV_CANCEL_CLIENT);
    sv_fetch_request request = {
        .url = SV_STR("http://127.0.0.1:1/x"), .deadline_ns = SV_NEVER, .cancel = cancel};
    sv_buf body;
    assert_int_equal(open_fetching(SV_STR("127.0.0.1"), &fetching), SV_OK);
    assert_int_equal(sv_fetching_wait(fetching, &request, NULL, &body), SV_CANCELLED);
    sv_fetching_free(fetching);
    sv_cancel_unref(cancel);
}

static bool open_and_start(void *arg)
{
    (void)arg;
    sv_fetching_config config = {.allow = SV_STR("10.0.0.0/8"), .deny = SV_STR("10.1.1.1")};
    sv_fetching *fetching = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1 << 16);
    bool good =
        !sv_fetching_new(&config, &problems, &fetching) && !sv_fetching_start(fetching, NULL);
    sv_fetching_free(fetching);
    sv_buf_deinit(&problems);
    return good;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(open_and_start, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistake_in_settings),
        cmocka_unit_test(test_nothing_starts_by_itself),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
