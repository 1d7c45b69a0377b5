/* Cookies: which are kept, which are sent, when they end. */
#include "client_lab.h"

#include "web/client_jar.h"

enum { NOW_S = 1000000000 }; /* 2001-09-09 01:46:40 */

typedef struct jar_case {
    const char *set[4]; /* one after another, in answers to `from` */
    const char *from, *to;
    const char *sent;
} jar_case;

static const jar_case cases[] = {
    {{"a=b"}, "/", "/x", "a=b"},
    {{"a=b", "c=d"}, "/", "/", "a=b; c=d"},
    {{"a=b", "a=c"}, "/", "/", "a=c"},
    {{" a = b ; Path=/"}, "/", "/", "a=b"},
    {{"a=b=c"}, "/", "/", "a=b=c"},
    {{"a="}, "/", "/", "a="},
    {{"=b", "c", ""}, "/", "/", ""},
    /* Paths. */
    {{"a=b; path=/x"}, "/", "/x?q", "a=b"},
    {{"a=b; path=/x"}, "/", "/x/y", "a=b"},
    {{"a=b; path=/x"}, "/", "/xy", ""},
    {{"a=b; path=/x/"}, "/", "/x/y", "a=b"},
    {{"a=b; path=/x/"}, "/", "/x", ""},
    {{"a=b"}, "/x/y?q/z", "/x/other", "a=b"},
    {{"a=b"}, "/x/y", "/", ""},
    {{"a=b; path=x"}, "/x/y", "/x/z", "a=b"},
    {{"a=1; path=/", "a=2; path=/x"}, "/", "/x", "a=2; a=1"},
    /* Ends. */
    {{"a=b; max-age=5"}, "/", "/", "a=b"},
    {{"a=b", "a=; Max-Age=0; path=/"}, "/", "/", ""},
    {{"a=b", "a=; Max-Age=-1"}, "/", "/", ""},
    {{"a=b; max-age=99999999999999999999999"}, "/", "/", "a=b"},
    {{"a=b; max-age=x"}, "/", "/", "a=b"},
    {{"a=b", "a=c; expires=Sun, 09 Sep 2001 01:46:39 GMT"}, "/", "/", ""},
    {{"a=b; expires=Sun, 09 Sep 2001 01:46:41 GMT"}, "/", "/", "a=b"},
    {{"a=b; expires=Sun, 09 Sep 2001 01:46:39 GMT; max-age=5"}, "/", "/", "a=b"},
    /* Not looked at. */
    {{"a=b; domain=example.org; secure; HttpOnly; SameSite=Strict"}, "/", "/", "a=b"},
};

static void test_what_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_client_jar jar = {.n = 0};
        sv_arena *arena = sv_arena_new(0);
        sv_buf out;
        sv_buf_init(&out, 1000);
        for (size_t k = 0; k < 4 && cases[i].set[k]; k++)
            sv_client_jar_obey(&jar, arena, sv_str_from(cases[i].set[k]),
                               sv_str_from(cases[i].from), NOW_S);
        sv_client_jar_write(&jar, sv_str_from(cases[i].to), NOW_S, &out);
        if (!sv_str_eq(sv_buf_str(&out), sv_str_from(cases[i].sent)))
            fail_msg("case %zu: \"%.*s\", not \"%s\"", i, SV_STR_ARG(sv_buf_str(&out)),
                     cases[i].sent);
        sv_buf_deinit(&out);
        sv_arena_free(arena);
    }
}

static void test_one_hundred(void **state)
{
    (void)state;
    sv_client_jar jar = {.n = 0};
    sv_arena *arena = sv_arena_new(0);
    for (int i = 0; i < 100; i++)
        assert_true(sv_client_jar_put(&jar, arena, sv_arena_printf(arena, "c%d", i), SV_STR("v")));
    assert_false(sv_client_jar_put(&jar, arena, SV_STR("one more"), SV_STR("v")));
    assert_true(sv_client_jar_put(&jar, arena, SV_STR("c7"), SV_STR("w")));
    assert_true(sv_str_eq(sv_client_jar_find(&jar, SV_STR("c7"), NOW_S), SV_STR("w")));
    sv_client_jar_remove(&jar, SV_STR("c7"));
    assert_null(sv_client_jar_find(&jar, SV_STR("c7"), NOW_S).ptr);
    assert_int_equal(jar.n, 99);
    sv_client_jar_remove(&jar, (sv_str){0});
    assert_int_equal(jar.n, 0);
    sv_arena_free(arena);
}

static void test_a_session(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_test_set_header(client, "X-Cookie", "session=s1; Max-Age=60; Path=/");
    sv_test_get(client, "/bake/");
    sv_test_set_header(client, "X-Cookie", NULL);
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/||||session=s1|");
    sv_test_advance(client, 61000);
    assert_null(sv_test_cookie(client, "session").ptr);
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/|||||");
    sv_test_set_cookie(client, "mine", "m");
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/||||mine=m|");
    client_lab_expect(sv_test_request(client, "GET", "/echo/", "Cookie: own=o\r\n", SV_STR("")),
                      200, "GET|/echo/||||own=o|");
    sv_test_set_cookie(client, "mine", NULL);
    assert_null(sv_test_cookie(client, "mine").ptr);
    sv_test_set_cookie(client, "a", "b");
    sv_test_clear_cookies(client);
    client_lab_expect(sv_test_get(client, "/echo/"), 200, "GET|/echo/|||||");
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_one_hundred),
        cmocka_unit_test(test_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
