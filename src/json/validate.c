/* validate.c: the limits of rows: lengths, counts, bounds. Which text is a number: coerce.c. */
#include "json/validate.h"

#include <math.h>

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

bool sv_validate_str(const sv_field *row, sv_str text, sv_violation *ret_violation)
{
    return check_len(text, row->min_len, row->max_len, ret_violation);
}

bool sv_validate_item_str(const sv_field *row, sv_str item, sv_violation *ret_violation)
{
    return check_len(item, 0, row->max_item_len, ret_violation);
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

bool sv_validate_double(const sv_field *row, double number, sv_violation *ret_violation)
{
    if (!isfinite(number)) {
        *ret_violation = (sv_violation){.type = SV_ERROR_TYPE_FINITE_NUMBER};
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

static void refuse_count(sv_error_type type, size_t limit, size_t n_items,
                         sv_violation *ret_violation)
{
    sv_context list = {.kind = SV_CONTEXT_TEXT, .text = SV_STR("List")};
    *ret_violation = (sv_violation){type, {list, of_int((int64_t)limit), of_int((int64_t)n_items)}};
}

bool sv_validate_max_items(const sv_field *row, size_t n_items, sv_violation *ret_violation)
{
    if (!row->max_items || n_items <= row->max_items)
        return true;
    refuse_count(SV_ERROR_TYPE_TOO_LONG, row->max_items, n_items, ret_violation);
    return false;
}

bool sv_validate_min_items(const sv_field *row, size_t n_items, sv_violation *ret_violation)
{
    if (n_items >= row->min_items)
        return true;
    refuse_count(SV_ERROR_TYPE_TOO_SHORT, row->min_items, n_items, ret_violation);
    return false;
}
