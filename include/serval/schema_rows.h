/* schema_rows.h: the macros that write schema tables: a row for a member of each kind, and the
 * schemas, unions and enums that rows belong to. What the members of a row mean: schema.h.
 *
 * Every row macro takes the struct, the member, maybe what it is made of, and then members of
 * sv_field as `.name = value`: SV_FIELD(generate, prompt, .max_len = 4096). */
#ifndef SERVAL_SCHEMA_ROWS_H
#define SERVAL_SCHEMA_ROWS_H

#include <serval/schema.h>

#ifndef __cplusplus
#define SV_MEMBER_(T, M) (((struct T *)0)->M)
#define SV_KIND_OF_(member)                                                                        \
    _Generic((member),                                                                             \
        sv_str: SV_KIND_STR,                                                                       \
        int64_t: SV_KIND_INT,                                                                      \
        double: SV_KIND_DOUBLE,                                                                    \
        bool: SV_KIND_BOOL,                                                                        \
        sv_datetime: SV_KIND_DATETIME,                                                             \
        sv_date: SV_KIND_DATE,                                                                     \
        sv_time: SV_KIND_TIME,                                                                     \
        sv_duration: SV_KIND_DURATION,                                                             \
        sv_uuid: SV_KIND_UUID,                                                                     \
        sv_bytes: SV_KIND_BYTES,                                                                   \
        sv_decimal: SV_KIND_DECIMAL,                                                               \
        sv_json: SV_KIND_JSON,                                                                     \
        sv_file: SV_KIND_FILE,                                                                     \
        sv_opt_str: SV_KIND_STR,                                                                   \
        sv_opt_int: SV_KIND_INT,                                                                   \
        sv_opt_double: SV_KIND_DOUBLE,                                                             \
        sv_opt_bool: SV_KIND_BOOL,                                                                 \
        sv_opt_datetime: SV_KIND_DATETIME,                                                         \
        sv_opt_date: SV_KIND_DATE,                                                                 \
        sv_opt_time: SV_KIND_TIME,                                                                 \
        sv_opt_duration: SV_KIND_DURATION,                                                         \
        sv_opt_uuid: SV_KIND_UUID,                                                                 \
        sv_opt_bytes: SV_KIND_BYTES,                                                               \
        sv_opt_decimal: SV_KIND_DECIMAL,                                                           \
        sv_opt_json: SV_KIND_JSON,                                                                 \
        sv_opt_file: SV_KIND_FILE,                                                                 \
        sv_strs: SV_KIND_LIST,                                                                     \
        sv_ints: SV_KIND_LIST,                                                                     \
        sv_doubles: SV_KIND_LIST,                                                                  \
        sv_bools: SV_KIND_LIST,                                                                    \
        sv_files: SV_KIND_LIST,                                                                    \
        sv_opt_strs: SV_KIND_LIST,                                                                 \
        sv_opt_ints: SV_KIND_LIST,                                                                 \
        sv_opt_doubles: SV_KIND_LIST)
#define SV_ITEM_KIND_OF_(member)                                                                   \
    _Generic((member),                                                                             \
        sv_strs: SV_KIND_STR,                                                                      \
        sv_ints: SV_KIND_INT,                                                                      \
        sv_doubles: SV_KIND_DOUBLE,                                                                \
        sv_bools: SV_KIND_BOOL,                                                                    \
        sv_files: SV_KIND_FILE,                                                                    \
        sv_opt_strs: SV_KIND_STR,                                                                  \
        sv_opt_ints: SV_KIND_INT,                                                                  \
        sv_opt_doubles: SV_KIND_DOUBLE,                                                            \
        default: SV_KIND_NONE)
#define SV_NULLABLE_(member)                                                                       \
    _Generic((member),                                                                             \
        sv_opt_str: true,                                                                          \
        sv_opt_int: true,                                                                          \
        sv_opt_double: true,                                                                       \
        sv_opt_bool: true,                                                                         \
        sv_opt_datetime: true,                                                                     \
        sv_opt_date: true,                                                                         \
        sv_opt_time: true,                                                                         \
        sv_opt_duration: true,                                                                     \
        sv_opt_uuid: true,                                                                         \
        sv_opt_bytes: true,                                                                        \
        sv_opt_decimal: true,                                                                      \
        sv_opt_json: true,                                                                         \
        sv_opt_file: true,                                                                         \
        sv_opt_strs: true,                                                                         \
        sv_opt_ints: true,                                                                         \
        sv_opt_doubles: true,                                                                      \
        default: false)
