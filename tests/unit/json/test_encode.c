/* test_encode.c: what answers look like, what is left out, and what is refused, with its path. */
#include <math.h>
#include <string.h>

#include "json_cases.h"
#include "json/encode.h"

enum color { RED, GREEN };
SV_ENUM(color, {"red", RED}, {"green", GREEN});

struct label {
    sv_str label;
    double confidence;
};
SV_SCHEMA(label, SV_FIELD(label, label, .max_len = 5),
          SV_FIELD(label, confidence, SV_GE(0), SV_LE(1)));

struct reply {
    SV_LIST(struct label) predictions;
    int64_t count;
    enum color color;
    sv_opt_str reason, note;
    sv_opt_enum tint;
    struct label *best;
    sv_strs texts;
    bool done;
    int64_t secret; /* not in the schema */
};
SV_SCHEMA(reply, SV_FIELD_LIST(reply, predictions, label, .max_items = 2),
          SV_FIELD(reply, count, SV_GE(0)), SV_FIELD_ENUM(reply, color, color),
          SV_FIELD(reply, reason, .optional = true), SV_FIELD(reply, note),
          SV_FIELD_ENUM(reply, tint, color), SV_FIELD_OBJECT(reply, best, label),
          SV_FIELD(reply, texts, .min_items = 1, .max_item_len = 3), SV_FIELD(reply, done));

static struct label labels[] = {{SV_STR_INIT("a\"b"), 0.5}, {SV_STR_INIT("é"), 1e-7}};
static sv_str texts[] = {SV_STR_INIT("x")};

static struct reply valid_reply(void)
{
    struct reply reply = {.count = 2, .secret = 99};
    labels[0].confidence = 0.5;
    labels[0].label = SV_STR("a\"b");
    texts[0] = SV_STR("x");
    reply.predictions.items = labels;
    reply.predictions.len = 2;
    reply.texts = (sv_strs){texts, 1};
    return reply;
}

static sv_status encode(sv_arena *arena, const struct reply *reply, sv_error *error,
                        sv_str *ret_json)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 4096);
    sv_writer_init(&writer, &buf);
    const sv_plan *plan = cases_plan(arena, &reply_schema, SV_FIELD_BODY);
    sv_status status = sv_encode(plan, reply, &writer, error);
    *ret_json = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return status;
}

static void test_answers(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct reply reply = valid_reply();
    sv_str json;
    assert_int_equal(encode(arena, &reply, NULL, &json), SV_OK);
    assert_string_equal(json.ptr,
                        "{\"predictions\":[{\"label\":\"a\\\"b\",\"confidence\":0.5},"
                        "{\"label\":\"é\",\"confidence\":1e-7}],\"count\":2,\"color\":\"red\","
                        "\"note\":null,\"tint\":null,\"best\":null,\"texts\":[\"x\"],"
                        "\"done\":false}");
    reply.reason = reply.note = (sv_opt_str){true, SV_STR("n")};
    reply.tint = (sv_opt_enum){true, GREEN};
    reply.best = &labels[1];
    reply.predictions.len = 0;
    assert_int_equal(encode(arena, &reply, NULL, &json), SV_OK);
    assert_string_equal(json.ptr,
                        "{\"predictions\":[],\"count\":2,\"color\":\"red\",\"reason\":\"n\","
                        "\"note\":\"n\",\"tint\":\"green\",\"best\":{\"label\":\"é\","
                        "\"confidence\":1e-7},\"texts\":[\"x\"],\"done\":false}");
    sv_arena_free(arena);
}

static void break_confidence(struct reply *reply)
{
    reply->predictions.items[0].confidence = 1.5;
}

static void break_with_nan(struct reply *reply)
{
    reply->predictions.items[0].confidence = NAN;
}

static void break_with_infinity(struct reply *reply)
{
    reply->predictions.items[0].confidence = -INFINITY;
}

static void break_label(struct reply *reply)
{
    reply->predictions.items[0].label = SV_STR("éééééé");
}

static void break_best(struct reply *reply)
{
    break_label(reply);
    reply->predictions.len = 0;
    reply->best = labels;
}

