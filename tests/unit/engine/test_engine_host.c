/* Opening engines: what is missing is told to those who need it, and to nobody else. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine_host.h"
#include "engine/engine_table.h"
#include "engine/onnx.h"
#include "failing_malloc.h"

#define ADD SV_SOURCE_DIR "/tests/data/engine/add.onnx"

static sv_engine_host *make_host(const char *directory)
{
    sv_engine_config config = {.directory = directory};
    sv_engine_host *host = NULL;
    assert_int_equal(sv_engine_host_new(&config, &host), SV_OK);
    return host;
}

static const struct {
    const char *directory;
    const char *said[3]; /* parts of the message */
} missing[] = {
    {"/nonexistent", {"was not found", "/nonexistent/libonnxruntime.so.1,", "engine_dir"}},
    {FAKES_DIR "/old", {"1.2.3", FAKES_DIR "/old", "too old"}},
    {FAKES_DIR "/other", {"cannot be loaded", "OrtGetApiBase"}},
};

static void assert_missing(sv_engine_host *host, const char *const *said)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    assert_int_equal(sv_engine_host_load(host, ADD, NULL, &error, &model), SV_UNAVAILABLE);
    assert_null(model);
    for (int i = 0; i < 3 && said[i]; i++)
        if (!strstr(error.message, said[i]))
            fail_msg("'%s' lacks '%s'", error.message, said[i]);
}

static void test_a_missing_library_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        sv_engine_host *host = make_host(missing[i].directory);
        sv_engine_about about;
        assert_missing(host, missing[i].said);
        assert_missing(host, missing[i].said); /* each time */
        assert_int_equal(sv_engine_host_describe(host, &sv_onnx_engine, NULL, &about),
                         SV_UNAVAILABLE);
        assert_false(sv_engine_host_has_gpu(host));
        sv_engine_host_free(host);
    }
    sv_engine_host_free(NULL);
}

static void test_files_that_no_engine_takes(void **state)
{
    (void)state;
    sv_engine_host *host = make_host("/nonexistent");
    sv_engine_model *model = NULL;
    sv_error error = {0};
    static const sv_engine foreign = {.title = "Foreign"};
    sv_engine_about about;
    assert_int_equal(sv_engine_host_load(host, "/x/model.pt", NULL, &error, &model),
                     SV_UNSUPPORTED);
    assert_string_equal(error.path, "/x/model.pt");
    assert_int_equal(sv_engine_host_describe(host, &foreign, &error, &about), SV_UNSUPPORTED);
    sv_engine_host_free(host);
}

static void test_the_environment_is_prepared(void **state)
{
    (void)state;
    unsetenv("ORT_DISABLE_TELEMETRY");
    sv_engine_host *host = make_host(NULL);
    assert_string_equal(getenv("ORT_DISABLE_TELEMETRY"), "1");
    sv_engine_host_free(host);
}

static void *describe(void *arg)
{
    sv_engine_about *about = calloc(1, sizeof *about);
    if (sv_engine_host_describe(arg, &sv_onnx_engine, NULL, about) == SV_OK)
        return about;
    free(about);
    return NULL;
}

static void test_threads_open_it_once(void **state)
{
    (void)state;
    enum { N = 4 };
    pthread_t threads[N];
    sv_engine_about *about[N];
    sv_engine_host *host = make_host(NULL);
    for (int i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, describe, host), 0);
    for (int i = 0; i < N; i++)
        pthread_join(threads[i], (void **)&about[i]);
    sv_engine_host_free(host);
    if (!about[0]) {
        print_message("ONNX Runtime is not installed: run `make deps`\n");
        skip();
    }
    for (int i = 0; i < N; i++) {
        assert_string_equal(about[i]->version, about[0]->version);
        assert_non_null(strstr(about[i]->library, "libonnxruntime.so"));
        assert_non_null(strstr(about[i]->providers, "CPUExecutionProvider"));
        if (!strstr(about[i]->providers, "CUDAExecutionProvider"))
            assert_false(about[i]->has_gpu);
    }
    for (int i = 0; i < N; i++)
        free(about[i]);
}

static bool load_and_unload(void *arg)
{
    (void)arg;
    sv_engine_config config = {.directory = NULL};
    sv_engine_host *host = NULL;
    sv_engine_model *model = NULL;
    sv_error error = {0};
    sv_status status = sv_engine_host_new(&config, &host);
    if (!status)
        status = sv_engine_host_load(host, ADD, NULL, &error, &model);
    sv_engine_unload(model);
    sv_engine_host_free(host);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    sv_engine_about about;
    sv_engine_host *host = make_host(NULL);
    sv_status status = sv_engine_host_describe(host, &sv_onnx_engine, NULL, &about);
    sv_engine_host_free(host);
    if (status) {
        print_message("ONNX Runtime is not installed: run `make deps`\n");
        skip();
    }
    assert_true(failing_malloc_try_each(load_and_unload, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_missing_library_is_told),
        cmocka_unit_test(test_files_that_no_engine_takes),
        cmocka_unit_test(test_the_environment_is_prepared),
        cmocka_unit_test(test_threads_open_it_once),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
