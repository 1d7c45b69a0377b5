/* What sv_oip_floats_read reads is what strtod reads; the rest it leaves alone. */
#include "api/oip_floats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FILL = 64 }; /* behind a list, so that nothing is near the end */

/* How many numbers are read of `list`, whose end is not the text's; `*ret_at` is where it stops. */
static size_t read_list(const char *list, bool is_single, void *elements, size_t *ret_at)
{
    char text[1024 + FILL];
    snprintf(text, sizeof text, "[%s]%*s", list, FILL, "");
    *ret_at = 1;
    size_t n = sv_oip_floats_read(sv_str_from(text), ret_at, is_single, elements, 8);
    --*ret_at;
    return n;
}

/* One number before another: read, with the same bits, or untouched. */
static void judge(const char *number, bool is_read)
{
    static const char *const gaps[] = {",", ", "};
    for (size_t i = 0; i < 2; i++) {
        char list[1024];
        double got = 42, wanted = strtod(number, NULL);
        float got_single = 42, wanted_single = (float)wanted;
        size_t at, end = is_read ? strlen(number) + strlen(gaps[i]) : 0;
        snprintf(list, sizeof list, "%s%s1", number, gaps[i]);
        if (read_list(list, false, &got, &at) != is_read || at != end)
            fail_msg("%s: stands at %zu", list, at);
        if (is_read ? memcmp(&got, &wanted, sizeof got) != 0 : got != 42)
            fail_msg("%s: %.17g", list, got);
        if (read_list(list, true, &got_single, &at) != is_read || at != end)
            fail_msg("%s: stands at %zu", list, at);
        if (is_read ? memcmp(&got_single, &wanted_single, sizeof got_single) != 0
                    : got_single != 42)
            fail_msg("%s: %.9g", list, (double)got_single);
    }
}

static void test_forms(void **state)
{
    (void)state;
    static const char *const read[] = {
        "0",          "7",           "255",     "9999999",  "-1",         "0.5",
        "-0.0",       "-0.12345678", "10.5",    "1.0",      "-1234567.5", "9.123456789012345678",
        "0.00000000", "0.1234567",   "0.12345", "0.000001", "16777217.0"};
    static const char *const others[] = {"",
                                         "-",
                                         "-.5",
                                         ".5",
                                         "0.",
                                         "00.5",
                                         "01",
                                         "-01.5",
                                         "-0",
                                         "+1",
                                         "0.5e1",
                                         "1e5",
                                         "0.E1",
                                         "0.5E-3",
                                         "0.x",
                                         "1.5.5",
                                         "0x10",
                                         "1 ",
                                         "12345678",
                                         "NaN",
                                         "[1",
                                         "123456789.5",
                                         "--1",
                                         "0.1234567890123456789012345678",
                                         "1.00000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        judge(read[i], strcmp(read[i], "16777217.0") != 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        judge(others[i], false);
}

static void test_what_follows(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        size_t n, at;
    } rows[] = {
        {"1,2,3", 2, 4},     {"1, 2, 3", 2, 6}, {"1,2, 3", 1, 2}, {"1, 2,3", 1, 3},
        {"1,[2]", 0, 0},     {"1,", 0, 0},      {"1,,2", 0, 0},   {"1,2,x", 1, 2},
        {"1,2,3e5,4", 2, 4}, {"1,  2", 0, 0},   {"1,\t2", 0, 0},  {"1 ,2", 0, 0},
        {"1,.5", 0, 0},      {"1,-2,-3", 2, 5}, {"1,/2", 0, 0},   {"1,2,3,4,5,6,7,8,9,10", 8, 16}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double elements[8];
        size_t at, n = read_list(rows[i].list, false, elements, &at);
        if (n != rows[i].n || at != rows[i].at)
            fail_msg("%s: %zu, stands at %zu", rows[i].list, n, at);
        for (size_t k = 0; k < n; k++)
            assert_true(elements[k] == (rows[i].list[2] == '-' && k ? -2 : (double)k + 1));
    }
}

/* Nothing is read beyond the text, whatever is there: the text is a piece of memory of its own. */
static void test_ends(void **state)
{
    (void)state;
    for (size_t len = 0; len < 120; len++) {
        char *text = malloc(len + 1);
        double elements[64];
        size_t at = 0;
        assert_non_null(text);
        for (size_t i = 0; i < len; i++)
            text[i] = "0.5,"[i % 4];
        char *exact = malloc(len ? len : 1);
        assert_non_null(exact);
        memcpy(exact, text, len);
        size_t n = sv_oip_floats_read((sv_str){exact, len}, &at, false, elements, 64);
        assert_true(at == 4 * n && at <= len);
        free(exact);
        free(text);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 16;
}

/* Any digits before and behind the point; SV_MANY_FLOATS says how many numbers. */
static void test_random(void **state)
{
    (void)state;
    const char *many = getenv("SV_MANY_FLOATS");
    uint64_t random = 1;
    for (long i = many ? atol(many) : 100000; i > 0; i--) {
        char list[128], digits[32], *end;
        float single[8];
        double got[8];
        size_t at;
        uint64_t shape = next_random(&random);
        int n_whole = (int)(shape % 7), n_behind = (int)(shape / 7 % 19);
        uint64_t whole = next_random(&random) % 10000000;
        uint64_t behind = next_random(&random) * 0x9e3779b97f4a7c15u;
        for (int k = n_whole; k < 7; k++)
            whole /= 10;
        snprintf(digits, sizeof digits, "%020llu", (unsigned long long)behind);
        snprintf(list, sizeof list, "%s%llu%s%.*s,1", shape >> 20 & 1 ? "-" : "",
                 (unsigned long long)whole, n_behind ? "." : "", n_behind, digits + 1);
        double wanted = strtod(list, &end);
        float wanted_single = (float)wanted;
        if (!read_list(list, false, got, &at)) {
            assert_true(n_behind + n_whole > 11 || !strncmp(list, "-0,", 3));
            continue;
        }
        assert_true(read_list(list, true, single, &at) == 1);
        if (memcmp(got, &wanted, sizeof wanted) || memcmp(single, &wanted_single, sizeof *single) ||
            list[at - 1] != ',' || list + at - 1 != end)
            fail_msg("%s: %.17g", list, got[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_what_follows),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
