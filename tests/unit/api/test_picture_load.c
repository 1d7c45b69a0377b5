/* sv_picture_load in a handler of an application; the reading of addresses is test_source.c's, over
 * sockets it is tests/e2e/test_ml_api.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <serval/serval.h>

struct address {
    sv_str url;
};
SV_SCHEMA(address, SV_FIELD(address, url));
struct loaded {
    sv_str bytes;
};
SV_SCHEMA(loaded, SV_FIELD(loaded, bytes));

SV_HANDLER(load, address, loaded);
static sv_status load(sv_call *call, const struct address *in, struct loaded *out)
{
    sv_error error = {0};
    sv_status status = sv_picture_load(call, in->url, &error, &out->bytes);
    return status ? sv_fail_with(call, status, &error) : SV_OK;
}

static const sv_operation operations[] = {{"POST", "/load", &load_handler}, {0}};
static const sv_app app = {.operations = operations};

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *answer; /* how it begins */
    } cases[] = {
        {"{\"url\": \"data:,hello\"}", 200, "{\"bytes\":\"hello\"}"},
        {"{\"url\": \"data:;base64,aGVsbG8=\"}", 200, "{\"bytes\":\"hello\"}"},
        {"{\"url\": \"ftp://example.com/x\"}", 400,
         "{\"error\":\"INVALID_INPUT\",\"message\":\"Unsupported image URL"},
        {"{\"url\": \"https://example.com/cat.jpg\"}", 400,
         "{\"error\":\"INVALID_INPUT\",\"message\":\"Could not fetch image: nothing is fetched"},
    };
    sv_client *client = sv_test_client(&app);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_reply reply = sv_test_post(client, "/load", cases[i].body);
        if (reply.status != cases[i].status ||
            !sv_str_starts_with(reply.body, sv_str_from(cases[i].answer)))
            fail_msg("%s: %d %.*s", cases[i].body, reply.status, SV_STR_ARG(reply.body));
    }
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
