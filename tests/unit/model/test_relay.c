/* Relays against a little server that answers well, badly, slowly or not at all: what clients get,
 * and that nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../io/origin.h"
#include "base/clock.h"
#include "failing_malloc.h"
#include "model/relay.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define SSE OK "Content-Type: text/event-stream\r\n"
#define JSON "Content-Type: application/json\r\n"
#define UNTIL_CLOSE "Connection: close\r\n\r\n"
#define PATH(NAME) "/" NAME "/v1/chat/completions"
#define TEXT(WORDS)                                                                                \
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" WORDS "\"}}]}"    \
    "\n\n"
#define FINISH(WHY)                                                                                \
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" WHY       \
    "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"
#define KEY "sk-secret-1"

enum { PATIENCE_S = 30, LONG_S = 3600, MAX_TEXT = 4096 };

static const origin_answer answers[] = {
    {PATH("good"), SSE UNTIL_CLOSE ": hello\n\n" TEXT("Hel") TEXT("lo") FINISH("length") USAGE DONE,
     ORIGIN_CLOSE},
    {PATH("kept"),
     SSE "Content-Length: 98\r\n\r\n" TEXT("kept") "data: [DONE] \n\n"
                                                   ":.........\n\n",
     ORIGIN_KEEP},
    {PATH("no-end-mark"), SSE UNTIL_CLOSE TEXT("a") FINISH("stop"), ORIGIN_CLOSE},
    {PATH("end-mark-alone"), SSE UNTIL_CLOSE TEXT("a") DONE, ORIGIN_CLOSE},
    {PATH("hangs-behind-its-end"), SSE UNTIL_CLOSE TEXT("a") DONE, ORIGIN_HOLD},
    {PATH("talks-behind-its-end"), SSE UNTIL_CLOSE TEXT("a") DONE, ORIGIN_FLOOD, TEXT("b")},
    {PATH("ignores-stream"),
     OK JSON UNTIL_CLOSE "{\"choices\":[{\"message\":{\"content\":\"whole\"},\"finish_reason\":"
                         "\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}",
     ORIGIN_CLOSE},
    {PATH("whole"), OK JSON UNTIL_CLOSE "{\"model\": \"m\", \"choices\": [], \"x\": [1.50]}",
     ORIGIN_CLOSE},

    {PATH("cut-short"), SSE UNTIL_CLOSE TEXT("a"), ORIGIN_CLOSE},
    {PATH("half-a-frame"), SSE UNTIL_CLOSE TEXT("a") "data: {\"choices\":[{\"del", ORIGIN_CLOSE},
    {PATH("lies-about-length"), SSE "Content-Length: 5000\r\n\r\n" TEXT("a"), ORIGIN_CLOSE},
    {PATH("no-json"), SSE UNTIL_CLOSE TEXT("a") "data: {choices}\n\n" TEXT("b") DONE, ORIGIN_CLOSE},
    {PATH("no-object"), SSE UNTIL_CLOSE "data: [1]\n\n" DONE, ORIGIN_CLOSE},
    {PATH("no-http"), "answer answer\r\n\r\n", ORIGIN_CLOSE},
    {PATH("page"), OK "Content-Type: text/html\r\n" UNTIL_CLOSE "<html>", ORIGIN_CLOSE},
    {PATH("empty"), SSE UNTIL_CLOSE, ORIGIN_CLOSE},
    {PATH("error-first"),
     SSE UNTIL_CLOSE "data: {\"error\":{\"message\":\"no " KEY " today\"}}\n\n", ORIGIN_CLOSE},
    {PATH("error-later"),
     SSE UNTIL_CLOSE TEXT("a") "data: {\"error\":{\"message\":\"broke\\u0007\"}}\n\n",
     ORIGIN_CLOSE},
    {PATH("endless-line"), SSE UNTIL_CLOSE "data: ", ORIGIN_FLOOD,
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {PATH("closes"), "", ORIGIN_CLOSE},
    {PATH("503"), "HTTP/1.1 503 Busy\r\n" UNTIL_CLOSE "busy", ORIGIN_CLOSE},
    {PATH("429"), "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n" UNTIL_CLOSE, ORIGIN_CLOSE},
    {PATH("401"),
     "HTTP/1.1 401 No\r\n" JSON UNTIL_CLOSE "{\"error\":{\"message\":\"Wrong key " KEY "\"}}",
     ORIGIN_CLOSE},
    {PATH("404"), "HTTP/1.1 404 No\r\n" UNTIL_CLOSE, ORIGIN_CLOSE},
    {PATH("400"),
     "HTTP/1.1 400 Bad\r\n" JSON UNTIL_CLOSE
     "{\"error\":{\"message\":\"too long\",\"param\":\"messages\",\"code\":"
     "\"context_length_exceeded\"}}",
     ORIGIN_CLOSE},
    {PATH("500"), "HTTP/1.1 500 Oh\r\n" UNTIL_CLOSE "{\"detail\":\"oom\"}", ORIGIN_CLOSE},
    {PATH("302"), "HTTP/1.1 302 Go\r\nLocation: /x\r\n" UNTIL_CLOSE, ORIGIN_CLOSE},

    {PATH("silent"), "", ORIGIN_HOLD},
    {PATH("half-a-head"), OK "Content-Le", ORIGIN_HOLD},
    {PATH("beats"), SSE UNTIL_CLOSE, ORIGIN_DRIP, ": wait\n\n"},
    {PATH("stops-talking"), SSE UNTIL_CLOSE TEXT("a"), ORIGIN_HOLD},
    {PATH("flood"), SSE UNTIL_CLOSE, ORIGIN_FLOOD, TEXT("0123456789")},
    {0},
};

static sv_loop *loop;
static sv_upstream *upstream;
static origin *server;

static int set_up(void **state)
{
    (void)state;
    sv_error error = {0};
    server = origin_start(answers);
    if (sv_loop_new(&error, &loop) ||
        sv_upstream_new(loop, &(sv_upstream_config){.max_running = 8}, &error, &upstream))
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sv_upstream_free(upstream);
    for (int i = 0; i < 5; i++)
        sv_loop_step(loop, 0);
    sv_loop_free(loop);
    origin_stop(server);
    return 0;
}

static int64_t now_ns(void)
{
    return sv_clock_now_ns(&sv_clock_system);
}

/* An answer, and its reader. */
typedef struct talk {
    sv_generation *generation;
    sv_cancel *cancel;
    char text[MAX_TEXT]; /* as much as there is room for */
    size_t len;
    sv_finish finish;
    int n_wakes;
} talk;

