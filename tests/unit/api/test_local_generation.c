/* Texts by the language model of an application: the bundled one, in handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <serval/serval.h>

#include "failing_malloc.h"
#include "json/value.h"

#define MODELS SV_SOURCE_DIR "/models"

static sv_models *models, *others;
static sv_loaded_model chat, digits;
static sv_client *client;

struct order {
    sv_str prompt, stop;
    bool is_message, wrong_task, wants_pieces, leaves;
    int64_t max_tokens, seed;
    double temperature;
};
SV_SCHEMA(order, SV_FIELD(order, prompt), SV_FIELD(order, stop, .default_json = "\"\""),
          SV_FIELD(order, is_message, .default_json = "true"),
          SV_FIELD(order, wrong_task, .default_json = "false"),
          SV_FIELD(order, wants_pieces, .default_json = "true"),
          SV_FIELD(order, max_tokens, .default_json = "0"),
          SV_FIELD(order, seed, .default_json = "0"),
          SV_FIELD(order, leaves, .default_json = "false"),
          SV_FIELD(order, temperature, .default_json = "0"));
struct written {
    sv_str text, pieces;
    bool is_complete;
    int64_t n_prompt_tokens, n_tokens, n_pieces;
};
SV_SCHEMA(written, SV_FIELD(written, text), SV_FIELD(written, pieces),
          SV_FIELD(written, is_complete), SV_FIELD(written, n_prompt_tokens),
          SV_FIELD(written, n_tokens), SV_FIELD(written, n_pieces));

/* What on_text is told. */
typedef struct taker {
    sv_call *call;
    struct written *out;
    bool leaves; /* at the first piece: there may be no other, if it comes late */
} taker;

static sv_status take(void *arg, sv_str piece)
{
    taker *it = arg;
    assert_true(piece.len > 0);
    if (it->leaves)
        return SV_IO;
    it->out->n_pieces++;
    it->out->pieces =
        sv_format(it->call, "%.*s%.*s", SV_STR_ARG(it->out->pieces), SV_STR_ARG(piece));
    return SV_OK;
}

SV_HANDLER(write, order, written);
static sv_status write(sv_call *call, const struct order *in, struct written *out)
{
    taker it = {call, out, in->leaves};
    sv_error error = {0};
    sv_generated made;
    sv_generate_request request = {
        .model = in->wrong_task ? &digits : &chat,
        .prompt = in->prompt,
        .is_message = in->is_message,
        .max_tokens = in->max_tokens,
        .temperature = in->temperature,
        .has_seed = true,
        .seed = (uint64_t)in->seed,
        .stops = &in->stop,
        .n_stops = in->stop.len > 0,
        .on_text = in->wants_pieces ? take : NULL,
        .arg = &it,
    };
    sv_status status = sv_models_generate(call, &request, &error, &made);
    if (status)
        return sv_fail_with(call, status, &error);
    out->text = made.text;
    out->is_complete = made.is_complete;
    out->n_prompt_tokens = made.n_prompt_tokens;
    out->n_tokens = made.n_tokens;
    return SV_OK;
}

static const sv_operation operations[] = {{"POST", "/write", &write_handler}, {0}};
static const sv_app app = {.operations = operations};

static int set_up(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_models_options options = {.engine_dir = LLAMA_DIR, .threads = 1};
    if (sv_models_open(MODELS, &options, &error, &models))
        return -1;
    sv_status status = sv_models_load(models, "chat", NULL, &error, &chat);
    if (status)
        print_message("skipped: no language model: %s\n", error.message);
    else if (!sv_models_open(MODELS, NULL, &error, &others) && /* with the engines of pictures */
             sv_models_load(others, "digits", NULL, &error, &digits))
        print_message("%s\n", error.message);
    client = status ? NULL : sv_test_client(&app);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_test_free(client);
    sv_models_close(models);
    sv_models_close(others);
    return 0;
}

static sv_reply ask(const char *body)
{
    if (!client)
        skip();
    return sv_test_post(client, "/write", body);
}

static sv_str text_of(const sv_value *object, const char *name)
{
    return sv_value_str(sv_value_get(object, sv_str_from(name)));
}

/* models/chat/EXPECTED.json. NULL: it is absent. */
static const sv_value *read_expected(sv_arena *arena)
{
    static char file[1 << 16];
    const sv_value *expected = NULL;
    FILE *from = fopen(MODELS "/chat/EXPECTED.json", "re");
    if (!from)
        return NULL;
    size_t len = fread(file, 1, sizeof file, from);
    fclose(from);
    assert_int_equal(sv_value_parse(arena, (sv_str){file, len}, NULL, NULL, &expected), SV_OK);
    return sv_value_get(expected, SV_STR("chats"));
}

/* A conversation of one message, whose answer no processor changes. */
static bool is_comparable(const sv_value *conversation)
{
    return sv_value_len(sv_value_get(conversation, SV_STR("messages"))) == 1 &&
           sv_value_bool(sv_value_get(conversation, SV_STR("safe")));
}

