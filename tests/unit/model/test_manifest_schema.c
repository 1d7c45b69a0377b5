/* The table of keys: each says what it is, and its own example is accepted. */
#include "folder.h"

#include <stdio.h>
#include <string.h>

#include "model/manifest.h"
#include "model/manifest_schema.h"

static void check_reads(const char *text, const sv_strs *sets, const sv_field *row)
{
    sv_arena *arena = sv_arena_new(0);
    sv_buf problems;
    const struct manifest *manifest;
    sv_manifest_source source = {
        .path = text ? folder_write("model.yaml", text) : NULL, .name = SV_STR("m"), .sets = sets};
    sv_buf_init(&problems, 4096);
    bool good = sv_manifest_read(arena, &source, &problems, &manifest) == SV_OK;
    if (!good)
        fail_msg("%s: %.*s", row->name, SV_STR_ARG(sv_buf_str(&problems)));
    sv_buf_deinit(&problems);
    sv_arena_free(arena);
}

/* A row, `depth` objects deep: in a file (behind `before`), and on the command line. */
static void check_example(const char *before, const char *path, int depth, const sv_field *row)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s: %s%.*s\n", before, row->name, row->example_json, depth,
             "}}}}");
    check_reads(text, NULL, row);
    int len = snprintf(text, sizeof text, "%s.%s=%s", path, row->name, row->example_json);
    sv_str set = {text, (size_t)len};
    check_reads(NULL, &(sv_strs){&set, 1}, row);
}

static void check_rows(const sv_schema *schema, const char *before, const char *path, int depth)
{
    assert_int_equal(schema->extra, SV_EXTRA_FORBID);
    for (size_t i = 0; i < schema->n_fields; i++) {
        const sv_field *row = &schema->fields[i];
        char inner[128], inner_path[128];
        if (!row->help)
            fail_msg("%s has no sentence", row->name);
        snprintf(inner, sizeof inner, "%s%s: {", before, row->name);
        snprintf(inner_path, sizeof inner_path, "%s.%s", path, row->name);
        if (row->kind == SV_KIND_OBJECT) {
            check_rows(row->schema, inner, inner_path, depth + 1);
        } else {
            assert_non_null(row->example_json);
            check_example(before, path, depth, row);
        }
    }
}

static void test_every_row(void **state)
{
    (void)state;
    check_rows(sv_manifest_schema, "", "m", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
