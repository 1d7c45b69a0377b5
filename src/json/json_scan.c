/* json_scan.c: finds what is wrong with a JSON text, in the words and at the place of Python's json
 * module (3.11). Not a parser: it makes no values.
 *
 * DESIGN. A loop with one bit per open array or object in place of recursion, so that no text can
 * exhaust the stack. Positions are bytes until the end; then they are counted in characters. */
#include "json/json_scan.h"

#include <limits.h>
#include <string.h>

typedef struct scan {
    const unsigned char *text;
    size_t len, at;
    int depth, max_depth;
    unsigned char is_object[SV_VALUE_MAX_DEPTH / CHAR_BIT]; /* one bit per open level */
    bool has_lone_surrogate;
    sv_value_problem problem;
    const char *message; /* NULL: no error yet */
    size_t error_at;
} scan;

static bool fail(scan *s, const char *message, size_t at)
{
    s->problem = SV_VALUE_SYNTAX;
    s->message = message;
    s->error_at = at;
    return false;
}

/* The byte at the current place; 0 at the end. Texts with zero bytes fail on them all the same. */
static unsigned char peek(const scan *s)
{
    return s->at < s->len ? s->text[s->at] : 0;
}

static void skip_space(scan *s)
{
    while (s->at < s->len && strchr(" \t\n\r", s->text[s->at]) && s->text[s->at])
        s->at++;
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip_digits(scan *s)
{
    while (is_digit(peek(s)))
        s->at++;
}

static bool scan_number(scan *s)
{
    size_t start = s->at;
    if (peek(s) == '-')
        s->at++;
    if (!is_digit(peek(s)))
        return fail(s, "Expecting value", start);
    if (peek(s) == '0')
        s->at++;
    else
        skip_digits(s);
    if (s->len - s->at >= 2 && peek(s) == '.' && is_digit(s->text[s->at + 1])) {
        s->at++;
        skip_digits(s);
    }
    size_t mantissa_end = s->at;
    if ((peek(s) | 0x20) == 'e') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!is_digit(peek(s)))
            s->at = mantissa_end;
        skip_digits(s);
    }
    return true;
}