#define SV_ROW_(T, M) .name = #M, .offset = offsetof(struct T, M), .size = sizeof(SV_MEMBER_(T, M))
/* Of a member that is an SV_OPT: where its value stands. */
#define SV_OPT_ROW_(T, M)                                                                          \
    SV_ROW_(T, M), .nullable = true,                                                               \
        .value_offset = offsetof(struct T, M.value) - offsetof(struct T, M)

/* Scalars of schema.h and types.h, lists of text and numbers, and their sv_opt_ forms. */
#define SV_FIELD(...) SV_FIELD_(__VA_ARGS__, )
#define SV_FIELD_(T, M, ...)                                                                       \
    {SV_ROW_(T, M), .kind = SV_KIND_OF_(SV_MEMBER_(T, M)),                                         \
     .item_kind = SV_ITEM_KIND_OF_(SV_MEMBER_(T, M)), .nullable = SV_NULLABLE_(SV_MEMBER_(T, M)),  \
     __VA_ARGS__}
/* An SV_OPT of a scalar that has no sv_opt_ type of its own. */
#define SV_FIELD_OPT(...) SV_FIELD_OPT_(__VA_ARGS__, )
#define SV_FIELD_OPT_(T, M, ...)                                                                   \
    {SV_OPT_ROW_(T, M), .kind = SV_KIND_OF_(SV_MEMBER_(T, M).value),                               \
     .item_kind = SV_ITEM_KIND_OF_(SV_MEMBER_(T, M).value), __VA_ARGS__}

/* An enum (or int) member, or an sv_opt_enum, whose names `E##_enum` lists. */
#define SV_FIELD_ENUM(...) SV_FIELD_ENUM_(__VA_ARGS__, )
#define SV_IS_INT_SIZED_(value) (sizeof(value) == sizeof(int))
#define SV_ENUM_KIND_(member)                                                                      \
    _Generic((member),                                                                             \
        sv_opt_enum: SV_KIND_ENUM,                                                                 \
        default: SV_IS_INT_SIZED_(member) ? SV_KIND_ENUM : SV_KIND_NONE)
