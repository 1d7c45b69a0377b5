/* validate.c: the limits of rows: lengths, counts, bounds. Which text is a number: coerce.c. */
#include "json/validate.h"

#include <math.h>

#include "json/decimal_check.h"
#include "json/uuid.h"

static const double LARGEST_EXACT = 9007199254740992.0; /* 2^53 */

static sv_context of_int(int64_t number)
{
    return (sv_context){.kind = SV_CONTEXT_INT, .integer = number};
}

/* At least `min` and at most `max` (0: no limit) characters; counts only when bytes cannot tell. */
static bool check_len(sv_str text, size_t min, size_t max, sv_violation *ret_violation)
{
    bool bytes_tell = text.len >= 4 * min && (!max || text.len <= max);
    if (bytes_tell)
        return true;
    size_t n_chars = sv_str_count_chars(text);
    if (max && n_chars > max) {
        *ret_violation = (sv_violation){SV_ERROR_TYPE_STRING_TOO_LONG, {of_int((int64_t)max)}};
        return false;
    }
    if (n_chars < min) {
        *ret_violation = (sv_violation){SV_ERROR_TYPE_STRING_TOO_SHORT, {of_int((int64_t)min)}};
        return false;
    }
    return true;
}

bool sv_validate_len(const sv_field *row, sv_str text, sv_violation *ret_violation)
{
    return check_len(text, row->min_len, row->max_len, ret_violation);
}

/* In the order pydantic checks them. `below` and `above`: the number lies below or above its bound;
 * neither: on it. */
typedef struct bound_rule {
    const sv_bound *bound;
    sv_error_type type;
    bool forbids_below, forbids_equal, forbids_above;
} bound_rule;

enum { N_BOUNDS = 4 };
static const int64_t MOST_EXACT = INT64_C(1) << 53; /* integers that doubles tell apart */

static void list_bounds(const sv_field *row, bound_rule rules[N_BOUNDS])
{
    rules[0] = (bound_rule){&row->le, SV_ERROR_TYPE_LESS_THAN_EQUAL, false, false, true};
    rules[1] = (bound_rule){&row->lt, SV_ERROR_TYPE_LESS_THAN, false, true, true};
    rules[2] = (bound_rule){&row->ge, SV_ERROR_TYPE_GREATER_THAN_EQUAL, true, false, false};
    rules[3] = (bound_rule){&row->gt, SV_ERROR_TYPE_GREATER_THAN, true, true, false};
}

/* Whether a double keeps all bounds; which one it breaks is asked when it does not. */
static bool keeps_bounds(const sv_field *row, double number)
{
    return !(row->le.set && number > row->le.value) && !(row->lt.set && number >= row->lt.value) &&
           !(row->ge.set && number < row->ge.value) && !(row->gt.set && number <= row->gt.value);
}

/* `order` is -1, 0 or 1: how the number stands to the bound. */
static bool breaks(const bound_rule *rule, int order)
{
    return order < 0 ? rule->forbids_below : order > 0 ? rule->forbids_above : rule->forbids_equal;
}

bool sv_validate_int(const sv_field *row, int64_t number, sv_violation *ret_violation)
{
    if (row->multiple_of.set && number % (int64_t)row->multiple_of.value) {
        int64_t multiple = (int64_t)row->multiple_of.value; /* whole and positive, too */
        *ret_violation = (sv_violation){SV_ERROR_TYPE_MULTIPLE_OF, {of_int(multiple)}};
        return false;
    }
    bool is_exact = number >= -MOST_EXACT && number <= MOST_EXACT;
    if (is_exact && keeps_bounds(row, (double)number))
        return true;
    bound_rule rules[N_BOUNDS];
    list_bounds(row, rules);
    for (int i = 0; i < N_BOUNDS; i++) {
        int64_t bound = (int64_t)rules[i].bound->value; /* whole: checked at start */
        if (rules[i].bound->set && breaks(&rules[i], (number > bound) - (number < bound))) {
            *ret_violation = (sv_violation){rules[i].type, {of_int(bound)}};
            return false;
        }
    }
    return true;
}

/* Pydantic's: within 1e-9 of one. */
static bool is_multiple(double number, double multiple)
{
    return fabs(number - rint(number / multiple) * multiple) <= 1e-9;
}

bool sv_validate_double(const sv_field *row, double number, sv_violation *ret_violation)
{
    if (!isfinite(number)) {
        *ret_violation = (sv_violation){.type = SV_ERROR_TYPE_FINITE_NUMBER};
        return false;
    }
    if (row->multiple_of.set && !is_multiple(number, row->multiple_of.value)) {
        sv_context multiple = {.kind = SV_CONTEXT_DOUBLE, .number = row->multiple_of.value};
        *ret_violation = (sv_violation){SV_ERROR_TYPE_MULTIPLE_OF, {multiple}};
        return false;
    }
    if (keeps_bounds(row, number))
        return true;
    bound_rule rules[N_BOUNDS];
    list_bounds(row, rules);
    for (int i = 0; i < N_BOUNDS; i++) {
        double bound = rules[i].bound->value;
        if (rules[i].bound->set && breaks(&rules[i], (number > bound) - (number < bound))) {
            sv_context context = {.kind = SV_CONTEXT_DOUBLE, .number = bound};
            *ret_violation = (sv_violation){rules[i].type, {context}};
            return false;
        }
    }
    return true;
}

