/* test_openai_request.c: what chat and completion requests say, and what is wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_request.h"

#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define CHAT(more) "{\"messages\":[" USER "]," more "}"
#define PROMPT(more) "{\"prompt\":\"hi\"," more "}"
#define TOOL(name) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"}}"
#define CHOICE(name) "\"tool_choice\":" TOOL(name)

static const sv_value *parse(sv_arena *arena, const char *json)
{
    const sv_value *value;
    sv_value_error why;
    if (sv_value_parse(arena, sv_str_from(json), NULL, &why, &value))
        fail_msg("%s: %s", json, why.message);
    return value;
}

typedef struct mistake {
    const char *json, *param, *code, *message;
} mistake;

typedef sv_status read_request(sv_arena *arena, const sv_value *body, sv_error *error);

static sv_status read_chat(sv_arena *arena, const sv_value *body, sv_error *error)
{
    sv_openai_chat chat;
    return sv_openai_request_chat(arena, body, error, &chat);
}

static sv_status read_completion(sv_arena *arena, const sv_value *body, sv_error *error)
{
    sv_openai_completion completion;
    return sv_openai_request_completion(arena, body, error, &completion);
}

static void check_mistakes(const mistake *rows, size_t n, read_request *read)
{
    for (size_t i = 0; i < n; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_status status = read(arena, parse(arena, rows[i].json), &error);
        if (status != SV_INVALID || strcmp(error.path, rows[i].param) != 0 || !error.kind ||
            strcmp(error.kind->code, rows[i].code) != 0 ||
            !strstr(error.message, rows[i].message ? rows[i].message : ""))
            fail_msg("%s: %d %s %s %s", rows[i].json, status, error.path,
                     error.kind ? error.kind->code : "", error.message);
        sv_arena_free(arena);
    }
}

#define VALUE(json, param, message) {json, param, "INVALID_VALUE", message}
#define TYPE(json, param) {json, param, "INVALID_TYPE", "expected"}
#define MISSING(json, param) {json, param, "MISSING_REQUIRED_PARAMETER", "Missing"}

static const mistake chat_mistakes[] = {
    MISSING("{}", "messages"),
    MISSING("{\"messages\":null}", "messages"),
    TYPE("{\"messages\":\"hi\"}", "messages"),
    VALUE("{\"messages\":[]}", "messages", "1 to"),
    TYPE("{\"messages\":[1]}", "messages[0]"),
    MISSING("{\"messages\":[{}]}", "messages[0].role"),
    TYPE("{\"messages\":[{\"role\":1}]}", "messages[0].role"),
    VALUE("{\"messages\":[{\"role\":\"boss\",\"content\":\"\"}]}", "messages[0].role", "'boss'"),
    MISSING("{\"messages\":[" USER ",{\"role\":\"user\"}]}", "messages[1].content"),
    MISSING("{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "messages[0].content"),
    MISSING("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[]}]}", "messages[0].content"),
    TYPE("{\"messages\":[{\"role\":\"user\",\"content\":5}]}", "messages[0].content"),
    TYPE("{\"messages\":[{\"role\":\"user\",\"content\":[5]}]}", "messages[0].content[0]"),
    VALUE("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
          "messages[0].content[0]", "'text'"),
    VALUE("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
          "\"image_url\":{\"url\":\"x\"}}]}]}",
          "messages[0].content[0]", "'image_url' are not supported"),
    VALUE("{\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0000\"}]}", "messages[0].content",
          "U+0000"),
    TYPE("{\"messages\":[{\"role\":\"user\",\"content\":\"\",\"name\":1}]}", "messages[0].name"),
    VALUE("{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{}]}]}", "messages[0].tool_calls",
          "name"),
    TYPE(CHAT("\"model\":5"), "model"),
    TYPE(CHAT("\"temperature\":\"1\""), "temperature"),
    TYPE(CHAT("\"temperature\":true"), "temperature"),
    VALUE(CHAT("\"temperature\":2.1"), "temperature", "from 0 to 2"),
    VALUE(CHAT("\"temperature\":1e400"), "temperature", "from 0 to 2"),
    VALUE(CHAT("\"temperature\":-0.1"), "temperature", "-0.1"),
    VALUE(CHAT("\"top_p\":1.1"), "top_p", NULL),
    VALUE(CHAT("\"min_p\":-1"), "min_p", NULL),
    VALUE(CHAT("\"top_k\":-2"), "top_k", NULL),
    TYPE(CHAT("\"top_k\":1.5"), "top_k"),
    VALUE(CHAT("\"presence_penalty\":-2.5"), "presence_penalty", NULL),
    VALUE(CHAT("\"frequency_penalty\":3"), "frequency_penalty", NULL),
    VALUE(CHAT("\"repetition_penalty\":0"), "repetition_penalty", NULL),
    TYPE(CHAT("\"seed\":1.5"), "seed"),
    VALUE(CHAT("\"seed\":99999999999999999999"), "seed", NULL),
    VALUE(CHAT("\"max_tokens\":0"), "max_tokens", NULL),
    TYPE(CHAT("\"max_tokens\":false"), "max_tokens"),
    VALUE(CHAT("\"max_completion_tokens\":-1"), "max_completion_tokens", NULL),
    VALUE(CHAT("\"min_tokens\":9,\"max_tokens\":8"), "min_tokens", "larger"),
    VALUE(CHAT("\"n\":0"), "n", NULL),
    VALUE(CHAT("\"n\":17"), "n", "from 1 to 16"),
    TYPE(CHAT("\"n\":true"), "n"),
    TYPE(CHAT("\"stream\":1"), "stream"),
    TYPE(CHAT("\"stream\":true,\"stream_options\":[]"), "stream_options"),
    VALUE(CHAT("\"stream_options\":{\"include_usage\":true}"), "stream_options", "'stream'"),
    TYPE(CHAT("\"stream\":true,\"stream_options\":{\"include_usage\":1}"),
         "stream_options.include_usage"),
    TYPE(CHAT("\"stop\":5"), "stop"),
    TYPE(CHAT("\"stop\":[\"a\",5]"), "stop"),
    VALUE(CHAT("\"stop\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
               "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]"),
          "stop", "at most 16"),
    TYPE(CHAT("\"logit_bias\":5"), "logit_bias"),
    VALUE(CHAT("\"logit_bias\":{\"x\":1}"), "logit_bias", NULL),
    VALUE(CHAT("\"logit_bias\":{\"1\":101}"), "logit_bias", NULL),
    VALUE(CHAT("\"logit_bias\":{\"1\":true}"), "logit_bias", NULL),
    VALUE(CHAT("\"logit_bias\":{\"4294967296\":1}"), "logit_bias", NULL),
    VALUE(CHAT("\"logit_bias\":[1]"), "logit_bias", NULL),
    TYPE(CHAT("\"logprobs\":1"), "logprobs"),
    VALUE(CHAT("\"top_logprobs\":2"), "top_logprobs", "'logprobs'"),
    VALUE(CHAT("\"logprobs\":false,\"top_logprobs\":0"), "top_logprobs", "'logprobs'"),
    VALUE(CHAT("\"logprobs\":true,\"top_logprobs\":21"), "top_logprobs", NULL),
    TYPE(CHAT("\"response_format\":\"json\""), "response_format"),
    MISSING(CHAT("\"response_format\":{}"), "response_format.type"),
    VALUE(CHAT("\"response_format\":{\"type\":\"xml\"}"), "response_format.type", "'xml'"),
    MISSING(CHAT("\"response_format\":{\"type\":\"json_schema\"}"), "response_format.json_schema"),
    TYPE(CHAT("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":1}"),
         "response_format.json_schema"),
    MISSING(CHAT("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}"
                 "}"),
            "response_format.json_schema.name"),
    TYPE(CHAT("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\","
              "\"schema\":[]}}"),
         "response_format.json_schema.schema"),
    VALUE(CHAT("\"modalities\":[\"text\",\"audio\"]"), "modalities", "only 'text'"),
    TYPE(CHAT("\"tools\":{}"), "tools"),
    VALUE(CHAT("\"tools\":[]"), "tools", "1 to"),
    TYPE(CHAT("\"tools\":[1]"), "tools[0]"),
    VALUE(CHAT("\"tools\":[{}]"), "tools[0]", "'function'"),
    VALUE(CHAT("\"tools\":[{\"type\":\"function\"}]"), "tools[0]", "'function'"),
    MISSING(CHAT("\"tools\":[{\"type\":\"function\",\"function\":{}}]"), "tools[0].function.name"),
    VALUE(CHAT("\"tools\":[" TOOL("a b") "]"), "tools[0]", "name"),
    VALUE(CHAT("\"tool_choice\":\"auto\""), "tool_choice", "only allowed"),
    VALUE(CHAT(CHOICE("f")), "tool_choice", "only allowed"),
    VALUE(CHAT("\"tools\":[" TOOL("f") "]," CHOICE("g")), "tool_choice", "no tool 'g'"),
    VALUE(CHAT("\"tools\":[" TOOL("f") "],\"tool_choice\":\"any\""), "tool_choice", "'auto'"),
    VALUE(CHAT("\"tools\":[" TOOL("f") "],\"tool_choice\":5"), "tool_choice", "'auto'"),
    VALUE(CHAT("\"tools\":[" TOOL("f") "],\"tool_choice\":{\"type\":\"allowed_tools\"}"),
          "tool_choice", "'tools'"),
    TYPE(CHAT("\"parallel_tool_calls\":1"), "parallel_tool_calls"),
};

static void refuses_chats(void **state)
{
    (void)state;
    check_mistakes(chat_mistakes, sizeof chat_mistakes / sizeof *chat_mistakes, read_chat);
}

static void refuses_completions(void **state)
{
    (void)state;
    static const mistake rows[] = {
        MISSING("{}", "prompt"),
        VALUE("{\"prompt\":5}", "prompt", "expected a string"),
        VALUE("{\"prompt\":[]}", "prompt", "1 to 16"),
        VALUE("{\"prompt\":[[]]}", "prompt", NULL),
        VALUE("{\"prompt\":[1,\"a\"]}", "prompt", NULL),
        VALUE("{\"prompt\":[\"a\",1]}", "prompt", NULL),
        VALUE("{\"prompt\":[\"a\",[1]]}", "prompt", NULL),
        VALUE("{\"prompt\":[-1]}", "prompt", NULL),
        VALUE("{\"prompt\":[1,true]}", "prompt", NULL),
        VALUE("{\"prompt\":[true]}", "prompt", NULL),
        VALUE("{\"prompt\":[4294967296]}", "prompt", NULL),
        TYPE(PROMPT("\"echo\":1"), "echo"),
        TYPE(PROMPT("\"logprobs\":true"), "logprobs"),
        VALUE(PROMPT("\"logprobs\":6"), "logprobs", "from 0 to 5"),
        VALUE(PROMPT("\"suffix\":\"x\""), "suffix", "not supported"),
        VALUE(PROMPT("\"best_of\":2"), "best_of", "not supported"),
        VALUE("{\"prompt\":[\"a\",\"b\"],\"n\":9}", "n", "at most 16"),
        VALUE(PROMPT("\"stream_options\":{}"), "stream_options", "'stream'"),
        TYPE(PROMPT("\"temperature\":true"), "temperature"),
    };
    check_mistakes(rows, sizeof rows / sizeof *rows, read_completion);
}

static sv_openai_chat get_chat(sv_arena *arena, const char *json)
{
    sv_error error = {0};
    sv_openai_chat chat;
    if (sv_openai_request_chat(arena, parse(arena, json), &error, &chat))
        fail_msg("%s: %s", json, error.message);
    return chat;
}

static void assert_text(sv_str text, const char *expected)
{
    if (!sv_str_eq(text, sv_str_from(expected)))
        fail_msg("%.*s instead of %s", SV_STR_ARG(text), expected);
}

static void reads_defaults(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{\"messages\":[" USER "]}",
        CHAT("\"temperature\":null,\"top_p\":null,\"n\":null,\"stream\":null,\"stop\":null,"
             "\"stream_options\":null,\"max_tokens\":null,\"logit_bias\":null,\"logprobs\":null,"
             "\"top_logprobs\":null,\"seed\":null,\"response_format\":null,\"tools\":null,"
             "\"tool_choice\":null,\"parallel_tool_calls\":null,\"model\":null,\"user\":null"),
        CHAT("\"metadata\":{\"a\":\"b\"},\"store\":false,\"service_tier\":\"auto\",\"next\":[1],"
             "\"reasoning_effort\":\"low\",\"modalities\":[\"text\"],\"functions\":[],"
             "\"seed\":-1,\"top_k\":-1,\"tool_choice\":\"none\",\"stop\":\"\""),
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_openai_chat chat = get_chat(arena, same[i]);
        const sv_openai_ask *ask = &chat.ask;
        assert_true(ask->sampling.temperature == 1 && ask->sampling.top_p == 1);
        assert_true(ask->sampling.repeat_penalty == 1 && ask->sampling.top_k == 0);
        assert_true(ask->n == 1 && !ask->max_tokens && !ask->min_tokens && !ask->n_stops);
        assert_false(ask->has_seed || ask->streams || ask->includes_usage || ask->has_logprobs);
        assert_int_equal(ask->format, SV_OPENAI_FORMAT_TEXT);
        assert_int_equal(chat.tools.n, 0);
        assert_int_equal(chat.tools.choice, SV_OPENAI_CHOICE_NONE);
        assert_text(chat.messages.items[0].content, "hi");
        sv_arena_free(arena);
    }
}

static void reads_everything(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_chat chat = get_chat(
        arena, CHAT("\"model\":\"m\",\"temperature\":0,\"top_p\":0.5,\"min_p\":0.1,\"top_k\":40,"
                    "\"presence_penalty\":-2,\"frequency_penalty\":2,\"repetition_penalty\":1.5,"
                    "\"seed\":7,\"max_completion_tokens\":5,\"max_tokens\":9,\"min_tokens\":3.0,"
                    "\"ignore_eos\":true,\"n\":2,\"stream\":true,"
                    "\"stream_options\":{\"include_usage\":true},\"stop\":[\"a\",\"\",\"b\"],"
                    "\"logit_bias\":{\"5\":-100,\"6\":1.5,\"7\":false},\"logprobs\":true,"
                    "\"top_logprobs\":20"));
    const sv_openai_ask *ask = &chat.ask;
    sv_generation_request request = {.max_tokens = 100};
    assert_text(ask->model, "m");
    assert_true(ask->streams && ask->includes_usage && ask->n == 2);
    sv_openai_request_fill(ask, 1, &request);
    const sv_sampling *sampling = &request.sampling;
    assert_true(sampling->temperature == 0 && sampling->top_p == 0.5 && sampling->min_p == 0.1);
    assert_true(sampling->presence_penalty == -2 && sampling->frequency_penalty == 2);
    assert_true(sampling->repeat_penalty == 1.5 && sampling->top_k == 40 && sampling->seed == 8);
    assert_int_equal(sampling->n_biases, 3);
    assert_true(sampling->biases[0].token == 5 && sampling->biases[0].bias == -100);
    assert_true(sampling->biases[1].bias == 1.5f && sampling->biases[2].bias == -100);
    assert_true(request.max_tokens == 5 && request.min_tokens == 3 && request.ignores_end);
    assert_true(request.has_logprobs && request.n_top_logprobs == 20 && !request.is_collected);
    assert_int_equal(request.n_stops, 2);
    assert_text(request.stops[1], "b");
    sv_arena_free(arena);
}

static void seeds_choices_that_have_none(void **state)
{
    (void)state;
    sv_openai_ask ask = {.n = 1};
    sv_generation_request a = {.max_tokens = 3}, b = {.max_tokens = 3};
    sv_openai_request_fill(&ask, 0, &a);
    sv_openai_request_fill(&ask, 0, &b);
    assert_true(a.sampling.seed != b.sampling.seed);
    assert_int_equal(a.max_tokens, 3);
    assert_true(a.is_collected);
}

static void reads_messages(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_messages messages =
        get_chat(arena,
                 "{\"messages\":[{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":"
                 "\"a\"},{\"type\":\"text\",\"text\":\"b\"}]},"
                 "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
                 "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"\"},"
                 "{\"role\":\"function\",\"name\":\"f\",\"content\":[]}]}")
            .messages;
    assert_int_equal(messages.len, 4);
    assert_int_equal(messages.items[0].role, SV_OPENAI_SYSTEM);
    assert_text(messages.items[0].content, "ab");
    assert_int_equal(messages.items[1].role, SV_OPENAI_ASSISTANT);
    assert_non_null(messages.items[1].calls);
    assert_text(messages.items[2].call_id, "c");
    assert_int_equal(messages.items[3].role, SV_OPENAI_TOOL);
    sv_arena_free(arena);
}

static void reads_formats(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        sv_openai_format format;
        bool has_schema;
    } rows[] = {
        {CHAT("\"response_format\":{\"type\":\"text\"}"), SV_OPENAI_FORMAT_TEXT, false},
        {CHAT("\"response_format\":{\"type\":\"json_object\"}"), SV_OPENAI_FORMAT_JSON, false},
        {CHAT("\"response_format\":{\"type\":\"json_object\",\"schema\":{}}"),
         SV_OPENAI_FORMAT_JSON, true},
        {CHAT("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\","
              "\"strict\":true,\"schema\":{\"type\":\"object\"}}}"),
         SV_OPENAI_FORMAT_SCHEMA, true},
        {CHAT("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\"}}"),
         SV_OPENAI_FORMAT_JSON, false},
        {CHAT("\"response_format\":{\"type\":\"json_schema\",\"schema\":{}}"),
         SV_OPENAI_FORMAT_SCHEMA, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_openai_ask ask = get_chat(arena, rows[i].json).ask;
        assert_int_equal(ask.format, rows[i].format);
        assert_int_equal(ask.schema != NULL, rows[i].has_schema);
        sv_arena_free(arena);
    }
}

static void names_what_would_bind_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *json, *name;
    } rows[] = {
        {CHAT("\"grammar\":\"root ::= \\\"a\\\"\""), "grammar"},
        {CHAT("\"json_schema\":{\"type\":\"object\"}"), "json_schema"},
        {CHAT("\"structured_outputs\":{\"choice\":[\"a\"]}"), "structured_outputs"},
        {CHAT("\"guided_regex\":5"), "guided_regex"},
        {CHAT("\"stop_token_ids\":[2]"), "stop_token_ids"},
        {CHAT("\"grammar\":\"\",\"json_schema\":{},\"stop_token_ids\":[],\"guided_json\":null"),
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_openai_ask ask = get_chat(arena, rows[i].json).ask;
        if (rows[i].name)
            assert_string_equal(ask.not_here, rows[i].name);
        else
            assert_null(ask.not_here);
        sv_arena_free(arena);
    }
}

static void reads_prompts(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t n, n_tokens; /* 0: texts */
    } rows[] = {
        {"{\"prompt\":\"\"}", 1, 0},          {"{\"prompt\":[\"a\"]}", 1, 0},
        {"{\"prompt\":[\"a\",\"b\"]}", 2, 0}, {"{\"prompt\":[1,2,3]}", 1, 3},
        {"{\"prompt\":[[1],[2,3]]}", 2, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_openai_completion completion;
        assert_int_equal(
            sv_openai_request_completion(arena, parse(arena, rows[i].json), &error, &completion),
            SV_OK);
        assert_int_equal(completion.n_prompts, rows[i].n);
        assert_int_equal(completion.prompts[0].n_tokens, rows[i].n_tokens);
        assert_false(completion.echoes || completion.ask.has_logprobs);
        sv_arena_free(arena);
    }
}

