/* Buffers: growth, the ceiling, sticky failures, every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "failing_malloc.h"

static void assert_text(const sv_buf *buf, const char *expected)
{
    assert_int_equal(buf->len, strlen(expected));
    assert_memory_equal(sv_buf_str(buf).ptr, expected, buf->len);
}

static void test_appends_in_order(void **state)
{
    (void)state;
    sv_buf buf;
    sv_buf_init(&buf, 1 << 20);
    assert_text(&buf, "");
    assert_int_equal(sv_buf_append(&buf, "abc", 3), SV_OK);
    assert_int_equal(sv_buf_append_str(&buf, SV_STR("de")), SV_OK);
    assert_int_equal(sv_buf_append_byte(&buf, 'f'), SV_OK);
    assert_int_equal(sv_buf_append(&buf, NULL, 0), SV_OK);
    assert_int_equal(sv_buf_printf(&buf, "%03d", 7), SV_OK);
    assert_text(&buf, "abcdef007");
    sv_buf_consume(&buf, 3);
    assert_text(&buf, "def007");
    sv_buf_consume(&buf, 100);
    assert_text(&buf, "");
    for (int i = 0; i < 10000; i++)
        sv_buf_append_byte(&buf, (char)i);
    assert_int_equal(sv_buf_status(&buf), SV_OK);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.ptr[i], (char)i);
    sv_buf_deinit(&buf);
    sv_buf_deinit(&buf);
}

static void test_the_ceiling_is_reached_and_not_passed(void **state)
{
    (void)state;
    sv_buf buf;
    sv_buf_init(&buf, 5);
    assert_int_equal(sv_buf_printf(&buf, "%s", "12345"), SV_OK); /* exactly */
    assert_int_equal(sv_buf_append_byte(&buf, '6'), SV_TOO_LARGE);
    assert_text(&buf, "12345");
    sv_buf_consume(&buf, 5);
    assert_int_equal(sv_buf_append_byte(&buf, 'x'), SV_TOO_LARGE); /* until cleared */
    sv_buf_clear(&buf);
    assert_int_equal(sv_buf_append_byte(&buf, 'x'), SV_OK);
    assert_null(sv_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(sv_buf_status(&buf), SV_TOO_LARGE);
    assert_int_equal(sv_buf_printf(&buf, "y"), SV_TOO_LARGE);
    assert_text(&buf, "x");
    sv_buf_deinit(&buf);
}

static void test_reserve_and_advance(void **state)
{
    (void)state;
    sv_buf buf;
    sv_buf_init(&buf, 1000);
    char *at = sv_buf_reserve(&buf, 600);
    assert_non_null(at);
    memset(at, 'z', 600);
    assert_text(&buf, "");
    sv_buf_advance(&buf, 2);
    assert_text(&buf, "zz");
    sv_buf_deinit(&buf);
}

static void test_take_moves_the_bytes_out(void **state)
{
    (void)state;
    sv_buf buf;
    size_t len;
    sv_buf_init(&buf, 1000);
    assert_int_equal(sv_buf_append(&buf, "abc", 3), SV_OK);
    char *bytes = sv_buf_take(&buf, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    assert_text(&buf, "");
    assert_int_equal(sv_buf_append_byte(&buf, 'x'), SV_OK);
    sv_buf_deinit(&buf);
}

static bool fill(void *arg)
{
    (void)arg;
    sv_buf buf;
    sv_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 2000; i++)
        if (sv_buf_append_byte(&buf, 'a'))
            break;
    size_t len = buf.len;
    sv_status status = sv_buf_printf(&buf, "%d", 1);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(buf.ptr[i], 'a'); /* what was in it before stays */
    sv_buf_deinit(&buf);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(fill, NULL) >= 3);
}

static void test_expected(void **state)
{
    (void)state;
    sv_buf buf;
    sv_buf_init(&buf, 1000);
    sv_buf_append_byte(&buf, 'a');
    sv_buf_expect(&buf, 600);
    assert_true(buf.capacity >= 601 && buf.len == 1 && buf.ptr[0] == 'a');
    const char *at = buf.ptr;
    for (int i = 0; i < 600; i++)
        assert_int_equal(sv_buf_append_byte(&buf, 'b'), SV_OK);
    assert_ptr_equal(buf.ptr, at);
    sv_buf_expect(&buf, 400); /* more than the limit leaves: not an error, nothing happens */
    assert_int_equal(sv_buf_status(&buf), SV_OK);
    sv_buf_expect(&buf, 399);
    assert_int_equal(buf.capacity, 1000);
    sv_buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_appends_in_order),
        cmocka_unit_test(test_the_ceiling_is_reached_and_not_passed),
        cmocka_unit_test(test_reserve_and_advance),
        cmocka_unit_test(test_take_moves_the_bytes_out),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
