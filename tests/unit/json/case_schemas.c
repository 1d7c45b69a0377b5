/* case_schemas.c: the models of tests/cases/validation/record.py as schema tables, in their order.
 */
#include "case_schemas.h"

enum color { COLOR_RED, COLOR_GREEN, COLOR_BLUE };
enum sort_by { SORT_BY_NAME, SORT_BY_SIZE };
SV_ENUM(color, {"red", COLOR_RED}, {"green", COLOR_GREEN}, {"blue", COLOR_BLUE});
SV_ENUM(sort_by, {"name", SORT_BY_NAME}, {"size", SORT_BY_SIZE});

struct point {
    int64_t x;
    double y;
};
SV_SCHEMA(point, SV_FIELD(point, x), SV_FIELD(point, y, .default_json = "0.5"));

struct strict_point {
    int64_t x;
    sv_opt_int y;
};
SV_SCHEMA_WITH(strict_point, (.extra = SV_EXTRA_FORBID), SV_FIELD(strict_point, x),
               SV_FIELD(strict_point, y, SV_GE(1), .default_json = "null"));

struct node {
    sv_str name;
    struct node *child;
};
SV_SCHEMA_DECLARE(node);
SV_SCHEMA(node, SV_FIELD(node, name, .default_json = "\"n\""),
          SV_FIELD_OBJECT(node, child, node, .default_json = "null"));

struct tree {
    sv_str name;
    SV_LIST(struct tree) children;
};
SV_SCHEMA_DECLARE(tree);
SV_SCHEMA(tree, SV_FIELD(tree, name, .default_json = "\"n\""),
          SV_FIELD_LIST(tree, children, tree, .default_json = "[]"));

