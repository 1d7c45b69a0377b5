/* test_writer.c: the JSON writer: separators, escapes, numbers. The text of doubles:
 * test_number_text.c. */
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

/* Number `i` of many kinds. */
static double make_number(size_t i)
{
    const double kinds[] = {(double)i, -0.5 * (double)i, (double)i / 7, ldexp(1.1, (int)(i % 900))};
    return kinds[i % 4];
}

/* As one by one, whatever the length of the list and wherever the buffer ends. */
static void test_lists_of_doubles(void **state)
{
    (void)state;
    enum { MAX_N = 70 };
    double doubles[MAX_N];
    float floats[MAX_N];
    for (size_t i = 0; i < MAX_N; i++) {
        doubles[i] = make_number(i);
        floats[i] = (float)make_number(i % 33);
    }
    for (size_t n = 0; n <= MAX_N; n++) {
        output one, many;
        start(&one, 8192);
        sv_writer_begin_array(&one.writer);
        for (size_t i = 0; i < n; i++)
            sv_writer_double(&one.writer, doubles[i]);
        for (size_t i = 0; i < n; i++)
            sv_writer_float(&one.writer, floats[i]);
        sv_writer_end_array(&one.writer);
        for (size_t limit = 8192;; limit = one.buf.len - (limit == one.buf.len)) {
            start(&many, limit);
            sv_writer_begin_array(&many.writer);
            assert_true(sv_writer_doubles(&many.writer, doubles, n));
            assert_true(sv_writer_floats(&many.writer, floats, n));
            sv_writer_end_array(&many.writer);
            bool fits = limit >= one.buf.len;
            assert_int_equal(sv_buf_status(&many.buf), fits ? SV_OK : SV_TOO_LARGE);
            if (fits)
                assert_int_equal(many.buf.len, one.buf.len);
            if (fits)
                assert_memory_equal(many.buf.ptr, one.buf.ptr, one.buf.len);
            sv_buf_deinit(&many.buf);
            if (!fits)
                break;
        }
        sv_buf_deinit(&one.buf);
    }
}

static void test_lists_that_are_not_finite(void **state)
{
    (void)state;
    for (size_t i = 0; i < 40; i += 39) {
        double doubles[40] = {0};
        float floats[40] = {0};
        doubles[i] = NAN;
        floats[i] = -INFINITY;
        output out;
        start(&out, 1024);
        assert_false(sv_writer_doubles(&out.writer, doubles, 40));
        assert_false(sv_writer_floats(&out.writer, floats, 40));
        sv_buf_deinit(&out.buf);
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
        cmocka_unit_test(test_lists_of_doubles),
        cmocka_unit_test(test_lists_that_are_not_finite),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
