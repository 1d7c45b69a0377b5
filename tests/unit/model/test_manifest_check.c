/* Versions that a manifest mentions and that are not there, each mistake at its line. */
#include "folder.h"

#include <string.h>

#include "model/manifest_check.h"

static const sv_str names[] = {SV_STR_INIT("1"), SV_STR_INIT("v2"), SV_STR_INIT("beta")};

/* The problems of a manifest; `sets` are those of the command line, separated by '|'. */
static const char *check(const char *text, const char *sets)
{
    static char told[4096];
    sv_arena *arena = sv_arena_new(0);
    sv_buf problems;
    const struct manifest *manifest;
    sv_str items[8], rest = sv_str_from(sets);
    sv_strs list = {.items = items};
    while (rest.len && sv_str_split(&rest, '|', &items[list.len]))
        list.len++;
    sv_manifest_source source = {
        .path = text ? folder_write("model.yaml", text) : NULL, .name = SV_STR("m"), .sets = &list};
    sv_buf_init(&problems, sizeof told - 1);
    if (sv_manifest_read(arena, &source, &problems, &manifest))
        fail_msg("%s: %.*s", text, SV_STR_ARG(sv_buf_str(&problems)));
    sv_status status =
        sv_manifest_check_versions(manifest, names, 3, text ? "m.yaml" : NULL, &problems);
    assert_int_equal(status, problems.len ? SV_INVALID : SV_OK);
    memcpy(told, problems.ptr ? problems.ptr : "", problems.len);
    told[problems.len] = '\0';
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
    return told;
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problems;
    } cases[] = {
        {"task: tensor\n", ""},
        {"versions: {default: 2, serve: [1, 2], weights: {v1: 1, 2: 3}, shadow: 1}\n", ""},
        {"versions: {default: v1, serve: all, weights: {1: 1, beta: 0}, shadow: beta}\n", ""},
        {"versions: {serve: latest, default: 2}\n", ""},
        {"versions:\n  default: 7\n",
         "m.yaml:2: versions.default: there is no version '7', only '1', 'v2', 'beta'\n"},
        {"versions:\n  shadow: betta\n",
         "m.yaml:2: versions.shadow: there is no version 'betta', only '1', 'v2', 'beta'; did you "
         "mean 'beta'?\n"},
        {"versions:\n  serve:\n  - 1\n  - 3000\n",
         "m.yaml:4: versions.serve: there is no version '3000', only '1', 'v2', 'beta'\n"},
        {"versions:\n  weights:\n    1: 5\n    v1: 5\n",
         "m.yaml:4: versions.weights: version 'v1' has a weight already\n"},
        {"versions:\n  weights: {1: 0}\n",
         "m.yaml:2: versions.weights: at least one weight has to be more than 0\n"},
        {"versions:\n  serve: [1]\n  default: 2\n  weights: {beta: 1, 2: 0}\n  shadow: beta\n",
         "m.yaml:3: versions.default: version '2' is not among those of versions.serve\n"
         "m.yaml:4: versions.weights: version 'beta' is not among those of versions.serve\n"
         "m.yaml:5: versions.shadow: version 'beta' is not among those of versions.serve\n"},
        {"versions: {serve: latest, default: 1}\n",
         "m.yaml:1: versions.default: version '1' is not among those of versions.serve\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(check(cases[i].text, ""), cases[i].problems);
}

static void test_latest(void **state)
{
    (void)state;
    static const sv_str letters[] = {SV_STR_INIT("alpha"), SV_STR_INIT("beta")};
    assert_int_equal(sv_manifest_check_latest(names, 3), 1);
    assert_int_equal(sv_manifest_check_latest(names, 1), 0);
    assert_int_equal(sv_manifest_check_latest(letters, 2), 1);
}

/* What the command line said has no line. */
static void test_sets(void **state)
{
    (void)state;
    assert_string_equal(check(NULL, "m.versions.default=beta|m.versions.weights.2=7"), "");
    assert_string_equal(
        check(NULL, "m.versions.default=gamma"),
        "--set: versions.default: there is no version 'gamma', only '1', 'v2', 'beta'\n");
    assert_string_equal(check("versions: {serve: [1, 2]}\n", "m.versions.default=beta"),
                        "--set: versions.default: version 'beta' is not among those of "
                        "versions.serve\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_sets),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
