/* Tables bound to a router: what is kept, how many may be, and that no allocation that fails is
 * missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "guide_app.h"
#include "web/application.h"

SV_HANDLER_RAW(nothing);
static sv_status nothing(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}

static sv_buf problems;

static int set_up(void **state)
{
    (void)state;
    sv_buf_init(&problems, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&problems);
    return 0;
}

static sv_application_config make_config(const sv_operation *const *tables, size_t n, bool pages)
{
    return (sv_application_config){.title = "T", .tables = tables, .n_tables = n, .pages = pages};
}

static void test_what_is_kept(void **state)
{
    (void)state;
    const sv_operation *tables[] = {guide_app.operations};
    int own_state = 7;
    sv_application *application = NULL;
    sv_application_config config = make_config(tables, 1, false);
    size_t n;
    config.state = &own_state;
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_OK);
    assert_int_equal(problems.len, 0);
    assert_ptr_equal(sv_application_state(application), &own_state);
    assert_non_null(sv_application_router(application));
    const sv_bound_operation *bound = sv_application_operations(application, &n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(bound[i].row, &guide_app.operations[i]);
        assert_ptr_equal(bound[i].application, application);
        assert_ptr_equal(bound[i].route.data, &bound[i]);
    }
    assert_null(guide_app.operations[n].method);
    sv_str openapi = sv_application_openapi(application);
    assert_non_null(memmem(openapi.ptr, openapi.len, "\"/items/{item_id}\"", 18));
    sv_application_free(application);
    sv_application_free(NULL);
}

static void test_tables_come_together(void **state)
{
    (void)state;
    static const sv_operation first[] = {{"GET", "/a", &nothing_handler}, {0}};
    static const sv_operation second[] = {{"GET", "/b", &nothing_handler}, {0}};
    static const sv_operation again[] = {{"GET", "/a", &nothing_handler}, {0}};
    static const sv_operation empty[] = {{0}};
    const sv_operation *good[] = {first, empty, second}, *bad[] = {first, again};
    sv_application *application = NULL;
    sv_application_config config = make_config(good, 3, false);
    size_t n;
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_OK);
    (void)sv_application_operations(application, &n);
    assert_int_equal(n, 2);
    sv_application_free(application);
    config = make_config(bad, 2, false);
    application = NULL;
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_INVALID);
    assert_null(application);
    assert_true(sv_str_starts_with(sv_buf_str(&problems), SV_STR("GET /a: ")));
}

static void test_no_more_than_the_limit(void **state)
{
    (void)state;
    static sv_operation rows[SV_APPLICATION_MAX_OPERATIONS + 2];
    const sv_operation *tables[] = {rows};
    sv_application *application = NULL;
    for (int i = 0; i <= SV_APPLICATION_MAX_OPERATIONS; i++)
        rows[i] = (sv_operation){"GET", "/a", &nothing_handler};
    sv_application_config config = make_config(tables, 1, false);
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_TOO_LARGE);
    assert_true(
        sv_str_eq(sv_buf_str(&problems), SV_STR("10001 operations; at most 10000 are allowed\n")));
}

static void test_a_catch_all_leaves_the_pages(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"GET", "/{rest:path}", &nothing_handler}, {0}};
    static const sv_app with = {.operations = rows},
                        without = {.operations = rows, .no_pages = true};
    for (int i = 0; i < 2; i++) {
        sv_client *client = sv_test_client(i ? &without : &with);
        assert_non_null(client);
        sv_reply reply = sv_test_get(client, "/openapi.json");
        assert_int_equal(reply.status, 200);
        assert_int_equal(reply.body.len > 0, i == 0);
        sv_test_free(client);
    }
}

/* All mistakes are told, of whatever kind. */
static void test_every_mistake_is_told(void **state)
{
    (void)state;
    static const sv_security nameless = {.kind = SV_SECURITY_BEARER},
                             bare = {"key", SV_SECURITY_API_KEY_HEADER, NULL, NULL};
    static const sv_security *const schemes[] = {&nameless, &bare, NULL};
    static const sv_operation rows[] = {
        {"GET", "/a", &nothing_handler, .rate_limit = "often"}, {"GET", "b", &nothing_handler},
        {"GET", "/c", &nothing_handler, .rate_limit = "1/eon"}, {"GET", "/d?e", &nothing_handler},
        {"GET", "/s", &nothing_handler, .security = schemes},   {0}};
    static const sv_mount mounts[] = {
        {.folder = "/srv"}, {.prefix = "/x"}, {.prefix = "/y", .folder = "/nowhere/at/all"}, {0}};
    static const sv_app app = {.operations = rows, .mounts = mounts};
    sv_application *application = NULL;
    sv_application_config config = make_config(NULL, 0, false);
    config.app = &app;
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_INVALID);
    static const char *const wanted[] = {"GET /a: rate_limit",
                                         "GET b: ",
                                         "GET /c: rate_limit",
                                         "GET /d?e: the path has",
                                         "GET /s: a security scheme needs",
                                         "needs `parameter`: key",
                                         "mount (no prefix): ",
                                         "mount /x: ",
                                         "mount /y: there is no folder"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_non_null(strstr(problems.ptr, wanted[i]));
}

static const sv_app ouroboros;
static const sv_mount tails[] = {{"/a", &ouroboros, NULL}, {"/b", &ouroboros, NULL}, {0}};
static const sv_app ouroboros = {.no_pages = true, .mounts = tails};

static void test_an_application_mounted_in_itself(void **state)
{
    (void)state;
    sv_application *application = NULL;
    sv_application_config config = make_config(NULL, 0, false);
    config.app = &ouroboros;
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_TOO_LARGE);
    assert_true(sv_str_starts_with(sv_buf_str(&problems), SV_STR("too many mounts")));
}

static bool make_application(void *arg)
{
    sv_application *application = NULL;
    sv_buf text;
    sv_buf_init(&text, 1 << 20);
    sv_status status = sv_application_new(arg, &text, &application);
    if (status)
        assert_null(application);
    sv_application_free(application);
    sv_buf_deinit(&text);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    const sv_operation *tables[] = {guide_app.operations};
    sv_application_config config = make_config(tables, 1, true);
    assert_true(failing_malloc_try_each(make_application, &config) >= 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_kept),
        TEST(test_tables_come_together),
        TEST(test_no_more_than_the_limit),
        TEST(test_a_catch_all_leaves_the_pages),
        TEST(test_every_mistake_is_told),
        TEST(test_an_application_mounted_in_itself),
        TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
