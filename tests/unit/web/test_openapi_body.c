/* Bodies: JSON that may be left out, several parameters in one, forms, files, bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "openapi_lab.h"

struct size {
    int64_t width;
};
struct sizes {
    struct size one, other;
};
struct note {
    sv_opt_str nick;
    int64_t age;
};
struct upload {
    sv_file file;
    sv_files more;
    sv_str token;
};
SV_SCHEMA(size, SV_FIELD(size, width));
SV_SCHEMA_WITH(sizes, (.embed = true), SV_FIELD_OBJECT(sizes, one, size),
               SV_FIELD_OBJECT(sizes, other, size));
SV_SCHEMA(note, SV_FIELD(note, nick, .in = SV_IN_FORM, .default_json = "null"),
          SV_FIELD(note, age, .in = SV_IN_FORM, .default_json = "1", SV_GE(0)));
SV_SCHEMA(upload, SV_FIELD(upload, file, .in = SV_IN_FORM),
          SV_FIELD(upload, more, .in = SV_IN_FORM, .default_json = "[]"),
          SV_FIELD(upload, token, .in = SV_IN_QUERY));

SV_HANDLER(set_size, size, sv_none);
static sv_status set_size(sv_call *call, const struct size *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}
SV_HANDLER(set_sizes, sizes, sv_none);
static sv_status set_sizes(sv_call *call, const struct sizes *in, struct sv_none *out)
{
    (void)call, (void)in, (void)out;
    return SV_OK;
}
SV_HANDLER_PARAMS(send_note, note, sv_none, sv_none);
static sv_status send_note(sv_call *call, const struct note *params, const struct sv_none *in,
                           struct sv_none *out)
{
    (void)call, (void)params, (void)in, (void)out;
    return SV_OK;
}
SV_HANDLER_PARAMS(send_file, upload, sv_none, sv_none);
static sv_status send_file(sv_call *call, const struct upload *params, const struct sv_none *in,
                           struct sv_none *out)
{
    (void)call, (void)params, (void)in, (void)out;
    return SV_OK;
}
SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR(""));
}

static void expect_body(const sv_operation *row, const char *wanted, const char *component)
{
    const sv_operation rows[] = {*row, {0}};
    const sv_app app = {.operations = rows};
    openapi_lab_expect(&app, (const char *const[]){wanted, component, NULL});
}

#define FILE_TYPE "\"type\":\"string\",\"contentMediaType\":\"application/octet-stream\""

static void test_json(void **state)
{
    (void)state;
    expect_body(&(sv_operation){"PUT", "/size", &set_size_handler},
                "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                "\"#/components/schemas/size\"}}},\"required\":true},\"responses\"",
                "\"size\":{");
    expect_body(&(sv_operation){"PUT", "/size", &set_size_handler, .optional_body = true},
                "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"anyOf\":["
                "{\"$ref\":\"#/components/schemas/size\"},{\"type\":\"null\"}],\"title\":\"Body\"}}"
                "}},\"responses\"",
                "\"size\":{");
    expect_body(&(sv_operation){"PUT", "/sizes", &set_sizes_handler},
                "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
                "\"#/components/schemas/Body_set_sizes_sizes_put\"}}},\"required\":true}",
                "\"required\":[\"one\",\"other\"],\"title\":\"Body_set_sizes_sizes_put\"}");
}

static void test_forms(void **state)
{
    (void)state;
    expect_body(&(sv_operation){"POST", "/note", &send_note_handler},
                "\"requestBody\":{\"content\":{\"application/x-www-form-urlencoded\":{\"schema\":"
                "{\"$ref\":\"#/components/schemas/Body_send_note_note_post\"}}}},\"responses\"",
                "\"Body_send_note_note_post\":{\"properties\":{\"nick\":{\"anyOf\":");
    expect_body(&(sv_operation){"POST", "/file", &send_file_handler},
                "\"parameters\":[{\"name\":\"token\",\"in\":\"query\",\"required\":true,\"schema\":"
                "{\"type\":\"string\",\"title\":\"Token\"}}],"
                "\"requestBody\":{\"content\":{\"multipart/form-data\":{\"schema\":{\"$ref\":"
                "\"#/components/schemas/Body_send_file_file_post\"}}},\"required\":true}",
                "\"Body_send_file_file_post\":{\"properties\":{\"file\":{" FILE_TYPE
                ",\"title\":\"File\"},\"more\":{");
}

static void test_bytes(void **state)
{
    (void)state;
    expect_body(&(sv_operation){"POST", "/raw", &raw_handler, .raw_media = "image/, text/plain"},
                "\"requestBody\":{\"content\":{\"image/*\":{\"schema\":{" FILE_TYPE
                "}},\"text/plain\":{\"schema\":{" FILE_TYPE "}}},\"required\":true}",
                "\"415\":");
    expect_body(
        &(sv_operation){"PUT", "/size", &set_size_handler, .raw_media = "application/json, image/"},
        "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
        "\"#/components/schemas/size\"}},\"image/*\":{\"schema\":{" FILE_TYPE
        "}}},\"required\":true}",
        "\"415\":");
    expect_body(&(sv_operation){"POST", "/raw", &raw_handler, .stream_body = true},
                "\"requestBody\":{\"content\":{\"application/octet-stream\":{\"schema\":{" FILE_TYPE
                "}}},\"required\":true}",
                "\"413\":");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
