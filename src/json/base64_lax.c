/* base64_lax.c: base64 as Python's binascii.a2b_base64 takes it. */
#include "json/base64_lax.h"

#include "base/base64.h"

/* 0..63, or -1. */
static int letter_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* What was read: whole groups of four letters, and `n_letters` of the next. */
typedef struct letters {
    uint8_t *at;
    uint8_t rest; /* bits that wait for the next letter */
    int n_letters, n_pads;
} letters;

static void read_letter(letters *reader, int value)
{
    static const int n_low_bits[] = {0, 4, 2, 0}; /* of the letter, for the byte after it */
    int n_low = reader->n_letters ? n_low_bits[reader->n_letters] : 6;
    if (reader->n_letters)
        *reader->at++ = (uint8_t)(reader->rest << (6 - n_low) | value >> n_low);
    reader->rest = (uint8_t)(value & ((1 << n_low) - 1));
    reader->n_letters = (reader->n_letters + 1) % 4;
    reader->n_pads = 0;
}

/* True when the padding completes a group: what follows is not read. */
static bool read_pad(letters *reader)
{
    return reader->n_letters >= 2 && reader->n_letters + ++reader->n_pads >= 4;
}

static sv_str describe_problem(sv_arena *arena, const letters *reader, const uint8_t *start)
{
    if (reader->n_letters != 1)
        return sv_arena_copy(arena, SV_STR("Incorrect padding"));
    return sv_arena_printf(arena,
                           "Invalid base64-encoded string: number of data characters (%zu) cannot "
                           "be 1 more than a multiple of 4",
                           (size_t)(reader->at - start) / 3 * 4 + 1);
}

sv_status sv_base64_lax_decode(sv_arena *arena, sv_str text, sv_bytes *ret_bytes,
                               sv_str *ret_problem)
{
    uint8_t *bytes = sv_arena_alloc_raw(arena, sv_base64_decoded_max(text.len));
    letters reader = {.at = bytes};
    bool is_complete = false;
    if (!bytes)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < text.len && !is_complete; i++) {
        int value = letter_value(text.ptr[i]);
        if (text.ptr[i] == '=')
            is_complete = read_pad(&reader);
        else if (value >= 0)
            read_letter(&reader, value);
    }
    if (!is_complete && reader.n_letters) {
        sv_str problem = describe_problem(arena, &reader, bytes);
        if (!problem.ptr)
            return SV_NO_MEMORY;
        *ret_problem = problem;
        return SV_INVALID;
    }
    *ret_bytes = (sv_bytes){bytes, (size_t)(reader.at - bytes)};
    return SV_OK;
}
