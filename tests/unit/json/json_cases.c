/* json_cases.c: reads recorded cases. */
#include "json_cases.h"

#include <stdio.h>

#include "case_schemas.h"
#include "json/decode.h"
#include "json/encode.h"

enum { LARGEST_TEXT = 64 << 20 };

static sv_str read_file(sv_arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    char *text = sv_arena_alloc_raw(arena, 1 << 20);
    assert_non_null(text);
    size_t len = fread(text, 1, 1 << 20, file);
    fclose(file);
    return (sv_str){text, len};
}

const sv_value *cases_read(sv_arena *arena, const char *name)
{
    sv_str path = sv_arena_printf(arena, "%s/tests/cases/validation/%s", SV_SOURCE_DIR, name);
    sv_value_error error;
    const sv_value *value;
    assert_int_equal(sv_value_parse(arena, read_file(arena, path.ptr), NULL, &error, &value),
                     SV_OK);
    return value;
}

const sv_value *cases_get(const sv_value *object, const char *name)
{
    const sv_value *value = sv_value_get(object, sv_str_from(name));
    if (!value)
        fail_msg("a case has no %s", name);
    return value;
}

const sv_value *cases_parse(sv_arena *arena, const char *json)
{
    sv_value_error error;
    const sv_value *value;
    assert_int_equal(sv_value_parse(arena, sv_str_from(json), NULL, &error, &value), SV_OK);
    return value;
}

static sv_str keep(sv_arena *arena, sv_buf *buf)
{
    assert_int_equal(sv_buf_status(buf), SV_OK);
    sv_str text = sv_arena_copy(arena, sv_buf_str(buf));
    assert_non_null(text.ptr);
    sv_buf_deinit(buf);
    return text;
}

sv_str cases_text(sv_arena *arena, const sv_value *value)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, LARGEST_TEXT);
    sv_writer_init(&writer, &buf);
    sv_value_write(value, &writer, 0);
    return keep(arena, &buf);
}

sv_str cases_detail(sv_arena *arena, const sv_errors *errors)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, LARGEST_TEXT);
    sv_writer_init(&writer, &buf);
    sv_errors_write(errors, &writer);
    return keep(arena, &buf);
}

const sv_plan *cases_plan(sv_arena *arena, const sv_schema *schema, sv_field_use use)
{
    sv_buf mistakes;
    sv_buf_init(&mistakes, 1 << 16);
    const sv_plan *plan = NULL;
    sv_status status = sv_plan_new(arena, schema, use, &mistakes, &plan);
    if (status)
        fail_msg("%s: %s\n%.*s", schema->name, sv_status_text(status),
                 SV_STR_ARG(sv_buf_str(&mistakes)));
    sv_buf_deinit(&mistakes);
    return plan;
}

bool cases_same(sv_str what, sv_str expected, sv_str actual)
{
    if (sv_str_eq(expected, actual))
        return true;
    print_error("%.*s\n  expected %.*s\n  actual   %.*s\n", SV_STR_ARG(what), SV_STR_ARG(expected),
                SV_STR_ARG(actual));
    return false;
}

static sv_str list_errors(sv_arena *arena, const sv_errors *errors)
{
    sv_buf buf;
    sv_buf_init(&buf, LARGEST_TEXT);
    for (size_t i = 0; i < errors->count; i++) {
        sv_errors_view view = sv_errors_get(errors, i);
        sv_buf_printf(&buf, "%s%s at %.*s", i ? ", " : "", sv_error_type_get(view.type)->name,
                      SV_STR_ARG(view.path));
    }
    return keep(arena, &buf);
}

static sv_str encode(sv_arena *arena, const sv_plan *plan, const void *value)
{
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, LARGEST_TEXT);
    sv_writer_init(&writer, &buf);
    sv_status status = sv_encode(plan, value, &writer, &error);
    if (!status)
        return keep(arena, &buf);
    sv_buf_deinit(&buf);
    assert_int_equal(status, SV_INVALID);
    return sv_arena_printf(arena, "%s: %s", error.path, error.message);
}

sv_str cases_answer(sv_arena *arena, const sv_schema *schema, const char *body)
{
    const sv_plan *plan = cases_plan(arena, schema, SV_FIELD_BODY);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = sv_decode_body(arena, plan, cases_parse(arena, body), &errors, &decoded);
    if (!status)
        return encode(arena, plan, decoded);
    assert_int_equal(status, SV_INVALID);
    return list_errors(arena, &errors);
}

sv_str cases_encode(sv_arena *arena, const sv_schema *schema, const void *value)
{
    return encode(arena, cases_plan(arena, schema, SV_FIELD_BODY), value);
}

sv_str cases_mistakes(sv_arena *arena, const sv_schema *schema, sv_field_use use)
{
    sv_buf mistakes;
    const sv_plan *plan;
    sv_buf_init(&mistakes, LARGEST_TEXT);
    sv_status status = sv_plan_new(arena, schema, use, &mistakes, &plan);
    assert_int_equal(status, mistakes.len ? SV_INVALID : SV_OK);
    return mistakes.len ? keep(arena, &mistakes) : SV_STR("");
}

void cases_check(const cases_row *rows, size_t n_rows)
{
    sv_arena *arena = sv_arena_new(0);
    size_t n_wrong = 0;
    for (size_t i = 0; i < n_rows; i++)
        n_wrong +=
            !cases_same(sv_str_from(rows[i].body), sv_str_from(rows[i].answer),
                        cases_answer(arena, case_schema(sv_str_from(rows[i].model)), rows[i].body));
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}
