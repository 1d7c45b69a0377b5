/* test_http_date.c: dates in header fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http_date.h"

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
        {"Tue, 24 Nov 2026 08:30:00 GMT", 1795509000},
        {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Sat, 01 Jan 0000 00:00:00 GMT", -62167219200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds;
        assert_true(sv_http_date_read(sv_str_from(rows[i].text), &seconds));
        assert_int_equal(seconds, rows[i].seconds);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        ", 06-Nov-94 08:49:3",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds;
        if (sv_http_date_read(sv_str_from(rows[i]), &seconds))
            fail_msg("%s is taken", rows[i]);
    }
}

static void test_reads_what_is_written(void **state)
{
    (void)state;
    for (int64_t s = 0; s < INT64_C(9000000000); s += 7777777) {
        char text[30];
        int64_t read;
        sv_clock_format_http(s * SV_NS_PER_S, text);
        assert_true(sv_http_date_read(sv_str_from(text), &read));
        assert_int_equal(read, s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_reads_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
