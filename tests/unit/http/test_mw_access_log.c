/* test_mw_access_log.c: what an exchange becomes in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/mw_access_log.h"

/* The line that `exchange` leaves in a log of this level; "" for none. */
static const char *log_one(sv_exchange *exchange, sv_log_level level)
{
    static char line[4096];
    int ends[2];
    sv_log *log = NULL;
    assert_int_equal(pipe(ends), 0);
    sv_log_config config = {
        .level = level, .json = true, .access_fd = ends[1], .other_fd = ends[1]};
    assert_int_equal(sv_log_new(&config, &log), SV_OK);
    sv_http_middleware middleware = sv_mw_access_log(log);
    assert_null(middleware.before);
    middleware.done(exchange, middleware.arg);
    sv_log_free(log);
    close(ends[1]);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    assert_true(n >= 0);
    line[n] = '\0';
    close(ends[0]);
    return line;
}

static void assert_has(const char *line, const char *part)
{
    if (!strstr(line, part))
        fail_msg("no %s in %s", part, line);
}

static void test_a_line(void **state)
{
    (void)state;
    const sv_route route = {.method = "POST", .path = "/items/{id}"};
    const sv_http_header headers[] = {{SV_STR("Authorization"), SV_STR("Bearer abc")},
                                      {SV_STR("Cookie"), SV_STR("sid=abc")},
                                      {SV_STR("User-Agent"), SV_STR("curl/8")}};
    sv_exchange exchange = {.method = SV_STR("POST"),
                            .target = SV_STR("/items/7?token=abc"),
                            .raw_path = SV_STR("/items/7"),
                            .path = SV_STR("/items/7"),
                            .query = SV_STR("token=abc"),
                            .http_minor = 1,
                            .headers = headers,
                            .n_headers = 3,
                            .body = SV_STR("abc"),
                            .request_id = SV_STR("id-7"),
                            .client = SV_STR("::1"),
                            .client_port = 4711,
                            .route = &route,
                            .started_ns = 5,
                            .finished_ns = 12345005,
                            .answer_bytes = 99,
                            .answer = {.status = 404, .error_code = "NOT_FOUND"}};
    const char *line = log_one(&exchange, SV_LOG_INFO);
    assert_has(line, "\"request_id\":\"id-7\",\"method\":\"POST\",\"path\":\"/items/7\","
                     "\"route\":\"/items/{id}\",\"status_code\":404,\"duration_ms\":12.35,"
                     "\"bytes_in\":3,\"bytes_out\":99,\"client_ip\":\"::1\",\"client_port\":4711,"
                     "\"http_version\":\"1.1\",\"user_agent\":\"curl/8\",\"error\":\"NOT_FOUND\"}");
    assert_null(strstr(line, "abc")); /* neither secrets nor bodies */
    assert_string_equal(log_one(&exchange, SV_LOG_WARNING), "");
}

static void test_a_client_that_left(void **state)
{
    (void)state;
    sv_exchange exchange = {.answer = {.status = 499, .error_code = "DEADLINE_EXCEEDED"}};
    const char *line = log_one(&exchange, SV_LOG_INFO);
    assert_has(line, "\"route\":\"none\",\"status_code\":499");
    assert_has(line, "\"cancelled\":true");
    assert_null(strstr(line, "DEADLINE_EXCEEDED"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line),
        cmocka_unit_test(test_a_client_that_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
