/* schema.h: a C struct described as a table of fields, once, for decoding JSON into it, validating
 * it, encoding it and describing it in OpenAPI.
 *
 * DESIGN. A row gives the wire name, where the member stands, its kind (taken from the member's
 * type, so that a wrong type does not compile) and its limits. Rules, messages and coercions are
 * those of pydantic v2 in lax mode.
 *
 *   plain member                  required, unless `.default_json` is given; null is refused
 *   sv_opt_... member, struct T * also takes null (`set` is false, the pointer NULL); still
 * required unless
 *                                 `.default_json` ("null" for most) or `.optional` is given
 *   .optional = true              may be absent without a default; null is refused (FastAPI's
 *                                 Query(default=None)). In an answer an unset sv_opt_... is left
 * out
 */
#ifndef SERVAL_SCHEMA_H
#define SERVAL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A list member: `struct { T *items; size_t len; }`. Items live in the call's arena. */
#define SV_LIST(T)                                                                                 \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t len;                                                                                \
    }

typedef SV_LIST(sv_str) sv_strs;
typedef SV_LIST(int64_t) sv_ints;
typedef SV_LIST(double) sv_doubles;
typedef SV_LIST(bool) sv_bools;

/* Values that may be null or absent. */
typedef struct sv_opt_str {
    bool set;
    sv_str value;
} sv_opt_str;
typedef struct sv_opt_int {
    bool set;
    int64_t value;
} sv_opt_int;
typedef struct sv_opt_double {
    bool set;
    double value;
} sv_opt_double;
typedef struct sv_opt_bool {
    bool set;
    bool value;
} sv_opt_bool;
typedef struct sv_opt_enum {
    bool set;
    int value;
} sv_opt_enum;
typedef struct sv_opt_strs {
    bool set;
    sv_strs value;
} sv_opt_strs;
typedef struct sv_opt_ints {
    bool set;
    sv_ints value;
} sv_opt_ints;
typedef struct sv_opt_doubles {
    bool set;
    sv_doubles value;
} sv_opt_doubles;

typedef enum sv_kind {
    SV_KIND_NONE, /* a row that was left out */
    SV_KIND_STR,
    SV_KIND_INT,
    SV_KIND_DOUBLE,
    SV_KIND_BOOL,
    SV_KIND_ENUM,   /* an int member, text on the wire */
    SV_KIND_OBJECT, /* a nested struct */
    SV_KIND_LIST,   /* SV_LIST of `item_kind` */
} sv_kind;

/* Where a parameter comes from. 0: the path if its template names the field, else the query. */
typedef enum sv_place { SV_IN_AUTO, SV_IN_PATH, SV_IN_QUERY } sv_place;

/* What happens with members that the schema does not know. */
typedef enum sv_extra { SV_EXTRA_IGNORE, SV_EXTRA_FORBID } sv_extra;

/* A bound that knows "unset" from zero; write it as SV_GE(0), SV_GT(0), SV_LE(1), SV_LT(1). */
typedef struct sv_bound {
    bool set;
    double value;
} sv_bound;
#define SV_GE(number) .ge = {true, (number)}
#define SV_GT(number) .gt = {true, (number)}
#define SV_LE(number) .le = {true, (number)}
#define SV_LT(number) .lt = {true, (number)}

typedef struct sv_enum_value {
    const char *name;
    int value;
} sv_enum_value;
typedef struct sv_enum {
    const char *name; /* component name in OpenAPI */
    const sv_enum_value *values;
    size_t n_values;
} sv_enum;

/* Handed to custom checks: lets them refuse a value and allocate a new one. Lives during the check
 * only. */
typedef struct sv_check sv_check;
/* Refuses the value: the client reads "Value error, <message>" at the field. The message is copied.
 * Returns SV_INVALID, so that a check ends with `return sv_reject(check, "...")`. */
SV_API sv_status sv_reject(sv_check *check, const char *format, ...) SV_PRINTF(2, 3);
/* Memory in the call's arena for a check that rewrites its value; NULL when out of memory. */
SV_API void *sv_check_alloc(sv_check *check, size_t size_bytes);

typedef struct sv_schema sv_schema;

