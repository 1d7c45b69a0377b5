/* How a finished request looks as a line, for people and for machines, whatever the client sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/access_line.h"
#include "json/value.h"

static char room[SV_ACCESS_LINE_MAX];

static sv_access_entry make_entry(void)
{
    return (sv_access_entry){.request_id = SV_STR("id-1"),
                             .method = SV_STR("POST"),
                             .path = SV_STR("/api/v1/predict"),
                             .query = SV_STR("top=3"),
                             .client = SV_STR("127.0.0.1"),
                             .client_port = 54321,
                             .user_agent = SV_STR("curl/8"),
                             .route = "/api/v1/predict",
                             .status = 200,
                             .http_minor = 1,
                             .duration_ns = 12345678,
                             .bytes_in = 10,
                             .bytes_out = 20};
}

static void assert_text(sv_str line, const char *wanted)
{
    if (!sv_str_eq(line, sv_str_from(wanted)))
        fail_msg("wanted %s, is %.*s", wanted, SV_STR_ARG(line));
}

static void test_text(void **state)
{
    (void)state;
    sv_access_entry entry = make_entry();
    assert_text(
        sv_access_line_text(&entry, room),
        "INFO:     127.0.0.1:54321 - \"POST /api/v1/predict?top=3 HTTP/1.1\" 200 OK id=id-1 "
        "12.35ms\n");
    entry.client = SV_STR("");
    entry.client_port = entry.http_minor = 0;
    entry.status = 404;
    entry.duration_ns = -1;
    entry.error_detail = SV_STR("gone");
    entry.query = SV_STR("");
    assert_text(sv_access_line_text(&entry, room),
                "INFO:     -:0 - \"POST /api/v1/predict HTTP/1.0\" 404 Not Found id=id-1 0.00ms "
                "gone\n");
}

/* What was no request at all. */
static void test_text_of_garbage(void **state)
{
    (void)state;
    sv_access_entry entry = {.client = SV_STR("::1"), .client_port = 7, .status = 400};
    entry.request_id = SV_STR("i");
    assert_text(sv_access_line_text(&entry, room),
                "INFO:     ::1:7 - \"- - HTTP/1.0\" 400 Bad Request id=i 0.00ms\n");
}

static void test_json(void **state)
{
    (void)state;
    sv_timeline timeline = {{0}, "digits", "1"};
    timeline.stage_ns[SV_STAGE_INFER] = 1500000;
    sv_access_entry entry = make_entry();
    assert_text(sv_access_line_json(&entry, room),
                "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\","
                "\"message\":\"Request completed\",\"request_id\":\"id-1\",\"method\":\"POST\","
                "\"path\":\"/api/v1/predict\",\"route\":\"/api/v1/predict\",\"status_code\":200,"
                "\"duration_ms\":12.35,\"bytes_in\":10,\"bytes_out\":20,"
                "\"client_ip\":\"127.0.0.1\",\"client_port\":54321,\"http_version\":\"1.1\","
                "\"user_agent\":\"curl/8\"}\n");
    entry.peer = SV_STR("10.0.0.1"); /* a proxy's */
    static const char peer[] = "\"client_port\":54321,\"peer_ip\":\"10.0.0.1\",\"http_version\"";
    sv_str line = sv_access_line_json(&entry, room);
    assert_non_null(memmem(line.ptr, line.len, peer, sizeof peer - 1));
    entry.peer = entry.client;
    line = sv_access_line_json(&entry, room);
    assert_null(memmem(line.ptr, line.len, "peer_ip", 7));
    entry.timeline = &timeline;
    entry.route = NULL;
    entry.error = "DEADLINE_EXCEEDED";
    entry.error_detail = SV_STR("late");
    entry.cancelled = true;
    entry.user_agent = SV_STR("");
    line = sv_access_line_json(&entry, room);
    static const char tail[] =
        "\"http_version\":\"1.1\",\"model\":\"digits\",\"version\":\"1\",\"infer_ms\":1.50,"
        "\"error\":\"DEADLINE_EXCEEDED\",\"error_detail\":\"late\",\"cancelled\":true}\n";
    assert_true(sv_str_ends_with(line, sv_str_from(tail)));
    assert_non_null(memmem(line.ptr, line.len, "\"route\":\"none\"", 14));
}

