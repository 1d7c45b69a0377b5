/* kind_schemas.c: the models of tests/cases/validation/kinds.py as schema tables, in their order.
 */
#include "case_schemas.h"

enum tint { TINT_RED, TINT_GREEN };
enum level { LEVEL_LOW = 1, LEVEL_HIGH = 2 };
SV_ENUM(tint, {"red", TINT_RED}, {"green", TINT_GREEN});
SV_ENUM_INT(level, {"low", LEVEL_LOW}, {"high", LEVEL_HIGH});
SV_LITERAL(cat_kind, {"cat", 0}, {"kitten", 1});
SV_LITERAL(dog_kind, {"dog", 0});
SV_LITERAL(only, {"only", 0});
SV_LITERAL(words, {"a", 0}, {"b", 1});
SV_LITERAL_JSON(mixed, {"\"a\"", 0}, {"1", 1}, {"true", 2}, {"null", 3});
SV_LITERAL_JSON(ints, {"1", 1}, {"2", 2});
SV_LITERAL_JSON(just_one, {"1", 1});

struct spot {
    int64_t x, y;
};
SV_SCHEMA(spot, SV_FIELD(spot, x), SV_FIELD(spot, y, .default_json = "1"));

struct cat {
    int kind;
    int64_t lives;
};
SV_SCHEMA(cat, SV_FIELD_ENUM(cat, kind, cat_kind), SV_FIELD(cat, lives));
struct dog {
    int kind;
    bool good;
};
SV_SCHEMA(dog, SV_FIELD_ENUM(dog, kind, dog_kind), SV_FIELD(dog, good, .default_json = "true"));

enum pet_kind { PET_CAT, PET_DOG };
struct pet {
    enum pet_kind kind;
    union {
        struct cat cat;
        struct dog dog;
    } as;
};
SV_UNION(pet, kind, (.discriminator = "kind"), SV_VARIANT_OBJECT(pet, as.cat, PET_CAT, cat),
         SV_VARIANT_OBJECT(pet, as.dog, PET_DOG, dog));

struct one {
    int64_t x, y;
};
SV_SCHEMA(one, SV_FIELD(one, x), SV_FIELD(one, y, .default_json = "1"));
struct two {
    int64_t x;
    sv_opt_int z;
};
SV_SCHEMA(two, SV_FIELD(two, x), SV_FIELD(two, z, .default_json = "null"));

struct alias {
    int64_t model_version, b;
};
SV_SCHEMA_WITH(alias, (.by_name_too = true),
               SV_FIELD(alias, model_version, .alias = "modelVersion"),
               SV_FIELD(alias, b, .alias = "bB", .default_json = "3"));
struct alias_only {
    int64_t model_version;
};
SV_SCHEMA_WITH(alias_only, (.extra = SV_EXTRA_FORBID),
               SV_FIELD(alias_only, model_version, .alias = "modelVersion"));
struct alias_strict {
    int64_t when;
};
SV_SCHEMA_WITH(alias_strict, (.by_name_too = true, .extra = SV_EXTRA_FORBID),
               SV_FIELD(alias_strict, when, .alias = "createdAt"));
struct alias_more {
    int64_t when, then;
    sv_extras rest;
};
SV_SCHEMA_WITH(alias_more, (.by_name_too = true, .extra = SV_EXTRA_ALLOW),
               SV_FIELD(alias_more, when, .alias = "createdAt"),
               SV_FIELD(alias_more, then, .alias = "x", .default_json = "3"),
               SV_FIELD_EXTRAS(alias_more, rest));

struct strict {
    int64_t i;
    sv_opt_str s;
    sv_opt_enum c;
    sv_opt_ints l;
    struct strict_pair *t;
    sv_opt_double f;
    sv_opt_ints st;
    struct spot *o;
    sv_opt_bool b;
};
struct strict_pair {
    int64_t a, b;
};
SV_SCHEMA_WITH(strict_pair, (.shape = SV_SHAPE_TUPLE, .strict = true), SV_FIELD(strict_pair, a),
               SV_FIELD(strict_pair, b));
SV_SCHEMA_WITH(strict, (.strict = true), SV_FIELD(strict, i),
               SV_FIELD(strict, s, .default_json = "null"),
               SV_FIELD_ENUM(strict, c, tint, .default_json = "null"),
               SV_FIELD(strict, l, .default_json = "null"),
               SV_FIELD_OBJECT(strict, t, strict_pair, .default_json = "null"),
               SV_FIELD(strict, f, .default_json = "null"),
               SV_FIELD(strict, st, .unique = true, .default_json = "null"),
               SV_FIELD_OBJECT(strict, o, spot, .default_json = "null"),
               SV_FIELD(strict, b, .default_json = "null"));

