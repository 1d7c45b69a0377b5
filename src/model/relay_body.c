/* relay_body.c: JSON for upstreams. */
#include "model/relay_body.h"

#include <math.h>

static void write_number(sv_writer *writer, const char *name, double value, double usual)
{
    if (fabs(value - usual) > 0)
        sv_writer_key_double(writer, name, value);
}

/* A seed that nobody chose is 64 random bits, of no use to the upstream, which may take fewer. */
static void write_sampling(sv_writer *writer, const sv_sampling *sampling)
{
    write_number(writer, "temperature", sampling->temperature, 1);
    write_number(writer, "top_p", sampling->top_p, 1);
    write_number(writer, "min_p", sampling->min_p, 0);
    write_number(writer, "presence_penalty", sampling->presence_penalty, 0);
    write_number(writer, "frequency_penalty", sampling->frequency_penalty, 0);
    write_number(writer, "repeat_penalty", sampling->repeat_penalty, 1);
    if (sampling->top_k > 0)
        sv_writer_key_int(writer, "top_k", sampling->top_k);
    if (sampling->seed <= INT32_MAX)
        sv_writer_key_int(writer, "seed", (int64_t)sampling->seed);
}

static void write_stops(sv_writer *writer, const sv_str *stops, size_t n)
{
    if (!n)
        return;
    sv_writer_key(writer, SV_STR("stop"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < n; i++)
        sv_writer_str(writer, stops[i]);
    sv_writer_end_array(writer);
}

static void write_messages(sv_writer *writer, const sv_chat_message *messages, size_t n)
{
    sv_writer_key(writer, SV_STR("messages"));
    sv_writer_begin_array(writer);
    for (size_t i = 0; i < n; i++) {
        sv_writer_begin_object(writer);
        sv_writer_key_str(writer, "role", messages[i].role);
        sv_writer_key_str(writer, "content", messages[i].content);
        sv_writer_end_object(writer);
    }
    sv_writer_end_array(writer);
}

sv_status sv_relay_body_write(const sv_relay *relay, const sv_generation_request *request,
                              const sv_chat_message *messages, size_t n, sv_buf *body)
{
    sv_writer writer;
    sv_writer_init(&writer, body);
    sv_writer_begin_object(&writer);
    sv_writer_key_str(&writer, "model", relay->model);
    write_messages(&writer, messages, n);
    write_sampling(&writer, &request->sampling);
    write_stops(&writer, request->stops, request->n_stops);
    sv_writer_key_int(&writer, "max_tokens", request->max_tokens);
    sv_writer_key_bool(&writer, "stream", true);
    sv_writer_key_raw(&writer, "stream_options", SV_STR("{\"include_usage\":true}"));
    sv_writer_end_object(&writer);
    return sv_buf_status(body);
}

sv_status sv_relay_body_rename(const sv_value *object, sv_str model, sv_buf *body)
{
    sv_str name;
    const sv_value *value;
    sv_writer writer;
    bool has_model = false;
    if (sv_value_get_type(object) != SV_VALUE_OBJECT ||
        sv_value_len(object) > SV_RELAY_BODY_MAX_MEMBERS)
        return SV_INVALID;
    sv_writer_init(&writer, body);
    sv_writer_begin_object(&writer);
    sv_value_cursor cursor = sv_value_walk(object);
    while (sv_value_next_member(&cursor, &name, &value)) {
        if (sv_value_get(object, name) != value) /* a later one of this name counts */
            continue;
        bool is_model = sv_str_eq(name, SV_STR("model"));
        has_model |= is_model;
        sv_writer_key(&writer, name);
        if (is_model)
            sv_writer_str(&writer, model);
        else
            sv_value_write(value, &writer, 0);
    }
    if (!has_model)
        sv_writer_key_str(&writer, "model", model);
    sv_writer_end_object(&writer);
    return sv_buf_status(body);
}
