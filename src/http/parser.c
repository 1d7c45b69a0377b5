/* parser.c: the bytes of one request -> events. The only file that knows llhttp; knows no
 * connection and no route.
 *
 * DESIGN. HTTP/1.1 is lines, then bytes. A line (request line, field, chunk size, trailer) is first
 * collected whole in the arena, where limits are checked and its end must be CRLF; so nothing below
 * ever sees half a token. llhttp judges the fields, one line at a time, and walks the body. Two
 * kinds of lines are ours (framing.h), and llhttp is given their plain form instead: the request
 * line, because llhttp has one verdict for every bad method or version and refuses HTTP/1.2; and
 * the chunk-size line, because it refuses white space around an extension. No lenient flag is ever
 * set. */
#include "http/parser.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

#include "http/message.h"

enum {
    FIRST_BLOCK = 1024,
    MAX_EMPTY_LINES = 4,       /* before the request line */
    MAX_CHUNK_EXTENSION = 256, /* of one chunk */
    MAX_CHUNK_LINE = 16 + MAX_CHUNK_EXTENSION + 2,
    MAX_ALL_EXTENSIONS = 16 * 1024,
    MAX_CHUNKS = 65536, /* that are not empty */
    REQUEST_LINE_EXTRA =
        SV_FRAMING_MAX_METHOD + 12 /* around a target: method, spaces, version, line end */
};

typedef enum state {
    STATE_REQUEST_LINE,
    STATE_FIELDS,
    STATE_PLAIN_BODY, /* of Content-Length, or none */
    STATE_CHUNK_LINE,
    STATE_CHUNK_DATA,
    STATE_TRAILERS,
    STATE_COMPLETE,
    STATE_REFUSED
} state;

struct sv_parser {
    llhttp_t llhttp;
    state state;
    sv_parser_limits limits;
    sv_arena *arena;
    char *block;                   /* lines stand here one after the other */
    size_t block_used, block_size; /* up to `block_used` text is kept */
    size_t line_len;               /* of the line that is being collected, behind what is kept */
    size_t section_bytes;          /* header or trailer bytes so far */
    size_t n_empty_lines, n_chunks, n_extension_bytes, n_trailers;
    bool has_begun, has_line;
    sv_parser_event event; /* what a callback of llhttp found; MORE: nothing */
    sv_str piece;
    sv_refusal refusal;
    sv_parser_head head;
};

static sv_parser_event refuse(sv_parser *parser, const sv_error_kind *kind, const char *message)
{
    parser->refusal = (sv_refusal){kind, message};
    parser->state = STATE_REFUSED;
    return SV_PARSER_REFUSED;
}

/* Callbacks of llhttp. HPE_PAUSED hands control back behind the byte that was just read. */

static int on_name(llhttp_t *llhttp, const char *at, size_t len)
{
    sv_parser *parser = llhttp->data;
    sv_parser_head *head = &parser->head;
    size_t *count = parser->state == STATE_FIELDS ? &head->n_headers : &parser->n_trailers;
    if (*count == parser->limits.max_headers) {
        refuse(parser, &sv_kind_headers_too_large, "The request has too many header fields");
        return HPE_USER;
    }
    if (parser->state == STATE_FIELDS)
        head->headers[head->n_headers] = (sv_http_header){{at, len}, {"", 0}};
    (*count)++;
    return HPE_OK;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
    sv_parser *parser = llhttp->data;
    if (parser->state == STATE_FIELDS && parser->head.n_headers)
        parser->head.headers[parser->head.n_headers - 1].value = (sv_str){at, len};
    return HPE_OK;
}

static int on_head(llhttp_t *llhttp)
{
    sv_parser *parser = llhttp->data;
    llhttp->upgrade = 0; /* `Upgrade: h2c` is ignored, and must not pause the parser */
    parser->event = SV_PARSER_HEAD;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    sv_parser *parser = llhttp->data;
    if (!len)
        return HPE_OK;
    parser->piece = (sv_str){at, len};
    parser->event = SV_PARSER_BODY;
    return HPE_PAUSED;
}