static void note_wake(sv_generation *generation, void *arg)
{
    (void)generation;
    ((talk *)arg)->n_wakes++;
}

/* `wait_ns`: for the first text. NULL: out of memory. */
static bool start(talk *it, const char *name, const sv_generation_ask *ask, int64_t wait_ns)
{
    char url[128];
    *it = (talk){.cancel = sv_cancel_new()};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/%s/v1", origin_port(server), name);
    sv_relay relay = {sv_str_from(url), SV_STR("m"), SV_STR("Bearer " KEY)};
    sv_relay_place place = {loop, upstream};
    sv_generation_request request = {.ask = *ask,
                                     .sampling = sv_sampling_defaults(),
                                     .max_tokens = 1,
                                     .cancel = it->cancel,
                                     .first_deadline_ns = now_ns() + wait_ns,
                                     .deadline_ns = SV_NEVER};
    if (!it->cancel || sv_generation_new(&request, &it->generation)) {
        sv_cancel_unref(it->cancel);
        return false;
    }
    it->generation->wake = note_wake;
    it->generation->arg = it;
    if (!sv_relay_submit(&relay, &place, it->generation))
        return true;
    sv_generation_drop(it->generation);
    sv_generation_drop(it->generation);
    sv_cancel_unref(it->cancel);
    return false;
}