static void check_answer(const sv_value *conversation)
{
    const sv_value *message = NULL;
    sv_value_cursor messages = sv_value_walk(sv_value_get(conversation, SV_STR("messages")));
    sv_value_next_item(&messages, &message);
    sv_reply reply = sv_test_post_json(client, "/write", "{\"prompt\": \"%.*s\"}",
                                       SV_STR_ARG(text_of(message, "content")));
    assert_int_equal(reply.status, 200);
    assert_true(sv_str_eq(sv_reply_str(reply, "text"), text_of(conversation, "text")));
    assert_true(sv_str_eq(sv_reply_str(reply, "pieces"), text_of(conversation, "text")));
    assert_int_equal(sv_reply_int(reply, "n_prompt_tokens"),
                     sv_value_int(sv_value_get(conversation, SV_STR("prompt_tokens"))));
    assert_true(sv_reply_bool(reply, "is_complete"));
}

static void test_greedy_answers(void **state)
{
    (void)state;
    if (!client)
        skip();
    sv_arena *arena = sv_arena_new(0);
    const sv_value *conversations = read_expected(arena), *conversation;
    size_t n = 0;
    sv_value_cursor walk = sv_value_walk(conversations);
    while (sv_value_next_item(&walk, &conversation))
        if (is_comparable(conversation)) {
            check_answer(conversation);
            n++;
        }
    sv_arena_free(arena);
    assert_true(n > 0);
}

static void test_ends(void **state)
{
    (void)state;
    sv_reply reply = ask("{\"prompt\": \"The zebra\", \"is_message\": false, \"max_tokens\": 3}");
    assert_int_equal(reply.status, 200);
    assert_false(sv_reply_bool(reply, "is_complete"));
    assert_int_equal(sv_reply_int(reply, "n_tokens"), 3);
    reply = ask("{\"prompt\": \"Hello!\", \"stop\": \" \"}");
    assert_true(sv_reply_bool(reply, "is_complete"));
    sv_str text = sv_reply_str(reply, "text");
    assert_int_equal(sv_str_find(text, ' '), text.len);
}

static void test_only_the_whole(void **state)
{
    (void)state;
    sv_reply reply = ask("{\"prompt\": \"Hello!\", \"wants_pieces\": false}");
    assert_true(sv_reply_str(reply, "text").len > 0);
    assert_int_equal(sv_reply_int(reply, "n_pieces"), 0);
}

/* The same seed, the same text; others differ at a temperature at which anything may come. */
static void test_seeds(void **state)
{
    (void)state;
    char texts[3][2048];
    static const int seeds[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        if (!client)
            skip();
        sv_reply reply = sv_test_post_json(client, "/write",
                                           "{\"prompt\": \"A\", \"is_message\": false, "
                                           "\"temperature\": 2, \"max_tokens\": 32, \"seed\": %d}",
                                           seeds[i]);
        assert_int_equal(reply.status, 200);
        snprintf(texts[i], sizeof texts[i], "%.*s", SV_STR_ARG(sv_reply_str(reply, "text")));
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_not_equal(texts[0], texts[2]);
}

static void test_refusals(void **state)
{
    (void)state;
    static char long_body[8192];
    int len = snprintf(long_body, sizeof long_body, "{\"prompt\": \"%0*d\"}", 4000, 7);
    assert_true(len < (int)sizeof long_body);
    const struct {
        const char *body, *text;
    } cases[] = {
        {"{\"prompt\": \"\", \"is_message\": false}", "\"INVALID_INPUT\""},
        {long_body, "tokens, but the context of this model has"},
        {"{\"prompt\": \"a\", \"wrong_task\": true}", "does not generate text"},
    };
    for (size_t i = 0; i < (digits.loaded ? 3 : 2); i++) {
        sv_reply reply = ask(cases[i].body);
        if (reply.status != 400)
            fail_msg("%s: %d %.*s", cases[i].body, reply.status, SV_STR_ARG(reply.body));
        assert_non_null(
            memmem(reply.body.ptr, reply.body.len, cases[i].text, strlen(cases[i].text)));
    }
}

/* Whoever wants no more ends the text; the next one is answered as if nothing had been. */
static void test_leaving(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        sv_reply reply = ask("{\"prompt\": \"Tell me about the owl.\", \"leaves\": true}");
        assert_int_equal(reply.status, 500); /* SV_IO, from on_text */
    }
    assert_int_equal(ask("{\"prompt\": \"Hello!\"}").status, 200);
}

/* The handler's own memory; that of the model's thread: tests/unit/model. */
static bool try_to_write(void *arg)
{
    (void)arg;
    return sv_test_post(client, "/write", "{\"prompt\": \"Hello!\", \"max_tokens\": 1}").status ==
           200;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    if (!client)
        skip();
    assert_true(failing_malloc_try_each(try_to_write, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greedy_answers),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_only_the_whole),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
