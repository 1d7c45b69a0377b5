/* errors.h: the validation errors of one request, collected, and written as FastAPI's `detail`
 * list.
 *
 * At most SV_ERRORS_MAX are kept, then one of type too_many_errors ends the list. Nothing is
 * allocated before the first error. An `input` of more than SV_ERRORS_MAX_INPUT bytes of JSON is
 * cut and becomes a text that ends in "…". */
#ifndef SERVAL_JSON_ERRORS_H
#define SERVAL_JSON_ERRORS_H

#include "base/arena.h"
#include "base/writer.h"
#include "json/error_type.h"
#include "json/value.h"

enum { SV_ERRORS_MAX = 100, SV_ERRORS_MAX_INPUT = 4096 };

/* Where: a chain from the value to the place of the request ("body", "query", "path"), usually on
 * the stack. */
typedef struct sv_loc {
    const struct sv_loc *parent; /* NULL: the place */
    sv_str name;                 /* NULL pointer: an index */
    size_t index;
} sv_loc;

/* What was refused, as the client will read it. Zeroed: null. */
typedef struct sv_input {
    const sv_value *value; /* NULL: */
    const char *json;      /*   this text, valid JSON; NULL: null */
} sv_input;

typedef struct sv_errors_entry sv_errors_entry;
typedef struct sv_errors {
    sv_arena *arena;
    sv_errors_entry *entries; /* NULL before the first */
    size_t count;
    sv_status status; /* SV_OK, SV_INVALID once there is an error, SV_NO_MEMORY when one could not
                         be kept */
} sv_errors;

/* Allocates nothing. The arena keeps the entries; without one (NULL) only the status tells that
 * there was an error, and the first one fills the list. */
void sv_errors_init(sv_errors *errors, sv_arena *arena);
/* Adds one. `where` is copied; the input's value and its document must live as long as the arena;
 * texts of the context too. `context` has as many items as the type has keys (NULL when none).
 * Beyond the limit nothing is kept. */
void sv_errors_add(sv_errors *errors, sv_error_type type, const sv_loc *where, sv_input input,
                   const sv_context *context);
/* True when further errors would not be kept: whoever collects may stop. */
static inline bool sv_errors_is_full(const sv_errors *errors)
{
    return errors->count > SV_ERRORS_MAX || errors->status == SV_NO_MEMORY;
}

/* True when an error from number `first` on stands at a member called `name`. */
bool sv_errors_names(const sv_errors *errors, size_t first, sv_str name);

/* Forgets all but the first `count`. */
void sv_errors_cut(sv_errors *errors, size_t count);

/* The list: [{"type":…,"loc":[…],"msg":…,"input":…,"ctx":{…}}, …]. */
void sv_errors_write(const sv_errors *errors, sv_writer *writer);

/* One error for people, e.g. of a settings file: "preprocess.mean.1", its message, the value
 * refused (NULL when there is none; for a missing field the object it is missing from). Texts live
 * in the arena and are empty when out of memory. */
typedef struct sv_errors_view {
    sv_error_type type;
    sv_str path; /* without the place */
    sv_str message;
    const sv_value *value;
} sv_errors_view;
/* `index` < count. */
sv_errors_view sv_errors_get(const sv_errors *errors, size_t index);

#endif