static const sv_generation_ask text_ask = {.path = "/chat/completions",
                                           .body = SV_STR_INIT("{\"stream\":true}")};

static void take_all(talk *it)
{
    sv_generation_part part;
    while (!it->finish && sv_generation_take(it->generation, &part)) {
        size_t n = part.text.len < MAX_TEXT - it->len ? part.text.len : MAX_TEXT - it->len;
        if (n)
            memcpy(it->text + it->len, part.text.ptr, n);
        it->len += n;
        it->finish = part.finish;
    }
}

static void step_until(bool (*is_done)(talk *it), talk *it, const char *what)
{
    int64_t until = now_ns() + PATIENCE_S * SV_NS_PER_S;
    while (!is_done(it)) {
        sv_loop_step(loop, 20);
        if (now_ns() > until)
            fail_msg("%s: nothing happens", what);
    }
}

static bool is_finished(talk *it)
{
    take_all(it);
    return it->finish;
}

/* The producer let go of it: the exchange is over. */
static bool is_released(talk *it)
{
    return atomic_load(&it->generation->holders) == 1;
}

static void stop(talk *it, const char *what)
{
    step_until(is_released, it, what);
    sv_generation_drop(it->generation);
    sv_cancel_unref(it->cancel);
}

static void test_good_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        sv_finish finish;
        uint32_t n_prompt, n_completion;
    } rows[] = {
        {"good", "Hello", SV_FINISH_LENGTH, 5, 2},
        {"kept", "kept", SV_FINISH_STOP, 0, 0},
        {"no-end-mark", "a", SV_FINISH_STOP, 0, 0},
        {"end-mark-alone", "a", SV_FINISH_STOP, 0, 0},
        {"hangs-behind-its-end", "a", SV_FINISH_STOP, 0, 0},
        {"talks-behind-its-end", "a", SV_FINISH_STOP, 0, 0},
        {"ignores-stream", "whole", SV_FINISH_STOP, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk it;
        assert_true(start(&it, rows[i].name, &text_ask, LONG_S * SV_NS_PER_S));
        step_until(is_finished, &it, rows[i].name);
        if (it.finish != rows[i].finish)
            fail_msg("%s: %d %s", rows[i].name, it.finish, it.generation->error.message);
        assert_int_equal(it.len, strlen(rows[i].text));
        assert_memory_equal(it.text, rows[i].text, it.len);
        assert_int_equal(it.generation->usage.n_prompt, rows[i].n_prompt);
        assert_int_equal(it.generation->usage.n_completion, rows[i].n_completion);
        stop(&it, rows[i].name);
    }
    const char *request = origin_last_request(server);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer " KEY "\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"stream\":true}"));
}

