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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
