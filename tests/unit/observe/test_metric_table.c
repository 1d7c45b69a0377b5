/* The table of metrics keeps the rules of the exposition format: names, labels, suffixes, buckets
 * that grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <serval/str.h>

#include "observe/metrics.h"
#include "observe/metrics_inside.h"

static bool is_label(sv_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz_", name.ptr[i]))
            return false;
    return name.len > 0;
}

static bool is_name(sv_str name)
{
    for (size_t i = 1; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz_:0123456789", name.ptr[i]))
            return false;
    return is_label(sv_str_slice(name, 0, 1));
}

static void test_names_and_labels(void **state)
{
    (void)state;
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        const sv_metric_row *row = &sv_metric_table()[id];
        sv_str labels = sv_str_from(row->labels), label;
        size_t n_labels = 0;
        assert_true(is_name(sv_str_from(row->name)));
        /* What the two formats escape differently. */
        assert_true(strlen(row->help) > 0 && !strpbrk(row->help, "\n\"\\"));
        for (; labels.len && sv_str_split(&labels, ',', &label); n_labels++)
            assert_true(is_label(label));
        assert_true(n_labels <= SV_METRICS_MAX_LABELS);
        for (int other = 0; other < id; other++)
            assert_string_not_equal(row->name, sv_metric_table()[other].name);
    }
}

/* Names of others are as they are. */
static void test_a_name_tells_its_kind(void **state)
{
    (void)state;
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        const sv_metric_row *row = &sv_metric_table()[id];
        sv_str name = sv_str_from(row->name);
        bool foreign =
            sv_str_starts_with(name, SV_STR("nv_")) || memchr(name.ptr, ':', name.len) != NULL;
        bool total = sv_str_ends_with(name, SV_STR("_total"));
        bool seconds =
            sv_str_ends_with(name, SV_STR("_seconds")) || sv_str_ends_with(name, SV_STR("_secs"));
        assert_true(foreign || total == (row->kind == SV_METRIC_COUNTER));
        assert_int_equal(row->buckets != NULL, row->kind == SV_METRIC_HISTOGRAM);
        assert_int_equal(row->unit == SV_METRIC_MICROS, sv_str_ends_with(name, SV_STR("_us")));
        if (row->kind == SV_METRIC_HISTOGRAM || (row->unit == SV_METRIC_SECONDS && !foreign))
            assert_true(seconds == (row->unit == SV_METRIC_SECONDS));
    }
}

static void test_buckets_grow(void **state)
{
    (void)state;
    for (int id = 0; id < SV_METRIC_COUNT; id++) {
        const char *buckets = sv_metric_table()[id].buckets;
        sv_str rest = sv_str_from(buckets), bound;
        double before = 0;
        size_t n = 0;
        for (; rest.len && sv_str_split(&rest, ',', &bound); n++) {
            double value = strtod(bound.ptr, NULL);
            assert_true(value > before);
            before = value;
        }
        assert_true(n <= SV_METRICS_MAX_BUCKETS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_labels),
        cmocka_unit_test(test_a_name_tells_its_kind),
        cmocka_unit_test(test_buckets_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
