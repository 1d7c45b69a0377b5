/* test_openai_answer.c: answers and chunks, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/version.h>

#include "api/openai_answer.h"
#include "json/value.h"

#define BEGIN(id, object)                                                                          \
    "{\"id\":\"" id "\",\"object\":\"" object "\",\"created\":5,\"model\":\"m\\\"\","              \
    "\"system_fingerprint\":\"serval-" SV_VERSION "\",\"choices\":["
#define CHAT BEGIN("chatcmpl-1", "chat.completion")
#define CHUNK BEGIN("chatcmpl-1", "chat.completion.chunk")
#define TEXT BEGIN("cmpl-1", "text_completion")
#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":14,\"completion_tokens\":3,\"total_tokens\":17,"                 \
    "\"prompt_tokens_details\":{\"cached_tokens\":8},"                                             \
    "\"completion_tokens_details\":{\"reasoning_tokens\":0}}"
#define GOES_ON ",\"logprobs\":null,\"finish_reason\":null}]}"

static const sv_generation_usage usage = {.n_prompt = 14, .n_cached = 8, .n_completion = 3};

/* An answer whose id and time are known. */
static sv_openai_answer make(sv_arena *arena, sv_openai_object object)
{
    sv_openai_answer answer;
    assert_int_equal(sv_openai_answer_new(arena, object, SV_STR("m\""), &answer), SV_OK);
    bool is_chat = object == SV_OPENAI_OBJECT_CHAT;
    assert_int_equal(strncmp(answer.id, is_chat ? "chatcmpl-" : "cmpl-", is_chat ? 9 : 5), 0);
    assert_int_equal(strlen(answer.id), (is_chat ? 9 : 5) + 32);
    assert_true(answer.created > 1700000000);
    strcpy(answer.id, is_chat ? "chatcmpl-1" : "cmpl-1");
    answer.created = 5;
    answer.head = is_chat ? SV_STR(CHUNK "{\"index\":") : SV_STR(TEXT "{\"index\":");
    return answer;
}

/* Compares, checks that it is JSON, and clears. */
static void expect(sv_buf *buf, const char *expected)
{
    sv_arena *arena = sv_arena_new(0);
    sv_value_error why;
    const sv_value *value;
    assert_int_equal(sv_buf_status(buf), SV_OK);
    if (!sv_str_eq(sv_buf_str(buf), sv_str_from(expected)))
        fail_msg("%.*s\ninstead of\n%s", SV_STR_ARG(sv_buf_str(buf)), expected);
    assert_int_equal(sv_value_parse(arena, sv_buf_str(buf), NULL, &why, &value), SV_OK);
    sv_arena_free(arena);
    sv_buf_clear(buf);
}

/* Token 0 is the first byte of a character, others are letters. */
static sv_status write_piece(void *arg, sv_token token, sv_buf *bytes)
{
    (void)arg;
    return sv_buf_append_byte(bytes, token == 0 ? '\xc3' : (char)('a' + token));
}

static const sv_openai_pieces pieces = {write_piece, NULL};
static const sv_generation_token tokens[] = {
    {.chosen = {1, -0.5f}, .n_top = 2, .top = {{1, -0.5f}, {0, -2}}, .n_text_bytes = 1},
    {.chosen = {0, -1}, .n_top = 0, .n_text_bytes = 0},
    {.chosen = {2, -0.25f}, .n_top = 0, .n_text_bytes = 2},
};

