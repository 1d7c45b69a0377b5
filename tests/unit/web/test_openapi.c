/* The OpenAPI document, held against what FastAPI writes for the same models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guide_app.h"
#include "json/value.h"

static const char *const pieces[] = {
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Guide\",\"version\":\"1.0.0\"},\"paths\":{\"/"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_paths_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
