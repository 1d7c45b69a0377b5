/* test_mw_error.c: error answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/mw_error.h"

static void fail_exchange(size_t arena_limit, const sv_failure *failure, int status,
                          const char *body)
{
    sv_exchange exchange = {
        .path = SV_STR("/a\"b"), .request_id = SV_STR("id"), .arena = sv_arena_new(arena_limit)};
    sv_mw_error_write(&exchange, failure);
    assert_int_equal(exchange.answer.status, status);
    assert_true(sv_str_eq(exchange.answer.content_type, SV_STR("application/json")));
    if (!sv_str_eq(exchange.answer.body, sv_str_from(body)))
        fail_msg("%.*s", SV_STR_ARG(exchange.answer.body));
    sv_arena_free(exchange.arena);
}

static void test_native(void **state)
{
    (void)state;
    fail_exchange(0, &(sv_failure){.kind = &sv_kind_not_found, .message = SV_STR("No \xff")}, 404,
                  "{\"error\":\"NOT_FOUND\",\"message\":\"No "
                  "\xEF\xBF\xBD\",\"path\":\"/a\\\"b\",\"request_id\":\"id\","
                  "\"detail\":\"No \xEF\xBF\xBD\"}");
    fail_exchange(0,
                  &(sv_failure){.kind = &sv_kind_model_version_not_found,
                                .message = SV_STR("m"),
                                .detail_json = SV_STR("[1]"),
                                .members_json = SV_STR("\"available\":[\"1\"]")},
                  404,
                  "{\"error\":\"MODEL_VERSION_NOT_FOUND\",\"message\":\"m\",\"path\":\"/"
                  "a\\\"b\",\"request_id\":\"id\","
                  "\"detail\":[1],\"available\":[\"1\"]}");
}

static void test_without_memory(void **state)
{
    (void)state;
    fail_exchange(8, &(sv_failure){.kind = &sv_kind_not_found, .message = SV_STR("m")}, 503,
                  "{\"error\":\"INSUFFICIENT_MEMORY\",\"message\":\"There is no memory for this "
                  "request now\",\"path\":\"\","
                  "\"request_id\":\"\",\"detail\":\"There is no memory for this request now\"}");
}

/* Every error of the inference protocol is one text. */
static void test_inference_protocol(void **state)
{
    (void)state;
    static const struct {
        sv_failure failure;
        const char *body;
    } rows[] = {
        {{.kind = &sv_kind_invalid_input, .message = SV_STR_INIT("no \"x\"")},
         "{\"error\":\"no \\\"x\\\"\"}"},
        {{.kind = &sv_kind_not_found,
          .message = SV_STR_INIT("There is nothing"),
          .detail_json = SV_STR_INIT("\"Not Found\"")},
         "{\"error\":\"Not Found\"}"},
        {{.kind = &sv_kind_validation_error,
          .message = SV_STR_INIT("m"),
          .detail_json = SV_STR_INIT("[1]"),
          .members_json = SV_STR_INIT("\"available\":[]")},
         "{\"error\":\"m\"}"},
        {{.kind = &sv_kind_internal_error}, "{\"error\":\"Internal server error\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_exchange exchange = {
            .path = SV_STR("/v2/x"), .speaks_dialects = true, .arena = sv_arena_new(0)};
        sv_mw_error_write(&exchange, &rows[i].failure);
        if (!sv_str_eq(exchange.answer.body, sv_str_from(rows[i].body)))
            fail_msg("%.*s", SV_STR_ARG(exchange.answer.body));
        sv_arena_free(exchange.arena);
    }
}

/* OpenAI's clients want an object with all four members. */
static void test_openai(void **state)
{
    (void)state;
    static const sv_error_kind invalid_value = {"INVALID_VALUE", 400, "Invalid value", NULL};
    static const struct {
        sv_failure failure;
        int status;
        const char *body;
    } rows[] = {
        {{.kind = &invalid_value,
          .message = SV_STR_INIT("no"),
          .param = SV_STR_INIT("messages[0]")},
         400,
         "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\","
         "\"param\":\"messages[0]\",\"code\":\"invalid_value\"}}"},
        {{.kind = &sv_kind_not_found, .detail_json = SV_STR_INIT("\"Not Found\"")},
         404,
         "{\"error\":{\"message\":\"Not found\",\"type\":\"invalid_request_error\","
         "\"param\":null,\"code\":\"unknown_url\"}}"},
        {{.kind = &sv_kind_validation_error, .message = SV_STR_INIT("m")},
         400,
         "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\","
         "\"param\":null,\"code\":\"invalid_value\"}}"},
        {{.kind = &sv_kind_rate_limited, .message = SV_STR_INIT("m")},
         429,
         "{\"error\":{\"message\":\"m\",\"type\":\"rate_limit_error\","
         "\"param\":null,\"code\":\"rate_limit_exceeded\"}}"},
        {{.kind = &sv_kind_internal_error, .members_json = SV_STR_INIT("\"x\":1")},
         500,
         "{\"error\":{\"message\":\"Internal server error\",\"type\":\"server_error\","
         "\"param\":null,\"code\":null}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_exchange exchange = {
            .path = SV_STR("/v1/x"), .speaks_dialects = true, .arena = sv_arena_new(0)};
        sv_mw_error_write(&exchange, &rows[i].failure);
        assert_int_equal(exchange.answer.status, rows[i].status);
        if (!sv_str_eq(exchange.answer.body, sv_str_from(rows[i].body)))
            fail_msg("%.*s", SV_STR_ARG(exchange.answer.body));
        sv_arena_free(exchange.arena);
    }
}

static bool redirects(const char *path, bool speaks_dialects)
{
    return sv_mw_error_redirects_slash(
        &(sv_exchange){.path = sv_str_from(path), .speaks_dialects = speaks_dialects});
}

static void test_redirects(void **state)
{
    (void)state;
    assert_true(redirects("/items/", true));
    assert_true(redirects("/v10/", true));
    assert_true(redirects("/api/v1/x/", true));
    assert_false(redirects("/v1/models/", true));
    assert_false(redirects("/v2", true));
    assert_true(redirects("/v1/models/", false));
    assert_true(redirects("/v2", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_native),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_inference_protocol),
        cmocka_unit_test(test_openai),
        cmocka_unit_test(test_redirects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
