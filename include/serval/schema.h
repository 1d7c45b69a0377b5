/* schema.h: a C struct described as a table of fields, once, for decoding JSON into it, validating
 * it, encoding it and describing it in OpenAPI. The macros that write the rows: schema_rows.h.
 *
 * DESIGN. A row gives the wire name, where the member stands, its kind (taken from the member's
 * type, so that a wrong type does not compile) and its limits. Rules, messages and coercions are
 * those of pydantic v2 in lax mode.
 *
 *   plain member                  required, unless `.default_json` or `.default_factory` is given;
 *                                 null is refused
 *   sv_opt_... member, SV_OPT(T), also takes null (`set` is false, the pointer NULL); still
 *   struct T *                    required unless `.default_json` ("null" for most) or `.optional`
 *                                 is given
 *   .optional = true              may be absent without a default; null is refused (FastAPI's
 *                                 Query(default=None)). In an answer an unset sv_opt_... is left
 *                                 out
 *
 * A schema is a struct of fields, or of another shape: one value without a name (a list as a whole
 * body), a tuple, or a union of several types; each may stand wherever a struct may. */
#ifndef SERVAL_SCHEMA_H
#define SERVAL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/attr.h>
#include <serval/status.h>
#include <serval/str.h>
#include <serval/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A list member. Items live in the call's arena. With `.unique` it is a set. */
#define SV_LIST(T)                                                                                 \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t len;                                                                                \
    }
/* A JSON object with names of the client's choice, in the order of the text, each name once. T is
 * no more strictly aligned than a pointer. */
#define SV_MAP(T)                                                                                  \
    struct {                                                                                       \
        struct {                                                                                   \
            sv_str key;                                                                            \
            T value;                                                                               \
        } *items;                                                                                  \
        size_t len;                                                                                \
    }
/* A value that may be null or absent. */
#define SV_OPT(T)                                                                                  \
    struct {                                                                                       \
        bool set;                                                                                  \
        T value;                                                                                   \
    }

/* Any JSON value, as compact JSON text. In an answer it is checked and written as it is. */
typedef struct sv_json {
    sv_str text;
} sv_json;
/* Members that the schema does not know. */
typedef SV_MAP(sv_json) sv_extras;

typedef SV_LIST(sv_str) sv_strs;
typedef SV_LIST(int64_t) sv_ints;
typedef SV_LIST(double) sv_doubles;
typedef SV_LIST(bool) sv_bools;
typedef SV_LIST(sv_file) sv_files;

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
typedef SV_OPT(sv_datetime) sv_opt_datetime;
typedef SV_OPT(sv_date) sv_opt_date;
typedef SV_OPT(sv_time) sv_opt_time;
typedef SV_OPT(sv_duration) sv_opt_duration;
typedef SV_OPT(sv_uuid) sv_opt_uuid;
typedef SV_OPT(sv_bytes) sv_opt_bytes;
typedef SV_OPT(sv_decimal) sv_opt_decimal;
typedef SV_OPT(sv_json) sv_opt_json;
typedef SV_OPT(sv_file) sv_opt_file;

typedef enum sv_kind {
    SV_KIND_NONE, /* a row that was left out */
    SV_KIND_STR,
    SV_KIND_INT,
    SV_KIND_DOUBLE,
    SV_KIND_BOOL,
    SV_KIND_ENUM,   /* an int member; its names or numbers on the wire */
    SV_KIND_OBJECT, /* a nested struct, of whatever shape its schema has */
    SV_KIND_LIST,   /* SV_LIST of `item_kind` */
    SV_KIND_MAP,    /* SV_MAP of `item_kind` */
    SV_KIND_ARRAY,  /* a C array of `item_kind`: exactly so many items */
    SV_KIND_DATETIME,
    SV_KIND_DATE,
    SV_KIND_TIME,
    SV_KIND_DURATION,
    SV_KIND_UUID,
    SV_KIND_BYTES,
    SV_KIND_DECIMAL,
    SV_KIND_JSON,
    SV_KIND_FILE,   /* of forms only */
    SV_KIND_EXTRAS, /* the sv_extras of a schema with SV_EXTRA_ALLOW; has no name on the wire */
} sv_kind;

