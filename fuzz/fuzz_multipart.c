/* fuzz_multipart.c: hostile forms in parts. The first two bytes say how the rest is cut: however
 * that is, the events must say what the whole body says. */
#include <stdint.h>
#include <stdlib.h>

#include "http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sv_form_limits limits = {
    .max_parts = 20, .max_field_bytes = 1024, .max_head_bytes = 512};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static sv_multipart *start(sv_arena *arena)
{
    sv_multipart *parser;
    require(sv_multipart_new(arena, SV_STR("multipart/form-data; boundary=\"X-\""), &limits, NULL,
                             &parser) == SV_OK);
    return parser;
}

/* Checks an event against the part that was collected; files only, as fields may be decoded. */
static void check_event(const sv_form *form, const sv_multipart_event *event, size_t *index,
                        size_t *offset)
{
    if (event->kind == SV_MULTIPART_PART_END)
        ++*index;
    if (event->kind == SV_MULTIPART_PART)
        *offset = 0;
    if (event->kind != SV_MULTIPART_PART && event->kind != SV_MULTIPART_DATA)
        return;
    require(*index < form->n_parts);
    const sv_form_part *part = &form->parts[*index];
    if (event->kind == SV_MULTIPART_PART) {
        require(sv_str_eq(part->name, event->head.name));
        require(sv_str_eq(part->filename, event->head.filename));
        require(sv_str_is_utf8(part->name) && sv_str_is_utf8(part->filename));
    } else if (part->filename.ptr) {
        require(sv_str_eq(sv_str_slice(part->bytes, *offset, event->bytes.len), event->bytes));
        *offset += event->bytes.len;
    }
}

/* Feeds pieces of `step` bytes, the first of `first`. */
static sv_status feed(sv_multipart *parser, sv_str body, const size_t sizes[2], const sv_form *form)
{
    size_t index = 0, offset = 0, len = sizes[0];
    while (body.len) {
        sv_str piece = sv_str_slice(body, 0, len);
        body = sv_str_slice(body, len, body.len);
        len = sizes[1];
        sv_multipart_event event = {.kind = SV_MULTIPART_END};
        while (event.kind) {
            sv_status status = sv_multipart_next(parser, &piece, NULL, &event);
            if (status)
                return status;
            if (form)
                check_event(form, &event, &index, &offset);
        }
        require(piece.len == 0);
    }
    return sv_multipart_finish(parser, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    sv_arena *arena = sv_arena_new(0);
    sv_str body = {(const char *)data + 2, size - 2};
    size_t sizes[2] = {data[0], data[1] + (size_t)1};
    sv_form form;
    sv_status whole = sv_multipart_collect(start(arena), body, NULL, &form);
    require(feed(start(arena), body, sizes, whole ? NULL : &form) == whole);
    sv_arena_free(arena);
    return 0;
}
