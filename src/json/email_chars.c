/* email_chars.c: characters of addresses and their names. */
#include "json/email_chars.h"

#include <ctype.h>
#include <string.h>

enum { N_ASCII = 128, DELETE = 0x7F, FIRST_ACCENT = 0x300, LAST_ACCENT = 0x36F };

typedef struct unsafe_range {
    uint32_t first, last;
    const char *name; /* NULL: its number */
    bool is_space;
} unsafe_range;

static const unsafe_range unsafe_ranges[] = {
    {0x80, 0x9F, NULL, false},
    {0xA0, 0xA0, "NO-BREAK SPACE", true},
    {0xAD, 0xAD, "SOFT HYPHEN", false},
    {0x61C, 0x61C, "ARABIC LETTER MARK", false},
    {0x1680, 0x1680, "OGHAM SPACE MARK", true},
    {0x180E, 0x180E, "MONGOLIAN VOWEL SEPARATOR", false},
    {0x2000, 0x2000, "EN QUAD", true},
    {0x2001, 0x2001, "EM QUAD", true},
    {0x2002, 0x2002, "EN SPACE", true},
    {0x2003, 0x2003, "EM SPACE", true},
    {0x2004, 0x2004, "THREE-PER-EM SPACE", true},
    {0x2005, 0x2005, "FOUR-PER-EM SPACE", true},
    {0x2006, 0x2006, "SIX-PER-EM SPACE", true},
    {0x2007, 0x2007, "FIGURE SPACE", true},
    {0x2008, 0x2008, "PUNCTUATION SPACE", true},
    {0x2009, 0x2009, "THIN SPACE", true},
    {0x200A, 0x200A, "HAIR SPACE", true},
    {0x200B, 0x200B, "ZERO WIDTH SPACE", false},
    {0x200C, 0x200C, "ZERO WIDTH NON-JOINER", false},
    {0x200D, 0x200D, "ZERO WIDTH JOINER", false},
    {0x200E, 0x200E, "LEFT-TO-RIGHT MARK", false},
    {0x200F, 0x200F, "RIGHT-TO-LEFT MARK", false},
    {0x2028, 0x2028, "LINE SEPARATOR", false},
    {0x2029, 0x2029, "PARAGRAPH SEPARATOR", false},
    {0x202A, 0x202A, "LEFT-TO-RIGHT EMBEDDING", false},
    {0x202B, 0x202B, "RIGHT-TO-LEFT EMBEDDING", false},
    {0x202C, 0x202C, "POP DIRECTIONAL FORMATTING", false},
    {0x202D, 0x202D, "LEFT-TO-RIGHT OVERRIDE", false},
    {0x202E, 0x202E, "RIGHT-TO-LEFT OVERRIDE", false},
    {0x202F, 0x202F, "NARROW NO-BREAK SPACE", true},
    {0x205F, 0x205F, "MEDIUM MATHEMATICAL SPACE", true},
    {0x2060, 0x2060, "WORD JOINER", false},
    {0x3000, 0x3000, "IDEOGRAPHIC SPACE", true},
    {0xE000, 0xF8FF, NULL, false},
    {0xFEFF, 0xFEFF, "ZERO WIDTH NO-BREAK SPACE", false},
    {0xFFF0, 0xFFFB, NULL, false},
    {0xE0000, 0xE0FFF, NULL, false},
    {0xF0000, 0x10FFFF, NULL, false},
};

/* The first character of UTF-8 cut off `*rest`; a byte that is no character counts as one. */
static uint32_t read_char(sv_str *rest)
{
    unsigned char lead = (unsigned char)*rest->ptr;
    size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t c = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size && i < rest->len; i++)
        c = c << 6 | ((unsigned char)rest->ptr[i] & 0x3FU);
    *rest = sv_str_slice(*rest, size, rest->len);
    return c;
}

static const unsafe_range *find_unsafe(uint32_t c)
{
    for (size_t i = 0; i < sizeof unsafe_ranges / sizeof *unsafe_ranges; i++)
        if (c >= unsafe_ranges[i].first && c <= unsafe_ranges[i].last)
            return &unsafe_ranges[i];
    return NULL;
}

/* As Python's repr() and the Unicode names print it: '(' SPACE U+0009. `bytes` are the character's.
 */
static void append_name(sv_buf *out, uint32_t c, sv_str bytes, bool is_first)
{
    const unsafe_range *range = find_unsafe(c);
    if (!is_first)
        sv_buf_append_str(out, SV_STR(", "));
    if (c == ' ')
        sv_buf_append_str(out, SV_STR("SPACE"));
    else if (range && range->name)
        sv_buf_append_str(out, sv_str_from(range->name));
    else if (c < ' ' || c == DELETE || range)
        sv_buf_printf(out, c < 0xFFFF ? "U+%04X" : "U+%08X", (unsigned)c);
    else if (c == '\\' || c == '\'')
        sv_buf_printf(out, "\"%c\"", (char)c);
    else
        sv_buf_printf(out, "'%.*s'", SV_STR_ARG(bytes));
}

static bool is_bad(unsigned char c, sv_email_part part)
{
    bool is_atom = isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
    switch (part) {
    case SV_EMAIL_LOCAL:
        return !is_atom && c != '.';
    case SV_EMAIL_QUOTED:
        return c < ' ' || c == DELETE;
    case SV_EMAIL_DOMAIN:
        return !isalnum(c) && c != '-' && c != '.';
    case SV_EMAIL_DISPLAY_NAME:
        return !is_atom && c != ' ';
    }
    return true;
}

/* Where a name stands among sorted names: "…" before '…' before SPACE before U+…. */
static int rank(int c)
{
    if (c == '\'' || c == '\\')
        return 0;
    if (c == ' ')
        return 2;
    return c < ' ' || c == DELETE ? 3 : 1;
}

enum { N_RANKS = 4 };

void sv_email_chars_append_bad(sv_buf *out, sv_str text, sv_email_part part)
{
    bool found[N_ASCII] = {false};
    size_t start = out->len;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < N_ASCII && is_bad(c, part))
            found[c] = true;
    }
    for (int r = 0; r < N_RANKS; r++)
        for (int c = 0; c < N_ASCII; c++) {
            char byte = (char)c;
            if (found[c] && rank(c) == r)
                append_name(out, (uint32_t)c, (sv_str){&byte, 1}, out->len == start);
        }
    while (part == SV_EMAIL_DISPLAY_NAME && text.len > 0) {
        sv_str before = text;
        uint32_t c = read_char(&text);
        if (c >= N_ASCII)
            append_name(out, c, sv_str_slice(before, 0, before.len - text.len), out->len == start);
    }
}

void sv_email_chars_append_unsafe(sv_buf *out, sv_str text, bool may_have_space)
{
    size_t start = out->len;
    for (bool is_first = true; text.len > 0; is_first = false) {
        uint32_t c = read_char(&text);
        const unsafe_range *range = find_unsafe(c);
        if (range && !(range->is_space && may_have_space))
            append_name(out, c, SV_STR(""), out->len == start);
        else if (is_first && c == 0x301)
            sv_buf_append_str(out, SV_STR("COMBINING ACUTE ACCENT"));
        else if (is_first && c >= FIRST_ACCENT && c <= LAST_ACCENT)
            sv_buf_printf(out, "U+%04X", (unsigned)c);
    }
}

void sv_email_chars_append_all(sv_buf *out, sv_str text)
{
    for (bool is_first = true; text.len > 0; is_first = false) {
        sv_str before = text;
        uint32_t c = read_char(&text);
        append_name(out, c, sv_str_slice(before, 0, before.len - text.len), is_first);
    }
}
