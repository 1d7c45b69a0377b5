/* test_ip.c: addresses as Python's ipaddress takes and prints them; the tables were recorded. */
#include <string.h>

#include "json_cases.h"
#include "json/ip.h"

typedef struct row {
    const char *text, *printed; /* NULL: refused */
} row;

static const row v4_rows[] = {
    {"1.2.3.4", "1.2.3.4"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"256.1.1.1", NULL},
    {"1.2.3", NULL},
    {"1.2.3.4.5", NULL},
    {"01.2.3.4", NULL},
    {"1.2.3.00", NULL},
    {"1.2.3.0", "1.2.3.0"},
    {" 1.2.3.4", NULL},
    {"1.2.3.4 ", NULL},
    {"1.2.3.4/8", NULL},
    {"", NULL},
    {"0x1.2.3.4", NULL},
    {"1..2.3", NULL},
    {"1.2.3.", NULL},
    {"+1.2.3.4", NULL},
    {"1.2.3.\331\244", NULL},
    {"1.2.3.0004", NULL},
    {"1.2.3.4\012", NULL},
    {"1", NULL},
};

static const row v6_rows[] = {
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1:2:3:4::5:6:7:8", NULL},
    {"1:2:3:4:5:6:7", NULL},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:0db8::0001", "2001:db8::1"},
    {"::ffff:1.2.3.4", "::ffff:102:304"},
    {"::1.2.3.4", "::102:304"},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    {"1:2:3:4:5:6:7:1.2.3.4", NULL},
    {"::1.2.3.04", NULL},
    {"1.2.3.4::", NULL},
    {"fe80::1%eth0", "fe80::1%eth0"},
    {"fe80::1%", NULL},
    {"fe80::1%a%b", NULL},
    {"fe80::1%a/b", NULL},
    {"::1/64", NULL},
    {"12345::", NULL},
    {"::g", NULL},
    {":1:2:3:4:5:6:7", NULL},
    {":::", NULL},
    {"1::2::3", NULL},
    {"::1:", NULL},
    {"", NULL},
    {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"1.2.3.4", NULL},
    {"[::1]", NULL},
    {" ::1", NULL},
    {"0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1"},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"fe80::1%\303\251", "fe80::1%\303\251"},
    {"1:::2", NULL},
    {":1", NULL},
    {"1:", NULL},
    {"::%1", "::%1"},
};

static sv_str print_v4(sv_arena *arena, const char *text)
{
    uint8_t bytes[SV_IP_V4_SIZE];
    char printed[SV_IP_V4_TEXT];
    if (!sv_ip_v4_parse(sv_str_from(text), bytes))
        return SV_STR("refused");
    return sv_arena_copy(arena, (sv_str){printed, sv_ip_v4_format(bytes, printed)});
}

static sv_str print_v6(sv_arena *arena, const char *text)
{
    uint8_t bytes[SV_IP_V6_SIZE];
    char printed[SV_IP_V6_TEXT];
    sv_str scope;
    if (!sv_ip_v6_parse(sv_str_from(text), bytes, &scope))
        return SV_STR("refused");
    int n = (int)sv_ip_v6_format(bytes, printed);
    return sv_arena_printf(arena, "%.*s%s%.*s", n, printed, scope.len ? "%" : "",
                           SV_STR_ARG(scope));
}

static void check_rows(const row *rows, size_t n, sv_str (*print)(sv_arena *, const char *))
{
    sv_arena *arena = sv_arena_new(0);
    size_t n_wrong = 0;
    for (size_t i = 0; i < n; i++) {
        sv_str expected = sv_str_from(rows[i].printed ? rows[i].printed : "refused");
        n_wrong += !cases_same(sv_str_from(rows[i].text), expected, print(arena, rows[i].text));
    }
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}

static void test_v4(void **state)
{
    (void)state;
    check_rows(v4_rows, sizeof v4_rows / sizeof *v4_rows, print_v4);
}

static void test_v6(void **state)
{
    (void)state;
    check_rows(v6_rows, sizeof v6_rows / sizeof *v6_rows, print_v6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_v4), cmocka_unit_test(test_v6)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
