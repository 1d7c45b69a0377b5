/* test_llama.c: files that are no models, and what an absent adapter says. */
#include "text_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine_table.h"
#include "engine/llama.h"

static void test_the_engine_describes_itself(void **state)
{
    sv_engine_about about;
    sv_error error = {0};
    (void)state;
    if (!text_lab_host)
        skip();
    assert_ptr_equal(sv_engine_table_find(SV_STR("a/model.GGUF")), &sv_llama_engine);
    assert_int_equal(sv_engine_host_describe(text_lab_host, &sv_llama_engine, &error, &about),
                     SV_OK);
    assert_string_equal(about.version, "0.5.0-dev");
    assert_non_null(strstr(about.library, "libserval-llama.so"));
    assert_non_null(strstr(about.providers, "CPU"));
}

static void test_an_absent_adapter_says_where_it_should_be(void **state)
{
    static const sv_engine_config config = {.directory = "/nowhere"};
    sv_engine_host *other = NULL;
    sv_engine_about about;
    sv_error error = {0};
    (void)state;
    assert_int_equal(sv_engine_host_new(&config, &other), SV_OK);
    assert_int_equal(sv_engine_host_describe(other, &sv_llama_engine, &error, &about),
                     SV_UNAVAILABLE);
    assert_non_null(strstr(error.message, "/nowhere/libserval-llama.so"));
    assert_non_null(strstr(error.message, "make deps"));
    sv_engine_host_free(other);
}

static sv_status load_bytes(const void *bytes, size_t len, sv_error *error)
{
    char path[] = "/tmp/serval-XXXXXX.gguf";
    sv_engine_model *model = NULL;
    int file = mkstemps(path, 5);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, len), (ssize_t)len);
    close(file);
    sv_status status = sv_engine_host_load(text_lab_host, path, NULL, error, &model);
    sv_engine_unload(status ? NULL : model);
    unlink(path);
    return status;
}

/* What the library says of garbage is an error, never the end. */
static void test_files_that_are_no_models(void **state)
{
    static const char absurd[] = "GGUF\3\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f"
                                 "\xff\xff\xff\xff\xff\xff\xff\x7f";
    static const char empty[] = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"", 0}, {"GGUF", 4}, {"garbage, not a model", 20}, {absurd, 24}, {empty, 24},
    };
    (void)state;
    if (!text_lab_host)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_error error = {0};
        assert_int_equal(load_bytes(rows[i].bytes, rows[i].len, &error), SV_INVALID);
        assert_true(error.message[0]);
    }
}

static void test_models_that_are_cut_short(void **state)
{
    static const size_t lengths[] = {16, 100, 1000, 5000, 20000, 100000, 500000};
    char path[512];
    (void)state;
    sv_engine_unload(text_lab_load(text_lab_host, STORIES));
    snprintf(path, sizeof path, "%s/../shared/models/llm/%s/1/model.gguf", SV_SOURCE_DIR, STORIES);
    char *bytes = malloc(1 << 20);
    FILE *file = fopen(path, "rb");
    assert_true(bytes && file);
    size_t len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths && lengths[i] < len; i++) {
        sv_error error = {0};
        assert_int_equal(load_bytes(bytes, lengths[i], &error), SV_INVALID);
        assert_null(strstr(error.message, "/tmp/"));
    }
    free(bytes);
}

static void test_no_file(void **state)
{
    sv_engine_model *model = NULL;
    sv_error error = {0};
    (void)state;
    if (!text_lab_host)
        skip();
    assert_int_equal(
        sv_engine_host_load(text_lab_host, "/nowhere/model.gguf", NULL, &error, &model),
        SV_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_engine_describes_itself),
        cmocka_unit_test(test_an_absent_adapter_says_where_it_should_be),
        cmocka_unit_test(test_files_that_are_no_models),
        cmocka_unit_test(test_models_that_are_cut_short),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, text_lab_begin, text_lab_end);
}
