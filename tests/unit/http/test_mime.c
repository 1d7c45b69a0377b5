/* test_mime.c: media types by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/mime.h"

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"index.html", "text/html; charset=utf-8"},
        {"a/b.min.JS", "text/javascript; charset=utf-8"},
        {"data.json", "application/json"},
        {"x.tar.gz", "application/gzip"},
        {"photo.JPEG", "image/jpeg"},
        {"model.onnx", "application/octet-stream"},
        {"README", "application/octet-stream"},
        {"html", "application/octet-stream"},
        {".html", "application/octet-stream"},
        {"a/.html", "application/octet-stream"},
        {"a.html/b", "application/octet-stream"},
        {"a.", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!sv_str_eq(sv_mime_of(sv_str_from(rows[i].name)), sv_str_from(rows[i].type)))
            fail_msg("%s", rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