static sv_status check_blank(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status check_stop(sv_check *check, sv_str *item)
{
    return sv_str_count_chars(*item) <= 20 ? SV_OK : sv_reject(check, "Stop sequence too long");
}

struct generate {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};
SV_SCHEMA(generate,
          SV_FIELD(generate, prompt, .min_len = 1, .max_len = 4096, .check_str = check_blank,
                   .help = "What to continue"),
          SV_FIELD(generate, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
          SV_FIELD(generate, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"),
          SV_FIELD(generate, stop_sequences, .max_items = 4, .check_item_str = check_stop,
                   .default_json = "null"));

struct span {
    int64_t low, high;
};
SV_CHECK(span, span_ordered);
static sv_status span_ordered(sv_check *check, struct span *span)
{
    return span->low <= span->high ? SV_OK : sv_reject(check, "low is above high");
}
SV_SCHEMA_WITH(span, (.check = span_ordered_check), SV_FIELD(span, low), SV_FIELD(span, high));

struct spans {
    SV_LIST(struct span) items;
    struct span *extra;
};
SV_SCHEMA(spans, SV_FIELD_LIST(spans, items, span),
          SV_FIELD_OBJECT(spans, extra, span, .default_json = "null"));

struct answer {
    int64_t count;
    double share;
    enum color tint;
    sv_opt_enum tint_or_none, other;
    struct point where, *maybe;
    SV_LIST(struct point) many;
    sv_opt_strs texts;
    sv_doubles numbers;
    bool HTTPStatus2go;
};
SV_SCHEMA_WITH(answer, (.help = "An answer with\ntwo lines."),
               SV_FIELD(answer, count, SV_GE(0), .title = "How many", .help = "Number of things",
                        .example_json = "3"),
               SV_FIELD(answer, share, SV_GT(0), SV_LT(1.5), .default_json = "0.5"),
               SV_FIELD_ENUM(answer, tint, color, .default_json = "\"red\""),
               SV_FIELD_ENUM(answer, tint_or_none, color, .default_json = "null"),
               SV_FIELD_ENUM(answer, other, color, .default_json = "\"blue\""),
               SV_FIELD_OBJECT(answer, where, point),
               SV_FIELD_OBJECT(answer, maybe, point, .default_json = "null",
                               .help = "May be absent"),
               SV_FIELD_LIST(answer, many, point, .min_items = 1, .max_items = 5),
               SV_FIELD(answer, texts, .max_items = 4, .max_item_len = 20, .default_json = "null"),
               SV_FIELD(answer, numbers, .default_json = "[0.5,1.0]"),
               SV_FIELD(answer, HTTPStatus2go, .default_json = "false"));

static sv_status check_even(sv_check *check, int64_t *value)
{
    if (*value % 2)
        return sv_reject(check, "must be even");
    *value = (int64_t)((uint64_t)*value * 10);
    return SV_OK;
}

static sv_status check_half(sv_check *check, double *value)
{
    return *value <= 0.5 ? SV_OK : sv_reject(check, "more than a half");
}

/* Models with one field `v`: the type of the member, then the rest of its row. */
#define ONE(T, TYPE, ...)                                                                          \
    struct v_##T {                                                                                 \
        TYPE v;                                                                                    \
    };                                                                                             \
    SV_SCHEMA(v_##T, SV_FIELD(v_##T, v, __VA_ARGS__))
#define PLAIN(T, TYPE) ONE(T, TYPE, .title = NULL)
#define ONE_ENUM(T, TYPE, MACRO, ...)                                                              \
    struct v_##T {                                                                                 \
        TYPE v;                                                                                    \
    };                                                                                             \
    SV_SCHEMA(v_##T, MACRO(v_##T, v, color, __VA_ARGS__))
#define ONE_OF(T, TYPE, MACRO, I, ...)                                                             \
    struct v_##T {                                                                                 \
        TYPE v;                                                                                    \
    };                                                                                             \
    SV_SCHEMA(v_##T, MACRO(v_##T, v, I, __VA_ARGS__))

PLAIN(int, int64_t);
ONE(int_bounds, int64_t, SV_GE(-1), SV_LE(4096));
ONE(int_open, int64_t, SV_GT(0), SV_LT(10));
ONE(int_both, int64_t, SV_GE(1), SV_GT(2), SV_LE(9), SV_LT(8));
PLAIN(int_opt, sv_opt_int);
ONE(int_opt_null, sv_opt_int, .default_json = "null");
ONE(int_opt_five, sv_opt_int, SV_LE(9), .default_json = "5");
ONE(int_default, int64_t, .default_json = "7");
ONE(int_even, int64_t, SV_LE(100), .check_int = check_even);
PLAIN(float, double);
ONE(float_bounds, double, SV_GE(0), SV_LE(1));
ONE(float_open, double, SV_GT(-1.5), SV_LT(2.5));
ONE(float_tiny, double, SV_GE(1e-7), SV_LE(1e21));
ONE(float_opt, sv_opt_double, .default_json = "0.25");
ONE(float_half, double, .check_double = check_half);
ONE(bool, bool, .title = NULL); /* `bool` is a macro: PLAIN would expand it */
ONE(bool_opt, sv_opt_bool, .default_json = "null");
ONE(bool_default, bool, .default_json = "true");
PLAIN(str, sv_str);
ONE(str_len, sv_str, .min_len = 2, .max_len = 4);
ONE(str_one, sv_str, .min_len = 1, .max_len = 1);
ONE(str_opt, sv_opt_str, .default_json = "null");
ONE(str_default, sv_str, .default_json = "\"abc\"");
ONE_ENUM(color, enum color, SV_FIELD_ENUM, .title = NULL);
ONE_ENUM(color_opt, sv_opt_enum, SV_FIELD_ENUM, .default_json = "null");
ONE_ENUM(color_default, enum color, SV_FIELD_ENUM, .default_json = "\"green\"");
ONE_OF(point, struct point, SV_FIELD_OBJECT, point, .title = NULL);
ONE_OF(point_opt, struct point *, SV_FIELD_OBJECT, point, .default_json = "null");
ONE_OF(strict, struct strict_point, SV_FIELD_OBJECT, strict_point, .title = NULL);
PLAIN(ints, sv_ints);
ONE(ints_len, sv_ints, .min_items = 2, .max_items = 3);
ONE(ints_one, sv_ints, .min_items = 1, .max_items = 1);
ONE(ints_bounds, sv_ints, SV_GE(1), SV_LE(5));
PLAIN(doubles, sv_doubles);
PLAIN(bools, sv_bools);
PLAIN(strs, sv_strs);
ONE(strs_items, sv_strs, .max_items = 2, .max_item_len = 3);
ONE(strs_opt, sv_opt_strs, .default_json = "null");
ONE(strs_default, sv_strs, .default_json = "[\"a\",\"b\"]");
ONE_ENUM(colors, SV_LIST(enum color), SV_FIELD_ENUMS, .title = NULL);
ONE_OF(points, SV_LIST(struct point), SV_FIELD_LIST, point, .title = NULL);
ONE_OF(points_len, SV_LIST(struct point), SV_FIELD_LIST, point, .max_items = 2);
ONE_OF(strict_points, SV_LIST(struct strict_point), SV_FIELD_LIST, strict_point, .title = NULL);

const sv_schema *const case_schemas[] = {
    &point_schema,
    &strict_point_schema,
    &node_schema,
    &tree_schema,
    &generate_schema,
    &span_schema,
    &spans_schema,
    &answer_schema,
    &v_int_schema,
    &v_int_bounds_schema,
    &v_int_open_schema,
    &v_int_both_schema,
    &v_int_opt_schema,
    &v_int_opt_null_schema,
    &v_int_opt_five_schema,
    &v_int_default_schema,
    &v_int_even_schema,
    &v_float_schema,
    &v_float_bounds_schema,
    &v_float_open_schema,
    &v_float_tiny_schema,
    &v_float_opt_schema,
    &v_float_half_schema,
    &v_bool_schema,
    &v_bool_opt_schema,
    &v_bool_default_schema,
    &v_str_schema,
    &v_str_len_schema,
    &v_str_one_schema,
    &v_str_opt_schema,
    &v_str_default_schema,
    &v_color_schema,
    &v_color_opt_schema,
    &v_color_default_schema,
    &v_point_schema,
    &v_point_opt_schema,
    &v_strict_schema,
    &v_ints_schema,
    &v_ints_len_schema,
    &v_ints_one_schema,
    &v_ints_bounds_schema,
    &v_doubles_schema,
    &v_bools_schema,
    &v_strs_schema,
    &v_strs_items_schema,
    &v_strs_opt_schema,
    &v_strs_default_schema,
    &v_colors_schema,
    &v_points_schema,
    &v_points_len_schema,
    &v_strict_points_schema,
    NULL,
};

const sv_schema *case_schema(sv_str name)
{
    for (size_t i = 0; kind_schemas[i]; i++)
        if (sv_str_eq(sv_str_from(kind_schemas[i]->name), name))
            return kind_schemas[i];
    for (size_t i = 0; case_schemas[i]; i++)
        if (sv_str_eq(sv_str_from(case_schemas[i]->name), name))
            return case_schemas[i];
    return NULL;
}

struct query {
    int64_t count;
    double ratio;
    bool on;
    sv_opt_str tag;
    sv_str name;
    enum sort_by sort;
    sv_ints ids;
    sv_strs names;
    sv_opt_int top;
};
SV_SCHEMA(query, SV_FIELD(query, count), SV_FIELD(query, ratio, .default_json = "0.5"),
          SV_FIELD(query, on, .default_json = "false"),
          SV_FIELD(query, tag, .default_json = "null"),
          SV_FIELD(query, name, .min_len = 2, .max_len = 4, .optional = true),
          SV_FIELD_ENUM(query, sort, sort_by, .default_json = "\"name\""), SV_FIELD(query, ids),
          SV_FIELD(query, names, .default_json = "[]"),
          SV_FIELD(query, top, SV_GE(1), SV_LE(9), .default_json = "null"));

struct path {
    int64_t item_id;
    enum color size;
    int64_t q;
    sv_str r;
};
SV_SCHEMA(path, SV_FIELD(path, item_id, SV_GE(1), .in = SV_IN_PATH, .help = "Which one"),
          SV_FIELD_ENUM(path, size, color),
          SV_FIELD(path, q, SV_LE(5), .default_json = "3", .help = "How many"), SV_FIELD(path, r));

const sv_schema *const case_query_schema = &query_schema, *const case_path_schema = &path_schema;
