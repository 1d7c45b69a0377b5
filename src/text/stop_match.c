/* stop_match.c: stop sequences across pieces.
 *
 * DESIGN. Each stop runs the automaton of Knuth, Morris and Pratt over the bytes: `n_matched` is
 * the length of the longest end of the text that is a beginning of the stop. The longest of all
 * stops is what must be held, and since it is a beginning of that stop, nothing needs to be stored.
 * A stop that is complete waits (`found`, which began `found_ago` bytes before the present end) as
 * long as a stop that began before it may still become complete. */
#include "text/stop_match.h"

typedef struct automaton {
    sv_str text;
    /* fallback[n]: the longest beginning of the text, shorter than n + 1 bytes, that the first
     * n + 1 bytes end in */
    unsigned char *fallback;
    size_t n_matched;
} automaton;

struct sv_stop_match {
    size_t n_stops;
    size_t holder; /* the stop that matches the most: what is held is its beginning */
    size_t found, found_ago;
    bool has_found, stopped;
    bool begins[256]; /* bytes that some stop begins with */
    automaton stops[];
};

/* How much of the stop matches once `byte` has come behind `n_matched` bytes of it. */
static size_t advance(const automaton *stop, size_t n_matched, char byte)
{
    while (n_matched && (n_matched == stop->text.len || stop->text.ptr[n_matched] != byte))
        n_matched = stop->fallback[n_matched - 1];
    return stop->text.ptr[n_matched] == byte ? n_matched + 1 : 0;
}

static void init_stop(automaton *stop, sv_str text, unsigned char *fallback)
{
    *stop = (automaton){.text = text, .fallback = fallback};
    fallback[0] = 0;
    for (size_t i = 1; i < text.len; i++)
        fallback[i] = (unsigned char)advance(stop, fallback[i - 1], text.ptr[i]);
}

static sv_status check_stops(const sv_str *stops, size_t n_stops, sv_error *error,
                             size_t *ret_total)
{
    size_t total = 0;
    if (n_stops > SV_STOP_MATCH_MAX_STOPS)
        return sv_error_set(error, SV_INVALID, NULL, "stop: at most %d sequences",
                            (int)SV_STOP_MATCH_MAX_STOPS);
    for (size_t i = 0; i < n_stops; i++) {
        total += stops[i].len;
        if (!stops[i].len || stops[i].len > SV_STOP_MATCH_MAX_BYTES)
            return sv_error_set(error, SV_INVALID, NULL, "stop: a sequence has 1 to %d bytes",
                                (int)SV_STOP_MATCH_MAX_BYTES);
        if (!sv_str_is_utf8(stops[i]))
            return sv_error_set(error, SV_INVALID, NULL, "stop: a sequence is not UTF-8");
    }
    if (total > SV_STOP_MATCH_MAX_TOTAL)
        return sv_error_set(error, SV_INVALID, NULL, "stop: at most %d bytes in all",
                            (int)SV_STOP_MATCH_MAX_TOTAL);
    *ret_total = total;
    return SV_OK;
}

sv_status sv_stop_match_new(sv_arena *arena, const sv_str *stops, size_t n_stops, sv_error *error,
                            sv_stop_match **ret_match)
{
    size_t total;
    sv_status status = check_stops(stops, n_stops, error, &total);
    if (status)
        return status;
    sv_stop_match *match =
        sv_arena_alloc(arena, sizeof *match + n_stops * sizeof *match->stops + total);
    if (!match)
        return SV_NO_MEMORY;
    unsigned char *fallback = (unsigned char *)(match->stops + n_stops);
    match->n_stops = n_stops;
    for (size_t i = 0; i < n_stops; fallback += stops[i++].len) {
        init_stop(&match->stops[i], stops[i], fallback);
        match->begins[(unsigned char)stops[i].ptr[0]] = true;
    }
    *ret_match = match;
    return SV_OK;
}

static sv_str get_held(const sv_stop_match *match)
{
    if (!match->n_stops)
        return SV_STR("");
    const automaton *holder = &match->stops[match->holder];
    return sv_str_slice(holder->text, 0, holder->n_matched);
}

/* A stop of `len` bytes ends here; the earlier it began, the better. */
static void note_found(sv_stop_match *match, size_t index, size_t len)
{
    if (match->has_found && match->found_ago >= len)
        return;
    match->has_found = true;
    match->found = index;
    match->found_ago = len;
}

/* Feeds one byte to every stop. */
static void step(sv_stop_match *match, char byte)
{
    size_t longest = 0;
    match->holder = 0;
    match->found_ago += match->has_found;
    for (size_t i = 0; i < match->n_stops; i++) {
        automaton *stop = &match->stops[i];
        stop->n_matched = advance(stop, stop->n_matched, byte);
        if (stop->n_matched == stop->text.len) {
            note_found(match, i, stop->text.len);
            stop->n_matched = stop->fallback[stop->text.len - 1];
        }
        if (stop->n_matched > longest) {
            longest = stop->n_matched;
            match->holder = i;
        }
    }
    match->stopped = match->has_found && longest <= match->found_ago;
}

/* How many bytes from `at` on no stop can begin in; 0 while something is held. */
static size_t skip(const sv_stop_match *match, sv_str text, size_t at)
{
    size_t n = 0;
    if (get_held(match).len || match->has_found)
        return 0;
    while (at + n < text.len && !match->begins[(unsigned char)text.ptr[at + n]])
        n++;
    return n;
}

/* Appends the first `len` bytes of what was held and the text behind it. */
static sv_status emit(sv_str held, sv_str text, size_t len, sv_buf *out)
{
    sv_str first = sv_str_slice(held, 0, len);
    sv_buf_append_str(out, first);
    sv_buf_append_str(out, sv_str_slice(text, 0, len - first.len));
    return sv_buf_status(out);
}

sv_status sv_stop_match_add(sv_stop_match *match, sv_str text, sv_buf *out, bool *ret_stopped)
{
    sv_str held = get_held(match);
    size_t n = 0;
    while (n < text.len && !match->stopped) {
        size_t n_skipped = skip(match, text, n);
        if (!n_skipped)
            step(match, text.ptr[n]);
        n += n_skipped ? n_skipped : 1;
    }
    size_t kept = match->stopped ? match->found_ago : get_held(match).len;
    sv_status status = n ? emit(held, text, held.len + n - kept, out) : sv_buf_status(out);
    if (!status)
        *ret_stopped = match->stopped;
    return status;
}

sv_status sv_stop_match_end(sv_stop_match *match, sv_buf *out, bool *ret_stopped)
{
    sv_status status = sv_buf_status(out);
    if (!match->stopped) {
        sv_str held = get_held(match);
        size_t kept = match->has_found ? match->found_ago : 0;
        match->stopped = match->has_found;
        status = emit(held, SV_STR(""), held.len - kept, out);
        for (size_t i = 0; i < match->n_stops; i++)
            match->stops[i].n_matched = 0;
    }
    if (!status)
        *ret_stopped = match->stopped;
    return status;
}

size_t sv_stop_match_index(const sv_stop_match *match)
{
    return match->found;
}
