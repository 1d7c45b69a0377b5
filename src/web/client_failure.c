/* client_failure.c: what one reads when an expectation does not hold: what was expected, what was
 * asked, what was answered. */
#include "web/client_failure.h"

#include <stdio.h>

enum { MAX_SHOWN_BODY = 4096 };
static const size_t MAX_SHOWN_BYTES = (size_t)1 << 20;

/* Each line behind a mark. */
static void write_marked(sv_buf *out, char mark, sv_str text)
{
    sv_str line;
    while (sv_str_split(&text, '\n', &line)) {
        if (sv_str_ends_with(line, SV_STR("\r")))
            line.len--;
        if (!line.len && !text.len)
            break; /* the empty line at a head's end */
        sv_buf_printf(out, "%c %.*s\n", mark, SV_STR_ARG(line));
    }
}

static bool is_text(sv_str body)
{
    for (size_t i = 0; i < body.len; i++)
        if ((unsigned char)body.ptr[i] < ' ' && body.ptr[i] != '\n' && body.ptr[i] != '\r' &&
            body.ptr[i] != '\t')
            return false;
    return true;
}

static void write_body(sv_buf *out, char mark, sv_str body)
{
    sv_str shown = sv_str_slice(body, 0, MAX_SHOWN_BODY);
    if (!body.len)
        return;
    sv_buf_printf(out, "%c\n", mark);
    if (is_text(shown))
        write_marked(out, mark, shown);
    if (!is_text(shown) || shown.len < body.len)
        sv_buf_printf(out, "%c (%zu bytes%s)\n", mark, body.len,
                      is_text(shown) ? ", cut" : ", not text");
}

static void write_record(sv_buf *out, const sv_reply_record *record)
{
    if (!record)
        return;
    write_marked(out, '>', record->request_head);
    write_body(out, '>', record->request_body);
    write_marked(out, '<', record->answer_head);
    write_body(out, '<', record->answer_body);
}

static const char *take_text(sv_client *client, sv_buf *out)
{
    sv_str text = sv_buf_status(out) ? (sv_str){0} : sv_arena_copy(client->arena, sv_buf_str(out));
    sv_buf_deinit(out);
    return text.ptr;
}

const char *sv_client_failure_describe(sv_client *client, const sv_reply_record *record)
{
    sv_buf out;
    sv_buf_init(&out, MAX_SHOWN_BYTES);
    write_record(&out, record);
    return take_text(client, &out);
}

void sv_client_failure_raise(sv_client *client, const sv_reply_record *record, const char *format,
                             ...)
{
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (!client && record)
        client = record->client;
    if (!client) {
        fprintf(stderr, "%s\n", what);
        return;
    }
    sv_buf out;
    sv_buf_init(&out, MAX_SHOWN_BYTES);
    sv_buf_printf(&out, "%s\n", what);
    write_record(&out, record);
    const char *text = take_text(client, &out);
    client->n_failures++;
    if (client->fail)
        client->fail(text ? text : what);
    else
        fputs(text ? text : what, stderr);
}

void sv_test_set_fail(sv_client *client, void (*fail)(const char *text))
{
    if (client)
        client->fail = fail;
}

size_t sv_test_failures(const sv_client *client)
{
    return client ? client->n_failures : 1;
}

const char *sv_test_last(sv_client *client)
{
    const char *text =
        client && client->last ? sv_client_failure_describe(client, client->last) : "";
    return text ? text : "";
}
