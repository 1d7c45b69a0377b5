/* fetch_head.c: sizes and lengths of an answer. */
#include "io/fetch_head.h"

const char sv_fetch_head_too_large[] = "the answer's headers are too large";

static sv_str trim_end(sv_str line)
{
    while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* A length that is no plain number, or that is said twice and not the same, is read in one way by
 * us and in another by somebody else. */
static bool is_good_length(sv_fetch_head *head, sv_str line)
{
    uint64_t length;
    size_t colon = sv_str_find(line, ':');
    sv_str name = sv_str_slice(line, 0, colon);
    if (!sv_str_eq_nocase(sv_str_trim_ows(name), SV_STR("content-length")))
        return true;
    sv_str value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    if (sv_str_trim_ows(name).len != name.len || !sv_str_to_u64(value, &length) ||
        (head->has_length && length != head->length))
        return false;
    head->has_length = true;
    head->length = length;
    return true;
}

const char *sv_fetch_head_take(sv_fetch_head *head, sv_str line)
{
    head->size_bytes += line.len;
    if (head->size_bytes > SV_FETCH_HEAD_MAX)
        return sv_fetch_head_too_large;
    line = trim_end(line);
    head->is_complete = line.len == 0;
    if (sv_str_starts_with(line, SV_STR("HTTP/")))
        head->has_length = false; /* after a 1xx */
    return is_good_length(head, line) ? NULL : "the answer's length is not a plain number";
}
