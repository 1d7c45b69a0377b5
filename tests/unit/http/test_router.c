/* test_router.c: paths to routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/id.h"
#include "http/router.h"
#include "router_contest.h"

static const sv_route routes[] = {
    {.method = "GET", .path = "/"},
    {.method = "GET", .path = "/items"},
    {.method = "POST", .path = "/items"},
    {.method = "GET", .path = "/items/me"},
    {.method = "GET", .path = "/items/{id}"},
    {.method = "DELETE", .path = "/items/{id}"},
    {.method = "PUT", .path = "/items/{id}/parts/{part}"},
    {.method = "GET", .path = "/files/{path:path}"},
    {.method = "*", .path = "/any"},
    {.method = "GET", .path = "/slash/"},
};

static sv_router *make_router(void)
{
    sv_router *router = sv_router_new();
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        assert_int_equal(sv_router_add(router, &routes[i], NULL), SV_OK);
    return router;
}

static void test_find(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        sv_match match;
        const char *found; /* template, or what is allowed */
        const char *param;
    } rows[] = {
        {"GET", "/", SV_MATCH_FOUND, "/", NULL},
        {"GET", "/items", SV_MATCH_FOUND, "/items", NULL},
        {"HEAD", "/items", SV_MATCH_FOUND, "/items", NULL},
        {"GET", "/items/me", SV_MATCH_FOUND, "/items/me", NULL},
        {"GET", "/items/7", SV_MATCH_FOUND, "/items/{id}", "7"},
        {"DELETE", "/items/me", SV_MATCH_FOUND, "/items/{id}", "me"},
        {"PUT", "/items/1/parts/2", SV_MATCH_FOUND, "/items/{id}/parts/{part}", "1"},
        {"GET", "/files/a/b/c", SV_MATCH_FOUND, "/files/{path:path}", "a/b/c"},
        {"GET", "/files/", SV_MATCH_FOUND, "/files/{path:path}", ""},
        {"FETCH", "/any", SV_MATCH_FOUND, "/any", NULL},
        {"OPTIONS", "/any", SV_MATCH_FOUND, "/any", NULL},
        {"PUT", "/items", SV_MATCH_NO_METHOD, "GET, HEAD, POST, OPTIONS", NULL},
        {"OPTIONS", "/items/7", SV_MATCH_NO_METHOD, "GET, HEAD, DELETE, OPTIONS", NULL},
        {"HEAD", "/items/1/parts/2", SV_MATCH_NO_METHOD, "PUT, OPTIONS", NULL},
        {"GET", "/nothing", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "/item", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "/itemsx", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "/items//parts/2", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "//items", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "/items/7/8", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "*", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "", SV_MATCH_NO_PATH, NULL, NULL},
        {"GET", "/items/", SV_MATCH_SLASH, NULL, NULL},
        {"PATCH", "/items/7/", SV_MATCH_SLASH, NULL, NULL},
        {"GET", "/slash", SV_MATCH_SLASH, NULL, NULL},
        {"GET", "/files", SV_MATCH_SLASH, NULL, NULL},
    };
    sv_router *router = make_router();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_route_match match;
        sv_match got =
            sv_router_find(router, sv_str_from(rows[i].method), sv_str_from(rows[i].path), &match);
        if (got != rows[i].match)
            fail_msg("%s %s: %d", rows[i].method, rows[i].path, (int)got);
        if (got == SV_MATCH_FOUND)
            assert_string_equal(match.route->path, rows[i].found);
        if (got == SV_MATCH_NO_METHOD)
            assert_string_equal(match.allow, rows[i].found);
        if (rows[i].param)
            assert_true(sv_str_eq(match.params[0], sv_str_from(rows[i].param)));
    }
    sv_router_free(router);
}

static void test_bad_templates(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "items",
                                      "/{a",
                                      "/a}",
                                      "/{}",
                                      "/x{a}",
                                      "/{a}/{a}",
                                      "/{a:path}/b",
                                      "/{a:int}",
                                      "/{a}{b}",
                                      "/{{a}}",
                                      "/{a:path:path}",
                                      "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"};
    sv_router *router = sv_router_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sv_route route = {.method = "GET", .path = bad[i]};
        sv_error error = {0};
        if (sv_router_add(router, &route, &error) != SV_INVALID)
            fail_msg("%s is taken", bad[i]);
        assert_true(error.message[0]);
    }
    sv_router_free(router);
}

