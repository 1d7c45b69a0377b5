/* The session options that are chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/onnx_options.h"

static const char *entry(const sv_onnx_options *options, const char *key)
{
    for (size_t i = 0; i < options->n_entries; i++)
        if (strcmp(options->entries[i].key, key) == 0)
            return options->entries[i].value;
    return NULL;
}

static void test_defaults(void **state)
{
    (void)state;
    sv_onnx_options options = sv_onnx_options_make(&(sv_engine_options){0});
    assert_int_equal(options.intra_threads, 1);
    assert_int_equal(options.inter_threads, 1);
    assert_true(options.use_arena);
    assert_false(options.use_memory_pattern);
    assert_string_equal(entry(&options, "session.intra_op.allow_spinning"), "0");
    assert_string_equal(entry(&options, "session.inter_op.allow_spinning"), "0");
    assert_string_equal(entry(&options, "session.x64quantprecision"), "1");
}

static void test_what_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        int asked, got;
    } threads[] = {{-3, 1}, {0, 1}, {1, 1}, {7, 7}, {1 << 30, SV_ONNX_OPTIONS_MAX_THREADS}};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        sv_onnx_options options =
            sv_onnx_options_make(&(sv_engine_options){.threads = threads[i].asked, .spin = true});
        assert_int_equal(options.intra_threads, threads[i].got);
        assert_string_equal(entry(&options, "session.intra_op.allow_spinning"), "1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
