/* fuzz_json.c: hostile request bodies. Whatever the bytes are: the fast parser and the careful
 * scanner agree on what is JSON, every answer is itself JSON, and what was accepted is the same
 * after it went out and in again. */
#include <stdlib.h>
#include <string.h>

#include "json/body.h"
#include "json/decode.h"
#include "json/encode.h"
#include "json/json_scan.h"
#include "json/value.h"

enum { LARGEST_OUTPUT = 64 << 20, ARENA_LIMIT = 256 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum color { COLOR_RED, COLOR_GREEN };
SV_ENUM(color, {"red", COLOR_RED}, {"green", COLOR_GREEN});

struct item {
    int64_t a;
    sv_opt_str b;
    SV_LIST(struct item) items;
    struct item *next;
};
SV_SCHEMA_DECLARE(item);
SV_SCHEMA_WITH(item, (.extra = SV_EXTRA_FORBID), SV_FIELD(item, a, SV_GE(-5), SV_LT(1000)),
               SV_FIELD(item, b, .max_len = 8, .default_json = "null"),
               SV_FIELD_LIST(item, items, item, .max_items = 9, .default_json = "[]"),
               SV_FIELD_OBJECT(item, next, item, .default_json = "null"));

struct wide {
    sv_str s;
    int64_t i;
    double d;
    bool t;
    enum color c;
    struct item o;
    sv_strs ss;
    sv_ints ii;
    sv_doubles dd;
    sv_bools tt;
    SV_LIST(enum color) cc;
    sv_opt_str os;
    sv_opt_int oi;
    sv_opt_double od;
    sv_opt_bool ot;
    sv_opt_enum oc;
    sv_opt_strs oss;
};
SV_SCHEMA(wide, SV_FIELD(wide, s, .min_len = 1, .default_json = "\"s\""),
          SV_FIELD(wide, i, .default_json = "1"), SV_FIELD(wide, d, SV_GT(-1e9)),
          SV_FIELD(wide, t, .default_json = "true"),
          SV_FIELD_ENUM(wide, c, color, .default_json = "\"green\""),
          SV_FIELD_OBJECT(wide, o, item, .default_json = "{\"a\":1}"),
          SV_FIELD(wide, ss, .max_item_len = 5, .default_json = "[]"),
          SV_FIELD(wide, ii, .min_items = 1, .default_json = "[1]"),
          SV_FIELD(wide, dd, SV_LE(9), .default_json = "[]"),
          SV_FIELD(wide, tt, .default_json = "[]"),
          SV_FIELD_ENUMS(wide, cc, color, .default_json = "[]"),
          SV_FIELD(wide, os, .default_json = "null"), SV_FIELD(wide, oi, .default_json = "null"),
          SV_FIELD(wide, od, .default_json = "null"), SV_FIELD(wide, ot, .optional = true),
          SV_FIELD_ENUM(wide, oc, color, .default_json = "null"),
          SV_FIELD(wide, oss, .default_json = "null"));

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const sv_value *parse_own(sv_arena *arena, sv_str json)
{
    sv_value_error error;
    const sv_value *value = NULL;
    require(sv_value_parse(arena, json, NULL, &error, &value) == SV_OK);
    return value;
}

static void check_parsers_agree(sv_arena *arena, sv_str text)
{
    sv_value_error fast, careful;
    const sv_value *value;
    sv_status status = sv_value_parse(arena, text, NULL, &fast, &value);
    if (sv_str_starts_with(text, SV_STR("\xEF\xBB\xBF")))
        text = sv_str_slice(text, 3, text.len);
    bool valid = sv_json_scan(text, SV_VALUE_MAX_DEPTH, &careful);
    require(status == SV_OK || status == SV_INVALID);
    require(valid == (status == SV_OK));
    require(valid || fast.problem == careful.problem);
}

/* A value that was written is the same value. */
static void check_round_trip(sv_arena *arena, const sv_value *value)
{
    sv_buf first, second;
    sv_writer writer;
    sv_buf_init(&first, LARGEST_OUTPUT);
    sv_buf_init(&second, LARGEST_OUTPUT);
    sv_writer_init(&writer, &first);
    sv_value_write(value, &writer, 0);
    sv_writer_init(&writer, &second);
    sv_value_write(parse_own(arena, sv_buf_str(&first)), &writer, 0);
    require(sv_str_eq(sv_buf_str(&first), sv_buf_str(&second)));
    sv_buf_deinit(&first);
    sv_buf_deinit(&second);
}

static void check_errors(sv_arena *arena, const sv_errors *errors)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, LARGEST_OUTPUT);
    sv_writer_init(&writer, &buf);
    sv_errors_write(errors, &writer);
    const sv_value *list = parse_own(arena, sv_buf_str(&buf));
    require(sv_value_len(list) == errors->count && errors->count > 0);
    require(errors->count <= SV_ERRORS_MAX + 1);
    sv_buf_deinit(&buf);
}

static void encode(const sv_plan *plan, const void *value, sv_buf *buf)
{
    sv_writer writer;
    sv_buf_init(buf, LARGEST_OUTPUT);
    sv_writer_init(&writer, buf);
    require(sv_encode(plan, value, &writer, NULL) == SV_OK);
}

/* What was accepted is accepted again when it comes back, and is the same. */
static void check_accepted(sv_arena *arena, const sv_plan *plan, const void *decoded)
{
    sv_buf first, second;
    sv_errors errors;
    void *again = NULL;
    encode(plan, decoded, &first);
    sv_errors_init(&errors, arena);
    const sv_value *value = parse_own(arena, sv_buf_str(&first));
    require(sv_decode_body(arena, plan, value, &errors, &again) == SV_OK);
    encode(plan, again, &second);
    require(sv_str_eq(sv_buf_str(&first), sv_buf_str(&second)));
    sv_buf_deinit(&first);
    sv_buf_deinit(&second);
}

static void check_body(sv_arena *arena, const sv_plan *plan, sv_str bytes, sv_str content_type)
{
    sv_body body = {.content_type = content_type, .bytes = bytes};
    sv_errors errors;
    const sv_value *value = NULL;
    void *decoded = NULL;
    sv_errors_init(&errors, arena);
    sv_status status = sv_body_read(arena, &body, &errors, &value);
    if (status == SV_FAILED)
        return;
    if (!status && value)
        check_round_trip(arena, value);
    if (!status)
        status = sv_decode_body(arena, plan, value, &errors, &decoded);
    if (!status)
        check_accepted(arena, plan, decoded);
    else if (status == SV_INVALID)
        check_errors(arena, &errors);
    else
        require(status == SV_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_arena *arena = sv_arena_new(ARENA_LIMIT);
    sv_buf mistakes;
    const sv_plan *plan = NULL;
    sv_str bytes = {(const char *)data, size};
    sv_buf_init(&mistakes, 1 << 16);
    require(arena && sv_plan_new(arena, &wide_schema, SV_FIELD_BODY, &mistakes, &plan) == SV_OK);
    check_parsers_agree(arena, bytes);
    check_body(arena, plan, bytes, SV_STR("application/json"));
    check_body(arena, plan, bytes, SV_STR("text/plain"));
    sv_buf_deinit(&mistakes);
    sv_arena_free(arena);
    return 0;
}
