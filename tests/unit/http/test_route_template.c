/* test_route_template.c: segments of templates. What is refused, by sv_router_add: test_router.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/route_template.h"

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char *segment;
        sv_route_part_kind kind;
        const char *text;
    } rows[] = {
        {"", SV_ROUTE_PART_TEXT, ""},
        {"items", SV_ROUTE_PART_TEXT, "items"},
        {"{id}", SV_ROUTE_PART_PARAM, "id"},
        {"{p:path}", SV_ROUTE_PART_REST, "p"},
        {"{path}", SV_ROUTE_PART_PARAM, "path"},
        {"{", SV_ROUTE_PART_TEXT, "{"},
        {"{}", SV_ROUTE_PART_PARAM, ""},
        {"{:path}", SV_ROUTE_PART_REST, ""},
        {"x{a}", SV_ROUTE_PART_TEXT, "x{a}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_route_part part = sv_route_template_read(sv_str_from(rows[i].segment));
        if (part.kind != rows[i].kind || !sv_str_eq(part.text, sv_str_from(rows[i].text)))
            fail_msg("%s", rows[i].segment);
    }
}

static void test_segments(void **state)
{
    (void)state;
    sv_str rest = sv_route_template_segments(SV_STR("/a/{b}/")), segment;
    assert_true(sv_str_split(&rest, '/', &segment) && sv_str_eq(segment, SV_STR("a")));
    assert_true(sv_str_split(&rest, '/', &segment) && sv_str_eq(segment, SV_STR("{b}")));
    assert_true(sv_str_split(&rest, '/', &segment) && segment.len == 0);
    assert_false(sv_str_split(&rest, '/', &segment));
    rest = sv_route_template_segments(SV_STR("/"));
    assert_true(sv_str_split(&rest, '/', &segment) && segment.len == 0);
}

static void test_check(void **state)
{
    (void)state;
    static const char *const good[] = {"/",  "/a",       "/{a}/{b:path}",
                                       "//", "/a:b/{x}", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"};
    sv_error error = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(sv_route_template_check(good[i], &error), SV_OK);
    assert_int_equal(sv_route_template_check("/{a}/{a}", &error), SV_INVALID);
    assert_string_equal(error.message, "/{a}/{a} has two parameters named a");
    assert_int_equal(sv_route_template_check("/{a:path}/b", NULL), SV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
