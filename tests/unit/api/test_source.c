/* What an image_url says: data: addresses (RFC 2397) and which others may be fetched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/source.h"
#include "failing_malloc.h"

#define ALL "http,https,data"

static void test_data(void **state)
{
    (void)state;
    static const struct {
        const char *url, *bytes; /* NULL: it is refused */
    } cases[] = {
        {"data:,hello", "hello"},
        {"data:text/plain,a%20b", "a b"},
        {"data:,a%2Cb,c", "a,b,c"},
        {"data:,", ""},
        {"data:,100%", "100%"},
        {"data:,%4", "%4"},
        {"data:,%zz", "%zz"},
        {"data:,%41", "A"},
        {"data:;base64,aGVsbG8=", "hello"},
        {"data:image/png;base64,aGVsbG8=", "hello"},
        {"data:image/png;base64,aGVsbG8", "hello"},
        {"data:image/png;charset=x;base64,aGVsbG8=", "hello"},
        {"data:image/png;BASE64,aGVsbG8=", "hello"},
        {"DATA:;base64,aGVsbG8=", "hello"},
        {"data:;base64,aGVs%62G8%3D", "hello"},
        {"data:;base64,aGVs bG8=\n", "hello"},
        {"data:;base64,", ""},
        {"data:base64,aGVsbG8=", "aGVsbG8="}, /* a type of that name */
        {"data:;base64,aGVsbG8=x", NULL},
        {"data:;base64,a", NULL},
        {"data:;base64,a-_b", NULL},
        {"data:;base64", NULL},
        {"data:", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_source source = {0};
        sv_status status =
            sv_source_read(arena, sv_str_from(cases[i].url), SV_STR(ALL), &error, &source);
        bool good = cases[i].bytes ? status == SV_OK && source.kind == SV_SOURCE_BYTES &&
                                         sv_str_eq(source.bytes, sv_str_from(cases[i].bytes))
                                   : status == SV_INVALID && error.kind == &sv_kind_invalid_input;
        if (!good)
            fail_msg("%s: %s, '%.*s'", cases[i].url, sv_status_text(status),
                     SV_STR_ARG(source.bytes));
        sv_arena_free(arena);
    }
}

static void test_bytes_of_every_value(void **state)
{
    (void)state;
    char url[6 + 256 * 3 + 1] = "data:,";
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_source source;
    for (int i = 0; i < 256; i++)
        snprintf(url + 6 + i * 3, 4, i % 2 ? "%%%02x" : "%%%02X", (unsigned)i);
    assert_int_equal(sv_source_read(arena, sv_str_from(url), SV_STR(ALL), &error, &source), SV_OK);
    assert_int_equal(source.bytes.len, 256);
    for (int i = 0; i < 256; i++)
        assert_int_equal((unsigned char)source.bytes.ptr[i], i);
    sv_arena_free(arena);
}

static void test_schemes(void **state)
{
    (void)state;
    static const struct {
        const char *url, *schemes;
        bool allowed;
    } cases[] = {
        {"http://example.com/a.jpg", ALL, true},
        {"https://example.com/a.jpg", ALL, true},
        {"HTTPS://example.com/a.jpg", ALL, true},
        {"http://example.com/a.jpg", "https,data", false},
        {"https://example.com/", "http, https", true},
        {"ftp://example.com/a.jpg", ALL, false},
        {"file:///etc/passwd", ALL, false},
        {"/etc/passwd", ALL, false},
        {"http", ALL, false},
        {"", ALL, false},
        {":", ALL, false},
        {" http://example.com/", ALL, false},
        {"data:,x", "http", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_source source = {0};
        sv_str url = sv_str_from(cases[i].url);
        sv_status status =
            sv_source_read(arena, url, sv_str_from(cases[i].schemes), &error, &source);
        if ((status == SV_OK) != cases[i].allowed)
            fail_msg("%s: %s", cases[i].url, error.message);
        if (cases[i].allowed) {
            assert_int_equal(source.kind, SV_SOURCE_FETCH);
            assert_true(sv_str_eq(source.url, url));
        } else {
            assert_ptr_equal(error.kind, &sv_kind_invalid_input);
            assert_non_null(strstr(error.message, "Unsupported image URL"));
        }
        sv_arena_free(arena);
    }
}

static bool read_one(void *arg)
{
    sv_error error = {0};
    sv_source source;
    sv_arena *arena = sv_arena_new(0);
    if (!arena)
        return false;
    sv_status status = sv_source_read(arena, sv_str_from(arg), SV_STR(ALL), &error, &source);
    sv_arena_free(arena);
    if (status)
        assert_int_equal(status, SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    static char plain[] = "data:,a%20b", base64[] = "data:;base64,aGVs%62G8%3D";
    assert_true(failing_malloc_try_each(read_one, plain) >= 2);
    assert_true(failing_malloc_try_each(read_one, base64) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_bytes_of_every_value),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
