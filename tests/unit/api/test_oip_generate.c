/* test_oip_generate.c: the generate extension in process: what is asked, what is refused and in
 * which words, and the forms of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

static server_lab lab;

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

/* With the small chat; skips without llama.cpp. */
static int set_up(void **state)
{
    static const char *const options[] = {SV_SOURCE_DIR "/models/chat", "--engine-dir", LLAMA_DIR,
                                          NULL};
    (void)state;
    server_lab_open(&lab, options);
    return 0;
}

static void load_chat(void)
{
    (void)sv_runtime_load_models(&lab.runtime);
    sv_model *chat = sv_registry_find(lab.runtime.registry, SV_STR("chat"));
    if (sv_registry_state(chat->versions[0]) == SV_VERSION_READY)
        return;
    print_message("skipped: %s\n", chat->versions[0]->reason);
    skip();
}

typedef struct exchange {
    const char *path, *body;
    int status;
    const char *answer; /* begins with it; NULL: not looked at */
} exchange;

static void check(const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_reply reply = cases[i].body ? sv_test_post(lab.client, cases[i].path, cases[i].body)
                                       : sv_test_get(lab.client, cases[i].path);
        bool fits =
            !cases[i].answer || sv_str_starts_with(reply.body, sv_str_from(cases[i].answer));
        if (reply.status != cases[i].status || !fits)
            fail_msg("%s %s: %d %.*s", cases[i].path, cases[i].body ? cases[i].body : "",
                     reply.status, SV_STR_ARG(reply.body));
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))
#define MODEL "/v2/models/chat"
#define GENERATE MODEL "/generate"
#define STREAM MODEL "/generate_stream"
#define ASK(more) "{\"text_input\":\"the cat\"," more "}"
#define OF_CHAT "\"model_name\":\"chat\",\"model_version\":\"1\",\"text_output\":\""

static void answers_with_one_object(void **state)
{
    static const exchange cases[] = {
        {GENERATE, ASK("\"max_tokens\":3"), 200, "{" OF_CHAT},
        {GENERATE, ASK("\"id\":\"r1\",\"parameters\":{\"max_tokens\":3}"), 200,
         "{\"id\":\"r1\"," OF_CHAT},
        {GENERATE, ASK("\"id\":\"\",\"max_tokens\":1"), 200, "{" OF_CHAT},
        {MODEL "/versions/1/generate", ASK("\"max_tokens\":1"), 200, "{" OF_CHAT},
        {GENERATE, "{\"text_input\":[\"the cat\"],\"max_tokens\":1}", 200, "{" OF_CHAT},
        {GENERATE, "{\"parameters\":{\"text_input\":\"the cat\",\"max_tokens\":1}}", 200,
         "{" OF_CHAT},
        {GENERATE, ASK("\"max_tokens\":1,\"what\":true,\"ever\":\"x\",\"else\":1.5"), 200,
         "{" OF_CHAT},
        {GENERATE, ASK("\"max_tokens\":2,\"stream\":false,\"stop\":\".\",\"priority\":1"), 200,
         "{" OF_CHAT},
    };
    (void)state;
    load_chat();
    CHECK(cases);
}

static void refuses_in_the_words_of_the_protocol(void **state)
{
#define PARSE "{\"error\":\"failed to parse the request JSON buffer: "
#define TYPE(name)                                                                                 \
    "{\"error\":\"parameter '" name                                                                \
    "' has invalid type. It should be either 'int', 'bool', or 'string'.\"}"
    static const exchange cases[] = {
        {GENERATE, "", 400, PARSE},
        {GENERATE, "{", 400, PARSE},
        {GENERATE, "[]", 400, PARSE "expected an object\"}"},
        {GENERATE, "{}", 400,
         "{\"error\":\"expected 1 inputs but got 0 inputs for model 'chat'. Got input(s) [], but "
         "missing required input(s) ['text_input']."},
        {GENERATE, "{\"text_input\":5}", 400, "{\"error\":\"Unable to parse 'text_input': "},
        {GENERATE, "{\"text_input\":null}", 400, "{\"error\":\"Unable to parse 'text_input': "},
        {GENERATE, "{\"text_input\":[5]}", 400, "{\"error\":\"Unable to parse 'text_input': "},
        {GENERATE, "{\"text_input\":[]}", 400, "{\"error\":\"unexpected shape for input "},
        {GENERATE, "{\"text_input\":[\"a\",\"b\"]}", 400,
         "{\"error\":\"unexpected shape for input 'text_input' for model 'chat'. Expected [1], "
         "got [2]."},
        {GENERATE, ASK("\"parameters\":{\"text_input\":\"x\"}"), 400,
         "{\"error\":\"input 'text_input' already exists in request\"}"},
        {GENERATE, ASK("\"parameters\":[]"), 400, "{\"error\":\"Unable to parse 'parameters'"},
        {GENERATE, ASK("\"parameters\":null"), 400, "{\"error\":\"Unable to parse 'parameters'"},
        {GENERATE, ASK("\"id\":5"), 400, "{\"error\":\"Unable to parse 'id'"},
        {GENERATE, ASK("\"x\":[1]"), 400, TYPE("x")},
        {GENERATE, ASK("\"x\":null"), 400, TYPE("x")},
        {GENERATE, ASK("\"parameters\":{\"x\":{}}"), 400, TYPE("x")},
        {GENERATE, ASK("\"temperature\":3"), 400, "{\"error\":\"Invalid value for 'temperature'"},
        {GENERATE, ASK("\"max_tokens\":0"), 400, "{\"error\":\"Invalid value for 'max_tokens'"},
        {GENERATE, ASK("\"max_tokens\":1e300"), 400, "{\"error\":\"Invalid value"},
        {GENERATE, ASK("\"parameters\":{\"top_p\":\"x\"}"), 400,
         "{\"error\":\"Invalid type for 'top_p'"},
        {GENERATE, ASK("\"stream\":true"), 400,
         "{\"error\":\"generate expects model to produce exactly 1 response, use generate stream"},
        {GENERATE, "{\"text_input\":\"\"}", 400, "{\"error\":\""},
        {STREAM, "{}", 400, "{\"error\":\"expected 1 inputs"},
        {"/v2/models/nope/generate", ASK("\"x\":1"), 404,
         "{\"error\":\"Request for unknown model: 'nope' is not found\"}"},
        {MODEL "/versions/7/generate_stream", ASK("\"x\":1"), 404,
         "{\"error\":\"Request for unknown model: 'chat' version 7 is not found\"}"},
        {GENERATE, NULL, 405, "{\"error\":\""},
    };
    (void)state;
    load_chat();
    CHECK(cases);
}

