/* Which engine takes which file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/engine_table.h"

static void test_every_row_is_complete_and_unique(void **state)
{
    (void)state;
    size_t n;
    const sv_engine *const *engines = sv_engine_table(&n);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(engines[i]->name);
        assert_non_null(engines[i]->title);
        assert_int_equal(engines[i]->extension[0], '.');
        assert_non_null(engines[i]->load);
        assert_non_null(engines[i]->unload);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(engines[i]->name, engines[k]->name);
            assert_string_not_equal(engines[i]->extension, engines[k]->extension);
        }
    }
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *path, *engine; /* NULL: none */
    } cases[] = {
        {"/models/digits/1/model.onnx", "onnxruntime"},
        {"a.ONNX", "onnxruntime"},
        {".onnx", NULL}, /* a hidden file without a name */
        {"m/model.yaml", "relay"},
        {"model.onnx.data", NULL},
        {"model.pb", NULL},
        {"onnx", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_engine *found = sv_engine_table_find(sv_str_from(cases[i].path));
        if (cases[i].engine)
            assert_string_equal(found->name, cases[i].engine);
        else
            assert_null(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_complete_and_unique),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
