/* test_mw_request_id.c: which ids are taken from the client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/mw_request_id.h"

static sv_str assign(sv_arena *arena, sv_str given)
{
    sv_http_header header = {SV_STR("X-Request-Id"), given};
    sv_exchange exchange = {.headers = &header, .n_headers = given.ptr != NULL, .arena = arena};
    sv_mw_request_id_assign(&exchange);
    return exchange.request_id;
}

static void test_taken(void **state)
{
    (void)state;
    static char long_id[128];
    memset(long_id, 'x', sizeof long_id);
    sv_arena *arena = sv_arena_new(0);
    assert_true(sv_str_eq(assign(arena, SV_STR("aZ09._:/+=@-")), SV_STR("aZ09._:/+=@-")));
    assert_int_equal(assign(arena, (sv_str){long_id, 128}).len, 128);
    sv_arena_free(arena);
}

static void test_made(void **state)
{
    (void)state;
    static char long_id[129];
    memset(long_id, 'x', sizeof long_id);
    const sv_str refused[] = {{0},           SV_STR(""),         SV_STR("a b"),  SV_STR("a\"b"),
                              SV_STR("a,b"), SV_STR("\xC3\xA9"), SV_STR("a\0b"), {long_id, 129}};
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sv_str made = assign(arena, refused[i]);
        assert_int_equal(made.len, 36);
        assert_int_equal(made.ptr[14], '4');
    }
    assert_false(sv_str_eq(assign(arena, (sv_str){0}), assign(arena, (sv_str){0})));
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken), cmocka_unit_test(test_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
