/* value_tape.h: how parsed values lie in memory, and the readers of value.h that are too small to
 * be called. Included by value.h only.
 *
 * DESIGN. A document is one array of values in the order of the text, names included; each array or
 * object knows where its next sibling stands. This is how yyjson keeps it: value.c, which knows
 * yyjson, checks at compile time that both say the same. */
#ifndef SERVAL_JSON_VALUE_TAPE_H
#define SERVAL_JSON_VALUE_TAPE_H

#include "json/value.h"

/* The low byte of a tag: three bits of kind, two bits that tell kinds of numbers and truth. */
typedef enum sv_value_tag {
    SV_VALUE_TAG_RAW = 1, /* the digits of a number, as text */
    SV_VALUE_TAG_NULL = 2,
    SV_VALUE_TAG_BOOL = 3,
    SV_VALUE_TAG_NUMBER = 4,
    SV_VALUE_TAG_STR = 5,
    SV_VALUE_TAG_ARRAY = 6,
    SV_VALUE_TAG_OBJECT = 7,
    SV_VALUE_TAG_KIND = 7, /* mask */
    SV_VALUE_TAG_TRUE = 1 << 3,
    SV_VALUE_TAG_SIGNED = 1 << 3, /* a negative integer */
    SV_VALUE_TAG_REAL = 2 << 3,
    SV_VALUE_TAG_DETAIL = 3 << 3, /* mask */
    SV_VALUE_TAG_LEN = 8          /* from this bit on: the length */
} sv_value_tag;

struct sv_value {
    uint64_t tag;
    union {
        uint64_t u64;
        int64_t i64;
        double f64;
        const char *str;
        size_t size; /* of an array or object with all that is in it, bytes */
    } as;
};

/* Of digits kept as text. */
sv_value_type sv_value_type_of_raw(const sv_value *value);

static inline sv_value_type sv_value_get_type(const sv_value *value)
{
    static const uint8_t types[SV_VALUE_TAG_KIND + 1] = {[SV_VALUE_TAG_NULL] = SV_VALUE_NULL,
                                                         [SV_VALUE_TAG_BOOL] = SV_VALUE_BOOL,
                                                         [SV_VALUE_TAG_STR] = SV_VALUE_STR,
                                                         [SV_VALUE_TAG_ARRAY] = SV_VALUE_ARRAY,
                                                         [SV_VALUE_TAG_OBJECT] = SV_VALUE_OBJECT};
    unsigned kind = value->tag & SV_VALUE_TAG_KIND;
    if (kind == SV_VALUE_TAG_RAW)
        return sv_value_type_of_raw(value);
    if (kind != SV_VALUE_TAG_NUMBER)
        return (sv_value_type)types[kind];
    unsigned detail = value->tag & SV_VALUE_TAG_DETAIL;
    if (detail == SV_VALUE_TAG_REAL)
        return SV_VALUE_DOUBLE;
    return !detail && value->as.u64 > INT64_MAX ? SV_VALUE_BIG_INT : SV_VALUE_INT;
}

static inline bool sv_value_bool(const sv_value *value)
{
    return (value->tag & SV_VALUE_TAG_DETAIL) == SV_VALUE_TAG_TRUE;
}

static inline int64_t sv_value_int(const sv_value *value)
{
    return value->as.i64;
}

static inline bool sv_value_get_uint(const sv_value *value, uint64_t *ret_number)
{
    uint64_t type = value->tag & (SV_VALUE_TAG_KIND | SV_VALUE_TAG_DETAIL);
    if (type != SV_VALUE_TAG_NUMBER)
        return false;
    *ret_number = value->as.u64;
    return true;
}

static inline size_t sv_value_len(const sv_value *value)
{
    return (size_t)(value->tag >> SV_VALUE_TAG_LEN);
}

static inline sv_str sv_value_str(const sv_value *value)
{
    return (sv_str){value->as.str, sv_value_len(value)};
}

static inline bool sv_value_is_container(const sv_value *value)
{
    return (value->tag & SV_VALUE_TAG_KIND) >= SV_VALUE_TAG_ARRAY;
}

/* What stands behind a value and all that is in it. */
static inline const sv_value *sv_value_behind(const sv_value *value)
{
    return sv_value_is_container(value) ? (const sv_value *)((const char *)value + value->as.size)
                                        : value + 1;
}

static inline sv_value_cursor sv_value_walk(const sv_value *container)
{
    return (sv_value_cursor){container + 1, sv_value_len(container)};
}

static inline bool sv_value_next_item(sv_value_cursor *cursor, const sv_value **ret_item)
{
    if (!cursor->left)
        return false;
    *ret_item = cursor->at;
    cursor->at = sv_value_behind(cursor->at);
    cursor->left--;
    return true;
}

static inline bool sv_value_next_member(sv_value_cursor *cursor, sv_str *ret_name,
                                        const sv_value **ret_value)
{
    if (!cursor->left)
        return false;
    *ret_name = sv_value_str(cursor->at);
    *ret_value = cursor->at + 1;
    cursor->at = sv_value_behind(*ret_value);
    cursor->left--;
    return true;
}

#endif
