/* Queries and the bodies of forms. */
#include "client_lab.h"

static void test_queries(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    const sv_test_pair pairs[] = {{"q", "a b&c=d"}, {"caf\xc3\xa9", "*-._~"}, {"n", NULL}, {0}};
    assert_string_equal(sv_test_query(client, "/x", pairs),
                        "/x?q=a+b%26c%3Dd&caf%C3%A9=*-._%7E&n=");
    assert_string_equal(sv_test_query(client, "/x?a=b", (const sv_test_pair[]){{"c", "d"}, {0}}),
                        "/x?a=b&c=d");
    assert_string_equal(sv_test_query(client, "/x", (const sv_test_pair[]){{0}}), "/x");
    sv_test_free(client);
}

static void test_forms(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    const sv_test_pair pairs[] = {{"user", "a b"}, {"pass", "c%d"}, {0}};
    client_lab_expect(sv_test_post_form(client, "/echo/", pairs), 200,
                      "POST|/echo/||application/x-www-form-urlencoded|||user=a+b&pass=c%25d");
    sv_test_free(client);
}

static void test_multipart(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    const sv_test_part parts[] = {
        {.name = "note", .value = SV_STR("hello ----part-0")},
        {.name = "f\"1", .value = SV_STR("\x01\x02"), .filename = "a\r\nb.png"},
        {.name = "g", .value = SV_STR(""), .filename = "x", .content_type = "text/x"},
    };
    client_lab_expect(
        sv_test_post_multipart(client, "/echo/", parts, 3), 200,
        "POST|/echo/||multipart/form-data; boundary=----part-1|||"
        "------part-1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello ----part-0\r\n"
        "------part-1\r\nContent-Disposition: form-data; name=\"f%221\"; "
        "filename=\"a%0D%0Ab.png\"\r\nContent-Type: image/png\r\n\r\n\x01\x02\r\n"
        "------part-1\r\nContent-Disposition: form-data; name=\"g\"; filename=\"x\"\r\n"
        "Content-Type: text/x\r\n\r\n\r\n------part-1--\r\n");
    client_lab_expect(sv_test_post_multipart(client, "/echo/", NULL, 0), 200,
                      "POST|/echo/||multipart/form-data; boundary=----part-0|||------part-0--\r\n");
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_multipart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
