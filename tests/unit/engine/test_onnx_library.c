/* Where the library of ONNX Runtime is looked for, and what is said when it is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/onnx_library.h"

#define NEAR "/lib/serval/libonnxruntime.so.1"

static const struct {
    const char *directory, *program;
    const char *places[6]; /* NULL: no more */
} cases[] = {
    {NULL,
     "/usr/bin/serval",
     {"/usr/bin/.." NEAR, "", "libonnxruntime.so.1", "libonnxruntime.so.1.23",
      "libonnxruntime.so.1.21"}},
    {"",
     "/home/a/serval/build/serval",
     {"/home/a/serval/build/.." NEAR, "/home/a/serval/.deps/prefix" NEAR, "libonnxruntime.so.1",
      "libonnxruntime.so.1.23", "libonnxruntime.so.1.21"}},
    {NULL,
     "/home/build/serval/build/asan/tests/unit/engine/test_onnx",
     {"/home/build/serval/build/asan/tests/unit/engine/.." NEAR,
      "/home/build/serval/.deps/prefix" NEAR, "libonnxruntime.so.1", "libonnxruntime.so.1.23",
      "libonnxruntime.so.1.21"}},
    {NULL,
     "", /* nobody knows where the program lies */
     {"", "", "libonnxruntime.so.1", "libonnxruntime.so.1.23", "libonnxruntime.so.1.21"}},
    {"/opt/engines",
     "/home/a/serval/build/serval",
     {"/opt/engines/libonnxruntime.so.1", "/opt/engines/libonnxruntime.so.1.23",
      "/opt/engines/libonnxruntime.so.1.21"}},
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[SV_ONNX_LIBRARY_PATH_SIZE];
        size_t n = 0;
        for (; n < 6 && cases[i].places[n]; n++) {
            assert_true(sv_onnx_library_place(cases[i].directory, cases[i].program, n, path));
            assert_string_equal(path, cases[i].places[n]);
        }
        assert_false(sv_onnx_library_place(cases[i].directory, cases[i].program, n, path));
    }
}

static void test_a_path_that_is_too_long_is_left_out(void **state)
{
    (void)state;
    char directory[SV_ONNX_LIBRARY_PATH_SIZE + 10], path[SV_ONNX_LIBRARY_PATH_SIZE];
    memset(directory, 'x', sizeof directory);
    directory[sizeof directory - 1] = '\0';
    assert_true(sv_onnx_library_place(directory, "/usr/bin/serval", 0, path));
    assert_string_equal(path, "");
}

static void test_open(void **state)
{
    (void)state;
    static const struct {
        const char *directory;
        sv_status status;
        const char *said;
    } opens[] = {
        {FAKES_DIR "/old", SV_OK, ""},
        {FAKES_DIR "/other", SV_UNAVAILABLE, "OrtGetApiBase"},
        {"/nonexistent", SV_UNAVAILABLE, "looked in /nonexistent/libonnxruntime.so.1"},
        {SV_SOURCE_DIR "/tests/data/engine", SV_UNAVAILABLE, "was not found"},
    };
    for (size_t i = 0; i < sizeof opens / sizeof *opens; i++) {
        sv_onnx_library library = {0};
        sv_error error = {0};
        assert_int_equal(sv_onnx_library_open(opens[i].directory, &error, &library),
                         opens[i].status);
        assert_non_null(strstr(error.message, opens[i].said));
        assert_int_equal(library.get_api_base != NULL, opens[i].status == SV_OK);
        if (library.get_api_base)
            assert_non_null(strstr(library.path, FAKES_DIR "/old/libonnxruntime.so.1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_a_path_that_is_too_long_is_left_out),
        cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
