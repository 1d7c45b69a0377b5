/* value.h: JSON values, parsed and immutable. Not a builder: answers are written by base/writer.h.
 *
 * A value lives as long as the arena it was parsed into. Values of one document may be read by any
 * thread. Numbers keep what the text said: 1 is an integer, 1.0 a double, integers beyond 64 bits
 * keep their digits. */
#ifndef SERVAL_JSON_VALUE_H
#define SERVAL_JSON_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"
#include "base/writer.h"

typedef struct sv_value sv_value;

typedef enum sv_value_type {
    SV_VALUE_NULL,
    SV_VALUE_BOOL,
    SV_VALUE_INT,      /* fits int64_t */
    SV_VALUE_BIG_INT,  /* an integer that does not; sv_value_double gives the nearest double, maybe
                          infinite */
    SV_VALUE_DOUBLE,   /* finite */
    SV_VALUE_INFINITE, /* written with point or exponent, beyond the largest double: 1e400 */
    SV_VALUE_STR,
    SV_VALUE_ARRAY,
    SV_VALUE_OBJECT,
} sv_value_type;

enum {
    SV_VALUE_MAX_DEPTH = 1000, /* the most that `max_depth` can say */
    SV_VALUE_MAX_VALUES = 2000000
};

typedef struct sv_value_limits {
    int max_depth;     /* levels of arrays and objects; 0: SV_VALUE_MAX_DEPTH */
    size_t max_values; /* values and names together, 16 bytes each; 0: SV_VALUE_MAX_VALUES */
} sv_value_limits;

/* Why a text is no JSON. */
typedef enum sv_value_problem {
    SV_VALUE_SYNTAX,         /* message and position say what and where */
    SV_VALUE_NOT_UTF8,       /* UTF-16 and UTF-32 included */
    SV_VALUE_LONE_SURROGATE, /* an escape like \ud800 without its other half */
    SV_VALUE_TOO_DEEP,
} sv_value_problem;
typedef struct sv_value_error {
    sv_value_problem problem;
    const char *message; /* in the words of Python's json module, e.g. "Expecting value"; static */
    size_t position; /* in characters (code points) from the start, a byte order mark not counted */
} sv_value_error;

/* Parses strict JSON (RFC 8259; no NaN, no comments) in UTF-8, with or without a byte order mark.
 * `text` may go afterwards: strings are copied. `limits` may be NULL. SV_INVALID: `*error` tells
 * why; SV_TOO_LARGE: more values than allowed; SV_NO_MEMORY. Memory: texts up to 16 KiB are parsed
 * inside the arena; larger ones on the heap, freed with the arena: the text, and room for one value
 * in 6 bytes of text or, where that is not enough, for up to one and a half times the limit. */
sv_status sv_value_parse(sv_arena *arena, sv_str text, const sv_value_limits *limits,
                         sv_value_error *error, const sv_value **ret_value) SV_MUST_USE;

/* A text, or an array of texts, as a value; the bytes are borrowed. NULL when out of memory. What
 * is no text, a NULL pointer, is an empty array in that array. */
const sv_value *sv_value_from_str(sv_arena *arena, sv_str text);
const sv_value *sv_value_from_strs(sv_arena *arena, const sv_str *texts, size_t n_texts);

static inline sv_value_type sv_value_get_type(const sv_value *value);
/* Of SV_VALUE_BOOL, SV_VALUE_INT, SV_VALUE_STR only. */
static inline bool sv_value_bool(const sv_value *value);
static inline int64_t sv_value_int(const sv_value *value);
static inline sv_str sv_value_str(const sv_value *value);
/* Of any value: false when it is not an integer of 0..UINT64_MAX. */
static inline bool sv_value_get_uint(const sv_value *value, uint64_t *ret_number);
/* Of the four kinds of numbers. */
double sv_value_double(const sv_value *value);
/* Items of an array, members of an object (duplicates counted). */
static inline size_t sv_value_len(const sv_value *value);

/* Walks an array or an object in the order of the text:
 *     sv_value_cursor cursor = sv_value_walk(array);
 *     while (sv_value_next_item(&cursor, &item)) ... */
typedef struct sv_value_cursor {
    const sv_value *at;
    size_t left;
} sv_value_cursor;
static inline sv_value_cursor sv_value_walk(const sv_value *container);
static inline bool sv_value_next_item(sv_value_cursor *cursor, const sv_value **ret_item);
/* Duplicate names come each time they were written; the last one counts. */
static inline bool sv_value_next_member(sv_value_cursor *cursor, sv_str *ret_name,
                                        const sv_value **ret_value);
/* The last member of this name; NULL when there is none or `object` is no object. */
const sv_value *sv_value_get(const sv_value *object, sv_str name);

/* How many values and names stand before `value` in its document, whose root is `root`: the root
 * has 0. */
size_t sv_value_index(const sv_value *root, const sv_value *value);

/* Writes a value as compact JSON. Names that came twice stand once, at the first place with the
 * last value (in objects of up to 256 members). Numbers with point or exponent beyond a double are
 * written as text, so that every reader can read the result. Stops early once `max_bytes` (0: no
 * limit) were written to the buffer; the text is then not complete. */
void sv_value_write(const sv_value *value, sv_writer *writer, size_t max_bytes);

#include "json/value_tape.h" /* the inline ones */

#endif
