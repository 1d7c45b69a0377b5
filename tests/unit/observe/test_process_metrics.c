/* What the process says about itself is there, and plausible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <serval/version.h>

#include "observe/process_metrics.h"
#include "observe/prometheus.h"

/* The value of a metric without labels. */
static double read_value(const char *name)
{
    char line[128];
    sv_buf buf;
    sv_metrics *metrics = sv_metrics_new();
    assert_int_equal(sv_process_metrics_add(metrics), SV_OK);
    sv_buf_init(&buf, 1 << 20);
    assert_int_equal(sv_prometheus_write(metrics, SV_PROMETHEUS_TEXT, &buf), SV_OK);
    sv_buf_append_byte(&buf, '\0');
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(buf.ptr, line);
    if (!at)
        fail_msg("no %s", name);
    double value = strtod(at + strlen(line), NULL);
    sv_buf_deinit(&buf);
    sv_metrics_free(metrics);
    return value;
}

static void test_values_are_plausible(void **state)
{
    (void)state;
    double now = (double)time(NULL);
    assert_true(read_value("process_cpu_seconds_total") > 0);
    assert_true(read_value("process_resident_memory_bytes") > 1e6);
    assert_true(read_value("process_virtual_memory_bytes") >=
                read_value("process_resident_memory_bytes"));
    assert_true(read_value("process_max_fds") >= read_value("process_open_fds"));
    assert_true(read_value("process_start_time_seconds") <= now + 1);
    assert_true(read_value("process_start_time_seconds") > now - 3600);
    assert_true(read_value("serval_build_info{version=\"" SV_VERSION "\"}") == 1);
}

static void test_of_the_machine(void **state)
{
    (void)state;
    double total = read_value("nv_cpu_memory_total_bytes");
    double share = read_value("nv_cpu_utilization");
    assert_true(total > 1e6 && read_value("nv_cpu_memory_used_bytes") <= total);
    assert_true(share >= 0 && share <= 1);
}

static void test_a_dialect_that_is_left_out_is_no_failure(void **state)
{
    (void)state;
    sv_metrics *metrics = sv_metrics_new();
    sv_metrics_leave_out(metrics, "nv_");
    assert_int_equal(sv_process_metrics_add(metrics), SV_OK);
    sv_metrics_free(metrics);
}

static void test_descriptors_are_counted(void **state)
{
    (void)state;
    double before = read_value("process_open_fds");
    int more = dup(0);
    assert_true(more >= 0);
    assert_true(read_value("process_open_fds") == before + 1);
    close(more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_plausible),
        cmocka_unit_test(test_of_the_machine),
        cmocka_unit_test(test_a_dialect_that_is_left_out_is_no_failure),
        cmocka_unit_test(test_descriptors_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
