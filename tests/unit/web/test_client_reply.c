/* JSON of replies by paths. */
#include "client_lab.h"

#include <string.h>

static void test_values(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_reply reply = sv_test_get(client, "/document");
    client_lab_catch(client);
    assert_string_equal(sv_reply_str(reply, "predictions.0.label").ptr, "positive");
    assert_true(sv_reply_double(reply, "predictions.0.score") == 0.75);
    assert_true(sv_reply_double(reply, "count") == 2.0);
    assert_true(sv_reply_double(reply, "big") > 9e19);
    assert_true(sv_reply_bool(reply, "predictions.0.sure"));
    assert_int_equal(sv_reply_int(reply, "count"), 2);
    assert_string_equal(sv_reply_str(reply, "a\\.b").ptr, "d\xc3\xb6t");
    assert_int_equal(sv_reply_len(reply, "predictions"), 2);
    assert_int_equal(sv_reply_len(reply, "predictions.0"), 3);
    assert_int_equal(sv_reply_len(reply, "a\\.b"), 3);
    assert_int_equal(sv_reply_len(reply, ""), 5);
    assert_true(sv_reply_exists(reply, "nothing"));
    assert_true(sv_reply_is_null(reply, "nothing"));
    assert_false(sv_reply_is_null(reply, "count"));
    assert_false(sv_reply_exists(reply, "predictions.2"));
    assert_false(sv_reply_exists(reply, "predictions.x"));
    assert_false(sv_reply_exists(reply, "count.x"));
    assert_false(sv_reply_exists(reply, "a.b"));
    assert_int_equal(sv_test_failures(client), 0);
    sv_test_free(client);
}

static void test_failures(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    sv_reply reply = sv_test_get(client, "/document");
    client_lab_catch(client);
    assert_string_equal(sv_reply_str(reply, "count").ptr, "");
    assert_non_null(strstr(client_lab_failure(),
                           "\"count\" of the answer is a whole number, not text\n"
                           "> GET /document HTTP/1.1\n"));
    assert_int_equal(sv_reply_int(reply, "big"), 0);
    assert_true(sv_reply_double(reply, "nothing") == 0);
    assert_false(sv_reply_bool(reply, "predictions.7"));
    assert_non_null(strstr(client_lab_failure(), "\"predictions.7\" of the answer is not there\n"));
    assert_int_equal(sv_reply_len(reply, "count"), 0);
    assert_int_equal(sv_test_failures(client), 5);
    sv_test_free(client);
}

static void test_no_json(void **state)
{
    (void)state;
    sv_client *client = client_lab_new();
    client_lab_catch(client);
    sv_reply reply = sv_test_get(client, "/echo/");
    assert_false(sv_reply_exists(reply, "a"));
    assert_string_equal(sv_reply_str(reply, "a").ptr, "");
    assert_non_null(strstr(client_lab_failure(), "the answer's body is no JSON\n"));
    assert_int_equal(sv_test_failures(client), 2);
    assert_int_equal(sv_reply_int(sv_test_get(NULL, "/"), "a"), 0); /* on stderr */
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
