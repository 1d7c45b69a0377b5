/* test_route_limit.c: limits as rows and settings say them: what is refused at start, what the
 * in-process client then gets, and what OpenAPI tells of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <serval/test.h>

#include "failing_malloc.h"
#include "web/route_limit.h"
#include "web/service.h"
#include "web/test_client.h"

SV_HANDLER_RAW(say_hello);
static sv_status say_hello(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR("hello"));
}

static const sv_operation rows[] = {
    {"GET", "/limited", &say_hello_handler, .run_inline = true, .rate_limit = "2/hour"},
    {"GET", "/items/{id}", &say_hello_handler, .run_inline = true, .rate_limit = "1/day"},
    {"GET", "/open", &say_hello_handler, .run_inline = true},
    {"GET", "/probe", &say_hello_handler, .run_inline = true, .rate_exempt = true},
    {0}};

static int get(sv_client *client, const char *path)
{
    return sv_test_get(client, path).status;
}

static void test_rows(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&(sv_app){.operations = rows});
    assert_non_null(client);
    sv_reply reply = sv_test_get(client, "/limited");
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "X-RateLimit-Limit"), SV_STR("2")));
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "X-RateLimit-Remaining"), SV_STR("1")));
    assert_int_equal(get(client, "/limited"), 200);
    reply = sv_test_get(client, "/limited");
    assert_int_equal(reply.status, 429);
    assert_non_null(sv_reply_header_value(&reply, "Retry-After").ptr);
    assert_int_equal(get(client, "/items/1"), 200);
    assert_int_equal(get(client, "/items/2"), 429); /* the route counts, not the path */
    reply = sv_test_get(client, "/open");
    assert_null(sv_reply_header_value(&reply, "X-RateLimit-Limit").ptr);
    reply = sv_test_get(client, "/openapi.json");
    assert_non_null(strstr(reply.body.ptr, "\"429\""));
    assert_null(strstr(strstr(reply.body.ptr, "\"/open\""), "\"429\""));
    sv_test_free(client);
}

/* A router's limit is each of its rows' own, unless the row has one itself. */
static void test_routers(void **state)
{
    (void)state;
    static const sv_operation inside[] = {
        {"GET", "/a", &say_hello_handler, .run_inline = true},
        {"GET", "/b", &say_hello_handler, .run_inline = true},
        {"GET", "/c", &say_hello_handler, .run_inline = true, .rate_limit = "2/hour"},
        {0}};
    static const sv_api_router router = {
        .prefix = "/in", .operations = inside, .rate_limit = "1/hour"};
    static const sv_api_router *const routers[] = {&router, NULL};
    static const struct {
        const char *path;
        int status;
    } steps[] = {{"/in/a", 200}, {"/in/a", 429}, {"/in/b", 200}, {"/in/b", 429},
                 {"/in/c", 200}, {"/in/c", 200}, {"/in/c", 429}, {"/open", 200}};
    sv_client *client = sv_test_client(&(sv_app){.operations = rows, .routers = routers});
    assert_non_null(client);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        assert_int_equal(get(client, steps[i].path), steps[i].status);
    sv_test_free(client);
}

typedef struct limit_plan {
    sv_operation rows[2];
    sv_route_limit limits[2];
    size_t n_limits;
    const char *overall;
} limit_plan;

static sv_status make(const limit_plan *plan, sv_buf *problems, sv_service **ret_service)
{
    const sv_operation *tables[] = {plan->rows};
    sv_service_config config = {.application = {.tables = tables,
                                                .n_tables = 1,
                                                .rate_limits = plan->limits,
                                                .n_rate_limits = plan->n_limits},
                                .limits = sv_http_limits_default,
                                .rate_limit = plan->overall};
    return sv_service_new(&config, problems, ret_service);
}

#define ROW {"GET", "/items", &say_hello_handler, .run_inline = true, .rate_limit = "1/hour"}