static void break_count(struct reply *reply)
{
    reply->count = -1;
}

static void break_enum(struct reply *reply)
{
    reply->color = (enum color)9;
}

static void break_text(struct reply *reply)
{
    reply->texts.items[0] = SV_STR("long");
}

static void break_texts(struct reply *reply)
{
    reply->texts.len = 0;
}

static void break_predictions(struct reply *reply)
{
    reply->predictions.len = 3;
}

static const struct {
    void (*break_reply)(struct reply *reply);
    const char *path, *message;
    const sv_error_kind *kind;
} refusals[] = {
    {break_confidence, "predictions.0.confidence", "Input should be less than or equal to 1", NULL},
    {break_with_nan, "predictions.0.confidence", "Input should be a finite number",
     &sv_kind_invalid_model_output},
    {break_with_infinity, "predictions.0.confidence", "Input should be a finite number",
     &sv_kind_invalid_model_output},
    {break_label, "predictions.0.label", "String should have at most 5 characters", NULL},
    {break_best, "best.label", "String should have at most 5 characters", NULL},
    {break_count, "count", "Input should be greater than or equal to 0", NULL},
    {break_enum, "color", "Input should be 'red' or 'green'", NULL},
    {break_text, "texts.0", "String should have at most 3 characters", NULL},
    {break_texts, "texts", "List should have at least 1 item after validation, not 0", NULL},
    {break_predictions, "predictions", "List should have at most 2 items after validation, not 3",
     NULL},
};

static void test_broken_answers(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct reply reply = valid_reply();
        sv_error error = {0};
        sv_str json;
        refusals[i].break_reply(&reply);
        assert_int_equal(encode(arena, &reply, &error, &json), SV_INVALID);
        assert_string_equal(error.path, refusals[i].path);
        assert_string_equal(error.message, refusals[i].message);
        assert_ptr_equal(error.kind, refusals[i].kind);
        assert_int_equal(encode(arena, &reply, NULL, &json), SV_INVALID);
    }
    sv_arena_free(arena);
}

struct chain {
    struct chain *next;
};
SV_SCHEMA_DECLARE(chain);
SV_SCHEMA(chain, SV_FIELD_OBJECT(chain, next, chain));

static void test_endless_chain(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct chain ring = {&ring};
    sv_buf buf;
    sv_writer writer;
    sv_error error = {0};
    sv_buf_init(&buf, 1 << 16);
    sv_writer_init(&writer, &buf);
    const sv_plan *plan = cases_plan(arena, &chain_schema, SV_FIELD_BODY);
    assert_int_equal(sv_encode(plan, &ring, &writer, &error), SV_INVALID);
    assert_string_equal(error.message, "Nested too deeply");
    assert_int_equal(strlen(error.path), sizeof error.path - 1);
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void test_full_buffer(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct reply reply = valid_reply();
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 20);
    sv_writer_init(&writer, &buf);
    const sv_plan *plan = cases_plan(arena, &reply_schema, SV_FIELD_BODY);
    assert_int_equal(sv_encode(plan, &reply, &writer, NULL), SV_TOO_LARGE);
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

struct inner {
    sv_opt_int n;
};
SV_SCHEMA(inner, SV_FIELD(inner, n, .default_json = "null"));
struct options {
    int64_t five;
    sv_opt_str note;
    sv_strs list;
    struct inner inner;
    sv_extras rest;
};
SV_SCHEMA_WITH(options, (.extra = SV_EXTRA_ALLOW), SV_FIELD(options, five, .default_json = "5"),
               SV_FIELD(options, note, .default_json = "null"),
               SV_FIELD(options, list, .default_json = "[\"a\"]"),
               SV_FIELD_OBJECT(options, inner, inner), SV_FIELD_EXTRAS(options, rest));

static void expect_some(const struct options *value, sv_encode_flags flags, const char *expected)
{
    sv_arena *arena = sv_arena_new(0);
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 4096);
    sv_writer_init(&writer, &buf);
    const sv_plan *plan = cases_plan(arena, &options_schema, SV_FIELD_BODY);
    assert_int_equal(sv_encode_some(plan, value, flags, &writer, NULL), SV_OK);
    assert_true(cases_same(SV_STR("options"), sv_str_from(expected), sv_buf_str(&buf)));
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
}

