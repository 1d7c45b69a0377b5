/* multipart.c: finds the parts of multipart/form-data.
 *
 * DESIGN. A delimiter is CRLF, two hyphens and the boundary; the start of the body counts as if a
 * CRLF stood before it. As a boundary cannot contain CR, no part of a delimiter but its start can
 * begin another one: when a comparison fails, the bytes compared so far are data, and comparing
 * goes on with the byte at hand. So a delimiter that is cut by the end of a piece needs no copy of
 * the piece, only the count of bytes that have matched (`n_matched`): the bytes are those of the
 * delimiter itself. Whole ones are found with memmem, so the time is linear. */
#include "http/multipart.h"

#include <string.h>

enum { MAX_BOUNDARY = 70, MAX_DELIMITER = MAX_BOUNDARY + 4 };

typedef enum place {
    IN_TEXT,         /* the data of a part, or what stands before the first */
    AFTER_DELIMITER, /* a line end or two hyphens make it one; else it was data */
    IN_PADDING,      /* white space between delimiter and line end */
    IN_HEAD,
    AT_END, /* the last delimiter has come, the event has not gone out */
    IN_EPILOGUE,
    HAS_FAILED,
    N_PLACES
} place;

struct sv_multipart {
    sv_arena *arena;
    sv_form_limits limits;
    sv_error *error; /* of the call that runs */
    place place;
    bool in_part, is_file; /* is_file: of the part at hand */
    size_t n_fields, n_files;
    size_t field_bytes;                /* of the field at hand */
    size_t n_matched, delimiter_len;   /* n_matched: at the end of the last piece */
    char delimiter[MAX_DELIMITER + 1]; /* and room for the byte that came after it */
    bool has_after;                    /* that byte is there */
    size_t head_len;
    char head[]; /* limits.max_head_bytes */
};

/* ---- Set-up ---- */

static bool is_boundary(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7E)
            return false;
    return text.len > 0 && text.len <= MAX_BOUNDARY && text.ptr[text.len - 1] != ' ';
}

static sv_status read_boundary(sv_str content_type, sv_error *error, sv_str *ret_boundary)
{
    sv_str boundary = sv_part_head_param(content_type, SV_STR("boundary"));
    if (!boundary.ptr)
        return sv_error_set(error, SV_INVALID, &sv_kind_bad_request,
                            "Missing boundary in multipart.");
    if (boundary.len >= 2 && boundary.ptr[0] == '"' && boundary.ptr[boundary.len - 1] == '"')
        boundary = sv_str_slice(boundary, 1, boundary.len - 2);
    if (!is_boundary(boundary))
        return sv_part_head_refuse(error);
    *ret_boundary = boundary;
    return SV_OK;
}

sv_status sv_multipart_new(sv_arena *arena, sv_str content_type, const sv_form_limits *limits,
                           sv_error *error, sv_multipart **ret_parser)
{
    sv_str boundary = SV_STR("");
    sv_status status = read_boundary(content_type, error, &boundary);
    if (status)
        return status;
    sv_multipart *parser = sv_arena_alloc_raw(arena, sizeof *parser + limits->max_head_bytes);
    if (!parser)
        return SV_NO_MEMORY;
    *parser = (sv_multipart){
        .arena = arena,
        .limits = *limits,
        .n_matched = 2, /* the CRLF before the body */
        .delimiter_len = boundary.len + 4,
    };
    memcpy(parser->delimiter, "\r\n--", 4);
    memcpy(parser->delimiter + 4, boundary.ptr, boundary.len);
    *ret_parser = parser;
    return SV_OK;
}

/* ---- Places: each takes bytes off the piece, and may make one event ---- */

static char take_byte(sv_str *piece)
{
    char byte = *piece->ptr;
    *piece = sv_str_slice(*piece, 1, piece->len);
    return byte;
}

static sv_str take_bytes(sv_str *piece, size_t len)
{
    sv_str taken = sv_str_slice(*piece, 0, len);
    *piece = sv_str_slice(*piece, len, piece->len);
    return taken;
}

/* Bytes of the text that no delimiter contains. */
static sv_status emit_text(sv_multipart *parser, sv_str bytes, sv_multipart_event *event)
{
    if (!parser->in_part || !bytes.len)
        return SV_OK;
    if (!parser->is_file) {
        if (bytes.len > parser->limits.max_field_bytes - parser->field_bytes)
            return sv_form_refuse_size(parser->error, "Part", parser->limits.max_field_bytes);
        parser->field_bytes += bytes.len;
    }
    event->kind = SV_MULTIPART_DATA;
    event->bytes = bytes;
    return SV_OK;
}