static void test_bad_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        const sv_error_kind *kind;
        const char *message; /* a part of it */
        int n_requests;
    } rows[] = {
        {"cut-short", "a", &sv_kind_upstream_failed, "was cut short", 1},
        {"half-a-frame", "a", &sv_kind_upstream_failed, "was cut short", 1},
        {"lies-about-length", "a", &sv_kind_upstream_failed, "was cut short", 1},
        {"no-json", "a", &sv_kind_upstream_failed, "none of its API", 1},
        {"no-object", "", &sv_kind_upstream_failed, "none of its API", 1},
        {"no-http", "", &sv_kind_upstream_failed, "not valid HTTP", 1},
        {"page", "", &sv_kind_upstream_failed, "none of its API", 1},
        {"empty", "", &sv_kind_upstream_failed, "was cut short", 1},
        {"error-first", "", &sv_kind_upstream_failed, "The upstream failed", 1},
        {"error-later", "a", &sv_kind_upstream_failed, "The upstream failed: broke ", 1},
        {"endless-line", "", &sv_kind_upstream_failed, "too large", 1},
        {"closes", "", &sv_kind_upstream_failed, "closed the connection", 3},
        {"503", "", &sv_kind_upstream_failed, "The upstream failed", 3},
        {"429", "", &sv_kind_server_overloaded, "no more requests now", 1},
        {"401", "", &sv_kind_upstream_failed, "check api_key", 1},
        {"404", "", &sv_kind_upstream_failed, "check base_url and model", 1},
        {"400", "", &sv_kind_invalid_input, "refuses the request: too long", 1},
        {"500", "", &sv_kind_upstream_failed, "The upstream failed: oom", 1},
        {"302", "", &sv_kind_upstream_failed, "redirects", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk it;
        int before = origin_count_requests(server);
        assert_true(start(&it, rows[i].name, &text_ask, LONG_S * SV_NS_PER_S));
        step_until(is_finished, &it, rows[i].name);
        const sv_error *error = &it.generation->error;
        if (it.finish != SV_FINISH_FAILED || error->kind != rows[i].kind ||
            !strstr(error->message, rows[i].message))
            fail_msg("%s: %d %s", rows[i].name, it.finish, error->message);
        assert_null(strstr(error->message, KEY));
        assert_int_equal(it.len, strlen(rows[i].text));
        assert_int_equal(origin_count_requests(server) - before, rows[i].n_requests);
        if (it.generation->status == SV_UNAVAILABLE)
            assert_int_equal(it.generation->retry_after_s, 7);
        assert_string_equal(error->path, strcmp(rows[i].name, "400") ? "" : "messages");
        stop(&it, rows[i].name);
    }
}

static void test_time_limits(void **state)
{
    (void)state;
    static const char *const names[] = {"silent", "half-a-head", "beats"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        talk it;
        assert_true(start(&it, names[i], &text_ask, 200 * SV_NS_PER_MS));
        step_until(is_finished, &it, names[i]);
        assert_int_equal(it.finish, SV_FINISH_FAILED);
        assert_ptr_equal(it.generation->error.kind, &sv_kind_deadline_exceeded);
        stop(&it, names[i]);
    }
}

static bool is_connected_and_asked(talk *it)
{
    (void)it;
    return origin_count_connections(server) > origin_count_left(server) &&
           origin_last_request(server)[0];
}

static bool is_left(talk *it)
{
    (void)it;
    return origin_count_connections(server) == origin_count_left(server);
}

static bool is_anything(talk *it)
{
    return it->n_wakes > 0;
}

/* At once, wherever the answer is: the connection is closed. */
static void test_the_client_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool (*when)(talk *it); /* NULL: before anything */
    } rows[] = {
        {"good", NULL},
        {"silent", is_connected_and_asked},
        {"half-a-head", is_connected_and_asked},
        {"stops-talking", is_anything},
        {"flood", is_anything},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk it;
        assert_true(start(&it, rows[i].name, &text_ask, LONG_S * SV_NS_PER_S));
        if (rows[i].when)
            step_until(rows[i].when, &it, rows[i].name);
        sv_cancel_fire(it.cancel, SV_CANCEL_CLIENT);
        step_until(is_finished, &it, rows[i].name);
        assert_int_equal(it.finish, SV_FINISH_CANCELLED);
        step_until(is_left, &it, rows[i].name);
        stop(&it, rows[i].name);
    }
}

static bool has_failed_once(talk *it)
{
    (void)it;
    return origin_count_requests(server) > 0 &&
           origin_count_connections(server) == origin_count_left(server);
}

/* Between two tries. */
static void test_the_client_leaves_a_pause(void **state)
{
    (void)state;
    talk it;
    assert_true(start(&it, "503", &text_ask, LONG_S * SV_NS_PER_S));
    step_until(has_failed_once, &it, "503");
    sv_cancel_fire(it.cancel, SV_CANCEL_CLIENT);
    step_until(is_finished, &it, "503");
    assert_int_equal(it.finish, SV_FINISH_CANCELLED);
    stop(&it, "503");
}

