/* Security schemes as FastAPI writes them, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "openapi_lab.h"

SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}

static const sv_security bearer = {"HTTPBearer", SV_SECURITY_BEARER, NULL, "The token"};
static const sv_security basic = {"HTTPBasic", SV_SECURITY_BASIC, NULL, NULL};
static const sv_security header = {"APIKeyHeader", SV_SECURITY_API_KEY_HEADER, "X-API-Key", NULL};
static const sv_security query = {"APIKeyQuery", SV_SECURITY_API_KEY_QUERY, "api_key", NULL};
static const sv_security cookie = {"APIKeyCookie", SV_SECURITY_API_KEY_COOKIE, "key", NULL};
static const sv_security password = {"OAuth2PasswordBearer", SV_SECURITY_OAUTH2_PASSWORD, "token",
                                     NULL};
static const sv_security *const of_all[] = {&bearer, NULL};
static const sv_security *const of_row[] = {&basic,  &header,   &query, &cookie,
                                            &bearer, &password, NULL};

static void test_schemes(void **state)
{
    (void)state;
    static const sv_operation rows[] = {
        {"GET", "/a", &raw_handler, .security = of_row}, {"GET", "/b", &raw_handler}, {0}};
    static const sv_app app = {.operations = rows, .security = of_all};
    static const char *const pieces[] = {
        "\"/a\":{\"get\":{",
        "\"security\":[{\"HTTPBearer\":[]},{\"HTTPBasic\":[]},{\"APIKeyHeader\":[]},"
        "{\"APIKeyQuery\":[]},{\"APIKeyCookie\":[]},{\"OAuth2PasswordBearer\":[]}]}",
        "\"/b\":{\"get\":{",
        "\"security\":[{\"HTTPBearer\":[]}]}",
        "\"securitySchemes\":{\"HTTPBearer\":{\"type\":\"http\",\"description\":\"The token\","
        "\"scheme\":\"bearer\"},\"HTTPBasic\":{\"type\":\"http\",\"scheme\":\"basic\"},"
        "\"APIKeyHeader\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"},"
        "\"APIKeyQuery\":{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"api_key\"},"
        "\"APIKeyCookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"key\"},"
        "\"OAuth2PasswordBearer\":{\"type\":\"oauth2\",\"flows\":{\"password\":{\"scopes\":{},"
        "\"tokenUrl\":\"token\"}}}}}",
        NULL};
    openapi_lab_expect(&app, pieces);
}

static void test_none(void **state)
{
    (void)state;
    static const sv_operation rows[] = {{"GET", "/a", &raw_handler}, {0}};
    static const sv_app app = {.operations = rows};
    openapi_lab_expect_none(&app, "securitySchemes");
    openapi_lab_expect(&app, (const char *const[]){"}}},\"security\":[]}", NULL});
}

static void test_two_of_one_name(void **state)
{
    (void)state;
    static const sv_security other = {"HTTPBearer", SV_SECURITY_BASIC, NULL, "The token"};
    static const sv_security *const others[] = {&other, NULL};
    static const sv_operation rows[] = {{"GET", "/a", &raw_handler, .security = others}, {0}};
    static const sv_app app = {.operations = rows, .security = of_all};
    openapi_lab_refuse(&app, "GET /a: another security scheme is called HTTPBearer");
}

/* The same scheme in two files of a program is one. */
static void test_same_twice(void **state)
{
    (void)state;
    static const sv_security same = {"HTTPBearer", SV_SECURITY_BEARER, NULL, "The token"};
    static const sv_security *const schemes[] = {&same, NULL};
    static const sv_operation rows[] = {{"GET", "/a", &raw_handler, .security = schemes}, {0}};
    static const sv_app app = {.operations = rows, .security = of_all};
    openapi_lab_expect(&app, (const char *const[]){"\"security\":[{\"HTTPBearer\":[]}]}", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_two_of_one_name),
        cmocka_unit_test(test_same_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