static void test_secrets_of_the_query_are_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *query, *written;
    } cases[] = {
        {"token=abc", "?token=***"},
        {"a=1&API_KEY=abc&b=2", "?a=1&API_KEY=***&b=2"},
        {"password=", "?password=***"},
        {"x-api-key=a&refresh_token=b&client_secret=c", "?x-api-key=***&refresh_token=***&client_"
                                                        "secret=***"},
        {"X-Amz-Signature=a&X-Amz-Credential=b", "?X-Amz-Signature=***&X-Amz-Credential=***"},
        {"%6Bey=a", "?%6Bey=***"},
        {"key=a=b", "?key=***"},
        {"tokens=3", "?tokens=3"},
        {"max_tokens=3&keyword=4", "?max_tokens=3&keyword=4"},
        {"token", "?token"},
        {"a=\x1B[31m", "?a=\\u001b[31m"},
        {"a=\xC2\x9B", "?a=\\u009b"},
        {"a=\xC2\xA0\xC3\x9B", "?a=\xC2\xA0\xC3\x9B"},
        {"a=\x9B", "?a=\\u009b"},
        {"long plain text with a \"quote\" and \x7F", "?long plain text with a \\u0022quote\\u0022 "
                                                      "and \\u007f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_access_entry entry = make_entry();
        entry.query = sv_str_from(cases[i].query);
        sv_str line = sv_access_line_text(&entry, room);
        if (!memmem(line.ptr, line.len, cases[i].written, strlen(cases[i].written)))
            fail_msg("%s: %.*s", cases[i].query, SV_STR_ARG(line));
    }
}

static bool is_json(sv_str line)
{
    const sv_value *value;
    sv_value_error error;
    sv_arena *arena = sv_arena_new(0);
    assert_non_null(arena);
    sv_status status = sv_value_parse(arena, line, NULL, &error, &value);
    sv_arena_free(arena);
    return status == SV_OK;
}

/* One line, valid JSON, whatever bytes the client sent and however many. */
static void test_hostile_texts(void **state)
{
    (void)state;
    static char control[4096], high[4096], mixed[4096], pairs[4096];
    memset(control, '\n', sizeof control);
    memset(high, 0xFF, sizeof high);
    memcpy(mixed, control, sizeof mixed);
    memset(pairs, '&', sizeof pairs);
    for (size_t i = 339; i + 1 < sizeof mixed; i += 2)
        memcpy(mixed + i, "\xC3\xBC", 2);
    for (size_t i = 0; i < sizeof pairs; i += 2)
        pairs[i] = '\x01';
    const sv_str texts[] = {{control, sizeof control}, {high, sizeof high},
                            {mixed, sizeof mixed},     {pairs, sizeof pairs},
                            SV_STR("\"}{\\"),          SV_STR("gr\xC3\xBC\xC3\x9F")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sv_timeline timeline = {{1, 1, 1, 1, 1}, "m", "v"};
        sv_access_entry entry = make_entry();
        entry.request_id = entry.method = entry.path = entry.query = texts[i];
        entry.client = entry.user_agent = entry.error_detail = texts[i];
        entry.timeline = &timeline;
        entry.cancelled = true;
        sv_str json = sv_access_line_json(&entry, room);
        assert_true(is_json(json));
        assert_int_equal(sv_str_find(json, '\n'), json.len - 1);
        sv_str text = sv_access_line_text(&entry, room);
        assert_int_equal(sv_str_find(text, '\n'), text.len - 1);
        assert_true(sv_str_is_utf8(text));
        assert_non_null(memmem(text.ptr, text.len, " 200 OK id=", 11));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_garbage),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_secrets_of_the_query_are_hidden),
        cmocka_unit_test(test_hostile_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
