/* client_answer.c: the client's side of HTTP/1.1 framing (RFC 9112, 6 and 7), as much as a server
 * that is tested can send. Strict where it is cheap: a mistake of the server is to be seen. */
#include "web/client_answer.h"

#include <string.h>

#include "http/message.h"

enum { MAX_REPLY_HEADERS = 128, MAX_CHUNK_LINE = 256 };

/* Where the first CRLF of `text` begins, or text.len. */
static size_t find_line_end(sv_str text)
{
    size_t at = sv_str_find(text, '\n');
    return at < text.len && at > 0 && text.ptr[at - 1] == '\r' ? at - 1 : text.len;
}

/* Cuts one line and its CRLF off; false when there is no whole one. */
static bool take_line(sv_str *rest, sv_str *ret_line)
{
    size_t end = find_line_end(*rest);
    if (end == rest->len)
        return false;
    *ret_line = sv_str_slice(*rest, 0, end);
    *rest = sv_str_slice(*rest, end + 2, rest->len);
    return true;
}

/* The head with its empty line; empty when that has not come. */
static sv_str find_head(sv_str received)
{
    sv_str rest = received, line;
    while (take_line(&rest, &line))
        if (!line.len)
            return sv_str_slice(received, 0, received.len - rest.len);
    return (sv_str){0};
}

static bool read_status(sv_str line, int *ret_status)
{
    uint64_t status;
    sv_str digits = sv_str_slice(line, strlen("HTTP/1.1 "), 3);
    if (!sv_str_starts_with(line, SV_STR("HTTP/1.")) || digits.len < 3 ||
        !sv_str_to_u64(digits, &status) || status < 100)
        return false;
    *ret_status = (int)status;
    return true;
}

static sv_status read_headers(sv_client_answer *answer, sv_arena *arena, sv_str rest)
{
    sv_reply_header *headers = sv_arena_alloc_array(arena, MAX_REPLY_HEADERS, sizeof *headers);
    if (!headers)
        return SV_NO_MEMORY;
    answer->headers = headers;
    answer->n_headers = 0;
    sv_str line;
    while (take_line(&rest, &line) && line.len) {
        size_t colon = sv_str_find(line, ':');
        if (colon == line.len || answer->n_headers == MAX_REPLY_HEADERS)
            return SV_INVALID;
        headers[answer->n_headers++] = (sv_reply_header){
            sv_str_slice(line, 0, colon), sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len))};
    }
    return SV_OK;
}

static sv_str header_of(const sv_client_answer *answer, const char *name)
{
    sv_reply reply = {.headers = answer->headers, .n_headers = answer->n_headers};
    return sv_reply_header_value(&reply, name);
}

static sv_client_answer_state choose_framing(sv_client_answer *answer)
{
    sv_str length = header_of(answer, "content-length");
    if (answer->is_to_head || answer->status == 204 || answer->status == 304)
        return SV_CLIENT_ANSWER_END;
    if (sv_message_list_has(header_of(answer, "transfer-encoding"), SV_STR("chunked")))
        return SV_CLIENT_ANSWER_CHUNKED;
    if (!length.ptr)
        return SV_CLIENT_ANSWER_UNTIL_CLOSE;
    if (!sv_str_to_u64(length, &answer->left))
        return SV_CLIENT_ANSWER_WRONG;
    return answer->left ? SV_CLIENT_ANSWER_LENGTH : SV_CLIENT_ANSWER_END;
}

static sv_status read_one_head(sv_client_answer *answer, sv_arena *arena, sv_buf *received)
{
    sv_str text = find_head(sv_buf_str(received)), line;
    if (!text.len)
        return SV_UNAVAILABLE;
    answer->head = sv_arena_copy(arena, text);
    if (!answer->head.ptr)
        return SV_NO_MEMORY;
    sv_buf_consume(received, text.len);
    sv_str rest = answer->head;
    if (!take_line(&rest, &line) || !read_status(line, &answer->status))
        return SV_INVALID;
    return read_headers(answer, arena, rest);
}