/* One member. Leave out what does not apply; 0 and NULL mean "no limit". */
typedef struct sv_field {
    const char *name; /* on the wire */
    size_t offset;
    size_t size; /* of the member, bytes */
    sv_kind kind;
    sv_kind item_kind;       /* of a list */
    bool nullable;           /* from the member's type */
    const sv_schema *schema; /* of an object, or of a list's items */
    const sv_enum *enumeration;
    size_t min_len, max_len;     /* text: Unicode code points, inclusive */
    size_t min_items, max_items; /* lists, inclusive */
    size_t max_item_len;         /* lists of text: code points of each item */
    sv_bound ge, gt, le, lt;     /* numbers (and numbers in lists) */
    bool optional;               /* may be absent without a default */
    sv_place in;                 /* parameters only */
    const char *default_json;    /* JSON text, checked at start; used when the field is absent */
    const char *title;           /* OpenAPI title; NULL: the name in Title Case */
    const char *help;            /* OpenAPI description */
    const char *example_json;    /* OpenAPI example, JSON text */
    /* Custom checks run after the limits, only on valid values; they may rewrite the value
     * (validated no further). `check_item_str` runs on each item of a list of text. Thread: where
     * the call is decoded. */
    sv_status (*check_str)(sv_check *check, sv_str *value);
    sv_status (*check_int)(sv_check *check, int64_t *value);
    sv_status (*check_double)(sv_check *check, double *value);
    sv_status (*check_item_str)(sv_check *check, sv_str *item);
} sv_field;

struct sv_schema {
    const char *name;      /* for messages, and in OpenAPI unless: */
    const char *component; /* name of the component in OpenAPI; NULL: `name` */
    size_t size;           /* of the struct, bytes */
    const sv_field *fields;
    size_t n_fields;
    sv_extra extra;
    const char *help;
    /* Runs when every field is valid; refuses the struct as a whole. May be NULL. */
    sv_status (*check)(sv_check *check, void *value);
};

/* No body, no parameters. */
struct sv_none {
    char unused;
};
extern SV_API const sv_schema sv_none_schema;

#ifndef __cplusplus
#define SV_MEMBER_(T, M) (((struct T *)0)->M)
#define SV_KIND_OF_(member)                                                                        \
    _Generic((member),                                                                             \
        sv_str: SV_KIND_STR,                                                                       \
        int64_t: SV_KIND_INT,                                                                      \
        double: SV_KIND_DOUBLE,                                                                    \
        bool: SV_KIND_BOOL,                                                                        \
        sv_opt_str: SV_KIND_STR,                                                                   \
        sv_opt_int: SV_KIND_INT,                                                                   \
        sv_opt_double: SV_KIND_DOUBLE,                                                             \
        sv_opt_bool: SV_KIND_BOOL,                                                                 \
        sv_strs: SV_KIND_LIST,                                                                     \
        sv_ints: SV_KIND_LIST,                                                                     \
        sv_doubles: SV_KIND_LIST,                                                                  \
        sv_bools: SV_KIND_LIST,                                                                    \
        sv_opt_strs: SV_KIND_LIST,                                                                 \
        sv_opt_ints: SV_KIND_LIST,                                                                 \
        sv_opt_doubles: SV_KIND_LIST)
#define SV_ITEM_KIND_OF_(member)                                                                   \
    _Generic((member),                                                                             \
        sv_strs: SV_KIND_STR,                                                                      \
        sv_opt_strs: SV_KIND_STR,                                                                  \
        sv_ints: SV_KIND_INT,                                                                      \
        sv_opt_ints: SV_KIND_INT,                                                                  \
        sv_doubles: SV_KIND_DOUBLE,                                                                \
        sv_opt_doubles: SV_KIND_DOUBLE,                                                            \
        sv_bools: SV_KIND_BOOL,                                                                    \
        default: SV_KIND_NONE)
#define SV_NULLABLE_(member)                                                                       \
    _Generic((member),                                                                             \
        sv_opt_str: true,                                                                          \
        sv_opt_int: true,                                                                          \
        sv_opt_double: true,                                                                       \
        sv_opt_bool: true,                                                                         \
        sv_opt_strs: true,                                                                         \
        sv_opt_ints: true,                                                                         \
        sv_opt_doubles: true,                                                                      \
        default: false)
#define SV_ROW_(T, M) .name = #M, .offset = offsetof(struct T, M), .size = sizeof(SV_MEMBER_(T, M))

/* Text, numbers, booleans, lists of them, and their sv_opt_ forms: SV_FIELD(generate, prompt,
 * .max_len = 4096). */