/* What looked like a delimiter was text. */
static sv_status release_match(sv_multipart *parser, sv_multipart_event *event)
{
    sv_str bytes = {parser->delimiter, parser->n_matched + parser->has_after};
    parser->place = IN_TEXT;
    parser->n_matched = 0;
    parser->has_after = false;
    return emit_text(parser, bytes, event);
}

static sv_status continue_match(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    while (piece->len && parser->n_matched < parser->delimiter_len) {
        if (*piece->ptr != parser->delimiter[parser->n_matched])
            return release_match(parser, event);
        (void)take_byte(piece);
        parser->n_matched++;
    }
    if (parser->n_matched == parser->delimiter_len)
        parser->place = AFTER_DELIMITER;
    return SV_OK;
}

/* How many bytes at the end of the piece may begin a delimiter: only the last CR can. */
static size_t measure_tail(const sv_multipart *parser, sv_str piece)
{
    size_t most = parser->delimiter_len - 1;
    sv_str end = sv_str_slice(piece, piece.len > most ? piece.len - most : 0, most);
    const char *at = end.len ? memrchr(end.ptr, '\r', end.len) : NULL;
    size_t len = at ? (size_t)(end.ptr + end.len - at) : 0;
    return at && memcmp(at, parser->delimiter, len) == 0 ? len : 0;
}

static sv_status read_text(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    if (parser->n_matched)
        return continue_match(parser, piece, event);
    const char *at = memmem(piece->ptr, piece->len, parser->delimiter, parser->delimiter_len);
    size_t tail_len = at ? parser->delimiter_len : measure_tail(parser, *piece);
    size_t text_len = at ? (size_t)(at - piece->ptr) : piece->len - tail_len;
    sv_str text = take_bytes(piece, text_len);
    (void)take_bytes(piece, tail_len);
    parser->n_matched = tail_len;
    if (at)
        parser->place = AFTER_DELIMITER;
    return emit_text(parser, text, event);
}

static void end_part(sv_multipart *parser, place next, sv_multipart_event *event)
{
    if (parser->in_part)
        event->kind = SV_MULTIPART_PART_END;
    parser->in_part = parser->has_after = false;
    parser->n_matched = parser->head_len = 0;
    parser->place = next;
}

static sv_status read_after(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    char *after = parser->delimiter + parser->delimiter_len, byte = *piece->ptr;
    if (!parser->has_after && (byte == '\r' || byte == '-')) {
        *after = take_byte(piece);
        parser->has_after = true;
    } else if (!parser->has_after && (byte == ' ' || byte == '\t')) {
        parser->place = IN_PADDING;
    } else if (parser->has_after && *after == '\r' && byte == '\n') {
        (void)take_byte(piece);
        end_part(parser, IN_HEAD, event);
    } else if (parser->has_after && *after == '-' && byte == '-') {
        (void)take_byte(piece);
        end_part(parser, AT_END, event);
    } else {
        return release_match(parser, event);
    }
    return SV_OK;
}

/* After a boundary and a space nothing but a line end is right: no client means it as data. */
static sv_status read_padding(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    char byte = take_byte(piece);
    if (parser->has_after && byte == '\n')
        end_part(parser, IN_HEAD, event);
    else if (!parser->has_after && byte == '\r')
        parser->has_after = true;
    else if (parser->has_after || (byte != ' ' && byte != '\t'))
        return sv_part_head_refuse(parser->error);
    return SV_OK;
}

static sv_status begin_part(sv_multipart *parser, sv_multipart_event *event)
{
    sv_str lines = {parser->head, parser->head_len};
    sv_status status = sv_part_head_read(parser->arena, lines, parser->error, &event->head);
    if (status)
        return status;
    parser->is_file = event->head.filename.ptr != NULL;
    size_t *count = parser->is_file ? &parser->n_files : &parser->n_fields;
    if (++*count > parser->limits.max_parts)
        return sv_form_refuse_count(parser->error, parser->is_file ? "files" : "fields",
                                    parser->limits.max_parts);
    event->kind = SV_MULTIPART_PART;
    parser->in_part = true;
    parser->field_bytes = 0;
    parser->place = IN_TEXT;
    return SV_OK;
}

