/* A server program put together: what it is told, what it tells, and that it comes apart from any
 * state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/runtime.h"
#include "app/serve.h"
#include "failing_malloc.h"
#include "web/test_client.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"

/* Options, ended by NULL. */
static int configure(sv_runtime *runtime, const char *const *args)
{
    int n = 0;
    while (args[n])
        n++;
    *runtime = (sv_runtime){.cli.takes = SV_CLI_MODELS};
    return sv_runtime_configure(runtime, NULL, n, (char *const *)(uintptr_t)args);
}

static sv_status build(sv_runtime *runtime)
{
    size_t n;
    const sv_operation *const *tables = sv_serve_tables(&n);
    sv_status status = sv_runtime_open_models(runtime);
    return status ? status : sv_runtime_build(runtime, NULL, tables, n, true);
}

static bool says(const sv_buf *lines, const char *part)
{
    return lines->len && memmem(lines->ptr, lines->len, part, strlen(part));
}

static void test_nothing_can_be_taken_apart(void **state)
{
    (void)state;
    sv_runtime runtime = {0};
    sv_runtime_deinit(&runtime);
}

static void test_what_it_is_told(void **state)
{
    (void)state;
    const char *const args[] = {DIGITS,
                                "--workers=3",
                                "--log-level=off",
                                "--app-version=7",
                                "--set=digits.postprocess.top_k=3",
                                NULL};
    sv_runtime runtime;
    assert_int_equal(configure(&runtime, args), 0);
    assert_int_equal(build(&runtime), SV_OK);
    assert_int_equal(runtime.plan.n_permits, 3);
    assert_string_equal(runtime.services.app_version, "7");
    assert_ptr_equal(runtime.services.registry, runtime.registry);
    assert_ptr_equal(runtime.services.pool, sv_service_pool(runtime.service));
    const sv_model *model = sv_registry_find(runtime.registry, SV_STR("digits"));
    assert_int_equal(model->files->manifest->postprocess->top_k.value, 3);
    assert_true(says(&runtime.notices, "predictions at once: 3 (workers)"));
    sv_runtime_deinit(&runtime);
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *args[4], *host;
        int status;
    } cases[] = {
        {{DIGITS, "--log-level=off"}, "localhost:8000", 200},
        {{DIGITS, "--log-level=off"}, "127.0.0.1", 200},
        {{DIGITS, "--log-level=off"}, "[::1]:8000", 200},
        {{DIGITS, "--log-level=off"}, "evil.example", 400},
        {{DIGITS, "--log-level=off", "--allowed-hosts=a.example, b.example"}, "b.example", 200},
        {{DIGITS, "--log-level=off", "--host=0.0.0.0"}, "evil.example", 200},
        {{DIGITS, "--log-level=off", "--host=10.1.2.3"}, "any.example", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_runtime runtime;
        assert_int_equal(configure(&runtime, cases[i].args), 0);
        assert_int_equal(build(&runtime), SV_OK);
        sv_client *client = sv_test_client_of(runtime.service);
        sv_str target = sv_arena_printf(runtime.arena, "http://%s/health/live", cases[i].host);
        /* The host of an absolute target counts, whatever the Host header says. */
        sv_reply reply = sv_test_get(client, target.ptr);
        if (reply.status != cases[i].status)
            fail_msg("%s %s: %d", cases[i].args[2], cases[i].host, reply.status);
        sv_test_free(client);
        sv_runtime_deinit(&runtime);
    }
}

/* The default folder may be missing; one that was named may not. */
static void test_no_models(void **state)
{
    (void)state;
    char folder[] = "/tmp/serval-test-XXXXXX";
    const char *const none[] = {"--log-level=off", NULL};
    const char *const named[] = {"--log-level=off", "--model-path=models/", NULL};
    sv_runtime runtime;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(configure(&runtime, none), 0);
    assert_int_equal(build(&runtime), SV_OK);
    assert_true(says(&runtime.notices, "no models: models/ does not exist"));
    assert_int_equal(sv_runtime_load_models(&runtime), 0);
    sv_client *client = sv_test_client_of(runtime.service);
    sv_reply reply = sv_test_get(client, "/health");
    assert_int_equal(reply.status, 200);
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "unhealthy", 9));
    sv_test_free(client);
    sv_runtime_deinit(&runtime);
    assert_int_equal(configure(&runtime, named), 0);
    assert_int_equal(sv_runtime_open_models(&runtime), SV_NOT_FOUND);
    assert_true(says(&runtime.problems, "models/: No such file or directory"));
    sv_runtime_deinit(&runtime);
    assert_int_equal(chdir(SV_SOURCE_DIR), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Everything but what libraries allocate for themselves. */
static bool make_runtime(void *arg)
{
    sv_runtime runtime;
    bool good = configure(&runtime, arg) == 0 && build(&runtime) == SV_OK;
    sv_runtime_deinit(&runtime);
    return good;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    const char *const args[] = {DIGITS, "--log-level=off", NULL};
    assert_true(failing_malloc_try_each(make_runtime, (void *)(uintptr_t)args) >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_can_be_taken_apart),
        cmocka_unit_test(test_what_it_is_told),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_no_models),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
