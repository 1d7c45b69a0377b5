/* Bodies for upstreams: what has its default is left out; other people's members stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/relay_body.h"

static void expect(sv_buf *buf, const char *text)
{
    assert_int_equal(sv_buf_append_byte(buf, '\0'), SV_OK);
    assert_string_equal(buf->ptr, text);
    sv_buf_deinit(buf);
}

static void test_conversations(void **state)
{
    (void)state;
    const sv_relay relay = {SV_STR("http://h"), SV_STR("m\"x"), {0}};
    const sv_chat_message messages[] = {{SV_STR("system"), SV_STR("Be\n")},
                                        {SV_STR("user"), SV_STR("Hi")}};
    const sv_str stops[] = {SV_STR("a"), SV_STR("b")};
    sv_generation_request request = {.sampling = sv_sampling_defaults(), .max_tokens = 3};
    sv_buf buf;
    request.sampling.seed = UINT64_MAX;
    sv_buf_init(&buf, 4096);
    assert_int_equal(sv_relay_body_write(&relay, &request, messages, 2, &buf), SV_OK);
    expect(&buf, "{\"model\":\"m\\\"x\",\"messages\":[{\"role\":\"system\",\"content\":\"Be\\n\"},"
                 "{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":3,\"stream\":true,"
                 "\"stream_options\":{\"include_usage\":true}}");
    request.sampling = (sv_sampling){.temperature = 0,
                                     .top_p = 0.5,
                                     .min_p = 0.25,
                                     .top_k = 7,
                                     .presence_penalty = 1,
                                     .frequency_penalty = -1,
                                     .repeat_penalty = 1.5,
                                     .seed = 42};
    request.stops = stops;
    request.n_stops = 2;
    sv_buf_init(&buf, 4096);
    assert_int_equal(sv_relay_body_write(&relay, &request, messages + 1, 1, &buf), SV_OK);
    expect(&buf, "{\"model\":\"m\\\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                 "\"temperature\":0.0,\"top_p\":0.5,\"min_p\":0.25,\"presence_penalty\":1.0,"
                 "\"frequency_penalty\":-1.0,\"repeat_penalty\":1.5,\"top_k\":7,\"seed\":42,"
                 "\"stop\":[\"a\",\"b\"],\"max_tokens\":3,\"stream\":true,"
                 "\"stream_options\":{\"include_usage\":true}}");
    sv_buf_init(&buf, 16);
    assert_int_not_equal(sv_relay_body_write(&relay, &request, messages, 2, &buf), SV_OK);
    sv_buf_deinit(&buf);
}

static void test_other_names(void **state)
{
    (void)state;
    static const struct {
        const char *json, *renamed; /* NULL: refused */
    } rows[] = {
        {"{}", "{\"model\":\"n\"}"},
        {"{\"model\": \"m\", \"x\": {\"model\": 1}}", "{\"model\":\"n\",\"x\":{\"model\":1}}"},
        {"{\"x\": 1, \"model\": 5, \"x\": [2]}", "{\"model\":\"n\",\"x\":[2]}"},
        {"{\"tool_calls\":[{\"f\":\"\\u00e9\"}],\"model\":null}",
         "{\"tool_calls\":[{\"f\":\"\xc3\xa9\"}],\"model\":\"n\"}"},
        {"[]", NULL},
        {"\"model\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_value_error why;
        const sv_value *value;
        sv_buf buf;
        sv_buf_init(&buf, 4096);
        assert_int_equal(sv_value_parse(arena, sv_str_from(rows[i].json), NULL, &why, &value),
                         SV_OK);
        sv_status status = sv_relay_body_rename(value, SV_STR("n"), &buf);
        assert_int_equal(status, rows[i].renamed ? SV_OK : SV_INVALID);
        if (rows[i].renamed)
            expect(&buf, rows[i].renamed);
        else
            sv_buf_deinit(&buf);
        sv_arena_free(arena);
    }
}

static void test_too_many_members(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_value_error why;
    const sv_value *value;
    sv_buf json, buf;
    sv_buf_init(&json, 65536);
    sv_buf_init(&buf, 65536);
    sv_buf_printf(&json, "{\"a\":0");
    for (int i = 0; i < SV_RELAY_BODY_MAX_MEMBERS; i++)
        sv_buf_printf(&json, ",\"%d\":0", i);
    sv_buf_printf(&json, "}");
    assert_int_equal(sv_value_parse(arena, sv_buf_str(&json), NULL, &why, &value), SV_OK);
    assert_int_equal(sv_relay_body_rename(value, SV_STR("n"), &buf), SV_INVALID);
    sv_buf_deinit(&json);
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_too_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
