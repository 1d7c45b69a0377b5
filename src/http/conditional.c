/* conditional.c: preconditions and ranges, in the order of RFC 9110 13.2.2. */
#include "http/conditional.h"

#include "http/http_date.h"

typedef struct question {
    sv_str method;
    const sv_http_header *headers;
    size_t n_headers;
    const sv_conditional_state *state;
} question;

typedef enum verdict { IS_ABSENT, HOLDS, FAILS } verdict;

/* The only field of this name; NULL pointer when there is none, or several. */
static sv_str find_single(const question *asked, sv_str name)
{
    sv_str found = {0};
    for (size_t i = 0; i < asked->n_headers; i++) {
        if (!sv_str_eq_nocase(asked->headers[i].name, name))
            continue;
        if (found.ptr)
            return (sv_str){0};
        found = asked->headers[i].value;
    }
    return found;
}

/* ---- Entity tags ---- */

static bool is_separator(char byte)
{
    return byte == ',' || byte == ' ' || byte == '\t';
}

/* Cuts the next `"tag"` or `W/"tag"` off a list; false at its end, and where it is malformed. Tags
 * may contain commas. */
static bool next_tag(sv_str *rest, sv_str *ret_tag, bool *ret_weak)
{
    while (rest->len && is_separator(*rest->ptr))
        *rest = sv_str_slice(*rest, 1, rest->len);
    *ret_weak = sv_str_starts_with(*rest, SV_STR("W/"));
    sv_str text = sv_str_slice(*rest, *ret_weak ? 2 : 0, rest->len);
    size_t len = 1 + sv_str_find(sv_str_slice(text, 1, text.len), '"') + 1;
    if (!text.len || *text.ptr != '"' || len > text.len)
        return false;
    *ret_tag = sv_str_slice(text, 0, len);
    *rest = sv_str_slice(text, len, text.len);
    return true;
}

static bool list_matches(sv_str list, sv_str etag, bool strongly)
{
    sv_str tag;
    bool is_weak;
    if (sv_str_eq(list, SV_STR("*")))
        return true;
    while (next_tag(&list, &tag, &is_weak))
        if (sv_str_eq(tag, etag) && !(strongly && is_weak))
            return true;
    return false;
}

/* Several fields of a list are one list. */
static verdict judge_tags(const question *asked, sv_str name, bool strongly)
{
    verdict found = IS_ABSENT;
    for (size_t i = 0; i < asked->n_headers; i++) {
        if (!sv_str_eq_nocase(asked->headers[i].name, name))
            continue;
        if (list_matches(asked->headers[i].value, asked->state->etag, strongly))
            return HOLDS;
        found = FAILS;
    }
    return found;
}

/* Whether it was changed after the date of the field: HOLDS. */
static verdict judge_date(const question *asked, sv_str name)
{
    int64_t date;
    if (asked->state->modified_s < 0 || !sv_http_date_read(find_single(asked, name), &date))
        return IS_ABSENT;
    return asked->state->modified_s > date ? HOLDS : FAILS;
}

static bool is_read(const question *asked)
{
    return sv_str_eq(asked->method, SV_STR("GET")) || sv_str_eq(asked->method, SV_STR("HEAD"));
}

/* 200 when no precondition forbids it. */
static int judge_conditions(const question *asked)
{
    verdict match = judge_tags(asked, SV_STR("If-Match"), true);
    if (match == FAILS)
        return 412;
    if (match == IS_ABSENT && judge_date(asked, SV_STR("If-Unmodified-Since")) == HOLDS)
        return 412;
    verdict none_match = judge_tags(asked, SV_STR("If-None-Match"), false);
    if (none_match == HOLDS)
        return is_read(asked) ? 304 : 412;
    if (none_match == IS_ABSENT && is_read(asked) &&
        judge_date(asked, SV_STR("If-Modified-Since")) == FAILS)
        return 304;
    return 200;
}

/* ---- Ranges ---- */

/* Only digits; what is too large for a number is the largest. */
static bool read_position(sv_str text, uint64_t *ret_position)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    if (!sv_str_to_u64(text, ret_position))
        *ret_position = UINT64_MAX;
    return text.len > 0;
}

/* The last `length` bytes. */
static sv_conditional_answer answer_suffix(uint64_t length, uint64_t size)
{
    if (!length || !size)
        return (sv_conditional_answer){.status = 416};
    length = length < size ? length : size;
    return (sv_conditional_answer){206, size - length, length};
}

/* "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-LENGTH"; anything else is answered whole. */
static sv_conditional_answer answer_range(sv_str range, uint64_t size)
{
    const sv_conditional_answer whole = {200, 0, size};
    size_t equals = sv_str_find(range, '=');
    sv_str unit = sv_str_slice(range, 0, equals);
    sv_str spec = sv_str_trim_ows(sv_str_slice(range, equals + 1, range.len));
    size_t dash = sv_str_find(spec, '-');
    sv_str last_text = sv_str_slice(spec, dash + 1, spec.len);
    uint64_t first, last = UINT64_MAX;
    if (!sv_str_eq_nocase(unit, SV_STR("bytes")) || dash == spec.len)
        return whole;
    if (dash == 0)
        return read_position(last_text, &last) ? answer_suffix(last, size) : whole;
    if (!read_position(sv_str_slice(spec, 0, dash), &first) ||
        (last_text.len && !read_position(last_text, &last)) || last < first)
        return whole;
    if (first >= size)
        return (sv_conditional_answer){.status = 416};
    last = last < size ? last : size - 1;
    return (sv_conditional_answer){206, first, last - first + 1};
}

/* Whether the client's part, if it has one, is of what there is now: a weak tag does not tell. */
static bool is_range_wanted(const question *asked)
{
    sv_str condition = find_single(asked, SV_STR("If-Range"));
    int64_t date;
    if (!condition.ptr)
        return true;
    if (sv_http_date_read(condition, &date))
        return date == asked->state->modified_s;
    return asked->state->etag.ptr && sv_str_eq(condition, asked->state->etag);
}

sv_conditional_answer sv_conditional_decide(sv_str method, const sv_http_header *headers,
                                            size_t n_headers, const sv_conditional_state *state)
{
    const question asked = {method, headers, n_headers, state};
    int status = judge_conditions(&asked);
    if (status != 200)
        return (sv_conditional_answer){.status = status};
    sv_str range = find_single(&asked, SV_STR("Range"));
    if (sv_str_eq(method, SV_STR("GET")) && range.ptr && is_range_wanted(&asked))
        return answer_range(range, state->size_bytes);
    return (sv_conditional_answer){200, 0, state->size_bytes};
}
