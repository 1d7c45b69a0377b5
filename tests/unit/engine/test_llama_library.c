/* test_llama_library.c: where the adapter to llama.cpp is looked for. */
#include "engine/llama_library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_places(void **state)
{
    static const struct {
        const char *directory, *program;
        size_t index;
        const char *expected; /* NULL: there are no more */
    } rows[] = {
        {"/engines", "/usr/bin/serval", 0, "/engines/libserval-llama.so"},
        {"/engines", "/usr/bin/serval", 1, NULL},
        {NULL, "/usr/bin/serval", 0, "/usr/bin/../lib/serval/libserval-llama.so"},
        {"", "/s/build/serval", 1, "/s/build/lib/serval/libserval-llama.so"},
        {NULL, "/usr/bin/serval", 2, NULL},
        {NULL, "", 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[SV_LLAMA_LIBRARY_PATH_SIZE] = "?";
        bool is_place =
            sv_llama_library_place(rows[i].directory, rows[i].program, rows[i].index, path);
        assert_int_equal(is_place, rows[i].expected != NULL);
        if (is_place)
            assert_string_equal(path, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
