/* Overrides of the command line: which are a model's, and how they lie over its manifest. */
#include "folder.h"

#include <string.h>

#include "model/manifest_set.h"
#include "json/yaml.h"

static sv_arena *arena;
static sv_buf problems;

static int set_up(void **state)
{
    (void)state;
    arena = sv_arena_new(0);
    sv_buf_init(&problems, 65536);
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return 0;
}

/* `text` has them separated by '|'. */
static sv_strs split(const char *text)
{
    static sv_str items[128];
    sv_strs list = {.items = items};
    sv_str rest = sv_str_from(text);
    while (rest.len && sv_str_split(&rest, '|', &items[list.len]))
        list.len++;
    return list;
}

static void assert_told(const char *text)
{
    if (!sv_str_eq(sv_buf_str(&problems), sv_str_from(text)))
        fail_msg("%.*s is not %s", SV_STR_ARG(sv_buf_str(&problems)), text);
}

/* What `base`, YAML, and the sets of model `name` make together, as JSON. */
static const char *merge(const char *base, const char *name, const char *sets)
{
    static char text[4096];
    sv_manifest_sets own;
    sv_yaml yaml;
    sv_buf buf;
    sv_writer writer;
    const sv_value *merged;
    sv_strs list = split(sets);
    assert_int_equal(sv_yaml_parse(arena, sv_str_from(base), NULL, &yaml), SV_OK);
    assert_int_equal(sv_manifest_set_collect(arena, &list, sv_str_from(name), &problems, &own),
                     SV_OK);
    assert_int_equal(sv_manifest_set_merge(arena, yaml.root, &own, &merged), SV_OK);
    sv_buf_init(&buf, sizeof text - 1);
    sv_writer_init(&writer, &buf);
    sv_value_write(merged, &writer, 0);
    memcpy(text, buf.ptr, buf.len);
    text[buf.len] = '\0';
    sv_buf_deinit(&buf);
    return text;
}

static void test_merging(void **state)
{
    (void)state;
    static const struct {
        const char *base, *sets, *merged;
    } cases[] = {
        {"{}", "", "{}"},
        {"{a: 1, b: {c: 2}}", "", "{\"a\":1,\"b\":{\"c\":2}}"},
        {"{a: 1, b: {c: 2}}", "m.a=3", "{\"a\":3,\"b\":{\"c\":2}}"},
        {"{b: {c: 2, d: 4}}", "m.b.c=3|m.b.e=5", "{\"b\":{\"c\":3,\"d\":4,\"e\":5}}"},
        {"{b: {c: 2, d: 4}}", "m.b={e: 5}", "{\"b\":{\"e\":5}}"},
        {"{}", "m.a.b.c=x|m.a.b.d=[1, two, {x: null}]",
         "{\"a\":{\"b\":{\"c\":\"x\",\"d\":[1,\"two\",{\"x\":null}]}}}"},
        {"{a: 1}", "m.a.b=2", "{\"a\":{\"b\":2}}"},
        {"{a: [1, 2]}", "m.a=[3]", "{\"a\":[3]}"},
        {"{}", "m.a={b: 1}|m.a.c=2|m.a.b=3", "{\"a\":{\"b\":3,\"c\":2}}"},
        {"{}", "m.a.b=1|m.a={c: 2}", "{\"a\":{\"c\":2}}"},
        {"{}", "m.a=1=2|m.b=|m.c='7'|m.d=7", "{\"a\":\"1=2\",\"b\":null,\"c\":\"7\",\"d\":7}"},
        {"{}", "n.a=1|mm.a=2|M.a=3", "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(merge(cases[i].base, "m", cases[i].sets), cases[i].merged);
}

static void test_names_with_dots(void **state)
{
    (void)state;
    assert_string_equal(merge("{}", "all-MiniLM-L6.v2", "all-MiniLM-L6.v2.a.b=1"),
                        "{\"a\":{\"b\":1}}");
    assert_string_equal(merge("{}", "all-MiniLM-L6", "all-MiniLM-L6-v2.a=1"), "{}");
}

/* All of them are told, not the first alone. */
static void test_mistakes(void **state)
{
    (void)state;
    sv_manifest_sets own;
    sv_strs list = split("m|m=1|m.a|m.=1|m.a=[|m.a.b.c.d.e.f.g.h.i=1|m.good=1");
    assert_int_equal(sv_manifest_set_collect(arena, &list, SV_STR("m"), &problems, &own),
                     SV_INVALID);
    assert_told("--set m: expected MODEL.KEY=VALUE\n"
                "--set m=1: expected MODEL.KEY=VALUE\n"
                "--set m.a: expected MODEL.KEY=VALUE\n"
                "--set m.=1: expected MODEL.KEY=VALUE\n"
                "--set m.a=[: expected MODEL.KEY=VALUE: did not find expected node content\n"
                "--set m.a.b.c.d.e.f.g.h.i=1: expected MODEL.KEY=VALUE\n");
}

static void test_models_that_are_not_there(void **state)
{
    (void)state;
    static const char *const names[] = {"digits", "all.mini"};
    sv_strs good = split("digits.task=tensor|all.mini.task=tensor");
    sv_strs bad;
    assert_int_equal(sv_manifest_set_check_models(&good, names, 2, &problems), SV_OK);
    bad = split("digit.task=tensor|zebra.task=tensor|task=tensor");
    assert_int_equal(sv_manifest_set_check_models(&bad, names, 2, &problems), SV_INVALID);
    assert_told("--set digit.task=tensor: there is no model 'digit'; did you mean 'digits'?\n"
                "--set zebra.task=tensor: there is no model 'zebra'\n"
                "--set task=tensor: there is no model 'task=tensor'\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_merging),
        TEST(test_names_with_dots),
        TEST(test_mistakes),
        TEST(test_models_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