/* Where a parameter comes from. 0: the path if its template names the field, else the query. */
typedef enum sv_place {
    SV_IN_AUTO,
    SV_IN_PATH,
    SV_IN_QUERY,
    SV_IN_HEADER, /* `_` of the name is `-`, in any case; of a repeated one the first counts */
    SV_IN_COOKIE,
    SV_IN_FORM, /* an empty text counts as missing */
} sv_place;

/* What happens with members that the schema does not know. */
typedef enum sv_extra {
    SV_EXTRA_IGNORE,
    SV_EXTRA_FORBID,
    SV_EXTRA_ALLOW, /* kept in the member of SV_FIELD_EXTRAS, if there is one, and written back */
} sv_extra;

/* How a schema looks on the wire. */
typedef enum sv_schema_shape {
    SV_SHAPE_OBJECT, /* a JSON object of its fields */
    SV_SHAPE_TUPLE,  /* a JSON array with its fields in order */
    SV_SHAPE_ROOT,   /* the value of its only field */
    SV_SHAPE_UNION,  /* the value of one of its fields, its variants */
} sv_schema_shape;

typedef enum sv_union_mode {
    SV_UNION_SMART,         /* the variant that fits best, as pydantic sees it */
    SV_UNION_LEFT_TO_RIGHT, /* the first one that fits */
} sv_union_mode;

/* What a text, or bytes, must be. */
typedef enum sv_text_format {
    SV_FORMAT_NONE,
    SV_FORMAT_EMAIL,
    SV_FORMAT_URL,      /* of any scheme */
    SV_FORMAT_HTTP_URL, /* http or https, at most 2083 characters */
    SV_FORMAT_IPV4,
    SV_FORMAT_IPV6,
    SV_FORMAT_BASE64, /* sv_bytes: base64 on the wire; without it the bytes are UTF-8 text */
} sv_text_format;

typedef enum sv_moment { SV_ANY_MOMENT, SV_PAST, SV_FUTURE } sv_moment;
/* Of dates with a time: must they say their zone? */
typedef enum sv_zone { SV_ANY_ZONE, SV_AWARE, SV_NAIVE } sv_zone;

/* A bound that knows "unset" from zero; write it as SV_GE(0), SV_GT(0), SV_LE(1), SV_LT(1),
 * SV_MULTIPLE_OF(5). */
typedef struct sv_bound {
    bool set;
    double value;
} sv_bound;
#define SV_GE(number) .ge = {true, (number)}
#define SV_GT(number) .gt = {true, (number)}
#define SV_LE(number) .le = {true, (number)}
#define SV_LT(number) .lt = {true, (number)}
#define SV_MULTIPLE_OF(number) .multiple_of = {true, (number)}

