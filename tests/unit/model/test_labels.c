/* Labels files: which line is whose label, and what is no labels file. */
#include "folder.h"

#include <string.h>

#include "model/labels.h"

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *labels[4];
    } cases[] = {
        {"cat\ndog\n", {"cat", "dog"}},
        {"cat\ndog", {"cat", "dog"}},
        {"cat\r\ndog\r\n", {"cat", "dog"}},
        {"cat\n\ndog\n", {"cat", "", "dog"}},
        {" cat \n", {" cat "}},
        {"K\xC3\xA4tzchen\n", {"K\xC3\xA4tzchen"}},
        {"\n", {""}},
        {"", {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sv_strs labels;
        size_t n = 0;
        assert_int_equal(
            sv_labels_read(arena, folder_write("labels.txt", cases[i].text), &error, &labels),
            SV_OK);
        for (; cases[i].labels[n]; n++)
            assert_true(n < labels.len &&
                        sv_str_eq(labels.items[n], sv_str_from(cases[i].labels[n])));
        assert_int_equal(labels.len, n);
        sv_arena_free(arena);
    }
}

static void test_what_is_no_labels_file(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_strs labels;
    const char *path = folder_write("latin1.txt", "K\xE4tzchen\n");
    assert_int_equal(sv_labels_read(arena, path, &error, &labels), SV_INVALID);
    assert_string_equal(error.message, "the labels are not UTF-8");
    assert_string_equal(error.path, path);
    assert_int_equal(sv_labels_read(arena, folder_path("nothing"), &error, &labels), SV_IO);
    assert_non_null(strstr(error.message, "No such file"));
    assert_int_equal(sv_labels_read(arena, folder_path(""), &error, &labels), SV_IO);
    assert_non_null(strstr(error.message, "not a file"));
    sv_arena_free(arena);
}

static void test_too_many_labels(void **state)
{
    (void)state;
    static char text[SV_LABELS_MAX + 2];
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_strs labels;
    memset(text, '\n', sizeof text - 1);
    const char *path = folder_write("many.txt", text);
    assert_int_equal(sv_labels_read(arena, path, &error, &labels), SV_TOO_LARGE);
    text[SV_LABELS_MAX] = '\0';
    folder_write("many.txt", text);
    assert_int_equal(sv_labels_read(arena, path, &error, &labels), SV_OK);
    assert_int_equal(labels.len, SV_LABELS_MAX);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_what_is_no_labels_file),
        cmocka_unit_test(test_too_many_labels),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
