/* What went wrong with an upstream, in words for clients: kinds, bounded reasons, no key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/relay_trouble.h"

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        sv_status told;
        int http_status;
        const char *message; /* how it ends */
        const char *param, *code;
    } rows[] = {
        {400, "{\"error\":{\"message\":\"bad\",\"param\":\"top_p\",\"code\":\"invalid_value\"}}",
         SV_INVALID, 400, "refuses the request: bad", "top_p", "invalid_value"},
        {400, "{\"error\":\"bad\"}", SV_INVALID, 400, "refuses the request: bad", "", ""},
        {422, "{\"message\":\"a\\nb\"}", SV_INVALID, 400, "refuses the request: a b", "", ""},
        {413, "<html>", SV_INVALID, 400, "refuses the request", "", ""},
        {400, "{\"error\":{\"message\":\"key Bearer sk-1 is bad\"}}", SV_INVALID, 400,
         "refuses the request", "", ""},
        {400, "{\"error\":{\"message\":5,\"param\":\"a b\",\"code\":7}}", SV_INVALID, 400,
         "refuses the request", "", ""},
        {401, "{\"error\":\"sk-1\"}", SV_IO, 502, "check api_key in its model.yaml", "", ""},
        {403, "", SV_IO, 502, "check api_key in its model.yaml", "", ""},
        {404, "", SV_IO, 502, "check base_url and model in the relay's model.yaml", "", ""},
        {408, "", SV_TIMEOUT, 504, "took too long", "", ""},
        {429, "", SV_UNAVAILABLE, 503, "no more requests now", "", ""},
        {500, "{\"error\":{\"message\":\"oom\",\"param\":\"x\"}}", SV_IO, 502, "failed: oom", "",
         ""},
        {503, "", SV_IO, 502, "The upstream failed", "", ""},
        {504, "", SV_TIMEOUT, 504, "took too long", "", ""},
        {301, "", SV_IO, 502, "check base_url in the relay's model.yaml", "", ""},
        {204, "", SV_IO, 502, "none of its API", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_relay_trouble trouble;
        sv_relay_refusal refusal = {rows[i].status, -1, sv_str_from(rows[i].body),
                                    SV_STR("Bearer sk-1")};
        sv_relay_trouble_of_status(&refusal, &trouble);
        assert_int_equal(trouble.status, rows[i].told);
        assert_int_equal(trouble.error.kind->status, rows[i].http_status);
        if (!sv_str_ends_with(sv_str_from(trouble.error.message), sv_str_from(rows[i].message)))
            fail_msg("%d: %s", rows[i].status, trouble.error.message);
        assert_string_equal(trouble.error.path, rows[i].param);
        assert_string_equal(trouble.code, rows[i].code);
    }
}

static void test_reasons_are_bounded(void **state)
{
    (void)state;
    char body[2000] = "{\"error\":\"";
    sv_relay_trouble trouble;
    for (size_t i = strlen(body); i + 4 < sizeof body; i += 2)
        memcpy(body + i, "\xc3\xa9", 2);
    memcpy(body + sizeof body - 4, "\"}", 3);
    sv_relay_refusal refusal = {400, -1, sv_str_from(body), {0}};
    sv_relay_trouble_of_status(&refusal, &trouble);
    size_t len = strlen(trouble.error.message);
    assert_true(len > SV_RELAY_MAX_REASON && len < SV_RELAY_MAX_REASON + 50);
    assert_true(sv_str_is_utf8(sv_str_from(trouble.error.message)));
}

static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        int64_t told, wanted;
    } rows[] = {{-1, 1}, {0, 1}, {7, 7}, {1000000, 3600}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_relay_trouble trouble;
        sv_relay_refusal refusal = {429, rows[i].told, {0}, {0}};
        sv_relay_trouble_of_status(&refusal, &trouble);
        assert_int_equal(trouble.retry_after_s, rows[i].wanted);
    }
}

static void test_what_may_be_tried_again(void **state)
{
    (void)state;
    static const struct {
        sv_upstream_fault fault;
        int status;
        int64_t retry_after_s;
        bool passes;
    } rows[] = {
        {SV_UPSTREAM_NOT_CONNECTED, 0, -1, true},  {SV_UPSTREAM_CLOSED_EARLY, 0, -1, true},
        {SV_UPSTREAM_CLOSED_LATE, 200, -1, false}, {SV_UPSTREAM_NO_TLS, 0, -1, false},
        {SV_UPSTREAM_LATE_ANSWER, 0, -1, false},   {SV_UPSTREAM_CANCELLED, 0, -1, false},
        {SV_UPSTREAM_NONE, 502, -1, true},         {SV_UPSTREAM_NONE, 503, -1, true},
        {SV_UPSTREAM_NONE, 503, 60, false},        {SV_UPSTREAM_NONE, 429, 1, true},
        {SV_UPSTREAM_NONE, 429, -1, false},        {SV_UPSTREAM_NONE, 429, 60, false},
        {SV_UPSTREAM_NONE, 500, -1, false},        {SV_UPSTREAM_NONE, 200, -1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(sv_relay_trouble_passes(&(sv_upstream_end){.fault = rows[i].fault},
                                                 rows[i].status, rows[i].retry_after_s),
                         rows[i].passes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_reasons_are_bounded),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_what_may_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
