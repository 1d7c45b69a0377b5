/* fuzz_relay.c: any bytes as an upstream's answer: a stream, a whole answer or a refusal. What
 * reaches a client is whole characters, and frames that are JSON with our name for the model; the
 * key never is in a message. The first byte says what it is, the second how the bytes are cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/event_parser.h"
#include "model/relay_reader.h"

enum { MAX_EVENT = 4096, IS_STREAM = 1, PASSES = 2, IS_REFUSAL = 4 };

#define KEY "fuzzed-key"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void ignore(sv_generation *generation, void *arg)
{
    (void)generation, (void)arg;
}

static void check_trouble(const sv_relay_trouble *trouble)
{
    const sv_error *error = &trouble->error;
    size_t len = strlen(error->message);
    demand(error->kind && len > 0 && len < sizeof error->message);
    demand(sv_str_is_utf8(sv_str_from(error->message)));
    demand(!strstr(error->message, KEY) && !strchr(error->message, '\n'));
    demand(sv_str_is_utf8(sv_str_from(error->path)) && sv_str_is_utf8(sv_str_from(trouble->code)));
}

/* An object whose model is ours. */
static void check_object(sv_str json)
{
    sv_value_error why;
    const sv_value *value;
    sv_arena *arena = sv_arena_new(0);
    demand(arena && !sv_value_parse(arena, json, NULL, &why, &value));
    const sv_value *model = sv_value_get(value, SV_STR("model"));
    demand(model && sv_value_get_type(model) == SV_VALUE_STR &&
           sv_str_eq(sv_value_str(model), SV_STR("ours")));
    sv_arena_free(arena);
}

static void check_frames(sv_str text)
{
    sv_str rest = text, line;
    while (rest.len && sv_str_split(&rest, '\n', &line)) {
        if (!line.len)
            continue;
        demand(sv_str_starts_with(line, SV_STR("data: ")));
        check_object(sv_str_slice(line, 6, line.len));
    }
}

static void check_text(sv_generation *generation)
{
    sv_generation_part part;
    const sv_generation_ask *ask = &generation->request.ask;
    if (!sv_generation_take(generation, &part))
        return;
    demand(sv_str_is_utf8(part.text));
    if (ask->name.len && ask->is_stream)
        check_frames(part.text);
    else if (ask->name.len)
        check_object(part.text);
}

static bool take_event(void *arg, const sv_parsed_event *event)
{
    sv_relay_reader *reader = arg;
    return sv_relay_reader_frame(reader, event->data) == SV_OK;
}

static sv_status read_stream(sv_relay_reader *reader, sv_str bytes, size_t step)
{
    sv_event_parser parser;
    sv_status status = SV_OK;
    sv_event_parser_init(&parser, MAX_EVENT);
    for (size_t at = 0; at < bytes.len && !status; at += step) {
        sv_str piece = sv_str_slice(bytes, at, step);
        status = sv_event_parser_feed(&parser, &piece, take_event, reader);
        if (!status)
            status = reader->trouble.status;
    }
    sv_event_parser_deinit(&parser);
    return status ? status : sv_relay_reader_end(reader);
}

static void refuse(sv_str bytes, uint8_t step)
{
    sv_relay_trouble trouble;
    sv_relay_refusal refusal = {.status = 201 + step * 3 % 399,
                                .retry_after_s = step % 7 - 1,
                                .body = bytes,
                                .secret = SV_STR("Bearer " KEY)};
    sv_relay_trouble_of_status(&refusal, &trouble);
    check_trouble(&trouble);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_generation *generation;
    sv_relay_reader reader;
    if (size < 2)
        return 0;
    sv_str bytes = {(const char *)data + 2, size - 2};
    if (data[0] & IS_REFUSAL) {
        refuse(bytes, data[1]);
        return 0;
    }
    bool is_stream = data[0] & IS_STREAM;
    sv_generation_request request = {
        .ask = {"/x", SV_STR("{}"), data[0] & PASSES ? SV_STR("ours") : SV_STR(""), is_stream},
        .max_tokens = 1};
    demand(!sv_generation_new(&request, &generation));
    generation->wake = ignore;
    demand(!sv_relay_reader_init(&reader, generation, SV_STR("Bearer " KEY)));
    sv_status status = is_stream ? read_stream(&reader, bytes, data[1] % 64 + 1u)
                                 : sv_relay_reader_whole(&reader, bytes);
    if (status && reader.trouble.status)
        check_trouble(&reader.trouble);
    demand(status || reader.is_done || reader.finish);
    check_text(generation);
    sv_relay_reader_deinit(&reader);
    sv_generation_drop(generation);
    sv_generation_drop(generation);
    return 0;
}