struct allow {
    int64_t x;
    sv_extras rest;
};
SV_SCHEMA_WITH(allow, (.extra = SV_EXTRA_ALLOW), SV_FIELD(allow, x), SV_FIELD_EXTRAS(allow, rest));

struct numbers {
    sv_ints list;
};
SV_SCHEMA_WITH(numbers, (.shape = SV_SHAPE_ROOT), SV_FIELD(numbers, list, .max_items = 3));
struct spots {
    SV_LIST(struct spot) list;
};
SV_SCHEMA_WITH(spots, (.shape = SV_SHAPE_ROOT), SV_FIELD_LIST(spots, list, spot));

struct shape_of {
    struct pet pet;
    SV_LIST(struct pet) pets;
    SV_MAP(struct pet) by_name;
};
SV_SCHEMA(shape_of, SV_FIELD_OBJECT(shape_of, pet, pet),
          SV_FIELD_LIST(shape_of, pets, pet, .default_json = "[]"),
          SV_FIELD_MAP_OBJECT(shape_of, by_name, pet, .default_json = "{}"));

struct whole {
    sv_date start, end;
};
SV_CHECK(whole, whole_ordered);
static sv_status whole_ordered(sv_check *check, struct whole *value)
{
    int start = value->start.year * 400 + value->start.month * 32 + value->start.day;
    int end = value->end.year * 400 + value->end.month * 32 + value->end.day;
    return start <= end ? SV_OK : sv_reject(check, "start is after end");
}
SV_SCHEMA_WITH(whole, (.check = whole_ordered_check), SV_FIELD(whole, start), SV_FIELD(whole, end));

static sv_status check_even(sv_check *check, int64_t *value)
{
    return *value % 2 ? sv_reject(check, "must be even") : SV_OK;
}

typedef SV_MAP(int64_t) int_map;
typedef SV_MAP(sv_ints) ints_map;
typedef SV_MAP(int_map) int_map_map;

SV_CHECK_VALUE(int_map, check_known);
static sv_status check_known(sv_check *check, int_map *map)
{
    for (size_t i = 0; i < map->len; i++)
        if (sv_str_eq(map->items[i].key, SV_STR("a")))
            return SV_OK;
    return sv_reject(check, "a is missing");
}

SV_CHECK_VALUE(sv_ints, make_seven);
static sv_status make_seven(sv_check *check, sv_ints *list)
{
    list->items = sv_check_alloc(check, sizeof *list->items);
    if (!list->items)
        return SV_NO_MEMORY;
    list->items[0] = 7;
    list->len = 1;
    return SV_OK;
}

/* Unions; the member names of their variants do not matter. */
struct int_or_str {
    int kind;
    union {
        int64_t number;
        sv_str text;
        double real;
    } as;
};
SV_UNION(int_or_str, kind, (.help = NULL), SV_VARIANT(int_or_str, as.number, 0),
         SV_VARIANT(int_or_str, as.text, 1));
struct in_order {
    int kind;
    union {
        int64_t number;
        sv_str text;
        double real;
    } as;
};
SV_UNION(in_order, kind, (.union_mode = SV_UNION_LEFT_TO_RIGHT), SV_VARIANT(in_order, as.number, 0),
         SV_VARIANT(in_order, as.text, 1), SV_VARIANT(in_order, as.real, 2));
struct bounded {
    int kind;
    union {
        int64_t number;
        sv_str text;
        sv_ints list;
        int_map map;
    } as;
};
SV_UNION(bounded, kind, (.help = NULL), SV_VARIANT(bounded, as.number, 1, SV_GE(5)),
         SV_VARIANT(bounded, as.text, 2, .min_len = 3), SV_VARIANT(bounded, as.list, 3),
         SV_FIELD_MAP(bounded, as.map, .variant = 4));
struct named {
    int kind;
    union {
        enum tint tint;
        enum level level;
        sv_datetime datetime;
        sv_date date;
        sv_uuid uuid;
    } as;
};
SV_UNION(named, kind, (.help = NULL), SV_FIELD_ENUM(named, as.tint, tint, .variant = 1),
         SV_FIELD_ENUM(named, as.level, level, .variant = 2), SV_VARIANT(named, as.datetime, 3),
         SV_VARIANT(named, as.date, 4), SV_VARIANT(named, as.uuid, 5));
