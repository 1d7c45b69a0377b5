/* fuzz_text_pieces.c: hostile bytes in hostile pieces through utf8_pieces and stop_match, compared
 * with the whole text at once. The input: how many stops (0..3), each with its length and its
 * bytes, one byte that the cuts are drawn from, and the text. */
#include <stdlib.h>
#include <string.h>

#include "text/stop_match.h"
#include "text/utf8_pieces.h"

enum { MAX_STOPS = 3, MAX_STOP = 15 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t take(sv_str *input)
{
    uint8_t byte = input->len ? (uint8_t)input->ptr[0] : 0;
    *input = sv_str_slice(*input, 1, input->len);
    return byte;
}

/* Pieces of 1 to 8 bytes. */
static size_t draw_length(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return 1 + (*seed >> 16) % 8;
}

static void mend_whole(sv_str bytes, sv_buf *out)
{
    sv_utf8_pieces pieces = {{0}, 0};
    require(!sv_utf8_pieces_add(&pieces, bytes, out));
    require(!sv_utf8_pieces_end(&pieces, out));
    require(sv_str_is_utf8(sv_buf_str(out)));
}

/* Where the text ends, by looking for every stop at every place. */
static size_t search(const sv_str *stops, size_t n_stops, sv_str text, size_t *ret_index)
{
    for (size_t start = 0; start < text.len; start++) {
        *ret_index = n_stops;
        for (size_t i = 0; i < n_stops; i++)
            if (sv_str_starts_with(sv_str_slice(text, start, text.len), stops[i]) &&
                (*ret_index == n_stops || stops[i].len < stops[*ret_index].len))
                *ret_index = i;
        if (*ret_index < n_stops)
            return start;
    }
    *ret_index = n_stops;
    return text.len;
}

/* As a model's answer goes: bytes, characters, text without stops. */
static bool send_in_pieces(sv_stop_match *match, sv_str bytes, uint32_t seed, sv_buf *out)
{
    sv_utf8_pieces pieces = {{0}, 0};
    bool stopped = false;
    sv_buf characters;
    sv_buf_init(&characters, 100);
    while (bytes.len) {
        sv_str piece = sv_str_slice(bytes, 0, draw_length(&seed));
        sv_buf_clear(&characters);
        require(!sv_utf8_pieces_add(&pieces, piece, &characters));
        require(!sv_stop_match_add(match, sv_buf_str(&characters), out, &stopped));
        require(sv_str_is_utf8(sv_buf_str(&characters)) && sv_str_is_utf8(sv_buf_str(out)));
        bytes = sv_str_slice(bytes, piece.len, bytes.len);
    }
    sv_buf_clear(&characters);
    require(!sv_utf8_pieces_end(&pieces, &characters));
    require(!sv_stop_match_add(match, sv_buf_str(&characters), out, &stopped));
    require(!sv_stop_match_end(match, out, &stopped));
    sv_buf_deinit(&characters);
    return stopped;
}

static void check(sv_stop_match *match, const sv_str *stops, size_t n_stops, sv_str bytes,
                  uint32_t seed)
{
    sv_buf whole, out;
    size_t index;
    sv_buf_init(&whole, 3 * bytes.len + 3);
    sv_buf_init(&out, 3 * bytes.len + 3);
    mend_whole(bytes, &whole);
    size_t len = search(stops, n_stops, sv_buf_str(&whole), &index);
    bool stopped = send_in_pieces(match, bytes, seed, &out);
    require(sv_str_eq(sv_buf_str(&out), sv_str_slice(sv_buf_str(&whole), 0, len)));
    require(stopped == (index < n_stops));
    require(!stopped || sv_stop_match_index(match) == index);
    if (sv_str_is_utf8(bytes))
        require(sv_str_eq(sv_buf_str(&whole), bytes));
    sv_buf_deinit(&whole);
    sv_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str input = {(const char *)data, size}, stops[MAX_STOPS];
    size_t n_stops = take(&input) % (MAX_STOPS + 1);
    for (size_t i = 0; i < n_stops; i++) {
        size_t len = take(&input) % (MAX_STOP + 1);
        stops[i] = sv_str_slice(input, 0, len);
        input = sv_str_slice(input, len, input.len);
    }
    sv_arena *arena = sv_arena_new(0);
    sv_stop_match *match;
    require(arena != NULL);
    sv_error error = {0};
    uint32_t seed = take(&input);
    sv_status status = sv_stop_match_new(arena, stops, n_stops, &error, &match);
    if (!status)
        check(match, stops, n_stops, input, seed);
    else
        require(status == SV_INVALID && error.message[0] != '\0');
    sv_arena_free(arena);
    return 0;
}