/* Nobody is there; the pauses are within the time for the first text, or end with it. */
static void test_no_connection(void **state)
{
    (void)state;
    sv_relay relay = {SV_STR("http://127.0.0.1:1"), SV_STR("m"), {0}};
    sv_relay_place place = {loop, upstream};
    for (int i = 0; i < 2; i++) {
        sv_generation_request request = {.ask = text_ask,
                                         .max_tokens = 1,
                                         .first_deadline_ns =
                                             i ? now_ns() + 150 * SV_NS_PER_MS : SV_NEVER,
                                         .deadline_ns = SV_NEVER};
        talk lost = {.cancel = sv_cancel_new()};
        assert_int_equal(sv_generation_new(&request, &lost.generation), SV_OK);
        lost.generation->wake = note_wake;
        lost.generation->arg = &lost;
        assert_int_equal(sv_relay_submit(&relay, &place, lost.generation), SV_OK);
        step_until(is_finished, &lost, "nobody");
        assert_ptr_equal(lost.generation->error.kind,
                         i ? &sv_kind_deadline_exceeded : &sv_kind_upstream_failed);
        stop(&lost, "nobody");
    }
}

/* A reader that takes nothing stops the upstream; one that goes on gets every byte. */
static void test_a_slow_reader(void **state)
{
    (void)state;
    talk it;
    assert_true(start(&it, "flood", &text_ask, LONG_S * SV_NS_PER_S));
    step_until(is_anything, &it, "flood");
    size_t sent = 0;
    for (int n_still = 0; n_still < 20;) { /* until the kernel's buffers are full */
        sv_loop_step(loop, 10);
        size_t now = origin_count_sent(server);
        n_still = now == sent ? n_still + 1 : 0;
        sent = now;
    }
    assert_true(it.generation->text.len < SV_GENERATION_MAX_UNREAD + 64);
    for (int i = 0; i < 200; i++) {
        take_all(&it);
        sv_loop_step(loop, 1);
    }
    assert_int_equal(it.len, MAX_TEXT);
    for (size_t i = 0; i < it.len; i++)
        assert_int_equal(it.text[i], '0' + (int)(i % 10));
    sv_cancel_fire(it.cancel, SV_CANCEL_CLIENT);
    step_until(is_finished, &it, "flood");
    stop(&it, "flood");
}

/* Frames and objects as they are, but for the model's name. */
static void test_passing_on(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        bool is_stream;
    } rows[] = {
        {"no-end-mark",
         "data: {\"model\":\"ours\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
         "data: {\"model\":\"ours\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
         "\"stop\"}]}\n\n",
         true},
        {"whole", "{\"model\":\"ours\",\"choices\":[],\"x\":[1.5]}", false},
        {"whole", NULL, true},
        {"good", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        talk it;
        sv_generation_ask ask = text_ask;
        ask.name = SV_STR("ours");
        ask.is_stream = rows[i].is_stream;
        assert_true(start(&it, rows[i].name, &ask, LONG_S * SV_NS_PER_S));
        step_until(is_finished, &it, rows[i].name);
        it.text[it.len] = '\0';
        if (rows[i].text)
            assert_string_equal(it.text, rows[i].text);
        assert_int_equal(it.finish == SV_FINISH_FAILED, !rows[i].text);
        stop(&it, rows[i].name);
    }
}

static bool run_once(void *arg)
{
    talk it;
    if (!start(&it, arg, &text_ask, LONG_S * SV_NS_PER_S))
        return false;
    step_until(is_finished, &it, "without memory");
    bool is_good = it.finish == SV_FINISH_LENGTH;
    stop(&it, "without memory");
    return is_good;
}

static void test_without_memory(void **state)
{
    (void)state;
    char name[] = "good";
    assert_true(failing_malloc_try_each(run_once, name) > 0);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_good_answers),
        TEST(test_bad_answers),
        TEST(test_time_limits),
        TEST(test_the_client_leaves),
        TEST(test_the_client_leaves_a_pause),
        TEST(test_no_connection),
        TEST(test_a_slow_reader),
        TEST(test_passing_on),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
