/* test_decode_moment.c: dates, times and durations in bodies: kinds of values they are made of,
 * limits. Their texts: test_temporal.c, test_duration.c. */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"k_datetime", "{\"v\":\"2024-05-06T07:08:09Z\"}", "{\"v\":\"2024-05-06T07:08:09Z\"}"},
        {"k_datetime", "{\"v\":1}", "{\"v\":\"1970-01-01T00:00:01Z\"}"},
        {"k_datetime", "{\"v\":1.5}", "{\"v\":\"1970-01-01T00:00:01.500000Z\"}"},
        {"k_datetime", "{\"v\":\"x\"}", "datetime_from_date_parsing at v"},
        {"k_datetime", "{\"v\":true}", "datetime_type at v"},
        {"k_datetime", "{\"v\":1e20}", "datetime_parsing at v"},
        {"k_datetime", "{\"v\":99999999999999999999}", "datetime_parsing at v"},
        {"k_date", "{\"v\":0}", "{\"v\":\"1970-01-01\"}"},
        {"k_date", "{\"v\":1}", "date_from_datetime_inexact at v"},
        {"k_date", "{\"v\":[]}", "date_type at v"},
        {"k_date", "{\"v\":0.5}", "date_from_datetime_inexact at v"},
        {"k_time", "{\"v\":1}", "{\"v\":\"00:00:01Z\"}"},
        {"k_time", "{\"v\":false}", "time_type at v"},
        {"k_time", "{\"v\":\"24:00\"}", "time_parsing at v"},
        {"k_time", "{\"v\":-0.5}", "time_parsing at v"},
        {"k_duration", "{\"v\":true}", "{\"v\":\"PT1S\"}"},
        {"k_duration", "{\"v\":90}", "{\"v\":\"PT1M30S\"}"},
        {"k_duration", "{\"v\":0.5}", "{\"v\":\"PT0.5S\"}"},
        {"k_duration", "{\"v\":null}", "time_delta_type at v"},
        {"k_duration", "{\"v\":\"x\"}", "time_delta_parsing at v"},
        {"k_past", "{\"v\":\"2999-01-01T00:00:00Z\"}", "datetime_past at v"},
        {"k_future", "{\"v\":\"2000-01-01T00:00:00\"}", "datetime_future at v"},
        {"k_past_date", "{\"v\":\"2999-01-01\"}", "date_past at v"},
        {"k_future_date", "{\"v\":\"2000-01-01\"}", "date_future at v"},
        {"k_aware", "{\"v\":\"2000-01-01T00:00:00\"}", "timezone_aware at v"},
        {"k_naive", "{\"v\":\"2000-01-01T00:00:00Z\"}", "timezone_naive at v"},
        {"k_strict_datetime", "{\"v\":\"2000-01-01T00:00:00Z\"}", "datetime_type at v"},
        {"k_datetime_opt", "{\"v\":null}", "{\"v\":null}"},
    };
    cases_check(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
