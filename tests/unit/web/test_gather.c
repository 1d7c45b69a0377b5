/* Parameters wherever they stand, forms and files, and bodies that a handler reads itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web_lab.h"

struct places {
    int64_t id;
    sv_strs tag;
    sv_str x_token;
    sv_str session;
};
struct login {
    sv_str user;
    int64_t times;
};
struct upload {
    sv_str note;
    sv_file file;
};
struct seen {
    sv_str text;
    int64_t number;
};
SV_SCHEMA(places, SV_FIELD(places, id), SV_FIELD(places, tag, .default_json = "[]"),
          SV_FIELD(places, x_token, .in = SV_IN_HEADER),
          SV_FIELD(places, session, .in = SV_IN_COOKIE, .default_json = "\"none\""));
SV_SCHEMA(login, SV_FIELD(login, user, .in = SV_IN_FORM),
          SV_FIELD(login, times, .in = SV_IN_FORM, .default_json = "1"));
SV_SCHEMA(upload, SV_FIELD(upload, note, .in = SV_IN_FORM, .default_json = "\"\""),
          SV_FIELD(upload, file, .in = SV_IN_FORM));
SV_SCHEMA(seen, SV_FIELD(seen, text), SV_FIELD(seen, number));

SV_HANDLER_PARAMS(show_places, places, sv_none, seen);
static sv_status show_places(sv_call *call, const struct places *params, const struct sv_none *in,
                             struct seen *out)
{
    (void)in;
    out->number = params->id + (int64_t)params->tag.len * 100;
    out->text =
        sv_format(call, "%.*s|%.*s|%.*s", SV_STR_ARG(params->x_token), SV_STR_ARG(params->session),
                  SV_STR_ARG(params->tag.len ? params->tag.items[0] : SV_STR("-")));
    return SV_OK;
}
SV_HANDLER_PARAMS(log_in, login, sv_none, seen);
static sv_status log_in(sv_call *call, const struct login *params, const struct sv_none *in,
                        struct seen *out)
{
    (void)call, (void)in;
    *out = (struct seen){params->user, params->times};
    return SV_OK;
}
SV_HANDLER_PARAMS(take_file, upload, sv_none, seen);
static sv_status take_file(sv_call *call, const struct upload *params, const struct sv_none *in,
                           struct seen *out)
{
    (void)in;
    out->text = sv_format(call, "%.*s|%.*s|%.*s", SV_STR_ARG(params->note),
                          SV_STR_ARG(params->file.filename), SV_STR_ARG(params->file.content_type));
    out->number = (int64_t)params->file.content.len;
    return SV_OK;
}
SV_HANDLER_RAW(count_bytes);
static sv_status count_bytes(sv_call *call)
{
    char piece[100];
    size_t len = 0, total = 0;
    sv_status status;
    while (!(status = sv_read(call, piece, sizeof piece, &len)) && len)
        total += len;
    sv_str text = sv_format(call, "%zu", total);
    return status ? status : sv_respond_bytes(call, "text/plain", text);
}

static const sv_operation operations[] = {
    {"GET", "/places/{id}", &show_places_handler},
    {"POST", "/login", &log_in_handler},
    {"POST", "/upload", &take_file_handler},
    {"POST", "/count", &count_bytes_handler, .stream_body = true, .max_body_bytes = 5000},
    {0}};
static const sv_app app = {.operations = operations};

typedef struct gather_case {
    const char *method, *path, *headers, *body;
    int status;
    const char *wanted;
} gather_case;

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define MULTIPART "Content-Type: multipart/form-data; boundary=b\r\n"
#define PART "--b\r\nContent-Disposition: form-data; name="
#define FILE_PART PART "\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n"

static const gather_case cases[] = {
    {"GET", "/places/7?tag=a&tag=b", "X-Token: t\r\nCookie: other=1; session=\"s\"\r\n", "", 200,
     "{\"text\":\"t|s|a\",\"number\":207}"},
    {"GET", "/places/7", "x-token: \xe9\r\n", "", 200, "\"text\":\"\xc3\xa9|none|-\""},
    {"GET", "/places/x", NULL, "", 422,
     "[{\"type\":\"int_parsing\",\"loc\":[\"path\",\"id\"],\"msg\":\"Input should be a valid "
     "integer, unable to parse string as an integer\",\"input\":\"x\"},{\"type\":\"missing\","
     "\"loc\":[\"header\",\"x-token\"],\"msg\":\"Field required\",\"input\":null}]"},
    {"POST", "/login", FORM, "user=a+b%21&times=3", 200, "{\"text\":\"a b!\",\"number\":3}"},
    {"POST", "/login", FORM, "user=&times=", 422,
     "{\"type\":\"missing\",\"loc\":[\"body\",\"user\"]"},
    {"POST", "/login", "Content-Type: application/json\r\n", "{\"user\":\"a\"}", 422,
     "\"loc\":[\"body\",\"user\"]"},
    {"POST", "/login", MULTIPART, PART "\"user\"\r\n\r\nx\r\n--b--\r\n", 200,
     "{\"text\":\"x\",\"number\":1}"},
    {"POST", "/login", "Content-Type: multipart/form-data\r\n", "x", 400,
     "\"detail\":\"Missing boundary in multipart.\""},
    {"POST", "/upload", MULTIPART, PART "\"note\"\r\n\r\nn\r\n" FILE_PART "--b--\r\n", 200,
     "{\"text\":\"n|a.txt|text/plain\",\"number\":5}"},
    {"POST", "/upload", MULTIPART, PART "\"file\"\r\n\r\ntext\r\n--b--\r\n", 422,
     "Value error, Expected UploadFile, received: <class 'str'>"},
    {"POST", "/upload", MULTIPART, PART "\"file\"; filename=\"\"\r\n\r\n\r\n--b--\r\n", 422,
     "{\"type\":\"missing\",\"loc\":[\"body\",\"file\"]"},
    {"POST", "/count", NULL, "0123456789", 200, "10"},
    {"POST", "/count", NULL, "", 200, "0"},
};

static void test_places(void **state)
{
    (void)state;
    sv_client *client = sv_test_client(&app);
    assert_non_null(client);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gather_case *c = &cases[i];
        lab_expect(sv_test_request(client, c->method, c->path, c->headers, sv_str_from(c->body)),
                   c->status, c->wanted);
    }
    char large[6000];
    memset(large, 'x', sizeof large);
    lab_expect(sv_test_request(client, "POST", "/count", NULL, (sv_str){large, 5000}), 200, "5000");
    lab_expect(sv_test_request(client, "POST", "/count", NULL, (sv_str){large, 5001}), 413,
               "PAYLOAD_TOO_LARGE");
    sv_test_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