sv_status sv_client_answer_read_head(sv_client_answer *answer, sv_arena *arena, sv_buf *received)
{
    sv_status status = SV_OK;
    do
        status = read_one_head(answer, arena, received);
    while (!status && answer->status < 200 && answer->status != 101);
    if (status == SV_UNAVAILABLE)
        return status;
    answer->state = status ? SV_CLIENT_ANSWER_WRONG : choose_framing(answer);
    return status;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20; /* lower case */
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool read_chunk_size(sv_str line, uint64_t *ret_size)
{
    enum { MAX_DIGITS = 15 };
    sv_str text = sv_str_slice(line, 0, sv_str_find(line, ';'));
    uint64_t size = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);
        if (digit < 0 || i == MAX_DIGITS)
            return false;
        size = size * 16 + (uint64_t)digit;
    }
    *ret_size = size;
    return text.len > 0;
}

static bool refuse(sv_client_answer *answer)
{
    answer->state = SV_CLIENT_ANSWER_WRONG;
    return false;
}

/* `after` follows the line of the last chunk: trailers, and an empty line. */
static bool read_end(sv_client_answer *answer, sv_str after, sv_str *rest)
{
    sv_str trailers = find_head(after);
    if (trailers.len) {
        *rest = sv_str_slice(after, trailers.len, after.len);
        answer->state = SV_CLIENT_ANSWER_END;
    }
    return false;
}

/* Only whole chunks, so that a piece is what the server sent as one. */
static bool next_chunk(sv_client_answer *answer, sv_str *rest, sv_str *ret_piece)
{
    sv_str after = *rest, line;
    uint64_t size;
    if (!take_line(&after, &line))
        return rest->len > MAX_CHUNK_LINE ? refuse(answer) : false;
    if (!read_chunk_size(line, &size))
        return refuse(answer);
    if (size == 0)
        return read_end(answer, after, rest);
    if (after.len < size + 2)
        return false;
    if (memcmp(after.ptr + size, "\r\n", 2) != 0)
        return refuse(answer);
    *ret_piece = sv_str_slice(after, 0, size);
    *rest = sv_str_slice(after, size + 2, after.len);
    return true;
}

static bool next_bytes(sv_client_answer *answer, uint64_t most, sv_str *rest, sv_str *ret_piece)
{
    *ret_piece = sv_str_slice(*rest, 0, most < rest->len ? (size_t)most : rest->len);
    *rest = sv_str_slice(*rest, ret_piece->len, rest->len);
    answer->left -= answer->state == SV_CLIENT_ANSWER_LENGTH ? ret_piece->len : 0;
    if (answer->state == SV_CLIENT_ANSWER_LENGTH && !answer->left)
        answer->state = SV_CLIENT_ANSWER_END;
    return ret_piece->len > 0;
}

bool sv_client_answer_next(sv_client_answer *answer, sv_str *rest, sv_str *ret_piece)
{
    switch (answer->state) {
    case SV_CLIENT_ANSWER_LENGTH:
        return next_bytes(answer, answer->left, rest, ret_piece);
    case SV_CLIENT_ANSWER_CHUNKED:
        return next_chunk(answer, rest, ret_piece);
    case SV_CLIENT_ANSWER_UNTIL_CLOSE:
        return next_bytes(answer, SIZE_MAX, rest, ret_piece);
    case SV_CLIENT_ANSWER_HEAD:
    case SV_CLIENT_ANSWER_END:
    case SV_CLIENT_ANSWER_WRONG:
        return false;
    }
    return false;
}

void sv_client_answer_close(sv_client_answer *answer)
{
    if (answer->state == SV_CLIENT_ANSWER_UNTIL_CLOSE)
        answer->state = SV_CLIENT_ANSWER_END;
    else if (answer->state != SV_CLIENT_ANSWER_END)
        answer->state = SV_CLIENT_ANSWER_WRONG;
}