static void says_how_long_is_too_long(void **state)
{
    char body[8192] = "{\"text_input\":\"";
    (void)state;
    load_chat();
    size_t at = strlen(body);
    for (; at < sizeof body - 8; at += 2)
        memcpy(body + at, "a ", 2);
    memcpy(body + at, "\"}", 3);
    sv_reply reply = sv_test_post(lab.client, GENERATE, body);
    assert_int_equal(reply.status, 400);
    assert_true(sv_str_starts_with(reply.body, SV_STR("{\"error\":\"")));
    assert_non_null(memmem(reply.body.ptr, reply.body.len, "512", 3));
}

static void streams_events_of_one_form(void **state)
{
    (void)state;
    load_chat();
    sv_reply reply =
        sv_test_post(lab.client, STREAM, ASK("\"id\":\"s\",\"max_tokens\":6,\"ignore_eos\":true"));
    assert_int_equal(reply.status, 200);
    sv_str rest = reply.body, line;
    size_t n = 0;
    while (sv_str_split(&rest, '\n', &line)) {
        assert_true(!line.len || sv_str_starts_with(line, SV_STR("data: {\"id\":\"s\"," OF_CHAT)));
        n += line.len > 0;
    }
    assert_true(n > 0 && n <= 6);
}

/* What is written in parts is what is written at once. */
static void streams_say_the_same(void **state)
{
#define SEEDED ASK("\"max_tokens\":1,\"temperature\":0.8,\"seed\":5")
    (void)state;
    load_chat();
    sv_reply whole = sv_test_post(lab.client, GENERATE, SEEDED);
    sv_str text = sv_str_slice(whole.body, 0, whole.body.len);
    char copy[512];
    assert_true(text.len < sizeof copy);
    memcpy(copy, text.ptr, text.len);
    sv_reply streamed = sv_test_post(lab.client, STREAM, SEEDED);
    assert_int_equal(streamed.body.len, text.len + strlen("data: \n\n"));
    assert_memory_equal(streamed.body.ptr + strlen("data: "), copy, text.len);
}

static void tells_what_it_takes(void **state)
{
#define TEXT(name) "[{\"name\":\"" name "\",\"datatype\":\"BYTES\",\"shape\":[1]}]"
#define STRING(name) "[{\"name\":\"" name "\",\"data_type\":\"TYPE_STRING\",\"dims\":[1]}]"
    static const exchange cases[] = {
        {MODEL, NULL, 200,
         "{\"name\":\"chat\",\"versions\":[\"1\"],\"platform\":\"llama.cpp\",\"inputs\":" TEXT(
             "text_input") ",\"outputs\":" TEXT("text_output") "}"},
        {MODEL "/config", NULL, 200,
         "{\"name\":\"chat\",\"platform\":\"llama.cpp\",\"backend\":\"llama.cpp\","
         "\"max_batch_size\":0,\"input\":" STRING("text_input") ",\"output\":" STRING(
             "text_output") ",\"model_transaction_policy\":{\"decoupled\":true}}"},
        {MODEL "/ready", NULL, 200, "{\"name\":\"chat\",\"ready\":true}"},
        {MODEL "/infer",
         "{\"inputs\":[{\"name\":\"text_input\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":["
         "\"a\"]}]}",
         400, "{\"error\":\"model 'chat' writes text and has no tensors to infer"},
    };
    (void)state;
    load_chat();
    CHECK(cases);
}

/* Readiness is that of every model. */
static void is_not_ready_without_it(void **state)
{
    static const exchange cases[] = {
        {MODEL "/ready", NULL, 503, "{\"error\":\"Model version not ready\"}"},
        {GENERATE, ASK("\"x\":1"), 503,
         "{\"error\":\"Request for unknown model: 'chat' version 1 "
         "is not at ready state\"}"},
        {"/v2/health/ready", NULL, 503, "{\"error\":\"Model 'chat' is not ready\"}"}};
    (void)state;
    CHECK(cases);
}

static void only_language_models_generate(void **state)
{
    static const exchange cases[] = {
        {"/v2/models/digits/generate", ASK("\"x\":1"), 400,
         "{\"error\":\"model 'digits' does not generate text: its task is image-classification"}};
    (void)state;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_with_one_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_in_the_words_of_the_protocol, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_how_long_is_too_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_events_of_one_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_say_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_what_it_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_not_ready_without_it, set_up, tear_down),
        cmocka_unit_test_teardown(only_language_models_generate, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
