/* The OpenAPI document, held against what FastAPI writes for the same models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "guide_app.h"
#include "openapi_lab.h"
#include "web/application.h"
#include "json/value.h"

static const char *const pieces[] = {
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Guide\",\"version\":\"1.0.0\"},"
    "\"servers\":[{\"url\":\"/\"}],\"paths\":{\"/"
    "generate\":",
    "\"post\":{\"tags\":[\"text\",\"more\"],\"summary\":\"Generate Text\",\"operationId\":"
    "\"generate_text_generate_post\",\"requestBody\":{\"content\":{\"application/"
    "json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/TextGenerationRequest\"}}},\"required\":true}",
    "\"200\":{\"description\":\"Successful "
    "Response\",\"content\":{\"application/json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/generated\"}}}}",
    "{\"name\":\"item_id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\"",
    "{\"name\":\"q\",\"in\":\"query\",\"required\":false,\"schema\":{\"type\":\"string\"",
    "\"422\":{\"description\":\"Validation Error\",\"content\":{\"application/json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/HTTPValidationError\"}}}}",
    "\"418\":{\"description\":\"I'm a teapot\"",
    "\"color\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"],\"title\":\"color\"}",
    "\"maximum\":4096.0,\"minimum\":1.0,\"title\":\"Max Tokens\",\"default\":256",
};

static void test_document(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    sv_reply reply = sv_test_get(client, "/openapi.json");
    assert_int_equal(reply.status, 200);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (!memmem(reply.body.ptr, reply.body.len, pieces[i], strlen(pieces[i])))
            fail_msg("missing %s in\n%.*s", pieces[i], SV_STR_ARG(reply.body));
    sv_arena *arena = sv_arena_new(0);
    sv_value_error error;
    const sv_value *document;
    assert_int_equal(sv_value_parse(arena, reply.body, NULL, &error, &document), SV_OK);
    assert_null(sv_value_get(sv_value_get(document, SV_STR("paths")), SV_STR("/docs")));
    sv_arena_free(arena);
    sv_test_free(client);
}

SV_HANDLER_RAW(nothing);
static sv_status nothing(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}

/* The methods of a path stand together, at the place of its first row. */
static void test_paths_once(void **state)
{
    (void)state;
    static const sv_operation rows[] = {
        {"GET", "/b", &nothing_handler, .hidden = true},
        {"POST", "/z", &nothing_handler},
        {"GET", "/b/{rest:path}", &nothing_handler},
        {"PUT", "/b", &nothing_handler},
        {"GET", "/z", &nothing_handler},
        {"*", "/a", &nothing_handler},
        {"DELETE", "/b", &nothing_handler},
        {"PUT", "/z", &nothing_handler},
        {0},
    };
    static const char *const in_order[] = {
        "\"/z\":{\"post\":", "\"get\":",    "\"put\":",       "\"/b/{rest}\":{\"get\":",
        "\"/b\":{\"put\":",  "\"delete\":", "\"components\":"};
    const sv_app app = {.operations = rows};
    sv_client *client = sv_test_client(&app);
    sv_str rest = sv_test_get(client, "/openapi.json").body;
    for (size_t i = 0; i < sizeof in_order / sizeof *in_order; i++) {
        const char *at = memmem(rest.ptr, rest.len, in_order[i], strlen(in_order[i]));
        if (!at)
            fail_msg("missing %s in %.*s", in_order[i], SV_STR_ARG(rest));
        rest = sv_str_slice(rest, (size_t)(at - rest.ptr) + 1, rest.len);
    }
    sv_test_free(client);
}

SV_HANDLER_RAW(other);
static sv_status other(sv_call *call)
{
    return nothing(call);
}

/* Two segments of one name for OpenAPI: the route that requests meet first is described. */
static void test_one_path_twice(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"GET", "/f/{x}", &nothing_handler},
                                        {"GET", "/f/{x:path}", &other_handler},
                                        {"PUT", "/f/{x:path}", &other_handler},
                                        {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_expect(&app, (const char *const[]){"\"/f/{x}\":{\"get\":{\"summary\":\"Nothing\"",
                                                   "\"put\":{\"summary\":\"Other\"", NULL});
    openapi_lab_expect_none(&app, "other_f__x__get");
}

static void test_one_id_twice(void **state)
{
    (void)state;
    static const sv_operation rows[] = {
        {"GET", "/a-b", &nothing_handler}, {"GET", "/a_b", &nothing_handler}, {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_refuse(&app, "GET /a-b and GET /a_b have the same operationId nothing_a_b_get");
}

struct one {
    int64_t x;
};
SV_SCHEMA_WITH(one, (.component = "Thing"), SV_FIELD(one, x));
struct same {
    int64_t x;
};
SV_SCHEMA_WITH(same, (.component = "Thing"), SV_FIELD(same, x));
struct differs {
    int64_t x;
};
SV_SCHEMA_WITH(differs, (.component = "Thing"), SV_FIELD(differs, x, SV_GE(1)));

SV_HANDLER(take_one, one, same);
static sv_status take_one(sv_call *call, const struct one *in, struct same *out)
{
    (void)call;
    out->x = in->x;
    return SV_OK;
}
SV_HANDLER(take_other, differs, sv_none);
static sv_status take_other(sv_call *call, const struct differs *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}

/* A table in a header that two files include is there twice: still one component. */
static void test_one_component_twice(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"PUT", "/one", &take_one_handler}, {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_expect(&app, (const char *const[]){"\"Thing\":{\"properties\":{\"x\":", NULL});
}

static void test_two_components_of_one_name(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"GET", "/zero", &nothing_handler},
                                        {"PUT", "/one", &take_one_handler},
                                        {"PUT", "/other", &take_other_handler},
                                        {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_refuse(&app, "PUT /one and PUT /other: two different schemas are called Thing");
}

struct note {
    sv_str text;
};
SV_SCHEMA(note, SV_FIELD(note, text, .in = SV_IN_FORM));
SV_HANDLER_PARAMS(send_note, note, sv_none, sv_none);
static sv_status send_note(sv_call *call, const struct note *params, const struct sv_none *in,
                           struct sv_none *out)
{
    (void)call, (void)params, (void)in, (void)out;
    return SV_OK;
}

/* A document is whole or there is none. `arg`: its length, 0 before the first. */
static bool write_whole(void *arg)
{
    static const sv_security bearer = {"HTTPBearer", SV_SECURITY_BEARER, NULL, NULL};
    static const sv_security *const security[] = {&bearer, NULL};
    static const sv_operation rows[] = {{"PUT", "/one", &take_one_handler, .security = security},
                                        {"POST", "/note", &send_note_handler},
                                        {"POST", "/raw", &nothing_handler, .raw_media = "image/"},
                                        {0}};
    static const sv_app app = {.operations = rows};
    sv_application_config config = {.app = &app};
    sv_application *application = NULL;
    size_t *len = arg;
    sv_buf problems;
    sv_buf_init(&problems, 1 << 20);
    sv_status status = sv_application_new(&config, &problems, &application);
    if (!status && *len)
        assert_int_equal(sv_application_openapi(application).len, *len);
    if (!status)
        *len = sv_application_openapi(application).len;
    sv_application_free(application);
    sv_buf_deinit(&problems);
    return status == SV_OK;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    size_t len = 0;
    assert_true(write_whole(&len));
    assert_true(failing_malloc_try_each(write_whole, &len) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_paths_once),
        cmocka_unit_test(test_one_path_twice),
        cmocka_unit_test(test_one_id_twice),
        cmocka_unit_test(test_one_component_twice),
        cmocka_unit_test(test_two_components_of_one_name),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