/* Which request is the first to be refused; 0: none of five. */
static int first_refused(const limit_plan *plan)
{
    sv_buf problems;
    sv_service *service;
    int refused = 0;
    sv_buf_init(&problems, 4096);
    assert_int_equal(make(plan, &problems, &service), SV_OK);
    sv_client *client = sv_test_client_of(service);
    assert_non_null(client);
    for (int i = 1; i <= 5 && !refused; i++)
        refused = get(client, "/items") == 429 ? i : 0;
    sv_test_free(client);
    sv_service_free(service);
    return refused;
}

static void test_settings(void **state)
{
    (void)state;
    static const struct {
        limit_plan plan;
        int first_refused;
    } cases[] = {
        {{{ROW}}, 2},
        {{{ROW}, {{"GET /items", "3/hour"}}, 1}, 4},
        {{{ROW}, {{"  GET  /items ", "3/hour"}}, 1}, 4},
        {{{ROW}, {{"GET /items", "none"}}, 1}, 0},
        {{{ROW}, {{"GET /items", "none"}}, 1, "2/day;100/year"}, 3},
        {{{ROW}, .overall = "2/day"}, 2},
        {{{ROW}, .overall = "none"}, 2},
        {{{ROW}, .overall = ""}, 2},
        {{{ROW}, {{"GET /items", "2/hour"}, {"GET /items", "3/hour"}}, 2}, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (first_refused(&cases[i].plan) != cases[i].first_refused)
            fail_msg("case %zu: not at request %d", i, cases[i].first_refused);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        limit_plan plan;
        const char *says;
    } cases[] = {
        {{{{"GET", "/a", &say_hello_handler, .rate_limit = "10/fortnight"}}},
         "GET /a: rate_limit: '10/fortnight': unknown unit 'fortnight'; allowed are second,"},
        {{{ROW}, .overall = "ten/minute"},
         "rate_limit: 'ten/minute': the count must be a whole number from 1 to 1000000000;"},
        {{{ROW}, {{"GET /items", "1/min"}}, 1},
         "rate_limits: GET /items: '1/min': unknown unit 'min', did you mean 'minute'?"},
        {{{ROW}, {{"GET /itmes", "1/minute"}}, 1},
         "rate_limits: there is no operation 'GET /itmes'; did you mean 'GET /items'?"},
        {{{ROW}, {{"POST /items", "1/minute"}}, 1},
         "rate_limits: there is no operation 'POST /items'; did you mean 'GET /items'?"},
        {{{ROW}, {{"/completely/different/paths", "1/minute"}}, 1},
         "expected a method and a path, e.g. 'POST /api/v1/predict'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_buf problems;
        sv_service *service;
        sv_buf_init(&problems, 4096);
        assert_int_equal(make(&cases[i].plan, &problems, &service), SV_INVALID);
        sv_buf_append_byte(&problems, '\0');
        if (!strstr(problems.ptr, cases[i].says))
            fail_msg("%s", problems.ptr);
        sv_buf_deinit(&problems);
    }
}

static void test_exempt(void **state)
{
    (void)state;
    const sv_operation *tables[] = {rows};
    sv_service_config config = {.application = {.tables = tables, .n_tables = 1},
                                .limits = sv_http_limits_default,
                                .rate_limit = "1/day"};
    sv_buf problems;
    sv_service *service;
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_service_new(&config, &problems, &service), SV_OK);
    sv_client *client = sv_test_client_of(service);
    assert_non_null(client);
    assert_int_equal(get(client, "/probe"), 200);
    assert_int_equal(get(client, "/open"), 200);
    assert_int_equal(get(client, "/open"), 429);
    assert_int_equal(get(client, "/nowhere"), 429);
    assert_int_equal(get(client, "/probe"), 200);
    sv_test_free(client);
    sv_service_free(service);
}

static bool start_and_stop(void *arg)
{
    const limit_plan plan = {{ROW}, {{"GET /items", "3/hour"}}, 1, "1/day"};
    sv_buf problems;
    sv_service *service = NULL;
    (void)arg;
    sv_buf_init(&problems, 4096);
    sv_status status = make(&plan, &problems, &service);
    sv_service_free(service);
    sv_buf_deinit(&problems);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(start_and_stop, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_routers),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_exempt),   cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
