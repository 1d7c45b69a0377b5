/* Where a picture comes from: the body, a form, an address; by both routes that take pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server_lab.h"

#define FORM "Content-Type: multipart/form-data; boundary=b\r\n"
#define PART "--b\r\nContent-Disposition: form-data; name="
#define END "--b--\r\n"

static server_lab lab;

static int set_up(void **state)
{
    (void)state;
    server_lab_open(&lab, NULL);
    server_lab_load(&lab);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_lab_close(&lab);
    return 0;
}

static const char *const paths[] = {"/api/v1/predict", "/api/v1/models/digits/predict"};

static sv_str join(sv_str before, sv_str picture, sv_str after)
{
    char *text = sv_arena_alloc(lab.runtime.arena, before.len + picture.len + after.len);
    assert_non_null(text);
    memcpy(text, before.ptr, before.len);
    memcpy(text + before.len, picture.ptr, picture.len);
    memcpy(text + before.len + picture.len, after.ptr, after.len);
    return (sv_str){text, before.len + picture.len + after.len};
}

static void test_pictures_in_forms(void **state)
{
    (void)state;
    static const char *const heads[] = {
        PART "\"file\"; filename=\"7.png\"\r\n\r\n",
        PART "\"other\"; filename=\"7.png\"\r\n\r\n",
        PART "\"x\"\r\n\r\ntext\r\n" PART "\"file\"; filename=\"7.png\"\r\n\r\n",
    };
    sv_str picture = server_lab_picture(&lab, "digit-7.png");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        for (size_t k = 0; k < 2; k++) {
            sv_str body = join(sv_str_from(heads[i]), picture, SV_STR("\r\n" END));
            sv_reply reply = sv_test_request(lab.client, "POST", paths[k], FORM, body);
            assert_int_equal(reply.status, 200);
            assert_non_null(memmem(reply.body.ptr, reply.body.len, "\"label\":\"7\"", 11));
        }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body;
        int status;
        const char *part;
    } cases[] = {
        {FORM, PART "\"x\"\r\n\r\ny\r\n" END, 422,
         "\"type\":\"missing\",\"loc\":[\"body\",\"file\"]"},
        {FORM,
         PART "\"file\"; filename=\"a\"\r\n\r\nx\r\n" PART "\"image_url\"\r\n\r\ndata:,x\r\n" END,
         422, "Either file or image_url is allowed, not both"},
        {FORM, PART "\"image_url\"\r\n\r\nftp://a/b\r\n" END, 400, "Unsupported image URL"},
        {FORM, PART "\"image_url\"\r\n\r\nhttp://127.0.0.1/a.png\r\n" END, 400, "INVALID_INPUT"},
        {FORM, PART "\"file\"; filename=\"a\"\r\n\r\nx\r\n" END, 400, "it is no JPEG, PNG or WebP"},
        {"Content-Type: image/png\r\n", "", 400, "INVALID_INPUT"},
        {"Content-Type: text/plain\r\n", "x", 415, "UNSUPPORTED_MEDIA_TYPE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < 2; k++) {
            sv_reply reply = sv_test_request(lab.client, "POST", paths[k], cases[i].headers,
                                             sv_str_from(cases[i].body));
            if (reply.status != cases[i].status ||
                !memmem(reply.body.ptr, reply.body.len, cases[i].part, strlen(cases[i].part)))
                fail_msg("case %zu: %d %.*s", i, reply.status, SV_STR_ARG(reply.body));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pictures_in_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