static int hex_value(unsigned char byte)
{
    if (is_digit(byte))
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The four digits behind the `u` at `u_at`; -1 when they are not there. A closing quote must follow
 * somewhere, so digits that end the text are an error too. */
static int read_unit(const scan *s, size_t u_at)
{
    if (s->len - u_at <= 5)
        return -1;
    int unit = 0;
    for (size_t i = 1; i <= 4; i++) {
        int digit = hex_value(s->text[u_at + i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool scan_unicode_escape(scan *s)
{
    int unit = read_unit(s, s->at);
    if (unit < 0)
        return fail(s, "Invalid \\uXXXX escape", s->at);
    s->at += 5;
    bool pair_follows = unit >= 0xD800 && unit < 0xDC00 && s->len - s->at > 6 &&
                        s->text[s->at] == '\\' && s->text[s->at + 1] == 'u';
    if (pair_follows) {
        int low = read_unit(s, s->at + 1);
        if (low < 0)
            return fail(s, "Invalid \\uXXXX escape", s->at + 1);
        if (low >= 0xDC00 && low < 0xE000) {
            s->at += 6;
            return true;
        }
    }
    if (unit >= 0xD800 && unit < 0xE000)
        s->has_lone_surrogate = true;
    return true;
}

static bool scan_escape(scan *s, size_t quote_at)
{
    size_t backslash_at = s->at++;
    if (s->at >= s->len)
        return fail(s, "Unterminated string starting at", quote_at);
    if (peek(s) == 'u')
        return scan_unicode_escape(s);
    if (!peek(s) || !strchr("\"\\/bfnrt", peek(s)))
        return fail(s, "Invalid \\escape", backslash_at);
    s->at++;
    return true;
}

static bool scan_string(scan *s)
{
    size_t quote_at = s->at++;
    while (s->at < s->len) {
        unsigned char byte = s->text[s->at];
        if (byte == '"') {
            s->at++;
            return true;
        }
        if (byte < 0x20)
            return fail(s, "Invalid control character at", s->at);
        if (byte != '\\')
            s->at++;
        else if (!scan_escape(s, quote_at))
            return false;
    }
    return fail(s, "Unterminated string starting at", quote_at);
}

static bool scan_literal(scan *s, const char *word)
{
    size_t len = strlen(word);
    if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
        return fail(s, "Expecting value", s->at);
    s->at += len;
    return true;
}

static bool is_in_object(const scan *s)
{
    int level = s->depth - 1;
    return s->is_object[level / CHAR_BIT] >> level % CHAR_BIT & 1;
}

static bool enter(scan *s)
{
    if (s->depth == s->max_depth) {
        s->problem = SV_VALUE_TOO_DEEP;
        s->message = "Nested too deeply";
        s->error_at = s->at;
        return false;
    }
    unsigned char bit = (unsigned char)(1u << s->depth % CHAR_BIT);
    unsigned char *byte = &s->is_object[s->depth / CHAR_BIT];
    *byte = peek(s) == '{' ? *byte | bit : *byte & (unsigned char)~bit;
    s->depth++;
    s->at++;
    skip_space(s);
    return true;
}

/* A name and its colon. */
static bool scan_name(scan *s)
{
    if (peek(s) != '"')
        return fail(s, "Expecting property name enclosed in double quotes", s->at);
    if (!scan_string(s))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return fail(s, "Expecting ':' delimiter", s->at);
    s->at++;
    skip_space(s);
    return true;
}

static bool scan_scalar(scan *s)
{
    switch (peek(s)) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        return scan_number(s);
    }
}

/* Behind a value: closes what ends here and goes to the start of the next value. False at the end
 * of the outermost value and on errors. */
static bool go_to_next(scan *s)
{
    while (s->depth > 0) {
        skip_space(s);
        bool in_object = is_in_object(s);
        if (peek(s) == (in_object ? '}' : ']')) {
            s->at++;
            s->depth--;
            continue;
        }
        if (peek(s) != ',')
            return fail(s, "Expecting ',' delimiter", s->at);
        s->at++;
        skip_space(s);
        return !in_object || scan_name(s);
    }
    return false;
}

/* Steps into an array or object; `*ret_is_empty` tells whether it was left again at once. */
static bool scan_start(scan *s, bool *ret_is_empty)
{
    if (!enter(s))
        return false;
    bool in_object = is_in_object(s);
    *ret_is_empty = peek(s) == (in_object ? '}' : ']');
    return *ret_is_empty || !in_object || scan_name(s);
}

static bool scan_value(scan *s)
{
    for (;;) {
        bool opens = peek(s) == '{' || peek(s) == '[', is_empty = false;
        if (!(opens ? scan_start(s, &is_empty) : scan_scalar(s)))
            return false;
        bool is_complete = !opens || is_empty; /* an empty one is closed by go_to_next */
        if (is_complete && !go_to_next(s))
            return !s->message;
    }
}

/* As json.detect_encoding sees it: text in UTF-16 or UTF-32 has a zero in its first two bytes. */
static bool looks_wide(sv_str text)
{
    if (text.len < 2 || text.len == 3)
        return false;
    return text.ptr[0] == 0 || text.ptr[1] == 0;
}

bool sv_json_scan(sv_str text, int max_depth, sv_value_error *ret_error)
{
    *ret_error = (sv_value_error){.problem = SV_VALUE_NOT_UTF8, .message = "Not UTF-8"};
    if (looks_wide(text) || !sv_str_is_utf8(text))
        return false;
    scan s = {.text = (const unsigned char *)text.ptr, .len = text.len, .max_depth = max_depth};
    skip_space(&s);
    if (scan_value(&s)) {
        skip_space(&s);
        if (s.at < s.len)
            fail(&s, "Extra data", s.at);
    }
    if (!s.message && s.has_lone_surrogate) {
        s.problem = SV_VALUE_LONE_SURROGATE;
        s.message = "Lone surrogate";
    }
    ret_error->problem = s.problem;
    ret_error->message = s.message;
    ret_error->position = sv_str_count_chars((sv_str){text.ptr, s.error_at});
    return !s.message;
}
