/* gbnf.c: a grammar, followed from places of the text to places of the text. Bit i of a set: the
 * first i bytes have been read. */
#include "gbnf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

typedef struct scene {
    sv_str grammar;
    const char *text;
    size_t len;
} scene;

static uint64_t follow_alternatives(const scene *reader, const char **at, uint64_t from);

static unsigned read_char(const char **at)
{
    char escape = **at == '\\' ? *++*at : 0;
    unsigned code = (unsigned char)*(*at)++;
    if (escape == 'x') {
        char hex[3] = {(*at)[0], (*at)[1], 0};
        code = (unsigned)strtoul(hex, NULL, 16);
        *at += 2;
    }
    assert_true(!escape || strchr("\\\"[]-x", escape));
    return code;
}

static uint64_t follow_char(const scene *reader, const unsigned char set[32], uint64_t from)
{
    uint64_t to = 0;
    for (size_t i = 0; i < reader->len; i++) {
        unsigned char byte = (unsigned char)reader->text[i];
        if (from >> i & 1 && set[byte / 8] >> byte % 8 & 1)
            to |= UINT64_C(1) << (i + 1);
    }
    return to;
}

static uint64_t follow_class(const scene *reader, const char **at, uint64_t from)
{
    unsigned char set[32] = {0};
    bool is_not = *++*at == '^';
    *at += is_not;
    while (**at != ']') {
        unsigned low = read_char(at), high = low;
        if (**at == '-' && (*at)[1] != ']') {
            ++*at;
            high = read_char(at);
        }
        for (unsigned i = low; i <= high && i < 256; i++)
            set[i / 8] |= (unsigned char)(1u << i % 8);
    }
    ++*at;
    for (size_t i = 0; is_not && i < sizeof set; i++)
        set[i] = (unsigned char)~set[i];
    return follow_char(reader, set, from);
}

static uint64_t follow_text(const scene *reader, const char **at, uint64_t from)
{
    ++*at;
    while (**at != '"') {
        unsigned code = read_char(at);
        unsigned char set[32] = {0};
        set[code / 8] = (unsigned char)(1u << code % 8);
        from = follow_char(reader, set, from);
    }
    ++*at;
    return from;
}

static const char *find_rule(const scene *reader, sv_str name)
{
    sv_str rest = reader->grammar, line;
    while (sv_str_split(&rest, '\n', &line))
        if (sv_str_starts_with(line, name) && !strncmp(line.ptr + name.len, " ::= ", 5))
            return line.ptr + name.len + 5;
    fail_msg("no rule %.*s", SV_STR_ARG(name));
    return NULL;
}

static uint64_t follow_rule(const scene *reader, const char **at, uint64_t from)
{
    const char *start = *at;
    while (isalnum((unsigned char)**at) || **at == '-')
        ++*at;
    const char *body = find_rule(reader, (sv_str){start, (size_t)(*at - start)});
    if (!from)
        return 0;
    uint64_t to = follow_alternatives(reader, &body, from);
    assert_int_equal(*body, '\n');
    return to;
}

static uint64_t follow_item(const scene *reader, const char **at, uint64_t from)
{
    if (**at == '"')
        return follow_text(reader, at, from);
    if (**at == '[')
        return follow_class(reader, at, from);
    if (**at != '(')
        return follow_rule(reader, at, from);
    ++*at;
    uint64_t to = follow_alternatives(reader, at, from);
    assert_int_equal(**at, ')');
    ++*at;
    return to;
}

static void read_repeat(const char **at, unsigned long *min, unsigned long *max)
{
    char *end = (char *)*at + 1;
    *min = **at == '+';
    *max = **at == '?' ? 1 : 1000000;
    if (**at == '{') {
        *min = strtoul(end, &end, 10);
        *max = *end == '}' ? *min : end[1] == '}' ? *max : strtoul(end + 1, &end, 10);
        end = strchr(end, '}') + 1;
        assert_true(*min <= 2000 && (*max <= 2000 || *max == 1000000));
    }
    *at = end;
}

static uint64_t follow_repeated(const scene *reader, const char **at, uint64_t from)
{
    const char *item = *at;
    unsigned long min, max;
    uint64_t at_once = follow_item(reader, at, from);
    if (!strchr("?*+{", **at))
        return at_once;
    bool is_optional = **at == '?';
    assert_true(*item != '(' || is_optional);
    read_repeat(at, &min, &max);
    uint64_t to = min ? 0 : from;
    for (unsigned long n = 1; n <= max && n <= 60 && at_once; n++) {
        const char *again = item;
        to |= n >= min ? at_once : 0;
        at_once = follow_item(reader, &again, at_once);
    }
    return to;
}

static uint64_t follow_alternatives(const scene *reader, const char **at, uint64_t from)
{
    uint64_t to = 0, now = from;
    for (;;) {
        while (**at == ' ')
            ++*at;
        if (**at == '|' || **at == ')' || **at == '\n')
            to |= now;
        if (**at == ')' || **at == '\n')
            return to;
        if (**at == '|') {
            now = from;
            ++*at;
        } else {
            now = follow_repeated(reader, at, now);
        }
    }
}

bool gbnf_matches(sv_str grammar, const char *text)
{
    char *ended = calloc(1, grammar.len + 1); /* what reads it looks for its zero */
    assert_non_null(ended);
    memcpy(ended, grammar.ptr, grammar.len);
    scene reader = {{ended, grammar.len}, text, strlen(text)};
    const char *root = "root ";
    assert_true(reader.len <= 60);
    bool is_match = follow_rule(&reader, &root, 1) >> reader.len & 1;
    free(ended);
    return is_match;
}
