/* Frames of upstreams: what is text, what is an end, what is nothing of the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "model/relay_reader.h"

typedef struct fixture {
    sv_generation *generation;
    sv_relay_reader reader;
    int64_t n_tokens;
} fixture;

static void note_wake(sv_generation *generation, void *arg)
{
    (void)generation, (void)arg;
}

static void count_token(sv_generation *generation, int64_t gap_ns)
{
    assert_true(gap_ns >= 0);
    ((fixture *)generation->arg)->n_tokens++;
}

static bool set_up(fixture *on, const char *name, bool is_stream)
{
    sv_generation_request request = {.ask = {"/x", SV_STR("{}"), sv_str_from(name), is_stream},
                                     .max_tokens = 1};
    *on = (fixture){0};
    if (sv_generation_new(&request, &on->generation))
        return false;
    on->generation->wake = note_wake;
    on->generation->on_token = count_token;
    on->generation->arg = on;
    return sv_relay_reader_init(&on->reader, on->generation, SV_STR("Bearer sk-1")) == SV_OK;
}

static void tear_down(fixture *on)
{
    sv_relay_reader_deinit(&on->reader);
    sv_generation_drop(on->generation);
    sv_generation_drop(on->generation);
}

static void expect_text(fixture *on, const char *text)
{
    sv_generation_part part = {0};
    assert_int_equal(sv_generation_take(on->generation, &part), text[0] != '\0');
    assert_int_equal(part.text.len, strlen(text));
    assert_memory_equal(part.text.ptr ? part.text.ptr : "", text, part.text.len);
}

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        sv_status status;
        const char *text;
        sv_finish finish;
    } rows[] = {
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", SV_OK, "a", SV_FINISH_NONE},
        {"{\"choices\":[{\"delta\":{\"content\":null},\"finish_reason\":null}]}", SV_OK, "",
         SV_FINISH_NONE},
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}", SV_OK, "a",
         SV_FINISH_STOP},
        {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", SV_OK, "",
         SV_FINISH_LENGTH},
        {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}", SV_OK, "",
         SV_FINISH_STOP},
        {"{\"choices\":[{\"text\":\"a\"}]}", SV_OK, "a", SV_FINISH_NONE},
        {"{\"choices\":[]}", SV_OK, "", SV_FINISH_NONE},
        {"{\"choices\":[7]}", SV_OK, "", SV_FINISH_NONE},
        {"{\"choices\":7,\"usage\":7,\"error\":null}", SV_OK, "", SV_FINISH_NONE},
        {"{}", SV_OK, "", SV_FINISH_NONE},
        {"[DONE]", SV_OK, "", SV_FINISH_NONE},
        {"", SV_IO, "", SV_FINISH_NONE},
        {"[]", SV_IO, "", SV_FINISH_NONE},
        {"{\"choices\":", SV_IO, "", SV_FINISH_NONE},
        {"{\"choices\":[]} x", SV_IO, "", SV_FINISH_NONE},
        {"{\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}", SV_IO, "", SV_FINISH_NONE},
        {"{\"error\":{\"message\":\"x\"},\"choices\":[]}", SV_IO, "", SV_FINISH_NONE},
        {"{\"error\":\"x\"}", SV_IO, "", SV_FINISH_NONE},
        {"{\"error\":[1]}", SV_IO, "", SV_FINISH_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture on;
        assert_true(set_up(&on, "", true));
        sv_status status = sv_relay_reader_frame(&on.reader, sv_str_from(rows[i].frame));
        if (status != rows[i].status || on.reader.finish != rows[i].finish)
            fail_msg("%s: %d %d", rows[i].frame, status, on.reader.finish);
        assert_int_equal(on.reader.trouble.status, status);
        expect_text(&on, rows[i].text);
        assert_int_equal(on.n_tokens, rows[i].text[0] != '\0');
        tear_down(&on);
    }
}

static void test_usage(void **state)
{
    (void)state;
    fixture on;
    assert_true(set_up(&on, "", true));
    assert_int_equal(
        sv_relay_reader_frame(&on.reader, SV_STR("{\"usage\":{\"prompt_tokens\":9,"
                                                 "\"completion_tokens\":-4,"
                                                 "\"prompt_tokens_details\":{\"cached_tokens\":3}}"
                                                 "}")),
        SV_OK);
    assert_int_equal(on.generation->usage.n_prompt, 9);
    assert_int_equal(on.generation->usage.n_cached, 3);
    assert_int_equal(on.generation->usage.n_completion, 0);
    tear_down(&on);
}

static void test_nothing_counts_behind_the_end(void **state)
{
    (void)state;
    fixture on;
    assert_true(set_up(&on, "", true));
    assert_int_equal(sv_relay_reader_end(&on.reader), SV_IO);
    on.reader.trouble = (sv_relay_trouble){0};
    assert_int_equal(sv_relay_reader_frame(&on.reader, SV_STR("[DONE]")), SV_OK);
    assert_int_equal(sv_relay_reader_frame(&on.reader, SV_STR("garbage")), SV_OK);
    assert_int_equal(sv_relay_reader_end(&on.reader), SV_OK);
    assert_int_equal(on.reader.finish, SV_FINISH_STOP);
    expect_text(&on, "");
    tear_down(&on);
}

static void test_whole_answers(void **state)
{
    (void)state;
    static const struct {
        const char *json, *name;
        bool is_stream;
        sv_status status;
        const char *text;
    } rows[] = {
        {"{\"choices\":[{\"message\":{\"content\":\"a\"}}]}", "", true, SV_OK, "a"},
        {"{\"choices\":[]}", "", true, SV_IO, ""},
        {"{\"data\":[1],\"model\":\"m\"}", "n", false, SV_OK, "{\"data\":[1],\"model\":\"n\"}"},
        {"{\"data\":[1],\"model\":\"m\"}", "n", true, SV_IO, ""},
        {"{\"error\":{}}", "n", false, SV_IO, ""},
        {"[1]", "n", false, SV_IO, ""},
        {"", "n", false, SV_IO, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture on;
        assert_true(set_up(&on, rows[i].name, rows[i].is_stream));
        assert_int_equal(sv_relay_reader_whole(&on.reader, sv_str_from(rows[i].json)),
                         rows[i].status);
        expect_text(&on, rows[i].text);
        if (!rows[i].status)
            assert_int_equal(sv_relay_reader_end(&on.reader), SV_OK);
        tear_down(&on);
    }
}

static bool read_once(void *arg)
{
    (void)arg;
    fixture on;
    bool is_good = set_up(&on, "n", true) &&
                   !sv_relay_reader_frame(&on.reader, SV_STR("{\"model\":1,\"x\":[1,2,3]}"));
    if (on.generation)
        tear_down(&on);
    return is_good;
}

static void test_without_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(read_once, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_nothing_counts_behind_the_end),
        cmocka_unit_test(test_whole_answers),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
