/* Embedded files are the files of the tree, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/assets.h"

static void test_files_as_in_the_tree(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type;
    } cases[] = {{"docs.html", "text/html; charset=utf-8"},
                 {"docs.js", "text/javascript; charset=utf-8"},
                 {"redoc.html", "text/html; charset=utf-8"},
                 {"redoc.js", "text/javascript; charset=utf-8"},
                 {"redoc.css", "text/css; charset=utf-8"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512], text[65536];
        sv_arena *arena = sv_arena_new(0);
        const sv_asset *asset = sv_assets_find(sv_str_from(cases[i].name));
        sv_str bytes;
        snprintf(path, sizeof path, "%s/assets/docs/%s", SV_SOURCE_DIR, cases[i].name);
        FILE *file = fopen(path, "re");
        assert_true(arena && asset && file);
        size_t len = fread(text, 1, sizeof text, file);
        fclose(file);
        assert_string_equal(asset->content_type, cases[i].type);
        assert_int_equal(sv_assets_inflate(asset, arena, &bytes), SV_OK);
        assert_true(sv_str_eq(bytes, (sv_str){text, len}));
        sv_arena_free(arena);
    }
}

static void test_every_file_that_the_pages_need(void **state)
{
    (void)state;
    static const char *const names[] = {"swagger-ui.css", "swagger-ui-bundle.js",
                                        "favicon-32x32.png", "redoc.standalone.js"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sv_arena *arena = sv_arena_new(0);
        const sv_asset *asset = sv_assets_find(sv_str_from(names[i]));
        sv_str bytes;
        assert_true(arena && asset);
        assert_int_equal(sv_assets_inflate(asset, arena, &bytes), SV_OK);
        assert_int_equal(bytes.len, asset->size_bytes);
        sv_arena_free(arena);
    }
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {"", "docs", "docs.html/", "../docs.html", "DOCS.HTML"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_null(sv_assets_find(sv_str_from(names[i])));
}

static void test_bytes_that_are_broken(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_asset asset = *sv_assets_find(SV_STR("docs.html"));
    sv_str bytes;
    asset.gzip.len /= 2;
    assert_int_equal(sv_assets_inflate(&asset, arena, &bytes), SV_INVALID);
    asset = *sv_assets_find(SV_STR("docs.html"));
    asset.size_bytes -= 1; /* more comes out than was said */
    assert_int_equal(sv_assets_inflate(&asset, arena, &bytes), SV_INVALID);
    asset = *sv_assets_find(SV_STR("docs.html"));
    sv_arena_set_limit(arena, 1);
    assert_int_equal(sv_assets_inflate(&asset, arena, &bytes), SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_as_in_the_tree),
        cmocka_unit_test(test_every_file_that_the_pages_need),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_bytes_that_are_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
