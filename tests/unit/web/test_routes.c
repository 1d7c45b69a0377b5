/* Routers in routers and mounts: what rows inherit, and which mistakes stop the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

#include "web/service.h"

struct item {
    int64_t id;
};
SV_SCHEMA(item, SV_FIELD(item, id));

static const sv_error_kind no_item = {"NO_ITEM", 404, "No such item"};
static const sv_error_kind no_key = {"NO_KEY", 401, "No key"};

SV_DEPENDENCY(key, int, key_open, key_close);
static sv_status key_open(sv_call *call, int *ret)
{
    *ret = 1;
    return sv_request_header(call, "x-key").ptr ? SV_OK : sv_fail(call, &no_key, "no key");
}
static void key_close(sv_call *call, int *value)
{
    (void)call, (void)value;
}

SV_HANDLER_PARAMS(get_item, item, sv_none, item);
static sv_status get_item(sv_call *call, const struct item *params, const struct sv_none *in,
                          struct item *out)
{
    (void)call, (void)in;
    *out = *params;
    return SV_OK;
}
SV_HANDLER(ping, sv_none, sv_none);
static sv_status ping(sv_call *call, const struct sv_none *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}

#define ERRORS(...)                                                                                \
    (const sv_error_kind *const[])                                                                 \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const sv_operation item_rows[] = {{"GET", "/{id}", &get_item_handler, .tags = "one"}, {0}};
static const sv_api_router items = {
    .prefix = "/items", .tags = "items", .operations = item_rows, .errors = ERRORS(&no_item)};
static const sv_operation ping_rows[] = {{"GET", "/ping", &ping_handler}, {0}};
static const sv_api_router secret = {.prefix = "/secret", .operations = ping_rows, .hidden = true};
static const sv_api_router api = {.prefix = "/api/v1",
                                  .tags = "api",
                                  .operations = ping_rows,
                                  .needs = (const sv_dependency *const[]){&key_dependency, NULL},
                                  .inner = (const sv_api_router *const[]){&items, &secret, NULL}};
static const sv_app admin = {.title = "Admin", .version = "9", .operations = item_rows};
static const sv_mount mounts[] = {{.prefix = "/admin", .app = &admin}, {0}};
static const sv_app app = {.title = "Root",
                           .operations = ping_rows,
                           .routers = (const sv_api_router *const[]){&api, NULL},
                           .mounts = mounts};

static sv_reply ask(sv_client *client, const char *path)
{
    return sv_test_request(client, "GET", path, "X-Key: a\r\n", SV_STR(""));
}

static void test_prefixes_and_needs(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&app);
    lab_expect(sv_test_get(client, "/ping"), 200, NULL);
    lab_expect(sv_test_get(client, "/api/v1/ping"), 401, "NO_KEY");
    lab_expect(ask(client, "/api/v1/ping"), 200, NULL);
    lab_expect(ask(client, "/api/v1/items/7"), 200, "{\"id\":7}");
    lab_expect(sv_test_get(client, "/api/v1/secret/ping"), 401, "NO_KEY");
    lab_expect(sv_test_get(client, "/items/7"), 404, "NOT_FOUND");
    lab_expect(sv_test_get(client, "/admin/7"), 200, "{\"id\":7}");
    sv_test_free(client);
}

static void test_what_the_documents_say(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&app);
    sv_str root = sv_test_get(client, "/openapi.json").body;
    assert_true(lab_contains(root, "\"/api/v1/items/{id}\":{\"get\":{\"tags\":[\"api\",\"items\","
                                   "\"one\"],\"summary\":\"Get Item\",\"operationId\":\"get_item_"
                                   "api_v1_items__id__get\""));
    assert_true(lab_contains(root, "No such item"));
    assert_false(lab_contains(root, "/secret/"));
    assert_false(lab_contains(root, "/admin"));
    sv_str inner = sv_test_get(client, "/admin/openapi.json").body;
    assert_true(lab_contains(inner, "\"title\":\"Admin\",\"version\":\"9\""));
    assert_true(lab_contains(inner, "\"servers\":[{\"url\":\"/admin\"}]"));
    assert_true(lab_contains(inner, "\"paths\":{\"/{id}\":"));
    lab_expect(sv_test_get(client, "/admin/docs"), 200, "<html");
    sv_test_free(client);
}

static void expect_mistakes(const sv_app *wrong, const char *const *wanted)
{
    sv_service_config config = {.application = {.app = wrong}, .limits = sv_http_limits_default};
    sv_service *service = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1 << 20);
    assert_int_equal(sv_service_new(&config, &problems, &service), SV_INVALID);
    for (; *wanted; wanted++)
        if (!lab_contains(sv_buf_str(&problems), *wanted))
            fail_msg("not told: %s in\n%.*s", *wanted, SV_STR_ARG(sv_buf_str(&problems)));
    sv_buf_deinit(&problems);
}

static const sv_state once = {.name = "once", .size = 1};
static const sv_api_router loop;
static const sv_api_router *const in_loop[] = {&loop, NULL};
static const sv_api_router loop = {.prefix = "/l", .inner = in_loop};

static void test_all_mistakes_are_listed(void **state)
{
    (void)state;
    static const sv_operation twice[] = {{"GET", "/a", &ping_handler},
                                         {"GET", "/a", &ping_handler},
                                         {"GET", "b", &ping_handler},
                                         {0}};
    static const sv_api_router bad_prefix = {.prefix = "api/", .operations = ping_rows};
    static const sv_api_router twice_router = {.prefix = "/x", .operations = twice};
    static const sv_mount bad_mounts[] = {{.prefix = "/m/", .folder = "."}, {.prefix = "/n"}, {0}};
    const sv_app wrong = {
        .operations = ping_rows,
        .states = (const sv_state *const[]){&once, &once, NULL},
        .routers = (const sv_api_router *const[]){&bad_prefix, &twice_router, &loop, NULL},
        .mounts = bad_mounts};
    expect_mistakes(&wrong,
                    (const char *const[]){
                        "state once is listed twice", "router api/: a prefix starts with a slash",
                        "GET /x/a: ", "GET /xb: ", "router /l: routers stand in routers too deeply",
                        "mount /m/: ", "mount /n: ", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes_and_needs),
        cmocka_unit_test(test_what_the_documents_say),
        cmocka_unit_test(test_all_mistakes_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