#define SV_FIELD_ENUM_(T, M, E, ...)                                                               \
    {SV_ROW_(T, M), .kind = SV_ENUM_KIND_(SV_MEMBER_(T, M)),                                       \
     .nullable = _Generic(SV_MEMBER_(T, M), sv_opt_enum: true, default: false),                    \
     .enumeration = &E##_enum, __VA_ARGS__}
/* A SV_LIST of such enums (or ints), and an SV_OPT of one. */
#define SV_ENUMS_(LIST, E)                                                                         \
    .kind = SV_IS_INT_SIZED_(*(LIST).items) ? SV_KIND_LIST : SV_KIND_NONE,                         \
    .item_kind = SV_KIND_ENUM, .enumeration = &E##_enum
#define SV_FIELD_ENUMS(...) SV_FIELD_ENUMS_(__VA_ARGS__, )
#define SV_FIELD_ENUMS_(T, M, E, ...) {SV_ROW_(T, M), SV_ENUMS_(SV_MEMBER_(T, M), E), __VA_ARGS__}
#define SV_FIELD_OPT_ENUMS(...) SV_FIELD_OPT_ENUMS_(__VA_ARGS__, )
#define SV_FIELD_OPT_ENUMS_(T, M, E, ...)                                                          \
    {SV_OPT_ROW_(T, M), SV_ENUMS_(SV_MEMBER_(T, M).value, E), __VA_ARGS__}

/* A nested `struct I`, or `struct I *` when null is allowed. */
#define SV_FIELD_OBJECT(...) SV_FIELD_OBJECT_(__VA_ARGS__, )
#define SV_FIELD_OBJECT_(T, M, I, ...)                                                             \
    {SV_ROW_(T, M), .kind = SV_KIND_OBJECT,                                                        \
     .nullable = _Generic(SV_MEMBER_(T, M), struct I: false, struct I *: true),                    \
     .schema = &I##_schema, __VA_ARGS__}
/* A SV_LIST(struct I), and an SV_OPT of one. */
#define SV_OBJECTS_(LIST, I)                                                                       \
    .kind = SV_KIND_LIST, .item_kind = _Generic((LIST).items, struct I *: SV_KIND_OBJECT),         \
    .schema = &I##_schema
#define SV_FIELD_LIST(...) SV_FIELD_LIST_(__VA_ARGS__, )
#define SV_FIELD_LIST_(T, M, I, ...) {SV_ROW_(T, M), SV_OBJECTS_(SV_MEMBER_(T, M), I), __VA_ARGS__}
#define SV_FIELD_OPT_LIST(...) SV_FIELD_OPT_LIST_(__VA_ARGS__, )
#define SV_FIELD_OPT_LIST_(T, M, I, ...)                                                           \
    {SV_OPT_ROW_(T, M), SV_OBJECTS_(SV_MEMBER_(T, M).value, I), __VA_ARGS__}

/* A SV_LIST of any scalar, or of lists of scalars (then with `.item = SV_EACH_LIST(...)`). */
#define SV_ITEMS_(KIND, ITEM)                                                                      \
    .kind = SV_KIND_##KIND, .item_kind = SV_KIND_OF_(ITEM), .item_nullable = SV_NULLABLE_(ITEM),   \
    .item_size = sizeof(ITEM)
#define SV_FIELD_ITEMS(...) SV_FIELD_ITEMS_(__VA_ARGS__, )
#define SV_FIELD_ITEMS_(T, M, ...)                                                                 \
    {SV_ROW_(T, M), SV_ITEMS_(LIST, *SV_MEMBER_(T, M).items), __VA_ARGS__}
#define SV_FIELD_OPT_ITEMS(...) SV_FIELD_OPT_ITEMS_(__VA_ARGS__, )
#define SV_FIELD_OPT_ITEMS_(T, M, ...)                                                             \
    {SV_OPT_ROW_(T, M), SV_ITEMS_(LIST, *SV_MEMBER_(T, M).value.items), __VA_ARGS__}
/* A C array of any scalar: `double point[2]`. */
#define SV_FIELD_ARRAY(...) SV_FIELD_ARRAY_(__VA_ARGS__, )
#define SV_FIELD_ARRAY_(T, M, ...)                                                                 \
    {SV_ROW_(T, M), SV_ITEMS_(ARRAY, SV_MEMBER_(T, M)[0]), __VA_ARGS__}
/* A SV_MAP of any scalar, and an SV_OPT of one. */
#define SV_VALUES_(MAP)                                                                            \
    .kind = SV_KIND_MAP, .item_kind = SV_KIND_OF_((MAP).items->value),                             \
    .item_nullable = SV_NULLABLE_((MAP).items->value), .item_size = sizeof(*(MAP).items)
#define SV_FIELD_MAP(...) SV_FIELD_MAP_(__VA_ARGS__, )
#define SV_FIELD_MAP_(T, M, ...) {SV_ROW_(T, M), SV_VALUES_(SV_MEMBER_(T, M)), __VA_ARGS__}
#define SV_FIELD_OPT_MAP(...) SV_FIELD_OPT_MAP_(__VA_ARGS__, )
#define SV_FIELD_OPT_MAP_(T, M, ...)                                                               \
    {SV_OPT_ROW_(T, M), SV_VALUES_(SV_MEMBER_(T, M).value), __VA_ARGS__}
/* A SV_MAP(struct I). */
#define SV_FIELD_MAP_OBJECT(...) SV_FIELD_MAP_OBJECT_(__VA_ARGS__, )
#define SV_FIELD_MAP_OBJECT_(T, M, I, ...)                                                         \
    {SV_ROW_(T, M),                                                                                \
     .kind = SV_KIND_MAP,                                                                          \
     .item_kind = _Generic(SV_MEMBER_(T, M).items->value, struct I: SV_KIND_OBJECT),               \
     .item_size = sizeof(*SV_MEMBER_(T, M).items),                                                 \
     .schema = &I##_schema,                                                                        \
     __VA_ARGS__}
/* An SV_MAP of lists or maps: `.item = SV_EACH_LIST(...)` tells of what. */
#define SV_FIELD_MAP_OF(...) SV_FIELD_MAP_OF_(__VA_ARGS__, )
#define SV_FIELD_MAP_OF_(T, M, ...)                                                                \
    {SV_ROW_(T, M), .kind = SV_KIND_MAP, .item_size = sizeof(*SV_MEMBER_(T, M).items), __VA_ARGS__}
/* A SV_LIST of lists or maps, likewise. */
#define SV_FIELD_LIST_OF(...) SV_FIELD_LIST_OF_(__VA_ARGS__, )
#define SV_FIELD_LIST_OF_(T, M, ...)                                                               \
    {SV_ROW_(T, M), .kind = SV_KIND_LIST, .item_size = sizeof(*SV_MEMBER_(T, M).items), __VA_ARGS__}
/* The sv_extras member of a schema with SV_EXTRA_ALLOW. */
#define SV_FIELD_EXTRAS(T, M)                                                                      \
    {SV_ROW_(T, M), .kind = _Generic(SV_MEMBER_(T, M), sv_extras: SV_KIND_EXTRAS)}

/* Limits of the items of a list, array or map (`.item =`), or of the names of a map (`.key =`):
 * SV_FIELD_ITEMS(order, codes, .item = SV_EACH(sv_str, .min_len = 2, .max_len = 8)). TYPE is that
 * of the items. */
#define SV_EACH(...) SV_EACH_(__VA_ARGS__, )
#define SV_EACH_(TYPE, ...)                                                                        \
    &(const sv_field)                                                                              \
    {                                                                                              \
        .name = "item", .size = sizeof(TYPE), .kind = SV_KIND_OF_(*(TYPE *)0),                     \
        .item_kind = SV_ITEM_KIND_OF_(*(TYPE *)0), .nullable = SV_NULLABLE_(*(TYPE *)0),           \
        __VA_ARGS__                                                                                \
    }
/* Items that are enums, structs, or lists of TYPE, e.g. SV_EACH_LIST(sv_ints, SV_EACH(int64_t,
 * SV_GE(0)), .max_items = 3). */
#define SV_EACH_ENUM(...) SV_EACH_ENUM_(__VA_ARGS__, )
#define SV_EACH_ENUM_(E, ...)                                                                      \
    &(const sv_field)                                                                              \
    {                                                                                              \
        .name = "item", .size = sizeof(int), .kind = SV_KIND_ENUM, .enumeration = &E##_enum,       \
        __VA_ARGS__                                                                                \
    }
#define SV_EACH_OBJECT(...) SV_EACH_OBJECT_(__VA_ARGS__, )
#define SV_EACH_OBJECT_(I, ...)                                                                    \
    &(const sv_field)                                                                              \
    {                                                                                              \
        .name = "item", .size = sizeof(struct I), .kind = SV_KIND_OBJECT, .schema = &I##_schema,   \
        __VA_ARGS__                                                                                \
    }
#define SV_EACH_LIST(...) SV_EACH_LIST_(__VA_ARGS__, )
#define SV_EACH_LIST_(TYPE, ITEM, ...)                                                             \
    &(const sv_field)                                                                              \
    {                                                                                              \
        .name = "item", .size = sizeof(TYPE), .kind = SV_KIND_LIST,                                \
        .item_size = sizeof(*((TYPE *)0)->items), .item = ITEM, __VA_ARGS__                        \
    }
#define SV_EACH_MAP(...) SV_EACH_MAP_(__VA_ARGS__, )
#define SV_EACH_MAP_(TYPE, ITEM, ...)                                                              \
    &(const sv_field)                                                                              \
    {                                                                                              \
        .name = "item", .size = sizeof(TYPE), .kind = SV_KIND_MAP,                                 \
        .item_size = sizeof(*((TYPE *)0)->items), .item = ITEM, __VA_ARGS__                        \
    }

#define SV_DECIMAL_PLACES(n) .has_decimal_places = true, .decimal_places = (n)

/* A variant of a union whose kind member then has the value V. Other rows become variants by
 * `.variant = V`. */
#define SV_VARIANT(...) SV_VARIANT_(__VA_ARGS__, )
#define SV_VARIANT_(T, M, V, ...) SV_FIELD_(T, M, .variant = (V), __VA_ARGS__)
#define SV_VARIANT_OBJECT(...) SV_VARIANT_OBJECT_(__VA_ARGS__, )
#define SV_VARIANT_OBJECT_(T, M, V, I, ...) SV_FIELD_OBJECT_(T, M, I, .variant = (V), __VA_ARGS__)

/* Announces `T##_schema`, for a struct that contains itself (by pointer or list). */
#define SV_SCHEMA_DECLARE(T) static const sv_schema T##_schema
/* Declares `T##_schema` from rows. SV_SCHEMA_WITH takes schema members first, in parentheses:
 * SV_SCHEMA_WITH(point, (.extra = SV_EXTRA_FORBID), SV_FIELD(point, x), SV_FIELD(point, y)). */
#define SV_SCHEMA(T, ...) SV_SCHEMA_WITH(T, (.help = NULL), __VA_ARGS__)
#define SV_UNPACK_(...) __VA_ARGS__
#define SV_SCHEMA_WITH(T, MEMBERS, ...)                                                            \
    static const sv_field T##_fields_[] = {__VA_ARGS__};                                           \
    static const sv_schema T##_schema = {.name = #T,                                               \
                                         .size = sizeof(struct T),                                 \
                                         .fields = T##_fields_,                                    \
                                         .n_fields = sizeof T##_fields_ / sizeof *T##_fields_,     \
                                         SV_UNPACK_ MEMBERS}
/* A struct with an int (or enum) member K that says which of its variants it holds:
 *     struct pet { enum pet_kind kind; union { struct cat cat; struct dog dog; } as; };
 *     SV_UNION(pet, kind, (.discriminator = "species"),
 *              SV_VARIANT_OBJECT(pet, as.cat, PET_CAT, cat),
 *              SV_VARIANT_OBJECT(pet, as.dog, PET_DOG, dog));
 * The tags of a variant are the names of the enum that its field `species` has. */
#define SV_UNION(T, K, MEMBERS, ...)                                                               \
    _Static_assert(SV_IS_INT_SIZED_(SV_MEMBER_(T, K)), "the kind of a union is an int or enum");   \
    SV_SCHEMA_WITH(                                                                                \
        T, (.shape = SV_SHAPE_UNION, .variant_offset = offsetof(struct T, K), SV_UNPACK_ MEMBERS), \
        __VA_ARGS__)
/* A check of the whole struct, typed: SV_CHECK(range, range_ordered) declares range_ordered(check,
 * struct range *) and the constant range_ordered_check for `.check`. */
#define SV_CHECK(T, F) SV_CHECK_VALUE(struct T, F)
/* The same for the value of a field of any type, and for `.default_factory`. */
#define SV_CHECK_VALUE(TYPE, F)                                                                    \
    static sv_status F(sv_check *check, TYPE *value);                                              \
    static sv_status F##_check(sv_check *check, void *value)                                       \
    {                                                                                              \
        return F(check, (TYPE *)value);                                                            \
    }                                                                                              \
    extern int sv_semicolon_

/* Declares `E##_enum`: SV_ENUM(color, {"red", COLOR_RED}, {"green", COLOR_GREEN}). */
#define SV_ENUM(E, ...) SV_ENUM_OF_(E, SV_ENUM_NAMES, __VA_ARGS__)
/* With the numbers on the wire. */
#define SV_ENUM_INT(E, ...) SV_ENUM_OF_(E, SV_ENUM_NUMBERS, __VA_ARGS__)
/* A choice without a name of its own: typing.Literal of texts, or of any JSON scalars:
 * SV_LITERAL_JSON(answer, {"\"a\"", ANSWER_A}, {"1", ANSWER_ONE}, {"null", ANSWER_NONE}). */
#define SV_LITERAL(E, ...) SV_ENUM_OF_(E, SV_ENUM_LITERAL_NAMES, __VA_ARGS__)
#define SV_LITERAL_JSON(E, ...) SV_ENUM_OF_(E, SV_ENUM_LITERAL_JSON, __VA_ARGS__)
#define SV_ENUM_OF_(E, FORM, ...)                                                                  \
    static const sv_enum_value E##_values_[] = {__VA_ARGS__};                                      \
    static const sv_enum E##_enum = {#E, E##_values_, sizeof E##_values_ / sizeof *E##_values_,    \
                                     FORM}
#endif

#endif
