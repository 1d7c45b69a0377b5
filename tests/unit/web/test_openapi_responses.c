/* Responses: successes of every form, and the errors that each kind of operation can give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "openapi_lab.h"

struct size {
    int64_t width;
};
SV_SCHEMA(size, SV_FIELD(size, width));
struct token {
    sv_str text;
};
SV_SCHEMA(token, SV_FIELD(token, text));

SV_HANDLER(set_size, size, size);
static sv_status set_size(sv_call *call, const struct size *in, struct size *out)
{
    (void)call;
    *out = *in;
    return SV_OK;
}
SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}
SV_STREAM(chat, sv_none, token);
static sv_status chat(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    return chat_send(events, &(struct token){SV_STR("a")});
}

SV_STREAM(words, sv_none, sv_none);
static sv_status words(sv_call *call, const struct sv_none *in, sv_events *events)
{
    (void)call, (void)in;
    return sv_events_send_text(events, SV_STR("a"));
}

static void expect_response(const sv_operation *row, const char *first, const char *second)
{
    const sv_operation rows[] = {*row, {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_expect(&app, (const char *const[]){first, second, NULL});
}

#define SUCCESS "{\"description\":\"Successful Response\""
#define AS_ERROR                                                                                   \
    "\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"              \
    "ErrorResponse\"}}}}"

static void test_success(void **state)
{
    (void)state;
    expect_response(&(sv_operation){"PUT", "/a", &set_size_handler, .status = 201},
                    "\"responses\":{\"201\":" SUCCESS
                    ",\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                    "\"#/components/schemas/size\"}}}},",
                    "\"size\":{");
    expect_response(&(sv_operation){"DELETE", "/a", &raw_handler, .status = 204},
                    "\"responses\":{\"204\":" SUCCESS "},", "\"ErrorResponse\":");
    expect_response(&(sv_operation){"GET", "/a", &raw_handler, .status = 307},
                    "\"responses\":{\"307\":" SUCCESS "},", "\"ErrorResponse\":");
    expect_response(&(sv_operation){"GET", "/a", &raw_handler},
                    "\"200\":" SUCCESS ",\"content\":{\"application/json\":{\"schema\":{}}}},",
                    "\"405\":");
    expect_response(&(sv_operation){"GET", "/a", &raw_handler, .response_media = "text/plain"},
                    "\"200\":" SUCCESS
                    ",\"content\":{\"text/plain\":{\"schema\":{\"type\":\"string\"}}}},",
                    "\"405\":");
}

static void test_events(void **state)
{
    (void)state;
    expect_response(&(sv_operation){"GET", "/chat", &chat_handler},
                    "\"200\":" SUCCESS ",\"content\":{\"text/event-stream\":{\"schema\":{\"type\":"
                    "\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"data\":{\"type\":"
                    "\"string\",\"contentMediaType\":\"application/json\",\"contentSchema\":"
                    "{\"$ref\":\"#/components/schemas/token\"}},",
                    "\"token\":{\"properties\":{\"text\":");
    expect_response(&(sv_operation){"GET", "/words", &words_handler},
                    "\"200\":" SUCCESS ",\"content\":{\"text/event-stream\":{\"schema\":{\"type\":"
                    "\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"data\":{\"type\":"
                    "\"string\"},",
                    "\"minimum\":0}}}}}}},");
}

static void test_errors(void **state)
{
    (void)state;
    static const sv_error_kind teapot = {"TEAPOT", 418, "I'm a teapot", NULL};
    static const sv_error_kind kettle = {"KETTLE", 418, "I'm a kettle", NULL};
    static const sv_error_kind *const errors[] = {&teapot, &kettle, &teapot, NULL};
    const sv_operation rows[] = {
        {"PUT", "/a", &set_size_handler, .errors = errors, .rate_limit = "10/minute"}, {0}};
    const sv_app app = {.operations = rows};
    static const char *const pieces[] = {
        "\"400\":{\"description\":\"Invalid JSON\"," AS_ERROR,
        "\"405\":",
        "\"413\":",
        "\"418\":{\"description\":\"I'm a teapot, or I'm a kettle\"," AS_ERROR,
        "\"422\":{\"description\":\"Validation Error\",\"content\":{\"application/json\":"
        "{\"schema\":{\"$ref\":\"#/components/schemas/HTTPValidationError\"}}}}",
        "\"429\":",
        "\"500\":",
        "\"503\":",
        "\"504\":",
        "\"HTTPValidationError\":",
        NULL};
    openapi_lab_expect(&app, pieces);
}

/* Components that nothing refers to are not there. */
static void test_no_validation(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"GET", "/a", &raw_handler, .run_inline = true}, {0}};
    static const sv_app app = {.operations = rows};
    openapi_lab_expect_none(&app, "ValidationError");
    openapi_lab_expect_none(&app, "\"503\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_no_validation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
