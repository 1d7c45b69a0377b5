/* units.c: numbers with units, as people write them in settings and manifests. */
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

typedef struct unit {
    const char *suffix;
    int64_t factor;
} unit;

/* What a bare number is counted in comes first; then from small to large. */
static const unit times[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
static const unit fine_times[] = {{"", SV_NS_PER_S},       {"us", 1000},
                                  {"ms", SV_NS_PER_MS},    {"s", SV_NS_PER_S},
                                  {"m", 60 * SV_NS_PER_S}, {"h", 3600 * SV_NS_PER_S}};
static const unit sizes[] = {
    {"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
enum {
    N_TIMES = sizeof times / sizeof *times,
    N_FINE_TIMES = sizeof fine_times / sizeof *fine_times,
    N_SIZES = sizeof sizes / sizeof *sizes,
};

/* Decimal digits with an optional point, then one of the suffixes. */
static bool read_number(sv_str text, const unit *units, size_t n_units, int64_t *ret_value)
{
    char digits[32];
    size_t len = 0;
    text = sv_str_trim(text);
    while (len < text.len && len < sizeof digits - 1 &&
           ((text.ptr[len] >= '0' && text.ptr[len] <= '9') || text.ptr[len] == '.'))
        len++;
    memcpy(digits, text.ptr, len);
    digits[len] = '\0';
    char *end;
    double number = strtod(digits, &end);
    if (len == 0 || *end || digits[0] == '.')
        return false;
    sv_str suffix = sv_str_trim(sv_str_slice(text, len, text.len));
    for (size_t i = 0; i < n_units; i++) {
        double value = number * (double)units[i].factor;
        if (sv_str_eq_nocase(suffix, sv_str_from(units[i].suffix)) && value < 9e18) {
            *ret_value = llround(value);
            return true;
        }
    }
    return false;
}

bool sv_units_read_duration(sv_str text, int64_t *ret_ms)
{
    return read_number(text, times, N_TIMES, ret_ms);
}

bool sv_units_read_fine_duration(sv_str text, int64_t *ret_ns)
{
    return read_number(text, fine_times, N_FINE_TIMES, ret_ns);
}

bool sv_units_read_size(sv_str text, int64_t *ret_bytes)
{
    return read_number(text, sizes, N_SIZES, ret_bytes);
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

/* In the largest unit that leaves no rest. */
static void write_number(sv_buf *buf, int64_t value, const unit *units, size_t n_units)
{
    size_t best = 1;
    for (size_t i = 2; i < n_units; i++)
        if (value && value % units[i].factor == 0)
            best = i;
    sv_buf_printf(buf, "%lld%s", (long long)(value / units[best].factor), units[best].suffix);
}

void sv_units_write_duration(sv_buf *buf, int64_t ms)
{
    write_number(buf, ms, times, N_TIMES);
}

void sv_units_write_size(sv_buf *buf, int64_t bytes)
{
    write_number(buf, bytes, sizes, N_SIZES);
}