static sv_status read_head(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    sv_str line = take_bytes(piece, sv_str_find(*piece, '\n') + 1);
    if (line.len > parser->limits.max_head_bytes - parser->head_len)
        return sv_part_head_refuse(parser->error);
    memcpy(parser->head + parser->head_len, line.ptr, line.len);
    parser->head_len += line.len;
    sv_str head = {parser->head, parser->head_len};
    bool is_complete =
        sv_str_eq(head, SV_STR("\r\n")) || sv_str_ends_with(head, SV_STR("\r\n\r\n"));
    return is_complete ? begin_part(parser, event) : SV_OK;
}

static sv_status end_form(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    (void)piece;
    event->kind = SV_MULTIPART_END;
    parser->place = IN_EPILOGUE;
    return SV_OK;
}

static sv_status skip_epilogue(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    (void)parser;
    (void)event;
    (void)take_bytes(piece, piece->len);
    return SV_OK;
}

static sv_status repeat_failure(sv_multipart *parser, sv_str *piece, sv_multipart_event *event)
{
    (void)piece;
    (void)event;
    return sv_part_head_refuse(parser->error);
}

static sv_status (*const readers[N_PLACES])(sv_multipart *, sv_str *, sv_multipart_event *) = {
    [IN_TEXT] = read_text,         [AFTER_DELIMITER] = read_after,
    [IN_PADDING] = read_padding,   [IN_HEAD] = read_head,
    [AT_END] = end_form,           [IN_EPILOGUE] = skip_epilogue,
    [HAS_FAILED] = repeat_failure,
};

sv_status sv_multipart_next(sv_multipart *parser, sv_str *piece, sv_error *error,
                            sv_multipart_event *ret_event)
{
    sv_multipart_event event = {.kind = SV_MULTIPART_MORE};
    sv_status status = SV_OK;
    parser->error = error;
    while (!status && !event.kind && (piece->len || parser->place == AT_END))
        status = readers[parser->place](parser, piece, &event);
    if (status)
        parser->place = HAS_FAILED;
    else
        *ret_event = event;
    return status;
}

sv_status sv_multipart_finish(const sv_multipart *parser, sv_error *error)
{
    return parser->place == IN_EPILOGUE ? SV_OK : sv_part_head_refuse(error);
}

/* ---- A whole body ---- */

/* The next part of the list, which grows by doubling. */
static sv_form_part *add_part(sv_arena *arena, sv_form *form, size_t *capacity)
{
    if (form->n_parts == *capacity) {
        size_t wider = *capacity ? *capacity * 2 : 8;
        sv_form_part *parts = sv_arena_alloc_array(arena, wider, sizeof *parts);
        if (!parts)
            return NULL;
        if (form->n_parts)
            memcpy(parts, form->parts, form->n_parts * sizeof *parts);
        form->parts = parts;
        *capacity = wider;
    }
    return &form->parts[form->n_parts++];
}

static sv_status end_collected(sv_arena *arena, sv_form_part *part)
{
    if (part->filename.ptr)
        return SV_OK;
    part->bytes = sv_part_head_to_utf8(arena, part->bytes);
    return part->bytes.ptr ? SV_OK : SV_NO_MEMORY;
}

/* Takes over one event. The data of a part is one span of the body, whatever pieces it is told in:
 * it begins where the body stands after the head. */
static sv_status collect_event(sv_arena *arena, const sv_multipart_event *event, const char *at,
                               sv_form_part *part)
{
    switch (event->kind) {
    case SV_MULTIPART_PART:
        *part = (sv_form_part){
            event->head.name, event->head.filename, event->head.content_type, {at, 0}};
        return SV_OK;
    case SV_MULTIPART_DATA:
        part->bytes.len += event->bytes.len;
        return SV_OK;
    case SV_MULTIPART_PART_END:
        return end_collected(arena, part);
    case SV_MULTIPART_MORE:
    case SV_MULTIPART_END:
        break;
    }
    return SV_OK;
}

sv_status sv_multipart_collect(sv_multipart *parser, sv_str body, sv_error *error,
                               sv_form *ret_form)
{
    sv_form form = {0};
    sv_form_part none = {0}, *part = &none; /* none: nothing comes before the first part */
    sv_multipart_event event = {.kind = SV_MULTIPART_PART_END};
    size_t capacity = 0;
    while (event.kind) {
        sv_status status = sv_multipart_next(parser, &body, error, &event);
        if (!status && event.kind == SV_MULTIPART_PART) {
            part = add_part(parser->arena, &form, &capacity);
            status = part ? SV_OK : SV_NO_MEMORY;
        }
        if (!status)
            status = collect_event(parser->arena, &event, body.ptr, part);
        if (status)
            return status;
    }
    sv_status status = sv_multipart_finish(parser, error);
    if (!status)
        *ret_form = form;
    return status;
}
