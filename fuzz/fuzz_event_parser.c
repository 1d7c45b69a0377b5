/* fuzz_event_parser.c: any bytes as a stream of events, once whole and once in pieces, with a taker
 * that has enough now and then: the same events come. The first byte says how the bytes are cut,
 * the second how often the taker stops. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/event_parser.h"

enum { MAX_EVENT = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct event_log {
    sv_buf text;
    size_t n_events, stops;
} event_log;

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void write_text(sv_buf *to, sv_str text)
{
    demand(sv_buf_printf(to, "%zu:", text.len) == SV_OK && sv_buf_append_str(to, text) == SV_OK);
}

static bool take(void *arg, const sv_parsed_event *event)
{
    event_log *to = arg;
    demand(event->type.len > 0 && event->data.len < MAX_EVENT && event->retry_ms >= 0);
    demand(sv_str_find(event->type, '\n') == event->type.len);
    demand(sv_str_find(event->id, '\n') == event->id.len);
    demand(sv_str_find(event->data, '\r') == event->data.len);
    write_text(&to->text, event->type);
    write_text(&to->text, event->id);
    write_text(&to->text, event->data);
    demand(sv_buf_printf(&to->text, "%lld;", (long long)event->retry_ms) == SV_OK);
    return !to->stops || ++to->n_events % to->stops;
}

static sv_status parse(sv_str bytes, size_t step, event_log *to)
{
    sv_event_parser parser;
    sv_status status = SV_OK;
    sv_event_parser_init(&parser, MAX_EVENT);
    for (size_t at = 0; at < bytes.len && !status; at += step) {
        sv_str piece = sv_str_slice(bytes, at, step);
        do
            status = sv_event_parser_feed(&parser, &piece, take, to);
        while (piece.len && !status);
    }
    demand(parser.buf.len <= MAX_EVENT);
    sv_event_parser_deinit(&parser);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    event_log whole = {0}, pieces = {0};
    if (size < 2)
        return 0;
    sv_str bytes = {(const char *)data + 2, size - 2};
    size_t limit = 1000 + (bytes.len + 1) * (2 * SV_EVENT_PARSER_MAX_NAME + 64);
    sv_buf_init(&whole.text, limit);
    sv_buf_init(&pieces.text, limit);
    pieces.stops = data[1] % 4;
    demand(parse(bytes, bytes.len + 1, &whole) == parse(bytes, 1 + data[0], &pieces));
    demand(sv_str_eq(sv_buf_str(&whole.text), sv_buf_str(&pieces.text)));
    sv_buf_deinit(&whole.text);
    sv_buf_deinit(&pieces.text);
    return 0;
}