static int on_chunk_end(llhttp_t *llhttp)
{
    sv_parser *parser = llhttp->data;
    if (parser->state != STATE_CHUNK_DATA)
        return HPE_OK; /* the last chunk ends with the trailers */
    parser->state = STATE_CHUNK_LINE;
    return HPE_PAUSED;
}

static int on_complete(llhttp_t *llhttp)
{
    sv_parser *parser = llhttp->data;
    parser->event = SV_PARSER_COMPLETE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_chunk_complete = on_chunk_end,
    .on_message_complete = on_complete,
};

/* Our own words: the parser's are never passed on. */
static const char *describe_fault(llhttp_errno_t fault, state where)
{
    if (fault == HPE_INVALID_CONTENT_LENGTH || fault == HPE_UNEXPECTED_CONTENT_LENGTH)
        return "Content-Length is malformed, repeated, or stands beside Transfer-Encoding";
    if (fault == HPE_INVALID_TRANSFER_ENCODING)
        return "Transfer-Encoding can only be chunked, once, without Content-Length";
    return where == STATE_FIELDS     ? "A header field is malformed"
           : where == STATE_TRAILERS ? "A trailer field is malformed"
                                     : "The chunked body is malformed";
}

/* Gives bytes to llhttp and takes off `*input` what it read. */
static sv_parser_event feed(sv_parser *parser, sv_str *input)
{
    state before = parser->state;
    const char *from = input->ptr ? input->ptr : "";
    parser->event = SV_PARSER_MORE;
    llhttp_errno_t fault = llhttp_execute(&parser->llhttp, from, input->len);
    size_t used = input->len;
    if (fault == HPE_PAUSED) {
        used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - from);
        llhttp_resume(&parser->llhttp);
    } else if (parser->state == STATE_REFUSED) {
        return SV_PARSER_REFUSED;
    } else if (fault != HPE_OK) {
        return refuse(parser, &sv_kind_bad_request, describe_fault(fault, before));
    }
    *input = sv_str_slice(*input, used, input->len);
    return parser->event;
}

static sv_parser_event feed_text(sv_parser *parser, sv_str text)
{
    return feed(parser, &text);
}

/* Room for `count` more bytes of the line, which moves when its block is full. */
static char *make_room(sv_parser *parser, size_t count)
{
    size_t needed = parser->line_len + count;
    if (parser->block_used + needed > parser->block_size) {
        size_t size = needed * 2 > FIRST_BLOCK ? needed * 2 : FIRST_BLOCK;
        char *block = sv_arena_alloc_raw(parser->arena, size);
        if (!block)
            return NULL;
        if (parser->line_len)
            memcpy(block, parser->block + parser->block_used, parser->line_len);
        parser->block = block;
        parser->block_used = 0;
        parser->block_size = size;
    }
    return parser->block + parser->block_used + parser->line_len;
}

static sv_str current_line(const sv_parser *parser)
{
    return (sv_str){parser->block + parser->block_used, parser->line_len};
}

typedef enum line_state { LINE_PARTIAL, LINE_WHOLE, LINE_REFUSED } line_state;

/* Moves bytes of the input into the line, up to its LF. `over` refuses a line longer than
 * `max_len`. */
static line_state collect_line(sv_parser *parser, sv_str *input, size_t max_len, sv_refusal over)
{
    size_t count = sv_str_find(*input, '\n');
    bool whole = count < input->len;
    count += whole;
    if (!count)
        return LINE_PARTIAL;
    char *to = NULL;
    if (count > max_len || parser->line_len > max_len - count)
        refuse(parser, over.kind, over.message);
    else if (!(to = make_room(parser, count)))
        refuse(parser, &sv_kind_insufficient_memory, "There is no memory for this request now");
    if (!to)
        return LINE_REFUSED;
    memcpy(to, input->ptr, count);
    parser->line_len += count;
    *input = sv_str_slice(*input, count, input->len);
    if (!whole)
        return LINE_PARTIAL;
    if (sv_str_ends_with(current_line(parser), SV_STR("\r\n")))
        return LINE_WHOLE;
    refuse(parser, &sv_kind_bad_request, "A line does not end in CR LF");
    return LINE_REFUSED;
}

static void keep_line(sv_parser *parser)
{
    parser->block_used += parser->line_len;
    parser->line_len = 0;
}

static void drop_line(sv_parser *parser)
{
    parser->line_len = 0;
}