static void heads_are_what_objects_begin_with(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_answer answer;
    sv_buf buf;
    sv_buf_init(&buf, 4096);
    assert_int_equal(sv_openai_answer_new(arena, SV_OPENAI_OBJECT_CHAT, SV_STR("m\""), &answer),
                     SV_OK);
    sv_openai_answer_usage(&answer, &usage, &buf);
    size_t same = answer.head.len - strlen("{\"index\":");
    assert_int_equal(memcmp(answer.head.ptr, buf.ptr, same), 0);
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void writes_chats(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_answer answer = make(arena, SV_OPENAI_OBJECT_CHAT);
    sv_openai_call calls[] = {
        {.id = "call_1", .name = SV_STR("f"), .arguments = SV_STR("{\"a\":1}")}};
    sv_openai_logprobs logprobs = {.tokens = tokens, .n_tokens = 2, .pieces = &pieces};
    sv_openai_choice_answer choices[] = {
        {.text = SV_STR("Four.\xC3\xA9"), .finish = SV_FINISH_STOP},
        {.calls = calls, .n_calls = 1, .finish = SV_FINISH_STOP},
        {.text = SV_STR("b"), .logprobs = &logprobs, .finish = SV_FINISH_LENGTH}};
    sv_buf buf;
    sv_buf_init(&buf, 1 << 16);
    sv_openai_answer_write(&answer, choices, 3, &usage, &buf);
    expect(
        &buf, CHAT
        "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Four.\xC3\xA9\","
        "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"},"
        "{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":null,"
        "\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"arguments\":\"{\\\"a\\\":1}\"}}]},\"logprobs\":null,\"finish_reason\":\"tool_calls\"},"
        "{\"index\":2,\"message\":{\"role\":\"assistant\",\"content\":\"b\",\"refusal\":null},"
        "\"logprobs\":{\"content\":["
        "{\"token\":\"b\",\"logprob\":-0.5,\"bytes\":[98],\"top_logprobs\":["
        "{\"token\":\"b\",\"logprob\":-0.5,\"bytes\":[98]},"
        "{\"token\":\"\xEF\xBF\xBD\",\"logprob\":-2.0,\"bytes\":[195]}]},"
        "{\"token\":\"\xEF\xBF\xBD\",\"logprob\":-1.0,\"bytes\":[195],\"top_logprobs\":[]}],"
        "\"refusal\":null},\"finish_reason\":\"length\"}]," USAGE "}");
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void writes_completions(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_answer answer = make(arena, SV_OPENAI_OBJECT_TEXT);
    sv_openai_logprobs logprobs = {
        .tokens = tokens, .n_tokens = 3, .pieces = &pieces, .text_offset = 10};
    sv_openai_logprobs plain = {.tokens = tokens + 2, .n_tokens = 1, .pieces = &pieces};
    sv_openai_choice_answer choices[] = {
        {.text = SV_STR("b\xC3\xA9"), .logprobs = &logprobs, .finish = SV_FINISH_STOP},
        {.text = SV_STR("c"), .logprobs = &plain, .finish = SV_FINISH_CANCELLED}};
    sv_buf buf;
    sv_buf_init(&buf, 1 << 16);
    sv_openai_answer_write(&answer, choices, 2, &usage, &buf);
    expect(
        &buf, TEXT
        "{\"index\":0,\"text\":\"b\xC3\xA9\",\"logprobs\":{\"tokens\":[\"b\",\"bytes:\\\\xc3\","
        "\"c\"],\"token_logprobs\":[-0.5,-1.0,-0.25],\"top_logprobs\":[{\"b\":-0.5,"
        "\"bytes:\\\\xc3\":-2.0},{},{}],\"text_offset\":[10,11,11]},\"finish_reason\":\"stop\"},"
        "{\"index\":1,\"text\":\"c\",\"logprobs\":{\"tokens\":[\"c\"],\"token_logprobs\":[-0.25],"
        "\"top_logprobs\":null,\"text_offset\":[0]},\"finish_reason\":\"length\"}]," USAGE "}");
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void writes_chunks_of_chats(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_answer answer = make(arena, SV_OPENAI_OBJECT_CHAT);
    sv_openai_call call = {.id = "call_1", .name = SV_STR("f")};
    sv_openai_logprobs logprobs = {.tokens = tokens + 2, .n_tokens = 1, .pieces = &pieces};
    sv_buf buf;
    sv_buf_init(&buf, 1 << 16);
    sv_openai_answer_role(&answer, 0, &buf);
    expect(&buf, CHUNK "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\","
                       "\"refusal\":null}" GOES_ON);
    sv_openai_answer_text(&answer, 12, SV_STR("a\n\"\xC3\xA9"), NULL, &buf);
    expect(&buf, CHUNK "{\"index\":12,\"delta\":{\"content\":\"a\\n\\\"\xC3\xA9\"}" GOES_ON);
    sv_openai_answer_text(&answer, 0, SV_STR("c"), &logprobs, &buf);
    expect(&buf, CHUNK "{\"index\":0,\"delta\":{\"content\":\"c\"},\"logprobs\":{\"content\":["
                       "{\"token\":\"c\",\"logprob\":-0.25,\"bytes\":[99],\"top_logprobs\":[]}],"
                       "\"refusal\":null},\"finish_reason\":null}]}");
    sv_openai_answer_call(&answer, 0, 1, &call, &buf);
    expect(&buf, CHUNK
           "{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"call_1\","
           "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}" GOES_ON);
    sv_openai_answer_arguments(&answer, 0, 1, SV_STR("{\"a\""), &buf);
    expect(&buf, CHUNK "{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{"
                       "\"arguments\":\"{\\\"a\\\"\"}}]}" GOES_ON);
    sv_openai_answer_finish(&answer, 0, SV_FINISH_STOP, true, &buf);
    expect(&buf, CHUNK "{\"index\":0,\"delta\":{},\"logprobs\":null,"
                       "\"finish_reason\":\"tool_calls\"}]}");
    sv_openai_answer_usage(&answer, &usage, &buf);
    expect(&buf, CHUNK "]," USAGE "}");
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void writes_chunks_of_completions(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_openai_answer answer = make(arena, SV_OPENAI_OBJECT_TEXT);
    sv_openai_logprobs logprobs = {
        .tokens = tokens + 2, .n_tokens = 1, .pieces = &pieces, .text_offset = 7};
    sv_buf buf;
    sv_buf_init(&buf, 1 << 16);
    sv_openai_answer_text(&answer, 0, SV_STR("c"), NULL, &buf);
    expect(&buf, TEXT "{\"index\":0,\"text\":\"c\"" GOES_ON);
    sv_openai_answer_text(&answer, 0, SV_STR("c"), &logprobs, &buf);
    expect(&buf, TEXT "{\"index\":0,\"text\":\"c\",\"logprobs\":{\"tokens\":[\"c\"],"
                      "\"token_logprobs\":[-0.25],\"top_logprobs\":null,\"text_offset\":[7]},"
                      "\"finish_reason\":null}]}");
    sv_openai_answer_finish(&answer, 0, SV_FINISH_LENGTH, false, &buf);
    expect(&buf, TEXT "{\"index\":0,\"text\":\"\",\"logprobs\":null,"
                      "\"finish_reason\":\"length\"}]}");
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void makes_ids_of_calls(void **state)
{
    (void)state;
    char a[SV_OPENAI_CALL_ID_SIZE], b[SV_OPENAI_CALL_ID_SIZE];
    sv_openai_answer_make_call_id(a);
    sv_openai_answer_make_call_id(b);
    assert_int_equal(strlen(a), 29);
    assert_int_equal(strncmp(a, "call_", 5), 0);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_what_objects_begin_with),
        cmocka_unit_test(writes_chats),
        cmocka_unit_test(writes_completions),
        cmocka_unit_test(writes_chunks_of_chats),
        cmocka_unit_test(writes_chunks_of_completions),
        cmocka_unit_test(makes_ids_of_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