struct literal_or {
    int kind;
    union {
        int words;
        int one;
        bool truth;
        double real;
    } as;
};
SV_UNION(literal_or, kind, (.help = NULL), SV_FIELD_ENUM(literal_or, as.words, words, .variant = 1),
         SV_FIELD_ENUM(literal_or, as.one, just_one, .variant = 2),
         SV_VARIANT(literal_or, as.truth, 3), SV_VARIANT(literal_or, as.real, 4));
struct models {
    int kind;
    union {
        struct one one;
        struct two two;
    } as;
};
SV_UNION(models, kind, (.help = NULL), SV_VARIANT_OBJECT(models, as.one, 1, one),
         SV_VARIANT_OBJECT(models, as.two, 2, two));
struct int_and_str {
    int64_t number;
    sv_str text;
};
SV_SCHEMA_WITH(int_and_str, (.shape = SV_SHAPE_TUPLE), SV_FIELD(int_and_str, number),
               SV_FIELD(int_and_str, text));
struct parts {
    int kind;
    union {
        sv_ints set;
        struct int_and_str pair;
        sv_decimal decimal;
        sv_bytes bytes;
        sv_duration duration;
        sv_time time;
    } as;
};
SV_UNION(parts, kind, (.help = NULL), SV_VARIANT(parts, as.set, 1, .unique = true),
         SV_VARIANT_OBJECT(parts, as.pair, 2, int_and_str), SV_VARIANT(parts, as.decimal, 3),
         SV_VARIANT(parts, as.bytes, 4), SV_VARIANT(parts, as.duration, 5),
         SV_VARIANT(parts, as.time, 6));
struct number_or_spot {
    int kind;
    union {
        int64_t number;
        double real;
        struct spot spot;
    } as;
};
SV_UNION(number_or_spot, kind, (.help = NULL), SV_VARIANT(number_or_spot, as.number, 1),
         SV_VARIANT(number_or_spot, as.real, 2, SV_GE(0)),
         SV_VARIANT_OBJECT(number_or_spot, as.spot, 3, spot));
struct triple {
    int64_t number;
    sv_str text;
    struct spot spot;
};
SV_SCHEMA_WITH(triple, (.shape = SV_SHAPE_TUPLE), SV_FIELD(triple, number), SV_FIELD(triple, text),
               SV_FIELD_OBJECT(triple, spot, spot));

