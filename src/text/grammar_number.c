/* grammar_number.c: bounds of a schema to ranges. */
#include "text/grammar_number.h"

#include <math.h>

#include "text/grammar_range.h"

enum { USUAL_DECIMALS = 4 };

/* A bound, as it is written. */
typedef struct side {
    const sv_value *closed, *open; /* NULL: not said */
    bool is_low;
} side;

/* A grammar spells numbers of at most 18 digits. A bound beyond them that allows all of these
 * changes nothing; one that allows none of them cannot be spelled. */
static bool is_out_of_reach(const sv_value *value, bool is_low)
{
    double number = sv_value_double(value);
    return is_low ? number >= 1e18 : number <= -1e18;
}

static sv_status read_bound(const sv_grammar_view *view, side *bound, sv_error *error)
{
    bound->closed = sv_grammar_view_get(view, bound->is_low ? "minimum" : "maximum");
    bound->open =
        sv_grammar_view_get(view, bound->is_low ? "exclusiveMinimum" : "exclusiveMaximum");
    const sv_value *both[] = {bound->closed, bound->open};
    for (size_t i = 0; i < 2; i++) {
        sv_value_type type = both[i] ? sv_value_get_type(both[i]) : SV_VALUE_INT;
        if (type != SV_VALUE_INT && type != SV_VALUE_BIG_INT && type != SV_VALUE_DOUBLE)
            return sv_error_set(error, SV_INVALID, NULL, "a bound of a number is no number");
        if (both[i] && is_out_of_reach(both[i], bound->is_low))
            return sv_error_set(error, SV_INVALID, NULL,
                                "a number of more than 18 digits is asked for");
    }
    return SV_OK;
}

static int64_t limit(double number)
{
    const double most = 999999999999999872.0; /* the double below the limit of ranges */
    return number > most    ? SV_GRAMMAR_RANGE_LIMIT
           : number < -most ? -SV_GRAMMAR_RANGE_LIMIT
                            : (int64_t)number;
}

/* The outermost multiple of 1 / scale that the bound allows, times `scale`. What is a multiple but
 * for the error of a double is one. */
static int64_t scale_bound(const sv_value *value, bool is_low, bool is_open, double scale)
{
    double number = sv_value_double(value) * scale, nearest = nearbyint(number);
    if (sv_value_get_type(value) == SV_VALUE_INT && scale == 1.0) {
        int64_t exact = sv_value_int(value), most = SV_GRAMMAR_RANGE_LIMIT;
        exact = exact > most ? most : exact < -most ? -most : exact;
        return exact + (is_open ? (is_low ? 1 : -1) : 0);
    }
    if (fabs(number - nearest) <= 1e-12 * fabs(number))
        return limit(nearest + (is_open ? (is_low ? 1 : -1) : 0));
    return limit(is_low ? ceil(number) : floor(number));
}

/* False: there is no such bound. */
static bool get_bound(const side *bound, double scale, int64_t *ret_bound)
{
    int64_t closed, open;
    if (bound->closed)
        *ret_bound = closed = scale_bound(bound->closed, bound->is_low, false, scale);
    if (!bound->open)
        return bound->closed != NULL;
    open = scale_bound(bound->open, bound->is_low, true, scale);
    if (!bound->closed || (bound->is_low ? open > closed : open < closed))
        *ret_bound = open;
    return true;
}

static int64_t add_limited(int64_t a, int64_t b)
{
    return limit((double)a + (double)b);
}

/* Appends the numbers with so many decimals; false: there are none. */
static bool write_decimals(const side *low, const side *high, bool is_integer, unsigned decimals,
                           sv_buf *line)
{
    double scale = pow(10, decimals);
    int64_t reach = limit((is_integer ? 1e15 : 1e9) * scale), from, to;
    bool has_low = get_bound(low, scale, &from), has_high = get_bound(high, scale, &to);
    if (!has_low)
        from = add_limited(to, -reach);
    if (!has_high)
        to = add_limited(from, reach);
    if (from > to || from < -SV_GRAMMAR_RANGE_LIMIT || to > SV_GRAMMAR_RANGE_LIMIT)
        return false;
    if (decimals)
        sv_buf_append_str(line, SV_STR("| "));
    sv_grammar_range_write(line, from, to, decimals);
    return true;
}

sv_status sv_grammar_number_write(sv_grammar_rules *rules, const sv_grammar_view *view,
                                  bool is_integer, sv_buf *line, sv_error *error)
{
    side low = {.is_low = true}, high = {.is_low = false};
    sv_status status = read_bound(view, &low, error);
    if (!status)
        status = read_bound(view, &high, error);
    if (status)
        return status;
    if (!low.closed && !low.open && !high.closed && !high.open) {
        sv_grammar_builtin builtin = is_integer ? SV_GRAMMAR_INTEGER : SV_GRAMMAR_NUMBER;
        sv_buf_append_str(line, sv_str_from(sv_grammar_rules_use(rules, builtin)));
        return SV_OK;
    }
    bool found = false;
    sv_buf numbers;
    sv_buf_init(&numbers, SV_GRAMMAR_MAX_BYTES);
    unsigned most = is_integer ? 0 : SV_GRAMMAR_RANGE_MAX_DECIMALS;
    for (unsigned n = 0; n <= most && (n <= USUAL_DECIMALS || !found); n++)
        found |= write_decimals(&low, &high, is_integer, n, &numbers);
    sv_str text = sv_buf_str(&numbers);
    if (sv_str_starts_with(text, SV_STR("| ")))
        text = sv_str_slice(text, 2, text.len);
    sv_buf_append_str(line, text);
    status = sv_buf_status(&numbers);
    sv_buf_deinit(&numbers);
    if (!found && !status)
        status = sv_error_set(error, SV_INVALID, NULL, "no number lies between the bounds");
    return status;
}
