/* rate_rule.c: the notation of rate limits, read and written. */
#include "http/rate_rule.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/nearest.h"

#define EXPECTED "; expected e.g. 10/minute, 10 per 5 minutes, 100/hour;10/minute"

static const uint64_t MAX_COUNT = 1000000000;
static const int64_t MIN_INTERVAL_NS = 1000;

static const struct {
    const char *name;
    int64_t seconds;
} units[] = {{"second", 1},  {"minute", 60},        {"hour", 3600},
             {"day", 86400}, {"month", 30 * 86400}, {"year", 12 * 30 * 86400}};
enum { N_UNITS = sizeof units / sizeof *units };

static const int64_t MAX_SECONDS = INT64_C(10) * 12 * 30 * 86400;

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* Cuts the longest run of bytes of a kind off the beginning. */
static sv_str take_while(sv_str *rest, bool (*is_kind)(char byte))
{
    size_t n = 0;
    while (n < rest->len && is_kind(rest->ptr[n]))
        n++;
    sv_str taken = sv_str_slice(*rest, 0, n);
    *rest = sv_str_slice(*rest, n, rest->len);
    return taken;
}

/* `/` or `per`, which may stand close to what follows ("per5days"). */
static bool take_per(sv_str *rest)
{
    size_t n = sv_str_starts_with(*rest, SV_STR("/")) ? 1 : 3;
    if (n == 3 && !sv_str_eq_nocase(sv_str_slice(*rest, 0, 3), SV_STR("per")))
        return false;
    *rest = sv_str_slice(*rest, n, rest->len);
    return true;
}

/* As it may stand in a message: short, on one line. */
static sv_str printable(sv_str text)
{
    enum { MOST = 60 };
    size_t len = 0;
    while (len < text.len && len < MOST && (unsigned char)text.ptr[len] >= 0x20)
        len++;
    return sv_str_slice(text, 0, len);
}

static sv_status refuse(sv_error *error, sv_str rule, const char *what)
{
    return sv_error_set(error, SV_INVALID, NULL, "'%.*s': %s" EXPECTED, SV_STR_ARG(printable(rule)),
                        what);
}

/* The unit that was meant: the one that begins so ("min"), else the nearest; NULL: none. */
static const char *guess_unit(sv_str word)
{
    sv_nearest search = sv_nearest_begin(word);
    for (size_t i = 0; i < N_UNITS; i++) {
        if (sv_str_eq_nocase(word, sv_str_slice(sv_str_from(units[i].name), 0, word.len)))
            return units[i].name;
        sv_nearest_offer(&search, units[i].name);
    }
    return search.best;
}

static sv_status refuse_unit(sv_error *error, sv_str rule, sv_str word)
{
    if (!word.len)
        return refuse(error, rule, "there is no unit");
    const char *guess = guess_unit(word);
    return sv_error_set(error, SV_INVALID, NULL,
                        "'%.*s': unknown unit '%.*s'%s%s%s; allowed are second, minute, hour, day, "
                        "month, year and their plurals",
                        SV_STR_ARG(printable(rule)), SV_STR_ARG(printable(word)),
                        guess ? ", did you mean '" : "", guess ? guess : "", guess ? "'?" : "");
}

/* Index of a unit, N_UNITS when the word is none. */
static size_t find_unit(sv_str word)
{
    size_t i = 0;
    for (; i < N_UNITS; i++) {
        sv_str name = sv_str_from(units[i].name);
        bool is_plural = word.len == name.len + 1 && (word.ptr[name.len] | 0x20) == 's';
        if (sv_str_eq_nocase(sv_str_slice(word, 0, word.len - is_plural), name))
            break;
    }
    return i;
}

/* What the numbers of a rule amount to. */
static sv_status set_rule(sv_rate_rule *rule, sv_str text, int64_t unit_seconds, sv_error *error)
{
    if (rule->multiple > MAX_SECONDS / unit_seconds)
        return refuse(error, text, "the time must not exceed 10 years");
    rule->interval_ns = rule->multiple * unit_seconds * SV_NS_PER_S / rule->count;
    if (rule->interval_ns < MIN_INTERVAL_NS)
        return refuse(error, text, "at most 1000000 a second can be told apart");
    return SV_OK;
}

static sv_status parse_rule(sv_str text, sv_error *error, sv_rate_rule *ret_rule)
{
    uint64_t count, multiple = 1;
    sv_str rest = text;
    take_while(&rest, is_space);
    sv_str digits = take_while(&rest, is_digit);
    if (!sv_str_to_u64(digits, &count) || count < 1 || count > MAX_COUNT)
        return refuse(error, text, "the count must be a whole number from 1 to 1000000000");
    take_while(&rest, is_space);
    if (!take_per(&rest))
        return refuse(error, text, "after the count there must be '/' or 'per'");
    take_while(&rest, is_space);
    digits = take_while(&rest, is_digit);
    if (digits.len && (!sv_str_to_u64(digits, &multiple) || multiple < 1 || multiple > INT32_MAX))
        return refuse(error, text, "the number of units must be a whole number from 1 on");
    take_while(&rest, is_space);
    sv_str word = take_while(&rest, is_letter);
    take_while(&rest, is_space);
    size_t unit = find_unit(word);
    if (unit == N_UNITS)
        return refuse_unit(error, text, word);
    if (rest.len)
        return refuse(error, text, "after the unit there must be nothing, or ';' and another rule");
    sv_rate_rule rule = {
        .count = (int64_t)count, .multiple = (int64_t)multiple, .unit = units[unit].name};
    sv_status status = set_rule(&rule, text, units[unit].seconds, error);
    if (!status)
        *ret_rule = rule;
    return status;
}

static size_t find_separator(sv_str text)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] != ';' && text.ptr[at] != ',' && text.ptr[at] != '|')
        at++;
    return at;
}

sv_status sv_rate_rule_parse(sv_str text, sv_error *error, sv_rate_limit *ret_limit)
{
    sv_rate_limit limit = {.n_rules = 0};
    for (bool is_last = false; !is_last;) {
        size_t end = find_separator(text);
        if (limit.n_rules == SV_RATE_RULE_MAX)
            return sv_error_set(error, SV_INVALID, NULL, "at most %d rules can hold together",
                                SV_RATE_RULE_MAX);
        sv_status status =
            parse_rule(sv_str_slice(text, 0, end), error, &limit.rules[limit.n_rules]);
        if (status)
            return status;
        limit.n_rules++;
        is_last = end == text.len;
        text = sv_str_slice(text, end + 1, text.len);
    }
    *ret_limit = limit;
    return SV_OK;
}

size_t sv_rate_rule_write(const sv_rate_rule *rule, char text[SV_RATE_RULE_TEXT_SIZE])
{
    return (size_t)snprintf(text, SV_RATE_RULE_TEXT_SIZE, "%lld per %lld %s",
                            (long long)rule->count, (long long)rule->multiple, rule->unit);
}