/* How the values of an enum look on the wire. */
typedef enum sv_enum_form {
    SV_ENUM_NAMES,         /* the names, as text */
    SV_ENUM_NUMBERS,       /* the ints themselves */
    SV_ENUM_LITERAL_NAMES, /* as SV_ENUM_NAMES, but a Literal: not a component of OpenAPI */
    SV_ENUM_LITERAL_JSON,  /* a Literal whose names are JSON texts: `"a"`, `1`, `true`, `null` */
} sv_enum_form;
typedef struct sv_enum_value {
    const char *name;
    int value;
} sv_enum_value;
typedef struct sv_enum {
    const char *name; /* component name in OpenAPI */
    const sv_enum_value *values;
    size_t n_values;
    sv_enum_form form;
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
typedef struct sv_field sv_field;

/* One member. Leave out what does not apply; 0 and NULL mean "no limit". */
struct sv_field {
    const char *name; /* on the wire, unless `alias` is given */
    const char *alias;
    size_t offset;
    size_t size;         /* of the member, bytes */
    size_t value_offset; /* of the value in a nullable member; 0: as its kind's sv_opt_... has it */
    sv_kind kind;
    sv_kind item_kind;       /* of a list, map or array */
    size_t item_size;        /* of its items (of a map: of its entries); 0: as its kind has it */
    bool nullable;           /* from the member's type */
    bool item_nullable;      /* from the type of the items */
    const sv_schema *schema; /* of an object, or of objects as items */
    const sv_enum *enumeration;
    const sv_field *item;        /* limits of the items, see SV_EACH; NULL: those of this row */
    const sv_field *key;         /* limits of a map's names; their kind: text, int, UUID or enum */
    size_t min_len, max_len;     /* text: Unicode code points; bytes: bytes; inclusive */
    size_t min_items, max_items; /* lists and maps, inclusive */
    size_t max_item_len;         /* lists of text: code points of each item */
    sv_bound ge, gt, le, lt;     /* numbers (and numbers in lists) */
    sv_bound multiple_of;
    const char *pattern; /* text: a regular expression (as Rust's) that must be found in it */
    sv_text_format format;
    bool strip;              /* text: blanks at both ends are cut off before it is checked */
    bool lower, upper;       /* text: its case is changed after it was checked */
    bool strict;             /* no coercions */
    bool unique;             /* of a list: a set, what comes twice is dropped */
    sv_moment moment;        /* dates, with and without time */
    sv_zone zone;            /* dates with time */
    int uuid_version;        /* 1..8; 0: any */
    int max_digits;          /* of decimals; 0: any number */
    bool has_decimal_places; /* SV_DECIMAL_PLACES(n) */
    int decimal_places;
    int variant;              /* of a union: the value of its kind member */
    bool optional;            /* may be absent without a default */
    bool deprecated;          /* OpenAPI says so */
    bool hidden;              /* a parameter that OpenAPI leaves out */
    sv_place in;              /* parameters only */
    const char *default_json; /* JSON text, checked at start; used when the field is absent */
    const char *title;        /* OpenAPI title; NULL: the name in Title Case */
    const char *help;         /* OpenAPI description */
    const char *example_json; /* OpenAPI example, JSON text */
    /* Custom checks run after the limits, only on valid values; they may rewrite the value
     * (validated no further). `check_item_str` runs on each item of a list of text. `check` fits
     * every kind, see SV_CHECK_VALUE. Thread: where the call is decoded. */
    sv_status (*check_str)(sv_check *check, sv_str *value);
    sv_status (*check_int)(sv_check *check, int64_t *value);
    sv_status (*check_double)(sv_check *check, double *value);
    sv_status (*check_item_str)(sv_check *check, sv_str *item);
    sv_status (*check)(sv_check *check, void *value);
    /* Fills in the value (zeroed) of a field that is absent; made by SV_CHECK_VALUE too. It must
     * not reject. */
    sv_status (*default_factory)(sv_check *check, void *value);
};

struct sv_schema {
    const char *name;      /* for messages, and in OpenAPI unless: */
    const char *component; /* name of the component in OpenAPI; NULL: `name` */
    size_t size;           /* of the struct, bytes */
    const sv_field *fields;
    size_t n_fields;
    sv_extra extra;
    sv_schema_shape shape;
    bool strict;               /* of every field */
    bool by_name_too;          /* fields with an alias are also taken by their name */
    bool embed;                /* a body whose fields are FastAPI's several body parameters */
    const char *discriminator; /* of a union: the field whose value tells the variant; NULL: none */
    sv_union_mode union_mode;
    size_t variant_offset; /* of a union: its int (or enum) that says which variant it is */
    const char *help;
    /* Runs when every field is valid; refuses the struct as a whole. May be NULL. */
    sv_status (*check)(sv_check *check, void *value);
};

/* No body, no parameters. */
struct sv_none {
    char unused;
};
extern SV_API const sv_schema sv_none_schema;

#ifdef __cplusplus
}
#endif

#include <serval/schema_rows.h>

#endif
