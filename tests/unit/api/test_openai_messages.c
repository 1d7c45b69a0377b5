/* test_openai_messages.c: conversations under memory that runs out, and of many messages. What is
 * read and refused: test_openai_request.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_messages.h"

static const sv_value *parse(sv_arena *arena, sv_str json)
{
    const sv_value *value;
    sv_value_error why;
    assert_int_equal(sv_value_parse(arena, json, NULL, &why, &value), SV_OK);
    return value;
}

static void has_a_limit(void **state)
{
    (void)state;
    for (size_t n = SV_OPENAI_MAX_MESSAGES; n <= SV_OPENAI_MAX_MESSAGES + 1; n++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_openai_messages messages;
        sv_buf text;
        sv_buf_init(&text, 1 << 20);
        for (size_t i = 0; i < n; i++)
            sv_buf_printf(&text, "%s{\"role\":\"user\",\"content\":\"%zu\"}",
                          i ? "," : "{\"messages\":[", i);
        sv_buf_append_str(&text, SV_STR("]}"));
        sv_status status =
            sv_openai_messages_read(arena, parse(arena, sv_buf_str(&text)), &error, &messages);
        assert_int_equal(status, n > SV_OPENAI_MAX_MESSAGES ? SV_INVALID : SV_OK);
        if (!status)
            assert_true(sv_str_eq(messages.items[n - 1].content, SV_STR("4095")));
        sv_buf_deinit(&text);
        sv_arena_free(arena);
    }
}

static void joins_parts_in_little_memory(void **state)
{
    (void)state;
    sv_arena *body = sv_arena_new(0);
    const sv_value *value =
        parse(body, SV_STR("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                           "\"text\":\"a\"},{\"type\":\"refusal\",\"refusal\":\"b\"},"
                           "{\"type\":\"text\",\"text\":\"\"}]}]}"));
    sv_status status = SV_NO_MEMORY;
    for (size_t limit = 1; status == SV_NO_MEMORY; limit++) {
        sv_arena *arena = sv_arena_new(limit);
        sv_openai_messages messages;
        sv_error error = {0};
        status = sv_openai_messages_read(arena, value, &error, &messages);
        if (!status)
            assert_true(sv_str_eq(messages.items[0].content, SV_STR("ab")));
        sv_arena_free(arena);
    }
    assert_int_equal(status, SV_OK);
    sv_arena_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_limit),
        cmocka_unit_test(joins_parts_in_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
