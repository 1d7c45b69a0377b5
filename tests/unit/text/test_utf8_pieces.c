/* Bytes in pieces become whole characters, the same however they are cut. */
#include "text/utf8_pieces.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "failing_malloc.h"

#define BAD "\xef\xbf\xbd"

/* Expected: what the decoders of Python and of browsers make of it. */
static const struct {
    sv_str bytes, text;
} cases[] = {
    {SV_STR_INIT(""), SV_STR_INIT("")},
    {SV_STR_INIT("plain\n\x7f"), SV_STR_INIT("plain\n\x7f")},
    {SV_STR_INIT("a\0b"), SV_STR_INIT("a\0b")},
    {SV_STR_INIT("\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80!"),
     SV_STR_INIT("\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80!")},
    {SV_STR_INIT("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\xe0\xa0\x80\xf0\x90\x80\x80\xc2\x80"),
     SV_STR_INIT("\xf4\x8f\xbf\xbf\xee\x80\x80\xed\x9f\xbf\xe0\xa0\x80\xf0\x90\x80\x80\xc2\x80")},
    {SV_STR_INIT("\x80\xbf"), SV_STR_INIT(BAD BAD)},
    {SV_STR_INIT("\xc0\xaf\xc1\xbf"), SV_STR_INIT(BAD BAD BAD BAD)},
    {SV_STR_INIT("\xe0\x80\xaf"), SV_STR_INIT(BAD BAD BAD)},
    {SV_STR_INIT("\xf0\x80\x80\xaf"), SV_STR_INIT(BAD BAD BAD BAD)},
    {SV_STR_INIT("\xed\xa0\x80\xed\xb0\x80"), SV_STR_INIT(BAD BAD BAD BAD BAD BAD)},
    {SV_STR_INIT("\xf4\x90\x80\x80"), SV_STR_INIT(BAD BAD BAD BAD)},
    {SV_STR_INIT("\xf5\xf8\xfe\xff"), SV_STR_INIT(BAD BAD BAD BAD)},
    {SV_STR_INIT("\xe6\x9d"
                 "A"),
     SV_STR_INIT(BAD "A")},
    {SV_STR_INIT("\xf0\x9f\x98\xc3\xa9"), SV_STR_INIT(BAD "\xc3\xa9")},
    {SV_STR_INIT("\xf0\x9f\xf0\x9f\x98\x80"), SV_STR_INIT(BAD "\xf0\x9f\x98\x80")},
    {SV_STR_INIT("\xc3\xc3\xa9"), SV_STR_INIT(BAD "\xc3\xa9")},
    {SV_STR_INIT("x\xe2\x82"), SV_STR_INIT("x" BAD)},
    {SV_STR_INIT("x\xf0\x9f\x98"), SV_STR_INIT("x" BAD)},
    {SV_STR_INIT("x\xc3"), SV_STR_INIT("x" BAD)},
};

/* Cut behind byte i wherever bit i of `cuts` is set. */
static void add_in_pieces(sv_str bytes, uint32_t cuts, sv_buf *out)
{
    sv_utf8_pieces pieces = {{0}, 0};
    size_t start = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        if (i + 1 < bytes.len && !(cuts >> i % 32 & 1))
            continue;
        sv_str piece = sv_str_slice(bytes, start, i + 1 - start);
        assert_int_equal(sv_utf8_pieces_add(&pieces, piece, out), SV_OK);
        assert_true(pieces.n_held <= 3);
        assert_true(sv_str_is_utf8(sv_buf_str(out)));
        start = i + 1;
    }
    assert_int_equal(sv_utf8_pieces_end(&pieces, out), SV_OK);
    assert_int_equal(pieces.n_held, 0);
}

static void gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = cases[i].bytes.len < 10 ? cases[i].bytes.len : 10;
        for (uint32_t cuts = 0; cuts < 1u << len; cuts++) {
            sv_buf out;
            sv_buf_init(&out, 1000);
            add_in_pieces(cases[i].bytes, cuts * 0x401, &out);
            assert_int_equal(out.len, cases[i].text.len);
            assert_true(sv_str_eq(sv_buf_str(&out), cases[i].text));
            sv_buf_deinit(&out);
        }
    }
}

static void sends_characters_as_soon_as_they_are_complete(void **state)
{
    static const char bytes[] = "a\xe6\x9d\xb1"
                                "b";
    static const size_t seen[] = {1, 1, 1, 4, 5};
    (void)state;
    sv_utf8_pieces pieces = {{0}, 0};
    sv_buf out;
    sv_buf_init(&out, 100);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(sv_utf8_pieces_add(&pieces, (sv_str){bytes + i, 1}, &out), SV_OK);
        assert_int_equal(out.len, seen[i]);
    }
    sv_buf_deinit(&out);
}

static void knows_every_character(void **state)
{
    (void)state;
    sv_utf8_pieces pieces = {{0}, 0};
    sv_buf out;
    sv_buf_init(&out, 100);
    for (uint32_t code = 0x80; code < 0x200000; code += code < 0x11000 ? 1 : 97) {
        char bytes[4] = {(char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 0x3f)),
                         (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f))};
        size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        bytes[4 - n] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | code >> 6 * (n - 1));
        sv_str text = {bytes + 4 - n, n};
        sv_buf_clear(&out);
        assert_int_equal(sv_utf8_pieces_add(&pieces, text, &out), SV_OK);
        assert_int_equal(sv_str_eq(sv_buf_str(&out), text), sv_str_is_utf8(text));
        assert_int_equal(pieces.n_held, 0);
    }
    sv_buf_deinit(&out);
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    sv_utf8_pieces pieces = {{0}, 0};
    sv_buf out;
    sv_buf_init(&out, 4);
    assert_int_equal(sv_utf8_pieces_add(&pieces, SV_STR("abc\xc3"), &out), SV_OK);
    assert_int_equal(sv_utf8_pieces_end(&pieces, &out), SV_TOO_LARGE);
    assert_int_equal(sv_utf8_pieces_add(&pieces, SV_STR("d"), &out), SV_TOO_LARGE);
    sv_buf_deinit(&out);
}

static bool try_to_add(void *arg)
{
    (void)arg;
    sv_utf8_pieces pieces = {{0}, 0};
    sv_buf out;
    sv_buf_init(&out, 100);
    bool done = !sv_utf8_pieces_add(&pieces, SV_STR("text \xff\xc3\xa9\xc3"), &out) &&
                !sv_utf8_pieces_end(&pieces, &out);
    sv_buf_deinit(&out);
    return done;
}

static void survives_failed_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_to_add, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_however_it_is_cut),
        cmocka_unit_test(sends_characters_as_soon_as_they_are_complete),
        cmocka_unit_test(knows_every_character),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