static void test_twice(void **state)
{
    (void)state;
    sv_router *router = make_router();
    sv_error error = {0};
    assert_int_equal(sv_router_add(router, &routes[1], &error), SV_INVALID);
    assert_non_null(strstr(error.message, "GET /items stands twice"));
    sv_router_free(router);
}

static void test_names(void **state)
{
    (void)state;
    sv_str names[SV_ROUTER_MAX_PARAMS];
    assert_int_equal(sv_router_param_names("/a/{b}/c/{d:path}", names), 2);
    assert_true(sv_str_eq(names[0], SV_STR("b")));
    assert_true(sv_str_eq(names[1], SV_STR("d")));
    assert_int_equal(sv_router_param_names("/", names), 0);
}

/* A template before a text wins over it, in every mixture of the two. */
static void test_order(void **state)
{
    (void)state;
    static const sv_route ordered[] = {
        {.method = "GET", .path = "/{a}/{b}"},    {.method = "GET", .path = "/x/y"},
        {.method = "POST", .path = "/x/{b}"},     {.method = "POST", .path = "/{a}/y"},
        {.method = "PUT", .path = "/x/{r:path}"}, {.method = "PUT", .path = "/x/y"},
        {.method = "*", .path = "/{a}/y"},
    };
    static const struct {
        const char *method;
        size_t found;
    } rows[] = {{"GET", 0}, {"HEAD", 0}, {"POST", 2}, {"PUT", 4}, {"DELETE", 6}};
    sv_router *router = sv_router_new();
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
        assert_int_equal(sv_router_add(router, &ordered[i], NULL), SV_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_route_match match;
        assert_int_equal(
            sv_router_find(router, sv_str_from(rows[i].method), SV_STR("/x/y"), &match),
            SV_MATCH_FOUND);
        assert_ptr_equal(match.route, &ordered[rows[i].found]);
    }
    sv_router_free(router);
}

static void test_many(void **state)
{
    (void)state;
    enum { N_ROUTES = 10000 };
    static char paths[N_ROUTES][32];
    static sv_route many[N_ROUTES];
    sv_router *router = sv_router_new();
    for (size_t i = 0; i < N_ROUTES; i++) {
        snprintf(paths[i], sizeof paths[i], i % 2 ? "/v1/r%zu/{id}" : "/v1/r%zu/all", i);
        many[i] = (sv_route){.method = "GET", .path = paths[i]};
        assert_int_equal(sv_router_add(router, &many[i], NULL), SV_OK);
    }
    for (size_t i = 0; i < N_ROUTES; i++) {
        char path[32];
        sv_route_match match;
        snprintf(path, sizeof path, "/v1/r%zu/all", i);
        assert_int_equal(sv_router_find(router, SV_STR("GET"), sv_str_from(path), &match),
                         SV_MATCH_FOUND);
        assert_ptr_equal(match.route, &many[i]);
        assert_int_equal(match.n_params, i % 2);
    }
    assert_int_equal(sv_router_add(router, &many[7], NULL), SV_INVALID);
    sv_router_free(router);
}

/* xorshift64: the bytes of a table and its paths follow from the seed. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* SV_SEED=n repeats a run. */
static void test_contest(void **state)
{
    (void)state;
    enum { N_TABLES = 2000 };
    uint8_t data[1024];
    const char *given = getenv("SV_SEED");
    uint64_t seed;
    sv_id_random(&seed, sizeof seed);
    seed = given ? strtoull(given, NULL, 0) : seed | 1; /* never 0 */
    for (size_t i = 0; i < N_TABLES; i++) {
        uint64_t start = seed;
        for (size_t at = 0; at < sizeof data; at++)
            data[at] = (uint8_t)(next_random(&seed) >> 32);
        const char *difference = router_contest_run(data, sizeof data);
        if (difference)
            fail_msg("%s; SV_SEED=%llu", difference, (unsigned long long)start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),    cmocka_unit_test(test_bad_templates),
        cmocka_unit_test(test_twice),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_many),
        cmocka_unit_test(test_contest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
