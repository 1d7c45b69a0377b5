/* test_email_chars.c: how reasons name characters. */
#include <string.h>

#include "json_cases.h"
#include "json/email_chars.h"

typedef struct row {
    const char *text;
    sv_email_part part;
    const char *names;
} row;

static const row rows[] = {
    {"a.b!#$%&'*+-/=?^_`{|}~Z9", SV_EMAIL_LOCAL, ""},
    {"b(a)(\t \\\"\177", SV_EMAIL_LOCAL, "\"\\\", '\"', '(', ')', SPACE, U+0009, U+007F"},
    {"\303\251", SV_EMAIL_LOCAL, ""},
    {"a \"(\001", SV_EMAIL_QUOTED, "U+0001"},
    {"a-b.C9\303\251", SV_EMAIL_DOMAIN, ""},
    {"a_b'", SV_EMAIL_DOMAIN, "\"'\", '_'"},
    {"a b.c\303\251", SV_EMAIL_DISPLAY_NAME, "'.', '\303\251'"},
};

static void check(void (*append)(sv_buf *out, const row *now), const row *now, const char *names)
{
    sv_buf out;
    sv_buf_init(&out, 1 << 10);
    append(&out, now);
    assert_true(cases_same(sv_str_from(now->text), sv_str_from(names), sv_buf_str(&out)));
    sv_buf_deinit(&out);
}

static void append_bad(sv_buf *out, const row *now)
{
    sv_email_chars_append_bad(out, sv_str_from(now->text), now->part);
}

static void append_unsafe(sv_buf *out, const row *now)
{
    sv_email_chars_append_unsafe(out, sv_str_from(now->text), false);
}

static void append_all(sv_buf *out, const row *now)
{
    sv_email_chars_append_all(out, sv_str_from(now->text));
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(append_bad, &rows[i], rows[i].names);
}

static void test_unsafe(void **state)
{
    (void)state;
    static const row unsafe[] = {
        {"\303\251 \360\237\230\200", 0, ""},
        {"a\302\200\302\240\356\200\200", 0, "U+0080, NO-BREAK SPACE, U+E000"},
        {"\314\201a\314\201", 0, "COMBINING ACUTE ACCENT"},
        {"\314\200", 0, "U+0300"},
    };
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        check(append_unsafe, &unsafe[i], unsafe[i].names);
    sv_buf out;
    sv_buf_init(&out, 64);
    sv_email_chars_append_unsafe(&out, SV_STR("a\302\240b"), true);
    assert_int_equal(out.len, 0);
    sv_buf_deinit(&out);
}

static void test_all(void **state)
{
    (void)state;
    static const row all = {" b\303\251", 0, ""};
    check(append_all, &all, "SPACE, 'b', '\303\251'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_unsafe),
        cmocka_unit_test(test_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
