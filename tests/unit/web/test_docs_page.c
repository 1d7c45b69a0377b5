/* The pages work without internet and under their content policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guide_app.h"

static bool contains(sv_str text, const char *wanted)
{
    return memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL;
}

static void check_page(sv_client *client, const char *path)
{
    sv_reply reply = sv_test_get(client, path);
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(sv_reply_header_value(&reply, "content-type"),
                          SV_STR("text/html; charset=utf-8")));
    sv_str policy = sv_reply_header_value(&reply, "content-security-policy");
    assert_true(contains(policy, "default-src 'none'"));
    assert_true(contains(policy, "script-src 'self';"));
    assert_false(contains(reply.body, "http"));
    /* Every file that the page names is there. */
    sv_str rest = reply.body;
    for (;;) {
        const char *at = memmem(rest.ptr, rest.len, "docs/assets/", 12);
        if (!at)
            break;
        char name[200] = "/";
        size_t len = strcspn(at, "\"");
        memcpy(name + 1, at, len);
        name[1 + len] = '\0';
        sv_reply asset = sv_test_get(client, name);
        assert_int_equal(asset.status, 200);
        assert_true(asset.body.len > 0);
        rest = (sv_str){at + len, (size_t)(rest.ptr + rest.len - at) - len};
    }
}

static void test_pages(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    check_page(client, "/docs");
    check_page(client, "/redoc");
    assert_int_equal(sv_test_get(client, "/docs/assets/nothing.js").status, 404);
    sv_test_free(client);
}

static void test_gzip_is_sent_to_those_who_take_it(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&guide_app);
    const char *path = "/docs/assets/swagger-ui.css";
    sv_reply plain = sv_test_get(client, path);
    sv_reply packed =
        sv_test_request(client, "GET", path, "Accept-Encoding: br, gzip\r\n", SV_STR(""));
    sv_reply refused =
        sv_test_request(client, "GET", path, "Accept-Encoding: gzip;q=0\r\n", SV_STR(""));
    assert_null(sv_reply_header_value(&plain, "content-encoding").ptr);
    assert_true(sv_str_eq(sv_reply_header_value(&packed, "content-encoding"), SV_STR("gzip")));
    assert_null(sv_reply_header_value(&refused, "content-encoding").ptr);
    assert_true(packed.body.len < plain.body.len);
    assert_int_equal(plain.body.len, refused.body.len);
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_gzip_is_sent_to_those_who_take_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
