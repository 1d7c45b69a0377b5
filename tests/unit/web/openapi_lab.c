#include "openapi_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/application.h"

void openapi_lab_expect(const sv_app *app, const char *const *pieces)
{
    sv_client *client = sv_test_client(app);
    sv_reply reply = sv_test_get(client, "/openapi.json");
    assert_int_equal(reply.status, 200);
    sv_str rest = reply.body;
    for (; *pieces; pieces++) {
        const char *at = memmem(rest.ptr, rest.len, *pieces, strlen(*pieces));
        if (!at)
            fail_msg("missing %s in\n%.*s", *pieces, SV_STR_ARG(rest));
        rest = sv_str_slice(rest, (size_t)(at - rest.ptr) + 1, rest.len);
    }
    sv_test_free(client);
}

void openapi_lab_expect_none(const sv_app *app, const char *piece)
{
    sv_client *client = sv_test_client(app);
    sv_str body = sv_test_get(client, "/openapi.json").body;
    if (memmem(body.ptr, body.len, piece, strlen(piece)))
        fail_msg("%s is in\n%.*s", piece, SV_STR_ARG(body));
    sv_test_free(client);
}

void openapi_lab_refuse(const sv_app *app, const char *words)
{
    sv_application_config config = {.app = app};
    sv_application *application = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1 << 20);
    assert_int_equal(sv_application_new(&config, &problems, &application), SV_INVALID);
    if (!memmem(problems.ptr, problems.len, words, strlen(words)))
        fail_msg("not told: %s in\n%.*s", words, SV_STR_ARG(sv_buf_str(&problems)));
    sv_buf_deinit(&problems);
}
