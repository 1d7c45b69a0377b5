/* grammar_range.c: ranges of numbers as texts.
 *
 * DESIGN. A range of texts of one length is: the digits that both bounds begin with; then, for the
 * first digit that differs, the lower bound's with all that is not below it, those between with
 * anything, the upper bound's with all that is not above it. */
#include "text/grammar_range.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DIGITS = 18 };

/* Numbers of one length. */
typedef struct width {
    sv_buf *line;
    char low[MAX_DIGITS + 1], high[MAX_DIGITS + 1];
    size_t len;
    size_t point; /* digits before the point */
} width;

static void write_point(const width *span, size_t at)
{
    if (at == span->point && at < span->len)
        sv_buf_append_str(span->line, SV_STR("\".\" "));
}

static void write_digit(const width *span, size_t at, char from, char to)
{
    write_point(span, at);
    if (from == to)
        sv_buf_printf(span->line, "\"%c\" ", from);
    else
        sv_buf_printf(span->line, "[%c-%c] ", from, to);
}

/* Any digits from `at` to the end. */
static void write_any(const width *span, size_t at)
{
    while (at < span->len) {
        size_t end = at < span->point ? span->point : span->len;
        write_point(span, at);
        sv_buf_printf(span->line, "[0-9]{%zu} ", end - at);
        at = end;
    }
}

static bool is_all(const char *digits, size_t at, size_t len, char digit)
{
    while (at < len && digits[at] == digit)
        at++;
    return at == len;
}

/* The digits from `at` on that are not below `low` (`above`) or not above `high`: one alternative
 * for each digit that may differ. */
static void write_side(const width *span, size_t at, bool above)
{
    const char *bound = above ? span->low : span->high;
    if (is_all(bound, at, span->len, above ? '0' : '9')) {
        write_any(span, at);
        return;
    }
    char digit = bound[at], end = above ? '9' : '0';
    bool is_last = at + 1 == span->len;
    if (is_last || digit == end) {
        write_digit(span, at, above || !is_last ? digit : '0', above && is_last ? '9' : digit);
        if (!is_last)
            write_side(span, at + 1, above);
        return;
    }
    sv_buf_append_byte(span->line, '(');
    write_digit(span, at, digit, digit);
    write_side(span, at + 1, above);
    sv_buf_append_str(span->line, SV_STR("| "));
    write_digit(span, at, above ? (char)(digit + 1) : '0', above ? '9' : (char)(digit - 1));
    write_any(span, at + 1);
    sv_buf_append_str(span->line, SV_STR(") "));
}

static void write_span(const width *span)
{
    size_t at = 0;
    while (at < span->len && span->low[at] == span->high[at]) {
        write_digit(span, at, span->low[at], span->low[at]);
        at++;
    }
    if (at == span->len)
        return;
    bool low_is_whole = is_all(span->low, at + 1, span->len, '0');
    bool high_is_whole = is_all(span->high, at + 1, span->len, '9');
    char from = (char)(span->low[at] + !low_is_whole), to = (char)(span->high[at] - !high_is_whole);
    const char *or = "";
    sv_buf_append_byte(span->line, '(');
    if (!low_is_whole) {
        write_digit(span, at, span->low[at], span->low[at]);
        write_side(span, at + 1, true);
        or = "| ";
    }
    if (from <= to) {
        sv_buf_append_str(span->line, sv_str_from(or));
        write_digit(span, at, from, to);
        write_any(span, at + 1);
        or = "| ";
    }
    if (!high_is_whole) {
        sv_buf_append_str(span->line, sv_str_from(or));
        write_digit(span, at, span->high[at], span->high[at]);
        write_side(span, at + 1, false);
    }
    sv_buf_append_str(span->line, SV_STR(") "));
}

/* 0 <= low <= high: one alternative for each length. */
static void write_magnitudes(sv_buf *line, int64_t low, int64_t high, unsigned n_decimals)
{
    const char *or = "";
    int64_t top = 9;
    int len = 1;
    while (len < (int)n_decimals + 1 || top < low) {
        top = top * 10 + 9;
        len++;
    }
    for (; low <= high; low = top + 1, top = top * 10 + 9, len++) {
        width span = {.line = line, .len = (size_t)len, .point = (size_t)len - n_decimals};
        int64_t last = top < high ? top : high;
        snprintf(span.low, sizeof span.low, "%0*lld", len, (long long)low);
        snprintf(span.high, sizeof span.high, "%0*lld", len, (long long)last);
        sv_buf_append_str(line, sv_str_from(or));
        write_span(&span);
        or = "| ";
        if (last == high)
            return;
    }
}

void sv_grammar_range_write(sv_buf *line, int64_t low, int64_t high, unsigned n_decimals)
{
    if (low < 0) {
        sv_buf_append_str(line, SV_STR("\"-\" ("));
        write_magnitudes(line, high < 0 ? -high : 1, -low, n_decimals);
        sv_buf_append_str(line, SV_STR(") "));
    }
    if (low < 0 && high >= 0)
        sv_buf_append_str(line, SV_STR("| "));
    if (high >= 0)
        write_magnitudes(line, low > 0 ? low : 0, high, n_decimals);
}