#define SV_FIELD(...) SV_FIELD_(__VA_ARGS__, )
#define SV_FIELD_(T, M, ...)                                                                       \
    {SV_ROW_(T, M), .kind = SV_KIND_OF_(SV_MEMBER_(T, M)),                                         \
     .item_kind = SV_ITEM_KIND_OF_(SV_MEMBER_(T, M)), .nullable = SV_NULLABLE_(SV_MEMBER_(T, M)),  \
     __VA_ARGS__}
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
/* A SV_LIST of such enums (or ints). */
#define SV_FIELD_ENUMS(...) SV_FIELD_ENUMS_(__VA_ARGS__, )
#define SV_FIELD_ENUMS_(T, M, E, ...)                                                              \
    {SV_ROW_(T, M),                                                                                \
     .kind = SV_IS_INT_SIZED_(*SV_MEMBER_(T, M).items) ? SV_KIND_LIST : SV_KIND_NONE,              \
     .item_kind = SV_KIND_ENUM, .enumeration = &E##_enum, __VA_ARGS__}
/* A nested `struct I`, or `struct I *` when null is allowed. */
#define SV_FIELD_OBJECT(...) SV_FIELD_OBJECT_(__VA_ARGS__, )
#define SV_FIELD_OBJECT_(T, M, I, ...)                                                             \
    {SV_ROW_(T, M), .kind = SV_KIND_OBJECT,                                                        \
     .nullable = _Generic(SV_MEMBER_(T, M), struct I: false, struct I *: true),                    \
     .schema = &I##_schema, __VA_ARGS__}
/* A SV_LIST(struct I). */
#define SV_FIELD_LIST(...) SV_FIELD_LIST_(__VA_ARGS__, )
#define SV_FIELD_LIST_(T, M, I, ...)                                                               \
    {SV_ROW_(T, M), .kind = SV_KIND_LIST,                                                          \
     .item_kind = _Generic(SV_MEMBER_(T, M).items, struct I *: SV_KIND_OBJECT),                    \
     .schema = &I##_schema, __VA_ARGS__}

/* Announces `T##_schema`, for a struct that contains itself (by pointer or list). */
#define SV_SCHEMA_DECLARE(T) static const sv_schema T##_schema
/* Declares `T##_schema` from rows. SV_SCHEMA_WITH takes schema members first, in parentheses:
 * SV_SCHEMA_WITH(point, (.extra = SV_EXTRA_FORBID), SV_FIELD(point, x), SV_FIELD(point, y)). */
#define SV_SCHEMA(T, ...)                                                                          \
    static const sv_field T##_fields_[] = {__VA_ARGS__};                                           \
    static const sv_schema T##_schema = {.name = #T,                                               \
                                         .size = sizeof(struct T),                                 \
                                         .fields = T##_fields_,                                    \
                                         .n_fields = sizeof T##_fields_ / sizeof *T##_fields_}
#define SV_UNPACK_(...) __VA_ARGS__
#define SV_SCHEMA_WITH(T, MEMBERS, ...)                                                            \
    static const sv_field T##_fields_[] = {__VA_ARGS__};                                           \
    static const sv_schema T##_schema = {.name = #T,                                               \
                                         .size = sizeof(struct T),                                 \
                                         .fields = T##_fields_,                                    \
                                         .n_fields = sizeof T##_fields_ / sizeof *T##_fields_,     \
                                         SV_UNPACK_ MEMBERS}
/* A check of the whole struct, typed: SV_CHECK(range, range_ordered) declares range_ordered(check,
 * struct range *) and the constant range_ordered_check for `.check`. */
#define SV_CHECK(T, F)                                                                             \
    static sv_status F(sv_check *check, struct T *value);                                          \
    static sv_status F##_check(sv_check *check, void *value)                                       \
    {                                                                                              \
        return F(check, (struct T *)value);                                                        \
    }                                                                                              \
    extern int sv_semicolon_
/* Declares `E##_enum`: SV_ENUM(color, {"red", COLOR_RED}, {"green", COLOR_GREEN}). */
#define SV_ENUM(E, ...)                                                                            \
    static const sv_enum_value E##_values_[] = {__VA_ARGS__};                                      \
    static const sv_enum E##_enum = {#E, E##_values_, sizeof E##_values_ / sizeof *E##_values_}
#endif

#ifdef __cplusplus
}
#endif

#endif