/* A bound as the client wrote it: whole ones without point. */
static sv_context of_number(double number)
{
    bool is_whole = number == trunc(number) && fabs(number) <= LARGEST_EXACT;
    return is_whole ? of_int((int64_t)number)
                    : (sv_context){.kind = SV_CONTEXT_DOUBLE, .number = number};
}

static bool check_digits(const sv_field *row, sv_decimal decimal, sv_violation *ret_violation)
{
    int64_t limit = 0;
    bool has_limit = row->max_digits || row->has_decimal_places;
    sv_error_type error = SV_ERROR_TYPE_NONE;
    if (has_limit)
        error = sv_decimal_check_digits(decimal, row->max_digits ? row->max_digits : -1,
                                        row->has_decimal_places ? row->decimal_places : -1, &limit);
    if (error)
        *ret_violation = (sv_violation){error, {of_int(limit)}};
    return !error;
}

bool sv_validate_decimal(const sv_field *row, sv_decimal decimal, sv_violation *ret_violation)
{
    bound_rule rules[N_BOUNDS];
    if (!check_digits(row, decimal, ret_violation))
        return false;
    if (row->multiple_of.set && !sv_decimal_check_is_multiple(decimal, row->multiple_of.value)) {
        sv_context multiple = of_number(row->multiple_of.value);
        *ret_violation = (sv_violation){SV_ERROR_TYPE_MULTIPLE_OF, {multiple}};
        return false;
    }
    list_bounds(row, rules);
    for (int i = 0; i < N_BOUNDS; i++) {
        if (!rules[i].bound->set)
            continue;
        int order = sv_decimal_check_order(decimal, rules[i].bound->value);
        if (breaks(&rules[i], (order > 0) - (order < 0))) {
            *ret_violation = (sv_violation){rules[i].type, {of_number(rules[i].bound->value)}};
            return false;
        }
    }
    return true;
}

bool sv_validate_bytes(const sv_field *row, size_t n_bytes, sv_violation *ret_violation)
{
    if (n_bytes < row->min_len) {
        sv_context limit = of_int((int64_t)row->min_len);
        *ret_violation = (sv_violation){SV_ERROR_TYPE_BYTES_TOO_SHORT, {limit}};
        return false;
    }
    if (row->max_len && n_bytes > row->max_len) {
        sv_context limit = of_int((int64_t)row->max_len);
        *ret_violation = (sv_violation){SV_ERROR_TYPE_BYTES_TOO_LONG, {limit}};
        return false;
    }
    return true;
}

bool sv_validate_uuid(const sv_field *row, const sv_uuid *uuid, sv_violation *ret_violation)
{
    if (!row->uuid_version || sv_uuid_version(uuid) == row->uuid_version)
        return true;
    *ret_violation = (sv_violation){SV_ERROR_TYPE_UUID_VERSION, {of_int(row->uuid_version)}};
    return false;
}

/* Sets and maps are longer than the limit: how much longer, pydantic does not find out. */
static sv_violation wrong_count(sv_error_type type, const sv_field *row, size_t limit,
                                size_t n_items)
{
    bool is_map = row->kind == SV_KIND_MAP;
    bool is_open = type == SV_ERROR_TYPE_TOO_LONG && (is_map || row->unique);
    sv_str what = is_map ? SV_STR("Dictionary") : row->unique ? SV_STR("Set") : SV_STR("List");
    sv_violation violation = {type,
                              {{.kind = SV_CONTEXT_TEXT, .text = what}, of_int((int64_t)limit)}};
    if (!is_open)
        violation.context[2] = of_int((int64_t)n_items);
    return violation;
}

bool sv_validate_max_items(const sv_field *row, size_t n_items, sv_violation *ret_violation)
{
    if (!row->max_items || n_items <= row->max_items)
        return true;
    *ret_violation = wrong_count(SV_ERROR_TYPE_TOO_LONG, row, row->max_items, n_items);
    return false;
}

bool sv_validate_min_items(const sv_field *row, size_t n_items, sv_violation *ret_violation)
{
    if (n_items >= row->min_items)
        return true;
    *ret_violation = wrong_count(SV_ERROR_TYPE_TOO_SHORT, row, row->min_items, n_items);
    return false;
}

sv_violation sv_validate_too_long(const char *what, size_t limit, size_t n_items)
{
    sv_context kind = {.kind = SV_CONTEXT_TEXT, .text = sv_str_from(what)};
    return (sv_violation){SV_ERROR_TYPE_TOO_LONG,
                          {kind, of_int((int64_t)limit), of_int((int64_t)n_items)}};
}