static void reads_completions(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_openai_completion completion;
    const char *json = PROMPT("\"echo\":true,\"logprobs\":0,\"best_of\":2,\"n\":2,\"suffix\":\"\"");
    assert_int_equal(sv_openai_request_completion(arena, parse(arena, json), &error, &completion),
                     SV_OK);
    assert_true(completion.echoes && completion.ask.has_logprobs);
    assert_int_equal(completion.ask.n_top_logprobs, 0);
    sv_arena_free(arena);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    static const char *const jsons[] = {
        CHAT("\"stop\":[\"a\"],\"logit_bias\":{\"5\":1},\"tools\":[" TOOL("f") "]," CHOICE("f")),
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]}",
    };
    sv_arena *body = sv_arena_new(0);
    for (size_t i = 0; i < sizeof jsons / sizeof *jsons; i++) {
        const sv_value *value = parse(body, jsons[i]);
        sv_status status = SV_NO_MEMORY;
        for (size_t limit = 0; status == SV_NO_MEMORY; limit += 16) {
            sv_arena *arena = sv_arena_new(limit ? limit : 1);
            sv_error error = {0};
            status = read_chat(arena, value, &error);
            sv_arena_free(arena);
        }
        assert_int_equal(status, SV_OK);
    }
    sv_arena_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_chats),
        cmocka_unit_test(refuses_completions),
        cmocka_unit_test(reads_defaults),
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(seeds_choices_that_have_none),
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(reads_formats),
        cmocka_unit_test(names_what_would_bind_the_text),
        cmocka_unit_test(reads_prompts),
        cmocka_unit_test(reads_completions),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
