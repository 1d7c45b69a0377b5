/* relay_reader.c: frames of upstreams. */
#include "model/relay_reader.h"

#include <string.h>

#include "base/clock.h"
#include "model/relay_body.h"

static const char garbage[] = "The upstream's answer is none of its API";

sv_status sv_relay_reader_init(sv_relay_reader *reader, sv_generation *generation, sv_str secret)
{
    *reader = (sv_relay_reader){.generation = generation, .secret = secret};
    sv_buf_init(&reader->out, (size_t)SV_RELAY_MAX_WHOLE * 2);
    reader->told_ns = generation->times.submitted_ns;
    reader->arena = sv_arena_new(0);
    return reader->arena ? SV_OK : SV_NO_MEMORY;
}

void sv_relay_reader_deinit(sv_relay_reader *reader)
{
    sv_buf_deinit(&reader->out);
    sv_arena_free(reader->arena);
    reader->arena = NULL;
}

/* ---- Members; NULL or 0: there is none of this type ---- */

static const sv_value *get(const sv_value *object, const char *name, sv_value_type type)
{
    const sv_value *value = object ? sv_value_get(object, sv_str_from(name)) : NULL;
    return value && sv_value_get_type(value) == type ? value : NULL;
}

static uint32_t get_count(const sv_value *object, const char *name)
{
    const sv_value *value = get(object, name, SV_VALUE_INT);
    int64_t count = value ? sv_value_int(value) : 0;
    return count < 0 || count > UINT32_MAX ? 0 : (uint32_t)count;
}

static const sv_value *get_choice(const sv_value *frame)
{
    const sv_value *choices = get(frame, "choices", SV_VALUE_ARRAY), *choice;
    sv_value_cursor cursor;
    if (!choices)
        return NULL;
    cursor = sv_value_walk(choices);
    return sv_value_next_item(&cursor, &choice) ? choice : NULL;
}

/* ---- What a frame means ---- */

static sv_status fail(sv_relay_reader *reader, const char *what, const sv_value *error)
{
    sv_relay_trouble_of_answer(what, error, reader->secret, &reader->trouble);
    return reader->trouble.status;
}

static sv_status fail_memory(sv_relay_reader *reader)
{
    sv_relay_trouble_of_fault(SV_UPSTREAM_NO_MEMORY, &reader->trouble);
    return reader->trouble.status;
}

static void note_usage(sv_relay_reader *reader, const sv_value *frame)
{
    const sv_value *usage = get(frame, "usage", SV_VALUE_OBJECT);
    if (!usage)
        return;
    const sv_value *details = get(usage, "prompt_tokens_details", SV_VALUE_OBJECT);
    reader->generation->usage =
        (sv_generation_usage){.n_prompt = get_count(usage, "prompt_tokens"),
                              .n_cached = get_count(details, "cached_tokens"),
                              .n_completion = get_count(usage, "completion_tokens")};
}

static void note_finish(sv_relay_reader *reader, const sv_value *choice)
{
    const sv_value *reason = get(choice, "finish_reason", SV_VALUE_STR);
    if (!reason)
        return;
    bool is_length = sv_str_eq(sv_value_str(reason), SV_STR("length"));
    reader->finish = is_length ? SV_FINISH_LENGTH : SV_FINISH_STOP;
}

static void note_text(sv_relay_reader *reader)
{
    sv_generation *generation = reader->generation;
    int64_t now = sv_clock_now_ns(&sv_clock_system);
    if (!generation->times.first_ns)
        generation->times.first_ns = now;
    if (generation->on_token)
        generation->on_token(generation, now - reader->told_ns);
    reader->told_ns = now;
}

static sv_status put(sv_relay_reader *reader, sv_str text)
{
    if (!text.len)
        return SV_OK;
    note_text(reader);
    return sv_generation_put(reader->generation, text, NULL) ? fail_memory(reader) : SV_OK;
}

/* Of a chunk, of a whole conversation, of a completion. */
static sv_str find_text(const sv_value *choice)
{
    const sv_value *part = get(choice, "delta", SV_VALUE_OBJECT);
    if (!part)
        part = get(choice, "message", SV_VALUE_OBJECT);
    const sv_value *text =
        part ? get(part, "content", SV_VALUE_STR) : get(choice, "text", SV_VALUE_STR);
    return text ? sv_value_str(text) : (sv_str){0};
}

static sv_status pass_on(sv_relay_reader *reader, const sv_value *frame)
{
    const sv_generation_ask *ask = &reader->generation->request.ask;
    sv_buf_clear(&reader->out);
    if (ask->is_stream)
        sv_buf_append_str(&reader->out, SV_STR("data: "));
    sv_status status = sv_relay_body_rename(frame, ask->name, &reader->out);
    if (ask->is_stream)
        sv_buf_append_str(&reader->out, SV_STR("\n\n"));
    if (status == SV_INVALID)
        return fail(reader, garbage, NULL);
    if (status || sv_buf_status(&reader->out))
        return fail_memory(reader);
    return put(reader, sv_buf_str(&reader->out));
}

/* An object that tells no error. In the reader's arena. */
static sv_status parse(sv_relay_reader *reader, sv_str json, const sv_value **ret_frame)
{
    static const sv_value_limits limits = {.max_depth = SV_RELAY_MAX_DEPTH};
    sv_value_error unused;
    const sv_value *frame;
    sv_arena_reset(reader->arena);
    sv_status status = sv_value_parse(reader->arena, json, &limits, &unused, &frame);
    if (status == SV_NO_MEMORY)
        return fail_memory(reader);
    if (status || sv_value_get_type(frame) != SV_VALUE_OBJECT)
        return fail(reader, garbage, NULL);
    const sv_value *error = sv_value_get(frame, SV_STR("error"));
    if (error && sv_value_get_type(error) != SV_VALUE_NULL)
        return fail(reader, "The upstream failed", error);
    *ret_frame = frame;
    return SV_OK;
}

static sv_status take(sv_relay_reader *reader, const sv_value *frame)
{
    const sv_value *choice = get_choice(frame);
    note_usage(reader, frame);
    note_finish(reader, choice);
    return reader->generation->request.ask.name.len ? pass_on(reader, frame)
                                                    : put(reader, find_text(choice));
}

sv_status sv_relay_reader_frame(sv_relay_reader *reader, sv_str data)
{
    const sv_value *frame;
    if (reader->is_done)
        return SV_OK;
    reader->is_done = sv_str_eq(sv_str_trim(data), SV_STR("[DONE]"));
    if (reader->is_done)
        return SV_OK;
    sv_status status = parse(reader, data, &frame);
    return status ? status : take(reader, frame);
}

sv_status sv_relay_reader_whole(sv_relay_reader *reader, sv_str json)
{
    const sv_generation_ask *ask = &reader->generation->request.ask;
    const sv_value *frame;
    if (ask->name.len && ask->is_stream)
        return fail(reader, "The upstream does not stream its answers", NULL);
    sv_status status = parse(reader, json, &frame);
    if (!status && !ask->name.len && !get_choice(frame))
        status = fail(reader, garbage, NULL);
    if (!status)
        status = take(reader, frame);
    reader->is_done = !status;
    return status;
}

sv_status sv_relay_reader_end(sv_relay_reader *reader)
{
    if (!reader->is_done && !reader->finish)
        return fail(reader, "The upstream's answer was cut short", NULL);
    if (!reader->finish)
        reader->finish = SV_FINISH_STOP;
    return SV_OK;
}