/* What a line that is not whole, or not good, means to the caller of step. */
static sv_parser_event line_event(line_state line)
{
    return line == LINE_REFUSED ? SV_PARSER_REFUSED : SV_PARSER_MORE;
}

static sv_parser_event begin_line(sv_parser *parser, char first)
{
    parser->has_begun |= first != '\r';
    if (first == '\r' || sv_message_is_token((sv_str){&first, 1}))
        return SV_PARSER_MORE;
    return refuse(parser, &sv_kind_bad_request, "The bytes do not begin with an HTTP method");
}

static sv_parser_event end_request_line(sv_parser *parser)
{
    sv_str line = current_line(parser);
    line.len -= 2;
    if (!line.len) {
        drop_line(parser);
        if (++parser->n_empty_lines > MAX_EMPTY_LINES)
            return refuse(parser, &sv_kind_bad_request,
                          "There are too many empty lines before the request");
        return SV_PARSER_MORE;
    }
    sv_refusal refusal = sv_framing_read_request_line(line, &parser->head.line);
    if (refusal.kind)
        return refuse(parser, refusal.kind, refusal.message);
    parser->has_line = true;
    keep_line(parser);
    if (parser->head.line.target.len > parser->limits.max_target_bytes)
        return refuse(parser, &sv_kind_uri_too_long, "The request target is too long");
    parser->state = STATE_FIELDS;
    return feed_text(parser, SV_STR("POST / HTTP/1.1\r\n"));
}

static sv_parser_event step_request_line(sv_parser *parser, sv_str *input)
{
    if (!parser->line_len && input->len && begin_line(parser, input->ptr[0]) != SV_PARSER_MORE)
        return SV_PARSER_REFUSED;
    line_state line =
        collect_line(parser, input, parser->limits.max_target_bytes + REQUEST_LINE_EXTRA,
                     (sv_refusal){&sv_kind_uri_too_long, "The request line is too long"});
    return line == LINE_WHOLE ? end_request_line(parser) : line_event(line);
}

/* White space before the line end belongs to no value, but llhttp refuses a tab there in
 * Content-Length. A line that begins with white space is left alone: it is refused as it stands. */
static void trim_line(sv_parser *parser)
{
    char *line = parser->block + parser->block_used;
    size_t len = parser->line_len - 2;
    if (line[0] == ' ' || line[0] == '\t')
        return;
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    line[len] = '\r';
    line[len + 1] = '\n';
    parser->line_len = len + 2;
}

/* A header or trailer line. */
static sv_parser_event step_field(sv_parser *parser, sv_str *input)
{
    size_t left = parser->limits.max_header_bytes + 2 - parser->section_bytes;
    line_state line = collect_line(
        parser, input, left,
        (sv_refusal){&sv_kind_headers_too_large, "The header section is larger than allowed"});
    if (line != LINE_WHOLE)
        return line_event(line);
    parser->section_bytes += parser->line_len;
    trim_line(parser);
    bool is_header = parser->state == STATE_FIELDS;
    sv_parser_event event = feed_text(parser, current_line(parser));
    if (is_header)
        keep_line(parser);
    else
        drop_line(parser);
    return event;
}

static sv_parser_event step_head(sv_parser *parser, sv_str *input)
{
    sv_parser_event event = step_field(parser, input);
    if (event != SV_PARSER_HEAD)
        return event;
    sv_parser_head *head = &parser->head;
    sv_refusal refusal =
        sv_framing_read_fields(head->headers, head->n_headers, head->line.minor, &head->framing);
    if (refusal.kind)
        return refuse(parser, refusal.kind, refusal.message);
    parser->state = head->framing.chunked ? STATE_CHUNK_LINE : STATE_PLAIN_BODY;
    return event;
}

/* Counts what a chunk costs beside its data. */
static sv_parser_event count_chunk(sv_parser *parser, uint64_t size, size_t extension_bytes)
{
    parser->n_chunks += size > 0;
    parser->n_extension_bytes += extension_bytes;
    if (parser->n_chunks > MAX_CHUNKS)
        return refuse(parser, &sv_kind_bad_request, "The body has too many chunks");
    if (extension_bytes > MAX_CHUNK_EXTENSION || parser->n_extension_bytes > MAX_ALL_EXTENSIONS)
        return refuse(parser, &sv_kind_bad_request, "The chunk extensions are too long");
    return SV_PARSER_MORE;
}

