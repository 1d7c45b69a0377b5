/* Numbers with units: what is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/units.h"

typedef struct unit_case {
    const char *text;
    int64_t value; /* REFUSED: it is none */
} unit_case;

enum { REFUSED = -99 };

typedef bool (*unit_reader)(sv_str text, int64_t *ret_value);

static void check(unit_reader read, const unit_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = REFUSED;
        bool good = read(sv_str_from(cases[i].text), &value);
        if (good != (cases[i].value != REFUSED) || value != cases[i].value)
            fail_msg("'%s' gives %lld, not %lld", cases[i].text, (long long)value,
                     (long long)cases[i].value);
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const unit_case cases[] = {
        {"30", 30000},
        {"30s", 30000},
        {"500ms", 500},
        {"2m", 120000},
        {"1h", 3600000},
        {"0.5", 500},
        {"1.5s", 1500},
        {" 3 s ", 3000},
        {"1H", 3600000},
        {"0", 0},
        {"", REFUSED},
        {"s", REFUSED},
        {"-1", REFUSED},
        {".5", REFUSED},
        {"1.2.3", REFUSED},
        {"1d", REFUSED},
        {"1 2", REFUSED},
        {"1e3", REFUSED},
        {"nan", REFUSED},
        {"0x10", REFUSED},
        {"inf", REFUSED},
        {"10MiB", REFUSED},
        {"99999999999999999999", REFUSED},
    };
    check(sv_units_read_duration, cases, sizeof cases / sizeof *cases);
}

static void test_fine_durations(void **state)
{
    (void)state;
    static const unit_case cases[] = {
        {"2ms", 2000000},        {"0.5ms", 500000}, {"250us", 250000},     {"1.5", 1500000000},
        {"1 m", 60000000000},    {"0", 0},          {"2h", 7200000000000}, {"5ns", REFUSED},
        {"9999999999", REFUSED}, {"", REFUSED},     {"-1ms", REFUSED},
    };
    check(sv_units_read_fine_duration, cases, sizeof cases / sizeof *cases);
}

static void test_sizes(void **state)
{
    (void)state;
    static const unit_case cases[] = {
        {"1048576", 1048576},       {"10MiB", 10485760},  {"64KiB", 65536}, {"1GiB", 1073741824},
        {"1.5KiB", 1536},           {"10 mib", 10485760}, {"7B", 7},        {"0", 0},
        {"10MB", REFUSED},          {"MiB", REFUSED},     {"-1", REFUSED},  {"1TiB", REFUSED},
        {"9999999999GiB", REFUSED},
    };
    check(sv_units_read_size, cases, sizeof cases / sizeof *cases);
}

static void test_integers(void **state)
{
    (void)state;
    static const unit_case cases[] = {
        {"0", 0},
        {"8000", 8000},
        {"-7", -7},
        {" 5 ", 5},
        {"", REFUSED},
        {"-", REFUSED},
        {"5.0", REFUSED},
        {"0x5", REFUSED},
        {"--5", REFUSED},
        {"5 5", REFUSED},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", REFUSED},
    };
    check(sv_units_read_int, cases, sizeof cases / sizeof *cases);
}

static void test_flags(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int value; /* -1: it is none */
    } cases[] = {{"true", 1},  {"yes", 1},   {"on", 1}, {"1", 1},   {"TRUE", 1},
                 {" on ", 1},  {"false", 0}, {"no", 0}, {"off", 0}, {"0", 0},
                 {"False", 0}, {"", -1},     {"2", -1}, {"y", -1},  {"maybe", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool value = false;
        bool good = sv_units_read_bool(sv_str_from(cases[i].text), &value);
        assert_int_equal(good, cases[i].value >= 0);
        assert_int_equal(value, cases[i].value == 1);
    }
}

/* In the largest unit without a rest, and it reads back. */
static void test_writing(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *time, *size;
    } cases[] = {{0, "0ms", "0B"},
                 {1, "1ms", "1B"},
                 {1000, "1s", "1000B"},
                 {1536, "1536ms", "1536B"},
                 {65536, "65536ms", "64KiB"},
                 {90000, "90s", "90000B"},
                 {7200000, "2h", "7200000B"},
                 {INT64_C(1) << 40, "1099511627776ms", "1024GiB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_buf buf;
        int64_t time = -1, size = -1;
        sv_buf_init(&buf, 64);
        sv_units_write_duration(&buf, cases[i].value);
        assert_true(sv_str_eq(sv_buf_str(&buf), sv_str_from(cases[i].time)));
        assert_true(sv_units_read_duration(sv_buf_str(&buf), &time));
        sv_buf_clear(&buf);
        sv_units_write_size(&buf, cases[i].value);
        assert_true(sv_str_eq(sv_buf_str(&buf), sv_str_from(cases[i].size)));
        assert_true(sv_units_read_size(sv_buf_str(&buf), &size));
        assert_int_equal(time, cases[i].value);
        assert_int_equal(size, cases[i].value);
        sv_buf_deinit(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations), cmocka_unit_test(test_fine_durations),
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_integers),
        cmocka_unit_test(test_flags),     cmocka_unit_test(test_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