static void test_left_out(void **state)
{
    (void)state;
    sv_str a = SV_STR("a");
    struct options value = {.five = 5, .list = {&a, 1}};
    expect_some(&value, SV_ENCODE_ALL,
                "{\"five\":5,\"note\":null,\"list\":[\"a\"],\"inner\":{\"n\":null}}");
    expect_some(&value, SV_ENCODE_WITHOUT_NULLS, "{\"five\":5,\"list\":[\"a\"],\"inner\":{}}");
    expect_some(&value, SV_ENCODE_WITHOUT_DEFAULTS, "{\"inner\":{}}");
    value.five = 6;
    value.note = (sv_opt_str){true, SV_STR("x")};
    value.list.len = 0;
    value.inner.n = (sv_opt_int){true, 1};
    expect_some(&value, SV_ENCODE_WITHOUT_NULLS | SV_ENCODE_WITHOUT_DEFAULTS,
                "{\"five\":6,\"note\":\"x\",\"list\":[],\"inner\":{\"n\":1}}");
}

static void test_extras(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct options value = {0};
    sv_extras extras = {sv_arena_alloc_array(arena, 1, sizeof *extras.items), 1};
    extras.items[0].key = SV_STR("more");
    extras.items[0].value.text = SV_STR("[1]");
    value.rest = extras;
    assert_string_equal(
        cases_encode(arena, &options_schema, &value).ptr,
        "{\"five\":0,\"note\":null,\"list\":[],\"inner\":{\"n\":null},\"more\":[1]}");
    extras.items[0].key = SV_STR("five");
    assert_string_equal(cases_encode(arena, &options_schema, &value).ptr,
                        "five: an extra member has the name of a field");
    extras.items[0].key = SV_STR("\xFF");
    assert_non_null(strstr(cases_encode(arena, &options_schema, &value).ptr, "not UTF-8"));
    sv_arena_free(arena);
}

struct choice {
    int kind;
    union {
        int64_t number;
        sv_strs texts;
    } as;
};
SV_UNION(choice, kind, (.help = NULL), SV_VARIANT(choice, as.number, 1, SV_GE(0)),
         SV_VARIANT(choice, as.texts, 2, .max_items = 1));
struct holder {
    struct choice choice;
    SV_MAP(int64_t) map;
    sv_ints set;
};
SV_SCHEMA(holder, SV_FIELD_OBJECT(holder, choice, choice),
          SV_FIELD_MAP(holder, map, .max_items = 1),
          SV_FIELD(holder, set, .min_items = 1, .unique = true));

static void test_broken_parts(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    int64_t one = 1;
    struct holder value = {.choice = {1, {.number = 7}}, .set = {&one, 1}};
    assert_string_equal(cases_encode(arena, &holder_schema, &value).ptr,
                        "{\"choice\":7,\"map\":{},\"set\":[1]}");
    value.choice.as.number = -1;
    assert_string_equal(cases_encode(arena, &holder_schema, &value).ptr,
                        "choice: Input should be greater than or equal to 0");
    value.choice.kind = 3;
    assert_string_equal(cases_encode(arena, &holder_schema, &value).ptr,
                        "choice: the union is of no known kind");
    value.choice = (struct choice){1, {.number = 7}};
    value.map.len = 2;
    assert_string_equal(cases_encode(arena, &holder_schema, &value).ptr,
                        "map: Dictionary should have at most 1 item after validation, not more");
    value.map.len = 0;
    value.set.len = 0;
    assert_string_equal(cases_encode(arena, &holder_schema, &value).ptr,
                        "set: Set should have at least 1 item after validation, not 0");
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_out),       cmocka_unit_test(test_extras),
        cmocka_unit_test(test_broken_parts),   cmocka_unit_test(test_answers),
        cmocka_unit_test(test_broken_answers), cmocka_unit_test(test_endless_chain),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
