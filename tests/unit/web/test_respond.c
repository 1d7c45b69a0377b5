/* Answers that are no struct: bytes, redirects, files, mounted folders, cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <serval/cookie.h>

#include "web_lab.h"

enum { LARGE_BYTES = 3 << 20 };
static char folder[64];

SV_HANDLER_RAW(bytes);
static sv_status bytes(sv_call *call)
{
    return sv_respond_bytes(call, "text/csv", SV_STR("a,b\n"));
}
SV_HANDLER_RAW(bad_type);
static sv_status bad_type(sv_call *call)
{
    assert_int_equal(sv_respond_stream(call, "text/csv\r\nX: y"), SV_INVALID);
    return sv_respond_bytes(call, "text/csv\r\nX: y", SV_STR("a,b\n"));
}
SV_HANDLER_RAW(redirect);
static sv_status redirect(sv_call *call)
{
    return sv_respond_redirect(call, 303, SV_STR("/elsewhere?a=b"));
}
SV_HANDLER_RAW(bad_redirect);
static sv_status bad_redirect(sv_call *call)
{
    return sv_respond_redirect(call, 303, SV_STR("/a\r\nX: y"));
}
SV_HANDLER_RAW(file);
static sv_status file(sv_call *call)
{
    char path[128];
    snprintf(path, sizeof path, "%s/page.html", folder);
    return sv_respond_file(call, path);
}
SV_HANDLER_RAW(cookies);
static sv_status cookies(sv_call *call)
{
    sv_status status = sv_set_cookie(call, &(sv_cookie){.name = SV_STR("k"), .value = SV_STR("v")});
    assert_int_equal(sv_set_cookie(call, &(sv_cookie){.name = SV_STR("a b")}), SV_INVALID);
    return status ? status : sv_respond_bytes(call, "text/plain", SV_STR("ok"));
}

struct sparse {
    sv_opt_str note;
    int64_t count;
};
SV_SCHEMA(sparse, SV_FIELD(sparse, note, .default_json = "null"),
          SV_FIELD(sparse, count, .default_json = "3"));
SV_HANDLER(sparse_now, sv_none, sparse);
static sv_status sparse_now(sv_call *call, const struct sv_none *in, struct sparse *out)
{
    (void)call, (void)in;
    out->count = 3;
    return SV_OK;
}

static const sv_operation operations[] = {
    {"GET", "/all", &sparse_now_handler},
    {"GET", "/no-nulls", &sparse_now_handler, .exclude_none = true},
    {"GET", "/no-defaults", &sparse_now_handler, .exclude_defaults = true},
    {"GET", "/bytes", &bytes_handler},
    {"GET", "/redirect", &redirect_handler},
    {"GET", "/bad", &bad_redirect_handler},
    {"GET", "/file", &file_handler},
    {"GET", "/cookies", &cookies_handler},
    {"GET", "/type", &bad_type_handler},
    {0}};
static const sv_mount mounts[] = {{.prefix = "/static", .folder = folder}, {0}};
static const sv_app app = {.operations = operations, .mounts = mounts};
static sv_client *client;

static void write_file(const char *name, const char *text, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(out);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/serval-static-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_file("page.html", "<p>hello</p>", 12);
    write_file("index.html", "index", 5);
    char *large = calloc(1, LARGE_BYTES);
    memset(large, 'x', LARGE_BYTES);
    write_file("large.bin", large, LARGE_BYTES);
    free(large);
    client = sv_test_client(&app);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"page.html", "index.html", "large.bin"};
    char path[128];
    (void)state;
    sv_test_free(client);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void expect_header(sv_reply reply, const char *name, const char *wanted)
{
    sv_str value = sv_reply_header_value(&reply, name);
    if (!sv_str_eq(value, sv_str_from(wanted)))
        fail_msg("%s: wanted %s, got %.*s", name, wanted, SV_STR_ARG(value));
}

static void test_bytes_and_redirects(void **state)
{
    (void)state;
    sv_reply reply = sv_test_get(client, "/bytes");
    lab_expect(reply, 200, "a,b\n");
    expect_header(reply, "content-type", "text/csv");
    reply = sv_test_get(client, "/redirect");
    lab_expect(reply, 303, NULL);
    expect_header(reply, "location", "/elsewhere?a=b");
    lab_expect(sv_test_get(client, "/bad"), 500, NULL);
    lab_expect(sv_test_get(client, "/type"), 500, NULL);
    reply = sv_test_get(client, "/cookies");
    expect_header(reply, "set-cookie", "k=v; Path=/; SameSite=lax");
}

static void test_what_is_left_out(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/all"), 200, "{\"note\":null,\"count\":3}");
    lab_expect(sv_test_get(client, "/no-nulls"), 200, "{\"count\":3}");
    lab_expect(sv_test_get(client, "/no-defaults"), 200, "{}");
}

static void test_files(void **state)
{
    (void)state;
    sv_reply reply = sv_test_get(client, "/file");
    lab_expect(reply, 200, "<p>hello</p>");
    expect_header(reply, "content-type", "text/html; charset=utf-8");
    sv_str tag = sv_reply_header_value(&reply, "etag");
    char headers[128];
    snprintf(headers, sizeof headers, "If-None-Match: %.*s\r\n", SV_STR_ARG(tag));
    lab_expect(sv_test_request(client, "GET", "/file", headers, SV_STR("")), 304, NULL);
    reply = sv_test_request(client, "GET", "/file", "Range: bytes=3-7\r\n", SV_STR(""));
    lab_expect(reply, 206, "hello");
    expect_header(reply, "content-range", "bytes 3-7/12");
    reply = sv_test_request(client, "GET", "/file", "Range: bytes=99-\r\n", SV_STR(""));
    lab_expect(reply, 416, "RANGE_NOT_SATISFIABLE");
    expect_header(reply, "content-range", "bytes */12");
    reply = sv_test_head(client, "/file");
    lab_expect(reply, 200, "");
    expect_header(reply, "content-length", "12");
}

static void test_a_folder(void **state)
{
    (void)state;
    lab_expect(sv_test_get(client, "/static/page.html"), 200, "<p>hello</p>");
    lab_expect(sv_test_get(client, "/static/"), 200, "index");
    lab_expect(sv_test_get(client, "/static/nothing"), 404, "NOT_FOUND");
    lab_expect(sv_test_get(client, "/static/%2e%2e/etc/passwd"), 404, "NOT_FOUND");
    lab_expect(sv_test_get(client, "/static/..%2f..%2fetc/passwd"), 404, "NOT_FOUND");
    lab_expect(sv_test_post(client, "/static/page.html", ""), 405, NULL);
    sv_reply reply = sv_test_get(client, "/static/large.bin");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, LARGE_BYTES);
    expect_header(reply, "content-length", "3145728");
    reply = sv_test_request(client, "GET", "/static/large.bin", "Range: bytes=5-2000004\r\n",
                            SV_STR(""));
    assert_int_equal(reply.status, 206);
    assert_int_equal(reply.body.len, 2000000);
    expect_header(reply, "content-length", "2000000");
    reply = sv_test_head(client, "/static/large.bin");
    lab_expect(reply, 200, "");
    expect_header(reply, "content-length", "3145728");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_and_redirects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