/* Models with one field `v`. ROW is its row without braces' content: macro and arguments. */
#define ONE(T, TYPE, MACRO, ...)                                                                   \
    struct k_##T {                                                                                 \
        TYPE v;                                                                                    \
    };                                                                                             \
    SV_SCHEMA(k_##T, MACRO(k_##T, v, __VA_ARGS__))
#define NO_LIMIT .help = NULL

ONE(datetime, sv_datetime, SV_FIELD, NO_LIMIT);
ONE(date, sv_date, SV_FIELD, NO_LIMIT);
ONE(time, sv_time, SV_FIELD, NO_LIMIT);
ONE(duration, sv_duration, SV_FIELD, NO_LIMIT);
ONE(datetime_opt, sv_opt_datetime, SV_FIELD, .default_json = "null");
ONE(past, sv_datetime, SV_FIELD, .moment = SV_PAST);
ONE(future, sv_datetime, SV_FIELD, .moment = SV_FUTURE);
ONE(past_date, sv_date, SV_FIELD, .moment = SV_PAST);
ONE(future_date, sv_date, SV_FIELD, .moment = SV_FUTURE);
ONE(aware, sv_datetime, SV_FIELD, .zone = SV_AWARE);
ONE(naive, sv_datetime, SV_FIELD, .zone = SV_NAIVE);
ONE(uuid, sv_uuid, SV_FIELD, NO_LIMIT);
ONE(uuid4, sv_uuid, SV_FIELD, .uuid_version = 4);
ONE(bytes, sv_bytes, SV_FIELD, .min_len = 2, .max_len = 4);
ONE(base64, sv_bytes, SV_FIELD, .format = SV_FORMAT_BASE64, .max_len = 4);
ONE(decimal, sv_decimal, SV_FIELD, NO_LIMIT);
ONE(decimal_limits, sv_decimal, SV_FIELD, .max_digits = 5, SV_DECIMAL_PLACES(2), SV_GE(1),
    SV_LE(500.5));
ONE(decimal_multiple, sv_decimal, SV_FIELD, SV_MULTIPLE_OF(0.5));
ONE(any, sv_json, SV_FIELD, NO_LIMIT);
ONE(url, sv_str, SV_FIELD, .format = SV_FORMAT_URL);
ONE(http_url, sv_str, SV_FIELD, .format = SV_FORMAT_HTTP_URL);
ONE(email, sv_str, SV_FIELD, .format = SV_FORMAT_EMAIL);
ONE(ipv4, sv_str, SV_FIELD, .format = SV_FORMAT_IPV4);
ONE(ipv6, sv_str, SV_FIELD, .format = SV_FORMAT_IPV6);
ONE(pattern, sv_str, SV_FIELD, .pattern = "^[a-z]+\\d?$");
ONE(pattern_len, sv_str, SV_FIELD, .pattern = "b", .min_len = 2, .max_len = 3);
ONE(lower, sv_str, SV_FIELD, .lower = true, .max_len = 3);
ONE(upper, sv_str, SV_FIELD, .strip = true, .upper = true, .min_len = 2);
ONE(strip, sv_str, SV_FIELD, .strip = true, .max_len = 2);
ONE(multiple, int64_t, SV_FIELD, SV_MULTIPLE_OF(5), SV_LE(100));
ONE(multiple_float, double, SV_FIELD, SV_MULTIPLE_OF(0.5));
ONE(one_word, int, SV_FIELD_ENUM, only);
ONE(words, int, SV_FIELD_ENUM, words);
ONE(mixed, int, SV_FIELD_ENUM, mixed);
ONE(ints, int, SV_FIELD_ENUM, ints);
ONE(level, enum level, SV_FIELD_ENUM, level);
ONE(level_opt, sv_opt_enum, SV_FIELD_ENUM, level, .default_json = "null");
ONE(map, int_map, SV_FIELD_MAP, .min_items = 1, .max_items = 2);
ONE(map_keys, int_map, SV_FIELD_MAP, .key = SV_EACH(sv_str, .pattern = "^[a-z]+$", .max_len = 3),
    .item = SV_EACH(int64_t, SV_GE(1)));
ONE(map_int, SV_MAP(struct spot), SV_FIELD_MAP_OBJECT, spot, .key = SV_EACH(int64_t));
ONE(map_uuid, ints_map, SV_FIELD_MAP_OF, .key = SV_EACH(sv_uuid), .item = SV_EACH(sv_ints));
ONE(map_tint, SV_MAP(sv_str), SV_FIELD_MAP, .key = SV_EACH_ENUM(tint));
ONE(map_limit, int_map, SV_FIELD_MAP, .key = SV_EACH(int64_t, SV_GE(3)));
ONE(map_any, SV_MAP(sv_json), SV_FIELD_MAP, .default_json = "{}");
ONE(map_map, int_map_map, SV_FIELD_MAP_OF, .item = SV_EACH_MAP(int_map, SV_EACH(int64_t)));
ONE(set, sv_ints, SV_FIELD, .unique = true, .min_items = 1, .max_items = 2);
ONE(set_str, sv_strs, SV_FIELD, .unique = true);
ONE(set_date, SV_LIST(sv_date), SV_FIELD_ITEMS, .unique = true);
struct k_pair {
    double v[2];
};
SV_SCHEMA(k_pair, SV_FIELD_ARRAY(k_pair, v));
ONE(triple, struct triple, SV_FIELD_OBJECT, triple);
ONE(matrix, SV_LIST(sv_ints), SV_FIELD_LIST_OF,
    .item = SV_EACH_LIST(sv_ints, SV_EACH(int64_t, SV_GE(0))));
ONE(maybes, SV_LIST(sv_opt_int), SV_FIELD_ITEMS, NO_LIMIT);
ONE(uuids, SV_LIST(sv_uuid), SV_FIELD_ITEMS, .max_items = 2);
ONE(sets, SV_LIST(sv_ints), SV_FIELD_LIST_OF,
    .item = SV_EACH_LIST(sv_ints, SV_EACH(int64_t), .unique = true));
ONE(texts, sv_strs, SV_FIELD_ITEMS, .item = SV_EACH(sv_str, .min_len = 2, .pattern = "^a"));
ONE(even, sv_ints, SV_FIELD, .max_items = 9, .check_int = check_even);
ONE(known, int_map, SV_FIELD_MAP, .check = check_known_check);
ONE(strict_int, int64_t, SV_FIELD, .strict = true);
ONE(strict_float, double, SV_FIELD, .strict = true);
ONE(strict_datetime, sv_datetime, SV_FIELD, .strict = true);
ONE(strict_uuid, sv_uuid, SV_FIELD, .strict = true);
ONE(strict_bytes, sv_bytes, SV_FIELD, .strict = true);
ONE(strict_decimal, sv_decimal, SV_FIELD, .strict = true);
ONE(strict_tint, enum tint, SV_FIELD_ENUM, tint, .strict = true);
ONE(factory, sv_ints, SV_FIELD, .default_factory = make_seven_check);
ONE(deprecated, int64_t, SV_FIELD, .default_json = "3", .deprecated = true);
ONE(int_or_str, struct int_or_str, SV_FIELD_OBJECT, int_or_str);
ONE(bounded, struct bounded, SV_FIELD_OBJECT, bounded);
ONE(named, struct named, SV_FIELD_OBJECT, named);
ONE(literal_or, struct literal_or, SV_FIELD_OBJECT, literal_or);
ONE(models, struct models, SV_FIELD_OBJECT, models);
ONE(parts, struct parts, SV_FIELD_OBJECT, parts);
ONE(in_order, struct in_order, SV_FIELD_OBJECT, in_order);
ONE(list_of, SV_LIST(struct number_or_spot), SV_FIELD_LIST, number_or_spot);
ONE(maybe_models, struct models *, SV_FIELD_OBJECT, models, .default_json = "null");
ONE(pet, struct pet, SV_FIELD_OBJECT, pet);

const sv_schema *const kind_schemas[] = {
    &k_datetime_schema,
    &k_date_schema,
    &k_time_schema,
    &k_duration_schema,
    &k_datetime_opt_schema,
    &k_past_schema,
    &k_future_schema,
    &k_past_date_schema,
    &k_future_date_schema,
    &k_aware_schema,
    &k_naive_schema,
    &k_uuid_schema,
    &k_uuid4_schema,
    &k_bytes_schema,
    &k_base64_schema,
    &k_decimal_schema,
    &k_decimal_limits_schema,
    &k_decimal_multiple_schema,
    &k_any_schema,
    &k_url_schema,
    &k_http_url_schema,
    &k_email_schema,
    &k_ipv4_schema,
    &k_ipv6_schema,
    &k_pattern_schema,
    &k_pattern_len_schema,
    &k_lower_schema,
    &k_upper_schema,
    &k_strip_schema,
    &k_multiple_schema,
    &k_multiple_float_schema,
    &k_one_word_schema,
    &k_words_schema,
    &k_mixed_schema,
    &k_ints_schema,
    &k_level_schema,
    &k_level_opt_schema,
    &k_map_schema,
    &k_map_keys_schema,
    &k_map_int_schema,
    &k_map_uuid_schema,
    &k_map_tint_schema,
    &k_map_limit_schema,
    &k_map_any_schema,
    &k_map_map_schema,
    &k_set_schema,
    &k_set_str_schema,
    &k_set_date_schema,
    &k_pair_schema,
    &k_triple_schema,
    &k_matrix_schema,
    &k_maybes_schema,
    &k_uuids_schema,
    &k_sets_schema,
    &k_texts_schema,
    &k_even_schema,
    &k_known_schema,
    &k_strict_int_schema,
    &k_strict_float_schema,
    &k_strict_datetime_schema,
    &k_strict_uuid_schema,
    &k_strict_bytes_schema,
    &k_strict_decimal_schema,
    &k_strict_tint_schema,
    &k_factory_schema,
    &k_deprecated_schema,
    &k_int_or_str_schema,
    &k_bounded_schema,
    &k_named_schema,
    &k_literal_or_schema,
    &k_models_schema,
    &k_parts_schema,
    &k_in_order_schema,
    &k_list_of_schema,
    &k_maybe_models_schema,
    &k_pet_schema,
    &alias_schema,
    &alias_only_schema,
    &alias_strict_schema,
    &alias_more_schema,
    &strict_schema,
    &allow_schema,
    &numbers_schema,
    &spots_schema,
    &shape_of_schema,
    &whole_schema,
    NULL,
};
