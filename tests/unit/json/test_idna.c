/* test_idna.c: hosts of other scripts; the table was recorded from pydantic's URLs. */
#include <stdlib.h>
#include <string.h>

#include "../failing_malloc.h"
#include "json_cases.h"
#include "json/idna.h"

enum { LIMIT = 1 << 16 };

typedef struct row {
    const char *host, *ascii; /* NULL: refused */
} row;

static const row rows[] = {
    {"example.com", "example.com"},
    {"EXAMPLE.Com", "example.com"},
    {"b\303\274cher.de", "xn--bcher-kva.de"},
    {"B\303\234CHER.de", "xn--bcher-kva.de"},
    {"\344\273\226\344\273\254\344\270\272\344\273\200\344\271\210\344\270\215\350\257\264\344\270"
     "\255\346\226\207",
     "xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"Pro\304\215prost\304\233nemluv\303\255\304\215esky", "xn--proprostnemluvesky-uyb24dma41a"},
    {"\320\277\320\276\321\207\320\265\320\274\321\203\320\266\320\265\320\276\320\275\320\270\320"
     "\275\320\265\320\263\320\276\320\262\320\276\321\200\321\217\321\202\320\277\320\276\321\200"
     "\321\203\321\201\321\201\320\272\320\270",
     "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l"},
    {"\343\201\252\343\201\234\343\201\277\343\202\223\343\201\252\346\227\245\346\234\254\350\252"
     "\236\343\202\222\350\251\261\343\201\227\343\201\246\343\201\217\343\202\214\343\201\252\343"
     "\201\204\343\201\256\343\201\213",
     "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"},
    {"3\345\271\264b\347\265\204\351\207\221\345\205\253\345\205\210\347\224\237",
     "xn--3b-ww4c5e180e575a65lsy2b"},
    {"T\341\272\241isaoh\341\273\215kh\303\264ngth\341\273\203ch\341\273\211n\303\263iti\341\272"
     "\277ngVi\341\273\207t",
     "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g"},
    {"\316\261\316\262.\316\263\316\264", "xn--mxac.xn--oxac"},
    {"a\343\200\202b\357\274\216c", "a.b.c"},
    {"stra\303\237e.de", "xn--strae-oqa.de"},
    {"\360\237\230\200.la", "xn--e28h.la"},
    {"xn--bcher-kva.de", "xn--bcher-kva.de"},
    {"xn--abc", NULL},
    {"xn---tda", NULL},
    {"xn--", NULL},
    {"xn--a-", NULL},
    {"a\342\200\215b", NULL},
    {"\303\274.xxxxxxxxxx", "xn--tda.xxxxxxxxxx"},
    {"\357\274\267\357\274\267\357\274\267.a", "www.a"},
};

static void test_to_ascii(void **state)
{
    (void)state;
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf out;
        sv_buf_init(&out, LIMIT);
        sv_status status = sv_idna_to_ascii(sv_str_from(rows[i].host), &out);
        sv_str expected = sv_str_from(rows[i].ascii ? rows[i].ascii : "refused");
        sv_str actual = status ? SV_STR("refused") : sv_buf_str(&out);
        n_wrong += !cases_same(sv_str_from(rows[i].host), expected, actual);
        sv_buf_deinit(&out);
    }
    assert_int_equal(n_wrong, 0);
}

/* What was encoded says the same again. */
static void test_there_and_back(void **state)
{
    (void)state;
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf said, out;
        sv_str ascii = sv_str_from(rows[i].ascii);
        if (ascii.len == 0)
            continue;
        sv_buf_init(&said, LIMIT);
        sv_buf_init(&out, LIMIT);
        assert_int_equal(sv_idna_to_unicode(ascii, &said), SV_OK);
        assert_true(sv_str_is_utf8(sv_buf_str(&said)));
        assert_int_equal(sv_idna_to_ascii(sv_buf_str(&said), &out), SV_OK);
        n_wrong += !cases_same(ascii, ascii, sv_buf_str(&out));
        sv_buf_deinit(&said);
        sv_buf_deinit(&out);
    }
    assert_int_equal(n_wrong, 0);
}

/* What only tables of all of Unicode could map is refused, not mapped wrongly. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const hosts[] = {"e\314\201.fr", "\342\221\240", "\357\254\201.de",
                                        "\377",         "\304\262x.de", "\357\277\277"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        sv_buf out;
        sv_buf_init(&out, LIMIT);
        assert_int_equal(sv_idna_to_ascii(sv_str_from(hosts[i]), &out), SV_INVALID);
        sv_buf_deinit(&out);
    }
}

static bool encode_with_failures(void *host)
{
    sv_buf out;
    sv_buf_init(&out, LIMIT);
    sv_status status = sv_idna_to_ascii(sv_str_from(host), &out);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_buf_deinit(&out);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    char host[] = "b\303\274cher.xn--bcher-kva.de";
    assert_true(failing_malloc_try_each(encode_with_failures, host) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_ascii),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
