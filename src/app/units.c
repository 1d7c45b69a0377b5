/* units.c: numbers with units, as people write them in settings. */
#include "app/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct unit {
    const char *suffix;
    double factor;
} unit;

/* Decimal digits with an optional point, then one of the suffixes; the first unit has none. */
static bool read_number(sv_str text, const unit *units, size_t n_units, int64_t *ret_value)
{
    char digits[32];
    size_t len = 0;
    text = sv_str_trim(text);
    while (len < text.len && len < sizeof digits - 1 && strchr("0123456789.", text.ptr[len]))
        len++;
    memcpy(digits, text.ptr, len);
    digits[len] = '\0';
    char *end;
    double number = strtod(digits, &end);
    if (len == 0 || *end || digits[0] == '.')
        return false;
    sv_str suffix = sv_str_trim(sv_str_slice(text, len, text.len));
    for (size_t i = 0; i < n_units; i++) {
        double value = number * units[i].factor;
        if (sv_str_eq_nocase(suffix, sv_str_from(units[i].suffix)) && value < 9e18) {
            *ret_value = llround(value);
            return true;
        }
    }
    return false;
}

bool sv_units_read_duration(sv_str text, int64_t *ret_ms)
{
    static const unit units[] = {{"", 1e3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}};
    return read_number(text, units, sizeof units / sizeof *units, ret_ms);
}

bool sv_units_read_size(sv_str text, int64_t *ret_bytes)
{
    static const unit units[] = {
        {"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
    return read_number(text, units, sizeof units / sizeof *units, ret_bytes);
}

bool sv_units_read_int(sv_str text, int64_t *ret_value)
{
    text = sv_str_trim(text);
    bool negative = text.len && text.ptr[0] == '-';
    uint64_t value;
    if (!sv_str_to_u64(negative ? sv_str_slice(text, 1, text.len) : text, &value) ||
        value > INT64_MAX)
        return false;
    *ret_value = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

bool sv_units_read_bool(sv_str text, bool *ret_value)
{
    static const char *const words[2][4] = {{"false", "no", "off", "0"},
                                            {"true", "yes", "on", "1"}};
    text = sv_str_trim(text);
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 4; i++)
            if (sv_str_eq_nocase(text, sv_str_from(words[value][i]))) {
                *ret_value = value;
                return true;
            }
    return false;
}
