/* One operation: names, parameters and where they come from, marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "openapi_lab.h"

struct paging {
    int64_t limit, offset;
    sv_opt_str x_trace;
};
SV_SCHEMA(paging, SV_FIELD(paging, limit, .default_json = "10", SV_LE(50)),
          SV_FIELD(paging, offset, .default_json = "0"),
          SV_FIELD(paging, x_trace, .in = SV_IN_HEADER, .default_json = "null"));
SV_DEPENDENCY_PARAMS(page, int, paging, page_open, page_close);
static sv_status page_open(sv_call *call, const struct paging *params, int *ret)
{
    (void)call, (void)params;
    *ret = 0;
    return SV_OK;
}
static void page_close(sv_call *call, int *value)
{
    (void)call, (void)value;
}

struct params {
    sv_str session, sort, id;
    int64_t limit;
    bool secret, old;
    sv_str x_token;
};
SV_SCHEMA(params, SV_FIELD(params, session, .in = SV_IN_COOKIE, .default_json = "\"\""),
          SV_FIELD(params, sort, .default_json = "\"name\""), SV_FIELD(params, limit),
          SV_FIELD(params, secret, .hidden = true, .default_json = "false"),
          SV_FIELD(params, old, .deprecated = true, .default_json = "false"),
          SV_FIELD(params, x_token, .in = SV_IN_HEADER, .help = "Who asks"), SV_FIELD(params, id));

SV_HANDLER_PARAMS(readThing_v2, params, sv_none, sv_none);
static sv_status readThing_v2(sv_call *call, const struct params *params, const struct sv_none *in,
                              struct sv_none *out)
{
    (void)call, (void)params, (void)in, (void)out;
    return SV_OK;
}

SV_HANDLER_RAW(nothing);
static sv_status nothing(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}

static const sv_dependency *const needs[] = {&page_dependency, NULL};
static const sv_operation rows[] = {
    {"GET", "/things/{id}/v2.0", &readThing_v2_handler, .needs = needs, .deprecated = true,
     .tags = "own", .description = "With *Markdown*."},
    {"GET", "/raw/{rest:path}", &nothing_handler, .summary = "As it is"},
    {0},
};
static const sv_api_router inner = {.tags = "second", .operations = rows};
static const sv_api_router *const inners[] = {&inner, NULL};
static const sv_api_router outer = {.prefix = "/api", .tags = "first", .inner = inners};
static const sv_api_router *const routers[] = {&outer, NULL};
static const sv_app app = {.routers = routers};

/* The order is FastAPI's: place by place, its own before those of dependencies; the required one
 * of two of the same name. */
static void test_operation(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "{\"/api/things/{id}/v2.0\":{\"get\":{\"tags\":[\"first\",\"second\",\"own\"],",
        "\"summary\":\"Readthing V2\",\"description\":\"With *Markdown*.\",",
        "\"operationId\":\"readThing_v2_api_things__id__v2_0_get\",\"deprecated\":true,",
        "\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,",
        "{\"name\":\"sort\",\"in\":\"query\",\"required\":false,",
        "{\"name\":\"limit\",\"in\":\"query\",\"required\":true,"
        "\"schema\":{\"type\":\"integer\",\"title\":\"Limit\"}},",
        "{\"name\":\"old\",\"in\":\"query\",\"required\":false,",
        "\"deprecated\":true},{\"name\":\"offset\",\"in\":\"query\",\"required\":false,",
        "{\"name\":\"x-token\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":"
        "\"string\",\"title\":\"X-Token\",\"description\":\"Who asks\"},"
        "\"description\":\"Who asks\"},",
        "{\"name\":\"x-trace\",\"in\":\"header\",\"required\":false,",
        "{\"name\":\"session\",\"in\":\"cookie\",\"required\":false,",
        "],\"responses\":",
        NULL};
    openapi_lab_expect(&app, pieces);
    openapi_lab_expect_none(&app, "secret");
}

/* Segments that no schema has are parameters all the same: the document must be valid. */
static void test_raw_path(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "\"/api/raw/{rest}\":{\"get\":{", "\"summary\":\"As it is\",",
        "\"operationId\":\"nothing_api_raw__rest__get\",\"parameters\":[{\"name\":\"rest\",\"in\":"
        "\"path\",\"required\":true,\"schema\":{\"type\":\"string\",\"title\":\"Rest\"}}],"
        "\"responses\":",
        NULL};
    openapi_lab_expect(&app, pieces);
}

/* What a mounted application is called by is not part of its names. */
static void test_mounted(void **state)
{
    (void)state;
    static const sv_operation inner_rows[] = {{"GET", "/a", &nothing_handler}, {0}};
    static const sv_app mounted = {.operations = inner_rows};
    static const sv_mount mounts[] = {{"/sub", &mounted, NULL}, {0}};
    const sv_app whole = {.mounts = mounts};
    sv_client *client = sv_test_client(&whole);
    sv_str body = sv_test_get(client, "/sub/openapi.json").body;
    static const char wanted[] = "\"paths\":{\"/a\":{\"get\":{\"summary\":\"Nothing\","
                                 "\"operationId\":\"nothing_a_get\",";
    assert_non_null(memmem(body.ptr, body.len, wanted, sizeof wanted - 1));
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_raw_path),
        cmocka_unit_test(test_mounted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
