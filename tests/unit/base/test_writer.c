/* test_writer.c: the JSON writer: separators, escapes, numbers, and doubles as pydantic writes them
 * (tests/cases/writer/doubles.txt). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

typedef struct output {
    sv_buf buf;
    sv_writer writer;
} output;

static void start(output *out, size_t limit)
{
    sv_buf_init(&out->buf, limit);
    sv_writer_init(&out->writer, &out->buf);
}

static void expect(output *out, const char *json)
{
    assert_int_equal(sv_buf_status(&out->buf), SV_OK);
    sv_buf_append_byte(&out->buf, '\0');
    assert_string_equal(out->buf.ptr, json);
    sv_buf_deinit(&out->buf);
}

static void test_separators(void **state)
{
    (void)state;
    output out;
    start(&out, 1024);
    sv_writer *writer = &out.writer;
    sv_writer_begin_object(writer);
    sv_writer_key(writer, SV_STR("a"));
    sv_writer_begin_array(writer);
    sv_writer_end_array(writer);
    sv_writer_key(writer, SV_STR("b"));
    sv_writer_begin_array(writer);
    sv_writer_int(writer, 1);
    sv_writer_begin_object(writer);
    sv_writer_end_object(writer);
    sv_writer_null(writer);
    sv_writer_bool(writer, true);
    sv_writer_raw(writer, SV_STR("[2]"));
    sv_writer_str(writer, SV_STR(""));
    sv_writer_end_array(writer);
    sv_writer_end_object(writer);
    expect(&out, "{\"a\":[],\"b\":[1,{},null,true,[2],\"\"]}");
}

static void test_keys(void **state)
{
    (void)state;
    output out;
    start(&out, 1024);
    sv_writer *writer = &out.writer;
    sv_writer_begin_object(writer);
    sv_writer_key_str(writer, "s", SV_STR("x\"y"));
    sv_writer_key_cstr(writer, "c", "z");
    sv_writer_key_int(writer, "i", -5);
    sv_writer_key_double(writer, "d", 0.5);
    sv_writer_key_bool(writer, "b", false);
    sv_writer_key_null(writer, "n");
    sv_writer_key_raw(writer, "r", SV_STR("{}"));
    sv_writer_end_object(writer);
    expect(&out,
           "{\"s\":\"x\\\"y\",\"c\":\"z\",\"i\":-5,\"d\":0.5,\"b\":false,\"n\":null,\"r\":{}}");
}

static const struct {
    sv_str text;
    const char *json;
} texts[] = {
    {SV_STR_INIT(""), "\"\""},
    {SV_STR_INIT("plain / < > & é € 😀 \x7F \xE2\x80\xA8"),
     "\"plain / < > & é € 😀 \x7F \xE2\x80\xA8\""},
    {SV_STR_INIT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
    {SV_STR_INIT("\0\1\x0B\x1F"), "\"\\u0000\\u0001\\u000b\\u001f\""},
    {SV_STR_INIT("a\xFFz"), "\"a\xEF\xBF\xBDz\""},
    {SV_STR_INIT("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {SV_STR_INIT("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {SV_STR_INIT("é\xC0\xAF\n"), "\"é\xEF\xBF\xBD\xEF\xBF\xBD\\n\""},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        output out;
        start(&out, 1024);
        sv_writer_str(&out.writer, texts[i].text);
        expect(&out, texts[i].json);
    }
}

static void test_integers(void **state)
{
    (void)state;
    output out;
    start(&out, 1024);
    sv_writer_begin_array(&out.writer);
    sv_writer_int(&out.writer, 0);
    sv_writer_int(&out.writer, INT64_MIN);
    sv_writer_int(&out.writer, INT64_MAX);
    sv_writer_uint(&out.writer, UINT64_MAX);
    sv_writer_int(&out.writer, -10);
    sv_writer_end_array(&out.writer);
    expect(&out, "[0,-9223372036854775808,9223372036854775807,18446744073709551615,-10]");
}

static void test_endless_doubles(void **state)
{
    (void)state;
    output out;
    start(&out, 1024);
    sv_writer_begin_array(&out.writer);
    sv_writer_double(&out.writer, NAN);
    sv_writer_double(&out.writer, INFINITY);
    sv_writer_double(&out.writer, -INFINITY);
    sv_writer_end_array(&out.writer);
    expect(&out, "[null,null,null]");
}

static void test_doubles(void **state)
{
    (void)state;
    FILE *file = fopen(SV_SOURCE_DIR "/tests/cases/writer/doubles.txt", "r");
    assert_non_null(file);
    unsigned long long bits;
    char expected[64], actual[SV_WRITER_DOUBLE_SIZE + 1];
    size_t n = 0, n_wrong = 0;
    for (; fscanf(file, "%16llx %63s", &bits, expected) == 2; n++) {
        double value;
        memcpy(&value, &bits, sizeof value);
        size_t len = sv_writer_format_double(value, actual);
        assert_in_range(len, 3, SV_WRITER_DOUBLE_SIZE);
        actual[len] = '\0';
        if (strcmp(expected, actual) != 0)
            print_error("%016llx: expected %s, is %s\n", bits, expected, actual);
        n_wrong += strcmp(expected, actual) != 0;
    }
    fclose(file);
    assert_int_equal(n_wrong, 0);
    assert_true(n > 1000);
}

static void test_every_text_reads_back(void **state)
{
    (void)state;
    uint64_t bits = 88172645463325252u;
    for (size_t i = 0; i < 20000; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17; /* xorshift */
        double value, again;
        char text[SV_WRITER_DOUBLE_SIZE + 1];
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        text[sv_writer_format_double(value, text)] = '\0';
        again = strtod(text, NULL);
        assert_memory_equal(&value, &again, sizeof value);
    }
}

static void test_full_buffer(void **state)
{
    (void)state;
    output out;
    start(&out, 4);
    sv_writer_begin_array(&out.writer);
    sv_writer_str(&out.writer, SV_STR("abcdef"));
    sv_writer_end_array(&out.writer);
    assert_int_equal(sv_buf_status(&out.buf), SV_TOO_LARGE);
    sv_buf_deinit(&out.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_endless_doubles),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_every_text_reads_back),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
