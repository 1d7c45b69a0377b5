/* uuid.c: UUIDs as text. Reading takes a text to pieces only when it was refused: good ones, the
 * many, need one look at each digit. */
#include "json/uuid.h"

enum {
    N_GROUPS = 5,
    SIMPLE_LEN = 32,
    MAX_LEN = SV_UUID_TEXT_LEN + 9, /* with "urn:uuid:" */
};

static const size_t group_starts[N_GROUPS] = {0, 9, 14, 19, 24};
static const size_t group_lens[N_GROUPS] = {8, 4, 4, 4, 12};

/* 0..15, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Cuts braces or "urn:uuid:" off; how many bytes before `*text`. */
static size_t cut_wrapping(sv_str *text)
{
    static const sv_str urn = SV_STR_INIT("urn:uuid:");
    if (text->len >= 2 && text->ptr[0] == '{' && text->ptr[text->len - 1] == '}') {
        *text = sv_str_slice(*text, 1, text->len - 2);
        return 1;
    }
    if (!sv_str_starts_with(*text, urn))
        return 0;
    *text = sv_str_slice(*text, urn.len, text->len);
    return urn.len;
}

/* Pairs of digits; a hyphen may stand only before the groups. */
static bool read_digits(sv_str text, bool has_hyphens, sv_uuid *uuid)
{
    size_t at = 0, group = 1;
    for (size_t i = 0; i < sizeof uuid->bytes; i++, at += 2) {
        if (has_hyphens && group < N_GROUPS && at + 1 == group_starts[group]) {
            if (text.ptr[at++] != '-')
                return false;
            group++;
        }
        int high = hex_value(text.ptr[at]), low = hex_value(text.ptr[at + 1]);
        if (high < 0 || low < 0)
            return false;
        uuid->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool sv_uuid_parse(sv_str text, sv_uuid *ret_uuid)
{
    sv_uuid uuid;
    bool is_wrapped = cut_wrapping(&text) > 0;
    bool is_simple = !is_wrapped && text.len == SIMPLE_LEN;
    if (!is_simple && text.len != SV_UUID_TEXT_LEN)
        return false;
    if (!read_digits(text, !is_simple, &uuid))
        return false;
    *ret_uuid = uuid;
    return true;
}

/* The bytes of the UTF-8 character that starts at `at`. */
static sv_str char_at(sv_str text, size_t at)
{
    size_t len = 1;
    while (at + len < text.len && ((unsigned char)text.ptr[at + len] & 0xC0) == 0x80)
        len++;
    return sv_str_slice(text, at, len);
}

/* The crate looks at the lowest byte of a character only. */
static char lowest_byte(sv_str letter)
{
    if (letter.len == 1)
        return letter.ptr[0];
    return (char)((letter.ptr[letter.len - 2] & 3) << 6 | (letter.ptr[letter.len - 1] & 0x3F));
}

/* All characters are digits or hyphens, and there are five groups: one has a wrong length. */
static sv_str group_problem(sv_arena *arena, sv_str inner, size_t end, const size_t *hyphens)
{
    for (size_t i = 0; i < N_GROUPS; i++) {
        size_t len = (i + 1 < N_GROUPS ? hyphens[i] : end) - group_starts[i];
        if (len != group_lens[i] || i + 1 == N_GROUPS)
            return sv_arena_printf(arena,
                                   "invalid group length in group %zu: expected %zu, found %zu", i,
                                   group_lens[i], len);
    }
    return inner;
}

sv_str sv_uuid_problem(sv_arena *arena, sv_str text)
{
    sv_str inner = text;
    size_t start = 0, n_hyphens = 0, hyphens[N_GROUPS - 1] = {0};
    bool is_wrapped = text.len != SV_UUID_TEXT_LEN && (start = cut_wrapping(&inner)) > 0;
    if (text.len > MAX_LEN)
        return sv_arena_printf(arena, "invalid length: found %zu", text.len);
    if (inner.len == SV_UUID_TEXT_LEN)
        start = 0; /* the crate counts from the first digit when the length is right */
    for (size_t i = 0; i < inner.len;) {
        sv_str letter = char_at(inner, i);
        char byte = lowest_byte(letter);
        if (byte != '-' && hex_value(byte) < 0) /* %c: it may be a NUL */
            return sv_arena_printf(arena, "invalid character: found `%c%.*s` at %zu", letter.ptr[0],
                                   SV_STR_ARG(sv_str_slice(letter, 1, letter.len)), start + i);
        if (byte == '-' && n_hyphens++ < N_GROUPS - 1)
            hyphens[n_hyphens - 1] = i;
        i += letter.len;
    }
    if (n_hyphens == 0 && !is_wrapped && text.len != SV_UUID_TEXT_LEN)
        return sv_arena_printf(arena, "invalid length: found %zu", text.len);
    if (n_hyphens != N_GROUPS - 1)
        return sv_arena_printf(arena, "invalid group count: expected %d, found %zu", N_GROUPS,
                               n_hyphens + 1);
    return group_problem(arena, inner, text.len, hyphens);
}

void sv_uuid_print(const sv_uuid *uuid, char ret_text[SV_UUID_TEXT_LEN])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0, group = 1;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (group < N_GROUPS && at + 1 == group_starts[group]) {
            ret_text[at++] = '-';
            group++;
        }
        ret_text[at++] = digits[uuid->bytes[i] >> 4];
        ret_text[at++] = digits[uuid->bytes[i] & 15];
    }
}

int sv_uuid_version(const sv_uuid *uuid)
{
    bool has_versions = (uuid->bytes[8] & 0xC0) == 0x80;
    return has_versions ? uuid->bytes[6] >> 4 : 0;
}