static sv_parser_event step_chunk_line(sv_parser *parser, sv_str *input)
{
    line_state got =
        collect_line(parser, input, MAX_CHUNK_LINE,
                     (sv_refusal){&sv_kind_bad_request, "A chunk's size line is too long"});
    if (got != LINE_WHOLE)
        return line_event(got);
    uint64_t size;
    size_t extension_bytes;
    sv_str line = sv_str_slice(current_line(parser), 0, parser->line_len - 2);
    if (!sv_framing_read_chunk_line(line, &size, &extension_bytes))
        return refuse(parser, &sv_kind_bad_request, "A chunk's size line is malformed");
    if (count_chunk(parser, size, extension_bytes) == SV_PARSER_REFUSED)
        return SV_PARSER_REFUSED;
    sv_parser_event event = feed_text(parser, sv_str_slice(line, 0, line.len - extension_bytes));
    if (event == SV_PARSER_MORE)
        event = feed_text(parser, SV_STR("\r\n"));
    drop_line(parser);
    parser->section_bytes = 0;
    if (event == SV_PARSER_MORE)
        parser->state = size ? STATE_CHUNK_DATA : STATE_TRAILERS;
    return event;
}

static sv_parser_event step(sv_parser *parser, sv_str *input)
{
    switch (parser->state) {
    case STATE_REQUEST_LINE:
        return step_request_line(parser, input);
    case STATE_FIELDS:
        return step_head(parser, input);
    case STATE_PLAIN_BODY:
    case STATE_CHUNK_DATA:
        return feed(parser, input);
    case STATE_CHUNK_LINE:
        return step_chunk_line(parser, input);
    case STATE_TRAILERS:
        return step_field(parser, input);
    case STATE_COMPLETE:
        return SV_PARSER_COMPLETE;
    case STATE_REFUSED:
        return SV_PARSER_REFUSED;
    }
    return SV_PARSER_REFUSED;
}

sv_parser_event sv_parser_next(sv_parser *parser, sv_str *input, sv_str *ret_piece)
{
    sv_parser_event event;
    do
        event = step(parser, input);
    while (event == SV_PARSER_MORE && input->len);
    if (event == SV_PARSER_BODY)
        *ret_piece = parser->piece;
    if (event == SV_PARSER_COMPLETE)
        parser->state = STATE_COMPLETE;
    return event;
}

sv_parser *sv_parser_new(void)
{
    return calloc(1, sizeof(sv_parser));
}

void sv_parser_free(sv_parser *parser)
{
    free(parser);
}

void sv_parser_start(sv_parser *parser, sv_arena *arena, sv_parser_limits limits)
{
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &settings);
    parser->llhttp.data = parser;
    parser->state = STATE_REQUEST_LINE;
    parser->limits = limits;
    if (limits.max_headers > SV_EXCHANGE_MAX_HEADERS)
        parser->limits.max_headers = SV_EXCHANGE_MAX_HEADERS;
    parser->arena = arena;
    parser->block = NULL;
    parser->block_used = parser->block_size = parser->line_len = parser->section_bytes = 0;
    parser->n_empty_lines = parser->n_chunks = parser->n_extension_bytes = parser->n_trailers = 0;
    parser->has_begun = parser->has_line = false;
    parser->refusal = (sv_refusal){0};
    parser->head.line = (sv_request_line){0};
    parser->head.n_headers = 0;
    parser->head.framing = (sv_framing){0};
}

void sv_parser_move(sv_parser *parser, sv_arena *arena)
{
    parser->arena = arena;
    parser->block = NULL;
    parser->block_used = parser->block_size = 0;
}

bool sv_parser_has_begun(const sv_parser *parser)
{
    return parser->has_begun;
}

sv_parser_head *sv_parser_get_head(sv_parser *parser)
{
    return &parser->head;
}

bool sv_parser_has_line(const sv_parser *parser)
{
    return parser->has_line;
}

sv_refusal sv_parser_get_refusal(const sv_parser *parser)
{
    return parser->refusal;
}
